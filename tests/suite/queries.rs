//! `--analyze-interactive` and `--sql`: a user's own queries, on both stores, and what holds them back.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::{Kept, TestStore, lines, on_both_stores};

on_both_stores! {
    addresses_and_moments_are_shown_as_such
    every_format_has_the_rows
    a_session_that_only_reads_changes_nothing
    with_write_a_statement_may_change_something
    the_first_error_of_a_pipe_ends_it
    a_statement_of_several_that_may_not_run_stops_all
    hostile_text_is_shown_harmless
    an_endless_query_is_stopped_by_a_signal
    an_answer_goes_to_a_file_whole_or_not_at_all
    a_module_of_the_settings_file_is_part_of_the_report
    a_module_counts_the_packets_that_pass_the_filters
    the_shell_on_a_terminal_answers_and_keeps_a_history
}

fn filled(db: &TestStore, packets: u64) -> &TestStore {
    db.dir.write("a.log", lines(0..packets));
    db.import(["a.log"]);
    db
}

fn addresses_and_moments_are_shown_as_such(db: &TestStore) {
    filled(db, 3);
    let sql = "SELECT id, src_ip AS source, INET6_NTOA(dst_ip) AS dst, timestamp, icmp_type FROM logs \
               WHERE src_ip = INET6_ATON('203.0.113.1')";
    let answer = db.ipta(["--sql", sql]).fine();
    assert_eq!(
        answer.out,
        "id source      dst       timestamp                  icmp_type\n\
         -- ----------- --------- -------------------------- ---------\n \
         2 203.0.113.1 192.0.2.1 2026-05-17 00:00:01.000000      NULL\n"
    );
    assert_eq!(answer.err, "");
}

fn every_format_has_the_rows(db: &TestStore) {
    filled(db, 3);
    let sql = "SELECT src_ip, COUNT(*) AS n FROM logs GROUP BY src_ip ORDER BY src_ip";
    let written = |format: &str| db.ipta(["--format", format, "--sql", sql]).fine().out;
    let rows: Vec<Value> =
        written("json").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2], serde_json::json!({"src_ip": "203.0.113.2", "n": 1}));
    assert_eq!(written("csv"), "src_ip,n\n203.0.113.0,1\n203.0.113.1,1\n203.0.113.2,1\n");
    assert!(written("markdown").ends_with("| 203.0.113.2 | 1 |\n"));
    assert!(written("html").contains("<td>203.0.113.2</td><td class=\"n\">1</td>"));
}

fn a_session_that_only_reads_changes_nothing(db: &TestStore) {
    filled(db, 10);
    let target = db.dir.path("out");
    let target = target.display();
    let both = [
        "DELETE FROM logs".to_owned(),
        "DROP TABLE logs".to_owned(),
        "UPDATE logs SET action = 'x'".to_owned(),
        "SELECT 1; DELETE FROM logs".to_owned(),
        "WITH a AS (SELECT 1) DELETE FROM logs".to_owned(),
        format!("SELECT * FROM logs INTO OUTFILE '{target}'"),
        format!("SELECT * INTO OUTFILE '{target}' FROM logs"),
        format!("SELECT 1 --\u{a0}\n INTO OUTFILE '{target}'"),
        "SELECT ?".to_owned(),
    ];
    let server = [
        format!("SELECT 1 /*!50000 INTO OUTFILE '{target}'*/"),
        format!("SELECT 1 /*M!100000 INTO OUTFILE '{target}'*/"),
        "SET SESSION TRANSACTION READ WRITE".to_owned(),
        "SELECT * FROM logs FOR UPDATE".to_owned(),
        "SELECT * FROM logs LOCK IN SHARE MODE".to_owned(),
        "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE logs (prefix)".to_owned(),
        "PREPARE s FROM 'DELETE FROM logs'".to_owned(),
        "SELECT * FROM logs PROCEDURE ANALYSE()".to_owned(),
        "EXPLAIN SELECT 1 INTO @a".to_owned(),
    ];
    let file = [
        format!("ATTACH '{target}' AS other"),
        format!("VACUUM INTO '{target}'"),
        format!("EXPLAIN ATTACH '{target}' AS other"),
        "PRAGMA query_only = 0".to_owned(),
        "PRAGMA journal_mode = WAL".to_owned(),
        "SELECT * FROM pragma_query_only".to_owned(),
        "SELECT load_extension('x')".to_owned(),
        "CREATE TEMP TABLE t (x)".to_owned(),
    ];
    let own = match &db.place {
        Kept::Server(..) => &server[..],
        Kept::File(_) => &file[..],
    };
    for sql in both.iter().chain(own) {
        db.ipta(["--sql", sql]).refused(1);
    }
    assert!(!db.dir.path("out").exists());
    assert_eq!(db.rows(), 10);
    let said = db.ipta(["--sql", "DELETE FROM logs"]).refused(1);
    said.says(["DELETE", "--write --sql"]);
    db.ipta(["--sql", "SELECT 1", "--limit", "1"])
        .refused(2)
        .says(["--limit has no effect with --sql", "LIMIT NUM"]);
    db.ipta(["--sql", "SELECT 1", "--since", "yesterday"])
        .refused(2)
        .says(["--since has no effect with --sql"]);
}

fn with_write_a_statement_may_change_something(db: &TestStore) {
    filled(db, 10);
    db.ipta(["--write", "--sql", "DELETE FROM logs WHERE id <= 3"]).fine().says(["* 3 rows changed."]);
    assert_eq!(db.rows(), 7);
    db.ipta(["-a", "--write"]).refused(2).says(["--write", "--sql"]);
}

fn the_first_error_of_a_pipe_ends_it(db: &TestStore) {
    filled(db, 2);
    let input =
        "-- counts\n\\format csv\nSELECT COUNT(*) AS n\nFROM logs;\nSELECT nothing FROM logs; SELECT 7";
    let said = db.dir.fed(db.with_options(["-ai"]), input);
    assert_eq!((said.status, said.out.as_str()), (Some(1), "n\n2\n"), "{said:#?}");
    said.clear().says(["nothing"]);
    db.dir.fed(db.with_options(["-ai"]), " ").refused(1).says(["no query"]);
    db.dir.fed(db.with_options(["-ai"]), "\\runn denied").refused(1).says(["\\run?"]);
}

fn a_statement_of_several_that_may_not_run_stops_all(db: &TestStore) {
    filled(db, 2);
    db.ipta(["--sql", "SELECT 1; DELETE FROM logs; SELECT 2"]).refused(1);
}

fn hostile_text_is_shown_harmless(db: &TestStore) {
    filled(db, 1);
    db.sql("UPDATE logs SET prefix = '\u{1b}[31m=1+1<script>'");
    for format in ["text", "json", "csv", "markdown", "html"] {
        let out = db.ipta(["--format", format, "--sql", "SELECT prefix FROM logs"]).fine().out;
        assert!(!out.contains('\u{1b}') && out.contains("[31m"), "{out}");
        assert!(format != "html" || !out.contains("<script>"), "{out}");
    }
}

/// A query that does not end by itself.
fn endless(db: &TestStore) -> &'static str {
    match &db.place {
        Kept::Server(..) => "SELECT BENCHMARK(1000000000000, SHA2('1', 256))",
        Kept::File(_) => {
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
        }
    }
}

fn an_endless_query_is_stopped_by_a_signal(db: &TestStore) {
    let mut child = db
        .command(["--sql", endless(db)])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    std::thread::sleep(Duration::from_millis(700));
    let begun = Instant::now();
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).expect("a signal");
    let status = child.wait().expect("ends");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(2), "{status:?}");
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    if let Kept::Server(server, account) = &db.place {
        let find = format!(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE user = '{}' AND info LIKE '%BENCHMARK%'",
            account.user
        );
        assert_eq!(server.sql("", &find), "0");
    }
}

fn an_answer_goes_to_a_file_whole_or_not_at_all(db: &TestStore) {
    filled(db, 2);
    db.ipta(["--sql", "SELECT id FROM logs", "--format", "csv", "--output", "o.csv"]).fine();
    assert_eq!(db.dir.read("o.csv"), b"id\n1\n2\n");
    db.ipta(["--sql", "SELECT 1; SELECT nothing FROM logs", "--output", "o.csv"]).refused(1);
    assert_eq!(db.dir.read("o.csv"), b"id\n1\n2\n");
}

const MODULES: &str = r#"
[[module]]
name = "senders"
title = "Who sends how much"
sql = "SELECT src_ip AS Source, COUNT(*) AS Count, -1 AS Less, NULL AS Lack FROM {packets} GROUP BY src_ip ORDER BY src_ip"

[[module]]
name = "whole"
sql = "SELECT COUNT(*) AS n FROM logs"
"#;

fn a_module_of_the_settings_file_is_part_of_the_report(db: &TestStore) {
    filled(db, 3);
    db.dir.write(".ipta-conf", MODULES);
    let text = db.ipta(["-a", "--modules", "senders,ports", "--limit", "2"]).fine().out;
    assert!(text.contains("\nMost denied ports\n"), "{text}");
    let table = "\nWho sends how much\n\
                 Source      Count Less Lack\n\
                 ----------- ----- ---- ----\n\
                 203.0.113.0     1   -1 -\n\
                 203.0.113.1     1   -1 -\n";
    assert!(text.ends_with(table), "{text}");
    let json = db.ipta(["-a", "--modules", "senders,whole", "--format", "json"]).fine().out;
    let report: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(report["packets"], 3);
    assert_eq!(
        report["modules"][0]["rows"][2],
        serde_json::json!({"source": "203.0.113.2", "count": 1, "less": -1, "lack": null})
    );
    assert_eq!(report["modules"][1]["rows"][0]["n"], 3);
    for format in ["csv", "markdown", "html"] {
        let out = db.ipta(["-a", "--modules", "senders", "--format", format]).fine().out;
        assert!(out.contains("203.0.113.2"), "{out}");
    }
    let all = db.ipta(["-a", "--modules", "all"]).fine().out;
    assert!(all.contains("Who sends how much") && all.contains("\nwhole\n"), "{all}");
    db.dir.ipta(["-a", "a.log", "--modules", "senders"]).refused(2).says(["senders", "import"]);
    let direct = db.dir.ipta(["-a", "a.log", "--modules", "all"]).fine();
    direct.says(["Left out: module 'senders'"]);
}

fn a_module_counts_the_packets_that_pass_the_filters(db: &TestStore) {
    filled(db, 5);
    db.dir.write(".ipta-conf", MODULES);
    let filters = ["--src", "203.0.113.0/31", "--since", "2026-05-17", "--action", "drop"];
    let call = |modules: &str| db.ipta(["-a", "--modules", modules].into_iter().chain(filters));
    let text = call("senders").fine().out;
    assert!(text.contains("203.0.113.1") && !text.contains("203.0.113.2"), "{text}");
    call("whole").refused(2).says(["whole", "{packets}"]);
    let joined = "[[module]]\nname = \"pairs\"\n\
                  sql = \"SELECT COUNT(*) AS n FROM {packets} a JOIN {packets} AS b ON a.id <= b.id\"\n";
    db.dir.write(".ipta-conf", joined);
    assert!(call("pairs").fine().out.ends_with("\nn\n-\n3\n"));
}

#[test]
fn a_wrong_module_is_named_with_its_file() {
    let dir = crate::process::TestDir::new();
    for (text, word) in [
        ("[[module]]\nname = \"ports\"\nsql = \"SELECT 1\"", "ports"),
        ("[[module]]\nname = \"a\"\nsql = \"DELETE FROM logs\"", "DELETE"),
        ("[[module]]\nname = \"A\"\nsql = \"SELECT 1\"", "lowercase letters"),
        ("[[module]]\nname = \"a\"", "no sql"),
        ("[[module]]\nname = \"a\"\nsql = \"SELECT 1\"\ntitel = \"x\"", "title"),
        ("[module]\nname = \"a\"", "[[module]]"),
    ] {
        dir.write(".ipta-conf", text);
        dir.write("a.log", "");
        dir.ipta(["-a", "a.log"]).refused(2).says([".ipta-conf", word]);
    }
}

fn the_shell_on_a_terminal_answers_and_keeps_a_history(db: &TestStore) {
    filled(db, 2);
    // The signals that a prune catches are not the shell's.
    let call = db.with_options(["--prune", "9y", "-ai"]);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_ipta"));
    let words: Vec<String> = call.iter().map(|word| format!("'{word}'")).collect();
    let mut script = Command::new("script");
    script
        .args(["-qec", &format!("{} {}", program.display(), words.join(" ")), "/dev/null"])
        .env("HOME", db.dir.path(""))
        .env("TERM", "xterm")
        .env("PAGER", "cat")
        .current_dir(db.dir.path(""));
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
    let mut keys = child.stdin.take().expect("a pipe");
    let slow = format!("{};\n", endless(db));
    for typed in [
        "SELECT COUNT(*) AS rows_there\n",
        "FROM logs;\n",
        "SELECT 'PASSWORD';\n",
        "DELETE FROM logs;\n",
        &slow,
        "\u{3}",
        "SELECT 40 + 2 AS still_there;\n",
        "\\q\n",
    ] {
        // At a person's pace: what is typed while a query runs is not read.
        std::thread::sleep(Duration::from_millis(400));
        keys.write_all(typed.as_bytes()).expect("types");
        if typed == "\u{3}" {
            // As long as a caught signal waits before it ends the process.
            std::thread::sleep(Duration::from_secs(4));
        }
    }
    let output = child.wait_with_output().expect("ends");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("rows_there") && shown.contains("* 1 row (0."), "{shown}");
    assert!(shown.contains("! refused: DELETE"), "{shown}");
    // A server gives the interrupted query a row.
    assert!(shown.contains("- Stopped.") || shown.contains("* 1 row, then stopped"), "{shown}");
    assert!(shown.contains("42\r\n"), "{shown}");
    assert_eq!(db.rows(), 2);
    let history = String::from_utf8(db.dir.read(".ipta-history")).expect("UTF-8");
    assert!(history.contains("rows_there\\nFROM logs") && !history.contains("PASSWORD"), "{history}");
    let mode = std::fs::metadata(db.dir.path(".ipta-history")).expect("a file");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
}
