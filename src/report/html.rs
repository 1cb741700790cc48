//! A report for a browser: one file without any outside reference and without scripts. Counts have
//! bars beside them, drawn as inline SVG; light or dark as the reader's system is.

use std::io::{self, Write};

use super::shape::{self, Report, Shape};
use crate::analysis::table::{Cell, Column, Table};
use crate::escape;

/// One page.
pub struct Html;

/// Width of a count's bar, in pixels.
const BAR: u64 = 120;

/// Width of a bar of three parts, in pixels.
const WIDE_BAR: u64 = 360;

const STYLE: &str = "\
:root { color-scheme: light dark; --ink: #1c2024; --paper: #fbfbfa; --faint: #6b7280; --line: #d9dbdf;
  --bar: #4a7fb5; --accept: #3f8f5a; --deny: #c0483c; --other: #b58a2d; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e6e8; --paper: #16181b; --faint: #9aa1ab;
  --line: #33373d; --bar: #6ea3d8; --accept: #63b57f; --deny: #e0766b; --other: #d3ab55; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 2rem auto; padding: 0 1.25rem; max-width: 76rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .5rem; }
p { color: var(--faint); margin: .3rem 0; } .note { color: var(--ink); border-left: 3px solid var(--other); padding-left: .7rem; } nav { margin: 1rem 0; } nav a { margin-right: 1rem; color: inherit; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .9rem .2rem 0; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 600; } .n { text-align: right; }
td { font-family: ui-monospace, monospace; font-size: .92em; } svg { vertical-align: middle; }
.b { fill: var(--bar); } .a { fill: var(--accept); } .d { fill: var(--deny); } .o { fill: var(--other); }
";

impl Shape for Html {
    fn write(&self, out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
        open(out, "ipta: what the firewall logged")?;
        writeln!(out, "<h1>What the firewall logged</h1>")?;
        writeln!(out, "<p>{}</p>", escape::html(&super::headline(report.totals)))?;
        if let Some(before) = report.before {
            writeln!(out, "<p>{}</p>", escape::html(&super::comparison(report.totals, before)))?;
        }
        if let Some(filters) = report.filters {
            writeln!(out, "<p>{}</p>", escape::html(&filters.words))?;
        }
        for note in report.notes {
            writeln!(out, "<p class=\"note\">{}</p>", escape::html(note).replace('\n', "<br>"))?;
        }
        let link = |table: &Table| format!("<a href=\"#{0}\">{0}</a>", table.name);
        writeln!(out, "<nav>{}</nav>", report.tables.iter().map(link).collect::<Vec<_>>().join(" "))?;
        for table in report.tables {
            section(out, table, report)?;
        }
        close(out)
    }
}

/// Begins a page.
pub(super) fn open(out: &mut dyn Write, title: &str) -> io::Result<()> {
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>")
}

/// Ends a page.
pub(super) fn close(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "</body>\n</html>")
}

fn section(out: &mut dyn Write, table: &Table, report: &Report<'_>) -> io::Result<()> {
    let title = escape::html(table.title.trim_end_matches('.')).into_owned();
    writeln!(out, "<h2 id=\"{}\">{title}</h2>", table.name)?;
    if table.rows.is_empty() {
        writeln!(out, "<p>Nothing.</p>")?;
    } else {
        rows(out, table, report)?;
    }
    for note in &table.notes {
        writeln!(out, "<p>{}</p>", escape::html(note))?;
    }
    Ok(())
}

fn rows(out: &mut dyn Write, table: &Table, report: &Report<'_>) -> io::Result<()> {
    writeln!(out, "<div class=\"table\"><table>\n<thead><tr>")?;
    for column in &table.columns {
        writeln!(out, "<th{}>{}</th>", class(column), escape::html(&column.head))?;
    }
    writeln!(out, "<th></th></tr></thead>\n<tbody>")?;
    let count = |row: &Vec<Cell>| match row.first() {
        Some(Cell::Count(count)) => Some(*count),
        Some(Cell::Figure(figure)) => Some(figure.count()),
        _ => None,
    };
    let most = table.rows.iter().filter_map(count).max().unwrap_or(0);
    for row in &table.rows {
        write!(out, "<tr>")?;
        for (cell, column) in row.iter().zip(&table.columns) {
            let shown = match cell {
                Cell::Bar(parts, most) => parts_bar(*parts, *most),
                cell => shape::plain(cell, report.names)
                    .map_or_else(|| "-".to_owned(), |text| escape::html(&text).into_owned()),
            };
            write!(out, "<td{}>{shown}</td>", class(column))?;
        }
        let bar = count(row).map(|count| count_bar(count, most)).unwrap_or_default();
        writeln!(out, "<td>{bar}</td></tr>")?;
    }
    writeln!(out, "</tbody></table></div>")
}

fn class(column: &Column) -> &'static str {
    if column.right { " class=\"n\"" } else { "" }
}

/// `part` of `whole` in pixels of `width`.
fn pixels(part: u64, whole: u64, width: u64) -> u64 {
    (u128::from(part) * u128::from(width) / u128::from(whole.max(1))) as u64
}

fn count_bar(count: u64, most: u64) -> String {
    let width = pixels(count, most, BAR).max(1);
    format!(
        "<svg width=\"{BAR}\" height=\"9\" aria-hidden=\"true\"><rect class=\"b\" width=\"{width}\" height=\"9\"/></svg>"
    )
}

fn parts_bar(parts: [u64; 3], most: u64) -> String {
    let mut bar = format!("<svg width=\"{WIDE_BAR}\" height=\"11\" aria-hidden=\"true\">");
    let mut sum = 0;
    for (part, class) in parts.into_iter().zip(["a", "d", "o"]) {
        let begin = pixels(sum, most, WIDE_BAR);
        sum += part;
        let width = pixels(sum, most, WIDE_BAR) - begin;
        if width > 0 {
            bar.push_str(&format!("<rect class=\"{class}\" x=\"{begin}\" width=\"{width}\" height=\"11\"/>"));
        }
    }
    bar + "</svg>"
}
