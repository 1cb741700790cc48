//! From lines to packets: who wrote the line, its records, its repeats, and the statistics.

use super::header::{self, Header, Writer};
use super::line::{self, Reason, Record};
use super::prefix::{PrefixMatch, Rule, Rules};
use super::prefix_cache::PrefixCache;
use super::repeat::{self, LastLines, Repeat};
use super::stats::ParseStats;
use super::timestamp::Calendar;
use super::{Packet, Time, limits};

/// Anything longer is not a prefix: nftables cuts at 127 bytes (NF_LOG_PREFIXLEN, linux
/// `include/uapi/linux/netfilter/nf_log.h`).
const LONGEST_PREFIX: usize = 128;

/// No syslog daemon cuts lines shorter than this (BusyBox's syslogd cuts messages at 256 bytes, priority included). A
/// shorter line that ends in a port was written that way.
const SHORTEST_CUT: usize = 250;

/// How many lines without a packet may be run together on one line. More are no accident, and would take quadratic
/// time.
const MOST_WITHOUT_PACKET: u32 = 64;

/// A prefix up to this length holds no header of another line: a stamp, a host and a tag.
const SHORTEST_HEADER: usize = 22;

/// More repeats than this in one line are damage, not traffic.
const MOST_REPEATS: u64 = 100_000;

/// Parses a log line by line. Feed it lines without their line ending, in log order.
#[derive(Debug)]
pub struct Reader<'r> {
    rules: &'r Rules,
    calendar: Calendar,
    last: LastLines,
    prefix_cache: PrefixCache,
    /// Bytes of the line that is being read.
    line_len: usize,
    /// A line repeats one from before everything read so far.
    repeats_earlier: bool,
    /// What became of the lines so far.
    pub stats: ParseStats,
}

/// The state that a run of lines leaves behind, apart from its packets.
#[derive(Debug)]
pub struct Part {
    stats: ParseStats,
    last: LastLines,
    repeats_earlier: bool,
}

/// What a line's text yielded.
#[derive(Default)]
struct LineOutcome {
    /// Records that are packets.
    records: u64,
    /// Those that should be but are not; empty (and not allocated) for nearly every line.
    damage: Vec<Reason>,
}

impl<'r> Reader<'r> {
    /// Reads with these rules, placing times with this calendar.
    pub fn new(rules: &'r Rules, calendar: Calendar) -> Self {
        Reader {
            rules,
            calendar,
            last: LastLines::default(),
            prefix_cache: PrefixCache::default(),
            line_len: 0,
            repeats_earlier: false,
            stats: ParseStats::default(),
        }
    }

    /// A fresh reader with the same rules and calendar.
    pub fn beside(&self) -> Reader<'r> {
        Reader::new(self.rules, self.calendar.clone())
    }

    /// Ends a run of lines; the next one begins as if nothing had been read.
    pub fn take_part(&mut self) -> Part {
        Part {
            stats: std::mem::take(&mut self.stats),
            last: std::mem::take(&mut self.last),
            repeats_earlier: std::mem::take(&mut self.repeats_earlier),
        }
    }

    /// Merges a run that another reader read and that follows what this one read. False, with nothing merged, if what
    /// this one read would have made a difference: it must then read those lines itself.
    pub fn follow(&mut self, part: &Part) -> bool {
        if part.repeats_earlier || !self.stats.can_add(&part.stats) || !self.last.follow(&part.last) {
            return false;
        }
        self.stats.add(&part.stats);
        true
    }

    /// The calendar, to move its reference.
    pub fn calendar(&mut self) -> &mut Calendar {
        &mut self.calendar
    }

    /// Parses one line and passes on its packets.
    pub fn read(&mut self, line: &[u8], mut each: impl FnMut(&Packet<'_>)) {
        let line = trim(line);
        self.line_len = line.len();
        let header = header::read(line);
        let found = match repeat::read(&header) {
            Some(repeat) => self.repeated(&header, repeat, &mut each),
            None => {
                self.last.keep(header.host, line);
                let found = self.records(&header, 1, &mut each);
                self.stats.records += found.records;
                found
            }
        };
        self.count_line(line, &found);
    }

    /// Remembers a line from an earlier run, so that a repeat of it can be resolved.
    pub fn remember(&mut self, line: &[u8]) {
        let line = trim(line);
        let header = header::read(line);
        if repeat::read(&header).is_none() {
            self.last.keep(header.host, line);
        }
    }

    /// Counts a line longer than the input's cap; `start` is the part that was kept.
    pub fn too_long(&mut self, start: &[u8]) {
        self.stats.damage(Reason::LineTooLong, start);
        self.stats.damaged += 1;
        // A repeat of it repeats nothing, least of all the line before it.
        self.remember(start);
    }

    /// Counts a last line that is not finished yet.
    pub fn unfinished(&mut self) {
        self.stats.unfinished += 1;
    }

    fn count_line(&mut self, line: &[u8], found: &LineOutcome) {
        let counted = if found.records > 0 {
            self.stats.packet_lines += 1;
            self.stats.damaged_beside += found.damage.len() as u64;
            found.damage.as_slice()
        } else if found.damage.is_empty() {
            self.stats.other += 1;
            return;
        } else {
            // The line counts once, for the first thing wrong with it.
            self.stats.damaged += 1;
            &found.damage[..1]
        };
        for reason in counted {
            self.stats.damage(*reason, line);
        }
    }

    /// A daemon's count in place of the lines themselves.
    fn repeated(
        &mut self,
        header: &Header<'_>,
        repeat: Repeat<'_>,
        each: &mut dyn FnMut(&Packet<'_>),
    ) -> LineOutcome {
        let count = repeat.count.filter(|n| (1..=MOST_REPEATS).contains(n));
        // Without a count nothing is passed on; whether that matters depends on what is repeated.
        let times = count.unwrap_or(0);
        let mut found = match repeat.quoted {
            Some(text) => {
                let (_, text) = header::skip_kernel_stamp(text);
                self.records(&Header { text, ..*header }, times, each)
            }
            None => {
                let Some(last) = self.last.of(header.host).map(<[u8]>::to_vec) else {
                    self.repeats_earlier = true;
                    return LineOutcome { damage: vec![Reason::NothingToRepeat], ..LineOutcome::default() };
                };
                self.line_len = last.len();
                let last = header::read(&last);
                let stamp = header.stamp.or(last.stamp);
                self.records(&Header { stamp, ..last }, times, each)
            }
        };
        if count.is_none() && found.records > 0 {
            return LineOutcome { damage: vec![Reason::RepeatCount], ..LineOutcome::default() };
        }
        self.stats.repeats += found.records * times;
        found.damage.truncate(1);
        found
    }

    /// Passes on the packets of a text, each `times` times. The text may hold further lines whose line breaks were lost:
    /// each has its own header.
    fn records(&mut self, header: &Header<'_>, times: u64, each: &mut dyn FnMut(&Packet<'_>)) -> LineOutcome {
        let mut found = LineOutcome::default();
        let mut header = *header;
        let mut without_packet = 0;
        while without_packet < MOST_WITHOUT_PACKET {
            match header.writer {
                Writer::Program => return found,
                Writer::Continuation => {
                    found.damage.extend(line::openings(header.text).next().map(|_| Reason::Indented));
                    return found;
                }
                Writer::Kernel | Writer::Unknown => {}
            }
            let mut openings = line::openings(header.text);
            let openings = (openings.next(), openings.next());
            let Some(next) = self.next_line(&header, openings) else {
                self.own_records(&header, openings, times, each, &mut found);
                return found;
            };
            let (own, rest) = header.text.split_at(next);
            let mut openings = line::openings(own);
            let openings = (openings.next(), openings.next());
            without_packet += u32::from(openings.0.is_none());
            self.own_records(&Header { text: own, ..header }, openings, times, each, &mut found);
            header = header::read(rest);
        }
        found.damage.push(Reason::UnknownHeader);
        found
    }

    /// Where the next line begins within the text of a line that is the firewall's; the text's first two openings are
    /// known.
    fn next_line(
        &self,
        header: &Header<'_>,
        (first, second): (Option<usize>, Option<usize>),
    ) -> Option<usize> {
        let text = header.text;
        let until = second.or(first.filter(|first| *first > SHORTEST_HEADER))?;
        let next = header::find(text, until)?;
        let opening = memchr::memmem::find(&text[..next], b"IN=");
        let is_ours = match opening {
            // What no kernel tag vouches for is the firewall's from its first word, or not at all.
            Some(at) => {
                let prefix = &text[..at];
                header.writer == Writer::Kernel
                    || self.rules.settle(prefix, tag(header.writer, prefix)).is_some()
            }
            None => self.rules.begins(text),
        };
        is_ours.then_some(next)
    }

    /// Passes on the packets of a single line's text.
    fn own_records(
        &mut self,
        header: &Header<'_>,
        (first, second): (Option<usize>, Option<usize>),
        times: u64,
        each: &mut dyn FnMut(&Packet<'_>),
        found: &mut LineOutcome,
    ) {
        let text = header.text;
        let Some(first) = first.or_else(|| line::opening_without_out(text)) else {
            found.damage.extend(self.without_opening(header));
            return;
        };
        if second.is_some() {
            return self.several(header, times, each, found);
        }
        let (prefix, body) = text.split_at(first);
        self.record(header, prefix, body, times, each, found);
    }

    /// A line in which `IN=... OUT=` occurs more than once: a prefix that contains it, or several records that the
    /// kernel's ring buffer ran together.
    fn several(
        &mut self,
        header: &Header<'_>,
        times: u64,
        each: &mut dyn FnMut(&Packet<'_>),
        found: &mut LineOutcome,
    ) {
        let text = header.text;
        let mut openings = line::openings(text).peekable();
        let mut begin = 0;
        while let Some(opening) = openings.next() {
            let prefix = &text[begin..opening];
            let Some(&next) = openings.peek() else {
                self.record(header, prefix, &text[opening..], times, each, found);
                return;
            };
            // The text up to the next opening is a record only if it is complete, if another record visibly begins
            // before that, or if it is too long to be part of a prefix.
            let body = &text[opening..next];
            let mut record = Record::default();
            let is_whole = line::read(body, &mut record).is_ok();
            let whole = (is_whole && record.length.is_some() && record.ttl.is_some()).then_some(record.len);
            let ends = self.rules.find_in(body).or_else(|| header::find_kernel_stamp(body));
            if whole.is_none() && ends.is_none() && next - begin <= LONGEST_PREFIX {
                continue;
            }
            let len = ends.or(whole).unwrap_or(body.len());
            let taken = self.record(header, prefix, &body[..len], times, each, found);
            // A line that no kernel tag vouches for is the firewall's from its first word, or not at all.
            if !taken && header.writer != Writer::Kernel {
                return;
            }
            begin = next - header::skip_kernel_stamp(&body[len..]).1.len();
        }
    }

    /// Passes on one record; returns whether a rule matches its prefix.
    fn record(
        &mut self,
        header: &Header<'_>,
        prefix: &[u8],
        body: &[u8],
        times: u64,
        each: &mut dyn FnMut(&Packet<'_>),
        found: &mut LineOutcome,
    ) -> bool {
        let tag = tag(header.writer, prefix);
        let Some(settled) = self.prefix_cache.settle(self.rules, prefix, tag) else {
            let buried = header::after_buried_tag(prefix).filter(|_| header.writer == Writer::Unknown);
            let (prefix, tag) = buried.map_or((prefix, tag), |buried| (buried, 0));
            if buried.is_some() && self.rules.settle(prefix, 0).is_some() {
                found.damage.push(Reason::UnknownHeader);
            } else if prefix.len() <= limits::PREFIX && Rule::Any.takes(prefix, tag) {
                self.stats.unknown_prefix(prefix);
            }
            return false;
        };
        let mut record = Record::default();
        let is_last = body.as_ptr_range().end == header.text.as_ptr_range().end;
        let may_be_cut = is_last && self.line_len >= SHORTEST_CUT;
        let is_cut = |record: &Record<'_>| may_be_cut && line::ends_in_a_port(body, record);
        let read = line::read(body, &mut record).and_then(|()| {
            fits(header.host, prefix, settled.action, &record)?;
            if is_cut(&record) { Err(Reason::NoPorts) } else { Ok(()) }
        });
        if let Err(reason) = read {
            found.damage.push(reason);
            return true;
        }
        let time = header.stamp.and_then(|stamp| self.calendar.place(stamp));
        let packet = packet(time, header.host, prefix, settled, &record);
        for _ in 0..times {
            self.stats.packet(&packet);
            each(&packet);
        }
        found.records += 1;
        true
    }

    /// The reason if a line without `IN=` and `OUT=` is what is left of a packet's.
    fn without_opening(&self, header: &Header<'_>) -> Option<Reason> {
        let text = header.text;
        let cut = || {
            let prefix = &text[..line::cut_opening(text)?];
            self.rules.settle(prefix, tag(header.writer, prefix))
        };
        if self.rules.begins(text) || cut().is_some() {
            return Some(Reason::NoInterfaces);
        }
        let has = |key: &[u8]| memchr::memmem::find(text, key).is_some();
        let ends_like_a_packet = || has(b" PROTO=") && (has(b" SPT=") || has(b"SRC=") || has(b" TYPE="));
        // Without a tag the first word must be the remainder of a field.
        let mid_packet = || {
            let word = text.split(|b| *b == b' ').next().unwrap_or_default();
            word.contains(&b'=') && !word.contains(&b':')
        };
        let fields = header.writer == Writer::Kernel || mid_packet();
        (fields && ends_like_a_packet()).then_some(Reason::FrontCut)
    }
}

/// A line without its trailing carriage return, and without what a log may begin with: a byte order mark, or the hole
/// (NULs) left where it was truncated under its writer.
pub(super) fn trim(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line.first() {
        Some(0xef) => line.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(line),
        Some(0) => &line[line.iter().position(|b| *b != 0).unwrap_or(line.len())..],
        _ => line,
    }
}

/// How much of a prefix may be another program's tag: up to its first colon, if nothing says that the kernel
/// wrote it.
fn tag(writer: Writer, prefix: &[u8]) -> usize {
    match writer {
        Writer::Unknown => memchr::memchr(b':', prefix).map_or(0, |colon| colon + 1),
        Writer::Kernel | Writer::Program | Writer::Continuation => 0,
    }
}

fn packet<'a>(
    time: Option<Time>,
    host: &'a [u8],
    prefix: &'a [u8],
    settled: PrefixMatch<'a>,
    record: &Record<'a>,
) -> Packet<'a> {
    Packet {
        time,
        host,
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
        ip_id: record.ip_id,
        tcp_flags: record.tcp_flags,
        icmp_type: record.icmp_type,
        icmp_code: record.icmp_code,
    }
}

/// Whether every string fits its column: nothing is stored truncated.
fn fits(host: &[u8], prefix: &[u8], action: &[u8], record: &Record<'_>) -> Result<(), Reason> {
    let columns = [
        ("host", host, limits::HOST),
        ("prefix", prefix, limits::PREFIX),
        ("action", action, limits::ACTION),
        ("interface", record.if_in, limits::INTERFACE),
        ("interface", record.if_out, limits::INTERFACE),
        ("MAC", record.mac, limits::MAC),
        ("protocol", record.proto, limits::PROTO),
    ];
    // A character takes at least a byte, so only the rare long ones need counting.
    let too_long = |bytes: &[u8], most: usize| {
        bytes.len() > most && String::from_utf8_lossy(bytes).chars().count() > most
    };
    match columns.into_iter().find(|(_, bytes, most)| too_long(bytes, *most)) {
        Some((name, _, _)) => Err(Reason::TooLong(name)),
        None => Ok(()),
    }
}
