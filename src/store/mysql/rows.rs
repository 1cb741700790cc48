//! Rows of a server as packets, ledger entries and names.

use mysql::{Row, Value};

use crate::netfilter::{Packet, TcpFlags, Time, Verdict};
use crate::store::condition::{Bound, address_of};
use crate::store::moment::Moment;
use crate::store::{Columns, Entry};

/// The columns that a reader gets, in the order of [`packet`].
pub(super) fn columns(wanted: Columns) -> Vec<&'static str> {
    let further = wanted.optional().into_iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name);
    Columns::ALWAYS.into_iter().chain(further).collect()
}

/// The row number and the packet of a row of [`columns`].
pub(super) fn packet(row: &Row, wanted: Columns) -> (u64, Packet<'_>) {
    let mut at = 0;
    let mut next = |wanted: bool| {
        if !wanted {
            return &Value::NULL;
        }
        at += 1;
        row.as_ref(at - 1).unwrap_or(&Value::NULL)
    };
    let id = number(next(true)).unwrap_or(0);
    let packet = Packet {
        time: time(next(true)),
        verdict: Verdict::from_word(bytes(next(true))).unwrap_or(Verdict::Other),
        action: bytes(next(true)),
        proto: bytes(next(true)),
        if_in: bytes(next(true)),
        src: address_of(bytes(next(true))),
        dst: address_of(bytes(next(true))),
        src_port: number(next(true)),
        dst_port: number(next(true)),
        host: bytes(next(wanted.host)),
        if_out: bytes(next(wanted.if_out)),
        prefix: bytes(next(wanted.prefix)),
        mac: bytes(next(wanted.mac)),
        length: number(next(wanted.length)),
        ttl: number(next(wanted.ttl)),
        ip_id: None,
        tcp_flags: number(next(wanted.tcp_flags)).map(TcpFlags),
        icmp_type: number(next(wanted.icmp)),
        icmp_code: number(next(wanted.icmp)),
    };
    (id, packet)
}

/// An entry of the ledger, from the columns of `ledger::select_entries`.
pub(super) fn entry(row: &Row) -> Entry {
    let cell = |at: usize| row.as_ref(at).unwrap_or(&Value::NULL);
    Entry {
        id: number(cell(0)).unwrap_or(0),
        incarnation: text(cell(1)),
        head: bytes(cell(2)).to_vec(),
        tail: bytes(cell(3)).to_vec(),
        offset: number(cell(4)).unwrap_or(0),
        lines: number(cell(5)).unwrap_or(0),
        packets: number(cell(6)).unwrap_or(0),
        first: time(cell(7)),
        last: time(cell(8)),
        path: text(cell(9)),
        device: number(cell(10)).unwrap_or(0),
        inode: number(cell(11)).unwrap_or(0),
        at: time(cell(12)),
    }
}

/// A number, from either protocol; none for NULL and for what the type does not hold.
pub(super) fn number<N: TryFrom<u64> + std::str::FromStr>(value: &Value) -> Option<N> {
    match value {
        Value::Int(number) => u64::try_from(*number).ok()?.try_into().ok(),
        Value::UInt(number) => (*number).try_into().ok(),
        Value::Bytes(digits) => std::str::from_utf8(digits).ok()?.parse().ok(),
        _ => None,
    }
}

/// The bytes of a text or binary value; empty for NULL.
pub(super) fn bytes(value: &Value) -> &[u8] {
    match value {
        Value::Bytes(bytes) => bytes,
        _ => b"",
    }
}

/// A text; empty for NULL.
pub(super) fn text(value: &Value) -> String {
    String::from_utf8_lossy(bytes(value)).into_owned()
}

/// A time, from either protocol.
pub(super) fn time(value: &Value) -> Option<Time> {
    match value {
        Value::Date(year, month, day, hour, minute, second, micros) => Moment {
            year: *year,
            month: *month,
            day: *day,
            hour: *hour,
            minute: *minute,
            second: *second,
            micros: *micros,
        }
        .time(),
        Value::Bytes(text) => Moment::parse(text)?.time(),
        _ => None,
    }
}

/// A time as a value; NULL for none.
pub(super) fn time_value(time: Option<Time>) -> Value {
    time.map_or(Value::NULL, |time| {
        let m = Moment::of(time);
        Value::Date(m.year, m.month, m.day, m.hour, m.minute, m.second, m.micros)
    })
}

/// A value of a condition.
pub(super) fn bound(value: &Bound) -> Value {
    match value {
        Bound::Text(text) => Value::from(text),
        Bound::Bytes(bytes) => Value::Bytes(bytes.clone()),
        Bound::Number(number) => Value::from(*number),
        Bound::Time(time) => time_value(Some(*time)),
    }
}
