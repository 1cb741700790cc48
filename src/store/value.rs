//! Values passed to and from small statements: the ledger, names, lists.

use crate::netfilter::Time;

/// A value for a `?`, or a cell of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Unsigned(u64),
    Signed(i64),
    Text(String),
    Bytes(Vec<u8>),
    Time(Time),
}

impl Value {
    /// A time, or NULL.
    pub fn time(time: Option<Time>) -> Value {
        time.map_or(Value::Null, Value::Time)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        Value::Unsigned(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

/// A row of a small query.
#[derive(Clone, Debug)]
pub(super) struct Row(pub Vec<Value>);

impl Row {
    fn cell(&self, at: usize) -> &Value {
        self.0.get(at).unwrap_or(&Value::Null)
    }

    /// A number that fits, or nothing.
    pub fn number<N: TryFrom<i128>>(&self, at: usize) -> Option<N> {
        match self.cell(at) {
            Value::Unsigned(number) => N::try_from(i128::from(*number)).ok(),
            Value::Signed(number) => N::try_from(i128::from(*number)).ok(),
            // The text protocol, and SUM() of integers, which MySQL returns as DECIMAL.
            other => std::str::from_utf8(other.bytes()).ok()?.parse::<i128>().ok()?.try_into().ok(),
        }
    }

    /// A count; 0 for anything else.
    pub fn count(&self, at: usize) -> u64 {
        self.number(at).unwrap_or(0)
    }

    /// The bytes of text or binary data; empty for anything else.
    pub fn bytes(&self, at: usize) -> &[u8] {
        self.cell(at).bytes()
    }

    /// Text; empty for anything else.
    pub fn text(&self, at: usize) -> String {
        String::from_utf8_lossy(self.bytes(at)).into_owned()
    }

    /// Text, or nothing for NULL.
    pub fn optional_text(&self, at: usize) -> Option<String> {
        (*self.cell(at) != Value::Null).then(|| self.text(at))
    }

    /// A time, or nothing.
    pub fn time(&self, at: usize) -> Option<Time> {
        self.cell(at).moment()
    }
}

impl Value {
    fn bytes(&self) -> &[u8] {
        match self {
            Value::Text(text) => text.as_bytes(),
            Value::Bytes(bytes) => bytes,
            Value::Null | Value::Unsigned(_) | Value::Signed(_) | Value::Time(_) => b"",
        }
    }

    fn moment(&self) -> Option<Time> {
        match self {
            Value::Time(time) => Some(*time),
            other => super::moment::Moment::parse(other.bytes())?.time(),
        }
    }
}
