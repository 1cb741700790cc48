use super::super::sample::zone;
use super::*;

/// A Wednesday in summer, two hours ahead of UTC.
const NOW: &str = "2026-05-06T10:00:00+02:00";

fn utc(time: Result<Time, String>) -> String {
    super::text(time.expect("a moment"), &TimeZone::UTC)
}

/// `until` without a `since`.
fn alone(text: &str, now: Time, zone: &TimeZone) -> Result<Time, String> {
    until(text, None, now, zone)
}

fn at(now: &str) -> Time {
    Time(now.parse::<Timestamp>().expect("a stamp").as_microsecond())
}

#[test]
fn since_takes_dates_times_stamps_durations_and_words() {
    let cases = [
        ("2026-05-04", "2026-05-03 22:00:00"),
        ("2026-05-04 06:35", "2026-05-04 04:35:00"),
        ("2026-05-04 06:35:12", "2026-05-04 04:35:12"),
        ("2026-05-04T06:35", "2026-05-04 04:35:00"),
        ("2026-05-04T06:35:12Z", "2026-05-04 06:35:12"),
        ("2026-05-04T06:35:12.5-07:00", "2026-05-04 13:35:12"),
        ("May  4 06:35:12", "2026-05-04 04:35:12"),
        ("Dec 24 18:00:00", "2025-12-24 17:00:00"),
        ("06:35", "2026-05-06 04:35:00"),
        ("6:35", "2026-05-06 04:35:00"),
        ("10:00", "2026-05-06 08:00:00"),
        ("10:00:01", "2026-05-05 08:00:01"),
        ("2h", "2026-05-06 06:00:00"),
        ("30m", "2026-05-06 07:30:00"),
        ("45s", "2026-05-06 07:59:15"),
        ("3d", "2026-05-03 08:00:00"),
        ("1w", "2026-04-29 08:00:00"),
        ("3 days ago", "2026-05-03 08:00:00"),
        ("1 hour ago", "2026-05-06 07:00:00"),
        ("2 Hours", "2026-05-06 06:00:00"),
        ("2 months ago", "2026-03-06 09:00:00"),
        ("yesterday", "2026-05-04 22:00:00"),
        ("Today", "2026-05-05 22:00:00"),
        ("monday", "2026-05-03 22:00:00"),
        ("Wed", "2026-05-05 22:00:00"),
        ("thursday", "2026-04-29 22:00:00"),
        ("last week", "2026-04-26 22:00:00"),
        ("2026-03", "2026-02-28 23:00:00"),
        ("May 4", "2026-05-03 22:00:00"),
        ("may  7", "2025-05-06 22:00:00"),
        ("February 29", "2024-02-28 23:00:00"),
        (" now ", "2026-05-06 08:00:00"),
    ];
    for (text, expected) in cases {
        let found = utc(since(text, at(NOW), &zone("Europe/Stockholm")));
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn until_a_day_includes_it_and_until_a_moment_does_not() {
    let cases = [
        ("2026-05-04", "2026-05-04 22:00:00"),
        ("yesterday", "2026-05-05 22:00:00"),
        ("today", "2026-05-06 22:00:00"),
        ("2026-05-04 06:35", "2026-05-04 04:35:00"),
        ("06:35", "2026-05-06 04:35:00"),
        ("1d", "2026-05-05 08:00:00"),
        ("monday", "2026-05-04 22:00:00"),
        ("last week", "2026-05-03 22:00:00"),
        ("2026-03", "2026-03-31 22:00:00"),
    ];
    for (text, expected) in cases {
        let found = utc(until(text, None, at(NOW), &zone("Europe/Stockholm")));
        assert_eq!(found, expected, "{text}");
    }
    assert_eq!(until("9999-12-31", None, at(NOW), &TimeZone::UTC), Ok(Time::MAX));
}

#[test]
fn a_time_of_day_is_that_of_the_day_of_since() {
    let stockholm = zone("Europe/Stockholm");
    for (from, to, expected) in [
        ("2026-05-04", "06:35", "2026-05-04 04:35:00"),
        ("2026-05-04 05:00", "06:35", "2026-05-04 04:35:00"),
        ("yesterday", "18:00", "2026-05-05 16:00:00"),
        ("2h", "06:35", "2026-05-06 04:35:00"),
        ("2026-05-04", "2026-05-05 06:35", "2026-05-05 04:35:00"),
        ("May  4 05:00:00", "06:35", "2026-05-04 04:35:00"),
        ("last week", "06:35", "2026-05-06 04:35:00"),
    ] {
        assert_eq!(utc(until(to, Some(from), at(NOW), &stockholm)), expected, "{from} {to}");
    }
}

#[test]
fn a_change_of_clocks_moves_neither_days_nor_hours() {
    let stockholm = zone("Europe/Stockholm");
    // Clocks went forward at 2:00 on Sunday 2026-03-29.
    let monday = at("2026-03-30T10:00:00+02:00");
    assert_eq!(utc(since("2d", monday, &stockholm)), "2026-03-28 09:00:00");
    assert_eq!(utc(since("48h", monday, &stockholm)), "2026-03-28 08:00:00");
    assert_eq!(utc(since("2026-03-29", monday, &stockholm)), "2026-03-28 23:00:00");
    assert_eq!(utc(until("2026-03-29", None, monday, &stockholm)), "2026-03-29 22:00:00");
    // That day had no 02:30; the repeated one in autumn is its first pass.
    assert_eq!(utc(since("2026-03-29 02:30", monday, &stockholm)), "2026-03-29 01:30:00");
    assert_eq!(utc(since("2026-10-25 02:30", monday, &stockholm)), "2026-10-25 00:30:00");
    // In Santiago midnight itself was skipped on 2026-09-06.
    let santiago = zone("America/Santiago");
    assert_eq!(utc(since("2026-09-06", monday, &santiago)), "2026-09-06 04:00:00");
}

#[test]
fn the_last_moment_of_that_name_may_be_the_first_pass_of_a_doubled_hour() {
    let stockholm = zone("Europe/Stockholm");
    let second_pass = at("2026-10-25T02:10:00+01:00");
    assert_eq!(utc(since("02:30", second_pass, &stockholm)), "2026-10-25 00:30:00");
}

#[test]
fn what_names_no_moment_is_refused_with_examples() {
    let texts = [
        "",
        " ",
        "2026-13-01",
        "2026-02-30",
        "26-05-04",
        "2026-5",
        "0026-05-04",
        "24:00",
        "06:60",
        "6:5",
        "h",
        "2",
        "2x",
        "-2h",
        "2h30m",
        "days ago",
        "tomorrowish",
        "2026-05-04 ",
        "2026-05-04 25:00",
        "99999999999h",
        "999999999w",
        "9999 years ago",
        "2026-05-04 06:35 CEST!",
        "ä",
        "2ä",
        "\u{0}",
        "++05-05-04",
        "+1d",
    ];
    for text in texts.iter().filter(|text| **text != "2026-05-04 ") {
        for read in [since, alone] {
            let error = read(text, at(NOW), &TimeZone::UTC).expect_err(text);
            assert!(error.starts_with(&format!("'{text}' is not a time, such as 2026-05-04")), "{error}");
            assert_eq!(error.lines().count(), 1);
        }
    }
}

#[test]
fn no_moment_lies_outside_the_years_that_a_packet_can_have() {
    for text in ["1000-01-01", "9999-12-31", "9999-12-31 23:59:59", "1000-01-01 00:00"] {
        for name in ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
            for read in [since, alone] {
                if let Ok(time) = read(text, at(NOW), &zone(name)) {
                    assert!((-30_610_310_400_000_000..=Time::MAX.0).contains(&time.0), "{text} {name}");
                }
            }
        }
    }
}
