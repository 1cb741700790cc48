//! What `~/.ipta-conf` says, key by key.
//!
//! The document is walked by hand and not through serde: serde's messages repeat the values they
//! dislike, and one of them may be a password.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Problem;
use super::historic::{correction, kind_of, line as historic_line};
use super::keys::{KeyKind, canonical, prefix_keys, threshold_keys};
use super::settings::{keys, read_key};
use super::{Choice, Layer, PrefixChoice, nearest};
use crate::escape::terminal;
use crate::filter::Thresholds;
use crate::netfilter::Verdict;

/// A problem without a corrected line.
pub(super) fn problem(line: usize, text: impl Into<String>) -> Problem {
    Problem { line, text: text.into(), fix: None }
}

/// The settings in a document, or everything that is wrong with it.
pub(super) fn read(text: &str) -> Result<Layer, Vec<Problem>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut reading = DocumentReader { text, ends: line_ends(text), problems: Vec::new() };
    if errors.is_empty() {
        let layer = reading.document(document.get_ref());
        if reading.problems.is_empty() {
            return Ok(layer);
        }
    } else {
        let mut by_line = BTreeMap::new();
        for error in &errors {
            let line = reading.line_at(error.span().map_or(0, |span| span.start));
            by_line.entry(line).or_insert_with(|| reading.syntax(line, error.message()));
        }
        // Behind a line that it cannot read the parser may pass over others of the old style.
        for (n, text) in text.lines().enumerate() {
            let broken = || !DeTable::parse_recoverable(text).1.is_empty();
            if historic_line(text).is_some() && !by_line.contains_key(&(n + 1)) && broken() {
                by_line.insert(n + 1, reading.syntax(n + 1, ""));
            }
        }
        reading.problems.extend(by_line.into_values());
    }
    reading.problems.sort_by_key(|p| p.line);
    Err(reading.problems)
}

/// Offsets of the ends of lines. A file may have very many wrong lines; looking each up from the
/// start would take minutes.
fn line_ends(text: &str) -> Vec<usize> {
    text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i).collect()
}

/// Reads a document, and collects what is wrong with it.
pub(super) struct DocumentReader<'t> {
    text: &'t str,
    ends: Vec<usize>,
    problems: Vec<Problem>,
}

/// A value and where it stands.
pub(super) type TomlValue<'a> = Spanned<DeValue<'a>>;

impl DocumentReader<'_> {
    /// The line, from 1, that a byte is in.
    fn line_at(&self, offset: usize) -> usize {
        1 + self.ends.partition_point(|end| *end < offset)
    }

    fn text_of_line(&self, line: usize) -> &str {
        let start = line.checked_sub(2).and_then(|i| self.ends.get(i)).map_or(0, |end| end + 1);
        let end = line.checked_sub(1).and_then(|i| self.ends.get(i)).copied();
        self.text.get(start..end.unwrap_or(self.text.len())).unwrap_or_default()
    }

    /// A line the TOML parser cannot read. Its text is only looked at, never repeated: it may be
    /// the middle of a password.
    fn syntax(&self, line: usize, message: &str) -> Problem {
        match historic_line(self.text_of_line(line)) {
            Some((key, fix)) => {
                let wants = kind_of(key).map_or_else(String::new, |kind| kind.wants());
                Problem { line, text: format!("{key} {wants}"), fix }
            }
            None => problem(line, format!("this is no TOML ({message})")),
        }
    }

    fn document(&mut self, table: &DeTable<'_>) -> Layer {
        let mut layer = Layer::default();
        for (key, value) in table {
            let line = self.line_at(key.span().start);
            let name: &str = key.get_ref();
            if !read_key(&mut layer, self, name, line, value) {
                self.unknown(name, line, value);
            }
        }
        layer
    }

    fn unknown(&mut self, name: &str, line: usize, value: &TomlValue<'_>) {
        let shown_name = short(name);
        if value.get_ref().is_table() {
            let text = format!("there is no section [{shown_name}]; keys stand above the first section");
            return self.problems.push(problem(line, text));
        }
        let mut found = problem(line, format!("there is no key {shown_name}"));
        match canonical(name) {
            Some((key, opposite)) => {
                found.fix =
                    kind_of(key).and_then(|kind| correction(key, &kind, &self.source(value), opposite));
                if found.fix.is_none() {
                    found.text.push_str(&format!("; it is {key} now"));
                }
            }
            None => found.text.push_str(&guess(name, keys())),
        }
        self.problems.push(found);
    }

    /// The text of a value, without the quotes of a string.
    fn source(&self, value: &TomlValue<'_>) -> String {
        match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            _ => self.text.get(value.span()).unwrap_or_default().to_owned(),
        }
    }

    fn wrong(&mut self, key: &str, kind: &KeyKind, line: usize, value: &TomlValue<'_>) {
        let fix = match value.get_ref() {
            DeValue::Array(_) | DeValue::Table(_) => None,
            _ => correction(key, kind, &self.source(value), false),
        };
        self.problems.push(Problem { line, text: format!("{key} {}", kind.wants()), fix });
    }

    /// The value if it is what the key takes; else a problem.
    pub(super) fn take<T>(
        &mut self,
        key: &str,
        kind: &KeyKind,
        line: usize,
        value: &TomlValue<'_>,
        got: Option<T>,
    ) -> Option<T> {
        if got.is_none() {
            self.wrong(key, kind, line, value);
        }
        got
    }

    /// The list `prefix`, or the sections `[[prefix]]`.
    pub(super) fn prefixes(&mut self, line: usize, value: &TomlValue<'_>) -> Option<Vec<PrefixChoice>> {
        let items: Vec<&TomlValue<'_>> = match value.get_ref() {
            DeValue::Array(items) if !items.is_empty() => items.iter().collect(),
            DeValue::String(_) => vec![value],
            DeValue::Table(_) => {
                self.problems.push(problem(line, "prefix stands in double brackets: [[prefix]]"));
                return None;
            }
            _ => {
                self.wrong("prefix", &KeyKind::Prefixes, line, value);
                return None;
            }
        };
        items.into_iter().map(|item| self.prefix(item)).collect()
    }

    fn prefix(&mut self, item: &TomlValue<'_>) -> Option<PrefixChoice> {
        let line = self.line_at(item.span().start);
        let table = match item.get_ref() {
            DeValue::String(name) if !name.is_empty() => return Some(PrefixChoice::Named(name.to_string())),
            DeValue::Table(table) => table,
            _ => {
                self.problems.push(problem(line, format!("prefix {}", KeyKind::Prefixes.wants())));
                return None;
            }
        };
        let (mut pattern, mut action, mut verdict) = (None, None, None);
        for (key, value) in table {
            let line = self.line_at(key.span().start);
            let name: &str = key.get_ref();
            let got = filled(value.get_ref());
            match prefix_keys().into_iter().find(|(known, _)| *known == name) {
                Some(("pattern", kind)) => pattern = self.take(name, &kind, line, value, got),
                Some(("action", kind)) => action = self.take(name, &kind, line, value, got),
                Some((_, kind)) => {
                    let got = got.and_then(|word| Verdict::of(&word));
                    verdict = self.take(name, &kind, line, value, got);
                }
                None => {
                    let text = format!(
                        "there is no key {} in [[prefix]]{}",
                        short(name),
                        guess(name, prefix_keys())
                    );
                    self.problems.push(problem(line, text));
                }
            }
        }
        if !table.contains_key("pattern") {
            self.problems.push(problem(line, "this [[prefix]] has no pattern"));
        }
        Some(match (pattern?, action, verdict) {
            (pattern, None, None) => PrefixChoice::Named(pattern),
            (pattern, action, verdict) => PrefixChoice::Rule { pattern, action, verdict },
        })
    }

    /// The section `[attacks]`: the usual thresholds, with those that it names.
    pub(super) fn thresholds(&mut self, table: &DeTable<'_>) -> Thresholds {
        let mut thresholds = Thresholds::default();
        for (key, value) in table {
            let line = self.line_at(key.span().start);
            let name: &str = key.get_ref();
            let Some((_, kind)) = threshold_keys().into_iter().find(|(known, _)| *known == name) else {
                let text =
                    format!("there is no key {} in [attacks]{}", short(name), guess(name, threshold_keys()));
                self.problems.push(problem(line, text));
                continue;
            };
            if kind == KeyKind::Ports {
                if let Some(ports) = self.take(name, &kind, line, value, ports(value.get_ref())) {
                    thresholds.auth_ports = ports;
                }
                continue;
            }
            let got = self.take(name, &kind, line, value, number(value.get_ref()).filter(|n| *n > 0));
            for (known, count) in thresholds.counts_mut() {
                if let (true, Some(got)) = (known == name, got) {
                    *count = got;
                }
            }
        }
        thresholds
    }
}

/// A name of the file's for a message.
fn short(name: &str) -> String {
    match name.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", terminal(name.get(..end).unwrap_or_default())),
        None => terminal(name).into_owned(),
    }
}

fn guess(name: &str, known: Vec<(&'static str, KeyKind)>) -> String {
    match nearest(name, known.iter().map(|(key, _)| *key)) {
        Some(key) => format!("; did you mean {key}?"),
        None => {
            format!("; the keys are {}", known.iter().map(|(key, _)| *key).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A text that is not empty.
pub(super) fn filled(value: &DeValue<'_>) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A number of 0 or more.
pub(super) fn number(value: &DeValue<'_>) -> Option<u32> {
    let number = value.as_integer()?;
    u32::from_str_radix(number.as_str(), number.radix()).ok()
}

/// A list of texts; one text is a list of one.
pub(super) fn list(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::Array(items) => items.iter().map(|item| filled(item.get_ref())).collect(),
        one => filled(one).map(|text| vec![text]),
    }
}

fn ports(value: &DeValue<'_>) -> Option<Vec<u16>> {
    let port =
        |item: &TomlValue<'_>| number(item.get_ref()).and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0);
    value.as_array()?.iter().map(port).collect()
}

#[cfg(test)]
mod tests;
