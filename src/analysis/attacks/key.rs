//! The ways to try many things one after another.

use std::hash::Hash;

use super::classify::{Flags, ProtocolName};
use super::finding::{AttackKind, Hosts, ProbeKind};
use super::host::Host;
use super::services;

/// SYN, as a bit of what an attack sends.
pub const SYN: u8 = 1;
/// UDP.
pub const UDP: u8 = 2;
/// Echo requests.
pub const PING: u8 = 4;
/// Neighbor solicitations.
pub const NEIGHBOR: u8 = 8;

/// How one source probes one thing: a host's ports, or a port's hosts.
pub trait ScanKey: Copy + Eq + Hash {
    /// What it tries one after another.
    type Item: Copy + Eq + Hash;
    /// The source: a host, or a network by its first address.
    fn source(&self) -> Host;
    /// The kind of attack, from the bits of what was sent.
    fn kind(&self, sent: u8, slow: bool) -> AttackKind;
    /// Target and port for the report; `distinct` counts what was tried.
    fn goal(&self, distinct: Hosts) -> (Hosts, Option<u16>);
    /// Well-known services among what was tried.
    fn services(&self, tried: impl Fn(Self::Item) -> bool) -> Vec<&'static str>;
}

/// The ports of a host: source, target, and the flags if unusual.
pub type PortScanKey = (Host, Host, Option<Flags>);

/// The protocols of a host: source and target.
pub type ProtocolScanKey = (Host, Host);

/// The hosts on a port, or any hosts: source, port, and what is sent ([`SYN`], [`UDP`], [`PING`] or [`NEIGHBOR`]).
pub type SweepKey = (Host, Option<u16>, u8);

impl ScanKey for PortScanKey {
    type Item = u16;

    fn source(&self) -> Host {
        self.0
    }

    fn kind(&self, sent: u8, slow: bool) -> AttackKind {
        let probe = match self.2 {
            Some(Flags::Null) => ProbeKind::Null,
            Some(Flags::Fin) => ProbeKind::Fin,
            Some(Flags::Xmas) => ProbeKind::Xmas,
            Some(Flags::Maimon) => ProbeKind::Maimon,
            Some(Flags::Ack) => ProbeKind::Ack,
            None => probe_kind(sent),
        };
        if slow { AttackKind::SlowScan(probe) } else { AttackKind::Scan(probe) }
    }

    fn goal(&self, _: Hosts) -> (Hosts, Option<u16>) {
        (Hosts::One(self.1.into()), None)
    }

    fn services(&self, tried: impl Fn(u16) -> bool) -> Vec<&'static str> {
        services::probed(tried)
    }
}

impl ScanKey for ProtocolScanKey {
    type Item = ProtocolName;

    fn source(&self) -> Host {
        self.0
    }

    fn kind(&self, _: u8, slow: bool) -> AttackKind {
        match slow {
            true => AttackKind::SlowScan(ProbeKind::Protocol),
            false => AttackKind::Scan(ProbeKind::Protocol),
        }
    }

    fn goal(&self, _: Hosts) -> (Hosts, Option<u16>) {
        (Hosts::One(self.1.into()), None)
    }

    fn services(&self, _: impl Fn(ProtocolName) -> bool) -> Vec<&'static str> {
        Vec::new()
    }
}

impl ScanKey for SweepKey {
    type Item = Host;

    fn source(&self) -> Host {
        self.0
    }

    fn kind(&self, sent: u8, _: bool) -> AttackKind {
        AttackKind::Sweep(probe_kind(sent))
    }

    fn goal(&self, distinct: Hosts) -> (Hosts, Option<u16>) {
        (distinct, self.1)
    }

    fn services(&self, _: impl Fn(Host) -> bool) -> Vec<&'static str> {
        services::probed(|port| self.1 == Some(port))
    }
}

fn probe_kind(sent: u8) -> ProbeKind {
    match sent {
        SYN => ProbeKind::Syn,
        UDP => ProbeKind::Udp,
        PING => ProbeKind::Ping,
        NEIGHBOR => ProbeKind::Neighbor,
        _ => ProbeKind::Both,
    }
}
