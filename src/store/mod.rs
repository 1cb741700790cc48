//! Where packets are kept: one protocol above two backends, a MySQL server and one SQLite file.
//!
//! Owns the logs tables, the import ledger and the name cache, and every word of SQL. Must not
//! know commands, reports or log files. Table names come in as [`TableName`] only; values are
//! bound, or escaped by the driver.

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

/// What went wrong in a store. Each message is one line that names the thing and the way out.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No server answers, the password is wrong, the file does not open, no right, disk full ...
    #[error("{0}")]
    Failed(String),
    /// The server does not let this account in: another, or a password, may help.
    #[error("{0}")]
    Refused(String),
    /// The account lacks the right for one statement; nothing was changed.
    #[error("{0}")]
    NoRight(String),
    /// A table that a statement names is not there.
    #[error("{0}")]
    NoTable(String),
    /// Another transaction was in the way and this one was undone; the same again may succeed.
    #[error("{0}")]
    Conflict(String),
    /// The answer to a COMMIT never came: the work may be done or not; the ledger knows.
    #[error("{0}")]
    Unsure(String),
    /// Rows that this import stored are gone.
    #[error("{0}")]
    Emptied(String),
}

/// How long to try again where another transaction is in the way.
const PATIENCE: Duration = Duration::from_secs(60);

/// The first pause before trying again; each is up to twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(5);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Takes a note while a statement is under way; called on another thread.
pub type Notice = Arc<dyn Fn(&str) + Send + Sync>;

/// Opens a store: connects to the server's database, or opens the file. With `create_file` a
/// missing file is made; without, it is an error. `notice` hears what takes long, and why.
pub fn open(place: &Place, create_file: bool, notice: Notice) -> Result<Store, StoreError> {
    Ok(Store {
        backend: match place {
            Place::Server(server) => Box::new(mysql::open(server, notice)?),
            Place::File(path) => Box::new(sqlite::open(path, create_file)?),
        },
    })
}

/// What a name refers to in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// No table of that name.
    Missing,
    /// A logs table of this version of the schema.
    Logs {
        /// Random, made with the table: tells a table from another that replaced it.
        incarnation: String,
    },
    /// A logs table or ledger of another schema version of ipta.
    OtherVersion(u32),
    /// A logs table made by the C program (integer addresses).
    Historic,
    /// The cache of names.
    Names,
    /// The import ledger.
    Ledger,
    /// What is left of a table that was cleared; the next call that writes drops it.
    Leftover,
    /// Not ipta's.
    Foreign,
}

/// What a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The engine and its version.
    pub version: String,
    /// Whether a server takes files (`local_infile`); none for a store that has no such setting.
    pub takes_files: Option<bool>,
}

impl About {
    /// The server's own client.
    pub fn client(&self) -> &'static str {
        if self.version.starts_with("MySQL") { "mysql" } else { "mariadb" }
    }
}

/// Where packets are kept.
pub struct Store {
    backend: Box<dyn Backend>,
}

impl Store {
    /// What messages call it: `database 'ipta'` or `file 'packets.db'`.
    pub fn place(&self) -> String {
        self.backend.place()
    }

    /// What it is.
    pub fn about(&self) -> About {
        self.backend.about()
    }

    /// What stops the statement under way.
    pub fn stopper(&self) -> Stopper {
        self.backend.stopper()
    }

    /// Names of the columns of a logs table.
    pub fn column_names() -> impl Iterator<Item = &'static str> {
        std::iter::once("id").chain(columns::COLUMNS.into_iter().map(|(name, _)| name))
    }

    /// Whether the table has no row.
    pub fn is_empty(&mut self, table: &TableName) -> Result<bool, StoreError> {
        let sql = format!("SELECT 1 FROM `{table}` LIMIT 1");
        Ok(self.backend.rows("reading a table", &sql, &[])?.is_empty())
    }

    /// The least row number of a table and the one after the greatest; none if it has no row.
    pub fn ids(&mut self, table: &TableName) -> Result<Option<Range<u64>>, StoreError> {
        let sql = format!("SELECT MIN(id), MAX(id) FROM `{table}`");
        let rows = self.backend.rows("reading a table", &sql, &[])?;
        let ends = rows.first().and_then(|row| row.number(0).zip(row.number::<u64>(1)));
        Ok(ends.map(|(first, last)| first..last + 1))
    }

    /// Every packet of a logs table that passes the filters, in the order of its rows (id). Filters
    /// are applied here, in SQL where they can be. Only the columns that `columns` asks for are
    /// filled; the others are empty.
    ///
    /// Rows come mostly in the order of time, so a filter on the time becomes a short run of row
    /// numbers; the index on the time alone would give the rows out of order and one by one.
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

    /// The same in the order of time, those without a time first: slower, since the rows lie in another.
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

    /// Action words of the table, as many as asked for.
    pub fn actions(&mut self, table: &TableName, most: usize) -> Result<BTreeSet<String>, StoreError> {
        let sql = format!("SELECT DISTINCT action FROM `{table}` LIMIT {most}");
        let rows = self.backend.rows("reading a table", &sql, &[])?;
        Ok(rows.iter().map(|row| row.text(0)).collect())
    }

    /// How many packets pass all filters but the time filters, and have no time.
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

    /// Runs `work` in a transaction, and again where another transaction was in the way.
    fn transact<T>(
        &mut self,
        mut work: impl FnMut(&mut Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.patiently(|store| store.attempt(&mut work))
    }

    /// Tries again, for a while, where another transaction is in the way.
    fn patiently<T>(
        &mut self,
        mut work: impl FnMut(&mut Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let begun = Instant::now();
        let mut pause = PAUSE;
        loop {
            match work(self) {
                Err(StoreError::Conflict(_)) if begun.elapsed() < PATIENCE => {
                    // Two that try again in step would meet again.
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
                // Of two errors the first tells more; a lost connection has undone the work anyway.
                let _ = self.backend.rollback();
                Err(error)
            }
        }
    }
}
