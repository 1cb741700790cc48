//! Tables for a terminal: as wide as their contents, but never wider than the terminal.
//!
//! What does not fit shrinks in this order: blanks between columns, bars, times (no year, no seconds), the share,
//! service names, words, addresses. Columns that still do not fit go, with their heads, on a second line of each row.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::shape::{self, NameOf, Report, Shape};
use super::text::ending;
use super::thousands;
use crate::analysis::Totals;
use crate::analysis::quantity::noun;
use crate::analysis::table::{self, Cell, Figure, Table};
use crate::escape;
use crate::filter::services;
use crate::netfilter::Verdict;

/// Tables for a terminal.
pub struct Terminal {
    /// Its width in characters.
    pub width: usize,
    /// Whether to color it.
    pub color: bool,
}

/// The color of a verdict.
pub(super) fn verdict_color(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accept => "\x1b[32m",
        Verdict::Deny => "\x1b[31m",
        Verdict::Other => "\x1b[33m",
    }
}

/// The color of a severity, by its word.
fn severity_color(word: &str) -> &'static str {
    match word {
        "high" => ALARM,
        "medium" => verdict_color(Verdict::Other),
        _ => "",
    }
}

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const ALARM: &str = "\x1b[1;31m";
const PLAIN: &str = "\x1b[0m";

/// Minimum widths of what can shrink.
const LEAST_BAR: usize = 10;
const LEAST_WORD: usize = 10;
const LEAST_ADDRESS: usize = 15;
/// A whole IPv6 network (`2001:db8:ffff::/48`): the end of one says nothing.
const LEAST_NETWORK: usize = 19;

/// How much has been shrunk; each step includes those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Squeeze {
    Nothing,
    Blanks,
    Bars,
    Times,
    Shares,
    Services,
}

const SQUEEZES: [Squeeze; 6] =
    [Squeeze::Nothing, Squeeze::Blanks, Squeeze::Bars, Squeeze::Times, Squeeze::Shares, Squeeze::Services];

impl Squeeze {
    /// Blanks between columns.
    fn blanks(self) -> usize {
        if self >= Squeeze::Blanks { 1 } else { 2 }
    }
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Address,
    Network,
    Time,
    Word,
    Action,
    Attack,
    Severity,
    Bar,
}

/// A column on its way to the terminal.
struct Column {
    head: String,
    kind: Kind,
    right: bool,
    width: usize,
    cells: Vec<String>,
}

impl Shape for Terminal {
    fn write(&self, out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
        if let Some(filters) = report.filters {
            self.paragraph(out, &filters.words, "", "")?;
        }
        let mut empty = Vec::new();
        for table in report.tables {
            if table.rows.is_empty() && table.notes.is_empty() {
                empty.push(&*table.name);
                continue;
            }
            writeln!(out)?;
            self.paragraph(out, table.title.trim_end_matches('.'), "", BOLD)?;
            self.rows(out, table, report)?;
            table.notes.iter().try_for_each(|note| self.paragraph(out, note, "  ", DIM))?;
        }
        if !empty.is_empty() {
            writeln!(out)?;
            self.paragraph(out, &format!("No rows in: {}", empty.join(", ")), "", DIM)?;
        }
        Ok(())
    }
}

impl Terminal {
    fn paint(&self, color: &str, text: &str) -> String {
        match self.color && !color.is_empty() && !text.is_empty() {
            true => format!("{color}{text}{PLAIN}"),
            false => text.to_owned(),
        }
    }

    /// Text over as many lines as it takes.
    fn paragraph(&self, out: &mut dyn Write, text: &str, indent: &str, color: &str) -> io::Result<()> {
        for line in wrapped(&escape::terminal(text), self.width.saturating_sub(indent.len())) {
            writeln!(out, "{indent}{}", self.paint(color, &line))?;
        }
        Ok(())
    }

    fn rows(&self, out: &mut dyn Write, table: &Table, report: &Report<'_>) -> io::Result<()> {
        if table.rows.is_empty() {
            return Ok(());
        }
        let (mut columns, blanks) = self.fitted(table, report.names);
        let rest = columns.split_off(self.room(&columns, blanks));
        let line = |cell: &dyn Fn(&Column) -> String| {
            let cells: Vec<String> = columns.iter().map(cell).collect();
            cells.join(&" ".repeat(blanks)).trim_end().to_owned()
        };
        writeln!(out, "{}", self.paint(DIM, &line(&|column| column.padded(&column.head))))?;
        writeln!(out, "{}", self.paint(DIM, &line(&|column| "-".repeat(column.width))))?;
        for n in 0..table.rows.len() {
            let cell = |column: &Column| {
                let text = &column.cells[n];
                column.padded(text).replacen(
                    text.as_str(),
                    &self.colored(column.kind, text, report.totals),
                    1,
                )
            };
            writeln!(out, "{}", line(&cell))?;
            let named = rest.iter().filter(|column| column.cells[n] != "-");
            let named = named.map(|column| format!("{} {}", column.head, column.cells[n].trim_start()));
            let named = named.collect::<Vec<_>>();
            for text in packed(&named, self.width.saturating_sub(4)) {
                writeln!(out, "    {}", self.paint(DIM, &text))?;
            }
        }
        Ok(())
    }

    /// The largest columns that fit, and the blanks between them. If none fit, whole cells: there will be a second
    /// line.
    fn fitted(&self, table: &Table, names: &NameOf<'_>) -> (Vec<Column>, usize) {
        for squeeze in SQUEEZES {
            let mut columns = self.columns(table, names, squeeze);
            if squeeze == Squeeze::Services {
                self.shrink(&mut columns);
            }
            if width(&columns, squeeze.blanks()) <= self.width {
                return (columns, squeeze.blanks());
            }
        }
        (self.columns(table, names, Squeeze::Times), 1)
    }

    /// The cells as text, shrunk as requested.
    fn columns(&self, table: &Table, names: &NameOf<'_>, squeeze: Squeeze) -> Vec<Column> {
        let mut columns: Vec<Column> = table
            .columns
            .iter()
            .enumerate()
            .map(|(n, column)| {
                let head = escape::terminal(&column.head).into_owned();
                let cells = || table.rows.iter().map(|row| &row[n]);
                let kind = kind(&head, column.right, cells());
                let is_target = kind == Kind::Number && head != "SPort";
                let known = is_target && cells().any(|cell| service(cell).is_some());
                let with_services = squeeze < Squeeze::Services && known;
                let shown = |cell: &Cell| match cell {
                    Cell::Port(port) if with_services => {
                        format!("{port:>5} {}", services::name(*port).unwrap_or_default())
                            .trim_end()
                            .to_owned()
                    }
                    Cell::Missing if with_services => "    -".to_owned(),
                    Cell::Time(time) if squeeze >= Squeeze::Times => {
                        super::moment(*time).get(5..16).unwrap_or("-").to_owned()
                    }
                    cell => shown(cell, names),
                };
                let right = column.right && !with_services;
                Column::new(head, kind, right, cells().map(shown).collect())
            })
            .collect();
        let counts = table.rows.iter().map(|row| match row.first() {
            Some(Cell::Count(count)) => Some(*count),
            _ => None,
        });
        let counts: Option<Vec<u64>> = counts.collect();
        if let (Some(whole), Some(counts)) = (table.packets, counts)
            && squeeze < Squeeze::Shares
        {
            let shares = counts.into_iter().map(|count| share(count, whole)).collect();
            columns.insert(1, Column::new("Share".to_owned(), Kind::Number, true, shares));
        }
        self.draw(table, &mut columns, squeeze);
        columns
    }

    /// Draws the bars in the room that the other columns leave.
    fn draw(&self, table: &Table, columns: &mut [Column], squeeze: Squeeze) {
        let others = width(columns, squeeze.blanks());
        let Some(bar) = columns.iter_mut().find(|column| column.kind == Kind::Bar) else {
            return;
        };
        let room = self.width.saturating_sub(others - bar.width);
        let least = if squeeze >= Squeeze::Bars { LEAST_BAR } else { 40 };
        bar.width = room.clamp(least, 80.max(least));
        for (cell, row) in bar.cells.iter_mut().zip(&table.rows) {
            let parts = row.iter().find_map(|cell| match cell {
                Cell::Bar(parts, most) => Some(super::bar(*parts, *most, bar.width)),
                _ => None,
            });
            *cell = parts.unwrap_or_default();
        }
    }

    /// Cuts words, then addresses, widest first.
    fn shrink(&self, columns: &mut [Column]) {
        let is_word = |kind| matches!(kind, Kind::Word | Kind::Action);
        let is_address = |kind| kind == Kind::Address;
        let is_network = |kind| kind == Kind::Network;
        let groups: [(&dyn Fn(Kind) -> bool, usize); 3] =
            [(&is_word, LEAST_WORD), (&is_network, LEAST_NETWORK), (&is_address, LEAST_ADDRESS)];
        for (wanted, least) in groups {
            while width(columns, 1) > self.width {
                let group = columns.iter_mut().filter(|column| wanted(column.kind));
                match group.max_by_key(|column| column.width) {
                    Some(widest) if widest.width > least.max(widest.head.width()) => widest.width -= 1,
                    _ => break,
                }
            }
        }
        for column in columns {
            for cell in &mut column.cells {
                *cell = ending(cell, column.width);
            }
        }
    }

    /// How many columns fit on a line. Two adjacent times stay together.
    fn room(&self, columns: &[Column], blanks: usize) -> usize {
        let fits = |n: &usize| width(&columns[..*n], blanks) <= self.width;
        let most = (1..=columns.len()).rev().find(fits).unwrap_or(1);
        let is_time = |n: usize| columns.get(n).is_some_and(|column| column.kind == Kind::Time);
        if most > 1 && is_time(most) && is_time(most - 1) { most - 1 } else { most }
    }

    fn colored(&self, kind: Kind, text: &str, totals: &Totals) -> String {
        match kind {
            Kind::Action => self.paint(totals.verdict(text).map_or("", verdict_color), text),
            Kind::Attack => self.paint(BOLD, text),
            Kind::Severity => self.paint(severity_color(text), text),
            Kind::Bar => {
                let marks = [('+', Verdict::Accept), ('#', Verdict::Deny), ('.', Verdict::Other)];
                let part = |(mark, verdict): (char, Verdict)| {
                    self.paint(verdict_color(verdict), &text.matches(mark).collect::<String>())
                };
                marks.map(part).concat()
            }
            Kind::Number | Kind::Address | Kind::Network | Kind::Time | Kind::Word => text.to_owned(),
        }
    }
}

impl Column {
    /// As wide as its widest cell.
    fn new(head: String, kind: Kind, right: bool, cells: Vec<String>) -> Column {
        let width = cells.iter().map(|cell| cell.width()).fold(head.width(), usize::max);
        Column { head, kind, right, width, cells }
    }

    fn padded(&self, text: &str) -> String {
        let blanks = " ".repeat(self.width.saturating_sub(text.width()));
        if self.right { format!("{blanks}{text}") } else { format!("{text}{blanks}") }
    }
}

fn width(columns: &[Column], blanks: usize) -> usize {
    columns.iter().map(|column| column.width).sum::<usize>() + blanks * columns.len().saturating_sub(1)
}

fn kind<'c>(head: &str, right: bool, mut cells: impl Iterator<Item = &'c Cell>) -> Kind {
    match cells.find(|cell| !matches!(cell, Cell::Missing | Cell::Gap(_))) {
        Some(Cell::Address(_) | Cell::Hosts(_)) => Kind::Address,
        Some(Cell::Time(_)) => Kind::Time,
        Some(Cell::Bar(..)) => Kind::Bar,
        Some(Cell::Word(_)) if head == "Action" => Kind::Action,
        Some(Cell::Word(_)) if head == "Network" => Kind::Network,
        Some(Cell::Word(_)) if head == "Attack" => Kind::Attack,
        Some(Cell::Word(_)) if head == "Severity" => Kind::Severity,
        _ if right => Kind::Number,
        _ => Kind::Word,
    }
}

fn service(cell: &Cell) -> Option<&'static str> {
    match cell {
        Cell::Port(port) => services::name(*port),
        _ => None,
    }
}

/// A cell in full, with digits in groups of three.
pub(super) fn shown(cell: &Cell, names: &NameOf<'_>) -> String {
    let figure = |figure: &Figure| {
        format!("{}{}", thousands(figure.count()), if figure.is_lower_bound() { "+" } else { "" })
    };
    match cell {
        Cell::Count(count) => thousands(*count),
        Cell::Figure(count) => figure(count),
        Cell::Rate(count, seconds) => format!("{}{}", figure(count), table::per(*seconds)),
        Cell::Amount(count, what) => format!("{} {}", thousands(*count), noun(*count, what)),
        cell => shape::plain(cell, names)
            .map_or_else(|| "-".to_owned(), |text| escape::terminal(&text).into_owned()),
    }
}

/// A count's share of the whole: `12.3%`.
pub(super) fn share(count: u64, whole: u64) -> String {
    let thousandths = (u128::from(count) * 1000 + u128::from(whole) / 2) / u128::from(whole.max(1));
    match thousandths {
        0 if count > 0 => "<0.1%".to_owned(),
        1000 if count < whole => ">99.9%".to_owned(),
        1000 => "100%".to_owned(),
        _ => format!("{}.{}%", thousandths / 10, thousandths % 10),
    }
}

/// Text in lines of at most `width` characters, broken at blanks; a longer word gets its own line.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    joined(&words, " ", width)
}

/// Pieces in lines of at most `width` characters, two blanks between them.
fn packed(pieces: &[String], width: usize) -> Vec<String> {
    joined(pieces, "  ", width)
}

fn joined(pieces: &[String], between: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if line.width() + between.len() + piece.width() <= width => {
                line.push_str(between);
                line.push_str(piece);
            }
            _ => lines.push(piece.clone()),
        }
    }
    lines
}

#[cfg(test)]
mod tests;
