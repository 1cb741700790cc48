//! A report for programs. The shape is versioned: a number that is added keeps the version, a
//! number that changes its meaning raises it.
//!
//! ```text
//! { "ipta": "1.0.0", "version": 1, "packets": 671, "first": "...Z", "last": "...Z",
//!   "filters": null,
//!   "modules": [ { "name": "denied", "title": "...", "notes": [],
//!                  "columns": ["count", ...], "rows": [ { "count": 138, ... }, ... ] }, ... ],
//!   "names": { "192.0.2.7": "host.example" } }
//! ```
//!
//! Times are RFC 3339 in UTC. What does not exist is null. A count that stopped is a text with `+`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use super::escape;
use super::shape::{self, Names, Report, Shape};
use crate::analysis::table::{Cell, Table};

/// The version of the shape.
const VERSION: u32 = 1;

/// One object.
pub struct Json;

#[derive(Serialize)]
struct Object<'r> {
    ipta: &'static str,
    version: u32,
    packets: u64,
    first: Option<String>,
    last: Option<String>,
    filters: Option<&'r str>,
    modules: Vec<Module<'r>>,
    names: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Module<'r> {
    name: &'static str,
    title: &'static str,
    notes: &'r [String],
    columns: Vec<String>,
    rows: Vec<Map<String, Value>>,
}

impl Shape for Json {
    fn write(&self, out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
        let object = Object {
            ipta: env!("CARGO_PKG_VERSION"),
            version: VERSION,
            packets: report.packets,
            first: report.first.map(shape::rfc3339),
            last: report.last.map(shape::rfc3339),
            filters: report.filters,
            modules: report.tables.iter().map(module).collect(),
            names: names(report.tables, report.names),
        };
        writeln!(out, "{}", escape::json(&serde_json::to_string_pretty(&object)?))
    }
}

fn module(table: &Table) -> Module<'_> {
    let shown: Vec<usize> = (0..table.columns.len()).filter(|n| !shape::is_bar(table, *n)).collect();
    let columns: Vec<String> = shown.iter().map(|n| shape::key(&table.columns[*n])).collect();
    let row = |row: &Vec<Cell>| columns.iter().cloned().zip(shown.iter().map(|n| value(&row[*n]))).collect();
    Module {
        name: table.name,
        title: table.title,
        notes: &table.notes,
        rows: table.rows.iter().map(row).collect(),
        columns,
    }
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Count(count) => (*count).into(),
        Cell::MoreThan(count) => format!("{count}+").into(),
        Cell::Port(port) => (*port).into(),
        Cell::Address(address) => address.to_string().into(),
        Cell::Word(word) => word.as_str().into(),
        Cell::Time(time) => shape::rfc3339(*time).into(),
        Cell::Bar(..) | Cell::Missing => Value::Null,
    }
}

/// The names of the addresses that the tables show; the rows keep the addresses.
fn names(tables: &[Table], names: &Names<'_>) -> BTreeMap<String, String> {
    let cells = tables.iter().flat_map(|table| &table.rows).flatten();
    let named = cells.filter_map(|cell| match cell {
        Cell::Address(address) => Some((address.to_string(), names(*address)?)),
        _ => None,
    });
    named.collect()
}
