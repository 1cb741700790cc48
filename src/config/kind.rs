//! The kinds of values that keys of `~/.ipta-conf` take, and the keys of its sections.

use std::ops::RangeInclusive;

use super::Choice;
use crate::filter::Thresholds;
use crate::netfilter::Verdict;

/// The kind of value a key takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// Text, not empty.
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
    /// A list of strings.
    List,
    /// A list of ports.
    Ports,
    /// Prefix rules.
    Prefixes,
    /// A table of thresholds.
    Thresholds,
    /// Modules.
    Modules,
}

impl KeyKind {
    /// What it takes, for a message.
    pub(super) fn wants(&self) -> String {
        match self {
            KeyKind::Text | KeyKind::Secret | KeyKind::Path => "takes text in quotes".into(),
            KeyKind::Switch => "is true or false".into(),
            KeyKind::Number(range) if *range.end() == u32::MAX => {
                format!("takes a number, {} or more", range.start())
            }
            KeyKind::Number(range) => format!("takes a number from {} to {}", range.start(), range.end()),
            KeyKind::Word(words) => format!("takes one of {words}"),
            KeyKind::List => "takes a list of strings, such as [\"one\", \"two\"]".into(),
            KeyKind::Ports => "takes a list of ports, such as [22, 443]".into(),
            KeyKind::Prefixes => {
                "takes a list of presets and patterns, such as [\"ipt\", \"ufw\"], or is written as [[prefix]]"
                    .into()
            }
            KeyKind::Thresholds => "needs a section of its own: [attacks]".into(),
            KeyKind::Modules => "is written as [[module]], with a name and sql".into(),
        }
    }
}

/// The keys under `[attacks]`.
pub(super) fn threshold_keys() -> Vec<(&'static str, KeyKind)> {
    let mut keys = vec![("auth_ports", KeyKind::Ports)];
    let names = Thresholds::default().counts_mut().map(|(name, _)| name);
    keys.extend(names.map(|name| (name, KeyKind::Number(1..=u32::MAX))));
    keys
}

/// The keys under `[[prefix]]`.
pub(super) fn prefix_keys() -> Vec<(&'static str, KeyKind)> {
    vec![("pattern", KeyKind::Text), ("action", KeyKind::Text), ("verdict", KeyKind::Word(Verdict::listed()))]
}

/// The keys under `[[module]]`.
pub(super) fn module_keys() -> Vec<(&'static str, KeyKind)> {
    vec![("name", KeyKind::Text), ("title", KeyKind::Text), ("sql", KeyKind::Text)]
}
