//! Counts packets grouped by some of their fields, as most modules do.

use std::cmp::Ordering;

use super::counter::{Counter, InternedPacket, Interner};
use super::index::Index;
use super::key::{Field, Key};
use super::table::{self, Body, Cell, Column};

struct Group {
    key: Key,
    count: u64,
    /// Time and position of the first packet: by time, none ([`MISSING`]) last, then by position.
    first: (i64, u64),
    /// Destination and source port of the first packet.
    ends: Key,
}

/// Later than any packet's time.
const MISSING: i64 = i64::MAX;

/// The groups of one module.
pub struct Groups {
    key: &'static [Field],
    columns: &'static [(Field, usize)],
    groups: Vec<Group>,
    index: Index,
}

impl Groups {
    pub fn new(key: &'static [Field], columns: &'static [(Field, usize)]) -> Self {
        Groups { key, columns, groups: Vec::new(), index: Index::default() }
    }

    fn compare(&self, numbers: &Interner, a: &Group, b: &Group) -> Ordering {
        let by_field = |field: &Field| {
            let value = |group: &Group| group.key.value(self.key, *field, numbers);
            value(a).compare(&value(b))
        };
        b.count
            .cmp(&a.count)
            .then_with(|| self.key.iter().map(by_field).find(|o| o.is_ne()).unwrap_or(Ordering::Equal))
    }

    fn cell(&self, numbers: &Interner, group: &Group, field: Field) -> Cell {
        match field {
            Field::Count => Cell::Count(group.count),
            _ if self.key.contains(&field) => group.key.value(self.key, field, numbers).cell(),
            Field::Source
            | Field::SourcePort
            | Field::Destination
            | Field::DestinationPort
            | Field::Protocol
            | Field::Action
            | Field::InterfaceIn
            | Field::Host => group.ends.value(&ENDS, field, numbers).cell(),
        }
    }
}

/// The fields kept of a group's first packet.
const ENDS: [Field; 2] = [Field::Destination, Field::SourcePort];

impl Counter for Groups {
    fn packet(&mut self, seen: &InternedPacket<'_>) {
        let key = Key::of(self.key, seen);
        let first = (seen.packet.time().map_or(MISSING, |time| time.0), seen.position);
        let groups = &mut self.groups;
        let place = self.index.place(key, groups.len(), |n| groups[n].key == key);
        let Some(group) = groups.get_mut(place) else {
            let ends = Key::of(&ENDS, seen);
            groups.push(Group { key, count: 1, first, ends });
            return;
        };
        group.count += 1;
        if first < group.first {
            group.first = first;
            group.ends = Key::of(&ENDS, seen);
        }
    }

    fn body(self: Box<Self>, numbers: &Interner, limit: usize) -> Body {
        let order =
            |a: &u32, b: &u32| self.compare(numbers, &self.groups[*a as usize], &self.groups[*b as usize]);
        let counts: Vec<u64> = self.groups.iter().map(|group| group.count).collect();
        let largest = table::largest(&counts, limit);
        let rows = table::top(largest, limit, order)
            .into_iter()
            .map(|n| {
                let group = &self.groups[n as usize];
                let cell = |(field, _): &(Field, usize)| self.cell(numbers, group, *field);
                self.columns.iter().map(cell).collect()
            })
            .collect();
        let columns = self.columns.iter().map(|(field, width)| Column {
            head: field.head().into(),
            width: *width,
            right: matches!(field, Field::Count | Field::SourcePort | Field::DestinationPort),
        });
        Body {
            columns: columns.collect(),
            rows,
            rows_in_all: self.groups.len() as u64,
            packets: Some(counts.iter().sum()),
            ..Body::default()
        }
    }
}

#[cfg(test)]
mod tests;
