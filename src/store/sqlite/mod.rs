//! One SQLite file as a store.
//!
//! The rollback journal, not WAL: between runs it is one file, always. DDL is part of transactions
//! here, so no intent is ever needed.

mod connect;
mod rows;
mod tables;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, Error, OptionalExtension, Params, Statement, ToSql, params_from_iter};

use super::condition::{Condition, address_bytes, address_of};
use super::moment::{self, Moment};
use super::schema::{Dialect, FILLED, LEDGER};
use super::{
    Columns, DroppedAll, Entry, Store, StoreError, TableInfo, TableKind, TableName, ledger, messages, schema,
};
use crate::analysis::filter::Filters;
use crate::dns::Known;
use crate::netfilter::Packet;
use crate::netfilter::Time;
use crate::netfilter::batch::Batch;

/// An open file.
pub(super) struct Sqlite {
    conn: Connection,
    path: PathBuf,
}

/// Opens a file, or with `create` makes it.
pub(super) fn open(path: &Path, create: bool) -> Result<Sqlite, StoreError> {
    Ok(Sqlite { conn: connect::connect(path, create)?, path: path.to_owned() })
}

impl Sqlite {
    fn failed(&self, doing: &str, error: &Error) -> StoreError {
        connect::failed(&self.path, doing, error)
    }

    /// Runs a statement; gives the number of rows changed.
    fn run(&self, doing: &str, sql: &str, values: impl Params) -> Result<u64, StoreError> {
        let done = self.conn.prepare_cached(sql).and_then(|mut s| s.execute(values));
        done.map(|rows| rows as u64).map_err(|e| self.failed(doing, &e))
    }

    /// Runs `work` in a transaction of its own, or in the one that is open.
    fn whole<T>(&mut self, work: impl FnOnce(&mut Sqlite) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if !self.conn.is_autocommit() {
            return work(self);
        }
        self.begin()?;
        let done = work(self).and_then(|value| self.commit().map(|()| value));
        if done.is_err() && !self.conn.is_autocommit() {
            let _ = self.rollback();
        }
        done
    }

    fn insert_all(&self, table: &TableName, packets: &Batch) -> Result<(), Error> {
        let places = vec!["?"; FILLED.len()].join(",");
        let columns = FILLED.map(|name| format!("`{name}`")).join(",");
        let mut statement =
            self.conn.prepare_cached(&format!("INSERT INTO `{table}` ({columns}) VALUES ({places})"))?;
        for packet in packets.iter() {
            bind_packet(&mut statement, &packet)?;
            // Somebody's trigger may leave rows out without a word (RAISE(IGNORE)).
            match statement.raw_execute()? {
                1 => {}
                rows => return Err(Error::StatementChangedRows(rows)),
            }
        }
        Ok(())
    }

    /// The row numbers between which the packets of the wanted time lie. Rows come mostly in the
    /// order of time, so this makes of a time a short run of the table, read in order; the index on
    /// the time alone would give them out of order and one by one.
    fn id_range(&self, table: &TableName, filters: &Filters) -> Result<Option<(i64, i64)>, Error> {
        let Some(times) = Condition::only_times(Dialect::Sqlite, filters) else {
            return Ok(Some((i64::MIN, i64::MAX)));
        };
        let sql = format!(
            "SELECT MIN(id), MAX(id) FROM (SELECT id FROM `{table}` INDEXED BY `{table} by timestamp` WHERE {})",
            times.sql
        );
        let read = |sql: &str| {
            self.conn.query_row(sql, params_from_iter(times.values.iter().map(rows::bound)), |row| {
                Ok(row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<i64>>(1)?))
            })
        };
        // Without its index (somebody dropped it) the whole table is as good.
        read(&sql).or(Ok(Some((i64::MIN, i64::MAX))))
    }

    fn stream(
        &self,
        table: &TableName,
        filters: &Filters,
        columns: Columns,
        each: &mut dyn FnMut(u64, &Packet<'_>),
    ) -> Result<(), Error> {
        let Some((first, last)) = self.id_range(table, filters)? else {
            return Ok(());
        };
        let condition = Condition::of(Dialect::Sqlite, filters);
        // NOT INDEXED leaves the row number as the only way to walk the table.
        let sql = format!(
            "SELECT {} FROM `{table}` NOT INDEXED WHERE id BETWEEN ? AND ? AND {} ORDER BY id",
            rows::columns(columns),
            condition.sql
        );
        let mut values = vec![Value::Integer(first), Value::Integer(last)];
        values.extend(condition.values.iter().map(rows::bound));
        let mut statement = self.conn.prepare(&sql)?;
        let mut found = statement.query(params_from_iter(values))?;
        while let Some(row) = found.next()? {
            let (id, packet) = rows::packet(row)?;
            each(id, &packet);
        }
        Ok(())
    }
}

impl Store for Sqlite {
    fn place(&self) -> String {
        format!("file '{}'", self.path.display())
    }

    fn kind(&mut self, table: &TableName) -> Result<TableKind, StoreError> {
        let found = self.found()?;
        let same = |name: &str| name.eq_ignore_ascii_case(table.as_str());
        Ok(found.into_iter().find(|f| same(&f.0)).map_or(TableKind::Missing, |f| f.1))
    }

    fn create_table(&mut self, table: &TableName) -> Result<(), StoreError> {
        let incarnation = schema::new_incarnation()?;
        self.whole(|store| {
            store.check_free(table)?;
            store.create_ledger()?;
            store.run("making a table", &schema::logs(Dialect::Sqlite, table, &incarnation), [])?;
            store.run("making a table", &schema::sqlite_index(table), []).map(drop)
        })
    }

    fn finish_intents(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn clear_table(&mut self, table: &TableName) -> Result<(), StoreError> {
        self.whole(|store| {
            match store.kind(table)? {
                TableKind::Logs { .. } => {}
                kind => return Err(messages::not_logs(table, &kind, &store.place())),
            }
            store.forget_table(table)?;
            store.run("clearing a table", &format!("DELETE FROM `{table}`"), []).map(drop)
        })
    }

    fn drop_table(&mut self, table: &TableName) -> Result<(), StoreError> {
        self.whole(|store| {
            match store.kind(table)? {
                TableKind::Logs { .. } | TableKind::OtherVersion(_) if !schema::reserved(table) => {
                    store.forget_table(table)?;
                }
                TableKind::Names => {}
                kind => return Err(messages::not_logs(table, &kind, &store.place())),
            }
            store.run("dropping a table", &format!("DROP TABLE `{table}`"), []).map(drop)
        })
    }

    fn drop_all(&mut self) -> Result<DroppedAll, StoreError> {
        self.remove_all()
    }

    fn list(&mut self) -> Result<Vec<TableInfo>, StoreError> {
        self.describe()
    }

    fn is_empty(&mut self, table: &TableName) -> Result<bool, StoreError> {
        let sql = format!("SELECT 1 FROM `{table}` LIMIT 1");
        let found = self.conn.query_row(&sql, [], |_| Ok(())).optional();
        found.map(|row| row.is_none()).map_err(|e| self.failed("looking into a table", &e))
    }

    fn entries(&mut self, table: &TableName) -> Result<Vec<Entry>, StoreError> {
        let name: TableName = LEDGER.parse().map_err(StoreError::Failed)?;
        if self.kind(&name)? == TableKind::Missing {
            return Ok(Vec::new());
        }
        let read = || -> Result<Vec<Entry>, Error> {
            let mut statement = self.conn.prepare_cached(&ledger::select_entries())?;
            statement.query_map([ledger::folded(table)], rows::entry)?.collect()
        };
        read().map_err(|e| self.failed("reading the ledger", &e))
    }

    fn forget(&mut self, table: &TableName, ids: &[u64]) -> Result<(), StoreError> {
        for id in ids {
            let values = (ledger::folded(table), *id as i64);
            self.run("changing the ledger", &ledger::delete_entry(), values)?;
        }
        Ok(())
    }

    fn lock(&mut self, _table: &TableName) -> Result<(), StoreError> {
        Ok(())
    }

    fn unlock(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.run("beginning", "BEGIN IMMEDIATE", []).map(drop)
    }

    fn insert(&mut self, table: &TableName, packets: &Batch) -> Result<(), StoreError> {
        self.insert_all(table, packets).map_err(|e| self.failed("storing packets", &e))
    }

    fn add_entry(&mut self, table: &TableName, entry: &Entry) -> Result<u64, StoreError> {
        self.create_ledger()?;
        let mut values = vec![Value::Text(ledger::folded(table)), Value::Text(entry.incarnation.clone())];
        values.extend(position(entry));
        self.run("changing the ledger", &ledger::insert_entry(), params_from_iter(values))?;
        Ok(self.conn.last_insert_rowid() as u64)
    }

    fn advance(&mut self, entry: &Entry, from: u64) -> Result<bool, StoreError> {
        let mut values = position(entry);
        values.extend([Value::Integer(entry.id as i64), Value::Integer(from as i64)]);
        let changed = self.run("changing the ledger", &ledger::update_entry(), params_from_iter(values))?;
        Ok(changed == 1)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.run("storing packets", "COMMIT", []).map(drop)
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        // A full disk may have made SQLite roll back by itself.
        if self.conn.is_autocommit() {
            return Ok(());
        }
        self.run("going back", "ROLLBACK", []).map(drop)
    }

    fn packets(
        &mut self,
        table: &TableName,
        filters: &Filters,
        columns: Columns,
        each: &mut dyn FnMut(u64, &Packet<'_>),
    ) -> Result<(), StoreError> {
        self.stream(table, filters, columns, each).map_err(|e| self.failed("reading packets", &e))
    }

    fn count_timeless(&mut self, table: &TableName, filters: &Filters) -> Result<u64, StoreError> {
        let condition = Condition::rest(Dialect::Sqlite, filters);
        let sql = format!("SELECT COUNT(*) FROM `{table}` WHERE timestamp IS NULL AND {}", condition.sql);
        let values = params_from_iter(condition.values.iter().map(rows::bound));
        let found = self.conn.query_row(&sql, values, |row| Ok(rows::number(row.get_ref(0)?)));
        found.map(|count| count.unwrap_or(0)).map_err(|e| self.failed("counting packets", &e))
    }

    fn create_names(&mut self, table: &TableName) -> Result<(), StoreError> {
        self.whole(|store| {
            store.check_free(table)?;
            store.run("making a table", &schema::names(Dialect::Sqlite, table), []).map(drop)
        })
    }

    fn name_of(&mut self, table: &TableName, address: IpAddr) -> Result<Option<Known>, StoreError> {
        let sql = format!("SELECT name, at FROM `{table}` WHERE address = ?");
        let read = || -> Result<Option<Known>, Error> {
            let mut statement = self.conn.prepare_cached(&sql)?;
            statement.query_row([address_bytes(address)], |row| known(row, 0)).optional()
        };
        read().map_err(|e| self.failed("looking up a name", &e))
    }

    fn keep_name(&mut self, table: &TableName, address: IpAddr, known: &Known) -> Result<(), StoreError> {
        let sql = format!("REPLACE INTO `{table}` (address, name, at) VALUES (?, ?, ?)");
        let name = known.name.as_deref().map(messages::shown_name);
        self.run("keeping a name", &sql, (address_bytes(address), name, known.at)).map(drop)
    }

    fn names(&mut self, table: &TableName) -> Result<Vec<(IpAddr, Known)>, StoreError> {
        let sql = format!("SELECT address, name, at FROM `{table}` ORDER BY LENGTH(address), address");
        let read = || -> Result<Vec<(IpAddr, Known)>, Error> {
            let mut statement = self.conn.prepare(&sql)?;
            let mut found = statement.query([])?;
            let mut names = Vec::new();
            while let Some(row) = found.next()? {
                if let Some(address) = address_of(rows::bytes(row.get_ref(0)?)) {
                    names.push((address, known(row, 1)?));
                }
            }
            Ok(names)
        };
        read().map_err(|e| self.failed("reading names", &e))
    }

    fn prune_names(&mut self, table: &TableName, before: Option<i64>) -> Result<u64, StoreError> {
        let sql = format!("DELETE FROM `{table}` WHERE at < ? OR ?");
        self.run("removing names", &sql, (before.unwrap_or(0), before.is_none()))
    }
}

fn bind_packet(statement: &mut Statement<'_>, packet: &Packet<'_>) -> Result<(), Error> {
    let stamp = packet.time.map(|time| Moment::of(time).text());
    let stamp = stamp.as_ref().map(|text| text_of(text));
    let (source, destination) = (octets(packet.src), octets(packet.dst));
    let values: [&dyn ToSql; FILLED.len()] = [
        &stamp,
        &text_of(packet.host),
        &text_of(packet.if_in),
        &text_of(packet.if_out),
        &source.as_slice(),
        &destination.as_slice(),
        &packet.src_port,
        &packet.dst_port,
        &text_of(packet.proto),
        &text_of(packet.action),
        &packet.verdict.as_str(),
        &text_of(packet.prefix),
        &text_of(packet.mac),
        &packet.length,
        &packet.ttl,
        &packet.tcp_flags.map(|flags| flags.0),
        &packet.icmp_type,
        &packet.icmp_code,
    ];
    for (at, value) in values.into_iter().enumerate() {
        statement.raw_bind_parameter(at + 1, value)?;
    }
    Ok(())
}

/// Text of a batch, which is UTF-8 always.
fn text_of(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn octets(address: Option<IpAddr>) -> Vec<u8> {
    address.map(address_bytes).unwrap_or_default()
}

/// The values of `ledger::update_entry` that say how far a log is in.
fn position(entry: &Entry) -> Vec<Value> {
    let time = |time: Option<Time>| time.map_or(Value::Null, |time| Value::Text(moment::text(time)));
    let count = |number: u64| Value::Integer(number as i64);
    vec![
        Value::Blob(entry.head.clone()),
        Value::Blob(entry.tail.clone()),
        count(entry.offset),
        count(entry.lines),
        count(entry.packets),
        time(entry.first),
        time(entry.last),
        Value::Text(ledger::shown_path(&entry.path)),
        count(entry.device),
        count(entry.inode),
        time(entry.at),
    ]
}

fn known(row: &rusqlite::Row<'_>, at: usize) -> Result<Known, Error> {
    Ok(Known { name: row.get(at)?, at: row.get(at + 1)? })
}
