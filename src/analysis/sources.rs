//! The modules `sources` and `networks`: who sends most, and how wide.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::addresses::{Addr, Addresses};
use super::counter::{Context, Counter, InternedPacket, Interner};
use super::index::Index;
use super::table::{self, Body, Cell, Column, Figure, missing_last};
use crate::netfilter::Time;

/// Targets of one source, or sources of one network, that are told apart; of more it is only known
/// that there are more.
const TARGETS: usize = 1024;

/// Ports up to here lie in a list, more in a map of bits, which takes 8 KiB.
const LISTED_PORTS: usize = 1024;

struct SourceStats {
    addr: Addr,
    count: u64,
    bytes: u64,
    first: Option<Time>,
    last: Option<Time>,
    ports: PortSet,
    targets: TargetSet,
}

/// What a source's destination ports were. Most sources knock at one.
enum PortSet {
    None,
    One(u16),
    /// In order.
    Few(Vec<u16>),
    /// A bit a port, and how many are set.
    Many(Box<([u64; 1024], u32)>),
}

impl PortSet {
    fn add(&mut self, port: u16) {
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

    fn len(&self) -> u64 {
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

/// Where a source's packets went.
enum TargetSet {
    None,
    One(Addr),
    /// In order.
    Few(Vec<Addr>),
    /// More than [`TARGETS`].
    Many,
}

impl TargetSet {
    fn add(&mut self, target: Addr) {
        match self {
            TargetSet::None => *self = TargetSet::One(target),
            TargetSet::One(one) if *one == target => {}
            TargetSet::One(one) => *self = TargetSet::Few(vec![target.min(*one), target.max(*one)]),
            TargetSet::Few(few) => {
                let Err(place) = few.binary_search(&target) else {
                    return;
                };
                if few.len() < TARGETS {
                    few.insert(place, target);
                } else {
                    *self = TargetSet::Many;
                }
            }
            TargetSet::Many => {}
        }
    }

    fn cell(&self) -> Cell {
        match self {
            TargetSet::None => Cell::Figure(Figure::Exactly(0)),
            TargetSet::One(_) => Cell::Figure(Figure::Exactly(1)),
            TargetSet::Few(few) => Cell::Figure(Figure::Exactly(few.len() as u64)),
            TargetSet::Many => Cell::Figure(Figure::AtLeast(TARGETS as u64)),
        }
    }
}

/// Counts by source or by network.
#[derive(Default)]
pub struct Sources {
    sources: Vec<SourceStats>,
    index: Index,
    /// The first addresses of networks, where those are counted.
    networks: Option<Addresses>,
}

impl Sources {
    pub fn counter(_: &Context) -> Box<dyn Counter> {
        Box::<Sources>::default()
    }

    /// The same by network, with how many sources a network has instead of how many targets.
    pub fn of_networks(_: &Context) -> Box<dyn Counter> {
        Box::new(Sources { networks: Some(Addresses::default()), ..Sources::default() })
    }

    /// A source, made where it is missing.
    fn source(&mut self, addr: Addr) -> &mut SourceStats {
        let sources = &mut self.sources;
        let place = self.index.place(addr, sources.len(), |n| sources[n].addr == addr);
        if place == sources.len() {
            sources.push(SourceStats {
                addr,
                count: 0,
                bytes: 0,
                first: None,
                last: None,
                ports: PortSet::None,
                targets: TargetSet::None,
            });
        }
        &mut sources[place]
    }
}

impl Counter for Sources {
    fn packet(&mut self, seen: &InternedPacket<'_>) {
        let packet = seen.packet;
        let (key, other) = match &mut self.networks {
            None => (seen.src, seen.dst),
            Some(networks) => (networks.number(packet.src.map(network)), seen.src),
        };
        let source = self.source(key);
        source.count += 1;
        source.bytes += u64::from(packet.length.unwrap_or(0));
        if let Some(time) = packet.time {
            source.first = Some(source.first.map_or(time, |first| first.min(time)));
            source.last = source.last.max(Some(time));
        }
        if let Some(port) = packet.dst_port {
            source.ports.add(port);
        }
        if other != Addr::NONE {
            source.targets.add(other);
        }
    }

    fn body(self: Box<Self>, numbers: &Interner, limit: usize) -> Body {
        let addresses = self.networks.as_ref().unwrap_or(&numbers.addresses);
        let address = |source: &SourceStats| addresses.address(source.addr);
        let order = |a: &u32, b: &u32| {
            let (a, b) = (&self.sources[*a as usize], &self.sources[*b as usize]);
            b.count.cmp(&a.count).then_with(|| missing_last(address(a), address(b)))
        };
        let row = |n: u32| {
            let source = &self.sources[n as usize];
            vec![
                Cell::Count(source.count),
                // No IP packet is empty: 0 means that no length was logged.
                if source.bytes == 0 { Cell::Missing } else { Cell::Count(source.bytes) },
                Cell::Count(source.ports.len()),
                source.targets.cell(),
                match (&self.networks, address(source)) {
                    (Some(_), Some(first)) => Cell::Word(format!("{first}/{}", prefix_length(first))),
                    (_, address) => Cell::address(address),
                },
                Cell::time(source.first),
                Cell::time(source.last),
            ]
        };
        let top = table::top((0..self.sources.len() as u32).collect(), limit, order);
        let many = top.iter().any(|n| matches!(self.sources[*n as usize].targets, TargetSet::Many));
        let (columns, what) = match self.networks {
            None => (columns("Targets", "Source IP"), "targets"),
            Some(_) => (columns("Sources", "Network"), "sources"),
        };
        let note = format!("{TARGETS}+: more than {TARGETS} {what}; they are not told apart.");
        Body {
            columns,
            rows: top.into_iter().map(row).collect(),
            notes: many.then_some(note).into_iter().collect(),
        }
    }
}

fn columns(width: &'static str, sender: &'static str) -> Vec<Column> {
    vec![
        Column::number("Count", 6),
        Column::number("Bytes", 10),
        Column::number("Ports", 5),
        Column::number(width, 7),
        Column::word(sender, 25),
        Column::word("First", 19),
        Column::word("Last", 19),
    ]
}

/// How many bits name the network of an address: what one holder has at least, mostly.
fn prefix_length(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 24,
        IpAddr::V6(_) => 48,
    }
}

/// The first address of its network.
fn network(address: IpAddr) -> IpAddr {
    let host_bits = |bits: u8| u32::from(bits - prefix_length(address));
    match address {
        IpAddr::V4(four) => Ipv4Addr::from_bits(four.to_bits() >> host_bits(32) << host_bits(32)).into(),
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() >> host_bits(128) << host_bits(128)).into(),
    }
}

#[cfg(test)]
mod tests;
