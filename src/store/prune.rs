//! Deleting packets older than a given time.
//!
//! Each batch is a transaction that also lowers the ledger's counts of live rows by the rows it deletes: an
//! imported log stays known, so its packets do not come back, and a table pruned empty can be told from one
//! emptied by hand. Batches are small, so that a concurrent import waits less than a second.

use std::collections::BTreeMap;

use super::value::Value;
use super::{Store, StoreError, TableName, ledger};
use crate::netfilter::Time;

/// Packets deleted per transaction.
const BATCH: usize = 4_000;

/// Row numbers named per statement: fits the smallest `max_allowed_packet`.
const NAMED: usize = 500;

const DOING: &str = "deleting packets";

impl Store {
    /// Deletes the packets of a logs table older than a given time, batch by batch while `goes_on`; returns how many.
    pub fn prune(
        &mut self,
        table: &TableName,
        before: Time,
        goes_on: impl Fn() -> bool,
    ) -> Result<u64, StoreError> {
        self.incarnation(table)?;
        self.create_ledger()?;
        let mut total = 0;
        loop {
            let (found, deleted) = self.transact(|store| store.prune_batch(table, before))?;
            total += deleted;
            if found == 0 || !goes_on() {
                return Ok(total);
            }
        }
    }

    /// Counts a table's packets without a time; they have no age.
    pub fn count_without_time(&mut self, table: &TableName) -> Result<u64, StoreError> {
        let sql = format!("SELECT COUNT(*) FROM `{table}` WHERE `timestamp` IS NULL");
        Ok(self.backend.rows("counting packets", &sql, &[])?.first().map_or(0, |row| row.count(0)))
    }

    /// Returns how many old packets it found and how many of them it deleted: another call may have been faster.
    fn prune_batch(&mut self, table: &TableName, before: Time) -> Result<(usize, u64), StoreError> {
        let incarnation = self.incarnation(table)?;
        let (key, dialect) = (self.key(table), self.backend.dialect());
        self.run(DOING, ledger::stand(dialect, &key, &incarnation))?;
        let sql = format!(
            "SELECT id, entry FROM `{table}` WHERE `timestamp` < ? ORDER BY `timestamp` LIMIT {BATCH}"
        );
        let old = self.backend.rows(DOING, &sql, &[Value::Time(before)])?;
        let mut of_entry: BTreeMap<Option<u64>, Vec<u64>> = BTreeMap::new();
        for row in &old {
            of_entry.entry(row.number(1)).or_default().push(row.count(0));
        }
        let mut deleted = 0;
        for (entry, ids) in of_entry {
            let mut of_this = 0;
            for ids in ids.chunks(NAMED) {
                let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
                let sql = format!("DELETE FROM `{table}` WHERE id IN ({})", ids.join(","));
                of_this += self.backend.run(DOING, &sql, &[])?;
            }
            if let Some(entry) = entry {
                self.run(DOING, ledger::lower(entry, of_this))?;
            }
            deleted += of_this;
        }
        Ok((old.len(), deleted))
    }
}
