//! Splits chunks of bytes into lines; a line may span many chunks.

use memchr::memchr;

/// Maximum bytes kept of one line. The kernel's log lines are under 1 KiB (`LOG_LINE_MAX` in kernel/printk); anything
/// longer than this is not a log.
pub const LINE_CAP: usize = 1 << 20;

/// A line appended to a log.
#[derive(Clone, Copy, Debug)]
pub struct NewLine<'a> {
    /// Its bytes without the line ending (`\n` or `\r\n`); the first [`LINE_CAP`] if `too_long`.
    pub bytes: &'a [u8],
    /// Whether it was longer than [`LINE_CAP`].
    pub too_long: bool,
}

/// The unfinished line between two chunks. Holds at most [`LINE_CAP`] bytes.
#[derive(Default)]
pub(super) struct Splitter {
    partial: Vec<u8>,
    /// Whether it was longer than that.
    too_long: bool,
}

impl Splitter {
    /// Passes on each line that the chunk completes, without its line ending (`\n` or `\r\n`). A line over
    /// [`LINE_CAP`] is cut to its first [`LINE_CAP`] bytes.
    pub(super) fn feed(&mut self, mut chunk: &[u8], each: &mut dyn FnMut(NewLine<'_>)) {
        while let Some(newline) = memchr(b'\n', chunk) {
            let (line, rest) = (&chunk[..newline], &chunk[newline + 1..]);
            if self.partial.is_empty() {
                let too_long = line.len() > LINE_CAP;
                let bytes = if too_long { &line[..LINE_CAP] } else { strip(line) };
                each(NewLine { bytes, too_long });
            } else {
                self.keep(line);
                self.give(each);
            }
            chunk = rest;
        }
        self.keep(chunk);
    }

    /// Passes on the last line, which has no newline and will get none.
    pub(super) fn finish(&mut self, each: &mut dyn FnMut(NewLine<'_>)) {
        if !self.partial.is_empty() {
            self.give(each);
        }
    }

    fn give(&mut self, each: &mut dyn FnMut(NewLine<'_>)) {
        let bytes = if self.too_long { &self.partial } else { strip(&self.partial) };
        each(NewLine { bytes, too_long: self.too_long });
        self.partial.clear();
        self.too_long = false;
        // One huge line must not hold a megabyte for the rest of a follow.
        self.partial.shrink_to(64 << 10);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_CAP - self.partial.len().min(LINE_CAP);
        self.too_long |= bytes.len() > room;
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// The line without one trailing `\r`.
pub(super) fn strip(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(chunks: &[&[u8]]) -> (Vec<String>, Vec<String>) {
        let mut splitter = Splitter::default();
        let mut lines = Vec::new();
        for chunk in chunks {
            splitter.feed(chunk, &mut |line| lines.push(String::from_utf8_lossy(line.bytes).into_owned()));
        }
        let mut rest = Vec::new();
        splitter.finish(&mut |line| rest.push(String::from_utf8_lossy(line.bytes).into_owned()));
        (lines, rest)
    }

    #[test]
    fn a_line_may_span_chunks() {
        let (lines, rest) = split(&[b"one\ntw", b"", b"o\r", b"\n\nth", b"ree"]);
        assert_eq!(lines, ["one", "two", ""]);
        assert_eq!(rest, ["three"]);
    }

    #[test]
    fn a_line_over_the_cap_is_cut_and_the_next_is_whole() {
        let long = vec![b'x'; LINE_CAP];
        let mut splitter = Splitter::default();
        let mut lengths = Vec::new();
        for chunk in [&long[..], b"tail", b"\nnext\n"] {
            splitter.feed(chunk, &mut |line| lengths.push((line.bytes.len(), line.too_long)));
        }
        assert_eq!(lengths, [(LINE_CAP, true), (4, false)]);
    }
}
