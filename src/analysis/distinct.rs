//! Compact sets of ports and addresses: a flood has millions of sources, most of which send to one port of one host.

use super::addresses::Addr;
use super::table::Figure;

/// Addresses counted exactly; beyond this, the set only knows that there are more.
pub const TOLD_APART: usize = 1024;

/// Up to this many ports are kept in a list, more in an 8 KiB bitmap.
const LISTED_PORTS: usize = 1024;

/// Destination ports. Most sources probe just one.
pub enum PortSet {
    None,
    One(u16),
    /// Sorted.
    Few(Vec<u16>),
    /// One bit per port, and how many are set.
    Many(Box<([u64; 1024], u32)>),
}

impl PortSet {
    pub fn add(&mut self, port: u16) {
        match self {
            PortSet::None => *self = PortSet::One(port),
            PortSet::One(one) if *one == port => {}
            PortSet::One(one) => *self = PortSet::Few(vec![port.min(*one), port.max(*one)]),
            PortSet::Few(few) => {
                let Err(place) = few.binary_search(&port) else {
                    return;
                };
                if few.len() < LISTED_PORTS {
                    few.insert(place, port);
                    return;
                }
                let mut many = Box::new(([0; 1024], 0));
                few.iter().for_each(|known| set(&mut many, *known));
                set(&mut many, port);
                *self = PortSet::Many(many);
            }
            PortSet::Many(many) => set(many, port),
        }
    }

    pub fn add_all(&mut self, other: &PortSet) {
        match other {
            PortSet::None => {}
            PortSet::One(port) => self.add(*port),
            PortSet::Few(few) => few.iter().for_each(|port| self.add(*port)),
            PortSet::Many(many) => {
                let is_in = |port: &u16| many.0[usize::from(port / 64)] & 1 << (port % 64) != 0;
                (0..=u16::MAX).filter(is_in).for_each(|port| self.add(port));
            }
        }
    }

    pub fn len(&self) -> u64 {
        match self {
            PortSet::None => 0,
            PortSet::One(_) => 1,
            PortSet::Few(few) => few.len() as u64,
            PortSet::Many(many) => many.1.into(),
        }
    }
}

fn set(many: &mut ([u64; 1024], u32), port: u16) {
    let word = &mut many.0[usize::from(port / 64)];
    let bit = 1 << (port % 64);
    many.1 += u32::from(*word & bit == 0);
    *word |= bit;
}

/// Addresses, up to [`TOLD_APART`].
pub enum AddressSet {
    None,
    One(Addr),
    /// Sorted.
    Few(Vec<Addr>),
    /// More than [`TOLD_APART`].
    Many,
}

impl AddressSet {
    pub fn add(&mut self, address: Addr) {
        match self {
            AddressSet::None => *self = AddressSet::One(address),
            AddressSet::One(one) if *one == address => {}
            AddressSet::One(one) => *self = AddressSet::Few(vec![address.min(*one), address.max(*one)]),
            AddressSet::Few(few) => {
                let Err(place) = few.binary_search(&address) else {
                    return;
                };
                if few.len() < TOLD_APART {
                    few.insert(place, address);
                } else {
                    *self = AddressSet::Many;
                }
            }
            AddressSet::Many => {}
        }
    }

    /// How many there are, exact up to [`TOLD_APART`].
    pub fn len(&self) -> Figure {
        match self {
            AddressSet::None => Figure::Exactly(0),
            AddressSet::One(_) => Figure::Exactly(1),
            AddressSet::Few(few) => Figure::Exactly(few.len() as u64),
            AddressSet::Many => Figure::AtLeast(TOLD_APART as u64),
        }
    }
}
