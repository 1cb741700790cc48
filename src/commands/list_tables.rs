//! `--list-tables`: what is in the database.

use crate::analysis::table::Column;
use crate::escape;
use crate::exit::Exit;
use crate::report::{moment, stats::counted, text};
use crate::run::plan::{Need, Plan};
use crate::run::session::Session;
use crate::store::{Entry, TableInfo, TableKind};

/// Imports shown per table: the newest.
const IMPORTS_SHOWN: usize = 10;

/// The store must open.
pub fn check(plan: &mut Plan) {
    plan.needs(Need::Store);
}

/// Prints the tables of the store.
pub fn run(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let tables = session.store.open()?.list()?;
    if tables.is_empty() {
        let place = session.store.place();
        session.console.note(&format!(
            "There are no tables in {place} yet; create one with: {} --create-table",
            session.invocation()
        ));
        return Ok(Exit::Done);
    }
    let columns = [("Table", 12, false), ("Kind", 16, false), ("Rows", 8, true), ("First packet", 19, false)];
    let columns = columns.into_iter().chain([("Last packet", 19, false)]);
    let columns: Vec<Column> =
        columns.map(|(head, width, right)| Column { head: head.into(), width, right }).collect();
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
        TableKind::Historic => "from C program".to_owned(),
        TableKind::Leftover => "leftover".to_owned(),
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
