use super::super::Hosts;
use super::*;

/// Connections to SSH, each from a port of its own.
fn ssh(count: u16, every: f64) -> impl Iterator<Item = Packet<'static>> {
    (0..count).map(move |n| accepted(syn(f64::from(n) * every, 40_000 + n, 22)))
}

#[test]
fn six_accepted_connections_in_a_minute_are_one() {
    let found = only(ssh(6, 10.0));
    assert_eq!(found.kind, AttackKind::BruteForce);
    assert_eq!(found.source, Hosts::One(ip(ATTACKER).unwrap()));
    assert_eq!(found.target, Hosts::One(ip(SERVER).unwrap()));
    assert_eq!((found.port, found.packets, found.peak), (Some(22), 6, 6));
    assert_eq!((found.per, found.threshold, found.lower_bound), (60, 5, false));
    assert_eq!((seconds(found.first), seconds(found.last)), (0.0, 50.0));
}

#[test]
fn five_a_minute_all_day_are_none() {
    assert_eq!(episodes(ssh(7200, 12.0)), []);
}

#[test]
fn an_hour_of_it_is_one_finding() {
    let found = only(ssh(600, 6.0));
    assert_eq!((found.packets, found.peak), (600, 10));
}

#[test]
fn a_pause_under_ten_minutes_does_not_part_it_and_an_hour_does() {
    let twice = |pause: f64| {
        let later = (0..10).map(move |n| accepted(syn(pause + f64::from(n), 50_000 + n, 22)));
        episodes(ssh(10, 1.0).chain(later))
    };
    assert_eq!(twice(500.0).iter().map(|f| f.packets).collect::<Vec<_>>(), [20]);
    assert_eq!(twice(3600.0).iter().map(|f| f.packets).collect::<Vec<_>>(), [10, 10]);
}

#[test]
fn what_connects_now_and_then_afterwards_does_not_lengthen_it() {
    let after = (0..50).map(|n| accepted(syn(300.0 + f64::from(n) * 300.0, 50_000 + n, 22)));
    let found = only(ssh(10, 1.0).chain(after));
    assert_eq!((found.packets, seconds(found.last)), (10, 9.0));
}

#[test]
fn retransmitted_syns_are_one_connection() {
    let syns = [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0];
    assert_eq!(episodes(syns.map(|at| syn(at, 40_000, 22))), []);
}

#[test]
fn a_port_where_nobody_logs_in_has_none() {
    assert_eq!(episodes((0..60).map(|n| accepted(syn(f64::from(n), 40_000 + n, 80)))), []);
}

#[test]
fn ipv6_too() {
    let found = only((0..60u16).map(|n| Packet {
        src: ip("2001:db8::66"),
        dst: ip("2001:db8:1::22"),
        ..syn(f64::from(n), 40_000 + n, 22)
    }));
    assert_eq!((found.kind, found.packets), (AttackKind::BruteForce, 60));
    assert_eq!(found.source, Hosts::One(ip("2001:db8::66").unwrap()));
}

#[test]
fn the_alert_comes_with_the_sixth_connection_and_once() {
    let mut detector = detector();
    let alerts: Vec<Option<Alert>> = ssh(60, 1.0).map(|p| detector.packet(&p)).collect();
    let at: Vec<usize> = (0..60).filter(|n| alerts[*n].is_some()).collect();
    assert_eq!(at, [5]);
    assert_eq!(
        alerts[5].as_ref().unwrap().to_string(),
        "brute force from 192.0.2.66 on 198.51.100.10 port 22: 6 connections in 5 s"
    );
}

/// The tutorial's rules: 60 SSH connections in a minute.
fn tutorial_ssh() -> Vec<Packet<'static>> {
    let line = |n: u16, p| if n < 5 { log(p) } else { attack(p) };
    (0..60).map(|n| line(n, syn(f64::from(n), 40_000 + n, 22))).collect()
}

#[test]
fn the_tutorials_lines_are_one_with_sixty() {
    let found = only(tutorial_ssh());
    assert_eq!((found.kind, found.packets, found.peak), (AttackKind::BruteForce, 60, 60));
    assert!(!found.lower_bound);
}

#[test]
fn the_tutorials_rules_name_the_brute_force_and_the_flood_and_nothing_else() {
    let mut packets = tutorial_ssh();
    packets.extend((0..1000u16).map(|n| Packet {
        src: numbered(u32::from(n) % 500),
        dst: ip("2001:db8:1::10"),
        ..log(syn(120.0 + f64::from(n) / 100.0, 1024 + n, 143))
    }));
    for n in 0..288u16 {
        let at = f64::from(n) * 300.0;
        let client = |at, port, to| Packet { src: ip("203.0.113.5"), ..log(syn(at, port, to)) };
        packets.push(client(at, 20_000 + n, 143));
        packets.push(client(at + 20.0, 30_000 + n, 22));
    }
    // While the rate is exceeded, the rule marks everybody's connections.
    packets.push(Packet { src: ip("203.0.113.7"), ..attack(syn(31.5, 2222, 22)) });
    let found = episodes(merged(packets));
    let kinds: Vec<_> = found.iter().map(|f| (f.kind, f.port, f.packets)).collect();
    assert_eq!(kinds, [(AttackKind::SynFlood, Some(143), 1000), (AttackKind::BruteForce, Some(22), 60)]);
}

#[test]
fn the_mark_alone_is_one() {
    let found = only((0..3).map(|n| attack(syn(f64::from(n) * 30.0, 40_000 + n, 22))));
    assert_eq!((found.kind, found.packets), (AttackKind::BruteForce, 3));
}

#[test]
fn a_mark_while_another_exceeds_the_rate_gives_no_alert() {
    let mut packets = tutorial_ssh();
    packets.push(Packet { src: ip("203.0.113.7"), ..attack(syn(31.5, 2222, 22)) });
    let mut detector = detector();
    let packets = merged(packets);
    let alerts: Vec<_> = packets.iter().filter_map(|p| detector.packet(p)).collect();
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    assert_eq!(alerts[0].episode.source, Hosts::One(ip(ATTACKER).unwrap()));
}
