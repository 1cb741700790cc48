//! `--upgrade-table`: a table of an older version.

use crate::exit::Exit;
use crate::run::plan::{Need, Plan};
use crate::run::session::Session;
use crate::store::TableName;

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
        true => session.console.done(&format!("Table '{table}' of {place} upgraded.")),
        false => session.console.note(&format!("Table '{table}' of {place} needs no upgrade.")),
    }
    Ok(Exit::Done)
}
