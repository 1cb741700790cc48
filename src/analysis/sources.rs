//! The modules `sources` and `networks`: who sends most, and how wide.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::addresses::{Addr, Addresses};
use super::counter::{Context, Counter, InternedPacket, Interner};
use super::distinct::{AddressSet, PortSet, TOLD_APART};
use super::index::Index;
use super::table::{self, Body, Cell, Column, missing_last};
use crate::netfilter::Time;

struct SourceStats {
    addr: Addr,
    count: u64,
    bytes: u64,
    first: Option<Time>,
    last: Option<Time>,
    ports: PortSet,
    /// Where its packets went; of a network, its sources.
    others: AddressSet,
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
                others: AddressSet::None,
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
            source.others.add(other);
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
                Cell::Figure(source.others.len()),
                match (&self.networks, address(source)) {
                    (Some(_), Some(first)) => Cell::Word(format!("{first}/{}", prefix_length(first))),
                    (_, address) => Cell::address(address),
                },
                Cell::time(source.first),
                Cell::time(source.last),
            ]
        };
        let top = table::top((0..self.sources.len() as u32).collect(), limit, order);
        let many = top.iter().any(|n| matches!(self.sources[*n as usize].others, AddressSet::Many));
        let (columns, what) = match self.networks {
            None => (columns("Targets", "Source IP"), "targets"),
            Some(_) => (columns("Sources", "Network"), "sources"),
        };
        let note = format!("{TOLD_APART}+: more than {TOLD_APART} {what}; they are not told apart.");
        Body {
            columns,
            rows: top.into_iter().map(row).collect(),
            notes: many.then_some(note).into_iter().collect(),
            rows_in_all: self.sources.len() as u64,
            packets: Some(self.sources.iter().map(|source| source.count).sum()),
            ..Body::default()
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
