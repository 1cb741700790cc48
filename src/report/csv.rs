//! A report for spreadsheets: one header, a module column, and a column for every head that any table has. Times are
//! RFC 3339 in UTC; missing values are empty.

use std::io::{self, Write};

use super::shape::{self, NameOf, Report, Shape};
use crate::analysis::table::Cell;
use crate::escape;

/// One header, a module column.
pub struct Csv;

impl Shape for Csv {
    fn write(&self, out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
        let mut heads = vec!["module".to_owned()];
        for table in report.tables {
            let shown = table.columns.iter().enumerate().filter(|(n, _)| !shape::is_bar(table, *n));
            for head in shown.map(|(_, column)| shape::key(column)) {
                if !heads.contains(&head) {
                    heads.push(head);
                }
            }
        }
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(&heads)?;
        for table in report.tables {
            let keys: Vec<String> = table.columns.iter().map(shape::key).collect();
            for row in shape::data(table) {
                let cell = |head: &String| {
                    let at = keys.iter().position(|key| key == head)?;
                    text(&row[at], report.names)
                };
                let cells = heads.iter().skip(1).map(|head| cell(head).unwrap_or_default());
                writer.write_record(std::iter::once(table.name.to_string()).chain(cells))?;
            }
        }
        writer.flush()
    }
}

fn text(cell: &Cell, names: &NameOf<'_>) -> Option<String> {
    match cell {
        Cell::Time(time) => Some(shape::rfc3339(*time)),
        cell => shape::plain(cell, names).map(|text| escape::spreadsheet(&text)),
    }
}
