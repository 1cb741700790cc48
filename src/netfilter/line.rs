//! The packet itself: from `IN=` to the end of the record.
//!
//! Written by linux `net/netfilter/nf_log_syslog.c` (before 5.13 `nf_log_ipv4.c`, `nf_log_ipv6.c`,
//! `nf_log_common.c`, before 3.17 `xt_LOG.c`) and by ulogd2's `util/printpkt.c`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::TcpFlags;
use super::eight::{self, Eight};

/// Why a netfilter line yields no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// There is a prefix but no packet.
    NoInterfaces,
    /// The line begins mid-packet.
    FrontCut,
    /// The words before the kernel's tag are not a header.
    UnknownHeader,
    /// The line is indented, so it may continue another program's message.
    Indented,
    /// The line ends before source and destination.
    NoAddresses,
    /// `SRC=` or `DST=` is not an address.
    BadAddress,
    /// A port, length or the like is not a number in its range.
    BadNumber,
    /// The line ends before `PROTO=`.
    NoProtocol,
    /// TCP or UDP without ports, and not a fragment.
    NoPorts,
    /// A string longer than its column ([`super::limits`]); holds the column's name.
    TooLong(&'static str),
    /// The line is longer than the reader's cap of 1 MiB.
    LineTooLong,
    /// A repeat count that is 0, over 100,000, or not a number.
    RepeatCount,
    /// `last message repeated` with no earlier message from that host.
    NothingToRepeat,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reason::NoInterfaces => f.write_str("no IN= and OUT= after the prefix"),
            Reason::FrontCut => f.write_str("front cut off"),
            Reason::UnknownHeader => f.write_str("unknown words before the kernel's tag"),
            Reason::Indented => f.write_str("indented, so perhaps not the kernel's"),
            Reason::NoAddresses => f.write_str("cut before the addresses"),
            Reason::BadAddress => f.write_str("not an address"),
            Reason::BadNumber => f.write_str("not a number"),
            Reason::NoProtocol => f.write_str("cut before the protocol"),
            Reason::NoPorts => f.write_str("cut before the ports"),
            Reason::TooLong(what) => write!(f, "{what} too long"),
            Reason::LineTooLong => f.write_str("line over 1 MiB"),
            Reason::RepeatCount => f.write_str("bad repeat count"),
            Reason::NothingToRepeat => f.write_str("nothing to repeat"),
        }
    }
}

/// The fields of one record, without prefix and header.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Record<'a> {
    pub if_in: &'a [u8],
    pub if_out: &'a [u8],
    pub mac: &'a [u8],
    pub src: Option<IpAddr>,
    pub dst: Option<IpAddr>,
    pub src_port: Option<u16>,
    pub dst_port: Option<u16>,
    pub proto: &'a [u8],
    pub length: Option<u32>,
    pub ttl: Option<u8>,
    pub ip_id: Option<u16>,
    pub tcp_flags: Option<TcpFlags>,
    pub icmp_type: Option<u8>,
    pub icmp_code: Option<u8>,
    /// How many bytes of the text belong to it: up to its last known word.
    pub len: usize,
}

/// The position of each `IN=` that opens a record: followed by a name or nothing, a blank, and `OUT=` (very old
/// kernels put `PHYSIN=` in between).
pub fn openings(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    static OUT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" OUT="));
    OUT.find_iter(text).filter_map(move |out| {
        let before = token_before(text, out)?;
        let before = match text[before..out].starts_with(b"PHYSIN=") {
            true => token_before(text, before.checked_sub(1)?)?,
            false => before,
        };
        // The prefix may be glued to it: `*LOG*IN=eth0`.
        let word = &text[before..out];
        let word = &word[..memchr::memchr(b' ', word).unwrap_or(word.len())];
        if word.starts_with(b"IN=") && !word[3..].contains(&b'=') {
            return Some(before);
        }
        word.windows(3).rposition(|w| w == b"IN=").map(|at| before + at)
    })
}

/// Where a record without `OUT=` opens: Proxmox omits empty fields and writes `IN=vmbr0 PHYSIN=eth0 MAC=...`.
pub fn opening_without_out(text: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(text, b"IN=")
        .filter(|at| {
            let (_, after) = text[*at..].split_at(memchr::memchr(b' ', &text[*at..]).unwrap_or(0));
            let next = after.strip_prefix(b" ").unwrap_or_default();
            [&b"PHYSIN="[..], b"PHYSOUT=", b"MAC=", b"SRC="].iter().any(|key| next.starts_with(key))
                && !text[..*at].ends_with(b"PHYS")
        })
        .last()
}

/// The position of the last `IN=` in a line that was cut before its `OUT=` was complete.
pub fn cut_opening(text: &[u8]) -> Option<usize> {
    let at = memchr::memmem::rfind(text, b"IN=")?;
    let name = &text[at..];
    let after = memchr::memchr(b' ', name).map_or(&b""[..], |blank| &name[blank + 1..]);
    b"OUT".starts_with(after).then_some(at)
}

/// The start of the token that ends at `end`.
fn token_before(text: &[u8], end: usize) -> Option<usize> {
    let begin = memchr::memrchr(b' ', text.get(..end)?).map_or(0, |blank| blank + 1);
    Some(begin)
}

/// Parses one record into an empty one; the text begins at its `IN=`. Words that no kernel writes are skipped, so
/// that future fields do no harm; `len` says where the known ones end. If a key occurs twice, the first counts.
pub fn read<'a>(text: &'a [u8], record: &mut Record<'a>) -> Result<(), Reason> {
    let mut seen = LineState::default();
    let mut at = 0;
    while at < text.len() {
        let start = Eight::at(text, at);
        let end = match start.find(b' ') {
            Some(blank) => at + blank,
            None => eight::find(text, at + 8, b' '),
        };
        let word = &text[at..end];
        if word.starts_with(b"[SRC=") {
            // An ICMP error quotes the packet that caused it, which repeats every key.
            let end = behind_brackets(text, at);
            record.len = end;
            at = end + 1;
            continue;
        }
        match take(record, &mut seen, text, at, word, start) {
            Ok(true) => record.len = end,
            Ok(false) => {}
            // The line was cut inside this value: what is missing determines the reason.
            Err(reason) if end == text.len() && (reason == Reason::BadAddress || word.ends_with(b"=")) => {
                break;
            }
            Err(reason) => return Err(reason),
        }
        at = end + 1;
    }
    // `URGP=` cut to the name of a flag that would have come earlier.
    if !seen.urgp && seen.flags != TcpFlags::URG && text.ends_with(b" URG") && !contains(text, b" URG ") {
        seen.flags &= !TcpFlags::URG;
    }
    finish(record, &seen)
}

/// Whether a text ends within the port of a TCP or UDP packet: more always follows it.
pub(super) fn ends_in_a_port(text: &[u8], record: &Record<'_>) -> bool {
    let last = &text[memchr::memrchr(b' ', text).map_or(0, |blank| blank + 1)..];
    let is_port = last.strip_prefix(b"DPT=").is_some_and(|value| number(value).ok() == record.dst_port);
    is_port && matches!(record.proto, b"TCP" | b"UDP" | b"UDPLITE")
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(text, word).is_some()
}

/// What the final checks need to know about the words seen so far.
#[derive(Default)]
struct LineState {
    /// A non-first fragment, or a header that the kernel could not read in full.
    partial: bool,
    /// The IPv6 header is complete.
    ipv6: bool,
    /// The fixed part of the TCP header is present, at least where it begins.
    tcp_header: bool,
    /// `URGP=` was seen, which follows the flags.
    urgp: bool,
    flags: u16,
    arp: bool,
    out: bool,
    /// `PROTO=` was seen, if only with half of its value.
    proto: bool,
    /// The run from `MACSRC=` to here.
    mac_parts: Option<(usize, usize)>,
    /// The value of `MACPROTO=`.
    ethertype: Option<[u8; 4]>,
}

/// The keys and flags of packets, as numbers: comparing numbers is faster than comparing strings.
mod words {
    use super::Eight;

    pub const NOTHING: u64 = Eight::of(b"");

    macro_rules! words {
        ($($word:ident)*) => { $(pub const $word: u64 = Eight::of(stringify!($word).as_bytes());)* };
    }

    words! {
        IN OUT PHYSIN PHYSOUT MAC MACSRC MACDST MACPROTO VPROTO VID SRC DST IPSRC IPDST LEN TOS PREC TTL ID TC
        HOPLIMIT FLOWLBL TUNNEL PROTO SPT DPT SEQ ACK WINDOW RES URGP TYPE CODE GATEWAY MTU POINTER SPI
        UID GID MARK HTYPE PTYPE OPCODE
        FIN SYN RST PSH URG ECE CWR AE DF MF CE OPT ARP REQUEST REPLY
    }
}

/// Processes a word whose first eight bytes are in `start`; returns whether it is one that packets have.
#[inline]
fn take<'a>(
    record: &mut Record<'a>,
    seen: &mut LineState,
    text: &'a [u8],
    at: usize,
    word: &'a [u8],
    start: Eight,
) -> Result<bool, Reason> {
    let equals = match start.find(b'=') {
        Some(equals) if equals < word.len() => equals,
        Some(_) => return Ok(bare_word(record, seen, word, start)),
        None if word.get(8) == Some(&b'=') => 8,
        None if word.starts_with(b"PARAMETER=") => return Ok(true),
        None if word.get(9) == Some(&b'=') => return Ok(false),
        None => return Ok(bare_word(record, seen, word, start)),
    };
    use words::*;
    let value = &word[equals + 1..];
    match start.first(equals) {
        IN if at == 0 => record.if_in = value,
        OUT if !seen.out => {
            seen.out = true;
            record.if_out = value;
        }
        MAC if record.mac.is_empty() => record.mac = value,
        SRC if record.src.is_none() => record.src = Some(address(value)?),
        DST if record.dst.is_none() => record.dst = Some(address(value)?),
        // The first LEN is the IP header's, the second UDP's.
        LEN if record.length.is_none() => record.length = Some(number(value)?),
        TTL | HOPLIMIT if record.ttl.is_none() => record.ttl = Some(number(value)?),
        // The IP header ends at PROTO; after it, ID is a ping's.
        ID if record.ip_id.is_none() && !seen.proto => record.ip_id = Some(number(value)?),
        FLOWLBL => seen.ipv6 = true,
        PROTO if !seen.proto => {
            seen.proto = true;
            let cut = at + word.len() == text.len() && begins_a_protocol(value);
            record.proto = if cut { b"" } else { value };
        }
        SPT if record.src_port.is_none() => record.src_port = Some(number(value)?),
        DPT if record.dst_port.is_none() => record.dst_port = Some(number(value)?),
        TYPE if record.icmp_type.is_none() => record.icmp_type = Some(number(value)?),
        CODE if record.icmp_code.is_none() => record.icmp_code = Some(number(value)?),
        WINDOW | RES => seen.tcp_header = true,
        URGP => seen.urgp = true,
        MACSRC | MACDST | MACPROTO | VPROTO | VID => {
            // `--log-macdecode` writes the header's parts one by one; an ARP payload repeats the
            // first two further on.
            let begin = match seen.mac_parts {
                Some((begin, end)) => (end + 1 == at).then_some(begin),
                None => (!seen.arp).then_some(at),
            };
            if let Some(begin) = begin {
                let end = at + word.len();
                seen.mac_parts = Some((begin, end));
                record.mac = &text[begin..end];
                if start.first(equals) == MACPROTO {
                    seen.ethertype = value.try_into().ok();
                }
            }
        }
        IPSRC if record.src.is_none() => record.src = Some(address(value)?),
        IPDST if record.dst.is_none() => record.dst = Some(address(value)?),
        IN | OUT | MAC | SRC | DST | LEN | TTL | HOPLIMIT | PROTO | SPT | DPT | TYPE | CODE | IPSRC
        | IPDST | PHYSIN | PHYSOUT | TUNNEL | TOS | PREC | ID | TC | SEQ | ACK | GATEWAY | MTU | POINTER
        | SPI | UID | GID | MARK | HTYPE | PTYPE | OPCODE => {}
        _ => return Ok(false),
    }
    Ok(true)
}

/// Whether a text is the truncated name of a protocol that is logged by name.
fn begins_a_protocol(text: &[u8]) -> bool {
    const NAMES: [&[u8]; 8] = [b"TCP", b"UDP", b"UDPLITE", b"ICMP", b"ICMPv6", b"ESP", b"AH", b"SCTP"];
    NAMES.iter().any(|name| name.starts_with(text)) && !NAMES.contains(&text)
}

/// Flags and the like, which have no `=`.
fn bare_word<'a>(record: &mut Record<'a>, seen: &mut LineState, word: &'a [u8], start: Eight) -> bool {
    if word.len() > 8 {
        return long_word(seen, word);
    }
    use words::*;
    let flag = match start.first(word.len()) {
        NOTHING => return false,
        FIN => TcpFlags::FIN,
        SYN => TcpFlags::SYN,
        RST => TcpFlags::RST,
        PSH => TcpFlags::PSH,
        ACK => TcpFlags::ACK,
        URG => TcpFlags::URG,
        ECE => TcpFlags::ECE,
        CWR => TcpFlags::CWR,
        AE => TcpFlags::AE,
        ARP if record.src.is_none() => {
            seen.arp = true;
            record.proto = word;
            return true;
        }
        DF | MF | CE | OPT | REQUEST | REPLY => return true,
        _ => return long_word(seen, word),
    };
    seen.flags |= flag;
    true
}

/// Rare words, and those with a value but no `=`.
fn long_word(seen: &mut LineState, word: &[u8]) -> bool {
    // ulogd writes `FRAG: n ID: hex` with blanks.
    let is_partial = matches!(word, b"INCOMPLETE" | b"TRUNCATED") || word.starts_with(b"FRAG:");
    seen.partial |= is_partial;
    is_partial
        || matches!(word, b"Unknown" | b"Ext" | b"Hdr" | b"bytes]")
        || word.starts_with(b"ID:")
        || word.starts_with(b"(")
        || word.ends_with(b")")
}

/// The position after the bracket that closes the one at `at`; nested brackets count (`INCOMPLETE [8 bytes] ]`).
/// The end of the text if it never closes.
fn behind_brackets(text: &[u8], at: usize) -> usize {
    let mut depth = 0usize;
    for (offset, byte) in text[at..].iter().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + offset + 1;
        }
    }
    text.len()
}

/// Checks that the record is complete, and drops what its protocol does not have.
fn finish(record: &mut Record<'_>, seen: &LineState) -> Result<(), Reason> {
    // ulogd writes ARP as `PROTO=ARP`, the kernel as a word.
    let arp = seen.arp || record.proto == b"ARP";
    match (record.src, record.dst) {
        (Some(src), Some(dst)) if src.is_ipv4() != dst.is_ipv4() => return Err(Reason::BadAddress),
        (Some(_), Some(_)) => {}
        // The kernel writes TRUNCATED if it could not even read the addresses.
        (None, None) if arp || seen.partial || bridged(record, seen) => {}
        _ => return Err(Reason::NoAddresses),
    }
    let v6 = record.src.is_some_and(|src| src.is_ipv6());
    let unnamed = record.proto.is_empty() && (seen.proto || !seen.partial && !seen.ipv6);
    if v6 {
        record.ip_id = None;
    }
    // The kernel logs nothing after an ESP or unknown extension header, and in IPv6 knows only ICMPv6, not ICMP.
    if record.src.is_some() && (unnamed || v6 && record.proto == b"ICMP") {
        return Err(Reason::NoProtocol);
    }
    match record.proto {
        b"TCP" | b"UDP" | b"UDPLITE"
            if (record.src_port.is_none() || record.dst_port.is_none()) && !seen.partial =>
        {
            return Err(Reason::NoPorts);
        }
        b"ICMP" | b"ICMPv6" | b"AH" | b"ESP" | b"ARP" => (record.src_port, record.dst_port) = (None, None),
        _ => {}
    }
    // The order is CWR ECE URG ACK PSH RST SYN FIN: in a line that was cut among the flags, they are complete only if
    // one of the last three was read.
    let certain = match (seen.urgp, seen.tcp_header) {
        (true, _) => true,
        (false, true) => seen.flags & (TcpFlags::RST | TcpFlags::SYN | TcpFlags::FIN) != 0,
        (false, false) => seen.flags != 0,
    };
    if record.proto == b"TCP" && certain {
        record.tcp_flags = Some(TcpFlags(seen.flags));
    }
    // Type and code are written together: if only one is there, the line was cut, perhaps inside its number.
    if !matches!(record.proto, b"ICMP" | b"ICMPv6") || record.icmp_code.is_none() {
        (record.icmp_type, record.icmp_code) = (None, None);
    }
    Ok(())
}

/// A bridge or netdev line of an unknown protocol ends after its MAC part. The EtherType distinguishes it from a
/// line cut there: that of `MACPROTO=`, or the last two bytes of the 14-byte Ethernet header in `MAC=`.
fn bridged(record: &Record<'_>, seen: &LineState) -> bool {
    let ethertype = match (seen.ethertype, record.mac.get(36..)) {
        (Some(ethertype), _) => ethertype,
        (None, Some(&[a, b, b':', c, d])) => [a, b, c, d],
        _ => return false,
    };
    ethertype.iter().all(u8::is_ascii_hexdigit) && !matches!(&ethertype, b"0800" | b"86dd" | b"0806")
}

fn address(value: &[u8]) -> Result<IpAddr, Reason> {
    if let Some(address) = ipv4(value) {
        return Ok(IpAddr::V4(address));
    }
    if let Some(address) = ipv6_in_full(value) {
        return Ok(IpAddr::V6(address));
    }
    let text = std::str::from_utf8(value).map_err(|_| Reason::BadAddress)?;
    text.parse().map_err(|_| Reason::BadAddress)
}

/// A dotted quad, as nearly every address in a log is.
fn ipv4(value: &[u8]) -> Option<Ipv4Addr> {
    let (first, at) = octet(value, 0, b'.')?;
    let (second, at) = octet(value, at, b'.')?;
    let (third, at) = octet(value, at, b'.')?;
    let (fourth, _) = octet(value, at, b'\0')?;
    Some(Ipv4Addr::new(first, second, third, fourth))
}

/// An octet of an IPv4 address, and where the next one begins. `after` must follow it; 0: it is the last.
#[inline]
fn octet(value: &[u8], at: usize, after: u8) -> Option<(u8, usize)> {
    let byte = |n: usize| value.get(at + n).copied().unwrap_or(b'\0');
    let digit = |n: usize| Some(byte(n).wrapping_sub(b'0')).filter(|digit| *digit < 10);
    let mut number = u16::from(digit(0)?);
    let mut digits = 1;
    // No leading zeros.
    while number > 0
        && digits < 3
        && let Some(next) = digit(digits)
    {
        number = number * 10 + u16::from(next);
        digits += 1;
    }
    let is_over = byte(digits) == after && (after == b'.' || at + digits == value.len());
    Some((u8::try_from(number).ok()?, at + digits + 1)).filter(|_| is_over)
}

/// Eight groups of four hexadecimal digits, as the kernel writes every IPv6 address.
fn ipv6_in_full(value: &[u8]) -> Option<Ipv6Addr> {
    if value.len() != 39 {
        return None;
    }
    let mut groups = [0u16; 8];
    for (group, text) in groups.iter_mut().zip(value.chunks(5)) {
        for digit in &text[..4] {
            *group = *group << 4 | char::from(*digit).to_digit(16)? as u16;
        }
        if !matches!(text.get(4), None | Some(b':')) {
            return None;
        }
    }
    Some(Ipv6Addr::from(groups))
}

/// Decimal digits that fit the field.
fn number<T: TryFrom<u32>>(value: &[u8]) -> Result<T, Reason> {
    if value.is_empty() || value.len() > 9 {
        return Err(Reason::BadNumber);
    }
    let mut number = 0u32;
    for byte in value {
        if !byte.is_ascii_digit() {
            return Err(Reason::BadNumber);
        }
        number = number * 10 + u32::from(byte - b'0');
    }
    T::try_from(number).map_err(|_| Reason::BadNumber)
}
