//! The ways of trying many things one after the other.

use std::hash::Hash;

use super::classify::Flags;
use super::finding::{AttackKind, Hosts, ProbeKind};
use super::host::Host;

/// SYN, as a bit of what an attack is made of.
pub const SYN: u8 = 1;
/// UDP.
pub const UDP: u8 = 2;

/// One source's way of looking at one thing: at a host's ports, or at a port's hosts.
pub trait ScanKey: Copy + Eq + Hash {
    /// What it tries one of after the other.
    type Item: Copy + Eq + Hash;
    /// What this is, from the bits of what was sent.
    fn kind(&self, sent: u8, slow: bool) -> AttackKind;
    /// Source, target and port for the report; `distinct` counts what was tried.
    fn ends(&self, distinct: Hosts) -> (Hosts, Hosts, Option<u16>);
}

/// The ports of a host: source, target, and the flags if they are odd ones.
pub type PortScanKey = (Host, Host, Option<Flags>);

/// The hosts with a port: source, port, and what is sent ([`SYN`] or [`UDP`]).
pub type SweepKey = (Host, u16, u8);

impl ScanKey for PortScanKey {
    type Item = u16;

    fn kind(&self, sent: u8, slow: bool) -> AttackKind {
        let probe_kind = match self.2 {
            Some(Flags::Null) => ProbeKind::Null,
            Some(Flags::Fin) => ProbeKind::Fin,
            Some(Flags::Xmas) => ProbeKind::Xmas,
            Some(Flags::Ack) => ProbeKind::Ack,
            None => probe_kind(sent),
        };
        if slow { AttackKind::SlowScan(probe_kind) } else { AttackKind::PortScan(probe_kind) }
    }

    fn ends(&self, _: Hosts) -> (Hosts, Hosts, Option<u16>) {
        (Hosts::One(self.0.into()), Hosts::One(self.1.into()), None)
    }
}

impl ScanKey for SweepKey {
    type Item = Host;

    fn kind(&self, sent: u8, _: bool) -> AttackKind {
        AttackKind::Sweep(probe_kind(sent))
    }

    fn ends(&self, distinct: Hosts) -> (Hosts, Hosts, Option<u16>) {
        (Hosts::One(self.0.into()), distinct, Some(self.1))
    }
}

fn probe_kind(sent: u8) -> ProbeKind {
    match sent {
        SYN => ProbeKind::Syn,
        UDP => ProbeKind::Udp,
        _ => ProbeKind::Both,
    }
}
