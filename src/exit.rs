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
    /// The process is to end as this signal ends a process.
    Signal(i32),
}

impl Exit {
    /// The number that the shell sees: 0, 1, 2. A signal's process never gets to give one; should
    /// the signal be blocked, it is 128 plus its number, as shells say it.
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
            // Restores the default action and raises the signal, so that the caller of this
            // process sees what ended it.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
        std::process::exit(i32::from(self.code()))
    }
}

/// What to say of standard output that takes nothing more; nothing if its reader has gone.
pub fn unwritten(error: &io::Error) -> Option<String> {
    let full = format!("cannot write to standard output: {}; make room or send it elsewhere", said(error));
    (error.kind() != io::ErrorKind::BrokenPipe).then_some(full)
}

/// Whether an error is the reader of our output having gone, which is a normal end (`| head`).
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(broken)
}

/// Whether nobody reads any more what is written to a pipe or socket. Writing nothing, one would
/// never be told otherwise.
pub fn reader_is_gone(output: impl std::os::fd::AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut fds = [PollFd::new(&output, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    match poll(&mut fds, Some(&at_once)) {
        Ok(_) => fds[0].revents().intersects(PollFlags::ERR | PollFlags::NVAL),
        Err(_) => false,
    }
}
