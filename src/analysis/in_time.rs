//! Puts packets into the order of time, as far as they are not far from it.
//!
//! Logs of several processors and of several hosts are a little out of order, and packets of one second have no
//! order that two imports agree on. What is held here leaves by time, and packets of one time by what is in
//! them: so the order does not depend on how they came.

use crate::netfilter::batch::Batch;
use crate::netfilter::{Packet, Time};

/// Packets that are held before some are passed on.
const FULL: usize = 16_384;

/// How far behind the newest time a packet may be and still find its place: two minutes.
const WINDOW: i64 = 120 * Time::SECOND;

/// Holds packets and passes them on in order.
#[derive(Default)]
pub struct InTime {
    held: Batch,
    newest: i64,
    /// The last time that was passed on.
    passed: Option<i64>,
    /// Whether a packet came too late for its place.
    pub late: bool,
}

impl InTime {
    /// Takes a packet in; gives packets to `each` as their turn comes, those without a time at once.
    pub fn packet(&mut self, packet: &Packet<'_>, each: &mut dyn FnMut(&Packet<'_>)) {
        let Some(Time(time)) = packet.time else {
            each(packet);
            return;
        };
        self.late |= self.passed.is_some_and(|passed| time < passed);
        self.newest = if self.held.is_empty() { time } else { self.newest.max(time) };
        self.held.push(packet);
        if self.held.len() >= FULL {
            self.pass_on(Some(self.newest.saturating_sub(WINDOW)), each);
        }
    }

    /// Passes on all that is held.
    pub fn finish(&mut self, each: &mut dyn FnMut(&Packet<'_>)) {
        self.pass_on(None, each);
    }

    /// Passes on what is not newer than `until`; half, if that is nothing.
    fn pass_on(&mut self, until: Option<i64>, each: &mut dyn FnMut(&Packet<'_>)) {
        self.held.sort_by_time();
        let is_ready = |packet: &Packet<'_>| until.is_none_or(|until| packet.time <= Some(Time(until)));
        let passed = &mut self.passed;
        self.held.take_first(is_ready, |packet| {
            *passed = packet.time.map(|time| time.0).max(*passed);
            each(packet);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::sample::packet;

    fn at(second: i64, source: &str) -> Packet<'static> {
        Packet { time: Some(Time(second * Time::SECOND)), ..packet(source) }
    }

    /// What comes out, and whether something was late.
    fn through(packets: &[Packet<'_>]) -> (Vec<(i64, String)>, bool) {
        let mut order = InTime::default();
        let mut out = Vec::new();
        let mut each = |packet: &Packet<'_>| {
            let source = packet.src.map_or_else(String::new, |source| source.to_string());
            out.push((packet.time.map_or(-1, |time| time.0 / Time::SECOND), source));
        };
        packets.iter().for_each(|packet| order.packet(packet, &mut each));
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
    fn what_is_a_little_late_finds_its_place_and_what_is_very_late_is_noticed() {
        let mut packets: Vec<_> = (0..40_000).map(|n| at(n / 10, "192.0.2.1")).collect();
        packets.push(at(3990, "192.0.2.2"));
        let (out, late) = through(&packets);
        assert!(!late && out.len() == 40_001 && out.is_sorted_by_key(|(time, _)| *time));
        packets.push(at(5, "192.0.2.3"));
        packets.extend((40_000..80_000).map(|n| at(n / 10, "192.0.2.1")));
        let (out, late) = through(&packets);
        assert!(late && out.len() == 80_002);
    }

    #[test]
    fn a_flood_within_the_window_is_passed_on_by_halves() {
        let packets: Vec<_> = (0..50_000).map(|n| at(n / 25_000, "192.0.2.1")).collect();
        let (out, late) = through(&packets);
        assert!(!late && out.len() == 50_000 && out.is_sorted_by_key(|(time, _)| *time));
    }

    #[test]
    fn packets_without_a_time_are_not_held() {
        assert_eq!(through(&[packet("192.0.2.1")]).0, [(-1, "192.0.2.1".into())]);
    }
}
