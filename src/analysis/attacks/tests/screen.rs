use super::super::finding::ProbeKind;
use super::super::screen::{Screen, Terms, Wait};
use super::*;

const SECOND: i64 = Time::SECOND;

const NOTHING: [u32; 0] = [];

/// Passes on from three packets of a key within ten seconds on.
fn screen(most: usize) -> Screen<u32, u32> {
    Screen::new(Terms { need: 3, span: 10 * SECOND, quiet: 600 * SECOND, most }, 1000)
}

/// The numbers of what is passed on when a packet of this key comes at this second.
fn passed(screen: &mut Screen<u32, u32>, key: u32, second: i64, number: u32, wait: Wait) -> Vec<u32> {
    let time = second * SECOND;
    screen.packet(key, time, number, wait, time).map(|(_, number)| number).collect()
}

#[test]
fn packets_wait_until_their_key_has_enough_and_leave_in_order() {
    let mut screen = screen(1000);
    let mut at = |second, key, number| passed(&mut screen, key, second, number, Wait::ForOthers);
    assert_eq!(at(0, 1, 10), NOTHING);
    assert_eq!(at(1, 2, 20), NOTHING);
    assert_eq!(at(2, 1, 11), NOTHING);
    assert_eq!(at(3, 1, 12), [10, 11, 12]);
    assert_eq!(at(4, 2, 21), NOTHING);
    assert_eq!(at(60, 1, 13), [13], "its packets do not wait again");
    assert_eq!(at(1000, 1, 14), NOTHING, "unless it has been quiet");
}

#[test]
fn packets_far_apart_are_never_enough() {
    let mut screen = screen(1000);
    // A packet counts for the span and a minute of slack for late ones.
    for n in 0..100u32 {
        assert_eq!(passed(&mut screen, 1, i64::from(n) * 70, n, Wait::ForOthers), NOTHING);
    }
}

#[test]
fn a_packet_that_is_an_attack_on_its_own_takes_what_waits_along() {
    let mut screen = screen(1000);
    assert_eq!(passed(&mut screen, 1, 0, 10, Wait::ForOthers), NOTHING);
    assert_eq!(passed(&mut screen, 1, 1, 11, Wait::Never), [10, 11]);
    assert_eq!(passed(&mut screen, 1, 2, 12, Wait::ForOthers), [12]);
}

#[test]
fn what_counts_only_with_others_is_forgotten_without_them() {
    let mut screen = screen(1000);
    for second in 0..5 {
        assert_eq!(passed(&mut screen, 1, second, 10, Wait::IfKnown), NOTHING);
    }
    assert_eq!(passed(&mut screen, 1, 5, 11, Wait::ForOthers), NOTHING);
    assert_eq!(passed(&mut screen, 1, 6, 12, Wait::IfKnown), NOTHING);
    assert_eq!(passed(&mut screen, 1, 7, 13, Wait::IfKnown), [11, 12, 13]);
}

#[test]
fn a_full_queue_lets_the_oldest_go_and_says_so() {
    let mut screen = screen(500);
    for key in 0..500 {
        passed(&mut screen, key, 0, key, Wait::ForOthers);
    }
    assert!(!screen.capped());
    passed(&mut screen, 500, 0, 500, Wait::ForOthers);
    assert!(screen.capped());
    assert_eq!(passed(&mut screen, 0, 1, 1000, Wait::ForOthers), NOTHING);
    assert_eq!(passed(&mut screen, 0, 1, 1001, Wait::ForOthers), NOTHING, "its first packet is gone");
}

#[test]
fn keys_are_told_apart_however_many_there_are() {
    let mut screen = screen(100_000);
    let mut kept: Vec<Vec<u32>> = vec![Vec::new(); 20_000];
    // Multiples of a number without common factors visit every key twice, in no order.
    for n in 0..40_000u32 {
        let key = n * 7919 % 20_000;
        assert_eq!(passed(&mut screen, key, 0, n, Wait::ForOthers), NOTHING);
        kept[key as usize].push(n);
    }
    for (key, mut kept) in (0..).zip(kept) {
        kept.push(50_000);
        assert_eq!(passed(&mut screen, key, 0, 50_000, Wait::ForOthers), kept);
    }
}

#[test]
fn a_packet_counts_once_even_if_its_key_is_forgotten() {
    let mut screen = Screen::new(Terms { need: 3, span: 10 * SECOND, quiet: SECOND, most: 1000 }, 4);
    for number in 10..13 {
        passed(&mut screen, 1, 0, number, Wait::ForOthers);
    }
    // More keys pass than are remembered.
    for key in 2..20 {
        (0..3).for_each(|number| drop(passed(&mut screen, key, 1, number, Wait::ForOthers)));
    }
    assert!(screen.capped());
    assert_eq!(passed(&mut screen, 1, 2, 13, Wait::ForOthers), NOTHING);
}

#[test]
fn more_packets_than_fit_are_passed_on_early() {
    let mut screen = Screen::new(Terms { need: 1_000_000, span: 10 * SECOND, quiet: SECOND, most: 1600 }, 4);
    for number in 0..99 {
        assert_eq!(passed(&mut screen, 1, 0, number, Wait::ForOthers), NOTHING);
    }
    assert_eq!(passed(&mut screen, 1, 0, 99, Wait::ForOthers).len(), 100);
}

#[test]
fn a_log_that_lags_behind_the_one_before_it_waits_as_long() {
    let mut screen = Screen::new(Terms { need: 3, span: 10 * SECOND, quiet: SECOND, most: 10_000 }, 1000);
    let mut at = |key, second: i64| {
        let (time, now) = (second * SECOND, 3000 * SECOND);
        screen.packet(key, time, key, Wait::ForOthers, now).map(|(_, key)| key).collect::<Vec<_>>()
    };
    for key in 0..2000 {
        assert_eq!(at(key, 0), NOTHING);
    }
    assert_eq!(at(0, 1), NOTHING);
    assert_eq!(at(0, 1), [0, 0, 0]);
}

#[test]
fn the_last_probe_of_a_scan_may_be_lost_in_a_flood() {
    let flood = (0..400).map(|n| Packet { src: elsewhere(n), ..syn(f64::from(n) / 100.0, 1024, 80) });
    let scan = (0..14).map(|n| syn(0.1 * f64::from(n), 4000, 1000 + n));
    let last = syn(3.9, 4000, 80);
    let found = episodes(merged(flood.chain(scan).chain([last]).collect()));
    assert!(
        found.iter().any(|one| one.kind == AttackKind::Scan(ProbeKind::Syn) && one.distinct == 15),
        "{found:#?}"
    );
}

#[test]
fn hosts_whose_clocks_differ_by_hours_hide_no_brute_force() {
    let tries = (0..8u16).flat_map(|n| {
        let other = Packet { src: elsewhere(n.into()), ..syn(f64::from(n) - 7200.0, 1024, 22) };
        [syn(f64::from(n), 4000 + n, 22), other]
    });
    let found = only(tries);
    assert_eq!((found.kind, found.packets), (AttackKind::BruteForce, 8));
}

#[test]
fn a_flood_is_found_after_hours_of_many_connections() {
    let busy = (0..7200).map(|n| Packet { src: numbered(n), ..syn(f64::from(n) / 2.0, 1024, 80) });
    let flood = (0..500).map(|n| Packet { src: elsewhere(n), ..syn(3600.0 + f64::from(n) / 25.0, 1024, 80) });
    let found = episodes(busy.chain(flood));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].kind, AttackKind::SynFlood);
    assert!(found[0].packets >= 500 && found[0].peak >= 249, "{found:#?}");
}
