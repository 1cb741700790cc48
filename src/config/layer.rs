//! One layer of settings: what one source says, and silence about the rest.

use std::path::PathBuf;

use super::{Choice, Color, Format, Password};

/// What one source (command line or file) says. `None`: it says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layer {
    /// The file it was read from, where `--config` names it.
    pub config_file: Option<PathBuf>,
    /// Host name, address, or the path of a socket.
    pub db_host: Option<String>,
    /// TCP port, 1 to 65535.
    pub db_port: Option<u16>,
    /// Account name.
    pub db_user: Option<String>,
    /// Its password.
    pub db_pass: Option<Password>,
    /// Ask for the password; beats `db_pass`. Command line only.
    pub ask_password: Option<bool>,
    /// Database name.
    pub db_name: Option<String>,
    /// Logs table.
    pub db_table: Option<String>,
    /// SQLite file, used instead of a server.
    pub db_file: Option<PathBuf>,
    /// `off`, `preferred`, `required` or `verify`.
    pub db_tls: Option<String>,
    /// File with the certificates to trust.
    pub db_ca: Option<PathBuf>,
    /// Account that `--create-db` works as. Command line only.
    pub admin_user: Option<String>,
    /// Ask for that account's password. Command line only.
    pub admin_pass_i: Option<bool>,
    /// Table of the name cache.
    pub dns_table: Option<String>,
    /// Hours a cached name stays good; 0: for ever.
    pub dns_ttl: Option<u32>,
    /// Show names instead of addresses.
    pub rdns: Option<bool>,
    /// Rows of each report module, 1 or more.
    pub limit: Option<usize>,
    /// Headers in follow and scan.
    pub header: Option<bool>,
    /// Line numbers in follow and scan.
    pub counter: Option<bool>,
    /// Count packets of the interface `lo`.
    pub show_lo: Option<bool>,
    /// Count accepted packets.
    pub show_accept: Option<bool>,
    /// The line's own time in follow and scan.
    pub time: Option<bool>,
    /// Lines to show before following. Command line only.
    pub last: Option<usize>,
    /// How prefixes are read; replaces the list of the layer below.
    pub prefixes: Option<Vec<PrefixChoice>>,
    /// Further action words that mean 'let through'.
    pub accept_actions: Option<Vec<String>>,
    /// Year of a log's last line, 1970 to 9999. Command line only.
    pub year: Option<i16>,
    /// Filters. Command line only.
    pub filters: FilterText,
    /// Report modules, by name, or `all`.
    pub modules: Option<Vec<String>>,
    /// How a report is written.
    pub format: Option<Format>,
    /// Where a report is written. Command line only.
    pub output: Option<PathBuf>,
    /// Import what was imported. Command line only.
    pub again: Option<bool>,
    /// Point out attacks in follow. Command line only.
    pub attacks: Option<bool>,
    /// Leave out in follow what ipta itself causes. Command line only.
    pub no_loop: Option<bool>,
    /// Whether the output is coloured.
    pub color: Option<Color>,
    /// Ask nothing. Command line only.
    pub yes: Option<bool>,
    /// No notes. Command line only.
    pub quiet: Option<bool>,
    /// Addresses and networks that are never called attackers. File only.
    pub allow: Option<Vec<String>>,
    /// From when on something is an attack. File only.
    pub thresholds: ThresholdLayer,
}

/// One way to read a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrefixChoice {
    /// The name of a preset, or a regular expression with a group `action`.
    Named(String),
    /// A rule of the file's `[[prefix]]`.
    Rule {
        /// The name of a preset, or a regular expression.
        pattern: String,
        /// The action word, where the pattern has no group `action`.
        action: Option<String>,
        /// What the action means; none: as the built-in words say.
        verdict: Option<Verdict>,
    },
}

/// What a rule of the file says of its packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Let through.
    Accept,
    /// Dropped or rejected.
    Deny,
    /// Neither.
    Other,
}

impl Choice for Verdict {
    const WORDS: &'static [(&'static str, Self)] =
        &[("accept", Verdict::Accept), ("deny", Verdict::Deny), ("other", Verdict::Other)];
}

/// The filters as typed. Empty: not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterText {
    /// `--since`, inclusive.
    pub since: Option<String>,
    /// `--until`, exclusive, but a date includes its day.
    pub until: Option<String>,
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

/// The thresholds one source names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThresholdLayer {
    /// Ports where a password can be guessed.
    pub auth_ports: Option<Vec<u16>>,
    /// Connections a minute to such a port.
    pub brute_force: Option<u32>,
    /// SYN packets in 10 seconds.
    pub syn_flood: Option<u32>,
    /// Ports a minute.
    pub port_scan: Option<u32>,
    /// Ports a day.
    pub slow_scan: Option<u32>,
    /// Hosts a minute.
    pub sweep: Option<u32>,
    /// Echo requests in 10 seconds.
    pub icmp_flood: Option<u32>,
}
