//! What the lines look like: columns, headers, colors, and what never reaches a terminal.

use std::process::Command;

use super::following;
use crate::live::{Running, drop_from_port, packet};
use crate::process::{TestDir, run};

const HEADER: &str = "\
Count    IF       Source                          Port Destination                     Port Proto      Action
-------- -------- ------------------------------ ----- ------------------------------ ----- ---------- ----------";

#[test]
fn the_header_comes_first_and_again_every_twenty_lines() {
    let dir = TestDir::new();
    dir.write("log", "");
    dir.append("log", (1..=41).map(drop_from_port).collect::<String>());
    let running = Running::start(dir.command(["--follow", "log", "--last", "41"]));
    let lines: Vec<String> = (0..47).map(|_| running.line().text).collect();
    let header: Vec<&str> = HEADER.lines().collect();
    let at: Vec<usize> = (0..47).filter(|n| lines[*n] == header[0]).collect();
    assert_eq!(at, [0, 22, 44]);
    assert!(at.iter().all(|n| lines[n + 1] == header[1]));
    let expected = "       1 eth0     192.0.2.7                          1 198.51.100.1                   15003 TCP        DROP";
    assert_eq!(lines[2], expected);
}

#[test]
fn header_and_counter_can_go_and_the_time_can_come() {
    let dir = TestDir::new();
    let running = following(&dir, &["--no-header"]);
    dir.append("log", drop_from_port(2));
    assert_eq!(running.line().port(), Some(2));
    drop(running);

    dir.write("log", drop_from_port(2));
    let arguments = ["--follow", "log", "--last", "1", "--no-counter", "--time", "--year", "2026"];
    let running = Running::start(dir.command(arguments));
    let expected = "\
Time                IF       Source                          Port Destination                     Port Proto      Action
------------------- -------- ------------------------------ ----- ------------------------------ ----- ---------- ----------
2026-05-04 06:35:12 eth0     192.0.2.7                          2 198.51.100.1                   15003 TCP        DROP";
    let lines: Vec<String> = (0..3).map(|_| running.line().text).collect();
    assert_eq!(lines.join("\n"), expected);
}

/// Runs a shell command on a terminal `columns` wide; returns what the terminal got.
fn on_terminal(dir: &TestDir, columns: u32, environment: &[(&str, &str)], command: &str) -> String {
    let ipta = dir.command([""; 0]);
    let program = ipta.get_program().display();
    let whole = format!("stty cols {columns} rows 24; exec {program} {command}");
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &whole, "/dev/null"]);
    script.env_clear().current_dir(dir.path(""));
    script.envs(ipta.get_envs().filter_map(|(name, value)| Some((name, value?))));
    script.envs(environment.iter().copied()).env("TERM", "xterm");
    run(script, "").fine().out.replace("\r\n", "\n")
}

#[test]
fn on_a_terminal_the_verdict_has_its_color_and_addresses_the_room() {
    let dir = TestDir::new();
    dir.write("log", drop_from_port(1) + &packet("ACCEPT", "192.0.2.8", "198.51.100.1", 2));
    let text = on_terminal(&dir, 131, &[], "--scan log");
    assert!(text.contains("\x1b[31mDROP\x1b[0m\n"), "{text:?}");
    assert!(text.contains("\x1b[32mACCEPT\x1b[0m\n"), "{text:?}");
    let rule: Vec<usize> = text.lines().nth(1).unwrap().split(' ').map(str::len).collect();
    assert_eq!(rule.iter().sum::<usize>() + 7, 131);
    assert_eq!((rule[2], rule[4]), (39, 39));

    let narrow = on_terminal(&dir, 60, &[], "--scan log");
    let rule: Vec<usize> = narrow.lines().nth(1).unwrap().split(' ').map(str::len).collect();
    assert_eq!((rule[2], rule[4]), (15, 15));
}

#[test]
fn color_stays_away_where_it_is_not_wanted_and_comes_where_it_is() {
    let dir = TestDir::new();
    dir.write("log", drop_from_port(1));
    let plain = on_terminal(&dir, 120, &[("NO_COLOR", "1")], "--scan log");
    assert!(plain.contains("DROP") && !plain.contains('\x1b'), "{plain:?}");
    let never = on_terminal(&dir, 120, &[], "--scan log --color never");
    assert!(never.contains("DROP") && !never.contains('\x1b'));
    let piped = dir.ipta(["--scan", "log"]).out;
    assert!(piped.contains("DROP") && !piped.contains('\x1b'));
    let always = dir.ipta(["--scan", "log", "--color", "always"]).out;
    assert!(always.contains("\x1b[31mDROP\x1b[0m\n"));
}

#[test]
fn control_characters_of_a_log_never_reach_the_terminal() {
    let dir = TestDir::new();
    let hostile = drop_from_port(1)
        .replace("DROP", "D\x1b]0;owned\x07\u{9b}31mROP")
        .replace("IN=eth0", "IN=\x1b[2J")
        .replace("PROTO=TCP", "PROTO=\x1bc\u{202e}x");
    dir.write("log", hostile + &drop_from_port(2));
    let scanned = dir.ipta(["--scan", "log"]);
    let running = Running::start(dir.command(["--follow", "log", "--last", "2"]));
    let followed: String = (0..4).map(|_| running.line().text + "\n").collect();
    assert_eq!(followed, scanned.out);
    let shown = followed + &scanned.err + &running.said().concat();
    let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!shown.contains(bad), "{shown:?}");
}
