//! The modules of a report, as values: adding one is adding an entry to [`all`].

use super::filter::Filters;
use super::fold::{Counter, Seen};
use super::group::Groups;

/// A part of a report.
pub struct Module {
    /// What `--modules` calls it.
    pub name: &'static str,
    /// What stands over its table.
    pub title: &'static str,
    /// Which packets it counts.
    pub(super) counts: fn(&Filters, &Seen<'_>) -> bool,
    /// How it counts them.
    pub(super) how: How,
}

/// How a module counts.
pub(super) enum How {
    /// Packets grouped by a key, in columns of at least these widths.
    Grouped {
        key: &'static [Field],
        columns: &'static [(Field, usize)],
    },
}

/// What a group key or a column is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// How many packets.
    Count,
    /// Source address.
    Source,
    /// Source port of the group's first packet.
    SourcePort,
    /// Destination address; where it is no part of the key, that of the first packet.
    Destination,
    /// Destination port.
    DestinationPort,
    /// Protocol.
    Protocol,
    /// Action word.
    Action,
    /// Interface in.
    InterfaceIn,
    /// Logging host.
    Host,
}

impl Field {
    pub(super) fn head(self) -> &'static str {
        match self {
            Field::Count => "Count",
            Field::Source => "Source IP",
            Field::SourcePort => "SPort",
            Field::Destination => "Dest IP",
            Field::DestinationPort => "DPort",
            Field::Protocol => "Proto",
            Field::Action => "Action",
            Field::InterfaceIn => "IF In",
            Field::Host => "Host",
        }
    }
}

impl Module {
    pub(super) fn counter(&'static self) -> Box<dyn Counter> {
        match &self.how {
            How::Grouped { key, columns } => Box::new(Groups::new(self, key, columns)),
        }
    }
}

use Field::{Action, Count, Destination, DestinationPort, Host, InterfaceIn, Protocol, Source, SourcePort};

/// Every module, the manual's five (chapter 5) first and in its order.
static MODULES: [Module; 7] = [
    Module {
        name: "denied",
        title: "Showing denied traffic grouped by IP, destination port, action taken and protocol.",
        counts: denied,
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
        how: How::Grouped {
            key: &[Source, Destination, Action],
            columns: &[(Count, 6), (Source, 25), (Destination, 25), (Action, 10)],
        },
    },
    Module {
        name: "ports",
        title: "Most denied ports",
        counts: denied,
        how: How::Grouped {
            key: &[DestinationPort, Action, Protocol],
            columns: &[(Count, 6), (DestinationPort, 5), (Protocol, 6), (Action, 10)],
        },
    },
    Module {
        name: "invalid",
        title: "Most invalid packets comes from",
        counts: invalid,
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
        how: How::Grouped {
            key: &[InterfaceIn, Action, Protocol],
            columns: &[(Count, 6), (InterfaceIn, 10), (Action, 10), (Protocol, 6)],
        },
    },
    Module {
        name: "actions",
        title: "Invalid and denied packets per port and action taken",
        counts: denied_in,
        how: How::Grouped {
            key: &[DestinationPort, Action],
            columns: &[(Count, 6), (DestinationPort, 5), (Action, 10)],
        },
    },
    Module {
        name: "hosts",
        title: "Packets per logging host and action",
        counts: every,
        how: How::Grouped {
            key: &[Host, Action],
            columns: &[(Count, 6), (Host, 25), (Action, 10)],
        },
    },
];

/// How many of [`all`] a report has if nobody says otherwise: the manual's five.
pub const DEFAULT: usize = 5;

/// Every module, in the order of a full report.
pub fn all() -> &'static [Module] {
    &MODULES
}

/// The module of that name.
pub fn named(name: &str) -> Option<&'static Module> {
    MODULES.iter().find(|module| module.name == name)
}

fn denied(filters: &Filters, seen: &Seen<'_>) -> bool {
    filters.denied(seen.packet)
}

fn denied_in(filters: &Filters, seen: &Seen<'_>) -> bool {
    !seen.packet.if_in.is_empty() && filters.denied(seen.packet)
}

fn icmp(_: &Filters, seen: &Seen<'_>) -> bool {
    seen.packet.proto.eq_ignore_ascii_case(b"ICMP") || seen.packet.proto.eq_ignore_ascii_case(b"ICMPv6")
}

fn invalid(_: &Filters, seen: &Seen<'_>) -> bool {
    seen.packet.action == b"INVALID"
}

fn every(_: &Filters, _: &Seen<'_>) -> bool {
    true
}
