//! Queries that a user types: where one statement ends, which of them only read, and the rows that
//! come back.
//!
//! Pure: runs nothing. What is admitted here is the first lock on a table, not the only one; the
//! store has its own.

mod admission;
mod template;
mod tokens;

pub use admission::admit;
pub use template::{PACKETS, Template};
pub use tokens::{split, unfinished};

use std::borrow::Cow;
use std::io;
use std::net::IpAddr;
use std::ops::ControlFlow;

/// Whose SQL is spoken.
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
    /// A whole number from 2^63 on.
    Large(u64),
    /// Any other number.
    Real(f64),
    /// A text, a moment, or a number of the database's that no type above holds.
    Text(Cow<'a, str>),
    /// An address, of a column that holds addresses.
    Address(IpAddr),
    /// Bytes that are neither.
    Bytes(&'a [u8]),
}

/// Takes the answer to a statement.
pub trait Answer {
    /// Takes the columns, before the rows.
    fn columns(&mut self, columns: &[Column]) -> io::Result<()>;
    /// Takes a row; may say that no more are wanted.
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<ControlFlow<()>>;
}

/// Whether a column of this name, its own or that of its expression, holds addresses.
pub fn holds_addresses(own: Option<&str>, shown: &str) -> bool {
    const ADDRESSES: [&str; 3] = ["src_ip", "dst_ip", "address"];
    let own = own.unwrap_or_default();
    ADDRESSES.contains(&own)
        || shown.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| ADDRESSES.contains(&word))
}

/// Bytes as a cell: an address where the column holds such, else a text, else bytes.
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

/// Bytes as SQL writes them in digits: `0x1f8b`.
pub fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}
