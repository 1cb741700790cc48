mod settings;

use super::*;
use crate::config::{Color, Format};
use crate::config::{Password, PrefixChoice};

/// The call of a command line written as one string; words are separated by spaces.
fn call(line: &str) -> Result<Call, Stop> {
    parse(line.split_whitespace().map(OsString::from))
}

fn modes(line: &str) -> Vec<Mode> {
    call(line).unwrap_or_else(|stop| panic!("{line}: {stop:?}")).modes
}

fn given(line: &str) -> Layer {
    call(line).unwrap_or_else(|stop| panic!("{line}: {stop:?}")).given
}

/// The text of a usage error.
fn refused(line: &str) -> String {
    match call(line) {
        Err(Stop::Usage(text)) => text,
        other => panic!("{line}: {other:?}"),
    }
}

fn text(line: &str) -> String {
    match call(line) {
        Err(Stop::Text(text)) => text,
        other => panic!("{line}: {other:?}"),
    }
}

fn files(names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(PathBuf::from).collect()
}

#[test]
fn clap_finds_no_contradiction_in_the_options() {
    Args::command().help_expected(true).debug_assert();
}

#[test]
fn every_mode_in_its_long_and_its_historic_spelling() {
    for (spellings, mode) in [
        (vec!["--clear", "-c"], Mode::Clear),
        (vec!["--import a", "-i a", "-ia"], Mode::Import(files(&["a"]))),
        (vec!["--analyze", "-a"], Mode::Analyze(vec![])),
        (vec!["--analyze a b", "-a a b"], Mode::Analyze(files(&["a", "b"]))),
        (vec!["--follow a", "-f a"], Mode::Follow("a".into())),
        (vec!["--follow -", "-f -"], Mode::Follow("-".into())),
        (vec!["--scan a b"], Mode::Scan(files(&["a", "b"]))),
        (vec!["--analyze-interactive", "-ai"], Mode::AnalyzeInteractive),
        (vec!["--list-tables", "-lt"], Mode::ListTables),
        (vec!["--create-table", "-ct", "--create-table t", "-ct t", "-ct=t"], Mode::CreateTable),
        (vec!["--delete-table t", "-dt t", "-dt=t"], Mode::DeleteTables(vec![Some("t".into())])),
        (vec!["--delete-table", "-dt"], Mode::DeleteTables(vec![None])),
        (vec!["-dt a -dt -dt b"], Mode::DeleteTables(vec![Some("a".into()), None, Some("b".into())])),
        (vec!["--delete-all-tables", "-da"], Mode::DeleteAllTables),
        (vec!["--create-db", "-cd"], Mode::CreateDb),
        (vec!["--save-db", "-s"], Mode::SaveDb),
        (vec!["--upgrade-table"], Mode::UpgradeTable(None)),
        (vec!["--upgrade-table t"], Mode::UpgradeTable(Some("t".into()))),
        (vec!["--dns-create-table", "--dns-create-table t"], Mode::DnsCreateTable),
        (vec!["--dns-dump"], Mode::DnsDump),
        (vec!["--dns-prune", "-dp"], Mode::DnsPrune),
        (vec!["--dns-clear"], Mode::DnsClear),
        (vec!["--doctor a"], Mode::Doctor(Some("a".into()))),
        (vec!["--doctor"], Mode::Doctor(None)),
    ] {
        for spelling in spellings {
            assert_eq!(modes(spelling), std::slice::from_ref(&mode), "{spelling}");
        }
    }
}

#[test]
fn modes_run_in_their_order_wherever_they_stand() {
    let all = "-s -ai -a --dns-dump --prune=9d -i x -c -ct -da -dt d -lt --upgrade-table -cd --dns-create-table --dns-clear -dp";
    let mut backwards: Vec<&str> = all.split(' ').collect();
    let order: Vec<&str> = modes(all).iter().map(Mode::option).collect();
    assert_eq!(
        order,
        [
            "--dns-prune",
            "--dns-clear",
            "--dns-create-table",
            "--create-db",
            "--upgrade-table",
            "--list-tables",
            "--delete-table",
            "--delete-all-tables",
            "--create-table",
            "--clear",
            "--import",
            "--prune",
            "--dns-dump",
            "--analyze",
            "--analyze-interactive",
            "--save-db"
        ]
    );
    let unbuilt = ["--analyze-interactive"];
    let missing: Vec<&&str> =
        order.iter().filter(|option| !Mode::OPTIONS.contains(option) && !unbuilt.contains(option)).collect();
    assert!(missing.is_empty(), "a slip of these is not recognized: {missing:?}");
    // Option and value swap places when reversed; written together they stay together.
    backwards.retain(|word| !["x", "d", "-i", "-dt"].contains(word));
    backwards.extend(["--import=x", "-dt=d"]);
    backwards.reverse();
    assert_eq!(modes(&backwards.join(" ")), modes(all));
}

#[test]
fn create_table_with_a_name_is_no_clear() {
    let call = call("-ct foo").expect("fine");
    assert_eq!(call.modes, [Mode::CreateTable]);
    assert_eq!(call.given.db_table.as_deref(), Some("foo"));
}

#[test]
fn the_name_of_a_created_table_is_the_table_of_the_call() {
    assert_eq!(given("-ct march -i a.log -a").db_table.as_deref(), Some("march"));
    assert_eq!(given("-ct march -t march").db_table.as_deref(), Some("march"));
    assert_eq!(given("-ct -t march").db_table.as_deref(), Some("march"));
    assert_eq!(given("--dns-create-table names").dns_table.as_deref(), Some("names"));
    assert!(refused("-ct march -t april").contains("one call can use only one"));
    assert!(refused("--dns-create-table a --dns-table b").contains("one call can use only one"));
}

#[test]
fn a_password_may_begin_with_a_dash_or_be_a_historic_spelling() {
    for line in ["-a -p -ct", "-a --db-pass -ct", "-a --db-pass=-ct", "-a -p-ct", "-rp -ct -a"] {
        assert_eq!(given(line).db_pass, Some(Password("-ct".into())), "{line}");
        assert_eq!(modes(line), [Mode::Analyze(vec![])], "{line}");
    }
    assert_eq!(given("-a -punky").db_pass, Some(Password("unky".into())));
    assert_eq!(given("-a -p -- -ct t").db_pass, Some(Password("--".into())));
    assert_eq!(given("-a -p --yes").db_pass, Some(Password("--yes".into())));
    assert_eq!(given("-a -pi").ask_password, Some(true));
}

#[test]
fn historic_spellings_behind_a_list_of_files_are_options() {
    let call = call("-i a.log b.log -ct foo -a").expect("fine");
    assert_eq!(
        call.modes,
        [Mode::CreateTable, Mode::Import(files(&["a.log", "b.log"])), Mode::Analyze(vec![])]
    );
    assert_eq!(call.given.db_table.as_deref(), Some("foo"));
}

#[test]
fn the_manuals_rdns_with_one_dash_is_rdns() {
    assert_eq!(given("-a -rdns"), given("-a --rdns"));
}

#[test]
fn a_file_given_twice_is_read_once() {
    assert_eq!(modes("-i b a b ./a a"), [Mode::Import(files(&["b", "a"]))]);
    assert_eq!(modes("-i a -i b -i a"), [Mode::Import(files(&["a", "b"]))]);
    assert_eq!(modes("-a - - ./-"), [Mode::Analyze(files(&["-", "./-"]))]);
    assert_eq!(modes("--scan a --scan a"), [Mode::Scan(files(&["a"]))]);
}

#[test]
fn the_last_of_a_single_value_wins_and_lists_add_up() {
    assert_eq!(given("-a -l 5 --lines 6").limit, Some(6));
    assert_eq!(given("-a -h a -h b").db_host.as_deref(), Some("b"));
    assert_eq!(modes("-f a -f b"), [Mode::Follow("b".into())]);
    assert_eq!(given("-a --dport 22,80 --dport 443").filters.dport, ["22", "80", "443"]);
    assert_eq!(given("-a -a -r -r -c -c").rdns, Some(true));
    let prefixes = given("-i a --prefix ipt --prefix ufw").prefixes;
    assert_eq!(prefixes, Some(vec![PrefixChoice::Named("ipt".into()), PrefixChoice::Named("ufw".into())]));
}

#[test]
fn of_opposite_switches_the_last_wins() {
    type Of = fn(&Layer) -> Option<bool>;
    let pairs: [(&str, &str, Of); 8] = [
        ("--rdns", "--no-rdns", |l| l.rdns),
        ("-r", "--no-rdns", |l| l.rdns),
        ("--header", "--no-header", |l| l.header),
        ("--counter", "-C", |l| l.counter),
        ("--counter", "--no-count", |l| l.counter),
        ("--local", "--no-lo", |l| l.show_lo),
        ("--accept", "--no-accept", |l| l.show_accept),
        ("--time", "--no-time", |l| l.time),
    ];
    for (yes, no, of) in pairs {
        assert_eq!(of(&given("-a")), None, "{yes}");
        assert_eq!(of(&given(&format!("-a {yes}"))), Some(true), "{yes}");
        assert_eq!(of(&given(&format!("-a {no}"))), Some(false), "{no}");
        assert_eq!(of(&given(&format!("-a {no} {yes}"))), Some(true), "{no} {yes}");
        assert_eq!(of(&given(&format!("-a {yes} {no} {yes} {no}"))), Some(false), "{yes} {no}");
    }
}

#[test]
fn follow_scan_and_doctor_stand_alone() {
    for lonely in ["-f a", "--scan a", "--doctor a"] {
        for other in ["-a", "-i b", "-c", "-lt", "-s", "-ct"] {
            let text = refused(&format!("{lonely} {other}"));
            assert!(text.contains("cannot be combined with"), "{lonely} {other}: {text}");
        }
    }
    assert!(refused("--scan a -f b").contains("cannot be combined with"));
}

#[test]
fn logs_are_analyzed_directly_or_imported_not_both() {
    for other in ["-i b", "-c", "-ct", "-lt", "-dt t", "-da", "-cd", "-ai", "--dns-dump", "-dp"] {
        let text = refused(&format!("-a a.log {other}"));
        assert!(text.contains("import them, or analyze them alone"), "{other}: {text}");
    }
    assert_eq!(modes("-a a.log -s"), [Mode::Analyze(files(&["a.log"])), Mode::SaveDb]);
}

#[test]
fn a_file_and_a_server_are_not_both_the_store() {
    for (server, option) in
        [("-h db1", "--db-host"), ("--db-port 3307", "--db-port"), ("-d other", "--db-name")]
    {
        let text = refused(&format!("-a --db-file p.db {server}"));
        assert!(text.contains("--db-file") && text.contains(option), "{text}");
    }
    assert!(call("-a --db-file p.db -t x -u y").is_ok());
    assert!(refused("-cd --db-file p.db").contains("--create-table"));
}

#[test]
fn what_no_mode_can_honor_is_refused() {
    for (option, good, bad) in [
        ("--since 2h", vec!["-a", "-a f", "-f f", "--scan f", "-i f -a"], vec!["-i f", "-lt", "-c", "-s"]),
        ("--until 2h", vec!["-a"], vec!["-i f"]),
        ("--src 192.0.2.1", vec!["-a"], vec!["-i f"]),
        ("--dst 192.0.2.1", vec!["-a"], vec!["-i f"]),
        ("--sport 1", vec!["-f f"], vec!["-i f"]),
        ("--dport 1", vec!["--scan f"], vec!["-i f"]),
        ("--proto tcp", vec!["-a"], vec!["-i f"]),
        ("--action DROP", vec!["-a"], vec!["-ct"]),
        ("--iface eth0", vec!["-a"], vec!["--dns-dump"]),
        ("--log-host fw1", vec!["-a"], vec!["-da"]),
        ("--no-local", vec!["-a", "-f f", "--scan f", "-s"], vec!["-i f", "-lt"]),
        ("--no-accept", vec!["-a", "-f f", "--scan f", "-s"], vec!["-i f", "-lt"]),
        ("--prefix ufw", vec!["-i f", "-a f", "-f f", "--scan f", "-i f -a", "-s"], vec!["-a", "-lt", "-c"]),
        ("--year 2026", vec!["-i f", "-a f", "-f f", "--scan f"], vec!["-a", "-s"]),
        ("--output o", vec!["-a", "-a f", "-i f -a"], vec!["-i f", "-lt", "-f f", "--scan f"]),
        ("--format json", vec!["-a", "-i f", "-s"], vec!["-f f"]),
        ("--format html", vec!["-a", "-i f", "-s"], vec!["-f f", "--scan f", "--scan"]),
        ("--attacks", vec!["-f f"], vec!["-a", "-i f"]),
        ("--no-loop", vec!["-f f"], vec!["-a"]),
        ("--last 5", vec!["-f f"], vec!["--scan f", "-a"]),
        // Pure display and database options are ignored where they have no effect.
        ("--header --rdns -C --time --color never -h x -t y", vec!["-i f", "-f f", "-a f"], vec![]),
        // Where it could have been intended, it is not ignored.
        ("--limit 5", vec!["-a", "-a f", "-i f", "-s"], vec!["-f f", "--scan f"]),
        ("--local --accept --format text", vec!["-i f", "-f f"], vec![]),
    ] {
        for modes in good {
            assert!(call(&format!("{modes} {option}")).is_ok(), "{modes} {option}");
        }
        for modes in bad {
            let text = refused(&format!("{modes} {option}"));
            let name = option.split(' ').next().unwrap_or_default();
            assert!(
                text.starts_with(&format!("! {name} ")) && text.contains(" has no effect with "),
                "{text}"
            );
        }
    }
}

#[test]
fn without_a_mode_there_is_a_hint() {
    for line in ["", "--yes", "-l 5 -t x"] {
        let text = refused(line);
        assert!(text.starts_with("! no mode") && text.contains("ipta --help"), "{text}");
    }
}

#[test]
fn wrong_usage_names_the_option_and_the_way_out() {
    for (line, expected) in [
        (
            "--db-hots x",
            "! there is no option --db-hots\n  did you mean --db-host?\n  all options: ipta --help\n",
        ),
        ("-x", "! there is no option -x\n  all options: ipta --help\n"),
        ("-1", "! there is no option -1\n  all options: ipta --help\n"),
        (
            "-a --since -1d",
            "! --since needs a value without a dash, not '-1d'\n  did you mean 1d?\n  all options: ipta --help\n",
        ),
        ("-i", "! --import (-i) needs a FILE\n  ipta --import FILE ...\n"),
        ("-i -c", "! --import (-i) needs a FILE\n  ipta --import FILE ...\n"),
        ("-a --src", "! --src needs an ADDR\n  ipta --src ADDR ...\n"),
        ("-a --src=", "! --src needs an ADDR\n  ipta --src ADDR ...\n"),
        (
            "-l ten -a",
            "! --limit (-l) takes a number from 1 to 4294967295, not 'ten'\n  all options: ipta --help\n",
        ),
        (
            "-l 0 -a",
            "! --limit (-l) takes a number from 1 to 4294967295, not '0'\n  all options: ipta --help\n",
        ),
        (
            "-l -3 -a",
            "! --limit (-l) takes a number from 1 to 4294967295, not '-3'\n  all options: ipta --help\n",
        ),
        (
            "-l 99999999999 -a",
            "! --limit (-l) takes a number from 1 to 4294967295, not '99999999999'\n  all options: ipta --help\n",
        ),
        (
            "-a --db-port 70000",
            "! --db-port takes a port from 1 to 65535, not '70000'\n  all options: ipta --help\n",
        ),
        ("--year 26 -i f", "! --year takes a year from 1970 to 9999, not '26'\n  all options: ipta --help\n"),
        (
            "-a --format jsno",
            "! --format takes one of text, json, csv, markdown, html, nft, ipset, cidr, not 'jsno'\n  did you mean json?\n  all options: ipta --help\n",
        ),
        ("--rdns=yes -a", "! --rdns (-r) takes no value\n  all options: ipta --help\n"),
        (
            "-a --db-tls maybe",
            "! --db-tls takes one of off, preferred, required, verify, not 'maybe'\n  all options: ipta --help\n",
        ),
        ("-help", "! -help needs two dashes\n  ipta --help\n"),
        (
            "-ctlogs",
            "! -ctlogs is ambiguous; write out the one you mean\n  ipta --create-table logs\n  ipta --clear --db-table logs\n",
        ),
    ] {
        assert_eq!(refused(line), expected, "{line}");
    }
}

#[test]
fn h_without_a_value_says_that_it_wants_a_host_and_where_help_is() {
    for line in ["-h", "-h -a", "-a -h"] {
        let text = refused(line);
        assert!(text.contains("--db-host (-h) needs a HOST") && text.contains("ipta --help"), "{text}");
    }
}

#[test]
fn a_word_without_an_option_is_refused() {
    let text = refused("x.log -a -i y.log");
    assert!(text.starts_with("! x.log: ") && text.contains("ipta --analyze FILE"), "{text}");
    assert_eq!(
        refused("--delete-table --yes march"),
        "! march: unexpected argument; the name of a table comes right after --delete-table\n  ipta --delete-table march\n"
    );
    assert!(refused("--list-tables x").starts_with("! x: unexpected argument; --list-tables takes no log"));
    assert!(refused("-c x.log").starts_with("! x.log: "));
    assert!(!refused("-c a\u{1b}[31m").contains('\u{1b}'));
}

#[test]
fn words_alone_are_logs_to_analyze() {
    for (line, logs) in [
        ("a.log", vec!["a.log"]),
        ("a.log --limit 3 --no-accept b.log", vec!["a.log", "b.log"]),
        ("--format json - a.log", vec!["-", "a.log"]),
        ("--rdns a.log ./a.log", vec!["a.log"]),
    ] {
        let call = call(line).expect(line);
        assert!(call.bare && call.modes == [Mode::Analyze(files(&logs))], "{line}: {call:?}");
    }
    assert!(!call("-a a.log").expect("analyze").bare);
}

#[test]
fn a_wrong_value_beside_logs_alone_is_what_is_named() {
    for line in ["--limit 0 a.log", "a.log --format jsn", "--sinse today a.log"] {
        assert_eq!(refused(line), refused(&format!("--analyze {line}")), "{line}");
    }
    assert!(refused("--limit 0 a.log").starts_with("! --limit (-l) takes a number"));
}

#[test]
fn no_message_repeats_a_password() {
    for line in [
        "-a -pi hunter2",
        "-a --db-pass-i=hunter2",
        "-a -pi=hunter2",
        "-a --admin-pass-i hunter2",
        "-a -p my hunter2",
        "-a --db-pass=my hunter2",
        "-a --db-pas=hunter2",
        "-p hunter2",
        "-p hunter2 -l x",
        "-phunter2 -h",
    ] {
        let text = refused(line);
        assert!(!text.contains("hunter2"), "{line}: {text}");
    }
}

#[test]
fn an_option_value_that_is_no_text_is_refused_and_a_file_name_is_not() {
    use std::os::unix::ffi::OsStringExt;
    let raw = || OsString::from_vec(b"x\xff".to_vec());
    let with = |option: &str| parse([OsString::from(option), raw()].into_iter());
    assert!(matches!(with("-t"), Err(Stop::Usage(text)) if text.contains("UTF-8")));
    assert_eq!(with("-i").map(|call| call.modes), Ok(vec![Mode::Import(vec![raw().into()])]));
}

#[test]
fn help_version_usage_and_license_win_over_everything_else() {
    assert!(text("--version").starts_with("ipta 1.0.0\n"));
    assert_eq!(text("-v"), text("--version"));
    assert!(text("--usage").starts_with("Usage: ipta"));
    assert_eq!(text("--license"), include_str!("../../LICENSE"));
    assert!(text("-f a -a --help").contains("Modes"));
}

#[test]
fn the_help_shows_every_option() {
    let help = text("--help");
    for arg in Args::command().get_arguments() {
        let long = format!("--{}", arg.get_long().unwrap_or_default());
        let words: Vec<&str> = help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).collect();
        assert!(words.contains(&long.as_str()), "{long}");
    }
    for (short, _) in argv::HISTORIC.iter().filter(|(short, _)| *short != "-rdns") {
        assert!(help.contains(&format!("  {short}, --")), "{short}");
    }
    for alias in ["--lines", "--no-lo", "--no-count", "--dns-ttl"] {
        assert!(help.split_whitespace().any(|word| word.trim_end_matches([';', ')']) == alias), "{alias}");
    }
}

#[test]
fn help_and_usage_fit_a_terminal() {
    for asked in ["--help", "--usage"] {
        for line in text(asked).lines() {
            assert!(line.chars().count() <= 80, "{line}");
            assert_eq!(line.trim_end(), line);
        }
    }
    assert!(text("--usage").lines().count() <= 20);
}

#[test]
fn choices_and_paths_arrive_as_values() {
    let given = given("-a --format html --color never --output r.html --db-file p.db");
    assert_eq!((given.format, given.color), (Some(Format::Html), Some(Color::Never)));
    assert_eq!((given.output, given.db_file), (Some("r.html".into()), Some("p.db".into())));
    assert_eq!(call("-a --config c").map(|c| c.config_file), Ok(Some("c".into())));
}

proptest::proptest! {
    #[test]
    fn no_arguments_make_the_parser_panic(
        args in proptest::collection::vec("-{0,2}([a-zA-Z]{1,3}|import|db-pass|limit|ttl|.{0,5})(=.{0,3})?", 0..6)
    ) {
        let stop = parse(args.into_iter().map(OsString::from));
        if let Err(Stop::Usage(text)) = stop {
            proptest::prop_assert!(text.starts_with("! ") && text.ends_with('\n'));
            proptest::prop_assert!(text.lines().skip(1).all(|line| line.starts_with("  ")), "{}", text);
        }
    }
}
