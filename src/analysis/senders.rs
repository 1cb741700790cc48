//! Who sent packets: every source once, and if requested, what it sent.

use super::addresses::Addr;
use super::counter::InternedPacket;
use super::distinct::{AddressSet, PortSet};
use super::index::Index;
use crate::netfilter::Time;

/// The sources of packets, in the order of their first ones.
#[derive(Default)]
pub struct Senders {
    addrs: Vec<Addr>,
    index: Index,
    /// Whether there is one for packets without a source.
    has_none: bool,
    /// What each of them sent, if requested.
    stats: Option<Vec<SenderStats>>,
}

/// What a source sent.
pub struct SenderStats {
    /// Packets and bytes.
    pub volume: Volume,
    /// Destination ports.
    pub ports: PortSet,
    /// Destinations.
    pub targets: AddressSet,
}

/// How much was sent, and when.
#[derive(Clone, Copy, Debug)]
pub struct Volume {
    /// Packets.
    pub count: u64,
    /// The sum of their lengths, where logged.
    pub bytes: u64,
    first: Time,
    last: Time,
}

impl Volume {
    /// Nothing.
    pub const NONE: Volume = Volume { count: 0, bytes: 0, first: Time(i64::MAX), last: Time(i64::MIN) };

    /// This and another.
    pub fn plus(self, other: Volume) -> Volume {
        Volume {
            count: self.count + other.count,
            bytes: self.bytes + other.bytes,
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }

    /// The times of the earliest and latest packet, if any has a time.
    pub fn times(self) -> (Option<Time>, Option<Time>) {
        let is_known = self.first <= self.last;
        (is_known.then_some(self.first), is_known.then_some(self.last))
    }
}

impl SenderStats {
    fn new() -> Self {
        SenderStats { volume: Volume::NONE, ports: PortSet::None, targets: AddressSet::None }
    }

    fn packet(&mut self, seen: &InternedPacket<'_>) {
        let packet = seen.packet;
        let (first, last) = packet.time().map_or((Time(i64::MAX), Time(i64::MIN)), |time| (time, time));
        let bytes = packet.length().unwrap_or(0).into();
        self.volume = self.volume.plus(Volume { count: 1, bytes, first, last });
        if let Some(port) = packet.dst_port() {
            self.ports.add(port);
        }
        if seen.dst != Addr::NONE {
            self.targets.add(seen.dst);
        }
    }
}

impl Senders {
    /// Sources and what each of them sent.
    pub fn with_stats() -> Self {
        Senders { stats: Some(Vec::new()), ..Senders::default() }
    }

    /// Counts packets. First finds out whose they are: then the processor fetches what it knows of one source while it
    /// waits for that of another.
    pub fn packets(&mut self, all: &[InternedPacket<'_>]) {
        let places: Vec<u32> = all.iter().map(|seen| self.place(seen) as u32).collect();
        if let Some(stats) = &mut self.stats {
            places.iter().zip(all).for_each(|(place, seen)| stats[*place as usize].packet(seen));
        }
    }

    /// Counts a packet.
    pub fn packet(&mut self, seen: &InternedPacket<'_>) {
        self.packets(std::slice::from_ref(seen));
    }

    /// The place of a packet's source.
    fn place(&mut self, seen: &InternedPacket<'_>) -> usize {
        let addrs = &mut self.addrs;
        let place = self.index.place(seen.src, addrs.len(), |n| addrs[n] == seen.src);
        if place == addrs.len() {
            addrs.push(seen.src);
            self.has_none |= seen.src == Addr::NONE;
            self.stats.iter_mut().for_each(|stats| stats.push(SenderStats::new()));
        }
        place
    }

    /// How many sources there are.
    pub fn len(&self) -> u64 {
        self.addrs.len() as u64 - u64::from(self.has_none)
    }

    /// Each source with what it sent, if that was requested; packets without a source are from [`Addr::NONE`].
    pub fn iter(&self) -> impl Iterator<Item = (Addr, &SenderStats)> {
        self.addrs.iter().copied().zip(self.stats.iter().flatten())
    }
}
