//! `--prune`: deletes packets older than an age from the call's table.

use std::time::Duration;

use crate::exit::Exit;
use crate::filter::when;
use crate::netfilter::Time;
use crate::report::stats::counted;
use crate::run::Misused;
use crate::run::plan::{Need, Plan};
use crate::run::session::Session;
use crate::run::signals;

/// How long a batch may take to end after a signal.
const GRACE: Duration = Duration::from_secs(3);

/// The age must be valid and the table must exist. Returns the cutoff time.
pub fn check(session: &Session<'_, '_>, plan: &mut Plan, age: &str) -> anyhow::Result<Time> {
    plan.needs(Need::Logs(session.table.clone()));
    let before = when::age(age, session.clock.now, &session.clock.zone);
    Ok(before.map_err(|error| Misused(format!("--prune: {error}")))?)
}

/// Deletes older packets.
pub fn run(session: &mut Session<'_, '_>, before: Time) -> anyhow::Result<Exit> {
    let (table, place) = (session.table.clone(), session.store.place());
    let caught = signals::catch(GRACE, || {})?;
    let store = session.store.open()?;
    let deleted = store.prune(&table, before, || caught.signal().is_none())?;
    if let Some(signal) = caught.signal() {
        let deleted = counted(deleted, "packet");
        session.console.error(&format!(
            "Interrupted: {deleted} deleted from table '{table}' in {place}; run the same command to continue."
        ));
        return Ok(Exit::Signal(signal));
    }
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
