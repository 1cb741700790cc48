use jiff::tz::TimeZone;

use super::super::distinct::PortSet;
use super::super::sample::{address, packet, rows, table, utc};
use super::*;
use crate::netfilter::{Packet, Verdict};

#[test]
fn a_source_shows_its_packets_bytes_ports_targets_and_times() {
    let packets = [
        Packet { time: Some(utc("2026-05-04 06:00")), ..packet("192.0.2.7") },
        Packet { time: Some(utc("2026-05-04 05:00")), dst_port: Some(23), ..packet("192.0.2.7") },
        Packet { dst: Some(address("198.51.100.2")), length: Some(1500), ..packet("192.0.2.7") },
        Packet { verdict: Verdict::Accept, length: None, ..packet("2001:db8::7") },
        Packet { src: None, dst: None, dst_port: None, length: None, ..packet("::") },
    ];
    let table = table("sources", &packets, 10);
    assert_eq!(
        rows(&table, &TimeZone::UTC),
        [
            "3 1620 2 2 192.0.2.7 2026-05-04 05:00:00 2026-05-04 06:00:00",
            "1 - 1 1 2001:db8::7 - -",
            "1 - 0 0 - - -",
        ]
    );
    assert_eq!(table.notes, [""; 0]);
}

#[test]
fn of_equal_counts_the_lower_address_comes_first() {
    let packets = ["203.0.113.9", "2001:db8::1", "192.0.2.20", "192.0.2.3", "::1"].map(packet);
    let shown = rows(&table("sources", &packets, 4), &TimeZone::UTC);
    let order: Vec<&str> = shown.iter().filter_map(|row| row.split(' ').nth(4)).collect();
    assert_eq!(order, ["192.0.2.3", "192.0.2.20", "203.0.113.9", "::1"]);
}

#[test]
fn every_port_is_told_apart() {
    // Descending and repeated, so neither order nor repetition helps.
    let ports = (0..=u16::MAX).rev();
    let mut known = PortSet::None;
    for (n, port) in (1..).zip(ports) {
        known.add(port);
        known.add(port);
        assert_eq!(known.len(), n, "after port {port}");
    }
    for port in 0..=u16::MAX {
        known.add(port);
    }
    assert_eq!(known.len(), 65536);
}

#[test]
fn targets_are_told_apart_up_to_a_limit_and_the_table_says_so() {
    let to =
        |n: u32| Packet { dst: Some(std::net::IpAddr::V4((0xC633_0000 + n).into())), ..packet("192.0.2.7") };
    let up_to = |count: u32| (0..count).chain(0..count).map(to).collect::<Vec<_>>();
    let table_at = table("sources", &up_to(1024), 10);
    assert_eq!(table_at.rows[0][3], Cell::Figure(table::Figure::Exactly(1024)));
    assert_eq!(table_at.notes, [""; 0]);
    let table_over = table("sources", &up_to(1025), 10);
    assert_eq!(table_over.rows[0][3], Cell::Figure(table::Figure::AtLeast(1024)));
    assert_eq!(table_over.notes, ["1024+: more than 1024 targets; they are not counted one by one."]);
}
