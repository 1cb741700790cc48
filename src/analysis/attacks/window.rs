//! Counts events in a sliding time window.

use super::recent::RecentQueue;

/// From this many slots on, events close to each other share one.
const FINE: usize = 64;

/// Counts the events of the last `span` microseconds, excluding the oldest moment: of events every 12 seconds a
/// minute holds five. Times must not decrease.
///
/// Busy windows count in slots of a 64th of the span, which expire with their oldest event: the count may then be
/// short by what happens in a 64th, never too high.
#[derive(Debug)]
pub struct Window {
    span: i64,
    slots: RecentQueue<(i64, u32)>,
    sum: u64,
}

impl Window {
    pub fn new(span: i64) -> Self {
        Window { span, slots: RecentQueue::new(), sum: 0 }
    }

    /// Adds an event and returns how many the window now holds.
    pub fn add(&mut self, time: i64) -> u64 {
        while let Some((oldest, count)) = self.slots.oldest()
            && time - oldest >= self.span
        {
            self.sum -= u64::from(*count);
            self.slots.drop_oldest();
        }
        let fine = self.slots.len() < FINE;
        match self.slots.newest() {
            Some((start, count)) if time == *start || !fine && time - *start < self.span / FINE as i64 => {
                *count = count.saturating_add(1);
            }
            _ => self.slots.push((time, 1)),
        }
        self.sum += 1;
        self.sum
    }

    /// Time of its oldest event.
    pub fn first(&self) -> Option<i64> {
        self.slots.oldest().map(|(start, _)| *start)
    }
}
