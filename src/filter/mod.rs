//! Which packets count: filters, networks, protocols, services and times, the same for analyze, follow, scan and the
//! store.
//!
//! Pure: text and packets in, yes or no out. Knows no command and no store.

pub mod protocols;
#[cfg(test)]
pub(crate) mod sample;
mod selection;
pub mod services;
mod thresholds;
mod verdicts;
pub mod when;

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::tz::TimeZone;

pub use protocols::Protocol;
pub use selection::Selection;
pub use thresholds::Thresholds;
pub use verdicts::ActionVerdicts;

use crate::netfilter::{Packet, Time, Verdict};

/// A set of conditions on packets: a packet must pass all of them. One that lacks the field passes no filter that
/// wants a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters {
    /// From this moment on (inclusive).
    pub since: Option<Time>,
    /// Before this moment (exclusive).
    pub until: Option<Time>,
    /// Source networks.
    pub src: Selection<Network>,
    /// Destination networks.
    pub dst: Selection<Network>,
    /// Source ports.
    pub sport: Selection<RangeInclusive<u16>>,
    /// Destination ports.
    pub dport: Selection<RangeInclusive<u16>>,
    /// Protocols.
    pub proto: Selection<Protocol>,
    /// Action words, ASCII case ignored.
    pub action: Selection<String>,
    /// Interface names, input or output.
    pub iface: Selection<String>,
    /// Syslog hosts, exact.
    pub log_host: Selection<String>,
    /// Leave out packets whose input or output interface is exactly `lo`.
    pub no_local: bool,
    /// Leave out packets whose verdict is accept.
    pub no_accept: bool,
    /// The verdicts that the call assigns to action words.
    pub verdicts: ActionVerdicts,
}

/// A network in CIDR notation; a single address is a network with the full prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    address: IpAddr,
    /// Prefix length: 0 to 32 for IPv4, 0 to 128 for IPv6.
    length: u8,
}

impl Network {
    /// The network of an address that one party usually holds: a /24, or a /48 for IPv6 (RFC 6177).
    pub fn of_holder(address: IpAddr) -> Network {
        let length = if address.is_ipv4() { 24 } else { 48 };
        let (address, _) = Network { address, length }.bounds();
        Network { address, length }
    }

    /// The network of one address.
    pub fn single(address: IpAddr) -> Network {
        Network { address, length: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// Whether it contains the address; families never mix.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (first, last) = self.bounds();
        match (first, address, last) {
            (IpAddr::V4(a), IpAddr::V4(x), IpAddr::V4(b)) => a <= x && x <= b,
            (IpAddr::V6(a), IpAddr::V6(x), IpAddr::V6(b)) => a <= x && x <= b,
            _ => false,
        }
    }

    /// Its first and last address, of the same family.
    pub fn bounds(&self) -> (IpAddr, IpAddr) {
        match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.length)).unwrap_or(0);
                let first = u32::from(address) & mask;
                (IpAddr::V4(first.into()), IpAddr::V4((first | !mask).into()))
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.length)).unwrap_or(0);
                let first = u128::from(address) & mask;
                (IpAddr::V6(first.into()), IpAddr::V6((first | !mask).into()))
            }
        }
    }
}

impl fmt::Display for Network {
    /// In the form it is parsed from; a single address without its prefix length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let single = if self.address.is_ipv4() { 32 } else { 128 };
        if self.length == single {
            return self.address.fmt(f);
        }
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl FromStr for Network {
    type Err = String;

    /// Parses `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not an address or network, such as 192.0.2.7 or 2001:db8::/32");
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => most,
            Some(length) => length.parse().ok().filter(|n| *n <= most).ok_or_else(wrong)?,
        };
        Ok(Network { address, length })
    }
}

impl Filters {
    /// Whether any filter is set.
    pub fn any(&self) -> bool {
        Filters { verdicts: self.verdicts.clone(), ..Filters::default() } != *self
    }

    /// Whether they need a time, which not every packet has.
    pub fn ask_time(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// The filters in words, with times in that zone: `since 2026-05-04 00:00:00, from
    /// 192.0.2.0/24, not on interface lo`. Empty if none is set.
    pub fn words(&self, zone: &TimeZone) -> String {
        let times = [
            self.since.map(|time| format!("since {}", when::text(time, zone))),
            self.until.map(|time| format!("before {}", when::text(time, zone))),
        ];
        let values = [
            self.src.words("from", Network::to_string),
            self.dst.words("to", Network::to_string),
            self.sport.words("from port", ports),
            self.dport.words("to port", ports),
            self.proto.words("of protocol", Protocol::to_string),
            self.action.words("with action", String::clone),
            self.iface.words("on interface", String::clone),
            self.log_host.words("logged by", String::clone),
        ];
        let left_out = [
            self.no_local.then(|| "not on interface lo".to_owned()),
            self.no_accept.then(|| "not accepted".to_owned()),
        ];
        let all = times.into_iter().chain(values.into_iter().flatten()).chain(left_out);
        all.flatten().collect::<Vec<_>>().join(", ")
    }

    /// Whether the packet passes all of them.
    pub fn pass(&self, packet: &Packet<'_>) -> bool {
        self.pass_time(packet.time) && self.pass_rest(packet)
    }

    /// Whether it passes all except the time filters.
    pub fn pass_rest(&self, packet: &Packet<'_>) -> bool {
        let network = |wanted: &Selection<Network>, address: Option<IpAddr>| {
            wanted.passes(|network| address.is_some_and(|address| network.contains(address)))
        };
        let port = |wanted: &Selection<RangeInclusive<u16>>, port: Option<u16>| {
            wanted.passes(|range| port.is_some_and(|port| range.contains(&port)))
        };
        let same = |word: &String, bytes: &[u8]| word.as_bytes() == bytes;
        network(&self.src, packet.src)
            && network(&self.dst, packet.dst)
            && port(&self.sport, packet.src_port)
            && port(&self.dport, packet.dst_port)
            && self.proto.passes(|protocol| of_protocol(protocol, packet.proto))
            && self.action.passes(|word| same_word(word, packet.action))
            && self.iface.passes(|name| same(name, packet.if_in) || same(name, packet.if_out))
            && self.log_host.passes(|host| same(host, packet.host))
            && !(self.no_local && (packet.if_in == b"lo" || packet.if_out == b"lo"))
            && !(self.no_accept && self.verdicts.of(packet) == Verdict::Accept)
    }

    fn pass_time(&self, time: Option<Time>) -> bool {
        if !self.ask_time() {
            return true;
        }
        time.is_some_and(|t| self.since.is_none_or(|s| t >= s) && self.until.is_none_or(|u| t < u))
    }
}

/// A port or a range as typed: `22`, `6000-6010`.
pub fn ports(range: &RangeInclusive<u16>) -> String {
    match (range.start(), range.end()) {
        (from, to) if from == to => from.to_string(),
        (from, to) => format!("{from}-{to}"),
    }
}

fn of_protocol(wanted: &Protocol, proto: &[u8]) -> bool {
    wanted.spellings().any(|name| same_word(name, proto))
}

/// Whether a typed protocol or action is that of a packet: the same bytes, ASCII case ignored. The stores' conditions
/// follow this, not a collation.
pub fn same_word(typed: &str, logged: &[u8]) -> bool {
    logged.eq_ignore_ascii_case(typed.as_bytes())
}

#[cfg(test)]
mod tests;
