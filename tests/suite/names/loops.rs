//! The logging loop of the manual's 2.8: packets caused by showing packets.

use std::time::Duration;

use super::following;
use crate::live::nameserver::{Network, Reply};
use crate::live::{Running, drop_from_port, packet};
use crate::process::TestDir;

/// A packet leaving this host for a port on another.
fn leaving(proto: &str, dst: &str, port: u32, from: u32) -> String {
    packet("DROP", "198.51.100.7", dst, from)
        .replace("IN=eth0 OUT=", "IN= OUT=eth0")
        .replace("DPT=15003", &format!("DPT={port}"))
        .replace("PROTO=TCP", &format!("PROTO={proto}"))
}

#[test]
fn questions_for_names_are_told_of_once_with_the_way_to_stop_them() {
    let dir = TestDir::new();
    let network = Network::new(&dir, &[("*", Reply::None)]);
    network.resolv_conf("nameserver 127.0.0.1\nnameserver 192.0.2.53\n");
    let running = following(&dir, &network, &[]);
    for from in 2..=4 {
        dir.append("log", leaving("UDP", "192.0.2.53", 53, from));
    }
    assert_eq!(running.ports(3), [2, 3, 4]);
    let said = running.until_said("a loop");
    assert!(said.contains("name lookups"), "{said}");
    let further = running.until_said("--no-loop");
    assert!(further.contains("leave out --rdns"), "{further}");
    dir.append("log", leaving("UDP", "192.0.2.53", 53, 5));
    assert_eq!(running.ports(1), [5]);
    assert_eq!(running.said(), Vec::<String>::new(), "said once");
}

#[test]
fn no_loop_leaves_them_out_but_not_out_of_the_count() {
    let dir = TestDir::new();
    let network = Network::new(&dir, &[("*", Reply::None)]);
    let running = following(&dir, &network, &["--no-loop"]);
    // The name server is on this host and asks others on our behalf.
    dir.append("log", leaving("UDP", "203.0.113.53", 53, 2));
    dir.append("log", leaving("TCP", "203.0.113.53", 853, 3));
    dir.append("log", leaving("TCP", "203.0.113.53", 443, 4));
    let line = running.packets(1).remove(0);
    assert_eq!(line.port(), Some(4));
    assert!(line.text.starts_with("       4 "), "{line:?}");
    assert_eq!(running.said(), Vec::<String>::new());
}

#[test]
fn without_rdns_questions_of_others_are_packets_like_any() {
    let dir = TestDir::new();
    dir.write("log", drop_from_port(1));
    let running = Running::start(dir.command(["--follow", "log", "--last", "1", "--no-loop"]));
    running.packets(1);
    dir.append("log", leaving("UDP", "192.0.2.53", 53, 2));
    assert_eq!(running.ports(1), [2]);
    assert_eq!(running.said(), Vec::<String>::new());
}

#[test]
fn the_ssh_session_that_shows_the_lines_is_told_of_and_can_be_left_out() {
    let dir = TestDir::new();
    dir.write("log", drop_from_port(1));
    let session = packet("ACCEPT", "203.0.113.9", "198.51.100.1", 51000).replace("DPT=15003", "DPT=22");
    let other = packet("ACCEPT", "203.0.113.9", "198.51.100.1", 51001).replace("DPT=15003", "DPT=22");
    let follow = |options: &[&str]| {
        let mut command = dir.command(["--follow", "log", "--last", "1"]);
        command.args(options).env("SSH_CONNECTION", "203.0.113.9 51000 198.51.100.1 22");
        let running = Running::start(command);
        running.packets(1);
        running
    };
    let running = follow(&[]);
    let without = follow(&["--no-loop"]);
    let denied = follow(&["--no-accept"]);
    dir.append("log", session + &other);
    assert_eq!(running.ports(2), [51000, 51001]);
    assert!(running.until_said("a loop").contains("SSH session"));
    assert_eq!(without.ports(1), [51001]);
    assert_eq!(without.said(), Vec::<String>::new());
    // What is not shown causes no loop.
    denied.is_silent(Duration::from_millis(500));
    assert_eq!(denied.said(), Vec::<String>::new());
}
