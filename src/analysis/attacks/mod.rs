//! Attacks, found in packets as they pass: brute force, floods, scans and sweeps.
//!
//! Owns what an attack is. Packets go in one by one, in the order of the log; alerts come out at
//! once, findings at the end. No clock: time is what the lines say. Memory is bounded whatever the
//! packets are, and [`Judgement::capped`] says when the bound was met.
//!
//! What counts:
//! - A connection is a SYN without ACK, once per addresses and ports within two minutes.
//! - Brute force: more connections a minute from one source to one port of `auth_ports` than the
//!   setting, whatever became of them; or any that the tutorial's rule marked `*ATTACK*`.
//! - Scans, sweeps and floods look at packets that were not accepted.
//! - An attack lasts until its rate has not been met for ten minutes (a slow scan: a day).
//! - A flood and a brute force on one port are one attack: see `settle`.

mod classify;
mod connections;
mod correlate;
mod finding;
mod host;
mod key;
mod limited;
mod open;
mod rates;
mod recent;
mod scans;
mod set;
#[cfg(test)]
mod tests;
mod tracked;
mod window;

pub use finding::{Alert, AttackKind, Finding, Hosts};

use crate::filter::{ActionVerdicts, Network, Thresholds};
use crate::netfilter::{Packet, Verdict};
use classify::Signal;
use connections::{Connections, Syn};
use host::Host;
use key::{PortScanKey, SYN, SweepKey, UDP};
use limited::Prefixes;
use open::OpenAttacks;
use rates::{Hit, Rates};
use scans::{Probe, ScanTracker};
use tracked::Tracker;

/// What is watched at most, of each kind.
const MOST: usize = 200_000;

/// PortScanKey, hosts and sources that all attacks under way keep together.
const ROOM: usize = 1_000_000;

/// How old the newest time may be before an older packet is taken for the next file's.
const NEXT_FILE: i64 = open::SLACK * 60;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The attacks, those with the most packets first.
    pub findings: Vec<Finding>,
    /// Packets that would have been looked at, had their lines a time.
    pub timeless: u64,
    /// There was more to watch than there is memory for: something may be missing.
    pub capped: bool,
    /// The rate-limited prefixes that findings rest on, sorted: their figures are lower bounds.
    pub lower_bounds: Vec<String>,
}

/// Watches packets.
#[derive(Debug)]
pub struct Detector {
    thresholds: Thresholds,
    allow: Vec<Network>,
    verdicts: ActionVerdicts,
    now: i64,
    timeless: u64,
    prefixes: Prefixes,
    connections: Connections,
    brute_force: Rates,
    syn_flood: Rates,
    icmp_flood: Rates,
    ports: Tracker<ScanTracker<PortScanKey>>,
    across: Tracker<ScanTracker<SweepKey>>,
    open: OpenAttacks,
}

impl Detector {
    /// Packets from `allow` are never looked at.
    pub fn new(thresholds: Thresholds, allow: Vec<Network>, verdicts: ActionVerdicts) -> Self {
        let rate = |kind, threshold: u32, need: u32, per| {
            let (threshold, need) = (u64::from(threshold), u64::from(need.max(1)));
            let limit = rates::RateLimit { kind, threshold, need, per };
            Rates::new(limit, MOST)
        };
        let of = &thresholds;
        Detector {
            brute_force: rate(AttackKind::BruteForce, of.brute_force, of.brute_force.saturating_add(1), 60),
            syn_flood: rate(AttackKind::SynFlood, of.syn_flood, of.syn_flood, 10),
            icmp_flood: rate(AttackKind::IcmpFlood, of.icmp_flood, of.icmp_flood, 10),
            ports: Tracker::new(scans::ScanLimit { fast: of.port_scan, slow: Some(of.slow_scan) }, MOST),
            across: Tracker::new(scans::ScanLimit { fast: of.sweep, slow: None }, MOST),
            thresholds,
            allow,
            verdicts,
            now: i64::MIN,
            timeless: 0,
            prefixes: Prefixes::default(),
            connections: Connections::new(),
            open: OpenAttacks::new(ROOM),
        }
    }

    /// Takes a packet in. Gives the attack that it begins; should it begin several, the others
    /// come with the next packets.
    pub fn packet(&mut self, packet: &Packet<'_>) -> Option<Alert> {
        self.watch(packet);
        if self.open.alerts.is_empty() {
            return None;
        }
        self.open.alerts.pop_front()
    }

    fn watch(&mut self, packet: &Packet<'_>) -> Option<()> {
        let accepted = self.verdicts.of(packet) == Verdict::Accept;
        let signal = classify::classify(packet, accepted);
        if accepted && signal.is_none() {
            return None;
        }
        // What is no attack counts for the rate of its prefix all the same.
        let prefix = packet.time.and_then(|time| self.prefixes.count(packet.prefix, time.0));
        let (signal, source, target) = (signal?, packet.src?, packet.dst?);
        if classify::to_many(packet, target) || self.allow.iter().any(|network| network.contains(source)) {
            return None;
        }
        let Some(time) = packet.time.map(|time| time.0) else {
            self.timeless += 1;
            return None;
        };
        if time > self.now || time < self.now.saturating_sub(NEXT_FILE) {
            self.now = time;
        }
        let (source, target) = (Host::from(source), Host::from(target));
        let hit = Hit { time, source, prefix, marked: false };
        match signal {
            Signal::Open => {
                let (from, port) = (packet.src_port.unwrap_or(0), packet.dst_port?);
                let hit = Hit { marked: classify::marked(packet), ..hit };
                let spoofed = self.open(hit, target, from, port, accepted);
                if !accepted {
                    self.reach(hit, target, port, SYN, spoofed);
                }
            }
            Signal::Datagram => self.reach(hit, target, packet.dst_port?, UDP, false),
            Signal::Stealth(flags) => {
                let probe = Probe { time, item: packet.dst_port?, sent: 0, prefix };
                let key = (source, target, Some(flags));
                self.ports.packet(key, probe, false, self.now, &mut self.open);
            }
            Signal::Echo => {
                let key = (None, target, None);
                self.icmp_flood.packet(key, hit, false, self.now, &mut self.open);
            }
        }
        Some(())
    }

    /// A SYN packet, for flood and brute force. True if it drowns in a flood from many sources.
    fn open(&mut self, hit: Hit, target: Host, from: u16, port: u16, accepted: bool) -> bool {
        let guarded = hit.marked || self.thresholds.auth_ports.contains(&port);
        if accepted && !guarded {
            return false;
        }
        let ports = u32::from(from) << 16 | u32::from(port);
        let syn = self.connections.syn((hit.source, target, ports), hit.time);
        let mut spoofed = false;
        if !accepted && syn != Syn::Repeat {
            let key = (None, target, Some(port));
            let hit = Hit { marked: false, ..hit };
            spoofed = self.syn_flood.packet(key, hit, false, self.now, &mut self.open);
        }
        if guarded && syn == Syn::New {
            let key = (Some(hit.source), target, Some(port));
            let marked = hit.marked && !self.brute_force.exceeded_by_other(&key, hit.time);
            let known = spoofed && !marked;
            let hit = Hit { marked, ..hit };
            self.brute_force.packet(key, hit, known, self.now, &mut self.open);
        }
        spoofed
    }

    /// A packet to a port, for scans and sweeps.
    fn reach(&mut self, hit: Hit, target: Host, port: u16, sent: u8, known: bool) {
        let Hit { time, source, prefix, .. } = hit;
        let probe = Probe { time, item: port, sent, prefix };
        let key = (source, target, None);
        self.ports.packet(key, probe, known, self.now, &mut self.open);
        let probe = Probe { time, item: target, sent, prefix };
        let key = (source, port, sent);
        self.across.packet(key, probe, known, self.now, &mut self.open);
    }

    /// What was found in all.
    pub fn finish(mut self) -> Judgement {
        let capped = self.connections.capped
            || self.brute_force.capped()
            || self.syn_flood.capped()
            || self.icmp_flood.capped()
            || self.ports.capped()
            || self.across.capped();
        let open = &mut self.open;
        for rates in [self.brute_force, self.syn_flood, self.icmp_flood] {
            rates.finish(open);
        }
        self.ports.finish(open);
        self.across.finish(open);
        let limited = self.prefixes.limited();
        let mut lower_bounds = Vec::new();
        let closed = open.take();
        let mut findings = Vec::new();
        for mut one in correlate::correlate(closed, u64::from(self.thresholds.sweep)) {
            let prefixes = one.shares.limited(&limited);
            one.finding.lower_bound |= !prefixes.is_empty();
            lower_bounds.extend(prefixes.into_iter().map(|number| self.prefixes.text(number)));
            findings.push(one.finding);
        }
        lower_bounds.sort_unstable();
        lower_bounds.dedup();
        Judgement { findings, timeless: self.timeless, capped: capped || open.capped, lower_bounds }
    }
}
