//! The mail of `examples/ipta-daily`, through a mailer that writes to a file.

use std::fs;
use std::process::Command;

use crate::process::{TestDir, project};

/// Runs it as cron does, with a minimal environment; returns its status and the mail.
fn mailed(dir: &TestDir, log: &str) -> (Option<i32>, String) {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_ipta"));
    let path = format!("{}:/usr/bin:/bin", program.parent().expect("a folder").display());
    let ended = Command::new(project("examples/ipta-daily"))
        .env_clear()
        .env("PATH", path)
        .env("HOME", dir.path(""))
        .env("TZ", dir.zone)
        .env("IPTA_LOG", dir.path(log))
        .env("IPTA_MAILER", format!("tee {}", dir.path("mail").display()))
        .output()
        .expect("sh runs");
    (ended.status.code(), fs::read_to_string(dir.path("mail")).expect("a mail"))
}

fn with_a_table() -> TestDir {
    let dir = TestDir::new();
    let file = dir.path("p.db").display().to_string();
    dir.ipta(["--db-file", &file, "--create-table", "--save-db", "--yes"]).fine();
    dir
}

#[test]
fn yesterday_is_mailed_as_text_and_as_a_page() {
    let dir = TestDir::new();
    dir.ipta(["--db-file", &dir.path("p.db").display().to_string(), "--create-table", "--save-db", "--yes"])
        .fine();
    let yesterday = jiff::Zoned::now().yesterday().expect("a day").strftime("%Y-%m-%d").to_string();
    let line = |hour: u8| {
        format!(
            "{yesterday}T{hour:02}:00:00+00:00 fw kernel: IPT: DROP IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.1 \
             LEN=60 PROTO=TCP SPT=1 DPT=22\n"
        )
    };
    dir.write("fw.log.1", [line(1), line(2)].concat());
    dir.write("fw.log", line(23));
    let (status, mail) = mailed(&dir, "fw.log");
    assert_eq!(status, Some(0), "{mail}");
    assert!(mail.contains(&format!("filename=\"ipta-{yesterday}.html\"")), "{mail}");
    // `3 packets from 1 source` in base64, at the start of the text.
    assert!(mail.contains("MyBwYWNrZXRzIGZyb20gMSBzb3VyY2"), "{mail}");
    assert!(!mail.contains("(incomplete)"), "{mail}");
}

#[test]
fn what_goes_wrong_is_in_the_mail() {
    let dir = with_a_table();
    let (status, mail) = mailed(&dir, "none.log");
    assert_eq!(status, Some(1), "{mail}");
    assert!(mail.contains("(incomplete)"), "{mail}");
}
