//! `--clear`: empties the call's logs table.

use crate::exit::Exit;
use crate::run::plan::{Need, Plan};
use crate::run::session::Session;

/// The table must exist or be created by this call.
pub fn check(session: &Session<'_, '_>, plan: &mut Plan) {
    plan.needs(Need::Logs(session.table.clone()));
}

/// Empties the call's logs table.
pub fn run(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let (table, place) = (session.table.clone(), session.store.place());
    session.store.open()?.clear_table(&table)?;
    session.console.done(&format!("Table '{table}' in {place} cleared."));
    Ok(Exit::Done)
}
