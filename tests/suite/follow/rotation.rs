//! What happens to the name of a log: renamed, copied and cut, deleted, not there yet.

use std::fs;
use std::time::Duration;

use super::following;
use crate::live::{Running, drop_from_port};
use crate::process::Desk;

#[test]
fn rename_and_create_loses_nothing_of_either_file() {
    let desk = Desk::new();
    let running = following(&desk, &[]);
    let mut expected = Vec::new();
    for round in 1..=20_u32 {
        desk.append("log", drop_from_port(round * 10));
        fs::rename(desk.path("log"), desk.path("log.1")).unwrap();
        // The daemon writes into the old file until it is told.
        desk.append("log.1", drop_from_port(round * 10 + 1));
        desk.write("log", drop_from_port(round * 10 + 2));
        expected.extend([round * 10, round * 10 + 1, round * 10 + 2]);
        assert_eq!(running.ports(3), expected[expected.len() - 3..], "round {round}");
    }
    assert!(running.until_said("was rotated").contains("log"));
    running.is_silent(Duration::from_millis(500));
}

#[test]
fn copy_and_truncate_goes_on_from_the_start() {
    let desk = Desk::new();
    let running = following(&desk, &[]);
    for round in 1..=10_u32 {
        desk.append("log", drop_from_port(round * 10));
        assert_eq!(running.ports(1), [round * 10]);
        fs::copy(desk.path("log"), desk.path("log.1")).unwrap();
        desk.write("log", "");
        desk.append("log", drop_from_port(round * 10 + 1));
        assert_eq!(running.ports(1), [round * 10 + 1], "round {round}");
    }
    running.until_said("was truncated");
    running.is_silent(Duration::from_millis(500));
}

#[test]
fn a_deleted_log_is_waited_for_and_told_of() {
    let desk = Desk::new();
    let running = following(&desk, &[]);
    fs::remove_file(desk.path("log")).unwrap();
    running.until_said("is gone");
    desk.append("log", drop_from_port(2));
    assert_eq!(running.ports(1), [2]);
    running.until_said("is there");
}

#[test]
fn a_log_that_is_not_there_yet_is_read_from_its_start_once_it_is() {
    let desk = Desk::new();
    let running = Running::start(desk.command(["--follow", "logs/firewall.log"]));
    running.until_said("is not there yet");
    fs::create_dir(desk.path("logs")).unwrap();
    desk.write("logs/firewall.log", drop_from_port(1) + &drop_from_port(2));
    assert_eq!(running.ports(2), [1, 2]);
}
