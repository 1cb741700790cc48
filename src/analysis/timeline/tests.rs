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

fn timeline(packets: &[Packet<'_>], zone: &TimeZone) -> (Table, Vec<String>) {
    let table = table_with("timeline", packets, 10, Filters::default(), zone.clone());
    let rows = shown(&table, zone);
    (table, rows)
}

#[test]
fn a_short_log_shows_hours_empty_ones_too() {
    let mut packets = at_all(&["2026-05-04 08:59:59", "2026-05-04 06:35", "2026-05-04 06:00"]);
    packets[0].verdict = Verdict::Accept;
    packets[1].verdict = Verdict::Other;
    packets.push(packet("192.0.2.8"));
    let (table, rows) = timeline(&packets, &TimeZone::UTC);
    assert_eq!(
        rows,
        [
            "2026-05-04 06:00:00 0 1 1 0/1/1/2",
            "2026-05-04 07:00:00 0 0 0 0/0/0/2",
            "2026-05-04 08:00:00 1 0 0 1/0/0/2",
        ]
    );
    assert_eq!(table.notes, ["A row is an hour; + accepted, # denied, . other.", "1 packet has no time."]);
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
fn more_than_three_days_show_days_of_the_zone() {
    let packets = at_all(&["2026-05-01 22:30", "2026-05-04 23:00"]);
    let (_, rows) = timeline(&packets, &zone("Europe/Stockholm"));
    assert_eq!(
        rows,
        [
            "2026-05-02 00:00:00 0 1 0 0/1/0/1",
            "2026-05-03 00:00:00 0 0 0 0/0/0/1",
            "2026-05-04 00:00:00 0 0 0 0/0/0/1",
            "2026-05-05 00:00:00 0 1 0 0/1/0/1",
        ]
    );
}

#[test]
fn three_days_to_the_quarter_are_hours_and_no_row_is_cut_by_the_limit() {
    let (_, rows) = timeline(&at_all(&["2026-05-01 00:00", "2026-05-04 00:00"]), &TimeZone::UTC);
    assert_eq!(rows.len(), 73);
    let (_, rows) = timeline(&at_all(&["2026-05-01 00:00", "2026-05-04 00:15"]), &TimeZone::UTC);
    assert_eq!(rows.len(), 4);
}

#[test]
fn autumn_has_its_doubled_hour_twice_and_spring_lacks_one() {
    // Clocks in Sweden went from 3 to 2 on 2026-10-25 at 01:00 UTC, from 2 to 3 on 2026-03-29.
    let stockholm = zone("Europe/Stockholm");
    let autumn = at_all(&["2026-10-24 23:30", "2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30"]);
    let (_, rows) = timeline(&autumn, &stockholm);
    let hours: Vec<&str> = rows.iter().map(|row| &row[11..26]).collect();
    assert_eq!(hours, ["01:00:00 0 1 0 ", "02:00:00 0 1 0 ", "02:00:00 0 1 0 ", "03:00:00 0 1 0 "]);
    let (_, rows) = timeline(&at_all(&["2026-03-29 00:30", "2026-03-29 01:30"]), &stockholm);
    let hours: Vec<&str> = rows.iter().map(|row| &row[11..26]).collect();
    assert_eq!(hours, ["01:00:00 0 1 0 ", "03:00:00 0 1 0 "]);
}

#[test]
fn days_with_a_change_of_clocks_begin_at_midnight_all_the_same() {
    let stockholm = zone("Europe/Stockholm");
    // 23:30 on the 24th, 25th (a day of 25 hours) and 26th, then midnight of the 29th.
    let packets = at_all(&["2026-10-24 21:30", "2026-10-25 22:30", "2026-10-26 22:30", "2026-10-28 23:00"]);
    let (_, rows) = timeline(&packets, &stockholm);
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
    // Lord Howe: 2026-04-05 at 02:00 (15:00 UTC the day before) back to 01:30, 2026-10-04 02:00
    // (15:30 UTC the day before) on to 02:30. Kathmandu is 5:45 ahead.
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
        ("2026-12-31", "a day"),
        ("2027-03-01", "a week, from Monday"),
        ("2036-01-01", "a month"),
        ("2100-01-01", "a year"),
        ("9999-01-01", "a century"),
    ];
    for (end, unit) in spans {
        let (table, rows) = timeline(&at_all(&["2026-01-01", end]), &TimeZone::UTC);
        assert!(table.notes[0].contains(unit), "{end}: {:?}", table.notes);
        assert!(rows.len() <= ROWS as usize, "{end}: {} rows", rows.len());
        let sum = |row: &Vec<Cell>| if let Cell::Count(count) = row[2] { count } else { 0 };
        assert_eq!(table.rows.iter().map(sum).sum::<u64>(), 2, "{end}");
    }
    let (_, weeks) = timeline(&at_all(&["2026-01-01", "2027-03-01"]), &TimeZone::UTC);
    assert!(weeks[0].starts_with("2025-12-29"), "{}", weeks[0]);
    let (_, months) = timeline(&at_all(&["2026-01-15", "2036-01-01"]), &TimeZone::UTC);
    assert!(months[0].starts_with("2026-01-01") && months[1].starts_with("2026-02-01"), "{months:?}");
}

#[test]
fn a_few_packets_with_a_wrong_clock_are_told_of_and_left_out() {
    let mut packets: Vec<_> = (0..40).map(|n| at(&format!("2026-05-04 0{}:10", n % 3))).collect();
    packets.extend(at_all(&["1970-01-01 00:00:12", "1970-01-02", "2036-02-07"]));
    let (table, rows) = timeline(&packets, &TimeZone::UTC);
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert_eq!(
        table.notes[1..],
        [
            "2 packets are left out, far from the others: 1970-01-01 to 1970-01-02.",
            "1 packet is left out, far from the others: 2036-02-07.",
        ]
    );
}

#[test]
fn packets_as_many_as_the_others_are_never_left_out() {
    let (table, rows) = timeline(&at_all(&["2025-01-01", "2026-01-01"]), &TimeZone::UTC);
    assert_eq!((rows.len(), table.notes.len()), (366, 1));
}

#[test]
fn the_ends_of_time_are_no_trouble() {
    let ends = [Time::MIN, Time::MAX].map(|time| Packet { time: Some(time), ..packet("192.0.2.7") });
    for name in ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        for packets in [&ends[..1], &ends[1..], &ends[..]] {
            let (table, rows) = timeline(packets, &zone(name));
            assert!(rows.len() <= ROWS as usize, "{name}: {}", rows.len());
            let sum = |row: &Vec<Cell>| if let Cell::Count(count) = row[2] { count } else { 0 };
            let sum: u64 = table.rows.iter().map(sum).sum();
            assert_eq!(sum, packets.len() as u64, "{name}: {rows:?}");
        }
    }
}

#[test]
fn no_packet_gives_no_row_and_no_note() {
    let table = table("timeline", &[], 10);
    assert_eq!((table.rows.len(), table.notes.len()), (0, 0));
}
