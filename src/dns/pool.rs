//! Threads that look up names, each address once, and bounded waits for the answers.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::KnownName;
use super::cache::{Ages, CachedName, Memory, now};
use super::clean::clean_name;
use super::lookup::{Lookup, may_be_asked};

/// How names are looked up. The defaults are those of a follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Maximum threads, not counting those whose lookup has gone unanswered for a second or the timeout. Those only
    /// wait.
    pub workers: usize,
    /// Maximum threads, including those.
    pub most_workers: usize,
    /// Maximum addresses queued for a thread; further ones are not looked up now.
    pub queue: usize,
    /// How long [`Names::name`] waits for one address.
    pub timeout: Duration,
    /// How long all calls of [`Names::name`] may wait in total; none: no limit.
    pub budget: Option<Duration>,
    /// How long they may wait while no name server has answered at all; none: no limit.
    pub silence: Option<Duration>,
    /// How long answers stay valid.
    pub ages: Ages,
    /// How long an unanswered address is left alone.
    pub retry: Duration,
    /// This many consecutive lookups without an answer start a pause.
    pub give_up: u32,
    /// How long no new lookup starts then.
    pub pause: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            workers: 16,
            most_workers: 64,
            queue: 1024,
            timeout: Duration::from_secs(1),
            budget: None,
            silence: None,
            ages: Ages::hours(336),
            retry: Duration::from_secs(30),
            give_up: 20,
            pause: Duration::from_secs(30),
        }
    }
}

/// What is known of an address now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameState {
    /// Lookup requested; no answer yet.
    Asked,
    /// Its name, safe to display.
    Named(Arc<str>),
    /// It has none.
    Nameless,
    /// No answer; it is looked up again later.
    Unanswered,
}

/// Something to report once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolverNote {
    /// The servers do not answer.
    Paused {
        /// Consecutive lookups without an answer.
        unanswered: u32,
        /// How long lookups pause.
        pause: Duration,
    },
}

impl fmt::Display for ResolverNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ResolverNote::Paused { unanswered, pause } = self;
        let seconds = pause.as_secs();
        write!(
            f,
            "{unanswered} name lookups in a row got no answer; ipta pauses lookups for {seconds} s and shows \
             addresses instead (check the name servers in /etc/resolv.conf, or leave out --rdns)"
        )
    }
}

/// Names of addresses, looked up in the background.
///
/// Dropping it lets idle threads end. A thread inside a lookup is abandoned, because nothing can stop it; it delays
/// neither the drop nor the end of the process.
pub struct Names {
    shared: Arc<Shared>,
}

struct Shared {
    lookup: Box<dyn Lookup>,
    options: Options,
    pool: Mutex<Pool>,
    /// There is something to look up, or the pool closed.
    work: Condvar,
    /// A lookup was settled.
    settled: Condvar,
    on_answer: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

#[derive(Default)]
struct Pool {
    queue: VecDeque<IpAddr>,
    /// Every address that is queued or being looked up.
    open: HashMap<IpAddr, Question>,
    memory: Memory,
    learned: Vec<(IpAddr, KnownName)>,
    workers: usize,
    idle: usize,
    /// When each running lookup started.
    asking: HashMap<IpAddr, Instant>,
    /// Lookups without an answer since the last answer.
    unanswered: u32,
    /// When the last answer came.
    answered: Option<Instant>,
    /// Lookups that got no answer in time, or could not start.
    missed: u64,
    paused_until: Option<Instant>,
    told: bool,
    notes: Vec<ResolverNote>,
    waited: Duration,
    /// When [`Names::name`] was first called.
    first_wait: Option<Instant>,
    closed: bool,
}

struct Question {
    asked: Instant,
    /// When a thread took it.
    started: Option<Instant>,
    /// Someone waited for it in vain, and that was counted.
    late: bool,
}

impl Names {
    /// Starts no thread yet.
    pub fn new(lookup: impl Lookup + 'static, options: Options) -> Names {
        let shared = Shared {
            lookup: Box::new(lookup),
            options,
            pool: Mutex::default(),
            work: Condvar::new(),
            settled: Condvar::new(),
            on_answer: OnceLock::new(),
        };
        Names { shared: Arc::new(shared) }
    }

    /// Sets a function that a pool thread calls after every answer. Only the first one set counts.
    pub fn on_answer(&self, call: impl Fn() + Send + Sync + 'static) {
        let _ = self.shared.on_answer.set(Box::new(call));
    }

    /// Looks up a name without waiting, unless it is known or already being looked up.
    pub fn ask(&self, address: IpAddr) {
        Shared::ask(&self.shared, &mut self.shared.lock(), address);
    }

    /// When waiting for the address ends, if there is something to wait for: one timeout after it was first
    /// requested, by whichever packet.
    pub fn patience(&self, address: IpAddr) -> Option<Instant> {
        let pool = self.shared.lock();
        let question = pool.open.get(&address).filter(|question| !question.late)?;
        question.asked.checked_add(self.shared.options.timeout)
    }

    /// Lookups so far that got no answer in time, or could not start because all threads were busy.
    pub fn missed(&self) -> u64 {
        self.shared.lock().missed
    }

    /// What is known now; none if the address was not looked up, or too long ago.
    pub fn get(&self, address: IpAddr) -> Option<NameState> {
        let mut pool = self.shared.lock();
        match pool.memory.get(address, &self.shared.options.ages) {
            Some(CachedName::Answered { name: Some(name), .. }) => Some(NameState::Named(name)),
            Some(CachedName::Answered { name: None, .. }) => Some(NameState::Nameless),
            Some(CachedName::Unanswered { .. }) => Some(NameState::Unanswered),
            None => pool.open.contains_key(&address).then_some(NameState::Asked),
        }
    }

    /// The name, looked up if necessary and awaited until the deadline. None if the address has none, if the answer
    /// comes too late (it then serves later calls), or if no lookup can start now.
    pub fn wait(&self, address: IpAddr, deadline: Instant) -> Option<String> {
        let mut pool = self.shared.lock();
        let mut asked = false;
        loop {
            match pool.memory.get(address, &self.shared.options.ages) {
                Some(CachedName::Answered { name, .. }) => return name.map(|name| name.to_string()),
                Some(CachedName::Unanswered { .. }) => return None,
                None => {}
            }
            let open = pool.open.contains_key(&address);
            if !open && (asked || !Shared::ask(&self.shared, &mut pool, address)) {
                return None;
            }
            if !asked {
                pool.first_in_queue(address);
                asked = true;
            }
            let now = Instant::now();
            let left = deadline.saturating_duration_since(now);
            let Some(step) = Shared::staff(&self.shared, &mut pool, address, now) else {
                pool.drop_question(address);
                return None;
            };
            if left.is_zero() {
                self.shared.count_timeout(&mut pool, address);
                return None;
            }
            let woken = self.shared.settled.wait_timeout(pool, left.min(step));
            pool = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The name, awaited as the options say: until the timeout after a thread started the lookup, and no longer than
    /// the budget of all calls allows.
    pub fn name(&self, address: IpAddr) -> Option<String> {
        let begin = Instant::now();
        let options = &self.shared.options;
        let deadline = {
            let mut pool = self.shared.lock();
            let first_wait = *pool.first_wait.get_or_insert(begin);
            let silent = options.silence.filter(|_| pool.answered.is_none());
            let silent = silent.and_then(|silence| first_wait.checked_add(silence));
            let started = pool.open.get(&address).and_then(|question| question.started).unwrap_or(begin);
            let left = options.budget.map_or(Duration::MAX, |budget| budget.saturating_sub(pool.waited));
            let own = started + options.timeout;
            [begin.checked_add(left), silent].into_iter().flatten().fold(own, Instant::min)
        };
        let name = self.wait(address, deadline);
        let mut pool = self.shared.lock();
        pool.waited += begin.elapsed();
        if name.is_none() && pool.answered.is_none() {
            pool.miss(address);
        }
        name
    }

    /// Whether to consult a stored cache for the address: it may have a name, and nothing is known about it here.
    pub fn wants(&self, address: IpAddr) -> bool {
        may_be_asked(address) && self.get(address).is_none()
    }

    /// Takes over what an earlier run learned, if it is still valid.
    pub fn remember(&self, address: IpAddr, known: &KnownName) {
        if self.shared.options.ages.holds(known, now()) {
            // Anything may have written a stored name.
            let name = known.name.as_ref().and_then(|name| clean_name(name.as_bytes())).map(Arc::from);
            self.shared.lock().memory.put(address, CachedName::Answered { name, at: known.at });
        }
    }

    /// What was learned since the last call, for a stored cache: at most 65,536 answers.
    pub fn learned(&self) -> Vec<(IpAddr, KnownName)> {
        std::mem::take(&mut self.shared.lock().learned)
    }

    /// What there is to report since the last call.
    pub fn take_notes(&self) -> Vec<ResolverNote> {
        std::mem::take(&mut self.shared.lock().notes)
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.work.notify_all();
    }
}

mod work;

#[cfg(test)]
mod tests;
