//! Attacks by breadth: one source that tries many ports of a host, or one port of many hosts.

use std::hash::Hash;

use super::desk::{Closed, Desk, QUIET, SLACK, Shares};
use super::finding::{Alert, Finding, Hosts};
use super::limited::Number;
use super::set::Set;
use super::tail::Tail;
use super::tracked::{Tracked, Watch};
use super::way::Way;
use super::window::Window;
use crate::netfilter::Time;

const MINUTE: i64 = 60 * Time::SECOND;
const DAY: i64 = 86_400 * Time::SECOND;

/// A packet as it counts for breadth.
#[derive(Clone, Copy, Debug)]
pub struct Touch<T> {
    pub time: i64,
    pub item: T,
    pub sent: u8,
    pub prefix: Option<Number>,
}

/// How many make an attack.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// In a minute.
    pub fast: u32,
    /// In a day, where that is asked for.
    pub slow: Option<u32>,
}

impl Limit {
    /// How many of the latest are remembered.
    fn most(&self) -> usize {
        self.fast.max(self.slow.unwrap_or(0)).max(1) as usize
    }
}

/// All that is watched for one way.
#[derive(Debug)]
pub struct Spreads<W: Way> {
    limit: Limit,
    tracked: Tracked<W, Spread<W::Item>>,
}

#[derive(Debug)]
struct Spread<T> {
    slow: bool,
    last: i64,
    /// The latest distinct things tried, the latest last.
    items: Tail<Item<T>>,
    live: Option<Box<Live<T>>>,
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
struct Live<T> {
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

impl<T> Watch for Spread<T> {
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

impl<W: Way> Spreads<W> {
    pub fn new(limit: Limit, most: usize) -> Self {
        Spreads { limit, tracked: Tracked::new(most) }
    }

    pub fn capped(&self) -> bool {
        self.tracked.capped
    }

    /// Counts a packet. Only what is watched already, if `known`.
    pub fn packet(&mut self, way: W, touch: Touch<W::Item>, known: bool, now: i64, desk: &mut Desk) {
        let slow = self.limit.slow.is_some();
        let spread = if known {
            match self.tracked.get(&way) {
                Some(spread) => spread,
                None => return,
            }
        } else {
            let closed = |way: W, spread: Spread<_>| spread.close(&way, &self.limit, desk);
            let new = || Spread::new(slow, touch.time);
            self.tracked.enter(way, now, new, closed)
        };
        spread.packet(&way, touch, &self.limit, desk);
    }

    pub fn finish(self, desk: &mut Desk) {
        for (way, spread) in self.tracked.into_all() {
            spread.close(&way, &self.limit, desk);
        }
    }
}

impl<T: Copy + Eq + Hash> Spread<T> {
    fn new(slow: bool, time: i64) -> Self {
        Spread { slow, last: time, items: Tail::new(), live: None }
    }

    fn packet<W: Way<Item = T>>(&mut self, way: &W, touch: Touch<T>, limit: &Limit, desk: &mut Desk) {
        let over = self.live.as_ref().is_some_and(|live| touch.time - live.active > live.quiet);
        if over || touch.time < self.last - SLACK {
            let spread = std::mem::replace(self, Spread::new(self.slow, touch.time));
            spread.close(way, limit, desk);
        }
        let time = touch.time.max(self.last);
        self.last = time;
        match &mut self.live {
            Some(live) => {
                live.packet(touch, time, desk);
                if live.slow {
                    self.remember(touch, time, limit);
                    if self.within(limit.fast, MINUTE) {
                        self.quicken(way, desk);
                    }
                }
            }
            None => {
                self.remember(touch, time, limit);
                if self.within(limit.fast, MINUTE) {
                    self.begin(way, MINUTE, touch, desk);
                } else if limit.slow.is_some_and(|slow| self.within(slow, DAY)) {
                    self.begin(way, DAY, touch, desk);
                }
            }
        }
    }

    /// Puts a thing at the end of the latest ones.
    fn remember(&mut self, touch: Touch<T>, time: i64, limit: &Limit) {
        let item = match self.items.take(|item| item.item == touch.item) {
            Some(item) => Item {
                packets: item.packets.saturating_add(1),
                sent: item.sent | touch.sent,
                last: time,
                ..item
            },
            None => Item { item: touch.item, sent: touch.sent, packets: 1, first: time, last: time },
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

    fn begin<W: Way<Item = T>>(&mut self, way: &W, span: i64, touch: Touch<T>, desk: &mut Desk) {
        let now = self.last;
        let mut live = Live {
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
            live.tried.insert(item.item, &mut desk.room);
        }
        live.shares.add(touch.prefix, live.packets);
        live.fill(&self.items, now, span);
        live.alert(way, desk);
        if !live.slow {
            self.items = Tail::new();
        }
        self.live = Some(Box::new(live));
    }

    /// A slow scan has become a fast one: it is one attack, and the fast one.
    fn quicken<W: Way<Item = T>>(&mut self, way: &W, desk: &mut Desk) {
        let now = self.last;
        let items = std::mem::replace(&mut self.items, Tail::new());
        if let Some(live) = &mut self.live {
            live.slow = false;
            live.window = Window::new(MINUTE);
            live.peak = 0;
            live.fill(&items, now, MINUTE);
            live.alert(way, desk);
        }
    }

    fn close<W: Way<Item = T>>(self, way: &W, limit: &Limit, desk: &mut Desk) {
        let Some(live) = self.live else { return };
        live.tried.leave(&mut desk.room);
        let (source, target, port) = way.ends(live.distinct());
        let threshold = if live.slow { limit.slow.unwrap_or(limit.fast) } else { limit.fast };
        desk.close(Closed {
            finding: Finding {
                kind: way.kind(live.sent, live.slow),
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

impl<T: Copy + Eq + Hash> Live<T> {
    fn packet(&mut self, touch: Touch<T>, time: i64, desk: &mut Desk) {
        let new = self.tried.insert(touch.item, &mut desk.room);
        let span = if self.slow { DAY } else { MINUTE };
        if !new && time - self.active > span {
            // What knocks at the same port all day is no part of the scan that it once made.
            return;
        }
        self.packets += 1;
        self.last = time;
        self.sent |= touch.sent;
        self.shares.add(touch.prefix, 1);
        if new {
            self.active = time;
            self.peak = self.peak.max(self.window.add(time));
        }
    }

    /// Counts what was tried before it was known to be an attack.
    fn fill(&mut self, items: &Tail<Item<T>>, now: i64, span: i64) {
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

    fn alert<W: Way<Item = T>>(&self, way: &W, desk: &mut Desk) {
        let (source, target, port) = way.ends(self.distinct());
        desk.alert(Alert {
            kind: way.kind(self.sent, self.slow),
            source,
            target,
            port,
            first: Time(self.first),
            last: Time(self.last),
            count: self.tried.len() as u64,
        });
    }
}
