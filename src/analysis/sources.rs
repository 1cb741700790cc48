//! The modules `sources` and `networks`: who sends the most, and how widely.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use hashbrown::HashMap;

use super::addresses::{Addr, Addresses};
use super::counter::{Context, Counter, InternedPacket, Interner, origin_cells, origin_columns};
use super::distinct::{AddressSet, PortSet, TOLD_APART};
use super::index::Index;
use super::origins::Origins;
use super::table::{self, Body, Cell, Column, missing_last};
use crate::netfilter::Time;

struct SourceStats {
    addr: Addr,
    count: u64,
    bytes: u64,
    first: Option<Time>,
    last: Option<Time>,
    ports: PortSet,
    /// Destinations of its packets; for a network, its sources.
    others: AddressSet,
}

/// Counts by source or by network.
#[derive(Default)]
pub struct Sources {
    sources: Vec<SourceStats>,
    index: Index,
    /// Set when counting by network.
    networks: Option<Networks>,
    origins: Option<Arc<dyn Origins>>,
}

/// The networks of sources: autonomous systems where known, else the networks of their addresses.
#[derive(Default)]
struct Networks {
    /// The first addresses of networks.
    first: Addresses,
    /// The network of each source, cached where it takes a lookup.
    of_source: HashMap<Addr, Addr>,
    /// Systems as text.
    systems: HashMap<u32, String>,
}

impl Networks {
    fn of(&mut self, seen: &InternedPacket<'_>, origins: Option<&Arc<dyn Origins>>) -> Addr {
        let first = seen.packet.src().map(network);
        let (Some(origins), Some(address)) = (origins, seen.packet.src()) else {
            return self.first.number(first);
        };
        if let Some(known) = self.of_source.get(&seen.src) {
            return *known;
        }
        let found = match origins.of(address).system {
            Some(system) => {
                self.systems.entry(system.number).or_insert_with(|| system.words());
                Addr::of_system(system.number)
            }
            None => self.first.number(first),
        };
        self.of_source.insert(seen.src, found);
        found
    }

    fn cell(&self, addr: Addr) -> Cell {
        match (addr.system().and_then(|number| self.systems.get(&number)), self.first.address(addr)) {
            (Some(words), _) => Cell::Word(words.clone()),
            (None, Some(first)) => Cell::Word(format!("{first}/{}", prefix_length(first))),
            (None, None) => Cell::Missing,
        }
    }
}

impl Sources {
    pub fn counter(context: &Context) -> Box<dyn Counter> {
        Box::new(Sources { origins: context.origins.clone(), ..Sources::default() })
    }

    /// The same by network, counting its sources instead of its targets.
    pub fn of_networks(context: &Context) -> Box<dyn Counter> {
        let origins = context.origins.clone().filter(|origins| origins.knows_systems());
        Box::new(Sources { networks: Some(Networks::default()), origins, ..Sources::default() })
    }

    /// The entry of a source, created if missing.
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
            Some(networks) => (networks.of(seen, self.origins.as_ref()), seen.src),
        };
        let source = self.source(key);
        source.count += 1;
        source.bytes += u64::from(packet.length().unwrap_or(0));
        if let Some(time) = packet.time() {
            source.first = Some(source.first.map_or(time, |first| first.min(time)));
            source.last = source.last.max(Some(time));
        }
        if let Some(port) = packet.dst_port() {
            source.ports.add(port);
        }
        if other != Addr::NONE {
            source.others.add(other);
        }
    }

    fn body(self: Box<Self>, numbers: &Interner, limit: usize) -> Body {
        let addresses = self.networks.as_ref().map_or(&numbers.addresses, |networks| &networks.first);
        let address = |source: &SourceStats| addresses.address(source.addr);
        // Systems before other networks.
        let system = |source: &SourceStats| source.addr.system();
        let order = |a: &u32, b: &u32| {
            let (a, b) = (&self.sources[*a as usize], &self.sources[*b as usize]);
            (b.count.cmp(&a.count))
                .then_with(|| missing_last(system(a), system(b)))
                .then_with(|| missing_last(address(a), address(b)))
        };
        let row = |n: u32| {
            let source = &self.sources[n as usize];
            let mut row = vec![
                Cell::Count(source.count),
                // No IP packet is empty: 0 means that no length was logged.
                if source.bytes == 0 { Cell::Missing } else { Cell::Count(source.bytes) },
                Cell::Count(source.ports.len()),
                Cell::Figure(source.others.len()),
                match &self.networks {
                    Some(networks) => networks.cell(source.addr),
                    None => Cell::address(address(source)),
                },
                Cell::time(source.first),
                Cell::time(source.last),
            ];
            if self.networks.is_none() {
                row.extend(origin_cells(self.origins.as_ref(), address(source)));
            }
            row
        };
        let counts: Vec<u64> = self.sources.iter().map(|source| source.count).collect();
        let largest = table::largest(&counts, limit);
        let top = table::top(largest, limit, order);
        let many = top.iter().any(|n| matches!(self.sources[*n as usize].others, AddressSet::Many));
        let (mut columns, what) = match self.networks {
            None => (columns("Targets", "Source IP"), "targets"),
            Some(_) => (columns("Sources", "Network"), "sources"),
        };
        if self.networks.is_none() {
            columns.extend(origin_columns(self.origins.as_ref()));
        }
        let note = format!("{TOLD_APART}+: more than {TOLD_APART} {what}; they are not counted one by one.");
        Body {
            columns,
            rows: top.into_iter().map(row).collect(),
            notes: many.then_some(note).into_iter().collect(),
            rows_in_all: self.sources.len() as u64,
            packets: Some(counts.iter().sum()),
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

/// Prefix length of an address's network: usually the least that one holder has.
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
