//! Tables of version 1 of the schema.

use crate::process::{Kept, TestStore, lines, on_both_stores};

on_both_stores! {
    a_table_of_version_1_is_refused_with_the_way_to_convert_it
    an_upgraded_table_keeps_its_packets_and_what_was_imported
    what_version_1_left_unfinished_is_finished
}

const INCARNATION: &str = "0123456789abcdef0123456789abcdef";

/// Makes of the store what version 1 would have made of this log.
fn version_1(db: &TestStore, log: &str, lines: u64) {
    db.ipta(["--delete-all-tables"]).fine();
    let is_file = matches!(db.place, Kept::File(_));
    // (type on a server, type in a file)
    let kind = |server: &'static str, file: &'static str| if is_file { file } else { server };
    let (id, address, number) = (
        kind("BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY", "INTEGER PRIMARY KEY"),
        kind("VARBINARY(16) NOT NULL DEFAULT ''", "BLOB NOT NULL DEFAULT X''"),
        kind("INT UNSIGNED NULL", "INTEGER NULL"),
    );
    let time = kind("DATETIME(6) NULL", "TEXT NULL");
    let word = "VARCHAR(255) NOT NULL DEFAULT ''";
    let bytes = kind("VARBINARY(4096) NOT NULL DEFAULT ''", "BLOB NOT NULL DEFAULT X''");
    let table = |name: &str, mark: &str, columns: &str| {
        let sql = match is_file {
            true => format!("CREATE TABLE `{name}` ( /* {mark} */\n  {columns}\n)"),
            false => format!(
                "CREATE TABLE `{name}` (\n  {columns}\n) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE \
                 utf8mb4_bin COMMENT='{mark}'"
            ),
        };
        db.sql(&sql);
    };
    table(
        "logs",
        &format!("ipta logs 1 {INCARNATION}"),
        &format!(
            "`id` {id}, `timestamp` {time}, `host` {word}, `if_in` {word}, `if_out` {word}, `src_ip` {address}, \
             `dst_ip` {address}, `src_prt` {number}, `dst_prt` {number}, `proto` {word}, `action` {word}, \
             `verdict` VARCHAR(6) NOT NULL DEFAULT 'other', `prefix` {word}, `mac` {word}, `length` {number}, \
             `ttl` {number}, `tcp_flags` {number}, `icmp_type` {number}, `icmp_code` {number}"
        ),
    );
    if is_file {
        db.sql("CREATE INDEX `logs by timestamp` ON `logs` (`timestamp`)");
    }
    let count = kind("BIGINT UNSIGNED NOT NULL DEFAULT 0", "INTEGER NOT NULL DEFAULT 0");
    table(
        "ipta_ledger",
        "ipta ledger 1",
        &format!(
            "`id` {id}, `table_name` VARCHAR(64) NOT NULL, `kind` VARCHAR(8) NOT NULL, `incarnation` VARCHAR(32) \
             NOT NULL DEFAULT '', `head` {bytes}, `tail` {bytes}, `bytes_in` {count}, `lines_in` {count}, \
             `packets_in` {count}, `first_time` {time}, `last_time` {time}, `path` {word}, `device` {count}, \
             `inode` {count}, `imported_at` {time}"
        ),
    );
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let bytes = log.as_bytes();
    db.sql(&format!(
        "INSERT INTO ipta_ledger (table_name, kind, incarnation, head, tail, bytes_in, lines_in, packets_in, path) \
         VALUES ('logs', 'file', '{INCARNATION}', X'{}', X'{}', {}, {lines}, {lines}, 'a.log')",
        hex(&bytes[..4096.min(bytes.len())]),
        hex(&bytes[bytes.len() - 256..]),
        bytes.len()
    ));
    for n in 0..lines {
        db.sql(&format!(
            "INSERT INTO logs (timestamp, host, if_in, src_ip, src_prt, dst_prt, proto, action, verdict, prefix) \
             VALUES ('2026-05-17 00:00:{n:02}.000000', 'gw', 'eth0', X'cb007109', {}, 22, 'TCP', 'DROP', 'deny', \
             'IPT: DROP ')",
            1024 + n
        ));
    }
}

fn a_table_of_version_1_is_refused_with_the_way_to_convert_it(db: &TestStore) {
    version_1(db, &lines(0..20), 20);
    db.dir.write("a.log", lines(0..20));
    for call in [vec!["-a"], vec!["-i", "a.log"], vec!["-c"]] {
        db.ipta(call).refused(1).says(["version 1", "--upgrade-table"]);
    }
    assert_eq!(db.rows(), 20);
}

fn an_upgraded_table_keeps_its_packets_and_what_was_imported(db: &TestStore) {
    version_1(db, &lines(0..20), 20);
    db.dir.write("a.log", lines(0..25));
    db.ipta(["--upgrade-table"]).fine().says(["Table 'logs'", "upgraded"]);
    db.ipta(["--upgrade-table", "logs"]).fine().says(["needs no upgrade"]);
    let report = db.ipta(["-a"]).fine();
    assert!(report.out.contains("    20 203.0.113.9"), "{report:#?}");
    db.import(["a.log"]).says(["20 lines already imported, 5 new"]);
    assert_eq!(db.rows(), 25);
    db.ipta(["-c", "-i", "a.log"]).fine();
    assert_eq!(db.rows(), 25);
}

fn what_version_1_left_unfinished_is_finished(db: &TestStore) {
    version_1(db, &lines(0..20), 20);
    if matches!(db.place, Kept::File(_)) {
        return; // A file's clear was one transaction.
    }
    db.sql("DELETE FROM ipta_ledger");
    db.sql(&format!(
        "INSERT INTO ipta_ledger (table_name, kind, incarnation) VALUES ('logs', 'clear', '{INCARNATION}')"
    ));
    db.ipta(["--upgrade-table"]).fine();
    assert_eq!(db.rows(), 0);
    db.dir.write("a.log", lines(0..5));
    db.import(["a.log"]);
    assert_eq!(db.rows(), 5);
}
