//! A reader that has seen enough, or was never there, is a normal end; a full disk is not.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::Duration;

use crate::process::{TestDir, TestStore, lines};

#[test]
fn a_reader_that_leaves_after_one_line_is_a_normal_end() {
    let db = TestStore::on_a_file();
    db.dir.write("big.log", lines(0..30_000));
    db.import(["big.log"]);
    let store = db.with_options(["--quiet", "-a", "-l", "100000"]);
    let direct: Vec<String> = ["--quiet", "-a", "big.log", "-l", "100000"].map(str::to_owned).into();
    let scan: Vec<String> = ["--scan", "big.log"].map(str::to_owned).into();
    for args in [store, direct, scan, vec!["--help".to_owned()], db.with_options(["-lt"])] {
        let mut call = db.dir.command(&args);
        let mut child = call.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        let mut first = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        out.read_line(&mut first).expect("reads");
        drop(out);
        let done = child.wait_with_output().expect("ends");
        assert_eq!(done.status.code(), Some(0), "{args:?}: {done:?}");
        assert_eq!(String::from_utf8_lossy(&done.stderr), "", "{args:?}");
    }
}

#[test]
fn a_closed_output_is_a_normal_end() {
    let dir = TestDir::new();
    dir.write("a.log", lines(0..100));
    for call in ["--quiet -a a.log", "--scan a.log", "--help", "--version"] {
        for closing in [">&-", ">&- 2>&-"] {
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", &format!("\"$0\" {call} {closing}"), env!("CARGO_BIN_EXE_ipta")]);
            shell.current_dir(dir.path("")).env("HOME", dir.path(""));
            let done = shell.output().expect("runs");
            assert_eq!(done.status.code(), Some(0), "{call} {closing}: {done:?}");
            assert!(done.stderr.is_empty(), "{done:?}");
        }
    }
}

#[test]
fn an_output_without_room_is_an_error() {
    let dir = TestDir::new();
    dir.write("a.log", lines(0..100));
    for call in [&["--quiet", "-a", "a.log"][..], &["--scan", "a.log"], &["--help"]] {
        let full = File::options().write(true).open("/dev/full").expect("opens");
        let done = dir.command(call).stdout(full).stderr(Stdio::piped()).output().expect("runs");
        assert_eq!(done.status.code(), Some(1), "{call:?}: {done:?}");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(said.starts_with("! ") && said.lines().count() == 1, "{call:?}: {said}");
    }
}

#[test]
fn an_import_whose_messages_nobody_reads_is_done_all_the_same() {
    let db = TestStore::on_a_file();
    db.dir.write("a.log", lines(0..100));
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let done = db.command(["-i", "a.log"]).stderr(writer).stdout(Stdio::null()).status().expect("runs");
    assert_eq!(done.code(), Some(0));
    assert_eq!(db.rows(), 100);
}

#[test]
fn a_long_analysis_shows_its_progress_on_a_terminal() {
    let dir = TestDir::new();
    let program = env!("CARGO_BIN_EXE_ipta");
    for (option, shown) in [("", true), ("--quiet", false)] {
        let mut call = std::process::Command::new("script");
        call.args(["-qec", &format!("{program} {option} --year 2026 -a pipe"), "/dev/null"]);
        call.current_dir(dir.path("")).env("HOME", dir.path("")).env("TERM", "xterm");
        let pipe = dir.path("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("runs");
        assert!(made.success(), "mkfifo");
        let child = call.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("starts");
        let mut log = File::options().write(true).open(&pipe).expect("opens");
        log.write_all(lines(0..40_000).as_bytes()).expect("writes");
        // Progress is shown from the first second on.
        std::thread::sleep(Duration::from_millis(1500));
        log.write_all(lines(40_000..80_000).as_bytes()).expect("writes");
        drop(log);
        let output = child.wait_with_output().expect("ends");
        std::fs::remove_file(&pipe).expect("removes");
        let said = String::from_utf8_lossy(&output.stdout);
        // The report's own line of totals also begins with a `*`.
        let drawn = said.split(['\r', '\n']).any(|line| line.contains(" packets") && !line.contains("from"));
        assert_eq!(drawn, shown, "{said:?}");
    }
}

#[test]
fn a_password_on_the_command_line_gets_a_note_on_a_terminal() {
    let dir = TestDir::new();
    dir.ipta(["--db-file", "p.db", "-ct"]).fine();
    let program = env!("CARGO_BIN_EXE_ipta");
    let said = |how: &str| {
        let mut call = std::process::Command::new("script");
        call.args(["-qec", &format!("{program} --db-file p.db -lt {how}"), "/dev/null"]);
        call.current_dir(dir.path("")).env("HOME", dir.path("")).env("TERM", "xterm").stdin(Stdio::null());
        let output = call.output().expect("runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let shown = said("-p hunter2");
    assert!(
        shown.contains("- Other users can see the password in the process list")
            && !shown.contains("hunter2"),
        "{shown}"
    );
    assert!(!said("").contains("process list"));
    assert_eq!(dir.ipta(["--db-file", "p.db", "-lt", "-p", "hunter2"]).fine().err, "");
}
