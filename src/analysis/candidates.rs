//! Runs a module's counter and decides which of its sources may be blocked.

use std::net::IpAddr;

use hashbrown::HashSet;

use super::addresses::Addr;
use super::attacks::{self, AttackKind, Episode, Finding, Hosts, ProbeKind, Severity};
use super::blocklist::{Blocked, Blocklist, Spared};
use super::counter::{Context, Counter, InternedPacket, Interner};
use super::sources::Sources;
use super::suspects::Suspects;
use super::table::{Body, Cell};
use crate::filter::Filters;
use crate::netfilter::{Time, Verdict};

/// A brute force is blocked once it lasts this long.
const PERSISTENT: i64 = 180 * Time::SECOND;

/// A scan is blocked once it covers this many ports and lasts a minute.
const PORTS: u64 = 3;
const MINUTE: i64 = 60 * Time::SECOND;

/// Wraps a module's counter and records whom to spare.
pub struct Candidates {
    /// `attacks` or `sources`.
    module: &'static str,
    counter: Box<dyn Counter>,
    filters: Filters,
    spared: Spared,
    accepted: HashSet<Addr>,
    targets: HashSet<Addr>,
}

impl Candidates {
    /// The sources of attacks.
    pub fn of_attacks(context: &Context) -> Box<dyn Counter> {
        Candidates::of("attacks", Box::new(Suspects::new(context)), context)
    }

    /// The noisiest sources.
    pub fn of_sources(context: &Context) -> Box<dyn Counter> {
        Candidates::of("sources", Sources::counter(context), context)
    }

    fn of(module: &'static str, counter: Box<dyn Counter>, context: &Context) -> Box<dyn Counter> {
        let allowed = context.allow.iter().map(|network| (*network, "listed in allow"));
        Box::new(Candidates {
            module,
            counter,
            filters: context.filters.clone(),
            spared: allowed.chain(context.spared.iter().copied()).collect(),
            accepted: HashSet::new(),
            targets: HashSet::new(),
        })
    }
}

impl Counter for Candidates {
    fn packet(&mut self, seen: &InternedPacket<'_>) {
        // The filters narrow down who is blocked, not who is spared.
        if seen.verdict == Verdict::Accept {
            self.accepted.insert(seen.src);
        }
        self.targets.insert(seen.dst);
        if self.filters.pass(&seen.packet.whole()) {
            self.counter.packet(seen);
        }
    }

    fn out_of_order(&self) -> bool {
        self.counter.out_of_order()
    }

    fn body(self: Box<Self>, numbers: &Interner, limit: usize) -> Body {
        let Candidates { module, counter, spared, accepted, targets, .. } = *self;
        let body = counter.body(numbers, usize::MAX);
        let addresses = |set: HashSet<Addr>| -> HashSet<IpAddr> {
            set.into_iter().filter_map(|addr| numbers.addresses.address(addr)).collect()
        };
        let (accepted, targets) = (addresses(accepted), addresses(targets));
        let reason = |address: IpAddr| {
            if !is_public(address) {
                return Some("private, link-local or multicast");
            }
            if let Some((_, reason)) = spared.iter().find(|(network, _)| network.contains(address)) {
                return Some(*reason);
            }
            if targets.contains(&address) {
                return Some("that packets in the log went to");
            }
            accepted.contains(&address).then_some("with accepted packets")
        };
        let found: Vec<Result<Blocked, (&'static str, u64)>> = match module {
            "attacks" => body.findings.iter().flat_map(suspects).collect(),
            _ => noisy(&body).map(Ok).collect(),
        };
        let mut blocklist = Blocklist { module, ..Blocklist::default() };
        for found in found {
            let found = found.and_then(|blocked| match reason(blocked.address) {
                Some(reason) => Err((reason, 1)),
                None => Ok(blocked),
            });
            match found {
                Ok(blocked) if blocklist.addresses.len() < limit => blocklist.addresses.push(blocked),
                Ok(_) => blocklist.leave_out("beyond --limit", 1),
                Err((reason, count)) => blocklist.leave_out(reason, count),
            }
        }
        Body { notes: body.notes, blocklist: Some(blocklist), ..Body::default() }
    }
}

/// The sources of a finding that did enough to be blocked, and how many did not.
fn suspects(finding: &Finding) -> Vec<Result<Blocked, (&'static str, u64)>> {
    let count = finding.source.count();
    if finding.severity < Severity::Medium {
        return vec![Err(("of low severity", count))];
    }
    let mut sources: Vec<IpAddr> =
        finding.episodes.iter().filter_map(|episode| episode.source.one()).collect();
    sources.sort_unstable();
    sources.dedup();
    let rest = count.saturating_sub(sources.len() as u64);
    let mut suspects: Vec<_> = sources.into_iter().map(|source| suspect(finding, source)).collect();
    if rest > 0 {
        let is_network = matches!(finding.source, Hosts::Of(..));
        suspects.push(Err((if is_network { "only part of a network's attack" } else { FORGEABLE }, rest)));
    }
    suspects
}

const FORGEABLE: &str = "in floods, over UDP or over ICMP, where any address can be forged";

fn suspect(finding: &Finding, source: IpAddr) -> Result<Blocked, (&'static str, u64)> {
    let episodes: Vec<&Episode> = finding
        .episodes
        .iter()
        .filter(|episode| episode.source == Hosts::One(source) && is_tcp(episode.kind))
        .collect();
    let Some(last) = episodes.iter().map(|episode| episode.last).max() else {
        return Err((FORGEABLE, 1));
    };
    let lasts = |episode: &Episode, least: i64| episode.last.0 - episode.first.0 >= least;
    let is_enough = |episode: &&&Episode| match episode.kind {
        AttackKind::BruteForce => lasts(episode, PERSISTENT),
        _ => episode.distinct >= PORTS && lasts(episode, MINUTE),
    };
    if !episodes.iter().any(|episode| is_enough(&episode)) {
        return Err(("whose attack was too short to be sure of", 1));
    }
    let mut kinds: Vec<AttackKind> = episodes.iter().map(|episode| episode.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let what = kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let (packets, _) = attacks::packets(episodes.into_iter());
    Ok(Blocked { address: source, what, packets, last: Some(last) })
}

/// Whether it consists of TCP packets from one source to ports of one host.
fn is_tcp(kind: AttackKind) -> bool {
    match kind {
        AttackKind::BruteForce => true,
        AttackKind::Scan(probe) | AttackKind::SlowScan(probe) => !matches!(
            probe,
            ProbeKind::Udp | ProbeKind::Both | ProbeKind::Protocol | ProbeKind::Ping | ProbeKind::Neighbor
        ),
        AttackKind::SynFlood | AttackKind::IcmpFlood | AttackKind::Sweep(_) => false,
    }
}

/// The rows of the module `sources`.
fn noisy(body: &Body) -> impl Iterator<Item = Blocked> {
    let at = |head: &str| body.columns.iter().position(|column| column.head == head);
    let (source, last) = (at("Source IP"), at("Last"));
    body.rows.iter().filter_map(move |row| {
        let Some(Cell::Count(packets)) = row.first() else { return None };
        let last = match row.get(last?)? {
            Cell::Time(time) => Some(*time),
            _ => None,
        };
        let address = row.get(source?)?.as_address()?;
        Some(Blocked { address, what: "noisy".to_owned(), packets: *packets, last })
    })
}

/// Whether an address is public: not private (RFC 1918, 4193), shared (RFC 6598), link-local, loopback, multicast,
/// broadcast or unspecified.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(four) => {
            let is_shared = four.octets()[0] == 100 && four.octets()[1] & 0xc0 == 64;
            !(four.is_private()
                || is_shared
                || four.is_link_local()
                || four.is_loopback()
                || four.is_multicast()
                || four.is_broadcast()
                || four.octets()[0] == 0)
        }
        IpAddr::V6(six) => {
            !(six.is_unique_local()
                || six.is_unicast_link_local()
                || six.is_loopback()
                || six.is_multicast()
                || six.is_unspecified())
        }
    }
}
