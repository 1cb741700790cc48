//! One finding per attacker, and its severity.
//!
//! An attacker is a source; or at least [`TOGETHER`] sources of one network that did the same at the same time; or,
//! where sources are spoofed, all those that flood a target together.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::TOGETHER;
use super::finding::{AttackKind, Episode, Finding, Hosts, ProbeKind, Severity};
use super::host::Host;
use super::open::QUIET;
use crate::filter::Network;
use crate::netfilter::Time;

const HOUR: i64 = 3600 * Time::SECOND;
const DAY: i64 = 24 * HOUR;

/// Who is behind an episode.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Attacker {
    Source(IpAddr),
    Network(Network),
    /// All who flooded a port of a target.
    Crowd(AttackKind, Hosts, Option<u16>),
}

/// What attackers did, most severe first, then most packets first.
pub fn findings(episodes: Vec<Episode>) -> Vec<Finding> {
    let members = members(&episodes);
    let mut attackers: BTreeMap<Attacker, Vec<Episode>> = BTreeMap::new();
    for episode in episodes {
        let attacker = match episode.source {
            Hosts::One(source) if members.contains(&source) => Attacker::Network(Network::of_holder(source)),
            Hosts::One(source) => Attacker::Source(source),
            Hosts::Of(network, _) => Attacker::Network(network),
            Hosts::Many(_) | Hosts::AtLeast(_) => Attacker::Crowd(episode.kind, episode.target, episode.port),
        };
        attackers.entry(attacker).or_default().push(episode);
    }
    let mut findings: Vec<Finding> =
        attackers.into_iter().map(|(attacker, episodes)| finding(attacker, episodes)).collect();
    findings.sort_by(|a, b| {
        (b.severity, b.packets).cmp(&(a.severity, a.packets)).then_with(|| {
            let rest = |f: &Finding| (f.kinds[0], f.source, f.target, f.port, f.first, f.last);
            rest(a).cmp(&rest(b))
        })
    });
    findings
}

/// The sources that act like others of their network.
fn members(episodes: &[Episode]) -> BTreeSet<IpAddr> {
    let mut alike: BTreeMap<_, Vec<(&Episode, IpAddr)>> = BTreeMap::new();
    let mut together: BTreeMap<Network, Vec<&Episode>> = BTreeMap::new();
    for episode in episodes {
        match episode.source {
            Hosts::One(source) if is_stranger(source, episode.target) => {
                let key =
                    (Network::of_holder(source), fast(episode.kind), episode.port, episode.target.one());
                alike.entry(key).or_default().push((episode, source));
            }
            Hosts::Of(network, _) => together.entry(network).or_default().push(episode),
            Hosts::One(_) | Hosts::Many(_) | Hosts::AtLeast(_) => {}
        }
    }
    let mut members = BTreeSet::new();
    for ((network, ..), mut run) in alike {
        run.sort_by_key(|(episode, source)| (episode.first, episode.last, *source));
        let mut last = i64::MIN;
        let mut at_once: BTreeSet<IpAddr> = BTreeSet::new();
        for (episode, source) in run {
            if episode.first.0 > last.saturating_add(pause(episode.kind)) {
                settle(&mut at_once, &mut members);
            }
            last = last.max(episode.last.0);
            at_once.insert(source);
            let others = together.get(&network).into_iter().flatten();
            if others.into_iter().any(|other| other.meets(episode)) {
                members.insert(source);
            }
        }
        settle(&mut at_once, &mut members);
    }
    members
}

/// Ends a period in which these sources did the same.
fn settle(at_once: &mut BTreeSet<IpAddr>, members: &mut BTreeSet<IpAddr>) {
    if at_once.len() >= TOGETHER {
        members.append(at_once);
    }
    at_once.clear();
}

fn is_stranger(source: IpAddr, target: Hosts) -> bool {
    match target.one() {
        Some(target) => Host::from(source).is_apart(target.into()),
        None => !Host::from(source).is_local(),
    }
}

/// The kind regardless of speed.
fn fast(kind: AttackKind) -> AttackKind {
    match kind {
        AttackKind::SlowScan(probe) => AttackKind::Scan(probe),
        AttackKind::SynFlood
        | AttackKind::IcmpFlood
        | AttackKind::BruteForce
        | AttackKind::Scan(_)
        | AttackKind::Sweep(_) => kind,
    }
}

/// How far apart sources may act and still count as simultaneous.
fn pause(kind: AttackKind) -> i64 {
    if matches!(kind, AttackKind::SlowScan(_)) { DAY } else { QUIET }
}

fn finding(attacker: Attacker, mut episodes: Vec<Episode>) -> Finding {
    episodes.sort_by(|a, b| (a.first, a.last).cmp(&(b.first, b.last)).then_with(|| a.severer(b)));
    let mut packets_by_kind: BTreeMap<AttackKind, u64> = BTreeMap::new();
    for episode in &episodes {
        *packets_by_kind.entry(episode.kind).or_default() += episode.packets;
    }
    let mut kinds: Vec<AttackKind> = packets_by_kind.keys().copied().collect();
    kinds.sort_by_key(|kind| (rank(*kind), std::cmp::Reverse(packets_by_kind[kind]), *kind));
    let (packets, is_shared) = packets(episodes.iter());
    let mut services = Vec::new();
    for service in episodes.iter().flat_map(|episode| &episode.services) {
        if !services.contains(service) {
            services.push(*service);
        }
    }
    let first_kind = || episodes.iter().filter(|episode| episode.kind == kinds[0]);
    let most = |of: fn(&Episode) -> u64| first_kind().map(of).max().unwrap_or(0);
    let port = episodes[0].port.filter(|port| episodes.iter().all(|episode| episode.port == Some(*port)));
    let first = episodes[0].first;
    let last = episodes.iter().map(|episode| episode.last).fold(first, Time::max);
    Finding {
        severity: severity(attacker, &episodes, first, last),
        source: source(attacker, &episodes),
        target: target(&episodes),
        port,
        services,
        first,
        last,
        packets,
        distinct: most(|episode| episode.distinct),
        peak: most(|episode| episode.peak),
        per: most(|episode| episode.per),
        threshold: most(|episode| episode.threshold),
        lower_bound: episodes.iter().any(|episode| episode.lower_bound),
        is_shared,
        kinds,
        episodes,
    }
}

/// Most severe kind first.
fn rank(kind: AttackKind) -> u8 {
    match kind {
        AttackKind::BruteForce => 0,
        AttackKind::SynFlood | AttackKind::IcmpFlood => 1,
        AttackKind::Scan(_) => 2,
        AttackKind::SlowScan(_) => 3,
        AttackKind::Sweep(_) => 4,
    }
}

fn source(attacker: Attacker, episodes: &[Episode]) -> Hosts {
    match attacker {
        Attacker::Source(source) => Hosts::One(source),
        Attacker::Network(network) => {
            let known: BTreeSet<IpAddr> = episodes
                .iter()
                .flat_map(|episode| episode.sources.iter().copied().chain(episode.source.one()))
                .collect();
            let counted = episodes.iter().map(|episode| episode.source.count()).max().unwrap_or(0);
            Hosts::Of(network, counted.max(known.len() as u64))
        }
        Attacker::Crowd(..) => all(episodes.iter().map(|episode| episode.source)),
    }
}

fn target(episodes: &[Episode]) -> Hosts {
    all(episodes.iter().map(|episode| episode.target))
}

/// Merges hosts and host counts, which may overlap.
fn all(hosts: impl Iterator<Item = Hosts>) -> Hosts {
    let (mut known, mut numbers) = (BTreeSet::new(), Vec::new());
    for hosts in hosts {
        match hosts.one() {
            Some(address) => _ = known.insert(address),
            None => numbers.push(hosts),
        }
    }
    let count = known.len() as u64;
    match (known.first(), &numbers[..]) {
        (Some(only), []) if count == 1 => Hosts::One(*only),
        (_, []) => Hosts::Many(count),
        (None, [only]) => *only,
        (_, numbers) => Hosts::AtLeast(numbers.iter().map(|hosts| hosts.count()).fold(count, u64::max)),
    }
}

/// The packets of all episodes, which are in time order, and whether that is a lower bound: one packet may be part of
/// a scan, a sweep and a brute force but counts once, so of concurrent kinds only the one with the most counts.
pub fn packets<'e>(episodes: impl Iterator<Item = &'e Episode>) -> (u64, bool) {
    let mut parts: BTreeMap<u8, Vec<&Episode>> = BTreeMap::new();
    for episode in episodes {
        parts.entry(layer(episode.kind)).or_default().push(episode);
    }
    let (mut sum, mut is_shared) = (0, false);
    for part in parts.into_values() {
        let mut last = i64::MIN;
        let mut at_once: BTreeMap<(u8, bool), u64> = BTreeMap::new();
        let mut end = |at_once: &mut BTreeMap<(u8, bool), u64>| {
            is_shared |= at_once.len() > 1;
            sum += std::mem::take(at_once).into_values().max().unwrap_or(0);
        };
        for episode in part {
            if episode.first.0 > last {
                end(&mut at_once);
            }
            last = last.max(episode.last.0);
            let side = (rank(fast(episode.kind)), episode.source.network().is_some());
            *at_once.entry(side).or_default() += episode.packets;
        }
        end(&mut at_once);
    }
    (sum, is_shared)
}

/// Kinds in different layers cannot share packets.
fn layer(kind: AttackKind) -> u8 {
    match kind {
        AttackKind::IcmpFlood | AttackKind::Sweep(ProbeKind::Ping) => 1,
        AttackKind::Scan(ProbeKind::Protocol) | AttackKind::SlowScan(ProbeKind::Protocol) => 2,
        AttackKind::Sweep(ProbeKind::Neighbor) => 3,
        AttackKind::SynFlood
        | AttackKind::BruteForce
        | AttackKind::Scan(_)
        | AttackKind::SlowScan(_)
        | AttackKind::Sweep(_) => 0,
    }
}

/// The table in manual chapter 15.
fn severity(attacker: Attacker, episodes: &[Episode], first: Time, last: Time) -> Severity {
    let lasting = |episode: &Episode| episode.last.0 - episode.first.0;
    let of = |wanted: fn(AttackKind) -> bool| episodes.iter().filter(move |episode| wanted(episode.kind));
    let brute_force = || of(|kind| kind == AttackKind::BruteForce);
    let floods = || of(|kind| matches!(kind, AttackKind::SynFlood | AttackKind::IcmpFlood));
    let scans = || of(|kind| matches!(kind, AttackKind::Scan(_) | AttackKind::SlowScan(_)));
    let sweeps = || of(|kind| matches!(kind, AttackKind::Sweep(_)));
    let targets = |hosts: BTreeSet<Hosts>| hosts.len() >= 3;
    if brute_force().next().is_some() {
        let is_grave = brute_force().map(|episode| episode.packets).sum::<u64>() >= 100
            || brute_force().any(|episode| lasting(episode) >= HOUR)
            || targets(brute_force().map(|episode| episode.target).collect())
            || scans().chain(sweeps()).next().is_some();
        return if is_grave { Severity::High } else { Severity::Medium };
    }
    if floods().next().is_some() {
        let is_grave = floods()
            .any(|flood| flood.peak >= 10 * flood.threshold || lasting(flood) >= 10 * 60 * Time::SECOND);
        return if is_grave { Severity::High } else { Severity::Medium };
    }
    let is_thorough = scans().chain(sweeps()).any(|episode| episode.distinct >= 100)
        || targets(scans().map(|episode| episode.target).collect())
        || scans().any(|episode| is_stealthy(episode.kind))
        || last.0 - first.0 >= 2 * DAY
        || matches!(attacker, Attacker::Network(_));
    if is_thorough { Severity::Medium } else { Severity::Low }
}

/// Whether it is meant to evade a firewall or to map its rules.
fn is_stealthy(kind: AttackKind) -> bool {
    let (AttackKind::Scan(probe) | AttackKind::SlowScan(probe)) = kind else {
        return false;
    };
    !matches!(probe, ProbeKind::Syn | ProbeKind::Udp | ProbeKind::Both)
}
