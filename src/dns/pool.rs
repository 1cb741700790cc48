//! Threads that ask for names, each address once, and waiting for them no longer than agreed.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Known;
use super::cache::{Ages, Entry, Memory, now};
use super::clean::clean_name;
use super::lookup::{Answer, Lookup, cleaned, may_be_asked};

/// Answers kept for a stored cache that nobody has fetched yet.
const LEARNED: usize = 65_536;

/// A thread that has asked for longer than this holds up no other question: another takes its place.
const SLOW: Duration = Duration::from_secs(1);

/// How names are asked for. The defaults are those of a follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Threads at most, not counting those that have asked for a second or the time-out and still
    /// have no answer. They only wait.
    pub workers: usize,
    /// Threads at most, with those.
    pub most_workers: usize,
    /// Addresses that wait for a thread at most; further ones are not asked for now.
    pub queue: usize,
    /// How long [`Names::name`] waits for one address.
    pub timeout: Duration,
    /// How long all calls of [`Names::name`] wait together; none: no limit.
    pub budget: Option<Duration>,
    /// How long answers hold.
    pub ages: Ages,
    /// How long an address that nobody answered for is left alone.
    pub retry: Duration,
    /// So many questions in a row without an answer start a pause.
    pub give_up: u32,
    /// How long nothing new is asked then.
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
            ages: Ages::hours(336),
            retry: Duration::from_secs(30),
            give_up: 20,
            pause: Duration::from_secs(30),
        }
    }
}

/// What is known of an address now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was asked for; no answer yet.
    Asked,
    /// Its name, fit to be shown.
    Named(Arc<str>),
    /// It has none.
    Nameless,
    /// Nobody answered; it is asked for again later.
    Unanswered,
}

/// Something to tell once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The servers do not answer.
    Paused {
        /// Questions without an answer in a row.
        unanswered: u32,
        /// How long nothing is asked.
        pause: Duration,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Note::Paused { unanswered, pause } = self;
        let seconds = pause.as_secs();
        write!(
            f,
            "{unanswered} questions for names in a row got no answer; none is asked for {seconds} s, and addresses \
             are shown instead (check the name servers in /etc/resolv.conf, or leave out --rdns)"
        )
    }
}

/// Names of addresses, asked for in the background.
///
/// Dropping it lets idle threads end. A thread inside a lookup is left behind, for nothing can stop
/// it; it holds up neither this value nor the end of the process.
pub struct Names {
    shared: Arc<Shared>,
}

struct Shared {
    lookup: Box<dyn Lookup>,
    options: Options,
    pool: Mutex<Pool>,
    /// There is something to ask, or the pool closed.
    work: Condvar,
    /// A question was settled.
    settled: Condvar,
    on_answer: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

#[derive(Default)]
struct Pool {
    queue: VecDeque<IpAddr>,
    /// Every address that is queued or being asked for.
    open: HashMap<IpAddr, Question>,
    memory: Memory,
    learned: Vec<(IpAddr, Known)>,
    workers: usize,
    idle: usize,
    /// Since when each busy thread has been asking.
    asking: HashMap<IpAddr, Instant>,
    /// Questions without an answer since the last answer.
    unanswered: u32,
    /// When the last answer came.
    answered: Option<Instant>,
    /// Questions that got no answer in time, or could not be asked.
    missed: u64,
    paused_until: Option<Instant>,
    told: bool,
    notes: Vec<Note>,
    waited: Duration,
    closed: bool,
}

struct Question {
    asked: Instant,
    /// When a thread took it.
    started: Option<Instant>,
    /// Somebody waited for it in vain, and that was counted.
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
        Names {
            shared: Arc::new(shared),
        }
    }

    /// Has a function called, on a thread of the pool, after every answer. Only the first counts.
    pub fn on_answer(&self, call: impl Fn() + Send + Sync + 'static) {
        let _ = self.shared.on_answer.set(Box::new(call));
    }

    /// Asks for a name without waiting, if it is not known and not asked for already.
    pub fn ask(&self, address: IpAddr) {
        Shared::ask(&self.shared, &mut self.shared.lock(), address);
    }

    /// When waiting for the address ends, if there is something to wait for: the time-out after it
    /// was asked for, by whichever packet.
    pub fn patience(&self, address: IpAddr) -> Option<Instant> {
        let pool = self.shared.lock();
        let question = pool.open.get(&address).filter(|question| !question.late)?;
        question.asked.checked_add(self.shared.options.timeout)
    }

    /// Questions so far that got no answer in time, or could not be asked for want of threads.
    pub fn missed(&self) -> u64 {
        self.shared.lock().missed
    }

    /// What is known now; none if the address was not asked for, or too long ago.
    pub fn get(&self, address: IpAddr) -> Option<State> {
        let mut pool = self.shared.lock();
        match pool.memory.get(address, &self.shared.options.ages) {
            Some(Entry::Answered { name: Some(name), .. }) => Some(State::Named(name)),
            Some(Entry::Answered { name: None, .. }) => Some(State::Nameless),
            Some(Entry::Unanswered { .. }) => Some(State::Unanswered),
            None => pool.open.contains_key(&address).then_some(State::Asked),
        }
    }

    /// The name, asked for if need be and waited for until the deadline. None if there is none, if
    /// it comes too late (it then serves later calls), or if nothing is asked now.
    pub fn wait(&self, address: IpAddr, deadline: Instant) -> Option<String> {
        let mut pool = self.shared.lock();
        let mut asked = false;
        loop {
            match pool.memory.get(address, &self.shared.options.ages) {
                Some(Entry::Answered { name, .. }) => return name.map(|name| name.to_string()),
                Some(Entry::Unanswered { .. }) => return None,
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

    /// The name, waited for as the options say: so long after a thread began to ask, and no longer
    /// than the budget of all calls allows.
    pub fn name(&self, address: IpAddr) -> Option<String> {
        let begin = Instant::now();
        let options = &self.shared.options;
        let deadline = {
            let pool = self.shared.lock();
            let started = pool
                .open
                .get(&address)
                .and_then(|question| question.started)
                .unwrap_or(begin);
            let left = options
                .budget
                .map_or(Duration::MAX, |budget| budget.saturating_sub(pool.waited));
            let own = started + options.timeout;
            begin.checked_add(left).map_or(own, |end| end.min(own))
        };
        let name = self.wait(address, deadline);
        self.shared.lock().waited += begin.elapsed();
        name
    }

    /// Whether a stored cache should be asked for the address: it may have a name, and nothing is
    /// known of it here.
    pub fn wants(&self, address: IpAddr) -> bool {
        may_be_asked(address) && self.get(address).is_none()
    }

    /// Takes over what was learned in an earlier run, if it still holds.
    pub fn remember(&self, address: IpAddr, known: &Known) {
        if self.shared.options.ages.holds(known, now()) {
            // A stored name may have been written by anything.
            let name = known
                .name
                .as_ref()
                .and_then(|name| clean_name(name.as_bytes()))
                .map(Arc::from);
            self.shared
                .lock()
                .memory
                .put(address, Entry::Answered { name, at: known.at });
        }
    }

    /// What was learned since the last call, for a stored cache: at most 65,536 answers.
    pub fn learned(&self) -> Vec<(IpAddr, Known)> {
        std::mem::take(&mut self.shared.lock().learned)
    }

    /// What there is to tell since the last call.
    pub fn take_notes(&self) -> Vec<Note> {
        std::mem::take(&mut self.shared.lock().notes)
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.work.notify_all();
    }
}

impl Shared {
    /// A thread that panicked left the pool as it was between two steps, which is a state like any.
    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a question unless the address is known, open or not to be asked for. True if it is
    /// open then.
    fn ask(shared: &Arc<Shared>, pool: &mut Pool, address: IpAddr) -> bool {
        if pool.open.contains_key(&address) {
            return true;
        }
        let paused = pool.paused_until.is_some_and(|until| Instant::now() < until);
        let full = pool.queue.len() >= shared.options.queue;
        if paused || full || !may_be_asked(address) {
            return false;
        }
        if pool.memory.get(address, &shared.options.ages).is_some() {
            return false;
        }
        pool.open.insert(
            address,
            Question {
                asked: Instant::now(),
                started: None,
                late: false,
            },
        );
        pool.queue.push_back(address);
        Shared::hire(shared, pool, Instant::now());
        shared.work.notify_one();
        true
    }

    /// Starts threads as long as there is more to ask than threads to do it.
    fn hire(shared: &Arc<Shared>, pool: &mut Pool, now: Instant) {
        let options = &shared.options;
        let hung = pool.hung(options.timeout.min(SLOW), now);
        let most = options.most_workers.min(options.workers + hung);
        let wanted = pool.queue.len().saturating_sub(pool.idle);
        // Those that were started a moment ago have taken nothing yet.
        let fresh = pool.workers.saturating_sub(pool.idle + pool.asking.len());
        for _ in fresh..wanted {
            if pool.workers >= most {
                return;
            }
            let worker = Arc::clone(shared);
            let spawned = thread::Builder::new()
                .name("names".to_owned())
                .spawn(move || worker.work());
            if spawned.is_err() {
                return;
            }
            pool.workers += 1;
        }
    }

    /// Sees to it that threads come to the open questions, of which this is one. Gives how long one
    /// may wait until that has to be seen to again; none if all threads there may be hang, and none
    /// has come to this one.
    fn staff(shared: &Arc<Shared>, pool: &mut Pool, address: IpAddr, now: Instant) -> Option<Duration> {
        if pool.queue.is_empty() {
            return Some(Duration::MAX);
        }
        Shared::hire(shared, pool, now);
        let timeout = shared.options.timeout;
        let started = pool
            .open
            .get(&address)
            .is_some_and(|question| question.started.is_some());
        if !started && pool.hung(timeout, now) >= shared.options.most_workers {
            return None;
        }
        let slow = timeout.min(SLOW);
        let left = |since: &Instant| slow.checked_sub(now.saturating_duration_since(*since));
        let soonest = pool
            .asking
            .values()
            .filter_map(left)
            .filter(|left| !left.is_zero());
        Some(soonest.min().unwrap_or(slow))
    }

    fn work(&self) {
        let mut pool = self.lock();
        while !pool.closed {
            let Some(address) = pool.queue.pop_front() else {
                pool.idle += 1;
                pool = self.work.wait(pool).unwrap_or_else(PoisonError::into_inner);
                pool.idle -= 1;
                continue;
            };
            let started = Instant::now();
            if let Some(question) = pool.open.get_mut(&address) {
                question.started = Some(started);
            }
            pool.asking.insert(address, started);
            drop(pool);
            let answer = cleaned(self.lookup.name(address));
            pool = self.lock();
            pool.asking.remove(&address);
            self.settle(&mut pool, address, answer, started.elapsed());
            self.settled.notify_all();
            if let Some(call) = self.on_answer.get() {
                drop(pool);
                call();
                pool = self.lock();
            }
        }
    }

    fn settle(&self, pool: &mut Pool, address: IpAddr, answer: Answer, took: Duration) {
        let in_time = took < self.options.timeout;
        let name = match answer {
            Answer::Name(name) => Some(name),
            Answer::NoName => None,
            Answer::TryAgain => {
                self.count_unanswered(pool, address);
                pool.open.remove(&address);
                let until = Instant::now() + self.options.retry;
                pool.memory.put(address, Entry::Unanswered { until });
                return;
            }
        };
        pool.open.remove(&address);
        // A server that always answers late holds up every line as a dead one does.
        if in_time {
            pool.unanswered = 0;
            pool.answered = Some(Instant::now());
        }
        let known = Known { name, at: now() };
        let name = known.name.as_deref().map(Arc::from);
        pool.memory.put(address, Entry::Answered { name, at: known.at });
        if pool.learned.len() < LEARNED {
            pool.learned.push((address, known));
        }
    }

    /// Counts a question as unanswered if it has had its time.
    fn count_timeout(&self, pool: &mut Pool, address: IpAddr) {
        let asked = pool.open.get(&address).map(|question| question.asked);
        if asked.is_some_and(|asked| asked.elapsed() >= self.options.timeout) {
            self.count_unanswered(pool, address);
        }
    }

    /// Counts a question once. Enough of them in a row start a pause.
    fn count_unanswered(&self, pool: &mut Pool, address: IpAddr) {
        let answered = pool.answered;
        let Some(question) = pool.open.get_mut(&address).filter(|question| !question.late) else {
            return;
        };
        question.late = true;
        pool.missed += 1;
        // If another question was answered meanwhile, the servers live; this one says something of
        // its address alone.
        if answered.is_some_and(|answered| question.started.is_none_or(|started| started <= answered)) {
            return;
        }
        pool.unanswered += 1;
        if pool.unanswered < self.options.give_up {
            return;
        }
        // After the pause one more is enough to pause again.
        pool.unanswered = self.options.give_up.saturating_sub(1);
        pool.paused_until = Some(Instant::now() + self.options.pause);
        for waiting in std::mem::take(&mut pool.queue) {
            pool.open.remove(&waiting);
        }
        self.settled.notify_all();
        if !pool.told {
            pool.told = true;
            pool.notes.push(Note::Paused {
                unanswered: self.options.give_up,
                pause: self.options.pause,
            });
        }
    }
}

impl Pool {
    /// Threads that have been asking for so long.
    fn hung(&self, time: Duration, now: Instant) -> usize {
        let hangs = |since: &&Instant| now.saturating_duration_since(**since) >= time;
        self.asking.values().filter(hangs).count()
    }

    /// Somebody waits for it; the others were asked for in advance.
    fn first_in_queue(&mut self, address: IpAddr) {
        if let Some(at) = self.queue.iter().position(|queued| *queued == address) {
            self.queue.remove(at);
            self.queue.push_front(address);
        }
    }

    /// Nobody will come to ask it.
    fn drop_question(&mut self, address: IpAddr) {
        self.queue.retain(|queued| *queued != address);
        if self.open.remove(&address).is_some() {
            self.missed += 1;
        }
    }
}

#[cfg(test)]
mod tests;
