//! Packets and reports for tests.

use std::net::IpAddr;

use jiff::tz::TimeZone;

use super::attacks::Thresholds;
use super::counter::Context;
use super::filter::Filters;
use super::fold::Fold;
use super::quantity::counted;
use super::table::{Cell, Table, rate};
use super::when;
use crate::netfilter::batch::Batch;
use crate::netfilter::{Packet, Time, Verdict};

/// A TCP packet to port 22, dropped, without a time.
pub fn packet(src: &str) -> Packet<'static> {
    Packet {
        host: b"fw1",
        prefix: b"IPT: DROP ",
        action: b"DROP",
        verdict: Verdict::Deny,
        if_in: b"eth0",
        src: Some(address(src)),
        dst: Some(address("198.51.100.1")),
        src_port: Some(40000),
        dst_port: Some(22),
        proto: b"TCP",
        length: Some(60),
        ttl: Some(64),
        ..Packet::default()
    }
}

pub fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a zone")
}

/// A moment in UTC.
pub fn utc(text: &str) -> Time {
    when::since(text, Time(0), &TimeZone::UTC).expect("a moment")
}

/// The table of one module over these packets, in UTC.
pub fn table(module: &str, packets: &[Packet<'_>], limit: usize) -> Table {
    table_with(module, packets, limit, Filters::default(), TimeZone::UTC)
}

pub fn table_with(
    module: &str,
    packets: &[Packet<'_>],
    limit: usize,
    filters: Filters,
    zone: TimeZone,
) -> Table {
    let module = super::named(module).expect("a module");
    let context = Context { filters, zone, thresholds: Thresholds::default(), allow: Vec::new() };
    let mut fold = Fold::new(&[module], &context);
    // Two batches: what is counted must not depend on where one ends.
    for packets in packets.chunks(packets.len().div_ceil(2).max(1)) {
        let mut batch = Batch::default();
        packets.iter().for_each(|packet| batch.push(packet));
        fold.packets(&batch);
    }
    fold.finish(limit).pop().expect("a table")
}

/// Rows as words, times in that zone; of a bar its parts.
pub fn rows(table: &Table, zone: &TimeZone) -> Vec<String> {
    let shown = |cell: &Cell| match cell {
        Cell::Count(count) => count.to_string(),
        Cell::Figure(figure) => figure.to_string(),
        Cell::Rate(figure, seconds) => rate(*figure, *seconds),
        Cell::Amount(count, what) => counted(*count, what),
        Cell::Hosts(hosts) => hosts.to_string(),
        Cell::Port(port) => port.to_string(),
        Cell::Address(address) => address.to_string(),
        Cell::Word(word) => word.clone(),
        Cell::Time(time) => when::text(*time, zone),
        Cell::Bar([accept, deny, other], most) => format!("{accept}/{deny}/{other}/{most}"),
        Cell::Missing => "-".to_owned(),
    };
    let row = |row: &Vec<Cell>| row.iter().map(shown).collect::<Vec<_>>().join(" ");
    table.rows.iter().map(row).collect()
}
