//! One pass over packets, in which every module counts.

use hashbrown::HashMap;

use super::filter::Filters;
use super::modules::Module;
use super::table::Table;
use super::words::{Word, Words};
use crate::netfilter::{Packet, Time, Verdict};

/// A packet on its way through the modules, with its words as numbers.
pub struct Seen<'a> {
    pub packet: &'a Packet<'a>,
    /// Place in the order of rows or lines; rising.
    pub position: u64,
    pub action: Word,
    pub proto: Word,
    pub if_in: Word,
    pub host: Word,
}

/// What counts packets for one module.
pub trait Counter {
    /// Takes a packet in.
    fn packet(&mut self, seen: &Seen<'_>);
    /// What was counted, at most `limit` rows.
    fn table(self: Box<Self>, words: &Words, limit: usize) -> Table;
}

/// The pass. Packets go in with [`Fold::packet`], tables come out of [`Fold::finish`].
pub struct Fold<'f> {
    filters: &'f Filters,
    modules: Vec<(&'static Module, Box<dyn Counter>)>,
    words: Words,
    /// Packets that went in.
    pub packets: u64,
    /// Least time among them.
    pub first: Option<Time>,
    /// Greatest time among them.
    pub last: Option<Time>,
    undecided: HashMap<Word, u64>,
}

impl<'f> Fold<'f> {
    /// Counts for these modules. The filters say which actions count as let through; packets are
    /// expected to have passed them.
    pub fn new(modules: &[&'static Module], filters: &'f Filters) -> Self {
        Fold {
            filters,
            modules: modules.iter().map(|module| (*module, module.counter())).collect(),
            words: Words::default(),
            packets: 0,
            first: None,
            last: None,
            undecided: HashMap::new(),
        }
    }

    /// Takes a packet in; `position` is its place in the order of rows or lines.
    pub fn packet(&mut self, position: u64, packet: &Packet<'_>) {
        self.packets += 1;
        if let Some(time) = packet.time {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = Some(self.last.map_or(time, |last| last.max(time)));
        }
        let seen = Seen {
            packet,
            position,
            action: self.words.number(0, packet.action),
            proto: self.words.number(1, packet.proto),
            if_in: self.words.number(2, packet.if_in),
            host: self.words.number(3, packet.host),
        };
        if packet.verdict == Verdict::Other && !self.filters.accepted(packet) {
            *self.undecided.entry(seen.action).or_default() += 1;
        }
        for (module, counter) in &mut self.modules {
            if (module.counts)(self.filters, &seen) {
                counter.packet(&seen);
            }
        }
    }

    /// Packets that are neither accepted nor denied, by action word, most first.
    pub fn undecided(&self) -> Vec<(&str, u64)> {
        let mut words: Vec<_> = self
            .undecided
            .iter()
            .map(|(word, count)| (self.words.text(*word), *count))
            .collect();
        words.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        words
    }

    /// The tables, in the order of the modules.
    pub fn finish(self, limit: usize) -> Vec<Table> {
        self.modules
            .into_iter()
            .map(|(_, counter)| counter.table(&self.words, limit))
            .collect()
    }
}
