//! The module `sources`: who sends the most, and how widely.

use super::counter::{Context, Counter, InternedPacket, Interner, origin_cells, origin_columns};
use super::distinct::{AddressSet, TOLD_APART};
use super::senders::{Senders, Volume};
use super::table::{self, Body, Cell, Column, Figure, missing_last};

/// Sources as a counter of their own.
pub struct Sources {
    senders: Senders,
    context: Context,
}

impl Sources {
    pub fn counter(context: &Context) -> Box<dyn Counter> {
        Box::new(Sources { senders: Senders::with_stats(), context: context.clone() })
    }
}

impl Counter for Sources {
    fn packet(&mut self, seen: &InternedPacket<'_>) {
        self.senders.packet(seen);
    }

    fn body(self: Box<Self>, numbers: &Interner, limit: usize) -> Body {
        body(&self.senders, numbers, &self.context, limit)
    }
}

/// The table of sources.
pub fn body(senders: &Senders, numbers: &Interner, context: &Context, limit: usize) -> Body {
    let sources: Vec<_> = senders.iter().collect();
    let counts: Vec<u64> = sources.iter().map(|(_, stats)| stats.volume.count).collect();
    let address = |n: u32| numbers.addresses.address(sources[n as usize].0);
    let order = |a: &u32, b: &u32| {
        let count = |n: &u32| counts[*n as usize];
        count(b).cmp(&count(a)).then_with(|| missing_last(address(*a), address(*b)))
    };
    let top = table::top(table::largest(&counts, limit), limit, order);
    let origins = context.origins.as_ref();
    let row = |n: &u32| {
        let (address, stats) = (address(*n), sources[*n as usize].1);
        let cells = row(stats.volume, stats.ports.len(), stats.targets.len(), Cell::address(address));
        cells.into_iter().chain(origin_cells(origins, address)).collect()
    };
    let is_many = |n: &u32| matches!(sources[*n as usize].1.targets, AddressSet::Many);
    let note = format!("{TOLD_APART}+: more than {TOLD_APART} targets; they are not counted one by one.");
    Body {
        columns: columns("Targets", "Source IP").into_iter().chain(origin_columns(origins)).collect(),
        rows: top.iter().map(row).collect(),
        notes: top.iter().any(is_many).then_some(note).into_iter().collect(),
        rows_in_all: counts.len() as u64,
        packets: Some(counts.iter().sum()),
        ..Body::default()
    }
}

/// The columns of a table of senders.
pub fn columns(others: &'static str, sender: &'static str) -> Vec<Column> {
    vec![
        Column::number("Count", 6),
        Column::number("Bytes", 10),
        Column::number("Ports", 5),
        Column::number(others, 7),
        Column::word(sender, 25),
        Column::word("First", 19),
        Column::word("Last", 19),
    ]
}

/// Its row: what was sent, to how many ports, the number of others, and the sender.
pub fn row(volume: Volume, ports: u64, others: Figure, sender: Cell) -> Vec<Cell> {
    let (first, last) = volume.times();
    vec![
        Cell::Count(volume.count),
        // No IP packet is empty: 0 means that no length was logged.
        if volume.bytes == 0 { Cell::Missing } else { Cell::Count(volume.bytes) },
        Cell::Count(ports),
        Cell::Figure(others),
        sender,
        Cell::time(first),
        Cell::time(last),
    ]
}

#[cfg(test)]
mod tests;
