//! Addresses as small numbers, so that group keys are of fixed size and quick to compare.

use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv6Addr};

use hashbrown::{DefaultHashBuilder, HashTable};

/// An address's number, or that there is none: [`Addr::BITS`] bits. An IPv4 address is its own
/// number; an IPv6 address has one of its place in [`Addresses`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addr(u64);

impl Addr {
    /// How many bits of a key it takes.
    pub const BITS: u32 = 34;
    /// No address.
    pub const NONE: Addr = Addr(1 << 33);
    const SIX: u64 = 1 << 32;

    /// For a key.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Out of a key.
    pub fn from_bits(bits: u64) -> Addr {
        Addr(bits)
    }
}

/// Every IPv6 address met so far.
#[derive(Debug, Default)]
pub struct Addresses {
    six: Vec<Ipv6Addr>,
    places: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Addresses {
    /// The number of an address.
    pub fn number(&mut self, address: Option<IpAddr>) -> Addr {
        match address {
            None => Addr::NONE,
            Some(IpAddr::V4(four)) => Addr(u64::from(u32::from(four))),
            Some(IpAddr::V6(six)) => self.six(six),
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

    fn six(&mut self, address: Ipv6Addr) -> Addr {
        let hash = self.hasher.hash_one(u128::from(address));
        let six = &self.six;
        let place = match self.places.find(hash, |n| six[*n as usize] == address) {
            Some(place) => *place,
            None => {
                let place = self.six.len() as u32;
                self.six.push(address);
                let (hasher, six) = (&self.hasher, &self.six);
                self.places
                    .insert_unique(hash, place, |n| hasher.hash_one(u128::from(six[*n as usize])));
                place
            }
        };
        Addr(Addr::SIX | u64::from(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_back_as_it_went_in() {
        let mut addresses = Addresses::default();
        let texts = [
            "0.0.0.0",
            "255.255.255.255",
            "192.0.2.1",
            "::",
            "2001:db8::1",
            "::ffff:192.0.2.1",
        ];
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
