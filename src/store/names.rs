//! The host name cache.

use std::net::IpAddr;

use super::columns::{address_bytes, address_of};
use super::value::{Row, Value};
use super::{Store, StoreError, TableName, schema};
use crate::dns::KnownName;

/// Longest cached name in characters; a DNS name has at most 255 octets (RFC 1035, 2.3.4).
const LONGEST: usize = 255;

impl Store {
    /// Creates a name cache table. The name must be free.
    pub fn create_names(&mut self, table: &TableName) -> Result<(), StoreError> {
        self.check_free(table)?;
        let sql = schema::names(self.backend.dialect(), table);
        self.backend.run("creating a table", &sql, &[]).map(drop)
    }

    /// What the name cache knows about an address.
    pub fn name_of(&mut self, table: &TableName, address: IpAddr) -> Result<Option<KnownName>, StoreError> {
        let sql = format!("SELECT name, at FROM `{table}` WHERE address = ?");
        let rows = self.backend.rows("looking up a name", &sql, &[Value::Bytes(address_bytes(address))])?;
        Ok(rows.first().map(|row| known(row, 0)))
    }

    /// Stores a name, replacing what was known before. One longer than any DNS name is truncated.
    pub fn keep_name(
        &mut self,
        table: &TableName,
        address: IpAddr,
        known: &KnownName,
    ) -> Result<(), StoreError> {
        let sql = format!("REPLACE INTO `{table}` (address, name, at) VALUES (?, ?, ?)");
        let name: Option<String> = known.name.as_ref().map(|name| name.chars().take(LONGEST).collect());
        let values = [
            Value::Bytes(address_bytes(address)),
            name.map_or(Value::Null, Value::Text),
            Value::Signed(known.at),
        ];
        self.backend.run("keeping a name", &sql, &values).map(drop)
    }

    /// Every cached name, by address (IPv4 before IPv6, then numerically).
    pub fn names(&mut self, table: &TableName) -> Result<Vec<(IpAddr, KnownName)>, StoreError> {
        let sql = format!("SELECT address, name, at FROM `{table}` ORDER BY LENGTH(address), address");
        let rows = self.backend.rows("reading names", &sql, &[])?;
        Ok(rows.iter().filter_map(|row| Some((address_of(row.bytes(0))?, known(row, 1)))).collect())
    }

    /// Removes names learned before a given time (seconds since 1970; `None`: all). Returns how many.
    pub fn prune_names(&mut self, table: &TableName, before: Option<i64>) -> Result<u64, StoreError> {
        const DOING: &str = "removing names";
        match before {
            Some(before) => {
                let sql = format!("DELETE FROM `{table}` WHERE at < ?");
                self.backend.run(DOING, &sql, &[Value::Signed(before)])
            }
            // An always-true condition: without one, some sessions may not delete.
            None => self.backend.run(DOING, &format!("DELETE FROM `{table}` WHERE 1 = 1"), &[]),
        }
    }
}

fn known(row: &Row, at: usize) -> KnownName {
    KnownName { name: row.optional_text(at), at: row.number(at + 1).unwrap_or(0) }
}
