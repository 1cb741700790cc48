//! One pass over the packets, in which every module counts.

use super::counter::{Context, Counter, InternedPacket, Interner};
use super::modules::{Counting, Module, Want};
use super::senders::Senders;
use super::table::Table;
use super::totals::{Before, Summing, Totals};
use super::words::BatchWords;
use crate::netfilter::Time;
use crate::netfilter::batch::Batch;

/// The pass. Packets go in with [`Fold::packets`], tables come out of [`Fold::finish`].
pub struct Fold<'c> {
    context: &'c Context,
    modules: Vec<(&'static Module, Counting)>,
    numbers: Interner,
    /// None if another pass over the same packets computes the totals, and no module counts by sender.
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
        let modules: Vec<_> = modules.iter().map(|module| (*module, module.counting(context))).collect();
        let is_by_sender = modules.iter().any(|(_, counting)| matches!(counting, Counting::BySender(_)));
        Fold {
            context,
            modules,
            numbers: Interner::default(),
            totals: is_by_sender.then(Summing::with_stats),
            totals_before: Summing::default(),
            position: 0,
        }
    }

    /// The same, with totals over all packets.
    pub fn with_totals(modules: &[&'static Module], context: &'c Context) -> Self {
        let fold = Fold::new(modules, context);
        Fold { totals: fold.totals.or_else(|| Some(Summing::default())), ..fold }
    }

    /// Counts a batch of packets, in row or line order.
    ///
    /// Goes module by module, not packet by packet: a module's groups are scattered over memory, and in a tight loop
    /// the CPU fetches the next one while it waits for this one.
    pub fn packets(&mut self, batch: &Batch) {
        for (_, counting) in &mut self.modules {
            if let Counting::Detecting(suspects) = counting {
                let wanted = batch.rows().filter(|packet| !is_earlier(self.context, packet.time()));
                wanted.for_each(|packet| (0..packet.times()).for_each(|_| suspects.take(packet)));
            }
        }
        let is_detecting = |counting: &Counting| matches!(counting, Counting::Detecting(_));
        if self.totals.is_some() || !self.modules.iter().all(|(_, counting)| is_detecting(counting)) {
            self.count(batch);
        }
    }

    /// Counts a batch in every module but the detector.
    fn count(&mut self, batch: &Batch) {
        let (mut wanted, mut earlier) = (Vec::with_capacity(batch.len()), Vec::new());
        let mut words = BatchWords::new(batch);
        let filters = &self.context.filters;
        for packet in batch.rows() {
            self.position += 1;
            let time = packet.time();
            let is_earlier = is_earlier(self.context, time);
            if !is_earlier || time.is_some() {
                let seen = self.numbers.seen(filters, self.position, packet, &mut words);
                let all = if is_earlier { &mut earlier } else { &mut wanted };
                all.extend(std::iter::repeat_n(seen, packet.times()));
            }
        }
        if let Some(totals) = &mut self.totals {
            totals.packets(&wanted);
            if let Some(before) = self.context.before {
                let is_before = |seen: &&InternedPacket<'_>| seen.packet.time() >= Some(before);
                let of_before: Vec<_> = earlier.iter().filter(is_before).copied().collect();
                self.totals_before.packets(&of_before);
            }
        }
        for (module, counting) in &mut self.modules {
            let Counting::Each(counter) = counting else { continue };
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
        let is_late = |counting: &Counting| match counting {
            Counting::Each(counter) => counter.out_of_order(),
            Counting::Detecting(suspects) => suspects.out_of_order(),
            Counting::BySender(_) => false,
        };
        let modules = self.modules.iter().filter(|(_, counting)| is_late(counting));
        modules.map(|(module, _)| *module).collect()
    }

    /// The totals, if requested.
    pub fn totals(&self) -> Option<Totals> {
        self.totals.as_ref().map(|totals| totals.finish(&self.numbers))
    }

    /// Totals of the preceding span, if the context names one and totals are requested.
    pub fn before(&self) -> Option<Before> {
        let (from, to) = (self.context.before?, self.context.filters.since?);
        self.totals.as_ref()?;
        Some(Before { from, to, totals: self.totals_before.finish(&self.numbers) })
    }

    /// The tables, in module order.
    pub fn finish(self, limit: usize) -> Vec<Table> {
        let Fold { context, modules, numbers, totals, .. } = self;
        let senders = totals.map_or_else(Senders::default, |totals| totals.senders);
        let table = |(module, counting): (&'static Module, Counting)| {
            module.table(match counting {
                Counting::Each(counter) => counter.body(&numbers, limit),
                Counting::Detecting(suspects) => suspects.body(&numbers, limit),
                Counting::BySender(table) => table(&senders, &numbers, context, limit),
            })
        };
        modules.into_iter().map(table).collect()
    }
}

/// Whether a packet of this time is from before `--since`, or may be.
fn is_earlier(context: &Context, time: Option<Time>) -> bool {
    context.filters.since.is_some_and(|since| time.is_none_or(|time| time < since))
}
