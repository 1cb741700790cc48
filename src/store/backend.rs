//! What a place for packets must be able to do. All rules stand above it ([`super::Store`]); a
//! backend only carries out.

use std::ops::Range;

use super::columns::{Columns, Stored};
use super::condition::Condition;
use super::query_backend::Stopper;
use super::schema::{Dialect, Mark};
use super::value::{Row, Value};
use super::{About, StoreError, TableKind, TableName};
use crate::netfilter::batch::Batch;

/// A table or view.
pub(super) struct FoundTable {
    pub name: String,
    pub kind: TableKind,
    /// What it says of itself, if it is ipta's.
    pub mark: Option<Mark>,
    pub view: bool,
    /// The engine's estimate of its rows.
    pub rows: Option<u64>,
}

/// The primitives. Each statement fails with one line that says what was being done.
pub(super) trait Backend: Send {
    /// Whose SQL is spoken.
    fn dialect(&self) -> Dialect;

    /// What messages call the place: `database 'ipta'` or `file 'packets.db'`.
    fn place(&self) -> String;

    /// `ipta` with the options that lead here, for a command to type.
    fn command(&self) -> String;

    /// Whether names that differ in case are one table.
    fn folds_names(&self) -> bool;

    /// Runs a statement; gives the number of rows changed.
    fn run(&mut self, doing: &str, sql: &str, values: &[Value]) -> Result<u64, StoreError>;

    /// Runs a small query.
    fn rows(&mut self, doing: &str, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// The id that the last INSERT gave to its (first) row.
    fn last_id(&self) -> u64;

    /// Begins a transaction; on SQLite with the write lock taken.
    fn begin(&mut self) -> Result<(), StoreError>;

    /// Ends a transaction. `Unsure` if the answer never came.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Undoes a transaction.
    fn rollback(&mut self) -> Result<(), StoreError>;

    /// Adds packets, at least one, to a logs table; gives the row number of the first.
    fn insert(&mut self, table: &TableName, packets: &Batch, entry: Option<u64>) -> Result<u64, StoreError>;

    /// Every packet that fulfils a condition and whose row number lies in a range (`None`: all), in
    /// the order of row numbers.
    fn packets(
        &mut self,
        table: &TableName,
        ids: Option<Range<u64>>,
        condition: &Condition,
        columns: Columns,
        each: &mut dyn FnMut(&Stored<'_>),
    ) -> Result<(), StoreError>;

    /// Every packet that fulfils a condition, in the order of time, by the index on it; those without
    /// a time first.
    fn packets_by_time(
        &mut self,
        table: &TableName,
        condition: &Condition,
        columns: Columns,
        each: &mut dyn FnMut(&Stored<'_>),
    ) -> Result<(), StoreError>;

    /// The row numbers, from the least to after the greatest, of the packets that fulfil a condition
    /// on the time; none if there is no such packet. By the index on the time.
    fn id_range(&mut self, table: &TableName, times: &Condition) -> Result<Option<Range<u64>>, StoreError>;

    /// All tables and views by name, or those that may be meant by one name.
    fn tables(&mut self, name: Option<&TableName>) -> Result<Vec<FoundTable>, StoreError>;

    /// Rows of a table, counted within a second (true), or as good as can be told then.
    fn count(&mut self, table: &FoundTable) -> Option<(u64, bool)>;

    /// Whether the tables of the database can be replaced by others with a RENAME, so that a large
    /// one need not be emptied row by row. None of SQLite's: there all is one transaction.
    fn swaps_tables(&mut self, table: &TableName) -> Result<bool, StoreError>;

    /// What it is.
    fn about(&self) -> About;

    /// What stops the statement under way.
    fn stopper(&self) -> Stopper;

    /// Whether the database has a table of transactions under this name; the engine's name if not.
    fn engine_without_transactions(&mut self, table: &TableName) -> Result<Option<String>, StoreError>;
}
