//! Now, the local zone, and the year of a log.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;

use crate::netfilter::Time;
use crate::netfilter::timestamp::{Calendar, Reference};

/// Resolves timestamps without year or zone.
#[derive(Clone)]
pub struct Clock {
    /// Now.
    pub now: Time,
    /// The local zone.
    pub zone: TimeZone,
    /// `--year`.
    pub year: Option<i16>,
}

impl Clock {
    /// The current time.
    pub fn now() -> Time {
        moment(SystemTime::now())
    }

    /// The wall clock.
    pub fn system(year: Option<i16>) -> Clock {
        Clock { now: Clock::now(), zone: TimeZone::system(), year }
    }

    /// The value of TZ if it names no zone, so that the local zone is UTC.
    pub fn unknown_zone() -> Option<String> {
        let named = std::env::var("TZ").ok().filter(|name| !name.is_empty())?;
        TimeZone::try_system().is_err().then_some(named)
    }

    /// A calendar for a log last written to at this time (none: it is live).
    pub fn calendar(&self, written: Option<SystemTime>) -> Calendar {
        Calendar::new(self.zone.clone(), self.reference(written))
    }

    /// The reference for timestamps without a year.
    pub fn reference(&self, written: Option<SystemTime>) -> Reference {
        match self.year {
            Some(year) => Reference::Year(year),
            None => Reference::Written(written.map_or(self.now, moment)),
        }
    }
}

/// A file time as a [`Time`].
fn moment(time: SystemTime) -> Time {
    let micros = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()),
        Err(before) => i64::try_from(before.duration().as_micros()).map(|micros| -micros),
    };
    Time(micros.unwrap_or(Time::MAX.0))
}
