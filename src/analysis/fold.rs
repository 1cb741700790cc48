//! One pass over packets, in which every module counts.

use hashbrown::HashMap;
use jiff::tz::TimeZone;

use super::addresses::{Addr, Addresses};
use super::attacks::Thresholds;
use super::filter::{Filters, Network};
use super::modules::{Module, Want};
use super::table::{Body, Table};
use super::words::{Word, Words};
use crate::netfilter::batch::Batch;
use crate::netfilter::{Packet, Time, Verdict};

/// What a report is made with, beside the packets.
#[derive(Clone, Debug)]
pub struct Context {
    /// Which packets are wanted, and which actions count as let through.
    pub filters: Filters,
    /// The zone that days and hours begin in.
    pub zone: TimeZone,
    /// From which rate on something is an attack.
    pub thresholds: Thresholds,
    /// Networks that are never called attackers.
    pub allow: Vec<Network>,
}

/// A packet on its way through the modules, with its words and addresses as numbers.
pub struct Seen<'a> {
    pub packet: &'a Packet<'a>,
    /// Place in the order of rows or lines; rising.
    pub position: u64,
    /// What became of it, the actions that count as let through included.
    pub verdict: Verdict,
    pub src: Addr,
    pub dst: Addr,
    pub action: Word,
    pub proto: Word,
    pub if_in: Word,
    pub host: Word,
}

/// What the numbers of a [`Seen`] stand for.
#[derive(Debug, Default)]
pub struct Numbers {
    pub words: Words,
    pub addresses: Addresses,
}

/// What counts packets for one module.
pub trait Counter {
    /// Takes a packet in.
    fn packet(&mut self, seen: &Seen<'_>);
    /// Takes in those that count. Every module has its own copy of this loop, so that `packet` is
    /// not called through a pointer.
    fn packets(&mut self, seen: &[Seen<'_>], counts: fn(&Seen<'_>) -> bool) {
        for seen in seen.iter().filter(|seen| counts(seen)) {
            self.packet(seen);
        }
    }
    /// Takes in a packet from before `--since`: comes to modules that want
    /// [`History`](super::Want::History) only.
    fn earlier(&mut self, _seen: &Seen<'_>) {}
    /// What was counted, at most `limit` rows.
    fn body(self: Box<Self>, numbers: &Numbers, limit: usize) -> Body;
}

/// The pass. Packets go in with [`Fold::packets`], tables come out of [`Fold::finish`].
pub struct Fold<'c> {
    filters: &'c Filters,
    modules: Vec<(&'static Module, Box<dyn Counter>)>,
    numbers: Numbers,
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
            modules: modules
                .iter()
                .map(|module| (*module, module.counter(context)))
                .collect(),
            numbers: Numbers::default(),
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
        let mut words: Vec<_> = self
            .undecided
            .iter()
            .map(|(word, count)| (self.numbers.words.text(*word), *count))
            .collect();
        words.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        words
    }

    /// The tables, in the order of the modules.
    pub fn finish(self, limit: usize) -> Vec<Table> {
        let numbers = self.numbers;
        let table = |(module, counter): (&'static Module, Box<dyn Counter>)| {
            let Body { columns, rows, notes } = counter.body(&numbers, limit);
            Table {
                name: module.name,
                title: module.title,
                columns,
                rows,
                notes,
            }
        };
        self.modules.into_iter().map(table).collect()
    }
}

impl Numbers {
    fn seen<'a>(&mut self, filters: &Filters, position: u64, packet: &'a Packet<'a>) -> Seen<'a> {
        Seen {
            packet,
            position,
            verdict: filters.verdict(packet),
            src: self.addresses.number(packet.src),
            dst: self.addresses.number(packet.dst),
            action: self.words.number(0, packet.action),
            proto: self.words.number(1, packet.proto),
            if_in: self.words.number(2, packet.if_in),
            host: self.words.number(3, packet.host),
        }
    }
}
