//! The contents of `~/.ipta-conf`, key by key.
//!
//! The document is walked by hand, not through serde: serde's messages repeat the values they reject, and one
//! of them may be a password.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::correction::correction;
use super::error::Problem;
use super::historic::{canonical, kind_of, line as historic_line};
use super::kind::threshold_keys;
use super::reader::{DocumentReader, TomlValue, guess, problem, short};
use super::settings::{keys, read_key};
use super::{Layer, nearest};

/// The settings in a document, or everything that is wrong with it.
pub(super) fn read(text: &str) -> Result<Layer, Vec<Problem>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut reading = DocumentReader::new(text);
    if errors.is_empty() {
        let layer = document_of(&mut reading, document.get_ref());
        if reading.problems.is_empty() {
            return Ok(layer);
        }
    } else {
        let mut by_line = BTreeMap::new();
        for error in &errors {
            let line = reading.line_at(error.span().map_or(0, |span| span.start));
            by_line.entry(line).or_insert_with(|| syntax(&reading, line, error.message()));
        }
        // After a line it cannot read, the parser may skip others in the old style.
        for (n, text) in text.lines().enumerate() {
            let broken = || !DeTable::parse_recoverable(text).1.is_empty();
            if historic_line(text).is_some() && !by_line.contains_key(&(n + 1)) && broken() {
                by_line.insert(n + 1, syntax(&reading, n + 1, ""));
            }
        }
        reading.problems.extend(by_line.into_values());
    }
    reading.problems.sort_by_key(|p| p.line);
    Err(reading.problems)
}

/// A line the TOML parser cannot read. Its text is only inspected, never repeated: it may be the middle of a
/// password.
fn syntax(reader: &DocumentReader<'_>, line: usize, message: &str) -> Problem {
    let text = reader.text_of_line(line);
    if message.contains("duplicate key") {
        let word = text
            .trim()
            .trim_matches(|c| matches!(c, '[' | ']'))
            .split(['=', ' ', '.'])
            .next()
            .unwrap_or_default();
        let known = keys().iter().any(|(key, _)| *key == word);
        let key = if known { word } else { "a key" };
        return problem(line, format!("{key} is already set above; keep one of the two"));
    }
    match historic_line(text) {
        Some((key, fix)) => {
            let wants = kind_of(key).map_or_else(String::new, |kind| kind.wants());
            Problem { line, text: format!("{key} {wants}"), fix }
        }
        None => problem(line, format!("this is not TOML ({message})")),
    }
}

fn document_of(reader: &mut DocumentReader<'_>, table: &DeTable<'_>) -> Layer {
    let mut layer = Layer::default();
    for (key, value) in table {
        let line = reader.line_at(key.span().start);
        let name: &str = key.get_ref();
        if !read_key(&mut layer, reader, name, line, value) {
            unknown(reader, name, line, value);
        }
    }
    layer
}

fn unknown(reader: &mut DocumentReader<'_>, name: &str, line: usize, value: &TomlValue<'_>) {
    let shown_name = short(name);
    if value.get_ref().is_table() {
        let way_out = match nearest(name, ["attacks", "prefix", "module"]) {
            Some(meant) => format!("did you mean [{meant}]?"),
            None => "keys go above the first section".to_owned(),
        };
        let text = format!("there is no section [{shown_name}]; {way_out}");
        return reader.problems.push(problem(line, text));
    }
    let mut found = problem(line, format!("there is no key {shown_name}"));
    match canonical(name) {
        Some((key, opposite)) => {
            found.fix = kind_of(key).and_then(|kind| correction(key, &kind, &reader.source(value), opposite));
            if found.fix.is_none() {
                found.text.push_str(&format!("; it is now called {key}"));
            }
        }
        None if threshold_keys().iter().any(|(key, _)| *key == name) => {
            found.text.push_str(" above the first section; write it in the section [attacks]");
        }
        None => found.text.push_str(&guess(name, keys())),
    }
    reader.problems.push(found);
}

#[cfg(test)]
mod tests;
