//! What stands before a packet on its line: priority, stamp, host, tag, kernel stamp.
//!
//! Settles who wrote the line. The kernel and ulogd write packets; any other program's tag means
//! that the text behind it may be an attacker's words, whatever it looks like.

use super::timestamp::{self, Stamp};

/// Who wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// The tag is `kernel:`, `ulogd:` or `ulogd[n]:`.
    Kernel,
    /// There is no tag: a host alone, or nothing (dmesg, ulogd's LOGEMU).
    Untagged,
    /// The text begins with a word and a colon, which may be another program's tag or a prefix
    /// such as `IPT: `; a prefix rule must claim it. Holds the length of the word with its colon.
    Word(usize),
    /// Another program's tag, such as `sshd[812]:`.
    Program,
}

/// A line taken apart up to where its text begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// When it says it was written.
    pub stamp: Option<Stamp>,
    /// The host it names, or nothing.
    pub host: &'a [u8],
    /// Who wrote it.
    pub writer: Writer,
    /// What they wrote, behind tag and kernel stamp.
    pub text: &'a [u8],
}

/// Takes a line apart. Never fails: what does not look like a header is text.
pub fn read(line: &[u8]) -> Header<'_> {
    let mut rest = skip_blanks(skip_priority(line));
    let rfc5424 = rest.strip_prefix(b"1 ").filter(|r| timestamp::read(r).is_some());
    if let Some(behind_version) = rfc5424 {
        rest = behind_version;
    }
    let mut stamp = None;
    if let Some((read, len)) = timestamp::read(rest) {
        stamp = Some(read);
        rest = skip_blanks(&rest[len..]);
    } else if let Some(proxmox) = proxmox(rest) {
        return proxmox;
    } else {
        let (dmesg, behind) = skip_kernel_stamp(rest);
        stamp = dmesg.or(stamp);
        rest = behind;
    }
    let mut host: &[u8] = b"";
    let (first, behind) = token(rest);
    if is_host(first)
        && !behind.is_empty()
        && (stamp.is_some() || names_the_kernel(behind))
        && !is_repeat(rest)
    {
        host = first;
        rest = behind;
    }
    if rfc5424.is_some() {
        return behind_rfc5424(stamp, host, rest);
    }
    let (facility, behind) = token(rest);
    if is_facility(facility) {
        rest = behind;
    }
    let (writer, text) = tag(rest);
    if writer == Writer::Program {
        return Header {
            stamp,
            host,
            writer,
            text,
        };
    }
    let (dmesg, text) = match writer {
        Writer::Word(_) => (None, text),
        _ => skip_kernel_stamp(text),
    };
    Header {
        stamp: stamp.or(dmesg),
        host,
        writer,
        text,
    }
}

/// `<13>`, the priority of RFC 3164 that some daemons keep.
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

/// The text up to the next blank, and what stands behind the blanks.
fn token(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b' ', text).unwrap_or(text.len());
    (&text[..end], skip_blanks(&text[end..]))
}

/// `[  307.757925] ` in front, and `[Mon May  4 06:35:12 2026] ` of `dmesg -T`; the blank behind
/// may be missing. Gives the text behind, and the stamp if it names a moment.
pub fn skip_kernel_stamp(text: &[u8]) -> (Option<Stamp>, &[u8]) {
    let text = skip_blanks(text);
    if text.first() != Some(&b'[') {
        return (None, text);
    }
    if let Some((stamp, len)) = timestamp::read_dmesg(text) {
        return (Some(stamp), skip_blanks(&text[len..]));
    }
    let inner = skip_blanks(&text[1..]);
    let seconds = inner.iter().take_while(|b| b.is_ascii_digit()).count();
    if seconds == 0 || inner.get(seconds) != Some(&b'.') {
        return (None, text);
    }
    let behind = &inner[seconds + 1..];
    let fraction = behind.iter().take_while(|b| b.is_ascii_digit()).count();
    match behind.get(fraction) {
        Some(b']') if fraction > 0 => (None, skip_blanks(&behind[fraction + 1..])),
        _ => (None, text),
    }
}

/// A host name or address as syslog writes it.
fn is_host(word: &[u8]) -> bool {
    let fits =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':' | b'%') || *b >= 0x80;
    let edge = |b: Option<&u8>| b.is_some_and(|b| *b != b':') || word == b"::1";
    !word.is_empty()
        && word.iter().all(fits)
        && (word[0].is_ascii_alphanumeric() || word[0] == b':' || word[0] >= 0x80)
        && edge(word.last())
        // One colon is a tag with glued text (`kernel:IPT`); an IPv6 address has two.
        && word.iter().filter(|b| **b == b':').count() != 1
}

/// `host kernel:` behind a kernel stamp is journalctl's short-monotonic; bare dmesg has no host.
fn names_the_kernel(behind: &[u8]) -> bool {
    behind.starts_with(b"kernel:")
}

fn is_repeat(text: &[u8]) -> bool {
    text.starts_with(b"last message repeated ") || text.starts_with(b"message repeated ")
}

/// BusyBox writes facility and level before the tag: `user.info kernel:`.
fn is_facility(word: &[u8]) -> bool {
    const LEVELS: [&[u8]; 12] = [
        b"emerg", b"panic", b"alert", b"crit", b"err", b"error", b"warn", b"warning", b"notice", b"info",
        b"debug", b"none",
    ];
    let Some(dot) = memchr::memchr(b'.', word) else {
        return false;
    };
    dot > 0
        && word[..dot]
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && LEVELS.contains(&&word[dot + 1..])
}

/// Who the tag names, and the text behind it (with the tag, where it may be a prefix).
fn tag(text: &[u8]) -> (Writer, &[u8]) {
    if let Some(behind) = text.strip_prefix(b"kernel:") {
        return (Writer::Kernel, skip_blanks(behind));
    }
    let (word, behind) = token(text);
    let name = word.iter().take_while(|b| is_tag_byte(**b)).count();
    if name == 0 {
        return (Writer::Untagged, text);
    }
    match &word[name..] {
        [b':', ..] if &word[..name] == b"ulogd" => (Writer::Kernel, skip_blanks(&text[name + 1..])),
        [b':', ..] => (Writer::Word(name + 1), text),
        [b'[', inner @ ..] => {
            let digits = inner.iter().take_while(|b| b.is_ascii_digit()).count();
            match &inner[digits..] {
                [b']', b':', ..] if &word[..name] == b"ulogd" => (Writer::Kernel, behind),
                [b']', ..] => (Writer::Program, behind),
                _ => (Writer::Untagged, text),
            }
        }
        _ => (Writer::Untagged, text),
    }
}

/// Bytes of a program's name: `/usr/sbin/cron`, `(systemd)`, `postfix/smtpd`.
fn is_tag_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'.' | b'_' | b'-' | b'/' | b'@' | b'+' | b'(' | b')' | b'%')
}

/// RFC 5424, section 6: behind the host stand program, process, message id and structured data.
fn behind_rfc5424<'a>(stamp: Option<Stamp>, host: &'a [u8], rest: &'a [u8]) -> Header<'a> {
    let (program, rest) = token(rest);
    let (_process, rest) = token(rest);
    let (_message, rest) = token(rest);
    let text = match rest.first() {
        Some(b'[') => memchr::memmem::find(rest, b"] ").map_or(&b""[..], |end| &rest[end + 2..]),
        _ => token(rest).1,
    };
    let writer = match program {
        b"kernel" | b"ulogd" => Writer::Kernel,
        b"-" => Writer::Untagged,
        _ => Writer::Program,
    };
    let text = text.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(text);
    Header {
        stamp,
        host,
        writer,
        text: skip_kernel_stamp(text).1,
    }
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
    Some(Header {
        stamp: Some(stamp),
        host: b"",
        writer: Writer::Kernel,
        text: skip_blanks(&rest[len..]),
    })
}
