//! The totals above every table: how many packets, their verdicts, how many sources.

use super::counter::{InternedPacket, Interner};
use super::senders::Senders;
use super::words::Word;
use crate::netfilter::{Time, Verdict};

/// Sums over every packet of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Packets counted, excluding those from before `--since`.
    pub packets: u64,
    /// Those that were accepted.
    pub accepted: u64,
    /// Those that were denied.
    pub denied: u64,
    /// Those that were neither.
    pub other: u64,
    /// Distinct source addresses.
    pub sources: u64,
    /// Earliest time among them.
    pub first: Option<Time>,
    /// Latest time among them.
    pub last: Option<Time>,
    /// Counts by the log's own action words, most frequent first.
    pub actions: Vec<ActionCount>,
}

/// Totals of the preceding span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// When it begins.
    pub from: Time,
    /// When it ends, and the span it is compared with begins.
    pub to: Time,
    /// Its totals.
    pub totals: Totals,
}

impl Before {
    /// Whether logs or a table that begin with this packet cover the span: they begin before it or in its first eighth.
    pub fn is_covered(&self, earliest: Option<Time>) -> bool {
        let first_eighth = self.from.0 + (self.to.0 - self.from.0) / 8;
        earliest.is_some_and(|earliest| earliest.0 <= first_eighth)
    }
}

/// How many packets were logged with an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionCount {
    /// Its word.
    pub action: String,
    /// Their verdict. A word that two firewalls use differently is counted per verdict.
    pub verdict: Verdict,
    /// How many.
    pub packets: u64,
}

impl Totals {
    /// The actions that neither accept nor deny.
    pub fn undecided(&self) -> impl Iterator<Item = &str> {
        let actions = self.actions.iter().filter(|counted| counted.verdict == Verdict::Other);
        actions.map(|counted| counted.action.as_str())
    }

    /// Only the verdicts of these actions, one packet each.
    #[cfg(test)]
    pub fn of_actions<const N: usize>(actions: [(String, Verdict); N]) -> Totals {
        let counted = |(action, verdict)| ActionCount { action, verdict, packets: 1 };
        Totals { actions: actions.map(counted).into(), ..Totals::default() }
    }

    /// The verdict of an action, by most of its packets.
    pub fn verdict(&self, action: &str) -> Option<Verdict> {
        Some(self.actions.iter().find(|counted| counted.action == action)?.verdict)
    }
}

/// Adds up the totals.
#[derive(Default)]
pub(super) struct Summing {
    totals: Totals,
    pub senders: Senders,
    /// Packets by verdict, indexed by action number.
    actions: Vec<[u64; 3]>,
}

impl Summing {
    /// Keeps what each source sent, too.
    pub fn with_stats() -> Self {
        Summing { senders: Senders::with_stats(), ..Summing::default() }
    }

    pub fn packets(&mut self, seen: &[InternedPacket<'_>]) {
        seen.iter().for_each(|seen| self.sum(seen));
        self.senders.packets(seen);
    }

    /// Adds up everything but the senders.
    fn sum(&mut self, seen: &InternedPacket<'_>) {
        let totals = &mut self.totals;
        totals.packets += 1;
        let verdict = match seen.verdict {
            Verdict::Accept => &mut totals.accepted,
            Verdict::Deny => &mut totals.denied,
            Verdict::Other => &mut totals.other,
        };
        *verdict += 1;
        let action = seen.action.bits() as usize;
        if action >= self.actions.len() {
            self.actions.resize(action + 1, [0; 3]);
        }
        self.actions[action][place(seen.verdict)] += 1;
        if let Some(time) = seen.packet.time() {
            totals.first = Some(totals.first.map_or(time, |first| first.min(time)));
            totals.last = totals.last.max(Some(time));
        }
    }

    pub fn finish(&self, numbers: &Interner) -> Totals {
        let counts = (0..).zip(&self.actions).flat_map(|(action, counts)| {
            VERDICTS.map(|verdict| (Word::from_bits(action), verdict, counts[place(verdict)]))
        });
        let mut actions: Vec<ActionCount> = counts
            .filter(|(.., packets)| *packets > 0)
            .map(|(word, verdict, packets)| ActionCount {
                action: numbers.words.text(word).to_owned(),
                verdict,
                packets,
            })
            .collect();
        actions.sort_by(|a, b| b.packets.cmp(&a.packets).then_with(|| a.action.cmp(&b.action)));
        Totals { sources: self.senders.len(), actions, ..self.totals.clone() }
    }
}

const VERDICTS: [Verdict; 3] = [Verdict::Accept, Verdict::Deny, Verdict::Other];

/// Index of a verdict in the counts of an action.
fn place(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Accept => 0,
        Verdict::Deny => 1,
        Verdict::Other => 2,
    }
}
