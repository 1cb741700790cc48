//! One pass over the packets, in which every module counts.

use super::counter::{Context, Counter, Interner};
use super::modules::{Module, Want};
use super::table::Table;
use super::totals::{Before, Summing, Totals};
use super::words::BatchWords;
use crate::filter::Filters;
use crate::netfilter::Time;
use crate::netfilter::batch::Batch;

/// The pass. Packets go in with [`Fold::packets`], tables come out of [`Fold::finish`].
pub struct Fold<'c> {
    filters: &'c Filters,
    /// Start of the preceding span.
    before: Option<Time>,
    modules: Vec<(&'static Module, Box<dyn Counter>)>,
    numbers: Interner,
    /// None if another pass over the same packets computes the totals.
    totals: Option<Summing>,
    /// Totals of the preceding span.
    totals_before: Summing,
    /// Packets offered so far.
    position: u64,
}

impl<'c> Fold<'c> {
    /// Counts for these modules. Expects packets that pass the context's filters except `since`: modules that do not
    /// want earlier packets do not get them.
    pub fn new(modules: &[&'static Module], context: &'c Context) -> Self {
        Fold {
            filters: &context.filters,
            before: context.before,
            modules: modules.iter().map(|module| (*module, module.counter(context))).collect(),
            numbers: Interner::default(),
            totals: None,
            totals_before: Summing::default(),
            position: 0,
        }
    }

    /// The same, with totals over all packets.
    pub fn with_totals(modules: &[&'static Module], context: &'c Context) -> Self {
        Fold { totals: Some(Summing::default()), ..Fold::new(modules, context) }
    }

    /// Counts a batch of packets, in row or line order.
    ///
    /// Goes module by module, not packet by packet: a module's groups are scattered over memory, and in a tight loop
    /// the CPU fetches the next one while it waits for this one.
    pub fn packets(&mut self, batch: &Batch) {
        let (mut wanted, mut earlier) = (Vec::with_capacity(batch.len()), Vec::new());
        let mut words = BatchWords::new(batch);
        for packet in batch.rows() {
            self.position += 1;
            let time = packet.time();
            let is_earlier = self.filters.since.is_some_and(|since| time.is_none_or(|time| time < since));
            if !is_earlier || time.is_some() {
                let seen = self.numbers.seen(self.filters, self.position, packet, &mut words);
                let all = if is_earlier { &mut earlier } else { &mut wanted };
                all.extend(std::iter::repeat_n(seen, packet.times()));
            }
        }
        if let Some(totals) = &mut self.totals {
            totals.packets(&wanted);
            if let Some(before) = self.before {
                earlier.iter().filter(|seen| seen.packet.time() >= Some(before)).for_each(|seen| {
                    self.totals_before.packet(seen);
                });
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

    /// The modules that need packets in time order and did not get them that way.
    pub fn out_of_order(&self) -> Vec<&'static Module> {
        let modules = self.modules.iter().filter(|(_, counter)| counter.out_of_order());
        modules.map(|(module, _)| *module).collect()
    }

    /// The totals, if requested.
    pub fn totals(&self) -> Option<Totals> {
        self.totals.as_ref().map(|totals| totals.finish(&self.numbers))
    }

    /// Totals of the preceding span, if the context names one and totals are requested.
    pub fn before(&self) -> Option<Before> {
        let (from, to) = (self.before?, self.filters.since?);
        self.totals.as_ref()?;
        Some(Before { from, to, totals: self.totals_before.finish(&self.numbers) })
    }

    /// The tables, in module order.
    pub fn finish(self, limit: usize) -> Vec<Table> {
        let numbers = self.numbers;
        let table = |(module, counter): (&'static Module, Box<dyn Counter>)| {
            module.table(counter.body(&numbers, limit))
        };
        self.modules.into_iter().map(table).collect()
    }
}
