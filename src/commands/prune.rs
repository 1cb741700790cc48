//! `--prune`: deletes packets older than an age from the call's table.

use crate::exit::Exit;
use crate::filter::when;
use crate::netfilter::Time;
use crate::report::stats::counted;
use crate::run::Misused;
use crate::run::plan::{Need, Plan};
use crate::run::session::Session;

/// The age must be valid and the table must exist. Returns the cutoff time.
pub fn check(session: &Session<'_, '_>, plan: &mut Plan, age: &str) -> anyhow::Result<Time> {
    plan.needs(Need::Logs(session.table.clone()));
    let before = when::age(age, session.clock.now, &session.clock.zone);
    Ok(before.map_err(|error| Misused(format!("--prune: {error}")))?)
}

/// Deletes older packets.
pub fn run(session: &mut Session<'_, '_>, before: Time) -> anyhow::Result<Exit> {
    let (table, place) = (session.table.clone(), session.store.place());
    let store = session.store.open()?;
    let deleted = store.prune(&table, before)?;
    let timeless = store.count_without_time(&table)?;
    let before = when::text(before, &session.clock.zone);
    session.console.done(&format!(
        "{} from before {before} deleted from table '{table}' in {place}.",
        counted(deleted, "packet")
    ));
    if timeless > 0 {
        session.console.note(&format!("Kept {} without a time.", counted(timeless, "packet")));
    }
    Ok(Exit::Done)
}
