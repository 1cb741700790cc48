//! Reading the values of a document, and collecting what is wrong with them.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::correction::correction;
use super::error::Problem;
use super::kind::{KeyKind, module_keys, prefix_keys, threshold_keys};
use super::settings::keys;
use super::{Choice, OwnModule, PrefixChoice, nearest};
use crate::escape::terminal;
use crate::filter::Thresholds;
use crate::netfilter::Verdict;

/// A problem without a corrected line.
pub(super) fn problem(line: usize, text: impl Into<String>) -> Problem {
    Problem { line, text: text.into(), fix: None }
}

/// Offsets of the line ends. A file may have very many wrong lines; looking each one up from the start would
/// take minutes.
fn line_ends(text: &str) -> Vec<usize> {
    text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i).collect()
}

/// Reads a document, and collects what is wrong with it.
pub(super) struct DocumentReader<'t> {
    text: &'t str,
    ends: Vec<usize>,
    /// The problems so far.
    pub(super) problems: Vec<Problem>,
}

/// A value and its place in the file.
pub(super) type TomlValue<'a> = Spanned<DeValue<'a>>;

impl<'t> DocumentReader<'t> {
    /// Reads nothing yet.
    pub(super) fn new(text: &'t str) -> Self {
        DocumentReader { text, ends: line_ends(text), problems: Vec::new() }
    }

    /// The number, from 1, of the line that contains a byte.
    pub(super) fn line_at(&self, offset: usize) -> usize {
        1 + self.ends.partition_point(|end| *end < offset)
    }

    pub(super) fn text_of_line(&self, line: usize) -> &str {
        let start = line.checked_sub(2).and_then(|i| self.ends.get(i)).map_or(0, |end| end + 1);
        let end = line.checked_sub(1).and_then(|i| self.ends.get(i)).copied();
        self.text.get(start..end.unwrap_or(self.text.len())).unwrap_or_default()
    }

    /// The text of a value, without the quotes of a string.
    pub(super) fn source(&self, value: &TomlValue<'_>) -> String {
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

    /// The value if it is what the key takes; else adds a problem.
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

    /// The `prefix` list, or the `[[prefix]]` sections.
    pub(super) fn prefixes(&mut self, line: usize, value: &TomlValue<'_>) -> Option<Vec<PrefixChoice>> {
        let items: Vec<&TomlValue<'_>> = match value.get_ref() {
            DeValue::Array(items) if !items.is_empty() => items.iter().collect(),
            DeValue::String(_) => vec![value],
            DeValue::Table(_) => {
                self.problems.push(problem(line, "prefix is written in double brackets: [[prefix]]"));
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
                        astray(name, prefix_keys())
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

    /// One `[[module]]`.
    pub(super) fn module(&mut self, item: &TomlValue<'_>) -> Option<OwnModule> {
        let line = self.line_at(item.span().start);
        let DeValue::Table(table) = item.get_ref() else {
            self.problems.push(problem(line, format!("module {}", KeyKind::Modules.wants())));
            return None;
        };
        let (mut name, mut title, mut sql) = (None, None, None);
        for (key, value) in table {
            let line = self.line_at(key.span().start);
            let word: &str = key.get_ref();
            let text = filled(value.get_ref());
            let text = self.take(word, &KeyKind::Text, line, value, text);
            match word {
                "name" => name = text,
                "title" => title = text,
                "sql" => sql = text,
                _ => {
                    let guess = astray(word, module_keys());
                    let text = format!("there is no key {} in [[module]]{guess}", short(word));
                    self.problems.push(problem(line, text));
                }
            }
        }
        for key in ["name", "sql"] {
            if !table.contains_key(key) {
                self.problems.push(problem(line, format!("this [[module]] has no {key}")));
            }
        }
        let (name, sql) = (name?, sql?);
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if name.len() > 32 || !name.chars().all(fits) {
            let text = "the name of a module takes lowercase letters, digits, - and _, at most 32 characters"
                .to_owned();
            self.problems.push(problem(line, text));
            return None;
        }
        Some(OwnModule { title: title.unwrap_or_else(|| name.clone()), name, sql })
    }

    /// The `[attacks]` section: the default thresholds, overridden by those it names.
    pub(super) fn thresholds(&mut self, table: &DeTable<'_>) -> Thresholds {
        let mut thresholds = Thresholds::default();
        for (key, value) in table {
            let line = self.line_at(key.span().start);
            let name: &str = key.get_ref();
            let Some((_, kind)) = threshold_keys().into_iter().find(|(known, _)| *known == name) else {
                let text =
                    format!("there is no key {} in [attacks]{}", short(name), astray(name, threshold_keys()));
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

/// A name from the file, for a message.
pub(super) fn short(name: &str) -> String {
    match name.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", terminal(name.get(..end).unwrap_or_default())),
        None => terminal(name).into_owned(),
    }
}

/// What a mistyped key may have meant, or else all keys.
pub(super) fn guess(name: &str, known: Vec<(&'static str, KeyKind)>) -> String {
    match nearest(name, known.iter().map(|(key, _)| *key)) {
        Some(key) => format!("; did you mean {key}?"),
        None => {
            format!("; the keys are {}", known.iter().map(|(key, _)| *key).collect::<Vec<_>>().join(", "))
        }
    }
}

/// The same for a key in a section, where one of the top of the file may have ended up.
fn astray(name: &str, known: Vec<(&'static str, KeyKind)>) -> String {
    match keys().iter().any(|(key, _)| *key == name) {
        true => "; move it above the first section".to_owned(),
        false => guess(name, known),
    }
}

/// Non-empty text.
pub(super) fn filled(value: &DeValue<'_>) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A number of 0 or more.
pub(super) fn number(value: &DeValue<'_>) -> Option<u32> {
    let number = value.as_integer()?;
    u32::from_str_radix(number.as_str(), number.radix()).ok()
}

/// A list of strings; a single string is a list of one.
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
