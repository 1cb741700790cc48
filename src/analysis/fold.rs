//! One pass over packets, in which every module counts.

use super::counter::{Context, Counter, Interner};
use super::modules::{Module, Want};
use super::table::{Body, Table};
use super::totals::{Summing, Totals};
use crate::filter::Filters;
use crate::netfilter::Packet;
use crate::netfilter::batch::Batch;

/// The pass. Packets go in with [`Fold::packets`], tables come out of [`Fold::finish`].
pub struct Fold<'c> {
    filters: &'c Filters,
    modules: Vec<(&'static Module, Box<dyn Counter>)>,
    numbers: Interner,
    /// Nothing where another pass over the same packets adds the sums up.
    totals: Option<Summing>,
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
            totals: None,
            position: 0,
        }
    }

    /// The same, with the sums over all packets.
    pub fn with_totals(modules: &[&'static Module], context: &'c Context) -> Self {
        Fold { totals: Some(Summing::default()), ..Fold::new(modules, context) }
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
        if let Some(totals) = &mut self.totals {
            totals.packets(&wanted);
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

    /// The sums, if they are wanted.
    pub fn totals(&self) -> Option<Totals> {
        self.totals.as_ref().map(|totals| totals.finish(&self.numbers))
    }

    /// The tables, in the order of the modules.
    pub fn finish(self, limit: usize) -> Vec<Table> {
        let numbers = self.numbers;
        let table = |(module, counter): (&'static Module, Box<dyn Counter>)| {
            let Body { columns, rows, notes, rows_in_all, packets, hours } = counter.body(&numbers, limit);
            let (name, title) = (module.name.into(), module.title.into());
            Table { name, title, columns, rows, notes, rows_in_all, packets, hours }
        };
        self.modules.into_iter().map(table).collect()
    }
}
