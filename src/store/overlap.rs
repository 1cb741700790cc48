//! The same packets in two logs of one machine.
//!
//! Syslog daemons write one line to several files (`ufw.log`, `kern.log`, `syslog`), and people import them
//! all. Of indistinguishable packets, a table should hold as many as the log with the most of them. So a
//! log's n-th is stored only if the table holds fewer than n: a log that comes alone loses none of its
//! repeats, and a second one adds what it has beyond the others.

use std::collections::{HashMap, HashSet};

use super::columns::Columns;
use super::condition::Condition;
use super::identity::JOURNAL;
use super::ledger;
use super::value::Value;
use super::{Entry, Step, Store, StoreError, TableName};
use crate::netfilter::Time;
use crate::netfilter::batch::Batch;
use crate::netfilter::fingerprint::{self, Fingerprint, Fingerprints, apart, second};

/// Seconds of a log within which equal packets may still follow.
pub(super) const WINDOW: i64 = 2;

/// Most seconds between the times at which a journal and a syslog daemon record one packet.
const APART: i64 = 2;

/// Times farther apart than this are queried separately.
const GAP: i64 = 60;

/// Most time ranges queried separately; a log not in time order has very many.
const MOST_RUNS: usize = 50;

/// Most logs named in a condition; with more, all rows of the time range are read.
const MOST_NAMED: usize = 100;

/// Columns that a fingerprint is made of.
const COLUMNS: Columns = Columns {
    host: true,
    if_out: false,
    prefix: true,
    mac: false,
    length: true,
    ttl: false,
    ip_id: true,
    tcp_flags: true,
    icmp: false,
    entry: true,
};

/// What a log has recently yielded.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    fingerprints: Fingerprints,
    /// Packets of the last few seconds.
    seen: HashMap<Fingerprint, u64>,
}

/// Packets of a chunk that a table already holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownPackets {
    /// How many.
    pub packets: u64,
    /// The path of the log that most of them came from.
    pub path: String,
}

impl KnownPackets {
    /// Adds those of another chunk.
    pub fn add(&mut self, other: KnownPackets) {
        if self.packets < other.packets {
            self.path = other.path;
        }
        self.packets += other.packets;
    }
}

/// How many indistinguishable packets a table holds.
#[derive(Clone, Copy, Default)]
struct Held {
    /// Rows of any log.
    all: u64,
    /// Rows of the log being imported.
    own: u64,
}

impl Recent {
    /// Records packets that were read in an earlier run.
    pub fn remember(&mut self, packets: &Batch) {
        for packet in packets.iter() {
            let print = self.fingerprints.of(&packet);
            if print.second.is_some() {
                *self.seen.entry(print).or_default() += 1;
            }
        }
    }

    /// Records a chunk that has been stored, and forgets what is too old.
    pub fn passed(&mut self, chunk: &Step) {
        let Some(last) = chunk.last.map(second) else { return };
        let recent = |second: i64| second > last - WINDOW;
        self.seen.retain(|print, _| print.second.is_some_and(recent));
        for packet in
            chunk.packets.iter().filter(|packet| packet.time.is_some_and(|time| recent(second(time))))
        {
            *self.seen.entry(self.fingerprints.of(&packet)).or_default() += 1;
        }
    }
}

impl Store {
    /// The packets of a chunk that the table does not hold yet, and what is known about the others. None if
    /// all of them are new. Call within the transaction that stores them.
    pub(super) fn new_packets(
        &mut self,
        table: &TableName,
        entry: &Entry,
        recent: &Recent,
        step: &Step,
    ) -> Result<Option<(Batch, KnownPackets)>, StoreError> {
        const DOING: &str = "comparing with other logs";
        let Some((first, last)) = step.first.zip(step.last) else {
            return Ok(None);
        };
        let chunk = &step.packets;
        let second = |time: Time, add: i64| Time((time.0 / Time::SECOND + add) * Time::SECOND);
        let statement = ledger::neighbors(
            &entry.incarnation,
            entry.id,
            second(first, -1 - APART),
            second(last, 2 + APART),
        );
        let is_journal = |head: &[u8]| head.starts_with(JOURNAL);
        let mut neighbors: HashMap<u64, String> = HashMap::new();
        // A journal and a syslog daemon each record a packet at their own time.
        let mut loosely: HashSet<u64> = HashSet::new();
        for row in self.rows(DOING, statement)? {
            let is_loose = is_journal(row.bytes(3)) != is_journal(&entry.head);
            // As with a rotated log and its successor. The whole log counts, not just this chunk.
            let began = entry.first.map_or(first, |began| began.min(first));
            let is_apart = row.time(5).is_some_and(|ended| apart(ended, began))
                || row.time(4).is_some_and(|began| apart(last, began));
            if (is_loose || !is_apart) && entry.shares_host(&ledger::hosts_of(row.optional_text(1))) {
                neighbors.insert(row.count(0), row.text(2));
                if is_loose {
                    loosely.insert(row.count(0));
                }
            }
        }
        if neighbors.is_empty() {
            return Ok(None);
        }
        let mut held: HashMap<Fingerprint, Held> = HashMap::new();
        for packet in chunk.iter().filter(|packet| packet.time.is_some()) {
            held.insert(recent.fingerprints.of(&packet), Held::default());
        }
        let mut rows_of: HashMap<u64, u64> = HashMap::new();
        let mut near: HashMap<Fingerprint, Vec<i64>> = HashMap::new();
        if !loosely.is_empty() {
            near.extend(held.keys().map(|print| (print.at_any_time(), Vec::new())));
        }
        let slack = if loosely.is_empty() { 0 } else { APART };
        for (from, to) in
            runs(chunk.iter().filter_map(|packet| packet.time.map(fingerprint::second)).collect())
        {
            let run = (second(from, -slack), second(to, slack));
            let mut condition = Condition::between(self.backend.dialect(), run);
            let named: Vec<u64> = neighbors.keys().copied().chain([entry.id]).collect();
            condition.of_entries((named.len() <= MOST_NAMED).then_some(&named));
            self.backend.packets(table, None, &condition, COLUMNS, &mut |stored| {
                let print = recent.fingerprints.of(&stored.packet);
                if let Some(other) = stored.entry.filter(|other| loosely.contains(other)) {
                    if let (Some(near), Some(second)) = (near.get_mut(&print.at_any_time()), print.second) {
                        near.push(second);
                        *rows_of.entry(other).or_default() += 1;
                    }
                    return;
                }
                if let Some(held) = held.get_mut(&print) {
                    held.all += 1;
                    match stored.entry {
                        Some(other) if other != entry.id => *rows_of.entry(other).or_default() += 1,
                        _ => held.own += 1,
                    }
                }
            })?;
        }
        if rows_of.is_empty() {
            return Ok(None);
        }
        let mut seen = recent.seen.clone();
        let mut new = Batch::default();
        let mut known = KnownPackets::default();
        for packet in chunk.iter() {
            let print = recent.fingerprints.of(&packet);
            let Some(held) = held.get_mut(&print) else {
                new.push(&packet);
                continue;
            };
            let nth = seen.entry(print).or_default();
            // What this log stored counts as seen, even if it is too old to be remembered.
            *nth = (*nth).max(held.own) + 1;
            if held.own < held.all && *nth <= held.all
                || near.get_mut(&print.at_any_time()).is_some_and(|near| take_near(near, print.second))
            {
                known.packets += 1;
            } else {
                held.all += 1;
                held.own += 1;
                new.push(&packet);
            }
        }
        let most = rows_of.iter().max_by_key(|(id, rows)| (**rows, std::cmp::Reverse(**id)));
        known.path = most.and_then(|(id, _)| neighbors.get(id)).cloned().unwrap_or_default();
        Ok((known.packets > 0).then_some((new, known)))
    }

    /// Whether the table holds all of these packets, those without a time as rows of this entry.
    pub fn holds(&mut self, table: &TableName, entry: &Entry, packets: &Batch) -> Result<bool, StoreError> {
        let fingerprints = Fingerprints::default();
        let mut missing: HashMap<Fingerprint, u64> = HashMap::new();
        let mut timeless = false;
        let mut seconds = Vec::new();
        for packet in packets.iter() {
            timeless |= packet.time.is_none();
            seconds.extend(packet.time.map(second));
            *missing.entry(fingerprints.of(&packet)).or_default() += 1;
        }
        let dialect = self.backend.dialect();
        let mut conditions: Vec<Condition> =
            runs(seconds).into_iter().map(|run| Condition::between(dialect, run)).collect();
        conditions.iter_mut().for_each(|condition| condition.of_entries(None));
        if timeless {
            let mut condition = Condition::without_time(dialect);
            condition.of_entries(Some(&vec![entry.id]));
            conditions.push(condition);
        }
        for condition in conditions {
            self.backend.packets(table, None, &condition, COLUMNS, &mut |stored| {
                if let Some(count) = missing.get_mut(&fingerprints.of(&stored.packet)) {
                    *count = count.saturating_sub(1);
                }
            })?;
        }
        Ok(missing.values().all(|count| *count == 0))
    }
}

/// Removes the earliest of these seconds close enough to the wanted one; each counts once.
fn take_near(seconds: &mut Vec<i64>, wanted: Option<i64>) -> bool {
    let near = |second: &i64| wanted.is_some_and(|wanted| (wanted - *second).abs() <= APART);
    let place =
        seconds.iter().enumerate().filter(|(_, second)| near(second)).min_by_key(|(_, second)| **second);
    let place = place.map(|(place, _)| place);
    place.map(|place| seconds.swap_remove(place)).is_some()
}

/// Groups seconds into ranges, each from its first to one past its last.
fn runs(mut seconds: Vec<i64>) -> Vec<(Time, Time)> {
    seconds.sort_unstable();
    seconds.dedup();
    let mut gap = GAP;
    loop {
        let mut runs: Vec<(i64, i64)> = Vec::new();
        for second in &seconds {
            match runs.last_mut() {
                Some((_, last)) if second - *last <= gap => *last = *second,
                _ => runs.push((*second, *second)),
            }
        }
        if runs.len() <= MOST_RUNS {
            let time = |second: i64| Time(second * Time::SECOND);
            return runs.into_iter().map(|(first, last)| (time(first), time(last + 1))).collect();
        }
        gap *= 4;
    }
}

impl Condition {
    /// Packets within a time range.
    fn between(dialect: super::schema::Dialect, (from, to): (Time, Time)) -> Condition {
        let mut condition = Condition::everything(dialect);
        condition.sql.push_str(" AND `timestamp` >= ? AND `timestamp` < ?");
        condition.values.extend([Value::Time(from), Value::Time(to)]);
        condition
    }

    /// Packets without a time.
    fn without_time(dialect: super::schema::Dialect) -> Condition {
        let mut condition = Condition::everything(dialect);
        condition.sql.push_str(" AND `timestamp` IS NULL");
        condition
    }

    /// Only packets that came with one of these ledger entries, or (`None`) with any.
    fn of_entries(&mut self, entries: Option<&Vec<u64>>) {
        match entries {
            None => self.sql.push_str(" AND `entry` IS NOT NULL"),
            Some(entries) => {
                self.sql.push_str(&format!(" AND `entry` IN ({})", vec!["?"; entries.len()].join(",")));
                self.values.extend(entries.iter().map(|id| Value::Unsigned(*id)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_far_apart_are_runs_of_their_own() {
        let run = |from: i64, to: i64| (Time(from * Time::SECOND), Time(to * Time::SECOND));
        assert_eq!(runs(vec![5, 3, 3, 70, 1000]), [run(3, 6), run(70, 71), run(1000, 1001)]);
        assert_eq!(runs(Vec::new()), []);
        assert!(runs((0..10_000).map(|n| n * 1_000).collect()).len() <= MOST_RUNS);
    }
}
