//! How a follow ends: by a signal, or when nobody reads anymore.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::following;
use crate::live::{Running, drop_from_port, signal_of};
use crate::process::TestDir;

#[test]
fn a_signal_ends_it_as_that_signal_and_at_once() {
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let dir = TestDir::new();
        let mut running = following(&dir, &[]);
        running.signal(name);
        let begun = Instant::now();
        assert_eq!(signal_of(running.end()), Some(number), "{name}");
        assert!(begun.elapsed() < Duration::from_millis(500), "{name}: {:?}", begun.elapsed());
        assert_eq!(running.said(), Vec::<String>::new());
    }
}

#[test]
fn a_signal_ends_it_although_its_reader_has_stopped_reading() {
    let dir = TestDir::new();
    dir.write("log", (0..20_000).map(drop_from_port).collect::<String>());
    let mut ipta = dir.command(["--follow", "log", "--last", "20000"]);
    let mut ipta = ipta.stdout(Stdio::piped()).spawn().unwrap();
    // Let the pipe fill up.
    std::thread::sleep(Duration::from_millis(500));
    let pid = ipta.id().to_string();
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) {
        if let Some(status) = ipta.try_wait().unwrap() {
            assert_eq!(signal_of(status), Some(15));
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    ipta.kill().unwrap();
    ipta.wait().unwrap();
    panic!("it waits for its reader");
}

#[test]
fn under_nohup_it_outlives_the_terminal() {
    let dir = TestDir::new();
    dir.write("log", drop_from_port(1));
    let mut nohup = Command::new("nohup");
    let ipta = dir.command(["--follow", "log", "--last", "1"]);
    nohup.arg(ipta.get_program()).args(ipta.get_args());
    nohup.current_dir(dir.path("")).env("TZ", "UTC").env("HOME", dir.path(""));
    let mut running = Running::start(nohup);
    running.packets(1);
    running.signal("HUP");
    running.is_silent(Duration::from_millis(300));
    dir.append("log", drop_from_port(2));
    assert_eq!(running.ports(1), [2]);
    running.signal("TERM");
    assert_eq!(signal_of(running.end()), Some(15));
}

#[test]
fn it_ends_when_its_reader_is_gone_although_no_line_comes() {
    let dir = TestDir::new();
    dir.write("log", (1..=9).map(drop_from_port).collect::<String>());
    let mut ipta = dir.command(["--follow", "log", "--last", "9"]);
    let mut ipta = ipta.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let head = Command::new("head").arg("-5").stdin(ipta.stdout.take().unwrap()).output();
    assert_eq!(String::from_utf8(head.unwrap().stdout).unwrap().lines().count(), 5);
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = ipta.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > Duration::from_secs(10) {
            ipta.kill().unwrap();
            panic!("it goes on without a reader");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(status.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let said = std::io::read_to_string(ipta.stderr.unwrap()).unwrap();
    assert_eq!(said, "");
}
