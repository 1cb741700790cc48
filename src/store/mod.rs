//! Where packets are stored: one protocol on top of two backends, a MySQL server and a single SQLite file.
//!
//! Owns the logs tables, the import ledger, the name cache and all SQL. Must not know about commands, reports
//! or log files. Table names enter only as [`TableName`]; values are bound, or escaped by the driver.

mod backend;
mod columns;
mod condition;
mod historic;
pub mod identity;
mod import;
mod ledger;
mod messages;
mod moment;
mod mysql;
mod name;
mod names;
mod overlap;
mod prune;
mod queries;
mod query_backend;
mod schema;
mod sqlite;
mod tables;
mod upgrade;
mod value;

pub use columns::{Columns, Stored};
pub use import::{Pushed, Step};
pub use ledger::Entry;
pub use mysql::create_database;
pub use name::TableName;
pub use overlap::KnownPackets;
pub use queries::QuerySession;
pub use query_backend::{Done, QueryError, Stopper};
pub use tables::{Reconciled, TableInfo};
pub use upgrade::Upgraded;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::Place;
use crate::filter::Filters;
use backend::Backend;
use condition::Condition;
use value::{Row, Value};

/// What went wrong in a store. Each message is one line that names the cause and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No server answers, the password is wrong, the file does not open, no permission, disk full ...
    #[error("{0}")]
    Failed(String),
    /// The server rejects this account: another one, or a password, may help.
    #[error("{0}")]
    Refused(String),
    /// The account lacks the privilege for one statement; nothing was changed.
    #[error("{0}")]
    NoRight(String),
    /// A table named in a statement does not exist.
    #[error("{0}")]
    NoTable(String),
    /// Another transaction conflicted and this one was rolled back; a retry may succeed.
    #[error("{0}")]
    Conflict(String),
    /// The reply to a COMMIT never arrived: the work may or may not be done; the ledger knows.
    #[error("{0}")]
    Unsure(String),
    /// Rows that this import stored are gone.
    #[error("{0}")]
    Emptied(String),
}

/// How long to retry while another transaction conflicts.
const PATIENCE: Duration = Duration::from_secs(60);

/// The first pause before a retry; each is up to twice as long as the previous one.
const PAUSE: Duration = Duration::from_millis(5);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Receives a note while a statement is running; called on another thread.
pub type Notice = Arc<dyn Fn(&str) + Send + Sync>;

/// Opens a store: connects to the server's database, or opens the file. With `create_file` a missing file is
/// created; without, it is an error. `notice` is told what takes long, and why.
pub fn open(place: &Place, create_file: bool, notice: Notice) -> Result<Store, StoreError> {
    Ok(Store {
        backend: match place {
            Place::Server(server) => Box::new(mysql::open(server, notice)?),
            Place::File(path) => Box::new(sqlite::open(path, create_file, notice)?),
        },
    })
}

/// What a name refers to in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// No table of that name.
    Missing,
    /// A logs table of this schema version.
    Logs {
        /// Random, created with the table: distinguishes it from one that replaced it.
        incarnation: String,
    },
    /// A logs table or ledger of another schema version.
    OtherVersion(u32),
    /// A logs table created by the C program (integer addresses).
    Historic,
    /// A name cache.
    Names,
    /// The import ledger.
    Ledger,
    /// A leftover of a cleared table; the next call that writes drops it.
    Leftover,
    /// Not ipta's.
    Foreign,
}

/// Facts about a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The engine and its version.
    pub version: String,
    /// Whether a server accepts files (`local_infile`); none for a store without that setting.
    pub takes_files: Option<bool>,
}

impl About {
    /// The server's own command-line client.
    pub fn client(&self) -> &'static str {
        if self.version.starts_with("MySQL") { "mysql" } else { "mariadb" }
    }
}

/// A packet store.
pub struct Store {
    backend: Box<dyn Backend>,
}

impl Store {
    /// Its name in messages: `database 'ipta'` or `file 'packets.db'`.
    pub fn place(&self) -> String {
        self.backend.place()
    }

    /// Describes it.
    pub fn about(&self) -> About {
        self.backend.about()
    }

    /// Returns what stops the running statement.
    pub fn stopper(&self) -> Stopper {
        self.backend.stopper()
    }

    /// The column names of a logs table.
    pub fn column_names() -> impl Iterator<Item = &'static str> {
        std::iter::once("id").chain(columns::COLUMNS.into_iter().map(|(name, _)| name))
    }

    /// Whether the table has no rows.
    pub fn is_empty(&mut self, table: &TableName) -> Result<bool, StoreError> {
        let sql = format!("SELECT 1 FROM `{table}` LIMIT 1");
        Ok(self.backend.rows("reading a table", &sql, &[])?.is_empty())
    }

    /// The lowest row number of a table and one past the highest; none if it has no rows.
    pub fn ids(&mut self, table: &TableName) -> Result<Option<Range<u64>>, StoreError> {
        let sql = format!("SELECT MIN(id), MAX(id) FROM `{table}`");
        let rows = self.backend.rows("reading a table", &sql, &[])?;
        let ends = rows.first().and_then(|row| row.number(0).zip(row.number::<u64>(1)));
        Ok(ends.map(|(first, last)| first..last + 1))
    }

    /// Every packet of a logs table that passes the filters, in row order (id). Filters are applied here, in
    /// SQL where possible. Only the columns that `columns` requests are filled; the others are empty.
    ///
    /// Rows are mostly in time order, so a time filter becomes a short range of row numbers; the time index
    /// alone would return the rows out of order and one by one.
    pub fn packets(
        &mut self,
        table: &TableName,
        filters: &Filters,
        columns: Columns,
        each: &mut dyn FnMut(&Stored<'_>),
    ) -> Result<(), StoreError> {
        let dialect = self.backend.dialect();
        let ids = match Condition::only_times(dialect, filters) {
            None => None,
            Some(times) => match self.backend.id_range(table, &times)? {
                None => return Ok(()),
                Some(range) => Some(range),
            },
        };
        self.backend.packets(table, ids, &Condition::of(dialect, filters), columns, each)
    }

    /// The same in time order, those without a time first: slower, since rows are stored in another order.
    pub fn packets_by_time(
        &mut self,
        table: &TableName,
        filters: &Filters,
        columns: Columns,
        each: &mut dyn FnMut(&Stored<'_>),
    ) -> Result<(), StoreError> {
        let condition = Condition::of(self.backend.dialect(), filters);
        self.backend.packets_by_time(table, &condition, columns, each)
    }

    /// Action words of the table, at most `most`.
    pub fn actions(&mut self, table: &TableName, most: usize) -> Result<BTreeSet<String>, StoreError> {
        let sql = format!("SELECT DISTINCT action FROM `{table}` LIMIT {most}");
        let rows = self.backend.rows("reading a table", &sql, &[])?;
        Ok(rows.iter().map(|row| row.text(0)).collect())
    }

    /// How many packets pass all filters except the time filters, and have no time.
    pub fn count_timeless(&mut self, table: &TableName, filters: &Filters) -> Result<u64, StoreError> {
        let condition = Condition::rest(self.backend.dialect(), filters);
        let sql = format!("SELECT COUNT(*) FROM `{table}` WHERE `timestamp` IS NULL AND {}", condition.sql);
        let rows = self.backend.rows("counting packets", &sql, &condition.values)?;
        Ok(rows.first().map_or(0, |row| row.count(0)))
    }

    /// The ledger's name for a table.
    fn key(&self, table: &TableName) -> String {
        match self.backend.folds_names() {
            true => table.as_str().to_ascii_lowercase(),
            false => table.to_string(),
        }
    }

    fn run(&mut self, doing: &str, statement: (String, Vec<Value>)) -> Result<u64, StoreError> {
        self.backend.run(doing, &statement.0, &statement.1)
    }

    fn rows(&mut self, doing: &str, statement: (String, Vec<Value>)) -> Result<Vec<Row>, StoreError> {
        self.backend.rows(doing, &statement.0, &statement.1)
    }

    /// Runs `work` in a transaction, retrying on conflicts.
    fn transact<T>(
        &mut self,
        mut work: impl FnMut(&mut Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.patiently(|store| store.attempt(&mut work))
    }

    /// Retries for a while on conflicts.
    fn patiently<T>(
        &mut self,
        mut work: impl FnMut(&mut Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let begun = Instant::now();
        let mut pause = PAUSE;
        loop {
            match work(self) {
                Err(StoreError::Conflict(_)) if begun.elapsed() < PATIENCE => {
                    // Two that retry in step would collide again.
                    let jitter = begun.elapsed().subsec_nanos() % 1000;
                    std::thread::sleep(pause / 2 + pause * jitter / 2000);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                other => return other,
            }
        }
    }

    fn attempt<T>(
        &mut self,
        work: &mut impl FnMut(&mut Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.backend.begin()?;
        let done = work(self);
        match done {
            Ok(value) => self.backend.commit().map(|()| value),
            Err(error) => {
                // The first error says more; a lost connection has rolled back anyway.
                let _ = self.backend.rollback();
                Err(error)
            }
        }
    }
}
