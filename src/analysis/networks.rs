//! The module `networks`: which networks send the most, and from how many sources.
//!
//! A network is an autonomous system where one is known, else the network of an address.

use hashbrown::HashMap;

use super::addresses::Addr;
use super::counter::{Context, Interner};
use super::distinct::PortSet;
use super::index::Index;
use super::origins::System;
use super::senders::{Senders, Volume};
use super::sources;
use super::table::{self, Body, Cell, Figure};
use crate::filter;

/// A network; systems come before others, addresses before packets without one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Network {
    System(u32),
    Around(filter::Network),
    Nowhere,
}

/// What a network sent.
struct NetworkStats {
    volume: Volume,
    ports: PortSet,
    sources: u64,
}

/// The table of networks.
pub fn body(senders: &Senders, numbers: &Interner, context: &Context, limit: usize) -> Body {
    let mut systems: HashMap<u32, System> = HashMap::new();
    let origins = context.origins.as_ref().filter(|origins| origins.knows_systems());
    let mut network_of = |addr: Addr| {
        let Some(address) = numbers.addresses.address(addr) else {
            return Network::Nowhere;
        };
        match origins.and_then(|origins| origins.of(address).system) {
            Some(system) => {
                let number = system.number;
                systems.entry(number).or_insert(system);
                Network::System(number)
            }
            None => Network::Around(filter::Network::of_holder(address)),
        }
    };
    let (mut networks, mut counts, mut index) = (Vec::<Network>::new(), Vec::<u64>::new(), Index::default());
    let places = senders.iter().map(|(addr, stats)| {
        let network = network_of(addr);
        let place = index.place(&network, networks.len(), |n| networks[n] == network);
        if place == networks.len() {
            networks.push(network);
            counts.push(0);
        }
        counts[place] += stats.volume.count;
        place as u32
    });
    let places: Vec<u32> = places.collect();
    let order = |a: &u32, b: &u32| {
        let (a, b) = (*a as usize, *b as usize);
        counts[b].cmp(&counts[a]).then_with(|| networks[a].cmp(&networks[b]))
    };
    let top = table::top(table::largest(&counts, limit), limit, order);
    // A flood has millions of networks; only those that are shown need more than their counts.
    let nothing = || NetworkStats { volume: Volume::NONE, ports: PortSet::None, sources: 0 };
    let mut shown: HashMap<u32, NetworkStats> = top.iter().map(|place| (*place, nothing())).collect();
    for ((addr, stats), place) in senders.iter().zip(&places) {
        if let Some(sums) = shown.get_mut(place) {
            sums.volume = sums.volume.plus(stats.volume);
            sums.ports.add_all(&stats.ports);
            sums.sources += u64::from(addr != Addr::NONE);
        }
    }
    let row = |place: &u32| {
        let sender = match &networks[*place as usize] {
            Network::System(number) => {
                systems.get(number).map_or(Cell::Missing, |system| Cell::Word(system.words()))
            }
            Network::Around(network) => Cell::Word(network.to_string()),
            Network::Nowhere => Cell::Missing,
        };
        let NetworkStats { volume, ports, sources } = shown.remove(place).unwrap_or_else(nothing);
        sources::row(volume, ports.len(), Figure::Exactly(sources), sender)
    };
    let rows = top.iter().map(row).collect();
    Body {
        columns: sources::columns("Sources", "Network"),
        rows,
        rows_in_all: networks.len() as u64,
        packets: Some(counts.iter().sum()),
        ..Body::default()
    }
}

#[cfg(test)]
mod tests;
