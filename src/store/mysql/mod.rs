//! A MySQL or MariaDB server as a store.

mod account;
mod codes;
mod connect;
mod load;
mod queries;
mod rows;
mod tables;
mod tls;
mod watch;
mod words;

pub use account::create_database;
pub(super) use queries::Queries;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use mysql::prelude::Queryable;
use mysql::{Conn, Error, Params, Row as RawRow, Value as Raw};

use super::backend::{Backend, FoundTable};
use super::columns::{self, ColumnValue};
use super::condition::Condition;
use super::schema::Dialect;
use super::value::{Row, Value};
use super::{About, Columns, Notice, Stopper, StoreError, Stored, TableName};
use crate::config::{Server, Tls};
use crate::netfilter::batch::Batch;
use load::Outbox;
use watch::StatementWatch;

/// Largest INSERT statement, in bytes.
const STATEMENT: usize = 1 << 20;

/// The smallest `max_allowed_packet` that fits every statement, in bytes.
const LEAST_PACKET: usize = 16 * 1024;

/// Settings that ipta relies on, whatever an administrator has set for new sessions. We wait this many
/// seconds for another session's lock on a table (LOCK TABLES, ALTER), not a day or a year.
const SESSION: [&str; 4] = [
    "SET NAMES utf8mb4",
    "SET autocommit = 1, sql_safe_updates = 0",
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES'",
    "SET SESSION lock_wait_timeout = 30",
];

/// The same for variables that not every server has. On a Galera cluster each statement first waits until its
/// node has applied what the others committed; MySQL 8 and later report a table's current row estimate, not
/// one up to a day old.
const SESSION_WHERE_KNOWN: [&str; 2] =
    ["SET SESSION wsrep_sync_wait = 7", "SET SESSION information_schema_stats_expiry = 0"];

/// A connection to a server.
pub(super) struct MySql {
    conn: Conn,
    watch: StatementWatch,
    server: Server,
    /// Table names are case-insensitive (lower_case_table_names).
    fold_names: bool,
    mariadb: bool,
    version: String,
    /// The server accepts LOAD DATA LOCAL, as far as is known.
    local_infile: bool,
    outbox: Outbox,
    /// Largest statement, in bytes.
    statement: usize,
}

/// Connects to a server's database.
pub(super) fn open(server: &Server, notice: Notice) -> Result<MySql, StoreError> {
    let mut conn =
        connect::connect_and(server, true, settle).map_err(|refusal| connect::refused(server, refusal))?;
    let failed = |error: &Error| connect::failed(server, "reading its settings", error);
    let settings = "SELECT @@version, @@lower_case_table_names, @@max_allowed_packet, @@local_infile";
    let row: Option<RawRow> = conn.query_first(settings).map_err(|e| failed(&e))?;
    let cell = |at: usize| row.as_ref().and_then(|row| row.as_ref(at)).unwrap_or(&Raw::NULL);
    let packet: usize = cell(2).number().and_then(|n| n.try_into().ok()).unwrap_or(1 << 20);
    if packet < LEAST_PACKET {
        return Err(StoreError::Failed(format!(
            "max_allowed_packet of the server at {} is only {packet} bytes: have an administrator raise it to \
             64K or more",
            server.host
        )));
    }
    let is_remote = server.port.is_some() || server.host != "localhost" && !server.host.starts_with('/');
    if server.tls == Some(Tls::Required) && is_remote {
        notice(&format!(
            "The connection to {} is encrypted, but the server's identity was not checked; --db-tls verify checks it.",
            server.host
        ));
    }
    let version = String::from_utf8_lossy(cell(0).bytes()).into_owned();
    let outbox = Outbox::default();
    conn.set_local_infile_handler(Some(outbox.handler()));
    Ok(MySql {
        watch: StatementWatch::start(server, conn.connection_id(), notice),
        server: server.clone(),
        mariadb: version.to_ascii_lowercase().contains("mariadb"),
        version,
        fold_names: cell(1).number() != Some(0),
        local_infile: cell(3).number() == Some(1),
        outbox,
        statement: (packet / 2).min(STATEMENT),
        conn,
    })
}

/// Applies the settings to a new session.
fn settle(conn: &mut Conn) -> Result<(), Error> {
    for statement in SESSION {
        conn.query_drop(statement)?;
    }
    for statement in SESSION_WHERE_KNOWN {
        match conn.query_drop(statement) {
            Err(Error::MySqlError(e)) if e.code == codes::UNKNOWN_SYSTEM_VARIABLE => {}
            done => done?,
        }
    }
    Ok(())
}

impl MySql {
    fn failed(&self, doing: &str, error: &Error) -> StoreError {
        match error {
            // A table that existed a moment ago; the server's message names it.
            Error::MySqlError(e) if matches!(e.code, codes::BAD_TABLE | codes::NO_SUCH_TABLE) => {
                StoreError::NoTable(format!(
                    "a table is missing in {} ({}): '{} --create-table NAME' creates one",
                    self.place(),
                    words::one_line(&e.message),
                    self.command()
                ))
            }
            _ => connect::failed(&self.server, doing, error),
        }
    }

    /// LOAD DATA LOCAL; `None` if the server does not accept it, in which case nothing was changed.
    fn load(
        &mut self,
        table: &TableName,
        packets: &Batch,
        entry: Option<u64>,
    ) -> Result<Option<u64>, StoreError> {
        const DOING: &str = "storing packets";
        let (outbox, watch, conn) = (&self.outbox, &mut self.watch, &mut self.conn);
        let loaded = outbox.with(packets, entry, || {
            watch.over(DOING, true, || conn.query_drop(load::load_statement(table)))
        });
        match loaded {
            Ok(()) => {}
            // The codes for "LOCAL is disabled": old servers, MySQL 8, MariaDB.
            Err(Error::MySqlError(e))
                if matches!(
                    e.code,
                    codes::NOT_ALLOWED_COMMAND
                        | codes::CLIENT_LOCAL_FILES_DISABLED
                        | codes::LOAD_INFILE_CAPABILITY_DISABLED
                ) =>
            {
                return Ok(None);
            }
            Err(e) => return Err(self.failed(DOING, &e)),
        }
        // LOCAL turns errors into warnings, so there must be none.
        let (stored, warnings) = (self.conn.affected_rows(), self.conn.warnings());
        if stored != packets.len() as u64 || warnings != 0 {
            let said = self.rows(DOING, "SHOW WARNINGS LIMIT 1", &[])?;
            let said = said.first().map(|row| row.text(2)).unwrap_or_default();
            return Err(StoreError::Failed(format!(
                "table '{table}' in {} did not store every packet unchanged ({stored} of {}): {}",
                self.place(),
                packets.len(),
                words::one_line(&said)
            )));
        }
        // The reply to LOAD DATA does not carry the id that the server assigned.
        let first = self.rows(DOING, "SELECT LAST_INSERT_ID()", &[])?;
        Ok(Some(first.first().map_or(0, |row| row.count(0))))
    }

    fn insert_rows(
        &mut self,
        table: &TableName,
        packets: &Batch,
        entry: Option<u64>,
    ) -> Result<u64, StoreError> {
        const DOING: &str = "storing packets";
        let head = load::insert_head(table);
        let mut sql = head.clone();
        let mut row = String::new();
        let mut first = None;
        for packet in packets.iter() {
            row.clear();
            load::write_row(&packet, entry, &mut row);
            if sql.len() > head.len() && sql.len() + row.len() + 1 > self.statement {
                self.run(DOING, &sql, &[])?;
                first.get_or_insert(self.conn.last_insert_id());
                sql.clone_from(&head);
            }
            if sql.len() > head.len() {
                sql.push(',');
            }
            sql.push_str(&row);
        }
        self.run(DOING, &sql, &[])?;
        Ok(first.unwrap_or(self.conn.last_insert_id()))
    }

    fn stream(
        &mut self,
        sql: &str,
        values: Vec<Raw>,
        wanted: Columns,
        each: &mut dyn FnMut(&Stored<'_>),
    ) -> Result<(), Error> {
        let (conn, values) = (&mut self.conn, Params::Positional(values));
        for row in self.watch.over("reading packets", false, || conn.exec_iter(sql, values))? {
            let row = row?;
            let mut at = 0;
            each(&columns::read(wanted, || {
                at += 1;
                row.as_ref(at - 1).unwrap_or(&Raw::NULL)
            }));
        }
        Ok(())
    }
}

impl Backend for MySql {
    fn dialect(&self) -> Dialect {
        Dialect::MySql
    }

    fn place(&self) -> String {
        format!("database '{}'", self.server.database)
    }

    fn command(&self) -> String {
        self.server.command()
    }

    fn folds_names(&self) -> bool {
        self.fold_names
    }

    fn run(&mut self, doing: &str, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let done = self.watch.over(doing, true, || match values {
            [] => self.conn.query_drop(sql),
            values => self.conn.exec_drop(sql, rows::bound(values)),
        });
        done.map_err(|e| self.failed(doing, &e))?;
        Ok(self.conn.affected_rows())
    }

    fn rows(&mut self, doing: &str, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let found: Result<Vec<RawRow>, Error> =
            self.watch.over(doing, false, || self.conn.exec(sql, rows::bound(values)));
        Ok(found.map_err(|e| self.failed(doing, &e))?.into_iter().map(rows::row).collect())
    }

    fn last_id(&self) -> u64 {
        self.conn.last_insert_id()
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.run("starting a transaction", "START TRANSACTION", &[]).map(drop)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        match self.watch.over("storing packets", true, || self.conn.query_drop("COMMIT")) {
            Ok(()) => Ok(()),
            Err(e) if connect::gone(&e) => Err(StoreError::Unsure(format!(
                "the server at {} went away before it confirmed what ipta was storing",
                self.server.host
            ))),
            Err(e) => {
                let _ = self.conn.query_drop("ROLLBACK");
                Err(self.failed("storing packets", &e))
            }
        }
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        self.run("rolling back", "ROLLBACK", &[]).map(drop)
    }

    fn insert(&mut self, table: &TableName, packets: &Batch, entry: Option<u64>) -> Result<u64, StoreError> {
        if self.local_infile {
            if let Some(first) = self.load(table, packets, entry)? {
                return Ok(first);
            }
            self.local_infile = false;
        }
        self.insert_rows(table, packets, entry)
    }

    fn packets_by_time(
        &mut self,
        table: &TableName,
        condition: &Condition,
        columns: Columns,
        each: &mut dyn FnMut(&Stored<'_>),
    ) -> Result<(), StoreError> {
        let (names, values) = (columns.names(), rows::bound(&condition.values));
        // Via the index, so that no server sorts a whole table on disk before it returns the first row.
        let sql = format!(
            "SELECT {names} FROM `{table}` FORCE INDEX (`timestamp`) WHERE {} ORDER BY `timestamp`",
            condition.sql
        );
        self.stream(&sql, values, columns, each).map_err(|e| self.failed("reading packets", &e))
    }

    fn packets(
        &mut self,
        table: &TableName,
        ids: Option<Range<u64>>,
        condition: &Condition,
        columns: Columns,
        each: &mut dyn FnMut(&Stored<'_>),
    ) -> Result<(), StoreError> {
        let names = columns.names();
        let mut values = Vec::new();
        // A range of row numbers is read in order, whatever else the optimizer would come up with.
        let (index, range) = match ids {
            None => ("", ""),
            Some(ids) => {
                values.extend([Raw::from(ids.start), Raw::from(ids.end)]);
                ("FORCE INDEX (PRIMARY)", "id >= ? AND id < ? AND ")
            }
        };
        values.extend(rows::bound(&condition.values));
        let sql = format!("SELECT {names} FROM `{table}` {index} WHERE {range}{} ORDER BY id", condition.sql);
        self.stream(&sql, values, columns, each).map_err(|e| self.failed("reading packets", &e))
    }

    fn id_range(&mut self, table: &TableName, times: &Condition) -> Result<Option<Range<u64>>, StoreError> {
        self.ids(table, times)
    }

    fn tables(&mut self, name: Option<&TableName>) -> Result<Vec<FoundTable>, StoreError> {
        self.found(name)
    }

    fn count(&mut self, table: &FoundTable) -> Option<(u64, bool)> {
        self.counted(table)
    }

    fn swaps_tables(&mut self, table: &TableName) -> Result<bool, StoreError> {
        self.is_swappable(table)
    }

    fn about(&self) -> About {
        let version = match self.mariadb {
            true => self.version.clone(),
            false => format!("MySQL {}", self.version),
        };
        About { version, takes_files: Some(self.local_infile) }
    }

    fn stopper(&self) -> Stopper {
        queries::stopper(&self.server, Arc::new(AtomicU32::new(self.conn.connection_id())))
    }

    fn engine_without_transactions(&mut self, table: &TableName) -> Result<Option<String>, StoreError> {
        self.engine(table)
    }
}
