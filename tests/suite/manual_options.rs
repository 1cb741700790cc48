//! The new manual and the program know the same options.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::process::{self, TestDir, project};

#[test]
fn every_option_of_the_help_is_in_the_manual() {
    let chapters = chapters();
    let named: BTreeSet<&str> = chapters.iter().flat_map(|(_, text)| long_options(text)).collect();
    let help = help();
    let missing: Vec<&str> = long_options(&help).filter(|option| !named.contains(option)).collect();
    assert!(missing.is_empty(), "not in manual/: {missing:?}");
}

#[test]
fn every_module_is_in_chapter_10_and_in_the_order_of_the_report() {
    let said = TestDir::new().ipta(["-a", "none", "--modules", "?"]).refused(2).err;
    let modules = said.split("the modules are ").nth(1).and_then(|rest| rest.split(", and all").next());
    let chapter = fs::read_to_string(project("manual/10-analyzer.md")).unwrap();
    let mut at = 0;
    for module in modules.expect("the modules").split(", ") {
        let found = chapter[at..].find(&format!("`{module}`"));
        at += found.unwrap_or_else(|| panic!("`{module}` is not there, or not in its place"));
    }
}

#[test]
fn every_option_that_the_manual_gives_to_ipta_exists() {
    let help = help();
    let known: BTreeSet<&str> = words(&help).filter(|word| is_option(word)).collect();
    assert!(known.contains("--import") && known.contains("-ct"), "{known:?}");
    let mut seen = 0;
    for (chapter, text) in &chapters() {
        for words_of_ipta in said_to_ipta(text) {
            for word in words(words_of_ipta).filter(|word| is_option(word)) {
                seen += 1;
                assert!(known.contains(word), "{chapter}: there is no {word}: {words_of_ipta}");
            }
        }
    }
    assert!(seen > 200, "only {seen} options found in manual/");
}

#[test]
fn every_one_of_the_ten_questions_is_answered() {
    let dir = TestDir::new();
    let log = fs::read(project("examples/iptables.log")).expect("the example");
    dir.write("iptables.log", &log);
    let chapter = fs::read_to_string(project("manual/09-use.md")).expect("the chapter");
    let (_, questions) = chapter.split_once("## Ten questions").expect("the questions");
    let calls: Vec<&str> = questions.lines().filter_map(|line| line.strip_prefix("$ ipta ")).collect();
    assert_eq!(calls.len(), 10);
    for call in calls {
        let local = call.replace("/var/log/iptables.log*", "iptables.log").replace("/var/log/", "");
        let words: Vec<&str> = local.split_whitespace().collect();
        let said = dir.ipta(words).fine();
        assert!(said.out.lines().count() > 2, "{call}: {said:#?}");
    }
}

/// What a command needs that is missing here: another machine, root, a journal, a server without a
/// database, a terminal, address databases, a custom module.
const NOT_HERE: [&str; 9] =
    ["ssh ", "sudo ", "journal", "--create-db", "db.example.net", "-pi", "geoip", "night", "--config /etc"];

#[test]
fn every_command_shown_works() {
    let readme = ("README.md".to_owned(), fs::read_to_string(project("README.md")).expect("README.md"));
    let mut run = 0;
    for (chapter, text) in chapters().into_iter().chain([readme]) {
        let dir = TestDir::new();
        let log = fs::read(project("examples/iptables.log")).expect("the example");
        for name in ["iptables.log", "iptables.log.1", "ufw.log", "kern.log", "old.log", "seized.log"] {
            dir.write(name, &log);
        }
        dir.write("questions.sql", "SELECT COUNT(*) FROM logs;\n");
        let modes = ["--create-table", "--dns-create-table", "--import", "iptables.log", "--save-db"];
        dir.ipta(["--db-file", "packets.db"].into_iter().chain(modes)).fine();
        for command in commands(&text) {
            if command == "ipta -ai" || NOT_HERE.iter().any(|word| command.contains(word)) {
                continue;
            }
            run += 1;
            let local = command.replace("/var/log/", "").replace("ipta ", "\"$IPTA\" ");
            // Follow ends only when told to.
            let is_follow = ["--follow", " -f "].iter().any(|mode| command.contains(mode));
            let local = if is_follow { local.replace("\"$IPTA\"", "timeout 0.7 \"$IPTA\"") } else { local };
            let mut shell = Command::new("sh");
            shell.args(["-c", &local]).current_dir(dir.path("")).env("HOME", dir.path("")).env("TZ", "UTC");
            shell.env("IPTA", env!("CARGO_BIN_EXE_ipta"));
            let said = process::run(shell, "");
            let is_fine = said.status == Some(0) || is_follow;
            assert!(is_fine && !said.err.contains("! "), "{chapter}: {command}: {said:#?}");
        }
    }
    assert!(run > 80, "only {run} commands found");
}

/// The calls of ipta after a `$` in a text, each on one line.
fn commands(text: &str) -> Vec<String> {
    let samples = text.split("```").skip(1).step_by(2);
    let joined: String = samples.map(|sample| sample.replace("\\\n", " ")).collect();
    let lines = joined.lines().filter_map(|line| line.strip_prefix("$ "));
    lines.filter(|line| line.split_whitespace().any(|word| word == "ipta")).map(str::to_owned).collect()
}

/// The chapters, with their names.
fn chapters() -> Vec<(String, String)> {
    let files = fs::read_dir(project("manual")).expect("manual/");
    let paths = files.map(|entry| entry.expect("a file").path());
    let markdown = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let chapters: Vec<_> = markdown
        .map(|path| (path.display().to_string(), fs::read_to_string(&path).expect("a chapter")))
        .collect();
    assert!(chapters.len() > 10, "{} chapters", chapters.len());
    chapters
}

fn help() -> String {
    TestDir::new().ipta(["--help"]).fine().out
}

/// Where a chapter speaks of ipta's options: calls of ipta in samples and between backquotes (each up to a
/// pipe), and lone options between backquotes.
fn said_to_ipta(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    // The odd parts between fences are samples; between backquotes, code.
    for (n, part) in text.split("```").enumerate() {
        let codes: Vec<&str> = match n % 2 {
            1 => part.lines().collect(),
            _ => part.split('`').skip(1).step_by(2).collect(),
        };
        for code in codes {
            let calls = code.split('|').flat_map(|command| {
                let begin = command.find("ipta -").map(|at| at + "ipta ".len());
                begin.and_then(|at| command.get(at..))
            });
            found.extend(calls);
            if n % 2 == 0 && code.starts_with('-') {
                found.push(code);
            }
        }
    }
    found
}

/// The `--long` options in a text.
fn long_options(text: &str) -> impl Iterator<Item = &str> {
    words(text).filter(|word| word.starts_with("--") && is_option(word))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '-';
    // `fire-wall` is one word, not an option `-wall`.
    text.split(move |c: char| !inside(c) && !matches!(c, '_' | '.' | '/'))
}

/// `--word`, or a dash and one or two letters. Longer ones after a single dash are others' (`-short-iso`).
fn is_option(word: &str) -> bool {
    match word.strip_prefix("--") {
        Some(long) => long.starts_with(|c: char| c.is_ascii_lowercase()),
        None => word.strip_prefix('-').is_some_and(|short| {
            (1..=2).contains(&short.len()) && short.chars().all(|c| c.is_ascii_alphabetic())
        }),
    }
}
