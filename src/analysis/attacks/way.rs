//! The ways of trying many things one after the other.

use std::hash::Hash;

use super::finding::{Hosts, Kind, Probe};
use super::host::Host;
use super::look::Flags;

/// SYN, as a bit of what an attack is made of.
pub const SYN: u8 = 1;
/// UDP.
pub const UDP: u8 = 2;

/// One source's way of looking at one thing: at a host's ports, or at a port's hosts.
pub trait Way: Copy + Eq + Hash {
    /// What it tries one of after the other.
    type Item: Copy + Eq + Hash;
    /// What this is, from the bits of what was sent.
    fn kind(&self, sent: u8, slow: bool) -> Kind;
    /// Source, target and port for the report; `distinct` counts what was tried.
    fn ends(&self, distinct: Hosts) -> (Hosts, Hosts, Option<u16>);
}

/// The ports of a host: source, target, and the flags if they are odd ones.
pub type Ports = (Host, Host, Option<Flags>);

/// The hosts with a port: source, port, and what is sent ([`SYN`] or [`UDP`]).
pub type Across = (Host, u16, u8);

impl Way for Ports {
    type Item = u16;

    fn kind(&self, sent: u8, slow: bool) -> Kind {
        let probe = match self.2 {
            Some(Flags::Null) => Probe::Null,
            Some(Flags::Fin) => Probe::Fin,
            Some(Flags::Xmas) => Probe::Xmas,
            Some(Flags::Ack) => Probe::Ack,
            None => probe(sent),
        };
        if slow { Kind::SlowScan(probe) } else { Kind::PortScan(probe) }
    }

    fn ends(&self, _: Hosts) -> (Hosts, Hosts, Option<u16>) {
        (Hosts::One(self.0.into()), Hosts::One(self.1.into()), None)
    }
}

impl Way for Across {
    type Item = Host;

    fn kind(&self, sent: u8, _: bool) -> Kind {
        Kind::Sweep(probe(sent))
    }

    fn ends(&self, distinct: Hosts) -> (Hosts, Hosts, Option<u16>) {
        (Hosts::One(self.0.into()), distinct, Some(self.1))
    }
}

fn probe(sent: u8) -> Probe {
    match sent {
        SYN => Probe::Syn,
        UDP => Probe::Udp,
        _ => Probe::Both,
    }
}
