//! Import never counts a line twice and never loses one: after each step, exactly the expected packets,
//! counted independently, and a message that says what happened.

use crate::process::{Kept, TestStore, gzip, line, lines, on_both_stores};

on_both_stores! {
    a_grown_log_gives_its_new_lines
    a_rotated_log_is_known_by_its_new_name
    a_compressed_log_is_known_by_its_content
    a_log_cut_and_longer_than_before_is_another
    a_log_cut_and_shorter_than_before_is_another
    one_line_then_grown
    a_file_of_ten_bytes
    a_copy_of_the_beginning_is_older
    a_log_edited_in_its_middle_is_another
    two_names_and_two_mentions_are_one_log
    two_equal_lines_are_two_packets
    a_table_emptied_by_hand_is_filled_again
    rows_deleted_by_hand_stay_deleted
    a_table_made_anew_by_hand_is_filled_again
    again_imports_all_the_same
    clear_forgets_what_was_imported
    two_tables_are_two_imports
    the_list_tells_what_was_imported_and_when
}

fn a_grown_log_gives_its_new_lines(db: &TestStore) {
    db.dir.write("a.log", lines(0..100));
    db.import(["a.log"]).says(["a.log: 100 packets stored"]);
    assert_eq!(db.rows(), 100);
    db.dir.append("a.log", lines(100..150));
    db.import(["a.log"]).says(["a.log: 100 lines already imported, 50 new, 50 packets stored"]);
    assert_eq!(db.rows(), 150);
    db.import(["a.log"]).says(["* a.log: 150 lines already imported, 0 new."]);
    assert_eq!(db.rows(), 150);
}

fn a_rotated_log_is_known_by_its_new_name(db: &TestStore) {
    db.dir.write("a.log", lines(0..100));
    db.import(["a.log"]);
    db.dir.append("a.log", lines(100..120));
    db.dir.rename("a.log", "a.log.1");
    db.dir.write("a.log", lines(120..150));
    db.import(["a.log", "a.log.1"])
        .says(["a.log.1: 100 lines already imported, 20 new", "a.log: 30 packets stored"]);
    assert_eq!(db.rows(), 150);
    db.import(["a.log.1", "a.log"]).says(["a.log.1: 120 lines already imported, 0 new"]);
    assert_eq!(db.rows(), 150);
}

fn a_compressed_log_is_known_by_its_content(db: &TestStore) {
    db.dir.write("a.log.1", lines(0..100));
    db.dir.write("a.log", lines(100..130));
    db.import(["a.log.1", "a.log"]);
    assert_eq!(db.rows(), 130);
    db.dir.write("a.log.2.gz", gzip(db.dir.read("a.log.1")));
    db.dir.rename("a.log", "a.log.1");
    db.dir.append("a.log.1", lines(130..135));
    db.dir.write("a.log", lines(135..140));
    db.import(["a.log", "a.log.1", "a.log.2.gz"]).says(["a.log.2.gz: 100 lines already imported, 0 new"]);
    assert_eq!(db.rows(), 140);
    // Compressed before its last lines were in.
    db.dir.append("a.log", lines(140..145));
    db.dir.write("a.log.gz", gzip(db.dir.read("a.log")));
    db.import(["a.log.gz"]).says(["5 lines already imported, 5 new"]);
    db.import(["a.log"]).says(["10 lines already imported, 0 new"]);
    assert_eq!(db.rows(), 145);
}

fn a_log_cut_and_longer_than_before_is_another(db: &TestStore) {
    db.dir.write("a.log", lines(0..100));
    db.import(["a.log"]);
    db.dir.write("a.log", lines(1000..1300));
    db.import(["a.log"]).says(["a.log: 300 packets stored"]);
    assert_eq!(db.rows(), 400);
    // The same first 4096 bytes, then something else: its tail shows it is another log.
    db.dir.write("a.log", lines(1000..1050) + &lines(2000..2600));
    db.import(["a.log"]).says(["- a.log begins like a.log", "another log", "600 packets stored"]);
    assert_eq!(db.rows(), 1000);
}

fn a_log_cut_and_shorter_than_before_is_another(db: &TestStore) {
    db.dir.write("a.log", lines(0..100));
    db.import(["a.log"]);
    db.dir.write("a.log", lines(1000..1010));
    db.import(["a.log"]).says(["a.log: 10 packets stored"]);
    assert_eq!(db.rows(), 110);
}

fn one_line_then_grown(db: &TestStore) {
    for count in 1..=5 {
        db.dir.append("a.log", line(count));
        db.import(["a.log"]);
        assert_eq!(db.rows(), count);
    }
    db.dir.append("a.log", lines(6..3000));
    db.import(["a.log"]);
    assert_eq!(db.rows(), 2999);
    db.import(["a.log"]).says(["2999 lines already imported, 0 new"]);
}

fn a_file_of_ten_bytes(db: &TestStore) {
    db.dir.write("a.log", "123456789\n");
    db.import(["a.log"]).says(["a.log has no packets in 1 line"]);
    db.dir.append("a.log", lines(0..10));
    db.import(["a.log"]).says(["10 packets stored"]);
    db.import(["a.log"]).says(["11 lines already imported, 0 new"]);
    assert_eq!(db.rows(), 10);
    // Without a newline it may still become anything.
    db.dir.write("b.log", "0123456789");
    db.import(["b.log"]).says(["left for the next run"]);
    db.dir.append("b.log", format!("\n{}", lines(10..12)));
    db.import(["b.log"]).says(["2 packets stored"]);
    assert_eq!(db.rows(), 12);
}

fn a_copy_of_the_beginning_is_older(db: &TestStore) {
    db.dir.write("a.log", lines(0..500));
    db.import(["a.log"]);
    for part in [1, 10, 400] {
        db.dir.write("copy.log", lines(0..part));
        db.import(["copy.log"]).says([
            "copy.log: 0 new",
            "- copy.log is an older copy",
            "500 lines",
            "a.log",
        ]);
        assert_eq!(db.rows(), 500);
    }
    // What was imported, and how far, is still known.
    db.dir.append("a.log", lines(500..510));
    db.import(["a.log"]);
    assert_eq!(db.rows(), 510);
}

fn a_log_edited_in_its_middle_is_another(db: &TestStore) {
    db.dir.write("a.log", lines(0..100));
    db.import(["a.log"]);
    db.dir.write("a.log", lines(0..50) + "edited\n" + &lines(50..100));
    db.import(["a.log"]).says(["- a.log begins like a.log", "another log", "0 packets stored"]);
    assert_eq!(db.rows(), 100);
    db.import(["a.log"]).says(["101 lines already imported, 0 new"]);
    assert_eq!(db.rows(), 100);
}

fn two_names_and_two_mentions_are_one_log(db: &TestStore) {
    let log = db.dir.write("a.log", lines(0..10));
    std::fs::hard_link(&log, db.dir.path("hard.log")).expect("links");
    std::os::unix::fs::symlink(&log, db.dir.path("soft.log")).expect("links");
    db.dir.write("copy.log", lines(0..10));
    let full = log.display().to_string();
    let said = db.import(["a.log", "a.log", "./a.log", &full, "hard.log", "soft.log", "copy.log"]);
    said.says(["- hard.log is the same file as a.log; it is read only once."]);
    assert_eq!(db.rows(), 10);
    db.import(["soft.log", "copy.log"]).says(["soft.log: 10 lines already", "copy.log: 10 lines already"]);
    assert_eq!(db.rows(), 10);
    // Two options make one list.
    db.ipta(["-i", "hard.log", "-i", "copy.log"]).fine();
    assert_eq!(db.rows(), 10);
}

fn two_equal_lines_are_two_packets(db: &TestStore) {
    db.dir.write("a.log", line(1) + &line(1));
    db.import(["a.log"]);
    assert_eq!(db.rows(), 2);
    db.dir.append("a.log", line(1));
    db.import(["a.log"]);
    assert_eq!(db.rows(), 3);
}

fn a_table_emptied_by_hand_is_filled_again(db: &TestStore) {
    db.dir.write("a.log", lines(0..10));
    db.import(["a.log"]);
    for statement in ["TRUNCATE TABLE logs", "DELETE FROM logs"] {
        if matches!(db.place, Kept::File(_)) && statement.starts_with("TRUNCATE") {
            continue;
        }
        db.sql(statement);
        db.import(["a.log"]).says(["- Table 'logs' was emptied by other means", "10 packets stored"]);
        assert_eq!(db.rows(), 10);
        let again = db.import(["a.log"]).says(["10 lines already imported, 0 new"]);
        assert!(!again.err.contains("other means"), "{again:#?}");
    }
}

fn rows_deleted_by_hand_stay_deleted(db: &TestStore) {
    db.dir.write("a.log", lines(0..10));
    db.import(["a.log"]);
    db.sql("DELETE FROM logs WHERE id < (SELECT * FROM (SELECT MAX(id) FROM logs) AS newest) - 2");
    assert_eq!(db.rows(), 3);
    db.dir.append("a.log", lines(10..11));
    db.import(["a.log"]);
    assert_eq!(db.rows(), 4);
}

fn a_table_made_anew_by_hand_is_filled_again(db: &TestStore) {
    db.dir.write("a.log", lines(0..10));
    db.import(["a.log"]);
    db.sql("DROP TABLE logs");
    db.ipta(["--create-table"]).fine();
    db.import(["a.log"]).says(["- Table 'logs' was cleared or replaced", "10 packets stored"]);
    assert_eq!(db.rows(), 10);
    db.import(["a.log"]).says(["10 lines already imported, 0 new"]);
    assert_eq!(db.rows(), 10);
}

fn again_imports_all_the_same(db: &TestStore) {
    db.dir.write("a.log", lines(0..10));
    db.import(["a.log"]);
    db.ipta(["-i", "a.log", "--again"]).fine().says(["10 packets stored"]);
    assert_eq!(db.rows(), 20);
    db.dir.append("a.log", lines(10..11));
    db.import(["a.log"]).says(["1 new"]);
    db.import(["a.log"]).says(["0 new"]);
    assert_eq!(db.rows(), 21);
}

fn clear_forgets_what_was_imported(db: &TestStore) {
    db.dir.write("a.log", lines(0..10));
    for _ in 0..2 {
        db.ipta(["-c", "-i", "a.log"]).fine().says(["cleared", "10 packets stored"]);
        assert_eq!(db.rows(), 10);
    }
    db.ipta(["-dt", "logs", "-ct", "-i", "a.log"]).fine();
    assert_eq!(db.rows(), 10);
}

fn two_tables_are_two_imports(db: &TestStore) {
    db.dir.write("a.log", lines(0..10));
    db.import(["a.log"]);
    db.ipta(["-ct", "other", "-i", "a.log"]).fine().says(["10 packets stored"]);
    assert_eq!(db.number("SELECT COUNT(*) FROM other"), 10);
    db.ipta(["-c", "-t", "other"]).fine();
    db.import(["a.log"]).says(["0 new"]);
    assert_eq!(db.rows(), 10);
}

fn the_list_tells_what_was_imported_and_when(db: &TestStore) {
    db.dir.write("a.log", lines(0..10));
    db.import(["a.log"]);
    let listed = db.ipta(["--list-tables"]).fine().out;
    let imported = listed.lines().find(|line| line.contains("a.log")).expect("the import");
    assert!(imported.ends_with("a.log: 10 lines, 10 packets"), "{listed}");
    let year = imported.trim().get(..4).and_then(|year| year.parse::<u32>().ok());
    assert!(year.is_some_and(|year| year >= 2024), "{listed}");
}
