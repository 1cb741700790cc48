//! How far a long piece of work has come, on a terminal's stderr.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::text::ending;

/// A bar of bytes read, with lines a second and the time left. Shows nothing where stderr is no
/// terminal.
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
        // A bar of some length stays on a terminal of 80 columns.
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

    /// Takes the bar away.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}
