//! One pass over packets, in which every module counts.

use hashbrown::HashMap;

use super::counter::{Context, Counter, Interner};
use super::modules::{Module, Want};
use super::table::{Body, Table};
use super::words::Word;
use crate::filter::Filters;
use crate::netfilter::batch::Batch;
use crate::netfilter::{Packet, Time, Verdict};

/// The pass. Packets go in with [`Fold::packets`], tables come out of [`Fold::finish`].
pub struct Fold<'c> {
    filters: &'c Filters,
    modules: Vec<(&'static Module, Box<dyn Counter>)>,
    numbers: Interner,
    /// Packets that went in, without those from before `--since`.
    pub packets: u64,
    /// Least time among them.
    pub first: Option<Time>,
    /// Greatest time among them.
    pub last: Option<Time>,
    undecided: HashMap<Word, u64>,
    /// How many packets were offered.
    position: u64,
}

impl<'c> Fold<'c> {
    /// Counts for these modules. Packets are expected to have passed the context's filters, but
    /// for `since`: what was before it is kept from modules that do not want it.
    pub fn new(modules: &[&'static Module], context: &'c Context) -> Self {
        Fold {
            filters: &context.filters,
            modules: modules.iter().map(|module| (*module, module.counter(context))).collect(),
            numbers: Interner::default(),
            packets: 0,
            first: None,
            last: None,
            undecided: HashMap::new(),
            position: 0,
        }
    }

    /// Takes packets in, in the order of rows or lines.
    ///
    /// Module by module, not packet by packet: a module's groups are scattered over memory, and in
    /// a short loop the processor looks for the next one while it waits for this one.
    pub fn packets(&mut self, batch: &Batch) {
        let packets: Vec<Packet<'_>> = batch.iter().collect();
        let (mut wanted, mut earlier) = (Vec::with_capacity(packets.len()), Vec::new());
        for packet in &packets {
            self.position += 1;
            match self.filters.since {
                Some(since) if packet.time.is_none_or(|time| time < since) => {
                    if packet.time.is_some() {
                        earlier.push(self.numbers.seen(self.filters, self.position, packet));
                    }
                }
                _ => wanted.push(self.numbers.seen(self.filters, self.position, packet)),
            }
        }
        self.packets += wanted.len() as u64;
        for seen in &wanted {
            if let Some(time) = seen.packet.time {
                self.first = Some(self.first.map_or(time, |first| first.min(time)));
                self.last = Some(self.last.map_or(time, |last| last.max(time)));
            }
            if seen.verdict == Verdict::Other {
                *self.undecided.entry(seen.action).or_default() += 1;
            }
        }
        for (module, counter) in &mut self.modules {
            if module.wants.contains(&Want::History) {
                for seen in earlier.iter().filter(|seen| (module.counts)(seen)) {
                    counter.earlier(seen);
                }
            }
            counter.packets(&wanted, module.counts);
        }
    }

    /// Packets that are neither accepted nor denied, by action word, most first.
    pub fn undecided(&self) -> Vec<(&str, u64)> {
        let mut words: Vec<_> =
            self.undecided.iter().map(|(word, count)| (self.numbers.words.text(*word), *count)).collect();
        words.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        words
    }

    /// The tables, in the order of the modules.
    pub fn finish(self, limit: usize) -> Vec<Table> {
        let numbers = self.numbers;
        let table = |(module, counter): (&'static Module, Box<dyn Counter>)| {
            let Body { columns, rows, notes } = counter.body(&numbers, limit);
            Table { name: module.name.into(), title: module.title.into(), columns, rows, notes }
        };
        self.modules.into_iter().map(table).collect()
    }
}
