//! Identifying the tables of a server.

use std::ops::Range;

use mysql::prelude::Queryable;

use super::MySql;
use crate::store::backend::{Backend, FoundTable};
use crate::store::condition::Condition;
use crate::store::schema::{self, Mark};
use crate::store::{StoreError, TableKind, TableName};

impl MySql {
    /// All tables and views, or those one name may refer to.
    pub(super) fn found(&mut self, name: Option<&TableName>) -> Result<Vec<FoundTable>, StoreError> {
        let mut sql =
            "SELECT table_name, table_type, table_comment, table_rows FROM information_schema.tables \
             WHERE table_schema = DATABASE()"
                .to_owned();
        let mut values = Vec::new();
        if let Some(name) = name {
            sql.push_str(" AND table_name = ?");
            let name = if self.fold_names { name.as_str().to_ascii_lowercase() } else { name.to_string() };
            values.push(name.into());
        }
        let mut found = Vec::new();
        for row in self.rows("looking for tables", &sql, &values)? {
            let (name, view) = (row.text(0), row.text(1) != "BASE TABLE");
            let mark = if view { None } else { Mark::parse(&row.text(2)) };
            let kind = mark.clone().map_or(TableKind::Foreign, |mark| mark.kind(&name));
            found.push(FoundTable { name, kind, mark, view, rows: row.number(3) });
        }
        if found.iter().any(|found| found.kind == TableKind::Foreign && !found.view) {
            self.tell_historic(&mut found)?;
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Identifies the C program's tables among those without a mark.
    fn tell_historic(&mut self, found: &mut [FoundTable]) -> Result<(), StoreError> {
        let sql = "SELECT table_name, column_name, data_type FROM information_schema.columns \
                   WHERE table_schema = DATABASE() AND column_name IN ('src_ip', 'action', 'proto')";
        let rows = self.rows("looking at the columns of tables", sql, &[])?;
        let columns: Vec<[String; 3]> = rows.iter().map(|row| [0, 1, 2].map(|at| row.text(at))).collect();
        for found in found.iter_mut().filter(|found| found.kind == TableKind::Foreign && !found.view) {
            let own = columns.iter().filter(|[table, ..]| *table == found.name);
            if schema::historic(own.map(|[_, name, kind]| (name.as_str(), kind.as_str()))) {
                found.kind = TableKind::Historic;
            }
        }
        Ok(())
    }

    /// The row count, exact if that takes under a second; else, or if the server cannot limit the time, the
    /// engine's estimate.
    pub(super) fn counted(&mut self, table: &FoundTable) -> Option<(u64, bool)> {
        let name = format!("`{}`", table.name.replace('`', "``"));
        let sql = if self.mariadb {
            format!("SET STATEMENT max_statement_time = 1 FOR SELECT COUNT(*) FROM {name}")
        } else {
            format!("SELECT /*+ MAX_EXECUTION_TIME(1000) */ COUNT(*) FROM {name}")
        };
        let counted: Option<u64> = self.conn.query_first(sql).ok().flatten();
        counted.map(|rows| (rows, true)).or(table.rows.map(|rows| (rows, false)))
    }

    /// Whether an empty copy can replace a table: a copy has none of its triggers.
    pub(super) fn is_swappable(&mut self, table: &TableName) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM information_schema.triggers \
                   WHERE event_object_schema = DATABASE() AND event_object_table = ? LIMIT 1";
        Ok(self.rows("looking for triggers", sql, &[table.as_str().into()])?.is_empty())
    }

    /// A table's engine, if it lacks transactions.
    pub(super) fn engine(&mut self, table: &TableName) -> Result<Option<String>, StoreError> {
        let sql = "SELECT t.engine FROM information_schema.tables t \
                   LEFT JOIN information_schema.engines e ON e.engine = t.engine \
                   WHERE t.table_schema = DATABASE() AND t.table_name = ? \
                   AND (e.transactions IS NULL OR e.transactions <> 'YES')";
        let rows = self.rows("looking at the engine of a table", sql, &[table.as_str().into()])?;
        Ok(rows.first().map(|row| row.text(0)))
    }

    /// The range of row numbers that meet a time condition.
    pub(super) fn ids(
        &mut self,
        table: &TableName,
        times: &Condition,
    ) -> Result<Option<Range<u64>>, StoreError> {
        let sql = format!("SELECT MIN(id), MAX(id) FROM `{table}` WHERE {}", times.sql);
        let rows = self.rows("reading packets", &sql, &times.values)?;
        let ends = rows.first().and_then(|row| row.number::<u64>(0).zip(row.number::<u64>(1)));
        Ok(ends.map(|(first, last)| first..last.saturating_add(1)))
    }
}
