//! The module `sources`: who sends most, and how wide.

use super::addresses::Addr;
use super::counter::{Context, Counter, InternedPacket, Interner};
use super::index::Index;
use super::table::{self, Body, Cell, Column, Figure, missing_last};
use crate::netfilter::Time;

/// Targets of one source that are told apart; of more it is only known that there are more.
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

/// Counts by source.
#[derive(Default)]
pub struct Sources {
    sources: Vec<SourceStats>,
    index: Index,
}

impl Sources {
    pub fn counter(_: &Context) -> Box<dyn Counter> {
        Box::<Sources>::default()
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
        let source = self.source(seen.src);
        let packet = seen.packet;
        source.count += 1;
        source.bytes += u64::from(packet.length.unwrap_or(0));
        if let Some(time) = packet.time {
            source.first = Some(source.first.map_or(time, |first| first.min(time)));
            source.last = source.last.max(Some(time));
        }
        if let Some(port) = packet.dst_port {
            source.ports.add(port);
        }
        if seen.dst != Addr::NONE {
            source.targets.add(seen.dst);
        }
    }

    fn body(self: Box<Self>, numbers: &Interner, limit: usize) -> Body {
        let address = |source: &SourceStats| numbers.addresses.address(source.addr);
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
                Cell::address(address(source)),
                Cell::time(source.first),
                Cell::time(source.last),
            ]
        };
        let top = table::top((0..self.sources.len() as u32).collect(), limit, order);
        let many = top.iter().any(|n| matches!(self.sources[*n as usize].targets, TargetSet::Many));
        let note = format!("{TARGETS}+: more than {TARGETS} targets; they are not told apart.");
        Body {
            columns: COLUMNS.to_vec(),
            rows: top.into_iter().map(row).collect(),
            notes: many.then_some(note).into_iter().collect(),
        }
    }
}

const COLUMNS: [Column; 7] = [
    Column::number("Count", 6),
    Column::number("Bytes", 10),
    Column::number("Ports", 5),
    Column::number("Targets", 7),
    Column::word("Source IP", 25),
    Column::word("First", 19),
    Column::word("Last", 19),
];

#[cfg(test)]
mod tests;
