//! Settings that are more than a word.

use crate::netfilter::Verdict;

/// One way to read a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrefixChoice {
    /// The name of a preset, or a regular expression with an `action` group.
    Named(String),
    /// A rule from the file's `[[prefix]]`.
    Rule {
        /// The name of a preset, or a regular expression.
        pattern: String,
        /// The action word, if the pattern has no `action` group.
        action: Option<String>,
        /// What the action means; none: as the built-in words define it.
        verdict: Option<Verdict>,
    },
}

/// A module from the file's `[[module]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnModule {
    /// Its name for `--modules`: lowercase letters, digits, `-` and `_`, at most 32.
    pub name: String,
    /// The title of its table.
    pub title: String,
    /// One read-only statement.
    pub sql: String,
}

/// The last complete calendar period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Yesterday.
    Day,
    /// From Monday to Sunday.
    Week,
}

/// The filters as typed. Empty: not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterText {
    /// `--since`, inclusive.
    pub since: Option<String>,
    /// `--until`, exclusive, but a date includes its day.
    pub until: Option<String>,
    /// `--period`: sets both, and compares with the period before.
    pub period: Option<Period>,
    /// Source addresses or networks.
    pub src: Vec<String>,
    /// Destination addresses or networks.
    pub dst: Vec<String>,
    /// Source ports, ranges or service names.
    pub sport: Vec<String>,
    /// Destination ports, ranges or service names.
    pub dport: Vec<String>,
    /// Protocols.
    pub proto: Vec<String>,
    /// Action words.
    pub action: Vec<String>,
    /// Interfaces, in or out.
    pub iface: Vec<String>,
    /// Syslog hosts.
    pub log_host: Vec<String>,
}

impl FilterText {
    /// Whether there is an earlier time span to compare with.
    pub fn has_before(&self) -> bool {
        self.since.is_some() || self.period.is_some()
    }
}
