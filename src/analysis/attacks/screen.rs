//! Holds back the packets of keys that have sent too few to be an attack.
//!
//! Most sources send a packet now and then. Looking at each of them in every way would be most of the detector's work,
//! and nothing would come of it: an attack takes a number of packets within some time. Packets wait here until their key
//! has sent that many. Then all of them are passed on, oldest first, and later ones at once.
//!
//! Packets wait in one queue, whatever their keys. To find those of one key, each names the previous one whose key's
//! hash ends in the same bits: a packet costs a few bytes of a small table and a place at the end of the queue.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hash};
use std::vec::Drain;

use hashbrown::DefaultHashBuilder;

use super::open::SLACK;
use super::tracked::{Expiring, Tracked};

/// Packets that wait whatever their age: in a log of several hosts whose clocks differ, each packet may look old beside
/// the one before it.
const FEW: usize = 256;

/// What makes a key worth looking at. Times are in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How many packets can be an attack.
    pub need: u32,
    /// Within what time.
    pub span: i64,
    /// How long a key's packets are passed on after its last one.
    pub quiet: i64,
    /// Maximum packets that wait.
    pub most: usize,
}

/// Whether a packet waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until its key has enough of them.
    ForOthers,
    /// The same, but it counts only if something of its key came before.
    IfKnown,
    /// Not at all: it may be an attack on its own.
    Never,
}

/// Packets that wait, and the keys whose packets do not.
#[derive(Debug)]
pub struct Screen<K, T> {
    terms: Terms,
    passed: Tracked<K, Passed>,
    waiting: VecDeque<Waiting<K, T>>,
    /// The number of the next packet that waits; numbers wrap around.
    next: u32,
    /// By the lowest bits of the key's hash; a power of two.
    chains: Vec<Chain>,
    hasher: DefaultHashBuilder,
    /// What is passed on with the current packet.
    due: Vec<(i64, T)>,
    is_full: bool,
}

#[derive(Debug)]
struct Waiting<K, T> {
    key: K,
    hash: u32,
    /// The number of the packet before it in its chain, which may have left the queue; see [`Chain::count`].
    previous: u32,
    time: i64,
    /// It has been passed on, and only keeps its place.
    is_taken: bool,
    packet: T,
}

/// Packets whose keys share the lowest bits of their hashes.
#[derive(Clone, Copy, Debug, Default)]
struct Chain {
    /// How many are in the queue.
    count: u32,
    /// The number of the newest.
    newest: u32,
    /// How many packets may still come before any of its keys can have enough.
    patience: u32,
}

/// A key whose packets are passed on.
#[derive(Debug)]
struct Passed {
    last: i64,
    quiet: i64,
}

impl Expiring for Passed {
    fn last(&self) -> i64 {
        self.last
    }

    fn keep(&self) -> i64 {
        self.quiet
    }

    fn live(&self) -> bool {
        true
    }
}

impl<K: Copy + Eq + Hash, T: Copy> Screen<K, T> {
    /// Passes on packets of at most `most` keys.
    pub fn new(terms: Terms, most: usize) -> Self {
        Screen {
            // Passing packets on early does no harm; waiting for more than the queue holds would.
            terms: Terms { need: terms.need.min(terms.most as u32 / 16), ..terms },
            passed: Tracked::new(most),
            waiting: VecDeque::with_capacity(FEW),
            next: 0,
            chains: vec![Chain::default(); FEW],
            hasher: DefaultHashBuilder::default(),
            due: Vec::new(),
            is_full: false,
        }
    }

    /// Whether something that still mattered was dropped.
    pub fn capped(&self) -> bool {
        self.is_full || self.passed.capped
    }

    /// Takes a packet and yields what is due, with times: nothing if it waits, else the packet and before it
    /// everything of its key that waited.
    pub fn packet(&mut self, key: K, time: i64, packet: T, wait: Wait, now: i64) -> Drain<'_, (i64, T)> {
        if let Some(passed) = self.passed.get(&key)
            && time - passed.last <= passed.quiet + SLACK
        {
            passed.last = time.max(passed.last);
            self.due.push((time, packet));
            return self.due.drain(..);
        }
        let hash = self.hasher.hash_one(key) as u32;
        let place = self.place(hash);
        let chain = self.chains[place];
        let need = self.terms.need;
        let may_be_enough = chain.count + 1 >= need && chain.patience == 0;
        if may_be_enough || wait != Wait::ForOthers {
            let stale = self.collect(key, chain, time);
            if wait == Wait::IfKnown && self.due.is_empty() {
                return self.due.drain(..);
            }
            if wait == Wait::Never || self.due.len() as u32 + 1 >= need {
                let quiet = self.terms.quiet;
                self.passed.enter(key, now, || Passed { last: time, quiet }, |_, _| ()).last = time;
                self.take(key, chain);
                self.due.reverse();
                self.due.push((time, packet));
                return self.due.drain(..);
            }
            // None of the chain's keys has more: how many are stale is known only for this one.
            let most = chain.count - stale;
            self.chains[place].patience = need.saturating_sub(most + 1);
            self.due.clear();
        }
        self.make_room(time, now);
        self.add(Waiting { key, hash, previous: 0, time, is_taken: false, packet });
        self.due.drain(..)
    }

    /// Collects the packets of a key that wait and are within the span before this time, newest first. Returns how many
    /// are not.
    fn collect(&mut self, key: K, chain: Chain, time: i64) -> u32 {
        let (mut number, mut stale) = (chain.newest, 0);
        for _ in 0..chain.count {
            let Some(waiting) = self.position(number).and_then(|n| self.waiting.get(n)) else {
                break;
            };
            // A late packet counts at the newest time; one from far ahead is of another file.
            let age = time - waiting.time;
            if waiting.key == key {
                match !waiting.is_taken && age >= -SLACK && age <= self.terms.span + SLACK {
                    true => self.due.push((waiting.time, waiting.packet)),
                    false => stale += 1,
                }
            }
            number = waiting.previous;
        }
        stale
    }

    /// Marks the packets of a key as passed on.
    fn take(&mut self, key: K, chain: Chain) {
        let mut number = chain.newest;
        for _ in 0..chain.count {
            let Some(waiting) = self.position(number).and_then(|n| self.waiting.get_mut(n)) else {
                break;
            };
            waiting.is_taken |= waiting.key == key;
            number = waiting.previous;
        }
    }

    /// Where in the queue a packet is, by its number.
    fn position(&self, number: u32) -> Option<usize> {
        self.waiting.len().checked_sub(self.next.wrapping_sub(number) as usize)
    }

    /// Adds a packet to the queue and its chain.
    fn add(&mut self, mut waiting: Waiting<K, T>) {
        let place = self.place(waiting.hash);
        let chain = &mut self.chains[place];
        waiting.previous = std::mem::replace(&mut chain.newest, self.next);
        chain.count += 1;
        chain.patience = chain.patience.saturating_sub(1);
        self.next = self.next.wrapping_add(1);
        self.waiting.push_back(waiting);
    }

    /// Drops packets that are too old to matter, or the oldest if there are too many. A log that lags behind another
    /// before it has times of its own.
    fn make_room(&mut self, time: i64, now: i64) {
        let keep = (self.terms.span + 2 * SLACK).unsigned_abs();
        while self.waiting.len() >= FEW
            && let Some(oldest) = self.waiting.front()
        {
            let is_stale = oldest.time.abs_diff(now) > keep && oldest.time.abs_diff(time) > keep;
            if !is_stale && self.waiting.len() < self.terms.most {
                break;
            }
            self.is_full |= !is_stale && !oldest.is_taken;
            let place = self.place(oldest.hash);
            self.chains[place].count -= 1;
            self.waiting.pop_front();
        }
        if self.waiting.len() >= self.chains.len() {
            self.chains = vec![Chain::default(); 2 * self.chains.len()];
            for waiting in std::mem::take(&mut self.waiting) {
                self.add(waiting);
            }
        }
    }

    fn place(&self, hash: u32) -> usize {
        hash as usize & (self.chains.len() - 1)
    }
}
