//! A log in runs of whole lines, for those who read several of them side by side.

use memchr::memchr;

use super::splitter::{LINE_CAP, NewLine, strip};

/// Whole lines of a log in a row, or one that is too long to be kept.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The lines with their ends; only the last of a log may have none.
    bytes: Vec<u8>,
    /// It is the beginning of one line that was longer than [`LINE_CAP`].
    too_long: bool,
}

impl Chunk {
    pub(super) fn new(bytes: Vec<u8>, too_long: bool) -> Chunk {
        Chunk { bytes, too_long }
    }

    /// The line that begins at a place, and where the next one does; none at the end.
    pub fn line(&self, at: usize) -> Option<(NewLine<'_>, usize)> {
        let rest = self.bytes.get(at..).filter(|rest| !rest.is_empty())?;
        if self.too_long {
            return Some((NewLine { bytes: rest, too_long: true }, self.bytes.len()));
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
