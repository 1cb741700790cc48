use jiff::tz::TimeZone;

use super::super::key::Field;
use super::super::key::bits;
use super::super::modules::How;
use super::super::modules::Want;
use super::super::sample::{address, packet, rows, table, utc};
use crate::netfilter::{Packet, Verdict};

#[test]
fn every_key_fits() {
    for module in super::super::all() {
        if let How::Grouped { key, .. } = &module.how {
            assert!(bits(key) <= 128, "{}: {} bits", module.name, bits(key));
        }
    }
}

/// A reader leaves out fields that no module requests, and the column would be empty.
#[test]
fn a_module_that_shows_the_host_asks_for_it() {
    for module in super::super::all() {
        if let How::Grouped { key, columns } = &module.how {
            let shows = key.contains(&Field::Host) || columns.iter().any(|(field, _)| *field == Field::Host);
            assert_eq!(shows, module.wants.contains(&Want::Host), "{}", module.name);
        }
    }
}

#[test]
fn every_module_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> = super::super::all().iter().map(|module| module.name).collect();
    assert_eq!(names.len(), super::super::all().len(), "{names:?}");
}

#[test]
fn source_port_and_target_are_those_of_the_first_packet_by_time() {
    let at = |time: Option<&str>, port| Packet {
        time: time.map(utc),
        src_port: Some(port),
        dst: Some(address("198.51.100.9")),
        ..packet("192.0.2.7")
    };
    let later = [at(None, 1), at(Some("2026-05-04 06:00"), 2), at(Some("2026-05-04 05:00"), 3)];
    assert_eq!(
        rows(&table("denied", &later, 10), &TimeZone::UTC),
        ["3 192.0.2.7 3 198.51.100.9 22 TCP DROP"]
    );
    let equal = [at(None, 1), at(None, 2)];
    assert_eq!(
        rows(&table("denied", &equal, 10), &TimeZone::UTC),
        ["2 192.0.2.7 1 198.51.100.9 22 TCP DROP"]
    );
}

#[test]
fn groups_differ_in_any_field_of_the_key_and_in_no_other() {
    let packets = [
        packet("192.0.2.7"),
        Packet { dst_port: Some(23), ..packet("192.0.2.7") },
        Packet { dst_port: None, ..packet("192.0.2.7") },
        Packet { action: b"REJECT", ..packet("192.0.2.7") },
        Packet { proto: b"UDP", ..packet("192.0.2.7") },
        packet("::192.0.2.7"),
        Packet { src: None, ..packet("192.0.2.7") },
        Packet { host: b"fw2", if_in: b"eth1", src_port: None, ..packet("192.0.2.7") },
        Packet { verdict: Verdict::Accept, ..packet("192.0.2.7") },
    ];
    assert_eq!(
        rows(&table("denied", &packets, 10), &TimeZone::UTC),
        [
            "2 192.0.2.7 40000 198.51.100.1 22 TCP DROP",
            "1 192.0.2.7 40000 198.51.100.1 22 UDP DROP",
            "1 192.0.2.7 40000 198.51.100.1 22 TCP REJECT",
            "1 192.0.2.7 40000 198.51.100.1 23 TCP DROP",
            "1 192.0.2.7 40000 198.51.100.1 - TCP DROP",
            "1 ::c000:207 40000 198.51.100.1 22 TCP DROP",
            "1 - 40000 198.51.100.1 22 TCP DROP",
        ]
    );
}

#[test]
fn what_a_packet_lacks_is_missing_and_comes_last() {
    let ping = Packet { proto: b"ICMP", src_port: None, dst_port: None, ..packet("192.0.2.7") };
    let packets = [Packet { dst: None, ..ping }, Packet { action: b"", ..ping }, ping];
    assert_eq!(
        rows(&table("icmp", &packets, 10), &TimeZone::UTC),
        ["1 192.0.2.7 198.51.100.1 DROP", "1 192.0.2.7 198.51.100.1 -", "1 192.0.2.7 - DROP"]
    );
}
