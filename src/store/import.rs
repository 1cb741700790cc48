//! Importing: rows and ledger change in one transaction, so whatever is killed whenever, every line is stored
//! exactly once.
//!
//! Every chunk's transaction first updates its table's standing row ([`super::ledger`]). On a single server,
//! this serializes imports into a table chunk by chunk; on a cluster, where a lock does not reach the other
//! nodes, the second of two fails at COMMIT and retries.

use super::identity::{self, Checkpoints};
use super::overlap::{KnownPackets, Recent};
use super::{Entry, Store, StoreError, TableKind, TableName, ledger, messages};
use crate::netfilter::Time;
use crate::netfilter::batch::Batch;

/// An import of a log into a table, in progress.
pub struct Import<'s> {
    store: &'s mut Store,
    table: TableName,
    entry: Entry,
    /// The entries that began like the log when its own was looked up.
    candidates: Vec<Entry>,
    head: Vec<u8>,
    recent: Recent,
    /// The row number of the previous chunk's first packet.
    last_row: Option<u64>,
    /// This log's live rows after the previous chunk.
    live: u64,
}

/// A chunk of a log: a run of whole lines.
#[derive(Debug, Default)]
pub struct Step {
    /// Its packets.
    pub packets: Batch,
    /// Lines in it.
    pub lines: u64,
    /// Offset after its last line.
    pub end: u64,
    /// The last bytes before that, as many as the ledger keeps.
    pub tail: Vec<u8>,
    /// The first bytes of the log, as many as the ledger keeps at this offset.
    pub head: Vec<u8>,
    /// Where the packets of the last two seconds begin.
    pub window_at: u64,
    /// The hash of the bytes up to `end`.
    pub checkpoints: Checkpoints,
    /// Earliest time of its packets.
    pub first: Option<Time>,
    /// Latest time of its packets.
    pub last: Option<Time>,
    /// The hosts of the log's packets up to `end`; none if there are too many to keep.
    pub hosts: Option<Vec<String>>,
    /// The current time.
    pub at: Option<Time>,
}

/// The outcome of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// Stored, except for packets known from another log.
    Stored(KnownPackets),
    /// Another import of this log, or a clear, came first. Nothing was changed; look again.
    Overtaken,
}

impl Store {
    /// Starts or resumes importing a log. `entry` has the table's incarnation, and id 0 if the log is new;
    /// `candidates` are the entries that begin like it, `head` its first bytes.
    pub fn import(
        &mut self,
        table: &TableName,
        entry: Entry,
        candidates: Vec<Entry>,
        head: Vec<u8>,
    ) -> Import<'_> {
        let (recent, live) = (Recent::default(), entry.live);
        Import { store: self, table: table.clone(), entry, candidates, head, recent, last_row: None, live }
    }

    /// Starts importing a stream, which has no identity: all of it is one transaction.
    pub fn stream(&mut self, table: &TableName) -> Result<Stream<'_>, StoreError> {
        let incarnation = self.incarnation(table)?;
        self.backend.begin()?;
        let stream = Stream { store: self, table: table.clone(), open: true };
        // Pins the table until the end: nobody can replace it meanwhile.
        stream.store.is_empty(table)?;
        match stream.store.incarnation(table)? == incarnation {
            true => Ok(stream),
            false => Err(messages::replaced(table, &stream.store.place())),
        }
    }
}

impl Import<'_> {
    /// Records packets that an earlier run has read.
    pub fn remember(&mut self, packets: &Batch) {
        self.recent.remember(packets);
    }

    /// How far the log has been imported.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Stores a chunk and advances the ledger, atomically.
    pub fn push(&mut self, step: &Step) -> Result<Pushed, StoreError> {
        let next = self.entry_after(step);
        if self.entry.id == 0 && next.packets == 0 {
            // The ledger knows a log only from its first packet on: one read with the wrong prefix, or too
            // early, can be read again.
            self.entry = next;
            return Ok(Pushed::Stored(KnownPackets::default()));
        }
        let (table, last_row, live) = (self.table.clone(), self.last_row, self.live);
        let (entry, candidates, head, recent) = (&self.entry, &self.candidates, &self.head, &self.recent);
        let done = self.store.transact(|store| {
            let mut attempt = Attempt { store, table: &table, entry, recent };
            match entry.id {
                0 => attempt.enter(next.clone(), candidates, head, step),
                _ => attempt.go_on(next.clone(), last_row, live, step),
            }
        });
        let Some(done) = done.map_err(messages::repeatable)? else {
            return Ok(Pushed::Overtaken);
        };
        self.recent.passed(step);
        self.last_row = done.first_row.or(self.last_row);
        self.live = done.live;
        self.entry = done.entry;
        Ok(Pushed::Stored(done.known))
    }

    /// Marks the log as read to its end.
    pub fn finish(self) -> Result<(), StoreError> {
        if !self.entry.again || self.entry.id == 0 {
            return Ok(());
        }
        let id = self.entry.id;
        self.store.transact(|store| store.run("changing the ledger", ledger::finished(id)).map(drop))
    }

    /// The entry as it will be once a chunk is stored.
    fn entry_after(&self, step: &Step) -> Entry {
        let entry = &self.entry;
        Entry {
            offset: step.end,
            head: step.head.clone(),
            tail: step.tail.clone(),
            lines: entry.lines.saturating_add(step.lines),
            packets: entry.packets.saturating_add(step.packets.len() as u64),
            window_at: step.window_at,
            checkpoints: step.checkpoints.clone(),
            hosts: step.hosts.clone(),
            first: entry.first.into_iter().chain(step.first).min(),
            last: entry.last.max(step.last),
            at: step.at,
            ..entry.clone()
        }
    }
}

/// What a transaction changed.
struct Done {
    entry: Entry,
    known: KnownPackets,
    first_row: Option<u64>,
    live: u64,
}

/// One attempt at a chunk's transaction.
struct Attempt<'a> {
    store: &'a mut Store,
    table: &'a TableName,
    entry: &'a Entry,
    recent: &'a Recent,
}

const DOING: &str = "storing packets";

impl Attempt<'_> {
    /// Locks the table's standing row; false if the table has been replaced.
    fn begin(&mut self) -> Result<bool, StoreError> {
        let incarnation = &self.entry.incarnation;
        if self.store.run(DOING, ledger::touch(incarnation))? == 0 {
            return Ok(false);
        }
        // Reading the table keeps it from being replaced until the transaction ends; only then can its kind
        // be checked.
        match self.store.is_empty(self.table) {
            Ok(_) => {}
            Err(StoreError::NoTable(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
        let now = self.store.kind(self.table)?;
        Ok(matches!(now, TableKind::Logs { incarnation: now } if now == *incarnation))
    }

    /// Adds an entry for a new log, with its first packets.
    fn enter(
        &mut self,
        mut next: Entry,
        candidates: &[Entry],
        head: &[u8],
        step: &Step,
    ) -> Result<Option<Done>, StoreError> {
        if !self.begin()? {
            return Ok(None);
        }
        let entries = self.store.entries(self.table)?;
        if identity::candidates(&entries, head) != candidates {
            return Ok(None);
        }
        let (new, known) = self.compared(&next, step)?;
        let new = new.as_ref().unwrap_or(&step.packets);
        next.live = new.len() as u64;
        let key = self.store.key(self.table);
        self.store.run(DOING, ledger::insert(&key, &next))?;
        next.id = self.store.backend.last_id();
        let first_row = self.insert(new, next.id)?;
        Ok(Some(Done { live: next.live, entry: next, known, first_row }))
    }

    /// Continues a log that has an entry.
    fn go_on(
        &mut self,
        next: Entry,
        last_row: Option<u64>,
        live: u64,
        step: &Step,
    ) -> Result<Option<Done>, StoreError> {
        if !self.begin()? {
            return Ok(None);
        }
        let rows = self.store.rows(DOING, ledger::standing_of(self.entry.id))?;
        let Some(row) = rows.first().filter(|row| row.count(0) == self.entry.offset) else {
            return Ok(None);
        };
        // Fewer rows than before: somebody pruned the table, and may have deleted that one.
        let now = row.count(1);
        if let Some(id) = last_row.filter(|_| now == live)
            && !self.has_row(id)?
        {
            return Err(messages::emptied(self.table, &self.store.place(), live));
        }
        let (new, known) = self.compared(&next, step)?;
        let new = new.as_ref().unwrap_or(&step.packets);
        let rows = new.len() as u64;
        if self.store.run(DOING, ledger::advance(&next, self.entry.offset, rows))? != 1 {
            return Ok(None);
        }
        let first_row = self.insert(new, self.entry.id)?;
        Ok(Some(Done { live: now + rows, entry: next, known, first_row }))
    }

    /// A chunk's new packets; `None` if all of them are new.
    fn compared(&mut self, next: &Entry, step: &Step) -> Result<(Option<Batch>, KnownPackets), StoreError> {
        // `--again` stores them regardless.
        if self.entry.again {
            return Ok((None, KnownPackets::default()));
        }
        let compared = self.store.new_packets(self.table, next, self.recent, step)?;
        Ok(match compared {
            Some((new, known)) => (Some(new), known),
            None => (None, KnownPackets::default()),
        })
    }

    fn insert(&mut self, packets: &Batch, entry: u64) -> Result<Option<u64>, StoreError> {
        match packets.is_empty() {
            true => Ok(None),
            false => self.store.backend.insert(self.table, packets, Some(entry)).map(Some),
        }
    }

    fn has_row(&mut self, id: u64) -> Result<bool, StoreError> {
        let sql = format!("SELECT 1 FROM `{}` WHERE id = ? AND `entry` = ?", self.table);
        Ok(!self.store.backend.rows(DOING, &sql, &[id.into(), self.entry.id.into()])?.is_empty())
    }
}

/// An import of a stream into a table, in progress: rolls back when dropped.
pub struct Stream<'s> {
    store: &'s mut Store,
    table: TableName,
    open: bool,
}

impl Stream<'_> {
    /// Adds packets.
    pub fn push(&mut self, packets: &Batch) -> Result<(), StoreError> {
        match packets.is_empty() {
            true => Ok(()),
            false => self.store.backend.insert(&self.table, packets, None).map(drop),
        }
    }

    /// Commits the transaction.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.open = false;
        let done = self.store.backend.commit();
        done.map_err(|error| messages::not_repeatable(error, &*self.store.backend))
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        if self.open {
            // A lost connection has already rolled back.
            let _ = self.store.backend.rollback();
        }
    }
}
