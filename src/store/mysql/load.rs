//! Packets into a logs table: LOAD DATA LOCAL if the server allows it, else long INSERTs.

use std::convert::Infallible;
use std::io::Write as _;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use mysql::LocalInfileHandler;

use crate::netfilter::batch::Batch;
use crate::netfilter::{Packet, Time};
use crate::store::TableName;
use crate::store::columns::{self, Cells, filled};
use crate::store::moment::Moment;

/// Bytes buffered before they are sent.
const PART: usize = 64 << 10;

/// Most parts that may wait to be sent.
const WAITING: usize = 4;

/// What the server gets when it asks for the "file" of a LOAD DATA LOCAL. Empty except during our own
/// statement: a server that asks at any other time gets nothing, and no file is ever read.
#[derive(Clone, Default)]
pub(super) struct Outbox(Arc<Mutex<Option<Receiver<Vec<u8>>>>>);

impl Outbox {
    /// Calls `load` while packets are encoded for it: the server takes the first rows while the next are
    /// being encoded.
    pub fn with<R>(&self, packets: &Batch, entry: Option<u64>, load: impl FnOnce() -> R) -> R {
        let (sender, parts) = sync_channel(WAITING);
        self.put(Some(parts));
        thread::scope(|scope| {
            scope.spawn(move || write_lines(packets, entry, &sender));
            let loaded = load();
            // Without a receiver, the writer stops early.
            self.put(None);
            loaded
        })
    }

    fn put(&self, parts: Option<Receiver<Vec<u8>>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = parts;
    }

    /// The connection's handler for such requests.
    pub fn handler(&self) -> LocalInfileHandler {
        let outbox = self.clone();
        LocalInfileHandler::new(move |_name, server| {
            let parts = outbox.0.lock().unwrap_or_else(PoisonError::into_inner);
            for part in parts.iter().flatten() {
                // An error here would make the driver omit the closing packet. A broken connection shows in
                // its next step, missing rows in the row count.
                let _ = server.write_all(&part);
            }
            Ok(())
        })
    }
}

/// The LOAD DATA statement. Bytes are taken as they are (`binary`): text is UTF-8 like the columns, addresses
/// are raw. Hex literals mean the same under every sql_mode.
pub(super) fn load_statement(table: &TableName) -> String {
    format!(
        "LOAD DATA LOCAL INFILE 'packets' INTO TABLE `{table}` CHARACTER SET binary \
         FIELDS TERMINATED BY 0x09 ESCAPED BY 0x5C LINES TERMINATED BY 0x0A ({})",
        filled()
    )
}

/// The head of an INSERT.
pub(super) fn insert_head(table: &TableName) -> String {
    format!("INSERT INTO `{table}` ({}) VALUES ", filled())
}

/// Writes the packets as LOAD DATA lines, and sends them in parts for as long as there is a receiver.
fn write_lines(packets: &Batch, entry: Option<u64>, parts: &SyncSender<Vec<u8>>) {
    let mut part = Vec::with_capacity(PART * 2);
    for packet in packets.iter() {
        let Ok(()) = columns::write(&packet, entry, &mut EncodedRow(&mut part));
        if let Some(last) = part.last_mut() {
            *last = b'\n';
        }
        if part.len() >= PART {
            let next = Vec::with_capacity(PART * 2);
            if parts.send(std::mem::replace(&mut part, next)).is_err() {
                return;
            }
        }
    }
    // Without a receiver, the statement has failed.
    let _ = parts.send(part);
}

/// Writes one packet as a row of an INSERT: `(...)`.
pub(super) fn write_row(packet: &Packet<'_>, entry: Option<u64>, out: &mut String) {
    out.push('(');
    let Ok(()) = columns::write(packet, entry, &mut Values(out));
    out.pop();
    out.push(')');
}

/// Cells of a LOAD DATA line, each followed by a tab.
struct EncodedRow<'a>(&'a mut Vec<u8>);

impl Cells for EncodedRow<'_> {
    type Error = Infallible;

    fn null(&mut self) -> Result<(), Infallible> {
        self.0.extend_from_slice(b"\\N\t");
        Ok(())
    }

    fn time(&mut self, time: Time) -> Result<(), Infallible> {
        self.0.extend_from_slice(&Moment::of(time).text());
        self.0.push(b'\t');
        Ok(())
    }

    fn text(&mut self, text: &[u8]) -> Result<(), Infallible> {
        self.bytes(text)
    }

    fn word(&mut self, word: &str) -> Result<(), Infallible> {
        self.0.extend_from_slice(word.as_bytes());
        self.0.push(b'\t');
        Ok(())
    }

    fn bytes(&mut self, mut bytes: &[u8]) -> Result<(), Infallible> {
        let special = |c: &u8| matches!(c, b'\t' | b'\n' | b'\\' | 0);
        while let Some(at) = bytes.iter().position(special) {
            let (clean, rest) = bytes.split_at(at);
            self.0.extend_from_slice(clean);
            let Some((first, rest)) = rest.split_first() else {
                break;
            };
            self.0.push(b'\\');
            self.0.push(match first {
                b'\t' => b't',
                b'\n' => b'n',
                0 => b'0',
                other => *other,
            });
            bytes = rest;
        }
        self.0.extend_from_slice(bytes);
        self.0.push(b'\t');
        Ok(())
    }

    fn number(&mut self, number: u64) -> Result<(), Infallible> {
        self.0.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        self.0.push(b'\t');
        Ok(())
    }
}

/// Cells of an INSERT, each followed by a comma.
struct Values<'a>(&'a mut String);

impl Values<'_> {
    fn hex(&mut self, bytes: &[u8]) {
        self.0.push_str("X'");
        for byte in bytes {
            for half in [byte >> 4, byte & 15] {
                self.0.extend(char::from_digit(half.into(), 16));
            }
        }
        self.0.push_str("',");
    }
}

impl Cells for Values<'_> {
    type Error = Infallible;

    fn null(&mut self) -> Result<(), Infallible> {
        self.0.push_str("NULL,");
        Ok(())
    }

    fn time(&mut self, time: Time) -> Result<(), Infallible> {
        let text = Moment::of(time).text();
        self.word(&String::from_utf8_lossy(&text))
    }

    /// Plain words are quoted; anything that some sql_mode might interpret is written as hex digits, which
    /// mean the same to all.
    fn text(&mut self, text: &[u8]) -> Result<(), Infallible> {
        let harmless = |c: &u8| matches!(c, b' '..=b'~') && !matches!(c, b'\'' | b'"' | b'\\');
        match std::str::from_utf8(text) {
            Ok(word) if text.iter().all(harmless) => self.word(word),
            _ => {
                self.0.push_str("_utf8mb4 ");
                self.bytes(text)
            }
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Infallible> {
        self.0.push('\'');
        self.0.push_str(word);
        self.0.push_str("',");
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.hex(bytes);
        Ok(())
    }

    fn number(&mut self, number: u64) -> Result<(), Infallible> {
        self.0.push_str(itoa::Buffer::new().format(number));
        self.0.push(',');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netfilter::Verdict;

    fn packet() -> Packet<'static> {
        Packet {
            time: Some(Time(0)),
            host: b"fw",
            prefix: b"tab\there \\N it's",
            action: b"DROP",
            verdict: Verdict::Deny,
            if_in: b"eth0",
            src: Some("10.9.92.0".parse().expect("an address")),
            src_port: Some(0),
            dst_port: Some(65535),
            proto: b"UDP",
            ttl: Some(64),
            ..Packet::default()
        }
    }

    #[test]
    fn a_line_escapes_what_would_end_a_cell() {
        let mut batch = Batch::default();
        batch.push(&packet());
        let (sender, parts) = sync_channel(1);
        write_lines(&batch, Some(7), &sender);
        drop(sender);
        let out = parts.iter().flatten().collect::<Vec<u8>>();
        let expected =
            b"1970-01-01 00:00:00.000000\tfw\teth0\t\t\\n\\t\\\\\\0\t\t0\t65535\tUDP\tDROP\tdeny\t\
            tab\\there \\\\N it's\t\t\\N\t64\t\\N\t\\N\t\\N\t\\N\t7\n";
        assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(expected));
    }

    #[test]
    fn a_row_writes_risky_text_in_hex() {
        let mut out = String::new();
        write_row(&packet(), None, &mut out);
        assert_eq!(
            out,
            "('1970-01-01 00:00:00.000000','fw','eth0','',X'0a095c00',X'',0,65535,'UDP','DROP','deny',\
             _utf8mb4 X'7461620968657265205c4e2069742773','',NULL,64,NULL,NULL,NULL,NULL,NULL)"
        );
    }
}
