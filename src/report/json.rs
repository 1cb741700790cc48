//! A report for programs. The shape is versioned: adding a value keeps the version, changing a value's meaning
//! raises it.
//!
//! ```text
//! { "ipta": "1.0.0", "version": 3, "packets": 671, "accepted": 170, "denied": 501, "other": 0,
//!   "sources": 341, "first": "...Z", "last": "...Z", "before": null, "filters": null, "notes": [],
//!   "modules": [ { "name": "denied", "title": "...", "notes": [],
//!                  "columns": ["count", ...], "rows": [ { "count": 138, ... }, ... ] }, ... ],
//!   "names": { "192.0.2.7": "host.example" } }
//! ```
//!
//! `before` has the totals of the preceding span, with `from` and `to`, if two spans are compared; `filters` has what
//! was requested, its values as the user types them.
//!
//! Times are RFC 3339 in UTC. Missing values are null. Numbers are numbers in every row; what text shows with them
//! has its own fields:
//!
//! ```text
//! lower_bound      in rows with figures that may be lower bounds: whether they are
//! per_seconds      in rows with rates (peak, threshold): their window in seconds
//! *_count          beside an address that may be several: how many; the address is null then
//! *_network        their network, if they are counted by one
//! kinds, services, episodes
//!                  in rows of attacks: what a row sums up, each episode with its own figures
//! *_of             beside a count of things: what they are
//! ```

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use super::shape::{self, Filtered, NameOf, Report, Shape};
use crate::analysis::attacks::{Episode, Hosts};
use crate::analysis::quantity::noun;
use crate::analysis::table::{Cell, Number, Table};
use crate::analysis::{Before, Totals};
use crate::escape;
use crate::filter;

/// The version of the shape.
const VERSION: u32 = 3;

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
    before: Option<JsonBefore>,
    filters: Option<JsonFilters>,
    notes: &'r [String],
    modules: Vec<JsonModule<'r>>,
    names: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct JsonBefore {
    from: String,
    to: String,
    packets: u64,
    accepted: u64,
    denied: u64,
    other: u64,
    sources: u64,
}

#[derive(Serialize)]
struct JsonFilters {
    since: Option<String>,
    until: Option<String>,
    src: Vec<String>,
    dst: Vec<String>,
    sport: Vec<String>,
    dport: Vec<String>,
    proto: Vec<String>,
    action: Vec<String>,
    iface: Vec<String>,
    log_host: Vec<String>,
    no_local: bool,
    no_accept: bool,
    without_time: u64,
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
            before: report.before.map(before),
            filters: report.filters.map(filters),
            notes: report.notes,
            modules: report.tables.iter().map(module).collect(),
            names: names(report.tables, report.names),
        };
        writeln!(out, "{}", escape::json(&serde_json::to_string_pretty(&object)?))
    }
}

fn before(before: &Before) -> JsonBefore {
    let Totals { packets, accepted, denied, other, sources, .. } = before.totals;
    let (from, to) = (shape::rfc3339(before.from), shape::rfc3339(before.to));
    JsonBefore { from, to, packets, accepted, denied, other, sources }
}

fn filters(filtered: &Filtered<'_>) -> JsonFilters {
    let filters = filtered.filters;
    JsonFilters {
        since: filters.since.map(shape::rfc3339),
        until: filters.until.map(shape::rfc3339),
        src: filters.src.texts(ToString::to_string),
        dst: filters.dst.texts(ToString::to_string),
        sport: filters.sport.texts(filter::ports),
        dport: filters.dport.texts(filter::ports),
        proto: filters.proto.texts(ToString::to_string),
        action: filters.action.texts(String::clone),
        iface: filters.iface.texts(String::clone),
        log_host: filters.log_host.texts(String::clone),
        no_local: filters.no_local,
        no_accept: filters.no_accept,
        without_time: filtered.timeless,
    }
}

fn module(table: &Table) -> JsonModule<'_> {
    let shown: Vec<usize> = (0..table.columns.len()).filter(|n| !shape::is_bar(table, *n)).collect();
    let columns: Vec<String> = shown.iter().map(|n| shape::key(&table.columns[*n])).collect();
    let row = |row: &Vec<Cell>| fields(columns.iter().zip(shown.iter().map(|n| &row[*n])));
    let mut rows: Vec<Map<String, Value>> = shape::data(table).map(row).collect();
    for (row, finding) in rows.iter_mut().zip(&table.findings) {
        row.insert("kinds".to_owned(), texts(&finding.kinds));
        row.insert("services".to_owned(), texts(&finding.services));
        row.insert("episodes".to_owned(), finding.episodes.iter().map(episode).collect());
    }
    JsonModule { name: &table.name, title: &table.title, notes: &table.notes, rows, columns }
}

/// The only finding of a table, as a row of the module `attacks`.
pub fn finding(table: &Table) -> Map<String, Value> {
    module(table).rows.into_iter().next().unwrap_or_default()
}

/// A part of a finding.
fn episode(episode: &Episode) -> Value {
    let hosts = |name: &str, hosts: Hosts| {
        [
            (name.to_owned(), hosts.one().map(|address| address.to_string()).into()),
            (format!("{name}_count"), hosts.count().into()),
            (format!("{name}_network"), hosts.network().map(|network| network.to_string()).into()),
        ]
    };
    let distinct = (episode.distinct > 0).then_some(episode.distinct);
    let rest = [
        ("attack", episode.kind.to_string().into()),
        ("sources", texts(&episode.sources)),
        ("port", episode.port.into()),
        ("services", texts(&episode.services)),
        ("first", shape::rfc3339(episode.first).into()),
        ("last", shape::rfc3339(episode.last).into()),
        ("packets", episode.packets.into()),
        ("distinct", distinct.into()),
        ("distinct_of", distinct.map(|count| noun(count, episode.kind.counted())).into()),
        ("peak", episode.peak.into()),
        ("threshold", episode.threshold.into()),
        ("per_seconds", episode.per.into()),
        ("lower_bound", (episode.lower_bound || episode.target.is_lower_bound()).into()),
    ];
    let rest = rest.map(|(key, value): (&str, Value)| (key.to_owned(), value));
    let ends = hosts("source_ip", episode.source).into_iter().chain(hosts("target", episode.target));
    Value::Object(ends.chain(rest).collect())
}

fn texts(values: &[impl ToString]) -> Value {
    values.iter().map(|value| Value::from(value.to_string())).collect()
}

/// A row: a field per cell, and those beside them.
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
                let network = hosts.network().map(|network| network.to_string());
                row.insert(format!("{key}_network"), network.into());
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

/// The names of the addresses in the tables; the rows keep the addresses.
fn names(tables: &[Table], names: &NameOf<'_>) -> BTreeMap<String, String> {
    let cells = tables.iter().flat_map(|table| &table.rows).flatten();
    let addresses = cells.filter_map(Cell::as_address);
    addresses.filter_map(|address| Some((address.to_string(), names(address)?))).collect()
}
