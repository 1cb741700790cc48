//! `--import`: logs into a table, every line exactly once.

mod pipeline;

use super::logs::Source;
use super::session::Session;
use crate::exit::Exit;
use crate::input::Log;
use crate::netfilter::account::Account;
use crate::report::account as words;
use crate::store::identity::{self, Known};
use crate::store::{Entry, StoreError, TableKind, TableName};
use pipeline::{Begin, Read};

/// Imports logs in their order. A log that cannot be read to its end is reported and the next one
/// taken; a store that fails ends the run.
pub fn run(session: &mut Session<'_, '_>, sources: Vec<Source>) -> anyhow::Result<Exit> {
    let table = &session.table.clone();
    forget_what_is_gone(session, table)?;
    let mut total = Account::default();
    let mut exit = Exit::Done;
    let many = sources.len() > 1;
    for mut source in sources {
        // Where another import was faster, the ledger says where to go on.
        let outcome = loop {
            if let Some(outcome) = import(session, &mut source, table)? {
                break outcome;
            }
        };
        match outcome {
            Ok(outcome) => {
                session.console.done(&outcome.said);
                if !many && outcome.account.lines() > 0 {
                    session.console.further(&words::sums(&outcome.account));
                }
                for note in &outcome.notes {
                    session.console.note(note);
                }
                if let Some(wrong) = &outcome.wrong_prefix {
                    session.console.warn(wrong);
                }
                if let Some(error) = &outcome.error {
                    session.console.error(error);
                    exit = Exit::Failed;
                }
                total.add(&outcome.account);
            }
            Err(unreadable) => {
                session.console.error(&unreadable);
                exit = Exit::Failed;
            }
        }
    }
    if many {
        session.console.done(&format!("{} stored.", words::counted(total.packets(), "packet")));
        session.console.further(&words::sums(&total));
    }
    if let Some(damage) = words::damage(&total) {
        session.console.warn(&damage);
    }
    Ok(exit)
}

/// What one log's import came to.
#[derive(Default)]
struct Outcome {
    said: String,
    notes: Vec<String>,
    /// Firewall lines that no chosen prefix takes: from cron, too, that is worth a word.
    wrong_prefix: Option<String>,
    /// Why it was not read to its end.
    error: Option<String>,
    account: Account,
}

/// Forgets what the ledger claims of a table that was emptied or replaced by hand.
fn forget_what_is_gone(session: &mut Session<'_, '_>, table: &TableName) -> Result<(), StoreError> {
    let store = session.store.open()?;
    // The entries before the table: those of a table that another ipta makes in between are not
    // among them.
    let entries = store.entries(table)?;
    let TableKind::Logs { incarnation } = store.kind(table)? else {
        return Ok(());
    };
    let (ours, of_another): (Vec<_>, Vec<_>) = entries.iter().partition(|e| e.incarnation == incarnation);
    let emptied = ours.iter().any(|e| e.packets > 0) && store.is_empty(table)?;
    let gone: Vec<u64> = of_another.iter().chain(ours.iter().filter(|_| emptied)).map(|e| e.id).collect();
    if gone.is_empty() {
        return Ok(());
    }
    store.forget(table, &gone)?;
    let what = if emptied { "emptied" } else { "replaced" };
    session.console.warn(&format!(
        "Table '{table}' was {what} by other means: what was imported into it before is forgotten."
    ));
    Ok(())
}

/// Imports one log as far as it goes; none if another import got in between, and the inner error
/// if nothing of it can be read.
fn import(
    session: &mut Session<'_, '_>,
    source: &mut Source,
    table: &TableName,
) -> anyhow::Result<Option<Result<Outcome, String>>> {
    let mut log = match source.open() {
        Ok(log) => log,
        Err(error) => return Ok(Some(Err(error.to_string()))),
    };
    if !source.is_file() {
        return stream(session, source, log, table).map(Some);
    }
    let head = match log.peek(identity::HEAD) {
        Ok(head) => head.to_vec(),
        Err(error) => return Ok(Some(Err(error.to_string()))),
    };
    let store = session.store.open()?;
    let TableKind::Logs { incarnation } = store.kind(table)? else {
        anyhow::bail!("Table '{table}' is gone; make it again with: ipta --create-table {table}");
    };
    let candidates = identity::candidates(&store.entries(table)?, &head);
    let known = match session.settings.again {
        true => Ok(Known::New),
        false => identity::settle(candidates.clone(), |offset, len| tail_of(source, offset, len)),
    };
    let known = match known {
        Ok(known) => known,
        Err(error) => return Ok(Some(Err(error))),
    };
    let mut notes = Vec::new();
    let entry = match known {
        Known::Same(entry) => entry,
        Known::New => Entry { incarnation, ..Entry::default() },
        Known::Another(entry) => {
            notes.push(format!(
                "{} begins like {}, which was imported, but goes on otherwise: taken as another log.",
                source.name, entry.path
            ));
            Entry { incarnation, ..Entry::default() }
        }
        Known::Older(entry) => {
            let lines = words::counted(entry.lines, "line");
            return Ok(Some(Ok(Outcome {
                said: format!("{}: 0 new.", source.name),
                notes: vec![format!(
                    "{} is an older copy of a log that was imported further ({lines}, as {}).",
                    source.name, entry.path
                )],
                ..Outcome::default()
            })));
        }
    };
    let (device, inode) = log.device_and_inode().unwrap_or_default();
    let begin = Begin {
        entry: Entry { path: source.path(), device, inode, at: Some(session.clock.now), ..entry },
        candidates,
        head,
    };
    let before = begin.entry.lines;
    let Some(read) = pipeline::run(session, source, log, table, Some(begin))? else {
        return Ok(None);
    };
    let mut outcome = outcome(session, source, table, read, before);
    outcome.notes.splice(0..0, notes);
    Ok(Some(Ok(outcome)))
}

/// The bytes of a log that end at an offset; none if it is shorter. A compressed one has to be
/// read up to there.
fn tail_of(source: &mut Source, offset: u64, len: usize) -> Result<Option<Vec<u8>>, String> {
    let mut log = source.open().map_err(|e| e.to_string())?;
    let begin = offset.saturating_sub(len as u64);
    if log.skip_to(begin).map_err(|e| e.to_string())? < begin {
        return Ok(None);
    }
    let mut tail = vec![0; len];
    let mut read = 0;
    while read < len {
        match log.read(&mut tail[read..]).map_err(|e| e.to_string())? {
            0 => return Ok(None),
            n => read += n,
        }
    }
    Ok(Some(tail))
}

/// Standard input and pipes have no identity: all of it is one transaction, so that a killed run
/// leaves nothing.
fn stream(
    session: &mut Session<'_, '_>,
    source: &mut Source,
    log: Log,
    table: &TableName,
) -> anyhow::Result<Result<Outcome, String>> {
    let name = &source.name;
    let Some(read) = pipeline::run(session, source, log, table, None)? else {
        anyhow::bail!("{name}: another import was in the way; run it again");
    };
    if let Some(error) = read.error {
        return Ok(Err(format!("{error}; nothing of it was stored")));
    }
    let mut outcome = outcome(session, source, table, read, 0);
    if outcome.account.packets() > 0 {
        outcome.notes.push(format!("{name} has no identity: the same text again would count again."));
    }
    Ok(Ok(outcome))
}

/// What to say of a log that was read; `before` is how many of its lines were in already.
fn outcome(
    session: &Session<'_, '_>,
    source: &Source,
    table: &TableName,
    read: Read,
    before: u64,
) -> Outcome {
    let Read { account, error } = read;
    let name = &source.name;
    let packets = words::counted(account.packets(), "packet");
    let known = words::counted(before, "line");
    let said = match (before, account.lines() - account.unfinished) {
        (0, _) => format!("{name}: {packets} stored in table '{table}' of {}.", session.store.place()),
        (_, 0) => format!("{name}: {known} already imported, 0 new."),
        (_, new) => format!("{name}: {known} already imported, {new} new, {packets} stored."),
    };
    let mut notes = Vec::new();
    let mut wrong_prefix = None;
    if account.packets() > 0 {
        notes.extend(words::other_prefixes(name, &account));
    } else if before == 0 && error.is_none() {
        match account.unknown_prefixes.is_empty() {
            true => notes.push(source.nothing(&account)),
            false => wrong_prefix = Some(source.nothing(&account)),
        }
    }
    if account.unfinished > 0 {
        notes.push(format!("{name}: the last line has no end yet and is left for the next run."));
    }
    let error = error.map(|e| format!("{e}; what came before it is stored"));
    Outcome { said, notes, wrong_prefix, error, account }
}
