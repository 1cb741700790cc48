//! Reads several logs as one: every packet once, even if several of them contain it.
//!
//! Syslog daemons write one line to several files, and people name them all. As in the store
//! (`store/overlap.rs`), indistinguishable packets count as often as they occur in the log that has the
//! most of them. Logs that overlap in time are read side by side, second by second; others are read alone.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::clock::Clock;
use super::logs::LogSource;
use super::parsing::{LogLines, Maker, Sink, Stops};
use crate::input::{Lines, ReadError};
use crate::netfilter::batch::Batch;
use crate::netfilter::fingerprint::{Fingerprint, Fingerprints, apart, second};
use crate::netfilter::prefix::Rules;
use crate::netfilter::stats::ParseStats;
use crate::netfilter::{Packet, Reader, Time};

/// Seconds after which another log yields no more equal packets, if both are in chronological order.
const WINDOW: i64 = 2;

/// Packets remembered beyond that, for logs that are not: after a clock was set back, say.
const REMEMBERED: usize = 200_000;

/// How often to try workers on a log: one whose chunks all depend on earlier ones is read line by line.
const TRIES: usize = 16;

/// The result of reading a log.
pub struct LogRead {
    /// The log.
    pub source: LogSource,
    /// Statistics of its lines.
    pub stats: ParseStats,
    /// Why it was not read to its end.
    pub error: Option<String>,
    /// Packets that another log of the call contains too, which count once.
    pub known: u64,
    /// The name of that log; of several, the first.
    pub other: String,
}

/// Reads logs to their ends with this many workers and feeds each packet to the sink once. Returns the
/// results in the order of the logs.
pub fn packets<M: Maker>(
    sources: Vec<LogSource>,
    rules: &Rules,
    clock: &Clock,
    workers: usize,
    mut sink: Sink<'_, M>,
) -> Vec<LogRead> {
    let many = sources.len() > 1;
    let mut done = Vec::new();
    let mut merge = Merge { seen: SeenPackets::default(), names: Vec::new() };
    merge.seen.ends = vec![None; sources.len()];
    let mut active: Vec<Open<'_>> = Vec::new();
    let mut waiting: VecDeque<(usize, LogSource)> = sources.into_iter().enumerate().collect();
    merge.names = waiting.iter().map(|(_, source)| source.name.clone()).collect();
    loop {
        let next = waiting.front().and_then(|(_, source)| source.first()).map(second);
        let now = active.iter().filter_map(Open::second).min();
        // A log without a time waits until all others are read.
        let due = match (next, now) {
            _ if active.is_empty() => true,
            (Some(next), Some(now)) => next - WINDOW <= now,
            _ => false,
        };
        if due && let Some((number, source)) = waiting.pop_front() {
            match Open::new(number, source, rules, clock) {
                Ok(open) => active.push(open),
                Err(read) => done.push((number, *read)),
            }
            continue;
        }
        let alone = active.len() == 1;
        let least = active.iter().enumerate().min_by_key(|(_, open)| (open.second(), open.number));
        let Some(at) = least.map(|(at, _)| at) else { break };
        let border = if alone { next.map_or(i64::MAX, |next| next - WINDOW) } else { i64::MIN };
        let open = &mut active[at];
        if alone && (!many || merge.seen.is_over(open.second()) && open.second() < Some(border)) {
            open.run(border, workers, &mut sink);
        } else {
            merge.line(open, &mut |packet| sink.packet(packet));
        }
        if open.ended {
            let open = active.remove(at);
            merge.seen.ends[open.number] = open.reader.stats.last;
            done.push((open.number, open.finish()));
        }
    }
    sink.flush();
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, read)| read).collect()
}

/// A log that is being read, one line ahead.
struct Open<'r> {
    number: usize,
    source: LogSource,
    lines: LogLines,
    reader: Reader<'r>,
    /// The packets of the line ahead.
    ahead: Batch,
    ended: bool,
    error: Option<String>,
    known: u64,
    other: Option<usize>,
    other_name: String,
}

impl<'r> Open<'r> {
    fn new(
        number: usize,
        mut source: LogSource,
        rules: &'r Rules,
        clock: &Clock,
    ) -> Result<Open<'r>, Box<LogRead>> {
        let reader = Reader::new(rules, source.calendar(clock));
        match source.open() {
            Ok(log) => {
                let mut open = Open {
                    number,
                    source,
                    lines: LogLines::new(Lines::new(log)),
                    reader,
                    ahead: Batch::default(),
                    ended: false,
                    error: None,
                    known: 0,
                    other: None,
                    other_name: String::new(),
                };
                open.advance();
                Ok(open)
            }
            // It has disappeared since it was checked.
            Err(error) => Err(Box::new(LogRead {
                source,
                stats: ParseStats::default(),
                error: Some(error.to_string()),
                known: 0,
                other: String::new(),
            })),
        }
    }

    /// The second of the line ahead; none if it has no time.
    fn second(&self) -> Option<i64> {
        self.ahead.iter().find_map(|packet| packet.time.map(second))
    }

    /// Reads on to the next line with packets.
    fn advance(&mut self) {
        self.ahead.clear();
        while self.ahead.is_empty() && !self.ended {
            let Open { lines, reader, ahead, .. } = self;
            let read = lines.next_line(reader, &mut |packet| ahead.push(packet));
            self.settle(read);
        }
    }

    /// Passes on packets until one reaches the second `border`, or to the end.
    fn run<M: Maker>(&mut self, border: i64, workers: usize, sink: &mut Sink<'_, M>) {
        self.ahead.iter().for_each(|packet| sink.packet(&packet));
        self.ahead.clear();
        let stops = |packet: &Packet<'_>| packet.time.is_some_and(|time| second(time) >= border);
        let (mut reached, mut tries) = (false, 0);
        while !reached && !self.ended {
            if tries < TRIES && self.lines.is_between_chunks() {
                tries += 1;
                let stops = (border < i64::MAX).then_some(&stops as &Stops<'_>);
                self.lines.parse(workers, &mut self.reader, stops, sink);
            }
            let Open { lines, reader, ahead, .. } = self;
            let read = lines.next_line(reader, &mut |packet| {
                reached |= stops(packet);
                match reached {
                    true => ahead.push(packet),
                    false => sink.packet(packet),
                }
            });
            self.settle(read);
        }
    }

    /// Records the end, by a fault or not.
    fn settle(&mut self, read: Result<bool, ReadError>) {
        match read {
            Ok(goes_on) => self.ended = !goes_on,
            Err(fault) => {
                self.error = Some(fault.to_string());
                self.ended = true;
            }
        }
    }

    fn finish(self) -> LogRead {
        LogRead {
            source: self.source,
            stats: self.reader.stats,
            error: self.error,
            known: self.known,
            other: self.other_name,
        }
    }
}

/// Logs read side by side.
struct Merge {
    seen: SeenPackets,
    names: Vec<String>,
}

impl Merge {
    /// Consumes a log's line ahead.
    fn line(&mut self, open: &mut Open<'_>, each: &mut dyn FnMut(&Packet<'_>)) {
        if let Some(second) = open.second() {
            self.seen.forget_before(second - WINDOW);
        }
        for packet in open.ahead.iter() {
            match self.seen.is_known(open.number, open.reader.stats.first, &packet) {
                None => each(&packet),
                Some(other) => {
                    open.known += 1;
                    open.other.get_or_insert(other);
                }
            }
        }
        if let Some(name) = open.other.and_then(|other| self.names.get(other)) {
            open.other_name.clone_from(name);
        }
        open.advance();
    }
}

/// Packets of the last seconds.
#[derive(Default)]
struct SeenPackets {
    fingerprints: Fingerprints,
    seconds: BTreeMap<i64, HashMap<Fingerprint, Tally>>,
    /// Tallies in them.
    held: usize,
    /// The last times of the logs that have been read to their ends.
    ends: Vec<Option<Time>>,
}

/// How often indistinguishable packets occurred, by log.
type Tally = Vec<(usize, u64)>;

impl SeenPackets {
    /// The other log that already has a packet of this log; none if it is new. `began` is the time of the log's first
    /// packet.
    fn is_known(&mut self, log: usize, began: Option<Time>, packet: &Packet<'_>) -> Option<usize> {
        let print = self.fingerprints.of(packet);
        let tally = self.seconds.entry(print.second?).or_default().entry(print).or_insert_with(|| {
            self.held += 1;
            Tally::default()
        });
        let place = tally.iter().position(|(other, _)| *other == log).unwrap_or_else(|| {
            tally.push((log, 0));
            tally.len() - 1
        });
        tally[place].1 += 1;
        let nth = tally[place].1;
        let ends = &self.ends;
        let shares = |other: usize| match (ends[other], began) {
            (Some(ended), Some(began)) => other != log && !apart(ended, began),
            _ => other != log,
        };
        tally.iter().find(|(other, count)| *count >= nth && shares(*other)).map(|(other, _)| *other)
    }

    /// Whether no packet read side by side can recur in a given second (none: without a time).
    fn is_over(&self, now: Option<i64>) -> bool {
        let last = self.seconds.last_key_value().map(|(last, _)| *last);
        last.is_none_or(|last| now.is_some_and(|now| last + WINDOW < now))
    }

    fn forget_before(&mut self, second: i64) {
        while self.held > REMEMBERED
            && let Some(first) = self.seconds.first_entry()
            && *first.key() < second
        {
            self.held -= first.remove().len();
        }
    }
}
