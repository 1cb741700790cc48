//! Shows what was found: tables, the lines of follow, the summary of an import.
//!
//! Owns how things look: widths, color, escaping for the destination. Must not know where packets come from.

pub mod answer;
pub mod blocklist;
pub mod console;
mod csv;
mod html;
pub mod json;
pub mod line;
mod markdown;
pub mod progress;
pub mod record;
pub mod shape;
pub mod stats;
pub mod terminal;
pub mod text;

use crate::analysis::quantity::noun;
use crate::analysis::{Before, Totals};
use crate::netfilter::Time;

/// The manual's tables.
pub const TEXT: &dyn shape::Shape = &text::Text;
/// One object.
pub const JSON: &dyn shape::Shape = &json::Json;
/// One header, a module column.
pub const CSV: &dyn shape::Shape = &csv::Csv;
/// For an email or an issue.
pub const MARKDOWN: &dyn shape::Shape = &markdown::Markdown;
/// One file for a browser.
pub const HTML: &dyn shape::Shape = &html::Html;

/// For `nft -f`.
pub const NFT: &dyn shape::Shape = &blocklist::Nft;
/// For `ipset restore`.
pub const IPSET: &dyn shape::Shape = &blocklist::Ipset;
/// One address per line.
pub const CIDR: &dyn shape::Shape = &blocklist::Cidr;

/// A moment in the local zone: `2026-05-04 06:35:12`.
pub fn moment(time: Time) -> String {
    match jiff::Timestamp::from_microsecond(time.0) {
        Ok(stamp) => stamp.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => "-".to_owned(),
    }
}

/// A number in groups of three digits: `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The headline of a report, in one line:
/// `671 packets from 341 sources, 2014-05-04 06:25:18 to 2014-05-05 06:24:59: 170 accepted, 501 denied`.
pub fn headline(totals: &Totals) -> String {
    let many = |count: u64, what: &str| format!("{} {}", thousands(count), noun(count, what));
    let mut line = format!("{} from {}", many(totals.packets, "packet"), many(totals.sources, "source"));
    if let (Some(first), Some(last)) = (totals.first, totals.last) {
        line.push_str(&format!(", {} to {}", moment(first), moment(last)));
    }
    line.push_str(&format!(": {} accepted, {} denied", thousands(totals.accepted), thousands(totals.denied)));
    if totals.other > 0 {
        line.push_str(&format!(", {} neither", thousands(totals.other)));
    }
    line
}

/// What a report is compared with, in one line: `Compared with 2026-11-24 00:00:00 to 2026-11-25
/// 00:00:00 (its figures in parentheses): packets +12% (599), accepted unchanged (170), ...`.
pub fn comparison(totals: &Totals, before: &Before) -> String {
    let then = &before.totals;
    let sums = [
        ("packets", totals.packets, then.packets),
        ("accepted", totals.accepted, then.accepted),
        ("denied", totals.denied, then.denied),
        ("sources", totals.sources, then.sources),
    ];
    let sums = sums.map(|(what, now, then)| format!("{what} {} ({})", change(now, then), thousands(then)));
    format!(
        "Compared with {} to {} (its figures in parentheses): {}",
        moment(before.from),
        moment(before.to),
        sums.join(", ")
    )
}

/// `+12%`, `unchanged`; without a percentage if `before` is 0.
pub fn change(now: u64, before: u64) -> String {
    if now == before {
        return "unchanged".to_owned();
    }
    let sign = if now > before { '+' } else { '-' };
    match (u128::from(now.abs_diff(before)) * 100 + u128::from(before) / 2).checked_div(before.into()) {
        None => format!("{sign}{}", thousands(now)),
        Some(0) => format!("{sign}<1%"),
        Some(percent) => format!("{sign}{}%", thousands(u64::try_from(percent).unwrap_or(u64::MAX))),
    }
}

/// A bar of at most `width` characters: accepted, denied and other packets, relative to the largest row's sum.
pub fn bar(parts: [u64; 3], most: u64, width: usize) -> String {
    let scaled = |count: u64| (count as u128 * width as u128 / u128::from(most.max(1))) as usize;
    let mut bar = String::with_capacity(width);
    let mut sum = 0;
    for (count, mark) in parts.into_iter().zip(['+', '#', '.']) {
        let begin = scaled(sum);
        sum += count;
        bar.extend(std::iter::repeat_n(mark, scaled(sum) - begin));
    }
    bar
}
