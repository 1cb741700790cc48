//! An address in a form that is quick to hash and to compare.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// An address of either family in 16 bytes; IPv4 as `::ffff:a.b.c.d` (RFC 4291, 2.5.5.2), which no
/// packet on a wire carries as IPv6.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
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

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        IpAddr::from(*self).fmt(f)
    }
}
