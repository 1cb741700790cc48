//! What comes before a packet on its line: priority, stamp, host, tag, kernel stamp.
//!
//! Determines who wrote the line. The kernel and ulogd log packets; after any other program's tag the text may be
//! an attacker's, whatever it looks like.

use super::eight;
use super::timestamp::{self, Stamp};

/// Who wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// The tag is `kernel:`, `ulogd:` or `ulogd[n]:`, or a kernel stamp takes its place (dmesg).
    Kernel,
    /// No such tag: a host alone, or nothing (ulogd's LOGEMU). Words up to a colon may be a prefix such as `IPT: `
    /// or another program's tag; a prefix rule must claim them.
    Unknown,
    /// Another program's tag, such as `sshd[812]:`.
    Program,
    /// The line is indented, so it may continue any program's message: journalctl indents all but the first line.
    Continuation,
}

/// A line parsed up to where its text begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// When the line says it was written.
    pub stamp: Option<Stamp>,
    /// The host it names, or empty.
    pub host: &'a [u8],
    /// Who wrote it.
    pub writer: Writer,
    /// The message, after the tag and the kernel stamp.
    pub text: &'a [u8],
}

/// How many words are searched for the kernel's tag. Daemons write fewer before it.
const MOST_WORDS: usize = 10;

/// The kernel's tag.
const KERNEL: &[u8] = b"kernel:";

/// Parses a line. Never fails: whatever does not look like a header is text.
pub fn read(line: &[u8]) -> Header<'_> {
    let unprioritised = skip_priority(line);
    let mut rest = skip_decoded_level(skip_blanks(unprioritised));
    // RFC 5424, section 6.2: the version immediately follows the priority.
    let versioned = rest.strip_prefix(b"1 ");
    if let Some(after) = versioned {
        if let Some((stamp, len)) = timestamp::read(after) {
            return after_rfc5424(Some(stamp), skip_blanks(&after[len..]));
        }
        if let Some(after) = after.strip_prefix(b"- ")
            && unprioritised.len() < line.len()
        {
            return after_rfc5424(None, after);
        }
    }
    let stamp;
    // Lines from dmesg and journalctl's short-monotonic begin with the kernel's own stamp.
    let mut ring_buffer = false;
    let names_host;
    if let Some((read, len)) = timestamp::read(rest) {
        // dmesg writes the fraction after a comma, and names no host.
        names_host = !rest[..len].contains(&b',');
        stamp = Some(read);
        rest = skip_blanks(&rest[len..]);
    } else if let Some(proxmox) = proxmox(rest) {
        return proxmox;
    } else {
        let (dmesg, after) = skip_kernel_stamp(rest);
        ring_buffer = after.len() < rest.len();
        names_host = false;
        stamp = dmesg;
        rest = after;
    }
    let mut host: &[u8] = b"";
    let (first, after) = token(rest);
    let tagged = || after.starts_with(KERNEL) || has_process(token(after).0);
    if !after.is_empty()
        && is_host(first)
        && !is_facility(first)
        && !is_repeat(rest)
        && (names_host || tagged())
    {
        host = first;
        rest = after;
    }
    if !rest.starts_with(KERNEL) {
        let (facility, after) = token(rest);
        if is_facility(facility) {
            rest = after;
        }
    }
    let (mut writer, text) = tag(rest);
    let (dmesg, text) = match writer {
        Writer::Program | Writer::Continuation => (None, text),
        Writer::Kernel | Writer::Unknown => {
            let (dmesg, after) = skip_kernel_stamp(text);
            if after.len() < text.len() || (ring_buffer && writer == Writer::Unknown) {
                writer = Writer::Kernel;
            }
            (dmesg, after)
        }
    };
    // Programs also write to the kernel's buffer (/dev/kmsg), under their own tags.
    if writer == Writer::Kernel && has_process(token(text).0) {
        writer = Writer::Unknown;
    }
    // rsyslog's %msg% begins with one blank.
    if line.starts_with(b"  ") || line.starts_with(b"\t") {
        writer = Writer::Continuation;
    }
    Header { stamp: stamp.or(dmesg), host, writer, text }
}

/// `<13>`, the RFC 3164 priority that some daemons keep.
fn skip_priority(line: &[u8]) -> &[u8] {
    let Some(rest) = line.strip_prefix(b"<") else {
        return line;
    };
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    match rest.get(digits) {
        Some(b'>') if (1..=3).contains(&digits) => &rest[digits + 1..],
        _ => line,
    }
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|b| **b == b' ' || **b == b'\t').count();
    &text[blanks..]
}

/// The text up to the next blank, and what follows the blanks.
fn token(text: &[u8]) -> (&[u8], &[u8]) {
    let end = eight::find(text, 0, b' ');
    (&text[..end], skip_blanks(&text[end..]))
}

/// Skips a leading `[  307.757925] `, or one of dmesg's: `[Mon May  4 06:35:12 2026] ` (`-T`), `[May 4 06:35] ` and
/// `[  +0.000012] ` (`-H`), `[  307.757925 <    0.000012>] ` (`-d`). The trailing blank may be missing. Returns the text
/// after it, and the stamp if it is a date.
pub fn skip_kernel_stamp(text: &[u8]) -> (Option<Stamp>, &[u8]) {
    let text = skip_blanks(text);
    if text.first() != Some(&b'[') {
        return (None, text);
    }
    let inner = skip_blanks(&text[1..]);
    let inner = inner.strip_prefix(b"+").unwrap_or(inner);
    let seconds = inner.iter().take_while(|b| b.is_ascii_digit()).count();
    if seconds == 0 {
        return match timestamp::read_dmesg(text) {
            Some((stamp, len)) => (Some(stamp), skip_blanks(&text[len..])),
            None => (None, text),
        };
    }
    let fraction = inner[seconds..].strip_prefix(b".").unwrap_or_default();
    let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
    match fraction.get(digits) {
        Some(b']') if digits > 0 => (None, skip_blanks(&fraction[digits + 1..])),
        Some(b' ') if digits > 0 => (None, skip_delta(&fraction[digits..]).unwrap_or(text)),
        _ => (None, text),
    }
}

/// Skips ` <    0.000012>] `.
fn skip_delta(text: &[u8]) -> Option<&[u8]> {
    let delta = skip_blanks(skip_blanks(text).strip_prefix(b"<")?);
    let len = delta.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    delta[len..].strip_prefix(b">]").map(skip_blanks)
}

/// Skips `kern  :warn  : `, the facility and level that `dmesg -x` writes before the stamp.
fn skip_decoded_level(text: &[u8]) -> &[u8] {
    let decoded = || {
        let level = skip_blanks(text.strip_prefix(b"kern")?).strip_prefix(b":")?;
        let letters = level.iter().take_while(|b| b.is_ascii_lowercase()).count();
        let after = skip_blanks(&level[letters..]).strip_prefix(b":")?;
        LEVELS.contains(&&level[..letters]).then_some(skip_blanks(after))
    };
    decoded().unwrap_or(text)
}

/// A host name or address as syslog writes it: `fw_1.example.com`, `2001:db8::1`, syslog-ng's
/// `relay/fw1`.
fn is_host(word: &[u8]) -> bool {
    // What Linux calls itself before anybody has named it (`UTS_NODENAME`, include/linux/uts.h).
    if word == b"(none)" {
        return true;
    }
    let [first, .., last] = word else {
        return word.first().is_some_and(u8::is_ascii_alphanumeric);
    };
    let mut colons = 0;
    for byte in word {
        match byte {
            b':' => colons += 1,
            b'.' | b'_' | b'-' | b'%' | b'/' | b'@' | 0x80.. => {}
            b'[' | b']' => {}
            _ if byte.is_ascii_alphanumeric() => {}
            _ => return false,
        }
    }
    let bracketed = *first == b'[' && *last == b']';
    match colons {
        0 => (first.is_ascii_alphanumeric() || *first >= 0x80) && !word.contains(&b'['),
        // One colon is a tag with text glued to it (`kernel:IPT`).
        1 => false,
        _ => {
            let inner = if bracketed { &word[1..word.len() - 1] } else { word };
            let address = inner.split(|b| *b == b'%').next().unwrap_or_default();
            address.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'))
        }
    }
}

/// The position of a kernel stamp within a text, as between two records run together.
pub fn find_kernel_stamp(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'[', text).find(|at| skip_kernel_stamp(&text[*at..]).1.len() < text.len() - at)
}

/// Longer than any header: what comes before the text of a line.
const LONGEST_HEADER: usize = 512;

/// Where another line begins within a text, before `until`.
pub fn find(text: &[u8], until: usize) -> Option<usize> {
    (1..until).find(|at| {
        // Headers are short. Reading on to the next blank, however far, would take quadratic time.
        let rest = &text[*at..text.len().min(at + LONGEST_HEADER)];
        let unprioritised = skip_priority(rest);
        let begins = match unprioritised.first() {
            Some(b'[') => timestamp::read_dmesg(unprioritised).is_some(),
            Some(b'A'..=b'Z' | b'1'..=b'9') => {
                let stamp = unprioritised.strip_prefix(b"1 ").unwrap_or(unprioritised);
                timestamp::read(stamp).is_some()
            }
            _ => false,
        };
        begins && {
            let header = read(rest);
            header.writer != Writer::Unknown || !header.host.is_empty()
        }
    })
}

fn is_repeat(text: &[u8]) -> bool {
    text.starts_with(b"last message repeated ") || text.starts_with(b"message repeated ")
}

/// syslog's severity levels, as `busybox`, `dmesg` and `logread` write them.
const LEVELS: [&[u8]; 11] = [
    b"emerg", b"panic", b"alert", b"crit", b"err", b"error", b"warn", b"warning", b"notice", b"info",
    b"debug",
];

/// syslog's facilities, except `local0` to `local7`.
const FACILITIES: [&[u8]; 13] = [
    b"kern",
    b"user",
    b"mail",
    b"daemon",
    b"auth",
    b"syslog",
    b"lpr",
    b"news",
    b"uucp",
    b"cron",
    b"authpriv",
    b"ftp",
    b"security",
];

/// BusyBox writes facility and level before the tag: `user.info kernel:`.
fn is_facility(word: &[u8]) -> bool {
    if word.len() > 16 {
        return false;
    }
    let dot = eight::find(word, 0, b'.');
    if dot == word.len() {
        return false;
    }
    let (facility, level) = (&word[..dot], &word[dot + 1..]);
    let local = matches!(facility, [b'l', b'o', b'c', b'a', b'l', b'0'..=b'7']);
    (local || FACILITIES.contains(&facility)) && LEVELS.contains(&level)
}

/// Who the tag says wrote the line, and the text after it; the whole text unless it is the kernel's or ulogd's tag.
fn tag(text: &[u8]) -> (Writer, &[u8]) {
    if let Some(after) = text.strip_prefix(KERNEL) {
        return (Writer::Kernel, skip_blanks(after));
    }
    if let Some(after) = text.strip_prefix(b"ulogd") {
        if let Some(after) = after.strip_prefix(b":") {
            return (Writer::Kernel, skip_blanks(after));
        }
        if let Some(inner) = after.strip_prefix(b"[") {
            let digits = inner.iter().take_while(|b| b.is_ascii_digit()).count();
            if digits > 0
                && let Some(after) = inner[digits..].strip_prefix(b"]:")
            {
                return (Writer::Kernel, skip_blanks(after));
            }
        }
    }
    match names_process(token(text).0) {
        true => (Writer::Program, text),
        false => (Writer::Unknown, text),
    }
}

/// The text after the kernel's or ulogd's tag, if the words before it are no other program's tag.
pub fn after_buried_tag(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    for _ in 0..MOST_WORDS {
        let (word, after) = token(rest);
        if word.ends_with(b":") || after.is_empty() {
            return None;
        }
        rest = after;
        if let (Writer::Kernel, text) = tag(rest) {
            return Some(skip_kernel_stamp(text).1);
        }
    }
    None
}

/// Whether a word is a tag with a process ID, `sshd[812]:`.
fn has_process(word: &[u8]) -> bool {
    word.ends_with(b":") && names_process(word)
}

/// Whether a word begins with a name and a process ID, like `sshd[812]:` and `su[9]`.
fn names_process(word: &[u8]) -> bool {
    let open = eight::find(word, 0, b'[');
    if open == 0 || open == word.len() {
        return false;
    }
    let inner = &word[open + 1..];
    let digits = inner.iter().take_while(|b| b.is_ascii_digit()).count();
    digits > 0 && matches!(inner[digits..], [b']'] | [b']', b':', ..])
}

/// RFC 5424, section 6: the stamp is followed by host, program, process, message id and structured
/// data.
fn after_rfc5424(stamp: Option<Stamp>, rest: &[u8]) -> Header<'_> {
    let (host, rest) = token(rest);
    let (program, rest) = token(rest);
    let (_process, rest) = token(rest);
    let (_message, rest) = token(rest);
    let text = skip_structured_data(rest);
    let writer = match program {
        b"kernel" | b"ulogd" => Writer::Kernel,
        b"-" => Writer::Unknown,
        _ => Writer::Program,
    };
    let text = text.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(text);
    let (dmesg, text) = skip_kernel_stamp(text);
    Header { stamp: stamp.or(dmesg), host: if host == b"-" { b"" } else { host }, writer, text }
}

/// Skips `-`, or `[id key="value"][id]`: values are quoted and may contain brackets (RFC 5424, section 6.3).
fn skip_structured_data(text: &[u8]) -> &[u8] {
    if text.first() != Some(&b'[') {
        return token(text).1;
    }
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted && text.get(at + 1) != Some(&b'[') => return skip_blanks(&text[at + 1..]),
            _ => {}
        }
    }
    b""
}

/// Proxmox's firewall log names the guest, a level and the chain instead of host and tag:
/// `100 6 tap100i0-IN 04/May/2026:06:35:12 +0200 policy DROP: IN=...`.
fn proxmox(line: &[u8]) -> Option<Header<'_>> {
    let number = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    let (guest, rest) = token(line);
    let (level, rest) = token(rest);
    let (chain, rest) = token(rest);
    if !number(guest) || !number(level) || chain.is_empty() {
        return None;
    }
    let (stamp, len) = timestamp::read_proxmox(rest)?;
    Some(Header { stamp: Some(stamp), host: b"", writer: Writer::Kernel, text: skip_blanks(&rest[len..]) })
}
