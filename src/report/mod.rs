//! Shows what was found: tables, follow's lines, the account of an import.
//!
//! Owns how things look: widths, colour, escaping for the place they go to. Must not know where
//! packets come from.

pub mod answer;
pub mod console;
mod csv;
mod html;
mod json;
pub mod line;
mod markdown;
pub mod progress;
pub mod record;
pub mod shape;
pub mod stats;
pub mod text;

use crate::analysis::Totals;
use crate::netfilter::Time;

/// The manual's tables.
pub const TEXT: &dyn shape::Shape = &text::Text;
/// One object.
pub const JSON: &dyn shape::Shape = &json::Json;
/// One header, a module column.
pub const CSV: &dyn shape::Shape = &csv::Csv;
/// For a mail or an issue.
pub const MARKDOWN: &dyn shape::Shape = &markdown::Markdown;
/// One file for a browser.
pub const HTML: &dyn shape::Shape = &html::Html;

/// A moment in the local zone: `2026-05-04 06:35:12`.
pub fn moment(time: Time) -> String {
    match jiff::Timestamp::from_microsecond(time.0) {
        Ok(stamp) => stamp.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => "-".to_owned(),
    }
}

/// What stands above a report, in one line:
/// `671 packets from 341 sources, 2014-05-04 06:25:18 to 2014-05-05 06:24:59: 170 accepted, 501 denied`.
pub fn headline(totals: &Totals) -> String {
    let sources = stats::counted(totals.sources, "source");
    let mut line = format!("{} from {sources}", stats::counted(totals.packets, "packet"));
    if let (Some(first), Some(last)) = (totals.first, totals.last) {
        line.push_str(&format!(", {} to {}", moment(first), moment(last)));
    }
    line.push_str(&format!(": {} accepted, {} denied", totals.accepted, totals.denied));
    if totals.other > 0 {
        line.push_str(&format!(", {} neither", totals.other));
    }
    line
}

/// A bar of at most `width` characters: accepted, denied and other packets, against the largest
/// row's sum.
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
