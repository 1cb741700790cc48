//! `--delete-all-tables`: drops every ipta table.

use crate::exit::Exit;
use crate::report::stats::counted;
use crate::run::plan::{Need, Plan};
use crate::run::session::Session;
use crate::store::{TableInfo, TableKind};

/// The store must open.
pub fn check(plan: &mut Plan) {
    plan.needs(Need::DropAll);
}

/// The question to ask first, with the tables that would go.
pub fn question(session: &mut Session<'_, '_>) -> anyhow::Result<String> {
    let place = session.store.place();
    let tables = session.store.open()?.list()?;
    let shown = |table: &TableInfo| match (&table.kind, table.rows) {
        (TableKind::Logs { .. } | TableKind::OtherVersion(_), Some((rows, _))) => {
            Some(format!("'{}' ({})", table.name, counted(rows, "packet")))
        }
        (TableKind::Logs { .. } | TableKind::OtherVersion(_) | TableKind::Names, _) => {
            Some(format!("'{}'", table.name))
        }
        _ => None,
    };
    let shown: Vec<String> = tables.iter().filter_map(shown).collect();
    Ok(match shown.is_empty() {
        true => format!("There are no ipta tables in {place}; go on? [y/N]"),
        false => format!("Delete all ipta tables in {place}: {}? [y/N]", shown.join(", ")),
    })
}

/// Drops every ipta table.
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
