//! `--follow`: what an administrator sees while the log is written, rotated and removed.

mod ends;
mod looks;
mod rotation;

use std::time::{Duration, Instant};

use crate::live::{Running, drop_from_port, packet, port, processor_time};
use crate::process::TestDir;

/// Follows `log`, whose packet from port 1 has already been shown.
fn following(dir: &TestDir, options: &[&str]) -> Running {
    dir.append("log", drop_from_port(1));
    let mut arguments = vec!["--follow", "log", "--last", "1"];
    arguments.extend(options);
    let running = Running::start(dir.command(arguments));
    assert!(running.packets(1)[0].text.contains(" 192.0.2.7 "));
    running
}

#[test]
fn each_line_comes_once_and_in_order_and_soon() {
    let dir = TestDir::new();
    let running = following(&dir, &[]);
    let mut slowest = Duration::ZERO;
    for port in 2..=30 {
        let written = Instant::now();
        dir.append("log", drop_from_port(port));
        let line = running.packets(1).remove(0);
        assert_eq!(line.port(), Some(port));
        slowest = slowest.max(line.at.saturating_duration_since(written));
    }
    // On an otherwise idle machine, 50 ms are promised.
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");
    running.is_silent(Duration::from_millis(300));
}

#[test]
fn only_what_comes_is_shown_unless_the_last_lines_are_asked_for() {
    let dir = TestDir::new();
    dir.write("log", (1..=5).map(drop_from_port).collect::<String>());
    let running = Running::start(dir.command(["--follow", "log", "--last", "3"]));
    assert_eq!(running.ports(3), [3, 4, 5]);
    let fresh = Running::start(dir.command(["--follow", "log"]));
    fresh.is_silent(Duration::from_millis(500));
    dir.append("log", drop_from_port(6));
    assert_eq!((running.ports(1), fresh.ports(1)), (vec![6], vec![6]));
}

#[test]
fn a_line_is_shown_when_it_is_complete_and_not_before() {
    let dir = TestDir::new();
    let running = following(&dir, &[]);
    let line = drop_from_port(2);
    let (begin, end) = line.split_at(150);
    dir.append("log", begin);
    running.is_silent(Duration::from_millis(1300));
    dir.append("log", end);
    assert_eq!(running.ports(1), [2]);
}

#[test]
fn a_hundred_thousand_lines_in_one_burst_are_all_shown_and_counted_right() {
    const BURST: u32 = 100_000;
    let dir = TestDir::new();
    let running = following(&dir, &["--no-header"]);
    let burst: String = (0..BURST).map(|n| drop_from_port(n % 60_000)).collect();
    dir.append("log", burst);
    for n in 0..BURST {
        let line = running.line().text;
        let count: u64 = line.split_ascii_whitespace().next().unwrap().parse().unwrap();
        assert_eq!((count, port(&line)), (u64::from(n) + 2, Some(n % 60_000)));
    }
    running.is_silent(Duration::from_millis(200));
}

/// One line can stand for very many packets, which must neither fill memory nor stop it.
#[test]
fn a_message_repeated_very_often_is_shown_as_often() {
    let dir = TestDir::new();
    let running = following(&dir, &["--no-header", "--rdns"]);
    let message = "IPT: DROP IN=eth0 OUT= SRC=127.0.0.1 DST=127.0.0.2 LEN=60 PROTO=TCP SPT=9 DPT=10 ";
    dir.append(
        "log",
        format!("May  4 06:35:13 zathras kernel: message repeated 50000 times: [ {message}]\n"),
    );
    for _ in 0..50_000 {
        assert_eq!(running.line().port(), Some(9));
    }
    running.is_silent(Duration::from_millis(200));
}

#[test]
fn without_new_lines_it_uses_no_processor_to_speak_of() {
    let dir = TestDir::new();
    let running = following(&dir, &[]);
    let before = processor_time(running.pid());
    running.is_silent(Duration::from_secs(5));
    let used = processor_time(running.pid()) - before;
    assert!(used <= Duration::from_millis(50), "{used:?} in five seconds");
}

#[test]
fn no_database_is_touched() {
    let dir = TestDir::new();
    let wrong = "db_host = \"/nowhere/socket\"\ndb_pass = \"wrong\"\n";
    std::os::unix::fs::symlink("/nowhere/at/all.db", dir.path("packets.db")).unwrap();
    let conf = dir.write(".ipta-conf", wrong);
    let mode: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(conf, mode).unwrap();
    let running = following(&dir, &[]);
    dir.append("log", drop_from_port(2));
    assert_eq!(running.ports(1), [2]);
    assert_eq!(running.said(), Vec::<String>::new());
}

#[test]
fn a_log_whose_packets_have_other_prefixes_says_so_once() {
    let dir = TestDir::new();
    dir.write("log", "");
    let running = Running::start(dir.command(["--follow", "log"]));
    let other = drop_from_port(1).replace("IPT: DROP ", "FINAL-REJECT: ");
    // Until it has begun to watch.
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(200));
        dir.append("log", &other);
    }
    assert!(running.until_said("FINAL-REJECT").contains("--prefix"));
    running.is_silent(Duration::from_millis(500));
    assert_eq!(running.said(), Vec::<String>::new());
}

#[test]
fn a_pipe_and_a_fifo_are_followed_to_their_end() {
    use std::io::Write;
    let dir = TestDir::new();
    let mut running = Running::start(dir.command(["--follow", "-"]));
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(drop_from_port(1).as_bytes()).unwrap();
    assert_eq!(running.ports(1), [1]);
    let last = drop_from_port(2);
    stdin.write_all(last.trim_end().as_bytes()).unwrap();
    running.is_silent(Duration::from_millis(200));
    drop(stdin);
    assert_eq!(running.ports(1), [2], "the end of the pipe completes its last line");
    assert_eq!(running.end().code(), Some(0));

    let fifo = dir.path("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let mut running = Running::start(dir.command(["--follow", "fifo"]));
    let mut writer = std::fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    writer.write_all(drop_from_port(3).as_bytes()).unwrap();
    assert_eq!(running.ports(1), [3]);
    drop(writer);
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn what_a_pipe_holds_besides_packets_is_said() {
    let dir = TestDir::new();
    let cut = drop_from_port(1).replace(" DST=198.51.100.1", "");
    let said = dir.fed(["--follow", "-"], cut.repeat(3) + &drop_from_port(2)).fine();
    said.says(["- 3 lines damaged:", "such as: "]);
    dir.fed(["--follow", "-"], "nothing\n").fine().says(["- standard input has no packets in 1 line"]);
    dir.fed(["--follow", "-", "--last", "2"], "")
        .refused(2)
        .says(["--last has no effect with standard input"]);
}

#[test]
fn filters_leave_packets_out_but_not_out_of_the_count() {
    let dir = TestDir::new();
    let running = following(&dir, &["--no-accept", "--no-local"]);
    dir.append("log", packet("ACCEPT", "192.0.2.8", "198.51.100.1", 2));
    dir.append("log", drop_from_port(3).replace("IN=eth0", "IN=lo"));
    dir.append("log", drop_from_port(4).replace("IN=eth0", "IN=lo0"));
    let line = running.packets(1).remove(0).text;
    assert!(line.starts_with("       4 lo0      192.0.2.7 "), "{line}");
}
