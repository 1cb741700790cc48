//! A report for programs. The shape is versioned: a number that is added keeps the version, a
//! number that changes its meaning raises it.
//!
//! ```text
//! { "ipta": "1.0.0", "version": 2, "packets": 671, "accepted": 170, "denied": 501, "other": 0,
//!   "sources": 341, "first": "...Z", "last": "...Z", "filters": null, "notes": [],
//!   "modules": [ { "name": "denied", "title": "...", "notes": [],
//!                  "columns": ["count", ...], "rows": [ { "count": 138, ... }, ... ] }, ... ],
//!   "names": { "192.0.2.7": "host.example" } }
//! ```
//!
//! Times are RFC 3339 in UTC. What does not exist is null. Numbers are numbers in every row; what a
//! text says beside them has fields of its own:
//!
//! ```text
//! lower_bound      in rows with figures that may be lower bounds: whether they are
//! per_seconds      in rows with rates (peak, threshold): the seconds that they count in
//! *_count          beside an address that may be many: how many; the address is null then
//! *_of             beside a number of things: what they are
//! ```

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use super::shape::{self, NameOf, Report, Shape};
use crate::analysis::quantity::noun;
use crate::analysis::table::{Cell, Number, Table};
use crate::escape;

/// The version of the shape.
const VERSION: u32 = 2;

/// One object.
pub struct Json;

#[derive(Serialize)]
struct Object<'r> {
    ipta: &'static str,
    version: u32,
    packets: u64,
    accepted: u64,
    denied: u64,
    other: u64,
    sources: u64,
    first: Option<String>,
    last: Option<String>,
    filters: Option<&'r str>,
    notes: &'r [String],
    modules: Vec<JsonModule<'r>>,
    names: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct JsonModule<'r> {
    name: &'r str,
    title: &'r str,
    notes: &'r [String],
    columns: Vec<String>,
    rows: Vec<Map<String, Value>>,
}

impl Shape for Json {
    fn write(&self, out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
        let object = Object {
            ipta: env!("CARGO_PKG_VERSION"),
            version: VERSION,
            packets: report.totals.packets,
            accepted: report.totals.accepted,
            denied: report.totals.denied,
            other: report.totals.other,
            sources: report.totals.sources,
            first: report.totals.first.map(shape::rfc3339),
            last: report.totals.last.map(shape::rfc3339),
            filters: report.filters,
            notes: report.notes,
            modules: report.tables.iter().map(module).collect(),
            names: names(report.tables, report.names),
        };
        writeln!(out, "{}", escape::json(&serde_json::to_string_pretty(&object)?))
    }
}

fn module(table: &Table) -> JsonModule<'_> {
    let shown: Vec<usize> = (0..table.columns.len()).filter(|n| !shape::is_bar(table, *n)).collect();
    let columns: Vec<String> = shown.iter().map(|n| shape::key(&table.columns[*n])).collect();
    let row = |row: &Vec<Cell>| fields(columns.iter().zip(shown.iter().map(|n| &row[*n])));
    JsonModule {
        name: &table.name,
        title: &table.title,
        notes: &table.notes,
        rows: shape::data(table).map(row).collect(),
        columns,
    }
}

/// A row: a field for every cell, and those beside them.
fn fields<'c>(cells: impl Iterator<Item = (&'c String, &'c Cell)>) -> Map<String, Value> {
    let mut row = Map::new();
    let mut bound: Option<bool> = None;
    for (key, cell) in cells {
        let mut bounded = |is_lower: bool| bound = Some(bound.unwrap_or(false) || is_lower);
        let value: Value = match cell {
            Cell::Count(count) => (*count).into(),
            Cell::Figure(figure) => {
                bounded(figure.is_lower_bound());
                figure.count().into()
            }
            Cell::Rate(figure, seconds) => {
                bounded(figure.is_lower_bound());
                row.insert("per_seconds".to_owned(), (*seconds).into());
                figure.count().into()
            }
            Cell::Amount(count, what) => {
                row.insert(format!("{key}_of"), noun(*count, what).into());
                (*count).into()
            }
            Cell::Hosts(hosts) => {
                bounded(hosts.is_lower_bound());
                row.insert(format!("{key}_count"), hosts.count().into());
                hosts.one().map(|address| address.to_string()).into()
            }
            Cell::Port(port) => (*port).into(),
            Cell::Address(address) => address.to_string().into(),
            Cell::Word(word) => word.as_str().into(),
            Cell::Time(time) => shape::rfc3339(*time).into(),
            Cell::Number(Number::Whole(number)) => (*number).into(),
            Cell::Number(Number::Real(number)) => (*number).into(),
            Cell::Bar(..) | Cell::Gap(_) | Cell::Missing => Value::Null,
        };
        row.insert(key.clone(), value);
    }
    if let Some(bound) = bound {
        row.insert("lower_bound".to_owned(), bound.into());
    }
    row
}

/// The names of the addresses that the tables show; the rows keep the addresses.
fn names(tables: &[Table], names: &NameOf<'_>) -> BTreeMap<String, String> {
    let cells = tables.iter().flat_map(|table| &table.rows).flatten();
    let addresses = cells.filter_map(Cell::as_address);
    addresses.filter_map(|address| Some((address.to_string(), names(address)?))).collect()
}
