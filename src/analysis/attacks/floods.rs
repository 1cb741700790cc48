//! Floods of one port by SYN packets.

use super::finding::AttackKind;
use super::host::Host;
use super::knock::Knock;
use super::open::{OpenAttacks, QUIET};
use super::rates::{Hit, RateLimit, Rates};
use super::screen::{Screen, Terms, Wait};
use super::{MOST, WAITING};

/// The time over which a flood's rate counts, in seconds.
pub const SPAN: u64 = 10;

/// Finds floods.
#[derive(Debug)]
pub struct Floods {
    /// By target: most never get enough SYN packets on all ports together.
    screen: Screen<Host, Knock>,
    rates: Rates,
}

impl Floods {
    /// From this many connections in ten seconds on.
    pub fn new(threshold: u32) -> Self {
        let limit = RateLimit::new(AttackKind::SynFlood, threshold, threshold, SPAN);
        let terms = Terms { need: threshold, span: limit.span(), quiet: QUIET, most: WAITING };
        Floods { screen: Screen::new(terms, MOST), rates: Rates::new(limit, MOST) }
    }

    /// Counts a SYN that was not accepted and is no retransmission. True if it is lost in a flood from many sources.
    pub fn packet(&mut self, knock: &Knock, now: i64, open: &mut OpenAttacks) -> bool {
        let mut is_from_many = false;
        for (_, knock) in self.screen.packet(knock.target, knock.hit.time, *knock, Wait::ForOthers, now) {
            let key = (None, knock.target, Some(knock.to));
            let hit = Hit { marked: false, ..knock.hit };
            is_from_many = self.rates.packet(key, hit, false, now, open).is_from_many;
        }
        is_from_many
    }

    /// Whether something that still mattered was dropped.
    pub fn capped(&self) -> bool {
        self.screen.capped() || self.rates.capped()
    }

    /// Ends everything.
    pub fn finish(self, open: &mut OpenAttacks) {
        self.rates.finish(open);
    }
}
