//! Packets made by hand, and what the detector says about them.

mod attackers;
mod bounds;
mod brute_force;
mod days;
mod floods;
mod guards;
mod limited;
mod nmap;
mod ordinary;
mod scans;
mod screen;

use crate::filter::ActionVerdicts;
use std::net::IpAddr;

use super::{Alert, AttackKind, Detector, Episode, Finding, Judgement, Thresholds};
use crate::filter::Network;
use crate::netfilter::{Packet, TcpFlags, Time, Verdict};

/// 2026-03-02T00:00:00Z.
const START: i64 = 1_772_409_600;

const ATTACKER: &str = "192.0.2.66";
const SERVER: &str = "198.51.100.10";

fn ip(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// The address `n` of a large documentation network.
fn numbered(n: u32) -> Option<IpAddr> {
    Some(IpAddr::V6((0x2001_0db8_u128 << 96 | u128::from(n)).into()))
}

/// An address in a network `n` of its own.
fn elsewhere(n: u32) -> Option<IpAddr> {
    Some(IpAddr::V6((0x2001_0db8_u128 << 96 | u128::from(n) << 80 | 0x66).into()))
}

/// A dropped packet, `seconds` after the start.
fn packet(seconds: f64) -> Packet<'static> {
    Packet {
        time: Some(Time(START * Time::SECOND + (seconds * 1e6).round() as i64)),
        host: b"fw",
        prefix: b"IPT: DROP ",
        action: b"DROP",
        verdict: Verdict::Deny,
        if_in: b"eth0",
        mac: b"02:00:5e:00:53:01:02:00:5e:00:53:02:08:00",
        src: ip(ATTACKER),
        dst: ip(SERVER),
        proto: b"TCP",
        length: Some(60),
        ttl: Some(55),
        ..Packet::default()
    }
}

fn tcp(seconds: f64, from: u16, to: u16, flags: u16) -> Packet<'static> {
    Packet { src_port: Some(from), dst_port: Some(to), tcp_flags: Some(TcpFlags(flags)), ..packet(seconds) }
}

fn syn(seconds: f64, from: u16, to: u16) -> Packet<'static> {
    tcp(seconds, from, to, TcpFlags::SYN)
}

fn udp(seconds: f64, from: u16, to: u16) -> Packet<'static> {
    Packet { proto: b"UDP", src_port: Some(from), dst_port: Some(to), ..packet(seconds) }
}

fn ping(seconds: f64) -> Packet<'static> {
    Packet { proto: b"ICMP", icmp_type: Some(8), icmp_code: Some(0), ..packet(seconds) }
}

fn log(packet: Packet<'static>) -> Packet<'static> {
    Packet { prefix: b"*LOG*", action: b"LOG", verdict: Verdict::Other, ..packet }
}

fn attack(packet: Packet<'static>) -> Packet<'static> {
    Packet { prefix: b"*ATTACK*", action: b"ATTACK", verdict: Verdict::Other, ..packet }
}

fn accepted(packet: Packet<'static>) -> Packet<'static> {
    Packet { prefix: b"IPT: ACCEPT ", action: b"ACCEPT", verdict: Verdict::Accept, ..packet }
}

fn detector() -> Detector {
    Detector::new(Thresholds::default(), Vec::new(), ActionVerdicts::default())
}

fn outcome<'a>(packets: impl IntoIterator<Item = Packet<'a>>) -> Judgement {
    let mut detector = detector();
    for packet in packets {
        detector.packet(&packet);
    }
    detector.finish()
}

fn findings<'a>(packets: impl IntoIterator<Item = Packet<'a>>) -> Vec<Finding> {
    outcome(packets).findings
}

/// The episodes of all findings, most packets first.
fn episodes<'a>(packets: impl IntoIterator<Item = Packet<'a>>) -> Vec<Episode> {
    let mut all: Vec<_> = findings(packets).into_iter().flat_map(|finding| finding.episodes).collect();
    all.sort_by(Episode::severer);
    all
}

/// The only episode of the only finding.
fn only<'a>(packets: impl IntoIterator<Item = Packet<'a>>) -> Episode {
    let mut found = episodes(packets);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

/// Packets from several origins, in time order.
fn merged(mut packets: Vec<Packet<'static>>) -> Vec<Packet<'static>> {
    packets.sort_by_key(|packet| packet.time);
    packets
}

fn seconds(time: Time) -> f64 {
    (time.0 - START * Time::SECOND) as f64 / 1e6
}
