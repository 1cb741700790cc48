//! From lines to packets: who wrote the line, its records, its repeats, and the account of it all.

use std::borrow::Cow;
use std::collections::HashMap;

use super::account::Account;
use super::header::{self, Header, Writer};
use super::line::{self, Reason, Record};
use super::prefix::{Rule, Rules, Settled};
use super::timestamp::Calendar;
use super::{Packet, limits};

/// A prefix longer than this is none: nftables cuts at 127 bytes (NF_LOG_PREFIXLEN, linux
/// `include/uapi/linux/netfilter/nf_log.h`).
const LONGEST_PREFIX: usize = 128;

/// More repeats than this in one line are damage, not traffic.
const MOST_REPEATS: u64 = 100_000;

/// Longer lines are not kept for repeating; no packet's line comes near it.
const LONGEST_KEPT: usize = 16 * 1024;

/// Hosts whose last line is kept for `last message repeated N times`.
const HOSTS_KEPT: usize = 1000;

/// Reads a log line by line. Lines go in without their line end, in the order of the log.
#[derive(Debug)]
pub struct Reader<'r> {
    rules: &'r Rules,
    calendar: Calendar,
    last: LastLines,
    /// What became of the lines so far.
    pub account: Account,
}

/// What a line's text gave.
#[derive(Default)]
struct Found {
    packets: u64,
    damaged: u64,
}

impl<'r> Reader<'r> {
    /// Reads with these rules, placing times with this calendar.
    pub fn new(rules: &'r Rules, calendar: Calendar) -> Self {
        Reader {
            rules,
            calendar,
            last: LastLines::default(),
            account: Account::default(),
        }
    }

    /// The calendar, to move its reference.
    pub fn calendar(&mut self) -> &mut Calendar {
        &mut self.calendar
    }

    /// Reads one line and hands its packets on.
    pub fn read(&mut self, line: &[u8], mut each: impl FnMut(&Packet<'_>)) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let header = header::read(line);
        if let Some(repeat) = repeat(&header) {
            self.repeated(line, &header, repeat, &mut each);
            return;
        }
        self.last.keep(header.host, line);
        let found = self.records(line, &header, 1, &mut each);
        self.account.records += found.packets;
        self.count_line(&found);
    }

    /// Takes in a line that was read in an earlier run, so that a repeat of it is understood.
    pub fn remember(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let header = header::read(line);
        if repeat(&header).is_none() {
            self.last.keep(header.host, line);
        }
    }

    /// Counts a line that is longer than the input's cap; `start` is as much of it as was kept.
    pub fn too_long(&mut self, start: &[u8]) {
        self.account.damage(Reason::LineTooLong, start);
        self.account.damaged += 1;
    }

    /// Counts a last line that has no end yet.
    pub fn unfinished(&mut self) {
        self.account.unfinished += 1;
    }

    fn count_line(&mut self, found: &Found) {
        if found.packets > 0 {
            self.account.packet_lines += 1;
            self.account.damaged_beside += found.damaged;
        } else if found.damaged > 0 {
            self.account.damaged += 1;
        } else {
            self.account.other += 1;
        }
    }

    /// A daemon's count instead of the lines themselves (rsyslog `runtime/ratelimit.c`).
    fn repeated(
        &mut self,
        line: &[u8],
        header: &Header<'_>,
        repeat: Repeat<'_>,
        each: &mut dyn FnMut(&Packet<'_>),
    ) {
        let count = repeat.count.filter(|n| (1..=MOST_REPEATS).contains(n));
        let mut quoted = Vec::new();
        let (earlier, written): (Cow<'_, [u8]>, Header<'_>) = match repeat.quoted {
            Some(text) => (
                line.into(),
                Header {
                    text: header::skip_kernel_stamp(text).1,
                    ..*header
                },
            ),
            None => {
                let Some(last) = self.last.of(header.host) else {
                    self.damaged_line(Reason::NothingToRepeat, line);
                    return;
                };
                quoted.extend_from_slice(last);
                let last = header::read(&quoted);
                let stamp = header.stamp.or(last.stamp);
                (quoted.as_slice().into(), Header { stamp, ..last })
            }
        };
        let Some(count) = count else {
            // Only where the repeated line is a packet's does the count matter.
            let mut found = Found::default();
            if self.would_give_packets(&written) {
                self.account.damage(Reason::RepeatCount, line);
                found.damaged = 1;
            }
            self.count_line(&found);
            return;
        };
        let found = self.records(&earlier, &written, count, each);
        self.account.repeats += found.packets;
        self.count_line(&found);
    }

    fn damaged_line(&mut self, reason: Reason, line: &[u8]) {
        self.account.damage(reason, line);
        self.account.damaged += 1;
    }

    fn would_give_packets(&self, header: &Header<'_>) -> bool {
        let opening = line::openings(header.text).next();
        header.writer != Writer::Program
            && opening.is_some_and(|at| {
                self.rules
                    .settle(&header.text[..at], tag(header.writer, at))
                    .is_some()
            })
    }

    /// Hands on the packets of a text, each `times` times.
    fn records(
        &mut self,
        line: &[u8],
        header: &Header<'_>,
        times: u64,
        each: &mut dyn FnMut(&Packet<'_>),
    ) -> Found {
        let mut found = Found::default();
        if header.writer == Writer::Program {
            return found;
        }
        let text = header.text;
        let mut openings = line::openings(text);
        let Some(first) = openings.next() else {
            if let Some(reason) = self.without_opening(header) {
                self.account.damage(reason, line);
                found.damaged = 1;
            }
            return found;
        };
        match openings.next() {
            None => self.record(
                line,
                header,
                &text[..first],
                &text[first..],
                times,
                each,
                &mut found,
            ),
            Some(_) => self.several(line, header, times, each, &mut found),
        }
        found
    }

    /// A line on which `IN=... OUT=` stands more than once: a prefix that contains it, or several
    /// records that the kernel's ring buffer ran together.
    fn several(
        &mut self,
        line: &[u8],
        header: &Header<'_>,
        times: u64,
        each: &mut dyn FnMut(&Packet<'_>),
        found: &mut Found,
    ) {
        let text = header.text;
        let openings: Vec<usize> = line::openings(text).collect();
        let mut begin = 0;
        for (n, &opening) in openings.iter().enumerate() {
            let Some(&next) = openings.get(n + 1) else {
                self.record(
                    line,
                    header,
                    &text[begin..opening],
                    &text[opening..],
                    times,
                    each,
                    found,
                );
                return;
            };
            // Up to the next opening this is a record only if it is whole, or if what stands there
            // is too long to be part of a prefix.
            let body = &text[opening..next];
            let whole = line::read(body)
                .ok()
                .filter(|record| record.src.is_some() && !record.proto.is_empty());
            if whole.is_none() && next - begin <= LONGEST_PREFIX {
                continue;
            }
            let len = match self.rules.find_in(body) {
                Some(prefix) => prefix,
                None => whole.map_or(body.len(), |record| record.len),
            };
            self.record(
                line,
                header,
                &text[begin..opening],
                &body[..len],
                times,
                each,
                found,
            );
            begin = next - header::skip_kernel_stamp(&body[len..]).1.len();
        }
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "one record's parts, all of them borrowed"
    )]
    fn record(
        &mut self,
        line: &[u8],
        header: &Header<'_>,
        prefix: &[u8],
        body: &[u8],
        times: u64,
        each: &mut dyn FnMut(&Packet<'_>),
        found: &mut Found,
    ) {
        let tag = tag(header.writer, prefix.len());
        let Some(settled) = self.rules.settle(prefix, tag) else {
            if Rule::Any.takes(prefix, tag) {
                self.account.unknown_prefix(prefix);
            }
            return;
        };
        let packet = line::read(body).and_then(|record| {
            let packet = packet(header, prefix, settled, &record);
            fits(&packet).map(|()| packet)
        });
        match packet {
            Ok(packet) => {
                let packet = Packet {
                    time: header.stamp.and_then(|stamp| self.calendar.place(stamp)),
                    ..packet
                };
                for _ in 0..times {
                    self.account.packet(&packet);
                    each(&packet);
                }
                found.packets += times;
            }
            Err(reason) => {
                self.account.damage(reason, line);
                found.damaged += 1;
            }
        }
    }

    /// Whether a kernel line without `IN=` and `OUT=` is what is left of a packet's.
    fn without_opening(&self, header: &Header<'_>) -> Option<Reason> {
        if self.rules.begins(header.text) {
            return Some(Reason::NoInterfaces);
        }
        let has = |key: &[u8]| memchr::memmem::find(header.text, key).is_some();
        let ends_like_a_packet = || has(b" PROTO=") && (has(b" SPT=") || has(b"SRC=") || has(b" TYPE="));
        (header.writer == Writer::Kernel && ends_like_a_packet()).then_some(Reason::FrontCut)
    }
}

/// How much of a prefix may be another program's tag.
fn tag(writer: Writer, prefix_len: usize) -> usize {
    match writer {
        Writer::Word(len) => len.min(prefix_len),
        _ => 0,
    }
}

fn packet<'a>(
    header: &Header<'a>,
    prefix: &'a [u8],
    settled: Settled<'a>,
    record: &Record<'a>,
) -> Packet<'a> {
    Packet {
        time: None,
        host: header.host,
        prefix,
        action: settled.action,
        verdict: settled.verdict,
        if_in: record.if_in,
        if_out: record.if_out,
        mac: record.mac,
        src: record.src,
        dst: record.dst,
        src_port: record.src_port,
        dst_port: record.dst_port,
        proto: record.proto,
        length: record.length,
        ttl: record.ttl,
        tcp_flags: record.tcp_flags,
        icmp_type: record.icmp_type,
        icmp_code: record.icmp_code,
    }
}

/// Whether every text fits its column: nothing is stored cut.
fn fits(packet: &Packet<'_>) -> Result<(), Reason> {
    let columns = [
        ("host", packet.host, limits::HOST),
        ("prefix", packet.prefix, limits::PREFIX),
        ("action", packet.action, limits::ACTION),
        ("interface", packet.if_in, limits::INTERFACE),
        ("interface", packet.if_out, limits::INTERFACE),
        ("MAC", packet.mac, limits::MAC),
        ("protocol", packet.proto, limits::PROTO),
    ];
    // A character is at least a byte, so counting characters is for the rare long ones.
    let too_long = |bytes: &[u8], most: usize| {
        bytes.len() > most && String::from_utf8_lossy(bytes).chars().count() > most
    };
    match columns
        .into_iter()
        .find(|(_, bytes, most)| too_long(bytes, *most))
    {
        Some((name, _, _)) => Err(Reason::TooLong(name)),
        None => Ok(()),
    }
}

/// A daemon's note that a message came again.
struct Repeat<'a> {
    /// How often; none if that is no number.
    count: Option<u64>,
    /// The message itself, where the note quotes it.
    quoted: Option<&'a [u8]>,
}

/// `message repeated N times: [ ... ]`, which stands behind the tag of the message, and
/// `last message repeated N times`, which stands behind the host.
fn repeat<'a>(header: &Header<'a>) -> Option<Repeat<'a>> {
    if header.writer == Writer::Program {
        return None;
    }
    if let Some(rest) = header.text.strip_prefix(b"last message repeated ") {
        let (count, _) = split(rest, b" time")?;
        return Some(Repeat {
            count: decimal(count),
            quoted: None,
        });
    }
    let rest = header.text.strip_prefix(b"message repeated ")?;
    let (count, quoted) = split(rest, b" times: [")?;
    // The daemon cuts long messages, and then the bracket may be gone.
    let quoted = quoted.strip_suffix(b"]").unwrap_or(quoted);
    Some(Repeat {
        count: decimal(count),
        quoted: Some(quoted.trim_ascii_start()),
    })
}

fn split<'a>(text: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let found = memchr::memmem::find(text, at)?;
    Some((&text[..found], &text[found + at.len()..]))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The last line of each host. Most logs have one host, whose line is overwritten in place.
#[derive(Debug, Default)]
struct LastLines {
    host: Vec<u8>,
    line: Option<Vec<u8>>,
    others: HashMap<Vec<u8>, Vec<u8>>,
}

impl LastLines {
    fn keep(&mut self, host: &[u8], line: &[u8]) {
        if self.line.is_some() && self.host != host {
            let earlier = self.others.remove(host).unwrap_or_default();
            let line = self.line.replace(earlier).unwrap_or_default();
            let name = std::mem::replace(&mut self.host, host.to_vec());
            if self.others.len() < HOSTS_KEPT {
                self.others.insert(name, line);
            }
        } else if self.line.is_none() {
            self.host.extend_from_slice(host);
        }
        let kept = self.line.get_or_insert_default();
        kept.clear();
        if line.len() <= LONGEST_KEPT {
            kept.extend_from_slice(line);
        }
    }

    fn of(&self, host: &[u8]) -> Option<&[u8]> {
        match &self.line {
            Some(line) if self.host == host => Some(line),
            _ => self.others.get(host).map(Vec::as_slice),
        }
    }
}
