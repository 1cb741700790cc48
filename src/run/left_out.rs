//! What filters leave out, for the notes that say so.

use std::collections::BTreeSet;

use super::session::Session;
use crate::filter::Filters;
use crate::netfilter::Packet;
use crate::report::stats::counted;

/// Most action words that a note lists.
const LISTED: usize = 20;

/// Packets that the filters left out while logs were read.
#[derive(Default)]
pub struct LeftOut {
    /// Those that pass all but the time filters, and have no time.
    pub timeless: u64,
    /// Action words, where the filters ask for some, in the order of the log.
    actions: Vec<String>,
}

impl LeftOut {
    /// Takes in a packet without a time.
    pub fn timeless(&mut self, filters: &Filters, packet: &Packet<'_>) {
        if filters.ask_time() && filters.pass_rest(packet) {
            self.timeless += 1;
        }
    }

    /// Takes in a packet that does not pass.
    pub fn packet(&mut self, filters: &Filters, packet: &Packet<'_>) {
        if !filters.action.any.is_empty() && self.actions.len() < LISTED {
            let action = String::from_utf8_lossy(packet.action);
            if !self.actions.iter().any(|known| *known == action) {
                self.actions.push(action.into_owned());
            }
        }
    }

    /// Adds what the next part of the logs has.
    pub fn add(&mut self, next: LeftOut) {
        self.timeless += next.timeless;
        for action in next.actions {
            if self.actions.len() < LISTED && !self.actions.contains(&action) {
                self.actions.push(action);
            }
        }
    }

    /// That no packet passes.
    pub fn all(self, filters: &Filters) -> String {
        none_passes("", filters, self.actions.into_iter().collect())
    }
}

/// That packets have no time, and so no place in the span that was asked for.
pub fn timeless(count: u64) -> Option<String> {
    (count > 0).then(|| format!("Left out {} without a time.", counted(count, "packet")))
}

/// Why no packet of the call's table passes: it is empty, or the filters are too narrow.
pub fn nothing_in_table(session: &mut Session<'_, '_>) -> anyhow::Result<String> {
    let (table, filters) = (session.table.clone(), session.filters.clone());
    let store = session.store.open()?;
    if store.is_empty(&table)? {
        let ipta = session.import_invocation();
        return Ok(format!("Table '{table}' is empty; import a log with: {ipta} -i FILE"));
    }
    let actions = match filters.action.any.is_empty() {
        true => BTreeSet::new(),
        false => store.actions(&table, LISTED)?,
    };
    Ok(none_passes(&format!("in table '{table}' "), &filters, actions))
}

/// That no packet `of` some place passes the filters; with the action words that are there, where
/// the filters ask for others.
fn none_passes(of: &str, filters: &Filters, mut actions: BTreeSet<String>) -> String {
    actions.retain(|action| !action.is_empty());
    let wanted = &filters.action.any;
    let asked = wanted.iter().any(|word| actions.iter().any(|there| there.eq_ignore_ascii_case(word)));
    if actions.is_empty() || asked {
        return format!("No packet {of}matches the filters; remove some of them.");
    }
    let there: Vec<&str> = actions.iter().map(String::as_str).collect();
    let more = if there.len() == LISTED { ", ..." } else { "" };
    format!(
        "No packet {of}has the action {}; the actions found are {}{more}.",
        wanted.join(" or "),
        there.join(", ")
    )
}
