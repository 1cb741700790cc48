//! A MySQL or MariaDB server as a store.

mod account;
mod connect;
mod load;
mod rows;
mod tables;

pub use account::create_database;

use std::net::IpAddr;

use mysql::prelude::Queryable;
use mysql::{Conn, Error, Params, Row, Value};

use super::condition::{Condition, address_bytes, address_of};
use super::schema::Dialect;
use super::{
    Columns, DroppedAll, Entry, Store, StoreError, TableInfo, TableKind, TableName, ledger, messages, schema,
};
use crate::analysis::filter::Filters;
use crate::config::Server;
use crate::dns::Known;
use crate::netfilter::batch::Batch;
use load::Outbox;

/// Seconds to wait for a lock that another ipta holds.
const PATIENCE: u32 = 60;

/// Most bytes of one INSERT statement.
const STATEMENT: usize = 1 << 20;

/// A connection to a server.
pub(super) struct MySql {
    conn: Conn,
    server: Server,
    in_transaction: bool,
    /// Table names differing in case are one table (lower_case_table_names).
    fold_names: bool,
    mariadb: bool,
    /// The server takes LOAD DATA LOCAL, as far as is known.
    local_infile: bool,
    outbox: Outbox,
    /// Most bytes of one statement.
    statement: usize,
    /// Name of the lock held.
    lock: Option<String>,
}

/// Connects to the database of a server.
pub(super) fn open(server: &Server) -> Result<MySql, StoreError> {
    let mut conn = connect::connect(server, true).map_err(|refusal| connect::refused(server, refusal))?;
    let failed = |error: &Error| connect::failed(server, "looking at its settings", error);
    // An administrator may have set other defaults for new sessions; rows and their ledger depend
    // on these two.
    for statement in ["SET NAMES utf8mb4", "SET autocommit = 1, sql_safe_updates = 0"] {
        conn.query_drop(statement).map_err(|e| failed(&e))?;
    }
    let settings = "SELECT @@version, @@lower_case_table_names, @@max_allowed_packet, @@local_infile";
    let row: Option<Row> = conn.query_first(settings).map_err(|e| failed(&e))?;
    let cell = |at: usize| row.as_ref().and_then(|row| row.as_ref(at)).unwrap_or(&Value::NULL);
    let packet: usize = rows::number(cell(2)).unwrap_or(1 << 20);
    let outbox = Outbox::default();
    conn.set_local_infile_handler(Some(outbox.handler()));
    Ok(MySql {
        server: server.clone(),
        in_transaction: false,
        mariadb: rows::text(cell(0)).to_ascii_lowercase().contains("mariadb"),
        fold_names: rows::number::<u8>(cell(1)) != Some(0),
        local_infile: rows::number::<u8>(cell(3)) == Some(1),
        outbox,
        statement: (packet / 2).min(STATEMENT),
        lock: None,
        conn,
    })
}

impl MySql {
    fn failed(&self, doing: &str, error: &Error) -> StoreError {
        match error {
            // A table that was there a moment ago; the server's words name it.
            Error::MySqlError(e) if e.code == 1146 => StoreError::Failed(format!(
                "a table is missing in {} ({}): 'ipta --create-table NAME' makes one",
                self.place(),
                connect::one_line(&e.message)
            )),
            _ => connect::failed(&self.server, doing, error),
        }
    }

    /// Runs a statement; gives the number of rows changed.
    fn run(&mut self, doing: &str, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let done =
            if values.is_empty() { self.conn.query_drop(sql) } else { self.conn.exec_drop(sql, values) };
        done.map_err(|e| self.failed(doing, &e))?;
        Ok(self.conn.affected_rows())
    }

    fn rows(&mut self, doing: &str, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let rows = self.conn.exec(sql, values);
        rows.map_err(|e| self.failed(doing, &e))
    }

    /// The name under which the ledger keeps a table.
    fn key(&self, table: &TableName) -> Value {
        Value::from(if self.fold_names { ledger::folded(table) } else { table.to_string() })
    }

    /// LOAD DATA LOCAL; `false` if the server takes no such thing, and then nothing was changed.
    fn load(&mut self, table: &TableName, packets: &Batch) -> Result<bool, StoreError> {
        self.outbox.fill(|out| load::write_lines(packets, out));
        let loaded = self.conn.query_drop(load::load_statement(table));
        self.outbox.clear();
        match loaded {
            Ok(()) => {}
            // The words for "LOCAL is switched off": old servers, MySQL 8, MariaDB.
            Err(Error::MySqlError(e)) if matches!(e.code, 1148 | 3948 | 4166) => return Ok(false),
            Err(e) => return Err(self.failed("storing packets", &e)),
        }
        // LOCAL makes warnings of what would be errors, so nothing may have been warned about.
        let (stored, warnings) = (self.conn.affected_rows(), self.conn.warnings());
        if stored != packets.len() as u64 || warnings != 0 {
            let said = self.rows("storing packets", "SHOW WARNINGS LIMIT 1", Vec::new())?;
            let said = said.first().and_then(|row| row.as_ref(2)).map(rows::text).unwrap_or_default();
            return Err(StoreError::Failed(format!(
                "table '{table}' in {} took {stored} of {} packets as they are: {}",
                self.place(),
                packets.len(),
                connect::one_line(&said)
            )));
        }
        Ok(true)
    }

    fn insert_rows(&mut self, table: &TableName, packets: &Batch) -> Result<(), StoreError> {
        let head = load::insert_head(table);
        let mut sql = head.clone();
        let mut row = String::new();
        for packet in packets.iter() {
            row.clear();
            load::write_row(&packet, &mut row);
            if sql.len() > head.len() && sql.len() + row.len() + 1 > self.statement {
                self.run("storing packets", &sql, Vec::new())?;
                sql.clone_from(&head);
            }
            if sql.len() > head.len() {
                sql.push(',');
            }
            sql.push_str(&row);
        }
        self.run("storing packets", &sql, Vec::new()).map(drop)
    }

    /// The row numbers between which the packets of the wanted time lie. Rows come mostly in the
    /// order of time, so this makes of a time a short run of the primary key, read in order;
    /// the index on the time alone would give them out of order and one by one.
    fn id_range(&mut self, table: &TableName, filters: &Filters) -> Result<Option<(u64, u64)>, StoreError> {
        let Some(times) = Condition::only_times(Dialect::MySql, filters) else {
            return Ok(Some((0, u64::MAX)));
        };
        let sql = format!("SELECT MIN(id), MAX(id) FROM `{table}` WHERE {}", times.sql);
        let found = self.rows("reading packets", &sql, times.values.iter().map(rows::bound).collect())?;
        let cell = |at: usize| found.first().and_then(|row| row.as_ref(at)).and_then(rows::number);
        Ok(cell(0).zip(cell(1)))
    }
}

impl Drop for MySql {
    fn drop(&mut self) {
        if self.in_transaction {
            let _ = self.conn.query_drop("ROLLBACK");
        }
    }
}

impl Store for MySql {
    fn place(&self) -> String {
        format!("database '{}'", self.server.database)
    }

    fn kind(&mut self, table: &TableName) -> Result<TableKind, StoreError> {
        self.look(table)
    }

    fn create_table(&mut self, table: &TableName) -> Result<(), StoreError> {
        self.check_free(table)?;
        self.create_ledger()?;
        let incarnation = schema::new_incarnation()?;
        let sql = schema::logs(Dialect::MySql, table, &incarnation);
        self.run("making a table", &sql, Vec::new()).map(drop)
    }

    fn finish_intents(&mut self) -> Result<(), StoreError> {
        self.finish()
    }

    fn clear_table(&mut self, table: &TableName) -> Result<(), StoreError> {
        self.clear(table)
    }

    fn drop_table(&mut self, table: &TableName) -> Result<(), StoreError> {
        self.remove(table)
    }

    fn drop_all(&mut self) -> Result<DroppedAll, StoreError> {
        self.remove_all()
    }

    fn list(&mut self) -> Result<Vec<TableInfo>, StoreError> {
        self.describe()
    }

    fn is_empty(&mut self, table: &TableName) -> Result<bool, StoreError> {
        let sql = format!("SELECT 1 FROM `{table}` LIMIT 1");
        Ok(self.rows("looking into a table", &sql, Vec::new())?.is_empty())
    }

    fn entries(&mut self, table: &TableName) -> Result<Vec<Entry>, StoreError> {
        let key = self.key(table);
        match self.conn.exec(ledger::select_entries(), vec![key]) {
            Ok(found) => Ok(found.iter().map(|row: &Row| rows::entry(row)).collect()),
            // No ledger, no entries; `lock` makes it before one is added.
            Err(Error::MySqlError(e)) if e.code == 1146 => Ok(Vec::new()),
            Err(e) => Err(self.failed("reading the ledger", &e)),
        }
    }

    fn forget(&mut self, table: &TableName, ids: &[u64]) -> Result<(), StoreError> {
        for id in ids {
            let values = vec![self.key(table), Value::from(*id)];
            self.run("changing the ledger", &ledger::delete_entry(), values)?;
        }
        Ok(())
    }

    fn lock(&mut self, table: &TableName) -> Result<(), StoreError> {
        self.take_lock(table)?;
        self.create_ledger()?;
        // Rows that went in before a clean-up is finished would go with it.
        self.finish_on(table)
    }

    fn unlock(&mut self) -> Result<(), StoreError> {
        if let Some(name) = self.lock.take() {
            self.rows("giving back a lock", "SELECT RELEASE_LOCK(?)", vec![Value::from(name)])?;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.run("beginning", "START TRANSACTION", Vec::new())?;
        self.in_transaction = true;
        Ok(())
    }

    fn insert(&mut self, table: &TableName, packets: &Batch) -> Result<(), StoreError> {
        if packets.is_empty() {
            return Ok(());
        }
        if self.local_infile {
            self.local_infile = self.load(table, packets)?;
        }
        if !self.local_infile {
            self.insert_rows(table, packets)?;
        }
        Ok(())
    }

    fn add_entry(&mut self, table: &TableName, entry: &Entry) -> Result<u64, StoreError> {
        let mut values = vec![self.key(table), Value::from(&entry.incarnation)];
        values.extend(position(entry));
        self.run("changing the ledger", &ledger::insert_entry(), values)?;
        Ok(self.conn.last_insert_id())
    }

    fn advance(&mut self, entry: &Entry, from: u64) -> Result<bool, StoreError> {
        let mut values = position(entry);
        values.extend([Value::from(entry.id), Value::from(from)]);
        Ok(self.run("changing the ledger", &ledger::update_entry(), values)? == 1)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.in_transaction = false;
        match self.conn.query_drop("COMMIT") {
            Ok(()) => Ok(()),
            Err(e) if connect::gone(&e) => Err(StoreError::Unsure(format!(
                "the server at {} went away while ipta was storing the last packets, which are in or not: \
                 run it again, what is in already is not stored twice",
                self.server.host
            ))),
            Err(e) => {
                let _ = self.conn.query_drop("ROLLBACK");
                Err(self.failed("storing packets", &e))
            }
        }
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        self.in_transaction = false;
        self.run("going back", "ROLLBACK", Vec::new()).map(drop)
    }

    fn packets(
        &mut self,
        table: &TableName,
        filters: &Filters,
        columns: Columns,
        each: &mut dyn FnMut(u64, &crate::netfilter::Packet<'_>),
    ) -> Result<(), StoreError> {
        let Some((first, last)) = self.id_range(table, filters)? else {
            return Ok(());
        };
        let condition = Condition::of(Dialect::MySql, filters);
        let names: Vec<String> = rows::columns(columns).iter().map(|name| format!("`{name}`")).collect();
        let sql = format!(
            "SELECT {} FROM `{table}` FORCE INDEX (PRIMARY) WHERE id BETWEEN ? AND ? AND {} ORDER BY id",
            names.join(","),
            condition.sql
        );
        let mut values = vec![Value::from(first), Value::from(last)];
        values.extend(condition.values.iter().map(rows::bound));
        let stream = || -> Result<(), Error> {
            for row in self.conn.exec_iter(&sql, Params::Positional(values))? {
                let row = row?;
                let (id, packet) = rows::packet(&row, columns);
                each(id, &packet);
            }
            Ok(())
        };
        stream().map_err(|e| self.failed("reading packets", &e))
    }

    fn count_timeless(&mut self, table: &TableName, filters: &Filters) -> Result<u64, StoreError> {
        let condition = Condition::rest(Dialect::MySql, filters);
        let sql = format!("SELECT COUNT(*) FROM `{table}` WHERE `timestamp` IS NULL AND {}", condition.sql);
        let values = condition.values.iter().map(rows::bound).collect();
        let found = self.rows("counting packets", &sql, values)?;
        Ok(found.first().and_then(|row| row.as_ref(0)).and_then(rows::number).unwrap_or(0))
    }

    fn create_names(&mut self, table: &TableName) -> Result<(), StoreError> {
        self.check_free(table)?;
        let sql = schema::names(Dialect::MySql, table);
        self.run("making a table", &sql, Vec::new()).map(drop)
    }

    fn name_of(&mut self, table: &TableName, address: IpAddr) -> Result<Option<Known>, StoreError> {
        let sql = format!("SELECT name, at FROM `{table}` WHERE address = ?");
        let found = self.rows("looking up a name", &sql, vec![Value::from(address_bytes(address))])?;
        Ok(found.first().map(|row| known(row, 0)))
    }

    fn keep_name(&mut self, table: &TableName, address: IpAddr, known: &Known) -> Result<(), StoreError> {
        let sql = format!("REPLACE INTO `{table}` (address, name, at) VALUES (?, ?, ?)");
        let name = known.name.as_deref().map(messages::shown_name);
        let values = vec![Value::from(address_bytes(address)), Value::from(name), Value::from(known.at)];
        self.run("keeping a name", &sql, values).map(drop)
    }

    fn names(&mut self, table: &TableName) -> Result<Vec<(IpAddr, Known)>, StoreError> {
        let sql = format!("SELECT address, name, at FROM `{table}` ORDER BY LENGTH(address), address");
        let found = self.rows("reading names", &sql, Vec::new())?;
        let name = |row: &Row| Some((address_of(rows::bytes(row.as_ref(0)?))?, known(row, 1)));
        Ok(found.iter().filter_map(name).collect())
    }

    fn prune_names(&mut self, table: &TableName, before: Option<i64>) -> Result<u64, StoreError> {
        match before {
            Some(before) => {
                let sql = format!("DELETE FROM `{table}` WHERE at < ?");
                self.run("removing names", &sql, vec![Value::from(before)])
            }
            None => self.run("removing names", &format!("DELETE FROM `{table}`"), Vec::new()),
        }
    }
}

/// The values of `ledger::update_entry` that say how far a log is in.
fn position(entry: &Entry) -> Vec<Value> {
    vec![
        Value::from(&entry.head),
        Value::from(&entry.tail),
        Value::from(entry.offset),
        Value::from(entry.lines),
        Value::from(entry.packets),
        rows::time_value(entry.first),
        rows::time_value(entry.last),
        Value::from(ledger::shown_path(&entry.path)),
        Value::from(entry.device),
        Value::from(entry.inode),
        rows::time_value(entry.at),
    ]
}

fn known(row: &Row, at: usize) -> Known {
    let name = row.as_ref(at).filter(|value| **value != Value::NULL);
    let learned = match row.as_ref(at + 1) {
        Some(Value::Int(seconds)) => *seconds,
        other => other.and_then(rows::number::<u32>).unwrap_or(0).into(),
    };
    Known { name: name.map(rows::text), at: learned }
}
