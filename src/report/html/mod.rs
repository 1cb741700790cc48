//! A report for a browser: one file without external references, readable without scripts.
//!
//! Owns the page: its template, style and script, and the data that fills them. Charts are SVG. The page's policy
//! admits only this style and this script, by their hashes; the script reads the page and writes only text.

mod charts;
mod tables;

use std::io::{self, Write};
use std::net::IpAddr;

use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::shape::{Report, Shape};
use super::terminal::share;
use super::{change, thousands};
use crate::analysis::quantity::{agree, noun};
use crate::analysis::table::{Cell, Table};
use crate::escape;
use crate::filter::services;
use charts::{Chart, Heat};
use tables::PageTable;

/// One page.
pub struct Html;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// How many attacks and bars are shown above the tables.
const ATTACKS: usize = 5;
const BARS: usize = 10;

#[derive(Template)]
#[template(path = "page.html", config = "src/report/html/askama.toml")]
struct Page {
    policy: String,
    style: &'static str,
    script: &'static str,
    headline: String,
    /// Lines under the headline.
    about: Vec<String>,
    /// Each as its lines.
    notes: Vec<Vec<String>>,
    cards: Vec<Card>,
    chart: Option<Chart>,
    heat: Option<Heat>,
    attacks: Option<Attacks>,
    bars: Vec<BarList>,
    tables: Vec<PageTable>,
    version: &'static str,
}

struct Card {
    title: &'static str,
    /// `accept`, `deny` or nothing.
    class: &'static str,
    value: String,
    more: String,
}

struct Attacks {
    sub: String,
    list: Vec<Attack>,
}

struct Attack {
    /// `high`, `medium` or `low`.
    severity: String,
    kind: String,
    source: Source,
    evidence: String,
}

/// Where an attack came from: an address, which can be picked, or text.
struct Source {
    is_address: bool,
    address: String,
    text: String,
}

struct BarList {
    name: &'static str,
    title: &'static str,
    whole: String,
    bars: Vec<Bar>,
}

struct Bar {
    /// What a click picks: kind and value.
    key: Option<(&'static str, String)>,
    text: String,
    more: String,
    count: String,
    share: String,
    /// Out of 1000.
    width: u64,
}

impl Shape for Html {
    fn write(&self, out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
        let table = |name: &str| report.tables.iter().find(|table| table.name == name);
        let timeline = table("timeline");
        let hours = timeline.map_or(&[][..], |table| &table.hours);
        let mut about = Vec::new();
        about.extend(report.before.map(|before| super::comparison(report.totals, before)));
        about.extend(report.filters.map(|filters| text(&filters.words)));
        let page = Page {
            policy: policy(Some(SCRIPT)),
            style: STYLE,
            script: SCRIPT,
            headline: super::headline(report.totals),
            about,
            notes: report
                .notes
                .iter()
                .map(|note| note.lines().map(|line| text(line.trim())).collect())
                .collect(),
            cards: cards(report, table("attacks")),
            chart: timeline.and_then(charts::chart),
            heat: charts::heat(hours),
            attacks: table("attacks").and_then(|table| attacks(table, report)),
            bars: LISTS.iter().filter_map(|list| bar_list(table(list.name)?, list, report)).collect(),
            tables: report.tables.iter().map(|table| PageTable::of(table, report)).collect(),
            version: env!("CARGO_PKG_VERSION"),
        };
        page.write_into(&mut *out)
    }
}

/// What a page may load and run: this style, and this script if any.
fn policy(script: Option<&str>) -> String {
    let hash = |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
    let script = script.map_or_else(String::new, |script| format!(" script-src {};", hash(script)));
    format!("default-src 'none'; style-src {};{script} base-uri 'none'; form-action 'none'", hash(STYLE))
}

/// Begins a page of another kind, in the same style and without a script.
pub(super) fn open(out: &mut dyn Write, title: &str) -> io::Result<()> {
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">", policy(None))?;
    writeln!(out, "<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>")
}

/// Ends it.
pub(super) fn close(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "</main>\n</body>\n</html>")
}

/// Untrusted text, with what could reorder or hide it made visible. The template escapes markup.
fn text(text: &str) -> String {
    escape::terminal(text).into_owned()
}

fn cards(report: &Report<'_>, attacks: Option<&Table>) -> Vec<Card> {
    let totals = report.totals;
    let then = report.before.map(|before| &before.totals);
    let compared = |now: u64, then: Option<u64>, otherwise: String| match then {
        Some(then) => format!("{}, {} before", change(now, then), thousands(then)),
        None => otherwise,
    };
    let of_all = |count: u64| format!("{} of all", share(count, totals.packets));
    let card = |title, class, count: u64, more| Card { title, class, value: thousands(count), more };
    let neither = match totals.other {
        0 => String::new(),
        other => format!("{} neither accepted nor denied", thousands(other)),
    };
    let mut cards = vec![
        card("Packets", "", totals.packets, compared(totals.packets, then.map(|t| t.packets), neither)),
        card(
            "Denied",
            "deny",
            totals.denied,
            compared(totals.denied, then.map(|t| t.denied), of_all(totals.denied)),
        ),
        card(
            "Accepted",
            "accept",
            totals.accepted,
            compared(totals.accepted, then.map(|t| t.accepted), of_all(totals.accepted)),
        ),
        card("Sources", "", totals.sources, compared(totals.sources, then.map(|t| t.sources), String::new())),
    ];
    if let Some(attacks) = attacks {
        let what = format!("suspected {}", agree(attacks.rows_in_all, "attack", "attacks"));
        cards.push(card("Attacks", "", attacks.rows_in_all, what));
    }
    let hours = report.tables.iter().flat_map(|table| &table.hours);
    if let Some((begin, counts)) = hours.max_by_key(|(begin, counts)| (counts.iter().sum::<u64>(), -begin.0))
    {
        let moment = super::moment(*begin);
        let (day, hour) = moment.split_once(' ').unwrap_or((&moment, ""));
        cards.push(Card {
            title: "Busiest hour",
            class: "",
            value: hour.get(..5).unwrap_or(hour).to_owned(),
            more: {
                let count = counts.iter().sum();
                format!("{day}, {} {}", thousands(count), noun(count, "packet"))
            },
        });
    }
    cards
}

/// The cell under a head.
fn cell<'t>(table: &Table, row: &'t [Cell], head: &str) -> Option<&'t Cell> {
    let at = table.columns.iter().position(|column| column.head == head)?;
    row.get(at).filter(|cell| !matches!(cell, Cell::Missing))
}

fn attacks(table: &Table, report: &Report<'_>) -> Option<Attacks> {
    if table.rows.is_empty() {
        return None;
    }
    let attack = |row: &Vec<Cell>| {
        let shown = |head: &str| {
            let cell = cell(table, row, head)?;
            Some(text(&tables::shown(cell, report.names)))
        };
        let address = cell(table, row, "Source IP").and_then(Cell::as_address);
        let mut evidence = format!("{} packets", shown("Packets").unwrap_or_default());
        let parts = [
            ("Target", " to "),
            ("Port", " port "),
            ("Services", " for "),
            ("Distinct", ", "),
            ("First", ", "),
            ("Last", " to "),
            ("Peak", "; peak "),
            ("Threshold", ", threshold "),
        ];
        for (head, before) in parts {
            evidence.extend(shown(head).map(|value| format!("{before}{value}")));
        }
        if let Some(Cell::Count(days @ 2..)) = cell(table, row, "Days") {
            evidence.push_str(&format!("; on {days} days"));
        }
        Attack {
            severity: shown("Severity").unwrap_or_default(),
            kind: shown("Attack").unwrap_or_default(),
            source: Source {
                is_address: address.is_some(),
                address: address.map_or_else(String::new, |address| address.to_string()),
                text: shown("Source IP").unwrap_or_else(|| "an unknown source".to_owned()),
            },
            evidence,
        }
    };
    let list: Vec<Attack> = table.rows.iter().take(ATTACKS).map(attack).collect();
    let sub = match table.rows_in_all - list.len() as u64 {
        0 => "with their evidence".to_owned(),
        more => format!(
            "the first {} of {}; the table below has more",
            list.len(),
            thousands(more + list.len() as u64)
        ),
    };
    Some(Attacks { sub, list })
}

/// A list of bars: the module, its title, the columns that name a bar.
struct List {
    name: &'static str,
    title: &'static str,
    heads: &'static [&'static str],
    whole: &'static str,
}

const LISTS: [List; 4] = [
    List { name: "ports", title: "Ports they tried", heads: &["DPort", "Proto"], whole: "denied packet" },
    List { name: "sources", title: "Noisiest sources", heads: &["Source IP"], whole: "packet" },
    List { name: "networks", title: "Noisiest networks", heads: &["Network"], whole: "packet" },
    List { name: "countries", title: "Countries", heads: &["Country"], whole: "packet" },
];

fn bar_list(table: &Table, list: &List, report: &Report<'_>) -> Option<BarList> {
    let whole = table.packets.filter(|whole| *whole > 0)?;
    // Rows that differ only in what a bar does not name share one bar.
    let mut sums: Vec<(Vec<&Cell>, u64)> = Vec::new();
    for row in &table.rows {
        let Some(Cell::Count(count)) = row.first() else { continue };
        let named: Vec<&Cell> = list.heads.iter().filter_map(|head| cell(table, row, head)).collect();
        match sums.iter_mut().find(|(other, _)| *other == named) {
            Some((_, sum)) => *sum += count,
            None => sums.push((named, *count)),
        }
    }
    sums.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    sums.truncate(BARS);
    let most = sums.first()?.1;
    let bar = |(cells, count): &(Vec<&Cell>, u64)| {
        let words: Vec<String> = cells.iter().map(|cell| text(&tables::shown(cell, report.names))).collect();
        let service = cells.iter().find_map(|cell| match cell {
            Cell::Port(port) => services::name(*port),
            _ => None,
        });
        let (port, address) =
            (cells.iter().find_map(|cell| as_port(cell)), cells.iter().find_map(|c| c.as_address()));
        Bar {
            key: key(port, address),
            text: words.join("/"),
            more: service.unwrap_or_default().to_owned(),
            count: thousands(*count),
            share: share(*count, whole),
            width: (u128::from(*count) * 1000 / u128::from(most.max(1))) as u64,
        }
    };
    let bars = sums.iter().map(bar).collect();
    let whole = format!("{} {}", thousands(whole), noun(whole, list.whole));
    Some(BarList { name: list.name, title: list.title, whole, bars })
}

fn as_port(cell: &Cell) -> Option<u16> {
    match cell {
        Cell::Port(port) => Some(*port),
        _ => None,
    }
}

/// What a click on it picks.
fn key(port: Option<u16>, address: Option<IpAddr>) -> Option<(&'static str, String)> {
    let port = port.map(|port| ("dport", port.to_string()));
    port.or_else(|| address.map(|address| ("src", address.to_string())))
}

#[cfg(test)]
mod tests;
