//! The systemd journal as a log: `systemd-journal-remote` makes its files, the real `journalctl` reads them.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::crashes::{Dice, Running};
use crate::process::{TestDir, TestStore, line, lines, on_both_stores};

on_both_stores! {
    every_entry_is_stored_once_wherever_the_journal_is
    a_rotated_and_vacuumed_journal_is_exact_and_says_what_is_gone
    a_clock_that_is_set_back_changes_nothing
    a_journal_and_a_log_of_syslogs_count_a_packet_once
    an_import_killed_a_few_times_is_exact
    #[ignore = "long"] a_journal_of_100_000_entries_killed_twenty_times_is_exact
    an_entry_of_several_lines_or_of_any_bytes_is_one_line
}

const REMOTE: &str = "/usr/lib/systemd/systemd-journal-remote";

/// 2026-05-17T00:00:00Z in microseconds.
const BEGIN: u64 = 1_778_976_000_000_000;

/// A kernel entry in the export format.
struct Entry {
    boot: u8,
    /// Microseconds since 1970, and since boot.
    realtime: u64,
    monotonic: u64,
    /// The MESSAGE field, including its name.
    message: Vec<u8>,
}

impl Entry {
    /// The n-th packet of [`line`], a tenth of a second after the previous one.
    fn packet(n: u64) -> Entry {
        let line = line(n);
        let (_, message) = line.split_once("] ").expect("a stamp of the kernel's");
        Entry {
            boot: 1,
            realtime: BEGIN + n * 100_000,
            monotonic: 5_000_000 + n * 100_000,
            message: format!("MESSAGE={}\n", message.trim_end()).into(),
        }
    }

    fn write(&self, to: &mut Vec<u8>) {
        let Entry { boot, realtime, monotonic, message } = self;
        let fields = format!(
            "__REALTIME_TIMESTAMP={realtime}\n__MONOTONIC_TIMESTAMP={monotonic}\n_BOOT_ID={boot:032x}\n\
             _TRANSPORT=kernel\n_MACHINE_ID={:032x}\n_HOSTNAME=gw\nSYSLOG_IDENTIFIER=kernel\n",
            0xabc
        );
        to.extend_from_slice(fields.as_bytes());
        to.extend_from_slice(message);
        to.push(b'\n');
    }
}

/// Adds entries to a journal file, creating it if missing.
fn add(dir: &TestDir, file: &str, entries: impl IntoIterator<Item = Entry>) {
    let mut text = Vec::new();
    entries.into_iter().for_each(|entry| entry.write(&mut text));
    let path = dir.path(file);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("makes a folder");
    let mut remote = Command::new(REMOTE);
    remote.arg("-o").arg(path).arg("-").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut remote = remote.spawn().expect("systemd-journal-remote is installed (make test does that)");
    remote.stdin.take().expect("a pipe").write_all(&text).expect("takes the entries");
    assert!(remote.wait().expect("ends").success());
}

fn packets(range: std::ops::Range<u64>) -> impl Iterator<Item = Entry> {
    range.map(Entry::packet)
}

/// Each of `packets` packets is there once.
#[track_caller]
fn exact(db: &TestStore, packets: u64) {
    assert_eq!(db.rows(), packets);
    assert_eq!(db.number("SELECT COUNT(DISTINCT ip_id) FROM logs"), packets.min(65_000));
}

fn every_entry_is_stored_once_wherever_the_journal_is(db: &TestStore) {
    add(&db.dir, "j/a.journal", packets(0..300));
    db.import(["journal:j"]).says(["300 packets stored"]);
    db.import(["journal:j"]).says(["300 lines already imported, 0 new"]);
    // The same entries in a file of another name, followed by others.
    add(&db.dir, "copy/b.journal", packets(0..400));
    db.import(["journal:copy/b.journal"]).says(["300 lines already imported, 100 new, 100 packets stored"]);
    db.import(["journal:copy"]).says(["400 lines already imported, 0 new"]);
    let second_boot = |n: u64| Entry { boot: 2, ..Entry::packet(n) };
    add(&db.dir, "copy/b.journal", (400..500).map(second_boot));
    db.import(["journal:copy"]).says(["400 lines already imported, 100 new"]);
    exact(db, 500);
    db.ipta(["-lt"]).fine();
    db.import(["--again", "journal:copy"]).says(["500 packets stored"]);
    assert_eq!(db.rows(), 1000);
    db.ipta(["-c", "-i", "journal:copy"]).fine().says(["500 packets stored"]);
    exact(db, 500);
}

fn a_rotated_and_vacuumed_journal_is_exact_and_says_what_is_gone(db: &TestStore) {
    add(&db.dir, "j/a.journal", packets(0..200));
    add(&db.dir, "j/b.journal", packets(200..400));
    db.import(["journal:j"]).says(["400 packets stored"]);
    // The older file goes: all of it was already in.
    db.dir.remove("j/a.journal");
    add(&db.dir, "j/c.journal", packets(400..500));
    let said = db.import(["journal:j"]).says(["400 lines already imported, 100 new"]);
    assert!(!said.err.contains("vacuumed"), "{said:#?}");
    // Now entries go that nobody imported.
    add(&db.dir, "j/d.journal", packets(500..550));
    for file in ["b", "c", "d"] {
        db.dir.remove(&format!("j/{file}.journal"));
    }
    add(&db.dir, "j/e.journal", packets(550..600));
    db.import(["journal:j"]).says(["50 new, 50 packets stored", "from 1 boot", "vacuumed"]);
    exact(db, 550);
}

fn a_clock_that_is_set_back_changes_nothing(db: &TestStore) {
    add(&db.dir, "j/a.journal", packets(0..100));
    db.import(["journal:j"]);
    let an_hour_back =
        |n: u64| Entry { realtime: Entry::packet(n).realtime - 3_600_000_000, ..Entry::packet(n) };
    add(&db.dir, "j/a.journal", (100..200).map(an_hour_back));
    db.import(["journal:j"]).says(["100 new, 100 packets stored"]);
    add(&db.dir, "j/a.journal", packets(200..300));
    db.import(["journal:j"]).says(["100 new, 100 packets stored"]);
    db.import(["journal:j"]).says(["300 lines already imported, 0 new"]);
    exact(db, 300);
}

fn a_journal_and_a_log_of_syslogs_count_a_packet_once(db: &TestStore) {
    // Syslog's daemon logs each packet a little later, mostly in the same second, sometimes in the next.
    let entry = |n: u64| Entry { realtime: BEGIN + n * 1_000_000 + 300_000, ..Entry::packet(n) };
    let late: String = (0..200).map(|n| line(n).replace(&stamp(n), &stamp(n + n % 3))).collect();
    add(&db.dir, "j/a.journal", (0..150).map(entry));
    db.dir.write("kern.log", &late);
    db.import(["journal:j"]).says(["150 packets stored"]);
    db.import(["--year", "2026", "kern.log"]).says([
        "50 packets stored",
        "150 packets of kern.log",
        "journal:j",
    ]);
    add(&db.dir, "j/a.journal", (150..220).map(entry));
    db.import(["journal:j"]).says(["70 new, 20 packets stored", "kern.log"]);
    exact(db, 220);
}

/// The stamp syslog writes for the n-th second.
fn stamp(n: u64) -> String {
    format!("May 17 {:02}:{:02}:{:02}", n / 3600 % 24, n / 60 % 60, n % 60)
}

fn an_import_killed_a_few_times_is_exact(db: &TestStore) {
    killed(db, 4, 4_000);
}

fn a_journal_of_100_000_entries_killed_twenty_times_is_exact(db: &TestStore) {
    killed(db, 20, 100_000);
}

/// Kills an import `kills` times, rotating and vacuuming the journal in between.
fn killed(db: &TestStore, kills: u64, entries: u64) {
    let share = entries / kills;
    let mut dice = Dice(0x5eed_0010);
    for round in 0..kills {
        add(&db.dir, &format!("j/{round:02}.journal"), packets(round * share..(round + 1) * share));
        let call = Running::start(db.command(["-i", "journal:j"]));
        call.kill_after(Duration::from_millis(dice.below(150)));
        db.import(["journal:j"]);
        if round % 3 == 2 {
            db.dir.remove(&format!("j/{:02}.journal", round - 2));
        }
    }
    db.import(["journal:j"]).says(["0 new"]);
    assert_eq!(db.rows(), share * kills);
    let sum =
        "SELECT COUNT(*) FROM (SELECT 1 FROM logs GROUP BY timestamp, ip_id HAVING COUNT(*) > 1) AS twice";
    assert_eq!(db.number(sum), 0);
}

fn an_entry_of_several_lines_or_of_any_bytes_is_one_line(db: &TestStore) {
    let binary = |text: &[u8]| {
        let mut field = b"MESSAGE\n".to_vec();
        field.extend_from_slice(&(text.len() as u64).to_le_bytes());
        field.extend_from_slice(text);
        field.push(b'\n');
        field
    };
    let broken =
        Entry { message: binary(b"BUG: unable to handle\nCall Trace:\n do_syscall_64"), ..Entry::packet(0) };
    let bytes = Entry { message: binary(b"\xff\x00\xfe: nothing"), ..Entry::packet(1) };
    add(&db.dir, "j/a.journal", [broken, bytes, Entry::packet(2)]);
    db.import(["journal:j"]).says(["3 lines = 1 with packets + 2 other"]);
    assert_eq!(db.rows(), 1);
}

#[test]
fn analyze_and_scan_read_a_journal_as_they_read_its_text() {
    let dir = TestDir::new();
    add(&dir, "j/a.journal", packets(0..100));
    let text: String = (0..100).map(|n| line(n).replace(&stamp(n), &stamp(n / 10))).collect();
    dir.write("text.log", text);
    let modules = ["--modules", "denied,ports,sources,timeline"];
    let report = |log: &str| dir.ipta(["-a", log, "--year", "2026"].into_iter().chain(modules)).fine().out;
    assert_eq!(report("journal:j"), report("text.log"));
    let scan = |log: &str| dir.ipta(["--scan", log, "--time", "--year", "2026"]).fine().out;
    assert_eq!(scan("journal:j").replace(".000000", ""), scan("text.log"));
    assert_eq!(dir.ipta(["journal:j"]).fine().out, dir.ipta(["-a", "journal:j"]).fine().out);
}

#[test]
fn a_journal_that_is_none_is_named() {
    let dir = TestDir::new();
    for call in [["-a", "journal:gone"], ["-f", "journal:gone"], ["--scan", "journal:gone"]] {
        dir.ipta(call).refused(1).says(["journal:gone", "No such file", "journalctl -n 1 --file 'gone'"]);
    }
    dir.write("text", "no journal");
    dir.ipta(["-a", "journal:text"]).refused(1).says(["journal:text"]);
    // A file of that name is just a file.
    dir.write("journal", lines(0..3));
    assert!(dir.ipta(["-a", "./journal"]).fine().out.contains("203.0.113.0"));
}

#[test]
fn follow_shows_an_entry_within_a_second() {
    let dir = TestDir::new();
    add(&dir, "j/a.journal", packets(0..5));
    let mut call = dir.command(["-f", "journal:j", "--no-header", "--last", "2"]);
    let mut child = call.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("starts");
    let mut shown = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut next = || shown.next().expect("a line").expect("reads");
    assert!(next().contains("203.0.113.3"));
    assert!(next().contains("203.0.113.4"));
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    add(&dir, "j/a.journal", packets(5..6));
    assert!(next().contains("203.0.113.5"));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    child.kill().expect("kills");
    child.wait().expect("ends");
}
