//! What filters leave out, for the notes that say so.

use std::collections::BTreeSet;

use super::session::Session;
use crate::filter::Filters;
use crate::netfilter::{Packet, Time};
use crate::report::moment;
use crate::report::stats::counted;

/// Most action words listed in a note.
const LISTED: usize = 20;

/// Packets that the filters left out while logs were read.
#[derive(Default)]
pub struct LeftOut {
    /// Those without a time that pass all but the time filters.
    pub timeless: u64,
    /// Action words in log order, if the filters ask for any.
    actions: Vec<String>,
    /// The times of the first and the last packet, where the filters ask for times.
    span: Option<(Time, Time)>,
}

impl LeftOut {
    /// Records a packet without a time.
    pub fn timeless(&mut self, filters: &Filters, packet: &Packet<'_>) {
        if filters.ask_time() && filters.pass_rest(packet) {
            self.timeless += 1;
        }
    }

    /// Records a packet that does not pass.
    pub fn packet(&mut self, filters: &Filters, packet: &Packet<'_>) {
        if !filters.action.any.is_empty() && self.actions.len() < LISTED {
            let action = String::from_utf8_lossy(packet.action);
            if !self.actions.iter().any(|known| *known == action) {
                self.actions.push(action.into_owned());
            }
        }
        if filters.ask_time()
            && let Some(time) = packet.time
        {
            self.span = wider(self.span, Some((time, time)));
        }
    }

    /// Adds what was left out of the next part of the logs.
    pub fn add(&mut self, next: LeftOut) {
        self.timeless += next.timeless;
        self.span = wider(self.span, next.span);
        for action in next.actions {
            if self.actions.len() < LISTED && !self.actions.contains(&action) {
                self.actions.push(action);
            }
        }
    }

    /// That no packet passes. Whether these are all that the logs hold: then their times say something.
    pub fn all(self, filters: &Filters, is_everything: bool) -> String {
        none_passes("", filters, self.actions.into_iter().collect(), self.span.filter(|_| is_everything))
    }
}

/// The span of two.
fn wider(one: Option<(Time, Time)>, other: Option<(Time, Time)>) -> Option<(Time, Time)> {
    match (one, other) {
        (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
        _ => one.or(other),
    }
}

/// Says that packets have no time and so no place in the requested period.
pub fn timeless(count: u64) -> Option<String> {
    (count > 0).then(|| format!("Left out {} without a time.", counted(count, "packet")))
}

/// Why no packet of the call's table passes: it is empty, or the filters are too narrow.
pub fn nothing_in_table(session: &mut Session<'_, '_>) -> anyhow::Result<String> {
    let (table, filters) = (session.table.clone(), session.filters.clone());
    let store = session.store.open()?;
    if store.is_empty(&table)? {
        let was_imported = !store.entries(&table)?.is_empty();
        let ipta = session.import_invocation();
        return Ok(match was_imported {
            true => format!(
                "Table '{table}' is empty: what was imported into it has been deleted; to read a log again: {ipta} -c -i FILE"
            ),
            false => format!("Table '{table}' is empty; import a log with: {ipta} -i FILE"),
        });
    }
    let actions = match filters.action.any.is_empty() {
        true => BTreeSet::new(),
        false => store.actions(&table, LISTED)?,
    };
    let span = if filters.ask_time() { store.span(&table)? } else { None };
    Ok(none_passes(&format!("in table '{table}' "), &filters, actions, span))
}

/// Says that no packet `of` some place passes the filters; with the action words found there, if the
/// filters ask for others.
fn none_passes(
    of: &str,
    filters: &Filters,
    mut actions: BTreeSet<String>,
    span: Option<(Time, Time)>,
) -> String {
    actions.retain(|action| !action.is_empty());
    let wanted = &filters.action.any;
    let asked = wanted.iter().any(|word| actions.iter().any(|there| there.eq_ignore_ascii_case(word)));
    if actions.is_empty() || asked {
        let words = filters.words(&jiff::tz::TimeZone::UTC);
        // A single filter says enough; for times, the span says more.
        if !filters.ask_time() && !words.contains(", ") {
            return format!("No packet {of}is {words}.");
        }
        return match span {
            Some((first, last)) => format!(
                "No packet {of}matches the filters; the packets are from {} to {}.",
                moment(first),
                moment(last)
            ),
            None => format!("No packet {of}matches the filters; remove some of them."),
        };
    }
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    no_action(of, &wanted, actions.iter().map(String::as_str))
}

/// Says that no packet `of` some place has one of these actions, and which there are.
pub fn no_action<'w>(of: &str, wanted: &[&str], there: impl Iterator<Item = &'w str>) -> String {
    let there: Vec<&str> = there.take(LISTED).collect();
    let more = if there.len() == LISTED { ", ..." } else { "" };
    let (wanted, there) = (wanted.join(" or "), there.join(", "));
    format!("No packet {of}has the action {wanted}; the actions found are {there}{more}.")
}
