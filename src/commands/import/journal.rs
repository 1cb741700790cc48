//! Imports a journal into a table, boot by boot, every entry exactly once.
//!
//! The ledger identifies a boot by its ID, whatever file or folder its entries are in, and keeps the
//! position of the last one: its time since boot, unaffected by setting the clock back, and the hash of
//! its fields. Reading begins two seconds before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;

use super::pipeline::{self, Begin, CHUNK_BYTES, CHUNK_LINES, HostNames, Message, NobodyListens, Read};
use super::{ImportOutcome, other_rules, outcome};
use crate::input::{Journal, JournalEntries, ReadError, Select, hash_of};
use crate::netfilter::batch::Batch;
use crate::netfilter::stats::ParseStats;
use crate::netfilter::{Reader, Time};
use crate::report::progress::Progress;
use crate::report::stats as words;
use crate::run::clock::Clock;
use crate::run::logs::LogSource;
use crate::run::session::Session;
use crate::run::signals::Caught;
use crate::store::identity::{self, JOURNAL};
use crate::store::{Entry, Step, TableName};

/// How far apart equal packets may be, in microseconds.
const WINDOW: u64 = 2_000_000;

/// Imports the boots of a journal, oldest first; the inner error if one cannot be read.
pub fn import(
    session: &mut Session<'_, '_>,
    source: &LogSource,
    (journal, boots): (&Journal, &[String]),
    table: &TableName,
    logs: &str,
    caught: &Caught,
) -> anyhow::Result<Result<ImportOutcome, String>> {
    let mut total = Read::default();
    let (mut before, mut vacuumed) = (0, 0);
    let mut silent = ParseStats::default();
    let mut notes = Vec::new();
    let boots = match in_order(session, journal, boots, table)? {
        Ok(boots) => boots,
        Err(error) => return Ok(Err(error)),
    };
    for boot in boots {
        // If another import got ahead, the ledger says where to continue.
        let done = loop {
            if let Some(done) = import_boot(session, source, journal, &boot, table, caught)? {
                break done;
            }
        };
        let done = match done {
            Ok(done) => done,
            Err(error) => return Ok(Err(error)),
        };
        before += done.before;
        vacuumed += u64::from(done.vacuumed);
        notes.extend(done.notes);
        // A boot that never had a packet is not in the ledger and is reread each time: its statistics are
        // reported only if there are no others.
        let stats = &done.read.stats;
        match done.before == 0 && stats.packet_lines + stats.damaged == 0 && stats.unknown_prefixes.is_empty()
        {
            true => silent.add(stats),
            false => total.stats.add(stats),
        }
        total.known.add(done.read.known);
        total.lines += done.read.lines;
        total.interrupted = done.read.interrupted;
        total.error = done.read.error;
        if total.interrupted.is_some() || total.error.is_some() {
            break;
        }
    }
    if before == 0 && total.stats.lines() == 0 {
        total.stats = silent;
    }
    let mut outcome = outcome(session, source, table, logs, total, before);
    if vacuumed > 0 {
        let boots = words::counted(vacuumed, "boot");
        outcome.notes.push(format!(
            "{source}: the last imported entry is gone from {boots}, so the journal was vacuumed; any entries it \
             lost after that one were not imported.",
            source = source.name
        ));
    }
    notes.dedup();
    outcome.notes.splice(0..0, notes);
    Ok(Ok(outcome))
}

/// The result of importing a boot.
struct BootRead {
    read: Read,
    before: u64,
    /// The last imported entry is gone.
    vacuumed: bool,
    notes: Vec<String>,
}

/// The boots in chronological order: by the ledger or, for new ones, by their first entry.
fn in_order(
    session: &mut Session<'_, '_>,
    journal: &Journal,
    boots: &[String],
    table: &TableName,
) -> anyhow::Result<Result<Vec<String>, String>> {
    let entries = session.store.open()?.entries(table)?;
    let mut begun = Vec::new();
    for boot in boots {
        let head = head_of(boot);
        let known = entries.iter().filter(|entry| entry.head == head).filter_map(|entry| entry.first).min();
        let time = match known {
            Some(time) => Some(time),
            None => match journal.entries(&Select::Boot(boot, 0)) {
                Ok(mut entries) => entries.next().ok().flatten().map(|entry| Time(entry.realtime)),
                Err(error) => return Ok(Err(error.to_string())),
            },
        };
        // A boot without kernel entries has nothing to import.
        begun.extend(time.map(|time| (time, boot.clone())));
    }
    begun.sort();
    Ok(Ok(begun.into_iter().map(|(_, boot)| boot).collect()))
}

/// What the ledger keeps in place of a log's first bytes.
fn head_of(boot: &str) -> Vec<u8> {
    [JOURNAL, boot.as_bytes()].concat()
}

fn import_boot(
    session: &mut Session<'_, '_>,
    source: &LogSource,
    journal: &Journal,
    boot: &str,
    table: &TableName,
    caught: &Caught,
) -> anyhow::Result<Option<Result<BootRead, String>>> {
    let head = head_of(boot);
    let again = session.settings.again;
    let rules = session.rules_text();
    let store = session.store.open()?;
    let incarnation = store.incarnation(table)?;
    let candidates = identity::candidates(&store.entries(table)?, &head);
    let mine = candidates.iter().filter(|entry| entry.again == again).max_by_key(|entry| entry.offset);
    let mut notes = Vec::new();
    let entry = match mine {
        Some(entry) => {
            notes.extend(other_rules(session, source, entry, &rules));
            Entry { rules, ..entry.clone() }
        }
        None => Entry { incarnation, again, rules, ..Entry::default() },
    };
    let path = format!("{} boot {}", source.name, boot.get(..8).unwrap_or(boot));
    let entry = Entry { path, at: Some(session.clock.now), ..entry };
    let before = entry.lines;
    let entries = match journal.entries(&Select::Boot(boot, entry.window_at)) {
        Ok(entries) => entries,
        Err(error) => return Ok(Some(Err(error.to_string()))),
    };
    let vacuumed = Arc::new(AtomicBool::new(false));
    let new_reader = || Reader::new(&session.rules, source.calendar(&session.clock));
    let reading = EntryReader {
        entries,
        name: source.name.clone(),
        reader: new_reader(),
        earlier: new_reader(),
        hosts: HostNames::of(&entry),
        last: entry.clone(),
        head: head.clone(),
        vacuumed: Arc::clone(&vacuumed),
    };
    let begin = Begin { entry, candidates, head };
    let show = session.console.shows_progress();
    let progress = Progress::new(&source.name, None, Arc::default(), show);
    let store = session.store.open()?;
    let read = pipeline::run(store, progress, table, Some(begin), caught, |to| reading.run(&to))?;
    Ok(read.map(|read| Ok(BootRead { read, before, vacuumed: vacuumed.load(Ordering::Relaxed), notes })))
}

/// The thread that reads a boot's entries.
struct EntryReader<'r> {
    entries: JournalEntries,
    name: String,
    reader: Reader<'r>,
    /// Rereads what an earlier import read.
    earlier: Reader<'r>,
    hosts: HostNames,
    /// How far the boot has been imported.
    last: Entry,
    head: Vec<u8>,
    vacuumed: Arc<AtomicBool>,
}

impl EntryReader<'_> {
    fn run(mut self, to: &SyncSender<Message>) {
        let mut stats = ParseStats::default();
        if let Ok(error) = self.chunks(to, &mut stats) {
            let _ = to.send(Message::End(Box::new(stats), error));
        }
    }

    fn chunks(
        &mut self,
        to: &SyncSender<Message>,
        stats: &mut ParseStats,
    ) -> Result<Option<ReadError>, NobodyListens> {
        let tail = String::from_utf8_lossy(&self.last.tail).into_owned();
        let (last_moment, last_hash) = (moment_of(&tail), hash_of(&tail).to_owned());
        // Whether entries are new: past the last imported one.
        let mut new = last_moment.is_none();
        let mut known = Batch::default();
        let mut step = Step { end: self.last.offset, ..Step::default() };
        let mut line = Vec::new();
        let error = loop {
            let entry = match self.entries.next() {
                Ok(Some(entry)) => entry,
                Ok(None) => break None,
                Err(cause) => break Some(ReadError::Io { name: self.name.clone(), good: step.end, cause }),
            };
            line.clear();
            entry.line(&mut line);
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            if !new {
                let last = last_moment.unwrap_or(0);
                if entry.monotonic <= last {
                    self.earlier.read(text, |packet| known.push(packet));
                    new = entry.monotonic == last && entry.hash() == last_hash;
                    continue;
                }
                self.vacuumed.store(true, Ordering::Relaxed);
                new = true;
            }
            if !known.is_empty() {
                send(to, Message::Earlier(std::mem::take(&mut known)))?;
            }
            let hosts = &mut self.hosts;
            self.reader.read(text, |packet| {
                step.packets.push(packet);
                hosts.add(packet.host);
                step.first = step.first.into_iter().chain(packet.time).min();
                step.last = step.last.max(packet.time);
            });
            step.lines += 1;
            step.end += 1;
            step.tail = entry.cursor.into_bytes();
            step.window_at = entry.monotonic.saturating_sub(WINDOW);
            if step.packets.size() >= CHUNK_BYTES || step.lines >= CHUNK_LINES {
                let end = step.end;
                self.send(to, std::mem::replace(&mut step, Step { end, ..Step::default() }))?;
            }
        };
        if step.lines > 0 {
            self.send(to, step)?;
        }
        *stats = std::mem::take(&mut self.reader.stats);
        Ok(error)
    }

    fn send(&self, to: &SyncSender<Message>, step: Step) -> Result<(), NobodyListens> {
        let (head, hosts) = (self.head.clone(), self.hosts.kept());
        send(to, Message::Chunk(Step { head, hosts, at: Some(Clock::now()), ..step }))
    }
}

fn send(to: &SyncSender<Message>, message: Message) -> Result<(), NobodyListens> {
    to.send(message).map_err(|_| NobodyListens)
}

/// The time since boot in a cursor, in microseconds.
fn moment_of(cursor: &str) -> Option<u64> {
    let hex = cursor.split(';').find_map(|part| part.strip_prefix("m="))?;
    u64::from_str_radix(hex, 16).ok()
}
