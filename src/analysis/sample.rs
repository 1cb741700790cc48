//! Packets and reports for tests.

use jiff::tz::TimeZone;

use super::counter::Context;
use super::fold::Fold;
use super::quantity::counted;
use super::table::{Cell, Table, rate};
use crate::filter::Thresholds;
pub use crate::filter::sample::{address, packet, utc, zone};
use crate::filter::{Filters, when};
use crate::netfilter::Packet;
use crate::netfilter::batch::Batch;

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
    let context = Context {
        spared: Vec::new(),
        filters,
        before: None,
        zone,
        thresholds: Thresholds::default(),
        origins: None,
        allow: Vec::new(),
    };
    let mut fold = Fold::new(&[module], &context);
    // Two batches: the result must not depend on where one ends.
    for packets in packets.chunks(packets.len().div_ceil(2).max(1)) {
        let mut batch = Batch::default();
        packets.iter().for_each(|packet| batch.push(packet));
        fold.packets(&batch);
    }
    fold.finish(limit).pop().expect("a table")
}

/// Rows as text, times in this zone; a bar as its parts.
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
        Cell::Gap(length) => format!("({length} empty)"),
        Cell::Number(number) => number.to_string(),
        Cell::Missing => "-".to_owned(),
    };
    let row = |row: &Vec<Cell>| row.iter().map(shown).collect::<Vec<_>>().join(" ");
    table.rows.iter().map(row).collect()
}
