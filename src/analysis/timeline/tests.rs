use super::super::sample::{packet, rows as shown, table, table_with, utc, zone};
use super::super::table::Table;
use super::*;
use crate::filter::{ActionVerdicts, Filters};
use crate::netfilter::Packet;

fn at(text: &str) -> Packet<'static> {
    Packet { time: Some(utc(text)), ..packet("192.0.2.7") }
}

fn at_all(texts: &[&str]) -> Vec<Packet<'static>> {
    texts.iter().map(|text| at(text)).collect()
}

/// With the maximum number of rows.
fn timeline(packets: &[Packet<'_>], zone: &TimeZone) -> (Table, Vec<String>) {
    limited(packets, zone, ROWS)
}

fn limited(packets: &[Packet<'_>], zone: &TimeZone, limit: usize) -> (Table, Vec<String>) {
    let table = table_with("timeline", packets, limit, Filters::default(), zone.clone());
    let rows = shown(&table, zone);
    (table, rows)
}

#[test]
fn a_row_is_the_shortest_of_which_the_limit_has_room_for_all() {
    let mut packets = at_all(&["2026-05-04 08:59:59", "2026-05-04 06:35", "2026-05-04 06:00"]);
    packets[0].verdict = Verdict::Accept;
    packets[1].verdict = Verdict::Other;
    packets.push(packet("192.0.2.8"));
    let (table, rows) = limited(&packets, &TimeZone::UTC, 3);
    assert_eq!(
        rows,
        [
            "2026-05-04 06:00:00 0 1 1 0/1/1/2",
            "2026-05-04 07:00:00 0 0 0 0/0/0/2",
            "2026-05-04 08:00:00 1 0 0 1/0/0/2",
        ]
    );
    assert_eq!(table.notes, ["A row is an hour; + accepted, # denied, . other.", "1 packet has no time."]);
    let (_, rows) = limited(&packets, &TimeZone::UTC, 2);
    assert_eq!(rows, ["2026-05-04 06:00:00 1 1 1 1/1/1/3"]);
}

#[test]
fn a_long_stretch_without_packets_is_one_row() {
    let packets = at_all(&["2026-05-04 06:00", "2026-05-04 06:20", "2026-05-05 06:00"]);
    let (table, rows) = limited(&packets, &TimeZone::UTC, 4);
    assert_eq!(
        rows,
        [
            "2026-05-04 06:00:00 0 1 0 0/1/0/1",
            "2026-05-04 06:15:00 0 1 0 0/1/0/1",
            "(24 hours empty) - - - -",
            "2026-05-05 06:00:00 0 1 0 0/1/0/1",
        ]
    );
    assert_eq!(table.notes[1], "3 or more rows without a packet are folded into one.");
    assert_eq!(table.hours.len(), 2, "{:?}", table.hours);
}

#[test]
fn a_gap_is_told_in_the_unit_that_reads_best() {
    let begin = utc("2026-05-04 06:00");
    let told = ["2026-05-04 06:45", "2026-05-05 05:45", "2026-05-06 06:00", "2036-05-04"];
    assert_eq!(told.map(|end| length(begin, utc(end))), ["45 minutes", "24 hours", "2 days", "3653 days"]);
}

/// A packet every six hours, so that nothing is folded.
fn through(begin: &str, end: &str) -> Vec<Packet<'static>> {
    let (begin, end) = (utc(begin).0, utc(end).0);
    let times = (begin..=end).step_by(6 * 3600 * Time::SECOND as usize);
    times.map(|time| Packet { time: Some(Time(time)), ..packet("192.0.2.7") }).collect()
}

#[test]
fn an_action_that_counts_as_let_through_is_accepted() {
    let filters = Filters {
        verdicts: ActionVerdicts::default().with(&["DROP".to_owned()], Verdict::Accept),
        ..Filters::default()
    };
    let table = table_with("timeline", &[at("2026-05-04 06:00")], 10, filters, TimeZone::UTC);
    assert_eq!(shown(&table, &TimeZone::UTC), ["2026-05-04 06:00:00 1 0 0 1/0/0/1"]);
}

#[test]
fn days_are_those_of_the_zone() {
    let (_, rows) = limited(&through("2026-05-01 22:30", "2026-05-04 23:00"), &zone("Europe/Stockholm"), 4);
    assert_eq!(
        rows,
        [
            "2026-05-02 00:00:00 0 4 0 0/4/0/4",
            "2026-05-03 00:00:00 0 4 0 0/4/0/4",
            "2026-05-04 00:00:00 0 4 0 0/4/0/4",
            "2026-05-05 00:00:00 0 1 0 0/1/0/4",
        ]
    );
}

#[test]
fn rows_of_several_hours_begin_at_midnight() {
    let (table, rows) = limited(&through("2026-05-01 01:00", "2026-05-02 13:00"), &TimeZone::UTC, 4);
    let begins: Vec<&str> = rows.iter().map(|row| &row[..19]).collect();
    let expected =
        ["2026-05-01 00:00:00", "2026-05-01 12:00:00", "2026-05-02 00:00:00", "2026-05-02 12:00:00"];
    assert_eq!(begins, expected);
    assert!(table.notes[0].contains("A row is 12 hours"), "{:?}", table.notes);
}

#[test]
fn autumn_has_its_doubled_hour_twice_and_spring_lacks_one() {
    // Clocks in Sweden go back from 3 to 2 on 2026-10-25 at 01:00 UTC, forward from 2 to 3 on 2026-03-29.
    let stockholm = zone("Europe/Stockholm");
    let autumn = at_all(&["2026-10-24 23:30", "2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30"]);
    let (_, rows) = limited(&autumn, &stockholm, 4);
    let hours: Vec<&str> = rows.iter().map(|row| &row[11..26]).collect();
    assert_eq!(hours, ["01:00:00 0 1 0 ", "02:00:00 0 1 0 ", "02:00:00 0 1 0 ", "03:00:00 0 1 0 "]);
    let (_, rows) = limited(&at_all(&["2026-03-29 00:30", "2026-03-29 01:30"]), &stockholm, 2);
    let hours: Vec<&str> = rows.iter().map(|row| &row[11..26]).collect();
    assert_eq!(hours, ["01:00:00 0 1 0 ", "03:00:00 0 1 0 "]);
}

#[test]
fn days_with_a_change_of_clocks_begin_at_midnight_all_the_same() {
    let stockholm = zone("Europe/Stockholm");
    // 23:30 on the 24th, 25th (a 25-hour day) and 26th, then midnight of the 29th.
    let packets = at_all(&["2026-10-24 21:30", "2026-10-25 22:30", "2026-10-26 22:30", "2026-10-28 23:00"]);
    let (_, rows) = limited(&packets, &stockholm, 6);
    let counts: Vec<&str> = rows.iter().map(|row| &row[..24]).collect();
    assert_eq!(
        counts,
        [
            "2026-10-24 00:00:00 0 1 ",
            "2026-10-25 00:00:00 0 1 ",
            "2026-10-26 00:00:00 0 1 ",
            "2026-10-27 00:00:00 0 0 ",
            "2026-10-28 00:00:00 0 0 ",
            "2026-10-29 00:00:00 0 1 ",
        ]
    );
}

#[test]
fn a_change_of_half_an_hour_and_hours_off_the_full_hour_lose_no_packet() {
    // Lord Howe: 2026-04-05 02:00 (15:00 UTC the day before) back to 01:30, 2026-10-04 02:00 (15:30 UTC the day
    // before) forward to 02:30. Kathmandu is at UTC+5:45.
    for (name, begin) in [
        ("Australia/Lord_Howe", "2026-04-04 12:00"),
        ("Australia/Lord_Howe", "2026-10-03 12:00"),
        ("Asia/Kathmandu", "2026-05-04 12:00"),
    ] {
        let begin = utc(begin);
        let minutes = (0..480).map(|n| Time(begin.0 + n * 60 * Time::SECOND));
        let packets: Vec<_> =
            minutes.map(|time| Packet { time: Some(time), ..packet("192.0.2.7") }).collect();
        let (table, rows) = timeline(&packets, &zone(name));
        let mut denied = 0;
        let mut last = Time(i64::MIN);
        for row in &table.rows {
            let (Cell::Time(time), Cell::Count(count)) = (&row[0], &row[2]) else { panic!("{row:?}") };
            assert!(*time > last, "{name}: {rows:?}");
            last = *time;
            assert!(*count <= 60, "{name}: {rows:?}");
            denied += count;
        }
        assert_eq!(denied, 480, "{name}");
    }
}

#[test]
fn long_logs_take_longer_rows_but_never_many() {
    let spans = [
        ("2026-01-04", "an hour"),
        ("2026-12-31", "a day"),
        ("2027-06-01", "a week, from Monday"),
        ("2046-01-01", "a month"),
    ];
    for (end, unit) in spans {
        let packets = through("2026-01-01", end);
        let (table, rows) = timeline(&packets, &TimeZone::UTC);
        assert!(table.notes[0].contains(unit), "{end}: {:?}", table.notes);
        assert!(rows.len() <= ROWS, "{end}: {} rows", rows.len());
        assert_eq!(denied(&table), packets.len() as u64, "{end}");
    }
    let (_, weeks) = timeline(&through("2026-01-01", "2027-06-01"), &TimeZone::UTC);
    assert!(weeks[0].starts_with("2025-12-29"), "{}", weeks[0]);
    let (_, months) = timeline(&through("2026-01-15", "2046-01-01"), &TimeZone::UTC);
    assert!(months[0].starts_with("2026-01-01") && months[1].starts_with("2026-02-01"), "{months:?}");
}

fn denied(table: &Table) -> u64 {
    let sum = |row: &Vec<Cell>| if let Cell::Count(count) = row[2] { count } else { 0 };
    table.rows.iter().map(sum).sum()
}

#[test]
fn a_few_packets_with_a_wrong_clock_stretch_nothing() {
    let mut packets: Vec<_> = (0..40).map(|n| at(&format!("2026-05-04 0{}:10", n % 3))).collect();
    packets.extend(at_all(&["1970-01-01 00:00:12", "2036-02-07"]));
    let (table, rows) = limited(&packets, &TimeZone::UTC, 7);
    let begins: Vec<&str> = rows.iter().map(|row| row.split(" 0 ").next().unwrap()).collect();
    assert_eq!(
        begins,
        [
            "1970-01-01 00:00:00",
            "(20577 days empty) - - - -",
            "2026-05-04 00:00:00",
            "2026-05-04 01:00:00",
            "2026-05-04 02:00:00",
            "(3566 days empty) - - - -",
            "2036-02-07 00:00:00",
        ]
    );
    assert_eq!(denied(&table), 42);
}

#[test]
fn the_ends_of_time_are_no_trouble() {
    let ends = [Time::MIN, Time::MAX].map(|time| Packet { time: Some(time), ..packet("192.0.2.7") });
    for name in ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        for packets in [&ends[..1], &ends[1..], &ends[..]] {
            let (table, rows) = timeline(packets, &zone(name));
            assert!(rows.len() <= ROWS, "{name}: {}", rows.len());
            assert_eq!(denied(&table), packets.len() as u64, "{name}: {rows:?}");
        }
    }
}

#[test]
fn no_packet_gives_no_row_and_no_note() {
    let table = table("timeline", &[], 10);
    assert_eq!((table.rows.len(), table.notes.len()), (0, 0));
}
