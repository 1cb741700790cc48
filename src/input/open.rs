//! A log as a stream of uncompressed bytes, whatever its format.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::error::{OpenError, ReadError};
use super::format::Compression;

/// Bytes decoded per read. A decoder drops what it decoded in the call that fails, so this is also the most that is
/// lost before damaged data.
const SLICE: usize = 16 << 10;

/// Raw bytes read from a compressed log at a time.
const RAW: usize = 64 << 10;

/// Bytes that `check` reads.
const FIRST_BLOCK: usize = 4096;

/// An open log. Delivers its uncompressed bytes in order, and what is known about the file.
pub struct Log {
    name: String,
    path: Option<PathBuf>,
    facts: Option<Metadata>,
    format: Compression,
    source: ByteSource,
    progress: Arc<AtomicU64>,
    /// Uncompressed bytes that were peeked at.
    peeked: Vec<u8>,
    peeked_at: usize,
    offset: u64,
    observer: Option<Observer>,
}

/// Sees the uncompressed bytes of a log as they are read, with their offset.
pub type Observer = Box<dyn FnMut(u64, &[u8]) + Send>;

enum ByteSource {
    /// A plain regular file, which is seekable.
    Plain(File),
    Stream(Box<dyn Read + Send>),
}

impl Log {
    /// Opens a file, compressed or not, a FIFO or a device. Opening a FIFO waits for its writer.
    pub fn open(path: &Path) -> Result<Log, OpenError> {
        let file = File::open(path).map_err(|source| OpenError::of(path, source))?;
        let facts = file.metadata().map_err(|source| OpenError::of(path, source))?;
        let name = path.display().to_string();
        if facts.is_dir() {
            return Err(OpenError::Directory { name });
        }
        if !facts.is_file() {
            let mut log = Log::stream(name, file)?;
            log.path = Some(path.to_owned());
            return Ok(log);
        }
        let mut head = [0; 6];
        let held = read_fully(&mut head, |buf, at| file.read_at(buf, at as u64))
            .map_err(|source| ReadError::of(&name, Compression::Plain, 0, source))?;
        let format = Compression::of(&head[..held]);
        let progress = Arc::new(AtomicU64::new(0));
        let source = if format == Compression::Plain {
            ByteSource::Plain(file)
        } else {
            let raw = CountingReader { inner: file, progress: Arc::clone(&progress) };
            ByteSource::Stream(decode(&name, format, raw)?)
        };
        let path = Some(path.to_owned());
        Ok(Log::new(name, path, Some(facts), format, source, progress))
    }

    /// Standard input, compressed or not.
    pub fn stdin() -> Result<Log, OpenError> {
        let name = "standard input".to_owned();
        // A duplicate of the descriptor, because std's own Stdin would buffer a second time.
        match io::stdin().as_fd().try_clone_to_owned() {
            Ok(fd) => {
                let file = File::from(fd);
                let facts = file.metadata().ok();
                if facts.as_ref().is_some_and(Metadata::is_dir) {
                    return Err(OpenError::Directory { name });
                }
                Log::stream(name, file)
            }
            Err(cause) => Err(OpenError::Io { name, cause }),
        }
    }

    /// Any stream of bytes, compressed or not, with a name for messages. Reads only as many bytes as it takes to
    /// detect the format.
    pub fn stream<R>(name: String, raw: R) -> Result<Log, OpenError>
    where
        R: Read + Send + 'static,
    {
        let progress = Arc::new(AtomicU64::new(0));
        let mut raw = CountingReader { inner: raw, progress: Arc::clone(&progress) };
        let mut head = Vec::new();
        while Compression::undecided(&head) {
            let mut byte = [0];
            match raw.read(&mut byte) {
                Ok(0) => break,
                Ok(_) => head.push(byte[0]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(ReadError::of(&name, Compression::Plain, 0, source).into()),
            }
        }
        let format = Compression::of(&head);
        let source = ByteSource::Stream(decode(&name, format, Cursor::new(head).chain(raw))?);
        Ok(Log::new(name, None, None, format, source, progress))
    }

    fn new(
        name: String,
        path: Option<PathBuf>,
        facts: Option<Metadata>,
        format: Compression,
        source: ByteSource,
        progress: Arc<AtomicU64>,
    ) -> Log {
        Log {
            name,
            path,
            facts,
            format,
            source,
            progress,
            peeked: Vec::new(),
            peeked_at: 0,
            offset: 0,
            observer: None,
        }
    }

    /// The path as given, or `standard input`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is compressed.
    #[cfg(test)]
    pub fn format(&self) -> Compression {
        self.format
    }

    /// Whether it is an uncompressed regular file, which is seekable and may grow.
    pub fn is_plain(&self) -> bool {
        matches!(self.source, ByteSource::Plain(_))
    }

    /// When the file was last written; none for standard input, a FIFO or a device.
    pub fn modified(&self) -> Option<SystemTime> {
        self.facts.as_ref()?.modified().ok()
    }

    /// Device and inode of a regular file. For display and for detecting a file given twice.
    pub fn device_and_inode(&self) -> Option<(u64, u64)> {
        self.facts.as_ref().map(|facts| (facts.dev(), facts.ino()))
    }

    /// Size of the file on disk when it was opened (compressed, if it is), in bytes; none for a stream.
    pub fn raw_len(&self) -> Option<u64> {
        self.facts.as_ref().map(Metadata::len)
    }

    /// Bytes read so far from the file on disk, to compare with [`Log::raw_len`]. Shared, so that a progress bar can
    /// look while another thread reads.
    pub fn progress(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.progress)
    }

    /// Current size of a plain file, in bytes; none for anything else.
    pub fn len_now(&self) -> Option<u64> {
        match &self.source {
            ByteSource::Plain(file) => file.metadata().ok().map(|facts| facts.len()),
            ByteSource::Stream(_) => None,
        }
    }

    /// Reads from a plain file at an offset, without moving. Returns fewer bytes than requested only at the end of
    /// the file. None for anything but a plain file.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> Option<Result<usize, ReadError>> {
        let ByteSource::Plain(file) = &self.source else {
            return None;
        };
        let read = read_fully(buf, |buf, at| file.read_at(buf, offset.saturating_add(at as u64)));
        Some(read.map_err(|source| ReadError::of(&self.name, self.format, offset, source)))
    }

    /// Uncompressed bytes delivered so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads (and decompresses) the first block, keeping it for later. Call it before changing anything elsewhere: a
    /// log that cannot be read at all fails here.
    pub fn check(&mut self) -> Result<(), OpenError> {
        let head = self.peek(FIRST_BLOCK)?.to_owned();
        OpenError::no_log(self.name(), &head).map_or(Ok(()), Err)
    }

    /// The next `wanted` uncompressed bytes without consuming them; fewer only at the end of the log.
    pub fn peek(&mut self, wanted: usize) -> Result<&[u8], ReadError> {
        self.peeked.drain(..self.peeked_at);
        self.peeked_at = 0;
        while self.peeked.len() < wanted {
            let mut block = vec![0; wanted - self.peeked.len()];
            let read = self.read_source(&mut block)?;
            if read == 0 {
                break;
            }
            self.peeked.extend_from_slice(&block[..read]);
        }
        Ok(self.peeked.get(..wanted).unwrap_or(&self.peeked))
    }

    /// Reads some uncompressed bytes; 0 at the end. All good bytes come before an error, except that a decoder may
    /// drop up to 16 KiB right before damaged data.
    pub fn read(&mut self, buf: &mut [u8]) -> Result<usize, ReadError> {
        let held = self.peeked.get(self.peeked_at..).unwrap_or_default();
        let read = if held.is_empty() {
            self.read_source(buf)?
        } else {
            let part = held.len().min(buf.len());
            buf[..part].copy_from_slice(&held[..part]);
            self.peeked_at += part;
            part
        };
        if let Some(observer) = &mut self.observer {
            observer(self.offset, &buf[..read]);
        }
        self.offset += read as u64;
        Ok(read)
    }

    /// Sets the observer of all bytes read from now on; it does not see those that are seeked over.
    pub fn observe(&mut self, observer: impl FnMut(u64, &[u8]) + Send + 'static) {
        self.observer = Some(Box::new(observer));
    }

    /// Skips to an uncompressed offset and returns the offset reached, which is smaller if the log is shorter. Seeks
    /// in a plain file, reads and discards a stream; a stream never goes back.
    pub fn skip_to(&mut self, offset: u64) -> Result<u64, ReadError> {
        if let ByteSource::Plain(file) = &mut self.source {
            let failed = |source| ReadError::of(&self.name, Compression::Plain, self.offset, source);
            let len = file.metadata().map_err(failed)?.len();
            self.offset = file.seek(SeekFrom::Start(offset.min(len))).map_err(failed)?;
            self.peeked.clear();
            self.peeked_at = 0;
            self.progress.store(self.offset, Ordering::Relaxed);
            return Ok(self.offset);
        }
        let mut dropped = vec![0; SLICE];
        while self.offset < offset {
            let part = (offset - self.offset).min(SLICE as u64) as usize;
            if self.read(&mut dropped[..part])? == 0 {
                break;
            }
        }
        Ok(self.offset)
    }

    /// Reads past the peeked bytes.
    fn read_source(&mut self, buf: &mut [u8]) -> Result<usize, ReadError> {
        let peeked = self.peeked.len().saturating_sub(self.peeked_at) as u64;
        let good = self.offset + peeked;
        loop {
            let read = match &mut self.source {
                ByteSource::Plain(file) => file.read(buf),
                ByteSource::Stream(stream) => {
                    let part = buf.len().min(SLICE);
                    stream.read(&mut buf[..part])
                }
            };
            match read {
                Ok(0) if !buf.is_empty() => return self.at_the_end(good).map(|()| 0),
                Ok(read) => {
                    if self.is_plain() {
                        self.progress.fetch_add(read as u64, Ordering::Relaxed);
                    }
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(ReadError::of(&self.name, self.format, good, source)),
            }
        }
    }

    /// Fails if a plain file ends before the size it had when it was opened. (A file in /proc claims to be empty, so
    /// it never ends early.)
    fn at_the_end(&self, good: u64) -> Result<(), ReadError> {
        match (self.len_now(), self.raw_len()) {
            (Some(now), Some(opened)) if good < opened => {
                Err(ReadError::Shrunk { name: self.name.clone(), good, now })
            }
            _ => Ok(()),
        }
    }
}

/// Counts the bytes read from underneath a decoder.
struct CountingReader<R> {
    inner: R,
    progress: Arc<AtomicU64>,
}

impl<R: Read> Read for CountingReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buf)?;
        self.progress.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

fn decode<R>(name: &str, format: Compression, raw: R) -> Result<Box<dyn Read + Send>, ReadError>
where
    R: Read + Send + 'static,
{
    // Plain text needs no decoder; a second buffer would only copy.
    if format == Compression::Plain {
        return Ok(Box::new(raw));
    }
    let raw = BufReader::with_capacity(RAW, raw);
    format.decoder(raw).map_err(|source| ReadError::of(name, format, 0, source))
}

/// Calls `read` with the rest of the buffer and the number of bytes held, until it is full or at the end.
pub(super) fn read_fully(
    buf: &mut [u8],
    mut read: impl FnMut(&mut [u8], usize) -> io::Result<usize>,
) -> io::Result<usize> {
    let mut held = 0;
    while held < buf.len() {
        match read(&mut buf[held..], held) {
            Ok(0) => break,
            Ok(more) => held += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(held)
}

/// What a log that is not text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// A journal file.
    Journal,
    /// Text in UTF-16.
    Utf16,
    /// Something else: a program, an image, data in an unknown format.
    Other,
}

/// Whether a log looks binary: more than one in twenty of its first bytes is a control character that no log
/// contains. Not true of UTF-8, Latin-1 and colored text. A hint for a note, not a reason to reject a log.
pub fn looks_binary(head: &[u8]) -> Option<Binary> {
    let head = head.get(..FIRST_BLOCK).unwrap_or(head);
    let strange = head.iter().filter(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127)).count();
    (strange * 20 > head.len()).then_some(match head {
        // systemd.io, "Journal File Format", header.
        [b'L', b'P', b'K', b'S', b'H', b'H', b'R', b'H', ..] => Binary::Journal,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Binary::Utf16,
        _ => Binary::Other,
    })
}

#[cfg(test)]
mod tests;
