//! `~/.ipta-conf` as a process meets it: command line over file over defaults, and saving.

use std::os::unix::fs::PermissionsExt;

use crate::harness::server;
use crate::process::{PASSWORD, TestDir, TestStore, account_options, lines};

/// Rows of the first table of a report.
fn rows(report: &str) -> usize {
    report.trim_start().lines().skip(3).take_while(|line| !line.is_empty()).count()
}

fn mode(dir: &TestDir, name: &str) -> u32 {
    std::fs::metadata(dir.path(name)).expect("a file").permissions().mode() & 0o777
}

#[test]
fn the_command_line_beats_the_file_and_the_file_beats_the_default() {
    let dir = TestDir::new();
    dir.write("a.log", lines(0..40));
    assert_eq!(rows(&dir.ipta(["-a", "a.log"]).fine().out), 10);
    dir.write(".ipta-conf", "limit = 3\n");
    assert_eq!(rows(&dir.ipta(["-a", "a.log"]).fine().out), 3);
    assert_eq!(rows(&dir.ipta(["-a", "a.log", "-l", "5"]).fine().out), 5);
    // The last of a repeated option wins; another file replaces the one at home.
    assert_eq!(rows(&dir.ipta(["-l", "7", "-a", "a.log", "-l", "6"]).fine().out), 6);
    dir.write("other.conf", "limit = 2\n");
    assert_eq!(rows(&dir.ipta(["--config", "other.conf", "-a", "a.log"]).fine().out), 2);
}

#[test]
fn every_switch_has_its_opposite() {
    let dir = TestDir::new();
    let log =
        lines(0..10).replace("IN=eth0", "IN=lo") + &lines(10..30).replace("DROP", "ACCEPT") + &lines(30..70);
    dir.write("a.log", log);
    dir.write(".ipta-conf", "show_lo = false\nshow_accept = false\n");
    let count = |args: &[&str]| {
        let args = ["--scan", "a.log", "--no-header"].iter().chain(args);
        dir.ipta(args).fine().out.lines().count()
    };
    assert_eq!(count(&[]), 40);
    assert_eq!(count(&["--local"]), 50);
    assert_eq!(count(&["--accept"]), 60);
    assert_eq!(count(&["--local", "--accept"]), 70);
    dir.remove(".ipta-conf");
    assert_eq!(count(&[]), 70);
    assert_eq!(count(&["--no-local", "--no-accept"]), 40);
    assert_eq!(count(&["--no-lo", "--local"]), 70);
}

#[test]
fn the_store_is_one_setting() {
    let dir = TestDir::new();
    let account = server().fresh_database();
    dir.ipta(account_options(&account).into_iter().chain(["-ct".to_owned()])).fine();
    dir.write(".ipta-conf", "db_file = \"packets.db\"\ndb_table = \"mine\"\n");
    // A path in the file is relative to the file's folder, wherever the call is made.
    let mut call = dir.command(["-ct"]);
    call.current_dir("/");
    crate::process::run(call, "").fine().says(["'mine'", "packets.db"]);
    assert!(dir.path("packets.db").exists());
    // A host on the command line means that server, not the file.
    let args =
        account_options(&account).into_iter().chain(["-t".to_owned(), "logs".to_owned(), "-a".to_owned()]);
    dir.ipta(args).fine().says(["Table 'logs' is empty"]);
    dir.ipta(["-h", "/nowhere/sock", "-lt"]).refused(1).says(["/nowhere/sock"]);
    dir.ipta(["-d", "elsewhere", "-h", "/nowhere/sock", "-lt"]).refused(1).says(["/nowhere/sock"]);
}

#[test]
fn saving_keeps_what_the_next_call_needs() {
    let dir = TestDir::new();
    dir.ipta(["--db-file", "packets.db", "-ct", "mine", "-l", "3", "-s"]).fine().says([".ipta-conf"]);
    assert_eq!(mode(&dir, ".ipta-conf"), 0o600);
    dir.write("a.log", lines(0..40));
    dir.ipta(["-i", "a.log"]).fine().says(["'mine'", "40 packets"]);
    assert_eq!(rows(&dir.ipta(["-a"]).fine().out), 3);
    // Comments and other keys stay; a mode that lets others read does not.
    dir.append(".ipta-conf", "# my own words\n");
    std::fs::set_permissions(dir.path(".ipta-conf"), PermissionsExt::from_mode(0o644)).expect("a mode");
    dir.ipta(["-l", "4", "-s"]).fine();
    assert_eq!(mode(&dir, ".ipta-conf"), 0o600);
    let text = String::from_utf8(dir.read(".ipta-conf")).expect("text");
    assert!(text.contains("# my own words") && text.contains("limit = 4") && text.contains("mine"), "{text}");
}

#[test]
fn a_password_is_saved_only_when_somebody_said_yes() {
    let account = server().fresh_database();
    let dir = TestDir::new();
    let save = |more: &[&str]| {
        let more = more.iter().map(|&arg| arg.to_owned());
        dir.ipta(account_options(&account).into_iter().chain(more)).fine()
    };
    save(&["-s"]).says([".ipta-conf", "without the password", "--yes"]);
    let text = String::from_utf8(dir.read(".ipta-conf")).expect("text");
    assert!(!text.contains(PASSWORD) && text.contains(&account.user), "{text}");
    let said = save(&["-s", "--yes"]);
    assert!(!said.err.contains(PASSWORD), "{said:#?}");
    assert_eq!(mode(&dir, ".ipta-conf"), 0o600);
    dir.ipta(["-ct"]).fine().says(["created in database", &account.database]);
    // A file others can read gets one warning, and works.
    std::fs::set_permissions(dir.path(".ipta-conf"), PermissionsExt::from_mode(0o644)).expect("a mode");
    let said = dir.ipta(["-lt"]).fine().says(["contains a password", "chmod 600"]);
    assert_eq!(said.err.lines().count(), 1, "{said:#?}");
}

#[test]
fn a_file_that_cannot_be_parsed_is_never_overwritten() {
    let dir = TestDir::new();
    let broken = "db_host = localhost\ndb_pass = hunter2\n";
    dir.write(".ipta-conf", broken);
    dir.ipta(["-l", "3", "-s"]).refused(2).says([".ipta-conf", "line 1"]);
    assert_eq!(dir.read(".ipta-conf"), broken.as_bytes());
}

#[test]
fn a_broken_file_stops_no_help() {
    let dir = TestDir::new();
    dir.write(".ipta-conf", "db_host = localhost\n[[[\n");
    for (option, word) in
        [("--help", "--import"), ("--version", "ipta "), ("--license", "license"), ("--usage", "--analyze")]
    {
        let said = dir.ipta([option]).fine();
        assert!(said.out.to_lowercase().contains(word), "{said:#?}");
        assert_eq!(said.err, "");
    }
    dir.ipta(["-v"]).fine();
    dir.ipta(["-lt"]).refused(2);
}

#[test]
fn a_setting_of_the_file_that_does_nothing_here_is_no_error() {
    let db = TestStore::on_a_file();
    db.dir.write(
        ".ipta-conf",
        "prefix = [\"ufw\"]\nshow_lo = false\nformat = \"json\"\nmodules = [\"ports\"]\n",
    );
    db.ipta(["-lt"]).fine();
    db.ipta(["-c"]).fine();
}

#[test]
fn without_a_home_the_defaults_hold() {
    let dir = TestDir::new();
    dir.write("a.log", lines(0..40));
    let mut call = dir.command(["-a", "a.log"]);
    call.env("HOME", "/nowhere");
    assert_eq!(rows(&crate::process::run(call, "").fine().out), 10);
    // An empty HOME means the account's own, whatever is there.
    let mut call = dir.command(["-a", "a.log", "--limit", "3"]);
    call.env("HOME", "");
    assert_eq!(rows(&crate::process::run(call, "").fine().out), 3);
}

#[test]
fn the_zone_of_the_process_is_the_zone_of_the_log() {
    let mut db = TestStore::on_a_file();
    db.dir.zone = "CET-1CEST,M3.5.0,M10.5.0/3";
    db.dir.write("a.log", lines(0..1));
    db.import(["a.log"]);
    // Midnight in May, two hours east of Greenwich.
    assert_eq!(db.number("SELECT COUNT(*) FROM logs WHERE timestamp LIKE '%-05-16 22:00:00%'"), 1);
}

#[test]
fn a_bad_value_in_the_file_is_told_of_as_the_files() {
    for (line, key) in [
        ("prefix = [\"ufv\"]", "prefix"),
        ("modules = [\"denide\"]", "modules"),
        ("db_table = \"a-b\"", "db_table"),
        ("allow = [\"192.0.2\"]", "allow"),
    ] {
        let dir = TestDir::new();
        dir.write("conf", line);
        dir.write("a.log", lines(0..1));
        let said = dir.ipta(["--config", "conf", "-a", "a.log"]).refused(2);
        assert!(said.err.starts_with(&format!("! conf: {key}: ")), "{said:#?}");
    }
}

#[test]
fn a_module_of_the_file_that_wants_since_waits_for_it() {
    let dir = TestDir::new();
    dir.write("conf", "modules = [\"new\", \"ports\"]");
    dir.write("a.log", lines(0..1));
    let without = dir.ipta(["--config", "conf", "-a", "a.log"]).fine();
    assert!(without.out.contains("Most denied ports") && !without.out.contains("New"), "{without:#?}");
    let with = dir.ipta(["--config", "conf", "-a", "a.log", "--since", "2000-01-01"]).fine();
    assert!(with.out.contains("New"), "{with:#?}");
}

#[test]
fn the_c_programs_settings_are_noticed_and_can_be_kept() {
    let dir = TestDir::new();
    dir.write("a.log", lines(0..3));
    dir.write(
        ".ipta",
        "# settings\ndb_host = localhost\ndb user = fire wall\ndb_pass=hunter2\ndb_name=ipt\ndb_table=logs\n",
    );
    let said = dir.ipta(["-a", "a.log"]).fine();
    let command = "ipta --save-db -h localhost -u 'fire wall' -d ipt -t logs -pi";
    assert!(said.err.contains(&format!("to carry them over: {command}\n")), "{said:#?}");
    assert!(!said.err.contains("hunter2"));
    // With settings of our own, there is nothing more to say.
    dir.write(".ipta-conf", "limit = 3\n");
    let headline =
        "* 3 packets from 3 sources, 2026-05-17 00:00:00 to 2026-05-17 00:00:02: 0 accepted, 3 denied\n";
    assert_eq!(dir.ipta(["-a", "a.log"]).fine().err, headline);
    dir.remove(".ipta-conf");
    dir.write(".ipta", "nothing of use\n");
    assert_eq!(dir.ipta(["-a", "a.log"]).fine().err, headline);
}

#[test]
fn what_cannot_work_is_not_saved_and_what_was_saved_can_be_mended() {
    let dir = TestDir::new();
    dir.write("a.log", lines(0..3));
    for (option, value) in
        [("--modules", "portz"), ("--geoip-database", "none.mmdb"), ("--db-ca", "/nowhere/ca.pem")]
    {
        dir.ipta([option, value, "--save-db"]).clear().says([value]);
        assert!(!dir.path(".ipta-conf").exists(), "{option}");
    }
    dir.write(".ipta-conf", "modules = [\"portz\"]\n");
    dir.ipta(["a.log"]).refused(2).says([".ipta-conf", "portz"]);
    dir.ipta(["a.log", "--modules", "ports"]).fine();
    dir.ipta(["--modules", "ports", "--save-db"]).fine();
    dir.ipta(["a.log"]).fine();
    dir.write(".ipta-conf", "geoip_databases = [\"none.mmdb\"]\n");
    let said = dir.ipta(["--doctor", "a.log"]);
    assert!(said.out.contains("WRONG  cannot read the geolocation database"), "{said:#?}");
}

#[test]
fn a_zone_that_is_none_is_named() {
    let dir = TestDir::new();
    dir.write("a.log", lines(0..3));
    let said = |zone: &str| {
        let mut call = dir.command(["a.log"]);
        String::from_utf8(call.env("TZ", zone).output().expect("runs").stderr).expect("text")
    };
    assert!(said("Foo/Bar").contains("TZ is 'Foo/Bar'"));
    assert!(!said("Europe/Stockholm").contains("TZ is") && !said("").contains("TZ is"));
}

#[test]
fn the_sample_shows_every_setting_and_all_of_it_can_be_used() {
    let sample = include_str!("../../examples/ipta-conf");
    let manual = include_str!("../../manual/19-configuration.md");
    let keys =
        manual.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(key, _)| key));
    let keys: Vec<&str> = keys.chain(["allow", "[attacks]", "[[prefix]]", "[[module]]"]).collect();
    assert!(keys.len() > 25, "{keys:?}");
    for key in keys {
        let has =
            |line: &str| line.strip_prefix('#').is_some_and(|line| line.split(" =").next() == Some(key));
        assert!(sample.lines().any(has), "{key}");
    }
    // A setting has no space after its #; the list of prefixes is there in two forms, one or the other.
    let setting =
        |line: &str| line.strip_prefix('#').filter(|rest| !rest.starts_with([' ', '#'])).map(str::to_owned);
    let used = sample.lines().filter(|line| !line.starts_with("#prefix")).filter_map(setting);
    let dir = TestDir::new();
    let path = dir.write("conf", used.collect::<Vec<_>>().join("\n"));
    let (_, notes) = ipta::exports::config::load(&path, true).expect("settings").expect("a file");
    assert!(notes.iter().all(|note| note.0.contains("chmod 600")), "{notes:?}");
}
