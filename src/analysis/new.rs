//! The module `new`: what came since `--since` and never before.

use std::cmp::Ordering;

use hashbrown::HashMap;
use jiff::tz::TimeZone;

use super::addresses::Addr;
use super::counter::{Context, Counter, InternedPacket, Interner};
use super::index::Index;
use super::key::Key;
use super::quantity::counted;
use super::table::{self, Body, Cell, Column, missing_last};
use super::words::Word;
use crate::filter::when;
use crate::netfilter::Time;

/// Packets from one source to one port (and protocol).
struct Pair {
    /// Source, port, protocol.
    key: Key,
    times: Times,
}

/// When something was seen.
#[derive(Clone, Copy)]
struct Times {
    /// Packets since `--since`.
    count: u64,
    /// Time of the first; [`i64::MAX`] if none.
    first: i64,
    /// Whether there were any before.
    before: bool,
}

impl Times {
    const NEVER: Times = Times { count: 0, first: i64::MAX, before: false };

    fn add(&mut self, other: Times) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.before |= other.before;
    }

    fn is_new(&self) -> bool {
        !self.before && self.count > 0
    }
}

/// Counts by source and port, from which new sources and ports follow.
pub struct News {
    since: Option<Time>,
    zone: TimeZone,
    pairs: Vec<Pair>,
    index: Index,
}

impl News {
    pub fn counter(context: &Context) -> Box<dyn Counter> {
        Box::new(News {
            since: context.filters.since,
            zone: context.zone.clone(),
            pairs: Vec::new(),
            index: Index::default(),
        })
    }

    fn times(&mut self, seen: &InternedPacket<'_>) -> &mut Times {
        let key = Key::default().address(seen.src).port(seen.packet.dst_port()).word(seen.proto);
        let pairs = &mut self.pairs;
        let place = self.index.place(key, pairs.len(), |n| pairs[n].key == key);
        if place == pairs.len() {
            let times = Times::NEVER;
            pairs.push(Pair { key, times });
        }
        &mut pairs[place].times
    }
}

/// Something new.
struct Find {
    kind: Novelty,
    src: Addr,
    port: Option<u16>,
    proto: Option<Word>,
    times: Times,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Novelty {
    Source,
    Port,
    /// A known source on a known port.
    Pair,
}

impl Counter for News {
    fn packet(&mut self, seen: &InternedPacket<'_>) {
        let first = seen.packet.time().map_or(i64::MAX, |time| time.0);
        self.times(seen).add(Times { count: 1, first, before: false });
    }

    fn earlier(&mut self, seen: &InternedPacket<'_>) {
        self.times(seen).before = true;
    }

    fn body(mut self: Box<Self>, numbers: &Interner, limit: usize) -> Body {
        self.index = Index::default();
        // The source is highest in the key, so its pairs become adjacent.
        self.pairs.sort_unstable_by_key(|pair| pair.key);
        let mut ports: HashMap<(u16, Word), Times> = HashMap::new();
        let mut before = false;
        for pair in &self.pairs {
            before |= pair.times.before;
            let (_, port, proto) = parts(pair.key);
            if let Some(port) = port {
                ports.entry((port, proto)).or_insert(Times::NEVER).add(pair.times);
            }
        }
        let mut finds = [Vec::new(), Vec::new(), Vec::new()];
        for run in self.pairs.chunk_by(|a, b| parts(a.key).0 == parts(b.key).0) {
            let Some((src, ..)) = run.first().map(|pair| parts(pair.key)).filter(|p| p.0 != Addr::NONE)
            else {
                continue;
            };
            let mut times = Times::NEVER;
            run.iter().for_each(|pair| times.add(pair.times));
            if times.is_new() {
                finds[0].push(Find { kind: Novelty::Source, src, port: None, proto: None, times });
                continue;
            }
            for pair in run.iter().filter(|pair| pair.times.is_new()) {
                let (_, Some(port), proto) = parts(pair.key) else {
                    continue;
                };
                if ports.get(&(port, proto)).is_some_and(|times| times.before) {
                    let (port, proto, times) = (Some(port), Some(proto), pair.times);
                    finds[2].push(Find { kind: Novelty::Pair, src, port, proto, times });
                }
            }
        }
        for ((port, proto), times) in ports.into_iter().filter(|(_, times)| times.is_new()) {
            let (port, proto) = (Some(port), Some(proto));
            finds[1].push(Find { kind: Novelty::Port, src: Addr::NONE, port, proto, times });
        }
        let found = finds.each_ref().map(Vec::len);
        let notes = vec![self.note(before, found)];
        let top = finds.into_iter().flat_map(|finds| table::top(finds, limit, |a, b| compare(a, b, numbers)));
        Body {
            columns: COLUMNS.to_vec(),
            rows: top.map(|find| row(&find, numbers)).collect(),
            notes,
            rows_in_all: found.into_iter().sum::<usize>() as u64,
            ..Body::default()
        }
    }
}

impl News {
    fn note(&self, before: bool, [sources, ports, pairs]: [usize; 3]) -> String {
        let since =
            self.since.map_or(String::new(), |since| format!(" since {}", when::text(since, &self.zone)));
        if !before {
            return format!("There are no earlier packets: everything{since} is new.");
        }
        let counted = |count: usize, what: &str| counted(count as u64, what);
        format!(
            "New{since}: {}, {}, and {} of a known source with a known port.",
            counted(sources, "source"),
            counted(ports, "port"),
            counted(pairs, "pair")
        )
    }
}

fn parts(mut key: Key) -> (Addr, Option<u16>, Word) {
    let proto = key.pop_word();
    let port = key.pop_port();
    (key.pop_address(), port, proto)
}

fn compare(a: &Find, b: &Find, numbers: &Interner) -> Ordering {
    let address = |find: &Find| numbers.addresses.address(find.src);
    let proto = |find: &Find| find.proto.map(|proto| numbers.words.text(proto)).filter(|p| !p.is_empty());
    (b.times.count.cmp(&a.times.count))
        .then_with(|| missing_last(address(a), address(b)))
        .then_with(|| missing_last(a.port, b.port))
        .then_with(|| missing_last(proto(a), proto(b)))
}

fn row(find: &Find, numbers: &Interner) -> Vec<Cell> {
    let kind = match find.kind {
        Novelty::Source => "source",
        Novelty::Port => "port",
        Novelty::Pair => "pair",
    };
    let first = (find.times.first != i64::MAX).then_some(Time(find.times.first));
    vec![
        Cell::Count(find.times.count),
        Cell::word(kind),
        Cell::address(numbers.addresses.address(find.src)),
        Cell::port(find.port),
        find.proto.map_or(Cell::Missing, |proto| Cell::word(numbers.words.text(proto))),
        Cell::time(first),
    ]
}

const COLUMNS: [Column; 6] = [
    Column::number("Count", 6),
    Column::word("New", 6),
    Column::word("Source IP", 25),
    Column::number("DPort", 5),
    Column::word("Proto", 6),
    Column::word("First", 19),
];

#[cfg(test)]
mod tests;
