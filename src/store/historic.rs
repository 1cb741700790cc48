//! `--upgrade-table` for a table created by the C program.
//!
//! Its columns are `id`, `timestamp`, `if_in`, `if_out`, `src_ip`, `src_prt`, `dst_ip`, `dst_prt`, `proto`,
//! `action` and `mac` (the first manual, chapter 3.2), with addresses as integers. A new table is filled
//! alongside, in batches, and takes over its name in a single RENAME; the old one is kept under another name.
//! If killed before that, nothing has changed, and the next call that writes drops the partial copy.

use super::schema::{self, Dialect, FRESH};
use super::{Store, StoreError, TableKind, TableName, Upgraded};

/// Rows copied per statement.
const BATCH: u64 = 20_000;

const DOING: &str = "converting a table";

/// Protocols for which 0 is a real port; the others stored 0 for no port.
const WITH_PORTS: &str =
    "UPPER(proto) IN ('TCP', 'UDP', 'UDPLITE', 'SCTP', 'DCCP', '6', '17', '33', '132', '136')";

impl Store {
    /// Converts the C program's table of this name.
    pub(super) fn upgrade_historic(&mut self, table: &TableName) -> Result<Upgraded, StoreError> {
        let place = self.place();
        if self.backend.dialect() == Dialect::Sqlite {
            return Err(StoreError::Failed(format!(
                "table '{table}' in {place} looks like one of the C program's, but the C program kept its tables on a server: \
                 import the logs into another table"
            )));
        }
        let kept: TableName = format!("{table}_c").parse().map_err(StoreError::Failed)?;
        if self.kind(&kept)? != TableKind::Missing {
            return Err(StoreError::Failed(format!(
                "the C program's table would be kept as '{kept}', but {place} already has a table of that name: \
                 rename or drop that one first"
            )));
        }
        let incarnation = schema::new_incarnation()?;
        let new: TableName = format!("{FRESH}{incarnation}").parse().map_err(StoreError::Failed)?;
        let columns = self.historic_columns(table)?;
        let timed = columns.timed;
        self.insist(DOING, &schema::logs(Dialect::MySql, &new, &incarnation))?;
        let packets = match self.copy_historic(table, &new, &columns) {
            Ok(packets) => packets,
            Err(error) => {
                // The partial copy is dropped now, or by the next call that writes.
                let _ = self.backend.run(DOING, &format!("DROP TABLE IF EXISTS `{new}`"), &[]);
                return Err(error);
            }
        };
        self.insist(DOING, &format!("RENAME TABLE `{table}` TO `{kept}`, `{new}` TO `{table}`"))?;
        Ok(Upgraded::Historic { packets, kept, timed })
    }

    /// Which of the columns a table has, and whether its time is the packet's own.
    fn historic_columns(&mut self, table: &TableName) -> Result<Columns, StoreError> {
        let sql = "SELECT column_name, CONCAT(COALESCE(column_default, ''), extra) FROM information_schema.columns \
                   WHERE table_schema = DATABASE() AND table_name = ?";
        let rows = self.backend.rows(DOING, sql, &[table.as_str().into()])?;
        let names: Vec<String> = rows.iter().map(|row| row.text(0).to_ascii_lowercase()).collect();
        let default = |name: &str| {
            let at = names.iter().position(|known| known == name)?;
            rows.get(at).map(|row| row.text(1).to_ascii_lowercase())
        };
        // A time that the server fills in is the row's insertion time.
        let timed = default("timestamp").is_some_and(|default| !default.contains("current_timestamp"));
        Ok(Columns { names, timed })
    }

    fn copy_historic(
        &mut self,
        old: &TableName,
        new: &TableName,
        columns: &Columns,
    ) -> Result<u64, StoreError> {
        let rows = self.backend.rows(DOING, &format!("SELECT MIN(id), MAX(id) FROM `{old}`"), &[])?;
        let ends = rows.first().and_then(|row| row.number::<u64>(0).zip(row.number::<u64>(1)));
        let Some((first, last)) = ends else { return Ok(0) };
        let (names, values) = columns.copied();
        let mut packets = 0;
        let mut from = first;
        while from <= last {
            let to = from.saturating_add(BATCH - 1);
            let sql = format!(
                "INSERT INTO `{new}` ({names}) SELECT {values} FROM `{old}` WHERE id >= {from} AND id <= {to} ORDER BY id"
            );
            packets += self.insist(DOING, &sql)?;
            from = to.saturating_add(1);
        }
        Ok(packets)
    }
}

/// The columns of a table created by the C program.
struct Columns {
    names: Vec<String>,
    timed: bool,
}

impl Columns {
    /// The columns to fill, and the expressions for them.
    fn copied(&self) -> (String, String) {
        let address =
            |name| format!("CASE WHEN {name} IS NULL THEN '' ELSE UNHEX(LPAD(HEX({name}), 8, '0')) END");
        let port = |name| {
            format!("CASE WHEN {name} BETWEEN 1 AND 65535 OR ({name} = 0 AND {WITH_PORTS}) THEN {name} END")
        };
        let text = |name: &str| format!("COALESCE({name}, '')");
        let time = "CONVERT_TZ(`timestamp`, @@session.time_zone, '+00:00')".to_owned();
        let all = [
            ("timestamp", time),
            ("if_in", text("if_in")),
            ("if_out", text("if_out")),
            ("src_ip", address("src_ip")),
            ("dst_ip", address("dst_ip")),
            ("src_prt", port("src_prt")),
            ("dst_prt", port("dst_prt")),
            ("proto", text("proto")),
            ("action", text("action")),
            ("mac", text("mac")),
        ];
        let there = |name: &str| self.names.iter().any(|known| known == name);
        let mut filled: Vec<(&str, String)> =
            all.into_iter().filter(|(name, _)| there(name) && (*name != "timestamp" || self.timed)).collect();
        // As in the manual's prefix: ACCEPT was let through, any other word was not.
        filled.push(("verdict", "CASE WHEN action = 'ACCEPT' THEN 'accept' ELSE 'deny' END".to_owned()));
        let names: Vec<String> = filled.iter().map(|(name, _)| format!("`{name}`")).collect();
        let values: Vec<String> = filled.into_iter().map(|(_, value)| value).collect();
        (names.join(", "), values.join(", "))
    }
}
