//! What the manual and the README show below a command is what it prints.

use std::fs;
use std::process::Command;

use crate::process::{self, TestDir, project};

/// Samples that need what this test lacks: root, a server, a terminal, the C program's table, an MMDB, a
/// log of two days that ends now.
const NOT_HERE: [&str; 6] =
    ["--create-db", "db.example.net", "-ai", "--upgrade-table", "--geoip", "--period"];

/// What the sample in chapter 11 shows, as the kernel logs it.
const FOLLOWED: &str = "\
    198.51.100.42 DROP TCP SPT=31929 DPT=25
    198.51.100.234 DROP TCP SPT=55727 DPT=23
    203.178.148.19 ACCEPT ICMP TYPE=8 CODE=0
    203.0.113.120 ACCEPT TCP SPT=43134 DPT=22";

#[test]
fn every_output_shown_is_what_comes_out() {
    let mut chapters = vec![project("README.md")];
    let files = fs::read_dir(project("manual")).expect("manual/");
    chapters.extend(files.map(|entry| entry.expect("a file").path()));
    chapters.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut seen = 0;
    for path in chapters {
        let text = fs::read_to_string(&path).expect("a chapter");
        for sample in text.split("```").skip(1).step_by(2) {
            let sample = sample.replace("\\\n", " ");
            let shown: Vec<&str> =
                sample.lines().skip(1).filter(|l| !l.starts_with("$ ") && !l.is_empty()).collect();
            if !sample.contains("\n$ ")
                || shown.is_empty()
                || NOT_HERE.iter().any(|word| sample.contains(word))
            {
                continue;
            }
            seen += 1;
            let came = outcome(&sample);
            let mut rest = came.lines();
            for line in shown {
                let found = rest.any(|other| is_shown_as(line, other.trim_end()));
                assert!(
                    found,
                    "{}: in\n{sample}\nthis is not what comes out: {line}\nbut:\n{came}",
                    path.display()
                );
            }
        }
    }
    assert!(seen >= 16, "only {seen} samples found");
}

/// Whether a sample's line matches one that came out: it is the same, though in messages the figures may
/// differ.
fn is_shown_as(line: &str, other: &str) -> bool {
    let is_message = ["* ", "- ", "  "].iter().any(|begin| line.starts_with(begin));
    line.trim_end() == other || is_message && without_figures(line) == without_figures(other)
}

/// A line with each run of digits replaced by one `#`.
fn without_figures(line: &str) -> String {
    let mut out = String::new();
    for c in line.chars() {
        let c = if c.is_ascii_digit() { '#' } else { c };
        if c != '#' || !out.ends_with('#') {
            out.push(c);
        }
    }
    out
}

/// Everything a sample's commands print, as the manual would show it.
fn outcome(sample: &str) -> String {
    let dir = TestDir::new();
    let log = fs::read(project("examples/iptables.log")).expect("the example");
    dir.write("iptables.log", &log);
    dir.write("iptables.log.1", &log);
    let edge = "May 17 00:00:00 gate kernel: [EDGE drop] IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=40 PROTO=TCP \
                SPT=1024 DPT=22 WINDOW=1 SYN URGP=0\n";
    dir.write("kern.log", edge.repeat(260));
    let is_stored = sample.contains("packets stored");
    if !sample.contains("there is no ~/.ipta-conf") && !sample.contains("--db-file") {
        let mut modes = vec!["--db-file", "packets.db", "--save-db"];
        if !sample.contains("--create-table") {
            modes.push("--create-table");
            if !is_stored {
                modes.extend(["--import", "iptables.log"]);
            }
            if !sample.contains("--dns-create-table") {
                modes.push("--dns-create-table");
            }
        }
        dir.ipta(modes).fine();
    }
    let home = dir.path("").display().to_string().trim_end_matches('/').to_owned();
    let mut came = String::new();
    for command in sample.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let local = command.replace("/var/log/", "").replace("ipta ", "\"$IPTA\" ");
        let is_follow = command.contains("--follow");
        let local = match is_follow {
            true => {
                format!("(sleep 0.5; cat more >> iptables.log) & {}", local.replace("\"$", "timeout 2 \"$"))
            }
            false => local,
        };
        dir.write("more", followed());
        let mut shell = Command::new("sh");
        shell.args(["-c", &local]).current_dir(dir.path("")).env("HOME", &home).env("TZ", "UTC");
        shell.env("IPTA", env!("CARGO_BIN_EXE_ipta"));
        let said = process::run(shell, "");
        came += &said.err;
        came += &said.out;
    }
    let came = came.replace(&home, "/home/ana");
    let came = match sample.contains("--db-file") {
        true => came,
        false => came.replace("file '/home/ana/packets.db'", "database 'ipta'"),
    };
    came.replace("iptables.log:", "/var/log/iptables.log:").replace("- kern.log", "- /var/log/kern.log")
}

/// The lines of [`FOLLOWED`].
fn followed() -> String {
    let line = |line: &str| {
        let mut words = line.trim().splitn(4, ' ');
        let mut next = || words.next().expect("a word");
        let (source, action, proto, rest) = (next(), next(), next(), next());
        format!(
            "May 18 00:00:00 gate kernel: IPT: {action} IN=eth0 OUT= SRC={source} DST=188.126.93.160 LEN=60 \
             PROTO={proto} {rest}\n"
        )
    };
    FOLLOWED.lines().map(line).collect()
}
