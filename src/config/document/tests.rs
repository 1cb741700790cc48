use super::super::error::ConfigError;
use super::super::{Color, Format, Password, PrefixChoice, Tls};
use super::*;
use crate::filter::Thresholds;
use crate::netfilter::Verdict;

/// The problems of a document, as the message shows them.
fn problems(text: &str) -> String {
    let problems = read(text).expect_err("a wrong document");
    ConfigError::Wrong { path: "/home/a/.ipta-conf".into(), problems }.to_string()
}

#[test]
fn every_key_is_read() {
    let layer = read(
        r#"
        db_host = "db1"
        db_port = 3307
        db_user = "u"
        db_pass = "p"
        db_name = "n"
        db_table = "t"
        db_file = "/srv/p.db"
        db_tls = "verify"
        db_ca = "/srv/ca.pem"
        dns_table = "names"
        dns_ttl = 0
        rdns = true
        limit = 1_000
        header = false
        counter = false
        show_lo = false
        show_accept = false
        time = true
        prefix = ["ipt", { pattern = "^X ", action = "DROP", verdict = "deny" }]
        accept_actions = ["PASS"]
        modules = "all"
        format = "json"
        color = "never"
        allow = ["192.0.2.0/24"]
        [attacks]
        auth_ports = [22, 443]
        brute_force = 1
        syn_flood = 2
        port_scan = 3
        slow_scan = 4
        sweep = 5
        icmp_flood = 6
        "#,
    );
    let rule = PrefixChoice::Rule {
        pattern: "^X ".into(),
        action: Some("DROP".into()),
        verdict: Some(Verdict::Deny),
    };
    let expected = Layer {
        db_host: Some("db1".into()),
        db_port: Some(3307),
        db_user: Some("u".into()),
        db_pass: Some(Password("p".into())),
        db_name: Some("n".into()),
        db_table: Some("t".into()),
        db_file: Some("/srv/p.db".into()),
        db_tls: Some(Tls::Verify),
        db_ca: Some("/srv/ca.pem".into()),
        dns_table: Some("names".into()),
        dns_ttl: Some(0),
        rdns: Some(true),
        limit: Some(1000),
        header: Some(false),
        counter: Some(false),
        show_lo: Some(false),
        show_accept: Some(false),
        time: Some(true),
        prefixes: Some(vec![PrefixChoice::Named("ipt".into()), rule]),
        accept_actions: Some(vec!["PASS".into()]),
        modules: Some(vec!["all".into()]),
        format: Some(Format::Json),
        color: Some(Color::Never),
        allow: Some(vec!["192.0.2.0/24".into()]),
        thresholds: Some(Thresholds {
            auth_ports: vec![22, 443],
            brute_force: 1,
            syn_flood: 2,
            port_scan: 3,
            slow_scan: 4,
            sweep: 5,
            icmp_flood: 6,
        }),
        ..Layer::default()
    };
    assert_eq!(layer, Ok(expected));
}

#[test]
fn prefixes_stand_as_a_list_or_as_sections() {
    let list = read("prefix = ['ipt', 'ufw']").unwrap_or_default();
    let one = read("prefix = 'ufw'").unwrap_or_default();
    let sections = read("[[prefix]]\npattern = 'ufw'\n[[prefix]]\npattern = '^A: '\naction = 'ACCEPT'\n");
    let named = |name: &str| PrefixChoice::Named(name.into());
    let rule = PrefixChoice::Rule { pattern: "^A: ".into(), action: Some("ACCEPT".into()), verdict: None };
    assert_eq!(list.prefixes, Some(vec![named("ipt"), named("ufw")]));
    assert_eq!(one.prefixes, Some(vec![named("ufw")]));
    assert_eq!(sections.unwrap_or_default().prefixes, Some(vec![named("ufw"), rule]));
}

#[test]
fn a_file_in_the_old_style_shows_every_corrected_line_at_once() {
    let old = "# mine\ndb_host = localhost\nrdns = yes\nshow-lo = no\nanalyzer limit = 15\n";
    assert_eq!(
        problems(old),
        "/home/a/.ipta-conf, line 2: db_host takes text in quotes; write: db_host = \"localhost\"\n  \
         line 3: rdns is true or false; write: rdns = true\n  \
         line 4: show_lo is true or false; write: show_lo = false\n  \
         line 5: limit takes a number, 1 or more; write: limit = 15"
    );
}

#[test]
fn an_old_name_with_a_good_value_is_corrected_too() {
    assert_eq!(
        problems("no-lo = true\nanalyzerLimit = 15\n\"db pass\" = \"hunter2\""),
        "/home/a/.ipta-conf, line 1: there is no key no-lo; write: show_lo = false\n  \
         line 2: there is no key analyzerLimit; write: limit = 15\n  \
         line 3: there is no key db pass; write: db_pass = \"...\""
    );
}

#[test]
fn an_unknown_key_names_the_nearest() {
    assert!(
        problems("\n\ndb_hots = \"a\"").contains("line 3: there is no key db_hots; did you mean db_host?")
    );
    assert!(problems("qqqq = 1").contains("the keys are db_host, db_port"));
    assert!(
        problems("[attacks]\nport_scna = 1")
            .contains("line 2: there is no key port_scna in [attacks]; did you mean port_scan?")
    );
    assert!(problems("[[prefix]]\npatern = 'x'").contains("did you mean pattern?"));
    assert!(problems("[database]\nhost = 'a'").contains("line 1: there is no section [database]"));
    assert!(problems("[attack]\nsweep = 4").contains("did you mean [attacks]?"));
    assert!(problems("[attacks]\nlimit = 4").contains("limit in [attacks]; move it above the first section"));
}

#[test]
fn a_key_that_is_set_twice_is_named_without_its_value() {
    assert!(problems("limit = 2\nlimit = 3").contains("line 2: limit is already set above"));
    assert!(
        problems("prefix = ['ufw']\n[[prefix]]\npattern = 'x'").contains("line 2: prefix is already set")
    );
    let said = problems("db_pass = 'a'\ndb_pass = 'geheim'");
    assert!(said.contains("db_pass is already set") && !said.contains("geheim"), "{said}");
    assert!(problems("'a b' = 1\n'a b' = 2").contains("line 2: a key is already set above"));
}

#[test]
fn wrong_types_and_bad_values_name_line_and_key() {
    for (text, message) in [
        ("db_port = 0", "line 1: db_port takes a number from 1 to 65535"),
        ("db_port = 70000", "line 1: db_port takes a number from 1 to 65535"),
        ("db_port = '3307'", "takes a number from 1 to 65535; write: db_port = 3307"),
        ("limit = 0", "line 1: limit takes a number, 1 or more"),
        ("limit = -3", "line 1: limit takes a number, 1 or more"),
        ("dns_ttl = 1.5", "line 1: dns_ttl takes a number, 0 or more"),
        ("rdns = 'yes'", "rdns is true or false; write: rdns = true"),
        ("db_name = 5", "db_name takes text in quotes; write: db_name = \"5\""),
        ("db_name = ''", "db_name takes text in quotes"),
        ("format = 'pdf'", "format takes one of text, json, csv, markdown, html"),
        ("color = 'blue'", "color takes one of auto, always, never"),
        ("modules = [1]", "modules takes a list of strings"),
        ("allow = [['a']]", "allow takes a list of strings"),
        ("prefix = []", "prefix takes a list of presets and patterns"),
        ("prefix = [3]", "prefix takes a list of presets and patterns"),
        ("[prefix]\npattern = 'x'", "prefix is written in double brackets: [[prefix]]"),
        ("[[prefix]]\naction = 'DROP'", "line 1: this [[prefix]] has no pattern"),
        ("[[prefix]]\npattern = 'x'\nverdict = 'drop'", "line 3: verdict takes one of accept, deny, other"),
        ("attacks = true", "attacks needs a section of its own: [attacks]"),
        ("[attacks]\nsweep = 0", "line 2: sweep takes a number, 1 or more"),
        ("[attacks]\nauth_ports = [0]", "line 2: auth_ports takes a list of ports"),
        ("rdns = true\nrdns = false", "line 2"),
    ] {
        let problems = problems(text);
        assert!(problems.contains(message), "{text}: {problems}");
    }
}

#[test]
fn no_message_repeats_a_password() {
    for text in [
        "db_pass = hunter2",
        "db_pass = 'hunter2",
        "db_pass = \"hunter2\" x",
        "db_pass = \"\"\"\nhunter2\nhunter2 = hunter2",
        "db_pass 'hunter2'",
        "password = \"hunter2\"",
        "db_passs = \"hunter2\"",
        "db_pass = ['hunter2']",
        "db_pass = { a = 'hunter2' }",
        "db_pass = \"hunter2\\q\"",
        "db_pass = \"hunter2\"\ndb_pass = \"hunter2\"",
    ] {
        let problems = problems(text);
        assert!(!problems.contains("hunter2"), "{text}: {problems}");
    }
    assert!(!problems("db_pass = 31337").contains("31337"));
}

#[test]
fn many_problems_do_not_fill_the_screen() {
    let text: String = (0..25).map(|i| format!("nothing_like_it{i} = 1\n")).collect();
    let problems = problems(&text);
    assert_eq!(problems.lines().count(), 11);
    assert!(problems.ends_with("and 15 more"), "{problems}");
}

#[test]
fn control_characters_of_a_key_do_not_reach_the_terminal() {
    assert!(!problems("\"a\\u001b[31m\" = 1").contains('\u{1b}'));
}

#[test]
fn a_large_broken_file_is_answered_at_once() {
    let started = std::time::Instant::now();
    let text = "zzzzz = yes\n".repeat(80_000);
    let unknown: String = (0..60_000).map(|i| format!("k{i} = 1\n")).collect();
    for text in [text, unknown, "[".repeat(100_000), "a.".repeat(100_000)] {
        assert!(problems(&text).lines().count() <= 11);
    }
    // Seconds, where a scan from the start for each line takes minutes.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "(?s)([a-z_]{0,9}[ =:.\"'\\[\\]{}#\\n]{0,3}|.){0,60}") {
        if let Err(problems) = read(&text) {
            proptest::prop_assert!(!problems.is_empty());
            let lines = text.matches('\n').count() + 1;
            proptest::prop_assert!(problems.iter().all(|p| (1..=lines).contains(&p.line)), "{:?}", problems);
        }
    }
}
