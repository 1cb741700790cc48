//! Recognizes prefixes whose rule logs only so many packets a minute (`-m limit`; UFW: 3 a minute after a burst of
//! 10) from how often they come.

use hashbrown::HashMap;

use crate::netfilter::{Time, clean};

/// Maximum distinct prefixes; a log has few, unless they contain numbers.
const MOST: usize = 1024;

/// The highest limit worth recognizing, a minute.
const PLATEAU: u32 = 20;

/// The highest count a minute, including the burst and several rules under one prefix.
const PEAK: u32 = 40;

/// Consecutive minutes at the plateau.
const RUN: u32 = 3;

/// The number of a prefix.
pub type Number = u16;

/// Every prefix seen, and how often it comes.
#[derive(Debug, Default)]
pub struct Prefixes {
    known: Vec<Prefix>,
    numbers: HashMap<Box<[u8]>, Number>,
    last: usize,
}

#[derive(Debug)]
struct Prefix {
    text: Box<[u8]>,
    /// UFW rate-limits its log by default, so no burst is needed to recognize it.
    limits: bool,
    minute: i64,
    count: u32,
    /// The busiest minute.
    most: u32,
    /// The count of the minute before this one.
    previous: Option<u32>,
    /// The counts of the minute before the plateau and of the plateau's first.
    burst: Option<u32>,
    plateau: u32,
    run: u32,
    found: bool,
}

impl Prefixes {
    /// The number of a prefix; none if there are too many.
    pub fn number(&mut self, text: &[u8]) -> Option<Number> {
        let number = match self.known.get(self.last) {
            Some(prefix) if *prefix.text == *text => self.last,
            _ => match self.numbers.get(text) {
                Some(number) => usize::from(*number),
                None => self.add(text)?,
            },
        };
        self.last = number;
        Some(number as Number)
    }

    /// Counts a packet with the prefix.
    pub fn count(&mut self, number: Number, time: i64) {
        let minute = time.div_euclid(60 * Time::SECOND);
        let prefix = &mut self.known[usize::from(number)];
        if minute > prefix.minute || minute < prefix.minute - 1 {
            prefix.turn(minute);
        }
        prefix.count += 1;
    }

    fn add(&mut self, text: &[u8]) -> Option<usize> {
        if self.known.len() >= MOST {
            return None;
        }
        self.numbers.insert(text.into(), self.known.len() as Number);
        self.known.push(Prefix {
            text: text.into(),
            limits: text.starts_with(b"[UFW "),
            minute: i64::MIN / 2,
            count: 0,
            most: 0,
            previous: None,
            burst: None,
            plateau: 0,
            run: 0,
            found: false,
        });
        Some(self.known.len() - 1)
    }

    /// Which prefixes are limited, by number.
    pub fn limited(&mut self) -> Vec<bool> {
        for prefix in &mut self.known {
            prefix.turn(i64::MAX);
        }
        self.known.iter().map(|prefix| prefix.found && prefix.most <= PEAK).collect()
    }

    /// A prefix as reports show it.
    pub fn text(&self, number: usize) -> String {
        self.known.get(number).map_or_else(String::new, |prefix| clean(&prefix.text).into_owned())
    }
}

impl Prefix {
    /// Ends a minute. Under load a limit passes its burst and then the same count every minute, give or take one for
    /// where the minutes fall.
    fn turn(&mut self, next: i64) {
        let count = std::mem::take(&mut self.count);
        let follows = next == self.minute.saturating_add(1);
        self.minute = next;
        if count == 0 {
            return;
        }
        self.most = self.most.max(count);
        if self.run > 0 && count.abs_diff(self.plateau) <= 1 {
            self.run += 1;
        } else {
            (self.burst, self.plateau, self.run) = (self.previous, count, 1);
        }
        let pressed = self.limits || self.burst.is_some_and(|burst| burst > self.plateau + 1);
        self.found |= self.run >= RUN && pressed && (2..=PLATEAU).contains(&self.plateau);
        self.previous = follows.then_some(count);
        if !follows {
            self.run = 0;
        }
    }
}
