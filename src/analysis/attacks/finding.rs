//! What was found, with its evidence.

use std::fmt;
use std::net::IpAddr;

use crate::analysis::quantity::counted;
use crate::netfilter::Time;

/// What kind of attack it is, in the order of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttackKind {
    /// More connections to one port than anybody wants to serve.
    SynFlood,
    /// Echo requests, more than anybody wants to answer.
    IcmpFlood,
    /// One source tries passwords.
    BruteForce,
    /// One source looks for ports of one host.
    PortScan(ProbeKind),
    /// The same, slowly.
    SlowScan(ProbeKind),
    /// One source looks for one port on many hosts.
    Sweep(ProbeKind),
}

/// What a scan sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProbeKind {
    /// TCP with SYN alone: nmap's SYN and connect scans look the same to a firewall.
    Syn,
    /// UDP.
    Udp,
    /// Both of these.
    Both,
    /// TCP without any flag.
    Null,
    /// TCP with FIN alone.
    Fin,
    /// TCP with FIN, PSH and URG.
    Xmas,
    /// TCP with ACK alone.
    Ack,
}

impl fmt::Display for ProbeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProbeKind::Syn => "SYN",
            ProbeKind::Udp => "UDP",
            ProbeKind::Both => "SYN and UDP",
            ProbeKind::Null => "NULL",
            ProbeKind::Fin => "FIN",
            ProbeKind::Xmas => "XMAS",
            ProbeKind::Ack => "ACK",
        })
    }
}

impl fmt::Display for AttackKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AttackKind::SynFlood => f.write_str("SYN flood"),
            AttackKind::IcmpFlood => f.write_str("ICMP flood"),
            AttackKind::BruteForce => f.write_str("brute force"),
            AttackKind::PortScan(probe) => write!(f, "{probe} scan"),
            AttackKind::SlowScan(probe) => write!(f, "slow {probe} scan"),
            AttackKind::Sweep(probe) => write!(f, "{probe} sweep"),
        }
    }
}

/// Who or what was at one end of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hosts {
    /// One address.
    One(IpAddr),
    /// So many.
    Many(u64),
    /// So many were counted, and there were more.
    AtLeast(u64),
}

impl Hosts {
    /// The address, if it is one.
    pub fn one(self) -> Option<IpAddr> {
        match self {
            Hosts::One(address) => Some(address),
            Hosts::Many(_) | Hosts::AtLeast(_) => None,
        }
    }

    /// How many there are.
    pub fn count(self) -> u64 {
        match self {
            Hosts::One(_) => 1,
            Hosts::Many(count) | Hosts::AtLeast(count) => count,
        }
    }

    /// Whether there were more.
    pub fn is_lower_bound(self) -> bool {
        matches!(self, Hosts::AtLeast(_))
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hosts::One(address) => address.fmt(f),
            Hosts::Many(count) => f.write_str(&counted(*count, "host")),
            Hosts::AtLeast(count) => write!(f, "{count}+ hosts"),
        }
    }
}

/// The sources of an attack.
pub type AttackSources = Hosts;

/// The targets of an attack.
pub type AttackTargets = Hosts;

/// One attack.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is.
    pub kind: AttackKind,
    /// Where it came from.
    pub source: AttackSources,
    /// Where it went.
    pub target: AttackTargets,
    /// The one port of it; none for scans (see `distinct`) and ICMP.
    pub port: Option<u16>,
    /// Its first packet.
    pub first: Time,
    /// Its last packet.
    pub last: Time,
    /// Packets of it; connections where connections are counted (brute force, SYN flood).
    pub packets: u64,
    /// Distinct ports of a scan (of the host with the most), distinct hosts of a sweep; 0 for others.
    pub distinct: u64,
    /// The highest rate: connections, ports, hosts or requests in any `per` seconds.
    pub peak: u64,
    /// Seconds that `peak` and `threshold` count in.
    pub per: u64,
    /// From this rate on it is one; a brute force goes over it.
    pub threshold: u64,
    /// The figures are at least so high: the prefix is rate-limited, or there was no room to count.
    pub lower_bound: bool,
}

/// An attack that has just begun.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// What it is, as far as one can tell by now.
    pub kind: AttackKind,
    /// Where it comes from.
    pub source: AttackSources,
    /// Where it goes.
    pub target: AttackTargets,
    /// The one port of it; none for scans and ICMP.
    pub port: Option<u16>,
    /// Its first packet.
    pub first: Time,
    /// The packet that gave it away.
    pub last: Time,
    /// Connections, ports, hosts or requests so far.
    pub count: u64,
}

impl fmt::Display for Alert {
    /// `brute force from 192.0.2.7 on 198.51.100.1 port 22: 6 connections in 5 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, source, target) = (self.kind, self.source, self.target);
        write!(f, "{kind} from {source} on {target}")?;
        if let Some(port) = self.port {
            write!(f, " port {port}")?;
        }
        let what = match kind {
            AttackKind::SynFlood | AttackKind::BruteForce => "connection",
            AttackKind::IcmpFlood => "echo request",
            AttackKind::PortScan(_) | AttackKind::SlowScan(_) => "port",
            AttackKind::Sweep(_) => "host",
        };
        let seconds = (self.last.0 - self.first.0).max(0) / Time::SECOND;
        write!(f, ": {} in ", counted(self.count, what))?;
        match seconds {
            0 => f.write_str("under 1 s"),
            1..120 => write!(f, "{seconds} s"),
            120..7200 => write!(f, "{} min", seconds / 60),
            _ => write!(f, "{} h", seconds / 3600),
        }
    }
}
