//! `--list-tables`, `--create-table`, `--clear`, `--delete-table`, `--delete-all-tables`.

use super::session::Session;
use crate::analysis::table::Column;
use crate::exit::Exit;
use crate::report::{account::counted, escape, moment, text};
use crate::store::{Entry, TableInfo, TableKind};

/// Imports shown under a table; the newest.
const IMPORTS_SHOWN: usize = 10;

/// Prints the tables of the store.
pub fn list(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let tables = session.store.open()?.list()?;
    if tables.is_empty() {
        let place = session.store.place();
        session.console.note(&format!(
            "There is no table in {place} yet; make one with: {} --create-table",
            session.invocation()
        ));
        return Ok(Exit::Done);
    }
    let columns = [("Table", 12, false), ("Kind", 16, false), ("Rows", 8, true), ("First packet", 19, false)];
    let columns = columns.into_iter().chain([("Last packet", 19, false)]);
    let columns: Vec<Column> = columns.map(|(head, width, right)| Column { head, width, right }).collect();
    let out = &mut *session.console.out;
    write!(out, "{}", text::grid(&columns, tables.iter().map(row).collect()))?;
    for table in tables.iter().filter(|table| !table.imports.is_empty()) {
        writeln!(out, "\nImported into {}:", escape::terminal(&table.name))?;
        for entry in table.imports.iter().take(IMPORTS_SHOWN) {
            writeln!(out, "  {}", escape::terminal(&import(entry)))?;
        }
        if table.imports.len() > IMPORTS_SHOWN {
            writeln!(out, "  and {} more", table.imports.len() - IMPORTS_SHOWN)?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn row(table: &TableInfo) -> Vec<String> {
    let kind = match &table.kind {
        TableKind::Logs { .. } => "packets".to_owned(),
        TableKind::Names => "names".to_owned(),
        TableKind::Ledger => "import ledger".to_owned(),
        TableKind::OtherVersion(version) => format!("packets, version {version}"),
        TableKind::Historic => "C program's".to_owned(),
        TableKind::Leftover => "cleared, to drop".to_owned(),
        TableKind::Foreign | TableKind::Missing => "not ipta's".to_owned(),
    };
    let rows = match table.rows {
        Some((rows, true)) => rows.to_string(),
        Some((rows, false)) => format!("~{rows}"),
        None => "-".to_owned(),
    };
    let (first, last) = match table.span {
        Some((first, last)) => (moment(first), moment(last)),
        None => ("-".to_owned(), "-".to_owned()),
    };
    vec![escape::terminal(&table.name).into_owned(), kind, rows, first, last]
}

fn import(entry: &Entry) -> String {
    let lines = counted(entry.lines, "line");
    let packets = counted(entry.packets, "packet");
    let at = entry.at.map_or_else(|| "-".to_owned(), moment);
    format!("{at}  {}: {lines}, {packets}", entry.path)
}

/// Creates the logs table of the call, unless it is there.
pub fn create(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let (table, place) = (session.table.clone(), session.store.place());
    let store = session.store.open()?;
    match store.kind(&table)? {
        TableKind::Logs { .. } => {
            session.console.note(&format!("Table '{table}' is already there in {place}."))
        }
        TableKind::Missing => {
            if let Err(error) = store.create_table(&table) {
                // Two calls at once: the other one made it in between.
                if !matches!(store.kind(&table)?, TableKind::Logs { .. }) {
                    return Err(error.into());
                }
            }
            session.console.done(&format!("Table '{table}' created in {place} which you may now use."));
        }
        _ => anyhow::bail!("Table '{table}' of {place} holds something else; name another with -t"),
    }
    Ok(Exit::Done)
}

/// Converts a table of an older version.
pub fn upgrade(session: &mut Session<'_, '_>, name: Option<&str>) -> anyhow::Result<Exit> {
    let (table, place) = (session.named_or_own(name)?, session.store.place());
    match session.store.open()?.upgrade_table(&table)? {
        true => session.console.done(&format!("Table '{table}' of {place} upgraded.")),
        false => session.console.note(&format!("Table '{table}' of {place} needs no upgrade.")),
    }
    Ok(Exit::Done)
}

/// Empties the logs table of the call.
pub fn clear(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let (table, place) = (session.table.clone(), session.store.place());
    session.store.open()?.clear_table(&table)?;
    session.console.done(&format!("Table '{table}' of {place} cleared."));
    Ok(Exit::Done)
}

/// Drops tables, one after the other.
pub fn delete(session: &mut Session<'_, '_>, names: &[Option<String>]) -> anyhow::Result<Exit> {
    for table in session.tables_named(names)? {
        session.store.open()?.drop_table(&table)?;
        session.console.done(&format!("Table '{table}' of {} deleted.", session.store.place()));
    }
    Ok(Exit::Done)
}

/// Drops every table of ipta's.
pub fn delete_all(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let place = session.store.place();
    let outcome = session.store.open()?.drop_all()?;
    session.console.done(&match outcome.dropped.as_slice() {
        [] => format!("There was no table of ipta's in {place}."),
        tables => format!("Deleted from {place}: {}.", tables.join(", ")),
    });
    if !outcome.left.is_empty() {
        session.console.note(&format!("Not ipta's, and left alone: {}.", outcome.left.join(", ")));
    }
    Ok(Exit::Done)
}
