//! `--delete-table`: drops ipta tables by name.

use crate::exit::Exit;
use crate::run::plan::{Need, Plan};
use crate::run::session::Session;
use crate::store::TableName;

/// Each must be a table that may be dropped. Returns the question to ask first.
pub fn check(
    session: &Session<'_, '_>,
    plan: &mut Plan,
    names: &[Option<String>],
) -> anyhow::Result<(Vec<TableName>, String)> {
    let tables = session.tables_named(names)?;
    for table in &tables {
        plan.needs(Need::Droppable(table.clone()));
    }
    let names: Vec<String> = tables.iter().map(|name| format!("'{name}'")).collect();
    let (noun, them) = match names.len() {
        1 => ("table", "it"),
        _ => ("tables", "them"),
    };
    let place = session.store.place();
    let question = format!("Delete {noun} {} in {place} and all packets in {them}? [y/N]", names.join(", "));
    Ok((tables, question))
}

/// Drops tables one by one.
pub fn run(session: &mut Session<'_, '_>, tables: &[TableName]) -> anyhow::Result<Exit> {
    for table in tables {
        session.store.open()?.drop_table(table)?;
        session.console.done(&format!("Table '{table}' in {} deleted.", session.store.place()));
    }
    Ok(Exit::Done)
}
