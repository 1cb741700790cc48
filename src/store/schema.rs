//! The tables: their columns, and the marks that distinguish ipta's tables from others.
//!
//! Every ipta table carries a mark: on MySQL as its COMMENT, in SQLite as an SQL comment in the text of its
//! CREATE TABLE, which sqlite_master keeps verbatim. `ipta logs 2 <32 hex digits>` is a logs table of schema
//! version 2 and its incarnation.

use std::fmt;
use std::fs::File;
use std::io::Read;

use super::columns::{COLUMNS, ColumnKind};
use super::{StoreError, TableKind, TableName};

// Names are quoted with backticks, which work under every sql_mode and in SQLite too.
pub(super) use crate::query::Dialect;

/// Schema version of all tables.
pub(super) const VERSION: u32 = 2;

/// Schema version of the name caches, which did not change with the others.
const NAMES_VERSION: u32 = 1;

/// The import ledger. No other table can have this name.
pub(super) const LEDGER: &str = "ipta_ledger";

/// Name prefixes of the tables that `--clear` works with; what a killed one leaves behind has such a name.
pub(super) const FRESH: &str = "ipta_new_";
pub(super) const CLEARED: &str = "ipta_old_";

/// The mark of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Logs { version: u32, incarnation: String },
    Names { version: u32 },
    Ledger { version: u32 },
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mark::Logs { version, incarnation } => write!(f, "ipta logs {version} {incarnation}"),
            Mark::Names { version } => write!(f, "ipta names {version}"),
            Mark::Ledger { version } => write!(f, "ipta ledger {version}"),
        }
    }
}

impl Mark {
    /// Parses a mark; none for any other text.
    pub fn parse(text: &str) -> Option<Mark> {
        let mut words = text.split(' ');
        if words.next() != Some("ipta") {
            return None;
        }
        let what = words.next()?;
        let version = words.next()?.parse().ok()?;
        let rest = words.next();
        match (what, rest) {
            ("logs", Some(id)) if id.len() == 32 && id.bytes().all(|c| c.is_ascii_hexdigit()) => {
                Some(Mark::Logs { version, incarnation: id.to_owned() })
            }
            // What follows the version is up to that version.
            ("logs", _) if version != VERSION => Some(Mark::Logs { version, incarnation: String::new() }),
            ("names", None) => Some(Mark::Names { version }),
            ("ledger", None) => Some(Mark::Ledger { version }),
            _ => None,
        }
    }

    /// The mark in the text of an SQLite CREATE TABLE.
    pub fn in_create(sql: &str) -> Option<Mark> {
        let (_, rest) = sql.split_once("/* ")?;
        Mark::parse(rest.split_once(" */")?.0)
    }

    /// What a table with this name and mark is.
    pub fn kind(self, table: &str) -> TableKind {
        match self {
            Mark::Logs { .. } if is_leftover(table) => TableKind::Leftover,
            Mark::Logs { version, incarnation } if version == VERSION => TableKind::Logs { incarnation },
            Mark::Logs { version, .. } => TableKind::OtherVersion(version),
            Mark::Names { version } if version == NAMES_VERSION => TableKind::Names,
            Mark::Ledger { version } if version == VERSION => TableKind::Ledger,
            Mark::Names { version } | Mark::Ledger { version } => TableKind::OtherVersion(version),
        }
    }
}

/// Whether columns (name and type) are those of a logs table created by the C program, which stored addresses
/// as integers.
pub(super) fn historic<'a>(columns: impl Iterator<Item = (&'a str, &'a str)>) -> bool {
    let (mut source, mut action, mut proto) = (false, false, false);
    for (name, kind) in columns {
        match name.to_ascii_lowercase().as_str() {
            "src_ip" => source = kind.to_ascii_lowercase().contains("int"),
            "action" => action = true,
            "proto" => proto = true,
            _ => {}
        }
    }
    source && action && proto
}

/// Whether a name is reserved for ipta itself. Ignores case, like some servers and all of SQLite.
pub(super) fn reserved(table: &TableName) -> bool {
    table.as_str().eq_ignore_ascii_case(LEDGER) || is_leftover(table.as_str())
}

/// The ledger's name as a [`TableName`].
pub(super) fn ledger_name() -> Result<TableName, StoreError> {
    LEDGER.parse().map_err(StoreError::Failed)
}

/// Whether a name is one that `--clear` works with.
pub(super) fn is_leftover(table: &str) -> bool {
    let lower = table.to_ascii_lowercase();
    let id = lower.strip_prefix(FRESH).or(lower.strip_prefix(CLEARED));
    id.is_some_and(|id| id.len() == 32 && id.bytes().all(|c| c.is_ascii_hexdigit()))
}

/// 128 random bits in hex. The kernel's own source needs no crate.
pub(super) fn new_incarnation() -> Result<String, StoreError> {
    let mut bytes = [0u8; 16];
    File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut bytes))
        .map_err(|e| StoreError::Failed(format!("/dev/urandom gives no random bytes: {e}")))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

/// The CREATE TABLE of a logs table.
pub(super) fn logs(dialect: Dialect, table: &TableName, incarnation: &str) -> String {
    let mark = Mark::Logs { version: VERSION, incarnation: incarnation.to_owned() };
    let mut columns = vec![match dialect {
        Dialect::MySql => "`id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY".to_owned(),
        Dialect::Sqlite => "`id` INTEGER PRIMARY KEY".to_owned(),
    }];
    columns.extend(COLUMNS.iter().map(|(name, kind)| column(dialect, name, *kind)));
    if dialect == Dialect::MySql {
        columns.push("KEY `timestamp` (`timestamp`)".to_owned());
    }
    create(dialect, "CREATE TABLE", table.as_str(), &mark, &columns)
}

/// A column of a logs table.
pub(super) fn column(dialect: Dialect, name: &str, kind: ColumnKind) -> String {
    match (kind, dialect) {
        (ColumnKind::Time, _) => time(dialect, name),
        (ColumnKind::Text(most), _) => format!("`{name}` VARCHAR({most}) NOT NULL DEFAULT ''"),
        (ColumnKind::Address, Dialect::MySql) => format!("`{name}` VARBINARY(16) NOT NULL DEFAULT ''"),
        (ColumnKind::Address, Dialect::Sqlite) => format!("`{name}` BLOB NOT NULL DEFAULT X''"),
        (ColumnKind::Verdict, Dialect::MySql) => {
            format!("`{name}` ENUM('accept','deny','other') NOT NULL DEFAULT 'other'")
        }
        (ColumnKind::Verdict, Dialect::Sqlite) => format!("`{name}` VARCHAR(6) NOT NULL DEFAULT 'other'"),
        (ColumnKind::Number(width), Dialect::MySql) => format!("`{name}` {width} UNSIGNED NULL"),
        (ColumnKind::Number(_), Dialect::Sqlite) => format!("`{name}` INTEGER NULL"),
    }
}

/// The index of a logs table in SQLite, whose CREATE TABLE has no KEY. Tables and indexes share a namespace
/// there; no table name contains a space.
pub(super) fn sqlite_index(table: &TableName) -> String {
    format!("CREATE INDEX `{table} by timestamp` ON `{table}` (`timestamp`)")
}

/// The ledger's columns except its id. A row of kind `table` represents a logs table: every transaction that
/// imports into the table or clears it updates that row first, so on a single server they wait for one
/// another, and on a cluster one of two fails. A row of kind `file` is a log and how far it has been
/// imported; for a boot in a journal, `head` names it, `tail` is the cursor of the last entry, and `bytes_in`
/// counts entries.
pub(super) fn ledger_columns(dialect: Dialect) -> Vec<(&'static str, String)> {
    let count = |name: &str| match dialect {
        Dialect::MySql => format!("`{name}` BIGINT UNSIGNED NOT NULL DEFAULT 0"),
        Dialect::Sqlite => format!("`{name}` INTEGER NOT NULL DEFAULT 0"),
    };
    let bytes = |name: &str, most: usize| match dialect {
        Dialect::MySql => format!("`{name}` VARBINARY({most}) NOT NULL DEFAULT ''"),
        Dialect::Sqlite => format!("`{name}` BLOB NOT NULL DEFAULT X''"),
    };
    let long = |name: &str, kind: &str| format!("`{name}` {kind} NULL");
    vec![
        ("table_name", "`table_name` VARCHAR(64) NOT NULL".to_owned()),
        ("kind", "`kind` VARCHAR(8) NOT NULL".to_owned()),
        ("incarnation", "`incarnation` VARCHAR(32) NOT NULL DEFAULT ''".to_owned()),
        // 1 in a row of kind `table`, so that there is only one per incarnation; else NULL.
        ("standing", "`standing` TINYINT NULL".to_owned()),
        ("touched", count("touched")),
        ("head", bytes("head", 4096)),
        ("tail", bytes("tail", 256)),
        ("bytes_in", count("bytes_in")),
        ("lines_in", count("lines_in")),
        ("packets_in", count("packets_in")),
        ("rows_live", count("rows_live")),
        ("window_at", count("window_at")),
        ("checkpoints", long("checkpoints", "BLOB")),
        ("again", count("again")),
        ("rules", long("rules", "TEXT")),
        ("hosts", long("hosts", "TEXT")),
        ("first_time", time(dialect, "first_time")),
        ("last_time", time(dialect, "last_time")),
        ("path", format!("`path` VARCHAR({PATH}) NOT NULL DEFAULT ''")),
        ("device", count("device")),
        ("inode", count("inode")),
        ("imported_at", time(dialect, "imported_at")),
    ]
}

/// The CREATE TABLE of the ledger.
pub(super) fn ledger(dialect: Dialect) -> String {
    let mut columns = vec![match dialect {
        Dialect::MySql => "`id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY".to_owned(),
        // AUTOINCREMENT: an id is never reused, as on MySQL.
        Dialect::Sqlite => "`id` INTEGER PRIMARY KEY AUTOINCREMENT".to_owned(),
    }];
    columns.extend(ledger_columns(dialect).into_iter().map(|(_, sql)| sql));
    columns.push(match dialect {
        Dialect::MySql => "KEY `table_name` (`table_name`)".to_owned(),
        Dialect::Sqlite => "UNIQUE (`incarnation`, `standing`)".to_owned(),
    });
    if dialect == Dialect::MySql {
        columns.push("UNIQUE KEY `standing` (`incarnation`, `standing`)".to_owned());
    }
    let mark = Mark::Ledger { version: VERSION };
    create(dialect, "CREATE TABLE IF NOT EXISTS", LEDGER, &mark, &columns)
}

/// Characters of a path that the ledger shows; longer ones are truncated, since they are for display only.
pub(super) const PATH: usize = 4096;

/// The CREATE TABLE of a name cache.
pub(super) fn names(dialect: Dialect, table: &TableName) -> String {
    let columns = match dialect {
        Dialect::MySql => [
            "`address` VARBINARY(16) NOT NULL PRIMARY KEY",
            "`name` VARCHAR(255) NULL",
            "`at` BIGINT NOT NULL",
        ],
        Dialect::Sqlite => {
            ["`address` BLOB NOT NULL PRIMARY KEY", "`name` VARCHAR(255) NULL", "`at` INTEGER NOT NULL"]
        }
    };
    let mark = Mark::Names { version: NAMES_VERSION };
    create(dialect, "CREATE TABLE", table.as_str(), &mark, &columns.map(str::to_owned))
}

fn time(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::MySql => format!("`{name}` DATETIME(6) NULL"),
        Dialect::Sqlite => format!("`{name}` TEXT NULL"),
    }
}

fn create(dialect: Dialect, verb: &str, name: &str, mark: &Mark, columns: &[String]) -> String {
    let columns = columns.join(",\n  ");
    match dialect {
        Dialect::MySql => format!(
            "{verb} `{name}` (\n  {columns}\n) ENGINE=InnoDB ROW_FORMAT=DYNAMIC \
             DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT='{mark}'"
        ),
        Dialect::Sqlite => format!("{verb} `{name}` ( /* {mark} */\n  {columns}\n)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_back_from_its_text() {
        let logs =
            Mark::Logs { version: VERSION, incarnation: "0123456789abcdef0123456789abcdef".to_owned() };
        for mark in [logs, Mark::Names { version: VERSION }, Mark::Ledger { version: VERSION }] {
            assert_eq!(Mark::parse(&mark.to_string()), Some(mark));
        }
    }

    #[test]
    fn a_mark_of_another_version_is_told() {
        let kind = Mark::parse("ipta logs 7 whatever it holds").map(|mark| mark.kind("logs"));
        assert_eq!(kind, Some(TableKind::OtherVersion(7)));
    }

    #[test]
    fn other_comments_are_no_mark() {
        for text in ["", "VIEW", "ipta", "ipta logs", "ipta logs 2", "ipta logs 2 short", "logs of ipta 2"] {
            assert_eq!(Mark::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_mark_is_found_in_the_sql_of_sqlite() {
        let table: TableName = "logs".parse().expect("a name");
        let incarnation = new_incarnation().expect("random");
        let sql = logs(Dialect::Sqlite, &table, &incarnation);
        assert_eq!(
            Mark::in_create(&sql).map(|mark| mark.kind("logs")),
            Some(TableKind::Logs { incarnation })
        );
    }

    #[test]
    fn a_table_of_the_c_program_is_known_by_its_integer_addresses() {
        let old = [("id", "int"), ("src_ip", "int"), ("proto", "varchar"), ("action", "varchar")];
        assert!(historic(old.into_iter()));
        let new = old.map(|(name, kind)| (name, if name == "src_ip" { "varbinary" } else { kind }));
        assert!(!historic(new.into_iter()));
    }
}
