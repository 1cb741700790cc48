//! Answers to queries, written row by row as they come.

mod table;

use std::io::{self, Write};

use serde_json::{Map, Value};

use crate::escape;
use crate::query::{Cell, Column, hex};
pub use table::TextTable;

/// A way to write answers. A document begins, holds the answers to any number of statements, and is finished.
pub trait AnswerShape {
    /// Begins the document.
    fn begin(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// Begins an answer.
    fn columns(&mut self, out: &mut dyn Write, columns: &[Column]) -> io::Result<()>;

    /// Writes a row.
    fn row(&mut self, out: &mut dyn Write, cells: &[Cell<'_>]) -> io::Result<()>;

    /// Ends an answer.
    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// Ends the document.
    fn finish(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// A cell as plain text, in full; none for NULL.
fn plain(cell: &Cell<'_>) -> Option<String> {
    Some(match cell {
        Cell::Null => return None,
        Cell::Integer(number) => number.to_string(),
        Cell::Large(number) => number.to_string(),
        Cell::Real(number) => real(*number),
        Cell::Text(text) => text.clone().into_owned(),
        Cell::Address(address) => address.to_string(),
        Cell::Bytes(bytes) => hex(bytes),
    })
}

/// A number, with an exponent if very large or very small.
fn real(number: f64) -> String {
    match number == 0.0 || (1e-5..1e16).contains(&number.abs()) {
        true => number.to_string(),
        false => format!("{number:e}"),
    }
}

/// One JSON object per row.
#[derive(Default)]
pub struct JsonLines {
    keys: Vec<String>,
}

impl AnswerShape for JsonLines {
    fn columns(&mut self, _: &mut dyn Write, columns: &[Column]) -> io::Result<()> {
        self.keys.clear();
        for column in columns {
            // An object's keys must be unique.
            let same = |key: &String| {
                *key == column.name || key.strip_prefix(&column.name).is_some_and(|n| n.starts_with('_'))
            };
            let key = match self.keys.contains(&column.name) {
                true => format!("{}_{}", column.name, 1 + self.keys.iter().filter(|key| same(key)).count()),
                false => column.name.clone(),
            };
            self.keys.push(key);
        }
        Ok(())
    }

    fn row(&mut self, out: &mut dyn Write, cells: &[Cell<'_>]) -> io::Result<()> {
        let value = |cell: &Cell<'_>| match cell {
            Cell::Integer(number) => (*number).into(),
            Cell::Large(number) => (*number).into(),
            Cell::Real(number) => (*number).into(),
            Cell::Null | Cell::Text(_) | Cell::Address(_) | Cell::Bytes(_) => Value::from(plain(cell)),
        };
        let row: Map<String, Value> = self.keys.iter().cloned().zip(cells.iter().map(value)).collect();
        writeln!(out, "{}", escape::json(&Value::Object(row).to_string()))
    }
}

/// A header and rows; NULL is an empty cell. A blank line separates answers.
#[derive(Default)]
pub struct CsvRows {
    answers: u64,
}

impl CsvRows {
    fn record(out: &mut dyn Write, cells: impl Iterator<Item = String>) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(cells)?;
        writer.flush()
    }
}

impl AnswerShape for CsvRows {
    fn columns(&mut self, out: &mut dyn Write, columns: &[Column]) -> io::Result<()> {
        if self.answers > 0 {
            writeln!(out)?;
        }
        self.answers += 1;
        CsvRows::record(out, columns.iter().map(|column| escape::spreadsheet(&column.name)))
    }

    fn row(&mut self, out: &mut dyn Write, cells: &[Cell<'_>]) -> io::Result<()> {
        let cell = |cell: &Cell<'_>| match cell {
            // A negative number is not a formula.
            Cell::Integer(_) | Cell::Large(_) | Cell::Real(_) => plain(cell).unwrap_or_default(),
            Cell::Null | Cell::Text(_) | Cell::Address(_) | Cell::Bytes(_) => {
                plain(cell).map(|text| escape::spreadsheet(&text)).unwrap_or_default()
            }
        };
        CsvRows::record(out, cells.iter().map(cell))
    }
}

/// One Markdown table per answer.
#[derive(Default)]
pub struct MarkdownTables {
    answers: u64,
}

impl AnswerShape for MarkdownTables {
    fn columns(&mut self, out: &mut dyn Write, columns: &[Column]) -> io::Result<()> {
        if self.answers > 0 {
            writeln!(out)?;
        }
        self.answers += 1;
        let heads: Vec<String> = columns.iter().map(|column| escape::markdown(&column.name)).collect();
        let rules: Vec<&str> =
            columns.iter().map(|column| if column.number { "---:" } else { "---" }).collect();
        writeln!(out, "| {} |\n| {} |", heads.join(" | "), rules.join(" | "))
    }

    fn row(&mut self, out: &mut dyn Write, cells: &[Cell<'_>]) -> io::Result<()> {
        let cell =
            |cell: &Cell<'_>| plain(cell).map_or_else(|| "NULL".to_owned(), |text| escape::markdown(&text));
        writeln!(out, "| {} |", cells.iter().map(cell).collect::<Vec<_>>().join(" | "))
    }
}

/// One page with a table per answer.
#[derive(Default)]
pub struct HtmlTables {
    numbers: Vec<bool>,
}

impl HtmlTables {
    fn class(number: bool) -> &'static str {
        if number { " class=\"n\"" } else { "" }
    }
}

impl AnswerShape for HtmlTables {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        super::html::open(out, "ipta: a query")
    }

    fn columns(&mut self, out: &mut dyn Write, columns: &[Column]) -> io::Result<()> {
        self.numbers = columns.iter().map(|column| column.number).collect();
        writeln!(out, "<div class=\"table\"><table>\n<thead><tr>")?;
        for column in columns {
            writeln!(out, "<th{}>{}</th>", HtmlTables::class(column.number), escape::html(&column.name))?;
        }
        writeln!(out, "</tr></thead>\n<tbody>")
    }

    fn row(&mut self, out: &mut dyn Write, cells: &[Cell<'_>]) -> io::Result<()> {
        write!(out, "<tr>")?;
        for (cell, number) in cells.iter().zip(&self.numbers) {
            let text = plain(cell).unwrap_or_else(|| "NULL".to_owned());
            write!(out, "<td{}>{}</td>", HtmlTables::class(*number), escape::html(&text))?;
        }
        writeln!(out, "</tr>")
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "</tbody></table></div>")
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        super::html::close(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(shape: &mut dyn AnswerShape) -> String {
        let mut out = Vec::new();
        let column = |name: &str, number| Column { name: name.to_owned(), number };
        shape.begin(&mut out).expect("writes");
        shape
            .columns(&mut out, &[column("n", true), column("n", false), column("a|b", false)])
            .expect("writes");
        let address = Cell::Address("192.0.2.1".parse().expect("an address"));
        shape.row(&mut out, &[Cell::Integer(-1), Cell::Text("\x1b[31m=1".into()), address]).expect("writes");
        shape.row(&mut out, &[Cell::Null, Cell::Bytes(&[0xff]), Cell::Text("=1".into())]).expect("writes");
        shape.end(&mut out).expect("writes");
        shape.finish(&mut out).expect("writes");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn json_has_every_column_under_a_key_of_its_own() {
        assert_eq!(
            written(&mut JsonLines::default()),
            "{\"n\":-1,\"n_2\":\"\\u001b[31m=1\",\"a|b\":\"192.0.2.1\"}\n\
             {\"n\":null,\"n_2\":\"0xff\",\"a|b\":\"=1\"}\n"
        );
    }

    #[test]
    fn csv_has_numbers_as_numbers_and_no_formula() {
        assert_eq!(written(&mut CsvRows::default()), "n,n,a|b\n-1,\\x1b[31m=1,192.0.2.1\n,0xff,'=1\n");
    }

    #[test]
    fn very_large_and_very_small_numbers_have_an_exponent() {
        for (number, text) in
            [(0.0, "0"), (0.1, "0.1"), (-2.5e6, "-2500000"), (1e300, "1e300"), (2e-9, "2e-9")]
        {
            assert_eq!(real(number), text);
        }
    }

    #[test]
    fn markdown_is_a_table() {
        assert_eq!(
            written(&mut MarkdownTables::default()),
            "| n | n | a\\|b |\n| ---: | --- | --- |\n| -1 | \\\\x1b\\[31m=1 | 192.0.2.1 |\n| NULL | 0xff | =1 |\n"
        );
    }

    #[test]
    fn html_is_one_page() {
        let page = written(&mut HtmlTables::default());
        assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"), "{page}");
        assert!(page.contains("<td class=\"n\">-1</td><td>\\x1b[31m=1</td><td>192.0.2.1</td>"), "{page}");
    }
}
