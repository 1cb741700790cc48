//! `--doctor`: what is wrong with a setup, and that the command it names fixes it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::process::{Kept, TestDir, TestStore, account_options, line, lines, run};

/// What `--doctor` with these options reports as wrong.
fn wrong<S: AsRef<str>>(dir: &TestDir, options: &[S]) -> Vec<(String, Option<String>)> {
    let mut call = vec!["--doctor", "--format", "json"];
    // A log is the mode's value.
    let log = options.first().map(S::as_ref).filter(|first| !first.starts_with('-'));
    call.splice(1..1, log);
    call.extend(options.iter().skip(usize::from(log.is_some())).map(S::as_ref));
    let said = dir.ipta(call);
    let document: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:#?}"));
    let findings = document["findings"].as_array().expect("a list");
    let wrong: Vec<_> = findings
        .iter()
        .filter(|finding| finding["state"] == "wrong")
        .map(|finding| {
            let text = finding["text"].as_str().expect("a text").to_owned();
            (text, finding["run"].as_str().map(str::to_owned))
        })
        .collect();
    assert_eq!(said.status, Some(i32::from(!wrong.is_empty())), "{said:#?}");
    assert_eq!(document["wrong"], wrong.len(), "{said:#?}");
    wrong
}

/// Runs the command that fixes what these words describe, and checks that it is fixed.
#[track_caller]
fn mend<S: AsRef<str>>(dir: &TestDir, options: &[S], words: &str) -> String {
    let found = wrong(dir, options);
    let (_, command) =
        found.iter().find(|(text, _)| text.contains(words)).unwrap_or_else(|| panic!("{found:#?}"));
    let command = command.clone().unwrap_or_else(|| panic!("no line for: {found:#?}"));
    let mut shell = Command::new("sh");
    let programs = Path::new(env!("CARGO_BIN_EXE_ipta")).parent().expect("a folder");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").expect("a path"));
    shell.args(["-c", &command]).env("PATH", path).env("HOME", dir.path("")).current_dir(dir.path(""));
    let said = run(shell, "");
    assert_eq!(said.status, Some(0), "{command}: {said:#?}");
    let left = wrong(dir, options);
    assert!(left.iter().all(|(text, _)| !text.contains(words)), "{command} left {left:#?}");
    command
}

#[test]
fn a_database_file_that_is_not_there() {
    let dir = TestDir::new();
    let command = mend(&dir, &["--db-file", "packets.db"], "no file 'packets.db'");
    assert_eq!(command, "ipta --db-file packets.db --create-table");
}

#[test]
fn no_server_at_all() {
    let dir = TestDir::new();
    // Whatever else runs on this machine.
    dir.write(".ipta-conf", "db_host = '/nowhere/s'\n");
    let nothing: [&str; 0] = [];
    mend(&dir, &nothing, "no database server answers");
    assert!(dir.path("packets.db").exists());
}

#[test]
fn a_table_that_is_not_there() {
    let db = TestStore::on_a_file();
    db.ipta(["-dt", "logs", "--yes"]).fine();
    mend(&db.dir, &db.options(), "no table 'logs'");
    let server = TestStore::on_a_server();
    server.ipta(["-dt", "logs", "--yes"]).fine();
    server.dir.write(".ipta-conf", "db_pass = 'open sesame'\n");
    Command::new("chmod").arg("600").arg(server.dir.path(".ipta-conf")).status().expect("chmod runs");
    mend(&server.dir, &without_password(&server), "no table 'logs'");
}

/// The options for a server's store, without the password, which no message may show.
fn without_password(db: &TestStore) -> Vec<String> {
    let Kept::Server(_, account) = &db.place else { unreachable!("a server") };
    let all = account_options(account);
    let at = all.iter().position(|word| word == "-p").expect("a password");
    [&all[..at], &all[at + 2..]].concat()
}

#[test]
fn a_table_of_the_c_program() {
    let db = TestStore::on_a_server();
    db.ipta(["-dt", "logs", "--yes"]).fine();
    db.sql(
        "CREATE TABLE logs (id INT AUTO_INCREMENT PRIMARY KEY, timestamp TIMESTAMP, if_in VARCHAR(10), if_out \
         VARCHAR(10), src_ip INT UNSIGNED, src_prt INT UNSIGNED, dst_ip INT UNSIGNED, dst_prt INT UNSIGNED, \
         proto VARCHAR(10), action VARCHAR(10), mac VARCHAR(41))",
    );
    db.dir.write(".ipta-conf", "db_pass = 'open sesame'\n");
    Command::new("chmod").arg("600").arg(db.dir.path(".ipta-conf")).status().expect("chmod runs");
    mend(&db.dir, &without_password(&db), "from an older version or from the C program");
}

#[test]
fn a_table_that_is_somebody_elses() {
    let db = TestStore::on_a_file();
    db.sql("CREATE TABLE theirs (n INTEGER)");
    let mut options = db.options();
    options.extend(["-t", "theirs"].map(str::to_owned));
    let found = wrong(&db.dir, &options);
    assert!(found.iter().any(|(text, _)| text.contains("'theirs' is not an ipta table")), "{found:#?}");
}

#[test]
fn a_password_that_others_can_read() {
    let db = TestStore::on_a_file();
    let conf = db.dir.write(".ipta-conf", "db_pass = 'hunter2'\n");
    Command::new("chmod").arg("644").arg(&conf).status().expect("chmod runs");
    let command = mend(&db.dir, &db.options(), "other users can read");
    assert!(command.starts_with("chmod 600 "), "{command}");
}

#[test]
fn settings_of_the_c_program() {
    let db = TestStore::on_a_file();
    db.dir.write(".ipta", "db host = localhost\ndb user = fw\n");
    mend(&db.dir, &db.options(), "of the original C program, is not read");
}

#[test]
fn a_log_with_the_prefixes_of_another_firewall() {
    let db = TestStore::on_a_file();
    db.dir.write("edge.log", line(0) + &line(1).replace("IPT: DROP", "[EDGE drop]"));
    let mut options = vec!["edge.log".to_owned()];
    options.extend(db.options());
    let command = mend(&db.dir, &options, "1 firewall line with prefixes that ipta leaves out");
    assert!(command.contains("--prefix auto --prefix any"), "{command}");
    assert!(db.ipta(["-i", "edge.log"]).fine().err.contains("2 packets stored"));
}

#[test]
fn a_log_that_is_misspelt() {
    let dir = TestDir::new();
    dir.write("iptables.log", lines(0..3));
    let found = wrong(&dir, &["iptabels.log"]);
    assert_eq!(found[0].1.as_deref(), Some("ipta --doctor iptables.log"));
    assert!(wrong(&dir, &["iptables.log"]).is_empty());
}

#[test]
fn a_log_whose_lines_are_cut() {
    let dir = TestDir::new();
    let cut = "May 17 00:00:01 gw kernel: IPT: DROP IN=eth0 OUT= MAC=02:00 SRC=203.0.1\n";
    dir.write("a.log", lines(0..3) + cut);
    let found = wrong(&dir, &["a.log"]);
    assert!(found[0].0.contains("1 firewall line that cannot be read"), "{found:#?}");
}

#[test]
fn a_database_that_nobody_has_made() {
    let db = TestStore::on_a_server();
    let Kept::Server(server, account) = &db.place else { unreachable!("a server") };
    let host = server.socket().display().to_string();
    let name = format!("doctor_{}", account.user);
    let options = ["-h", &host, "-u", &name, "-d", &name];
    // The command creates database, account and grant as the server's administrator.
    db.dir.write(".ipta-conf", "db_pass = 'open sesame'\n");
    Command::new("chmod").arg("600").arg(db.dir.path(".ipta-conf")).status().expect("chmod runs");
    mend(&db.dir, &options, "denied access to user");
    mend(&db.dir, &options, "no table 'logs'");
    server.sql("", &format!("DROP DATABASE {name}"));
}

#[test]
fn an_import_with_again_that_was_cut_off() {
    let db = TestStore::on_a_file();
    db.dir.write("a.log", lines(0..3));
    db.import(["a.log"]);
    db.sql("UPDATE ipta_ledger SET again = 1 WHERE kind = 'file'");
    mend(&db.dir, &db.options(), "with --again was interrupted");
}

#[test]
fn a_syslog_daemon_that_left_lines_out() {
    let dir = TestDir::new();
    let lost = "May 17 00:00:01 gw rsyslogd: imklog: 312 messages lost due to rate-limiting\n";
    dir.write("a.log", lines(0..3) + lost);
    let said = dir.ipta(["--doctor", "a.log"]).fine();
    assert!(said.out.contains("has 1 message from rsyslog about dropped lines"), "{said:#?}");
    assert!(said.out.contains("/etc/rsyslog.conf && sudo systemctl restart rsyslog"), "{said:#?}");
}

#[test]
fn what_is_well_is_said_in_words() {
    let db = TestStore::on_a_server();
    db.dir.write("a.log", lines(0..30));
    db.import(["a.log"]);
    let said = db.ipta(["--doctor"]);
    for words in
        ["Settings\n", "Logs\n", "Firewall\n", "Database\n", "opens: ", "1 log imported into table 'logs'"]
    {
        assert!(said.out.contains(words), "{said:#?}");
    }
    let said = db.dir.ipta(["--doctor", "a.log"]).fine();
    assert!(said.out.contains("a.log has 30 packets in 30 lines, the latest "), "{said:#?}");
    assert!(said.out.contains("'IPT: DROP '") && said.out.contains("no year"), "{said:#?}");
}
