//! `--upgrade-table`: tables of an older schema version.
//!
//! Version 1 had no IP ID and no ledger entry in its rows, and its ledger had neither checkpoints nor live
//! rows; an interrupted clear or drop left an intent in it. The mark of the new version is written last, so
//! that a killed upgrade is run again.

use super::backend::FoundTable;
use super::columns::COLUMNS;
use super::schema::{self, Dialect, LEDGER, Mark};
use super::{Store, StoreError, TableKind, TableName, ledger, messages};

const DOING: &str = "upgrading a table";

/// The outcome of an upgrade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upgraded {
    /// The table already had the current version.
    Already,
    /// It had an older version.
    Version,
    /// It was the C program's.
    Historic {
        /// Packets in it.
        packets: u64,
        /// The name under which the old table is kept.
        kept: TableName,
        /// Whether it had packet times.
        timed: bool,
    },
}

impl Store {
    /// Upgrades a logs table and the ledger to the current version.
    pub fn upgrade_table(&mut self, table: &TableName) -> Result<Upgraded, StoreError> {
        if self.kind(table)? == TableKind::Historic {
            self.upgrade_ledger()?;
            return self.upgrade_historic(table);
        }
        let upgraded = match self.backend.dialect() {
            Dialect::Sqlite => self.transact(|store| store.upgrade(table)),
            Dialect::MySql => self.upgrade(table),
        };
        Ok(if upgraded? { Upgraded::Version } else { Upgraded::Already })
    }

    /// False if table and ledger already have the current version.
    fn upgrade(&mut self, table: &TableName) -> Result<bool, StoreError> {
        let old_ledger = self.upgrade_ledger()?;
        let found = self.one(table)?;
        let incarnation = match (&found.kind, &found.mark) {
            (TableKind::Logs { .. }, _) => return Ok(old_ledger),
            (TableKind::OtherVersion(1), Some(Mark::Logs { incarnation, .. })) => incarnation.clone(),
            (kind, _) => return Err(messages::not_logs(table, kind, &*self.backend)),
        };
        let dialect = self.backend.dialect();
        let mark = Mark::Logs { version: schema::VERSION, incarnation: incarnation.clone() };
        match dialect {
            Dialect::MySql => {
                let columns = COLUMNS.map(|(name, kind)| (name, schema::column(dialect, name, kind)));
                self.add_columns(table, &columns)?;
                self.insist(DOING, &format!("ALTER TABLE `{table}` COMMENT = '{mark}'"))?;
            }
            Dialect::Sqlite => {
                let sql = schema::logs(dialect, table, &incarnation);
                self.rebuild(table, &sql)?;
                self.backend.run(DOING, &schema::sqlite_index(table), &[])?;
            }
        }
        let key = self.key(table);
        self.run(DOING, ledger::stand(dialect, &key, &incarnation))?;
        Ok(true)
    }

    /// True if the ledger had version 1.
    fn upgrade_ledger(&mut self) -> Result<bool, StoreError> {
        let name = schema::ledger_name()?;
        match self.kind(&name)? {
            TableKind::Missing => self.create_ledger().map(|()| false),
            TableKind::Ledger => Ok(false),
            TableKind::OtherVersion(1) => {
                let dialect = self.backend.dialect();
                match dialect {
                    Dialect::MySql => {
                        self.finish_intents()?;
                        self.add_columns(&name, &schema::ledger_columns(dialect))?;
                        self.all_live()?;
                        let mark = Mark::Ledger { version: schema::VERSION };
                        let key = match self.index_of(&name, "standing")? {
                            true => "",
                            false => "ADD UNIQUE KEY `standing` (`incarnation`, `standing`), ",
                        };
                        self.insist(DOING, &format!("ALTER TABLE {LEDGER} {key}COMMENT = '{mark}'"))?;
                    }
                    Dialect::Sqlite => {
                        self.rebuild(&name, &schema::ledger(dialect))?;
                        self.all_live()?;
                    }
                }
                Ok(true)
            }
            kind => Err(messages::no_ledger(&kind, &*self.backend)),
        }
    }

    /// Version 1 pruned nothing: every row that a log brought in is still there.
    fn all_live(&mut self) -> Result<(), StoreError> {
        let sql = format!("UPDATE {LEDGER} SET rows_live = packets_in WHERE kind = 'file'");
        self.backend.run(DOING, &sql, &[]).map(drop)
    }

    /// Finishes clears and drops of version 1 that were interrupted.
    fn finish_intents(&mut self) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT id, table_name, kind, incarnation FROM {LEDGER} WHERE kind IN ('clear', 'drop') ORDER BY id"
        );
        for row in self.backend.rows(DOING, &sql, &[])? {
            if let Ok(table) = row.text(1).parse::<TableName>() {
                let mark = self.one(&table)?.mark;
                let same = matches!(mark, Some(Mark::Logs { incarnation, .. }) if incarnation == row.text(3));
                if same {
                    let verb = if row.text(2) == "clear" { "TRUNCATE TABLE" } else { "DROP TABLE" };
                    self.insist(DOING, &format!("{verb} `{table}`"))?;
                }
            }
            let sql = format!("DELETE FROM {LEDGER} WHERE id = ?");
            self.backend.run(DOING, &sql, &[row.count(0).into()])?;
        }
        Ok(())
    }

    /// Adds those of these columns that a table lacks.
    fn add_columns(&mut self, table: &TableName, columns: &[(&str, String)]) -> Result<(), StoreError> {
        let sql = "SELECT column_name FROM information_schema.columns \
                   WHERE table_schema = DATABASE() AND table_name = ?";
        let rows = self.backend.rows(DOING, sql, &[table.as_str().into()])?;
        let known: Vec<String> = rows.iter().map(|row| row.text(0)).collect();
        let missing = columns.iter().filter(|(name, _)| !known.iter().any(|known| known == name));
        let added: Vec<String> = missing.map(|(_, sql)| format!("ADD COLUMN {sql}")).collect();
        if added.is_empty() {
            return Ok(());
        }
        self.insist(DOING, &format!("ALTER TABLE `{table}` {}", added.join(", "))).map(drop)
    }

    fn index_of(&mut self, table: &TableName, index: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM information_schema.statistics \
                   WHERE table_schema = DATABASE() AND table_name = ? AND index_name = ?";
        Ok(!self.backend.rows(DOING, sql, &[table.as_str().into(), index.into()])?.is_empty())
    }

    /// Rebuilds a table of a file with this statement, keeping its rows.
    fn rebuild(&mut self, table: &TableName, create: &str) -> Result<(), StoreError> {
        let mut columns = |table: &str| {
            let sql = "SELECT name FROM pragma_table_info(?)";
            let rows = self.backend.rows(DOING, sql, &[table.into()])?;
            Ok::<_, StoreError>(rows.iter().map(|row| row.text(0)).collect::<Vec<String>>())
        };
        let old = columns(table.as_str())?;
        self.backend.run(DOING, &format!("ALTER TABLE `{table}` RENAME TO `ipta old`"), &[])?;
        self.backend.run(DOING, &format!("DROP INDEX IF EXISTS `{table} by timestamp`"), &[])?;
        self.backend.run(DOING, create, &[])?;
        let names: Vec<String> = old.iter().map(|name| format!("`{}`", name.replace('`', "``"))).collect();
        let names = names.join(",");
        let copy = format!("INSERT INTO `{table}` ({names}) SELECT {names} FROM `ipta old`");
        self.backend.run(DOING, &copy, &[])?;
        self.backend.run(DOING, "DROP TABLE `ipta old`", &[]).map(drop)
    }

    /// What a name refers to.
    fn one(&mut self, table: &TableName) -> Result<FoundTable, StoreError> {
        let same = |found: &FoundTable| found.name.eq_ignore_ascii_case(table.as_str());
        let found = self.backend.tables(Some(table))?.into_iter().find(same);
        Ok(found.unwrap_or(FoundTable {
            name: table.to_string(),
            kind: TableKind::Missing,
            mark: None,
            view: false,
            rows: None,
        }))
    }
}
