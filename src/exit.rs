//! How the process ends: exit statuses, death by signal, closed pipes.

use std::io;

use crate::fault::said;

/// An exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Done,
    /// Something could not be read, stored or reached.
    Failed,
    /// Wrong usage; nothing was done.
    Usage,
    /// The process ends as if killed by this signal.
    Signal(i32),
}

impl Exit {
    /// The status that the shell sees: 0, 1 or 2. A process killed by a signal never returns one; if
    /// the signal is blocked, it is 128 plus its number, as shells report it.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Signal(signal) => 128u8.wrapping_add(signal as u8),
        }
    }

    /// Ends the process this way.
    pub fn end(self) -> ! {
        if let Exit::Signal(signal) = self {
            // Restores the default action and raises the signal, so that the parent sees what
            // ended this process.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
        std::process::exit(i32::from(self.code()))
    }
}

/// The message for a failed write to standard output; none if its reader is gone.
pub fn unwritten(error: &io::Error) -> Option<String> {
    let full = format!("cannot write to standard output: {}; make room or send it elsewhere", said(error));
    (error.kind() != io::ErrorKind::BrokenPipe).then_some(full)
}

/// Whether an error means that the reader of our output is gone, a normal end (`| head`).
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(broken)
}

/// Whether a pipe or socket has lost its reader. Without a write, nothing else would reveal it.
pub fn reader_is_gone(output: impl std::os::fd::AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut fds = [PollFd::new(&output, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    match poll(&mut fds, Some(&at_once)) {
        Ok(_) => fds[0].revents().intersects(PollFlags::ERR | PollFlags::NVAL),
        Err(_) => false,
    }
}
