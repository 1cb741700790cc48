//! `--upgrade-table`: converts a table of an older version.

use crate::exit::Exit;
use crate::report::stats::counted;
use crate::run::plan::{Need, Plan};
use crate::run::session::Session;
use crate::store::{TableName, Upgraded};

/// There must be such a table.
pub fn check(session: &Session<'_, '_>, plan: &mut Plan, name: Option<&str>) -> anyhow::Result<TableName> {
    let table = session.named_or_own(name)?;
    plan.needs(Need::Upgradable(table.clone()));
    Ok(table)
}

/// Converts a table of an older version.
pub fn run(session: &mut Session<'_, '_>, table: &TableName) -> anyhow::Result<Exit> {
    let place = session.store.place();
    match session.store.open()?.upgrade_table(table)? {
        Upgraded::Version => session.console.done(&format!("Table '{table}' in {place} upgraded.")),
        Upgraded::Already => {
            session.console.note(&format!("Table '{table}' in {place} does not need an upgrade."))
        }
        Upgraded::Historic { packets, kept, timed } => {
            let packets = counted(packets, "packet");
            session.console.done(&format!(
                "Table '{table}' in {place} upgraded: {packets}. The C program's table is kept as '{kept}'."
            ));
            if !timed {
                session
                    .console
                    .note("The old table did not store the times of its packets, so they have none.");
            }
        }
    }
    Ok(Exit::Done)
}
