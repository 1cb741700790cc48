//! The modules of a report as data: to add one, add an entry to `MODULES`.

use super::candidates::Candidates;
use super::counter::{Context, Counter, InternedPacket, Interner};
use super::countries::Countries;
use super::group::Groups;
use super::key::Field;
use super::networks;
use super::new::News;
use super::profile::Profile;
use super::senders::Senders;
use super::sources;
use super::suspects::{self, Suspects};
use super::table::{Body, Table};
use super::timeline::Timeline;
use crate::netfilter::Verdict;

/// One table of a report.
pub struct Module {
    /// Its name in `--modules`.
    pub name: &'static str,
    /// The title of its table.
    pub title: &'static str,
    /// Which packets it counts.
    pub(super) counts: fn(&InternedPacket<'_>) -> bool,
    /// What it needs beyond what every packet reader supplies.
    pub(super) wants: &'static [Want],
    /// How it counts them.
    pub(super) how: How,
}

/// Optional fields that a module may request from packet readers, besides time, verdict, action, protocol, inbound
/// interface, addresses and ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Packets from before `--since`.
    History,
    /// The logging host.
    Host,
    /// Packet lengths.
    Length,
    /// Where addresses are; comes from the context, not the readers.
    Origins,
    /// The log prefix, TCP flags, ICMP type and code.
    Evidence,
}

/// How a module counts.
pub(super) enum How {
    /// Packets grouped by a key, in columns of at least these widths.
    Grouped { key: &'static [Field], columns: &'static [(Field, usize)] },
    /// With its own counter.
    Own(fn(&Context) -> Box<dyn Counter>),
    /// With the detector, which takes packets as they are.
    Detecting,
    /// From what each source sent, when all is counted.
    BySender(BySender),
}

/// Makes a table from what each source sent, with at most so many rows.
pub(super) type BySender = fn(&Senders, &Interner, &Context, usize) -> Body;

/// How a module counts, ready to begin.
pub(super) enum Counting {
    /// With a counter.
    Each(Box<dyn Counter>),
    /// With the detector.
    Detecting(Box<Suspects>),
    /// Not at all: it makes its table at the end.
    BySender(BySender),
}

impl Module {
    /// Whether it looks for attacks, which takes about as long as all other modules together.
    pub fn finds_attacks(&self) -> bool {
        self.wants.contains(&Want::Evidence)
    }

    /// Its table, from the counter's result.
    pub(super) fn table(&self, body: Body) -> Table {
        body.titled(self.name, self.title)
    }

    /// Its counter, new.
    pub(super) fn counting(&self, context: &Context) -> Counting {
        match &self.how {
            How::Grouped { key, columns } => Counting::Each(Box::new(Groups::new(key, columns))),
            How::Own(make) => Counting::Each(make(context)),
            How::Detecting => Counting::Detecting(Box::new(Suspects::new(context))),
            How::BySender(table) => Counting::BySender(*table),
        }
    }
}

use Field::{Action, Count, Destination, DestinationPort, Host, InterfaceIn, Protocol, Source, SourcePort};

/// Every module, the manual's five (chapter 5) first and in its order.
static MODULES: [Module; 14] = [
    Module {
        name: "denied",
        title: "Showing denied traffic grouped by IP, destination port, action taken and protocol.",
        counts: denied,
        wants: &[],
        how: How::Grouped {
            key: &[Source, DestinationPort, Action, Protocol],
            columns: &[
                (Count, 6),
                (Source, 25),
                (SourcePort, 5),
                (Destination, 25),
                (DestinationPort, 5),
                (Protocol, 6),
                (Action, 10),
            ],
        },
    },
    Module {
        name: "icmp",
        title: "Showing ICMP traffic statistics",
        counts: icmp,
        wants: &[],
        how: How::Grouped {
            key: &[Source, Destination, Action],
            columns: &[(Count, 6), (Source, 25), (Destination, 25), (Action, 10)],
        },
    },
    Module {
        name: "ports",
        title: "Most denied ports",
        counts: denied,
        wants: &[],
        how: How::Grouped {
            key: &[DestinationPort, Action, Protocol],
            columns: &[(Count, 6), (DestinationPort, 5), (Protocol, 6), (Action, 10)],
        },
    },
    Module {
        name: "invalid",
        title: "Most invalid packets comes from",
        counts: invalid,
        wants: &[],
        how: How::Grouped {
            key: &[Source, DestinationPort, Protocol],
            columns: &[
                (Count, 6),
                (Source, 25),
                (SourcePort, 5),
                (Destination, 25),
                (DestinationPort, 5),
                (Protocol, 6),
            ],
        },
    },
    Module {
        name: "interfaces",
        title: "Interface statistics",
        counts: denied,
        wants: &[],
        how: How::Grouped {
            key: &[InterfaceIn, Action, Protocol],
            columns: &[(Count, 6), (InterfaceIn, 10), (Action, 10), (Protocol, 6)],
        },
    },
    Module {
        name: "actions",
        title: "Invalid and denied packets per port and action taken",
        counts: denied_in,
        wants: &[],
        how: How::Grouped {
            key: &[DestinationPort, Action],
            columns: &[(Count, 6), (DestinationPort, 5), (Action, 10)],
        },
    },
    Module {
        name: "sources",
        title: "Noisiest sources",
        counts: every,
        wants: &[Want::Length],
        how: How::BySender(sources::body),
    },
    Module {
        name: "networks",
        title: "Noisiest networks",
        counts: every,
        wants: &[Want::Length],
        how: How::BySender(networks::body),
    },
    Module {
        name: "countries",
        title: "Packets by country",
        counts: every,
        wants: &[Want::Origins],
        how: How::Own(Countries::counter),
    },
    Module {
        name: "accepted",
        title: "Accepted packets",
        counts: accepted,
        wants: &[],
        how: How::Grouped {
            key: &[DestinationPort, Protocol, InterfaceIn],
            columns: &[(Count, 6), (DestinationPort, 5), (Protocol, 6), (InterfaceIn, 10)],
        },
    },
    Module {
        name: "attacks",
        title: suspects::TITLE,
        counts: every,
        wants: &[Want::Evidence],
        how: How::Detecting,
    },
    Module {
        name: "timeline",
        title: "Packets over time",
        counts: every,
        wants: &[],
        how: How::Own(Timeline::counter),
    },
    Module {
        name: "hosts",
        title: "Packets per logging host and action",
        counts: every,
        wants: &[Want::Host],
        how: How::Grouped { key: &[Host, Action], columns: &[(Count, 6), (Host, 25), (Action, 10)] },
    },
    Module {
        name: "new",
        title: "Not seen before",
        counts: every,
        wants: &[Want::History],
        how: How::Own(News::counter),
    },
];

/// Modules for the formats that block sources; not part of reports.
static BLOCKLISTS: [Module; 2] = [
    Module {
        name: "attacks",
        title: "Sources of suspected attacks",
        counts: every,
        wants: &[Want::Evidence],
        how: How::Own(Candidates::of_attacks),
    },
    Module {
        name: "sources",
        title: "Noisiest sources",
        counts: every,
        wants: &[],
        how: How::Own(Candidates::of_sources),
    },
];

/// Modules of a dossier (`--who`): reports on the packets of a source.
static DOSSIER: [Module; 6] = [
    Module {
        name: "profile",
        title: "What is known about it",
        counts: every,
        wants: &[Want::Length],
        how: How::Own(Profile::counter),
    },
    Module {
        name: "attacks",
        title: suspects::TITLE,
        counts: every,
        wants: &[Want::Evidence],
        how: How::Detecting,
    },
    Module { name: "days", title: "By day", counts: every, wants: &[], how: How::Own(Timeline::by_day) },
    Module {
        name: "ports",
        title: "Ports it tried",
        counts: every,
        wants: &[],
        how: How::Grouped {
            key: &[DestinationPort, Protocol, Action],
            columns: &[(Count, 6), (DestinationPort, 5), (Protocol, 6), (Action, 10)],
        },
    },
    Module {
        name: "targets",
        title: "Hosts it tried to reach",
        counts: every,
        wants: &[],
        how: How::Grouped {
            key: &[Destination, Action],
            columns: &[(Count, 6), (Destination, 25), (Action, 10)],
        },
    },
    Module {
        name: "actions",
        title: "What happened to its packets",
        counts: every,
        wants: &[],
        how: How::Grouped {
            key: &[Action, InterfaceIn],
            columns: &[(Count, 6), (Action, 10), (InterfaceIn, 10)],
        },
    },
];

/// The modules of a dossier, in order.
pub fn dossier() -> Vec<&'static Module> {
    DOSSIER.iter().collect()
}

/// The module that lists another's sources to block, if there is one.
pub fn blocklist(name: &str) -> Option<&'static Module> {
    BLOCKLISTS.iter().find(|module| module.name == name)
}

/// How many of [`all`] a report has by default: the manual's five.
pub const DEFAULT: usize = 5;

/// Every module, in the order of a full report.
pub fn all() -> &'static [Module] {
    &MODULES
}

/// The module with this name.
pub fn named(name: &str) -> Option<&'static Module> {
    MODULES.iter().find(|module| module.name == name)
}

/// Message for `new` without `--since`.
pub const NEW_WANTS_SINCE: &str =
    "--modules: 'new' compares with packets from before --since; give --since too, such as --since yesterday";

/// Message for `countries` without a database.
pub const COUNTRIES_WANT_A_DATABASE: &str =
    "--modules: 'countries' needs to know where addresses are; name a database: --geoip-database FILE.mmdb";

/// Whether any of these modules wants it.
pub fn wants(modules: &[&'static Module], want: Want) -> bool {
    modules.iter().any(|module| module.wants.contains(&want))
}

fn denied(seen: &InternedPacket<'_>) -> bool {
    seen.verdict == Verdict::Deny
}

fn accepted(seen: &InternedPacket<'_>) -> bool {
    seen.verdict == Verdict::Accept
}

fn denied_in(seen: &InternedPacket<'_>) -> bool {
    denied(seen) && seen.packet.has_if_in()
}

fn icmp(seen: &InternedPacket<'_>) -> bool {
    let proto = seen.packet.proto();
    proto.eq_ignore_ascii_case(b"ICMP") || proto.eq_ignore_ascii_case(b"ICMPv6")
}

fn invalid(seen: &InternedPacket<'_>) -> bool {
    seen.packet.action() == b"INVALID"
}

fn every(_: &InternedPacket<'_>) -> bool {
    true
}
