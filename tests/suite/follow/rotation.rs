//! What happens to a log's name: renamed, copied and truncated, deleted, not there yet.

use std::fs;
use std::time::Duration;

use super::following;
use crate::live::{Running, drop_from_port};
use crate::process::TestDir;

#[test]
fn rename_and_create_loses_nothing_of_either_file() {
    let dir = TestDir::new();
    let running = following(&dir, &[]);
    let mut expected = Vec::new();
    for round in 1..=20_u32 {
        dir.append("log", drop_from_port(round * 10));
        fs::rename(dir.path("log"), dir.path("log.1")).unwrap();
        // The daemon writes to the old file until told otherwise.
        dir.append("log.1", drop_from_port(round * 10 + 1));
        dir.write("log", drop_from_port(round * 10 + 2));
        expected.extend([round * 10, round * 10 + 1, round * 10 + 2]);
        assert_eq!(running.ports(3), expected[expected.len() - 3..], "round {round}");
    }
    assert!(running.until_said("was rotated").contains("log"));
    running.is_silent(Duration::from_millis(500));
}

#[test]
fn copy_and_truncate_goes_on_from_the_start() {
    let dir = TestDir::new();
    let running = following(&dir, &[]);
    for round in 1..=10_u32 {
        dir.append("log", drop_from_port(round * 10));
        assert_eq!(running.ports(1), [round * 10]);
        fs::copy(dir.path("log"), dir.path("log.1")).unwrap();
        dir.write("log", "");
        dir.append("log", drop_from_port(round * 10 + 1));
        assert_eq!(running.ports(1), [round * 10 + 1], "round {round}");
    }
    running.until_said("was truncated");
    running.is_silent(Duration::from_millis(500));
}

#[test]
fn a_deleted_log_is_waited_for_and_told_of() {
    let dir = TestDir::new();
    let running = following(&dir, &[]);
    fs::remove_file(dir.path("log")).unwrap();
    running.until_said("is gone");
    dir.append("log", drop_from_port(2));
    assert_eq!(running.ports(1), [2]);
    running.until_said("has appeared");
}

#[test]
fn a_log_that_is_not_there_yet_is_read_from_its_start_once_it_is() {
    let dir = TestDir::new();
    let running = Running::start(dir.command(["--follow", "logs/firewall.log"]));
    running.until_said("does not exist yet");
    fs::create_dir(dir.path("logs")).unwrap();
    dir.write("logs/firewall.log", drop_from_port(1) + &drop_from_port(2));
    assert_eq!(running.ports(2), [1, 2]);
}
