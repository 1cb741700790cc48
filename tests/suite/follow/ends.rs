//! How a follow ends: by a signal, or when nobody reads any more.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::following;
use crate::live::{drop_from_port, signal_of};
use crate::process::Desk;

#[test]
fn a_signal_ends_it_as_that_signal_and_at_once() {
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let desk = Desk::new();
        let mut running = following(&desk, &[]);
        running.signal(name);
        let begun = Instant::now();
        assert_eq!(signal_of(running.end()), Some(number), "{name}");
        assert!(
            begun.elapsed() < Duration::from_millis(500),
            "{name}: {:?}",
            begun.elapsed()
        );
        assert_eq!(running.said(), Vec::<String>::new());
    }
}

#[test]
fn it_ends_when_its_reader_is_gone_although_no_line_comes() {
    let desk = Desk::new();
    desk.write("log", (1..=9).map(drop_from_port).collect::<String>());
    let mut ipta = desk.command(["--follow", "log", "--last", "9"]);
    let mut ipta = ipta
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let head = Command::new("head")
        .arg("-5")
        .stdin(ipta.stdout.take().unwrap())
        .output();
    assert_eq!(
        String::from_utf8(head.unwrap().stdout).unwrap().lines().count(),
        5
    );
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
