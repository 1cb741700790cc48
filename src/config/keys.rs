//! The keys of `~/.ipta-conf`, what each takes, and its names in older files.

use std::ops::RangeInclusive;

use super::{Choice, Color, Format, Verdict};

/// What a key takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text, not empty.
    Text,
    /// A password: never shown.
    Secret,
    /// A path.
    Path,
    /// true or false.
    Switch,
    /// A number in this range.
    Number(RangeInclusive<u32>),
    /// One of these words.
    Word(String),
    /// A list of texts.
    List,
    /// A list of ports.
    Ports,
    /// Prefix rules.
    Prefixes,
    /// A table of thresholds.
    Thresholds,
}

impl Kind {
    /// What it takes, for a message.
    pub(super) fn wants(&self) -> String {
        match self {
            Kind::Text | Kind::Secret | Kind::Path => "takes a text in quotes".into(),
            Kind::Switch => "is true or false".into(),
            Kind::Number(range) if *range.end() == u32::MAX => {
                format!("takes a number, {} or more", range.start())
            }
            Kind::Number(range) => format!("takes a number from {} to {}", range.start(), range.end()),
            Kind::Word(words) => format!("takes one of {words}"),
            Kind::List => "takes a list of texts, such as [\"one\", \"two\"]".into(),
            Kind::Ports => "takes a list of ports, such as [22, 443]".into(),
            Kind::Prefixes => {
                "takes a list of presets and patterns, such as [\"ipt\", \"ufw\"], or stands as [[prefix]]"
                    .into()
            }
            Kind::Thresholds => "stands as a table of its own: [attacks]".into(),
        }
    }
}

/// The keys at the top of the file, in the order messages and the manual use.
pub(super) fn keys() -> Vec<(&'static str, Kind)> {
    let any = || Kind::Number(0..=u32::MAX);
    vec![
        ("db_host", Kind::Text),
        ("db_port", Kind::Number(1..=65535)),
        ("db_user", Kind::Text),
        ("db_pass", Kind::Secret),
        ("db_name", Kind::Text),
        ("db_table", Kind::Text),
        ("db_file", Kind::Path),
        ("db_tls", Kind::Word("off, preferred, required, verify".into())),
        ("db_ca", Kind::Path),
        ("dns_table", Kind::Text),
        ("dns_ttl", any()),
        ("rdns", Kind::Switch),
        ("limit", Kind::Number(1..=u32::MAX)),
        ("header", Kind::Switch),
        ("counter", Kind::Switch),
        ("show_lo", Kind::Switch),
        ("show_accept", Kind::Switch),
        ("time", Kind::Switch),
        ("prefix", Kind::Prefixes),
        ("accept_actions", Kind::List),
        ("modules", Kind::List),
        ("format", Kind::Word(Format::listed())),
        ("color", Kind::Word(Color::listed())),
        ("allow", Kind::List),
        ("attacks", Kind::Thresholds),
    ]
}

/// The keys under `[attacks]`.
pub(super) fn threshold_keys() -> Vec<(&'static str, Kind)> {
    let count = || Kind::Number(1..=u32::MAX);
    vec![
        ("auth_ports", Kind::Ports),
        ("brute_force", count()),
        ("syn_flood", count()),
        ("port_scan", count()),
        ("slow_scan", count()),
        ("sweep", count()),
        ("icmp_flood", count()),
    ]
}

/// The keys under `[[prefix]]`.
pub(super) fn prefix_keys() -> Vec<(&'static str, Kind)> {
    vec![("pattern", Kind::Text), ("action", Kind::Text), ("verdict", Kind::Word(Verdict::listed()))]
}

/// The key that an older or mistyped name stands for, and whether its switch says the opposite.
/// Case, blanks, dashes and underscores make no difference: `DB Host`, `db-host`, `dbHost`.
pub(super) fn canonical(name: &str) -> Option<(&'static str, bool)> {
    let letters: String = squeezed(name);
    let same = keys().into_iter().find(|(key, _)| squeezed(key) == letters);
    if let Some((key, _)) = same {
        return Some((key, false));
    }
    Some(match letters.as_str() {
        "host" | "hostname" | "server" | "dbhostname" | "dbserver" => ("db_host", false),
        "port" => ("db_port", false),
        "user" | "username" | "dbusername" => ("db_user", false),
        "pass" | "password" | "passwd" | "dbpassword" | "dbpasswd" => ("db_pass", false),
        "name" | "database" | "db" | "dbdatabase" => ("db_name", false),
        "table" | "logtable" | "logstable" => ("db_table", false),
        "analyzerlimit" | "analyserlimit" | "analyzelimit" | "lines" => ("limit", false),
        "ttl" => ("dns_ttl", false),
        "reversedns" | "dns" => ("rdns", false),
        "showheader" => ("header", false),
        "showcounter" | "count" => ("counter", false),
        "showlocal" | "local" | "lo" => ("show_lo", false),
        "showaccepted" | "accept" => ("show_accept", false),
        "showtime" => ("time", false),
        "prefixes" => ("prefix", false),
        "acceptaction" => ("accept_actions", false),
        "module" => ("modules", false),
        "colour" => ("color", false),
        "noheader" => ("header", true),
        "nocounter" | "nocount" => ("counter", true),
        "nolocal" | "nolo" => ("show_lo", true),
        "noaccept" => ("show_accept", true),
        "nordns" => ("rdns", true),
        "notime" => ("time", true),
        _ => return None,
    })
}

fn squeezed(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
