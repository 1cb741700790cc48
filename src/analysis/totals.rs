//! What stands above every table: how many packets, what became of them, from how many sources.

use hashbrown::HashMap;

use super::addresses::Addr;
use super::counter::{InternedPacket, Interner};
use super::index::Index;
use super::words::Word;
use crate::netfilter::{Time, Verdict};

/// Sums over every packet of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Packets that were counted: those from before `--since` are not among them.
    pub packets: u64,
    /// Those that were accepted.
    pub accepted: u64,
    /// Those that were denied.
    pub denied: u64,
    /// Those that were neither.
    pub other: u64,
    /// Distinct source addresses.
    pub sources: u64,
    /// Least time among them.
    pub first: Option<Time>,
    /// Greatest time among them.
    pub last: Option<Time>,
    /// The action words of packets that were neither accepted nor denied, most frequent first.
    pub undecided: Vec<String>,
}

/// Adds the sums up.
#[derive(Default)]
pub(super) struct Summing {
    totals: Totals,
    sources: Vec<Addr>,
    index: Index,
    undecided: HashMap<Word, u64>,
}

impl Summing {
    pub fn packets(&mut self, seen: &[InternedPacket<'_>]) {
        for seen in seen {
            self.packet(seen);
        }
    }

    fn packet(&mut self, seen: &InternedPacket<'_>) {
        let totals = &mut self.totals;
        totals.packets += 1;
        match seen.verdict {
            Verdict::Accept => totals.accepted += 1,
            Verdict::Deny => totals.denied += 1,
            Verdict::Other => {
                totals.other += 1;
                *self.undecided.entry(seen.action).or_default() += 1;
            }
        }
        if let Some(time) = seen.packet.time {
            totals.first = Some(totals.first.map_or(time, |first| first.min(time)));
            totals.last = totals.last.max(Some(time));
        }
        if seen.src != Addr::NONE {
            let sources = &self.sources;
            let place = self.index.place(seen.src, sources.len(), |n| sources[n] == seen.src);
            if place == sources.len() {
                self.sources.push(seen.src);
            }
        }
    }

    pub fn finish(&self, numbers: &Interner) -> Totals {
        let mut words: Vec<(&str, u64)> =
            self.undecided.iter().map(|(word, count)| (numbers.words.text(*word), *count)).collect();
        words.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        Totals {
            sources: self.sources.len() as u64,
            undecided: words.into_iter().map(|(word, _)| word.to_owned()).collect(),
            ..self.totals.clone()
        }
    }
}
