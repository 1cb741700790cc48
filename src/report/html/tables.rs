//! The tables of the page.

use super::super::shape::{NameOf, Report};
use super::super::terminal::share;
use super::super::{terminal, thousands};
use crate::analysis::quantity::agree;
use crate::analysis::table::{Cell, Column, Table};
use crate::escape;
use crate::filter::services;
use crate::netfilter::Verdict;

/// A table.
pub struct PageTable {
    /// The module.
    pub name: String,
    pub title: String,
    /// How many rows there are.
    pub sub: String,
    pub heads: Vec<Head>,
    /// Whether rows have a share, with a bar.
    pub has_bars: bool,
    /// Whether rows can be picked by their source.
    pub has_src: bool,
    /// Whether by their destination port.
    pub has_dport: bool,
    pub rows: Vec<PageRow>,
    pub notes: Vec<String>,
}

/// A column's head.
pub struct Head {
    pub text: String,
    pub number: bool,
}

/// A row, its cells as markup.
pub struct PageRow {
    pub cells: Vec<String>,
}

impl PageTable {
    /// As the page shows it.
    pub fn of(table: &Table, report: &Report<'_>) -> PageTable {
        let counts = || table.rows.iter().filter_map(|row| count(row));
        let whole = table.packets.filter(|_| counts().count() == table.rows.len());
        let most = counts().max().unwrap_or(0);
        let row = |row: &Vec<Cell>| {
            let cells = row.iter().zip(&table.columns);
            let mut cells: Vec<String> = cells.map(|(cell, column)| markup(cell, column, report)).collect();
            if let (Some(whole), Some(count)) = (whole, count(row)) {
                cells.push(format!(
                    "<td class=\"bar\"><span>{}</span>{}</td>",
                    share(count, whole),
                    bar(count, most)
                ));
            }
            PageRow { cells }
        };
        let has = |heads: &[&str]| table.columns.iter().any(|column| heads.contains(&&*column.head));
        PageTable {
            name: escape::terminal(&table.name).into_owned(),
            title: escape::terminal(table.title.trim_end_matches('.')).into_owned(),
            sub: rows_in_words(table),
            heads: table.columns.iter().map(head).collect(),
            has_bars: whole.is_some() && !table.rows.is_empty(),
            has_src: has(&[SOURCE]),
            has_dport: has(&PORTS),
            rows: table.rows.iter().map(row).collect(),
            notes: table.notes.iter().map(|note| escape::terminal(note).into_owned()).collect(),
        }
    }
}

const SOURCE: &str = "Source IP";
const PORTS: [&str; 2] = ["DPort", "Port"];

fn head(column: &Column) -> Head {
    Head { text: escape::terminal(&column.head).into_owned(), number: column.right }
}

fn rows_in_words(table: &Table) -> String {
    let (shown, all) = (table.rows.len() as u64, table.rows_in_all);
    match shown {
        0 => "No rows.".to_owned(),
        _ if shown < all => {
            let more = thousands(all);
            format!("The first {} of {more} rows; --limit {all} shows all.", thousands(shown))
        }
        _ => format!("{} {}", thousands(shown), agree(shown, "row", "rows")),
    }
}

fn count(row: &[Cell]) -> Option<u64> {
    match row.first() {
        Some(Cell::Count(count)) => Some(*count),
        _ => None,
    }
}

/// A cell's text, not escaped; `-` if missing.
pub fn shown(cell: &Cell, names: &NameOf<'_>) -> String {
    match cell {
        Cell::Gap(length) => format!("{length} without a packet"),
        cell => terminal::shown(cell, names),
    }
}

fn markup(cell: &Cell, column: &Column, report: &Report<'_>) -> String {
    let text = shown(cell, report.names);
    let text = escape::html(&text);
    let class = match cell {
        Cell::Address(_) | Cell::Hosts(_) => " class=\"a\"",
        _ if column.right => " class=\"n\"",
        _ => "",
    };
    match cell {
        Cell::Bar(parts, most) => format!("<td class=\"wide-bar\">{}</td>", parts_bar(*parts, *most)),
        Cell::Port(port) if PORTS.contains(&&*column.head) => {
            let service = services::name(*port)
                .map(|name| format!(" <span class=\"soft\">{name}</span>"))
                .unwrap_or_default();
            let key = picked("dport", &port.to_string(), &text);
            format!("<td{class}>{key}{service}</td>")
        }
        cell if column.head == SOURCE => match cell.as_address() {
            Some(address) => format!("<td{class}>{}</td>", picked("src", &address.to_string(), &text)),
            None => format!("<td{class}>{text}</td>"),
        },
        Cell::Word(word) if column.head == "Action" => {
            let verdict = match report.totals.verdict(word) {
                Some(Verdict::Accept) => "accept",
                Some(Verdict::Deny) => "deny",
                Some(Verdict::Other) => "other",
                None => "",
            };
            format!("<td><span class=\"{verdict}\">{text}</span></td>")
        }
        _ => format!("<td{class}>{text}</td>"),
    }
}

/// Text that a click picks; `value` and `text` must be safe.
fn picked(kind: &str, value: &str, text: &str) -> String {
    format!("<button class=\"key\" type=\"button\" disabled data-{kind}=\"{value}\">{text}</button>")
}

fn bar(count: u64, most: u64) -> String {
    let width = u128::from(count) * 1000 / u128::from(most.max(1));
    format!(
        "<svg viewBox=\"0 0 1000 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"f-bar\" width=\"{width}\" height=\"6\"/></svg>"
    )
}

fn parts_bar(parts: [u64; 3], most: u64) -> String {
    let scaled = |count: u64| u128::from(count) * 1000 / u128::from(most.max(1));
    let mut bar = "<svg viewBox=\"0 0 1000 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\">".to_owned();
    let mut sum = 0;
    for (part, class) in parts.into_iter().zip(["accept", "deny", "other"]) {
        let begin = scaled(sum);
        sum += part;
        let width = scaled(sum) - begin;
        if width > 0 {
            bar.push_str(&format!(
                "<rect class=\"f-{class}\" x=\"{begin}\" width=\"{width}\" height=\"6\"/>"
            ));
        }
    }
    bar + "</svg>"
}
