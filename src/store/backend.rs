//! What a packet store must be able to do. All policy lives above it ([`super::Store`]); a backend only
//! executes.

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
    /// The mark it carries, if it is ipta's.
    pub mark: Option<Mark>,
    pub view: bool,
    /// The engine's estimate of its rows.
    pub rows: Option<u64>,
}

/// The primitives. A statement that fails yields one line that says what was being done.
pub(super) trait Backend: Send {
    /// The SQL dialect.
    fn dialect(&self) -> Dialect;

    /// The store's name in messages: `database 'ipta'` or `file 'packets.db'`.
    fn place(&self) -> String;

    /// `ipta` with the options that select this store, for suggested commands.
    fn command(&self) -> String;

    /// Whether table names are case-insensitive.
    fn folds_names(&self) -> bool;

    /// Runs a statement; returns the number of rows changed.
    fn run(&mut self, doing: &str, sql: &str, values: &[Value]) -> Result<u64, StoreError>;

    /// Runs a small query.
    fn rows(&mut self, doing: &str, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// The id that the last INSERT assigned to its (first) row.
    fn last_id(&self) -> u64;

    /// Begins a transaction; on SQLite, takes the write lock.
    fn begin(&mut self) -> Result<(), StoreError>;

    /// Commits the transaction. `Unsure` if no reply arrived.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Rolls back the transaction.
    fn rollback(&mut self) -> Result<(), StoreError>;

    /// Inserts packets, at least one, into a logs table; returns the row number of the first.
    fn insert(&mut self, table: &TableName, packets: &Batch, entry: Option<u64>) -> Result<u64, StoreError>;

    /// Every packet that meets a condition and whose row number is in a range (`None`: all), in row-number order.
    fn packets(
        &mut self,
        table: &TableName,
        ids: Option<Range<u64>>,
        condition: &Condition,
        columns: Columns,
        each: &mut dyn FnMut(&Stored<'_>),
    ) -> Result<(), StoreError>;

    /// Every packet that meets a condition, in time order, via the time index; those without a time first.
    fn packets_by_time(
        &mut self,
        table: &TableName,
        condition: &Condition,
        columns: Columns,
        each: &mut dyn FnMut(&Stored<'_>),
    ) -> Result<(), StoreError>;

    /// The row numbers, from the lowest to one past the highest, of the packets that meet a time condition;
    /// none if there are none. Via the time index.
    fn id_range(&mut self, table: &TableName, times: &Condition) -> Result<Option<Range<u64>>, StoreError>;

    /// All tables and views by name, or those one name may refer to.
    fn tables(&mut self, name: Option<&TableName>) -> Result<Vec<FoundTable>, StoreError>;

    /// A table's row count, exact (true) if that takes under a second, else the best estimate.
    fn count(&mut self, table: &FoundTable) -> Option<(u64, bool)>;

    /// Whether a RENAME can swap the table for another, so that a large one need not be emptied row by row.
    /// Never on SQLite, where everything is one transaction.
    fn swaps_tables(&mut self, table: &TableName) -> Result<bool, StoreError>;

    /// Describes the store.
    fn about(&self) -> About;

    /// Returns what stops the running statement.
    fn stopper(&self) -> Stopper;

    /// The table's engine, if it lacks transactions.
    fn engine_without_transactions(&mut self, table: &TableName) -> Result<Option<String>, StoreError>;
}
