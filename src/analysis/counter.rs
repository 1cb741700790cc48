//! A module as the pass sees it: a counter that takes packets and yields a table.

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

/// Everything a report needs besides the packets.
#[derive(Clone, Debug)]
pub struct Context {
    /// Which packets count, and which actions count as accepted.
    pub filters: Filters,
    /// Start of the span that the totals are compared with; it ends at `--since`.
    pub before: Option<Time>,
    /// Time zone of days and hours.
    pub zone: TimeZone,
    /// The rates that make an attack.
    pub thresholds: Thresholds,
    /// Looks up where addresses are, if anything can.
    pub origins: Option<Arc<dyn Origins>>,
    /// Networks never reported as attackers.
    pub allow: Vec<Network>,
    /// Networks never blocked, besides those in `allow`.
    pub spared: Spared,
}

/// A packet on its way through the modules, its words and addresses interned.
#[derive(Clone, Copy)]
pub struct InternedPacket<'a> {
    pub packet: BatchPacket<'a>,
    /// Position in row or line order: ascending, shared by packets that came as one with a count.
    pub position: u64,
    /// Its verdict, including the actions that count as accepted.
    pub verdict: Verdict,
    pub src: Addr,
    pub dst: Addr,
    pub action: Word,
    pub proto: Word,
    pub if_in: Word,
    pub host: Word,
}

/// Maps words and addresses to the numbers in an [`InternedPacket`] and back.
#[derive(Debug, Default)]
pub struct Interner {
    pub words: Interned,
    pub addresses: Addresses,
}

/// Counts packets for one module.
pub trait Counter {
    /// Counts a packet.
    fn packet(&mut self, seen: &InternedPacket<'_>);
    /// Counts those that pass `counts`. Each module gets its own copy of this loop, so `packet` is not called through
    /// a pointer.
    fn packets(&mut self, seen: &[InternedPacket<'_>], counts: fn(&InternedPacket<'_>) -> bool) {
        for seen in seen.iter().filter(|seen| counts(seen)) {
            self.packet(seen);
        }
    }
    /// Takes a packet from before `--since`; called only for modules that want [`History`](super::Want::History).
    fn earlier(&mut self, _seen: &InternedPacket<'_>) {}
    /// Whether it needs packets in time order and they came far out of order.
    fn out_of_order(&self) -> bool {
        false
    }
    /// The result, at most `limit` rows.
    fn body(self: Box<Self>, numbers: &Interner, limit: usize) -> Body;
}

impl Interner {
    /// Interns the words and addresses of a packet in a batch.
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

/// The columns that say where an address is: those that `origins` can fill.
pub fn origin_columns(origins: Option<&Arc<dyn Origins>>) -> Vec<Column> {
    let known = |knows: bool, column: Column| knows.then_some(column);
    let Some(origins) = origins else {
        return Vec::new();
    };
    let country = known(origins.knows_countries(), Column::word("Country", 7));
    let system = known(origins.knows_systems(), Column::word("AS", 25));
    country.into_iter().chain(system).collect()
}

/// The cells of these columns.
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
