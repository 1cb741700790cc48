//! One SQLite file as a store.
//!
//! Uses the rollback journal, not WAL: between runs there is always just one file. DDL is transactional here,
//! so clearing and dropping are all or nothing by themselves.

mod connect;
mod lock;
mod queries;
mod rows;
mod tables;

pub(super) use queries::Queries;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::types::{Value as Raw, ValueRef};
use rusqlite::{Connection, Error, params_from_iter};

use super::backend::{Backend, FoundTable};
use super::columns::{self, COLUMNS};
use super::condition::Condition;
use super::schema::Dialect;
use super::value::{Row, Value};
use super::{About, Columns, Notice, Stopper, StoreError, Stored, TableName};
use crate::config::command_of_file;
use crate::netfilter::batch::Batch;

/// An open file.
pub(super) struct Sqlite {
    conn: Connection,
    path: PathBuf,
}

/// Opens a file; with `create`, creates a missing one.
pub(super) fn open(path: &Path, create: bool, notice: Notice) -> Result<Sqlite, StoreError> {
    lock::tell(path, notice);
    Ok(Sqlite { conn: connect::connect(path, create)?, path: path.to_owned() })
}

impl Sqlite {
    fn failed(&self, doing: &str, error: &Error) -> StoreError {
        connect::failed(&self.path, doing, error)
    }

    fn insert_all(&self, table: &TableName, packets: &Batch, entry: Option<u64>) -> Result<u64, Error> {
        let places = vec!["?"; COLUMNS.len()].join(",");
        let sql = format!("INSERT INTO `{table}` ({}) VALUES ({places})", columns::filled());
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut first = None;
        for packet in packets.iter() {
            columns::write(&packet, entry, &mut rows::Binder { statement: &mut statement, at: 0 })?;
            // Somebody's trigger may silently skip rows (RAISE(IGNORE)).
            match statement.raw_execute()? {
                1 => first.get_or_insert(self.conn.last_insert_rowid()),
                rows => return Err(Error::StatementChangedRows(rows)),
            };
        }
        Ok(first.unwrap_or(0) as u64)
    }

    fn stream(
        &self,
        sql: &str,
        values: impl Iterator<Item = Raw>,
        wanted: Columns,
        each: &mut dyn FnMut(&Stored<'_>),
    ) -> Result<(), Error> {
        let mut statement = self.conn.prepare(sql)?;
        let mut found = statement.query(params_from_iter(values))?;
        while let Some(row) = found.next()? {
            let mut at = 0;
            each(&columns::read(wanted, || {
                at += 1;
                row.get_ref(at - 1).unwrap_or(ValueRef::Null)
            }));
        }
        Ok(())
    }
}

impl Backend for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn place(&self) -> String {
        format!("file '{}'", self.path.display())
    }

    fn command(&self) -> String {
        command_of_file(&self.path, None)
    }

    fn folds_names(&self) -> bool {
        true
    }

    fn run(&mut self, doing: &str, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let values = params_from_iter(rows::bound(values));
        let done = self.conn.prepare_cached(sql).and_then(|mut statement| statement.execute(values));
        done.map(|rows| rows as u64).map_err(|e| self.failed(doing, &e))
    }

    fn rows(&mut self, doing: &str, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let read = || -> Result<Vec<Row>, Error> {
            let mut statement = self.conn.prepare_cached(sql)?;
            statement.query_map(params_from_iter(rows::bound(values)), rows::row)?.collect()
        };
        read().map_err(|e| self.failed(doing, &e))
    }

    fn last_id(&self) -> u64 {
        self.conn.last_insert_rowid() as u64
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.run("starting a transaction", "BEGIN IMMEDIATE", &[]).map(drop)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.run("storing packets", "COMMIT", &[]).map(drop)
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        // A full disk may have made SQLite roll back on its own.
        if self.conn.is_autocommit() {
            return Ok(());
        }
        self.run("rolling back", "ROLLBACK", &[]).map(drop)
    }

    fn insert(&mut self, table: &TableName, packets: &Batch, entry: Option<u64>) -> Result<u64, StoreError> {
        self.insert_all(table, packets, entry).map_err(|e| self.failed("storing packets", &e))
    }

    fn packets_by_time(
        &mut self,
        table: &TableName,
        condition: &Condition,
        columns: Columns,
        each: &mut dyn FnMut(&Stored<'_>),
    ) -> Result<(), StoreError> {
        let names = columns.names();
        let sql = format!("SELECT {names} FROM `{table}` WHERE {} ORDER BY `timestamp`", condition.sql);
        let done = self.stream(&sql, rows::bound(&condition.values), columns, each);
        done.map_err(|e| self.failed("reading packets", &e))
    }

    fn packets(
        &mut self,
        table: &TableName,
        ids: Option<Range<u64>>,
        condition: &Condition,
        columns: Columns,
        each: &mut dyn FnMut(&Stored<'_>),
    ) -> Result<(), StoreError> {
        let mut values = Vec::new();
        // NOT INDEXED leaves the row number as the only way to walk the table.
        let (index, range) = match ids {
            None => ("", ""),
            Some(ids) => {
                values.extend([Raw::Integer(ids.start as i64), Raw::Integer(ids.end as i64)]);
                ("NOT INDEXED", "id >= ? AND id < ? AND ")
            }
        };
        values.extend(rows::bound(&condition.values));
        let names = columns.names();
        let sql = format!("SELECT {names} FROM `{table}` {index} WHERE {range}{} ORDER BY id", condition.sql);
        let done = self.stream(&sql, values.into_iter(), columns, each);
        done.map_err(|e| self.failed("reading packets", &e))
    }

    fn id_range(&mut self, table: &TableName, times: &Condition) -> Result<Option<Range<u64>>, StoreError> {
        let by_index = format!(
            "SELECT MIN(id), MAX(id) FROM (SELECT id FROM `{table}` INDEXED BY `{table} by timestamp` WHERE {})",
            times.sql
        );
        // Without its index (somebody dropped it) the whole table is read.
        let any_way = format!("SELECT MIN(id), MAX(id) FROM `{table}` WHERE {}", times.sql);
        let rows = match self.rows("reading packets", &by_index, &times.values) {
            Ok(rows) => rows,
            Err(_) => self.rows("reading packets", &any_way, &times.values)?,
        };
        let ends = rows.first().and_then(|row| row.number::<u64>(0).zip(row.number::<u64>(1)));
        Ok(ends.map(|(first, last)| first..last + 1))
    }

    fn tables(&mut self, _name: Option<&TableName>) -> Result<Vec<FoundTable>, StoreError> {
        self.found()
    }

    fn count(&mut self, table: &FoundTable) -> Option<(u64, bool)> {
        self.counted(&table.name)
    }

    fn swaps_tables(&mut self, _table: &TableName) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn about(&self) -> About {
        About { version: format!("SQLite {}", rusqlite::version()), takes_files: None }
    }

    fn stopper(&self) -> Stopper {
        let handle = self.conn.get_interrupt_handle();
        Arc::new(move || handle.interrupt())
    }

    fn engine_without_transactions(&mut self, _table: &TableName) -> Result<Option<String>, StoreError> {
        Ok(None)
    }
}
