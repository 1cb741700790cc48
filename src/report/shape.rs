//! A report and the shapes it can be written in, one file per shape.

use std::io::{self, Write};
use std::net::IpAddr;

use jiff::Timestamp;

use crate::analysis::attacks::Hosts;
use crate::analysis::quantity::counted;
use crate::analysis::table::{self, Cell, Column, Table};
use crate::analysis::{Before, Totals};
use crate::filter::Filters;
use crate::netfilter::Time;

/// What to show instead of an address: its name, if it has one.
pub type NameOf<'n> = dyn Fn(IpAddr) -> Option<String> + 'n;

/// The result of an analysis.
pub struct Report<'r> {
    /// The modules' tables, in order.
    pub tables: &'r [Table],
    /// Which packets it covers, if not all.
    pub filters: Option<&'r Filtered<'r>>,
    /// Messages about the analysis: what was not counted, not understood or not read.
    pub notes: &'r [String],
    /// Totals over all packets.
    pub totals: &'r Totals,
    /// Totals of the preceding span, if compared.
    pub before: Option<&'r Before>,
    /// Names for addresses.
    pub names: &'r NameOf<'r>,
}

/// What a report was limited to.
pub struct Filtered<'r> {
    /// The filters.
    pub filters: &'r Filters,
    /// The filters in words, as a sentence.
    pub words: String,
    /// How many packets they could not place in time.
    pub timeless: u64,
}

/// A way to write a report.
pub trait Shape {
    /// Writes the whole report.
    fn write(&self, out: &mut dyn Write, report: &Report<'_>) -> io::Result<()>;
}

/// A column's name for programs: `Source IP` is `source_ip`.
pub(super) fn key(column: &Column) -> String {
    column.head.to_lowercase().replace(' ', "_")
}

/// A cell as plain text, in full; none for missing values, and for bars, which add nothing to the counts beside them.
pub(super) fn plain(cell: &Cell, names: &NameOf<'_>) -> Option<String> {
    match cell {
        Cell::Count(count) => Some(count.to_string()),
        Cell::Figure(figure) => Some(figure.to_string()),
        Cell::Rate(figure, seconds) => Some(table::rate(*figure, *seconds)),
        Cell::Amount(count, what) => Some(counted(*count, what)),
        Cell::Port(port) => Some(port.to_string()),
        Cell::Address(address) | Cell::Hosts(Hosts::One(address)) => {
            Some(names(*address).unwrap_or_else(|| address.to_string()))
        }
        Cell::Hosts(hosts) => Some(hosts.to_string()),
        Cell::Word(word) => Some(word.clone()),
        Cell::Time(time) => Some(super::moment(*time)),
        Cell::Gap(length) => Some(format!("({length} empty)")),
        Cell::Number(number) => Some(number.to_string()),
        Cell::Bar(..) | Cell::Missing => None,
    }
}

/// A moment for programs: RFC 3339, UTC, microseconds.
pub(super) fn rfc3339(time: Time) -> String {
    let stamp = Timestamp::from_microsecond(time.0).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{stamp:.6}")
}

/// Whether a column is only for human readers.
pub(super) fn is_bar(table: &Table, column: usize) -> bool {
    let cells = || data(table).filter_map(|row| row.get(column));
    cells().next().is_some() && cells().all(|cell| matches!(cell, Cell::Bar(..)))
}

/// The rows for programs, without gaps.
pub(super) fn data(table: &Table) -> impl Iterator<Item = &Vec<Cell>> {
    table.rows.iter().filter(|row| !matches!(row.first(), Some(Cell::Gap(_))))
}
