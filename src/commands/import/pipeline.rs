//! One thread reads and parses, another stores; a bounded channel of chunks connects them.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::input::{Lines, Log, ReadError};
use crate::netfilter::batch::Batch;
use crate::netfilter::fingerprint::second;
use crate::netfilter::stats::ParseStats;
use crate::netfilter::{Reader, Time, clean};
use crate::report::progress::Progress;
use crate::run::clock::Clock;
use crate::run::logs::LogSource;
use crate::run::packets;
use crate::run::session::Session;
use crate::run::signals::Caught;
use crate::store::identity::{HEAD, Hasher, TAIL};
use crate::store::{Entry, KnownPackets, Pushed, Step, Store, StoreError, TableName};

/// A chunk is full at this many bytes of packets, or lines of log.
pub const CHUNK_BYTES: usize = 3 << 20;
pub const CHUNK_LINES: u64 = 25_000;

/// Chunks queued between the two threads.
const WAITING: usize = 1;

/// How much before the offset is reread on resuming, so that a repeat of a host's last line is understood
/// even with other hosts' lines in between.
const REMEMBERED: u64 = 1 << 20;

/// Hosts kept per log; one with more may share packets with any other.
const MOST_HOSTS: usize = 64;

/// Where a file's import begins.
pub struct Begin {
    /// The log's entry; new if its id is 0.
    pub entry: Entry,
    /// The entries that begin as the log does, to see whether another import has added one since.
    pub candidates: Vec<Entry>,
    /// The first bytes of the log.
    pub head: Vec<u8>,
}

/// The result of reading a log.
#[derive(Default)]
pub struct Read {
    /// Statistics of its lines.
    pub stats: ParseStats,
    /// Why it was not read to its end.
    pub error: Option<ReadError>,
    /// Packets already in the table from another log.
    pub known: KnownPackets,
    /// Lines imported.
    pub lines: u64,
    /// The signal that stopped the import.
    pub interrupted: Option<i32>,
}

/// What the reading thread sends.
pub enum Message {
    /// Packets read in an earlier run; comes first, if at all.
    Earlier(Batch),
    /// A run of lines.
    Chunk(Step),
    /// Comes once, and last.
    End(Box<ParseStats>, Option<ReadError>),
}

/// Imports a log from the ledger's position, or (without `begin`) a stream without identity. None if
/// another import got ahead.
pub fn run_log(
    session: &mut Session<'_, '_>,
    source: &LogSource,
    log: Log,
    table: &TableName,
    begin: Option<Begin>,
    caught: &Caught,
) -> anyhow::Result<Option<Read>> {
    let new_reader = || Reader::new(&session.rules, source.calendar(&session.clock));
    let (reader, earlier) = (new_reader(), new_reader());
    let show = session.console.shows_progress();
    let progress = Progress::new(&source.name, log.raw_len(), log.progress(), show);
    let from = begin.as_ref().map(|begin| (begin.entry.clone(), begin.head.clone()));
    let store = session.store.open()?;
    Ok(run(store, progress, table, begin, caught, |sender| {
        LogReader { reader, earlier, sender }.run(log, from);
    })?)
}

/// Imports what a thread reads, as [`run_log`] does.
pub fn run(
    store: &mut Store,
    mut progress: Progress,
    table: &TableName,
    begin: Option<Begin>,
    caught: &Caught,
    reading: impl FnOnce(SyncSender<Message>) + Send,
) -> Result<Option<Read>, StoreError> {
    let outcome = thread::scope(|scope| {
        let (sender, receiver) = sync_channel(WAITING);
        scope.spawn(move || reading(sender));
        let mut storing = Storing { receiver, progress: &mut progress, caught };
        match begin {
            Some(begin) => storing.log(store, table, begin),
            None => storing.stream(store, table).map(Some),
        }
    });
    progress.finish();
    outcome
}

/// The storing thread.
struct Storing<'p, 'c> {
    receiver: Receiver<Message>,
    progress: &'p mut Progress,
    caught: &'c Caught,
}

impl Storing<'_, '_> {
    fn log(
        &mut self,
        store: &mut Store,
        table: &TableName,
        begin: Begin,
    ) -> Result<Option<Read>, StoreError> {
        let mut import = store.import(table, begin.entry, begin.candidates, begin.head);
        let mut read = Read::default();
        for message in &self.receiver {
            match message {
                Message::Earlier(packets) => import.remember(&packets),
                Message::Chunk(step) => {
                    self.progress.lines(step.lines);
                    match import.push(&step)? {
                        Pushed::Overtaken => return Ok(None),
                        Pushed::Stored(known) => read.known.add(known),
                    }
                }
                Message::End(stats, error) => {
                    (read.stats, read.error, read.lines) = (*stats, error, import.entry().lines);
                    if read.error.is_none() {
                        import.finish()?;
                    }
                    return Ok(Some(read));
                }
            }
            if let Some(signal) = self.caught.signal() {
                read.interrupted = Some(signal);
                break;
            }
        }
        read.lines = import.entry().lines;
        Ok(Some(read))
    }

    fn stream(&mut self, store: &mut Store, table: &TableName) -> Result<Read, StoreError> {
        let mut stream = store.stream(table)?;
        let mut read = Read::default();
        for message in &self.receiver {
            match message {
                Message::Earlier(_) => {}
                Message::Chunk(step) => {
                    self.progress.lines(step.lines);
                    stream.push(&step.packets)?;
                }
                Message::End(stats, error) => {
                    (read.stats, read.error) = (*stats, error);
                    if read.error.is_none() {
                        stream.finish()?;
                    }
                    return Ok(read);
                }
            }
            if let Some(signal) = self.caught.signal() {
                read.interrupted = Some(signal);
                break;
            }
        }
        Ok(read)
    }
}

/// The reading thread. It ends early when nobody receives any more.
struct LogReader<'r> {
    reader: Reader<'r>,
    /// Rereads what an earlier run read.
    earlier: Reader<'r>,
    sender: SyncSender<Message>,
}

/// The storing thread has given up.
pub struct NobodyListens;

impl LogReader<'_> {
    fn run(mut self, mut log: Log, from: Option<(Entry, Vec<u8>)>) {
        // A stream has no offset, and a compressed log does not grow.
        let may_grow = from.is_some() && log.is_plain();
        let (entry, head) = from.unwrap_or_default();
        let hasher = Arc::new(Mutex::new(Hasher::new(entry.checkpoints.clone())));
        let hashed = Arc::clone(&hasher);
        log.observe(move |offset, bytes| {
            hashed.lock().unwrap_or_else(PoisonError::into_inner).feed(offset, bytes);
        });
        let mut lines = Lines::new(log);
        let mut window = OverlapWindow::default();
        let read = match self.go_to(&mut lines, &entry, &mut window) {
            Err(error) => Ok(Some(error)),
            Ok(earlier) => {
                // If nobody listens, the first chunk will tell.
                let _ = self.sender.send(Message::Earlier(earlier));
                let hosts = HostNames::of(&entry);
                let log = Chunks { lines: &mut lines, head: &head, may_grow, hasher: &hasher, window, hosts };
                self.chunks(log)
            }
        };
        if let Ok(error) = read {
            let _ = self.sender.send(Message::End(Box::new(self.reader.stats), error));
        }
    }

    /// Skips to where the last import ended, remembering the lines before. Returns the packets of the last
    /// seconds.
    fn go_to(
        &mut self,
        lines: &mut Lines,
        entry: &Entry,
        window: &mut OverlapWindow,
    ) -> Result<Batch, ReadError> {
        let offset = entry.offset;
        let window_at = entry.window_at.min(offset);
        let near = offset.saturating_sub(REMEMBERED).min(window_at);
        lines.skip_to(near)?;
        let mut packets = Batch::default();
        // Usually lands in the middle of a line; the window begins at the start of one.
        let mut whole = near == 0 || near == window_at;
        while lines.offset() < offset {
            let start = lines.offset();
            let Some(line) = lines.next()? else { return Ok(packets) };
            if whole {
                self.reader.remember(line.bytes);
                if start < window_at {
                    self.earlier.remember(line.bytes);
                } else {
                    self.earlier.read(line.bytes, |packet| {
                        packets.push(packet);
                        window.packet(packet.time.map(second), start);
                    });
                }
            }
            whole = true;
        }
        Ok(packets)
    }

    /// Reads to the end or to a fault in the log.
    fn chunks(&mut self, log: Chunks<'_>) -> Result<Option<ReadError>, NobodyListens> {
        let Chunks { lines, head, may_grow, hasher, mut window, mut hosts } = log;
        let mut batch = Batch::default();
        let (mut first, mut last) = (None, None);
        let mut count = 0;
        let mut error = None;
        let mut end = lines.offset();
        loop {
            let mut at_end = false;
            let read = packets::next_line(lines, &mut self.reader, may_grow, |packet| {
                batch.push(packet);
                hosts.add(packet.host);
                if let Some(time) = packet.time {
                    first = Some(first.map_or(time, |first: Time| first.min(time)));
                    last = last.max(Some(time));
                    window.packet(Some(second(time)), end);
                }
            });
            match read {
                Ok(packets::LineRead::Line(line_end)) => {
                    count += 1;
                    end = line_end;
                }
                Ok(packets::LineRead::Unfinished | packets::LineRead::End) => at_end = true,
                Err(read_error) => {
                    error = Some(read_error);
                    at_end = true;
                }
            }
            let full = batch.size() >= CHUNK_BYTES || count >= CHUNK_LINES;
            if count > 0 && (full || at_end) {
                let step = Step {
                    packets: std::mem::take(&mut batch),
                    lines: std::mem::take(&mut count),
                    end,
                    tail: tail_of(lines, end),
                    head: head_of(lines.log(), head, end),
                    window_at: window.begin(end),
                    checkpoints: hasher.lock().unwrap_or_else(PoisonError::into_inner).up_to(end).clone(),
                    first: first.take(),
                    last: last.take(),
                    hosts: hosts.kept(),
                    at: Some(Clock::now()),
                };
                self.sender.send(Message::Chunk(step)).map_err(|_| NobodyListens)?;
            }
            if at_end {
                return Ok(error);
            }
        }
    }
}

/// A log read in chunks.
struct Chunks<'l> {
    lines: &'l mut Lines,
    head: &'l [u8],
    /// An incomplete last line is left for the next run.
    may_grow: bool,
    hasher: &'l Mutex<Hasher>,
    window: OverlapWindow,
    hosts: HostNames,
}

/// The hosts that a log's packets name.
pub struct HostNames {
    /// None if there were too many to keep.
    names: Option<Vec<String>>,
    /// The last one added, as it appears in the log.
    last: Vec<u8>,
}

impl HostNames {
    /// The hosts of the part already imported.
    pub fn of(entry: &Entry) -> HostNames {
        let names = if entry.packets == 0 { Some(Vec::new()) } else { entry.hosts.clone() };
        HostNames { names, last: b"\n".to_vec() }
    }

    /// Adds the host of a packet.
    pub fn add(&mut self, host: &[u8]) {
        if self.last == host {
            return;
        }
        self.last = host.to_vec();
        let name = clean(host);
        if let Some(names) = &mut self.names
            && !names.iter().any(|known| *known == name)
        {
            names.push(name.into_owned());
        }
        self.names = self.names.take().filter(|names| names.len() <= MOST_HOSTS);
    }

    /// The hosts for the ledger to keep.
    pub fn kept(&self) -> Option<Vec<String>> {
        self.names.clone()
    }
}

/// Where in the log the packets of its last two seconds begin.
#[derive(Clone, Copy, Default)]
struct OverlapWindow {
    /// The latest second so far.
    last: Option<i64>,
    /// Where its packets begin.
    at: u64,
    /// Where those of the preceding second begin, or `at`.
    before: u64,
}

impl OverlapWindow {
    /// Adds a packet whose line begins at `start`.
    fn packet(&mut self, second: Option<i64>, start: u64) {
        let Some(second) = second else { return };
        if self.last.is_none_or(|last| second > last) {
            let follows = self.last.is_some_and(|last| second == last + 1);
            self.before = if follows { self.at } else { start };
            self.at = start;
            self.last = Some(second);
        }
    }

    /// Where to reread from if reading resumes at `end`.
    fn begin(&self, end: u64) -> u64 {
        match self.last {
            Some(_) => self.before,
            None => end,
        }
    }
}

/// The last bytes before an offset, as many as the ledger keeps.
fn tail_of(lines: &Lines, end: u64) -> Vec<u8> {
    if lines.offset() == end {
        return lines.before().to_vec();
    }
    // Reading has gone past an incomplete line.
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
