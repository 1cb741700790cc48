//! Attacks by breadth: one source that tries many ports of a host, or one port of many hosts.

use std::hash::Hash;

use super::finding::{Alert, Finding, Hosts};
use super::key::ScanKey;
use super::limited::Number;
use super::open::{Closed, OpenAttacks, QUIET, Shares};
use super::recent::RecentQueue;
use super::set::Set;
use super::tracked::{Expiring, Watched};
use super::window::Window;
use crate::netfilter::Time;

const MINUTE: i64 = 60 * Time::SECOND;
const DAY: i64 = 86_400 * Time::SECOND;

/// A packet as it counts for breadth.
#[derive(Clone, Copy, Debug)]
pub struct Probe<T> {
    pub time: i64,
    pub item: T,
    pub sent: u8,
    pub prefix: Option<Number>,
}

/// How many make an attack.
#[derive(Clone, Copy, Debug)]
pub struct ScanLimit {
    /// In a minute.
    pub fast: u32,
    /// In a day, where that is asked for.
    pub slow: Option<u32>,
}

impl ScanLimit {
    /// How many of the latest are remembered.
    fn most(&self) -> usize {
        self.fast.max(self.slow.unwrap_or(0)).max(1) as usize
    }
}

/// What one key has tried.
#[derive(Debug)]
pub struct ScanTracker<K: ScanKey> {
    slow: bool,
    last: i64,
    /// The latest distinct things tried, the latest last.
    items: RecentQueue<Item<K::Item>>,
    live: Option<Box<OngoingScan<K::Item>>>,
}

#[derive(Clone, Copy, Debug)]
struct Item<T> {
    item: T,
    sent: u8,
    packets: u32,
    first: i64,
    last: i64,
}

/// An attack under way.
#[derive(Debug)]
struct OngoingScan<T> {
    /// Not yet so fast as a scan in a minute.
    slow: bool,
    /// How long a pause it may have.
    quiet: i64,
    first: i64,
    last: i64,
    /// When the last new thing was tried.
    active: i64,
    packets: u64,
    sent: u8,
    peak: u64,
    window: Window,
    tried: Set<T>,
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
                    if self.within(limit.fast, MINUTE) {
                        self.quicken(key, open);
                    }
                }
            }
            None => {
                self.remember(probe, time, limit);
                if self.within(limit.fast, MINUTE) {
                    self.begin(key, MINUTE, probe, open);
                } else if limit.slow.is_some_and(|slow| self.within(slow, DAY)) {
                    self.begin(key, DAY, probe, open);
                }
            }
        }
        self.live.is_some()
    }

    fn close(self, key: &K, limit: &ScanLimit, open: &mut OpenAttacks) {
        let Some(live) = self.live else { return };
        live.tried.leave(&mut open.room);
        let (source, target, port) = key.ends(live.distinct());
        let threshold = if live.slow { limit.slow.unwrap_or(limit.fast) } else { limit.fast };
        open.close(Closed {
            finding: Finding {
                kind: key.kind(live.sent, live.slow),
                source,
                target,
                port,
                first: Time(live.first),
                last: Time(live.last),
                packets: live.packets,
                distinct: live.tried.len() as u64,
                peak: live.peak,
                per: if live.slow { 86_400 } else { 60 },
                threshold: u64::from(threshold),
                lower_bound: live.tried.more,
            },
            shares: live.shares,
            by_rate: true,
        });
    }
}

impl<K: ScanKey> ScanTracker<K> {
    /// Puts a thing at the end of the latest ones.
    fn remember(&mut self, probe: Probe<K::Item>, time: i64, limit: &ScanLimit) {
        let item = match self.items.take(|item| item.item == probe.item) {
            Some(item) => Item {
                packets: item.packets.saturating_add(1),
                sent: item.sent | probe.sent,
                last: time,
                ..item
            },
            None => Item { item: probe.item, sent: probe.sent, packets: 1, first: time, last: time },
        };
        if self.items.len() >= limit.most() {
            self.items.drop_oldest();
        }
        self.items.push(item);
    }

    /// Whether the latest `count` of them lie within the span before the newest time.
    fn within(&self, count: u32, span: i64) -> bool {
        let oldest = self.items.back(count.max(1) as usize - 1);
        oldest.is_some_and(|item| self.last - item.last < span)
    }

    fn begin(&mut self, key: &K, span: i64, probe: Probe<K::Item>, open: &mut OpenAttacks) {
        let now = self.last;
        let mut live = OngoingScan {
            slow: span == DAY,
            quiet: if span == DAY { DAY } else { QUIET },
            first: now,
            last: now,
            active: now,
            packets: 0,
            sent: 0,
            peak: 0,
            window: Window::new(span),
            tried: Set::new(),
            shares: Shares::default(),
        };
        for item in self.items.iter().filter(|item| now - item.last < span) {
            let early = now - item.first < span;
            live.first = live.first.min(if early { item.first } else { item.last });
            live.packets += if early { u64::from(item.packets) } else { 1 };
            live.sent |= item.sent;
            live.tried.insert(item.item, &mut open.room);
        }
        live.shares.add(probe.prefix, live.packets);
        live.fill(&self.items, now, span);
        live.alert(key, open);
        if !live.slow {
            self.items = RecentQueue::new();
        }
        self.live = Some(Box::new(live));
    }

    /// A slow scan has become a fast one: it is one attack, and the fast one.
    fn quicken(&mut self, key: &K, open: &mut OpenAttacks) {
        let now = self.last;
        let items = std::mem::replace(&mut self.items, RecentQueue::new());
        if let Some(live) = &mut self.live {
            live.slow = false;
            live.window = Window::new(MINUTE);
            live.peak = 0;
            live.fill(&items, now, MINUTE);
            live.alert(key, open);
        }
    }
}

impl<T: Copy + Eq + Hash> OngoingScan<T> {
    fn packet(&mut self, probe: Probe<T>, time: i64, open: &mut OpenAttacks) {
        let new = self.tried.insert(probe.item, &mut open.room);
        let span = if self.slow { DAY } else { MINUTE };
        if !new && time - self.active > span {
            // What knocks at the same port all day is no part of the scan that it once made.
            return;
        }
        self.packets += 1;
        self.last = time;
        self.sent |= probe.sent;
        self.shares.add(probe.prefix, 1);
        if new {
            self.active = time;
            self.peak = self.peak.max(self.window.add(time));
        }
    }

    /// Counts what was tried before it was known to be an attack.
    fn fill(&mut self, items: &RecentQueue<Item<T>>, now: i64, span: i64) {
        let mut times: Vec<i64> = items
            .iter()
            .filter(|item| now - item.last < span)
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

    fn alert<W: ScanKey<Item = T>>(&self, key: &W, open: &mut OpenAttacks) {
        let (source, target, port) = key.ends(self.distinct());
        open.alert(Alert {
            kind: key.kind(self.sent, self.slow),
            source,
            target,
            port,
            first: Time(self.first),
            last: Time(self.last),
            count: self.tried.len() as u64,
        });
    }
}
