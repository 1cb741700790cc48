//! The only parser of netfilter log lines.
//!
//! Owns what a log line means: who wrote it, when, which prefix it carries and which packet it
//! describes. Sees bytes only: no clock, no file, no database. A line becomes a borrowed
//! [`Packet`] or a named reason, without allocating.

pub mod batch;
mod calendar;
mod eight;
pub mod fingerprint;
mod header;
pub mod limits;
mod line;
pub mod prefix;
mod prefix_cache;
pub mod presets;
mod reader;
mod repeat;
pub mod stats;
pub mod timestamp;
pub mod words;

pub use line::Reason;
pub use reader::{Part, Reader};

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

/// A point in time: microseconds since 1970-01-01T00:00:00Z. Years 1000 to 9999, the range that every store can
/// hold (MySQL's DATETIME begins with the year 1000).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// Microseconds per second.
    pub const SECOND: i64 = 1_000_000;
    /// 1000-01-01T00:00:00Z, the earliest moment a store can hold.
    pub const MIN: Time = Time(-30_610_224_000 * Time::SECOND);
    /// 9999-12-31T23:59:59.999999Z, the latest.
    pub const MAX: Time = Time(253_402_300_800 * Time::SECOND - 1);
}

/// What the firewall did with a packet, as the prefix rule decides when the line is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The firewall let it through.
    Accept,
    /// The firewall did not.
    Deny,
    /// The prefix says neither (UFW's AUDIT, the tutorial's `*LOG*`).
    #[default]
    Other,
}

impl Verdict {
    /// Its word in the `verdict` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Accept => "accept",
            Verdict::Deny => "deny",
            Verdict::Other => "other",
        }
    }

    /// The verdict for a word of that column; none for any other word.
    pub fn from_word(word: &[u8]) -> Option<Verdict> {
        match word {
            b"accept" => Some(Verdict::Accept),
            b"deny" => Some(Verdict::Deny),
            b"other" => Some(Verdict::Other),
            _ => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The flags of a TCP header, in the bits of RFC 9293 (FIN is 1, CWR is 128) with AE as 256
/// (RFC 9768); what the kernel prints as bare words between `RES=` and `URGP=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TcpFlags(pub u16);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: u16 = 1;
    /// Synchronize: opens a connection.
    pub const SYN: u16 = 2;
    /// Reset.
    pub const RST: u16 = 4;
    /// Push.
    pub const PSH: u16 = 8;
    /// The acknowledgment field is significant.
    pub const ACK: u16 = 16;
    /// The urgent pointer is significant.
    pub const URG: u16 = 32;
    /// ECN echo.
    pub const ECE: u16 = 64;
    /// Congestion window reduced.
    pub const CWR: u16 = 128;
    /// Accurate ECN.
    pub const AE: u16 = 256;

    /// Whether every flag of `mask` is set.
    pub fn has(self, mask: u16) -> bool {
        self.0 & mask == mask
    }

    /// A new connection: SYN without ACK.
    pub fn opens(self) -> bool {
        self.has(Self::SYN) && !self.has(Self::ACK)
    }
}

/// One logged packet, borrowed from its line (or from a row). For an ICMP error this is the outer packet; the one
/// quoted in brackets is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Packet<'a> {
    /// The time on the line, if it has one.
    pub time: Option<Time>,
    /// The syslog host, empty if the line named none.
    pub host: &'a [u8],
    /// The whole log prefix as written, from the end of the syslog header to `IN=`.
    pub prefix: &'a [u8],
    /// The action word that the prefix rule found.
    pub action: &'a [u8],
    /// What the prefix rule makes of the action.
    pub verdict: Verdict,
    /// `IN=`, at most 15 bytes in the kernel (IFNAMSIZ); empty for locally generated packets.
    pub if_in: &'a [u8],
    /// `OUT=`; empty for packets delivered to this host.
    pub if_out: &'a [u8],
    /// `MAC=` as logged, or the run `MACSRC=... MACPROTO=...` of `--log-macdecode`.
    pub mac: &'a [u8],
    /// Source address; none if the packet carries no IP (bridge lines).
    pub src: Option<IpAddr>,
    /// Destination address.
    pub dst: Option<IpAddr>,
    /// Source port; none for packets without ports (ICMP, fragments).
    pub src_port: Option<u16>,
    /// Destination port.
    pub dst_port: Option<u16>,
    /// `TCP`, `UDP`, `ICMP`, `ICMPv6`, `ARP`, ... or the number as the kernel wrote it; empty if unknown.
    pub proto: &'a [u8],
    /// Total length of the IP packet in bytes (the first `LEN=`).
    pub length: Option<u32>,
    /// TTL, or the IPv6 hop limit.
    pub ttl: Option<u8>,
    /// The identification field of the IPv4 header (the `ID=` before `PROTO=`); none in IPv6. A ping's `ID=` is a
    /// different field.
    pub ip_id: Option<u16>,
    /// TCP flags; none for other protocols, or if the header was not logged.
    pub tcp_flags: Option<TcpFlags>,
    /// ICMP type.
    pub icmp_type: Option<u8>,
    /// ICMP code.
    pub icmp_code: Option<u8>,
}

/// The stamp at the start of a line, for sorting logs chronologically.
pub fn stamp(line: &[u8]) -> Option<timestamp::Stamp> {
    header::read(reader::trim(line)).stamp
}

/// Log text as every store and report shows it: invalid UTF-8 and NUL become U+FFFD. Borrowed if nothing has to
/// change.
pub fn clean(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && !bytes.contains(&0)
    {
        return Cow::Borrowed(text);
    }
    Cow::Owned(String::from_utf8_lossy(bytes).replace('\0', "\u{FFFD}"))
}
