//! Rows of a file as packets and ledger entries.
//!
//! Any program may have written into the file, and SQLite holds columns to no type: what has
//! another type than expected counts as missing.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Error, Row};

use crate::netfilter::{Packet, TcpFlags, Time, Verdict};
use crate::store::condition::{Bound, address_of};
use crate::store::moment::{self, Moment};
use crate::store::{Columns, Entry};

/// Every column that a reader may get, in the order of [`packet`]; those that are not wanted are
/// read as NULL, which costs nothing.
pub(super) fn columns(wanted: Columns) -> String {
    let further = wanted.optional().map(|(wanted, name)| if wanted { name } else { "NULL" });
    Columns::ALWAYS.into_iter().chain(further).collect::<Vec<_>>().join(", ")
}

/// The row number and the packet of a row of [`columns`].
pub(super) fn packet<'a>(row: &'a Row<'_>) -> Result<(u64, Packet<'a>), Error> {
    let cell = |at: usize| row.get_ref(at);
    let packet = Packet {
        time: time(cell(1)?),
        verdict: Verdict::from_word(bytes(cell(2)?)).unwrap_or(Verdict::Other),
        action: bytes(cell(3)?),
        proto: bytes(cell(4)?),
        if_in: bytes(cell(5)?),
        src: address_of(bytes(cell(6)?)),
        dst: address_of(bytes(cell(7)?)),
        src_port: number(cell(8)?),
        dst_port: number(cell(9)?),
        host: bytes(cell(10)?),
        if_out: bytes(cell(11)?),
        prefix: bytes(cell(12)?),
        mac: bytes(cell(13)?),
        length: number(cell(14)?),
        ttl: number(cell(15)?),
        ip_id: None,
        tcp_flags: number(cell(16)?).map(TcpFlags),
        icmp_type: number(cell(17)?),
        icmp_code: number(cell(18)?),
    };
    Ok((number(cell(0)?).unwrap_or(0), packet))
}

/// An entry of the ledger, from the columns of `ledger::select_entries`.
pub(super) fn entry(row: &Row<'_>) -> Result<Entry, Error> {
    let count = |at: usize| row.get_ref(at).map(|value| number(value).unwrap_or(0));
    let text = |at: usize| row.get_ref(at).map(|value| String::from_utf8_lossy(bytes(value)).into_owned());
    Ok(Entry {
        id: count(0)?,
        incarnation: text(1)?,
        head: bytes(row.get_ref(2)?).to_vec(),
        tail: bytes(row.get_ref(3)?).to_vec(),
        offset: count(4)?,
        lines: count(5)?,
        packets: count(6)?,
        first: time(row.get_ref(7)?),
        last: time(row.get_ref(8)?),
        path: text(9)?,
        device: count(10)?,
        inode: count(11)?,
        at: time(row.get_ref(12)?),
    })
}

/// The bytes of a text or blob; empty for anything else.
pub(super) fn bytes(value: ValueRef<'_>) -> &[u8] {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        _ => b"",
    }
}

/// A number; none for NULL and for what the type does not hold.
pub(super) fn number<N: TryFrom<i64>>(value: ValueRef<'_>) -> Option<N> {
    match value {
        ValueRef::Integer(number) => number.try_into().ok(),
        _ => None,
    }
}

/// A time.
pub(super) fn time(value: ValueRef<'_>) -> Option<Time> {
    Moment::parse(bytes(value))?.time()
}

/// A value of a condition.
pub(super) fn bound(value: &Bound) -> Value {
    match value {
        Bound::Text(text) => Value::Text(text.clone()),
        Bound::Bytes(bytes) => Value::Blob(bytes.clone()),
        Bound::Number(number) => Value::Integer(i64::from(*number)),
        Bound::Time(time) => Value::Text(moment::text(*time)),
    }
}
