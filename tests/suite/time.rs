//! When a packet was logged: years that stamps omit, zones, hours that come twice or not at all.

use std::fs::File;
use std::time::{Duration, UNIX_EPOCH};

use crate::process::{Kept, TestStore, line, on_both_stores};

on_both_stores! {
    a_stamp_without_a_year_is_of_the_newest_year_that_fits
    the_29th_of_february_is_of_a_leap_year
    a_year_can_be_given
    every_style_of_stamp_is_read
    the_hours_of_the_clock_change
    a_line_out_of_order_keeps_its_time
    a_line_without_a_time_is_stored_without
}

/// 2024-03-01 12:00:00 UTC, in seconds since 1970 (by `date -d ... +%s`).
const MARCH_2024: u64 = 1_709_294_400;

/// Writes a log of packets with these stamps, last modified at that time.
fn log(db: &TestStore, name: &str, stamps: &[&str], written: u64) {
    let text: String = stamps.iter().map(|stamp| line(0).replace("May 17 00:00:00", stamp)).collect();
    let path = db.dir.write(name, text);
    let file = File::options().write(true).open(path).expect("opens");
    file.set_modified(UNIX_EPOCH + Duration::from_secs(written)).expect("a time");
}

/// The times in the table, in row order, as UTC, to the second.
fn times(db: &TestStore) -> Vec<String> {
    let count = db.rows();
    let nth = |n: u64| {
        let digits = |from: u32, len: u32| {
            let part = format!("SUBSTR(timestamp, {from}, {len})");
            let sql = format!("SELECT {part} + 0 FROM logs ORDER BY id LIMIT 1 OFFSET {n}");
            match db.place {
                Kept::File(_) => db.number(&sql),
                Kept::Server(..) => db.number(&sql.replace(&part, &format!("CAST({part} AS UNSIGNED)"))),
            }
        };
        let at = [(1, 4), (6, 2), (9, 2), (12, 2), (15, 2), (18, 2)].map(|(from, len)| digits(from, len));
        format!("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", at[0], at[1], at[2], at[3], at[4], at[5])
    };
    (0..count).map(nth).collect()
}

fn a_stamp_without_a_year_is_of_the_newest_year_that_fits(db: &TestStore) {
    // A day ahead is a wrong clock; more is last year.
    let stamps =
        ["Dec 31 23:59:59", "Jan  1 00:00:00", "Mar  1 12:00:00", "Mar  2 11:00:00", "Mar  3 12:00:00"];
    log(db, "a.log", &stamps, MARCH_2024);
    db.import(["a.log"]);
    let expected = [
        "2023-12-31 23:59:59",
        "2024-01-01 00:00:00",
        "2024-03-01 12:00:00",
        "2024-03-02 11:00:00",
        "2023-03-03 12:00:00",
    ];
    assert_eq!(times(db), expected);
}

fn the_29th_of_february_is_of_a_leap_year(db: &TestStore) {
    log(db, "a.log", &["Feb 29 10:00:00"], MARCH_2024);
    // The year after had no such day.
    log(db, "b.log", &["Feb 29 11:00:00"], MARCH_2024 + 365 * 86_400);
    db.import(["a.log", "b.log"]);
    assert_eq!(times(db), ["2024-02-29 10:00:00", "2024-02-29 11:00:00"]);
}

fn a_year_can_be_given(db: &TestStore) {
    log(db, "a.log", &["Dec 31 23:00:00", "Jan  1 01:00:00"], MARCH_2024);
    db.ipta(["-i", "a.log", "--year", "2015"]).fine();
    assert_eq!(times(db), ["2014-12-31 23:00:00", "2015-01-01 01:00:00"]);
}

fn every_style_of_stamp_is_read(db: &TestStore) {
    let stamps = [
        "Feb  9 01:02:03",
        "2024-02-09T01:02:04Z",
        "2024-02-09T03:02:05.123456+02:00",
        "2024-02-09T01:02:06,5-0000",
        "2024-02-09T01:02:07.123456789Z",
    ];
    log(db, "a.log", &stamps, MARCH_2024);
    let record = line(0).split("] ").nth(1).expect("a record").to_owned();
    db.dir.write("dmesg.log", format!("[Fri Feb  9 01:02:08 2024] {record}"));
    db.import(["a.log", "dmesg.log"]).says(["6 packets stored"]);
    let expected: Vec<String> = (3..9).map(|second| format!("2024-02-09 01:02:0{second}")).collect();
    assert_eq!(times(db), expected);
    let micros = "SELECT COUNT(*) FROM logs WHERE timestamp LIKE '%01:02:05.123456' OR timestamp LIKE '%01:02:07.123456'";
    assert_eq!(db.number(micros), 2);
}

fn the_hours_of_the_clock_change(db: &TestStore) {
    // Central Europe: the clock goes from 2:00 to 3:00 on the last Sunday of March, and from 3:00 back to
    // 2:00 on the last Sunday of October; in 2023, March 26 and October 29.
    let zone = "CET-1CEST,M3.5.0,M10.5.0/3";
    let stamps = [
        "Mar 26 01:59:59",
        "Mar 26 02:30:00",
        "Mar 26 03:00:00",
        "Oct 29 01:59:59",
        "Oct 29 02:30:00",
        "Oct 29 03:00:00",
    ];
    log(db, "a.log", &stamps, MARCH_2024);
    let mut call = db.command(["-i", "a.log"]);
    call.env("TZ", zone);
    crate::process::run(call, "").fine();
    let expected = [
        "2023-03-26 00:59:59",
        // There was no half past two: take half an hour after the change.
        "2023-03-26 01:30:00",
        "2023-03-26 01:00:00",
        "2023-10-28 23:59:59",
        // There were two of them: take the first.
        "2023-10-29 00:30:00",
        "2023-10-29 02:00:00",
    ];
    assert_eq!(times(db), expected);
}

fn a_line_out_of_order_keeps_its_time(db: &TestStore) {
    log(
        db,
        "a.log",
        &["Feb 10 10:00:00", "Feb  9 10:00:00", "Jan 31 10:00:00", "Feb 11 10:00:00"],
        MARCH_2024,
    );
    db.import(["a.log"]);
    let expected =
        ["2024-02-10 10:00:00", "2024-02-09 10:00:00", "2024-01-31 10:00:00", "2024-02-11 10:00:00"];
    assert_eq!(times(db), expected);
}

fn a_line_without_a_time_is_stored_without(db: &TestStore) {
    let record = line(0);
    let record = &record[record.find("IPT:").expect("a prefix")..];
    db.dir.write("a.log", format!("{record}[12345.678901] {record}<4>[    1.000000] {record}"));
    db.import(["a.log"]).says(["3 packets stored"]);
    assert_eq!(db.number("SELECT COUNT(*) FROM logs WHERE timestamp IS NULL"), 3);
}
