//! A bounded table of what is being tracked.

use std::hash::Hash;

use hashbrown::HashMap;

use super::open::{OpenAttacks, SLACK};
use crate::netfilter::Time;

/// The size at which a table is first cleaned.
const FIRST: usize = 512;

/// What is tracked under one key.
pub trait Expiring {
    /// The newest packet's time.
    fn last(&self) -> i64;
    /// How long after that the state still matters, in microseconds.
    fn keep(&self) -> i64;
    /// Whether an attack is under way.
    fn live(&self) -> bool;
}

/// What is tracked from packet to packet until it becomes an attack, and then until that is over.
pub trait Watched: Expiring + Sized {
    /// What is tracked separately.
    type Key: Copy + Eq + Hash;
    /// A packet as it counts here.
    type Event: Copy;
    /// What makes it an attack.
    type Limit;

    /// A state that has counted nothing.
    fn new(limit: &Self::Limit, time: i64) -> Self;
    /// The packet's time.
    fn time(event: &Self::Event) -> i64;
    /// Whether an attack has been quiet long enough to be over.
    fn is_over(&self, time: i64) -> bool;
    /// Counts a packet, and begins an attack if there is one. Returns whether the limit is exceeded.
    fn count(
        &mut self,
        key: &Self::Key,
        event: Self::Event,
        limit: &Self::Limit,
        open: &mut OpenAttacks,
    ) -> bool;
    /// Ends it; an attack becomes a finding.
    fn close(self, key: &Self::Key, limit: &Self::Limit, open: &mut OpenAttacks);
}

/// Everything tracked under one limit.
#[derive(Debug)]
pub struct Tracker<V: Watched> {
    pub limit: V::Limit,
    tracked: Tracked<V::Key, V>,
}

impl<V: Watched> Tracker<V> {
    /// Tracks at most `most` keys.
    pub fn new(limit: V::Limit, most: usize) -> Self {
        Tracker { limit, tracked: Tracked::new(most) }
    }

    /// Whether something that still mattered was evicted.
    pub fn capped(&self) -> bool {
        self.tracked.capped
    }

    /// Counts a packet; if `known`, only under a key already tracked. Returns the state, and whether the limit is
    /// exceeded.
    pub fn packet(
        &mut self,
        key: V::Key,
        event: V::Event,
        known: bool,
        now: i64,
        open: &mut OpenAttacks,
    ) -> Option<(&V, bool)> {
        let (limit, time) = (&self.limit, V::time(&event));
        let state = match known {
            true => self.tracked.get(&key)?,
            false => {
                let closed = |key, state: V| state.close(&key, limit, open);
                self.tracked.enter(key, now, || V::new(limit, time), closed)
            }
        };
        if state.is_over(time) || time < state.last() - SLACK {
            std::mem::replace(state, V::new(limit, time)).close(&key, limit, open);
        }
        let exceeded = state.count(&key, event, limit, open);
        Some((state, exceeded))
    }

    /// Ends everything.
    pub fn finish(self, open: &mut OpenAttacks) {
        for (key, state) in self.tracked.into_all() {
            state.close(&key, &self.limit, open);
        }
    }
}

/// States by key, at most `limit` of them. When full, it evicts what no longer matters, then what has been quiet
/// longest, ongoing attacks last.
#[derive(Debug)]
pub struct Tracked<K, V> {
    map: HashMap<K, V>,
    limit: usize,
    /// The size at which to clean next: small tables are quick to scan.
    next: usize,
    /// Something that still mattered was evicted.
    pub capped: bool,
}

impl<K: Hash + Eq, V: Expiring> Tracked<K, V> {
    pub fn new(limit: usize) -> Self {
        Tracked { map: HashMap::new(), limit, next: FIRST.min(limit), capped: false }
    }

    /// The state under an existing key.
    pub fn get(&mut self, key: &K) -> Option<&mut V> {
        self.map.get_mut(key)
    }

    /// The state under a key, created if missing. Attacks evicted to make room go to `closed`.
    pub fn enter(&mut self, key: K, now: i64, new: impl FnOnce() -> V, closed: impl FnMut(K, V)) -> &mut V {
        if self.map.len() >= self.next && !self.map.contains_key(&key) {
            self.clean(now, closed);
        }
        self.map.entry(key).or_insert_with(new)
    }

    /// Everything that is there.
    pub fn into_all(self) -> impl Iterator<Item = (K, V)> {
        self.map.into_iter()
    }

    fn clean(&mut self, now: i64, mut closed: impl FnMut(K, V)) {
        // A packet may be late by the slack.
        let stale = |v: &V| v.last().abs_diff(now) > (v.keep() + SLACK).unsigned_abs();
        self.remove(stale, &mut closed);
        self.shrink(now, &mut closed);
        self.next = (self.map.len() * 2).clamp(FIRST.min(self.limit), self.limit);
    }

    fn shrink(&mut self, now: i64, closed: &mut impl FnMut(K, V)) {
        for live in [false, true] {
            let goal = self.limit / 2;
            if self.map.len() <= goal + self.limit / 4 {
                return;
            }
            self.capped = true;
            // Ages by powers of two seconds: one pass finds the youngest to evict, and it depends on times alone, not
            // on the order of the table.
            let mut ages = [0usize; 64];
            for state in self.map.values().filter(|v| v.live() == live) {
                ages[age(state, now)] += 1;
            }
            let mut excess = self.map.len() - goal;
            let mut least = 63;
            while least > 0 && excess > ages[least] {
                excess -= ages[least];
                least -= 1;
            }
            self.remove(|v| v.live() == live && age(v, now) >= least, closed);
        }
    }

    fn remove(&mut self, go: impl Fn(&V) -> bool, closed: &mut impl FnMut(K, V)) {
        for (key, state) in self.map.extract_if(|_, state| go(state)) {
            if state.live() {
                closed(key, state);
            }
        }
    }
}

fn age(state: &impl Expiring, now: i64) -> usize {
    let seconds = state.last().abs_diff(now) / Time::SECOND.unsigned_abs();
    (u64::BITS - seconds.leading_zeros()).min(63) as usize
}
