//! Counting packets by some of their fields: what most modules do.

use std::cmp::Ordering;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::fold::{Counter, Numbers, Seen};
use super::key::Key;
use super::modules::Field;
use super::table::{self, Body, Cell, Column};

struct Group {
    key: Key,
    count: u64,
    /// Time and position of the first packet: least time, a missing time ([`MISSING`]) last, then
    /// position.
    first: (i64, u64),
    /// Destination and source port of the first packet.
    ends: Key,
}

/// Behind every time that a packet can have.
const MISSING: i64 = i64::MAX;

/// The groups of one module. They lie in one growing run with a table of their numbers beside it:
/// a flood from millions of sources makes millions of groups.
pub struct Groups {
    key: &'static [Field],
    columns: &'static [(Field, usize)],
    groups: Vec<Group>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The group that was met last: packets come in runs.
    last: u32,
}

impl Groups {
    pub fn new(key: &'static [Field], columns: &'static [(Field, usize)]) -> Self {
        Groups {
            key,
            columns,
            groups: Vec::new(),
            numbers: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            last: 0,
        }
    }

    /// The number of the key's group, if there is one.
    fn find(&self, key: Key) -> Result<u32, u64> {
        let groups = &self.groups;
        if groups
            .get(self.last as usize)
            .is_some_and(|group| group.key == key)
        {
            return Ok(self.last);
        }
        let hash = self.hasher.hash_one(key);
        let number = self.numbers.find(hash, |n| groups[*n as usize].key == key);
        number.copied().ok_or(hash)
    }

    fn compare(&self, numbers: &Numbers, a: &Group, b: &Group) -> Ordering {
        let by_field = |field: &Field| {
            let value = |group: &Group| group.key.value(self.key, *field, numbers);
            value(a).compare(&value(b))
        };
        b.count.cmp(&a.count).then_with(|| {
            self.key
                .iter()
                .map(by_field)
                .find(|o| o.is_ne())
                .unwrap_or(Ordering::Equal)
        })
    }

    fn cell(&self, numbers: &Numbers, group: &Group, field: Field) -> Cell {
        match field {
            Field::Count => Cell::Count(group.count),
            _ if self.key.contains(&field) => group.key.value(self.key, field, numbers).cell(),
            _ => group.ends.value(&ENDS, field, numbers).cell(),
        }
    }
}

/// What is kept of a group's first packet.
const ENDS: [Field; 2] = [Field::Destination, Field::SourcePort];

impl Counter for Groups {
    fn packet(&mut self, seen: &Seen<'_>) {
        let key = Key::of(self.key, seen);
        let first = (seen.packet.time.map_or(MISSING, |time| time.0), seen.position);
        match self.find(key) {
            Ok(number) => {
                self.last = number;
                let group = &mut self.groups[number as usize];
                group.count += 1;
                if first < group.first {
                    group.first = first;
                    group.ends = Key::of(&ENDS, seen);
                }
            }
            Err(hash) => {
                let number = self.groups.len() as u32;
                self.last = number;
                self.groups.push(Group {
                    key,
                    count: 1,
                    first,
                    ends: Key::of(&ENDS, seen),
                });
                let (hasher, groups) = (&self.hasher, &self.groups);
                self.numbers
                    .insert_unique(hash, number, |n| hasher.hash_one(groups[*n as usize].key));
            }
        }
    }

    fn body(self: Box<Self>, numbers: &Numbers, limit: usize) -> Body {
        let order =
            |a: &u32, b: &u32| self.compare(numbers, &self.groups[*a as usize], &self.groups[*b as usize]);
        let rows = table::top((0..self.groups.len() as u32).collect(), limit, order)
            .into_iter()
            .map(|n| {
                let group = &self.groups[n as usize];
                let cell = |(field, _): &(Field, usize)| self.cell(numbers, group, *field);
                self.columns.iter().map(cell).collect()
            })
            .collect();
        let columns = self.columns.iter().map(|(field, width)| Column {
            head: field.head(),
            width: *width,
            right: matches!(field, Field::Count | Field::SourcePort | Field::DestinationPort),
        });
        Body {
            columns: columns.collect(),
            rows,
            notes: Vec::new(),
        }
    }
}
