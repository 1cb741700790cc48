//! Identifying the tables of a file.

use std::sync::mpsc;
use std::time::Duration;

use rusqlite::Error;

use super::Sqlite;
use crate::store::backend::{Backend, FoundTable};
use crate::store::schema::{self, Mark};
use crate::store::{StoreError, TableKind};

impl Sqlite {
    /// Every table and view, by name.
    pub(super) fn found(&mut self) -> Result<Vec<FoundTable>, StoreError> {
        let sql = "SELECT name, type, sql FROM sqlite_master \
                   WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
        let mut tables = Vec::new();
        for row in self.rows("looking for tables", sql, &[])? {
            let (name, view) = (row.text(0), row.text(1) == "view");
            let mark = if view { None } else { Mark::in_create(&row.text(2)) };
            let kind = match &mark {
                Some(mark) => mark.clone().kind(&name),
                None if !view && self.is_historic(&name)? => TableKind::Historic,
                None => TableKind::Foreign,
            };
            tables.push(FoundTable { name, kind, mark, view, rows: None });
        }
        Ok(tables)
    }

    fn is_historic(&mut self, table: &str) -> Result<bool, StoreError> {
        let sql = "SELECT name, type FROM pragma_table_info(?)";
        let rows = self.rows("looking at the columns of a table", sql, &[table.into()])?;
        let columns: Vec<(String, String)> = rows.iter().map(|row| (row.text(0), row.text(1))).collect();
        Ok(schema::historic(columns.iter().map(|(name, kind)| (name.as_str(), kind.as_str()))))
    }

    /// The row count, exact if that takes under a second, else the highest row number.
    pub(super) fn counted(&self, table: &str) -> Option<(u64, bool)> {
        let name = format!("`{}`", table.replace('`', "``"));
        let number = |sql: String| -> Result<u64, Error> {
            let found: Option<i64> = self.conn.query_row(&sql, [], |row| row.get(0))?;
            Ok(found.unwrap_or(0).try_into().unwrap_or(0))
        };
        let stop = self.conn.get_interrupt_handle();
        let (done, waiting) = mpsc::channel::<()>();
        let counted = std::thread::scope(|scope| {
            scope.spawn(move || {
                if waiting.recv_timeout(Duration::from_secs(1)) == Err(mpsc::RecvTimeoutError::Timeout) {
                    stop.interrupt();
                }
            });
            let counted = number(format!("SELECT COUNT(*) FROM {name}"));
            drop(done);
            counted
        });
        match counted {
            Ok(rows) => Some((rows, true)),
            Err(_) => number(format!("SELECT MAX(rowid) FROM {name}")).ok().map(|rows| (rows, false)),
        }
    }
}
