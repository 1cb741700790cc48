//! The systemd journal as a log: the kernel's entries, read by `journalctl`.
//!
//! Reads the export format (systemd.io, "Journal Export Formats"): JSON would truncate long messages and turn those
//! that are not UTF-8 into arrays of numbers.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use jiff::Timestamp;

use super::error::OpenError;
use crate::fault::said;

/// The longest field kept; longer ones are truncated.
const FIELD: u64 = 1 << 20;

/// A journal: this machine's, or a file or folder of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    path: Option<PathBuf>,
}

/// Which kernel entries to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Select<'b> {
    /// All.
    All,
    /// Those of one boot, from a time on, in microseconds since its start.
    Boot(&'b str, u64),
    /// This many of the last ones.
    Last(usize),
    /// This many of the last ones, then every new one.
    Live(usize),
}

/// An entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its position, which journalctl calls its cursor.
    pub cursor: String,
    /// Microseconds since 1970-01-01, UTC.
    pub realtime: i64,
    /// Microseconds since boot.
    pub monotonic: u64,
    /// The machine's name.
    pub host: Vec<u8>,
    /// The kernel's message.
    pub message: Vec<u8>,
}

impl Journal {
    /// The journal that a path names: `journal` or `journal:PATH`. None for any other path.
    pub fn named(path: &Path) -> Option<Journal> {
        match path.as_os_str().as_bytes().strip_prefix(b"journal")? {
            b"" => Some(Journal { path: None }),
            rest => {
                let path = rest.strip_prefix(b":").filter(|path| !path.is_empty())?;
                Some(Journal { path: Some(OsString::from_vec(path.to_vec()).into()) })
            }
        }
    }

    /// The boots it has entries for, in no particular order. An unreadable journal also fails here.
    pub fn boots(&self) -> Result<Vec<String>, OpenError> {
        let output = self.command().args(["-F", "_BOOT_ID"]).output();
        let output = output.map_err(|error| self.failed(&start_failed(&error)))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || is_denied(&said) {
            return Err(self.failed(&said));
        }
        let boots = String::from_utf8_lossy(&output.stdout);
        let boots: Vec<String> = boots.lines().map(|boot| boot.trim().to_owned()).collect();
        if boots.is_empty() && said.contains("No journal files") {
            return Err(self.failed(&said));
        }
        Ok(boots)
    }

    /// Its entries.
    pub fn entries(&self, select: &Select<'_>) -> Result<JournalEntries, OpenError> {
        let mut command = self.command();
        command.args(["_TRANSPORT=kernel", "-o", "export"]);
        match select {
            Select::All => {}
            Select::Boot(boot, from) => {
                command.arg(format!("_BOOT_ID={boot}"));
                if *from > 0 {
                    command.arg(format!("--cursor=b={boot};m={from:x}"));
                }
            }
            Select::Last(last) => {
                command.args(["-n", &last.to_string()]);
            }
            Select::Live(last) => {
                command.arg("-f").args(["-n", &last.to_string()]);
            }
        }
        let failed = |error: io::Error| self.failed(&start_failed(&error));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
        let out = child.stdout.take().ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        let errors = child.stderr.take();
        let errors = thread::spawn(move || {
            let mut text = String::new();
            // Unreadable output says nothing.
            let _ = errors.map(|mut errors| errors.read_to_string(&mut text));
            text
        });
        Ok(JournalEntries {
            out: BufReader::with_capacity(64 << 10, out),
            child: RunningJournal(Arc::new(Mutex::new(child))),
            errors: Some(errors),
            line: Vec::new(),
        })
    }

    /// Its entries as log lines.
    pub fn text(&self, select: &Select<'_>) -> Result<JournalText, OpenError> {
        Ok(JournalText { entries: self.entries(select)?, line: Vec::new(), at: 0 })
    }

    fn command(&self) -> Command {
        let mut command = Command::new("journalctl");
        // Its messages are matched, hence the locale; it must not page.
        command
            .env("LC_ALL", "C")
            .env("SYSTEMD_PAGER", "cat")
            .args(["--no-pager", "--all"])
            .stdin(Stdio::null());
        match &self.path {
            None => {}
            Some(path) if path.is_dir() => {
                command.arg("-D").arg(path);
            }
            Some(path) => {
                let mut option = OsString::from("--file=");
                option.push(path);
                command.arg(option);
            }
        }
        command
    }

    fn failed(&self, said: &str) -> OpenError {
        let name = self.to_string();
        if is_denied(said) {
            let advice = "members of the group systemd-journal can read it: sudo usermod -aG systemd-journal $USER and log in \
                          again, or run ipta with sudo";
            return OpenError::Denied { name, advice: advice.to_owned() };
        }
        let said = said.lines().next().unwrap_or_default().trim().trim_end_matches('.').to_owned();
        let look = match &self.path {
            None => "journalctl -k -n 1".to_owned(),
            Some(path) if path.is_dir() => format!("journalctl -n 1 -D '{}'", path.display()),
            Some(path) => format!("journalctl -n 1 --file '{}'", path.display()),
        };
        OpenError::Journal { name, said, look }
    }
}

impl fmt::Display for Journal {
    /// As it was named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            None => f.write_str("journal"),
            Some(path) => write!(f, "journal:{}", path.display()),
        }
    }
}

fn start_failed(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "journalctl is not installed here".to_owned(),
        _ => format!("journalctl cannot be started: {}", said(error)),
    }
}

/// journalctl shows what it may read, and says that there is more.
fn is_denied(said: &str) -> bool {
    said.contains("insufficient permissions") || said.contains("not seeing messages from other users")
}

/// A running journalctl. It ends with its [`JournalEntries`], so that none is left behind.
#[derive(Clone)]
pub struct RunningJournal(Arc<Mutex<Child>>);

impl RunningJournal {
    fn with<T>(&self, act: impl FnOnce(&mut Child) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Kills it.
    pub fn end(&self) {
        self.with(|child| {
            // It may already have exited.
            let _ = child.kill();
            let _ = child.wait();
        });
    }
}

/// Entries, one by one.
pub struct JournalEntries {
    out: BufReader<ChildStdout>,
    child: RunningJournal,
    errors: Option<JoinHandle<String>>,
    line: Vec<u8>,
}

impl JournalEntries {
    /// The process, for ending the reading from another thread.
    pub fn running(&self) -> RunningJournal {
        self.child.clone()
    }

    /// The next entry; none at the end.
    pub fn next(&mut self) -> io::Result<Option<JournalEntry>> {
        let mut entry = JournalEntry::default();
        let mut begun = false;
        loop {
            self.line.clear();
            if self.out.by_ref().take(FIELD).read_until(b'\n', &mut self.line)? == 0 {
                self.ended()?;
                return Ok(begun.then_some(entry));
            }
            if self.line.last() != Some(&b'\n') && self.line.len() as u64 == FIELD {
                self.drop_line()?;
            }
            let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
            if line.is_empty() {
                if begun {
                    return Ok(Some(entry));
                }
                continue;
            }
            begun = true;
            match line.iter().position(|byte| *byte == b'=') {
                Some(at) => {
                    let (name, value) = line.split_at(at);
                    entry.set(name, value.get(1..).unwrap_or_default());
                }
                None => {
                    let name = line.to_vec();
                    let value = self.binary()?;
                    entry.set(&name, &value);
                }
            }
        }
    }

    /// The value of a field with line breaks or binary data: its length in 8 bytes, little-endian, the bytes, a line
    /// break.
    fn binary(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 8];
        self.out.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        let mut value = Vec::new();
        self.out.by_ref().take(length.min(FIELD)).read_to_end(&mut value)?;
        let rest = length.saturating_sub(FIELD).saturating_add(1);
        io::copy(&mut self.out.by_ref().take(rest), &mut io::sink())?;
        Ok(value)
    }

    fn drop_line(&mut self) -> io::Result<()> {
        let mut rest = Vec::new();
        loop {
            rest.clear();
            let read = self.out.by_ref().take(FIELD).read_until(b'\n', &mut rest)?;
            if read == 0 || rest.last() == Some(&b'\n') {
                return Ok(());
            }
        }
    }

    /// Checks that journalctl exited successfully.
    fn ended(&mut self) -> io::Result<()> {
        let status = self.child.with(Child::wait)?;
        let said = self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default();
        match status.success() {
            true => Ok(()),
            false => Err(io::Error::other(format!(
                "journalctl ended early ({})",
                said.lines().next().unwrap_or("it said nothing").trim()
            ))),
        }
    }
}

impl Drop for JournalEntries {
    fn drop(&mut self) {
        self.child.end();
    }
}

impl JournalEntry {
    fn set(&mut self, name: &[u8], value: &[u8]) {
        let number = || std::str::from_utf8(value).ok()?.parse::<u64>().ok();
        match name {
            b"__CURSOR" => self.cursor = String::from_utf8_lossy(value).into_owned(),
            b"__REALTIME_TIMESTAMP" => self.realtime = number().and_then(|n| n.try_into().ok()).unwrap_or(0),
            b"__MONOTONIC_TIMESTAMP" => self.monotonic = number().unwrap_or(0),
            b"_HOSTNAME" => self.host = value.to_vec(),
            b"MESSAGE" => self.message = value.to_vec(),
            _ => {}
        }
    }

    /// What distinguishes it from others at the same moment of its boot, whatever file it is in: the hash of its
    /// fields, at the end of the cursor.
    pub fn hash(&self) -> &str {
        hash_of(&self.cursor)
    }

    /// Appends it as a log line: `2026-05-17T00:01:35.123456Z gw kernel: IPT: DROP IN=...`
    pub fn line(&self, to: &mut Vec<u8>) {
        let stamp = Timestamp::from_microsecond(self.realtime).unwrap_or(Timestamp::UNIX_EPOCH);
        to.extend_from_slice(format!("{stamp:.6} ").as_bytes());
        match self.host.is_empty() {
            true => to.extend_from_slice(b"localhost"),
            false => to.extend_from_slice(&self.host),
        }
        to.extend_from_slice(b" kernel: ");
        // A line break would start a line that nobody logged.
        to.extend(
            self.message.iter().map(|byte| if matches!(byte, b'\n' | b'\r' | 0) { b' ' } else { *byte }),
        );
        to.push(b'\n');
    }
}

/// The hash in a cursor.
pub fn hash_of(cursor: &str) -> &str {
    cursor.rsplit(';').find_map(|part| part.strip_prefix("x=")).unwrap_or(cursor)
}

/// Entries as log lines.
pub struct JournalText {
    entries: JournalEntries,
    line: Vec<u8>,
    at: usize,
}

impl JournalText {
    /// The process, for ending the reading from another thread.
    pub fn running(&self) -> RunningJournal {
        self.entries.running()
    }
}

impl Read for JournalText {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.at == self.line.len() {
            self.line.clear();
            self.at = 0;
            if let Some(entry) = self.entries.next()? {
                entry.line(&mut self.line);
            }
        }
        let rest = self.line.get(self.at..).unwrap_or_default();
        let read = rest.len().min(to.len());
        to[..read].copy_from_slice(&rest[..read]);
        self.at += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_begins_like_a_journal_is_a_file() {
        let named = |path: &str| Journal::named(Path::new(path)).map(|journal| journal.to_string());
        assert_eq!(named("journal").as_deref(), Some("journal"));
        assert_eq!(named("journal:/var/log/journal").as_deref(), Some("journal:/var/log/journal"));
        for file in ["./journal", "journal.log", "journal:", "journals", "a/journal"] {
            assert_eq!(named(file), None, "{file}");
        }
    }

    #[test]
    fn an_entry_is_one_line_of_a_log() {
        let entry = JournalEntry {
            cursor: "s=1;i=2;b=3;m=4;t=5;x=6".to_owned(),
            realtime: 1_778_976_095_123_456,
            monotonic: 4,
            host: b"gw".to_vec(),
            message: b"IPT: DROP IN=eth0\nMay 17 00:00:00 gw kernel: IPT: ACCEPT".to_vec(),
        };
        let mut line = Vec::new();
        entry.line(&mut line);
        assert_eq!(
            String::from_utf8_lossy(&line),
            "2026-05-17T00:01:35.123456Z gw kernel: IPT: DROP IN=eth0 May 17 00:00:00 gw kernel: IPT: ACCEPT\n"
        );
        assert_eq!(entry.hash(), "6");
    }
}
