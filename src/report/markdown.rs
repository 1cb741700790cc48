//! A report for an email or an issue.

use std::io::{self, Write};

use super::shape::{self, Report, Shape};
use crate::analysis::table::{Cell, Table};
use crate::escape;

/// Tables that also read well as plain text.
pub struct Markdown;

impl Shape for Markdown {
    fn write(&self, out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
        writeln!(out, "{}\n", escape::markdown(&super::headline(report.totals)))?;
        if let Some(before) = report.before {
            writeln!(out, "{}\n", escape::markdown(&super::comparison(report.totals, before)))?;
        }
        if let Some(filters) = report.filters {
            writeln!(out, "{}\n", escape::markdown(&filters.words))?;
        }
        for note in report.notes {
            writeln!(
                out,
                "> {}\n",
                note.lines().map(|line| escape::markdown(line.trim())).collect::<Vec<_>>().join("\n> ")
            )?;
        }
        for (n, table) in report.tables.iter().enumerate() {
            if n > 0 {
                writeln!(out)?;
            }
            write(out, table, report)?;
        }
        Ok(())
    }
}

fn write(out: &mut dyn Write, table: &Table, report: &Report<'_>) -> io::Result<()> {
    writeln!(out, "### {}\n", escape::markdown(table.title.trim_end_matches('.')))?;
    let heads: Vec<String> = table.columns.iter().map(|column| escape::markdown(&column.head)).collect();
    let rules = table.columns.iter().map(|column| if column.right { "---:" } else { "---" });
    writeln!(out, "| {} |", heads.join(" | "))?;
    writeln!(out, "| {} |", rules.collect::<Vec<_>>().join(" | "))?;
    for row in &table.rows {
        let cell = |(cell, column): (&Cell, &crate::analysis::table::Column)| match cell {
            Cell::Bar(parts, most) => super::bar(*parts, *most, column.width),
            cell => shape::plain(cell, report.names)
                .map_or_else(|| "-".to_owned(), |text| escape::markdown(&text)),
        };
        let cells: Vec<String> = row.iter().zip(&table.columns).map(cell).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    for note in &table.notes {
        writeln!(out, "\n{}", escape::markdown(note))?;
    }
    Ok(())
}
