//! Reports what a statement is waiting for when its reply takes long.
//!
//! A thread watches the clock; once a statement has had no reply for two seconds, a second connection asks
//! the server what state it is in. A query that is working is not reported.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mysql::Row;
use mysql::prelude::Queryable;

use super::{connect, words};
use crate::config::Server;
use crate::store::Notice;

/// How long a statement may go without a reply before the server is asked why.
const PATIENCE: Duration = Duration::from_secs(2);

/// The longest interval between two checks of one statement.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The running statement.
#[derive(Default)]
struct Running {
    /// Which one, counted from 1.
    number: u64,
    /// Since when; none between statements.
    since: Option<Instant>,
    /// What it is for, as worded in messages: `storing packets`.
    doing: String,
    /// Two seconds is long for it, whatever it is waiting for.
    short: bool,
    closed: bool,
}

#[derive(Default)]
struct WatchedStatement {
    running: Mutex<Running>,
    changed: Condvar,
}

impl WatchedStatement {
    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Watches the statements of one connection; its thread ends when it is dropped.
pub(super) struct StatementWatch(Arc<WatchedStatement>);

impl StatementWatch {
    /// `id` is the connection's id on the server.
    pub(super) fn start(server: &Server, id: u32, notice: Notice) -> StatementWatch {
        let shared = Arc::new(WatchedStatement::default());
        let (watched, server) = (Arc::clone(&shared), server.clone());
        thread::spawn(move || look(&watched, &server, id, &notice));
        StatementWatch(shared)
    }

    /// Runs a statement. `short` says that two seconds is long for it.
    pub(super) fn over<T>(&self, doing: &str, short: bool, statement: impl FnOnce() -> T) -> T {
        {
            // The thread is not woken: it checks every two seconds, which costs a statement nothing.
            let mut running = self.0.lock();
            running.number += 1;
            running.since = Some(Instant::now());
            running.short = short;
            if running.doing != doing {
                doing.clone_into(&mut running.doing);
            }
        }
        let outcome = statement();
        self.0.lock().since = None;
        outcome
    }
}

impl Drop for StatementWatch {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

fn look(shared: &WatchedStatement, server: &Server, id: u32, notice: &Notice) {
    let mut told = String::new();
    // The statement checked last, and how long until the next check: a query may run for an hour.
    let (mut seen, mut pause) = (0, PATIENCE);
    loop {
        let (number, doing, short) = {
            let running = shared.lock();
            if running.closed {
                return;
            }
            let left = running.since.map_or(PATIENCE, |since| PATIENCE.saturating_sub(since.elapsed()));
            if !left.is_zero() {
                drop(shared.changed.wait_timeout(running, left));
                continue;
            }
            if seen == running.number {
                pause = (pause * 2).min(LONGEST_PAUSE);
                let (running, _) = match shared.changed.wait_timeout(running, pause) {
                    Ok(woken) => woken,
                    Err(poisoned) => poisoned.into_inner(),
                };
                if running.closed {
                    return;
                }
                if running.number != seen || running.since.is_none() {
                    continue;
                }
                (running.number, running.doing.clone(), running.short)
            } else {
                (seen, pause) = (running.number, PATIENCE);
                (running.number, running.doing.clone(), running.short)
            }
        };
        let Some(reason) = reason(server, id, short) else { continue };
        let running = shared.lock();
        let text = format!("Still {doing} in database '{}': {reason}", server.database);
        if running.number == number && running.since.is_some() && text != told {
            notice(&text);
            told = text;
        }
    }
}

/// What a connection is waiting for; none if it is working, or has received its reply meanwhile.
fn reason(server: &Server, id: u32, short: bool) -> Option<String> {
    let Ok(mut conn) = connect::connect(server, true) else {
        return Some(format!("the server at {} does not answer", server.host));
    };
    // Every account sees its own connections.
    let rows: Vec<Row> = conn.query("SHOW PROCESSLIST").ok()?;
    let row = rows.iter().find(|row| row.get::<u64, _>("Id") == Some(id.into()))?;
    let state = words::one_line(&row.get_opt::<String, _>("State")?.ok()?);
    if state.starts_with("Waiting for") && (state.contains("lock") || state.contains("flush")) {
        return Some(format!("another session holds a lock on it (the server says '{state}')"));
    }
    short.then(|| {
        format!("the server has not answered for {} seconds (it says '{state}')", PATIENCE.as_secs())
    })
}
