//! The tables: their columns, and the marks that tell ipta's tables from others.
//!
//! Every table of ipta's carries a mark: on MySQL as its COMMENT, in SQLite as an SQL comment in
//! the text of its CREATE TABLE, which sqlite_master keeps as typed. `ipta logs 1 <32 hex digits>`
//! is a logs table of schema version 1 and its incarnation.

use std::fmt;
use std::fs::File;
use std::io::Read;

use super::{StoreError, TableKind, TableName};
use crate::netfilter::limits;

/// Version of the schema of all tables.
pub(super) const VERSION: u32 = 1;

/// The import ledger. No other table can have this name.
pub(super) const LEDGER: &str = "ipta_ledger";

/// The columns of a logs table that an insert fills, in the order of the schema.
pub(super) const FILLED: [&str; 18] = [
    "timestamp",
    "host",
    "if_in",
    "if_out",
    "src_ip",
    "dst_ip",
    "src_prt",
    "dst_prt",
    "proto",
    "action",
    "verdict",
    "prefix",
    "mac",
    "length",
    "ttl",
    "tcp_flags",
    "icmp_type",
    "icmp_code",
];

/// Whose SQL is written. Names stand in back quotes, which are right under every sql_mode and in
/// SQLite too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    MySql,
    Sqlite,
}

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
    /// Reads a mark; none for any other text.
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
            // What follows the version is the other version's own business.
            ("logs", _) if version != VERSION => Some(Mark::Logs { version, incarnation: String::new() }),
            ("names", None) => Some(Mark::Names { version }),
            ("ledger", None) => Some(Mark::Ledger { version }),
            _ => None,
        }
    }

    /// The mark in the text of a CREATE TABLE of SQLite.
    pub fn in_create(sql: &str) -> Option<Mark> {
        let (_, rest) = sql.split_once("/* ")?;
        Mark::parse(rest.split_once(" */")?.0)
    }

    /// What a table with this mark is.
    pub fn kind(self) -> TableKind {
        match self {
            Mark::Logs { version, incarnation } if version == VERSION => TableKind::Logs { incarnation },
            Mark::Logs { version, .. } => TableKind::OtherVersion(version),
            Mark::Names { version } if version == VERSION => TableKind::Names,
            Mark::Ledger { version } if version == VERSION => TableKind::Ledger,
            Mark::Names { version } | Mark::Ledger { version } => TableKind::OtherVersion(version),
        }
    }
}

/// Whether columns (name and type) are those of a logs table made by the C program, which kept
/// addresses as integers.
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

/// Whether a name is the ledger's. Compared without case, as some servers and all of SQLite do.
pub(super) fn reserved(table: &TableName) -> bool {
    table.as_str().eq_ignore_ascii_case(LEDGER)
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
    let word = |name: &str, most: usize| format!("`{name}` VARCHAR({most}) NOT NULL DEFAULT ''");
    let number = |name: &str, kind: &str| match dialect {
        Dialect::MySql => format!("`{name}` {kind} UNSIGNED NULL"),
        Dialect::Sqlite => format!("`{name}` INTEGER NULL"),
    };
    let address = |name: &str| match dialect {
        Dialect::MySql => format!("`{name}` VARBINARY(16) NOT NULL DEFAULT ''"),
        Dialect::Sqlite => format!("`{name}` BLOB NOT NULL DEFAULT X''"),
    };
    let mut columns = vec![
        match dialect {
            Dialect::MySql => "`id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY".to_owned(),
            Dialect::Sqlite => "`id` INTEGER PRIMARY KEY".to_owned(),
        },
        time(dialect, "timestamp"),
        word("host", limits::HOST),
        word("if_in", limits::INTERFACE),
        word("if_out", limits::INTERFACE),
        address("src_ip"),
        address("dst_ip"),
        number("src_prt", "SMALLINT"),
        number("dst_prt", "SMALLINT"),
        word("proto", limits::PROTO),
        word("action", limits::ACTION),
        match dialect {
            Dialect::MySql => "`verdict` ENUM('accept','deny','other') NOT NULL DEFAULT 'other'".to_owned(),
            Dialect::Sqlite => "`verdict` VARCHAR(6) NOT NULL DEFAULT 'other'".to_owned(),
        },
        word("prefix", limits::PREFIX),
        word("mac", limits::MAC),
        number("length", "INT"),
        number("ttl", "TINYINT"),
        number("tcp_flags", "SMALLINT"),
        number("icmp_type", "TINYINT"),
        number("icmp_code", "TINYINT"),
    ];
    if dialect == Dialect::MySql {
        columns.push("KEY `timestamp` (`timestamp`)".to_owned());
    }
    create(dialect, "CREATE TABLE", table.as_str(), &mark, &columns)
}

/// The index of a logs table in SQLite, which has no KEY in its CREATE TABLE. Tables and indexes
/// share their names there; no table name holds a blank.
pub(super) fn sqlite_index(table: &TableName) -> String {
    format!("CREATE INDEX `{table} by timestamp` ON `{table}` (`timestamp`)")
}

/// The CREATE TABLE of the ledger. `kind` is `file` for a log and how far it is in, or an intent
/// (`clear`, `drop`): something begun that has to be finished.
pub(super) fn ledger(dialect: Dialect) -> String {
    let count = |name: &str| match dialect {
        Dialect::MySql => format!("`{name}` BIGINT UNSIGNED NOT NULL DEFAULT 0"),
        Dialect::Sqlite => format!("`{name}` INTEGER NOT NULL DEFAULT 0"),
    };
    let bytes = |name: &str, most: usize| match dialect {
        Dialect::MySql => format!("`{name}` VARBINARY({most}) NOT NULL DEFAULT ''"),
        Dialect::Sqlite => format!("`{name}` BLOB NOT NULL DEFAULT X''"),
    };
    let mut columns = vec![
        match dialect {
            Dialect::MySql => "`id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY".to_owned(),
            // AUTOINCREMENT: a number is never given twice, as on MySQL.
            Dialect::Sqlite => "`id` INTEGER PRIMARY KEY AUTOINCREMENT".to_owned(),
        },
        "`table_name` VARCHAR(64) NOT NULL".to_owned(),
        "`kind` VARCHAR(8) NOT NULL".to_owned(),
        "`incarnation` VARCHAR(32) NOT NULL DEFAULT ''".to_owned(),
        bytes("head", 4096),
        bytes("tail", 256),
        count("bytes_in"),
        count("lines_in"),
        count("packets_in"),
        time(dialect, "first_time"),
        time(dialect, "last_time"),
        format!("`path` VARCHAR({PATH}) NOT NULL DEFAULT ''"),
        count("device"),
        count("inode"),
        time(dialect, "imported_at"),
    ];
    if dialect == Dialect::MySql {
        columns.push("KEY `table_name` (`table_name`)".to_owned());
    }
    let mark = Mark::Ledger { version: VERSION };
    create(dialect, "CREATE TABLE IF NOT EXISTS", LEDGER, &mark, &columns)
}

/// Characters of a path that the ledger shows; longer ones are cut, they are for display only.
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
    let mark = Mark::Names { version: VERSION };
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
        let logs = Mark::Logs { version: 1, incarnation: "0123456789abcdef0123456789abcdef".to_owned() };
        for mark in [logs, Mark::Names { version: 1 }, Mark::Ledger { version: 1 }] {
            assert_eq!(Mark::parse(&mark.to_string()), Some(mark));
        }
    }

    #[test]
    fn a_mark_of_another_version_is_told() {
        let kind = Mark::parse("ipta logs 7 whatever it holds").map(Mark::kind);
        assert_eq!(kind, Some(TableKind::OtherVersion(7)));
    }

    #[test]
    fn other_comments_are_no_mark() {
        for text in ["", "VIEW", "ipta", "ipta logs", "ipta logs 1", "ipta logs 1 short", "logs of ipta 1"] {
            assert_eq!(Mark::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_mark_is_found_in_the_sql_of_sqlite() {
        let table: TableName = "logs".parse().expect("a name");
        let incarnation = new_incarnation().expect("random");
        let sql = logs(Dialect::Sqlite, &table, &incarnation);
        assert_eq!(Mark::in_create(&sql).map(Mark::kind), Some(TableKind::Logs { incarnation }));
    }

    #[test]
    fn a_table_of_the_c_program_is_known_by_its_integer_addresses() {
        let old = [("id", "int"), ("src_ip", "int"), ("proto", "varchar"), ("action", "varchar")];
        assert!(historic(old.into_iter()));
        let new = old.map(|(name, kind)| (name, if name == "src_ip" { "varbinary" } else { kind }));
        assert!(!historic(new.into_iter()));
    }
}
