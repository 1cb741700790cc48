//! What became of a log's lines, in words: two sums that add up.

use std::fmt::Write;

pub use crate::analysis::quantity::counted;
use crate::analysis::quantity::noun;
use crate::netfilter::stats::ParseStats;
use crate::netfilter::{clean, presets};

/// The two sums, one per line, indented by two blanks.
pub fn sums(stats: &ParseStats) -> String {
    let lines = sum(
        stats.lines(),
        "line",
        &[
            (stats.packet_lines, "with packets"),
            (stats.other, "other"),
            (stats.damaged, "damaged"),
            (stats.unfinished, "unfinished"),
        ],
    );
    let packets = sum(
        stats.packets(),
        "packet",
        &[(stats.records, &noun(stats.records, "record")), (stats.repeats, &noun(stats.repeats, "repeat"))],
    );
    format!("  {lines}\n  {packets}")
}

/// `12 lines = 10 with packets + 2 other`; zero parts are left out, except the first.
fn sum(total: u64, what: &str, parts: &[(u64, &str)]) -> String {
    let mut text = counted(total, what);
    let shown = parts.iter().enumerate().filter(|(n, (count, _))| *n == 0 || *count > 0);
    for (n, (_, (count, name))) in shown.enumerate() {
        let sign = if n == 0 { " =" } else { " +" };
        let _ = write!(text, "{sign} {count} {name}");
    }
    text
}

/// Why lines are damaged, with one sample each; none if no line is damaged.
pub fn damage(stats: &ParseStats) -> Option<String> {
    if stats.reasons.is_empty() {
        return None;
    }
    let mut text = format!("{} damaged:", counted(stats.damaged, "line"));
    if stats.damaged == 0 {
        text = format!(
            "{} damaged, on lines that also hold readable records:",
            counted(stats.damaged_beside, "record")
        );
    } else if stats.damaged_beside > 0 {
        text = format!(
            "{} damaged, and {} on lines that also hold readable records:",
            counted(stats.damaged, "line"),
            counted(stats.damaged_beside, "record")
        );
    }
    let mut reasons: Vec<_> = stats.reasons.iter().collect();
    reasons.sort_by_key(|(reason, damage)| (std::cmp::Reverse(damage.count), **reason));
    for (reason, damage) in reasons {
        let _ = write!(text, "\n  {reason} ({}), such as: {}", damage.count, damage.sample);
    }
    Some(text)
}

/// How to include the prefixes that a call leaves out.
pub enum Widening {
    /// Add an option to those of the call, which are given here, each followed by a blank.
    Option(String),
    /// Add a rule to the configuration file: an option would replace the rules that it has.
    Rule,
    /// Import everything again: the command up to the new option, and what follows it.
    Import(String, String),
}

impl Widening {
    /// What comes before the prefixes.
    fn lead(&self) -> &'static str {
        match self {
            Widening::Option(_) | Widening::Rule => "To read them, add:",
            Widening::Import(..) => "To clear the whole table and read them:",
        }
    }

    fn with(&self, preset: &str) -> String {
        match self {
            Widening::Option(chosen) => format!("{chosen}--prefix {preset}"),
            Widening::Rule => format!("[[prefix]] with pattern = \"{preset}\" in the configuration file"),
            Widening::Import(before, after) => format!("{before}--prefix {preset}{after}"),
        }
    }
}

/// What a log without packets holds instead, and what to do about it.
pub fn nothing(name: &str, stats: &ParseStats, widening: &Widening) -> String {
    if stats.lines() == 0 {
        return format!("{name} is empty.");
    }
    let lines = counted(stats.lines(), "line");
    if stats.unknown_prefixes.is_empty() && stats.damaged > 0 {
        return format!("{name} has no readable packets in {lines}: its firewall lines are damaged.");
    }
    if stats.unknown_prefixes.is_empty() {
        return format!(
            "{name} has no packets in {lines}: no netfilter log line was found.\n  \
             Check that the firewall logs packets (iptables -j LOG, nft log) and that syslog writes those lines to this file."
        );
    }
    let mut text = format!(
        "{name} has firewall lines, but none with a prefix that ipta looks for ({lines} read). {}",
        widening.lead()
    );
    list_prefixes(stats, widening, &mut text);
    text
}

/// That a log also has packets with prefixes other than those read; none if it does not.
pub fn other_prefixes(name: &str, stats: &ParseStats, widening: &Widening) -> Option<String> {
    if stats.unknown_prefixes.is_empty() {
        return None;
    }
    let mut text = format!(
        "{name} also has firewall lines with other prefixes, which are left out. {}",
        widening.lead()
    );
    list_prefixes(stats, widening, &mut text);
    Some(text)
}

/// Prefixes that no rule matched, one per line, with what to type to read them.
fn list_prefixes(stats: &ParseStats, widening: &Widening, text: &mut String) {
    const SHOWN: usize = 5;
    let mut prefixes: Vec<_> = stats.unknown_prefixes.iter().collect();
    prefixes.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    for (prefix, count) in prefixes.iter().take(SHOWN) {
        let remedy = widening.with(presets::recognize(prefix));
        let shown = match clean(prefix) {
            text if text.trim().is_empty() => "no prefix".to_owned(),
            text => format!("'{text}'"),
        };
        let _ = write!(text, "\n  {shown} ({}): {remedy}", counted(**count, "line"));
    }
    if prefixes.len() > SHOWN {
        let _ = write!(text, "\n  and {} more", prefixes.len() - SHOWN);
    }
}
