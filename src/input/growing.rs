//! One open file that grows: what is new in it, and whether what was read is still there.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::Instant;

use memchr::memrchr_iter;

use super::open::read_fully;
use super::splitter::{NewLine, Splitter};

/// Bytes before the offset that are compared to verify that the content is unchanged.
const KEPT: usize = 256;

/// Bytes per read.
const BLOCK: usize = 64 << 10;

/// Device and inode.
pub(super) type Identity = (u64, u64);

pub(super) fn identity(facts: &Metadata) -> Identity {
    (facts.dev(), facts.ino())
}

/// A file read as it grows. Holding it open prevents reuse of its inode, so two files are never mistaken for one.
pub(super) struct Growing {
    file: File,
    identity: Identity,
    offset: u64,
    /// The last bytes before the offset, as they were read.
    before: Vec<u8>,
    splitter: Splitter,
    /// When data was last read from it.
    pub(super) grew: Instant,
}

/// How far [`Growing::drain`] got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drained {
    /// To the current end of the file.
    End,
    /// As far as the budget allowed.
    More,
    /// What was read is gone: the file was truncated or rewritten.
    Changed,
}

impl Growing {
    /// Reads from an offset on.
    pub(super) fn new(file: File, offset: u64) -> io::Result<Growing> {
        let identity = identity(&file.metadata()?);
        let mut growing = Growing {
            file,
            identity,
            offset,
            before: Vec::new(),
            splitter: Splitter::default(),
            grew: Instant::now(),
        };
        let mut before = vec![0; KEPT.min(usize::try_from(offset).unwrap_or(KEPT))];
        let start = offset - before.len() as u64;
        let held = read_fully(&mut before, |buf, at| growing.file.read_at(buf, start + at as u64))?;
        before.truncate(held);
        growing.before = before;
        Ok(growing)
    }

    /// Reads from the start of the last `lines` lines on. A last line without its newline is not counted; it is
    /// passed on once it is complete.
    pub(super) fn at_last_lines(file: File, lines: usize) -> io::Result<Growing> {
        let len = file.metadata()?.len();
        let start = start_of_last(&file, len, lines)?;
        Growing::new(file, start)
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    /// Passes on every line that is complete now, within a budget of bytes, which it decrements.
    pub(super) fn drain(
        &mut self,
        budget: &mut usize,
        each: &mut dyn FnMut(NewLine<'_>),
    ) -> io::Result<Drained> {
        // One read covers both the bytes before the offset and the new ones, so a truncation between the check and
        // the read cannot slip through.
        let mut block = vec![0; KEPT + BLOCK];
        loop {
            if *budget == 0 {
                return Ok(Drained::More);
            }
            let known = self.before.len();
            let start = self.offset - known as u64;
            let held = match self.file.read_at(&mut block, start) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if block[..held].get(..known) != Some(&self.before[..]) {
                return Ok(Drained::Changed);
            }
            if held == known {
                return Ok(Drained::End);
            }
            self.splitter.feed(&block[known..held], each);
            self.offset += (held - known) as u64;
            self.before.clear();
            self.before.extend_from_slice(&block[held.saturating_sub(KEPT)..held]);
            self.grew = Instant::now();
            *budget = budget.saturating_sub(held - known);
        }
    }

    /// Passes on the last line even without its newline: the file is finished.
    pub(super) fn finish(&mut self, each: &mut dyn FnMut(NewLine<'_>)) {
        self.splitter.finish(each);
    }

    /// Starts over at the beginning of the same file.
    pub(super) fn restart(&mut self) {
        self.offset = 0;
        self.before.clear();
    }

    /// Continues in another file from the same offset, with the unfinished line, if that file holds the same bytes
    /// before it. This finds the lines between the last look and a copytruncate in the copy, and replaces a stale
    /// handle.
    pub(super) fn continued_in(&mut self, other: File) -> io::Result<Option<Growing>> {
        if self.offset == 0 {
            return Ok(None);
        }
        let mut other = Growing::new(other, self.offset)?;
        if other.before != self.before {
            return Ok(None);
        }
        other.splitter = std::mem::take(&mut self.splitter);
        Ok(Some(other))
    }
}

/// Where the last `lines` complete lines begin, reading backwards block by block.
fn start_of_last(file: &File, len: u64, lines: usize) -> io::Result<u64> {
    let mut block = vec![0; BLOCK];
    let mut end = len;
    let mut newlines = 0;
    while end > 0 {
        let start = end.saturating_sub(BLOCK as u64);
        let part = &mut block[..(end - start) as usize];
        let held = read_fully(part, |buf, at| file.read_at(buf, start + at as u64))?;
        for at in memrchr_iter(b'\n', &part[..held]) {
            if newlines == lines {
                return Ok(start + at as u64 + 1);
            }
            newlines += 1;
        }
        end = start;
    }
    Ok(0)
}
