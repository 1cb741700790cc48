//! Attacks by rate: brute force and floods.

use std::net::IpAddr;

use hashbrown::HashMap;

use super::finding::{Alert, AttackKind, Episode, Hosts};
use super::host::{self, Host};
use super::limited::Number;
use super::open::{Closed, OpenAttacks, QUIET, Shares};
use super::recent::RecentQueue;
use super::services;
use super::set::Set;
use super::tracked::{Expiring, Tracker, Watched};
use super::window::Window;
use crate::filter::Network;
use crate::netfilter::Time;

/// Sources remembered before a flood is detected; targets of brute force remembered.
const RECENT: usize = 1024;

/// A flood from this many sources counts as spoofed: its sources are not tracked one by one.
const SPOOFED: usize = 64;

/// What is counted together: the source (of a brute force), the target, and its port.
pub type RateKey = (Option<Host>, Host, Option<u16>);

/// The rate that makes an attack.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    pub kind: AttackKind,
    /// The configured rate.
    pub threshold: u64,
    /// The count from which it is an attack.
    pub need: u64,
    /// The window in seconds.
    pub per: u64,
    /// From how many sources of a network, whose first address is then the source in the key.
    pub sources: Option<usize>,
}

impl RateLimit {
    /// A rate of one source, or toward one target, from `need` packets in `per` seconds on.
    pub fn new(kind: AttackKind, threshold: u32, need: u32, per: u64) -> Self {
        RateLimit { kind, threshold: threshold.into(), need: need.max(1).into(), per, sources: None }
    }

    /// The window in microseconds.
    pub fn span(&self) -> i64 {
        self.per as i64 * Time::SECOND
    }
}

/// A packet as it counts toward a rate.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    pub time: i64,
    pub source: Host,
    pub prefix: Option<Number>,
    /// The firewall itself marked the rate as exceeded.
    pub marked: bool,
}

/// What a packet belongs to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing {
    /// An attack under way.
    pub is_attack: bool,
    /// One from so many sources that they count as spoofed.
    pub is_from_many: bool,
}

/// Everything tracked for one kind.
#[derive(Debug)]
pub struct Rates {
    tracker: Tracker<Rate>,
    /// Who last exceeded the rate, and when, by target and port.
    exceeded: HashMap<(Host, Option<u16>), (Host, i64)>,
}

/// The rate of one key.
#[derive(Debug)]
pub struct Rate {
    window: Window,
    span: i64,
    /// The sources of the packets in the window, until it is an attack.
    recent: RecentQueue<(i64, Host)>,
    last: i64,
    live: Option<Box<OngoingRate>>,
}

/// An attack under way.
#[derive(Debug)]
struct OngoingRate {
    first: i64,
    last: i64,
    packets: u64,
    /// Packets since the rate was last exceeded: they count if it is exceeded again.
    pending: u64,
    /// Sources of the first of these.
    pending_sources: Vec<Host>,
    peak: u64,
    by_rate: bool,
    sources: Set<Host>,
    shares: Shares,
}

impl Expiring for Rate {
    fn last(&self) -> i64 {
        self.last
    }

    fn keep(&self) -> i64 {
        if self.live() { QUIET } else { self.span }
    }

    fn live(&self) -> bool {
        self.live.is_some()
    }
}

impl Rates {
    pub fn new(limit: RateLimit, most: usize) -> Self {
        Rates { tracker: Tracker::new(limit, most), exceeded: HashMap::new() }
    }

    /// Whether another source exceeds the rate of this target and port at this time.
    pub fn exceeded_by_other(&self, (source, target, port): &RateKey, time: i64) -> bool {
        self.exceeded.get(&(*target, *port)).is_some_and(|(other, last)| {
            Some(*other) != *source && time.abs_diff(*last) < self.tracker.limit.span().unsigned_abs()
        })
    }

    pub fn capped(&self) -> bool {
        self.tracker.capped()
    }

    /// Counts a packet; if `known`, only under a key already tracked.
    pub fn packet(
        &mut self,
        key: RateKey,
        hit: Hit,
        known: bool,
        now: i64,
        open: &mut OpenAttacks,
    ) -> Standing {
        let Some((rate, exceeded)) = self.tracker.packet(key, hit, known, now, open) else {
            return Standing::default();
        };
        if exceeded && key.0.is_some() {
            if self.exceeded.len() >= RECENT {
                self.exceeded.clear();
            }
            self.exceeded.insert((key.1, key.2), (hit.source, hit.time));
        }
        let is_from_many = rate.live.as_ref().is_some_and(|live| live.sources.len() >= SPOOFED);
        Standing { is_attack: rate.live(), is_from_many }
    }

    pub fn finish(self, open: &mut OpenAttacks) {
        self.tracker.finish(open);
    }
}

impl Watched for Rate {
    type Key = RateKey;
    type Event = Hit;
    type Limit = RateLimit;

    fn new(limit: &RateLimit, time: i64) -> Self {
        Rate {
            window: Window::new(limit.span()),
            span: limit.span(),
            recent: RecentQueue::new(),
            last: time,
            live: None,
        }
    }

    fn time(hit: &Hit) -> i64 {
        hit.time
    }

    fn is_over(&self, time: i64) -> bool {
        self.live.as_ref().is_some_and(|live| time - live.last > QUIET)
    }

    fn count(&mut self, key: &RateKey, hit: Hit, limit: &RateLimit, open: &mut OpenAttacks) -> bool {
        let time = hit.time.max(self.last);
        self.last = time;
        let sum = self.window.add(time);
        let by_rate = sum >= limit.need && self.is_from(limit, hit.source);
        let attack = by_rate || hit.marked;
        if let Some(live) = &mut self.live {
            live.shares.add(hit.prefix, 1);
            live.pending += 1;
            if live.pending_sources.len() < RECENT {
                live.pending_sources.push(hit.source);
            }
            if attack {
                live.sources.more |= live.pending > RECENT as u64;
                for source in live.pending_sources.drain(..) {
                    live.sources.insert(source, &mut open.room);
                }
                live.packets += std::mem::take(&mut live.pending);
                live.last = time;
                live.peak = live.peak.max(sum);
                live.by_rate |= by_rate;
            }
            return by_rate;
        }
        if attack {
            self.begin(key, hit, sum, by_rate, limit, open);
        } else if key.0.is_none() || limit.sources.is_some() {
            while let Some((oldest, _)) = self.recent.oldest()
                && (time - oldest >= limit.span() || self.recent.len() >= RECENT)
            {
                self.recent.drop_oldest();
            }
            self.recent.push((time, hit.source));
        }
        by_rate
    }

    fn close(self, key: &RateKey, limit: &RateLimit, open: &mut OpenAttacks) {
        let Some(live) = self.live else { return };
        let episode = live.episode(key, limit);
        live.sources.leave(&mut open.room);
        open.close(Closed { episode, shares: live.shares, by_rate: live.by_rate });
    }
}

impl Rate {
    /// Whether enough sources take part, including this one, if the limit asks for several.
    fn is_from(&self, limit: &RateLimit, source: Host) -> bool {
        let Some(sources) = limit.sources.filter(|_| self.live.is_none()) else {
            return true;
        };
        let oldest = self.last - limit.span();
        let mut known = vec![source];
        for (_, other) in self.recent.iter().filter(|(time, _)| *time > oldest) {
            if known.len() < sources && !known.contains(other) {
                known.push(*other);
            }
        }
        known.len() >= sources
    }

    fn begin(
        &mut self,
        key: &RateKey,
        hit: Hit,
        sum: u64,
        by_rate: bool,
        limit: &RateLimit,
        open: &mut OpenAttacks,
    ) {
        let first = self.window.first().unwrap_or(self.last);
        let mut sources = Set::new();
        let recent = std::mem::replace(&mut self.recent, RecentQueue::new());
        sources.more = key.0.is_none() && recent.len() >= RECENT;
        for (_, source) in recent.iter().filter(|(time, _)| *time >= first) {
            sources.insert(*source, &mut open.room);
        }
        sources.insert(hit.source, &mut open.room);
        let mut shares = Shares::default();
        shares.add(hit.prefix, sum);
        let live = OngoingRate {
            first,
            last: self.last,
            packets: sum,
            pending: 0,
            pending_sources: Vec::new(),
            peak: sum,
            by_rate,
            sources,
            shares,
        };
        open.alert(Alert { episode: live.episode(key, limit), count: sum });
        self.live = Some(Box::new(live));
    }
}

impl OngoingRate {
    fn source(&self, key: &RateKey, limit: &RateLimit) -> Hosts {
        let count = self.sources.len() as u64;
        match (key.0.filter(|_| limit.sources.is_some()), self.sources.only()) {
            (Some(network), _) => Hosts::Of(Network::of_holder(network.into()), count),
            (None, Some(source)) => Hosts::One(IpAddr::from(*source)),
            (None, None) if self.sources.more => Hosts::AtLeast(count),
            (None, None) => Hosts::Many(count),
        }
    }

    fn episode(&self, key: &RateKey, limit: &RateLimit) -> Episode {
        Episode {
            kind: limit.kind,
            source: self.source(key, limit),
            sources: limit.sources.map_or_else(Vec::new, |_| host::listed(&self.sources)),
            target: Hosts::One(key.1.into()),
            port: key.2,
            services: services::probed(|port| key.2 == Some(port)),
            first: Time(self.first),
            last: Time(self.last),
            packets: self.packets,
            distinct: 0,
            peak: self.peak,
            per: limit.per,
            threshold: limit.threshold,
            lower_bound: false,
        }
    }
}
