//! Tables of version 1 of the schema.

use crate::crashes::{Dice, Running};
use crate::process::{Kept, TestStore, lines, on_both_stores};

on_both_stores! {
    a_table_of_version_1_is_refused_with_the_way_to_convert_it
    an_upgraded_table_keeps_its_packets_and_what_was_imported
    what_version_1_left_unfinished_is_finished
}

const INCARNATION: &str = "0123456789abcdef0123456789abcdef";

/// Turns the store into what version 1 would have made of this log.
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
    db.ipta(["--upgrade-table", "logs"]).fine().says(["does not need an upgrade"]);
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

/// What the C program's `--create-table` makes (the first manual, chapter 3.2).
const OF_C: &str = "CREATE TABLE logs_of_c (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, \
    timestamp DATETIME NULL, if_in VARCHAR(10), if_out VARCHAR(10), src_ip INT UNSIGNED, src_prt INT UNSIGNED, \
    dst_ip INT UNSIGNED, dst_prt INT UNSIGNED, proto VARCHAR(10), action VARCHAR(10), mac VARCHAR(41))";

fn c_table(db: &TestStore, rows: &str) {
    db.sql(OF_C);
    if !rows.is_empty() {
        db.sql(&format!(
            "INSERT INTO logs_of_c (timestamp, if_in, if_out, src_ip, src_prt, dst_ip, dst_prt, proto, action, mac) \
             VALUES {rows}"
        ));
    }
}

#[test]
fn the_c_programs_table_gives_the_report_of_its_packets() {
    let db = TestStore::on_a_server();
    let ip = |text: &str| u32::from(text.parse::<std::net::Ipv4Addr>().unwrap());
    let rows: Vec<String> = (0..50_000u32)
        .map(|n| {
            let (src, dst) = (ip("203.0.113.0") + n % 250, ip("192.0.2.1"));
            format!(
                "(NULL, 'eth0', '', {src}, {}, {dst}, 22, 'TCP', 'DROP', '02:00:5e:00:53:01')",
                1024 + n % 60_000
            )
        })
        .collect();
    c_table(&db, &rows.join(","));
    let said = db.ipta(["--upgrade-table", "logs_of_c"]).fine();
    said.says(["upgraded: 50000 packets", "kept as 'logs_of_c_c'"]);
    let (of_c, direct) = (db.ipta(["-t", "logs_of_c", "-a", "-l", "9"]).fine(), {
        db.dir.write("a.log", lines(0..50_000));
        db.dir.ipta(["-a", "a.log", "-l", "9"]).fine()
    });
    assert_eq!(of_c.out, direct.out);
    assert_eq!(db.number("SELECT COUNT(*) FROM logs_of_c_c"), 50_000, "the old table is there");
    // No ledger knows what it holds.
    db.ipta(["-t", "logs_of_c", "-i", "a.log"]).refused(1).says([
        "has no record of table",
        "-c -i a.log",
        "--again",
    ]);
    db.ipta(["--upgrade-table", "logs_of_c"]).fine().says(["does not need an upgrade"]);
}

#[test]
fn odd_values_in_the_c_programs_table_become_what_they_meant() {
    let db = TestStore::on_a_server();
    c_table(
        &db,
        "('2015-01-06 17:20:49', 'eth0', NULL, 3221225985, 0, 3405803777, 0, 'ICMP', 'ACCEPT', NULL), \
         (NULL, NULL, 'eth1', NULL, NULL, 4294967295, 70000, 'TCP', 'INVALID', ''), \
         (NULL, 'lo', '', 0, 0, 1, 53, 'UDP', NULL, NULL)",
    );
    db.ipta(["--upgrade-table", "logs_of_c"]).fine();
    let Kept::Server(server, account) = &db.place else { unreachable!("a server") };
    let rows = server.sql(
        &account.database,
        "SELECT timestamp, if_in, if_out, INET6_NTOA(src_ip), src_prt, INET6_NTOA(dst_ip), dst_prt, proto, action, \
         verdict, mac, entry FROM logs_of_c ORDER BY id",
    );
    let rows: Vec<&str> = rows.lines().collect();
    assert!(
        rows[0].contains("eth0\t\t192.0.2.1\tNULL\t203.0.113.1\tNULL\tICMP\tACCEPT\taccept\t\tNULL"),
        "{rows:?}"
    );
    assert!(rows[1].contains("NULL\t\teth1\t"), "{rows:?}");
    assert!(rows[1].contains("\t255.255.255.255\tNULL\tTCP\tINVALID\tdeny\t"), "{rows:?}");
    assert!(rows[2].contains("lo\t\t0.0.0.0\t0\t0.0.0.1\t53\tUDP\t\tdeny\t"), "{rows:?}");
    // Without rows, too.
    db.sql("DROP TABLE logs_of_c, logs_of_c_c");
    c_table(&db, "");
    db.ipta(["--upgrade-table", "logs_of_c"]).fine().says(["upgraded: 0 packets"]);
    // A time filled in by the server says when the row was inserted.
    db.sql("DROP TABLE logs_of_c, logs_of_c_c");
    db.sql(&OF_C.replace("timestamp DATETIME NULL", "timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP"));
    db.sql("INSERT INTO logs_of_c (src_ip, dst_ip, proto, action) VALUES (1, 2, 'TCP', 'DROP')");
    db.ipta(["--upgrade-table", "logs_of_c"]).fine().says(["did not store the times of its packets"]);
    assert_eq!(db.number("SELECT COUNT(*) FROM logs_of_c WHERE timestamp IS NULL"), 1);
}

#[test]
fn an_upgrade_of_the_c_programs_table_that_is_killed_is_done_again() {
    let db = TestStore::on_a_server();
    let rows: Vec<String> =
        (0..100_000).map(|n| format!("(NULL, 'eth0', '', {n}, 1, 2, 22, 'TCP', 'DROP', '')")).collect();
    c_table(&db, "");
    for rows in rows.chunks(20_000) {
        db.sql(&format!(
            "INSERT INTO logs_of_c (timestamp, if_in, if_out, src_ip, src_prt, dst_ip, dst_prt, proto, action, mac) \
             VALUES {}",
            rows.join(",")
        ));
    }
    let mut dice = Dice(0x5eed_0011);
    for _ in 0..20 {
        let upgrade = Running::start(db.command(["--upgrade-table", "logs_of_c"]));
        upgrade.kill_after(std::time::Duration::from_micros(dice.below(900_000)));
    }
    // The last one's statement may still be running for a moment.
    let said = db.ipta(["--upgrade-table", "logs_of_c"]);
    assert!(said.status == Some(0), "{said:#?}");
    assert_eq!(db.number("SELECT COUNT(*) FROM logs_of_c WHERE verdict = 'deny'"), 100_000);
    assert_eq!(db.number("SELECT COUNT(*) FROM logs_of_c_c"), 100_000);
    db.ipta(["-ct"]).fine();
    db.ipta(["-c"]).fine();
    let left = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE 'ipta\\_new%'";
    assert_eq!(db.number(left), 0, "what was copied in vain is gone");
}
