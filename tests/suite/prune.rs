//! `--prune`: old packets go, and do not come back.

use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use crate::crashes::{Dice, Running};
use crate::process::{TestStore, on_both_stores};

on_both_stores! {
    old_packets_go_and_do_not_come_back
    a_table_pruned_empty_is_no_table_emptied_by_hand
    an_age_that_is_none_deletes_nothing
    prunes_beside_an_import_and_another_leave_what_they_should
    a_prune_killed_midway_leaves_the_ledger_right
    a_prune_that_is_interrupted_says_how_much_it_deleted
}

/// A line from `hours` hours ago, each distinct.
fn line(hours: i64, n: u64) -> String {
    let then = Zoned::now().with_time_zone(TimeZone::UTC) - hours.hours();
    format!(
        "{} gw kernel: IPT: DROP IN=eth0 OUT= SRC=192.0.2.1 DST=198.51.100.1 LEN=40 TTL=52 ID={} PROTO=TCP \
         SPT={} DPT=22 WINDOW=1024 RES=0x00 SYN URGP=0\n",
        then.strftime("%Y-%m-%dT%H:%M:%SZ"),
        n % 65_536,
        n % 60_000 + 1
    )
}

/// One packet an hour, from `hours` hours ago on.
fn hourly(hours: i64) -> String {
    (0..hours).map(|ago| line(hours - ago, (hours - ago) as u64)).collect()
}

fn old_packets_go_and_do_not_come_back(db: &TestStore) {
    let timeless = "kernel: IPT: DROP IN=eth0 OUT= SRC=192.0.2.9 DST=198.51.100.1 LEN=40 TTL=52 PROTO=2\n";
    db.dir.write("a.log", hourly(480) + timeless);
    db.import(["a.log"]);
    assert_eq!(db.rows(), 481);
    let said = db.ipta(["--prune", "10d"]).fine();
    said.says(["packets from before ", " deleted from table 'logs'", "- Kept 1 packet without a time."]);
    let left = db.rows();
    assert!((240..=242).contains(&left), "{left}");
    db.import(["a.log"]).says(["0 new"]);
    assert_eq!(db.rows(), left);
    db.ipta(["--prune", "10 days"]).fine().says(["* 0 packets"]);
    // A log that grew gives what is new and nothing else.
    db.dir.append("a.log", line(1, 5000));
    db.ipta(["-i", "a.log", "--prune", "10d", "-a"]).fine().says(["1 new", "deleted"]);
    assert_eq!(db.rows(), left + 1);
}

fn a_table_pruned_empty_is_no_table_emptied_by_hand(db: &TestStore) {
    let old: String = (0..100).map(|n| line(24 * 400 + n as i64, n)).collect();
    db.dir.write("a.log", old);
    db.import(["a.log"]);
    db.ipta(["--prune", "1y"]).fine().says(["* 100 packets"]);
    assert_eq!(db.rows(), 0);
    db.ipta(["-a"]).fine().says(["what was imported into it has been deleted", "-c -i FILE"]);
    let said = db.import(["a.log"]).says(["0 new"]);
    assert!(!said.err.contains("other means"), "{said:#?}");
    assert_eq!(db.rows(), 0);
    // Emptying it by hand is another matter.
    db.dir.write("b.log", hourly(20));
    db.import(["b.log"]);
    db.sql("DELETE FROM logs");
    db.import(["b.log"]).says(["emptied by other means", "20 packets stored"]);
}

fn an_age_that_is_none_deletes_nothing(db: &TestStore) {
    db.dir.write("a.log", hourly(50));
    db.import(["a.log"]);
    for age in ["90", "90m", "d", "-1d", "0d", "2026-01-01", "yesterday", "1h", "99999999999y", "soon"] {
        let age = format!("--prune={age}");
        db.ipta([age.as_str()]).refused(2).says(["is not an age", "90d"]);
    }
    assert_eq!(db.rows(), 50);
    db.ipta(["-t", "none", "--prune", "1d"]).refused(1).says(["No table 'none'"]);
}

fn prunes_beside_an_import_and_another_leave_what_they_should(db: &TestStore) {
    // Old and new alternate, so each chunk of the import holds something to prune.
    let text: String = (0..20_000).map(|n| line(if n % 2 == 0 { 24 * 30 } else { 1 }, n)).collect();
    db.dir.write("a.log", text);
    let mut import = Running::start(db.command(["-i", "a.log"]));
    let mut prunes =
        [Running::start(db.command(["--prune", "7d"])), Running::start(db.command(["--prune", "7d"]))];
    for prune in &mut prunes {
        let said = prune.said();
        assert_eq!(said.status, Some(0), "{said:#?}");
    }
    let said = import.said();
    assert_eq!(said.status, Some(0), "{said:#?}");
    db.ipta(["--prune", "7d"]).fine();
    assert_eq!(db.rows(), 10_000);
    assert_eq!(db.number("SELECT SUM(rows_live) FROM ipta_ledger WHERE kind = 'file'"), 10_000);
    db.import(["a.log"]).says(["0 new"]);
}

fn a_prune_that_is_interrupted_says_how_much_it_deleted(db: &TestStore) {
    let text: String = (0..60_000).map(|n| line(24 * 30, n)).collect();
    db.dir.write("a.log", text);
    db.import(["a.log"]);
    let mut prune = Running::start(db.command(["--prune", "7d"]));
    let begun = std::time::Instant::now();
    while db.rows() == 60_000 {
        assert!(begun.elapsed().as_secs() < 60, "nothing is deleted");
    }
    let said =
        prune.interrupt().says(["! Interrupted: ", "packets deleted from table 'logs'", "to continue"]);
    assert_eq!(said.status, None, "ended as by the signal: {said:#?}");
    let number = said.err.split(' ').nth(2).and_then(|word| word.parse::<u64>().ok()).expect("a number");
    assert_eq!(db.rows(), 60_000 - number);
    db.ipta(["--prune", "7d"]).fine();
    assert_eq!(db.rows(), 0);
}

fn a_prune_killed_midway_leaves_the_ledger_right(db: &TestStore) {
    let text: String = (0..30_000).map(|n| line(24 * 30, n)).collect();
    db.dir.write("a.log", text);
    let mut dice = Dice(0x5eed_0010);
    for _ in 0..5 {
        db.ipta(["-c", "-i", "a.log"]).fine();
        let prune = Running::start(db.command(["--prune", "7d"]));
        prune.kill_after(std::time::Duration::from_micros(dice.below(900_000)));
        // The killed call's statement may still be running for a moment.
        db.ipta(["--prune", "100d"]).fine();
        let (rows, live) =
            (db.rows(), db.number("SELECT SUM(rows_live) FROM ipta_ledger WHERE kind = 'file'"));
        assert_eq!(rows, live);
        db.import(["a.log"]).says(["0 new"]);
        db.ipta(["--prune", "7d"]).fine();
        assert_eq!(db.rows(), 0);
    }
}
