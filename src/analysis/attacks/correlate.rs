//! One episode per attack: of what was counted from several angles, one stays.

use std::cmp::Ordering;

use hashbrown::{HashMap, HashSet};

use super::finding::{AttackKind, Episode, Hosts};
use super::open::{Closed, SLACK};

impl Episode {
    /// Most packets first, then kind, source, target, port and time.
    pub(super) fn severer(&self, other: &Episode) -> Ordering {
        let rest = |e: &Episode| (e.kind, e.source, e.target, e.port, e.first, e.last, e.distinct, e.peak);
        other.packets.cmp(&self.packets).then_with(|| rest(self).cmp(&rest(other)))
    }

    pub(super) fn meets(&self, other: &Episode) -> bool {
        self.first.0 <= other.last.0.saturating_add(SLACK)
            && other.first.0 <= self.last.0.saturating_add(SLACK)
    }

    /// Whether it lies within the other's time, give or take the slack.
    fn inside(&self, other: &Episode) -> bool {
        self.first.0 >= other.first.0.saturating_sub(SLACK)
            && self.last.0 <= other.last.0.saturating_add(SLACK)
    }

    fn join(&mut self, other: &Episode) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.packets = self.packets.max(other.packets);
    }
}

/// Resolves what was counted from several angles.
pub fn correlate(mut closed: Vec<Closed>) -> Vec<Closed> {
    closed.sort_unstable_by(|a, b| a.episode.severer(&b.episode));
    floods(&mut closed);
    marks(&mut closed);
    sweeps(&mut closed);
    closed
}

/// Keeps one of a flood and a brute force on one port at one time. From one source: the flood, if at least half of
/// the connections came at its rate, else the brute force, which had a burst. From many: the brute force only if it
/// reaches beyond the flood.
fn floods(closed: &mut Vec<Closed>) {
    let mut by_target: HashMap<(Hosts, Option<u16>), Vec<usize>> = HashMap::new();
    for (n, one) in closed.iter().enumerate() {
        if one.episode.kind == AttackKind::SynFlood {
            let end = (one.episode.target, one.episode.port);
            by_target.entry(end).or_default().push(n);
        }
    }
    let mut gone = vec![false; closed.len()];
    for n in 0..closed.len() {
        let brute = closed[n].episode.clone();
        if brute.kind != AttackKind::BruteForce {
            continue;
        }
        let Some(floods) = by_target.get(&(brute.target, brute.port)) else {
            continue;
        };
        let met = |m: &&usize| closed[**m].episode.meets(&brute);
        let met: Vec<usize> = floods.iter().filter(met).copied().collect();
        let own: Vec<usize> =
            met.iter().filter(|m| closed[**m].episode.source == brute.source).copied().collect();
        let at_rate: u64 = own.iter().map(|m| closed[*m].episode.packets).sum();
        if let Some(first) = own.first() {
            if at_rate * 2 >= brute.packets {
                gone[n] = true;
                closed[*first].episode.join(&brute);
                own[1..].iter().for_each(|m| gone[*m] = true);
            } else {
                own.iter().for_each(|m| gone[*m] = true);
            }
        } else if met.iter().any(|m| brute.inside(&closed[*m].episode)) {
            gone[n] = true;
        }
    }
    drop_marked(closed, &gone);
}

/// `-m limit` counts all sources together: while one of them exceeds the rate, the connections of
/// the others are marked `*ATTACK*` too. Such a mark alone accuses nobody.
fn marks(closed: &mut Vec<Closed>) {
    let mut by_rate: HashMap<(Hosts, Option<u16>), Vec<Episode>> = HashMap::new();
    for one in closed.iter() {
        if one.by_rate && matches!(one.episode.kind, AttackKind::BruteForce | AttackKind::SynFlood) {
            let end = (one.episode.target, one.episode.port);
            by_rate.entry(end).or_default().push(one.episode.clone());
        }
    }
    closed.retain(|one| {
        one.by_rate
            || !by_rate
                .get(&(one.episode.target, one.episode.port))
                .is_some_and(|all| all.iter().any(|other| other.meets(&one.episode)))
    });
}

/// Drops the sweep of a source that scanned, or tried passwords on, at least half of the sweep's hosts.
fn sweeps(closed: &mut Vec<Closed>) {
    let mut by_source: HashMap<Hosts, Vec<Episode>> = HashMap::new();
    for one in closed.iter() {
        if matches!(one.episode.kind, AttackKind::Scan(_) | AttackKind::BruteForce) {
            by_source.entry(one.episode.source).or_default().push(one.episode.clone());
        }
    }
    closed.retain(|one| {
        let sweep = &one.episode;
        let others = match sweep.kind {
            AttackKind::Sweep(_) => by_source.get(&sweep.source),
            AttackKind::SynFlood
            | AttackKind::IcmpFlood
            | AttackKind::BruteForce
            | AttackKind::Scan(_)
            | AttackKind::SlowScan(_) => None,
        };
        let Some(others) = others else { return true };
        let same = |other: &&Episode| {
            let scan = matches!(other.kind, AttackKind::Scan(_));
            (scan || other.port == sweep.port) && other.meets(sweep)
        };
        let targets: HashSet<Hosts> = others.iter().filter(same).map(|other| other.target).collect();
        (targets.len() as u64) * 2 < sweep.target.count()
    });
}

fn drop_marked(closed: &mut Vec<Closed>, gone: &[bool]) {
    let mut gone = gone.iter();
    closed.retain(|_| !gone.next().is_some_and(|gone| *gone));
}
