//! What an analysis ends with: tables of typed cells, which every format shows in its own way.

use std::cmp::Ordering;
use std::net::IpAddr;

use crate::netfilter::Time;

/// A module's result.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The module's name, as `--modules` takes it.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What its columns are.
    pub columns: Vec<Column>,
    /// Its rows, in their order, as many cells each as there are columns.
    pub rows: Vec<Vec<Cell>>,
    /// What has to be said beside it, a sentence each.
    pub notes: Vec<String>,
}

/// A table without its name and title: what a module's counting ends with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// See [`Table::columns`].
    pub columns: Vec<Column>,
    /// See [`Table::rows`].
    pub rows: Vec<Vec<Cell>>,
    /// See [`Table::notes`].
    pub notes: Vec<String>,
}

/// A column's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// What stands over it.
    pub head: &'static str,
    /// The least width in characters.
    pub width: usize,
    /// Numbers stand right, words left.
    pub right: bool,
}

impl Column {
    /// A column of numbers.
    pub const fn number(head: &'static str, width: usize) -> Column {
        Column { head, width, right: true }
    }

    /// A column of words, addresses or times.
    pub const fn word(head: &'static str, width: usize) -> Column {
        Column { head, width, right: false }
    }
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A count.
    Count(u64),
    /// More than this; how many was not counted.
    MoreThan(u64),
    /// A port.
    Port(u16),
    /// An address, which `--rdns` may replace by its name.
    Address(IpAddr),
    /// A word of the log, or of ours.
    Word(String),
    /// A moment.
    Time(Time),
    /// Parts of a bar, out of the largest row's: what it stands for in accepted, denied and other.
    Bar([u64; 3], u64),
    /// What does not exist.
    Missing,
}

impl Cell {
    /// A word, missing if empty.
    pub fn word(text: &str) -> Cell {
        if text.is_empty() { Cell::Missing } else { Cell::Word(text.to_owned()) }
    }

    /// An address, if there is one.
    pub fn address(address: Option<IpAddr>) -> Cell {
        address.map_or(Cell::Missing, Cell::Address)
    }

    /// A port, if there is one.
    pub fn port(port: Option<u16>) -> Cell {
        port.map_or(Cell::Missing, Cell::Port)
    }

    /// A moment, if there is one.
    pub fn time(time: Option<Time>) -> Cell {
        time.map_or(Cell::Missing, Cell::Time)
    }
}

/// Rising, what is missing last: the order of every key column.
pub fn missing_last<T: Ord>(a: Option<T>, b: Option<T>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// The first `limit` items in the order of `compare`, without sorting the others.
pub fn top<T>(mut items: Vec<T>, limit: usize, mut compare: impl FnMut(&T, &T) -> Ordering) -> Vec<T> {
    if limit < items.len() {
        items.select_nth_unstable_by(limit, &mut compare);
        items.truncate(limit);
    }
    items.sort_unstable_by(compare);
    items
}
