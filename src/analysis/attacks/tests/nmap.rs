//! What nmap sends: from one high port to 100 ports (connect: from a new port each time), each unanswered probe
//! twice. An idle scan is a SYN scan from another host's address.

use super::super::Hosts;
use super::super::finding::{ProbeKind, Severity};
use super::*;

const PORT: u16 = 43_211;

type Shape = fn(f64, u16) -> Packet<'static>;

const SHAPES: [(ProbeKind, Shape); 8] = [
    (ProbeKind::Syn, |at, to| syn(at, PORT, to)),
    (ProbeKind::Syn, |at, to| syn(at, 33_000 + to % 20_000, to)),
    (ProbeKind::Fin, |at, to| tcp(at, PORT, to, TcpFlags::FIN)),
    (ProbeKind::Null, |at, to| tcp(at, PORT, to, 0)),
    (ProbeKind::Xmas, |at, to| tcp(at, PORT, to, TcpFlags::FIN | TcpFlags::PSH | TcpFlags::URG)),
    (ProbeKind::Maimon, |at, to| tcp(at, PORT, to, TcpFlags::FIN | TcpFlags::ACK)),
    (ProbeKind::Ack, |at, to| tcp(at, PORT, to, TcpFlags::ACK)),
    (ProbeKind::Udp, |at, to| udp(at, PORT, to)),
];

/// 100 ports, including 22 and many others that people log in to.
fn ports() -> impl Iterator<Item = u16> {
    (1..=90).chain([1433, 3306, 3389, 5432, 5900, 8080, 8443, 27_017, 49_152, 50_000])
}

fn fast(shape: Shape) -> Vec<Packet<'static>> {
    let twice = ports().enumerate().flat_map(|(n, port)| {
        let at = n as f64 * 0.02;
        [shape(at, port), shape(at + 1.0, port)]
    });
    merged(twice.collect())
}

fn slow(shape: Shape) -> Vec<Packet<'static>> {
    ports().enumerate().map(|(n, port)| shape(n as f64 * 300.0, port)).collect()
}

fn six(packet: Packet<'static>) -> Packet<'static> {
    Packet { src: ip("2001:db8::66"), dst: ip("2001:db8:1::10"), ..packet }
}

/// The same from source `n` of a /24, or /48.
fn neighbor(n: usize, packet: Packet<'static>) -> Packet<'static> {
    let source = match packet.dst {
        Some(IpAddr::V6(_)) => format!("2001:db8::{:x}", 0x100 + n),
        _ => format!("192.0.2.{}", 100 + n),
    };
    Packet { src: ip(&source), ..packet }
}

#[test]
fn every_fast_scan_is_named_once() {
    for (probe, shape) in SHAPES {
        for found in [only(fast(shape)), only(fast(shape).into_iter().map(six))] {
            assert_eq!(found.kind, AttackKind::Scan(probe));
            assert_eq!((found.distinct, found.packets, found.peak), (100, 200, 100), "{probe}");
            assert_eq!((found.port, found.per, found.threshold), (None, 60, 15));
            assert_eq!((seconds(found.first), seconds(found.last)), (0.0, 2.98));
        }
    }
}

#[test]
fn every_slow_scan_is_named_once() {
    for (probe, shape) in SHAPES {
        for found in [only(slow(shape)), only(slow(shape).into_iter().map(six))] {
            assert_eq!(found.kind, AttackKind::SlowScan(probe));
            // Two of the ports are client ports, which get late packets and replies.
            let client =
                matches!(probe, ProbeKind::Udp | ProbeKind::Fin | ProbeKind::Maimon | ProbeKind::Ack);
            let count = if client { 98 } else { 100 };
            assert_eq!((found.distinct, found.packets, found.peak), (count, count, count), "{probe}");
            assert_eq!((found.per, found.threshold), (86_400, 15));
            assert_eq!(seconds(found.last), (count as f64 - 1.0) * 300.0);
        }
    }
}

/// The only finding, with a network of `sources` hosts as its source.
fn of_a_network(packets: Vec<Packet<'static>>, kind: AttackKind, sources: u64) -> Finding {
    let network = if packets[0].dst == ip(SERVER) { "192.0.2.0/24" } else { "2001:db8::/48" };
    let mut found = findings(merged(packets));
    assert_eq!(found.len(), 1, "{kind}: {found:#?}");
    assert_eq!(found[0].kinds, [kind]);
    assert_eq!(found[0].source, Hosts::Of(network.parse().unwrap(), sources), "{kind}");
    assert_eq!(found[0].severity, Severity::Medium);
    found.remove(0)
}

#[test]
fn every_scan_that_each_source_of_a_network_makes_is_one_finding() {
    for (probe, shape) in SHAPES {
        for (packets, kind) in
            [(fast(shape), AttackKind::Scan(probe)), (slow(shape), AttackKind::SlowScan(probe))]
        {
            let each = |map: fn(Packet<'static>) -> Packet<'static>| -> Vec<_> {
                packets.iter().flat_map(|packet| (0..4).map(move |n| neighbor(n, map(*packet)))).collect()
            };
            for packets in [each(|packet| packet), each(six)] {
                let found = of_a_network(packets, kind, 4);
                assert!(found.distinct >= 98 && found.episodes.len() >= 4);
            }
        }
    }
}

#[test]
fn a_fast_scan_that_the_sources_of_a_network_share_is_one_finding() {
    for (probe, shape) in SHAPES {
        let share = |packets: Vec<Packet<'static>>| -> Vec<_> {
            packets.into_iter().enumerate().map(|(n, packet)| neighbor(n % 16, packet)).collect()
        };
        for packets in [share(fast(shape)), share(fast(shape).into_iter().map(six).collect())] {
            let found = of_a_network(packets, AttackKind::Scan(probe), 16);
            assert_eq!((found.distinct, found.episodes[0].sources.len()), (100, 16));
        }
    }
}

#[test]
fn a_scan_that_was_let_through_is_none() {
    assert_eq!(episodes(fast(SHAPES[0].1).into_iter().map(accepted)), []);
}

#[test]
fn a_scan_of_many_hosts_is_one_finding() {
    let hosts = (0..50u32)
        .flat_map(|host| fast(SHAPES[0].1).into_iter().map(move |p| Packet { dst: numbered(host), ..p }));
    let found = findings(merged(hosts.collect()));
    let [found] = &found[..] else { panic!("{found:#?}") };
    assert_eq!((&found.kinds[..], found.target), (&[AttackKind::Scan(ProbeKind::Syn)][..], Hosts::Many(50)));
    assert_eq!((found.distinct, found.packets, found.episodes.len()), (100, 10_000, 50));
}

#[test]
fn tcp_and_udp_together_are_both() {
    let both = fast(SHAPES[0].1).into_iter().chain(fast(SHAPES[7].1));
    let found = only(merged(both.collect()));
    assert_eq!((found.kind, found.distinct), (AttackKind::Scan(ProbeKind::Both), 100));
}

/// `-sO`: a packet per protocol; protocols with ports are probed on one.
fn protocols(every: f64) -> Vec<Packet<'static>> {
    const NUMBERS: [&[u8]; 20] = [
        b"2", b"3", b"4", b"5", b"8", b"9", b"12", b"27", b"33", b"41", b"46", b"47", b"51", b"88", b"89",
        b"94", b"103", b"112", b"132", b"136",
    ];
    let number = |n: usize| Packet { proto: NUMBERS[n], ..packet(n as f64 * every) };
    let known = [syn(0.5, PORT, 80), udp(0.6, PORT, 40_125), ping(0.7)];
    merged((0..NUMBERS.len()).map(number).chain(known).collect())
}

#[test]
fn a_protocol_scan_is_named_fast_and_slow() {
    for (every, kind) in
        [(0.5, AttackKind::Scan(ProbeKind::Protocol)), (600.0, AttackKind::SlowScan(ProbeKind::Protocol))]
    {
        for found in [only(protocols(every)), only(protocols(every).into_iter().map(six))] {
            assert_eq!((found.kind, found.distinct, found.packets), (kind, 20, 20));
        }
    }
}

#[test]
fn a_protocol_scan_that_each_source_of_a_network_makes_is_one_finding() {
    for (every, kind) in
        [(0.5, AttackKind::Scan(ProbeKind::Protocol)), (600.0, AttackKind::SlowScan(ProbeKind::Protocol))]
    {
        let each = |map: fn(Packet<'static>) -> Packet<'static>| -> Vec<_> {
            let packets = protocols(every).into_iter();
            packets.flat_map(|packet| (0..4).map(move |n| neighbor(n, map(packet)))).collect()
        };
        for packets in [each(|packet| packet), each(six)] {
            assert_eq!(of_a_network(packets, kind, 4).packets, 80);
        }
    }
}

#[test]
fn the_protocols_that_a_router_speaks_are_no_scan() {
    let spoken = [&b"2"[..], b"47", b"ESP", b"AH", b"4", b"41", b"89", b"112"];
    let day = (0..86_400).step_by(30).map(|n| Packet { proto: spoken[n / 30 % 8], ..packet(n as f64) });
    assert_eq!(episodes(day), []);
}

#[test]
fn a_ping_sweep_is_named_in_both_families() {
    for kind in [(&b"ICMP"[..], 8), (b"ICMP", 13), (b"ICMPv6", 128)] {
        let pings = (0..100u32).map(|n| Packet {
            dst: numbered(n),
            proto: kind.0,
            icmp_type: Some(kind.1),
            ..ping(f64::from(n) / 10.0)
        });
        let found = only(pings);
        assert_eq!((found.kind, found.target), (AttackKind::Sweep(ProbeKind::Ping), Hosts::Many(100)));
        assert_eq!((found.port, found.packets), (None, 100));
    }
}

/// Looks for a neighbor at its solicited-node multicast address.
fn solicitation(seconds: f64, n: u32) -> Packet<'static> {
    Packet {
        src: ip("fe80::66"),
        dst: Some(IpAddr::V6((0xff02_0000_0000_0000_0000_0001_ff00_0000_u128 | u128::from(n)).into())),
        proto: b"ICMPv6",
        icmp_type: Some(135),
        ..packet(seconds)
    }
}

#[test]
fn a_search_for_neighbors_is_named_from_fifteen_in_a_minute() {
    let found = only((0..15).map(|n| solicitation(f64::from(n) * 4.0, n)));
    assert_eq!((found.kind, found.distinct), (AttackKind::Sweep(ProbeKind::Neighbor), 15));
    assert_eq!(episodes((0..14).map(|n| solicitation(f64::from(n), n))), []);
    assert_eq!(episodes((0..1000).map(|n| solicitation(f64::from(n), n % 5))), []);
}

#[test]
fn the_services_that_were_tried_are_named() {
    let telnet = |n: u32| Packet { dst: numbered(n), ..syn(f64::from(n), 43_000, 2323) };
    let retried = (0..20).flat_map(|n| [telnet(n), Packet { time: telnet(n + 3).time, ..telnet(n) }]);
    let found = only(merged(retried.collect()));
    assert_eq!((found.port, &found.services[..], found.packets), (Some(2323), &["Telnet"][..], 40));
    let ports = [22, 23, 1433, 3389, 5900, 6379].into_iter().chain(20_000..20_010).enumerate();
    let found = only(ports.map(|(n, port)| syn(n as f64, 43_000, port)));
    assert_eq!(found.services, ["SSH", "Telnet", "MS SQL", "RDP", "VNC", "Redis"]);
}
