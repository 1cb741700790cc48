//! Attacks as an administrator meets them: the tutorial's own, an ordinary day, nmap, and live.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::live::Running;
use crate::process::{TestDir, TestStore};

/// A line as the tutorial's rules log it.
fn tutorial(prefix: &str, second: u32, source: &str, from: u32, port: u16) -> String {
    format!(
        "Jan  6 {:02}:{:02}:{:02} myhost kernel: [8304902.490996] {prefix}IN=eth0 OUT= \
         MAC=02:00:5e:00:53:01:02:00:5e:00:53:02:08:00 SRC={source} DST=198.51.100.1 LEN=60 TOS=0x00 PREC=0x00 \
         TTL=55 ID=5137 DF PROTO=TCP SPT={from} DPT={port} WINDOW=5840 RES=0x00 SYN URGP=0 \n",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Sixty SSH connections in a minute: the first five within the limit, the others over it.
fn password_guesser() -> String {
    let prefix = |n| if n < 5 { "*LOG*" } else { "*ATTACK*" };
    (0..60).map(|n| tutorial(prefix(n), 3600 + n, "203.0.113.9", 40_000 + n, 22)).collect()
}

/// What was found: kind, source, target, packets.
fn found(said: &str) -> Vec<(String, String, u64)> {
    let report: Value = serde_json::from_str(said).expect("JSON");
    let rows = report["modules"][0]["rows"].as_array().expect("rows").iter();
    let attack = |row: &Value| row["attack"].as_str().expect("a text").to_owned();
    let source = |row: &Value| match row["source_ip"].as_str() {
        Some(address) => address.to_owned(),
        None => format!("{} hosts", row["source_ip_count"]),
    };
    rows.map(|row| (attack(row), source(row), row["packets"].as_u64().expect("a number"))).collect()
}

fn attacks(dir: &TestDir, log: &str, prefix: &str) -> Vec<(String, String, u64)> {
    dir.write("log", log);
    let call =
        ["-a", "log", "--prefix", prefix, "--modules", "attacks", "--format", "json", "--limit", "100"];
    found(&dir.ipta(call).fine().out)
}

#[test]
fn the_tutorial_word_for_word_gives_its_brute_force_and_its_flood_and_nothing_else() {
    for spoofed in [false, true] {
        let source = |n: u32| {
            if spoofed { format!("192.0.2.{}", n % 250 + 1) } else { "192.0.2.5".to_owned() }
        };
        let flood = (0..300).map(|n| tutorial("*LOG*", 7200 + n / 30, &source(n), 1024 + n, 143));
        // One of them comes soon after the flood but is no part of it.
        let ordinary = (0..20).map(|n| tutorial("*LOG*", 7500 + n * 1800, "203.0.113.77", 2000 + n, 143));
        let log: String = [password_guesser()].into_iter().chain(flood).chain(ordinary).collect();
        let mut found = attacks(&TestDir::new(), &log, "tutorial");
        found.sort();
        let flooder = if spoofed { "250 hosts" } else { "192.0.2.5" };
        let expected = [("SYN flood", flooder, 300), ("brute force", "203.0.113.9", 60)];
        assert_eq!(found, expected.map(|(kind, source, n)| (kind.to_owned(), source.to_owned(), n)));
    }
}

#[test]
fn a_table_tells_of_the_same_attacks_as_the_log() {
    let log = password_guesser();
    for db in [TestStore::on_a_file(), TestStore::on_a_server()] {
        let path = db.dir.write("log", &log).display().to_string();
        db.ipta(["--prefix", "tutorial", "-i", &path]).fine();
        let said = db.ipta(["-a", "--modules", "attacks", "--format", "json"]).fine();
        assert_eq!(found(&said.out), [("brute force".to_owned(), "203.0.113.9".to_owned(), 60)]);
    }
}

/// A day's four rotated logs, consecutive ones meeting within a second. A slow scan runs through all four,
/// password guessing through the last two.
fn rotated() -> [String; 4] {
    let line = |second: u32, source: &str, from: u32, port: u32| {
        format!(
            "2026-05-04T{:02}:{:02}:{:02}+00:00 gw kernel: IPT: DROP IN=eth0 OUT= SRC={source} DST=198.51.100.1 \
             LEN=60 PROTO=TCP SPT={from} DPT={port} WINDOW=1 RES=0x00 SYN URGP=0\n",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    };
    let mut lines = Vec::new();
    lines.extend((0..96).map(|n| (n * 900, line(n * 900, "203.0.113.9", 40_000, 1000 + n))));
    lines.extend((0..60).map(|n| (64_770 + n, line(64_770 + n, "203.0.113.10", 41_000 + n, 22))));
    for end in [21_600, 43_200, 64_800] {
        lines.extend((0..6).map(|n| (end, line(end, &format!("192.0.2.{n}"), 50_000 + n, 80))));
    }
    lines.sort_by_key(|(second, _)| *second);
    let mut logs = [(); 4].map(|()| String::new());
    for (n, (second, line)) in lines.into_iter().enumerate() {
        // Within the second of a rotation, the older log gets every other line.
        let at = second / 21_600;
        let is_older = second % 21_600 == 0 && second > 0 && n % 2 == 0;
        logs[(at - u32::from(is_older)) as usize].push_str(&line);
    }
    logs
}

#[test]
fn attacks_are_the_same_in_whatever_order_logs_are_imported() {
    let logs = rotated();
    for db in [TestStore::on_a_file(), TestStore::on_a_server()] {
        let names: Vec<String> = logs
            .iter()
            .enumerate()
            .map(|(n, log)| db.dir.write(&format!("log.{n}"), log).display().to_string())
            .collect();
        let report = || db.ipta(["-a", "--modules", "attacks"]).fine().out;
        db.ipta(["-i"].into_iter().chain(names.iter().map(String::as_str))).fine();
        let together = report();
        assert!(together.contains("slow SYN scan") && together.contains("brute force"), "{together}");
        assert_eq!(together.lines().count(), 6, "{together}");
        for order in orders() {
            db.ipta(["-c"]).fine();
            for n in order {
                db.ipta(["-i", &names[n]]).fine();
            }
            assert_eq!(report(), together, "{order:?}");
        }
    }
}

/// All orders of four things.
fn orders() -> Vec<[usize; 4]> {
    let all = (0..256).map(|n| [n / 64, n / 16 % 4, n / 4 % 4, n % 4]);
    let differ = |order: &[usize; 4]| (0..4).all(|n| order.contains(&n));
    all.filter(differ).collect()
}

#[test]
fn an_ordinary_day_has_no_finding() {
    let line = |second: u32, word: &str, rest: &str| {
        format!(
            "May  4 {:02}:{:02}:{:02} gw kernel: IPT: {word} IN=eth0 OUT= {rest} \n",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    };
    let mut log: Vec<(u32, String)> = Vec::new();
    for n in 0..288 {
        // A monitoring host probes six services every five minutes.
        for (k, port) in [22, 25, 80, 143, 443, 993].into_iter().enumerate() {
            let from = 30_000 + n * 6 + k as u32;
            let rest = format!(
                "SRC=192.0.2.200 DST=198.51.100.1 LEN=60 TOS=0x00 PREC=0x00 TTL=60 ID=1 DF PROTO=TCP SPT={from} DPT={port} WINDOW=64240 RES=0x00 SYN URGP=0"
            );
            log.push((n * 300 + k as u32, line(n * 300 + k as u32, "ACCEPT", &rest)));
        }
    }
    for n in 0..2000u32 {
        let second = n * 43;
        let to = 20_000 + n * 7 % 40_000;
        // Late answers from name and time servers, to ever-changing ports; announcements; late RSTs.
        for rest in [
            format!("SRC=192.0.2.53 DST=198.51.100.1 LEN=120 TOS=0x00 PREC=0x00 TTL=60 ID=1 PROTO=UDP SPT=53 DPT={to} LEN=100"),
            format!("SRC=192.0.2.123 DST=198.51.100.1 LEN=76 TOS=0x00 PREC=0x00 TTL=60 ID=1 PROTO=UDP SPT=123 DPT={to} LEN=56"),
            "SRC=198.51.100.7 DST=224.0.0.251 LEN=120 TOS=0x00 PREC=0x00 TTL=255 ID=1 PROTO=UDP SPT=5353 DPT=5353 LEN=100".to_owned(),
            format!("SRC=192.0.2.80 DST=198.51.100.1 LEN=40 TOS=0x00 PREC=0x00 TTL=60 ID=0 DF PROTO=TCP SPT=443 DPT={to} WINDOW=0 RES=0x00 RST URGP=0"),
        ] {
            log.push((second, line(second, "DROP", &rest)));
        }
    }
    log.sort_by_key(|(second, _)| *second);
    let log: String = log.into_iter().map(|(_, line)| line).collect();
    assert_eq!(attacks(&TestDir::new(), &log, "ipt"), []);
}

#[test]
fn follow_tells_of_an_attack_within_a_second_of_its_sixth_connection() {
    let dir = TestDir::new();
    dir.write("log", tutorial("*LOG*", 3599, "192.0.2.1", 1, 80));
    let call = ["--follow", "log", "--last", "1", "--prefix", "tutorial", "--attacks"];
    let running = Running::start(dir.command(call));
    running.packets(1);
    let six: Vec<String> = password_guesser().lines().take(6).map(|line| format!("{line}\n")).collect();
    dir.append("log", six.concat());
    let written = Instant::now();
    let told = loop {
        let line = running.line();
        if line.text.starts_with("ATTACK: ") {
            break line;
        }
    };
    assert!(
        told.text.starts_with("ATTACK: brute force from 203.0.113.9 on 198.51.100.1 port 22: 6 connections"),
        "{told:?}"
    );
    assert!(written.elapsed() < Duration::from_secs(1), "{:?}", written.elapsed());
}
