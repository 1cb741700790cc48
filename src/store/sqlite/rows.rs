//! Driver values as cells and as the store's own values.
//!
//! Any program may have written to the file, and SQLite does not enforce column types.

use rusqlite::types::{Value as Raw, ValueRef};
use rusqlite::{Error, Statement};

use crate::netfilter::Time;
use crate::store::columns::{Cells, ColumnValue};
use crate::store::moment::{self, Moment};
use crate::store::value::{Row, Value};

impl<'a> ColumnValue<'a> for ValueRef<'a> {
    const MISSING: ValueRef<'a> = ValueRef::Null;

    fn bytes(self) -> &'a [u8] {
        match self {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
            ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => b"",
        }
    }

    fn number(self) -> Option<u64> {
        match self {
            ValueRef::Integer(number) => u64::try_from(number).ok(),
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => None,
        }
    }

    fn time(self) -> Option<Time> {
        Moment::parse(self.bytes())?.time()
    }
}

/// A row of a small query.
pub(super) fn row(row: &rusqlite::Row<'_>) -> Result<Row, Error> {
    let mut cells = Vec::new();
    while let Ok(cell) = row.get_ref(cells.len()) {
        cells.push(match cell {
            ValueRef::Null | ValueRef::Real(_) => Value::Null,
            ValueRef::Integer(number) => Value::Signed(number),
            ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        });
    }
    Ok(Row(cells))
}

/// Values for the placeholders of a statement.
pub(super) fn bound(values: &[Value]) -> impl Iterator<Item = Raw> {
    values.iter().map(|value| match value {
        Value::Null => Raw::Null,
        // Device and inode numbers may use all 64 bits; they round-trip unchanged.
        Value::Unsigned(number) => Raw::Integer(*number as i64),
        Value::Signed(number) => Raw::Integer(*number),
        Value::Text(text) => Raw::Text(text.clone()),
        Value::Bytes(bytes) => Raw::Blob(bytes.clone()),
        Value::Time(time) => Raw::Text(moment::text(*time)),
    })
}

/// Binds the cells of a row one by one.
pub(super) struct Binder<'a, 'c> {
    pub statement: &'a mut Statement<'c>,
    pub at: usize,
}

impl Binder<'_, '_> {
    fn bind(&mut self, value: impl rusqlite::ToSql) -> Result<(), Error> {
        self.at += 1;
        self.statement.raw_bind_parameter(self.at, value)
    }
}

impl Cells for Binder<'_, '_> {
    type Error = Error;

    fn null(&mut self) -> Result<(), Error> {
        self.bind(Raw::Null)
    }

    fn time(&mut self, time: Time) -> Result<(), Error> {
        let text = Moment::of(time).text();
        self.text(&text)
    }

    fn text(&mut self, text: &[u8]) -> Result<(), Error> {
        // Text in a batch is always UTF-8.
        self.bind(std::str::from_utf8(text).unwrap_or_default())
    }

    fn word(&mut self, word: &str) -> Result<(), Error> {
        self.bind(word)
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.bind(bytes)
    }

    fn number(&mut self, number: u64) -> Result<(), Error> {
        self.bind(number as i64)
    }
}
