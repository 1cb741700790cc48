//! Detects attacks in packets as they pass: brute force, floods, scans and sweeps.
//!
//! Owns what an attack is. Packets go in one by one, in log order; alerts come out at once, findings at the end. No
//! clock: time is what the lines say. Memory is bounded whatever the packets are, and [`Judgement::capped`] says when
//! the bound was reached.
//!
//! What counts:
//! - A connection is a SYN without ACK, once per addresses and ports within two minutes.
//! - Brute force: more connections a minute from one source to one port of `auth_ports` than the setting, whatever
//!   their verdict; or any that the tutorial's rule marked `*ATTACK*`.
//! - Scans, sweeps and floods count packets that were not accepted; slow scans only denied ones.
//! - A packet logged without a verdict waits for one ([`held`]). What this host itself sends counts only if denied.
//! - Sources of one network (/24, /48) that each stay below a per-minute rate are counted together.
//! - An attack lasts until its rate has not been reached for ten minutes (a slow scan: a day).
//! - Packets wait while too few have come for an attack: see `screen`.
//! - A flood and a brute force on one port are one attack: see `correlate`.
//! - Everything one attacker did is one finding: see `attackers`.

mod attackers;
mod classify;
mod connections;
mod correlate;
mod finding;
mod floods;
mod held;
mod host;
mod in_time;
mod key;
mod knock;
mod limited;
mod logins;
mod open;
mod probes;
mod rates;
mod recent;
mod scans;
mod screen;
mod services;
mod set;
#[cfg(test)]
mod tests;
mod tracked;
mod window;

pub use attackers::{findings, packets};
pub use finding::{Alert, AttackKind, Episode, Finding, Hosts, ProbeKind, Severity};

use crate::filter::{ActionVerdicts, Network, Thresholds};
use crate::netfilter::{Packet, Time, Verdict};
use classify::Signal;
use connections::{Connections, Syn};
use floods::Floods;
use held::Held;
pub use in_time::InTime;
use knock::Knock;
use limited::Prefixes;
use logins::Logins;
use open::OpenAttacks;
use probes::Probes;
use rates::{RateLimit, Rates};

/// Maximum keys tracked per kind.
const MOST: usize = 200_000;

/// This many sources of one network count as one attacker.
const TOGETHER: usize = 3;

/// Maximum packets that wait for others of the same minutes.
const WAITING: usize = 1 << 17;

/// Maximum ports, hosts and sources kept by all ongoing attacks together.
const ROOM: usize = 1_000_000;

/// A packet this much older than the newest time counts as the next file's.
const NEXT_FILE: i64 = open::SLACK * 60;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The attacks, most severe first, then most packets first.
    pub findings: Vec<Finding>,
    /// Packets not judged because their lines have no time.
    pub timeless: u64,
    /// There was more to track than memory allows: something may be missing.
    pub capped: bool,
    /// The rate-limited prefixes that findings are based on, sorted: their figures are lower bounds.
    pub lower_bounds: Vec<String>,
}

/// Detects attacks, packet by packet.
#[derive(Debug)]
pub struct Detector {
    thresholds: Thresholds,
    allow: Vec<Network>,
    verdicts: ActionVerdicts,
    now: i64,
    timeless: u64,
    prefixes: Prefixes,
    connections: Connections,
    held: Held<Knock>,
    logins: Logins,
    floods: Floods,
    icmp_flood: Rates,
    probes: Probes,
    open: OpenAttacks,
}

impl Detector {
    /// Packets from `allow` are ignored.
    pub fn new(thresholds: Thresholds, allow: Vec<Network>, verdicts: ActionVerdicts) -> Self {
        let threshold = thresholds.icmp_flood;
        let pings = RateLimit::new(AttackKind::IcmpFlood, threshold, threshold, floods::SPAN);
        Detector {
            logins: Logins::new(thresholds.brute_force),
            floods: Floods::new(thresholds.syn_flood),
            icmp_flood: Rates::new(pings, MOST),
            probes: Probes::new(&thresholds),
            thresholds,
            allow,
            verdicts,
            now: i64::MIN,
            timeless: 0,
            prefixes: Prefixes::default(),
            connections: Connections::new(),
            held: Held::new(),
            open: OpenAttacks::new(ROOM),
        }
    }

    /// Takes a packet and returns the attack it begins; if it begins several, the others come with the next packets.
    pub fn packet(&mut self, packet: &Packet<'_>) -> Option<Alert> {
        if let Some(knock) = self.knock(packet) {
            self.watch(knock);
        }
        if self.open.alerts.is_empty() {
            return None;
        }
        self.open.alerts.pop_front()
    }

    /// The packet as the detector sees it; none if irrelevant.
    pub fn knock(&mut self, packet: &Packet<'_>) -> Option<Knock> {
        let verdict = self.verdicts.of(packet);
        let tried = classify::classify(packet);
        // An accepted packet counts if it opens a connection; otherwise it is only the verdict on a held one.
        let counts = verdict != Verdict::Accept || tried == Some(Signal::Open);
        let signal = tried.filter(|signal| self.is_suspect(packet, *signal, verdict));
        let Some(Time(time)) = packet.time else {
            self.timeless += u64::from(signal.is_some() && counts);
            return None;
        };
        // Even a packet that is no attack counts toward the rate of its prefix.
        let prefix = if counts { self.prefixes.number(packet.prefix) } else { None };
        (signal.is_some() || prefix.is_some()).then(|| Knock::new(packet, time, signal, verdict, prefix))
    }

    /// Whether it can be part of an attack.
    fn is_suspect(&self, packet: &Packet<'_>, signal: Signal, verdict: Verdict) -> bool {
        let (Some(source), Some(target)) = (packet.src, packet.dst) else {
            return false;
        };
        let is_own = classify::is_own(packet) && verdict != Verdict::Deny;
        !is_own
            && !classify::to_many(signal, packet, target)
            && !self.allow.iter().any(|network| network.contains(source))
    }

    /// Takes a packet as the detector sees it.
    pub fn watch(&mut self, mut knock: Knock) {
        let Knock { hit, verdict, .. } = knock;
        if let Some(prefix) = hit.prefix {
            self.prefixes.count(prefix, hit.time);
        }
        let accepted = verdict == Verdict::Accept;
        let opens = knock.signal == Some(Signal::Open);
        if knock.signal.is_none() || accepted && !opens && self.held.is_empty() {
            return;
        }
        if hit.time > self.now || hit.time < self.now.saturating_sub(NEXT_FILE) {
            self.now = hit.time;
        }
        while let Some(knock) = self.held.next(Some(self.now)) {
            self.undecided(knock);
        }
        let is_undecided = verdict == Verdict::Other && !hit.marked;
        if is_undecided {
            // Brute force counts at once, since its verdict does not matter.
            if self.is_guarded(&knock) {
                knock.is_spoofed = self.open(&knock);
            }
            self.held.push(hit.time, knock.identity(), knock);
            return;
        }
        if !self.held.is_empty() {
            self.held.settle(&knock.identity());
        }
        if opens {
            knock.is_spoofed = self.open(&knock);
        }
        if !accepted {
            self.reach(&knock);
        }
    }

    /// A packet for which no verdict came.
    fn undecided(&mut self, mut knock: Knock) {
        if knock.signal == Some(Signal::Open) && !self.is_guarded(&knock) {
            knock.is_spoofed = self.open(&knock);
        }
        self.reach(&knock);
    }

    /// Whether it opens a connection to a service that asks for passwords.
    fn is_guarded(&self, knock: &Knock) -> bool {
        let guarded = knock.hit.marked || self.thresholds.auth_ports.contains(&knock.to);
        knock.signal == Some(Signal::Open) && guarded
    }

    /// Counts a SYN toward floods and brute force. True if it is lost in a flood from many sources.
    fn open(&mut self, knock: &Knock) -> bool {
        let (is_accepted, is_guarded) = (knock.verdict == Verdict::Accept, self.is_guarded(knock));
        if is_accepted && !is_guarded {
            return false;
        }
        let syn = self.connections.syn(knock.tuple(), knock.hit.time);
        let is_spoofed =
            !is_accepted && syn != Syn::Repeat && self.floods.packet(knock, self.now, &mut self.open);
        if is_guarded && syn == Syn::New {
            self.logins.packet(&Knock { is_spoofed, ..*knock }, self.now, &mut self.open);
        }
        is_spoofed
    }

    /// Counts a packet that was not accepted toward scans, sweeps and ping floods.
    fn reach(&mut self, knock: &Knock) {
        if knock.signal == Some(Signal::Echo) {
            let key = (None, knock.target, None);
            self.icmp_flood.packet(key, knock.hit, false, self.now, &mut self.open);
        }
        self.probes.packet(knock, self.now, &mut self.open);
    }

    /// Everything that was found.
    pub fn finish(mut self) -> Judgement {
        while let Some(knock) = self.held.next(None) {
            self.undecided(knock);
        }
        let open = &mut self.open;
        let capped = self.connections.capped
            || self.logins.capped()
            || self.floods.capped()
            || self.icmp_flood.capped()
            || self.probes.capped();
        self.logins.finish(open);
        self.floods.finish(open);
        self.icmp_flood.finish(open);
        self.probes.finish(open);
        let limited = self.prefixes.limited();
        let mut lower_bounds = Vec::new();
        let closed = open.take();
        let mut episodes = Vec::new();
        for mut one in correlate::correlate(closed) {
            let prefixes = one.shares.limited(&limited);
            one.episode.lower_bound |= !prefixes.is_empty();
            lower_bounds.extend(prefixes.into_iter().map(|number| self.prefixes.text(number)));
            episodes.push(one.episode);
        }
        lower_bounds.sort_unstable();
        lower_bounds.dedup();
        let findings = attackers::findings(episodes);
        Judgement { findings, timeless: self.timeless, capped: capped || open.capped, lower_bounds }
    }
}
