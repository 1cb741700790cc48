//! Import never counts a line twice and never loses one: after each step, exactly the packets
//! expected, counted by somebody else, and a note that says what happened.

use crate::process::{Kept, Shop, gzip, line, lines, on_both_stores};

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

fn a_grown_log_gives_its_new_lines(shop: &Shop) {
    shop.desk.write("a.log", lines(0..100));
    shop.import(["a.log"]).says(["a.log: 100 packets stored"]);
    assert_eq!(shop.rows(), 100);
    shop.desk.append("a.log", lines(100..150));
    shop.import(["a.log"]).says(["a.log: 100 lines already imported, 50 new, 50 packets stored"]);
    assert_eq!(shop.rows(), 150);
    shop.import(["a.log"]).says(["* a.log: 150 lines already imported, 0 new."]);
    assert_eq!(shop.rows(), 150);
}

fn a_rotated_log_is_known_by_its_new_name(shop: &Shop) {
    shop.desk.write("a.log", lines(0..100));
    shop.import(["a.log"]);
    shop.desk.append("a.log", lines(100..120));
    shop.desk.rename("a.log", "a.log.1");
    shop.desk.write("a.log", lines(120..150));
    shop.import(["a.log", "a.log.1"])
        .says(["a.log.1: 100 lines already imported, 20 new", "a.log: 30 packets stored"]);
    assert_eq!(shop.rows(), 150);
    shop.import(["a.log.1", "a.log"]).says(["a.log.1: 120 lines already imported, 0 new"]);
    assert_eq!(shop.rows(), 150);
}

fn a_compressed_log_is_known_by_its_content(shop: &Shop) {
    shop.desk.write("a.log.1", lines(0..100));
    shop.desk.write("a.log", lines(100..130));
    shop.import(["a.log.1", "a.log"]);
    assert_eq!(shop.rows(), 130);
    shop.desk.write("a.log.2.gz", gzip(shop.desk.read("a.log.1")));
    shop.desk.rename("a.log", "a.log.1");
    shop.desk.append("a.log.1", lines(130..135));
    shop.desk.write("a.log", lines(135..140));
    shop.import(["a.log", "a.log.1", "a.log.2.gz"]).says(["a.log.2.gz: 100 lines already imported, 0 new"]);
    assert_eq!(shop.rows(), 140);
    // Packed before its last lines were in.
    shop.desk.append("a.log", lines(140..145));
    shop.desk.write("a.log.gz", gzip(shop.desk.read("a.log")));
    shop.import(["a.log.gz"]).says(["5 lines already imported, 5 new"]);
    shop.import(["a.log"]).says(["10 lines already imported, 0 new"]);
    assert_eq!(shop.rows(), 145);
}

fn a_log_cut_and_longer_than_before_is_another(shop: &Shop) {
    shop.desk.write("a.log", lines(0..100));
    shop.import(["a.log"]);
    shop.desk.write("a.log", lines(1000..1300));
    shop.import(["a.log"]).says(["a.log: 300 packets stored"]);
    assert_eq!(shop.rows(), 400);
    // The same first 4096 bytes, and then something else: known to be another by its tail.
    shop.desk.write("a.log", lines(1000..1050) + &lines(2000..2600));
    shop.import(["a.log"]).says(["- a.log begins like a.log", "another log", "600 packets stored"]);
    assert_eq!(shop.rows(), 1000);
}

fn a_log_cut_and_shorter_than_before_is_another(shop: &Shop) {
    shop.desk.write("a.log", lines(0..100));
    shop.import(["a.log"]);
    shop.desk.write("a.log", lines(1000..1010));
    shop.import(["a.log"]).says(["a.log: 10 packets stored"]);
    assert_eq!(shop.rows(), 110);
}

fn one_line_then_grown(shop: &Shop) {
    for count in 1..=5 {
        shop.desk.append("a.log", line(count));
        shop.import(["a.log"]);
        assert_eq!(shop.rows(), count);
    }
    shop.desk.append("a.log", lines(6..3000));
    shop.import(["a.log"]);
    assert_eq!(shop.rows(), 2999);
    shop.import(["a.log"]).says(["2999 lines already imported, 0 new"]);
}

fn a_file_of_ten_bytes(shop: &Shop) {
    shop.desk.write("a.log", "123456789\n");
    shop.import(["a.log"]).says(["a.log holds no packet in 1 line"]);
    shop.desk.append("a.log", lines(0..10));
    shop.import(["a.log"]).says(["10 packets stored"]);
    shop.import(["a.log"]).says(["11 lines already imported, 0 new"]);
    assert_eq!(shop.rows(), 10);
    // Without a newline it may still become anything.
    shop.desk.write("b.log", "0123456789");
    shop.import(["b.log"]).says(["left for the next run"]);
    shop.desk.append("b.log", format!("\n{}", lines(10..12)));
    shop.import(["b.log"]).says(["2 packets stored"]);
    assert_eq!(shop.rows(), 12);
}

fn a_copy_of_the_beginning_is_older(shop: &Shop) {
    shop.desk.write("a.log", lines(0..500));
    shop.import(["a.log"]);
    for part in [1, 10, 400] {
        shop.desk.write("copy.log", lines(0..part));
        shop.import(["copy.log"]).says([
            "copy.log: 0 new",
            "- copy.log is an older copy",
            "500 lines",
            "a.log",
        ]);
        assert_eq!(shop.rows(), 500);
    }
    // What was imported is still known, and how far.
    shop.desk.append("a.log", lines(500..510));
    shop.import(["a.log"]);
    assert_eq!(shop.rows(), 510);
}

fn a_log_edited_in_its_middle_is_another(shop: &Shop) {
    shop.desk.write("a.log", lines(0..100));
    shop.import(["a.log"]);
    shop.desk.write("a.log", lines(0..50) + "edited\n" + &lines(50..100));
    shop.import(["a.log"]).says(["- a.log begins like a.log", "another log", "0 packets stored"]);
    assert_eq!(shop.rows(), 100);
    shop.import(["a.log"]).says(["101 lines already imported, 0 new"]);
    assert_eq!(shop.rows(), 100);
}

fn two_names_and_two_mentions_are_one_log(shop: &Shop) {
    let log = shop.desk.write("a.log", lines(0..10));
    std::fs::hard_link(&log, shop.desk.path("hard.log")).expect("links");
    std::os::unix::fs::symlink(&log, shop.desk.path("soft.log")).expect("links");
    shop.desk.write("copy.log", lines(0..10));
    let full = log.display().to_string();
    let said = shop.import(["a.log", "a.log", "./a.log", &full, "hard.log", "soft.log", "copy.log"]);
    said.says(["- hard.log is the same file as a.log; it is read once."]);
    assert_eq!(shop.rows(), 10);
    shop.import(["soft.log", "copy.log"]).says(["soft.log: 10 lines already", "copy.log: 10 lines already"]);
    assert_eq!(shop.rows(), 10);
    // Two options name one list.
    shop.ipta(["-i", "hard.log", "-i", "copy.log"]).fine();
    assert_eq!(shop.rows(), 10);
}

fn two_equal_lines_are_two_packets(shop: &Shop) {
    shop.desk.write("a.log", line(1) + &line(1));
    shop.import(["a.log"]);
    assert_eq!(shop.rows(), 2);
    shop.desk.append("a.log", line(1));
    shop.import(["a.log"]);
    assert_eq!(shop.rows(), 3);
}

fn a_table_emptied_by_hand_is_filled_again(shop: &Shop) {
    shop.desk.write("a.log", lines(0..10));
    shop.import(["a.log"]);
    for statement in ["TRUNCATE TABLE logs", "DELETE FROM logs"] {
        if matches!(shop.place, Kept::File(_)) && statement.starts_with("TRUNCATE") {
            continue;
        }
        shop.sql(statement);
        shop.import(["a.log"]).says(["- Table 'logs' was emptied by other means", "10 packets stored"]);
        assert_eq!(shop.rows(), 10);
        let again = shop.import(["a.log"]).says(["10 lines already imported, 0 new"]);
        assert!(!again.err.contains("other means"), "{again:#?}");
    }
}

fn rows_deleted_by_hand_stay_deleted(shop: &Shop) {
    shop.desk.write("a.log", lines(0..10));
    shop.import(["a.log"]);
    shop.sql("DELETE FROM logs WHERE id < (SELECT * FROM (SELECT MAX(id) FROM logs) AS newest) - 2");
    assert_eq!(shop.rows(), 3);
    shop.desk.append("a.log", lines(10..11));
    shop.import(["a.log"]);
    assert_eq!(shop.rows(), 4);
}

fn a_table_made_anew_by_hand_is_filled_again(shop: &Shop) {
    shop.desk.write("a.log", lines(0..10));
    shop.import(["a.log"]);
    shop.sql("DROP TABLE logs");
    shop.ipta(["--create-table"]).fine();
    shop.import(["a.log"]).says(["- Table 'logs' was cleared or replaced", "10 packets stored"]);
    assert_eq!(shop.rows(), 10);
    shop.import(["a.log"]).says(["10 lines already imported, 0 new"]);
    assert_eq!(shop.rows(), 10);
}

fn again_imports_all_the_same(shop: &Shop) {
    shop.desk.write("a.log", lines(0..10));
    shop.import(["a.log"]);
    shop.ipta(["-i", "a.log", "--again"]).fine().says(["10 packets stored"]);
    assert_eq!(shop.rows(), 20);
    shop.desk.append("a.log", lines(10..11));
    shop.import(["a.log"]).says(["1 new"]);
    shop.import(["a.log"]).says(["0 new"]);
    assert_eq!(shop.rows(), 21);
}

fn clear_forgets_what_was_imported(shop: &Shop) {
    shop.desk.write("a.log", lines(0..10));
    for _ in 0..2 {
        shop.ipta(["-c", "-i", "a.log"]).fine().says(["cleared", "10 packets stored"]);
        assert_eq!(shop.rows(), 10);
    }
    shop.ipta(["-dt", "logs", "-ct", "-i", "a.log"]).fine();
    assert_eq!(shop.rows(), 10);
}

fn two_tables_are_two_imports(shop: &Shop) {
    shop.desk.write("a.log", lines(0..10));
    shop.import(["a.log"]);
    shop.ipta(["-ct", "other", "-i", "a.log"]).fine().says(["10 packets stored"]);
    assert_eq!(shop.number("SELECT COUNT(*) FROM other"), 10);
    shop.ipta(["-c", "-t", "other"]).fine();
    shop.import(["a.log"]).says(["0 new"]);
    assert_eq!(shop.rows(), 10);
}

fn the_list_tells_what_was_imported_and_when(shop: &Shop) {
    shop.desk.write("a.log", lines(0..10));
    shop.import(["a.log"]);
    let listed = shop.ipta(["--list-tables"]).fine().out;
    let imported = listed.lines().find(|line| line.contains("a.log")).expect("the import");
    assert!(imported.ends_with("a.log: 10 lines, 10 packets"), "{listed}");
    let year = imported.trim().get(..4).and_then(|year| year.parse::<u32>().ok());
    assert!(year.is_some_and(|year| year >= 2024), "{listed}");
}
