use super::super::Hosts;
use super::super::tracked::{Expiring, Tracked};
use super::*;

#[derive(Debug)]
struct State {
    last: i64,
    live: bool,
}

impl Expiring for State {
    fn last(&self) -> i64 {
        self.last
    }
    fn keep(&self) -> i64 {
        60 * Time::SECOND
    }
    fn live(&self) -> bool {
        self.live
    }
}

fn enter(tracked: &mut Tracked<u32, State>, key: u32, at: i64, live: bool) -> Vec<u32> {
    let mut closed = Vec::new();
    let last = at * Time::SECOND;
    tracked.enter(key, last, || State { last, live }, |key, _| closed.push(key));
    closed
}

#[test]
fn a_full_table_lets_the_stale_go_first() {
    let mut tracked = Tracked::new(100);
    for key in 0..100 {
        enter(&mut tracked, key, if key < 60 { 0 } else { 200 }, false);
    }
    enter(&mut tracked, 100, 200, false);
    assert!(!tracked.capped);
    assert!(tracked.get(&0).is_none() && tracked.get(&60).is_some());
}

#[test]
fn then_the_quietest_and_attacks_last() {
    let mut tracked = Tracked::new(100);
    for key in 0..100 {
        enter(&mut tracked, key, if key < 60 { 0 } else { 50 }, key % 10 == 0);
    }
    assert!(enter(&mut tracked, 100, 50, false).is_empty());
    assert!(tracked.capped);
    assert!(tracked.get(&1).is_none() && tracked.get(&10).is_some() && tracked.get(&61).is_some());
}

#[test]
fn a_table_of_attacks_closes_the_oldest() {
    let mut tracked = Tracked::new(100);
    for key in 0..100 {
        enter(&mut tracked, key, if key < 60 { 0 } else { 50 }, true);
    }
    assert_eq!(enter(&mut tracked, 100, 50, true).len(), 60);
}

#[test]
fn a_spoofed_flood_is_one_finding_and_says_that_there_were_more() {
    let flood = (0..300_000u32).map(|n| Packet {
        src: numbered(n),
        ..syn(f64::from(n) / 10_000.0, 1024 + (n % 60_000) as u16, 143)
    });
    let result = outcome(flood);
    let [found] = &result.findings[..] else { panic!("{result:#?}") };
    assert_eq!((&found.kinds[..], found.packets), (&[AttackKind::SynFlood][..], 300_000));
    assert_eq!(found.source, Hosts::AtLeast(65_536));
    assert!(result.capped);
}

#[test]
fn the_same_packets_give_the_same_outcome() {
    let packets: Vec<_> = (0..400_000u32)
        .map(|n| Packet {
            src: numbered(n / 7 % 50_000),
            dst: numbered(n % 3),
            ..syn(f64::from(n) / 1000.0, 1024 + (n % 50_000) as u16, (n % 11) as u16)
        })
        .collect();
    let first = outcome(packets.iter().copied());
    assert!(!first.findings.is_empty());
    assert_eq!(outcome(packets.iter().copied()), first);
}

#[test]
fn attacks_without_number_are_thinned_out_and_it_says_so() {
    let six = (0..45_000u32).flat_map(|source| {
        (0..6u16).map(move |n| Packet {
            src: elsewhere(source),
            ..accepted(syn(f64::from(source), 40_000 + n, 22))
        })
    });
    let result = outcome(six);
    assert_eq!(result.findings.len(), 20_000);
    assert!(result.capped);
}
