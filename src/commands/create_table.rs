//! `--create-table`: creates the call's logs table.

use crate::exit::Exit;
use crate::run::plan::{Need, Plan};
use crate::run::session::Session;
use crate::store::TableKind;

/// The name must be free or a logs table's.
pub fn check(session: &Session<'_, '_>, plan: &mut Plan) {
    plan.needs(Need::NewLogs(session.table.clone()));
}

/// Creates the call's logs table unless it exists.
pub fn run(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let (table, place) = (session.table.clone(), session.store.place());
    let store = session.store.open()?;
    match store.kind(&table)? {
        TableKind::Logs { .. } => {
            session.console.note(&format!("Table '{table}' already exists in {place}."))
        }
        TableKind::Missing => {
            if let Err(error) = store.create_table(&table) {
                // Two calls at once: the other one created it in the meantime.
                if !matches!(store.kind(&table)?, TableKind::Logs { .. }) {
                    return Err(error.into());
                }
            }
            session.console.done(&format!("Table '{table}' created in {place} which you may now use."));
        }
        TableKind::OtherVersion(_)
        | TableKind::Historic
        | TableKind::Names
        | TableKind::Ledger
        | TableKind::Leftover
        | TableKind::Foreign => {
            anyhow::bail!("Table '{table}' in {place} holds something else; choose another with -t")
        }
    }
    Ok(Exit::Done)
}
