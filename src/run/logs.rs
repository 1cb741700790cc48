//! The logs of a call: checked before anything is done, read in chronological order.

use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};

use super::clock::Clock;
use crate::escape;
use crate::input::{Binary, Journal, Lines, Log, OpenError, Select, looks_binary};
use crate::netfilter::Time;
use crate::netfilter::stats::ParseStats;
use crate::netfilter::timestamp::{Calendar, Reference, Stamp};
use crate::report::stats::{self as words, Widening};

/// How much of a log is searched for its first timestamp.
const SEARCHED: usize = 64 * 1024;

/// Bytes of a typical line.
const LINE: u64 = 200;

/// A log whose file is this much newer than its last packet was copied, or the firewall has long been
/// quiet.
const COPIED_LATER: i64 = 31 * 24 * 3600 * Time::SECOND;

/// How much of a log shows whether it is text.
const HEAD: usize = 4096;

/// A log that opened and whose first block could be read.
pub struct LogSource {
    /// Its path as given, or `standard input`.
    pub name: String,
    path: Option<PathBuf>,
    /// The journal and its boots, if it is one.
    journal: Option<(Journal, Vec<String>)>,
    /// Standard input, a FIFO or another stream, which can be read only once.
    is_stream: bool,
    /// The stream, until it is read.
    opened: Option<Log>,
    first: Option<Time>,
    /// Its timestamps have no year.
    yearless: bool,
    zone: TimeZone,
    reference: Reference,
    binary: Option<Binary>,
    /// Its other names in this call.
    pub also: Vec<String>,
}

/// Where syslog daemons write kernel messages.
const FOLDER: &str = "/var/log";
const NAMES: [&str; 5] = ["iptables", "ufw", "kern", "syslog", "messages"];

/// The logs on this machine that firewalls usually write to: the files of each, the current one first
/// (`kern.log`, `kern.log.1`, `kern.log.2.gz`).
pub fn usual() -> Vec<Vec<PathBuf>> {
    let entries = std::fs::read_dir(FOLDER).into_iter().flatten().flatten();
    let all: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    let of = |name: &&str| {
        let named =
            |path: &&PathBuf| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name));
        let mut files: Vec<PathBuf> = all.iter().filter(named).cloned().collect();
        files.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
        files
    };
    NAMES.iter().map(of).filter(|files| !files.is_empty()).collect()
}

/// Opens each log once and reads its first block, so that nothing is done if one cannot be read.
/// Returns them in the order of their first timestamps, then those without one in the order given, and
/// standard input last.
pub fn check(paths: &[PathBuf], clock: &Clock) -> Result<Vec<LogSource>, OpenError> {
    let mut sources: Vec<LogSource> = Vec::new();
    let mut seen = Vec::new();
    for path in paths {
        if let Some(journal) = Journal::named(path) {
            seen.push(None);
            sources.push(LogSource::journal(journal, path, clock)?);
            continue;
        }
        let is_stdin = path == Path::new("-");
        let mut log = if is_stdin { Log::stdin()? } else { Log::open(path)? };
        log.check()?;
        // One file under two names (a link, or `a.log ./a.log`) is one log.
        let identity = log.device_and_inode();
        let known = seen.iter().position(|other| identity.is_some() && *other == identity);
        if let Some(source) = known.and_then(|at| sources.get_mut(at)).filter(|_| !is_stdin) {
            source.also.push(log.name().to_owned());
            continue;
        }
        seen.push(identity);
        let stamp = (log.is_plain() || log.raw_len().is_some()).then(|| first_stamp(&mut log)).flatten();
        let stream = log.raw_len().is_none();
        let crossing = match (clock.year, stamp) {
            (Some(year), Some(Stamp::Yearless(_))) if !stream => latest_after_new_year(path, year, clock),
            _ => None,
        };
        let reference = crossing.unwrap_or_else(|| clock.reference(log.modified()));
        let mut calendar = Calendar::new(clock.zone.clone(), reference);
        // `check` has already read this much.
        let binary = looks_binary(log.peek(HEAD)?);
        sources.push(LogSource {
            name: log.name().to_owned(),
            path: (!is_stdin).then(|| path.clone()),
            journal: None,
            is_stream: stream,
            opened: stream.then_some(log),
            first: stamp.and_then(|stamp| calendar.place(stamp)),
            yearless: matches!(stamp, Some(Stamp::Yearless(_))),
            zone: clock.zone.clone(),
            reference,
            binary,
            also: Vec::new(),
        });
    }
    sources.sort_by_key(|source| (source.is_stream, source.first.is_none(), source.first));
    Ok(sources)
}

/// Days by which stamps go back at New Year, at least: those of logs put together in any order go back by less.
const NEW_YEAR: i32 = 200;

/// What the stamps of a log that crosses New Year refer to, if its last line is from this year.
fn latest_after_new_year(path: &Path, year: i16, clock: &Clock) -> Option<Reference> {
    let mut lines = Lines::new(Log::open(path).ok()?);
    let (mut latest, mut before, mut crosses) = (None, 0, false);
    while let Ok(Some(line)) = lines.next() {
        let Some(Stamp::Yearless(civil)) = crate::netfilter::stamp(line.bytes) else { continue };
        let day = i32::from(civil.month) * 31 + i32::from(civil.day);
        if before - day > NEW_YEAR {
            (latest, crosses) = (None, true);
        }
        before = day;
        latest = latest.max(Some(civil));
    }
    let latest = Stamp::Yearless(latest.filter(|_| crosses)?);
    Calendar::new(clock.zone.clone(), Reference::Year(year)).place(latest).map(Reference::Latest)
}

/// The first timestamp near a log's beginning; none if there is none or it cannot be read that far.
fn first_stamp(log: &mut Log) -> Option<Stamp> {
    // `check` has already read this much of a log that is damaged further on.
    let wanted = if log.peek(SEARCHED).is_ok() { SEARCHED } else { HEAD };
    log.peek(wanted).ok()?.split(|b| *b == b'\n').find_map(crate::netfilter::stamp)
}

impl LogSource {
    /// A readable journal.
    fn journal(journal: Journal, path: &Path, clock: &Clock) -> Result<LogSource, OpenError> {
        let boots = journal.boots()?;
        let first = match boots.is_empty() {
            true => None,
            // Whether it can be read to the end shows later.
            false => journal.entries(&Select::All)?.next().ok().flatten(),
        };
        Ok(LogSource {
            name: journal.to_string(),
            path: Some(path.to_owned()),
            journal: Some((journal, boots)),
            is_stream: false,
            opened: None,
            first: first.map(|entry| Time(entry.realtime)),
            yearless: false,
            zone: clock.zone.clone(),
            reference: clock.reference(None),
            binary: None,
            also: Vec::new(),
        })
    }

    /// The journal and its boots, if it is one.
    pub fn as_journal(&self) -> Option<(&Journal, &[String])> {
        self.journal.as_ref().map(|(journal, boots)| (journal, boots.as_slice()))
    }

    /// Opens it for reading from the start; a stream only once.
    pub fn open(&mut self) -> Result<Log, OpenError> {
        if let Some((journal, _)) = &self.journal {
            return Log::stream(self.name.clone(), journal.text(&Select::All)?);
        }
        match (self.opened.take(), &self.path) {
            (Some(log), _) => Ok(log),
            (None, Some(path)) => Log::open(path),
            (None, None) => Log::stdin(),
        }
    }

    /// Opens its end: about `bytes` of a file, as many entries of a journal as make that up, all of anything
    /// else. Also returns whether that is less than the whole.
    pub fn open_end(&mut self, bytes: u64) -> Result<(Lines, bool), OpenError> {
        if let Some((journal, _)) = &self.journal {
            let entries = usize::try_from(bytes / LINE).unwrap_or(usize::MAX);
            let text = journal.text(&Select::Last(entries))?;
            return Ok((Lines::new(Log::stream(self.name.clone(), text)?), true));
        }
        let log = self.open()?;
        let begin = log.len_now().unwrap_or(0).saturating_sub(bytes);
        let mut lines = Lines::new(log);
        lines.skip_to(begin)?;
        if begin > 0 {
            // It starts in the middle of a line.
            lines.next()?;
        }
        Ok((lines, begin > 0))
    }

    /// The first time in it, if there is one near its beginning.
    pub fn first(&self) -> Option<Time> {
        self.first
    }

    /// Whether it is a file, which has an identity and can be read again.
    pub fn is_file(&self) -> bool {
        !self.is_stream && self.journal.is_none()
    }

    /// What to say about it if it yielded no packet.
    pub fn nothing(&self, stats: &ParseStats, widening: &Widening) -> String {
        match self.no_text().filter(|_| stats.unknown_prefixes.is_empty()) {
            Some((what, Some(command))) => format!("{} has no packets: {what}.\n  {command}", self.name),
            Some((what, None)) => {
                format!("{} has no packets: {what}; unpack or convert it first.", self.name)
            }
            None => words::nothing(&self.name, stats, widening),
        }
    }

    /// What it is if it is not text, and the command that reads it, if there is one.
    pub fn no_text(&self) -> Option<(&'static str, Option<String>)> {
        let path = self.path();
        Some(match self.binary? {
            Binary::Journal => {
                let journal = escape::shell(&format!("journal:{path}"));
                ("it is a journal file", Some(format!("ipta --analyze {journal}")))
            }
            Binary::Utf16 => {
                let path = escape::shell(&path);
                ("it is text in UTF-16", Some(format!("iconv -f UTF-16 -t UTF-8 {path} | ipta --analyze -")))
            }
            Binary::Other => ("it is binary data, not text", None),
        })
    }

    /// The year assumed for its last packet, and its name, if timestamps have none and the file's own time, weeks
    /// after that packet, says little.
    pub fn guessed_year(&self, stats: &ParseStats) -> Option<(i16, String)> {
        let (Reference::Written(written), Some(last), true) = (self.reference, stats.last, self.yearless)
        else {
            return None;
        };
        if written.0 - last.0 < COPIED_LATER {
            return None;
        }
        let year = jiff::Timestamp::from_microsecond(last.0).ok()?.to_zoned(self.zone.clone()).year();
        Some((year, self.name.clone()))
    }

    /// Its path, quoted for the shell.
    pub fn typed(&self) -> String {
        escape::shell(&self.path())
    }

    /// Its path, for display.
    pub fn path(&self) -> String {
        self.path.as_deref().unwrap_or(Path::new("-")).display().to_string()
    }

    /// The calendar for its timestamps.
    pub fn calendar(&self, clock: &Clock) -> Calendar {
        Calendar::new(clock.zone.clone(), self.reference)
    }
}
