//! How long names stay valid, and what the process caches.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::KnownName;

/// Minimum number of addresses cached; the maximum is twice that. Keeps memory flat in a follow that runs for months.
const REMEMBERED: usize = 32_768;

/// How long an answer stays valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ages {
    /// A name; zero: never expires.
    pub name: Duration,
    /// A negative answer; never longer than a name.
    pub no_name: Duration,
}

impl Ages {
    /// Names expire after this many hours (0: never), negative answers after one hour at most.
    pub fn hours(hours: u32) -> Ages {
        let hour = Duration::from_secs(3600);
        Ages { name: hour * hours, no_name: hour }
    }

    /// Whether a known answer is still valid at a moment, in seconds since 1970-01-01T00:00:00Z. One learned in the
    /// future (the clock was set back) is.
    pub fn holds(&self, known: &KnownName, now: i64) -> bool {
        let age = match known.name {
            Some(_) if self.name.is_zero() => return true,
            Some(_) => self.name,
            None if self.name.is_zero() => self.no_name,
            None => self.no_name.min(self.name),
        };
        let age = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
        now.saturating_sub(known.at) < age
    }
}

/// Seconds since 1970-01-01T00:00:00Z.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// What is cached for an address.
#[derive(Clone, Debug)]
pub(super) enum CachedName {
    /// It was answered.
    Answered { name: Option<Arc<str>>, at: i64 },
    /// No answer; not looked up again before then.
    Unanswered { until: Instant },
}

/// The process's own cache of names: two generations, of which the older is dropped when the younger is full.
#[derive(Default)]
pub(super) struct Memory {
    young: HashMap<IpAddr, CachedName>,
    old: HashMap<IpAddr, CachedName>,
}

impl Memory {
    pub(super) fn put(&mut self, address: IpAddr, entry: CachedName) {
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&address);
        self.young.insert(address, entry);
    }

    /// The entry, if still valid. Use keeps it young.
    pub(super) fn get(&mut self, address: IpAddr, ages: &Ages) -> Option<CachedName> {
        if let Some(entry) = self.old.remove(&address) {
            self.put(address, entry);
        }
        let entry = self.young.get(&address)?;
        let holds = match entry {
            CachedName::Answered { name, at } => {
                // Ages depend on whether there is a name, not on which.
                let known = KnownName { name: name.as_ref().map(|_| String::new()), at: *at };
                ages.holds(&known, now())
            }
            CachedName::Unanswered { until } => Instant::now() < *until,
        };
        holds.then(|| entry.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: Option<&str>, at: i64) -> KnownName {
        KnownName { name: name.map(str::to_owned), at }
    }

    #[test]
    fn a_name_holds_for_its_hours_and_a_missing_one_for_one_hour() {
        let ages = Ages::hours(336);
        assert!(ages.holds(&known(Some("a.example"), 0), 336 * 3600 - 1));
        assert!(!ages.holds(&known(Some("a.example"), 0), 336 * 3600));
        assert!(ages.holds(&known(None, 0), 3599));
        assert!(!ages.holds(&known(None, 0), 3600));
    }

    #[test]
    fn at_zero_hours_a_name_never_expires_but_a_missing_one_does() {
        let ages = Ages::hours(0);
        assert!(ages.holds(&known(Some("a.example"), 0), i64::MAX));
        assert!(!ages.holds(&known(None, 0), 3600));
    }

    #[test]
    fn what_was_learned_in_the_future_holds() {
        assert!(Ages::hours(1).holds(&known(Some("a.example"), 10_000), 0));
        assert!(Ages::hours(1).holds(&known(None, i64::MAX), i64::MIN));
    }

    #[test]
    fn memory_stays_flat_and_keeps_what_is_used() {
        let mut memory = Memory::default();
        let ages = Ages::hours(0);
        let entry = || CachedName::Answered { name: Some("a.example".into()), at: now() };
        let used = IpAddr::from([192, 0, 2, 1]);
        memory.put(used, entry());
        for n in 0..5 * REMEMBERED as u32 {
            memory.put(IpAddr::from((n | 0x0a00_0000).to_be_bytes()), entry());
            if n % 1000 == 0 {
                assert!(memory.get(used, &ages).is_some(), "forgotten at {n}");
            }
        }
        assert!(memory.young.len() + memory.old.len() <= 2 * REMEMBERED);
    }
}
