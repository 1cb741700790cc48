//! What is known about a source: the first table of a dossier (`--who`).

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashSet;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::addresses::Addr;
use super::counter::{Context, Counter, InternedPacket, Interner};
use super::distinct::PortSet;
use super::origins::{Origins, System};
use super::table::{Body, Cell, Column};
use crate::netfilter::{Time, Verdict};

/// Sums over the packets of a source, or of a network's sources.
pub struct Profile {
    zone: TimeZone,
    origins: Option<Arc<dyn Origins>>,
    packets: u64,
    /// Accepted, denied, other.
    verdicts: [u64; 3],
    bytes: u64,
    first: Option<Time>,
    last: Option<Time>,
    days: BTreeSet<Date>,
    sources: HashSet<Addr>,
    targets: HashSet<Addr>,
    ports: PortSet,
}

impl Profile {
    pub fn counter(context: &Context) -> Box<dyn Counter> {
        Box::new(Profile {
            zone: context.zone.clone(),
            origins: context.origins.clone(),
            packets: 0,
            verdicts: [0; 3],
            bytes: 0,
            first: None,
            last: None,
            days: BTreeSet::new(),
            sources: HashSet::new(),
            targets: HashSet::new(),
            ports: PortSet::None,
        })
    }

    /// Where it is, as far as known.
    fn origin(&self, address: IpAddr) -> Vec<(&'static str, Cell)> {
        let origin = self.origins.as_ref().map(|origins| origins.of(address)).unwrap_or_default();
        let country = origin.country.map(|country| ("Country", Cell::Word(country.code)));
        let system = origin.system.as_ref().map(|system| ("AS", Cell::Word(System::words(system))));
        country.into_iter().chain(system).collect()
    }
}

impl Counter for Profile {
    fn packet(&mut self, seen: &InternedPacket<'_>) {
        let packet = seen.packet;
        self.packets += 1;
        self.verdicts[match seen.verdict {
            Verdict::Accept => 0,
            Verdict::Deny => 1,
            Verdict::Other => 2,
        }] += 1;
        self.bytes += u64::from(packet.length().unwrap_or(0));
        if let Some(time) = packet.time() {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = self.last.max(Some(time));
            let stamp = Timestamp::from_microsecond(time.0).unwrap_or(Timestamp::UNIX_EPOCH);
            self.days.insert(stamp.to_zoned(self.zone.clone()).date());
        }
        self.sources.insert(seen.src);
        self.targets.insert(seen.dst);
        if let Some(port) = packet.dst_port() {
            self.ports.add(port);
        }
    }

    fn body(self: Box<Self>, numbers: &Interner, _: usize) -> Body {
        if self.packets == 0 {
            return Body { columns: COLUMNS.to_vec(), ..Body::default() };
        }
        let only = self.sources.iter().next().filter(|_| self.sources.len() == 1);
        let only = only.and_then(|addr| numbers.addresses.address(*addr));
        let mut rows = match only {
            Some(address) => vec![("Source", Cell::Address(address))],
            None => vec![("Sources", Cell::Count(self.sources.len() as u64))],
        };
        rows.extend(only.map(|address| self.origin(address)).unwrap_or_default());
        let [accepted, denied, other] = self.verdicts;
        rows.extend([
            ("Packets", Cell::Count(self.packets)),
            ("Accepted", Cell::Count(accepted)),
            ("Denied", Cell::Count(denied)),
            ("Other", Cell::Count(other)),
            ("Bytes", if self.bytes == 0 { Cell::Missing } else { Cell::Count(self.bytes) }),
            ("First seen", Cell::time(self.first)),
            ("Last seen", Cell::time(self.last)),
            ("Days", Cell::Count(self.days.len() as u64)),
            ("Ports", Cell::Count(self.ports.len())),
            ("Targets", Cell::Count(self.targets.len() as u64)),
        ]);
        Body {
            columns: COLUMNS.to_vec(),
            rows_in_all: rows.len() as u64,
            rows: rows.into_iter().map(|(what, value)| vec![Cell::Word(what.to_owned()), value]).collect(),
            ..Body::default()
        }
    }
}

const COLUMNS: [Column; 2] = [Column::word("What", 10), Column::word("Value", 25)];
