//! Progress of long-running work, on a terminal's stderr.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::text::ending;

/// A bar of bytes read, with lines per second and the time left. Shows nothing if stderr is not a terminal.
pub struct Progress {
    bar: ProgressBar,
    read: Arc<AtomicU64>,
    begun: Instant,
    lines: u64,
}

impl Progress {
    /// For a log of `total` bytes, of which `read` counts those read so far.
    pub fn new(name: &str, total: Option<u64>, read: Arc<AtomicU64>, show: bool) -> Self {
        let target = if show { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(total, target);
        let template = "  {prefix} {wide_bar} {bytes}/{total_bytes}, {msg}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("#>-"));
        }
        // Leaves room for the bar on an 80-column terminal.
        bar.set_prefix(ending(&crate::escape::terminal(name), 24));
        Progress { bar, read, begun: Instant::now(), lines: 0 }
    }

    /// Counts lines done.
    pub fn lines(&mut self, lines: u64) {
        self.lines += lines;
        let seconds = self.begun.elapsed().as_secs_f64().max(0.001);
        self.bar.set_message(format!("{:.0} lines/s", self.lines as f64 / seconds));
        self.bar.set_position(self.read.load(Ordering::Relaxed));
    }

    /// Removes the bar.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// How long a report may take before its progress is shown.
const PATIENCE: Duration = Duration::from_secs(1);

/// Rows between two checks of the clock.
const STEP: u64 = 1 << 14;

/// Progress of counting for a report. Shows nothing if stderr is not a terminal, nor in the first second.
pub struct Counting {
    bar: Option<ProgressBar>,
    begun: Instant,
    told: u64,
}

impl Counting {
    /// For this many rows, if known.
    pub fn new(rows: Option<u64>, show: bool) -> Self {
        let bar = show.then(|| {
            let bar = ProgressBar::with_draw_target(rows, ProgressDrawTarget::hidden());
            let template = match rows {
                Some(_) => "  {wide_bar} {human_pos} of {human_len} rows, {eta} left",
                None => "  {human_pos} packets",
            };
            match ProgressStyle::with_template(template) {
                Ok(style) => bar.with_style(style.progress_chars("#>-")),
                Err(_) => bar,
            }
        });
        Counting { bar, begun: Instant::now(), told: 0 }
    }

    /// Takes how many are done.
    pub fn done(&mut self, done: u64) {
        let Some(bar) = self.bar.as_ref().filter(|_| done.saturating_sub(self.told) >= STEP) else { return };
        self.told = done;
        if bar.is_hidden() && self.begun.elapsed() >= PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_position(done);
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}
