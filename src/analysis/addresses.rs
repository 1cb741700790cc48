//! Interns addresses as small integers, so group keys have a fixed size and compare fast.

use std::net::{IpAddr, Ipv6Addr};

use super::index::Index;

/// An address as [`Addr::BITS`] bits, or [`Addr::NONE`]. An IPv4 address is its own number; an IPv6 address is
/// numbered by its index in [`Addresses`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addr(u64);

impl Addr {
    /// Bits it takes in a key.
    pub const BITS: u32 = 34;
    /// No address.
    pub const NONE: Addr = Addr(1 << 33);
    const SIX: u64 = 1 << 32;

    /// Bits for a key.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// From the bits of a key.
    pub fn from_bits(bits: u64) -> Addr {
        Addr(bits)
    }
}

/// Every IPv6 address seen so far.
#[derive(Debug, Default)]
pub struct Addresses {
    six: Vec<Ipv6Addr>,
    index: Index,
}

impl Addresses {
    /// The number of an address.
    pub fn number(&mut self, address: Option<IpAddr>) -> Addr {
        match address {
            None => Addr::NONE,
            Some(IpAddr::V4(four)) => Addr(u64::from(u32::from(four))),
            Some(IpAddr::V6(six)) => self.number_of_six(six),
        }
    }

    /// The address of a number.
    pub fn address(&self, addr: Addr) -> Option<IpAddr> {
        if addr == Addr::NONE {
            None
        } else if addr.0 & Addr::SIX == 0 {
            Some(IpAddr::V4((addr.0 as u32).into()))
        } else {
            self.six.get(addr.0 as u32 as usize).copied().map(IpAddr::V6)
        }
    }

    fn number_of_six(&mut self, address: Ipv6Addr) -> Addr {
        let six = &mut self.six;
        let place = self.index.place(address, six.len(), |n| six[n] == address);
        if place == six.len() {
            six.push(address);
        }
        Addr(Addr::SIX | place as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_back_as_it_went_in() {
        let mut addresses = Addresses::default();
        let texts = ["0.0.0.0", "255.255.255.255", "192.0.2.1", "::", "2001:db8::1", "::ffff:192.0.2.1"];
        let numbers: Vec<Addr> = texts.iter().map(|t| addresses.number(t.parse().ok())).collect();
        for (text, number) in texts.iter().zip(&numbers) {
            assert_eq!(addresses.number(text.parse().ok()), *number, "{text} twice");
            assert_eq!(addresses.address(*number), text.parse().ok(), "{text}");
            assert!(number.bits() < 1 << Addr::BITS);
        }
        assert_eq!(addresses.number(None), Addr::NONE);
        assert_eq!(addresses.address(Addr::NONE), None);
    }

    #[test]
    fn an_ipv4_address_and_its_mapped_form_are_two() {
        let mut addresses = Addresses::default();
        let four = addresses.number("192.0.2.1".parse().ok());
        assert_ne!(addresses.number("::ffff:192.0.2.1".parse().ok()), four);
    }
}
