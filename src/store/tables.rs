//! Whole tables: identifying, creating, clearing, dropping and listing them.
//!
//! MySQL commits before and after every DDL statement, so clearing a table and forgetting what was imported
//! into it cannot share a transaction. The incarnation solves this: an empty table with a new incarnation
//! replaces the old one in a single RENAME, and ledger rows of another incarnation do not count. If killed
//! before the RENAME, nothing has changed; if killed after it, the table is clear and a leftover waits to be
//! dropped.

use std::time::Instant;

use super::backend::FoundTable;
use super::ledger;
use super::schema::{self, CLEARED, Dialect, FRESH, LEDGER, Mark};
use super::{Entry, PATIENCE, Store, StoreError, TableKind, TableName, messages};
use crate::netfilter::Time;

/// A row of `--list-tables`.
#[derive(Clone, Debug)]
pub struct TableInfo {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: TableKind,
    /// Rows, and whether they were counted (else an estimate).
    pub rows: Option<(u64, bool)>,
    /// Time of the first and last packet.
    pub span: Option<(Time, Time)>,
    /// What was imported into it, newest first.
    pub imports: Vec<Entry>,
}

/// What `--delete-all-tables` did.
#[derive(Clone, Debug, Default)]
pub struct DroppedAll {
    /// ipta's tables, dropped.
    pub dropped: Vec<String>,
    /// Other tables, left alone.
    pub left: Vec<String>,
}

/// How table and ledger compared when an import began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconciled {
    /// They agree.
    Agree,
    /// The rows were gone; what was imported is forgotten.
    Emptied,
    /// It was another table; what was imported into the old one is forgotten.
    Replaced,
    /// The ledger was gone, though there are rows: what the table holds is unknown.
    LedgerLost,
}

impl Store {
    /// What the name refers to.
    pub fn kind(&mut self, table: &TableName) -> Result<TableKind, StoreError> {
        let fold = self.backend.folds_names();
        let found = self.backend.tables(Some(table))?;
        // A server may compare case-insensitively even where two such names are two tables.
        let same = |name: &str| name == table.as_str() || (fold && name.eq_ignore_ascii_case(table.as_str()));
        Ok(found.into_iter().find(|found| same(&found.name)).map_or(TableKind::Missing, |found| found.kind))
    }

    /// Names of all tables and views.
    pub fn table_names(&mut self) -> Result<Vec<String>, StoreError> {
        Ok(self.backend.tables(None)?.into_iter().map(|table| table.name).collect())
    }

    /// The names of all logs tables.
    pub fn logs_tables(&mut self) -> Result<Vec<String>, StoreError> {
        let found = self.backend.tables(None)?;
        let logs = found.into_iter().filter(|found| matches!(found.kind, TableKind::Logs { .. }));
        Ok(logs.map(|found| found.name).collect())
    }

    /// The incarnation of a writable logs table; an error for anything else.
    pub fn incarnation(&mut self, table: &TableName) -> Result<String, StoreError> {
        let place = self.place();
        match self.kind(table)? {
            TableKind::Logs { incarnation } => match self.backend.engine_without_transactions(table)? {
                None => Ok(incarnation),
                Some(engine) => Err(messages::no_transactions(table, &engine, &place)),
            },
            kind => Err(messages::not_logs(table, &kind, &*self.backend)),
        }
    }

    pub(super) fn check_free(&mut self, table: &TableName) -> Result<(), StoreError> {
        let place = self.place();
        if schema::reserved(table) {
            return Err(messages::is_reserved(table, &place));
        }
        match self.kind(table)? {
            TableKind::Missing => Ok(()),
            TableKind::Logs { .. }
            | TableKind::OtherVersion(_)
            | TableKind::Historic
            | TableKind::Names
            | TableKind::Ledger
            | TableKind::Leftover
            | TableKind::Foreign => Err(messages::is_taken(table, &place)),
        }
    }

    /// Creates a logs table (and the ledger, if it is missing). The name must be free.
    pub fn create_table(&mut self, table: &TableName) -> Result<(), StoreError> {
        const DOING: &str = "creating a table";
        let incarnation = schema::new_incarnation()?;
        let dialect = self.backend.dialect();
        let key = self.key(table);
        if dialect == Dialect::Sqlite {
            return self.transact(|store| {
                store.check_free(table)?;
                store.create_ledger()?;
                store.backend.run(DOING, &schema::logs(dialect, table, &incarnation), &[])?;
                store.backend.run(DOING, &schema::sqlite_index(table), &[])?;
                store.run(DOING, ledger::stand(dialect, &key, &incarnation)).map(drop)
            });
        }
        self.check_free(table)?;
        self.create_ledger()?;
        self.backend.run(DOING, &schema::logs(dialect, table, &incarnation), &[])?;
        if let Some(engine) = self.backend.engine_without_transactions(table)? {
            self.backend.run(DOING, &format!("DROP TABLE `{table}`"), &[])?;
            return Err(messages::no_transactions(table, &engine, &self.place()));
        }
        self.transact(|store| store.run(DOING, ledger::stand(dialect, &key, &incarnation)).map(drop))
    }

    /// Creates the ledger if it is missing; on MySQL outside a transaction.
    pub(super) fn create_ledger(&mut self) -> Result<(), StoreError> {
        if self.has_ledger()? {
            return Ok(());
        }
        self.backend.run("creating the ledger", &schema::ledger(self.backend.dialect()), &[])?;
        let name = schema::ledger_name()?;
        match self.backend.engine_without_transactions(&name)? {
            None => Ok(()),
            Some(engine) => {
                self.backend.run("creating the ledger", &format!("DROP TABLE {LEDGER}"), &[])?;
                Err(messages::no_transactions(&name, &engine, &self.place()))
            }
        }
    }

    /// Whether the ledger exists; an error if something else has its name.
    fn has_ledger(&mut self) -> Result<bool, StoreError> {
        match self.kind(&schema::ledger_name()?)? {
            TableKind::Missing => Ok(false),
            TableKind::Ledger => Ok(true),
            kind => Err(messages::no_ledger(&kind, &*self.backend)),
        }
    }

    /// The ledger's entries for a table, of any incarnation, by id.
    pub fn entries(&mut self, table: &TableName) -> Result<Vec<Entry>, StoreError> {
        if !self.has_ledger()? {
            return Ok(Vec::new());
        }
        let key = self.key(table);
        Ok(ledger::entries_of(&self.rows("reading the ledger", ledger::entries(&key))?))
    }

    /// Forgets what the ledger claims about a table that was emptied or replaced by other means, and drops
    /// what a killed clear left behind.
    pub fn reconcile(&mut self, table: &TableName) -> Result<Reconciled, StoreError> {
        const DOING: &str = "checking the ledger";
        self.drop_leftovers()?;
        self.create_ledger()?;
        let (key, dialect) = (self.key(table), self.backend.dialect());
        self.transact(|store| {
            let incarnation = store.incarnation(table)?;
            let stood = store.run(DOING, ledger::touch(&incarnation))? > 0;
            let empty = store.is_empty(table)?;
            let claims = store.rows(DOING, ledger::claims(&key, &incarnation))?;
            let (others, rows) = claims.first().map_or((0, 0), |row| (row.count(0), row.count(1)));
            if others > 0 {
                store.run(DOING, ledger::forget_others(&key, &incarnation))?;
            }
            if !stood && !empty {
                return Ok(Reconciled::LedgerLost);
            }
            if !stood {
                store.run(DOING, ledger::stand(dialect, &key, &incarnation))?;
            }
            if rows > 0 && empty {
                store.run(DOING, ledger::forget_logs(&key))?;
                return Ok(Reconciled::Emptied);
            }
            Ok(if others > 0 { Reconciled::Replaced } else { Reconciled::Agree })
        })
    }

    /// Accepts a table without a ledger as it is: its contents count as not imported.
    pub fn accept_as_it_is(&mut self, table: &TableName) -> Result<(), StoreError> {
        let (key, dialect) = (self.key(table), self.backend.dialect());
        self.transact(|store| {
            let incarnation = store.incarnation(table)?;
            store.run("changing the ledger", ledger::stand(dialect, &key, &incarnation)).map(drop)
        })
    }

    /// Empties a logs table and forgets what was imported into it: all or nothing.
    pub fn clear_table(&mut self, table: &TableName) -> Result<(), StoreError> {
        self.incarnation(table)?;
        self.drop_leftovers()?;
        self.create_ledger()?;
        if !self.backend.swaps_tables(table)? {
            return self.delete_rows(table);
        }
        let begun = Instant::now();
        loop {
            match self.swap_for_empty(table) {
                // An account may be allowed to delete rows but not to create or drop tables.
                Err(StoreError::NoRight(_)) => return self.delete_rows(table),
                // A call that started meanwhile took the empty table for a leftover of a killed clear.
                Err(StoreError::NoTable(_)) if begun.elapsed() < PATIENCE => {
                    self.incarnation(table)?;
                }
                done => return done,
            }
        }
    }

    /// Clears a table in one transaction.
    fn delete_rows(&mut self, table: &TableName) -> Result<(), StoreError> {
        const DOING: &str = "clearing a table";
        let (key, dialect) = (self.key(table), self.backend.dialect());
        self.transact(|store| {
            let incarnation = store.incarnation(table)?;
            store.run(DOING, ledger::stand(dialect, &key, &incarnation))?;
            store.run(DOING, ledger::forget_logs(&key))?;
            store.backend.run(DOING, &format!("DELETE FROM `{table}` WHERE 1 = 1"), &[]).map(drop)
        })
    }

    /// Clears a table by swapping in an empty one.
    fn swap_for_empty(&mut self, table: &TableName) -> Result<(), StoreError> {
        const DOING: &str = "clearing a table";
        let fresh = schema::new_incarnation()?;
        let (new, old) = (format!("{FRESH}{fresh}"), format!("{CLEARED}{fresh}"));
        let mark = Mark::Logs { version: schema::VERSION, incarnation: fresh.clone() };
        let steps = [
            format!("CREATE TABLE `{new}` LIKE `{table}`"),
            format!("ALTER TABLE `{new}` COMMENT = '{mark}'"),
            format!("RENAME TABLE `{table}` TO `{old}`, `{new}` TO `{table}`"),
        ];
        for step in steps {
            if let Err(error) = self.insist(DOING, &step) {
                // Nothing has changed; a leftover that cannot be dropped now is dropped later.
                let _ = self.backend.run(DOING, &format!("DROP TABLE IF EXISTS `{new}`"), &[]);
                return Err(error);
            }
        }
        self.insist(DOING, &format!("DROP TABLE IF EXISTS `{old}`"))?;
        let (key, dialect) = (self.key(table), self.backend.dialect());
        self.transact(|store| {
            store.run(DOING, ledger::forget_others(&key, &fresh))?;
            store.run(DOING, ledger::stand(dialect, &key, &fresh)).map(drop)
        })
    }

    /// Runs a DDL statement, retrying on conflicts.
    pub(super) fn insist(&mut self, doing: &str, sql: &str) -> Result<u64, StoreError> {
        self.patiently(|store| store.backend.run(doing, sql, &[]))
    }

    /// Drops what killed clears left behind.
    fn drop_leftovers(&mut self) -> Result<(), StoreError> {
        if self.backend.dialect() == Dialect::Sqlite {
            return Ok(());
        }
        for found in self.backend.tables(None)? {
            if found.kind == TableKind::Leftover {
                match self.backend.run("cleaning up", &format!("DROP TABLE IF EXISTS `{}`", found.name), &[])
                {
                    Ok(_) | Err(StoreError::NoRight(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Drops a logs table or name cache, and forgets what was imported.
    pub fn drop_table(&mut self, table: &TableName) -> Result<(), StoreError> {
        const DOING: &str = "dropping a table";
        let sql = format!("DROP TABLE `{table}`");
        if self.backend.dialect() == Dialect::Sqlite {
            return self.transact(|store| {
                let incarnation = store.droppable(table)?;
                store.backend.run(DOING, &sql, &[])?;
                store.forget_incarnation(table, &incarnation)
            });
        }
        let incarnation = self.droppable(table)?;
        self.insist(DOING, &sql)?;
        // If killed before this, the ledger's rows belong to no table, and do not count.
        self.forget_incarnation(table, &incarnation)
    }

    /// The incarnation of a table that may be dropped by name; empty for one that has none.
    fn droppable(&mut self, table: &TableName) -> Result<String, StoreError> {
        match self.kind(table)? {
            TableKind::Logs { incarnation } => Ok(incarnation),
            TableKind::OtherVersion(_) | TableKind::Names if !schema::reserved(table) => Ok(String::new()),
            kind => Err(messages::not_logs(table, &kind, &*self.backend)),
        }
    }

    fn forget_incarnation(&mut self, table: &TableName, incarnation: &str) -> Result<(), StoreError> {
        if incarnation.is_empty() || !self.has_ledger()? {
            return Ok(());
        }
        let key = self.key(table);
        self.run("changing the ledger", ledger::forget(&key, incarnation)).map(drop)
    }

    /// Drops every ipta table, the ledger last.
    pub fn drop_all(&mut self) -> Result<DroppedAll, StoreError> {
        match self.backend.dialect() {
            Dialect::Sqlite => self.transact(Store::drop_each),
            Dialect::MySql => self.drop_each(),
        }
    }

    /// A killed call's statement may still be running, so a table may already be gone.
    fn drop_each(&mut self) -> Result<DroppedAll, StoreError> {
        const DOING: &str = "dropping a table";
        let mut done = DroppedAll::default();
        let mut ledger = None;
        for found in self.backend.tables(None)? {
            let name = &found.name;
            match found.kind {
                _ if name.eq_ignore_ascii_case(LEDGER) && found.kind != TableKind::Foreign => {
                    ledger = Some(found.name);
                }
                TableKind::Logs { .. }
                | TableKind::OtherVersion(_)
                | TableKind::Names
                | TableKind::Leftover => {
                    self.insist(DOING, &format!("DROP TABLE IF EXISTS `{}`", name.replace('`', "``")))?;
                    if found.kind != TableKind::Leftover {
                        done.dropped.push(found.name);
                    }
                }
                TableKind::Missing | TableKind::Historic | TableKind::Ledger | TableKind::Foreign => {
                    done.left.push(found.name);
                }
            }
        }
        if let Some(ledger) = ledger {
            self.insist(DOING, &format!("DROP TABLE IF EXISTS {ledger}"))?;
            done.dropped.push(ledger);
        }
        Ok(done)
    }

    /// All tables, by name. Rows are counted exactly if that takes under a second.
    pub fn list(&mut self) -> Result<Vec<TableInfo>, StoreError> {
        let found = self.backend.tables(None)?;
        let ledger = found.iter().any(|found| found.kind == TableKind::Ledger);
        found.into_iter().map(|found| self.info(found, ledger)).collect()
    }

    fn info(&mut self, found: FoundTable, ledger: bool) -> Result<TableInfo, StoreError> {
        let counted = !found.view && found.kind != TableKind::Foreign;
        let rows = if counted { self.backend.count(&found) } else { None };
        let mut info =
            TableInfo { name: found.name, kind: found.kind, rows, span: None, imports: Vec::new() };
        if let (TableKind::Logs { incarnation }, Ok(table)) = (&info.kind, info.name.parse::<TableName>()) {
            info.span = self.span(&table)?;
            if ledger {
                info.imports = ledger::newest_first(self.entries(&table)?, incarnation);
            }
        }
        Ok(info)
    }

    /// The times of the first and the last packet; none without times.
    pub fn span(&mut self, table: &TableName) -> Result<Option<(Time, Time)>, StoreError> {
        // Two queries: SQLite finds one end of an index at once, but not both in one query.
        let mut end = |which: &str| {
            let sql = format!("SELECT {which}(`timestamp`) FROM `{table}`");
            let rows = self.backend.rows("reading a table", &sql, &[])?;
            Ok::<_, StoreError>(rows.first().and_then(|row| row.time(0)))
        };
        Ok(end("MIN")?.zip(end("MAX")?))
    }
}
