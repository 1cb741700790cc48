//! Counting packets by some of their fields: what most modules do.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::fold::{Counter, Seen};
use super::modules::{Field, Module};
use super::table::{self, Cell, Column, Table, missing_last};
use super::words::{Word, Words};
use crate::netfilter::Time;

/// The fields that a group has in common; those that are not part of the module's key are empty.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Key {
    src: Option<IpAddr>,
    dst: Option<IpAddr>,
    dst_port: Option<u16>,
    action: Option<Word>,
    proto: Option<Word>,
    if_in: Option<Word>,
    host: Option<Word>,
}

struct Group {
    key: Key,
    count: u64,
    /// Time and position of the first packet: least time, a missing time last, then position.
    first_time: Option<Time>,
    first_position: u64,
    /// Source port and destination of the first packet.
    src_port: Option<u16>,
    dst: Option<IpAddr>,
}

/// The groups of one module. They lie in one growing run with a table of their numbers beside it:
/// a flood from millions of sources makes millions of groups.
pub struct Groups {
    module: &'static Module,
    key: &'static [Field],
    columns: &'static [(Field, usize)],
    groups: Vec<Group>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Groups {
    pub fn new(module: &'static Module, key: &'static [Field], columns: &'static [(Field, usize)]) -> Self {
        Groups {
            module,
            key,
            columns,
            groups: Vec::new(),
            numbers: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    fn key(&self, seen: &Seen<'_>) -> Key {
        let mut key = Key::default();
        for field in self.key {
            match field {
                Field::Source => key.src = seen.packet.src,
                Field::Destination => key.dst = seen.packet.dst,
                Field::DestinationPort => key.dst_port = seen.packet.dst_port,
                Field::Action => key.action = Some(seen.action),
                Field::Protocol => key.proto = Some(seen.proto),
                Field::InterfaceIn => key.if_in = Some(seen.if_in),
                Field::Host => key.host = Some(seen.host),
                Field::Count | Field::SourcePort => {}
            }
        }
        key
    }

    fn compare(&self, words: &Words, a: &Group, b: &Group) -> Ordering {
        let text = |word: Option<Word>| word.map(|w| words.text(w)).filter(|t| !t.is_empty());
        let by_field = |field: &Field| match field {
            Field::Source => missing_last(a.key.src, b.key.src),
            Field::Destination => missing_last(a.key.dst, b.key.dst),
            Field::DestinationPort => missing_last(a.key.dst_port, b.key.dst_port),
            Field::Action => missing_last(text(a.key.action), text(b.key.action)),
            Field::Protocol => missing_last(text(a.key.proto), text(b.key.proto)),
            Field::InterfaceIn => missing_last(text(a.key.if_in), text(b.key.if_in)),
            Field::Host => missing_last(text(a.key.host), text(b.key.host)),
            Field::Count | Field::SourcePort => Ordering::Equal,
        };
        b.count.cmp(&a.count).then_with(|| {
            self.key
                .iter()
                .map(by_field)
                .find(|o| o.is_ne())
                .unwrap_or(Ordering::Equal)
        })
    }

    fn cell(&self, words: &Words, group: &Group, field: Field) -> Cell {
        let word = |word: Option<Word>| word.map_or(Cell::Missing, |w| Cell::word(words.text(w)));
        match field {
            Field::Count => Cell::Count(group.count),
            Field::Source => Cell::address(group.key.src),
            Field::SourcePort => Cell::port(group.src_port),
            Field::Destination => Cell::address(group.dst),
            Field::DestinationPort => Cell::port(group.key.dst_port),
            Field::Action => word(group.key.action),
            Field::Protocol => word(group.key.proto),
            Field::InterfaceIn => word(group.key.if_in),
            Field::Host => word(group.key.host),
        }
    }
}

impl Counter for Groups {
    fn packet(&mut self, seen: &Seen<'_>) {
        let key = self.key(seen);
        let hash = self.hasher.hash_one(key);
        let groups = &mut self.groups;
        let packet = seen.packet;
        if let Some(number) = self.numbers.find(hash, |n| groups[*n as usize].key == key) {
            let group = &mut groups[*number as usize];
            group.count += 1;
            let earlier =
                missing_last(packet.time, group.first_time).then(seen.position.cmp(&group.first_position));
            if earlier.is_lt() {
                group.first_time = packet.time;
                group.first_position = seen.position;
                group.src_port = packet.src_port;
                group.dst = packet.dst;
            }
            return;
        }
        let number = groups.len() as u32;
        groups.push(Group {
            key,
            count: 1,
            first_time: packet.time,
            first_position: seen.position,
            src_port: packet.src_port,
            dst: packet.dst,
        });
        let hasher = &self.hasher;
        self.numbers
            .insert_unique(hash, number, |n| hasher.hash_one(groups[*n as usize].key));
    }

    fn table(self: Box<Self>, words: &Words, limit: usize) -> Table {
        let numbers = (0..self.groups.len()).collect();
        let order = |a: &usize, b: &usize| self.compare(words, &self.groups[*a], &self.groups[*b]);
        let rows = table::top(numbers, limit, order)
            .into_iter()
            .map(|n| {
                self.columns
                    .iter()
                    .map(|(field, _)| self.cell(words, &self.groups[n], *field))
                    .collect()
            })
            .collect();
        let columns = self.columns.iter().map(|(field, width)| Column {
            head: field.head(),
            width: *width,
            right: matches!(field, Field::Count | Field::SourcePort | Field::DestinationPort),
        });
        Table {
            name: self.module.name,
            title: self.module.title,
            columns: columns.collect(),
            rows,
        }
    }
}
