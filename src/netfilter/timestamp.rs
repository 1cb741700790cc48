//! Parses syslog stamps as they are written.

use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::Time;
pub use super::calendar::{Calendar, Reference};

/// A stamp as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// Month to second, without year or zone (RFC 3164, section 4.1.2).
    Yearless(Civil),
    /// With its year, in the zone of the host that wrote it.
    Local(Civil),
    /// With its year, and the abbreviation of its zone.
    Zoned(Civil, ZoneName),
    /// With year and zone (RFC 3339, section 5.6).
    Moment(Time),
}

/// The abbreviation of a zone: three to five capital letters, then NULs.
pub type ZoneName = [u8; 5];

/// A date and time of day; the year is 0 if none was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    /// 1000 to 9999, or 0.
    pub year: i16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59; a leap second is read as 59.
    pub second: u8,
    /// 0 to 999,999; further digits are dropped.
    pub micros: u32,
}

/// The stamp at the start of a text and its length in bytes, if there is one.
pub fn read(text: &[u8]) -> Option<(Stamp, usize)> {
    let (stamp, len) = match text.first()? {
        b'0'..=b'9' => year_first(text),
        b'A'..=b'Z' => month_first(text).or_else(|| weekday_first(text)),
        _ => None,
    }?;
    // Text glued to it shows that it is not a stamp, or one of an unknown form.
    let ends = text.get(len).is_none_or(|b| matches!(b, b' ' | b'\t' | b'['));
    ends.then_some((stamp, len))
}

/// The stamp of `dmesg -T`, `[Mon May  4 06:35:12 2026]`, or of `dmesg -H`, `[May 4 06:35]`, and its length in bytes.
pub fn read_dmesg(text: &[u8]) -> Option<(Stamp, usize)> {
    let mut at = Cursor::new(text);
    at.expect(b'[')?;
    if let Some(month) = at.month_name() {
        let (day, hour, minute) = at.day_to_minute()?;
        at.expect(b']')?;
        return Some((
            Stamp::Yearless(Civil { year: 0, month, day, hour, minute, second: 0, micros: 0 }),
            at.pos,
        ));
    }
    at.weekday()?;
    at.expect(b' ')?;
    let mut civil = at.month_to_second()?;
    at.expect(b' ')?;
    civil.year = at.year()?;
    at.expect(b']')?;
    Some((Stamp::Local(civil), at.pos))
}

/// The stamp of Proxmox's firewall log: `04/May/2026:06:35:12 +0200`.
pub fn read_proxmox(text: &[u8]) -> Option<(Stamp, usize)> {
    let mut at = Cursor::new(text);
    let day = at.digits(2)? as u8;
    at.expect(b'/')?;
    let month = at.month_name()?;
    at.expect(b'/')?;
    let year = at.year()?;
    at.expect(b':')?;
    let civil = at.time_of_day(Civil { year, month, day, hour: 0, minute: 0, second: 0, micros: 0 })?;
    at.expect(b' ')?;
    let offset = at.zone()?;
    Some((Stamp::Moment(moment(civil, offset)?), at.pos))
}

/// `2026-05-04T06:35:12.5+02:00` and its kin, `2014 Jan  6 17:20:49`, `2014:01:06-17:20:49`,
/// and journalctl's `1777876512.123456`.
fn year_first(text: &[u8]) -> Option<(Stamp, usize)> {
    let mut at = Cursor::new(text);
    let Some(year) = at.year() else { return unix(text) };
    let mut civil = Civil { year, month: 0, day: 0, hour: 0, minute: 0, second: 0, micros: 0 };
    match at.next()? {
        b'-' => {
            civil.month = at.digits(2)? as u8;
            at.expect(b'-')?;
            civil.day = at.digits(2)? as u8;
            matches!(at.next()?, b'T' | b't' | b' ').then_some(())?;
            let civil = at.time_of_day(civil)?;
            match at.zone() {
                Some(offset) => Some((Stamp::Moment(moment(civil, offset)?), at.pos)),
                None => Some((Stamp::Local(civil), at.pos)),
            }
        }
        b' ' => {
            let civil = Civil { year, ..at.month_to_second()? };
            Some((Stamp::Local(civil), at.pos))
        }
        b':' => {
            civil.month = at.digits(2)? as u8;
            at.expect(b':')?;
            civil.day = at.digits(2)? as u8;
            at.expect(b'-')?;
            Some((Stamp::Local(at.time_of_day(civil)?), at.pos))
        }
        _ => unix(text),
    }
}

/// `Jan  6 17:20:49`, `Jan 06 17:20:49.123`, `Jan  6 2014 17:20:49`.
fn month_first(text: &[u8]) -> Option<(Stamp, usize)> {
    let mut at = Cursor::new(text);
    if let Some(civil) = at.month_to_second() {
        return Some((Stamp::Yearless(civil), at.pos));
    }
    let mut at = Cursor::new(text);
    let (month, day) = at.month_and_day()?;
    let year = at.year()?;
    at.expect(b' ')?;
    let civil = at.time_of_day(Civil { year, month, day, hour: 0, minute: 0, second: 0, micros: 0 })?;
    Some((Stamp::Local(civil), at.pos))
}

/// journalctl's short-full, `Mon 2026-05-04 06:35:12 UTC`, and OpenWrt's logread, `Mon May  4 06:35:12 2026`.
fn weekday_first(text: &[u8]) -> Option<(Stamp, usize)> {
    let mut at = Cursor::new(text);
    at.weekday()?;
    at.expect(b' ')?;
    if at.peek()?.is_ascii_uppercase() {
        let mut civil = at.month_to_second()?;
        at.expect(b' ')?;
        civil.year = at.year()?;
        return Some((Stamp::Local(civil), at.pos));
    }
    let (stamp, len) = year_first(text.get(at.pos..)?)?;
    at.pos += len;
    at.expect(b' ')?;
    // Zones without an abbreviation are written as `+03`.
    if let Stamp::Local(civil) = stamp
        && let Some(offset) = at.zone()
    {
        return Some((Stamp::Moment(moment(civil, offset)?), at.pos));
    }
    let letters = text.get(at.pos..)?.iter().take_while(|b| b.is_ascii_uppercase()).count();
    let zone = text.get(at.pos..at.pos + letters)?;
    let stamp = match (stamp, zone) {
        (Stamp::Local(civil), b"UTC" | b"GMT") => Stamp::Moment(moment(civil, 0)?),
        (Stamp::Local(civil), [_, _, _, ..]) if letters <= 5 => {
            let mut name = ZoneName::default();
            name[..letters].copy_from_slice(zone);
            Stamp::Zoned(civil, name)
        }
        _ => return None,
    };
    Some((stamp, at.pos + letters))
}

/// Seconds since 1970 with a fraction.
fn unix(text: &[u8]) -> Option<(Stamp, usize)> {
    let mut at = Cursor::new(text);
    let seconds = at.digits(10)?;
    let dot = at.pos;
    let micros = at.fraction();
    if at.pos == dot {
        return None;
    }
    let time = Time(i64::from(seconds) * Time::SECOND + i64::from(micros));
    Some((Stamp::Moment(time), at.pos))
}

pub(super) fn moment(civil: Civil, offset_seconds: i32) -> Option<Time> {
    let offset = Offset::from_seconds(offset_seconds).ok()?;
    let seconds = offset.to_timestamp(datetime(civil)?).ok()?.as_second();
    in_range(seconds * Time::SECOND + i64::from(civil.micros))
}

pub(super) fn in_range(micros: i64) -> Option<Time> {
    (Time::MIN.0..=Time::MAX.0).contains(&micros).then_some(Time(micros))
}

/// To the second; none for a day that the month does not have.
pub(super) fn datetime(c: Civil) -> Option<DateTime> {
    DateTime::new(c.year, c.month as i8, c.day as i8, c.hour as i8, c.minute as i8, c.second as i8, 0).ok()
}

/// Steps through a stamp's bytes; every step returns none at the first byte that does not fit.
struct Cursor<'a> {
    text: &'a [u8],
    pos: usize,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a [u8]) -> Self {
        Cursor { text, pos: 0 }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = *self.text.get(self.pos)?;
        self.pos += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.pos).copied()
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let mut value = 0u32;
        for _ in 0..count {
            let digit = self.next().filter(u8::is_ascii_digit)?;
            value = value.checked_mul(10)?.checked_add(u32::from(digit - b'0'))?;
        }
        Some(value)
    }

    fn year(&mut self) -> Option<i16> {
        let year = self.digits(4)? as i16;
        (year >= 1000).then_some(year)
    }

    fn month_name(&mut self) -> Option<u8> {
        const NAMES: [&[u8; 3]; 12] =
            [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
        let name = self.text.get(self.pos..self.pos + 3)?;
        let month = NAMES.iter().position(|n| n.as_slice() == name)?;
        self.pos += 3;
        Some(month as u8 + 1)
    }

    fn weekday(&mut self) -> Option<()> {
        const NAMES: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
        let name = self.text.get(self.pos..self.pos + 3)?;
        NAMES.iter().any(|n| n.as_slice() == name).then_some(())?;
        self.pos += 3;
        Some(())
    }

    /// `Jan  6 ` or `Jan 06 `, including the trailing blank.
    fn month_and_day(&mut self) -> Option<(u8, u8)> {
        let month = self.month_name()?;
        self.expect(b' ')?;
        if self.peek()? == b' ' {
            self.pos += 1;
        }
        let mut day = self.digits(1)?;
        if self.peek()?.is_ascii_digit() {
            day = day * 10 + self.digits(1)?;
        }
        self.expect(b' ')?;
        (1..=31).contains(&day).then_some((month, day as u8))
    }

    /// `27 06:35` or ` 4 06:35`, as util-linux's dmesg writes it with `%b%e %R`.
    fn day_to_minute(&mut self) -> Option<(u8, u8, u8)> {
        let width = if self.peek()? == b' ' { 1 } else { 2 };
        self.pos += 2 - width;
        let day = self.digits(width)? as u8;
        self.expect(b' ')?;
        let hour = self.digits(2)? as u8;
        self.expect(b':')?;
        let minute = self.digits(2)? as u8;
        ((1..=31).contains(&day) && hour < 24 && minute < 60).then_some((day, hour, minute))
    }

    fn month_to_second(&mut self) -> Option<Civil> {
        let (month, day) = self.month_and_day()?;
        self.time_of_day(Civil { year: 0, month, day, hour: 0, minute: 0, second: 0, micros: 0 })
    }

    fn time_of_day(&mut self, date: Civil) -> Option<Civil> {
        let hour = self.digits(2)? as u8;
        self.expect(b':')?;
        let minute = self.digits(2)? as u8;
        self.expect(b':')?;
        let second = self.digits(2)? as u8;
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let micros = self.fraction();
        Some(Civil { hour, minute, second: second.min(59), micros, ..date })
    }

    /// `.123` or `,123456789` as microseconds; 0 if there is none.
    fn fraction(&mut self) -> u32 {
        if !matches!(self.peek(), Some(b'.' | b',')) {
            return 0;
        }
        let digits = self.text[self.pos + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return 0;
        }
        let kept = &self.text[self.pos + 1..self.pos + 1 + digits.min(6)];
        self.pos += 1 + digits;
        let value = kept.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
        value * 10u32.pow(6 - kept.len() as u32)
    }

    /// `Z`, `+02:00`, `+0200`, `+02` as seconds east of UTC; does not move if there is none.
    fn zone(&mut self) -> Option<i32> {
        let sign = match self.peek()? {
            b'Z' | b'z' => {
                self.pos += 1;
                return Some(0);
            }
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let mut at = Cursor { text: self.text, pos: self.pos + 1 };
        let hours = at.digits(2)? as i32;
        if at.peek() == Some(b':') {
            at.pos += 1;
        }
        let before_minutes = at.pos;
        let minutes = at.digits(2).unwrap_or_else(|| {
            at.pos = before_minutes;
            0
        }) as i32;
        if hours > 23 || minutes > 59 {
            return None;
        }
        self.pos = at.pos;
        Some(sign * (hours * 3600 + minutes * 60))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    pub(crate) fn utc(text: &str) -> Time {
        Time(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    pub(crate) fn calendar(zone: &str, reference: Reference) -> Calendar {
        Calendar::new(TimeZone::posix(zone).unwrap(), reference)
    }

    /// The stamp before ` fw`.
    pub(crate) fn whole(text: &str) -> Option<Stamp> {
        let line = format!("{text} fw kernel:");
        let (stamp, len) = read(line.as_bytes())?;
        assert_eq!(len, text.len(), "{text}");
        Some(stamp)
    }

    pub(crate) fn placed(text: &str, zone: &str, reference: Reference) -> Option<Time> {
        calendar(zone, reference).place(whole(text).unwrap_or_else(|| panic!("{text} is no stamp")))
    }

    pub(crate) const CET: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

    #[test]
    fn every_form_names_its_moment() {
        let reference = Reference::Written(utc("2026-06-01T00:00:00Z"));
        for (text, expected) in [
            ("May  4 06:35:12", "2026-05-04T04:35:12Z"),
            ("May 04 06:35:12", "2026-05-04T04:35:12Z"),
            ("May 4 06:35:12", "2026-05-04T04:35:12Z"),
            ("May 14 06:35:12.25", "2026-05-14T04:35:12.25Z"),
            ("May  4 2014 06:35:12", "2014-05-04T04:35:12Z"),
            ("2014 May  4 06:35:12", "2014-05-04T04:35:12Z"),
            ("2014:05:04-06:35:12", "2014-05-04T04:35:12Z"),
            ("2014-05-04T06:35:12", "2014-05-04T04:35:12Z"),
            ("2014-05-04 06:35:12", "2014-05-04T04:35:12Z"),
            ("2014-05-04T06:35:12Z", "2014-05-04T06:35:12Z"),
            ("2014-05-04t06:35:12z", "2014-05-04T06:35:12Z"),
            ("2014-05-04T06:35:12+02:00", "2014-05-04T04:35:12Z"),
            ("2014-05-04T06:35:12+0530", "2014-05-04T01:05:12Z"),
            ("2014-05-04T06:35:12-08", "2014-05-04T14:35:12Z"),
            ("2014-05-04T06:35:12.5-08:00", "2014-05-04T14:35:12.5Z"),
            ("Sun 2014-05-04 06:35:12 CEST", "2014-05-04T04:35:12Z"),
            ("Sun 2014-05-04 06:35:12 UTC", "2014-05-04T06:35:12Z"),
            ("Sun 2014-05-04 06:35:12 GMT", "2014-05-04T06:35:12Z"),
            ("Sun 2014-05-04 06:35:12 +03", "2014-05-04T03:35:12Z"),
            ("Sun May  4 06:35:12 2014", "2014-05-04T04:35:12Z"),
            ("1399185312.000001", "2014-05-04T06:35:12.000001Z"),
        ] {
            assert_eq!(placed(text, CET, reference), Some(utc(expected)), "{text}");
        }
        let dmesg = read_dmesg(b"[Sun May  4 06:35:12 2014] x").unwrap();
        assert_eq!(dmesg.1, 26);
        assert_eq!(calendar(CET, reference).place(dmesg.0), Some(utc("2014-05-04T04:35:12Z")));
        let proxmox = read_proxmox(b"04/May/2014:06:35:12 +0200 x").unwrap();
        assert_eq!(proxmox, (Stamp::Moment(utc("2014-05-04T04:35:12Z")), 26));
    }

    #[test]
    fn fractions_of_one_to_twelve_digits_behind_dot_or_comma_are_cut_to_microseconds() {
        let digits = "123456789012";
        for count in 1..=12 {
            for mark in ['.', ','] {
                let text = format!("2014-05-04T06:35:12{mark}{}Z", &digits[..count]);
                let kept: i64 = format!("{:0<6}", &digits[..count.min(6)]).parse().unwrap();
                let expected = Time(utc("2014-05-04T06:35:12Z").0 + kept);
                assert_eq!(whole(&text), Some(Stamp::Moment(expected)), "{text}");
            }
        }
    }

    #[test]
    fn what_is_nearly_a_stamp_is_none() {
        for text in [
            "",
            "Foo  4 06:35:12",
            "May  0 06:35:12",
            "May 32 06:35:12",
            "May  4 24:00:00",
            "May  4 06:60:00",
            "May  4 06:35:61",
            "May  4 06:35",
            "May  4 06:35:123",
            "may  4 06:35:12",
            "2014-05-04",
            "2014-13-04T06:35:12Z",
            "2014-02-29T06:35:12Z",
            "0999-05-04T06:35:12Z",
            "2014-05-04T06:35:12+25:00",
            "2014-05-04T06:35:12+02:99",
            "2014-05-04X06:35:12Z",
            "1399185312",
            "Sun 2014-05-04 06:35:12",
            "Xyz 2014-05-04 06:35:12 UTC",
        ] {
            let line = format!("{text} fw kernel:");
            assert_eq!(read(line.as_bytes()), None, "{text}");
        }
        assert_eq!(read_dmesg(b"[Sun May  4 06:35:12 2014"), None);
        assert_eq!(read_dmesg(b"[ 5.5]"), None);
        assert_eq!(read_proxmox(b"04/05/2014:06:35:12 +0200"), None);
        assert_eq!(read_proxmox(b"04/May/2014:06:35:12"), None);
    }

    #[test]
    fn moments_outside_what_a_store_can_hold_are_none() {
        assert_eq!(whole("1000-01-01T00:00:00Z"), Some(Stamp::Moment(Time::MIN)));
        assert_eq!(read(b"1000-01-01T00:00:00+00:01 fw"), None);
        assert_eq!(read(b"9999-12-31T23:59:59-23:00 fw"), None);
        assert_eq!(placed("1000-01-01T00:00:00", "XST-1", Reference::Year(2026)), None);
    }
}
