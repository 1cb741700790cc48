//! Brute force: connections to services that ask for passwords.

use super::finding::AttackKind;
use super::host::Host;
use super::knock::Knock;
use super::open::{OpenAttacks, QUIET};
use super::rates::{Hit, RateLimit, Rates};
use super::screen::{Screen, Terms, Wait};
use super::{MOST, TOGETHER, WAITING};
use crate::netfilter::Verdict;

/// Finds brute force.
#[derive(Debug)]
pub struct Logins {
    /// By network.
    screen: Screen<Host, Knock>,
    alone: Rates,
    together: Rates,
}

impl Logins {
    /// More connections a minute than this are an attack.
    pub fn new(threshold: u32) -> Self {
        let need = threshold.saturating_add(1);
        let limit = RateLimit::new(AttackKind::BruteForce, threshold, need, 60);
        let terms = Terms { need, span: limit.span(), quiet: QUIET, most: WAITING };
        Logins {
            screen: Screen::new(terms, MOST),
            alone: Rates::new(limit, MOST),
            together: Rates::new(RateLimit { sources: Some(TOGETHER), ..limit }, MOST),
        }
    }

    /// Counts a SYN that opens a connection, whatever its verdict.
    pub fn packet(&mut self, knock: &Knock, now: i64, open: &mut OpenAttacks) {
        let network = knock.hit.source.network();
        let wait = match (knock.hit.marked, knock.is_spoofed) {
            (true, _) => Wait::Never,
            (false, true) => Wait::IfKnown,
            (false, false) => Wait::ForOthers,
        };
        for (time, knock) in self.screen.packet(network, knock.hit.time, *knock, wait, now) {
            let Knock { hit, target, is_spoofed, .. } = knock;
            let key = (Some(hit.source), target, Some(knock.to));
            let marked = hit.marked && !self.alone.exceeded_by_other(&key, time);
            let hit = Hit { marked, ..hit };
            let alone = self.alone.packet(key, hit, is_spoofed && !marked, now, open).is_attack;
            if !alone && knock.verdict != Verdict::Accept && hit.source.is_apart(target) {
                let key = (Some(network), target, Some(knock.to));
                self.together.packet(key, Hit { marked: false, ..hit }, is_spoofed, now, open);
            }
        }
    }

    /// Whether something that still mattered was dropped.
    pub fn capped(&self) -> bool {
        self.screen.capped() || self.alone.capped() || self.together.capped()
    }

    /// Ends everything.
    pub fn finish(self, open: &mut OpenAttacks) {
        self.alone.finish(open);
        self.together.finish(open);
    }
}
