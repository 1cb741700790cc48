//! The same packets in several logs count once, and no packet of a log on its own is missed.

use crate::process::{TestDir, TestStore, gzip, line, lines, on_both_stores};

on_both_stores! {
    ufws_three_files_grown_for_twenty_rounds_are_exact
    two_hosts_that_forward_the_same_packets_count_twice
    a_flood_of_equal_lines_in_one_second_is_exact_alone_and_twice
    a_flood_that_is_imported_while_it_grows_is_exact
    audit_and_allow_of_one_packet_are_two_packets
    a_log_that_holds_more_than_another_adds_what_it_has_beyond
    a_part_cut_out_is_recognized_whichever_comes_first
    a_log_written_with_other_stamps_is_recognized
    again_stores_packets_that_came_with_another_log
    a_log_cut_and_written_on_gives_what_is_new
    a_snapshot_set_back_gives_what_is_new
    an_older_copy_of_a_large_log_is_told_by_its_bytes
    a_changed_beginning_is_no_older_copy
    an_import_with_again_that_was_cut_off_goes_on
    a_lost_ledger_lets_nothing_in_unasked
    a_table_emptied_by_hand_is_filled_again_after_a_prune_is_not
    other_prefix_rules_are_told
    a_flood_goes_on_in_the_next_file_after_a_rotation
    a_pipe_with_a_path_is_not_compared_with_what_is_in_the_ledger
}

/// A line from UFW.
fn ufw(n: u64, what: &str, host: &str) -> String {
    format!(
        "May 17 10:{:02}:{:02} {host} kernel: [UFW {what}] IN=eth0 OUT= MAC= SRC=203.0.113.{} DST=192.0.2.1 LEN=40 \
         TOS=0x00 PREC=0x00 TTL=52 ID={} PROTO=TCP SPT={} DPT=22 WINDOW=1024 RES=0x00 SYN URGP=0\n",
        n / 60 % 60,
        n % 60,
        n % 250,
        n % 65_000,
        1024 + n % 60_000,
    )
}

fn ufw_lines(range: std::ops::Range<u64>) -> String {
    range.map(|n| ufw(n, "BLOCK", "gw")).collect()
}

/// The same line `count` times: a flood of a packet that carries no IP ID.
fn flood(count: usize) -> String {
    "May 17 10:00:00 gw kernel: [UFW BLOCK] IN=eth0 OUT= MAC= SRC=203.0.113.9 DST=192.0.2.1 LEN=28 TOS=0x00 \
     PREC=0x00 TTL=52 ID=0 PROTO=UDP SPT=9 DPT=9 LEN=8\n"
        .repeat(count)
}

fn import(db: &TestStore, logs: &[&str]) -> crate::process::Said {
    let args = ["--prefix", "ufw", "-i"].into_iter().chain(logs.iter().copied());
    db.ipta(args).fine()
}

fn ufws_three_files_grown_for_twenty_rounds_are_exact(db: &TestStore) {
    let logs = ["ufw.log", "kern.log", "syslog"];
    let mut written = [0; 3];
    for log in logs {
        db.dir.write(log, "");
    }
    for round in 0..20 {
        for (n, log) in logs.iter().enumerate() {
            // Now and then, one of them lags behind the others.
            if !(round as usize + n).is_multiple_of(4) || round == 19 {
                db.dir.append(log, ufw_lines(written[n]..(round + 1) * 7));
                written[n] = (round + 1) * 7;
            }
            if n > 0 {
                db.dir.append(log, "May 17 10:00:00 gw systemd[1]: Started Session.\n");
            }
        }
        import(db, &logs[round as usize % 3..]);
        import(db, &logs);
    }
    assert_eq!(db.rows(), 140);
    assert_eq!(db.number("SELECT COUNT(*) FROM (SELECT DISTINCT ip_id FROM logs) AS seen"), 140);
}

fn two_hosts_that_forward_the_same_packets_count_twice(db: &TestStore) {
    let log = |host: &str| -> String { (0..50).map(|n| ufw(n, "BLOCK", host)).collect() };
    db.dir.write("a.log", log("inner"));
    db.dir.write("b.log", log("outer"));
    import(db, &["a.log", "b.log"]);
    assert_eq!(db.rows(), 100);
}

fn a_flood_of_equal_lines_in_one_second_is_exact_alone_and_twice(db: &TestStore) {
    db.dir.write("ufw.log", flood(10_000));
    import(db, &["ufw.log"]);
    assert_eq!(db.rows(), 10_000);
    db.dir.write("kern.log", "May 17 09:59:59 gw systemd[1]: x\n".to_owned() + &flood(10_000));
    import(db, &["kern.log"])
        .says(["10000 packets of kern.log had already been imported from ufw.log", "--again"]);
    assert_eq!(db.rows(), 10_000);
}

fn a_flood_that_is_imported_while_it_grows_is_exact(db: &TestStore) {
    // More packets in one second than a chunk takes, in uneven steps, in two logs.
    db.dir.write("kern.log", "May 17 09:59:59 gw systemd[1]: x\n");
    db.dir.write("ufw.log", "");
    for (n, count) in [1, 30_000, 7, 5000, 1].into_iter().enumerate() {
        for (m, log) in ["ufw.log", "kern.log"].into_iter().enumerate() {
            db.dir.append(log, flood(count));
            if (n + m) % 2 == 0 {
                import(db, &[log]);
            }
        }
    }
    import(db, &["kern.log", "ufw.log"]);
    assert_eq!(db.rows(), 35_009);
}

fn audit_and_allow_of_one_packet_are_two_packets(db: &TestStore) {
    let both: String = (0..20).map(|n| ufw(n, "AUDIT", "gw") + &ufw(n, "ALLOW", "gw")).collect();
    db.dir.write("ufw.log", &both);
    db.dir.write("kern.log", "May 17 09:59:59 gw systemd[1]: x\n".to_owned() + &both);
    import(db, &["ufw.log", "kern.log"]);
    assert_eq!(db.rows(), 40);
}

fn a_log_that_holds_more_than_another_adds_what_it_has_beyond(db: &TestStore) {
    db.dir.write("ufw.log", ufw_lines(0..60));
    db.dir.write("kern.log", "May 17 09:59:59 gw systemd[1]: x\n".to_owned() + &ufw_lines(40..100));
    import(db, &["ufw.log", "kern.log"])
        .says(["20 packets of ufw.log had already been imported from kern.log"]);
    assert_eq!(db.rows(), 100);
}

fn a_part_cut_out_is_recognized_whichever_comes_first(db: &TestStore) {
    let whole = ufw_lines(0..5000);
    let part: String =
        whole.lines().filter(|l| l.contains("SRC=203.0.113.77 ")).map(|l| l.to_owned() + "\n").collect();
    assert_eq!(part.lines().count(), 20);
    db.dir.write("part", &part);
    db.dir.write("ufw.log", &whole);
    for order in [["part", "ufw.log"], ["ufw.log", "part"]] {
        db.ipta(["-c"]).fine();
        import(db, &order[..1]);
        import(db, &order[1..]);
        assert_eq!(db.rows(), 5000);
    }
}

fn a_log_written_with_other_stamps_is_recognized(db: &TestStore) {
    let year = "--year";
    db.dir.write("ufw.log", ufw_lines(0..50));
    let iso: String = ufw_lines(0..50)
        .lines()
        .map(|line| {
            let rest = line.strip_prefix("May 17 ").expect("its stamp");
            let (clock, rest) = rest.split_once(' ').expect("its clock");
            format!("2025-05-17T{clock}.123456+00:00 {rest}\n")
        })
        .collect();
    db.dir.write("kern.log", iso);
    db.ipta(["--prefix", "ufw", year, "2025", "-i", "ufw.log", "kern.log"]).fine();
    assert_eq!(db.rows(), 50);
}

fn again_stores_packets_that_came_with_another_log(db: &TestStore) {
    db.dir.write("ufw.log", ufw_lines(0..10));
    db.dir.write("kern.log", ufw_lines(0..10) + &ufw_lines(10..11));
    import(db, &["ufw.log"]);
    db.dir.write("copy", "x\n".to_owned() + &ufw_lines(0..10));
    db.ipta(["--prefix", "ufw", "--again", "-i", "copy"]).fine().says(["10 packets stored"]);
    assert_eq!(db.rows(), 20);
}

fn a_log_cut_and_written_on_gives_what_is_new(db: &TestStore) {
    db.dir.write("a.log", lines(0..300));
    db.import(["a.log"]);
    db.dir.write("a.log", lines(0..200) + &lines(1000..1011));
    db.import(["a.log"]).says(["11 packets stored", "another log"]);
    assert_eq!(db.rows(), 311);
    db.dir.append("a.log", lines(1011..1020));
    db.import(["a.log"]).says(["9 new"]);
    assert_eq!(db.rows(), 320);
}

fn a_snapshot_set_back_gives_what_is_new(db: &TestStore) {
    db.dir.write("a.log", lines(0..300));
    db.import(["a.log"]);
    // The machine reverts to 200 lines and goes on with others, past where the first log was.
    for end in [1000..1005, 1005..1200] {
        let have = if db.dir.read("a.log").len() == lines(0..300).len() {
            lines(0..200)
        } else {
            String::from_utf8(db.dir.read("a.log")).expect("text")
        };
        db.dir.write("a.log", have + &lines(end));
        db.import(["a.log"]);
    }
    assert_eq!(db.rows(), 500);
}

fn an_older_copy_of_a_large_log_is_told_by_its_bytes(db: &TestStore) {
    // Without times, nothing can be compared with other logs' packets.
    let bare = |range: std::ops::Range<u64>| -> String {
        range.map(|n| line(n).split_once("kernel: ").expect("its header").1.to_owned()).collect()
    };
    db.dir.write("dmesg.log", bare(0..3000));
    db.import(["dmesg.log"]);
    for part in [1, 700, 2999] {
        db.dir.write("copy.gz", gzip(bare(0..part)));
        db.import(["copy.gz"]).says(["copy.gz: 0 new", "older copy"]);
    }
    assert_eq!(db.rows(), 3000);
}

fn a_changed_beginning_is_no_older_copy(db: &TestStore) {
    let whole = lines(0..2000);
    db.dir.write("a.log", &whole);
    db.import(["a.log"]);
    // One byte in the first blocks, after the head: another text, all but one of whose packets are known.
    let changed = whole.replacen("SPT=1124 ", "SPT=1 ", 1);
    let cut = changed.find("SPT=2524 ").expect("a line");
    let cut = changed[..cut].rfind('\n').expect("a line's end") + 1;
    db.dir.write("a.log", &changed[..cut]);
    db.import(["a.log"]).says(["differs", "1 packet stored"]);
    assert_eq!(db.rows(), 2001);
}

fn an_import_with_again_that_was_cut_off_goes_on(db: &TestStore) {
    db.dir.write("a.log", lines(0..100));
    db.import(["a.log"]);
    db.ipta(["--again", "-i", "a.log"]).fine();
    assert_eq!(db.rows(), 200);
    // As a kill leaves it: part of the lines is in, and the end is not marked.
    let offset = lines(0..40).len();
    let bytes = |text: &str| text.bytes().map(|b| format!("{b:02x}")).collect::<String>();
    let tail = bytes(&lines(0..40)[offset - 256..]);
    db.sql(&format!(
        "UPDATE ipta_ledger SET again = 1, bytes_in = {offset}, lines_in = 40, packets_in = 40, rows_live = 40, \
         tail = X'{tail}' WHERE id = (SELECT * FROM (SELECT MAX(id) FROM ipta_ledger) AS newest)"
    ));
    db.sql("DELETE FROM logs WHERE entry = (SELECT MAX(id) FROM ipta_ledger) AND src_prt >= 1064");
    db.import(["a.log"]).says([
        "100 lines already imported, 0 new",
        "--again was interrupted",
        "--again -i a.log",
    ]);
    assert_eq!(db.rows(), 140);
    db.ipta(["--again", "-i", "a.log"])
        .fine()
        .says(["40 lines already imported, 60 new", "continues an interrupted import"]);
    assert_eq!(db.rows(), 200);
    // Now it is finished: the next one is a third copy.
    db.ipta(["--again", "-i", "a.log"]).fine().says(["100 packets stored"]);
    assert_eq!(db.rows(), 300);
}

fn a_lost_ledger_lets_nothing_in_unasked(db: &TestStore) {
    db.dir.write("a.log", lines(0..10));
    db.import(["a.log"]);
    db.sql("DROP TABLE ipta_ledger");
    db.ipta(["-i", "a.log"]).refused(1).says([
        "has no record of table 'logs'",
        "-c -i a.log",
        "--again -i a.log",
    ]);
    assert_eq!(db.rows(), 10);
    db.ipta(["--again", "-i", "a.log"]).fine().says(["has no record", "10 packets stored"]);
    db.ipta(["-c", "-i", "a.log"]).fine();
    assert_eq!(db.rows(), 10);
}

fn a_table_emptied_by_hand_is_filled_again_after_a_prune_is_not(db: &TestStore) {
    db.dir.write("a.log", lines(0..10));
    db.import(["a.log"]);
    db.sql("DELETE FROM logs");
    db.import(["a.log"]).says(["- Table 'logs' was emptied by other means", "10 packets stored"]);
    // A prune removes rows and says so in the ledger.
    db.sql("DELETE FROM logs");
    db.sql("UPDATE ipta_ledger SET rows_live = 0");
    db.import(["a.log"]).says(["10 lines already imported, 0 new"]);
    assert_eq!(db.rows(), 0);
}

fn other_prefix_rules_are_told(db: &TestStore) {
    db.dir.write("a.log", lines(0..10));
    db.import(["a.log"]);
    db.dir.append("a.log", lines(10..12));
    db.ipta(["--prefix", "ipt", "--prefix", "ufw", "-i", "a.log"]).fine().says([
        "some or all of its first 10 lines were read with different prefix rules (auto)",
        "-c -i a.log",
    ]);
    assert_eq!(db.rows(), 12);
    // The presets go on being wanted.
    db.ipta(["--prefix", "auto", "--prefix", "any", "-i", "a.log"])
        .fine()
        .says(["read with different prefix rules", "--prefix auto --prefix any -c -i a.log"]);
    // What is in the ledger is not read again: only starting over reads what was left out.
    db.dir.append("a.log", lines(12..13).replace("IPT: DROP", "EDGE drop"));
    db.import(["a.log"])
        .says(["To clear the whole table and read them:", "--prefix auto --prefix any -c -i a.log"]);
    db.ipta(["--prefix", "auto", "--prefix", "any", "-c", "-i", "a.log"]).fine().says(["13 packets stored"]);
}

/// The same packet ten times a second; only the fraction of the time differs.
fn tenths(of: std::ops::Range<u32>) -> String {
    let line = |n: u32| {
        format!(
            "2026-05-17T10:00:{:02}.{}01234+00:00 gw kernel: IPT: DROP IN=eth0 OUT= SRC=2001:db8::1 DST=2001:db8::2 \
             LEN=64 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=ICMPv6 TYPE=128 CODE=0\n",
            n / 10,
            n % 10
        )
    };
    of.map(line).collect()
}

fn a_flood_goes_on_in_the_next_file_after_a_rotation(db: &TestStore) {
    db.dir.write("a.log.1", tenths(0..255));
    db.dir.write("a.log", tenths(255..500));
    for order in [["a.log.1", "a.log"], ["a.log", "a.log.1"]] {
        db.ipta(["-c"]).fine();
        order.iter().for_each(|log| _ = db.import([log]));
        assert_eq!(db.rows(), 500, "{order:?}");
        db.dir.ipta(order).fine().says(["* 500 packets from 1 source"]);
    }
    // A log that overlaps is compared as usual.
    db.dir.write("b.log", tenths(200..300));
    db.import(["b.log"]).says(["0 packets stored"]);
}

fn a_pipe_with_a_path_is_not_compared_with_what_is_in_the_ledger(db: &TestStore) {
    db.dir.write("a.log", lines(0..2000));
    db.import(["a.log"]);
    let mut import = db.command(["--year", "2026", "-i", "/dev/stdin"]);
    import.stdin(std::process::Stdio::piped());
    crate::process::run(import, lines(0..3000))
        .fine()
        .says(["3000 packets stored", "cannot recognize /dev/stdin"]);
    assert_eq!(db.rows(), 5000);
}

#[test]
fn logs_analyzed_together_count_a_packet_once() {
    let dir = TestDir::new();
    dir.write("ufw.log", ufw_lines(0..60) + &flood(30));
    dir.write("kern.log", "May 17 09:59:59 gw systemd[1]: x\n".to_owned() + &ufw_lines(40..100) + &flood(50));
    dir.write("old.gz", gzip(ufw_lines(0..20)));
    let said =
        dir.ipta(["--prefix", "ufw", "-a", "ufw.log", "kern.log", "old.gz", "--format", "json"]).fine();
    assert!(said.out.contains("\"packets\": 150"), "{said:#?}");
    let said = said.says(["also in kern.log and count only once"]);
    assert!(said.err.contains("packets of old.gz are also in"), "{said:#?}");
}

#[test]
fn rotated_logs_analyzed_together_are_all_counted() {
    let dir = TestDir::new();
    dir.write("a.log.2", lines(0..500));
    dir.write("a.log.1", lines(500..1000));
    dir.write("a.log", lines(1000..1500));
    let said = dir.ipta(["-a", "a.log", "a.log.1", "a.log.2", "--format", "json"]).fine();
    assert!(said.out.contains("\"packets\": 1500"), "{said:#?}");
    assert!(!said.err.contains("count only once"), "{said:#?}");
}
