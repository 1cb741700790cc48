//! `--alert-command`: what the command is given, how often, and what happens when it fails.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::live::{Running, packet};
use crate::process::{TestDir, is_root, project, run};

/// Six SSH connections within a minute from each of `sources` sources, each to a target of its own.
fn attacks(sources: u32) -> String {
    let six = |n: u32| {
        (0..6).map(move |k| packet("DROP", &format!("192.0.{n}.7"), &format!("198.51.100.{}", n + 1), k))
    };
    let ssh = |line: String| {
        let (before, after) = line.split_once(" DPT=").expect("a port");
        let after = after.split_once(' ').map_or("", |(_, after)| after);
        let from = before.rsplit_once("SPT=").map_or("", |(_, from)| from);
        before.replace(&format!("SPT={from}"), &format!("SPT=4{from}")) + " DPT=22 " + after
    };
    (0..sources).flat_map(six).map(ssh).collect()
}

fn told(dir: &TestDir) -> Vec<Value> {
    let text = String::from_utf8(dir.read("told")).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_command_is_given_the_finding_and_nothing_else() {
    let dir = TestDir::new();
    let log = attacks(1);
    let said = dir
        .fed(["--follow", "-", "--alert-command", "cat >> told; echo $# $0 >> args; env > env"], log)
        .fine();
    assert!(said.out.contains("ATTACK: brute force from 192.0.0.7"), "{said:?}");
    assert_eq!(said.err, "");
    let told = told(&dir);
    let [finding] = &told[..] else { panic!("{told:?}") };
    assert_eq!((&finding["attack"], &finding["source_ip"]), (&"brute force".into(), &"192.0.0.7".into()));
    assert_eq!((&finding["port"], &finding["packets"]), (&22.into(), &6.into()));
    assert_eq!(dir.read("args"), b"0 /bin/sh\n");
    assert!(!String::from_utf8_lossy(&dir.read("env")).contains("192.0.0.7"));
}

#[test]
fn what_a_command_is_given_is_what_the_schema_calls_a_finding() {
    let dir = TestDir::new();
    dir.fed(["--follow", "-", "--alert-command", "cat >> told"], attacks(1)).fine();
    for finding in told(&dir) {
        assert_eq!(crate::schema::fault_of("finding", &finding), None);
    }
}

#[test]
fn findings_that_come_while_the_command_runs_are_joined_and_counted() {
    let dir = TestDir::new();
    dir.fed(["--follow", "-", "--alert-command", "cat >> told; sleep 0.5"], attacks(20)).fine();
    let told = told(&dir);
    let number = |finding: &Value| 1 + finding["more"].as_u64().unwrap_or(0);
    assert_eq!(told.iter().map(number).sum::<u64>(), 20, "{told:?}");
    assert!(told.len() <= 3, "{told:?}");
    let last = told.last().expect("one");
    assert_eq!(last["others"].as_array().map(Vec::len), last["more"].as_u64().map(|more| more as usize));
    assert_eq!(crate::schema::fault_of("finding", last), None);
}

#[test]
fn ten_calls_a_minute_are_made_and_the_rest_is_told_of() {
    let dir = TestDir::new();
    dir.write("log", "");
    let mut running =
        Running::start(dir.command(["--follow", "log", "--quiet", "--alert-command", "cat >> told"]));
    std::thread::sleep(Duration::from_millis(300));
    let all = attacks(12);
    let lines: Vec<&str> = all.split_inclusive('\n').collect();
    for (n, attack) in lines.chunks(6).enumerate() {
        dir.append("log", attack.concat());
        let begun = Instant::now();
        let calls = || {
            fs::read(dir.path("told")).map_or(0, |told| told.iter().filter(|byte| **byte == b'\n').count())
        };
        while calls() < (n + 1).min(10) {
            assert!(begun.elapsed() < Duration::from_secs(5), "{} of {}", calls(), n + 1);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(told(&dir).len(), 10);
    running.signal("INT");
    running.end();
    let said = running.said().join("\n");
    assert!(said.contains("was not run for"), "{said}");
}

#[test]
fn a_failure_is_told_and_follow_goes_on() {
    let dir = TestDir::new();
    let call = ["--follow", "-", "--alert-command", "echo no such host >&2; exit 3"];
    let said = dir.fed(call, attacks(1)).fine();
    assert_eq!(said.err, "- The alert command failed (exit status: 3): no such host\n");
    assert_eq!(said.out.lines().filter(|line| line.contains("192.0.0.7")).count(), 7);
}

#[test]
fn the_key_of_the_file_works_with_attacks_alone() {
    let dir = TestDir::new();
    dir.write(".ipta-conf", "alert_command = \"cat >> told\"\n");
    fs::set_permissions(dir.path(".ipta-conf"), Permissions::from_mode(0o600)).expect("rights");
    dir.fed(["--follow", "-"], attacks(1)).fine();
    assert!(!dir.path("told").exists());
    dir.fed(["--follow", "-", "--attacks"], attacks(1)).fine();
    assert_eq!(told(&dir).len(), 1);
}

#[test]
fn root_takes_no_command_from_a_file_that_others_may_write() {
    let dir = TestDir::new();
    dir.write(".ipta-conf", "alert_command = \"cat >> told\"\n");
    fs::set_permissions(dir.path(".ipta-conf"), Permissions::from_mode(0o666)).expect("rights");
    let said = dir.fed(["--follow", "-", "--attacks"], attacks(1));
    if is_root() {
        said.refused(2).says(["other users can write to this file", "chmod 600"]);
        assert!(!dir.path("told").exists());
    } else {
        said.fine();
    }
}

#[test]
fn elsewhere_than_in_follow_it_is_refused() {
    let dir = TestDir::new();
    dir.write("log", attacks(1));
    dir.ipta(["log", "--alert-command", "true"])
        .refused(2)
        .says(["--alert-command has no effect with --analyze"]);
}

/// A program that writes its arguments and its standard input to `sent`.
fn recorder(dir: &TestDir, name: &str) -> String {
    let path = dir.write(name, "#!/bin/sh\n{ printf '%s\\n' \"$@\"; cat; } > sent\n");
    fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("rights");
    path.display().to_string()
}

#[test]
fn the_example_mails_the_finding() {
    let dir = TestDir::new();
    let example = project("examples/ipta-alert-mail").display().to_string();
    let mut command = dir.command(["--follow", "-", "--alert-command", &example]);
    command.env("IPTA_MAILER", recorder(&dir, "mailer")).env("IPTA_MAIL_TO", "admin@example.net");
    run(command, attacks(1)).fine();
    let sent = String::from_utf8(dir.read("sent")).expect("UTF-8");
    assert!(sent.contains("To: admin@example.net\nSubject: ipta: suspected attack on "), "{sent}");
    let (_, text) = sent.split_once("\n\n").expect("a head and a text");
    let finding: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(finding["source_ip"], "192.0.0.7");
}

#[test]
fn the_example_posts_the_finding() {
    let dir = TestDir::new();
    fs::create_dir(dir.path("bin")).expect("creates");
    recorder(&dir, "bin/curl");
    let example = project("examples/ipta-alert-webhook").display().to_string();
    let mut command = dir.command(["--follow", "-", "--alert-command", &example]);
    let path = format!("{}:{}", dir.path("bin").display(), std::env::var("PATH").expect("a path"));
    command.env("PATH", path).env("IPTA_WEBHOOK", "https://chat.example.net/hooks/1");
    run(command, attacks(1)).fine();
    let sent = String::from_utf8(dir.read("sent")).expect("UTF-8");
    let lines: Vec<&str> = sent.lines().collect();
    assert_eq!(lines[lines.len() - 2], "https://chat.example.net/hooks/1");
    assert_eq!(
        lines[lines.len() - 1],
        r#"{"text":"Suspected attack: brute force from 192.0.0.7 on 198.51.100.1 port 22, 6 packets"}"#
    );
    // Unconfigured, it says what to set.
    let said = dir.fed(["--follow", "-", "--alert-command", &example], attacks(1)).fine();
    said.says(["set it to the address of the webhook"]);
}
