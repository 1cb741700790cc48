//! Timestamps as columns store them: `YYYY-MM-DD HH:MM:SS.ffffff`, UTC.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::netfilter::Time;

/// A calendar date and clock time, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub micros: u32,
}

/// Length of the text form in bytes.
pub(super) const TEXT_LEN: usize = 26;

/// The epoch of [`Time`].
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

impl Moment {
    /// The date and clock time of a time. Uses civil dates: jiff's timestamps end a day before [`Time::MAX`].
    pub fn of(time: Time) -> Moment {
        let time = time.clamp(Time::MIN, Time::MAX).0;
        let civil = EPOCH.checked_add(SignedDuration::from_micros(time)).unwrap_or(EPOCH);
        Moment {
            year: civil.year() as u16,
            month: civil.month() as u8,
            day: civil.day() as u8,
            hour: civil.hour() as u8,
            minute: civil.minute() as u8,
            second: civil.second() as u8,
            micros: (civil.subsec_nanosecond() / 1000) as u32,
        }
    }

    /// The time; none for a date that does not exist (MySQL's `0000-00-00`) or that no [`Time`] holds.
    pub fn time(self) -> Option<Time> {
        let small = |number: u8| i8::try_from(number).ok();
        let civil = DateTime::new(
            i16::try_from(self.year).ok()?,
            small(self.month)?,
            small(self.day)?,
            small(self.hour)?,
            small(self.minute)?,
            small(self.second)?,
            i32::try_from(self.micros).ok()?.checked_mul(1000)?,
        );
        let time = Time(i64::try_from(civil.ok()?.duration_since(EPOCH).as_micros()).ok()?);
        (Time::MIN <= time && time <= Time::MAX).then_some(time)
    }

    /// The text form.
    pub fn text(self) -> [u8; TEXT_LEN] {
        let mut text = *b"0000-00-00 00:00:00.000000";
        let mut put = |from: usize, digits: usize, mut number: u32| {
            for place in text[from..from + digits].iter_mut().rev() {
                *place = b'0' + (number % 10) as u8;
                number /= 10;
            }
        };
        put(0, 4, self.year.into());
        put(5, 2, self.month.into());
        put(8, 2, self.day.into());
        put(11, 2, self.hour.into());
        put(14, 2, self.minute.into());
        put(17, 2, self.second.into());
        put(20, 6, self.micros);
        text
    }

    /// Parses the text form, with or without the fraction; none for anything else.
    pub fn parse(text: &[u8]) -> Option<Moment> {
        if text.len() != TEXT_LEN && text.len() != 19 {
            return None;
        }
        let fixed = |at: usize, sign: u8| text.get(at).is_none_or(|c| *c == sign);
        if !(fixed(4, b'-') && fixed(7, b'-') && fixed(10, b' ') && fixed(13, b':') && fixed(16, b':')) {
            return None;
        }
        if !fixed(19, b'.') {
            return None;
        }
        let number = |from: usize, to: usize| {
            text.get(from..to)?
                .iter()
                .try_fold(0u32, |sum, c| c.is_ascii_digit().then(|| sum * 10 + u32::from(c - b'0')))
        };
        Some(Moment {
            year: number(0, 4)? as u16,
            month: number(5, 7)? as u8,
            day: number(8, 10)? as u8,
            hour: number(11, 13)? as u8,
            minute: number(14, 16)? as u8,
            second: number(17, 19)? as u8,
            micros: if text.len() == TEXT_LEN { number(20, 26)? } else { 0 },
        })
    }
}

/// The text form of a time.
pub(super) fn text(time: Time) -> String {
    Moment::of(time).text().iter().map(|c| char::from(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(seconds: i64) -> String {
        text(Time(seconds * Time::SECOND))
    }

    #[test]
    fn known_moments_read_as_the_calendar_has_them() {
        assert_eq!(shown(0), "1970-01-01 00:00:00.000000");
        assert_eq!(shown(951_782_400), "2000-02-29 00:00:00.000000");
        assert_eq!(shown(951_868_800), "2000-03-01 00:00:00.000000");
        assert_eq!(shown(1_714_800_000), "2024-05-04 05:20:00.000000");
        assert_eq!(text(Time::MIN), "1000-01-01 00:00:00.000000");
        assert_eq!(text(Time::MAX), "9999-12-31 23:59:59.999999");
        assert_eq!(text(Time(-1)), "1969-12-31 23:59:59.999999");
    }

    #[test]
    fn every_moment_comes_back() {
        let step = (Time::MAX.0 - Time::MIN.0) / 10_007;
        for n in 0..10_007 {
            let time = Time(Time::MIN.0 + n * step);
            let read = Moment::parse(&Moment::of(time).text()).and_then(Moment::time);
            assert_eq!(read, Some(time));
        }
    }

    #[test]
    fn text_that_is_no_moment_is_none() {
        for text in
            ["", "2024-05-04", "2024-05-04T05:20:00", "2024-05-04 05:20:0x", "2024-05-04 05:20:00.12345"]
        {
            assert_eq!(Moment::parse(text.as_bytes()), None, "{text}");
        }
        let zero = Moment::parse(b"0000-00-00 00:00:00").expect("right shape");
        assert_eq!(zero.time(), None);
    }
}
