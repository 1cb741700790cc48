//! The module `timeline`: packets per hour, day or longer, by verdict.

use hashbrown::HashMap;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

use super::counter::{Context, Counter, InternedPacket, Interner};
use super::quantity::{agree, counted};
use super::table::{Body, Cell, Column};
use crate::netfilter::{Time, Verdict};

/// What is counted at first: no zone of today begins its hours elsewhere than on a quarter.
const QUARTER: i64 = 900 * Time::SECOND;
const QUARTERS_A_DAY: i64 = 96;

/// Up to this span a row is an hour.
const HOURLY: i64 = 3 * QUARTERS_A_DAY;

/// Most rows; where days make more, a row is a week, a month, a year.
const ROWS: i64 = 400;

/// A clock that was wrong (a board without a battery begins in 1970) sets some packets apart: so
/// far from the others that nobody would want the empty rows between.
const APART: i64 = 90 * QUARTERS_A_DAY;

/// Accepted, denied, other.
type Counts = [u64; 3];

/// How much time a row covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unit {
    Hour,
    Day,
    Week,
    Month,
    Year,
    Century,
}

/// Counts by quarters of an hour; rows are made of them once the span is known.
pub struct Timeline {
    zone: TimeZone,
    quarters: HashMap<i64, Counts>,
    /// The quarter that packets come in now, and what came.
    current: (i64, Counts),
    timeless: u64,
}

impl Timeline {
    pub fn counter(context: &Context) -> Box<dyn Counter> {
        Box::new(Timeline {
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
        let Some(time) = seen.packet.time else {
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

    fn body(mut self: Box<Self>, _: &Interner, _: usize) -> Body {
        self.put_by();
        let mut quarters: Vec<(i64, Counts)> = self.quarters.drain().collect();
        quarters.sort_unstable_by_key(|(quarter, _)| *quarter);
        let (near, mut notes) = without_far(&quarters, &self.zone);
        let rows = match (near.first(), near.last()) {
            (Some(first), Some(last)) => {
                let unit = Unit::of(last.0 - first.0);
                notes.insert(0, format!("A row is {}; + accepted, # denied, . other.", unit.name()));
                rows(near, unit, &self.zone)
            }
            _ => Vec::new(),
        };
        if self.timeless > 0 {
            let have = agree(self.timeless, "has", "have");
            notes.push(format!("{} {have} no time.", counted(self.timeless, "packet")));
        }
        let most = rows.iter().map(|(_, counts)| counts.iter().sum()).max().unwrap_or(0);
        let cells = |(begin, counts): (Time, Counts)| {
            let mut cells = vec![Cell::Time(begin)];
            cells.extend(counts.map(Cell::Count));
            cells.push(Cell::Bar(counts, most));
            cells
        };
        Body { columns: COLUMNS.to_vec(), rows: rows.into_iter().map(cells).collect(), notes }
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

/// The quarters without the few at either end that are far apart from the rest, and a note about
/// each end that was cut.
fn without_far<'q>(quarters: &'q [(i64, Counts)], zone: &TimeZone) -> (&'q [(i64, Counts)], Vec<String>) {
    let packets = |part: &[(i64, Counts)]| -> u64 { part.iter().flat_map(|(_, counts)| counts).sum() };
    let mut parts: Vec<&[(i64, Counts)]> = quarters.chunk_by(|a, b| b.0 - a.0 <= APART).collect();
    let most = parts.iter().map(|part| packets(part)).max().unwrap_or(0);
    // One in twenty; or one or two among a handful.
    let few = (most / 20).max((most / 4).min(2));
    let is_few = |part: Option<&&[(i64, Counts)]>| part.is_some_and(|part| packets(part) <= few);
    let begin = parts.iter().take_while(|part| is_few(Some(part))).count();
    let early: Vec<_> = parts.drain(..begin).collect();
    let mut late = Vec::new();
    while is_few(parts.last()) {
        late.extend(parts.pop());
    }
    late.reverse();
    let cut: usize = early.iter().map(|part| part.len()).sum();
    let end = quarters.len() - late.iter().map(|part| part.len()).sum::<usize>();
    let note = |part: &[(i64, Counts)]| {
        let (first, last) = (part.first()?.0, part.last()?.0);
        let (first, last) = (date(first, zone)?, date(last, zone)?);
        let to = if first == last { String::new() } else { format!(" to {last}") };
        let count = packets(part);
        let left_out = format!("{} {} left out", counted(count, "packet"), agree(count, "is", "are"));
        Some(format!("{left_out}, far from the others: {first}{to}."))
    };
    let ends = [&quarters[..cut], &quarters[end..]];
    (&quarters[cut..end], ends.into_iter().filter_map(note).collect())
}

/// The rows from the first quarter to the last, the empty ones between them too.
fn rows(quarters: &[(i64, Counts)], unit: Unit, zone: &TimeZone) -> Vec<(Time, Counts)> {
    let mut rows: Vec<(Time, Counts)> = Vec::new();
    let mut next = quarters.first().and_then(|(first, _)| unit.begin(*first, zone));
    for (quarter, counts) in quarters {
        while let Some(begin) = next.filter(|begin| begin.0 <= quarter * QUARTER) {
            rows.push((begin, Counts::default()));
            next = unit.next(begin, zone).filter(|next| *next > begin);
        }
        if let Some((_, sum)) = rows.last_mut() {
            add(sum, *counts);
        }
    }
    rows
}

/// A quarter's moment, in the zone. The calendar ends a day before the last time that a packet can
/// have; that day counts to the one before.
fn zoned(quarter: i64, zone: &TimeZone) -> Zoned {
    let stamp = Timestamp::from_microsecond(quarter.saturating_mul(QUARTER)).unwrap_or(Timestamp::MAX);
    stamp.to_zoned(zone.clone())
}

fn date(quarter: i64, zone: &TimeZone) -> Option<Date> {
    Some(zoned(quarter, zone).date())
}

fn midnight(date: Date, zone: &TimeZone) -> Option<Time> {
    Some(Time(date.to_zoned(zone.clone()).ok()?.timestamp().as_microsecond()))
}

impl Unit {
    /// For a span in quarters.
    fn of(span: i64) -> Unit {
        // Rows begin before the span and end after it.
        let fits = |days: i64| span / (days * QUARTERS_A_DAY) + 2 <= ROWS;
        match span {
            _ if span <= HOURLY => Unit::Hour,
            _ if fits(1) => Unit::Day,
            _ if fits(7) => Unit::Week,
            _ if fits(28) => Unit::Month,
            _ if fits(365) => Unit::Year,
            _ => Unit::Century,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Unit::Hour => "an hour",
            Unit::Day => "a day",
            Unit::Week => "a week, from Monday",
            Unit::Month => "a month",
            Unit::Year => "a year",
            Unit::Century => "a century",
        }
    }

    /// When the row of a quarter begins.
    fn begin(self, quarter: i64, zone: &TimeZone) -> Option<Time> {
        let zoned = zoned(quarter, zone);
        if self == Unit::Hour {
            return Some(hour(&zoned, zone));
        }
        midnight(self.first_date(zoned.date())?, zone)
    }

    fn first_date(self, date: Date) -> Option<Date> {
        let days = i64::from(date.weekday().to_monday_zero_offset());
        match self {
            Unit::Hour | Unit::Day => Some(date),
            // Where time begins there is no Monday.
            Unit::Week => Some(date.checked_sub(days.days()).unwrap_or(date)),
            Unit::Month => Some(date.first_of_month()),
            Unit::Year => Some(date.first_of_year()),
            Unit::Century => Date::new(date.year() - date.year().rem_euclid(100), 1, 1).ok(),
        }
    }

    /// When the row after the one that begins there begins.
    fn next(self, begin: Time, zone: &TimeZone) -> Option<Time> {
        let zoned = Timestamp::from_microsecond(begin.0).ok()?.to_zoned(zone.clone());
        let span = match self {
            Unit::Hour => {
                let later = zoned.timestamp().checked_add(SignedDuration::from_hours(1)).ok()?;
                return Some(hour(&later.to_zoned(zone.clone()), zone));
            }
            Unit::Day => 1.day(),
            Unit::Week => 7.days(),
            Unit::Month => 1.month(),
            Unit::Year => 1.year(),
            Unit::Century => 100.years(),
        };
        midnight(zoned.date().checked_add(span).ok()?, zone)
    }
}

/// When the hour began on the wall. An hour that the clocks were changed in begins with the change:
/// in autumn there are two of one name.
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
