//! What the threads do, when one is started, and what counts as no answer.

use std::net::IpAddr;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::super::KnownName;
use super::super::cache::{CachedName, now};
use super::super::lookup::{Answer, cleaned, may_be_asked};
use super::{Pool, Question, ResolverNote, Shared};

/// A thread whose lookup takes longer than this holds up no other: another thread takes its place.
const SLOW: Duration = Duration::from_secs(1);

/// Maximum answers kept for a stored cache until it fetches them.
const LEARNED: usize = 65_536;

impl Shared {
    /// A thread that panicked left the pool between two steps, a state like any other.
    pub(super) fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a lookup unless the address is known, already open or not worth looking up. True if it is open
    /// afterwards.
    pub(super) fn ask(shared: &Arc<Shared>, pool: &mut Pool, address: IpAddr) -> bool {
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
        pool.open.insert(address, Question { asked: Instant::now(), started: None, late: false });
        pool.queue.push_back(address);
        Shared::hire(shared, pool, Instant::now());
        shared.work.notify_one();
        true
    }

    /// Starts threads while there are more lookups than threads to do them.
    fn hire(shared: &Arc<Shared>, pool: &mut Pool, now: Instant) {
        let options = &shared.options;
        let hung = pool.hung(options.timeout.min(SLOW), now);
        let most = options.most_workers.min(options.workers + hung);
        let wanted = pool.queue.len().saturating_sub(pool.idle);
        // Threads started a moment ago have not taken anything yet.
        let fresh = pool.workers.saturating_sub(pool.idle + pool.asking.len());
        for _ in fresh..wanted {
            if pool.workers >= most {
                return;
            }
            let worker = Arc::clone(shared);
            let spawned = thread::Builder::new().name("names".to_owned()).spawn(move || worker.work());
            if spawned.is_err() {
                return;
            }
            pool.workers += 1;
        }
    }

    /// Makes sure that threads get to the open lookups, of which this is one. Returns how long to wait before
    /// checking again; none if the maximum number of threads hangs and none has started this one.
    pub(super) fn staff(
        shared: &Arc<Shared>,
        pool: &mut Pool,
        address: IpAddr,
        now: Instant,
    ) -> Option<Duration> {
        if pool.queue.is_empty() {
            return Some(Duration::MAX);
        }
        Shared::hire(shared, pool, now);
        let timeout = shared.options.timeout;
        let started = pool.open.get(&address).is_some_and(|question| question.started.is_some());
        if !started && pool.hung(timeout, now) >= shared.options.most_workers {
            return None;
        }
        let slow = timeout.min(SLOW);
        let left = |since: &Instant| slow.checked_sub(now.saturating_duration_since(*since));
        let soonest = pool.asking.values().filter_map(left).filter(|left| !left.is_zero());
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
                pool.memory.put(address, CachedName::Unanswered { until });
                return;
            }
        };
        pool.open.remove(&address);
        // A server that always answers late holds up every line just as a dead one does.
        if in_time {
            pool.unanswered = 0;
            pool.answered = Some(Instant::now());
        }
        let known = KnownName { name, at: now() };
        let name = known.name.as_deref().map(Arc::from);
        pool.memory.put(address, CachedName::Answered { name, at: known.at });
        if pool.learned.len() < LEARNED {
            pool.learned.push((address, known));
        }
    }

    /// Counts a lookup as unanswered if its time is up.
    pub(super) fn count_timeout(&self, pool: &mut Pool, address: IpAddr) {
        let asked = pool.open.get(&address).map(|question| question.asked);
        if asked.is_some_and(|asked| asked.elapsed() >= self.options.timeout) {
            self.count_unanswered(pool, address);
        }
    }

    /// Counts a lookup once. Enough of them in a row start a pause.
    fn count_unanswered(&self, pool: &mut Pool, address: IpAddr) {
        let answered = pool.answered;
        let Some(started) = pool.miss(address) else { return };
        // If another lookup was answered in the meantime, the servers are alive; this one only says something about
        // its address.
        if answered.is_some_and(|answered| started.is_none_or(|started| started <= answered)) {
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
            // No thread will take these either.
            pool.miss(waiting);
            pool.open.remove(&waiting);
        }
        self.settled.notify_all();
        if !pool.told {
            pool.told = true;
            pool.notes
                .push(ResolverNote::Paused { unanswered: self.options.give_up, pause: self.options.pause });
        }
    }
}

impl Pool {
    /// Number of threads whose lookup has taken at least this long.
    fn hung(&self, time: Duration, now: Instant) -> usize {
        let hangs = |since: &&Instant| now.saturating_duration_since(**since) >= time;
        self.asking.values().filter(hangs).count()
    }

    /// Moves a lookup to the front: someone waits for it; the others were requested in advance.
    pub(super) fn first_in_queue(&mut self, address: IpAddr) {
        if let Some(at) = self.queue.iter().position(|queued| *queued == address) {
            self.queue.remove(at);
            self.queue.push_front(address);
        }
    }

    /// Counts a lookup as unanswered, once; returns when a thread started it.
    pub(super) fn miss(&mut self, address: IpAddr) -> Option<Option<Instant>> {
        let question = self.open.get_mut(&address).filter(|question| !question.late)?;
        question.late = true;
        self.missed += 1;
        Some(question.started)
    }

    /// Drops a lookup that no thread will take.
    pub(super) fn drop_question(&mut self, address: IpAddr) {
        self.queue.retain(|queued| *queued != address);
        if self.open.remove(&address).is_some() {
            self.missed += 1;
        }
    }
}
