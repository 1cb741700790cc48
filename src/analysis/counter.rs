//! What a module is to the pass: something that counts packets and ends with a table.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::addresses::{Addr, Addresses};
use super::blocklist::Spared;
use super::origins::Origins;
use super::table::{Body, Cell, Column};
use super::words::{BatchWords, Interned, Word};
use crate::filter::Thresholds;
use crate::filter::{Filters, Network};
use crate::netfilter::batch::BatchPacket;
use crate::netfilter::{Time, Verdict};

/// What a report is made with, beside the packets.
#[derive(Clone, Debug)]
pub struct Context {
    /// Which packets are wanted, and which actions count as let through.
    pub filters: Filters,
    /// When the span begins that the sums are compared with; it ends at `--since`.
    pub before: Option<Time>,
    /// The zone that days and hours begin in.
    pub zone: TimeZone,
    /// From which rate on something is an attack.
    pub thresholds: Thresholds,
    /// Who knows where addresses are, if somebody does.
    pub origins: Option<Arc<dyn Origins>>,
    /// Networks that are never called attackers.
    pub allow: Vec<Network>,
    /// Networks that are never blocked either.
    pub spared: Spared,
}

/// A packet on its way through the modules, with its words and addresses as numbers.
#[derive(Clone, Copy)]
pub struct InternedPacket<'a> {
    pub packet: BatchPacket<'a>,
    /// Place in the order of rows or lines; rising, the same for packets that came as one with a count.
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

/// What the numbers of an [`InternedPacket`] stand for.
#[derive(Debug, Default)]
pub struct Interner {
    pub words: Interned,
    pub addresses: Addresses,
}

/// What counts packets for one module.
pub trait Counter {
    /// Takes a packet in.
    fn packet(&mut self, seen: &InternedPacket<'_>);
    /// Takes in those that count. Every module has its own copy of this loop, so that `packet` is
    /// not called through a pointer.
    fn packets(&mut self, seen: &[InternedPacket<'_>], counts: fn(&InternedPacket<'_>) -> bool) {
        for seen in seen.iter().filter(|seen| counts(seen)) {
            self.packet(seen);
        }
    }
    /// Takes in a packet from before `--since`: comes to modules that want
    /// [`History`](super::Want::History) only.
    fn earlier(&mut self, _seen: &InternedPacket<'_>) {}
    /// Whether it wanted packets in the order of time, and they were far from it.
    fn out_of_order(&self) -> bool {
        false
    }
    /// What was counted, at most `limit` rows.
    fn body(self: Box<Self>, numbers: &Interner, limit: usize) -> Body;
}

impl Interner {
    /// A packet of a batch with its words and addresses as numbers.
    pub fn seen<'a>(
        &mut self,
        filters: &Filters,
        position: u64,
        packet: BatchPacket<'a>,
        batch: &mut BatchWords<'_>,
    ) -> InternedPacket<'a> {
        let words = packet.words();
        InternedPacket {
            packet,
            position,
            verdict: filters.verdicts.of_action(packet.action(), packet.verdict()),
            src: self.addresses.number(packet.src()),
            dst: self.addresses.number(packet.dst()),
            action: batch.word(words.action, &mut self.words),
            proto: batch.word(words.proto, &mut self.words),
            if_in: batch.word(words.if_in, &mut self.words),
            host: batch.word(words.host, &mut self.words),
        }
    }
}

/// The columns that say where an address is: those that somebody can fill.
pub fn origin_columns(origins: Option<&Arc<dyn Origins>>) -> Vec<Column> {
    let known = |knows: bool, column: Column| knows.then_some(column);
    let Some(origins) = origins else {
        return Vec::new();
    };
    let country = known(origins.knows_countries(), Column::word("Country", 7));
    let system = known(origins.knows_systems(), Column::word("AS", 25));
    country.into_iter().chain(system).collect()
}

/// What stands in them.
pub fn origin_cells(origins: Option<&Arc<dyn Origins>>, address: Option<IpAddr>) -> Vec<Cell> {
    let Some(origins) = origins else {
        return Vec::new();
    };
    let origin = address.map(|address| origins.of(address)).unwrap_or_default();
    let country = origins
        .knows_countries()
        .then(|| origin.country.map_or(Cell::Missing, |country| Cell::Word(country.code)));
    let system = origins
        .knows_systems()
        .then(|| origin.system.map_or(Cell::Missing, |system| Cell::Word(system.words())));
    country.into_iter().chain(system).collect()
}
