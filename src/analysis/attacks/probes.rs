//! Scans and sweeps: packets that try one port after another, or one host after another.

use super::classify::{self, Flags, Signal};
use super::host::Host;
use super::key::{NEIGHBOR, PING, PortScanKey, ProtocolScanKey, SYN, SweepKey, UDP};
use super::knock::Knock;
use super::open::{OpenAttacks, QUIET};
use super::rates::Hit;
use super::scans::{DAY, MINUTE, Probe, ScanLimit, ScanTracker};
use super::screen::{Screen, Terms, Wait};
use super::tracked::Tracker;
use super::{MOST, TOGETHER, WAITING};
use crate::filter::Thresholds;

/// Maximum packets that wait for others of a slow scan.
const WAITING_A_DAY: usize = 1 << 19;

/// Finds scans and sweeps.
#[derive(Debug)]
pub struct Probes {
    /// By source and target, for a day.
    pairs: Screen<PortScanKey, PortProbe>,
    ports: Tracker<ScanTracker<PortScanKey>>,
    protocols: Tracker<ScanTracker<ProtocolScanKey>>,
    /// By network, for a minute. With each packet, whether it is already part of a scan.
    networks: Screen<Host, (Knock, bool)>,
    ports_together: Tracker<ScanTracker<PortScanKey>>,
    across: Tracker<ScanTracker<SweepKey>>,
    across_together: Tracker<ScanTracker<SweepKey>>,
}

/// What waits of a packet for others of a slow scan: the rest is in the key.
#[derive(Clone, Copy, Debug)]
struct PortProbe {
    port: u16,
    sent: u8,
    is_certain: bool,
    may_answer: bool,
    is_spoofed: bool,
}

impl Probes {
    pub fn new(thresholds: &Thresholds) -> Self {
        let Thresholds { port_scan, slow_scan, sweep, .. } = *thresholds;
        let limit = |fast, slow, sources| ScanLimit { fast, slow, sources };
        // Over a day a network has unrelated sources; only what comes within a minute counts as one attack.
        let (ports, ports_together) =
            (limit(port_scan, Some(slow_scan), 1), limit(port_scan, None, TOGETHER));
        let terms = |need, span, quiet, most| Terms { need, span, quiet, most };
        Probes {
            pairs: Screen::new(terms(port_scan.min(slow_scan), DAY, DAY, WAITING_A_DAY), MOST),
            ports: Tracker::new(ports, MOST),
            protocols: Tracker::new(ports, MOST),
            networks: Screen::new(terms(port_scan.min(sweep), MINUTE, QUIET, WAITING), MOST),
            ports_together: Tracker::new(ports_together, MOST),
            across: Tracker::new(limit(sweep, None, 1), MOST),
            across_together: Tracker::new(limit(sweep, None, TOGETHER), MOST),
        }
    }

    /// Counts a packet that was not accepted.
    pub fn packet(&mut self, knock: &Knock, now: i64, open: &mut OpenAttacks) {
        let Knock { hit, target, .. } = *knock;
        if let Some(Signal::Protocol(name)) = knock.signal {
            let probe = Probe::new(knock, name, 0);
            self.protocols.packet((hit.source, target), probe, false, now, open);
            return;
        }
        let wait = if knock.is_spoofed { Wait::IfKnown } else { Wait::ForOthers };
        let is_scan = self.port(knock, wait, now, open);
        let is_apart = hit.source.is_apart(target);
        if tried_host(knock).is_none() && (is_scan || !is_apart || tried_port(knock).is_none()) {
            return;
        }
        let network = hit.source.network();
        for (_, (knock, is_scan)) in self.networks.packet(network, hit.time, (*knock, is_scan), wait, now) {
            let Knock { hit: Hit { source, .. }, target, is_spoofed, .. } = knock;
            let is_apart = source.is_apart(target);
            if let Some((flags, sent)) = tried_port(&knock)
                && !is_scan
                && is_apart
            {
                let probe = Probe::new(&knock, knock.to, sent);
                self.ports_together.packet((network, target, flags), probe, is_spoofed, now, open);
            }
            if let Some((port, sent)) = tried_host(&knock) {
                let probe = Probe::new(&knock, target, sent);
                let alone = self.across.packet((source, port, sent), probe, is_spoofed, now, open);
                if !alone.is_some_and(|(_, is_sweep)| is_sweep) && is_apart {
                    self.across_together.packet((network, port, sent), probe, is_spoofed, now, open);
                }
            }
        }
    }

    /// Counts a probe of a port toward what its source does alone. True if it is part of a scan.
    fn port(&mut self, knock: &Knock, wait: Wait, now: i64, open: &mut OpenAttacks) -> bool {
        let Some((flags, sent)) = tried_port(knock) else {
            return false;
        };
        let key = (knock.hit.source, knock.target, flags);
        let probe = Probe::new(knock, knock.to, sent);
        let Probe { is_certain, may_answer, .. } = probe;
        let waiting =
            PortProbe { port: knock.to, sent, is_certain, may_answer, is_spoofed: knock.is_spoofed };
        let mut is_scan = false;
        for (time, due) in self.pairs.packet(key, probe.time, waiting, wait, now) {
            let PortProbe { port, sent, is_certain, may_answer, is_spoofed } = due;
            let probe = Probe { time, item: port, sent, is_certain, may_answer, ..probe };
            let counted = self.ports.packet(key, probe, is_spoofed, now, open);
            is_scan = counted.is_some_and(|(_, is_scan)| is_scan);
        }
        is_scan
    }

    /// Whether something that still mattered was dropped.
    pub fn capped(&self) -> bool {
        let screens = self.pairs.capped() || self.networks.capped();
        let ports = self.ports.capped() || self.ports_together.capped() || self.protocols.capped();
        screens || ports || self.across.capped() || self.across_together.capped()
    }

    /// Ends everything.
    pub fn finish(self, open: &mut OpenAttacks) {
        self.ports.finish(open);
        self.ports_together.finish(open);
        self.protocols.finish(open);
        self.across.finish(open);
        self.across_together.finish(open);
    }
}

/// The unusual flags, if any, and what is sent, if it tries a port that may be one of many.
fn tried_port(knock: &Knock) -> Option<(Option<Flags>, u8)> {
    match knock.signal? {
        Signal::Open => (!classify::is_ftp_data(knock.from, knock.to)).then_some((None, SYN)),
        Signal::Datagram => (!classify::is_late_answer(knock.from, knock.to)).then_some((None, UDP)),
        Signal::Stealth(flags) => Some((Some(flags), 0)),
        Signal::Echo | Signal::Ping | Signal::Solicitation | Signal::Protocol(_) => None,
    }
}

/// The port, unless it is a ping, and what is sent, if it tries a host that may be one of many.
fn tried_host(knock: &Knock) -> Option<(Option<u16>, u8)> {
    match knock.signal? {
        Signal::Open => (!classify::is_ftp_data(knock.from, knock.to)).then_some((Some(knock.to), SYN)),
        Signal::Datagram => Some((Some(knock.to), UDP)),
        Signal::Echo | Signal::Ping => Some((None, PING)),
        Signal::Solicitation => Some((None, NEIGHBOR)),
        Signal::Stealth(_) | Signal::Protocol(_) => None,
    }
}
