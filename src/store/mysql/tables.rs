//! Tables of a server as wholes: what they are, clearing, dropping, listing.
//!
//! MySQL commits before and after a TRUNCATE or DROP, so these cannot share a transaction with the
//! ledger. An intent stands in for it: whoever finds one finishes it. Until it is gone the table's
//! lock is held, so that nobody imports between the two.

use mysql::prelude::Queryable;
use mysql::{Error, Value};

use super::{MySql, PATIENCE, rows};
use crate::netfilter::Time;
use crate::store::ledger::{self, Intent};
use crate::store::messages;
use crate::store::schema::{self, Dialect, LEDGER, Mark};
use crate::store::{DroppedAll, Entry, Store, StoreError, TableInfo, TableKind, TableName};

/// A table as information_schema has it.
struct Found {
    name: String,
    kind: TableKind,
    view: bool,
    /// The engine's estimate.
    rows: Option<u64>,
}

/// Something to finish.
struct Begun {
    id: u64,
    table: String,
    intent: Intent,
    incarnation: String,
}

impl MySql {
    /// All tables, or those of one name.
    fn found(&mut self, name: Option<&TableName>) -> Result<Vec<Found>, StoreError> {
        const DOING: &str = "looking for tables";
        let mut sql =
            "SELECT table_name, table_type, table_comment, table_rows FROM information_schema.tables \
                       WHERE table_schema = DATABASE()"
                .to_owned();
        let mut values = Vec::new();
        if let Some(name) = name {
            sql.push_str(" AND table_name = ?");
            values.push(self.key(name));
        }
        let mut found = Vec::new();
        for row in self.rows(DOING, &sql, values)? {
            let cell = |at: usize| row.as_ref(at).unwrap_or(&Value::NULL);
            let (table, view) = (rows::text(cell(0)), rows::text(cell(1)) != "BASE TABLE");
            let mark = if view { None } else { Mark::parse(&rows::text(cell(2))) };
            let kind = match mark {
                Some(mark) => mark.kind(),
                None if self.is_historic(&table)? => TableKind::Historic,
                None => TableKind::Foreign,
            };
            found.push(Found { name: table, kind, view, rows: rows::number(cell(3)) });
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn is_historic(&mut self, table: &str) -> Result<bool, StoreError> {
        let sql = "SELECT column_name, data_type FROM information_schema.columns \
                   WHERE table_schema = DATABASE() AND table_name = ?";
        let found = self.rows("looking at a table", sql, vec![Value::from(table)])?;
        let texts: Vec<(String, String)> = found
            .iter()
            .map(|row| {
                let text = |at: usize| row.as_ref(at).map(rows::text).unwrap_or_default();
                (text(0), text(1))
            })
            .collect();
        Ok(schema::historic(texts.iter().map(|(name, kind)| (name.as_str(), kind.as_str()))))
    }

    pub(super) fn look(&mut self, table: &TableName) -> Result<TableKind, StoreError> {
        let found = self.found(Some(table))?;
        let fold = self.fold_names;
        // The server may compare without case even where two such names are two tables.
        let same = |name: &str| name == table.as_str() || (fold && name.eq_ignore_ascii_case(table.as_str()));
        Ok(found.into_iter().find(|f| same(&f.name)).map_or(TableKind::Missing, |f| f.kind))
    }

    pub(super) fn check_free(&mut self, table: &TableName) -> Result<(), StoreError> {
        let place = self.place();
        if schema::reserved(table) {
            return Err(messages::is_reserved(table, &place));
        }
        match self.look(table)? {
            TableKind::Missing => Ok(()),
            _ => Err(messages::is_taken(table, &place)),
        }
    }

    /// Makes the ledger where it is missing; outside a transaction.
    pub(super) fn create_ledger(&mut self) -> Result<(), StoreError> {
        match self.ledger()? {
            true => Ok(()),
            false => self.run("making the ledger", &schema::ledger(Dialect::MySql), Vec::new()).map(drop),
        }
    }

    /// Whether the ledger is there; an error if something else has its name.
    fn ledger(&mut self) -> Result<bool, StoreError> {
        let name: TableName = LEDGER.parse().map_err(StoreError::Failed)?;
        match self.look(&name)? {
            TableKind::Missing => Ok(false),
            TableKind::Ledger => Ok(true),
            kind => Err(messages::no_ledger(&kind, &self.place())),
        }
    }

    pub(super) fn take_lock(&mut self, table: &TableName) -> Result<(), StoreError> {
        let name = lock_name(&self.server.database, table);
        let values = vec![Value::from(&name), Value::from(PATIENCE)];
        let found = self.rows("waiting for a lock", "SELECT GET_LOCK(?, ?)", values)?;
        let got = found.first().and_then(|row| row.as_ref(0)).and_then(rows::number::<u8>);
        if got != Some(1) {
            return Err(StoreError::Failed(format!(
                "another ipta has been busy with table '{table}' in {} for {PATIENCE} seconds: try again later",
                self.place()
            )));
        }
        self.lock = Some(name);
        Ok(())
    }

    /// Runs `work` with the table's lock held, unless it is held already.
    fn locked<T>(
        &mut self,
        table: &TableName,
        work: impl FnOnce(&mut MySql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let held = self.lock.is_some();
        if !held {
            self.take_lock(table)?;
        }
        let done = work(self);
        if !held {
            // A lock that cannot be given back belongs to a lost connection, and is gone with it.
            let unlocked = self.unlock();
            return done.and_then(|value| unlocked.map(|()| value));
        }
        done
    }

    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        if !self.ledger()? {
            return Ok(());
        }
        for begun in self.begun()? {
            let Ok(table) = begun.table.parse::<TableName>() else {
                continue;
            };
            self.locked(&table, |store| store.finish_one(&table, &begun))?;
        }
        Ok(())
    }

    /// The same for one table, with its lock held.
    pub(super) fn finish_on(&mut self, table: &TableName) -> Result<(), StoreError> {
        let key = rows::text(&self.key(table));
        for begun in self.begun()?.iter().filter(|begun| begun.table == key) {
            self.finish_one(table, begun)?;
        }
        Ok(())
    }

    fn finish_one(&mut self, table: &TableName, begun: &Begun) -> Result<(), StoreError> {
        // Whoever began it may have finished while the lock was waited for.
        if !self.begun()?.iter().any(|other| other.id == begun.id) {
            return Ok(());
        }
        let same = match self.look(table)? {
            TableKind::Logs { incarnation } => incarnation == begun.incarnation,
            TableKind::OtherVersion(_) => begun.intent == Intent::Drop && begun.incarnation.is_empty(),
            _ => false,
        };
        if same {
            self.carry_out(table, begun.intent).map_err(|e| self.failed("finishing a clean-up", &e))?;
        }
        self.forget_intent(begun.id)
    }

    fn begun(&mut self) -> Result<Vec<Begun>, StoreError> {
        let sql = format!(
            "SELECT id, table_name, kind, incarnation FROM {LEDGER} WHERE kind <> 'file' ORDER BY id"
        );
        let found = self.rows("reading the ledger", &sql, Vec::new())?;
        let begun = |row: &mysql::Row| {
            Some(Begun {
                id: rows::number(row.as_ref(0)?)?,
                table: rows::text(row.as_ref(1)?),
                intent: Intent::from_word(&rows::text(row.as_ref(2)?))?,
                incarnation: rows::text(row.as_ref(3)?),
            })
        };
        Ok(found.iter().filter_map(begun).collect())
    }

    fn carry_out(&mut self, table: &TableName, intent: Intent) -> Result<(), Error> {
        match intent {
            Intent::Clear => self.conn.query_drop(format!("TRUNCATE TABLE `{table}`")),
            Intent::Drop => self.conn.query_drop(format!("DROP TABLE IF EXISTS `{table}`")),
        }
    }

    fn forget_intent(&mut self, id: u64) -> Result<(), StoreError> {
        let sql = format!("DELETE FROM {LEDGER} WHERE id = ?");
        self.run("changing the ledger", &sql, vec![Value::from(id)]).map(drop)
    }

    /// Forgets what was imported and writes the intent, in one transaction. Gives the intent's id
    /// and what was forgotten.
    fn intend(
        &mut self,
        table: &TableName,
        intent: Intent,
        incarnation: &str,
    ) -> Result<(u64, Vec<Entry>), StoreError> {
        let key = self.key(table);
        self.begin()?;
        let work = || {
            let forgotten = self.entries(table)?;
            self.run("changing the ledger", &ledger::delete_table(), vec![key.clone()])?;
            let sql = format!("INSERT INTO {LEDGER} (table_name, kind, incarnation) VALUES (?, ?, ?)");
            let values = vec![key, Value::from(intent.word()), Value::from(incarnation)];
            self.run("changing the ledger", &sql, values)?;
            let id = self.conn.last_insert_id();
            self.commit()?;
            Ok((id, forgotten))
        };
        work().inspect_err(|_| {
            let _ = self.rollback();
        })
    }

    pub(super) fn clear(&mut self, table: &TableName) -> Result<(), StoreError> {
        let incarnation = self.incarnation_of(table)?;
        self.create_ledger()?;
        self.locked(table, |store| {
            let (id, _) = store.intend(table, Intent::Clear, &incarnation)?;
            match store.carry_out(table, Intent::Clear) {
                Ok(()) => store.forget_intent(id),
                // TRUNCATE needs the right to DROP; DELETE may be granted without it.
                Err(Error::MySqlError(e)) if e.code == 1142 => {
                    store.begin()?;
                    store.run("clearing a table", &format!("DELETE FROM `{table}`"), Vec::new())?;
                    store.forget_intent(id)?;
                    store.commit()
                }
                Err(e) => Err(store.failed("clearing a table", &e)),
            }
        })
    }

    pub(super) fn remove(&mut self, table: &TableName) -> Result<(), StoreError> {
        let place = self.place();
        let incarnation = match self.look(table)? {
            TableKind::Logs { incarnation } => incarnation,
            TableKind::OtherVersion(_) => String::new(),
            TableKind::Names => {
                let sql = format!("DROP TABLE `{table}`");
                return self.run("dropping a table", &sql, Vec::new()).map(drop);
            }
            kind => return Err(messages::not_logs(table, &kind, &place)),
        };
        self.create_ledger()?;
        self.locked(table, |store| {
            let (id, forgotten) = store.intend(table, Intent::Drop, &incarnation)?;
            match store.carry_out(table, Intent::Drop) {
                Ok(()) => store.forget_intent(id),
                Err(Error::MySqlError(e)) if e.code == 1142 => {
                    // No right to drop: the table stays, so what is in it must stay known.
                    store.begin()?;
                    for entry in &forgotten {
                        store.add_entry(table, entry)?;
                    }
                    store.forget_intent(id)?;
                    store.commit()?;
                    Err(store.failed("dropping a table", &Error::MySqlError(e)))
                }
                Err(e) => Err(store.failed("dropping a table", &e)),
            }
        })
    }

    fn incarnation_of(&mut self, table: &TableName) -> Result<String, StoreError> {
        match self.look(table)? {
            TableKind::Logs { incarnation } => Ok(incarnation),
            kind => Err(messages::not_logs(table, &kind, &self.place())),
        }
    }

    pub(super) fn remove_all(&mut self) -> Result<DroppedAll, StoreError> {
        self.finish()?;
        let mut done = DroppedAll::default();
        let mut ledger = false;
        for found in self.found(None)? {
            let own =
                matches!(found.kind, TableKind::Logs { .. } | TableKind::OtherVersion(_) | TableKind::Names);
            match found.name.parse::<TableName>() {
                Ok(table) if own => {
                    self.remove(&table)?;
                    done.dropped.push(found.name);
                }
                _ if found.kind == TableKind::Ledger => ledger = true,
                _ => done.left.push(found.name),
            }
        }
        // Dropping the others may have made it.
        if ledger || self.ledger()? {
            self.run("dropping the ledger", &format!("DROP TABLE {LEDGER}"), Vec::new())?;
            done.dropped.push(LEDGER.to_owned());
        }
        Ok(done)
    }

    pub(super) fn describe(&mut self) -> Result<Vec<TableInfo>, StoreError> {
        let mut tables = Vec::new();
        for found in self.found(None)? {
            let mut info =
                TableInfo { name: found.name, kind: found.kind, rows: None, span: None, imports: Vec::new() };
            if !found.view && info.kind != TableKind::Foreign {
                let counted = self.count(&info.name);
                info.rows = counted.map(|rows| (rows, true)).or(found.rows.map(|rows| (rows, false)));
            }
            if let (TableKind::Logs { incarnation }, Ok(table)) = (&info.kind, info.name.parse::<TableName>())
            {
                info.span = self.span(&table)?;
                info.imports = ledger::newest_first(self.entries(&table)?, incarnation);
            }
            tables.push(info);
        }
        Ok(tables)
    }

    /// Rows, counted within a second; none where that does not suffice, or the server has no way
    /// to be told so.
    fn count(&mut self, table: &str) -> Option<u64> {
        let name = format!("`{}`", table.replace('`', "``"));
        let sql = if self.mariadb {
            format!("SET STATEMENT max_statement_time = 1 FOR SELECT COUNT(*) FROM {name}")
        } else {
            format!("SELECT /*+ MAX_EXECUTION_TIME(1000) */ COUNT(*) FROM {name}")
        };
        self.conn.query_first(sql).ok().flatten()
    }

    fn span(&mut self, table: &TableName) -> Result<Option<(Time, Time)>, StoreError> {
        let sql = format!("SELECT MIN(`timestamp`), MAX(`timestamp`) FROM `{table}`");
        let found = self.rows("looking into a table", &sql, Vec::new())?;
        let cell = |at: usize| found.first().and_then(|row| row.as_ref(at)).and_then(rows::time);
        Ok(cell(0).zip(cell(1)))
    }
}

/// The lock of a table: server-wide, so it names the database. At most 64 characters (the limit of
/// MySQL 5.7); of a longer name a part and its hash (FNV-1a, 64 bits).
fn lock_name(database: &str, table: &TableName) -> String {
    // The server compares the names of locks without case.
    let name = format!("ipta {database} {table}").to_lowercase();
    if name.chars().count() <= 64 {
        return name;
    }
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let start: String = name.chars().take(47).collect();
    format!("{start} {hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_of_a_table_has_a_short_name_of_its_own() {
        let long = "t".repeat(63);
        let name = |table: String| lock_name(&"d".repeat(40), &table.parse().expect("a name"));
        let (one, other) = (name(format!("{long}1")), name(format!("{long}2")));
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
        assert_eq!(lock_name("ipta", &"logs".parse().expect("a name")), "ipta ipta logs");
    }
}
