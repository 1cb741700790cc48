//! Termination signals, caught so that work in progress ends cleanly.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::exit::Exit;

/// The first termination signal, once there is one.
#[derive(Clone, Default)]
pub struct Caught(Arc<AtomicI32>);

impl Caught {
    /// The signal.
    pub fn signal(&self) -> Option<i32> {
        Some(self.0.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
    }
}

/// Whether Ctrl-C ends nothing by itself any more, even if an earlier step of the call catches it.
static EACH: AtomicBool = AtomicBool::new(false);

/// Records the first termination signal and calls `wake`. Signals inherited as ignored (nohup, a
/// background job) stay ignored. If the process has not ended by itself after `grace`, the signal ends it.
pub fn catch(grace: Duration, wake: impl Fn() + Send + 'static) -> anyhow::Result<Caught> {
    let caught = Caught::default();
    let noted = caught.clone();
    let ignored = ignored_signals();
    let heeded = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let mut signals = Signals::new(heeded).context("cannot catch signals")?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let is_for_us = |signal: &i32| *signal != SIGINT || !EACH.load(Ordering::Relaxed);
            let Some(signal) = signals.forever().find(is_for_us) else {
                return;
            };
            noted.0.store(signal, Ordering::Relaxed);
            wake();
            thread::sleep(grace);
            Exit::Signal(signal).end()
        })
        .context("cannot start a thread")?;
    Ok(caught)
}

/// Calls `act` on each Ctrl-C, which then ends nothing by itself. If inherited as ignored, it stays
/// ignored.
pub fn each_interrupt(act: impl Fn() + Send + 'static) -> anyhow::Result<()> {
    if ignored_signals() >> (SIGINT - 1) & 1 != 0 {
        return Ok(());
    }
    EACH.store(true, Ordering::Relaxed);
    let mut signals = Signals::new([SIGINT]).context("cannot catch signals")?;
    let run = move || signals.forever().for_each(|_| act());
    thread::Builder::new().name("signals".to_owned()).spawn(run).context("cannot start a thread")?;
    Ok(())
}

/// The signals that were ignored from the start, signal 1 in the lowest bit (proc(5), SigIgn).
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
