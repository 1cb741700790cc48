//! The columns of a logs table, in one list: what they hold, how a packet fills them, and how a row becomes a
//! packet again. Both stores read and write by it.

use std::net::IpAddr;

use crate::netfilter::{Packet, TcpFlags, Time, Verdict, limits};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnKind {
    /// A timestamp, UTC.
    Time,
    /// Text of at most this many characters; empty when missing.
    Text(usize),
    /// 4 or 16 bytes; empty when missing.
    Address,
    /// `accept`, `deny` or `other`.
    Verdict,
    /// An unsigned number, by MySQL's name for its width; NULL when missing.
    Number(&'static str),
}

/// Every column but `id`, in the order of the table and of [`write()`].
pub(super) const COLUMNS: [(&str, ColumnKind); 20] = [
    ("timestamp", ColumnKind::Time),
    ("host", ColumnKind::Text(limits::HOST)),
    ("if_in", ColumnKind::Text(limits::INTERFACE)),
    ("if_out", ColumnKind::Text(limits::INTERFACE)),
    ("src_ip", ColumnKind::Address),
    ("dst_ip", ColumnKind::Address),
    ("src_prt", ColumnKind::Number("SMALLINT")),
    ("dst_prt", ColumnKind::Number("SMALLINT")),
    ("proto", ColumnKind::Text(limits::PROTO)),
    ("action", ColumnKind::Text(limits::ACTION)),
    ("verdict", ColumnKind::Verdict),
    ("prefix", ColumnKind::Text(limits::PREFIX)),
    ("mac", ColumnKind::Text(limits::MAC)),
    ("length", ColumnKind::Number("INT")),
    ("ttl", ColumnKind::Number("TINYINT")),
    ("ip_id", ColumnKind::Number("SMALLINT")),
    ("tcp_flags", ColumnKind::Number("SMALLINT")),
    ("icmp_type", ColumnKind::Number("TINYINT")),
    ("icmp_code", ColumnKind::Number("TINYINT")),
    ("entry", ColumnKind::Number("BIGINT")),
];

/// The columns an INSERT fills, quoted and comma-separated.
pub(super) fn filled() -> String {
    COLUMNS.map(|(name, _)| format!("`{name}`")).join(",")
}

/// Receives the cells of a row one by one.
pub(super) trait Cells {
    /// What can go wrong.
    type Error;
    fn null(&mut self) -> Result<(), Self::Error>;
    fn time(&mut self, time: Time) -> Result<(), Self::Error>;
    /// UTF-8.
    fn text(&mut self, text: &[u8]) -> Result<(), Self::Error>;
    /// A word that needs no escaping.
    fn word(&mut self, word: &str) -> Result<(), Self::Error>;
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
    fn number(&mut self, number: u64) -> Result<(), Self::Error>;
}

/// Writes a packet of a batch as a row, in [`COLUMNS`] order; `entry` is the ledger entry it came with.
pub(super) fn write<C: Cells>(packet: &Packet<'_>, entry: Option<u64>, to: &mut C) -> Result<(), C::Error> {
    match packet.time {
        Some(time) => to.time(time)?,
        None => to.null()?,
    }
    to.text(packet.host)?;
    to.text(packet.if_in)?;
    to.text(packet.if_out)?;
    for address in [packet.src, packet.dst] {
        match address {
            Some(IpAddr::V4(address)) => to.bytes(&address.octets())?,
            Some(IpAddr::V6(address)) => to.bytes(&address.octets())?,
            None => to.bytes(b"")?,
        }
    }
    let number = |to: &mut C, number: Option<u64>| match number {
        Some(number) => to.number(number),
        None => to.null(),
    };
    number(to, packet.src_port.map(u64::from))?;
    number(to, packet.dst_port.map(u64::from))?;
    to.text(packet.proto)?;
    to.text(packet.action)?;
    to.word(packet.verdict.as_str())?;
    to.text(packet.prefix)?;
    to.text(packet.mac)?;
    number(to, packet.length.map(u64::from))?;
    number(to, packet.ttl.map(u64::from))?;
    number(to, packet.ip_id.map(u64::from))?;
    number(to, packet.tcp_flags.map(|flags| u64::from(flags.0)))?;
    number(to, packet.icmp_type.map(u64::from))?;
    number(to, packet.icmp_code.map(u64::from))?;
    number(to, entry)
}

/// Columns that a reader of packets wants besides those the analysis always needs (time, verdict, action,
/// proto, if_in, src, dst, ports).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// `host`
    pub host: bool,
    /// `if_out`
    pub if_out: bool,
    /// `prefix`
    pub prefix: bool,
    /// `mac`
    pub mac: bool,
    /// `length`
    pub length: bool,
    /// `ttl`
    pub ttl: bool,
    /// `ip_id`
    pub ip_id: bool,
    /// `tcp_flags`
    pub tcp_flags: bool,
    /// `icmp_type` and `icmp_code`
    pub icmp: bool,
    /// `entry`
    pub entry: bool,
}

impl Columns {
    /// Every column of a packet.
    pub const PACKET: Columns = Columns {
        host: true,
        if_out: true,
        prefix: true,
        mac: true,
        length: true,
        ttl: true,
        ip_id: true,
        tcp_flags: true,
        icmp: true,
        entry: false,
    };

    /// The names of the wanted columns, in the order [`read`] expects.
    pub(super) fn names(self) -> String {
        const ALWAYS: [&str; 10] = [
            "id",
            "timestamp",
            "verdict",
            "action",
            "proto",
            "if_in",
            "src_ip",
            "dst_ip",
            "src_prt",
            "dst_prt",
        ];
        let further = [
            (self.host, "host"),
            (self.if_out, "if_out"),
            (self.prefix, "prefix"),
            (self.mac, "mac"),
            (self.length, "length"),
            (self.ttl, "ttl"),
            (self.ip_id, "ip_id"),
            (self.tcp_flags, "tcp_flags"),
            (self.icmp, "icmp_type"),
            (self.icmp, "icmp_code"),
            (self.entry, "entry"),
        ];
        let further = further.into_iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name);
        let names: Vec<String> = ALWAYS.into_iter().chain(further).map(|name| format!("`{name}`")).collect();
        names.join(",")
    }
}

/// A cell of a packet row. A value of an unexpected type counts as missing: any program may have written to
/// the table.
pub(super) trait ColumnValue<'a>: Copy {
    /// The value of a column that was not requested.
    const MISSING: Self;
    fn bytes(self) -> &'a [u8];
    fn number(self) -> Option<u64>;
    fn time(self) -> Option<Time>;
}

/// A packet as stored in a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stored<'a> {
    /// Row number.
    pub id: u64,
    /// The ledger entry it came with, if it has one and that column was requested.
    pub entry: Option<u64>,
    /// The packet; columns that were not requested are empty.
    pub packet: Packet<'a>,
}

/// Builds a packet from the cells of [`Columns::names`], taken in that order.
pub(super) fn read<'a, C: ColumnValue<'a>>(wanted: Columns, mut next: impl FnMut() -> C) -> Stored<'a> {
    fn fit<N: TryFrom<u64>>(number: Option<u64>) -> Option<N> {
        number.and_then(|number| number.try_into().ok())
    }
    let mut next = |wanted: bool| if wanted { next() } else { C::MISSING };
    let id = next(true).number().unwrap_or(0);
    let packet = Packet {
        time: next(true).time(),
        verdict: Verdict::from_word(next(true).bytes()).unwrap_or(Verdict::Other),
        action: next(true).bytes(),
        proto: next(true).bytes(),
        if_in: next(true).bytes(),
        src: address_of(next(true).bytes()),
        dst: address_of(next(true).bytes()),
        src_port: fit(next(true).number()),
        dst_port: fit(next(true).number()),
        host: next(wanted.host).bytes(),
        if_out: next(wanted.if_out).bytes(),
        prefix: next(wanted.prefix).bytes(),
        mac: next(wanted.mac).bytes(),
        length: fit(next(wanted.length).number()),
        ttl: fit(next(wanted.ttl).number()),
        ip_id: fit(next(wanted.ip_id).number()),
        tcp_flags: fit(next(wanted.tcp_flags).number()).map(TcpFlags),
        icmp_type: fit(next(wanted.icmp).number()),
        icmp_code: fit(next(wanted.icmp).number()),
    };
    Stored { id, entry: next(wanted.entry).number(), packet }
}

/// An address as a column stores it: 4 or 16 bytes.
pub(super) fn address_bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The address in a column; none for any other length.
pub(super) fn address_of(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(four));
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}
