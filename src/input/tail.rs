//! Follows a log by its name, through rotation, truncation and absence.
//!
//! Checks the file again at every poll and never trusts an event, so it stays correct even if every event is lost.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::error::OpenError;
use super::format::{self, Compression};
use super::growing::{Drained, Growing, Identity, identity};
use super::open::read_fully;
use super::splitter::NewLine;

/// Bytes read per poll, so that a flooded caller still gets to check its signals.
const BUDGET: usize = 1 << 20;

/// How long a name may be missing before that is reported: a rotation removes it for a moment.
const GRACE: Duration = Duration::from_secs(1);

/// How long a file is still read after it lost its name. syslogd writes to the old one until told otherwise.
const RETIRE: Duration = Duration::from_secs(60);

/// How many such files are kept open.
const RETIRED: usize = 16;

/// How far a filesystem's clock may lag behind the system's: two ticks of 100 Hz.
const CLOCK_LAG: Duration = Duration::from_millis(20);

/// Something that happened to a followed log, reported in a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The log does not exist yet.
    Waiting,
    /// A new file took the name; the old one was read to its end.
    Rotated,
    /// The file was emptied or rewritten (copytruncate); it is read from its start.
    Truncated,
    /// The name has been gone for a second.
    Vanished,
    /// The name is back, or there for the first time.
    Returned,
    /// The file that has the name now cannot be read; the text says why.
    Unreadable(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Event::Waiting => "does not exist yet; waiting for it",
            Event::Rotated => "was rotated; continuing with the new file",
            Event::Truncated => "was truncated; continuing from its start",
            Event::Vanished => "is gone; waiting for it to return",
            Event::Returned => "has appeared; reading it from its start",
            Event::Unreadable(why) => return write!(f, "cannot be read ({why}); trying again"),
        })
    }
}

/// What a poll found besides lines.
#[derive(Debug, Default)]
pub struct Polled {
    /// What happened, in order; usually nothing.
    pub events: Vec<Event>,
    /// There is more to read right away: poll again without waiting.
    pub more: bool,
    /// Nothing more will come. Only a pipe ends.
    pub ended: bool,
}

/// A log followed by its name.
pub struct Tail {
    path: PathBuf,
    current: Option<Growing>,
    /// Files that lost the name and may still be written to, oldest first.
    retired: Vec<Growing>,
    /// When the name last led to `current`.
    confirmed: SystemTime,
    missing_since: Option<Instant>,
    told: Told,
    /// The last read of `current` failed.
    failing: bool,
    grace: Duration,
    retire: Duration,
}

/// What was last reported about a name that yields nothing, so that it is reported once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    Missing,
    Unreadable,
}

impl Tail {
    /// Starts with the last `last_lines` existing lines (0: only new ones). Waits for a name that does not exist yet;
    /// a folder, a compressed file, an archive, a database and a file without read permission are errors.
    pub fn open(path: &Path, last_lines: usize) -> Result<Tail, OpenError> {
        let failed = |source| OpenError::of(path, source);
        let current = match regular(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                return Err(OpenError::Directory { name: path.display().to_string() });
            }
            file => {
                let file = file.map_err(failed)?;
                let head = head_of(&file).map_err(failed)?;
                let (name, format) = (path.display().to_string(), Compression::of(&head));
                if let Some(error) = OpenError::no_log(&name, &head) {
                    return Err(error);
                }
                if format != Compression::Plain {
                    return Err(OpenError::Compressed { name, format });
                }
                Some(Growing::at_last_lines(file, last_lines).map_err(failed)?)
            }
        };
        Ok(Tail {
            path: path.to_owned(),
            current,
            retired: Vec::new(),
            confirmed: SystemTime::now(),
            missing_since: None,
            told: Told::Nothing,
            failing: false,
            grace: GRACE,
            retire: RETIRE,
        })
    }

    /// Checks the file and passes on every complete line, in order ([`NewLine`]). A last line without its newline
    /// waits for it, or for the end of its file.
    pub fn poll(&mut self, each: &mut dyn FnMut(NewLine<'_>)) -> Polled {
        let mut polled = Polled::default();
        let mut budget = BUDGET;
        self.drain_retired(&mut budget, each);
        self.drain_current(&mut budget, each, &mut polled.events);
        if budget > 0 {
            self.look_at_name(&mut budget, each, &mut polled.events);
        }
        polled.more = budget == 0;
        polled
    }

    /// Reads what was written to files that had the name before.
    fn drain_retired(&mut self, budget: &mut usize, each: &mut dyn FnMut(NewLine<'_>)) {
        let retire = self.retire;
        self.retired.retain_mut(|old| match old.drain(budget, each) {
            Ok(Drained::More) => true,
            Ok(Drained::End) if old.grew.elapsed() < retire => true,
            // Truncated after its rotation, unreadable, or silent for long enough: it is finished.
            _ => {
                old.finish(each);
                false
            }
        });
    }

    /// Limits the open files when rotations come faster than files retire.
    fn forget_oldest(&mut self, each: &mut dyn FnMut(NewLine<'_>)) {
        while self.retired.len() > RETIRED {
            self.retired.remove(0).finish(each);
        }
    }

    fn drain_current(
        &mut self,
        budget: &mut usize,
        each: &mut dyn FnMut(NewLine<'_>),
        events: &mut Vec<Event>,
    ) {
        while let Some(current) = &mut self.current {
            match current.drain(budget, each) {
                Ok(Drained::End | Drained::More) => {
                    self.failing = false;
                    return;
                }
                Ok(Drained::Changed) => {
                    let copy = self.copy_of_current();
                    let Some(current) = &mut self.current else { return };
                    if let Some(mut copy) = copy {
                        // Drained completely, whatever the budget: a copy does not grow. What an error in it leaves
                        // out is as lost as before.
                        let mut all = usize::MAX;
                        let _ = copy.drain(&mut all, each);
                        copy.finish(each);
                    }
                    current.finish(each);
                    current.restart();
                    events.push(Event::Truncated);
                }
                Err(error) => {
                    // A handle may be stale (NFS) while the file itself is still there, unchanged.
                    let again = regular(&self.path).and_then(|file| current.continued_in(file));
                    if let Ok(Some(growing)) = again {
                        *current = growing;
                    }
                    self.failing = true;
                    self.unreadable(&error, events);
                    return;
                }
            }
        }
    }

    /// Checks whether the name still leads to the file being read, and acts if it does not.
    fn look_at_name(
        &mut self,
        budget: &mut usize,
        each: &mut dyn FnMut(NewLine<'_>),
        events: &mut Vec<Event>,
    ) {
        let now = SystemTime::now();
        let file = match fs::metadata(&self.path) {
            Ok(facts) if self.current.as_ref().is_some_and(|c| c.identity() == identity(&facts)) => {
                self.found(now);
                return;
            }
            Ok(_) => regular(&self.path),
            Err(error) => Err(error),
        };
        let new = file.and_then(|file| Ok((identity(&file.metadata()?), file)));
        match new {
            Ok((id, file)) => {
                let was_there = self.current.is_some();
                self.retire_current(Some(id));
                // What the old file received between the last read and the loss of its name.
                self.drain_retired(budget, each);
                self.forget_oldest(each);
                match self.take_over(id, file) {
                    Ok(growing) => {
                        let silent = was_there && self.told == Told::Nothing;
                        events.push(if silent { Event::Rotated } else { Event::Returned });
                        self.current = Some(growing);
                        self.failing = false;
                        self.found(now);
                        self.drain_current(budget, each, events);
                    }
                    Err(error) => self.unreadable(&error, events),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.missing(each, events),
            Err(error) => self.unreadable(&error, events),
        }
    }

    /// The file that has the name now, from its start, or from where reading stopped if it had the name before.
    fn take_over(&mut self, id: Identity, file: File) -> io::Result<Growing> {
        match self.retired.iter().position(|old| old.identity() == id) {
            Some(at) => Ok(self.retired.remove(at)),
            None => Growing::new(file, 0),
        }
    }

    /// Moves the file that lost the name to the retired ones, followed by those that had the name only between two
    /// polls.
    fn retire_current(&mut self, new: Option<Identity>) {
        let Some(mut old) = self.current.take() else {
            return;
        };
        old.grew = Instant::now();
        self.retired.push(old);
        let since = self.confirmed.checked_sub(CLOCK_LAG).unwrap_or(self.confirmed);
        let known: Vec<Identity> = self.retired.iter().map(Growing::identity).chain(new).collect();
        let mut between = self.siblings(|facts| facts.created().is_ok_and(|made| made > since));
        between.retain(|sibling| !known.contains(&sibling.identity));
        between.sort_by_key(|sibling| sibling.created);
        self.retired.extend(between.into_iter().filter_map(|sibling| Growing::new(sibling.file, 0).ok()));
    }

    /// The copy that copytruncate made, positioned where reading the current file stopped.
    fn copy_of_current(&mut self) -> Option<Growing> {
        let since = self.confirmed.checked_sub(CLOCK_LAG).unwrap_or(self.confirmed);
        let copies = self.siblings(|facts| facts.modified().is_ok_and(|written| written >= since));
        let current = self.current.as_mut()?;
        let id = current.identity();
        let others = copies.into_iter().filter(|copy| copy.identity != id);
        others.filter_map(|copy| current.continued_in(copy.file).ok().flatten()).next()
    }

    /// Plain files next to the log whose names extend its name, as rotation creates them.
    fn siblings(&self, wanted: impl Fn(&fs::Metadata) -> bool) -> Vec<Sibling> {
        let real = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let (Some(folder), Some(name)) = (real.parent(), real.file_name()) else {
            return Vec::new();
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let name = name.as_encoded_bytes();
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        let rotated = |entry: &fs::DirEntry| {
            let file_name = entry.file_name();
            let rest = file_name.as_encoded_bytes().strip_prefix(name);
            rest.is_some_and(|rest| matches!(rest.first(), Some(b'.' | b'-')))
        };
        let open = |entry: fs::DirEntry| {
            let facts = entry.metadata().ok().filter(|facts| facts.is_file() && wanted(facts))?;
            let file = regular(&entry.path()).ok()?;
            let plain = Compression::of(&head_of(&file).ok()?) == Compression::Plain;
            plain.then(|| Sibling { file, identity: identity(&facts), created: facts.created().ok() })
        };
        entries.flatten().filter(rotated).filter_map(open).collect()
    }

    fn found(&mut self, now: SystemTime) {
        self.confirmed = now;
        self.missing_since = None;
        if !self.failing {
            self.told = Told::Nothing;
        }
    }

    fn missing(&mut self, each: &mut dyn FnMut(NewLine<'_>), events: &mut Vec<Event>) {
        let since = *self.missing_since.get_or_insert_with(Instant::now);
        let never_there = self.current.is_none() && self.told == Told::Nothing;
        if never_there {
            self.told = Told::Missing;
            events.push(Event::Waiting);
        } else if self.told != Told::Missing && since.elapsed() >= self.grace {
            self.told = Told::Missing;
            events.push(Event::Vanished);
        }
        // A deleted file occupies its disk space as long as someone has it open.
        let (retire, current) = (self.retire, self.current.as_mut());
        if let Some(current) = current.filter(|c| since.elapsed().min(c.grew.elapsed()) >= retire) {
            current.finish(each);
            self.current = None;
        }
    }

    fn unreadable(&mut self, error: &io::Error, events: &mut Vec<Event>) {
        if self.told != Told::Unreadable {
            self.told = Told::Unreadable;
            events.push(Event::Unreadable(error.to_string()));
        }
    }
}

struct Sibling {
    file: File,
    identity: Identity,
    created: Option<SystemTime>,
}

/// Opens a regular file. Opening a FIFO would wait for a writer, so the type is checked first.
fn regular(path: &Path) -> io::Result<File> {
    let facts = fs::metadata(path)?;
    if facts.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    if !facts.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    File::open(path)
}

/// The bytes of a file that tell its format.
fn head_of(file: &File) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt;
    let mut head = vec![0; format::HEAD];
    let held = read_fully(&mut head, |buf, at| file.read_at(buf, at as u64))?;
    head.truncate(held);
    Ok(head)
}

#[cfg(test)]
mod tests;
