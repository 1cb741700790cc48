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
//! - A flood and a brute force on one port are one attack: see `correlate`.
//! - Everything one attacker did is one finding: see `attackers`.

mod attackers;
mod classify;
mod connections;
mod correlate;
mod finding;
mod held;
mod host;
mod in_time;
mod key;
mod knock;
mod limited;
mod open;
mod rates;
mod recent;
mod scans;
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
use held::Held;
use host::Host;
pub use in_time::InTime;
use key::{NEIGHBOR, PING, PortScanKey, ProtocolScanKey, SYN, SweepKey, UDP};
use knock::Knock;
use limited::Prefixes;
use open::OpenAttacks;
use rates::{Hit, Rates};
use scans::{Probe, ScanTracker};
use tracked::Tracker;

/// Maximum keys tracked per kind.
const MOST: usize = 200_000;

/// This many sources of one network count as one attacker.
const TOGETHER: usize = 3;

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
    brute_force: Rates,
    brute_force_together: Rates,
    syn_flood: Rates,
    icmp_flood: Rates,
    ports: Tracker<ScanTracker<PortScanKey>>,
    ports_together: Tracker<ScanTracker<PortScanKey>>,
    protocols: Tracker<ScanTracker<ProtocolScanKey>>,
    across: Tracker<ScanTracker<SweepKey>>,
    across_together: Tracker<ScanTracker<SweepKey>>,
    open: OpenAttacks,
}

impl Detector {
    /// Packets from `allow` are ignored.
    pub fn new(thresholds: Thresholds, allow: Vec<Network>, verdicts: ActionVerdicts) -> Self {
        let rate = |kind, threshold: u32, need: u32, per, sources| {
            let (threshold, need) = (u64::from(threshold), u64::from(need.max(1)));
            Rates::new(rates::RateLimit { kind, threshold, need, per, sources }, MOST)
        };
        let of = &thresholds;
        let passwords = |sources| {
            rate(AttackKind::BruteForce, of.brute_force, of.brute_force.saturating_add(1), 60, sources)
        };
        let scan = |fast, slow, sources| scans::ScanLimit { fast, slow, sources };
        // Over a day a network has unrelated sources; only what comes within a minute counts as one attack.
        let (ports, ports_together) =
            (scan(of.port_scan, Some(of.slow_scan), 1), scan(of.port_scan, None, TOGETHER));
        Detector {
            brute_force: passwords(None),
            brute_force_together: passwords(Some(TOGETHER)),
            syn_flood: rate(AttackKind::SynFlood, of.syn_flood, of.syn_flood, 10, None),
            icmp_flood: rate(AttackKind::IcmpFlood, of.icmp_flood, of.icmp_flood, 10, None),
            ports: Tracker::new(ports, MOST),
            ports_together: Tracker::new(ports_together, MOST),
            protocols: Tracker::new(ports, MOST),
            across: Tracker::new(scan(of.sweep, None, 1), MOST),
            across_together: Tracker::new(scan(of.sweep, None, TOGETHER), MOST),
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
        let Knock { hit, target, from, to: port, .. } = *knock;
        let (accepted, guarded) = (knock.verdict == Verdict::Accept, self.is_guarded(knock));
        if accepted && !guarded {
            return false;
        }
        let ports = u32::from(from) << 16 | u32::from(port);
        let syn = self.connections.syn((hit.source, target, ports), hit.time);
        let mut spoofed = false;
        if !accepted && syn != Syn::Repeat {
            let key = (None, target, Some(port));
            let hit = Hit { marked: false, ..hit };
            spoofed = self.syn_flood.packet(key, hit, false, self.now, &mut self.open).is_from_many;
        }
        if guarded && syn == Syn::New {
            let key = (Some(hit.source), target, Some(port));
            let marked = hit.marked && !self.brute_force.exceeded_by_other(&key, hit.time);
            let known = spoofed && !marked;
            let hit = Hit { marked, ..hit };
            let alone = self.brute_force.packet(key, hit, known, self.now, &mut self.open).is_attack;
            if !alone && !accepted && is_apart(hit.source, target) {
                let key = (Some(hit.source.network()), target, Some(port));
                let hit = Hit { marked: false, ..hit };
                self.brute_force_together.packet(key, hit, spoofed, self.now, &mut self.open);
            }
        }
        spoofed
    }

    /// Counts a packet that was not accepted toward scans, sweeps and ping floods.
    fn reach(&mut self, knock: &Knock) {
        let Knock { hit, signal, target, from, to, is_spoofed, .. } = *knock;
        let Some(signal) = signal else { return };
        let now = self.now;
        let Hit { time, source, prefix, .. } = hit;
        let is_certain = knock.verdict == Verdict::Deny && classify::is_certain(signal, to);
        let may_answer = classify::may_answer(signal, to);
        let probe = Probe { time, source, item: (), sent: 0, prefix, is_certain, may_answer };
        match signal {
            Signal::Open if classify::is_ftp_data(from, to) => {}
            Signal::Open => {
                self.port(target, to, None, probe.with(SYN), is_spoofed);
                self.host(target, Some(to), probe.with(SYN), is_spoofed);
            }
            Signal::Datagram => {
                if !classify::is_late_answer(from, to) {
                    self.port(target, to, None, probe.with(UDP), false);
                }
                self.host(target, Some(to), probe.with(UDP), false);
            }
            Signal::Stealth(flags) => self.port(target, to, Some(flags), probe, false),
            Signal::Protocol(name) => {
                self.protocols.packet((source, target), probe.of(name), false, now, &mut self.open);
            }
            Signal::Echo => {
                self.icmp_flood.packet((None, target, None), hit, false, now, &mut self.open);
                self.host(target, None, probe.with(PING), false);
            }
            Signal::Ping => self.host(target, None, probe.with(PING), false),
            Signal::Solicitation => self.host(target, None, probe.with(NEIGHBOR), false),
        }
    }

    /// Counts a probe of a host's port.
    fn port(
        &mut self,
        target: Host,
        port: u16,
        flags: Option<classify::Flags>,
        probe: Probe<()>,
        known: bool,
    ) {
        let (source, probe) = (probe.source, probe.of(port));
        let alone = self.ports.packet((source, target, flags), probe, known, self.now, &mut self.open);
        if !alone.is_some_and(|(_, is_attack)| is_attack) && is_apart(source, target) {
            let key = (source.network(), target, flags);
            self.ports_together.packet(key, probe, known, self.now, &mut self.open);
        }
    }

    /// Counts a probe of a host, on one port or by ping.
    fn host(&mut self, target: Host, port: Option<u16>, probe: Probe<()>, known: bool) {
        let (source, sent, probe) = (probe.source, probe.sent, probe.of(target));
        let alone = self.across.packet((source, port, sent), probe, known, self.now, &mut self.open);
        if !alone.is_some_and(|(_, is_attack)| is_attack) && is_apart(source, target) {
            let key = (source.network(), port, sent);
            self.across_together.packet(key, probe, known, self.now, &mut self.open);
        }
    }

    /// Everything that was found.
    pub fn finish(mut self) -> Judgement {
        while let Some(knock) = self.held.next(None) {
            self.undecided(knock);
        }
        let mut capped = self.connections.capped;
        let open = &mut self.open;
        for rates in [self.brute_force, self.brute_force_together, self.syn_flood, self.icmp_flood] {
            capped |= rates.capped();
            rates.finish(open);
        }
        for ports in [self.ports, self.ports_together] {
            capped |= ports.capped();
            ports.finish(open);
        }
        capped |= self.protocols.capped();
        self.protocols.finish(open);
        for across in [self.across, self.across_together] {
            capped |= across.capped();
            across.finish(open);
        }
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

/// Whether the source's network can be an attacker of this target: not if both are neighbors, who all talk to each
/// other.
fn is_apart(source: Host, target: Host) -> bool {
    !source.is_local() && source.network() != target.network()
}
