//! One attacker, one finding.

use super::super::Hosts;
use super::super::finding::{ProbeKind, Severity};
use super::*;

const DAY: f64 = 86_400.0;

fn scan(start: f64, ports: u16) -> impl Iterator<Item = Packet<'static>> {
    (1..=ports).map(move |port| syn(start + f64::from(port) / 10.0, 43_000, port))
}

fn guesses(start: f64, count: u16) -> impl Iterator<Item = Packet<'static>> {
    (0..count).map(move |n| syn(start + f64::from(n) * 2.0, 20_000 + n, 22))
}

fn from(source: &str, packets: impl Iterator<Item = Packet<'static>>) -> Vec<Packet<'static>> {
    packets.map(|packet| Packet { src: ip(source), ..packet }).collect()
}

fn one(packets: Vec<Packet<'static>>) -> Finding {
    let mut found = findings(merged(packets));
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

#[test]
fn scans_of_three_hosts_on_four_days_are_one() {
    let mut packets = Vec::new();
    for day in 0..4 {
        for host in 0..3 {
            let start = f64::from(day) * DAY + f64::from(host) * 1000.0;
            packets.extend(scan(start, 30).map(|packet| Packet { dst: numbered(host), ..packet }));
        }
    }
    let found = one(packets);
    assert_eq!((found.target, found.packets, found.distinct), (Hosts::Many(3), 360, 30));
    assert_eq!((found.episodes.len(), found.severity, found.is_shared), (12, Severity::Medium, false));
    assert_eq!(seconds(found.last), 3.0 * DAY + 2003.0);
}

#[test]
fn two_targets_of_one_sweep_after_another_may_be_the_same_hosts() {
    let sweep = |start: f64, port: u16| {
        (0..20).map(move |n| Packet { dst: numbered(n), ..syn(start + f64::from(n), 43_000, port) })
    };
    let found = one(sweep(0.0, 23).chain(sweep(5000.0, 80)).collect());
    assert_eq!((found.target, found.port, found.packets), (Hosts::AtLeast(20), None, 40));
    assert_eq!(found.services, ["Telnet", "HTTP"]);
}

#[test]
fn a_scan_and_then_passwords_are_one_and_grave() {
    let found = one(scan(0.0, 30).chain(guesses(4000.0, 20)).collect());
    assert_eq!(found.kinds, [AttackKind::BruteForce, AttackKind::Scan(ProbeKind::Syn)]);
    assert_eq!((found.packets, found.severity, found.is_shared), (50, Severity::High, false));
    assert_eq!((found.peak, found.per, found.threshold, found.distinct), (20, 60, 5, 0));
}

#[test]
fn what_went_on_at_one_time_in_two_ways_is_counted_once() {
    let found = one(scan(0.0, 30).chain(guesses(0.0, 20)).collect());
    assert_eq!((found.packets, found.is_shared), (50, true));
}

#[test]
fn three_of_a_network_that_do_the_same_at_the_same_time_are_one() {
    let at = |start: [f64; 3]| {
        let sources = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
        sources.iter().zip(start).flat_map(|(source, at)| from(source, scan(at, 40))).collect::<Vec<_>>()
    };
    let found = one(at([0.0, 60.0, 500.0]));
    assert_eq!(found.source, Hosts::Of("192.0.2.0/24".parse().unwrap(), 3));
    assert_eq!((found.severity, found.packets, found.episodes.len()), (Severity::Medium, 120, 3));
    // Hours apart they are three.
    assert_eq!(findings(merged(at([0.0, 5000.0, 10_000.0]))).len(), 3);
}

#[test]
fn two_of_a_network_are_two() {
    let packets = [from("192.0.2.1", scan(0.0, 40)), from("192.0.2.2", scan(1.0, 40))].concat();
    assert_eq!(findings(merged(packets)).len(), 2);
}

#[test]
fn passwords_tried_by_a_network_in_turn_are_found() {
    let guesses = (0..60u16).map(|n| Packet {
        src: ip(&format!("192.0.2.{}", 1 + n % 20)),
        ..syn(f64::from(n) * 3.0, 20_000 + n, 22)
    });
    let found = one(guesses.collect());
    assert_eq!(found.kinds, [AttackKind::BruteForce]);
    assert_eq!(found.source, Hosts::Of("192.0.2.0/24".parse().unwrap(), 20));
    assert_eq!((found.target, found.port), (Hosts::One(ip(SERVER).unwrap()), Some(22)));
}

#[test]
fn customers_of_one_provider_who_are_let_in_are_no_attacker() {
    let customers = (0..600u16).map(|n| Packet {
        src: ip(&format!("192.0.2.{}", 1 + n % 200)),
        ..accepted(syn(f64::from(n), 20_000 + n, 993))
    });
    assert_eq!(findings(customers), []);
}

#[test]
fn neighbors_are_told_apart() {
    for (target, source) in
        [("192.168.7.1", "192.168.7."), ("198.51.100.10", "10.1.2."), (SERVER, "198.51.100.2")]
    {
        let packets: Vec<_> = (0..3)
            .flat_map(|n| from(&format!("{source}{}", 20 + n), scan(f64::from(n), 40)))
            .map(|packet| Packet { dst: ip(target), ..packet })
            .collect();
        assert_eq!(findings(merged(packets)).len(), 3, "{source}");
    }
}

#[test]
fn floods_of_one_port_on_two_days_are_one() {
    let flood = |start: f64| {
        (0..300u32).map(move |n| Packet { src: elsewhere(n), ..syn(start + f64::from(n) / 50.0, 1024, 80) })
    };
    let found = one(flood(0.0).chain(flood(DAY)).collect());
    assert_eq!((found.kinds.len(), found.packets, found.source), (1, 600, Hosts::AtLeast(300)));
}

#[test]
fn severity_goes_by_what_was_tried_how_much_and_how_long() {
    let severity = |packets: Vec<Packet<'static>>| one(packets).severity;
    assert_eq!(severity(scan(0.0, 20).collect()), Severity::Low);
    assert_eq!(severity(scan(0.0, 100).collect()), Severity::Medium);
    assert_eq!(severity(scan(0.0, 20).chain(scan(2.0 * DAY, 20)).collect()), Severity::Medium);
    assert_eq!(severity((1..20).map(|n| tcp(f64::from(n), 43_000, n, 0)).collect()), Severity::Medium);
    assert_eq!(severity(guesses(0.0, 20).collect()), Severity::Medium);
    assert_eq!(severity(guesses(0.0, 100).collect()), Severity::High);
    assert_eq!(severity((0..500).map(|n| syn(f64::from(n) * 8.0, 20_000 + n, 22)).collect()), Severity::High);
    let flood = |every: f64| (0..6000).map(move |n| syn(f64::from(n) * every, 1024 + n, 80)).collect();
    assert_eq!((severity(flood(0.01)), severity(flood(0.001))), (Severity::Medium, Severity::High));
}

#[test]
fn the_gravest_come_first() {
    let packets = [
        from("192.0.2.1", scan(0.0, 90)),
        from("203.0.113.1", guesses(0.0, 20)),
        from("2001:db8::1", guesses(0.0, 120)),
    ];
    let found: Vec<_> = findings(merged(packets.concat())).iter().map(|f| (f.severity, f.packets)).collect();
    assert_eq!(found, [(Severity::High, 120), (Severity::Medium, 20), (Severity::Low, 90)]);
}
