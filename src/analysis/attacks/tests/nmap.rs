//! What nmap sends: one high port of its own towards 100 ports (connect: a new port each time), a
//! probe without answer twice.

use super::super::Hosts;
use super::super::finding::ProbeKind;
use super::*;

const PORT: u16 = 43_211;

type Shape = fn(f64, u16) -> Packet<'static>;

const SHAPES: [(ProbeKind, Shape); 7] = [
    (ProbeKind::Syn, |at, to| syn(at, PORT, to)),
    (ProbeKind::Syn, |at, to| syn(at, 33_000 + to % 20_000, to)),
    (ProbeKind::Fin, |at, to| tcp(at, PORT, to, TcpFlags::FIN)),
    (ProbeKind::Null, |at, to| tcp(at, PORT, to, 0)),
    (ProbeKind::Xmas, |at, to| tcp(at, PORT, to, TcpFlags::FIN | TcpFlags::PSH | TcpFlags::URG)),
    (ProbeKind::Ack, |at, to| tcp(at, PORT, to, TcpFlags::ACK)),
    (ProbeKind::Udp, |at, to| udp(at, PORT, to)),
];

/// 100 ports, of which 22 and many others that people log in to.
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

#[test]
fn every_fast_scan_is_named_once() {
    for (probe, shape) in SHAPES {
        for found in [only(fast(shape)), only(fast(shape).into_iter().map(six))] {
            assert_eq!(found.kind, AttackKind::PortScan(probe));
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
            assert_eq!((found.distinct, found.packets, found.peak), (100, 100, 100), "{probe}");
            assert_eq!((found.per, found.threshold), (86_400, 15));
            assert_eq!((seconds(found.first), seconds(found.last)), (0.0, 29_700.0));
        }
    }
}

#[test]
fn a_scan_that_was_let_through_is_none() {
    assert_eq!(findings(fast(SHAPES[0].1).into_iter().map(accepted)), []);
}

#[test]
fn a_scan_of_many_hosts_is_one() {
    let hosts = (0..50u32)
        .flat_map(|host| fast(SHAPES[0].1).into_iter().map(move |p| Packet { dst: numbered(host), ..p }));
    let found = only(merged(hosts.collect()));
    assert_eq!((found.kind, found.target), (AttackKind::PortScan(ProbeKind::Syn), Hosts::Many(50)));
    assert_eq!((found.distinct, found.packets), (100, 10_000));
}

#[test]
fn tcp_and_udp_together_are_both() {
    let both = fast(SHAPES[0].1).into_iter().chain(fast(SHAPES[6].1));
    let found = only(merged(both.collect()));
    assert_eq!((found.kind, found.distinct), (AttackKind::PortScan(ProbeKind::Both), 100));
}
