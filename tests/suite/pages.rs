//! The man page and the shell completions.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{TestDir, run};

#[path = "../../manual/make_pages.rs"]
#[allow(dead_code)]
mod make_pages;

fn pages() -> TestDir {
    let dir = TestDir::new();
    make_pages::make(&dir.path("")).expect("pages");
    dir
}

#[test]
fn the_man_page_is_clean_and_has_every_option_of_the_help() {
    let dir = pages();
    let mut man = Command::new("man");
    man.args(["--warnings", "-E", "UTF-8", "-l"])
        .arg(dir.path("ipta.1"))
        .env("MANWIDTH", "100")
        .env("LC_ALL", "C.UTF-8");
    let shown = run(man, "");
    assert_eq!((shown.status, shown.err.as_str()), (Some(0), ""));
    // Breakable hyphens are a different character on the page.
    let text = shown.out.replace('\u{2010}', "-");
    let help = dir.ipta(["--help"]).fine().out;
    let options = help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 3);
    let options = options.map(|word| word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()));
    for option in options {
        assert!(text.contains(option), "{option} is missing in:\n{text}");
    }
    let examples = text.lines().filter(|line| line.trim_start().starts_with("Example: ")).count();
    assert!(examples > 70, "{examples} examples");
    for part in ["NAME", "SYNOPSIS", "HISTORIC SPELLINGS", "EXIT STATUS", "FILES", "EXAMPLES"] {
        assert!(text.lines().any(|line| line == part), "no {part}");
    }
}

/// What bash offers for the last of these words.
fn offered(dir: &TestDir, words: &[&str]) -> Vec<String> {
    let script = "source ipta.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                  _ipta ipta \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash");
    bash.args(["-c", script, "bash"]).args(words).current_dir(dir.path("")).env("HOME", dir.path(""));
    let programs = Path::new(env!("CARGO_BIN_EXE_ipta")).parent().expect("a folder").display();
    bash.env("PATH", format!("{}:{programs}:/usr/bin:/bin", dir.path("first").display()));
    let said = run(bash, "");
    assert_eq!(said.err, "");
    said.out.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_options_and_the_words_that_they_take() {
    let dir = pages();
    assert_eq!(offered(&dir, &["ipta", "--alert"]), ["--alert-command"]);
    assert_eq!(offered(&dir, &["ipta", "--format", "n"]), ["nft"]);
    assert_eq!(offered(&dir, &["ipta", "--modules", "time"]), ["timeline"]);
    assert!(offered(&dir, &["ipta", "--prefix", "u"]).contains(&"ufw".to_owned()));
}

#[test]
fn bash_completes_the_tables_of_the_database_that_the_call_names() {
    let dir = pages();
    let file = dir.path("packets.db").display().to_string();
    for table in ["logs", "lan", "wan"] {
        dir.ipta(["--db-file", &file, "--create-table", table]).fine();
    }
    assert_eq!(offered(&dir, &["ipta", "--db-file", &file, "-t", "l"]), ["lan", "logs"]);
    assert_eq!(offered(&dir, &["ipta", "--db-file", &file, "--delete-table", "w"]), ["wan"]);
    // No such database.
    assert_eq!(offered(&dir, &["ipta", "--db-file", "/nowhere/packets.db", "--db-table", ""]), [""]);
}

#[test]
fn completing_a_table_gives_up_after_half_a_second() {
    let dir = pages();
    std::fs::create_dir(dir.path("first")).expect("a folder");
    let slow = dir.write("first/ipta", "#!/bin/sh\necho a question >&2\nexec sleep 30\n");
    std::fs::set_permissions(slow, std::fs::Permissions::from_mode(0o755)).expect("may be run");
    let begin = Instant::now();
    assert_eq!(offered(&dir, &["ipta", "-t", ""]), [""]);
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}
