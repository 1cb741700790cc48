//! Packets and moments for tests.

use std::net::IpAddr;

use jiff::tz::TimeZone;

use super::when;
use crate::netfilter::{Packet, Time, Verdict};

/// A dropped TCP packet to port 22, without a time.
pub fn packet(src: &str) -> Packet<'static> {
    Packet {
        host: b"fw1",
        prefix: b"IPT: DROP ",
        action: b"DROP",
        verdict: Verdict::Deny,
        if_in: b"eth0",
        src: Some(address(src)),
        dst: Some(address("198.51.100.1")),
        src_port: Some(40000),
        dst_port: Some(22),
        proto: b"TCP",
        length: Some(60),
        ttl: Some(64),
        ..Packet::default()
    }
}

pub fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a zone")
}

/// A moment in UTC.
pub fn utc(text: &str) -> Time {
    when::since(text, Time(0), &TimeZone::UTC).expect("a moment")
}
