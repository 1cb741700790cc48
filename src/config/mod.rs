//! Settings: the layers they come from, and the connection they describe.
//!
//! Owns the precedence of command line, `~/.ipta-conf` and defaults, and that file. Knows nothing about clap,
//! or about what the settings are used for.

mod call;
mod correction;
mod document;
mod error;
mod file;
mod historic;
mod kind;
mod reader;
mod save;
mod settings;
mod texts;
mod value;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::escape::{self, terminal};
use crate::netfilter::Verdict;
pub use call::{Call, Mode};
pub use error::Note;
pub use file::load;
pub use save::save;
pub use settings::{Layer, Settings, merge};
pub use texts::{FilterText, OwnModule, Period, PrefixChoice};

/// The user's configuration file, `~/.ipta-conf`; none without a home directory.
pub fn default_path() -> Option<PathBuf> {
    dirs::home_dir().map(|home| home.join(".ipta-conf"))
}

/// The shell's history, `~/.ipta-history`; none without a home directory.
pub fn history_path() -> Option<PathBuf> {
    dirs::home_dir().map(|home| home.join(".ipta-history"))
}

/// The command that saves the settings of the C program's `~/.ipta`, if that file exists and ours does not;
/// the settings themselves are not used.
pub fn left_by_the_c_program() -> Option<String> {
    let path = dirs::home_dir()?.join(".ipta");
    // A settings file is small.
    let size = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?.len();
    let text = (size <= 64 * 1024).then(|| std::fs::read(&path).ok())??;
    historic::save_command(&String::from_utf8_lossy(&text))
}

/// The format of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The manual's tables.
    #[default]
    Text,
    /// One object.
    Json,
    /// One header, with a module column.
    Csv,
    /// For an email or an issue.
    Markdown,
    /// One file without external references.
    Html,
    /// What `nft -f` loads: sources to block.
    Nft,
    /// What `ipset restore` loads: sources to block.
    Ipset,
    /// Sources to block, one address per line.
    Cidr,
}

impl Format {
    /// The format that a file name's extension stands for, if any.
    pub fn of_file(path: &Path) -> Option<Format> {
        Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "html" | "htm" => Format::Html,
            "json" => Format::Json,
            "csv" => Format::Csv,
            "md" | "markdown" => Format::Markdown,
            "nft" => Format::Nft,
            "ipset" => Format::Ipset,
            "cidr" => Format::Cidr,
            _ => return None,
        })
    }

    /// Whether it lists sources to block.
    pub fn is_blocklist(self) -> bool {
        matches!(self, Format::Nft | Format::Ipset | Format::Cidr)
    }
}

/// Whether the output is colored. `auto` also honors `NO_COLOR`, which is read where the output is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// In a pipe too.
    Always,
    /// Never.
    Never,
}

/// Whether the connection to the server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Never.
    Off,
    /// If the server supports it.
    Preferred,
    /// Always; else the call fails.
    Required,
    /// Always, and the server's certificate must be valid.
    Verify,
}

/// A setting with a fixed set of words.
pub trait Choice: Sized + Copy + PartialEq + 'static {
    /// The words, and the value of each.
    const WORDS: &'static [(&'static str, Self)];

    /// The value of a word.
    fn of(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(w, _)| *w == word).map(|(_, value)| *value)
    }

    /// The word for a value.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or("", |(word, _)| word)
    }

    /// All words, for a message: `auto, always, never`.
    fn listed() -> String {
        Self::WORDS.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
    }
}

impl Choice for Format {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("text", Format::Text),
        ("json", Format::Json),
        ("csv", Format::Csv),
        ("markdown", Format::Markdown),
        ("html", Format::Html),
        ("nft", Format::Nft),
        ("ipset", Format::Ipset),
        ("cidr", Format::Cidr),
    ];
}

impl Choice for Color {
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Color::Auto), ("always", Color::Always), ("never", Color::Never)];
}

impl Choice for Period {
    const WORDS: &'static [(&'static str, Self)] = &[("day", Period::Day), ("week", Period::Week)];
}

impl Choice for Tls {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("off", Tls::Off),
        ("preferred", Tls::Preferred),
        ("required", Tls::Required),
        ("verify", Tls::Verify),
    ];
}

impl Choice for Verdict {
    const WORDS: &'static [(&'static str, Self)] =
        &[("accept", Verdict::Accept), ("deny", Verdict::Deny), ("other", Verdict::Other)];
}

/// The candidate most similar to a mistyped word, if one is close enough. Case is ignored.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Nobody mistypes a word into 200 letters, and comparing those is slow.
    let word: String = word.chars().take(64).flat_map(char::to_lowercase).collect();
    // A typo or two is close; Jaro forgives more in long words and nothing in three-letter ones. Below 0.75
    // its guesses are noise.
    let slips = match word.chars().count() {
        0 | 1 => 0,
        2..=4 => 1,
        _ => 2,
    };
    let rank = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let (distance, likeness) = (strsim::osa_distance(&word, &candidate), strsim::jaro(&word, &candidate));
        (distance <= slips || likeness > 0.75).then_some((distance.min(slips + 1), likeness))
    };
    candidates
        .into_iter()
        .filter_map(|candidate| Some((rank(candidate)?, candidate)))
        .min_by(|(a, _), (b, _)| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)))
        .map(|(_, candidate)| candidate)
}

/// A path for a message.
fn shown(path: &Path) -> String {
    terminal(&path.to_string_lossy()).into_owned()
}

/// A password: never appears in a message or in debug output.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(...)")
    }
}

/// A MySQL or MariaDB server and the account used on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Host name, address, or socket path (begins with `/`).
    pub host: String,
    /// TCP port; none if not given: then 3306, and for `localhost` the socket comes first.
    pub port: Option<u16>,
    /// Account name.
    pub user: String,
    /// Its password.
    pub pass: Password,
    /// Database name.
    pub database: String,
    /// Whether the connection is encrypted; none: not given.
    pub tls: Option<Tls>,
    /// CA certificate file to trust; none: the system's.
    pub ca: Option<PathBuf>,
    /// The configuration file, if `--config` names it.
    pub config_file: Option<PathBuf>,
    /// The password was given for this call, so another call has to ask for it.
    pub asks: bool,
    /// The configuration file names an SQLite file, so another call has to name the host.
    pub named: bool,
}

impl Server {
    /// `ipta` with the options that select this server, account and database, for suggested commands.
    /// Defaults are left out; `-pi` asks for a password that was given.
    pub fn command(&self) -> String {
        let port = self.port.map(|port| port.to_string()).unwrap_or_default();
        let options = [
            ("-h", self.host.as_str(), "localhost"),
            ("--db-port", port.as_str(), ""),
            ("-u", self.user.as_str(), "ipta"),
            ("-d", self.database.as_str(), "ipta"),
        ];
        let tls = self.tls.map_or("", Tls::word);
        let ca = self.ca.as_ref().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
        let tls = [("--db-tls", tls, ""), ("--db-ca", ca.as_str(), "")];
        let is_needed =
            |(option, value, usual): &&(_, &str, &str)| value != usual || self.named && *option == "-h";
        let given = options.iter().chain(&tls).filter(is_needed);
        let given = given.map(|(option, value, _)| format!(" {option} {}", escape::shell(value)));
        let asked = if self.asks { " -pi" } else { "" };
        format!("{}{}{asked}", ipta(self.config_file.as_deref()), given.collect::<String>())
    }
}

/// Where packets are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A server.
    Server(Server),
    /// One SQLite file.
    File(PathBuf),
}

/// `ipta` with the configuration file that a call named.
fn ipta(config_file: Option<&Path>) -> String {
    match config_file {
        Some(path) => format!("ipta --config {}", escape::shell(&path.to_string_lossy())),
        None => "ipta".to_owned(),
    }
}

/// `ipta` with the option that selects an SQLite file, for suggested commands.
pub fn command_of_file(database: &Path, config_file: Option<&Path>) -> String {
    format!("{} --db-file {}", ipta(config_file), escape::shell(&database.to_string_lossy()))
}
