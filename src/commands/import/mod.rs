//! `--import`: imports logs into a table, every line exactly once.

mod copy;
mod journal;
mod pipeline;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;

use crate::analysis::quantity::agree;
use crate::exit::Exit;
use crate::input::{Log, ReadError};
use crate::netfilter::stats::ParseStats;
use crate::report::stats as words;
use crate::run::logs::LogSource;
use crate::run::plan::{Need, Plan};
use crate::run::session::Session;
use crate::run::signals::{self, Caught};
use crate::store::identity::{self, Identity};
use crate::store::{Entry, KnownPackets, Reconciled, StoreError, TableName};
use copy::Copy;
use pipeline::{Begin, Read};

/// How long a running transaction may take to end after a signal.
const GRACE: Duration = Duration::from_secs(3);

/// The logs must be readable and the table must exist.
pub fn check(
    session: &mut Session<'_, '_>,
    plan: &mut Plan,
    paths: &[PathBuf],
) -> anyhow::Result<Vec<LogSource>> {
    plan.needs(Need::Logs(session.table.clone()));
    session.logs(paths)
}

/// Imports logs in order. A log that cannot be read to its end is reported and the next one follows; a
/// store failure ends the run.
pub fn run(session: &mut Session<'_, '_>, sources: Vec<LogSource>) -> anyhow::Result<Exit> {
    let table = &session.table.clone();
    let names: Vec<String> = sources.iter().map(LogSource::typed).collect();
    match imported(session, sources, table, &names.join(" ")) {
        Err(error) => match error.downcast::<StoreError>() {
            Ok(StoreError::Emptied(text)) => {
                bail!(
                    "{text}\n  Delete all packets in the table and start over: {} -c -i {}",
                    session.import_invocation(),
                    names.join(" ")
                )
            }
            Ok(other) => Err(other.into()),
            Err(other) => Err(other),
        },
        done => done,
    }
}

fn imported(
    session: &mut Session<'_, '_>,
    sources: Vec<LogSource>,
    table: &TableName,
    names: &str,
) -> anyhow::Result<Exit> {
    reconcile(session, table, names)?;
    let caught = signals::catch(GRACE, || {})?;
    let mut total = ParseStats::default();
    let mut known = 0;
    let mut years = Vec::new();
    let mut exit = Exit::Done;
    let many = sources.len() > 1;
    for mut source in sources {
        // If another import got ahead, the ledger says where to continue.
        let outcome = loop {
            if let Some(outcome) = import(session, &mut source, table, names, &caught)? {
                break outcome;
            }
        };
        match outcome {
            Ok(outcome) => {
                if let Some(signal) = outcome.interrupted {
                    session.console.error(&outcome.said);
                    return Ok(Exit::Signal(signal));
                }
                session.console.done(&outcome.said);
                if !many && outcome.stats.lines() > 0 {
                    session.console.further(&words::sums(&outcome.stats));
                }
                for note in &outcome.notes {
                    session.console.note(note);
                }
                for warning in &outcome.warnings {
                    session.console.warn(warning);
                }
                if let Some(error) = &outcome.error {
                    session.console.error(error);
                    exit = Exit::Failed;
                }
                years.extend(source.guessed_year(&outcome.stats));
                total.add(&outcome.stats);
                known += outcome.known;
            }
            Err(unreadable) => {
                session.console.error(&unreadable);
                exit = Exit::Failed;
            }
        }
    }
    if many {
        session.console.done(&format!("{} stored.", words::counted(total.packets() - known, "packet")));
        session.console.further(&words::sums(&total));
    }
    session.tell_guessed_years(&years);
    if let Some(damage) = words::damage(&total) {
        session.console.warn(&damage);
    }
    let about = session.store.open()?.about();
    if about.takes_files == Some(false) && total.packets() >= WORTH_A_WORD {
        session.console.note(&format!(
            "The server does not accept files from clients (local_infile is off). With it on, this import would have \
             taken about half the time: sudo {} -e 'SET GLOBAL local_infile = 1'",
            about.client()
        ));
    }
    Ok(exit)
}

/// From this many packets on, an import takes long enough that a faster way is worth mentioning.
const WORTH_A_WORD: u64 = 20_000;

/// The result of importing one log.
#[derive(Default)]
struct ImportOutcome {
    said: String,
    notes: Vec<String>,
    /// What is worth reporting even from cron.
    warnings: Vec<String>,
    /// Why it was not read to its end.
    error: Option<String>,
    stats: ParseStats,
    /// Packets already imported from another log.
    known: u64,
    /// The signal that stopped the import.
    interrupted: Option<i32>,
}

/// Discards what the ledger claims about a table that was emptied or replaced by other means.
fn reconcile(session: &mut Session<'_, '_>, table: &TableName, names: &str) -> anyhow::Result<()> {
    let store = session.store.open()?;
    let what = match store.reconcile(table)? {
        Reconciled::Agree => return Ok(()),
        Reconciled::Emptied => "was emptied by other means",
        Reconciled::Replaced => "was cleared or replaced since the last import",
        Reconciled::LedgerLost if session.settings.again => {
            store.accept_as_it_is(table)?;
            session.console.warn(&format!(
                "The import ledger of {} has no record of table '{table}', which holds packets; --again adds \
                 the logs to them.",
                session.store.place()
            ));
            return Ok(());
        }
        Reconciled::LedgerLost => {
            let ipta = session.import_invocation();
            bail!(
                "The import ledger of {} has no record of table '{table}', which holds packets; ipta cannot tell \
                 whether they came from {names}, so it stored nothing\n  \
                 Delete all packets in the table and start over: {ipta} -c -i {names}\n  \
                 Add to them anyway: {ipta} --again -i {names}",
                session.store.place()
            )
        }
    };
    session.console.warn(&format!(
        "Table '{table}' {what}: ipta has discarded its record of what was imported into it before."
    ));
    Ok(())
}

/// Imports one log as far as it goes; `logs` are all of the call, as typed. None if another import interfered,
/// the inner error if none of it can be read.
fn import(
    session: &mut Session<'_, '_>,
    source: &mut LogSource,
    table: &TableName,
    logs: &str,
    caught: &Caught,
) -> anyhow::Result<Option<Result<ImportOutcome, String>>> {
    if let Some(of) = source.as_journal() {
        return journal::import(session, source, of, table, logs, caught).map(Some);
    }
    let mut log = match source.open() {
        Ok(log) => log,
        Err(error) => return Ok(Some(Err(error.to_string()))),
    };
    if !source.is_file() {
        return stream(session, source, log, table, logs, caught).map(Some);
    }
    let head = match log.peek(identity::HEAD) {
        Ok(head) => head.to_vec(),
        Err(error) => return Ok(Some(Err(error.to_string()))),
    };
    let store = session.store.open()?;
    let incarnation = store.incarnation(table)?;
    let entries = store.entries(table)?;
    let candidates = identity::candidates(&entries, &head);
    let again = session.settings.again;
    let mut notes = Vec::new();
    // An import with --again is a separate copy: it continues one of its kind and leaves others alone.
    let (unfinished, others): (Vec<Entry>, Vec<Entry>) =
        candidates.iter().cloned().partition(|entry| entry.again);
    let mine = if again { unfinished } else { others };
    if !again && mine.len() < candidates.len() {
        notes.push(format!(
            "An import of {} with --again was interrupted; finish it with: {} --again -i {}",
            source.name,
            session.import_invocation(),
            source.typed()
        ));
    }
    let known = match identity::settle(mine, |offset, len| copy::tail_of(source, offset, len)) {
        Ok(known) => known,
        Err(error) => return Ok(Some(Err(error))),
    };
    let rules = session.rules_text();
    let new = |incarnation| Entry { incarnation, again, rules: rules.clone(), ..Entry::default() };
    let entry = match known {
        Identity::Same(entry) => {
            if again {
                notes.push(format!("{}: continues an interrupted import with --again.", source.name));
            }
            notes.extend(other_rules(session, source, &entry, &rules));
            Entry { rules, ..entry }
        }
        Identity::New => new(incarnation),
        Identity::Another(_) | Identity::Shorter(_) if again => new(incarnation),
        Identity::Another(entry) => {
            notes.push(format!(
                "{} begins like {}, which was imported before, but then differs; ipta treats it as another log.",
                source.name, entry.path
            ));
            new(incarnation)
        }
        Identity::Shorter(entry) => match copy::compare(session, source, table, &entry) {
            Err(error) => return Ok(Some(Err(error.to_string()))),
            Ok(Copy::Older(damage)) => return Ok(Some(Ok(older(source, &entry, damage)))),
            Ok(Copy::Another) => {
                notes.push(format!(
                    "{} is shorter than {}, which was imported before, and differs from it; ipta treats it as another log.",
                    source.name, entry.path
                ));
                new(incarnation)
            }
        },
    };
    let (device, inode) = log.device_and_inode().unwrap_or_default();
    let entry = Entry { path: source.path(), device, inode, at: Some(session.clock.now), ..entry };
    let before = entry.lines;
    let begin = Begin { entry, candidates, head };
    let Some(read) = pipeline::run_log(session, source, log, table, Some(begin), caught)? else {
        return Ok(None);
    };
    let mut outcome = outcome(session, source, table, logs, read, before);
    outcome.notes.splice(0..0, notes);
    Ok(Some(Ok(outcome)))
}

/// The outcome for a log with nothing new in it.
fn older(source: &LogSource, entry: &Entry, damage: Option<ReadError>) -> ImportOutcome {
    let lines = words::counted(entry.lines, "line");
    ImportOutcome {
        said: format!("{}: 0 new.", source.name),
        notes: vec![format!(
            "{} is an older copy of a log that was already imported in a longer form ({lines}, as {}).",
            source.name, entry.path
        )],
        error: damage.map(|error| format!("{error}; everything before that was already imported")),
        ..ImportOutcome::default()
    }
}

/// A note that a log has so far been read with other prefix rules.
fn other_rules(session: &Session<'_, '_>, source: &LogSource, entry: &Entry, rules: &str) -> Option<String> {
    if entry.rules.is_empty() || entry.rules == rules {
        return None;
    }
    Some(format!(
        "{}: some or all of its first {} were read with different prefix rules ({}). To clear the whole table and read this log \
         with the current rules: {} -c -i {}",
        source.name,
        words::counted(entry.lines, "line"),
        entry.rules.replace('\n', ", "),
        session.import_invocation(),
        source.typed()
    ))
}

/// Standard input and pipes have no identity: all of it is one transaction, so that a killed run leaves
/// nothing behind.
fn stream(
    session: &mut Session<'_, '_>,
    source: &mut LogSource,
    log: Log,
    table: &TableName,
    logs: &str,
    caught: &Caught,
) -> anyhow::Result<Result<ImportOutcome, String>> {
    let name = &source.name;
    let Some(read) = pipeline::run_log(session, source, log, table, None, caught)? else {
        bail!("{name}: another import interfered; run the command again");
    };
    if let Some(error) = read.error {
        return Ok(Err(format!("{error}; nothing from it was stored")));
    }
    if read.interrupted.is_some() {
        let said = format!("Interrupted: nothing from {name} was stored.");
        return Ok(Ok(ImportOutcome { said, interrupted: read.interrupted, ..ImportOutcome::default() }));
    }
    let mut outcome = outcome(session, source, table, logs, read, 0);
    if outcome.stats.packets() > 0 {
        outcome.notes.push(format!(
            "ipta cannot recognize {name} the next time: importing the same text twice counts it twice."
        ));
    }
    Ok(Ok(outcome))
}

/// What to say about a log that was read; `before` is how many of its lines were already imported.
fn outcome(
    session: &Session<'_, '_>,
    source: &LogSource,
    table: &TableName,
    logs: &str,
    read: Read,
    before: u64,
) -> ImportOutcome {
    let Read { stats, error, known: KnownPackets { packets: known, path }, lines, interrupted } = read;
    let name = &source.name;
    if interrupted.is_some() {
        let lines = words::counted(lines, "line");
        let said = format!("Interrupted: {lines} of {name} were stored; run the same command to continue.");
        return ImportOutcome { said, interrupted, ..ImportOutcome::default() };
    }
    let packets = words::counted(stats.packets().saturating_sub(known), "packet");
    let said = match (before, stats.lines() - stats.unfinished) {
        (0, _) => format!("{name}: {packets} stored in table '{table}' in {}.", session.store.place()),
        (_, 0) => format!("{name}: {} already imported, 0 new.", words::counted(before, "line")),
        (_, new) => {
            let known = words::counted(before, "line");
            format!("{name}: {known} already imported, {new} new, {packets} stored.")
        }
    };
    let widening = session.import_widening(logs);
    let mut notes = Vec::new();
    let mut warnings = Vec::new();
    if known > 0 {
        notes.push(format!(
            "{} of {name} had already been imported from {path} and were not stored twice; --again stores them anyway.",
            words::counted(known, "packet")
        ));
    }
    if stats.packets() > 0 || before > 0 {
        notes.extend(words::other_prefixes(name, &stats, &widening));
    } else if error.is_none() {
        match stats.unknown_prefixes.is_empty() {
            true => notes.push(source.nothing(&stats, &widening)),
            false => warnings.push(source.nothing(&stats, &widening)),
        }
    }
    if stats.timeless > 0 {
        let have = agree(stats.timeless, "has", "have");
        let them = agree(stats.timeless, "it", "them");
        notes.push(format!(
            "{} of {name} {have} no time, so --since and --until leave {them} out.",
            words::counted(stats.timeless, "packet")
        ));
    }
    if stats.unfinished > 0 {
        notes.push(format!("{name}: the last line is incomplete and is left for the next run."));
    }
    let error = error.map(|e| format!("{e}; everything before that was stored"));
    ImportOutcome { said, notes, warnings, error, stats, known, interrupted: None }
}
