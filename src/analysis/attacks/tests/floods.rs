use super::super::Hosts;
use super::*;
use crate::filter::ActionVerdicts;

fn spoofed(count: u32, every: f64, port: u16) -> impl Iterator<Item = Packet<'static>> {
    (0..count).map(move |n| Packet {
        src: numbered(n),
        dst: ip("2001:db8:1::10"),
        ..syn(f64::from(n) * every, 1024 + (n % 60_000) as u16, port)
    })
}

fn single(count: u16, every: f64, port: u16) -> impl Iterator<Item = Packet<'static>> {
    (0..count).map(move |n| syn(f64::from(n) * every, 1024 + n, port))
}

#[test]
fn two_hundred_sources_in_ten_seconds_are_one_flood() {
    let found = only(spoofed(200, 0.05, 80));
    assert_eq!((found.kind, found.source), (AttackKind::SynFlood, Hosts::Many(200)));
    assert_eq!((found.port, found.packets, found.peak), (Some(80), 200, 200));
    assert_eq!((found.per, found.threshold), (10, 200));
}

#[test]
fn one_less_is_none() {
    assert_eq!(episodes(spoofed(199, 0.05, 80)), []);
}

#[test]
fn two_hundred_in_eleven_seconds_are_none() {
    assert_eq!(episodes(spoofed(200, 0.055, 80)), []);
}

#[test]
fn one_source_floods_a_login_port_and_that_is_no_brute_force() {
    let found = only(single(1000, 0.01, 143));
    assert_eq!((found.kind, found.packets), (AttackKind::SynFlood, 1000));
    assert_eq!(found.source, Hosts::One(ip(ATTACKER).unwrap()));
}

#[test]
fn a_flood_of_minutes_is_one() {
    let found = only(spoofed(12_000, 0.025, 143));
    assert_eq!((found.packets, found.source), (12_000, Hosts::Many(12_000)));
    assert!((390..=400).contains(&found.peak), "{}", found.peak);
}

#[test]
fn a_few_sources_that_flood_together_try_no_passwords() {
    let found = only(
        (0..600u16)
            .map(|n| Packet { src: numbered(u32::from(n % 5)), ..syn(f64::from(n) / 50.0, 1024 + n, 22) }),
    );
    assert_eq!((found.kind, found.source), (AttackKind::SynFlood, Hosts::Many(5)));
}

#[test]
fn a_long_brute_force_stays_beside_a_flood_in_its_midst() {
    let brute =
        (0..600u16).map(|n| Packet { dst: ip("2001:db8:1::10"), ..syn(f64::from(n) * 6.0, 40_000 + n, 22) });
    let flood = spoofed(2000, 0.01, 22)
        .map(|p| Packet { time: p.time.map(|t| Time(t.0 + 1800 * Time::SECOND)), ..p });
    let kinds: Vec<_> = episodes(merged(brute.chain(flood).collect())).iter().map(|f| f.kind).collect();
    assert_eq!(kinds, [AttackKind::SynFlood, AttackKind::BruteForce]);
}

#[test]
fn a_brute_force_with_one_fast_moment_stays_one() {
    let slow = (0..600u16).map(|n| syn(f64::from(n) * 2.0, 40_000 + n, 22));
    let fast = (0..250u16).map(|n| syn(600.0 + f64::from(n) / 50.0, 1024 + n, 22));
    let found = only(merged(slow.chain(fast).collect()));
    assert_eq!((found.kind, found.packets), (AttackKind::BruteForce, 850));
}

#[test]
fn one_fixed_source_port_does_not_hide_it() {
    let found = only((0..1000).map(|n| syn(f64::from(n) / 100.0, 4444, 80)));
    assert_eq!(found.kind, AttackKind::SynFlood);
}

#[test]
fn many_clients_whose_syns_are_repeated_are_none() {
    let clients =
        (0..100u32).flat_map(|n| [0.0, 1.0, 3.0].map(|at| Packet { src: numbered(n), ..syn(at, 5000, 80) }));
    assert_eq!(episodes(merged(clients.collect())), []);
}

#[test]
fn what_was_accepted_is_none() {
    assert_eq!(episodes(spoofed(5000, 0.01, 80).map(accepted)), []);
}

#[test]
fn an_action_that_means_let_through_is_none() {
    let mut detector = Detector::new(
        Thresholds::default(),
        Vec::new(),
        ActionVerdicts::default().with(&["PASS".to_owned()], Verdict::Accept),
    );
    for packet in spoofed(5000, 0.01, 80) {
        detector.packet(&Packet { action: b"PASS", ..packet });
    }
    assert_eq!(detector.finish().findings, []);
}

#[test]
fn a_hundred_pings_in_ten_seconds_are_one_icmp_flood() {
    let found = only((0..100).map(|n| ping(f64::from(n) / 10.0)));
    assert_eq!((found.kind, found.packets, found.port), (AttackKind::IcmpFlood, 100, None));
    assert_eq!(found.source, Hosts::One(ip(ATTACKER).unwrap()));
}

#[test]
fn pings_of_ipv6_are_one_too() {
    let found = only((0..500u32).map(|n| Packet {
        src: numbered(n),
        dst: ip("2001:db8:1::10"),
        proto: b"ICMPv6",
        icmp_type: Some(128),
        ..ping(f64::from(n) / 100.0)
    }));
    assert_eq!((found.kind, found.source), (AttackKind::IcmpFlood, Hosts::Many(500)));
}

#[test]
fn a_ping_a_second_is_none() {
    assert_eq!(episodes((0..3600).map(|n| ping(f64::from(n)))), []);
}

#[test]
fn the_alert_of_a_flood_counts_its_sources() {
    let mut detector = detector();
    let alerts: Vec<_> = spoofed(5000, 0.01, 80).filter_map(|p| detector.packet(&p)).collect();
    let texts: Vec<_> = alerts.iter().map(Alert::to_string).collect();
    assert_eq!(texts, ["SYN flood from 200 hosts on 2001:db8:1::10 port 80: 200 connections in 1 s"]);
}
