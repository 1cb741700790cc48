//! The values of settings in `~/.ipta-conf`: how they are read, described and written.

use std::path::{Path, PathBuf};

use toml::de::DeValue;
use toml_edit::{Array, InlineTable, Value as Toml};

use super::kind::KeyKind;
use super::reader::{DocumentReader, TomlValue, filled, list, number};
use super::{Choice, OwnModule, Password, PrefixChoice, shown};
use crate::fault::said;
use crate::filter::Thresholds;

/// A type that a setting in the file can have.
pub(super) trait FileValue: Sized {
    /// The kind of its keys.
    fn kind() -> KeyKind;

    /// Reads a value; problems go to the reader.
    fn read(reader: &mut DocumentReader<'_>, key: &str, line: usize, value: &TomlValue<'_>) -> Option<Self>;

    /// Writes a value; the error says why the file cannot hold it.
    fn toml(&self) -> Result<Toml, String>;
}

impl FileValue for String {
    fn kind() -> KeyKind {
        KeyKind::Text
    }

    fn read(reader: &mut DocumentReader<'_>, key: &str, line: usize, value: &TomlValue<'_>) -> Option<Self> {
        reader.take(key, &Self::kind(), line, value, filled(value.get_ref()))
    }

    fn toml(&self) -> Result<Toml, String> {
        Ok(self.as_str().into())
    }
}

impl FileValue for Password {
    fn kind() -> KeyKind {
        KeyKind::Secret
    }

    fn read(reader: &mut DocumentReader<'_>, key: &str, line: usize, value: &TomlValue<'_>) -> Option<Self> {
        let got = value.get_ref().as_str().map(|text| Password(text.to_owned()));
        reader.take(key, &Self::kind(), line, value, got)
    }

    fn toml(&self) -> Result<Toml, String> {
        Ok(self.0.as_str().into())
    }
}

impl FileValue for PathBuf {
    fn kind() -> KeyKind {
        KeyKind::Path
    }

    fn read(reader: &mut DocumentReader<'_>, key: &str, line: usize, value: &TomlValue<'_>) -> Option<Self> {
        reader.take(key, &Self::kind(), line, value, filled(value.get_ref())).map(PathBuf::from)
    }

    fn toml(&self) -> Result<Toml, String> {
        lasting(self).map(Toml::from)
    }
}

impl FileValue for bool {
    fn kind() -> KeyKind {
        KeyKind::Switch
    }

    fn read(reader: &mut DocumentReader<'_>, key: &str, line: usize, value: &TomlValue<'_>) -> Option<Self> {
        reader.take(key, &Self::kind(), line, value, value.get_ref().as_bool())
    }

    fn toml(&self) -> Result<Toml, String> {
        Ok((*self).into())
    }
}

/// Any number.
impl FileValue for u32 {
    fn kind() -> KeyKind {
        KeyKind::Number(0..=u32::MAX)
    }

    fn read(reader: &mut DocumentReader<'_>, key: &str, line: usize, value: &TomlValue<'_>) -> Option<Self> {
        reader.take(key, &Self::kind(), line, value, number(value.get_ref()))
    }

    fn toml(&self) -> Result<Toml, String> {
        Ok(i64::from(*self).into())
    }
}

/// A port.
impl FileValue for u16 {
    fn kind() -> KeyKind {
        KeyKind::Number(1..=65535)
    }

    fn read(reader: &mut DocumentReader<'_>, key: &str, line: usize, value: &TomlValue<'_>) -> Option<Self> {
        let got = number(value.get_ref()).and_then(|n| n.try_into().ok()).filter(|port| *port > 0);
        reader.take(key, &Self::kind(), line, value, got)
    }

    fn toml(&self) -> Result<Toml, String> {
        Ok(i64::from(*self).into())
    }
}

/// A count, at least one.
impl FileValue for usize {
    fn kind() -> KeyKind {
        KeyKind::Number(1..=u32::MAX)
    }

    fn read(reader: &mut DocumentReader<'_>, key: &str, line: usize, value: &TomlValue<'_>) -> Option<Self> {
        let got = number(value.get_ref()).and_then(|n| n.try_into().ok()).filter(|count| *count > 0);
        reader.take(key, &Self::kind(), line, value, got)
    }

    fn toml(&self) -> Result<Toml, String> {
        i64::try_from(*self).map(Toml::from).map_err(|_| format!("not saved: {self} is too large"))
    }
}

impl FileValue for Vec<String> {
    fn kind() -> KeyKind {
        KeyKind::List
    }

    fn read(reader: &mut DocumentReader<'_>, key: &str, line: usize, value: &TomlValue<'_>) -> Option<Self> {
        reader.take(key, &Self::kind(), line, value, list(value.get_ref()))
    }

    fn toml(&self) -> Result<Toml, String> {
        Ok(self.iter().collect::<Array>().into())
    }
}

impl FileValue for Vec<PathBuf> {
    fn kind() -> KeyKind {
        KeyKind::List
    }

    fn read(reader: &mut DocumentReader<'_>, key: &str, line: usize, value: &TomlValue<'_>) -> Option<Self> {
        let texts: Option<Vec<String>> = FileValue::read(reader, key, line, value);
        texts.map(|texts| texts.into_iter().map(PathBuf::from).collect())
    }

    fn toml(&self) -> Result<Toml, String> {
        let paths: Result<Array, String> = self.iter().map(|path| lasting(path)).collect();
        paths.map(Toml::from)
    }
}

impl<T: Choice> FileValue for T {
    fn kind() -> KeyKind {
        KeyKind::Word(T::listed())
    }

    fn read(reader: &mut DocumentReader<'_>, key: &str, line: usize, value: &TomlValue<'_>) -> Option<Self> {
        let got = filled(value.get_ref()).and_then(|word| T::of(&word));
        reader.take(key, &Self::kind(), line, value, got)
    }

    fn toml(&self) -> Result<Toml, String> {
        Ok(self.word().into())
    }
}

impl FileValue for Vec<PrefixChoice> {
    fn kind() -> KeyKind {
        KeyKind::Prefixes
    }

    fn read(reader: &mut DocumentReader<'_>, _: &str, line: usize, value: &TomlValue<'_>) -> Option<Self> {
        reader.prefixes(line, value)
    }

    fn toml(&self) -> Result<Toml, String> {
        Ok(self.iter().map(prefix).collect::<Array>().into())
    }
}

fn prefix(choice: &PrefixChoice) -> Toml {
    match choice {
        PrefixChoice::Named(name) => name.as_str().into(),
        PrefixChoice::Rule { pattern, action, verdict } => {
            let mut rule = InlineTable::new();
            rule.insert("pattern", pattern.as_str().into());
            if let Some(action) = action {
                rule.insert("action", action.as_str().into());
            }
            if let Some(verdict) = verdict {
                rule.insert("verdict", verdict.word().into());
            }
            rule.into()
        }
    }
}

impl FileValue for Vec<OwnModule> {
    fn kind() -> KeyKind {
        KeyKind::Modules
    }

    fn read(reader: &mut DocumentReader<'_>, key: &str, line: usize, value: &TomlValue<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::Array(items) => items.iter().map(|item| reader.module(item)).collect(),
            _ => reader.take(key, &Self::kind(), line, value, None),
        }
    }

    fn toml(&self) -> Result<Toml, String> {
        let table = |module: &OwnModule| {
            let texts = [("name", &module.name), ("title", &module.title), ("sql", &module.sql)];
            texts.into_iter().map(|(key, text)| (key, text.as_str())).collect::<InlineTable>()
        };
        Ok(self.iter().map(table).collect::<Array>().into())
    }
}

impl FileValue for Thresholds {
    fn kind() -> KeyKind {
        KeyKind::Thresholds
    }

    fn read(reader: &mut DocumentReader<'_>, key: &str, line: usize, value: &TomlValue<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::Table(table) => Some(reader.thresholds(table)),
            _ => reader.take(key, &Self::kind(), line, value, None),
        }
    }

    fn toml(&self) -> Result<Toml, String> {
        let mut table: InlineTable =
            self.clone().counts_mut().into_iter().map(|(name, count)| (name, i64::from(*count))).collect();
        table.insert(
            "auth_ports",
            self.auth_ports.iter().map(|port| i64::from(*port)).collect::<Array>().into(),
        );
        Ok(table.into())
    }
}

/// A path as the file stores it: it must mean the same from every directory.
pub(super) fn lasting(file: &Path) -> Result<String, String> {
    let whole = std::path::absolute(file).map_err(|e| format!("not saved: {}: {}", shown(file), said(&e)))?;
    match whole.to_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(format!(
            "not saved: the name {} is not UTF-8, so it cannot be written to the file",
            shown(file)
        )),
    }
}
