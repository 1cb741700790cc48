//! Any log: whatever its line endings, its bytes and its compression; and what the program says about what
//! it read.

use std::io::Write;

use crate::process::{TestDir, TestStore, gzip, line, lines, on_both_stores};

on_both_stores! {
    carriage_returns_are_no_text
    nul_and_broken_utf_8_become_replacement_characters
    a_line_over_a_mebibyte_is_counted
    several_records_on_one_line_are_several_packets
    repeats_count_each_time
    a_repeat_is_understood_across_two_runs
    a_repeat_is_understood_behind_many_lines_of_another_host
    a_repeat_of_a_line_too_long_is_damaged
    a_repeat_of_nothing_is_damaged
    thirty_rotated_logs_in_any_order
    every_kind_of_compression
    standard_input_is_one_transaction_without_identity
    a_damaged_gzip_gives_what_came_before
    a_damaged_log_among_others_stops_nothing
    a_damaged_log_that_begins_like_another_is_stored_up_to_the_damage
    a_log_that_shrank_is_older
    a_last_line_without_its_end_waits
    the_two_sums_add_up
    quiet_says_only_what_is_wrong
    a_wrong_prefix_takes_nothing_away
    several_logs_are_taken_in_the_order_of_time
    a_value_too_long_for_its_column_is_damaged
}

fn carriage_returns_are_no_text(db: &TestStore) {
    db.dir.write("a.log", lines(0..10).replace('\n', "\r\n"));
    db.import(["a.log"]).says(["10 packets stored"]);
    assert_eq!(db.rows(), 10);
    db.import(["a.log"]).says(["0 new"]);
}

fn nul_and_broken_utf_8_become_replacement_characters(db: &TestStore) {
    let mut log = line(0).replace("IPT: DROP", "IPT: D\0OP").into_bytes();
    log.extend(line(1).replace(" gw ", " g\u{1}w ").bytes().map(|b| if b == 1 { 0xff } else { b }));
    db.dir.write("a.log", log);
    db.import(["a.log"]).says(["2 packets stored"]);
    assert_eq!(db.number("SELECT COUNT(*) FROM logs WHERE action = 'D\u{fffd}OP'"), 1);
    assert_eq!(db.number("SELECT COUNT(*) FROM logs WHERE host = 'g\u{fffd}w'"), 1);
}

fn a_line_over_a_mebibyte_is_counted(db: &TestStore) {
    let long = "x".repeat(3 << 20);
    db.dir.write("a.log", line(0) + &long + "\n" + &line(1) + line(2).trim_end() + &long + "\n" + &line(3));
    let said = db.import(["a.log"]).says(["5 lines = "]);
    assert!(said.err.len() < 3000, "the line is shown whole");
    let rows = db.rows();
    assert!((3..=4).contains(&rows), "{rows}");
    db.import(["a.log"]).says(["5 lines already imported, 0 new"]);
    assert_eq!(db.rows(), rows);
}

fn several_records_on_one_line_are_several_packets(db: &TestStore) {
    let (one, two) = (line(0), line(1));
    let second = &two[two.find("IPT:").expect("a prefix")..];
    db.dir.write("a.log", one.trim_end().to_owned() + second);
    db.import(["a.log"]).says(["1 line = 1 with packets", "2 packets = 2 records"]);
    assert_eq!(db.rows(), 2);
}

fn repeats_count_each_time(db: &TestStore) {
    let body = line(5);
    let (head, text) = body.trim_end().split_once("kernel: ").expect("a tag");
    let quoted = format!("{head}kernel: message repeated 3 times: [ {text}]\n");
    let last = "May 17 00:00:09 gw last message repeated 4 times\n";
    db.dir.write("a.log", line(5) + &quoted + &line(6) + last);
    db.import(["a.log"]).says(["4 lines = 4 with packets", "9 packets = 2 records + 7 repeats"]);
    assert_eq!(db.rows(), 9);
    let huge = "May 17 00:00:09 gw last message repeated 100001 times\n";
    db.dir.write("b.log", line(7) + huge);
    db.import(["b.log"]).says(["2 lines = 1 with packets + 1 damaged", "repeat count"]);
    assert_eq!(db.rows(), 10);
}

fn a_repeat_is_understood_across_two_runs(db: &TestStore) {
    db.dir.write("a.log", lines(0..3));
    db.import(["a.log"]);
    db.dir.append("a.log", "May 17 00:00:09 gw last message repeated 2 times\n");
    db.import(["a.log"]).says(["2 packets = 0 records + 2 repeats"]);
    assert_eq!(db.rows(), 5);
    assert_eq!(db.number("SELECT COUNT(*) FROM logs WHERE src_prt = 1026"), 3);
    // In a log longer than what is reread when an import resumes.
    db.dir.append("a.log", lines(10..2000));
    db.import(["a.log"]);
    db.dir.append("a.log", "May 17 01:00:09 gw last message repeated 2 times\n");
    db.import(["a.log"]).says(["2 packets = 0 records + 2 repeats"]);
    assert_eq!(db.rows(), 5 + 1990 + 2);
}

fn a_repeat_is_understood_behind_many_lines_of_another_host(db: &TestStore) {
    db.dir.write("a.log", line(0).replace(" gw ", " fw2 ") + &lines(1..2000));
    db.import(["a.log"]);
    db.dir.append("a.log", "May 17 01:00:09 fw2 last message repeated 2 times\n");
    db.import(["a.log"]).says(["2 packets = 0 records + 2 repeats"]);
}

fn a_repeat_of_a_line_too_long_is_damaged(db: &TestStore) {
    let long = format!("May 17 00:00:09 gw kernel: {}\n", "x".repeat(3 << 20));
    db.dir.write("a.log", line(0) + &long + "May 17 00:00:09 gw last message repeated 2 times\n");
    db.import(["a.log"]).says(["3 lines = 1 with packets + 2 damaged", "nothing to repeat"]);
    assert_eq!(db.rows(), 1);
}

fn a_repeat_of_nothing_is_damaged(db: &TestStore) {
    db.dir.write("a.log", "May 17 00:00:09 gw last message repeated 2 times\n".to_owned() + &line(0));
    db.import(["a.log"]).says(["2 lines = 1 with packets + 1 damaged", "nothing to repeat"]);
    assert_eq!(db.rows(), 1);
}

fn thirty_rotated_logs_in_any_order(db: &TestStore) {
    // The oldest has the highest number, as logrotate names them.
    let names: Vec<String> = (0..30u64)
        .map(|age| {
            let text = lines((29 - age) * 100..(30 - age) * 100);
            let (name, bytes) = match age {
                0 => ("a.log".to_owned(), text.into_bytes()),
                1 => ("a.log.1".to_owned(), text.into_bytes()),
                age => (format!("a.log.{age}.gz"), gzip(text)),
            };
            db.dir.write(&name, bytes);
            name
        })
        .collect();
    // 7 and 30 are coprime, so this visits each.
    let shuffled: Vec<&str> = (0..30).map(|n| names[n * 7 % 30].as_str()).collect();
    let args = || ["-i"].into_iter().chain(shuffled.iter().copied());
    let said = db.ipta(args()).fine().says(["* 3000 packets stored."]);
    let order: Vec<&str> = said.err.lines().filter(|line| line.contains("a.log")).collect();
    assert!(order[0].contains("a.log.29.gz") && order[29].contains("a.log: "), "{said:#?}");
    assert_eq!(db.rows(), 3000);
    let said = db.ipta(args()).fine();
    assert_eq!(said.err.matches("100 lines already imported, 0 new.").count(), 30, "{said:#?}");
    assert_eq!(db.rows(), 3000);
    let fallen = "SELECT COUNT(*) FROM logs a JOIN logs b ON b.id = a.id + 1 WHERE b.timestamp < a.timestamp";
    assert_eq!(db.number(fallen), 0);
}

fn every_kind_of_compression(db: &TestStore) {
    let text = |n: u64| lines(n * 100..n * 100 + 100);
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 6);
    xz.write_all(text(0).as_bytes()).expect("packs");
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    bzip2.write_all(text(1).as_bytes()).expect("packs");
    let members = [gzip(&text(3)[..500]), gzip(&text(3)[500..])].concat();
    // A file's name says nothing about its format.
    db.dir.write("a.log", xz.finish().expect("packs"));
    db.dir.write("b.gz", bzip2.finish().expect("packs"));
    db.dir.write("c.xz", zstd::encode_all(text(2).as_bytes(), 3).expect("packs"));
    db.dir.write("d", members);
    db.dir.write("e.gz", text(4));
    db.import(["a.log", "b.gz", "c.xz", "d", "e.gz"]).says(["500 packets stored"]);
    assert_eq!(db.rows(), 500);
    for n in 0..4 {
        db.dir.write("plain", text(n));
        db.import(["plain"]).says(["100 lines already imported, 0 new"]);
    }
    assert_eq!(db.rows(), 500);
}

fn standard_input_is_one_transaction_without_identity(db: &TestStore) {
    for run in 1..=2 {
        let args = db.with_options(["-i", "-"]);
        db.dir
            .fed(args, lines(0..100))
            .fine()
            .says(["standard input: 100 packets stored", "cannot recognize standard input the next time"]);
        assert_eq!(db.rows(), run * 100);
    }
    let args = db.with_options(["-i", "-"]);
    db.dir.fed(args, gzip(lines(0..100))).fine();
    assert_eq!(db.rows(), 300);
    // Damaged in the middle: all or nothing.
    let mut packed = gzip(lines(0..20_000));
    let middle = packed.len() / 2;
    packed[middle..middle + 8].fill(0xff);
    let args = db.with_options(["-i", "-"]);
    db.dir.fed(args, packed).refused(1).says(["standard input", "nothing from it was stored"]);
    assert_eq!(db.rows(), 300);
    let args = db.with_options(["-i", "-"]);
    db.dir.fed(args, "").fine().says(["standard input is empty"]);
    // iptables has no ISO stamps, but journalctl does.
    let iso = line(0).replace("May 17 00:00:00", "2026-05-17T00:00:00+0200");
    let args = db.with_options(["-i", "-"]);
    db.dir.fed(args, iso).fine().says(["1 packet stored"]);
    assert_eq!(db.number("SELECT COUNT(*) FROM logs WHERE timestamp LIKE '2026-05-16 22:00:00%'"), 1);
}

fn a_damaged_gzip_gives_what_came_before(db: &TestStore) {
    let text = lines(0..20_000);
    let whole = gzip(&text);
    for (name, packed) in [
        ("cut.gz", whole[..whole.len() / 2].to_vec()),
        ("bad.gz", {
            let mut bad = whole.clone();
            let middle = bad.len() / 2;
            bad[middle..middle + 8].fill(0xff);
            bad
        }),
    ] {
        db.ipta(["-c"]).fine();
        db.dir.write(name, packed);
        let said = db.ipta(["-i", name]);
        assert_eq!(said.status, Some(1), "{said:#?}");
        said.clear().says([name, "damaged gzip data", "everything before that was stored", "gzip -t"]);
        let rows = db.rows();
        assert!((5_000..15_000).contains(&rows), "{rows}");
        let again = db.ipta(["-i", name]);
        assert_eq!(again.status, Some(1), "{again:#?}");
        again.clear().says([name, "damaged gzip data"]);
        assert_eq!(db.rows(), rows);
        // The same log from the backup resumes at the cut. After damage in the middle, gzip yields other
        // bytes for a while, so that is another log.
        if name == "cut.gz" {
            db.dir.write("good.gz", &whole);
            db.import(["good.gz"]).says(["already imported", "packets stored"]);
            assert_eq!(db.rows(), 20_000);
            db.ipta(["-i", name]);
            assert_eq!(db.rows(), 20_000);
        }
    }
}

fn a_damaged_log_that_begins_like_another_is_stored_up_to_the_damage(db: &TestStore) {
    db.dir.write("a.log", lines(0..20_000));
    db.import(["a.log"]);
    let cut = |text: String| {
        let whole = gzip(text);
        whole[..whole.len() / 2].to_vec()
    };
    db.dir.write("other.gz", cut(lines(0..100) + &lines(30_000..40_000)));
    db.ipta(["-i", "other.gz"])
        .refused(1)
        .says(["100 packets of other.gz", "everything before that was stored"]);
    assert!(db.rows() > 21_000, "{}", db.rows());
    let rows = db.rows();
    db.dir.write("same.gz", cut(lines(0..20_000)));
    db.ipta(["-i", "same.gz"]).refused(1).says(["older copy", "everything before that was already imported"]);
    assert_eq!(db.rows(), rows);
}

fn a_damaged_log_among_others_stops_nothing(db: &TestStore) {
    let whole = gzip(lines(0..20_000));
    db.dir.write("a.gz", &whole[..whole.len() - 100]);
    db.dir.write("b.log", lines(30_000..30_010));
    let said = db.ipta(["-i", "a.gz", "b.log"]);
    assert_eq!(said.status, Some(1), "{said:#?}");
    said.clear().says(["a.gz", "b.log: 10 packets stored"]);
    assert!(db.rows() > 15_000);
}

fn a_log_that_shrank_is_older(db: &TestStore) {
    db.dir.write("a.log", lines(0..100));
    db.import(["a.log"]);
    db.dir.write("a.log", lines(0..60));
    db.import(["a.log"]).says(["a.log: 0 new", "older copy"]);
    db.dir.append("a.log", lines(500..600));
    // What follows is new; what came before is not stored twice.
    db.import(["a.log"]).says([
        "another log",
        "100 packets stored",
        "60 packets of a.log had already been imported from",
    ]);
    assert_eq!(db.rows(), 200);
}

fn a_last_line_without_its_end_waits(db: &TestStore) {
    let last = line(10);
    for cut in [1, 40, last.len() - 1] {
        db.ipta(["-c"]).fine();
        db.dir.write("a.log", lines(0..10) + &last[..cut]);
        db.import(["a.log"]).says([
            "10 packets stored",
            "is incomplete and is left for the next run",
            "1 unfinished",
        ]);
        assert_eq!(db.rows(), 10);
        db.import(["a.log"]).says(["10 lines already imported, 0 new"]);
        db.dir.append("a.log", &last[cut..]);
        db.import(["a.log"]).says(["10 lines already imported, 1 new"]);
        assert_eq!(db.rows(), 11);
    }
    // A one-time read takes that line too.
    db.dir.write("a.log", lines(0..10) + last.trim_end());
    let report = db.dir.ipta(["-a", "a.log"]).fine();
    assert!(report.out.contains("    11    22 TCP    DROP"), "{report:#?}");
}

fn the_two_sums_add_up(db: &TestStore) {
    let other = "May 17 00:00:01 gw sshd[7]: Accepted publickey for ana\n";
    let damaged = line(3).replace("SRC=203.0.113.3", "SRC=203.0.113.999");
    let repeat = "May 17 00:00:09 gw last message repeated 2 times\n";
    db.dir.write("a.log", line(0) + repeat + other + &damaged + other + &line(1) + &line(2)[..50]);
    let said = db.import(["a.log"]);
    assert_eq!(db.rows(), 4);
    let sum = said.err.lines().find(|line| line.contains(" lines = ")).expect("the first sum");
    assert_eq!(sum, "  7 lines = 3 with packets + 2 other + 1 damaged + 1 unfinished");
    let sum = said.err.lines().find(|line| line.contains(" packets = ")).expect("the second sum");
    assert_eq!(sum, "  4 packets = 2 records + 2 repeats");
    said.says(["- 1 line damaged:", "(1), such as: May 17"]);
}

fn quiet_says_only_what_is_wrong(db: &TestStore) {
    db.dir.write("a.log", lines(0..10));
    db.dir.write("empty.log", "");
    db.dir.write("auth.log", "May 17 00:00:01 gw sshd[7]: Accepted publickey for ana\n");
    for _ in 0..2 {
        let said = db.ipta(["--quiet", "-i", "a.log", "empty.log", "auth.log"]).fine();
        assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""));
    }
    let said = db.ipta(["--quiet", "-c", "-ct", "-i", "a.log"]).fine();
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""));
    db.ipta(["--quiet", "-i", "typo.log"]).refused(1).says(["typo.log"]);
    db.dir.append("a.log", line(3).replace("SRC=203.0.113.3", "SRC=203.0.113.999"));
    db.ipta(["--quiet", "-i", "a.log"]).fine().says(["1 line damaged"]);
    assert_eq!(db.rows(), 10);
}

fn a_wrong_prefix_takes_nothing_away(db: &TestStore) {
    db.dir.write("a.log", lines(0..40).replace("IPT: DROP ", "[EDGE drop] "));
    db.import(["a.log"]).says(["--prefix any"]);
    db.ipta(["-i", "a.log", "--prefix", "any"]).fine().says(["40 packets stored"]);
    assert_eq!(db.rows(), 40);
    db.ipta(["-i", "a.log", "--prefix", "any"]).fine().says(["0 new"]);
    // A log that gave packets is known, whatever the prefix; its new lines are read with the new one.
    db.dir.append("a.log", lines(40..45));
    db.import(["a.log"]).says(["40 lines already imported, 5 new, 5 packets stored"]);
    assert_eq!(db.rows(), 45);
}

fn several_logs_are_taken_in_the_order_of_time(db: &TestStore) {
    db.dir.write("z.log", lines(0..5));
    db.dir.write("a.log", lines(100..105));
    db.dir.write("none.log", "no stamp here\n");
    let said = db.import(["none.log", "a.log", "z.log"]);
    let order: Vec<&str> = said.err.lines().filter(|line| line.starts_with("* ")).collect();
    assert!(
        order[0].contains("z.log") && order[1].contains("a.log") && order[2].contains("none.log"),
        "{said:#?}"
    );
}

fn a_value_too_long_for_its_column_is_damaged(db: &TestStore) {
    let long = line(1).replace("IN=eth0", &format!("IN={}", "e".repeat(16)));
    let host = line(2).replace(" gw ", &format!(" {} ", "h".repeat(256)));
    db.dir.write("a.log", line(0) + &long + &host + &line(3));
    db.import(["a.log"]).says(["4 lines = 2 with packets + 2 damaged", "interface", "host"]);
    assert_eq!(db.rows(), 2);
}

#[test]
fn firewall_lines_of_other_prefixes_are_told_of_from_cron_too_if_there_are_no_others() {
    let edge = line(1).replace("IPT: DROP ", "[EDGE drop] ");
    let both = TestStore::on_a_file();
    both.dir.write("log", line(0) + &edge);
    both.import(["log"]).says([
        "1 packet stored",
        "with other prefixes",
        "'[EDGE drop] ' (1 line): ipta --db-file ",
        " --prefix auto --prefix any -c -i log",
    ]);
    for call in [&["log"][..], &["--scan", "log"], &["log", "--format", "json"]] {
        both.dir.ipta(call).fine().says(["with other prefixes", "--prefix auto --prefix any"]);
    }
    assert!(both.dir.ipta(["log", "--format", "json"]).fine().out.contains("with other prefixes"));
    // Rules of the file have no option that adds to them.
    both.dir
        .write("conf", "[[prefix]]\npattern = \"auto\"\n[[prefix]]\npattern = \"^OWN \"\naction = \"OWN\"\n");
    both.dir.ipta(["--config", "conf", "log"]).fine().says(["[[prefix]] with pattern = \"any\" in the"]);
    let other = TestStore::on_a_file();
    other.dir.write("log", &edge);
    other
        .ipta(["--quiet", "-i", "log"])
        .fine()
        .says(["none with a prefix that ipta looks for", "--prefix any"]);
}

#[test]
fn logs_may_stand_behind_other_options_of_their_mode() {
    let db = TestStore::on_a_file();
    db.dir.write("log", lines(0..3));
    db.ipta(["--import", "--again", "log", "--yes"]).fine();
    assert_eq!(db.rows(), 3);
    let said = db.dir.ipta(["--analyze", "--modules", "ports", "log"]).fine();
    assert!(said.out.contains("     3    22 TCP"), "{said:#?}");
}

#[test]
fn a_byte_order_mark_hides_no_packet() {
    let dir = TestDir::new();
    dir.write("bom.log", "\u{FEFF}".to_owned() + &line(0) + &line(1));
    dir.ipta(["bom.log"]).fine().says(["* 2 packets from 2 sources, 2026-"]);
}

#[test]
fn a_locked_file_is_waited_for_and_that_is_said() {
    let store = TestStore::on_a_file();
    store.dir.write("a.log", line(0));
    store.import(["a.log"]);
    let path = store.dir.path("packets.db");
    let (locked, is_locked) = std::sync::mpsc::channel();
    let holder = std::thread::spawn(move || {
        let conn = rusqlite::Connection::open(path).expect("the file opens");
        conn.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
        locked.send(()).expect("somebody waits");
        std::thread::sleep(std::time::Duration::from_secs(4));
    });
    is_locked.recv().expect("the lock is held");
    store.ipta(["-a"]).fine().says([
        "Still waiting for the file '",
        "another program has locked it",
        "* 1 packet",
    ]);
    holder.join().expect("the lock is released");
}

#[test]
fn thousands_of_lines_without_line_breaks_are_damage_and_take_no_time() {
    let dir = TestDir::new();
    for part in [
        "May 17 10:00:00 gw kernel: IPT: DROP IN=eth0 OUT= ",
        "IPT: May 17 10:00:00 gw kernel: ",
        "IN=eth0 OUT= May 17 10:00:00 ",
    ] {
        dir.write("one.log", part.repeat((1 << 20) / part.len()) + "\n" + &line(0));
        let begun = std::time::Instant::now();
        let said = dir.ipta(["one.log"]).fine();
        assert!(said.err.contains("* 1 packet from 1 source"), "{said:#?}");
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{part}");
    }
}
