//! What was found, with its evidence.

use std::fmt;
use std::net::IpAddr;

use crate::analysis::quantity::counted;
use crate::filter::Network;
use crate::netfilter::Time;

/// The kinds of attack, in the order of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttackKind {
    /// More connections to one port than anybody wants to serve.
    SynFlood,
    /// More echo requests than anybody wants to answer.
    IcmpFlood,
    /// One source tries passwords.
    BruteForce,
    /// One source probes the ports of one host.
    Scan(ProbeKind),
    /// The same, slowly.
    SlowScan(ProbeKind),
    /// One source probes many hosts, on one port or by ping.
    Sweep(ProbeKind),
}

/// What a scan or a sweep sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProbeKind {
    /// TCP with SYN alone: nmap's SYN, connect and idle scans look the same to a firewall.
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
    /// TCP with FIN and ACK: Uriel Maimon's scan.
    Maimon,
    /// TCP with ACK alone: nmap's ACK and window scans send the same and differ in what they look for in the reply.
    Ack,
    /// IP protocols, one after another.
    Protocol,
    /// ICMP and ICMPv6 echo requests.
    Ping,
    /// ICMPv6 neighbor solicitations (RFC 4861), with which a host finds others on its link.
    Neighbor,
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
            ProbeKind::Maimon => "Maimon",
            ProbeKind::Ack => "ACK or window",
            ProbeKind::Protocol => "protocol",
            ProbeKind::Ping => "ping",
            ProbeKind::Neighbor => "neighbor",
        })
    }
}

impl AttackKind {
    /// What is tried one after another, or counted: `port`, `host`.
    pub fn counted(self) -> &'static str {
        match self {
            AttackKind::SynFlood | AttackKind::BruteForce => "connection",
            AttackKind::IcmpFlood => "echo request",
            AttackKind::Scan(ProbeKind::Protocol) | AttackKind::SlowScan(ProbeKind::Protocol) => "protocol",
            AttackKind::Scan(_) | AttackKind::SlowScan(_) => "port",
            AttackKind::Sweep(_) => "host",
        }
    }
}

impl fmt::Display for AttackKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AttackKind::SynFlood => f.write_str("SYN flood"),
            AttackKind::IcmpFlood => f.write_str("ICMP flood"),
            AttackKind::BruteForce => f.write_str("brute force"),
            AttackKind::Scan(probe) => write!(f, "{probe} scan"),
            AttackKind::SlowScan(probe) => write!(f, "slow {probe} scan"),
            AttackKind::Sweep(probe) => write!(f, "{probe} sweep"),
        }
    }
}

/// One end of an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hosts {
    /// One address.
    One(IpAddr),
    /// This many.
    Many(u64),
    /// At least this many.
    AtLeast(u64),
    /// This many of one network.
    Of(Network, u64),
}

impl Hosts {
    /// The address, if it is one.
    pub fn one(self) -> Option<IpAddr> {
        match self {
            Hosts::One(address) => Some(address),
            Hosts::Many(_) | Hosts::AtLeast(_) | Hosts::Of(..) => None,
        }
    }

    /// The network, if they are counted by one.
    pub fn network(self) -> Option<Network> {
        match self {
            Hosts::Of(network, _) => Some(network),
            Hosts::One(_) | Hosts::Many(_) | Hosts::AtLeast(_) => None,
        }
    }

    /// How many there are.
    pub fn count(self) -> u64 {
        match self {
            Hosts::One(_) => 1,
            Hosts::Many(count) | Hosts::AtLeast(count) | Hosts::Of(_, count) => count,
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
            Hosts::Of(network, count) => write!(f, "{network} ({})", counted(*count, "host")),
        }
    }
}

/// The sources of an attack.
pub type AttackSources = Hosts;

/// The targets of an attack.
pub type AttackTargets = Hosts;

/// Maximum sources of a network that an episode lists: an IPv4 network's.
pub const SOURCES: usize = 256;

/// One attack, from when its rate is first reached until it has been quiet for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// What it is.
    pub kind: AttackKind,
    /// Where it came from.
    pub source: AttackSources,
    /// The sources of a network that took part, the first [`SOURCES`] by address; empty for a single source.
    pub sources: Vec<IpAddr>,
    /// Where it went.
    pub target: AttackTargets,
    /// Its port; none for scans (see `distinct`) and ICMP.
    pub port: Option<u16>,
    /// Well-known services among the ports of a scan, by port.
    pub services: Vec<&'static str>,
    /// Its first packet.
    pub first: Time,
    /// Its last packet.
    pub last: Time,
    /// Its packets; connections where those are counted (brute force, SYN flood).
    pub packets: u64,
    /// Distinct ports or protocols of a scan (of the host with the most), distinct hosts of a sweep; otherwise 0.
    pub distinct: u64,
    /// The highest rate: connections, ports, hosts or requests in any `per` seconds.
    pub peak: u64,
    /// Window of `peak` and `threshold`, in seconds.
    pub per: u64,
    /// The rate that makes it an attack; a brute force exceeds it.
    pub threshold: u64,
    /// The figures are lower bounds: the prefix is rate-limited, or there was no room to count.
    pub lower_bound: bool,
}

/// How much attention an attack deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Somebody looked around.
    Low,
    /// Somebody looked hard, or tried to get in.
    Medium,
    /// Somebody tried hard to get in, or to keep others out.
    High,
}

impl Severity {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        }
    }
}

/// All that one attacker did: a source, several sources of one network that did the same, or those that
/// flooded a target together.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its severity.
    pub severity: Severity,
    /// What was done, most severe first.
    pub kinds: Vec<AttackKind>,
    /// Where it came from.
    pub source: AttackSources,
    /// Where it went.
    pub target: AttackTargets,
    /// The port, if there is only one.
    pub port: Option<u16>,
    /// Well-known services that were tried.
    pub services: Vec<&'static str>,
    /// Its first packet.
    pub first: Time,
    /// Its last packet.
    pub last: Time,
    /// Its packets; connections where those are counted.
    pub packets: u64,
    /// The largest [`Episode::distinct`] of the first kind.
    pub distinct: u64,
    /// The largest [`Episode::peak`] of the first kind.
    pub peak: u64,
    /// Window of `peak` and `threshold`, in seconds.
    pub per: u64,
    /// The rate that makes it an attack; a brute force exceeds it.
    pub threshold: u64,
    /// The figures are lower bounds.
    pub lower_bound: bool,
    /// `packets` is a lower bound: concurrent scans, sweeps and brute force share some.
    pub is_shared: bool,
    /// Its episodes, in time order.
    pub episodes: Vec<Episode>,
}

/// An attack that has just begun.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// The attack as known by now; its last packet is the one that gave it away.
    pub episode: Episode,
    /// Connections, ports, hosts or requests so far.
    pub count: u64,
}

impl fmt::Display for Alert {
    /// `brute force from 192.0.2.7 on 198.51.100.1 port 22: 6 connections in 5 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Episode { kind, source, target, port, first, last, .. } = &self.episode;
        write!(f, "{kind} from {source} on {target}")?;
        if let Some(port) = port {
            write!(f, " port {port}")?;
        }
        let seconds = (last.0 - first.0).max(0) / Time::SECOND;
        write!(f, ": {} in ", counted(self.count, kind.counted()))?;
        match seconds {
            0 => f.write_str("under 1 s"),
            1..120 => write!(f, "{seconds} s"),
            120..7200 => write!(f, "{} min", seconds / 60),
            _ => write!(f, "{} h", seconds / 3600),
        }
    }
}
