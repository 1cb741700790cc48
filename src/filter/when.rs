//! Moments as people type them, for `--since` and `--until`.

use jiff::civil::{Date, DateTime, Time as TimeOfDay};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, ToSpan, Zoned};

use crate::netfilter::Time;
use crate::netfilter::timestamp::{self, Calendar, Reference};

/// What a text names.
enum Named {
    Moment(Time),
    /// Whole days, from the first to before the second.
    Days(Date, Date),
}

/// The moment that `--since` names; a day, week or month begins at its first midnight. Accepts `2026-05-04`, `May 4`
/// (the last one), `2026-05`, `2026-05-04 06:35`, `06:35` (the last one before now), RFC 3339, any stamp as written in a
/// log, `2h`, `3 days ago`, `yesterday`, `today`, `monday` (the last one, today included), `last week` (Monday to
/// Sunday), `now`.
///
/// Days and weeks are calendar units: `1d` in the week of a clock change is the same time of day yesterday. A local
/// time that occurs twice is the first pass; a skipped one moves forward.
pub fn since(text: &str, now: Time, zone: &TimeZone) -> Result<Time, String> {
    let wrong = || wrong(text);
    match named(text.trim(), now, zone).ok_or_else(wrong)? {
        Named::Moment(time) => Ok(time),
        Named::Days(first, _) => midnight(first, zone).ok_or_else(wrong),
    }
}

/// The moment that `--until` names, exclusive; a day, week or month is included to its end. A time of day is that of the
/// day that `since` names, if it names one.
pub fn until(text: &str, since: Option<&str>, now: Time, zone: &TimeZone) -> Result<Time, String> {
    let wrong = || wrong(text);
    let day = since.and_then(|since| day_of(since.trim(), now, zone));
    if let (Some(day), Some(time)) = (day, time_of_day(text.trim())) {
        return local(day.to_datetime(time), zone).ok_or_else(wrong);
    }
    match named(text.trim(), now, zone).ok_or_else(wrong)? {
        Named::Moment(time) => Ok(time),
        // The last representable days have no midnight after them.
        Named::Days(_, next) => Ok(midnight(next, zone).unwrap_or(Time::MAX)),
    }
}

/// The day that a text names, with or without a time of day.
fn day_of(text: &str, now: Time, zone: &TimeZone) -> Option<Date> {
    match named(text, now, zone)? {
        Named::Days(first, next) => (first.tomorrow().ok()? == next).then_some(first),
        Named::Moment(time) => {
            let is_relative =
                time_of_day(text).is_some() || text.ends_with(|last: char| last.is_ascii_alphabetic());
            (!is_relative).then(|| clock(time, zone)).flatten().map(|clock| clock.date())
        }
    }
}

/// Two consecutive calendar spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spans {
    /// When the first begins.
    pub before: Time,
    /// When it ends and the second begins.
    pub begin: Time,
    /// When the second ends.
    pub end: Time,
}

/// Yesterday, and the day before.
pub fn last_day(now: Time, zone: &TimeZone) -> Option<Spans> {
    spans(clock(now, zone)?.date(), 1, zone)
}

/// The last full week, Monday to Sunday, and the one before that.
pub fn last_week(now: Time, zone: &TimeZone) -> Option<Spans> {
    let today = clock(now, zone)?.date();
    let monday = today.checked_sub(i64::from(today.weekday().to_monday_zero_offset()).days()).ok()?;
    spans(monday, 7, zone)
}

fn spans(end: Date, days: i64, zone: &TimeZone) -> Option<Spans> {
    let begin = end.checked_sub(days.days()).ok()?;
    let before = begin.checked_sub(days.days()).ok()?;
    Some(Spans { before: midnight(before, zone)?, begin: midnight(begin, zone)?, end: midnight(end, zone)? })
}

fn clock(now: Time, zone: &TimeZone) -> Option<Zoned> {
    Some(Timestamp::from_microsecond(now.0).ok()?.to_zoned(zone.clone()))
}

/// The moment that is this age ago: `90d`, `12w`, `6 months`, `1y`, in the calendar of a zone. Minutes are not
/// accepted: `6m` could be months.
pub fn age(text: &str, now: Time, zone: &TimeZone) -> Result<Time, String> {
    let wrong = || format!("'{text}' is not an age, such as 90d, 12w, '6 months' or 1y");
    let word = text.trim().to_ascii_lowercase();
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit()).trim();
    let long = ["d", "day", "days", "w", "week", "weeks", "month", "months", "y", "year", "years"];
    let clock = Timestamp::from_microsecond(now.0).map_err(|_| wrong())?.to_zoned(zone.clone());
    let before = ago(&word, &clock).filter(|_| long.contains(&unit)).ok_or_else(wrong)?;
    if before >= now || before.0 < 0 { Err(wrong()) } else { Ok(before) }
}

/// A moment in a zone: `2026-05-04 06:35:12`.
pub fn text(time: Time, zone: &TimeZone) -> String {
    match Timestamp::from_microsecond(time.0) {
        Ok(stamp) => stamp.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => "the end of time".to_owned(),
    }
}

fn wrong(text: &str) -> String {
    format!(
        "'{text}' is not a time, such as 2026-05-04, '2026-05-04 06:35', 06:35, 2h, '3 days ago', yesterday or monday"
    )
}

fn named(text: &str, now: Time, zone: &TimeZone) -> Option<Named> {
    let clock = Timestamp::from_microsecond(now.0).ok()?.to_zoned(zone.clone());
    let word = text.to_ascii_lowercase();
    match word.as_str() {
        "now" => return Some(Named::Moment(now)),
        "today" => return days(clock.date(), 1.days()),
        "yesterday" => return days(clock.date().yesterday().ok()?, 1.days()),
        "last week" => return days(monday(clock.date())?.checked_sub(1.weeks()).ok()?, 1.weeks()),
        _ => {}
    }
    if let Some(date) =
        date(text).or_else(|| weekday(&word, clock.date())).or_else(|| of_month(&word, clock.date()))
    {
        return days(date, 1.days());
    }
    if let Some(first) = month(text) {
        return days(first, 1.months());
    }
    let moment = time_of_day(text)
        .and_then(|time| last(time, &clock))
        .or_else(|| date_and_time(text, zone))
        .or_else(|| stamp(text, now, zone))
        .or_else(|| ago(&word, &clock))?;
    (Time::MIN..=Time::MAX).contains(&moment).then_some(Named::Moment(moment))
}

fn days(first: Date, length: Span) -> Option<Named> {
    Some(Named::Days(first, first.checked_add(length).unwrap_or(Date::MAX)))
}

/// The Monday of a day's week.
fn monday(day: Date) -> Option<Date> {
    day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).ok()
}

/// `monday` or `mon`: the last one, today included.
fn weekday(word: &str, today: Date) -> Option<Date> {
    const NAMES: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let wanted = NAMES.iter().position(|name| *name == word || name[..3] == *word)? as i64;
    let back = (i64::from(today.weekday().to_monday_zero_offset()) - wanted).rem_euclid(7);
    today.checked_sub(back.days()).ok()
}

/// `may 14`: the last one, today included.
fn of_month(word: &str, today: Date) -> Option<Date> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let (name, day) = word.split_once(' ')?;
    let month = NAMES.iter().position(|month| *month == name || month[..3] == *name)? as i8 + 1;
    let day = small(day.trim_start())?;
    // A 29 February may be eight years back.
    let years = (0..=8).map(|back| today.year() - back);
    years.filter_map(|year| Date::new(year, month, day).ok()).find(|date| *date <= today)
}

/// `2026-05`: its first day.
fn month(text: &str) -> Option<Date> {
    date(&format!("{text}-01")).filter(|_| text.len() == 7)
}

/// `2026-05-04`
fn date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let year = i16::try_from(digits(year, 4)?).ok().filter(|year| *year >= 1000)?;
    Date::new(year, small(month)?, small(day)?).ok()
}

/// `06:35`, `6:35`, `06:35:12`
fn time_of_day(text: &str) -> Option<TimeOfDay> {
    let mut parts = text.split(':');
    let (hour, minute) = (small(parts.next()?)?, parts.next()?);
    let second = parts.next().unwrap_or("00");
    if parts.next().is_some() || minute.len() != 2 || second.len() != 2 {
        return None;
    }
    TimeOfDay::new(hour, small(minute)?, small(second)?, 0).ok()
}

/// `2026-05-04 06:35`, with or without seconds, separated by a `T` or a blank.
fn date_and_time(text: &str, zone: &TimeZone) -> Option<Time> {
    let (day, time) = text.split_once(['T', 't', ' '])?;
    local(date(day)?.to_datetime(time_of_day(time.trim_start())?), zone)
}

/// A stamp in any form found in logs.
fn stamp(text: &str, now: Time, zone: &TimeZone) -> Option<Time> {
    let (stamp, length) = timestamp::read(text.as_bytes())?;
    if length != text.len() {
        return None;
    }
    Calendar::new(zone.clone(), Reference::Written(now)).place(stamp)
}

/// The latest moment up to now at which a clock on the wall showed this time.
fn last(time: TimeOfDay, clock: &Zoned) -> Option<Time> {
    let zone = clock.time_zone();
    let now = clock.timestamp().as_microsecond();
    let days = [clock.date(), clock.date().yesterday().ok()?];
    let mut moments = days.into_iter().filter_map(|date| local(date.to_datetime(time), zone));
    moments.find(|moment| moment.0 <= now)
}

/// `2h`, `30m`, `3 days ago`, `2 hours`
fn ago(word: &str, clock: &Zoned) -> Option<Time> {
    let word = word.strip_suffix("ago").map_or(word, str::trim_end);
    let end = word.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = word.split_at(end);
    let count = i64::from(digits(count, 9)?);
    let span: Span = match unit.trim() {
        "s" | "sec" | "secs" | "second" | "seconds" => return before(clock, count),
        "m" | "min" | "mins" | "minute" | "minutes" => return before(clock, count * 60),
        "h" | "hour" | "hours" => return before(clock, count * 3600),
        "d" | "day" | "days" => Span::new().try_days(count).ok()?,
        "w" | "week" | "weeks" => Span::new().try_weeks(count).ok()?,
        "month" | "months" => Span::new().try_months(count).ok()?,
        "y" | "year" | "years" => Span::new().try_years(count).ok()?,
        _ => return None,
    };
    let past = clock.checked_sub(span).ok()?;
    Some(Time(past.timestamp().as_microsecond()))
}

fn before(clock: &Zoned, seconds: i64) -> Option<Time> {
    let past = clock.timestamp().checked_sub(SignedDuration::from_secs(seconds)).ok()?;
    Some(Time(past.as_microsecond()))
}

fn midnight(date: Date, zone: &TimeZone) -> Option<Time> {
    local(date.to_datetime(TimeOfDay::midnight()), zone)
}

fn local(datetime: DateTime, zone: &TimeZone) -> Option<Time> {
    let zoned = zone.to_ambiguous_zoned(datetime).compatible().ok()?;
    Some(Time(zoned.timestamp().as_microsecond()))
}

/// A one- or two-digit number.
fn small(text: &str) -> Option<i8> {
    i8::try_from(digits(text, 2)?).ok()
}

fn digits(text: &str, most: usize) -> Option<u32> {
    let fits = !text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests;
