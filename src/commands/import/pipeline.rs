//! One thread reads and parses, the other stores, joined by a bounded channel of chunks. A chunk's
//! rows and its step in the ledger are one transaction.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use super::super::logs::{Clock, Source};
use super::super::session::Session;
use crate::input::{Lines, Log, ReadError};
use crate::netfilter::account::Account;
use crate::netfilter::batch::Batch;
use crate::netfilter::{Reader, Time};
use crate::report::progress::Progress;
use crate::store::identity::{self, HEAD, TAIL};
use crate::store::{Entry, Store, StoreError, TableKind, TableName};

/// A chunk is full at this many bytes of packets, or lines of log.
const CHUNK_BYTES: usize = 3 << 20;
const CHUNK_LINES: u64 = 25_000;

/// Chunks waiting between the two threads.
const WAITING: usize = 1;

/// How much before the offset is read again on going on, so that a repeat of a host's last line is
/// understood, though other hosts' lines stand between.
const REMEMBERED: u64 = 1 << 20;

/// Where a file's import begins.
pub struct Begin {
    /// The log's entry; new if its id is 0.
    pub entry: Entry,
    /// The entries that begin as the log does, to see whether another import made one since.
    pub candidates: Vec<Entry>,
    /// The first bytes of the log.
    pub head: Vec<u8>,
}

/// What was read of a log.
pub struct Read {
    /// What became of its lines.
    pub account: Account,
    /// Why it was not read to its end.
    pub error: Option<ReadError>,
}

/// Packets of a run of whole lines.
struct Chunk {
    packets: Batch,
    /// Lines in it.
    lines: u64,
    /// Offset behind its last line.
    end: u64,
    /// The last bytes before that.
    tail: Vec<u8>,
    head: Vec<u8>,
    first: Option<Time>,
    last: Option<Time>,
}

/// What the reading thread sends; the end comes once, and last.
enum Message {
    Chunk(Chunk),
    End(Box<Read>),
}

/// Imports a log from where the ledger stands, or a stream without identity. None if another
/// import was faster.
pub fn run(
    session: &mut Session<'_, '_>,
    source: &Source,
    log: Log,
    table: &TableName,
    mut begin: Option<Begin>,
) -> anyhow::Result<Option<Read>> {
    let reader = Reader::new(&session.rules, source.calendar(&session.clock));
    let show = session.console.err_is_terminal && !session.console.quiet;
    let mut progress = Progress::new(&source.name, log.raw_len(), log.progress(), show);
    let from = begin.as_ref().map(|b| (b.entry.offset, b.head.clone()));
    let store = session.store.open()?;
    let outcome = thread::scope(|scope| {
        let (sender, receiver) = sync_channel(WAITING);
        scope.spawn(move || Reading { reader, sender }.run(log, from));
        let mut in_transaction = false;
        for message in receiver {
            let chunk = match message {
                Message::Chunk(chunk) => chunk,
                Message::End(read) => {
                    match (in_transaction, &read.error) {
                        (true, None) => store.commit()?,
                        (true, Some(_)) => store.rollback()?,
                        (false, _) => {}
                    }
                    return Ok(Some(*read));
                }
            };
            progress.lines(chunk.lines);
            match &mut begin {
                Some(begin) => {
                    begin.entry.at = Some(Clock::now());
                    if !step(store, table, begin, &chunk)? {
                        return Ok(None);
                    }
                }
                None => {
                    let is_first = !std::mem::replace(&mut in_transaction, true);
                    if is_first {
                        store.lock(table)?;
                        store.begin()?;
                    }
                    store.insert(table, &chunk.packets)?;
                    if is_first {
                        store.unlock()?;
                    }
                }
            }
        }
        anyhow::bail!("{}: reading ended without a word; run it again", source.name)
    });
    progress.finish();
    outcome
}

/// Stores a chunk and moves the ledger on, together. False, with nothing changed, if another
/// import was faster.
fn step(
    store: &mut dyn Store,
    table: &TableName,
    begin: &mut Begin,
    chunk: &Chunk,
) -> Result<bool, StoreError> {
    let entry = &begin.entry;
    let from = entry.offset;
    let mut next = Entry {
        offset: chunk.end,
        head: chunk.head.clone(),
        tail: chunk.tail.clone(),
        lines: entry.lines.saturating_add(chunk.lines),
        packets: entry.packets.saturating_add(chunk.packets.len() as u64),
        first: [entry.first, chunk.first].into_iter().flatten().min(),
        last: entry.last.max(chunk.last),
        ..entry.clone()
    };
    let is_new = entry.id == 0;
    if is_new && next.packets == 0 {
        // A log is remembered from its first packet on: one read with the wrong prefix, or too
        // early, can be read again.
        begin.entry = next;
        return Ok(true);
    }
    if is_new {
        store.lock(table)?;
        store.begin()?;
        // The table may have been replaced since it was looked at; an entry of the old one would
        // count for nothing, and its log would go in again.
        let same_table =
            matches!(store.kind(table)?, TableKind::Logs { incarnation } if incarnation == entry.incarnation);
        if !same_table || identity::candidates(&store.entries(table)?, &begin.head) != begin.candidates {
            store.rollback()?;
            store.unlock()?;
            return Ok(false);
        }
        next.id = store.add_entry(table, &next)?;
    } else {
        store.begin()?;
        if !store.advance(&next, from)? {
            store.rollback()?;
            return Ok(false);
        }
    }
    store.insert(table, &chunk.packets)?;
    store.commit()?;
    if is_new {
        store.unlock()?;
    }
    begin.entry = next;
    Ok(true)
}

/// The reading thread. It ends early when nobody receives any more.
struct Reading<'r> {
    reader: Reader<'r>,
    sender: SyncSender<Message>,
}

/// The storing thread has given up.
struct NobodyListens;

impl Reading<'_> {
    fn run(mut self, log: Log, from: Option<(u64, Vec<u8>)>) {
        // A stream has no offset, and a compressed log no end that is still to come.
        let may_grow = from.is_some() && log.is_plain();
        let (offset, head) = from.unwrap_or_default();
        let mut lines = log.lines();
        let read = self.go_to(&mut lines, offset);
        let read = read.map_or_else(|e| Ok(Some(e)), |()| self.chunks(&mut lines, &head, may_grow));
        if let Ok(error) = read {
            let read = Read { account: self.reader.account, error };
            let _ = self.sender.send(Message::End(Box::new(read)));
        }
    }

    /// Goes to where the last import ended, remembering the lines before.
    fn go_to(&mut self, lines: &mut Lines, offset: u64) -> Result<(), ReadError> {
        let near = offset.saturating_sub(REMEMBERED);
        lines.skip_to(near)?;
        // Lands in the middle of a line, mostly.
        let mut whole = near == 0;
        while lines.offset() < offset {
            let Some(line) = lines.next()? else { return Ok(()) };
            if whole {
                self.reader.remember(line.bytes);
            }
            whole = true;
        }
        Ok(())
    }

    /// Reads on to the end, or to a fault in the log.
    fn chunks(
        &mut self,
        lines: &mut Lines,
        head: &[u8],
        may_grow: bool,
    ) -> Result<Option<ReadError>, NobodyListens> {
        let mut packets = Batch::default();
        let mut count = 0;
        let (mut first, mut last) = (None, None);
        let mut error = None;
        let mut end = lines.offset();
        loop {
            let mut at_end = false;
            match lines.next() {
                Ok(Some(line)) if !line.complete && may_grow => {
                    self.reader.unfinished();
                    at_end = true;
                }
                Ok(Some(line)) if line.too_long => {
                    self.reader.too_long(line.bytes);
                    count += 1;
                    end = line.end;
                }
                Ok(Some(line)) => {
                    self.reader.read(line.bytes, |packet| {
                        packets.push(packet);
                        if let Some(time) = packet.time {
                            first = Some(first.map_or(time, |first: Time| first.min(time)));
                            last = last.max(Some(time));
                        }
                    });
                    count += 1;
                    end = line.end;
                }
                Ok(None) => at_end = true,
                Err(read_error) => {
                    error = Some(read_error);
                    at_end = true;
                }
            }
            let full = packets.size() >= CHUNK_BYTES || count >= CHUNK_LINES;
            if count > 0 && (full || at_end) {
                let chunk = Chunk {
                    packets: std::mem::take(&mut packets),
                    lines: std::mem::take(&mut count),
                    end,
                    tail: tail_of(lines, end),
                    head: head_of(lines.log(), head, end),
                    first: first.take(),
                    last: last.take(),
                };
                self.sender.send(Message::Chunk(chunk)).map_err(|_| NobodyListens)?;
            }
            if at_end {
                return Ok(error);
            }
        }
    }
}

/// The last bytes before an offset, as many as the ledger keeps.
fn tail_of(lines: &Lines, end: u64) -> Vec<u8> {
    if lines.offset() == end {
        return lines.before().to_vec();
    }
    // An unfinished line has been read over.
    let mut tail = vec![0; (TAIL as u64).min(end) as usize];
    let begin = end - tail.len() as u64;
    let read = lines.log().read_at(&mut tail, begin);
    let read = read.and_then(Result::ok).unwrap_or_default();
    tail.drain(read..);
    tail
}

/// The first bytes of a log, as many as the ledger keeps at an offset. A file that was short when
/// its head was read may have grown since.
fn head_of(log: &Log, head: &[u8], offset: u64) -> Vec<u8> {
    let wanted = (HEAD as u64).min(offset) as usize;
    if let Some(head) = head.get(..wanted) {
        return head.to_vec();
    }
    let mut now = vec![0; wanted];
    match log.read_at(&mut now, 0) {
        Some(Ok(read)) if read == wanted => now,
        _ => head.to_vec(),
    }
}

#[cfg(test)]
mod tests;
