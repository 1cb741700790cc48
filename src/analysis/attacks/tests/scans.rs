use super::super::Hosts;
use super::super::finding::ProbeKind;
use super::*;

fn scan(ports: std::ops::Range<u16>, start: f64, every: f64) -> impl Iterator<Item = Packet<'static>> {
    ports.enumerate().map(move |(n, port)| syn(start + n as f64 * every, 43_000, port))
}

fn kinds(packets: impl IntoIterator<Item = Packet<'static>>) -> Vec<AttackKind> {
    episodes(packets).iter().map(|f| f.kind).collect()
}

#[test]
fn fifteen_ports_in_a_minute_are_one_and_fourteen_none() {
    assert_eq!(kinds(scan(1..16, 0.0, 4.0)), [AttackKind::Scan(ProbeKind::Syn)]);
    assert_eq!(kinds(scan(1..15, 0.0, 1.0)), []);
}

#[test]
fn the_same_ports_again_and_again_are_none() {
    assert_eq!(kinds((0..1000).flat_map(|n| scan(8000..8008, f64::from(n) * 30.0, 0.1))), []);
}

#[test]
fn a_scan_of_every_port_counts_them_all() {
    let found = only((0..=u16::MAX).map(|port| syn(f64::from(port) / 1000.0, 43_000, port)));
    assert_eq!((found.distinct, found.packets, found.lower_bound), (65_536, 65_536, false));
}

#[test]
fn two_scans_with_an_hour_between_are_two() {
    let twice = scan(1..101, 0.0, 0.01).chain(scan(1..101, 3600.0, 0.01));
    assert_eq!(kinds(twice), [AttackKind::Scan(ProbeKind::Syn); 2]);
}

#[test]
fn a_slow_scan_that_grows_fast_is_one_fast_scan() {
    let packets = scan(1..31, 0.0, 600.0).chain(scan(1000..1100, 18_100.0, 0.01));
    let found = only(packets);
    assert_eq!((found.kind, found.distinct), (AttackKind::Scan(ProbeKind::Syn), 130));
    assert_eq!(found.peak, 100);
}

#[test]
fn what_keeps_knocking_after_a_scan_is_no_part_of_it() {
    let knocks = (1..100).map(|n| syn(f64::from(n) * 300.0, 43_000, 50));
    let found = only(merged(scan(1..101, 0.0, 0.01).chain(knocks).collect()));
    assert_eq!((found.packets, seconds(found.last)), (100, 0.99));
}

#[test]
fn one_port_on_many_hosts_is_a_sweep_and_no_brute_force() {
    let found =
        only((0..254u32).map(|n| Packet { dst: numbered(n), ..syn(f64::from(n) / 100.0, 43_000, 22) }));
    assert_eq!((found.kind, found.target), (AttackKind::Sweep(ProbeKind::Syn), Hosts::Many(254)));
    assert_eq!((found.port, found.distinct, found.packets), (Some(22), 254, 254));
}

#[test]
fn one_udp_port_on_many_hosts_is_a_sweep() {
    let found = only((0..15u32).map(|n| Packet { dst: numbered(n), ..udp(f64::from(n), 5060, 5060) }));
    assert_eq!((found.kind, found.distinct), (AttackKind::Sweep(ProbeKind::Udp), 15));
}

#[test]
fn fourteen_hosts_are_none() {
    assert_eq!(
        kinds(
            (0..280u32)
                .map(|n| Packet { dst: numbered(n % 14), ..syn(f64::from(n) / 10.0, 1000 + n as u16, 80) })
        ),
        []
    );
}

#[test]
fn a_port_alone_is_no_scan_of_another_source() {
    let many = (0..200u32).map(|n| Packet { src: elsewhere(n), ..syn(f64::from(n), 43_000, n as u16) });
    assert_eq!(kinds(many), []);
}

#[test]
fn a_little_disorder_changes_nothing() {
    let mut packets: Vec<_> = scan(1..101, 0.0, 0.5).collect();
    for pair in packets.chunks_mut(4) {
        pair.reverse();
    }
    let found = only(packets);
    assert_eq!((found.kind, found.distinct, found.packets), (AttackKind::Scan(ProbeKind::Syn), 100, 100));
}

#[test]
fn the_next_file_begins_anew() {
    let day = |base: u16| scan(base..base + 8, 0.0, 3600.0);
    assert_eq!(kinds(day(100).chain(day(200))), []);
    let found = episodes(scan(1..51, 0.0, 0.1).chain(scan(1..51, -86_400.0, 0.1)));
    assert_eq!(found.iter().map(|f| f.packets).collect::<Vec<_>>(), [50, 50]);
}
