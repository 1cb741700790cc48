//! What became of every line of a log. Two sums hold: lines read = lines with packets + other syslog lines +
//! damaged netfilter lines + an unfinished last line; packets = records + repeats.

use std::collections::BTreeMap;

use super::{Packet, Reason, Time, Verdict, clean};

/// Counts of lines and packets.
#[derive(Clone, Debug, Default)]
pub struct ParseStats {
    /// Lines with at least one packet.
    pub packet_lines: u64,
    /// Lines that are not netfilter lines with the chosen prefixes, including empty ones.
    pub other: u64,
    /// Lines that should have yielded a packet but did not.
    pub damaged: u64,
    /// A last line without its line ending, left for the next run: 0 or 1 per file.
    pub unfinished: u64,
    /// Packets written out on a line.
    pub records: u64,
    /// Packets that a syslog daemon counted instead of writing them out.
    pub repeats: u64,
    /// Damaged records beside good ones, on lines with packets.
    pub damaged_beside: u64,
    /// Packets on lines without a time.
    pub timeless: u64,
    /// Earliest time of a packet.
    pub first: Option<Time>,
    /// Latest time of a packet.
    pub last: Option<Time>,
    /// Why lines are damaged, with a sample of each.
    pub reasons: BTreeMap<Reason, Damage>,
    /// Prefixes of netfilter lines that match no chosen rule, up to [`PREFIXES_KEPT`] of them.
    pub unknown_prefixes: BTreeMap<Vec<u8>, u64>,
    /// Action words that mean neither accept nor deny, up to [`PREFIXES_KEPT`] of them.
    pub undecided: BTreeMap<Vec<u8>, u64>,
}

/// One kind of damage.
#[derive(Clone, Debug, Default)]
pub struct Damage {
    /// Number of records.
    pub count: u64,
    /// The first one, up to [`SAMPLE`] characters.
    pub sample: String,
}

/// Characters kept of a damaged line.
pub const SAMPLE: usize = 160;

/// How many distinct prefixes (or undecided actions) are counted; a log could contain any number.
pub const PREFIXES_KEPT: usize = 1000;

impl ParseStats {
    /// Lines read.
    pub fn lines(&self) -> u64 {
        self.packet_lines + self.other + self.damaged + self.unfinished
    }

    /// Packets found.
    pub fn packets(&self) -> u64 {
        self.records + self.repeats
    }

    /// Adds another log's counts; the earlier samples stay.
    pub fn add(&mut self, other: &ParseStats) {
        self.packet_lines += other.packet_lines;
        self.other += other.other;
        self.damaged += other.damaged;
        self.unfinished += other.unfinished;
        self.records += other.records;
        self.repeats += other.repeats;
        self.damaged_beside += other.damaged_beside;
        self.timeless += other.timeless;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
        for (reason, damage) in &other.reasons {
            let mine = self.reasons.entry(*reason).or_insert_with(|| Damage { count: 0, ..damage.clone() });
            mine.count += damage.count;
        }
        for (prefix, count) in &other.unknown_prefixes {
            tally(&mut self.unknown_prefixes, prefix, *count);
        }
        for (action, count) in &other.undecided {
            tally(&mut self.undecided, action, *count);
        }
    }

    /// Whether adding these counts equals having counted on: nothing comes near its limit.
    pub fn can_add(&self, other: &ParseStats) -> bool {
        let few = |mine: &BTreeMap<Vec<u8>, u64>, theirs: &BTreeMap<Vec<u8>, u64>| {
            mine.len() + theirs.len() <= PREFIXES_KEPT
        };
        few(&self.unknown_prefixes, &other.unknown_prefixes) && few(&self.undecided, &other.undecided)
    }

    pub(super) fn packet(&mut self, packet: &Packet<'_>) {
        match packet.time {
            None => self.timeless += 1,
            Some(time) => {
                self.first = Some(self.first.map_or(time, |first| first.min(time)));
                self.last = Some(self.last.map_or(time, |last| last.max(time)));
            }
        }
        if packet.verdict == Verdict::Other {
            tally(&mut self.undecided, packet.action, 1);
        }
    }

    pub(super) fn damage(&mut self, reason: Reason, line: &[u8]) {
        let damage = self.reasons.entry(reason).or_default();
        if damage.count == 0 {
            damage.sample = clean(&line[..line.len().min(4 * SAMPLE)]).chars().take(SAMPLE).collect();
        }
        damage.count += 1;
    }

    pub(super) fn unknown_prefix(&mut self, prefix: &[u8]) {
        tally(&mut self.unknown_prefixes, prefix, 1);
    }
}

fn tally(counts: &mut BTreeMap<Vec<u8>, u64>, word: &[u8], count: u64) {
    if let Some(known) = counts.get_mut(word) {
        *known += count;
    } else if counts.len() < PREFIXES_KEPT {
        counts.insert(word.to_vec(), count);
    }
}
