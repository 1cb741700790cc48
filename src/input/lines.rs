//! Reads a log line by line, in memory that does not grow with the log.

use memchr::{memchr, memrchr};

use super::chunks::Chunk;
use super::error::ReadError;
use super::open::Log;
use super::splitter::{LINE_CAP, strip};

/// How many bytes before the current offset [`Lines::before`] can give.
pub const TAIL: usize = 256;

/// Bytes per read.
const BLOCK: usize = 512 << 10;

/// The largest buffer: the longest line, the bytes before it and one block.
const MOST: usize = TAIL + LINE_CAP + BLOCK;

/// One line, borrowed from the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its bytes without the line ending (`\n` or `\r\n`); the first [`LINE_CAP`] if `too_long`.
    pub bytes: &'a [u8],
    /// The uncompressed offset after it, newline included.
    pub end: u64,
    /// Whether it ended with a newline. Only the last line of a log may not.
    pub complete: bool,
    /// Whether it was longer than [`LINE_CAP`].
    pub too_long: bool,
}

/// The lines of a log, each borrowed until the next is requested.
pub struct Lines {
    log: Log,
    buf: Vec<u8>,
    /// Where the next line begins in `buf`. The bytes before it, up to [`TAIL`], are those before
    /// it in the log.
    pos: usize,
    /// No newline lies between `pos` and here.
    scanned: usize,
    /// Where the bytes in `buf` end.
    filled: usize,
    /// Uncompressed offset of `pos`.
    offset: u64,
    done: bool,
}

/// A line's position in the buffer.
struct Span {
    start: usize,
    stop: usize,
    complete: bool,
    too_long: bool,
}

impl Lines {
    /// The rest of a log, line by line.
    pub fn new(log: Log) -> Lines {
        let offset = log.offset();
        Lines { log, buf: vec![0; TAIL + BLOCK], pos: 0, scanned: 0, filled: 0, offset, done: false }
    }

    /// The log being read, for its name and metadata.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The uncompressed offset after the last line returned, or skipped to.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The last bytes before [`Lines::offset`], at most [`TAIL`]; fewer only at the start of the
    /// log or where reading began.
    pub fn before(&self) -> &[u8] {
        &self.buf[self.pos.saturating_sub(TAIL)..self.pos]
    }

    /// The next line; none at the end of the log. All complete lines before damaged data come first, then the error,
    /// then none. The partial line right before the damage is not returned.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Line<'_>>, ReadError> {
        let Some(found) = self.find()? else {
            return Ok(None);
        };
        let bytes = &self.buf[found.start..found.stop];
        let bytes = if found.too_long { bytes } else { strip(bytes) };
        Ok(Some(Line { bytes, end: self.offset, complete: found.complete, too_long: found.too_long }))
    }

    /// All whole lines in the buffer, which `memory` replaces; reads on if there are none. Errors as in
    /// [`Lines::next`].
    pub fn chunk(&mut self, memory: Vec<u8>) -> Result<Option<Chunk>, ReadError> {
        loop {
            if let Some(at) = memrchr(b'\n', &self.buf[self.scanned..self.filled]) {
                let found = self.take(self.scanned + at, true);
                let lines = found.start..self.pos;
                return Ok(Some(Chunk::new(self.replace_buffer(memory), lines, false)));
            }
            self.scanned = self.filled;
            let is_long = self.filled - self.pos > LINE_CAP;
            if is_long || self.done || !self.fill()? {
                let Some(line) = self.next()? else { return Ok(None) };
                return Ok(Some(Chunk::new(line.bytes.to_vec(), 0..line.bytes.len(), line.too_long)));
            }
        }
    }

    /// Continues in `memory` with what is still needed; returns the old buffer as it is.
    fn replace_buffer(&mut self, mut memory: Vec<u8>) -> Vec<u8> {
        let shift = self.pos.saturating_sub(TAIL);
        let kept = &self.buf[shift..self.filled];
        memory.resize(memory.len().max(kept.len()).max(TAIL + BLOCK), 0);
        memory[..kept.len()].copy_from_slice(kept);
        self.pos -= shift;
        self.scanned -= shift;
        self.filled -= shift;
        std::mem::replace(&mut self.buf, memory)
    }

    /// Skips forward to an uncompressed offset, to continue from there, and returns the offset reached, which is
    /// smaller if the log is shorter. [`Lines::before`] then returns the bytes before it. Never goes back.
    pub fn skip_to(&mut self, offset: u64) -> Result<u64, ReadError> {
        let near = offset.saturating_sub(TAIL as u64);
        if self.log.is_plain() && near > self.log.offset() {
            self.offset = self.log.skip_to(near)?;
            (self.pos, self.scanned, self.filled) = (0, 0, 0);
        }
        while self.offset < offset && (self.pos < self.filled || self.fill()?) {
            let held = self.filled - self.pos;
            let step = held.min(usize::try_from(offset - self.offset).unwrap_or(held));
            self.pos += step;
            self.scanned = self.pos;
            self.offset += step as u64;
        }
        Ok(self.offset)
    }

    fn find(&mut self) -> Result<Option<Span>, ReadError> {
        loop {
            if let Some(at) = memchr(b'\n', &self.buf[self.scanned..self.filled]) {
                return Ok(Some(self.take(self.scanned + at, true)));
            }
            self.scanned = self.filled;
            if self.filled - self.pos > LINE_CAP {
                return self.find_end_of_long().map(Some);
            }
            if self.done || !self.fill()? {
                let unfinished = self.pos < self.filled;
                return Ok(unfinished.then(|| self.take(self.filled, false)));
            }
        }
    }

    /// The line from `pos` to `stop`, which is the newline if it is complete.
    fn take(&mut self, stop: usize, complete: bool) -> Span {
        let start = self.pos;
        let too_long = stop - start > LINE_CAP;
        self.pos = stop + usize::from(complete);
        self.scanned = self.pos;
        self.offset += (self.pos - start) as u64;
        Span { start, stop: stop.min(start + LINE_CAP), complete, too_long }
    }

    /// Reads the rest of a line after its first [`LINE_CAP`] bytes, keeping only the end of it.
    fn find_end_of_long(&mut self) -> Result<Span, ReadError> {
        self.make_room();
        let start = self.pos;
        let rest = start + LINE_CAP;
        let mut dropped = 0;
        loop {
            if self.filled == self.buf.len() {
                dropped += (self.filled - TAIL - rest) as u64;
                self.buf.copy_within(self.filled - TAIL.., rest);
                self.filled = rest + TAIL;
                self.scanned = self.filled;
            }
            let more = self.read_on()?;
            let newline = memchr(b'\n', &self.buf[self.scanned..self.filled]);
            if newline.is_some() || !more {
                self.offset += dropped;
                return Ok(match newline {
                    Some(at) => self.take(self.scanned + at, true),
                    None => self.take(self.filled, false),
                });
            }
            self.scanned = self.filled;
        }
    }

    /// Reads more into the buffer. False at the end of the log.
    fn fill(&mut self) -> Result<bool, ReadError> {
        if self.filled == self.buf.len() {
            self.make_room();
        }
        self.read_on()
    }

    /// Moves what is still needed to the front; grows the buffer if a line fills it.
    fn make_room(&mut self) {
        let shift = self.pos.saturating_sub(TAIL);
        self.buf.copy_within(shift..self.filled, 0);
        self.pos -= shift;
        self.scanned -= shift;
        self.filled -= shift;
        if self.filled - self.pos > LINE_CAP {
            self.buf.resize(MOST, 0);
        } else if self.filled == self.buf.len() {
            self.buf.resize((self.buf.len() * 2).min(MOST), 0);
        }
    }

    fn read_on(&mut self) -> Result<bool, ReadError> {
        if self.done {
            return Ok(false);
        }
        match self.log.read(&mut self.buf[self.filled..]) {
            Ok(read) => {
                self.filled += read;
                self.done = read == 0;
                Ok(read > 0)
            }
            Err(error) => {
                self.done = true;
                self.filled = self.pos;
                self.scanned = self.pos;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests;
