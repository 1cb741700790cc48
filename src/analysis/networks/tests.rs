use std::net::IpAddr;

use jiff::tz::TimeZone;

use super::super::sample::{packet, rows, table, utc};
use super::super::table::{Cell, Figure};
use crate::netfilter::Packet;

#[test]
fn a_network_is_a_24_or_a_48_and_shows_its_sources() {
    let packets =
        ["192.0.2.7", "192.0.2.255", "192.0.2.7", "192.0.3.1", "2001:db8:1:2::3", "2001:db8:1:ffff::"]
            .map(packet);
    let table = table("networks", &packets, 10);
    let shown: Vec<String> = rows(&table, &TimeZone::UTC)
        .iter()
        .map(|row| row.split(' ').step_by(4).take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(shown, ["3 192.0.2.0/24", "2 2001:db8:1::/48", "1 192.0.3.0/24"]);
    let sources: Vec<String> = rows(&table, &TimeZone::UTC)
        .iter()
        .filter_map(|row| Some(row.split(' ').nth(3)?.to_owned()))
        .collect();
    assert_eq!(sources, ["2", "2", "1"]);
}

#[test]
fn a_network_sums_up_what_its_sources_sent_and_counts_each_port_once() {
    let port = |source, port, time: &str| Packet {
        dst_port: Some(port),
        length: Some(100),
        time: Some(utc(time)),
        ..packet(source)
    };
    let packets = [
        port("192.0.2.1", 22, "2026-05-04 06:00"),
        port("192.0.2.2", 22, "2026-05-04 05:00"),
        port("192.0.2.2", 23, "2026-05-04 07:00"),
        port("192.0.2.3", 80, "2026-05-04 06:30"),
        Packet { src: None, dst_port: None, length: None, ..packet("::") },
    ];
    assert_eq!(
        rows(&table("networks", &packets, 10), &TimeZone::UTC),
        ["4 400 3 3 192.0.2.0/24 2026-05-04 05:00:00 2026-05-04 07:00:00", "1 - 0 0 - - -"]
    );
}

#[test]
fn all_sources_of_a_network_are_counted_however_many_there_are() {
    let source = |n: u32| Packet {
        src: Some(IpAddr::V6((0x2001_0db8_u128 << 96 | u128::from(n)).into())),
        ..packet("::")
    };
    let packets: Vec<_> = (0..5000).chain(0..5000).map(source).collect();
    let table = table("networks", &packets, 10);
    assert_eq!(
        (&table.rows[0][0], &table.rows[0][3]),
        (&Cell::Count(10_000), &Cell::Figure(Figure::Exactly(5000)))
    );
    assert_eq!(table.notes, [""; 0]);
}
