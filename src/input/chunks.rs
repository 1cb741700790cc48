//! A log in runs of whole lines, for parallel readers.

use std::ops::Range;

use memchr::memchr;

use super::splitter::{LINE_CAP, NewLine, strip};

/// Consecutive whole lines of a log, or one that is too long to keep.
#[derive(Debug, Default)]
pub struct Chunk {
    bytes: Vec<u8>,
    /// The range of its lines, including their endings; only the last line of a log may lack one.
    lines: Range<usize>,
    /// It is the start of one line that was longer than [`LINE_CAP`].
    too_long: bool,
}

impl Chunk {
    pub(super) fn new(bytes: Vec<u8>, lines: Range<usize>, too_long: bool) -> Chunk {
        Chunk { bytes, lines, too_long }
    }

    /// The line at an offset (the first is at 0), and the offset of the next; none at the end.
    pub fn line(&self, at: usize) -> Option<(NewLine<'_>, usize)> {
        let rest = self.bytes[self.lines.clone()].get(at..).filter(|rest| !rest.is_empty())?;
        if self.too_long {
            return Some((NewLine { bytes: rest, too_long: true }, at + rest.len()));
        }
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        let too_long = line.len() > LINE_CAP;
        let bytes = if too_long { &line[..LINE_CAP] } else { strip(line) };
        Some((NewLine { bytes, too_long }, at + end + 1))
    }

    /// Returns the memory, for another chunk.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
