//! An answer as a table for people, or as a list of records if the table is too wide.

use std::io::{self, Write};
use std::mem;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{AnswerShape, plain};
use crate::escape;
use crate::query::{Cell, Column};

/// Rows sampled for the column widths; later rows are written as they come.
const SAMPLE: usize = 500;

/// Text columns are cut to no fewer characters than this; a table still too wide for the terminal becomes records.
const NARROW: usize = 10;

/// A table for people.
pub struct TextTable {
    /// What the terminal has room for; if none, nothing is cut.
    room: Option<usize>,
    columns: Vec<Column>,
    waiting: Vec<Vec<String>>,
    layout: Option<Layout>,
    rows: u64,
    cut: bool,
}

enum Layout {
    /// Widths of the columns.
    Table(Vec<usize>),
    /// The width of the names.
    Records(usize),
}

impl TextTable {
    /// For a terminal of `room` columns; if none, as wide as it needs to be.
    pub fn new(room: Option<usize>) -> TextTable {
        TextTable { room, columns: Vec::new(), waiting: Vec::new(), layout: None, rows: 0, cut: false }
    }

    /// Chooses the layout, writes the heads and the rows that waited.
    fn lay_out(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let heads: Vec<String> =
            self.columns.iter().map(|column| escape::terminal(&column.name).into_owned()).collect();
        let mut widths: Vec<usize> = heads.iter().map(|head| head.width()).collect();
        for row in &self.waiting {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let layout = match self.room.is_none_or(|room| fit(&mut widths, &self.columns, room)) {
            true => Layout::Table(widths),
            false => Layout::Records(heads.iter().map(|head| head.width()).max().unwrap_or(0)),
        };
        if let Layout::Table(widths) = &layout {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            self.cut |= self.line(out, &heads, widths)?;
            self.line(out, &rules, widths)?;
        }
        self.layout = Some(layout);
        for row in mem::take(&mut self.waiting) {
            self.write(out, &row)?;
        }
        Ok(())
    }

    /// Writes a line of a table; true if a cell was cut, which only happens on a terminal.
    fn line(&self, out: &mut dyn Write, cells: &[String], widths: &[usize]) -> io::Result<bool> {
        let mut line = String::new();
        let mut cut = false;
        for (n, ((cell, column), width)) in cells.iter().zip(&self.columns).zip(widths).enumerate() {
            if n > 0 {
                line.push(' ');
            }
            let shown = match self.room.is_some() && cell.width() > *width && !column.number {
                true => {
                    cut = true;
                    &shortened(cell, *width)
                }
                false => cell,
            };
            let blanks = " ".repeat(width.saturating_sub(shown.width()));
            match column.number {
                true => line.extend([blanks.as_str(), shown]),
                false => line.extend([shown, blanks.as_str()]),
            }
        }
        writeln!(out, "{}", line.trim_end())?;
        Ok(cut)
    }

    fn write(&mut self, out: &mut dyn Write, row: &[String]) -> io::Result<()> {
        self.rows += 1;
        match &self.layout {
            Some(Layout::Table(widths)) => {
                self.cut |= self.line(out, row, widths)?;
                Ok(())
            }
            Some(Layout::Records(width)) => {
                writeln!(out, "--- {} ---", self.rows)?;
                for (column, cell) in self.columns.iter().zip(row) {
                    let name = escape::terminal(&column.name);
                    let blanks = " ".repeat(width.saturating_sub(name.width()));
                    writeln!(out, "{}", format!("{name}{blanks}  {cell}").trim_end())?;
                }
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl AnswerShape for TextTable {
    fn columns(&mut self, _: &mut dyn Write, columns: &[Column]) -> io::Result<()> {
        *self = TextTable { columns: columns.to_vec(), ..TextTable::new(self.room) };
        Ok(())
    }

    fn row(&mut self, out: &mut dyn Write, cells: &[Cell<'_>]) -> io::Result<()> {
        let text = |cell: &Cell<'_>| {
            plain(cell).map_or_else(|| "NULL".to_owned(), |text| escape::terminal(&text).into_owned())
        };
        let row: Vec<String> = cells.iter().map(text).collect();
        if self.layout.is_some() {
            return self.write(out, &row);
        }
        self.waiting.push(row);
        if self.waiting.len() >= SAMPLE { self.lay_out(out) } else { Ok(()) }
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.layout.is_none() {
            self.lay_out(out)?;
        }
        if self.cut {
            writeln!(
                out,
                "  Values that end in … were cut to fit the terminal; \\format json shows them whole."
            )?;
        }
        Ok(())
    }
}

/// Narrows the widest text columns until all fit; false if they cannot.
fn fit(widths: &mut [usize], columns: &[Column], room: usize) -> bool {
    loop {
        let needed = widths.iter().sum::<usize>() + widths.len().saturating_sub(1);
        if needed <= room {
            return true;
        }
        let words = widths.iter_mut().zip(columns).filter(|(_, column)| !column.number);
        match words.map(|(width, _)| width).filter(|width| **width > NARROW).max() {
            Some(widest) => *widest -= 1,
            None => return false,
        }
    }
}

/// The start of a text, `width` wide with an ellipsis.
fn shortened(text: &str, width: usize) -> String {
    let mut used = 1;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= width
    };
    let mut shown: String = text.chars().take_while(fits).collect();
    shown.push('…');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(room: Option<usize>, columns: &[(&str, bool)], rows: &[&[Cell<'_>]]) -> String {
        let mut out = Vec::new();
        let mut table = TextTable::new(room);
        let columns: Vec<Column> = columns
            .iter()
            .map(|(name, number)| Column { name: (*name).to_owned(), number: *number })
            .collect();
        table.columns(&mut out, &columns).expect("writes");
        for row in rows {
            table.row(&mut out, row).expect("writes");
        }
        table.end(&mut out).expect("writes");
        String::from_utf8(out).expect("UTF-8")
    }

    fn text(text: &str) -> Cell<'_> {
        Cell::Text(text.into())
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let rows: [&[Cell<'_>]; 2] = [&[Cell::Integer(138), text("DROP")], &[Cell::Integer(7), Cell::Null]];
        assert_eq!(
            written(None, &[("n", true), ("action", false)], &rows),
            "  n action\n--- ------\n138 DROP\n  7 NULL\n"
        );
    }

    #[test]
    fn words_are_cut_to_fit_the_terminal_and_that_is_said() {
        let rows: [&[Cell<'_>]; 1] = [&[Cell::Integer(1), text("a word that is quite long")]];
        let shown = written(Some(20), &[("n", true), ("text", false)], &rows);
        assert!(shown.starts_with("n text\n- ------------------\n1 a word that is qu…\n"), "{shown}");
        assert!(shown.contains("cut to fit"), "{shown}");
    }

    #[test]
    fn what_does_not_fit_becomes_records() {
        let rows: [&[Cell<'_>]; 1] = [&[text("abcdefghijkl"), text("the second"), Cell::Null]];
        assert_eq!(
            written(Some(20), &[("a", false), ("another", false), ("c", false)], &rows),
            "--- 1 ---\na        abcdefghijkl\nanother  the second\nc        NULL\n",
        );
    }

    #[test]
    fn an_answer_without_rows_has_its_heads() {
        assert_eq!(written(Some(80), &[("a", false)], &[]), "a\n-\n");
    }
}
