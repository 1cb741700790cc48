//! The import ledger: what it records about a log, and its statements, the same for every backend.

use super::identity::{Checkpoints, JOURNAL};
use super::schema::{Dialect, LEDGER, PATH};
use super::value::{Row, Value};
use crate::netfilter::Time;

/// How far one log has been imported into one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Row number in the ledger; 0 before it is stored.
    pub id: u64,
    /// Incarnation of the logs table that the rows went into.
    pub incarnation: String,
    /// The first min(4096, offset) bytes of the (uncompressed) log.
    pub head: Vec<u8>,
    /// The last min(256, offset) bytes before the offset.
    pub tail: Vec<u8>,
    /// Bytes of the (uncompressed) log that are imported, always up to the end of a line.
    pub offset: u64,
    /// Lines in them.
    pub lines: u64,
    /// Packets in them, stored or known from another log.
    pub packets: u64,
    /// Rows of the table that came from this log and have not been pruned.
    pub live: u64,
    /// Where the packets of the last two seconds begin: reread on resuming, so that equal packets within a
    /// second are counted correctly.
    pub window_at: u64,
    /// Hashes that tell whether another text begins like this one.
    pub checkpoints: Checkpoints,
    /// An import with `--again` that has not reached its end.
    pub again: bool,
    /// The prefix rules in force, as typed.
    pub rules: String,
    /// The syslog hosts that its packets name; none if there are too many to keep.
    pub hosts: Option<Vec<String>>,
    /// Earliest time of its packets.
    pub first: Option<Time>,
    /// Latest time of its packets.
    pub last: Option<Time>,
    /// Path when last imported; for display only.
    pub path: String,
    /// Device and inode when last imported; for display only.
    pub device: u64,
    /// See `device`.
    pub inode: u64,
    /// When the last chunk was stored.
    pub at: Option<Time>,
}

/// The columns of an entry that an import sets, in the order of [`Entry::position`]. `rows_live` is not among
/// them: it is incremented and decremented, never set.
const POSITION: [&str; 16] = [
    "head",
    "tail",
    "bytes_in",
    "lines_in",
    "packets_in",
    "window_at",
    "checkpoints",
    "again",
    "rules",
    "hosts",
    "first_time",
    "last_time",
    "path",
    "device",
    "inode",
    "imported_at",
];

impl Entry {
    fn position(&self) -> Vec<Value> {
        vec![
            Value::Bytes(self.head.clone()),
            Value::Bytes(self.tail.clone()),
            self.offset.into(),
            self.lines.into(),
            self.packets.into(),
            self.window_at.into(),
            Value::Bytes(self.checkpoints.to_bytes()),
            u64::from(self.again).into(),
            Value::from(self.rules.as_str()),
            self.hosts.as_ref().map_or(Value::Null, |hosts| hosts.join("\n").into()),
            Value::time(self.first),
            Value::time(self.last),
            shown_path(&self.path).into(),
            self.device.into(),
            self.inode.into(),
            Value::time(self.at),
        ]
    }

    fn of(row: &Row) -> Entry {
        Entry {
            id: row.count(0),
            incarnation: row.text(1),
            live: row.count(2),
            head: row.bytes(3).to_vec(),
            tail: row.bytes(4).to_vec(),
            offset: row.count(5),
            lines: row.count(6),
            packets: row.count(7),
            window_at: row.count(8),
            checkpoints: Checkpoints::from_bytes(row.bytes(9)),
            again: row.count(10) != 0,
            rules: row.text(11),
            hosts: hosts_of(row.optional_text(12)),
            first: row.time(13),
            last: row.time(14),
            path: row.text(15),
            device: row.count(16),
            inode: row.count(17),
            at: row.time(18),
        }
    }

    /// Whether packets of the two logs can name the same host.
    pub(super) fn shares_host(&self, hosts: &Option<Vec<String>>) -> bool {
        match (&self.hosts, hosts) {
            (Some(mine), Some(theirs)) => mine.iter().any(|host| theirs.contains(host)),
            _ => true,
        }
    }
}

/// A statement and the values of its placeholders.
pub(super) type Statement = (String, Vec<Value>);

/// The entries of a table, of any incarnation, by id.
pub(super) fn entries(key: &str) -> Statement {
    let sql = format!(
        "SELECT id, incarnation, rows_live, {} FROM {LEDGER} WHERE table_name = ? AND kind = 'file' ORDER BY id",
        POSITION.join(", ")
    );
    (sql, vec![key.into()])
}

/// Reads the rows of [`entries`].
pub(super) fn entries_of(rows: &[Row]) -> Vec<Entry> {
    rows.iter().map(Entry::of).collect()
}

/// What another log must know about a table's entries that may share its packets: id, hosts, path, the start
/// of the head, the times of the first and the last packet. `first` and `last` bound the times of its packets.
pub(super) fn neighbors(incarnation: &str, own: u64, first: Time, last: Time) -> Statement {
    let sql = format!(
        "SELECT id, hosts, path, SUBSTR(head, 1, {}), first_time, last_time FROM {LEDGER} WHERE incarnation = ? AND kind = 'file' AND id <> ? \
         AND rows_live > 0 AND last_time >= ? AND first_time <= ?",
        JOURNAL.len()
    );
    (sql, vec![incarnation.into(), own.into(), Value::Time(first), Value::Time(last)])
}

/// The hosts of a ledger row, as in [`Entry::hosts`].
pub(super) fn hosts_of(text: Option<String>) -> Option<Vec<String>> {
    text.map(|text| text.split('\n').map(str::to_owned).collect())
}

/// An entry's offset and live rows, to detect concurrent changes.
pub(super) fn standing_of(id: u64) -> Statement {
    (format!("SELECT bytes_in, rows_live FROM {LEDGER} WHERE id = ? AND kind = 'file'"), vec![id.into()])
}

/// Inserts an entry.
pub(super) fn insert(key: &str, entry: &Entry) -> Statement {
    let places = vec!["?"; POSITION.len() + 3].join(", ");
    let sql = format!(
        "INSERT INTO {LEDGER} (kind, table_name, incarnation, rows_live, {}) VALUES ('file', {places})",
        POSITION.join(", ")
    );
    let mut values = vec![key.into(), Value::from(entry.incarnation.as_str()), entry.live.into()];
    values.extend(entry.position());
    (sql, values)
}

/// Advances an entry by `rows` rows, if its offset is still `from`.
pub(super) fn advance(entry: &Entry, from: u64, rows: u64) -> Statement {
    let set: Vec<String> = POSITION.iter().map(|column| format!("{column} = ?")).collect();
    let sql = format!(
        "UPDATE {LEDGER} SET rows_live = rows_live + ?, {} WHERE id = ? AND kind = 'file' AND bytes_in = ?",
        set.join(", ")
    );
    let mut values = vec![rows.into()];
    values.extend(entry.position());
    values.extend([entry.id.into(), from.into()]);
    (sql, values)
}

/// Marks an import with `--again` as finished.
pub(super) fn finished(id: u64) -> Statement {
    (format!("UPDATE {LEDGER} SET again = 0 WHERE id = ?"), vec![id.into()])
}

/// Updates the standing row of a table's incarnation; 0 rows if there is none yet.
pub(super) fn touch(incarnation: &str) -> Statement {
    let sql = format!("UPDATE {LEDGER} SET touched = touched + 1 WHERE incarnation = ? AND standing = 1");
    (sql, vec![incarnation.into()])
}

/// Inserts the standing row of a table's incarnation, or updates the existing one.
pub(super) fn stand(dialect: Dialect, key: &str, incarnation: &str) -> Statement {
    let otherwise = match dialect {
        Dialect::MySql => "ON DUPLICATE KEY UPDATE touched = touched + 1",
        Dialect::Sqlite => "ON CONFLICT (incarnation, standing) DO UPDATE SET touched = touched + 1",
    };
    let sql = format!(
        "INSERT INTO {LEDGER} (kind, standing, table_name, incarnation, touched) VALUES ('table', 1, ?, ?, 1) {otherwise}"
    );
    (sql, vec![key.into(), incarnation.into()])
}

/// Forgets every log of a table.
pub(super) fn forget_logs(key: &str) -> Statement {
    (format!("DELETE FROM {LEDGER} WHERE table_name = ? AND kind <> 'table'"), vec![key.into()])
}

/// Forgets one incarnation of a table.
pub(super) fn forget(key: &str, incarnation: &str) -> Statement {
    let sql = format!("DELETE FROM {LEDGER} WHERE table_name = ? AND incarnation = ?");
    (sql, vec![key.into(), incarnation.into()])
}

/// Forgets every incarnation of a table but one.
pub(super) fn forget_others(key: &str, incarnation: &str) -> Statement {
    let sql = format!("DELETE FROM {LEDGER} WHERE table_name = ? AND incarnation <> ?");
    (sql, vec![key.into(), incarnation.into()])
}

/// How many logs the ledger knows from a table's other incarnations, and how many rows this one should have.
pub(super) fn claims(key: &str, incarnation: &str) -> Statement {
    let sql = format!(
        "SELECT COUNT(CASE WHEN incarnation <> ? THEN 1 END), \
         SUM(CASE WHEN incarnation = ? THEN rows_live ELSE 0 END) \
         FROM {LEDGER} WHERE table_name = ? AND kind = 'file'"
    );
    (sql, vec![incarnation.into(), incarnation.into(), key.into()])
}

/// Subtracts pruned rows from an entry's live rows.
pub(super) fn lower(id: u64, rows: u64) -> Statement {
    let sql = format!("UPDATE {LEDGER} SET rows_live = rows_live - ? WHERE id = ? AND rows_live >= ?");
    (sql, vec![rows.into(), id.into(), rows.into()])
}

/// A path as the ledger stores it: truncated, since it is for display only.
fn shown_path(path: &str) -> String {
    path.chars().take(PATH).collect()
}

/// The entries of this incarnation of a table, newest first.
pub(super) fn newest_first(mut entries: Vec<Entry>, incarnation: &str) -> Vec<Entry> {
    entries.retain(|entry| entry.incarnation == incarnation);
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.at, entry.id)));
    entries
}
