//! What syslog daemons write in place of repeated messages, and the messages themselves.

use hashbrown::HashMap;

use super::header::{Header, Writer};

/// Longer lines are not kept for repeats; no packet's line comes near this.
const LONGEST_KEPT: usize = 16 * 1024;

/// Hosts whose last line is kept for `last message repeated N times`.
const HOSTS_KEPT: usize = 1000;

/// Up to this many hosts are searched linearly.
const FEW: usize = 8;

/// A daemon's note that a message was repeated.
pub struct Repeat<'a> {
    /// How many times; none if that is not a number.
    pub count: Option<u64>,
    /// The message itself, if the note quotes it.
    pub quoted: Option<&'a [u8]>,
}

/// `message repeated N times: [ ... ]`, which follows the tag of the message, and
/// `last message repeated N times`, which follows the host (rsyslog `runtime/ratelimit.c`).
pub fn read<'a>(header: &Header<'a>) -> Option<Repeat<'a>> {
    if matches!(header.writer, Writer::Program | Writer::Continuation) {
        return None;
    }
    if let Some(rest) = header.text.strip_prefix(b"last message repeated ") {
        let (count, _) = split(rest, b" time")?;
        return Some(Repeat { count: decimal(count), quoted: None });
    }
    let rest = header.text.strip_prefix(b"message repeated ")?;
    let (count, quoted) = split(rest, b" times: [")?;
    // The daemon truncates long messages, which may cost the bracket.
    let quoted = quoted.trim_ascii_end();
    let quoted = quoted.strip_suffix(b"]").unwrap_or(quoted);
    Some(Repeat { count: decimal(count), quoted: Some(quoted.trim_ascii_start()) })
}

fn split<'a>(text: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let found = memchr::memmem::find(text, at)?;
    Some((&text[..found], &text[found + at.len()..]))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let plain = digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
}

/// The last line of each host, overwritten in place.
#[derive(Debug, Default)]
pub struct LastLines {
    lines: Vec<Last>,
    by_host: HashMap<Vec<u8>, usize>,
    /// The host of the latest line: most logs have only one.
    current: usize,
}

#[derive(Debug, Default)]
struct Last {
    host: Vec<u8>,
    /// Empty if the line was too long to keep.
    line: Vec<u8>,
}

impl LastLines {
    /// Keeps a line.
    pub fn keep(&mut self, host: &[u8], line: &[u8]) {
        let Some(at) = self.find(host).or_else(|| self.add(host)) else {
            return;
        };
        self.current = at;
        let kept = &mut self.lines[at].line;
        kept.clear();
        if line.len() <= LONGEST_KEPT {
            kept.extend_from_slice(line);
        }
    }

    /// Number of hosts with a line.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Merges the lines of a later run; false if there are too many hosts to be sure which are kept.
    pub fn follow(&mut self, later: &LastLines) -> bool {
        if self.len() + later.len() > HOSTS_KEPT {
            return false;
        }
        later.lines.iter().for_each(|last| self.keep(&last.host, &last.line));
        true
    }

    /// A host's last line, if kept.
    pub fn of(&self, host: &[u8]) -> Option<&[u8]> {
        let line = &self.lines.get(self.find(host)?)?.line;
        (!line.is_empty()).then_some(line.as_slice())
    }

    fn find(&self, host: &[u8]) -> Option<usize> {
        match self.lines.get(self.current) {
            Some(last) if last.host == host => Some(self.current),
            // Scanning a few is faster than hashing.
            _ if self.lines.len() <= FEW => self.lines.iter().position(|last| last.host == host),
            _ => self.by_host.get(host).copied(),
        }
    }

    fn add(&mut self, host: &[u8]) -> Option<usize> {
        let at = self.lines.len();
        if at >= HOSTS_KEPT || host.len() > super::limits::HOST {
            return None;
        }
        self.lines.push(Last { host: host.to_vec(), line: Vec::new() });
        self.by_host.insert(host.to_vec(), at);
        Some(at)
    }
}
