//! Now, the local zone, and the year of a log.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;

use crate::netfilter::Time;
use crate::netfilter::timestamp::{Calendar, Reference};

/// What places stamps without year or zone.
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
    /// The moment of this call.
    pub fn now() -> Time {
        moment(SystemTime::now())
    }

    /// The clock on the wall.
    pub fn system(year: Option<i16>) -> Clock {
        Clock { now: Clock::now(), zone: TimeZone::system(), year }
    }

    /// A calendar for a log that was last written to at this moment (none: it comes in live).
    pub fn calendar(&self, written: Option<SystemTime>) -> Calendar {
        Calendar::new(self.zone.clone(), self.reference(written))
    }

    /// What stamps without a year are measured against.
    pub fn reference(&self, written: Option<SystemTime>) -> Reference {
        match self.year {
            Some(year) => Reference::Year(year),
            None => Reference::Written(written.map_or(self.now, moment)),
        }
    }
}

/// A file's time, in ours.
fn moment(time: SystemTime) -> Time {
    let micros = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()),
        Err(before) => i64::try_from(before.duration().as_micros()).map(|micros| -micros),
    };
    Time(micros.unwrap_or(Time::MAX.0))
}
