//! What one call asks for: what to do, and the settings for it.

use std::path::PathBuf;
use std::slice;

use super::Layer;

/// What one call asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What to do, in execution order; never empty.
    pub modes: Vec<Mode>,
    /// The settings given on the command line.
    pub given: Layer,
    /// The file named with `--config`.
    pub config_file: Option<PathBuf>,
    /// No mode was given, and the logs to analyze are bare arguments.
    pub bare: bool,
}

/// One thing to do. The modes of a call run in this order, wherever they appear; the last three cannot be
/// combined with others. A file named `-` is standard input. Table names that a mode sets for the whole call
/// are in the settings (`db_table`, `dns_table`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Forget expired names.
    DnsPrune,
    /// Forget all names.
    DnsClear,
    /// Create the name cache table.
    DnsCreateTable,
    /// Create database, user and grant.
    CreateDb,
    /// Convert a table of another version; none: the table of the call.
    UpgradeTable(Option<String>),
    /// List the tables.
    ListTables,
    /// Drop these tables; none is the table of the call. Never empty.
    DeleteTables(Vec<Option<String>>),
    /// Drop all ipta tables.
    DeleteAllTables,
    /// Create the table of the call.
    CreateTable,
    /// Empty the table of the call.
    Clear,
    /// Import these logs, each named once; never empty.
    Import(Vec<PathBuf>),
    /// Delete packets of the table of the call that are older than this age, as typed.
    Prune(String),
    /// Print all names.
    DnsDump,
    /// Analyze these logs, each named once; none: the table of the call.
    Analyze(Vec<PathBuf>),
    /// Show all about a source, as typed, from these logs, each named once; none: from the table of the call.
    Who(String, Vec<PathBuf>),
    /// Open a query shell.
    AnalyzeInteractive,
    /// Write the configuration file.
    SaveDb,
    /// Show new packets of this log.
    Follow(PathBuf),
    /// Show the packets of these logs, each named once; none: of the table of the call.
    Scan(Vec<PathBuf>),
    /// Report what is set up and what is not, or (with a log) why that log yields nothing.
    Doctor(Option<PathBuf>),
}

impl Call {
    /// The logs that the call reads.
    pub fn logs(&self) -> impl Iterator<Item = &PathBuf> {
        self.modes.iter().flat_map(Mode::logs)
    }
}

impl Mode {
    /// Every mode's option, to guess what a bare word means.
    pub const OPTIONS: [&'static str; 22] = [
        "--import",
        "--analyze",
        "--follow",
        "--scan",
        "--who",
        "--clear",
        "--create-table",
        "--list-tables",
        "--delete-table",
        "--delete-all-tables",
        "--create-db",
        "--save-db",
        "--prune",
        "--analyze-interactive",
        "--sql",
        "--doctor",
        "--upgrade-table",
        "--dns-create-table",
        "--dns-dump",
        "--dns-prune",
        "--dns-clear",
        "--help",
    ];

    /// The logs that its packets come from; none for a mode that reads no log.
    pub fn logs(&self) -> &[PathBuf] {
        match self {
            Mode::Import(logs) | Mode::Analyze(logs) | Mode::Who(_, logs) | Mode::Scan(logs) => logs,
            Mode::Follow(log) => slice::from_ref(log),
            Mode::DnsPrune
            | Mode::DnsClear
            | Mode::DnsCreateTable
            | Mode::CreateDb
            | Mode::UpgradeTable(_)
            | Mode::ListTables
            | Mode::DeleteTables(_)
            | Mode::DeleteAllTables
            | Mode::CreateTable
            | Mode::Clear
            | Mode::Prune(_)
            | Mode::DnsDump
            | Mode::AnalyzeInteractive
            | Mode::SaveDb
            | Mode::Doctor(_) => &[],
        }
    }

    /// Its option, for messages.
    pub fn option(&self) -> &'static str {
        match self {
            Mode::DnsPrune => "--dns-prune",
            Mode::DnsClear => "--dns-clear",
            Mode::DnsCreateTable => "--dns-create-table",
            Mode::CreateDb => "--create-db",
            Mode::UpgradeTable(_) => "--upgrade-table",
            Mode::ListTables => "--list-tables",
            Mode::DeleteTables(_) => "--delete-table",
            Mode::DeleteAllTables => "--delete-all-tables",
            Mode::CreateTable => "--create-table",
            Mode::Clear => "--clear",
            Mode::Import(_) => "--import",
            Mode::Prune(_) => "--prune",
            Mode::DnsDump => "--dns-dump",
            Mode::Analyze(_) => "--analyze",
            Mode::Who(..) => "--who",
            Mode::AnalyzeInteractive => "--analyze-interactive",
            Mode::SaveDb => "--save-db",
            Mode::Follow(_) => "--follow",
            Mode::Scan(_) => "--scan",
            Mode::Doctor(_) => "--doctor",
        }
    }
}
