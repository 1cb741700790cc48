//! The module `countries`: where packets come from.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::addresses::Addr;
use super::counter::{Context, Counter, InternedPacket, Interner};
use super::index::Index;
use super::origins::{Country, Origins};
use super::table::{self, Body, Cell, Column};
use crate::netfilter::Verdict;

/// Counts by source; looks up countries at the end, once per source.
pub struct Countries {
    origins: Option<Arc<dyn Origins>>,
    sources: Vec<Counts>,
    index: Index,
}

struct Counts {
    addr: Addr,
    packets: u64,
    denied: u64,
}

#[derive(Default)]
struct Sums {
    packets: u64,
    denied: u64,
    sources: u64,
}

impl Countries {
    pub fn counter(context: &Context) -> Box<dyn Counter> {
        let origins = context.origins.clone();
        Box::new(Countries { origins, sources: Vec::new(), index: Index::default() })
    }
}

impl Counter for Countries {
    fn packet(&mut self, seen: &InternedPacket<'_>) {
        let sources = &mut self.sources;
        let place = self.index.place(seen.src, sources.len(), |n| sources[n].addr == seen.src);
        if place == sources.len() {
            sources.push(Counts { addr: seen.src, packets: 0, denied: 0 });
        }
        let counts = &mut sources[place];
        counts.packets += 1;
        counts.denied += u64::from(seen.verdict == Verdict::Deny);
    }

    fn body(self: Box<Self>, numbers: &Interner, limit: usize) -> Body {
        let mut countries: BTreeMap<Option<Country>, Sums> = BTreeMap::new();
        for counts in &self.sources {
            let address = numbers.addresses.address(counts.addr);
            let country =
                address.zip(self.origins.as_ref()).and_then(|(address, origins)| origins.of(address).country);
            let sums = countries.entry(country).or_default();
            sums.packets += counts.packets;
            sums.denied += counts.denied;
            sums.sources += u64::from(address.is_some());
        }
        let packets = countries.values().map(|sums| sums.packets).sum();
        let all: Vec<_> = countries.into_iter().collect();
        let rows_in_all = all.len() as u64;
        let top = table::top(all, limit, |(a, x), (b, y)| {
            y.packets.cmp(&x.packets).then_with(|| table::missing_last(a.as_ref(), b.as_ref()))
        });
        let row = |(country, sums): (Option<Country>, Sums)| {
            let words = country.map_or_else(
                || "unknown".to_owned(),
                |country| match country.name {
                    Some(name) => format!("{} {name}", country.code),
                    None => country.code,
                },
            );
            vec![
                Cell::Count(sums.packets),
                Cell::Count(sums.denied),
                Cell::Count(sums.sources),
                Cell::Word(words),
            ]
        };
        Body {
            columns: vec![
                Column::number("Count", 6),
                Column::number("Denied", 8),
                Column::number("Sources", 7),
                Column::word("Country", 25),
            ],
            rows: top.into_iter().map(row).collect(),
            rows_in_all,
            packets: Some(packets),
            ..Body::default()
        }
    }
}
