//! Driver values as cells and as the store's own values.

use mysql::Value as Raw;

use crate::netfilter::Time;
use crate::store::columns::ColumnValue;
use crate::store::moment::Moment;
use crate::store::value::{Row, Value};

impl<'a> ColumnValue<'a> for &'a Raw {
    const MISSING: &'a Raw = &Raw::NULL;

    fn bytes(self) -> &'a [u8] {
        match self {
            Raw::Bytes(bytes) => bytes,
            _ => b"",
        }
    }

    fn number(self) -> Option<u64> {
        match self {
            Raw::Int(number) => u64::try_from(*number).ok(),
            Raw::UInt(number) => Some(*number),
            Raw::Bytes(digits) => std::str::from_utf8(digits).ok()?.parse().ok(),
            _ => None,
        }
    }

    fn time(self) -> Option<Time> {
        match self {
            Raw::Date(year, month, day, hour, minute, second, micros) => Moment {
                year: *year,
                month: *month,
                day: *day,
                hour: *hour,
                minute: *minute,
                second: *second,
                micros: *micros,
            }
            .time(),
            Raw::Bytes(text) => Moment::parse(text)?.time(),
            _ => None,
        }
    }
}

/// A row of a small query.
pub(super) fn row(row: mysql::Row) -> Row {
    Row(row.unwrap().into_iter().map(value).collect())
}

fn value(raw: Raw) -> Value {
    match raw {
        Raw::Int(number) => Value::Signed(number),
        Raw::UInt(number) => Value::Unsigned(number),
        Raw::Bytes(bytes) => Value::Bytes(bytes),
        Raw::Date(..) => Value::time((&raw).time()),
        Raw::NULL | Raw::Float(_) | Raw::Double(_) | Raw::Time(..) => Value::Null,
    }
}

/// Values for the placeholders of a statement.
pub(super) fn bound(values: &[Value]) -> Vec<Raw> {
    values.iter().map(raw).collect()
}

fn raw(value: &Value) -> Raw {
    match value {
        Value::Null => Raw::NULL,
        Value::Unsigned(number) => Raw::UInt(*number),
        Value::Signed(number) => Raw::Int(*number),
        Value::Text(text) => Raw::Bytes(text.clone().into_bytes()),
        Value::Bytes(bytes) => Raw::Bytes(bytes.clone()),
        Value::Time(time) => {
            let m = Moment::of(*time);
            Raw::Date(m.year, m.month, m.day, m.hour, m.minute, m.second, m.micros)
        }
    }
}
