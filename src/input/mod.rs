//! Where log lines come from: files, compressed files, pipes, and files that keep growing.
//!
//! Owns opening, decompressing, splitting into lines and following. Knows nothing of what a line means, where packets
//! go, or the command line: it delivers bytes, offsets and errors.

mod chunks;
mod error;
mod format;
mod growing;
mod journal;
mod lines;
mod open;
mod pipe;
mod splitter;
mod tail;
mod watch;

pub use chunks::Chunk;
pub use error::{OpenError, ReadError};
pub use journal::{Journal, JournalEntries, RunningJournal, Select, hash_of};
pub use lines::Lines;
pub use open::{Binary, Log, looks_binary};
pub use pipe::Pipe;
pub use splitter::NewLine;
pub use tail::{Polled, Tail};
pub use watch::{Alarm, Waker};
