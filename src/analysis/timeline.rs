//! The module `timeline`: packets by verdict, per quarter hour, hour, day or longer: the shortest unit that keeps
//! within the row limit.

use hashbrown::HashMap;
use jiff::civil::{self, Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

use super::counter::{Context, Counter, InternedPacket, Interner};
use super::quantity::{agree, counted};
use super::table::{Body, Cell, Column};
use crate::netfilter::{Time, Verdict};

/// The unit counted at first: in every zone of today, hours begin on a quarter.
const QUARTER: i64 = 900 * Time::SECOND;

/// Maximum rows, whatever the limit.
const ROWS: usize = 400;

/// This many or more consecutive empty rows are folded into one.
const FOLDED: usize = 3;

/// Accepted, denied, other.
type Counts = [u64; 3];

/// How much time a row covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unit {
    Quarter,
    Hours(i8),
    Day,
    Week,
    Months(i8),
    Years(i16),
}

/// Shortest first.
const UNITS: [Unit; 12] = [
    Unit::Quarter,
    Unit::Hours(1),
    Unit::Hours(3),
    Unit::Hours(6),
    Unit::Hours(12),
    Unit::Day,
    Unit::Week,
    Unit::Months(1),
    Unit::Months(3),
    Unit::Years(1),
    Unit::Years(10),
    Unit::Years(100),
];

/// A row of the table.
enum Row {
    Packets(Time, Counts),
    /// A gap without packets, in words: `14 hours`.
    Gap(String),
}

/// Counts per quarter hour, merged into rows once the span is known.
pub struct Timeline {
    zone: TimeZone,
    quarters: HashMap<i64, Counts>,
    /// The current quarter and its counts.
    current: (i64, Counts),
    timeless: u64,
    /// Index of the shortest unit.
    least: usize,
}

impl Timeline {
    pub fn counter(context: &Context) -> Box<dyn Counter> {
        Timeline::in_rows_of(Unit::Quarter, context)
    }

    /// The same in days or longer.
    pub fn by_day(context: &Context) -> Box<dyn Counter> {
        Timeline::in_rows_of(Unit::Day, context)
    }

    fn in_rows_of(least: Unit, context: &Context) -> Box<dyn Counter> {
        Box::new(Timeline {
            least: UNITS.iter().position(|unit| *unit == least).unwrap_or(0),
            zone: context.zone.clone(),
            quarters: HashMap::new(),
            current: (0, Counts::default()),
            timeless: 0,
        })
    }

    fn put_by(&mut self) {
        let (quarter, counts) = std::mem::take(&mut self.current);
        if counts != Counts::default() {
            add(self.quarters.entry(quarter).or_default(), counts);
        }
    }
}

impl Counter for Timeline {
    fn packet(&mut self, seen: &InternedPacket<'_>) {
        let Some(time) = seen.packet.time() else {
            self.timeless += 1;
            return;
        };
        let quarter = time.0.div_euclid(QUARTER);
        if quarter != self.current.0 {
            self.put_by();
            self.current.0 = quarter;
        }
        self.current.1[match seen.verdict {
            Verdict::Accept => 0,
            Verdict::Deny => 1,
            Verdict::Other => 2,
        }] += 1;
    }

    fn body(mut self: Box<Self>, _: &Interner, limit: usize) -> Body {
        self.put_by();
        let mut quarters: Vec<(i64, Counts)> = self.quarters.drain().collect();
        quarters.sort_unstable_by_key(|(quarter, _)| *quarter);
        let mut notes = Vec::new();
        let mut rows = Vec::new();
        for unit in UNITS.into_iter().skip(self.least) {
            // There is no longer unit, and two centuries may be one row more than wanted.
            let most = if unit == UNITS[UNITS.len() - 1] { usize::MAX } else { limit.min(ROWS) };
            if let Some(found) = folded(&quarters, unit, &self.zone, most) {
                rows = found;
                if !rows.is_empty() {
                    notes.push(format!("A row is {}; + accepted, # denied, . other.", unit.name()));
                }
                if rows.iter().any(|row| matches!(row, Row::Gap(_))) {
                    notes.push(format!("{FOLDED} or more rows without a packet are folded into one."));
                }
                break;
            }
        }
        if self.timeless > 0 {
            let have = agree(self.timeless, "has", "have");
            notes.push(format!("{} {have} no time.", counted(self.timeless, "packet")));
        }
        let sum = |row: &Row| match row {
            Row::Packets(_, counts) => counts.iter().sum(),
            Row::Gap(_) => 0,
        };
        let most = rows.iter().map(sum).max().unwrap_or(0);
        let cells = |row: Row| match row {
            Row::Packets(begin, counts) => {
                let counted = counts.map(Cell::Count);
                [Cell::Time(begin)].into_iter().chain(counted).chain([Cell::Bar(counts, most)]).collect()
            }
            Row::Gap(length) => [Cell::Gap(length)].into_iter().chain([const { Cell::Missing }; 4]).collect(),
        };
        Body {
            columns: COLUMNS.to_vec(),
            rows_in_all: rows.len() as u64,
            rows: rows.into_iter().map(cells).collect(),
            notes,
            packets: None,
            hours: rows_of(&quarters, Unit::Hours(1), &self.zone, usize::MAX).unwrap_or_default(),
            ..Body::default()
        }
    }
}

const COLUMNS: [Column; 5] = [
    Column::word("Time", 19),
    Column::number("Accept", 8),
    Column::number("Deny", 8),
    Column::number("Other", 8),
    Column::word("Bar", 40),
];

fn add(to: &mut Counts, counts: Counts) {
    for (sum, count) in to.iter_mut().zip(counts) {
        *sum += count;
    }
}

/// The rows that have packets: their starts and counts. None if there are more than `most`.
fn rows_of(
    quarters: &[(i64, Counts)],
    unit: Unit,
    zone: &TimeZone,
    most: usize,
) -> Option<Vec<(Time, Counts)>> {
    let mut rows: Vec<(Time, Counts)> = Vec::new();
    let mut next = None;
    for (quarter, counts) in quarters {
        let is_later = next.is_some_and(|next: Time| quarter * QUARTER >= next.0);
        match rows.last_mut() {
            Some((_, sum)) if !is_later => add(sum, *counts),
            _ => {
                let begin = unit.begin(*quarter, zone)?;
                rows.push((begin, *counts));
                next = unit.next(begin, zone);
                if rows.len() > most {
                    return None;
                }
            }
        }
    }
    Some(rows)
}

/// The rows from the first quarter to the last, keeping short gaps and folding long ones. None if there are more than
/// `most`.
fn folded(quarters: &[(i64, Counts)], unit: Unit, zone: &TimeZone, most: usize) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    let mut next: Option<Time> = None;
    for (begin, counts) in rows_of(quarters, unit, zone, most)? {
        if let Some(after) = next {
            let successor = |at: &Time| unit.next(*at, zone).filter(|next| next > at);
            let empty = std::iter::successors(Some(after), successor).take_while(|at| *at < begin);
            let empty: Vec<Time> = empty.take(FOLDED).collect();
            if empty.len() < FOLDED {
                rows.extend(empty.into_iter().map(|at| Row::Packets(at, Counts::default())));
            } else {
                rows.push(Row::Gap(length(after, begin)));
            }
        }
        rows.push(Row::Packets(begin, counts));
        next = unit.next(begin, zone);
        if rows.len() > most {
            return None;
        }
    }
    Some(rows)
}

/// The start of a quarter, in the zone. The calendar ends a day before the last time a packet can have; that day
/// counts toward the one before.
fn zoned(quarter: i64, zone: &TimeZone) -> Zoned {
    let stamp = Timestamp::from_microsecond(quarter.saturating_mul(QUARTER)).unwrap_or(Timestamp::MAX);
    stamp.to_zoned(zone.clone())
}

fn midnight(date: Date, zone: &TimeZone) -> Option<Time> {
    moment(date.to_datetime(civil::Time::midnight()), zone)
}

fn moment(wall: DateTime, zone: &TimeZone) -> Option<Time> {
    Some(Time(wall.to_zoned(zone.clone()).ok()?.timestamp().as_microsecond()))
}

impl Unit {
    fn name(self) -> String {
        match self {
            Unit::Quarter => "a quarter of an hour".to_owned(),
            Unit::Hours(1) => "an hour".to_owned(),
            Unit::Hours(hours) => format!("{hours} hours"),
            Unit::Day => "a day".to_owned(),
            Unit::Week => "a week, from Monday".to_owned(),
            Unit::Months(1) => "a month".to_owned(),
            Unit::Months(months) => format!("{months} months"),
            Unit::Years(1) => "a year".to_owned(),
            Unit::Years(years) => format!("{years} years"),
        }
    }

    /// The start of the row that holds a quarter.
    fn begin(self, quarter: i64, zone: &TimeZone) -> Option<Time> {
        let zoned = zoned(quarter, zone);
        match self {
            Unit::Quarter => Some(Time(quarter.saturating_mul(QUARTER))),
            Unit::Hours(1) => Some(hour(&zoned, zone)),
            Unit::Hours(hours) => {
                let first = zoned.hour() - zoned.hour() % hours;
                moment(zoned.date().at(first, 0, 0, 0), zone)
            }
            Unit::Day | Unit::Week | Unit::Months(_) | Unit::Years(_) => {
                midnight(self.first_date(zoned.date())?, zone)
            }
        }
    }

    fn first_date(self, date: Date) -> Option<Date> {
        let days = i64::from(date.weekday().to_monday_zero_offset());
        match self {
            Unit::Quarter | Unit::Hours(_) | Unit::Day => Some(date),
            // The calendar's first week has no Monday.
            Unit::Week => Some(date.checked_sub(days.days()).unwrap_or(date)),
            Unit::Months(months) => {
                Date::new(date.year(), date.month() - (date.month() - 1) % months, 1).ok()
            }
            Unit::Years(years) => Date::new(date.year() - date.year().rem_euclid(years), 1, 1).ok(),
        }
    }

    /// The start of the row after the one that starts at `begin`.
    fn next(self, begin: Time, zone: &TimeZone) -> Option<Time> {
        let zoned = Timestamp::from_microsecond(begin.0).ok()?.to_zoned(zone.clone());
        let span = match self {
            Unit::Quarter => return Some(Time(begin.0.checked_add(QUARTER)?)),
            Unit::Hours(1) => {
                let later = zoned.timestamp().checked_add(SignedDuration::from_hours(1)).ok()?;
                return Some(hour(&later.to_zoned(zone.clone()), zone));
            }
            Unit::Hours(hours) => {
                let later = zoned.datetime().checked_add(i64::from(hours).hours()).ok()?;
                return moment(later, zone);
            }
            Unit::Day => 1.day(),
            Unit::Week => 7.days(),
            Unit::Months(months) => i64::from(months).months(),
            Unit::Years(years) => i64::from(years).years(),
        };
        midnight(zoned.date().checked_add(span).ok()?, zone)
    }
}

/// A duration in words: `14 hours`.
fn length(from: Time, to: Time) -> String {
    let minutes = (to.0 - from.0).unsigned_abs() / (60 * Time::SECOND.unsigned_abs());
    match minutes {
        0..120 => counted(minutes, "minute"),
        120..2880 => counted((minutes + 30) / 60, "hour"),
        _ => counted((minutes + 720) / 1440, "day"),
    }
}

/// The start of the wall-clock hour. An hour in which the clocks change starts at the change: in autumn two hours
/// share a name.
fn hour(zoned: &Zoned, zone: &TimeZone) -> Time {
    let now = zoned.timestamp().as_microsecond();
    let within = i64::from(zoned.minute()) * 60 + i64::from(zoned.second());
    let mut begin = now - now.rem_euclid(Time::SECOND) - within * Time::SECOND;
    while begin < now {
        let offset = Timestamp::from_microsecond(begin).map(|stamp| zone.to_offset(stamp));
        if offset.is_ok_and(|offset| offset == zoned.offset()) {
            break;
        }
        begin += QUARTER;
    }
    Time(begin.min(now))
}

#[cfg(test)]
mod tests;
