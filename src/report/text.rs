//! Tables as the manual's chapter 5 shows them.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ColumnConstraint, Table as Grid, Width, presets};

use unicode_width::UnicodeWidthStr;

use super::shape::{self, NameOf, Report, Shape};
use crate::analysis::table::{Cell, Column, Table};
use crate::escape;

/// The manual's tables.
pub struct Text;

impl Shape for Text {
    fn write(&self, out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
        if let Some(filters) = report.filters {
            writeln!(out, "{}", escape::terminal(&filters.words))?;
        }
        report.tables.iter().try_for_each(|part| table(out, part, report.names))
    }
}

/// Writes a table: a blank line, its title, the header, a rule, the rows; then its notes, each
/// indented by two blanks.
fn table(out: &mut dyn Write, table: &Table, names: &NameOf<'_>) -> io::Result<()> {
    let rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| row.iter().zip(&table.columns).map(|(cell, column)| shown(cell, column, names)).collect())
        .collect();
    writeln!(out, "\n{}", escape::terminal(&table.title))?;
    write!(out, "{}", grid(&table.columns, rows))?;
    for note in &table.notes {
        writeln!(out, "  {}", escape::terminal(note))?;
    }
    Ok(())
}

/// Rows under their heads, one blank between columns, no trailing blanks.
pub fn grid(columns: &[Column], rows: Vec<Vec<String>>) -> String {
    let mut grid = Grid::new();
    grid.load_style(presets::NOTHING);
    grid.add_row(columns.iter().map(|column| escape::terminal(&column.head)));
    grid.add_rows(rows);
    // A longer cell widens its column, and the rule with it.
    let widths: Vec<usize> = columns
        .iter()
        .zip(grid.column_max_content_widths())
        .map(|(c, w)| c.width.max(usize::from(w)))
        .collect();
    let mut lines = Grid::new();
    lines.load_style(presets::NOTHING);
    lines.add_row(columns.iter().map(|column| escape::terminal(&column.head)));
    lines.add_row(widths.iter().map(|width| "-".repeat(*width)));
    for row in grid.row_iter().skip(1) {
        lines.add_row(row.clone());
    }
    for (n, (column, width)) in columns.iter().zip(&widths).enumerate() {
        let left = u16::from(n > 0);
        if let Some(grid_column) = lines.column_mut(n) {
            grid_column.set_padding((left, 0));
            grid_column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(*width as u16 + left)));
            let side = if column.right { CellAlignment::Right } else { CellAlignment::Left };
            grid_column.set_cell_alignment(side);
        }
    }
    let mut text = lines.trim_fmt();
    text.push('\n');
    text
}

fn shown(cell: &Cell, column: &Column, names: &NameOf<'_>) -> String {
    if let Cell::Bar(parts, most) = cell {
        return super::bar(*parts, *most, column.width);
    }
    if let Some(name) = cell.as_address().and_then(names) {
        return ending(&escape::terminal(&name), column.width);
    }
    match shape::plain(cell, names) {
        Some(text) => escape::terminal(&text).into_owned(),
        None => "-".to_owned(),
    }
}

/// A name too long for its column shows its end, the most telling part, after a `*`.
pub fn ending(name: &str, width: usize) -> String {
    if name.width() <= width {
        return name.to_owned();
    }
    let fits = |(at, _): &(usize, char)| name[*at..].width() < width;
    let end = name.char_indices().find(fits).map_or("", |(at, _)| &name[at..]);
    format!("*{end}")
}
