//! Puts packets that are nearly in order into time order.
//!
//! Logs of several CPUs or hosts are slightly out of order, and packets of one second have no order that two imports
//! agree on. Packets leave here by time, and by content within the same time, so arrival order does not matter.

use super::knock::Knock;
use crate::netfilter::Time;

/// Packets held before some are passed on.
const FULL: usize = 16_384;

/// How far a packet may lag behind the newest time and still be put in order: two minutes.
const WINDOW: i64 = 120 * Time::SECOND;

/// Holds packets and passes them on in order.
#[derive(Default)]
pub struct InTime {
    held: Vec<Knock>,
    newest: i64,
    /// The last time passed on.
    passed: Option<i64>,
    /// Whether a packet came too late to be put in order.
    pub late: bool,
}

impl InTime {
    /// Takes a packet; passes packets to `each` as their turn comes.
    pub fn packet(&mut self, knock: Knock, each: &mut dyn FnMut(Knock)) {
        let time = knock.hit.time;
        self.late |= self.passed.is_some_and(|passed| time < passed);
        self.newest = if self.held.is_empty() { time } else { self.newest.max(time) };
        self.held.push(knock);
        if self.held.len() >= FULL {
            self.pass_on(Some(self.newest.saturating_sub(WINDOW)), each);
        }
    }

    /// Passes on everything held.
    pub fn finish(&mut self, each: &mut dyn FnMut(Knock)) {
        self.pass_on(None, each);
    }

    /// Passes on what is not newer than `until`, or the older half if nothing is.
    fn pass_on(&mut self, until: Option<i64>, each: &mut dyn FnMut(Knock)) {
        // Logs are nearly sorted: few packets move far.
        if !self.held.is_sorted_by_key(|knock| knock.hit.time) {
            self.held.sort_by_key(|knock| knock.hit.time);
        }
        for at_once in self.held.chunk_by_mut(|a, b| a.hit.time == b.hit.time) {
            at_once.sort_unstable_by(Knock::order);
        }
        let ready = self.held.partition_point(|knock| until.is_none_or(|until| knock.hit.time <= until));
        let count = if ready == 0 { self.held.len().div_ceil(2) } else { ready };
        for knock in self.held.drain(..count) {
            self.passed = Some(knock.hit.time).max(self.passed);
            each(knock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::sample::packet;
    use crate::netfilter::{Packet, Verdict};

    fn at(second: i64, source: &str) -> Knock {
        let packet = Packet { dst_port: Some(22), ..packet(source) };
        Knock::new(&packet, second * Time::SECOND, None, Verdict::Deny, Some(0))
    }

    /// What comes out, and whether anything was late.
    fn through(knocks: &[Knock]) -> (Vec<(i64, String)>, bool) {
        let mut order = InTime::default();
        let mut out = Vec::new();
        let mut each = |knock: Knock| {
            out.push((knock.hit.time / Time::SECOND, format!("{:?}", knock.hit.source)));
        };
        knocks.iter().for_each(|knock| order.packet(*knock, &mut each));
        order.finish(&mut each);
        (out, order.late)
    }

    #[test]
    fn packets_leave_by_time_and_those_of_one_time_by_content() {
        let one = [at(2, "192.0.2.3"), at(1, "192.0.2.9"), at(2, "192.0.2.1")];
        let other = [at(2, "192.0.2.1"), at(2, "192.0.2.3"), at(1, "192.0.2.9")];
        let (out, late) = through(&one);
        assert_eq!(out, [(1, "192.0.2.9".into()), (2, "192.0.2.1".into()), (2, "192.0.2.3".into())]);
        assert!(!late && through(&other).0 == out);
    }

    #[test]
    fn what_a_firewall_logs_before_it_decides_comes_before_the_decision() {
        let audit = Knock { verdict: Verdict::Other, ..at(1, "192.0.2.1") };
        let block = at(1, "192.0.2.1");
        for knocks in [[audit, block], [block, audit]] {
            let (mut order, mut out) = (InTime::default(), Vec::new());
            knocks.into_iter().for_each(|knock| order.packet(knock, &mut |_| ()));
            order.finish(&mut |knock| out.push(knock.verdict));
            assert_eq!(out, [Verdict::Other, Verdict::Deny]);
        }
    }

    #[test]
    fn what_is_a_little_late_finds_its_place_and_what_is_very_late_is_noticed() {
        let mut knocks: Vec<_> = (0..40_000).map(|n| at(n / 10, "192.0.2.1")).collect();
        knocks.push(at(3990, "192.0.2.2"));
        let (out, late) = through(&knocks);
        assert!(!late && out.len() == 40_001 && out.is_sorted_by_key(|(time, _)| *time));
        knocks.push(at(5, "192.0.2.3"));
        knocks.extend((40_000..80_000).map(|n| at(n / 10, "192.0.2.1")));
        let (out, late) = through(&knocks);
        assert!(late && out.len() == 80_002);
    }

    #[test]
    fn a_flood_within_the_window_is_passed_on_by_halves() {
        let knocks: Vec<_> = (0..50_000).map(|n| at(n / 25_000, "192.0.2.1")).collect();
        let (out, late) = through(&knocks);
        assert!(!late && out.len() == 50_000 && out.is_sorted_by_key(|(time, _)| *time));
    }
}
