//! User queries: where a statement ends, which statements only read, and the rows they return.
//!
//! Pure: runs nothing. Admission is the first safeguard, not the only one; the store has its own.

mod admission;
mod template;
mod tokens;

pub use admission::{admit, changes, counts_rows};
pub use template::{PACKETS, Template};
pub use tokens::{split, unfinished};

use std::borrow::Cow;
use std::io;
use std::net::IpAddr;
use std::ops::ControlFlow;

/// The SQL dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// MySQL and MariaDB.
    MySql,
    /// SQLite.
    Sqlite,
}

/// What a session may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read.
    ReadOnly,
    /// Whatever the account may do.
    Write,
}

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name or expression, as the database gives it.
    pub name: String,
    /// Whether it holds numbers.
    pub number: bool,
}

/// A value of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A whole number of 2^63 or more.
    Large(u64),
    /// Any other number.
    Real(f64),
    /// A text, a timestamp, or a database number that none of the types above holds.
    Text(Cow<'a, str>),
    /// An address, from a column that holds addresses.
    Address(IpAddr),
    /// Any other bytes.
    Bytes(&'a [u8]),
}

/// Receives the answer to a statement.
pub trait Answer {
    /// Receives the columns, before the rows.
    fn columns(&mut self, columns: &[Column]) -> io::Result<()>;
    /// Receives a row; may say that no more are wanted.
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<ControlFlow<()>>;
}

/// Whether a column of this name, its own or that of its expression, holds addresses.
pub fn holds_addresses(own: Option<&str>, shown: &str) -> bool {
    const ADDRESSES: [&str; 3] = ["src_ip", "dst_ip", "address"];
    let own = own.unwrap_or_default();
    ADDRESSES.contains(&own)
        || shown.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| ADDRESSES.contains(&word))
}

/// Bytes as a cell: an address if the column holds addresses, else text, else bytes.
pub fn cell_of_bytes(bytes: &[u8], addresses: bool) -> Cell<'_> {
    if addresses {
        if let Ok(four) = <[u8; 4]>::try_from(bytes) {
            return Cell::Address(IpAddr::from(four));
        }
        if let Ok(sixteen) = <[u8; 16]>::try_from(bytes) {
            return Cell::Address(IpAddr::from(sixteen));
        }
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cell::Text(text.into()),
        Err(_) => Cell::Bytes(bytes),
    }
}

/// Bytes as an SQL hex literal: `0x1f8b`.
pub fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}
