//! One finding for one attack: what was counted from several sides is put together.

use std::cmp::Ordering;
use std::net::IpAddr;

use hashbrown::{HashMap, HashSet};

use super::finding::{AttackKind, Finding, Hosts};
use super::open::{Closed, SLACK};

impl Finding {
    /// The order of reports: most packets first, then kind, ends, port and time.
    pub(super) fn severer(&self, other: &Finding) -> Ordering {
        let rest = |f: &Finding| (f.kind, f.source, f.target, f.port, f.first, f.last, f.distinct, f.peak);
        other.packets.cmp(&self.packets).then_with(|| rest(self).cmp(&rest(other)))
    }

    fn meets(&self, other: &Finding) -> bool {
        self.first.0 <= other.last.0.saturating_add(SLACK)
            && other.first.0 <= self.last.0.saturating_add(SLACK)
    }

    /// Whether it lies within the other's time, give or take the run-up.
    fn inside(&self, other: &Finding) -> bool {
        self.first.0 >= other.first.0.saturating_sub(SLACK)
            && self.last.0 <= other.last.0.saturating_add(SLACK)
    }

    fn join(&mut self, other: &Finding) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.packets = self.packets.max(other.packets);
    }
}

/// Settles what was seen from several sides. `many` is the number of hosts that make a sweep.
pub fn correlate(mut closed: Vec<Closed>, many: u64) -> Vec<Closed> {
    closed.sort_unstable_by(|a, b| a.finding.severer(&b.finding));
    floods(&mut closed);
    marks(&mut closed);
    sweeps(&mut closed);
    let mut closed = scans(closed, many);
    closed.sort_unstable_by(|a, b| a.finding.severer(&b.finding));
    closed
}

/// Of a flood and a brute force on one port at one time, one stays. From one source: the flood, if
/// at least half of the connections came at its rate, else the brute force, which had a fast hour.
/// From many: the brute force stays only if it reaches beyond the flood.
fn floods(closed: &mut Vec<Closed>) {
    let mut by_target: HashMap<(Hosts, Option<u16>), Vec<usize>> = HashMap::new();
    for (n, one) in closed.iter().enumerate() {
        if one.finding.kind == AttackKind::SynFlood {
            let end = (one.finding.target, one.finding.port);
            by_target.entry(end).or_default().push(n);
        }
    }
    let mut gone = vec![false; closed.len()];
    for n in 0..closed.len() {
        let brute = closed[n].finding.clone();
        if brute.kind != AttackKind::BruteForce {
            continue;
        }
        let Some(floods) = by_target.get(&(brute.target, brute.port)) else {
            continue;
        };
        let met = |m: &&usize| closed[**m].finding.meets(&brute);
        let met: Vec<usize> = floods.iter().filter(met).copied().collect();
        let own: Vec<usize> =
            met.iter().filter(|m| closed[**m].finding.source == brute.source).copied().collect();
        let at_rate: u64 = own.iter().map(|m| closed[*m].finding.packets).sum();
        if let Some(first) = own.first() {
            if at_rate * 2 >= brute.packets {
                gone[n] = true;
                closed[*first].finding.join(&brute);
                own[1..].iter().for_each(|m| gone[*m] = true);
            } else {
                own.iter().for_each(|m| gone[*m] = true);
            }
        } else if met.iter().any(|m| brute.inside(&closed[*m].finding)) {
            gone[n] = true;
        }
    }
    drop_marked(closed, &gone);
}

/// `-m limit` counts all sources together: while one of them exceeds the rate, the connections of
/// the others are marked `*ATTACK*` too. Such a mark alone accuses nobody.
fn marks(closed: &mut Vec<Closed>) {
    let mut by_rate: HashMap<(Hosts, Option<u16>), Vec<Finding>> = HashMap::new();
    for one in closed.iter() {
        if one.by_rate && matches!(one.finding.kind, AttackKind::BruteForce | AttackKind::SynFlood) {
            let end = (one.finding.target, one.finding.port);
            by_rate.entry(end).or_default().push(one.finding.clone());
        }
    }
    closed.retain(|one| {
        one.by_rate
            || !by_rate
                .get(&(one.finding.target, one.finding.port))
                .is_some_and(|all| all.iter().any(|other| other.meets(&one.finding)))
    });
}

/// A source that was found scanning, or trying passwords on, half of a sweep's hosts did not sweep
/// besides.
fn sweeps(closed: &mut Vec<Closed>) {
    let mut by_source: HashMap<Hosts, Vec<Finding>> = HashMap::new();
    for one in closed.iter() {
        if matches!(one.finding.kind, AttackKind::PortScan(_) | AttackKind::BruteForce) {
            by_source.entry(one.finding.source).or_default().push(one.finding.clone());
        }
    }
    closed.retain(|one| {
        let sweep = &one.finding;
        let others = match sweep.kind {
            AttackKind::Sweep(_) => by_source.get(&sweep.source),
            AttackKind::SynFlood
            | AttackKind::IcmpFlood
            | AttackKind::BruteForce
            | AttackKind::PortScan(_)
            | AttackKind::SlowScan(_) => None,
        };
        let Some(others) = others else { return true };
        let same = |other: &&Finding| {
            let scan = matches!(other.kind, AttackKind::PortScan(_));
            (scan || other.port == sweep.port) && other.meets(sweep)
        };
        let targets: HashSet<Hosts> = others.iter().filter(same).map(|other| other.target).collect();
        (targets.len() as u64) * 2 < sweep.target.count()
    });
}

/// Scans of at least `many` hosts by one source, one after the other or at once, are one scan.
fn scans(closed: Vec<Closed>, many: u64) -> Vec<Closed> {
    let mut groups: HashMap<(AttackKind, Hosts), Vec<Closed>> = HashMap::new();
    let mut rest = Vec::new();
    for one in closed {
        match one.finding.kind {
            kind @ AttackKind::PortScan(_) => groups.entry((kind, one.finding.source)).or_default().push(one),
            AttackKind::SynFlood
            | AttackKind::IcmpFlood
            | AttackKind::BruteForce
            | AttackKind::SlowScan(_)
            | AttackKind::Sweep(_) => rest.push(one),
        }
    }
    for (_, mut group) in groups {
        group.sort_unstable_by_key(|one| (one.finding.first, one.finding.last, one.finding.target));
        let mut run: Vec<Closed> = Vec::new();
        let mut last = i64::MIN;
        for one in group {
            if one.finding.first.0 > last.saturating_add(SLACK) {
                together(std::mem::take(&mut run), many, &mut rest);
            }
            last = last.max(one.finding.last.0);
            run.push(one);
        }
        together(run, many, &mut rest);
    }
    rest
}

fn together(run: Vec<Closed>, many: u64, out: &mut Vec<Closed>) {
    let targets: HashSet<Option<IpAddr>> = run.iter().map(|one| one.finding.target.one()).collect();
    if (targets.len() as u64) < many.max(2) {
        out.extend(run);
        return;
    }
    let joined = run.into_iter().reduce(|mut all, one| {
        let packets = all.finding.packets + one.finding.packets;
        all.finding.join(&one.finding);
        all.finding.packets = packets;
        all.finding.distinct = all.finding.distinct.max(one.finding.distinct);
        all.finding.peak = all.finding.peak.max(one.finding.peak);
        all.finding.lower_bound |= one.finding.lower_bound;
        all.shares.join(&one.shares);
        all
    });
    if let Some(mut joined) = joined {
        joined.finding.target = Hosts::Many(targets.len() as u64);
        out.push(joined);
    }
}

fn drop_marked(closed: &mut Vec<Closed>, gone: &[bool]) {
    let mut gone = gone.iter();
    closed.retain(|_| !gone.next().is_some_and(|gone| *gone));
}
