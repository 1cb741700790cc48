//! An address in a form that hashes and compares fast.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use super::finding::SOURCES;
use super::set::Set;

/// An address of either family in 16 bytes; IPv4 as `::ffff:a.b.c.d` (RFC 4291, 2.5.5.2), which no
/// packet on a wire carries as IPv6.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(u64, u64);

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Host {
        let bits = match address {
            IpAddr::V4(address) => 0xffff_0000_0000 | u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits(),
        };
        Host((bits >> 64) as u64, bits as u64)
    }
}

impl From<Host> for IpAddr {
    fn from(host: Host) -> IpAddr {
        IpAddr::V6(Ipv6Addr::from_bits(u128::from(host.0) << 64 | u128::from(host.1))).to_canonical()
    }
}

impl Host {
    /// The first address of its network (see [`Network::of_holder`](crate::filter::Network::of_holder)).
    pub fn network(self) -> Host {
        match self.is_v4() {
            true => Host(self.0, self.1 & !0xff),
            false => Host(self.0 & !0xffff, 0),
        }
    }

    /// Whether it is reached without leaving the site: private (RFC 1918), unique local (RFC 4193),
    /// link-local or loopback.
    pub fn is_local(self) -> bool {
        if self.is_v4() {
            let address = self.1 as u32;
            let within = |network: u32, length: u32| address >> (32 - length) == network >> (32 - length);
            return within(0x0a00_0000, 8)
                || within(0xac10_0000, 12)
                || within(0xc0a8_0000, 16)
                || within(0xa9fe_0000, 16)
                || within(0x7f00_0000, 8);
        }
        let is_loopback = self.0 == 0 && self.1 == 1;
        self.0 >> 57 == 0xfc >> 1 || self.0 >> 54 == 0xfe80 >> 6 || is_loopback
    }

    /// Whether its network can be an attacker of this target: not if both are neighbors, who all talk to each other.
    pub fn is_apart(self, target: Host) -> bool {
        !self.is_local() && self.network() != target.network()
    }

    fn is_v4(self) -> bool {
        self.0 == 0 && self.1 >> 32 == 0xffff
    }
}

/// The first `SOURCES` of them, by address.
pub fn listed(hosts: &Set<Host>) -> Vec<IpAddr> {
    let mut listed: Vec<IpAddr> = hosts.iter().map(|host| IpAddr::from(*host)).collect();
    listed.sort_unstable();
    listed.truncate(SOURCES);
    listed
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        IpAddr::from(*self).fmt(f)
    }
}
