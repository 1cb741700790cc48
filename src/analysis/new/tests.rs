use super::super::sample::{packet, rows, table_with, utc};
use super::super::table::Table;
use crate::filter::Filters;
use crate::netfilter::Packet;
use jiff::tz::TimeZone;

fn came(time: &str, src: &str, port: u16) -> Packet<'static> {
    Packet { time: Some(utc(time)), dst_port: Some(port), ..packet(src) }
}

fn new(packets: &[Packet<'_>], limit: usize) -> Table {
    let filters = Filters { since: Some(utc("2026-05-04")), ..Filters::default() };
    table_with("new", packets, limit, filters, TimeZone::UTC)
}

#[test]
fn sources_ports_and_pairs_that_came_since_and_not_before_are_shown() {
    let packets = [
        came("2026-05-01", "192.0.2.1", 22),
        came("2026-05-03 23:59:59", "192.0.2.2", 80),
        // Already known.
        came("2026-05-04", "192.0.2.1", 22),
        // A new source: its pairs are not listed individually.
        came("2026-05-04 00:00", "192.0.2.9", 22),
        came("2026-05-05 00:00", "192.0.2.9", 80),
        // A new port, twice from a known source.
        came("2026-05-04 07:00", "192.0.2.1", 443),
        came("2026-05-04 06:00", "192.0.2.1", 443),
        // Known source, known port, not together before.
        came("2026-05-04 08:00", "192.0.2.1", 80),
        // The same number with another protocol is another port.
        Packet { proto: b"UDP", ..came("2026-05-04 09:00", "192.0.2.2", 80) },
    ];
    let table = new(&packets, 10);
    assert_eq!(
        rows(&table, &TimeZone::UTC),
        [
            "2 source 192.0.2.9 - - 2026-05-04 00:00:00",
            "2 port - 443 TCP 2026-05-04 06:00:00",
            "1 port - 80 UDP 2026-05-04 09:00:00",
            "1 pair 192.0.2.1 80 TCP 2026-05-04 08:00:00",
        ]
    );
    assert_eq!(
        table.notes,
        ["New since 2026-05-04 00:00:00: 1 source, 2 ports, and 1 pair of a known source with a known port."]
    );
}

#[test]
fn the_order_of_packets_does_not_matter() {
    let mut packets = [
        came("2026-05-04", "192.0.2.1", 22),
        came("2026-05-06", "192.0.2.1", 25),
        came("2026-05-01", "192.0.2.1", 22),
        came("2026-05-05", "192.0.2.3", 22),
        came("2026-05-02", "192.0.2.2", 25),
    ];
    let forwards = new(&packets, 10);
    assert_eq!(forwards.rows.len(), 2);
    packets.reverse();
    assert_eq!(new(&packets, 10), forwards);
}

#[test]
fn the_limit_holds_for_each_kind() {
    let mut packets = vec![came("2026-05-01", "192.0.2.1", 22)];
    packets.extend((10..30).map(|n| came("2026-05-04", &format!("192.0.2.{n}"), 22)));
    packets.push(came("2026-05-04", "192.0.2.1", 23));
    let table = new(&packets, 3);
    assert_eq!(
        rows(&table, &TimeZone::UTC),
        [
            "1 source 192.0.2.10 - - 2026-05-04 00:00:00",
            "1 source 192.0.2.11 - - 2026-05-04 00:00:00",
            "1 source 192.0.2.12 - - 2026-05-04 00:00:00",
            "1 port - 23 TCP 2026-05-04 00:00:00",
        ]
    );
    assert!(table.notes[0].contains(": 20 sources, 1 port, and 0 pairs"), "{:?}", table.notes);
}

#[test]
fn packets_without_a_time_are_neither_new_nor_known() {
    let packets =
        [packet("192.0.2.1"), came("2026-05-04", "192.0.2.1", 22), came("2026-05-01", "192.0.2.2", 22)];
    assert_eq!(rows(&new(&packets, 10), &TimeZone::UTC), ["1 source 192.0.2.1 - - 2026-05-04 00:00:00"]);
}

#[test]
fn with_nothing_before_the_table_says_that_all_is_new() {
    let table = new(&[came("2026-05-04", "192.0.2.1", 22)], 10);
    assert_eq!(table.notes, ["There are no earlier packets: everything since 2026-05-04 00:00:00 is new."]);
}

#[test]
fn what_has_no_port_is_no_new_port() {
    let ping = |time, src| Packet { proto: b"ICMP", dst_port: None, ..came(time, src, 0) };
    let packets = [came("2026-05-01", "192.0.2.1", 22), ping("2026-05-04", "192.0.2.1")];
    assert_eq!(rows(&new(&packets, 10), &TimeZone::UTC), [""; 0]);
}
