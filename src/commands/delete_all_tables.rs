//! `--delete-all-tables`: every table of ipta's.

use crate::exit::Exit;
use crate::run::plan::{Need, Plan};
use crate::run::session::Session;

/// The store must open. Gives the question to ask first.
pub fn check(session: &Session<'_, '_>, plan: &mut Plan) -> String {
    plan.needs(Need::DropAll);
    format!("Delete all ipta tables in {}? [y/N]", session.store.place())
}

/// Drops every table of ipta's.
pub fn run(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let place = session.store.place();
    let outcome = session.store.open()?.drop_all()?;
    session.console.done(&match outcome.dropped.as_slice() {
        [] => format!("There are no ipta tables in {place}."),
        tables => format!("Deleted from {place}: {}.", tables.join(", ")),
    });
    if !outcome.left.is_empty() {
        session.console.note(&format!("Not ipta tables, so left alone: {}.", outcome.left.join(", ")));
    }
    Ok(Exit::Done)
}
