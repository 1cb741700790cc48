//! Counts packets grouped by some of their fields, as most modules do.

use std::cmp::Ordering;

use super::counter::{Counter, InternedPacket, Interner};
use super::index::Index;
use super::key::{Field, Key};
use super::table::{self, Body, Cell, Column};

struct Group {
    key: Key,
    count: u64,
}

/// A group's first packet.
struct First {
    /// Time and position: by time, none ([`MISSING`]) last, then by position.
    place: (i64, u64),
    /// Destination and source port.
    ends: Key,
}

/// Later than any packet's time.
const MISSING: i64 = i64::MAX;

/// The groups of one module.
pub struct Groups {
    key: &'static [Field],
    columns: &'static [(Field, usize)],
    groups: Vec<Group>,
    /// The first packet of each group, if a column shows something of it.
    firsts: Option<Vec<First>>,
    index: Index,
}

impl Groups {
    pub fn new(key: &'static [Field], columns: &'static [(Field, usize)]) -> Self {
        let is_of_first = |(field, _): &(Field, usize)| *field != Field::Count && !key.contains(field);
        let firsts = columns.iter().any(is_of_first).then(Vec::new);
        Groups { key, columns, groups: Vec::new(), firsts, index: Index::default() }
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

    fn cell(&self, numbers: &Interner, n: u32, field: Field) -> Cell {
        let group = &self.groups[n as usize];
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
            | Field::Host => {
                let first = self.firsts.as_ref().map(|firsts| &firsts[n as usize]);
                first.map_or(Cell::Missing, |first| first.ends.value(&ENDS, field, numbers).cell())
            }
        }
    }
}

/// The fields kept of a group's first packet.
const ENDS: [Field; 2] = [Field::Destination, Field::SourcePort];

impl Counter for Groups {
    fn packet(&mut self, seen: &InternedPacket<'_>) {
        self.packets(std::slice::from_ref(seen), |_| true);
    }

    /// Goes through them three times: groups are scattered over memory, and in a short loop the processor fetches
    /// several at a time.
    fn packets(&mut self, seen: &[InternedPacket<'_>], counts: fn(&InternedPacket<'_>) -> bool) {
        let Groups { groups, index, .. } = self;
        let keyed = seen.iter().filter(|seen| counts(seen)).map(|seen| {
            let key = Key::of(self.key, seen);
            (key, index.hash(key), seen)
        });
        let keyed: Vec<_> = keyed.collect();
        let places = keyed.iter().map(|(key, hash, _)| {
            let n = index.place_of_hash(*hash, groups.len(), |n| groups[n].key == *key);
            match groups.get_mut(n) {
                Some(group) => group.count += 1,
                None => groups.push(Group { key: *key, count: 1 }),
            }
            n as u32
        });
        let places: Vec<_> = places.collect();
        let Some(firsts) = &mut self.firsts else { return };
        for (n, (_, _, seen)) in places.into_iter().zip(keyed) {
            let place = (seen.packet.time().map_or(MISSING, |time| time.0), seen.position);
            match firsts.get_mut(n as usize) {
                Some(first) if first.place <= place => {}
                Some(first) => *first = First { place, ends: Key::of(&ENDS, seen) },
                None => firsts.push(First { place, ends: Key::of(&ENDS, seen) }),
            }
        }
    }

    fn body(self: Box<Self>, numbers: &Interner, limit: usize) -> Body {
        let order =
            |a: &u32, b: &u32| self.compare(numbers, &self.groups[*a as usize], &self.groups[*b as usize]);
        let counts: Vec<u64> = self.groups.iter().map(|group| group.count).collect();
        let largest = table::largest(&counts, limit);
        let rows = table::top(largest, limit, order)
            .into_iter()
            .map(|n| self.columns.iter().map(|(field, _)| self.cell(numbers, n, *field)).collect())
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
