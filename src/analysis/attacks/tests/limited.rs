use super::super::finding::ProbeKind;
use super::*;

fn ufw(packet: Packet<'static>) -> Packet<'static> {
    Packet { prefix: b"[UFW BLOCK] ", action: b"BLOCK", ..packet }
}

#[test]
fn a_scan_behind_a_limit_is_a_slow_scan_and_a_lower_bound() {
    let result = outcome((0..180).map(|n| ufw(syn(f64::from(n) * 20.0, 43_000, n))));
    let [found] = &result.findings[..] else { panic!("{result:#?}") };
    assert_eq!((&found.kinds[..], found.lower_bound), (&[AttackKind::SlowScan(ProbeKind::Syn)][..], true));
    assert_eq!(result.lower_bounds, ["[UFW BLOCK] "]);
}

#[test]
fn a_burst_and_then_the_same_every_minute_is_a_limit_of_any_firewall() {
    let burst = (0..10).map(|n| syn(f64::from(n) / 10.0, 43_000, n));
    let after = (1..100).map(|n| syn(f64::from(n) * 20.0, 43_000, 100 + n));
    let result = outcome(burst.chain(after));
    assert!(result.findings[0].lower_bound, "{result:#?}");
    assert_eq!(result.lower_bounds, ["IPT: DROP "]);
}

#[test]
fn an_unlimited_prefix_is_none() {
    let fast = outcome((0..500).map(|n| ufw(syn(f64::from(n) / 10.0, 43_000, n))));
    assert_eq!((fast.findings[0].lower_bound, fast.lower_bounds), (false, vec![]));
    let even = outcome((0..300).map(|n| syn(f64::from(n) * 6.0, 40_000 + n, 22)));
    assert_eq!((even.findings[0].lower_bound, even.lower_bounds), (false, vec![]));
}

#[test]
fn a_limited_prefix_with_no_attack_is_not_mentioned() {
    let result = outcome((0..180).map(|n| ufw(syn(f64::from(n) * 20.0, 43_000 + n, 80))));
    assert_eq!((result.findings.len(), result.lower_bounds.len()), (0, 0));
}
