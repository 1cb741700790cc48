//! Places stamps in time that lack a year or a zone.

use jiff::tz::TimeZone;

use super::Time;
use super::timestamp::{self, Civil, Stamp, ZoneName, datetime, in_range};

/// What yearless stamps are resolved against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// When the log was last written to (now, for a live one). No stamp is later than this plus one day, which
    /// allows for clock skew.
    Written(Time),
    /// The year of the last line, as given by the user. No stamp is later than its end.
    Year(i16),
    /// The latest time after New Year, in the year given by the user, of a log that crosses New Year. No stamp is
    /// later than this plus one day.
    Latest(Time),
}

/// Places stamps in time: supplies the zone and the reference that a log's stamps lack.
///
/// A yearless stamp gets the latest year that the reference allows. A time that occurs twice in autumn is the
/// first pass; a skipped one moves forward.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
    /// No yearless stamp is later than this.
    latest: i64,
    latest_year: i16,
    /// The last minute placed: lines come in runs of the same minute, and no zone changes within one.
    last_minute: Option<(Civil, i64)>,
}

/// Zones by their abbreviations, as most writers mean them (RFC 5322, section 4.3; the tz database), and their hours east
/// of Greenwich.
const ZONES: [(&str, i32); 24] = [
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("AKST", -9),
    ("AKDT", -8),
    ("HST", -10),
    ("WET", 0),
    ("WEST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("MSK", 3),
    ("JST", 9),
    ("KST", 9),
    ("AEST", 10),
    ("AEDT", 11),
    ("NZST", 12),
    ("NZDT", 13),
];

/// The farthest back a 29 February can lie: across a century year that is not a leap year.
const YEARS_BACK: i16 = 12;

impl Calendar {
    /// For logs written in `zone`.
    pub fn new(zone: TimeZone, reference: Reference) -> Self {
        let mut calendar = Calendar { zone, latest: 0, latest_year: 0, last_minute: None };
        calendar.refer_to(reference);
        calendar
    }

    /// Moves the reference (when following a growing log).
    pub fn refer_to(&mut self, reference: Reference) {
        self.latest = match reference {
            Reference::Written(time) | Reference::Latest(time) => {
                time.0.saturating_add(24 * 3600 * Time::SECOND)
            }
            Reference::Year(year) => {
                let next = Civil {
                    year: year.saturating_add(1),
                    month: 1,
                    day: 1,
                    hour: 0,
                    minute: 0,
                    second: 0,
                    micros: 0,
                };
                self.minute_begins(next).map_or(Time::MAX.0, |begin| begin - 1)
            }
        };
        let latest = jiff::Timestamp::from_microsecond(self.latest).unwrap_or(jiff::Timestamp::MAX);
        self.latest_year = self.zone.to_datetime(latest).year();
        self.last_minute = None;
    }

    /// The time of a stamp; none for a day that does not exist, or a zone that is unknown.
    pub fn place(&mut self, stamp: Stamp) -> Option<Time> {
        let civil = match stamp {
            Stamp::Moment(time) => return Some(time),
            Stamp::Zoned(civil, name) => return self.in_zone(civil, name),
            Stamp::Yearless(civil) | Stamp::Local(civil) => civil,
        };
        let minute = Civil { second: 0, micros: 0, ..civil };
        let within = i64::from(civil.second) * Time::SECOND + i64::from(civil.micros);
        if let Some((known, begin)) = self.last_minute
            && known == minute
        {
            return in_range(begin + within);
        }
        let begin = if civil.year != 0 {
            self.minute_begins(minute)?
        } else {
            (0..=YEARS_BACK).find_map(|back| {
                let begin = self.minute_begins(Civil { year: self.latest_year - back, ..minute })?;
                (begin + within <= self.latest).then_some(begin)
            })?
        };
        // Within the minute of `latest` itself the year depends on the second.
        let borderline = civil.year == 0 && {
            let latest_year_begin = self.minute_begins(Civil { year: self.latest_year, ..minute });
            latest_year_begin.is_some_and(|b| b <= self.latest && self.latest - b < 60 * Time::SECOND)
        };
        if !borderline {
            self.last_minute = Some((minute, begin));
        }
        in_range(begin + within)
    }

    /// The time of a stamp with a zone's abbreviation. Abbreviations are ambiguous: the calendar's own zone is tried
    /// first.
    fn in_zone(&self, civil: Civil, name: ZoneName) -> Option<Time> {
        let name = std::str::from_utf8(&name).ok()?.trim_end_matches('\0');
        let own = self.zone.to_ambiguous_zoned(datetime(civil)?);
        for zoned in [own.clone().earlier(), own.later()].into_iter().flatten() {
            let moment = zoned.timestamp();
            if self.zone.to_offset_info(moment).abbreviation() == name {
                return in_range(moment.as_microsecond() + i64::from(civil.micros));
            }
        }
        let (_, hours) = ZONES.iter().find(|(known, _)| *known == name)?;
        timestamp::moment(civil, hours * 3600)
    }

    fn minute_begins(&self, minute: Civil) -> Option<i64> {
        let zoned = self.zone.to_ambiguous_zoned(datetime(minute)?).compatible().ok()?;
        Some(zoned.timestamp().as_microsecond())
    }
}

#[cfg(test)]
mod tests {
    use super::super::timestamp::tests::{CET, calendar, placed, utc, whole};
    use super::*;

    #[test]
    fn a_stamp_without_a_year_is_the_newest_not_later_than_the_reference_and_a_day() {
        let reference = Reference::Written(utc("2026-01-01T12:00:00Z"));
        for (text, expected) in [
            ("Dec 31 23:59:59", "2025-12-31T23:59:59Z"),
            ("Jan  1 00:00:00", "2026-01-01T00:00:00Z"),
            ("Jan  2 12:00:00", "2026-01-02T12:00:00Z"),
            ("Jan  2 12:00:01", "2025-01-02T12:00:01Z"),
            ("Feb 29 00:00:00", "2024-02-29T00:00:00Z"),
        ] {
            assert_eq!(placed(text, "UTC0", reference), Some(utc(expected)), "{text}");
        }
        // The extra day may reach into the next year.
        let reference = Reference::Written(utc("2025-12-31T13:00:00Z"));
        assert_eq!(placed("Jan  1 12:59:59", "UTC0", reference), Some(utc("2026-01-01T12:59:59Z")));
        assert_eq!(placed("Jan  1 13:00:01", "UTC0", reference), Some(utc("2025-01-01T13:00:01Z")));
    }

    #[test]
    fn the_reference_counts_in_the_zone_of_the_log() {
        // Noon UTC on New Year's Eve plus a day is 2 January in Auckland.
        let reference = Reference::Written(utc("2025-12-31T12:00:00Z"));
        let auckland = "NZST-12NZDT,M9.5.0,M4.1.0/3";
        assert_eq!(placed("Jan  2 00:59:59", auckland, reference), Some(utc("2026-01-01T11:59:59Z")));
        assert_eq!(placed("Jan  2 01:00:01", auckland, reference), Some(utc("2025-01-01T12:00:01Z")));
    }

    #[test]
    fn the_same_minute_may_lie_in_two_years_on_both_sides_of_the_reference() {
        let mut calendar = calendar("UTC0", Reference::Written(utc("2025-12-31T12:00:30Z")));
        let mut place = |text| calendar.place(whole(text).unwrap());
        assert_eq!(place("Jan  1 12:00:10"), Some(utc("2026-01-01T12:00:10Z")));
        assert_eq!(place("Jan  1 12:00:40"), Some(utc("2025-01-01T12:00:40Z")));
        assert_eq!(place("Jan  1 12:00:10"), Some(utc("2026-01-01T12:00:10Z")));
    }

    #[test]
    fn lines_out_of_order_are_each_placed_by_themselves() {
        let mut calendar = calendar("UTC0", Reference::Written(utc("2026-01-03T00:00:00Z")));
        let mut place = |text| calendar.place(whole(text).unwrap());
        assert_eq!(place("Jan  1 00:00:01"), Some(utc("2026-01-01T00:00:01Z")));
        assert_eq!(place("Dec 31 23:59:58"), Some(utc("2025-12-31T23:59:58Z")));
        assert_eq!(place("Jan  1 00:00:00"), Some(utc("2026-01-01T00:00:00Z")));
    }

    #[test]
    fn a_given_year_is_that_of_the_last_line() {
        let reference = Reference::Year(2024);
        assert_eq!(placed("Dec 31 23:59:59", CET, reference), Some(utc("2024-12-31T22:59:59Z")));
        assert_eq!(placed("Jan  1 00:00:00", CET, reference), Some(utc("2023-12-31T23:00:00Z")));
        assert_eq!(placed("Feb 29 12:00:00", CET, reference), Some(utc("2024-02-29T11:00:00Z")));
        assert_eq!(
            placed("Dec 30 12:00:00", "UTC0", Reference::Year(9999)),
            Some(utc("9999-12-30T12:00:00Z"))
        );
        assert!(placed("Dec 30 12:00:00", "UTC0", Reference::Year(i16::MAX)).is_some());
    }

    #[test]
    fn the_twenty_ninth_of_february_is_found_over_a_century_year() {
        let reference = Reference::Written(utc("2103-06-01T00:00:00Z"));
        assert_eq!(placed("Feb 29 00:00:00", "UTC0", reference), Some(utc("2096-02-29T00:00:00Z")));
    }

    #[test]
    fn a_day_that_does_not_exist_gives_no_time() {
        let reference = Reference::Written(utc("2026-06-01T00:00:00Z"));
        for text in ["Feb 30 00:00:00", "Apr 31 00:00:00", "2025 Feb 29 00:00:00"] {
            assert_eq!(placed(text, "UTC0", reference), None, "{text}");
        }
    }

    #[test]
    fn the_doubled_hour_is_its_first_pass_and_the_skipped_one_moves_forward() {
        let reference = Reference::Year(2025);
        // 26 October 2025: 03:00 CEST becomes 02:00 CET. 30 March: 02:00 CET becomes 03:00 CEST.
        for (text, expected) in [
            ("Oct 26 01:59:59", "2025-10-25T23:59:59Z"),
            ("Oct 26 02:00:00", "2025-10-26T00:00:00Z"),
            ("Oct 26 02:59:59", "2025-10-26T00:59:59Z"),
            ("Oct 26 03:00:00", "2025-10-26T02:00:00Z"),
            ("Mar 30 01:59:59", "2025-03-30T00:59:59Z"),
            ("Mar 30 02:30:00", "2025-03-30T01:30:00Z"),
            ("Mar 30 03:00:00", "2025-03-30T01:00:00Z"),
        ] {
            assert_eq!(placed(text, CET, reference), Some(utc(expected)), "{text}");
        }
    }

    #[test]
    fn moving_the_reference_moves_the_years() {
        let mut calendar = calendar("UTC0", Reference::Written(utc("2025-06-01T00:00:00Z")));
        let stamp = whole("Sep  1 00:00:00").unwrap();
        assert_eq!(calendar.place(stamp), Some(utc("2024-09-01T00:00:00Z")));
        calendar.refer_to(Reference::Written(utc("2025-10-01T00:00:00Z")));
        assert_eq!(calendar.place(stamp), Some(utc("2025-09-01T00:00:00Z")));
    }
}
