//! Records attacks while they go on and when they end.

use std::collections::VecDeque;

use super::finding::{Alert, Episode};
use super::limited::Number;
use super::set::Room;
use crate::netfilter::Time;

/// An attack is over after this long without its rate; what comes then is another one. Slow scans have a day instead.
pub const QUIET: i64 = 600 * Time::SECOND;

/// Logs of several machines or CPUs are out of order by less than this: such a packet counts at the newest time seen.
/// An older one starts over: it is the next file, not the past.
pub const SLACK: i64 = 60 * Time::SECOND;

/// Maximum ended attacks kept.
const MOST: usize = 20_000;

/// Maximum alerts queued if a packet begins several attacks.
const WAITING: usize = 64;

/// State shared by all parts of a detector.
#[derive(Debug)]
pub struct OpenAttacks {
    pub room: Room,
    pub alerts: VecDeque<Alert>,
    closed: Vec<Closed>,
    /// Ended attacks had to be dropped.
    pub capped: bool,
}

/// An attack that is over.
#[derive(Clone, Debug)]
pub struct Closed {
    pub episode: Episode,
    pub shares: Shares,
    /// It is based on more than the tutorial's mark.
    pub by_rate: bool,
}

impl OpenAttacks {
    pub fn new(room: usize) -> Self {
        OpenAttacks { room: Room(room), alerts: VecDeque::new(), closed: Vec::new(), capped: false }
    }

    pub fn alert(&mut self, alert: Alert) {
        if self.alerts.len() < WAITING {
            self.alerts.push_back(alert);
        }
    }

    pub fn close(&mut self, closed: Closed) {
        self.closed.push(closed);
        if self.closed.len() >= 2 * MOST {
            self.thin();
        }
    }

    /// Every attack that ended, or the most severe if there were too many.
    pub fn take(&mut self) -> Vec<Closed> {
        if self.closed.len() > MOST {
            self.thin();
        }
        std::mem::take(&mut self.closed)
    }

    fn thin(&mut self) {
        self.closed.sort_unstable_by(|a, b| a.episode.severer(&b.episode));
        self.closed.truncate(MOST);
        self.capped = true;
    }
}

/// Which prefixes the packets of an attack carried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shares {
    of: [(Option<Number>, u64); 4],
    others: u64,
}

impl Shares {
    pub fn add(&mut self, prefix: Option<Number>, packets: u64) {
        let free = |share: &&mut (Option<Number>, u64)| share.1 == 0 || share.0 == prefix;
        match self.of.iter_mut().find(free) {
            Some(share) => *share = (prefix, share.1 + packets),
            None => self.others += packets,
        }
    }

    /// The limited prefixes, if at least half of the packets carried one.
    pub fn limited(&self, limited: &[bool]) -> Vec<usize> {
        let is = |number: Option<Number>| number.map(usize::from).filter(|n| limited.get(*n) == Some(&true));
        let all: u64 = self.of.iter().map(|share| share.1).sum::<u64>() + self.others;
        let found: Vec<_> =
            self.of.iter().filter_map(|(number, count)| Some((is(*number)?, *count))).collect();
        let sum: u64 = found.iter().map(|(_, count)| count).sum();
        if sum * 2 < all {
            return Vec::new();
        }
        found.into_iter().map(|(number, _)| number).collect()
    }
}
