//! A log in runs of whole lines, for those who read several of them side by side.

use std::ops::Range;

use memchr::memchr;

use super::splitter::{LINE_CAP, NewLine, strip};

/// Whole lines of a log in a row, or one that is too long to be kept.
#[derive(Debug, Default)]
pub struct Chunk {
    bytes: Vec<u8>,
    /// Where its lines are, with their ends; only the last of a log may have none.
    lines: Range<usize>,
    /// It is the beginning of one line that was longer than [`LINE_CAP`].
    too_long: bool,
}

impl Chunk {
    pub(super) fn new(bytes: Vec<u8>, lines: Range<usize>, too_long: bool) -> Chunk {
        Chunk { bytes, lines, too_long }
    }

    /// The line that begins at a place (the first one at 0), and where the next one does; none at the end.
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

    /// Takes the memory for another chunk.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
