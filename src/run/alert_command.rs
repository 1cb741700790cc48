//! The command of `--alert-command`: run for attacks as they begin, one at a time, at most ten a minute.
//!
//! What is known about an attack goes to the command's standard input and nowhere else: an argument or a
//! variable would be a path from a log line into a shell. The command has its own process group, which is
//! killed after half a minute, and whatever it prints or does, follow goes on.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Map, Value};

use crate::escape;

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most calls in a [`MINUTE`].
const CALLS: usize = 10;
const MINUTE: Duration = Duration::from_secs(60);

/// Findings that a call gets besides the first; of any more it gets only the number.
const OTHERS: usize = 100;

/// How long follow waits for the command when its input ends: for the running call and the next.
pub const LAST_CALLS: Duration = Duration::from_secs(60);

/// How often a running command is polled.
const LOOK: Duration = Duration::from_millis(20);

/// Bytes shown of what a failed command wrote to standard error.
const SAID: u64 = 300;

/// Runs the command for the findings it is given.
pub struct AlertCommand {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Findings waiting for a call.
    waiting: VecDeque<Map<String, Value>>,
    /// The number of findings beyond those.
    more: u64,
    /// Whether the command is running.
    is_running: bool,
    /// Failures since they were last taken.
    failures: Vec<String>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AlertCommand {
    /// `command` is for /bin/sh; `failed` is called when there is a failure to report.
    pub fn new(command: String, failed: impl Fn() + Send + 'static) -> AlertCommand {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let worker = Arc::clone(&shared);
        thread::spawn(move || work(&worker, &command, &failed));
        AlertCommand { shared }
    }

    /// Queues a finding; never blocks.
    pub fn alert(&self, finding: Map<String, Value>) {
        let mut state = self.shared.state();
        match state.waiting.len() <= OTHERS {
            true => state.waiting.push_back(finding),
            false => state.more += 1,
        }
        self.shared.changed.notify_all();
    }

    /// Failures since they were last taken.
    pub fn failures(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().failures)
    }

    /// Waits at most `patience` for every finding to get its call; returns how many got none.
    pub fn finish(&self, patience: Duration) -> u64 {
        let is_busy = |state: &mut State| state.is_running || !state.waiting.is_empty();
        let waited = self.shared.changed.wait_timeout_while(self.shared.state(), patience, is_busy);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting.len() as u64 + state.more
    }
}

fn work(shared: &Shared, command: &str, failed: &dyn Fn()) {
    let mut calls: VecDeque<Instant> = VecDeque::with_capacity(CALLS);
    let mut told = String::new();
    loop {
        let state = shared.changed.wait_while(shared.state(), |state| state.waiting.is_empty());
        drop(state.unwrap_or_else(PoisonError::into_inner));
        if calls.len() == CALLS
            && let Some(first) = calls.pop_front()
        {
            thread::sleep(MINUTE.saturating_sub(first.elapsed()));
        }
        calls.push_back(Instant::now());
        let (waiting, more) = {
            let mut state = shared.state();
            state.is_running = true;
            (std::mem::take(&mut state.waiting), std::mem::take(&mut state.more))
        };
        let failure = match run(command, &input(waiting, more)) {
            Ok(None) => String::new(),
            Ok(Some(failure)) => failure,
            Err(error) => format!("cannot be run: {error}"),
        };
        let is_news = !failure.is_empty() && failure != told;
        let mut state = shared.state();
        state.is_running = false;
        state.failures.extend(is_news.then(|| failure.clone()));
        drop(state);
        shared.changed.notify_all();
        if is_news {
            failed();
        }
        told = failure;
    }
}

/// One finding as one line of JSON, with any others merged into this call and their number.
fn input(findings: VecDeque<Map<String, Value>>, more: u64) -> String {
    let mut findings = findings.into_iter();
    let mut first = findings.next().unwrap_or_default();
    let others: Vec<Value> = findings.map(Value::Object).collect();
    if !others.is_empty() {
        first.insert("more".to_owned(), (others.len() as u64 + more).into());
        first.insert("others".to_owned(), others.into());
    }
    format!("{}\n", escape::json(&Value::Object(first).to_string()))
}

/// Runs the command to completion; returns what went wrong.
fn run(command: &str, input: &str) -> io::Result<Option<String>> {
    // Files, not pipes: nothing blocks on a command that does not read.
    let mut given = tempfile::tempfile()?;
    given.write_all(input.as_bytes())?;
    given.rewind()?;
    let mut said = tempfile::tempfile()?;
    let mut child = Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        .stdin(given)
        .stdout(Stdio::null())
        .stderr(said.try_clone()?)
        .process_group(0)
        .spawn()?;
    let Some(status) = wait(&mut child)? else {
        return Ok(Some(format!("was stopped after {} s", PATIENCE.as_secs())));
    };
    if status.success() {
        return Ok(None);
    }
    said.rewind()?;
    let mut text = Vec::new();
    said.take(SAID).read_to_end(&mut text)?;
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let reason =
        if line.trim().is_empty() { String::new() } else { format!(": {}", escape::terminal(&line)) };
    Ok(Some(format!("failed ({status}){reason}")))
}

/// Waits for the command; kills its process group if that takes too long.
fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(LOOK);
    }
    kill_process_group(Pid::from_child(child), Signal::KILL)?;
    child.wait()?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(n: u64) -> Map<String, Value> {
        Map::from_iter([("packets".to_owned(), n.into())])
    }

    #[test]
    fn one_finding_is_one_line_and_others_come_with_their_number() {
        assert_eq!(input([finding(1)].into(), 0), "{\"packets\":1}\n");
        assert_eq!(
            input([finding(1), finding(2)].into(), 5),
            "{\"packets\":1,\"more\":6,\"others\":[{\"packets\":2}]}\n"
        );
    }

    #[test]
    fn a_command_that_reads_nothing_or_everything_is_fine() {
        let long = "x".repeat(200_000);
        assert_eq!(run("true", &long).unwrap(), None);
        assert_eq!(run("test $(wc -c) -eq 200000", &long).unwrap(), None);
    }

    #[test]
    fn a_failure_is_told_with_the_first_line_that_was_said() {
        let failure = run("echo no such host >&2; echo more >&2; exit 3", "").unwrap().unwrap();
        assert_eq!(failure, "failed (exit status: 3): no such host");
        assert_eq!(run("kill -9 $$", "").unwrap().unwrap(), "failed (signal: 9 (SIGKILL))");
    }
}
