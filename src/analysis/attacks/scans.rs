//! Attacks by breadth: one source that tries many ports of a host, or one port of many hosts.

use std::hash::Hash;
use std::net::IpAddr;

use super::classify;
use super::finding::{Alert, Episode, Hosts};
use super::host::{self, Host};
use super::key::ScanKey;
use super::knock::Knock;
use super::limited::Number;
use super::open::{Closed, OpenAttacks, QUIET, Shares};
use super::rates::Hit;
use super::recent::RecentQueue;
use super::set::Set;
use super::tracked::{Expiring, Watched};
use super::window::Window;
use crate::filter::Network;
use crate::netfilter::{Time, Verdict};

pub const MINUTE: i64 = 60 * Time::SECOND;
pub const DAY: i64 = 86_400 * Time::SECOND;

/// A datagram to a client's port that came this often is a reply, not a probe: scanners repeat a probe once or twice.
const ANSWERS: u32 = 3;

/// A packet as it counts toward breadth.
#[derive(Clone, Copy, Debug)]
pub struct Probe<T> {
    pub time: i64,
    pub source: Host,
    pub item: T,
    pub sent: u8,
    pub prefix: Option<Number>,
    /// Whether it counts toward a slow scan too.
    pub is_certain: bool,
    /// Whether it is a datagram that may be a reply.
    pub may_answer: bool,
}

impl<T> Probe<T> {
    /// A packet that tries this thing.
    pub fn new(knock: &Knock, item: T, sent: u8) -> Probe<T> {
        let Hit { time, source, prefix, .. } = knock.hit;
        let is_certain = |signal| knock.verdict == Verdict::Deny && classify::is_certain(signal, knock.to);
        let may_answer = |signal| classify::may_answer(signal, knock.to);
        Probe {
            time,
            source,
            item,
            sent,
            prefix,
            is_certain: knock.signal.is_some_and(is_certain),
            may_answer: knock.signal.is_some_and(may_answer),
        }
    }
}

/// How many make an attack.
#[derive(Clone, Copy, Debug)]
pub struct ScanLimit {
    /// In a minute.
    pub fast: u32,
    /// In a day, if slow scans count.
    pub slow: Option<u32>,
    /// From how many sources: one, or a network's.
    pub sources: usize,
}

impl ScanLimit {
    /// How many of the latest things are remembered.
    fn most(&self) -> usize {
        self.fast.max(self.slow.unwrap_or(0)).max(1) as usize
    }
}

/// What one key has tried.
#[derive(Debug)]
pub struct ScanTracker<K: ScanKey> {
    slow: bool,
    last: i64,
    /// The latest distinct things tried, latest last.
    items: RecentQueue<Item<K::Item>>,
    live: Option<Box<OngoingScan<K::Item>>>,
}

#[derive(Clone, Copy, Debug)]
struct Item<T> {
    item: T,
    source: Host,
    sent: u8,
    is_certain: bool,
    may_answer: bool,
    packets: u32,
    first: i64,
    last: i64,
}

impl<T> Item<T> {
    /// Whether it counts in a window of this length that ends now.
    fn counts(&self, now: i64, span: i64) -> bool {
        let is_answer = self.may_answer && self.packets >= ANSWERS;
        now - self.last < span && !is_answer && (self.is_certain || span < DAY)
    }
}

/// An attack under way.
#[derive(Debug)]
struct OngoingScan<T> {
    /// Not yet as fast as a scan within a minute.
    slow: bool,
    /// How long it may pause.
    quiet: i64,
    /// When it became an attack.
    began: i64,
    first: i64,
    last: i64,
    /// When the last new thing was tried.
    active: i64,
    packets: u64,
    sent: u8,
    peak: u64,
    window: Window,
    tried: Set<T>,
    /// The sources; only for a network.
    sources: Option<Set<Host>>,
    shares: Shares,
}

impl<K: ScanKey> Expiring for ScanTracker<K> {
    fn last(&self) -> i64 {
        self.last
    }

    fn keep(&self) -> i64 {
        match &self.live {
            Some(live) => live.quiet,
            None if self.slow => DAY,
            None => MINUTE,
        }
    }

    fn live(&self) -> bool {
        self.live.is_some()
    }
}

impl<K: ScanKey> Watched for ScanTracker<K> {
    type Key = K;
    type Event = Probe<K::Item>;
    type Limit = ScanLimit;

    fn new(limit: &ScanLimit, time: i64) -> Self {
        ScanTracker { slow: limit.slow.is_some(), last: time, items: RecentQueue::new(), live: None }
    }

    fn time(probe: &Probe<K::Item>) -> i64 {
        probe.time
    }

    fn is_over(&self, time: i64) -> bool {
        self.live.as_ref().is_some_and(|live| time - live.active > live.quiet)
    }

    fn count(&mut self, key: &K, probe: Probe<K::Item>, limit: &ScanLimit, open: &mut OpenAttacks) -> bool {
        let time = probe.time.max(self.last);
        self.last = time;
        match &mut self.live {
            Some(live) => {
                live.packet(probe, time, open);
                if live.slow {
                    self.remember(probe, time, limit);
                    if self.within(limit.fast, MINUTE, limit.sources) {
                        self.quicken(key, probe, limit, open);
                    }
                }
            }
            None => {
                self.remember(probe, time, limit);
                if self.within(limit.fast, MINUTE, limit.sources) {
                    self.begin(key, MINUTE, probe, limit, open);
                } else if limit.slow.is_some_and(|slow| self.within(slow, DAY, limit.sources)) {
                    self.begin(key, DAY, probe, limit, open);
                }
            }
        }
        self.live.is_some()
    }

    fn close(self, key: &K, limit: &ScanLimit, open: &mut OpenAttacks) {
        let Some(live) = self.live else { return };
        let episode = live.episode(key, limit);
        live.leave(open);
        open.close(Closed { episode, shares: live.shares, by_rate: true });
    }
}

impl<K: ScanKey> ScanTracker<K> {
    /// Adds a thing to the latest ones, or moves it to their end.
    fn remember(&mut self, probe: Probe<K::Item>, time: i64, limit: &ScanLimit) {
        let Probe { item, source, sent, is_certain, may_answer, .. } = probe;
        let item = match self.items.take(|known| known.item == item) {
            Some(known) => Item {
                packets: known.packets.saturating_add(1),
                sent: known.sent | sent,
                is_certain: known.is_certain || is_certain,
                may_answer: known.may_answer && may_answer,
                last: time,
                ..known
            },
            None => Item { item, source, sent, is_certain, may_answer, packets: 1, first: time, last: time },
        };
        if self.items.len() >= limit.most() {
            self.items.drop_oldest();
        }
        self.items.push(item);
    }

    /// Whether enough of the latest things count within the span before the newest time, from enough sources.
    fn within(&self, count: u32, span: i64, sources: usize) -> bool {
        let count = count.max(1) as usize;
        if self.items.len() < count {
            return false;
        }
        let counting = || self.items.iter().filter(|item| item.counts(self.last, span));
        if counting().count() < count {
            return false;
        }
        let mut known = Vec::with_capacity(sources);
        for item in counting() {
            if known.len() < sources && !known.contains(&item.source) {
                known.push(item.source);
            }
        }
        known.len() >= sources
    }

    fn begin(
        &mut self,
        key: &K,
        span: i64,
        probe: Probe<K::Item>,
        limit: &ScanLimit,
        open: &mut OpenAttacks,
    ) {
        let now = self.last;
        let mut live = OngoingScan {
            slow: span == DAY,
            quiet: if span == DAY { DAY } else { QUIET },
            began: now,
            first: now,
            last: now,
            active: now,
            packets: 0,
            sent: 0,
            peak: 0,
            window: Window::new(span),
            tried: Set::new(),
            sources: (limit.sources > 1).then(Set::new),
            shares: Shares::default(),
        };
        for item in self.items.iter().filter(|item| item.counts(now, span)) {
            let early = now - item.first < span;
            live.first = live.first.min(if early { item.first } else { item.last });
            live.packets += if early { u64::from(item.packets) } else { 1 };
            live.sent |= item.sent;
            live.tried.insert(item.item, &mut open.room);
            live.seen(item.source, open);
        }
        live.shares.add(probe.prefix, live.packets);
        live.fill(&self.items, now, span);
        live.alert(key, limit, open);
        if !live.slow {
            self.items = RecentQueue::new();
        }
        self.live = Some(Box::new(live));
    }

    /// Turns a slow scan that became fast into a single fast one. If it has just begun, packets from hours before are
    /// not part of it.
    fn quicken(&mut self, key: &K, probe: Probe<K::Item>, limit: &ScanLimit, open: &mut OpenAttacks) {
        let now = self.last;
        let Some(mut live) = self.live.take() else { return };
        if now - live.began < MINUTE {
            live.leave(open);
            return self.begin(key, MINUTE, probe, limit, open);
        }
        let items = std::mem::replace(&mut self.items, RecentQueue::new());
        live.slow = false;
        live.window = Window::new(MINUTE);
        live.peak = 0;
        live.fill(&items, now, MINUTE);
        live.alert(key, limit, open);
        self.live = Some(live);
    }
}

impl<T: Copy + Eq + Hash> OngoingScan<T> {
    fn packet(&mut self, probe: Probe<T>, time: i64, open: &mut OpenAttacks) {
        if self.slow && !probe.is_certain {
            return;
        }
        let new = self.tried.insert(probe.item, &mut open.room);
        let span = if self.slow { DAY } else { MINUTE };
        if !new && time - self.active > span {
            // Probes of the same port all day are no part of an earlier scan.
            return;
        }
        self.packets += 1;
        self.last = time;
        self.sent |= probe.sent;
        self.shares.add(probe.prefix, 1);
        self.seen(probe.source, open);
        if new {
            self.active = time;
            self.peak = self.peak.max(self.window.add(time));
        }
    }

    /// Releases its room.
    fn leave(&self, open: &mut OpenAttacks) {
        self.tried.leave(&mut open.room);
        self.sources.iter().for_each(|sources| sources.leave(&mut open.room));
    }

    fn seen(&mut self, source: Host, open: &mut OpenAttacks) {
        if let Some(sources) = &mut self.sources {
            sources.insert(source, &mut open.room);
        }
    }

    /// Counts what was tried before it was known to be an attack.
    fn fill(&mut self, items: &RecentQueue<Item<T>>, now: i64, span: i64) {
        let mut times: Vec<i64> = items
            .iter()
            .filter(|item| item.counts(now, span))
            .map(|item| if now - item.first < span { item.first } else { item.last })
            .collect();
        times.sort_unstable();
        for time in times {
            self.peak = self.peak.max(self.window.add(time));
        }
    }

    fn distinct(&self) -> Hosts {
        let count = self.tried.len() as u64;
        if self.tried.more { Hosts::AtLeast(count) } else { Hosts::Many(count) }
    }

    fn alert<K: ScanKey<Item = T>>(&self, key: &K, limit: &ScanLimit, open: &mut OpenAttacks) {
        open.alert(Alert { episode: self.episode(key, limit), count: self.tried.len() as u64 });
    }

    fn episode<K: ScanKey<Item = T>>(&self, key: &K, limit: &ScanLimit) -> Episode {
        let source = IpAddr::from(key.source());
        let source = match &self.sources {
            None => Hosts::One(source),
            Some(sources) => Hosts::Of(Network::of_holder(source), sources.len() as u64),
        };
        let (target, port) = key.goal(self.distinct());
        let threshold = if self.slow { limit.slow.unwrap_or(limit.fast) } else { limit.fast };
        Episode {
            kind: key.kind(self.sent, self.slow),
            source,
            sources: self.sources.as_ref().map_or_else(Vec::new, host::listed),
            target,
            port,
            services: key.services(|item| self.tried.contains(&item)),
            first: Time(self.first),
            last: Time(self.last),
            packets: self.packets,
            distinct: self.tried.len() as u64,
            peak: self.peak,
            per: if self.slow { 86_400 } else { 60 },
            threshold: u64::from(threshold),
            lower_bound: self.tried.more || self.sources.as_ref().is_some_and(|sources| sources.more),
        }
    }
}
