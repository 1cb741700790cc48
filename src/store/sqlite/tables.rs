//! Tables of a file as wholes: what they are, dropping, listing.

use std::sync::mpsc;
use std::time::Duration;

use rusqlite::Error;

use super::{Sqlite, rows};
use crate::netfilter::Time;
use crate::store::schema::{self, Dialect, LEDGER, Mark};
use crate::store::{DroppedAll, Store, StoreError, TableInfo, TableKind, TableName, ledger, messages};

impl Sqlite {
    /// Every table and view: its name, what it is, whether it is a view.
    pub(super) fn found(&self) -> Result<Vec<(String, TableKind, bool)>, StoreError> {
        let read = || -> Result<Vec<(String, TableKind, bool)>, Error> {
            let mut statement = self.conn.prepare_cached(
                "SELECT name, type, sql FROM sqlite_master \
                 WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
            )?;
            let found = statement.query_map([], |row| {
                let text = |at: usize| {
                    let value = row.get_ref(at)?;
                    Ok::<_, Error>(String::from_utf8_lossy(rows::bytes(value)).into_owned())
                };
                Ok((text(0)?, text(1)? == "view", text(2)?))
            })?;
            let mut tables = Vec::new();
            for table in found {
                let (name, view, sql) = table?;
                let kind = match Mark::in_create(&sql) {
                    Some(mark) if !view => mark.kind(),
                    _ if !view && self.is_historic(&name)? => TableKind::Historic,
                    _ => TableKind::Foreign,
                };
                tables.push((name, kind, view));
            }
            Ok(tables)
        };
        read().map_err(|e| self.failed("looking for tables", &e))
    }

    fn is_historic(&self, table: &str) -> Result<bool, Error> {
        let mut statement = self.conn.prepare_cached("SELECT name, type FROM pragma_table_info(?)")?;
        let columns =
            statement.query_map([table], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let columns: Vec<(String, String)> = columns.collect::<Result<_, _>>()?;
        Ok(schema::historic(columns.iter().map(|(name, kind)| (name.as_str(), kind.as_str()))))
    }

    pub(super) fn check_free(&mut self, table: &TableName) -> Result<(), StoreError> {
        if schema::reserved(table) {
            return Err(messages::is_reserved(table, &self.place()));
        }
        match self.kind(table)? {
            TableKind::Missing => Ok(()),
            _ => Err(messages::is_taken(table, &self.place())),
        }
    }

    pub(super) fn create_ledger(&mut self) -> Result<(), StoreError> {
        let name: TableName = LEDGER.parse().map_err(StoreError::Failed)?;
        match self.kind(&name)? {
            TableKind::Ledger => Ok(()),
            TableKind::Missing => {
                self.run("making the ledger", &schema::ledger(Dialect::Sqlite), []).map(drop)
            }
            kind => Err(messages::no_ledger(&kind, &self.place())),
        }
    }

    /// Removes all that the ledger knows of a table.
    pub(super) fn forget_table(&mut self, table: &TableName) -> Result<(), StoreError> {
        self.create_ledger()?;
        self.run("changing the ledger", &ledger::delete_table(), [ledger::folded(table)]).map(drop)
    }

    /// Rows, counted within a second, else the greatest row number in place of the count.
    fn count(&self, table: &str) -> Option<(u64, bool)> {
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

    fn span(&self, table: &TableName) -> Result<Option<(Time, Time)>, StoreError> {
        // Two queries: SQLite finds one end of an index at once, but not both in one go.
        let end = |which: &str| {
            let sql = format!("SELECT {which}(timestamp) FROM `{table}`");
            let found = self.conn.query_row(&sql, [], |row| Ok(rows::time(row.get_ref(0)?)));
            found.map_err(|e| self.failed("looking into a table", &e))
        };
        Ok(end("MIN")?.zip(end("MAX")?))
    }

    pub(super) fn remove_all(&mut self) -> Result<DroppedAll, StoreError> {
        self.whole(|store| {
            let mut done = DroppedAll::default();
            let mut ledger = false;
            for (name, kind, _) in store.found()? {
                let own =
                    matches!(kind, TableKind::Logs { .. } | TableKind::OtherVersion(_) | TableKind::Names);
                if kind == TableKind::Ledger {
                    ledger = true;
                } else if own && !name.eq_ignore_ascii_case(LEDGER) {
                    let sql = format!("DROP TABLE `{}`", name.replace('`', "``"));
                    store.run("dropping a table", &sql, [])?;
                    done.dropped.push(name);
                } else {
                    done.left.push(name);
                }
            }
            if ledger {
                store.run("dropping the ledger", &format!("DROP TABLE {LEDGER}"), [])?;
                done.dropped.push(LEDGER.to_owned());
            }
            Ok(done)
        })
    }

    pub(super) fn describe(&mut self) -> Result<Vec<TableInfo>, StoreError> {
        let mut tables = Vec::new();
        for (name, kind, view) in self.found()? {
            let counted = !view && kind != TableKind::Foreign;
            let mut info = TableInfo {
                rows: if counted { self.count(&name) } else { None },
                name,
                kind,
                span: None,
                imports: Vec::new(),
            };
            if let (TableKind::Logs { incarnation }, Ok(table)) = (&info.kind, info.name.parse::<TableName>())
            {
                info.span = self.span(&table)?;
                info.imports = ledger::newest_first(self.entries(&table)?, incarnation);
            }
            tables.push(info);
        }
        Ok(tables)
    }
}
