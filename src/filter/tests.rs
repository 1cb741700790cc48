use super::sample::{packet, utc};
use super::*;

#[test]
fn filters_are_told_in_words() {
    let filters = Filters {
        since: Some(utc("2026-05-04")),
        until: Some(utc("2026-05-05 06:35:12")),
        src: vec!["192.0.2.0/24".parse().expect("a network"), "2001:db8::7".parse().expect("an address")]
            .into(),
        dst: vec!["198.51.100.1".parse().expect("an address")].into(),
        sport: vec![1024..=65535].into(),
        dport: vec![22..=22, 80..=443].into(),
        proto: vec!["tcp".parse().expect("a protocol")].into(),
        action: vec!["DROP".into()].into(),
        iface: vec!["eth0".into()].into(),
        log_host: vec!["fw1".into()].into(),
        no_local: true,
        no_accept: true,
        verdicts: ActionVerdicts::default().with(&["PASS".to_owned()], Verdict::Accept),
    };
    assert_eq!(
        filters.words(&TimeZone::UTC),
        "since 2026-05-04 00:00:00, before 2026-05-05 06:35:12, from 192.0.2.0/24 or 2001:db8::7, \
         to 198.51.100.1, from port 1024-65535, to port 22 or 80-443, of protocol tcp, with action DROP, \
         on interface eth0, logged by fw1, not on interface lo, not accepted"
    );
    assert_eq!(
        Filters {
            verdicts: ActionVerdicts::default().with(&["PASS".to_owned()], Verdict::Accept),
            ..Filters::default()
        }
        .words(&TimeZone::UTC),
        ""
    );
}

#[test]
fn since_is_inclusive_until_exclusive_and_no_time_passes_neither() {
    let (since, until) = (Some(utc("2026-05-04 06:00")), Some(utc("2026-05-04 07:00")));
    let passes = |filters: &Filters, time: Option<&str>| {
        filters.pass(&Packet { time: time.map(utc), ..packet("192.0.2.1") })
    };
    let filters = Filters { since, until, ..Filters::default() };
    assert!(passes(&filters, Some("2026-05-04 06:00:00")));
    assert!(passes(&filters, Some("2026-05-04 06:59:59.999999")));
    assert!(!passes(&filters, Some("2026-05-04 05:59:59.999999")));
    assert!(!passes(&filters, Some("2026-05-04 07:00:00")));
    for filters in [Filters { since, ..Filters::default() }, Filters { until, ..Filters::default() }] {
        assert!(!passes(&filters, None) && filters.ask_time());
    }
    assert!(passes(&Filters::default(), None));
}
