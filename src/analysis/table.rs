//! The result of an analysis: tables of typed cells, which every format shows in its own way.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::net::IpAddr;

use super::attacks::{Finding, Hosts};
use super::blocklist::Blocklist;
use crate::netfilter::Time;

/// A module's result.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The module's name, as `--modules` takes it.
    pub name: Cow<'static, str>,
    /// Its title.
    pub title: Cow<'static, str>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows in order, one cell per column.
    pub rows: Vec<Vec<Cell>>,
    /// Notes on it, one sentence each.
    pub notes: Vec<String>,
    /// How many rows there are without a limit.
    pub rows_in_all: u64,
    /// How many packets the module counted, of which a row's count is a share; none if rows are not parts of a whole.
    pub packets: Option<u64>,
    /// Only for the timeline: packets by hour and verdict (see [`Cell::Bar`]) in time order, with the start of each
    /// hour that had any.
    pub hours: Vec<(Time, [u64; 3])>,
    /// Only for attacks: the findings behind the rows.
    pub findings: Vec<Finding>,
    /// Whom to block, if requested; there are no rows then.
    pub blocklist: Option<Blocklist>,
}

/// A table without its name and title: what a counter yields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// See [`Table::columns`].
    pub columns: Vec<Column>,
    /// See [`Table::rows`].
    pub rows: Vec<Vec<Cell>>,
    /// See [`Table::notes`].
    pub notes: Vec<String>,
    /// See [`Table::rows_in_all`].
    pub rows_in_all: u64,
    /// See [`Table::packets`].
    pub packets: Option<u64>,
    /// See [`Table::hours`].
    pub hours: Vec<(Time, [u64; 3])>,
    /// See [`Table::findings`].
    pub findings: Vec<Finding>,
    /// See [`Table::blocklist`].
    pub blocklist: Option<Blocklist>,
}

impl Body {
    /// The table with this name and title.
    pub fn titled(self, name: &'static str, title: &'static str) -> Table {
        let Body { columns, rows, notes, rows_in_all, packets, hours, findings, blocklist } = self;
        let (name, title) = (name.into(), title.into());
        Table { name, title, columns, rows, notes, rows_in_all, packets, hours, findings, blocklist }
    }
}

/// A column's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its title.
    pub head: Cow<'static, str>,
    /// Minimum width in characters.
    pub width: usize,
    /// Numbers align right, words left.
    pub right: bool,
}

impl Column {
    /// A column of numbers.
    pub const fn number(head: &'static str, width: usize) -> Column {
        Column { head: Cow::Borrowed(head), width, right: true }
    }

    /// A column of words, addresses or times.
    pub const fn word(head: &'static str, width: usize) -> Column {
        Column { head: Cow::Borrowed(head), width, right: false }
    }
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A count.
    Count(u64),
    /// A count that may be a lower bound.
    Figure(Figure),
    /// A count per this many seconds.
    Rate(Figure, u64),
    /// A count of things, named by their singular.
    Amount(u64, &'static str),
    /// A port.
    Port(u16),
    /// An address, which `--rdns` may replace with its name.
    Address(IpAddr),
    /// An address, or how many there were.
    Hosts(Hosts),
    /// A word from the log, or one of ours.
    Word(String),
    /// A moment.
    Time(Time),
    /// The accepted, denied and other counts of a bar, and the sum of the largest row.
    Bar([u64; 3], u64),
    /// In place of a time: how long nothing came, in words. Its row is only for human readers.
    Gap(String),
    /// A number that is not a count, from a user's own module.
    Number(Number),
    /// No value.
    Missing,
}

/// A number that may be negative or fractional.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer.
    Whole(i64),
    /// Any other.
    Real(f64),
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Whole(number) => number.fmt(f),
            Number::Real(number) => number.fmt(f),
        }
    }
}

/// A count, exact or a lower bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// The exact count.
    Exactly(u64),
    /// There are more, or may be.
    AtLeast(u64),
}

impl Figure {
    /// The number.
    pub fn count(self) -> u64 {
        match self {
            Figure::Exactly(count) | Figure::AtLeast(count) => count,
        }
    }

    /// Whether there may be more.
    pub fn is_lower_bound(self) -> bool {
        matches!(self, Figure::AtLeast(_))
    }
}

impl fmt::Display for Figure {
    /// `121`, `121+`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_lower_bound() { "+" } else { "" };
        write!(f, "{}{sign}", self.count())
    }
}

impl Cell {
    /// Its address, if it holds one.
    pub fn as_address(&self) -> Option<IpAddr> {
        match self {
            Cell::Address(address) => Some(*address),
            Cell::Hosts(hosts) => hosts.one(),
            Cell::Count(_)
            | Cell::Figure(_)
            | Cell::Rate(..)
            | Cell::Amount(..)
            | Cell::Port(_)
            | Cell::Word(_)
            | Cell::Time(_)
            | Cell::Bar(..)
            | Cell::Gap(_)
            | Cell::Number(_)
            | Cell::Missing => None,
        }
    }

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

/// A rate as people write it: `121+/min`.
pub fn rate(figure: Figure, seconds: u64) -> String {
    format!("{figure}{}", per(seconds))
}

/// The unit of a rate: `/min`.
pub fn per(seconds: u64) -> String {
    match seconds {
        60 => "/min".to_owned(),
        86_400 => "/day".to_owned(),
        seconds => format!("/{seconds} s"),
    }
}

/// Ascending, missing values last: the order of every key column.
pub fn missing_last<T: Ord>(a: Option<T>, b: Option<T>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// Indices of the largest counts: at least `limit` of them, including all that tie with the last. Counts compare
/// fast, and few of many groups are that large.
pub fn largest(counts: &[u64], limit: usize) -> Vec<u32> {
    let mut least = 0;
    if limit > 0 && limit < counts.len() {
        least = *counts.to_vec().select_nth_unstable_by(limit - 1, |a, b| b.cmp(a)).1;
    }
    (0..).zip(counts).filter(|(_, count)| **count >= least).map(|(place, _)| place).collect()
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
