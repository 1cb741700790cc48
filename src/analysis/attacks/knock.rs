//! A packet as the detector sees it: it outlives its line and sorts fast.

use std::cmp::Ordering;

use super::classify::{self, Signal};
use super::connections::Tuple;
use super::held::Identity;
use super::host::Host;
use super::limited::Number;
use super::rates::Hit;
use crate::netfilter::{Packet, Verdict};

/// What matters of a packet that may be part of an attack.
#[derive(Clone, Copy, Debug)]
pub struct Knock {
    pub hit: Hit,
    /// None if it counts only toward the rate of its prefix.
    pub signal: Option<Signal>,
    pub target: Host,
    /// Both ports; 0 if none.
    pub from: u16,
    pub to: u16,
    /// TCP flags, or another protocol and its ICMP type.
    pub kind: u32,
    pub verdict: Verdict,
    /// It is lost in a flood from many sources.
    pub is_spoofed: bool,
}

impl Knock {
    pub fn new(
        packet: &Packet<'_>,
        time: i64,
        signal: Option<Signal>,
        verdict: Verdict,
        prefix: Option<Number>,
    ) -> Knock {
        let host = |address: Option<_>| address.map(Host::from).unwrap_or_default();
        let kind = match (signal, packet.tcp_flags) {
            (None, _) | (Some(Signal::Open | Signal::Stealth(_)), None) => 0,
            (Some(Signal::Open | Signal::Stealth(_)), Some(flags)) => u32::from(flags.0),
            (Some(Signal::Datagram), _) => 1 << 16,
            (Some(Signal::Echo | Signal::Ping | Signal::Solicitation | Signal::Protocol(_)), _) => {
                2 << 16 | u32::from(packet.icmp_type.unwrap_or(0))
            }
        };
        Knock {
            hit: Hit { time, source: host(packet.src), prefix, marked: classify::marked(packet) },
            signal,
            target: host(packet.dst),
            from: packet.src_port.unwrap_or(0),
            to: packet.dst_port.unwrap_or(0),
            kind,
            verdict,
            is_spoofed: false,
        }
    }

    /// Both addresses and both ports.
    pub fn tuple(&self) -> Tuple {
        (self.hit.source, self.target, u32::from(self.from) << 16 | u32::from(self.to))
    }

    /// What it shares with another line of the same packet.
    pub fn identity(&self) -> Identity {
        let (source, target, ports) = self.tuple();
        (source, target, ports, self.kind)
    }

    /// By time, then by packet content alone. What a firewall logs before it decides comes before the decision.
    /// Packets that differ only in their prefix count alike.
    pub fn order(&self, other: &Knock) -> Ordering {
        (self.hit.time.cmp(&other.hit.time))
            .then_with(|| self.identity().cmp(&other.identity()))
            .then_with(|| other.verdict.cmp(&self.verdict))
            .then_with(|| (self.signal, self.hit.marked).cmp(&(other.signal, other.hit.marked)))
    }
}
