//! Before the first mode acts, all that every mode needs is checked, so that a call that cannot
//! be carried out whole changes nothing: `ipta -c -i typo.log` empties no table.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{anyhow, bail};

use super::analyze;
use super::logs::{self, Source};
use super::session::Session;
use crate::cli::{Call, Mode};
use crate::config;
use crate::store::{Store, TableKind, TableName};

/// A mode with what was checked for it.
pub enum Step {
    /// Import these logs.
    Import(Vec<Source>),
    /// Analyze these logs, without a store.
    AnalyzeFiles(Vec<Source>),
    /// Show these logs' packets.
    Scan(Vec<Source>),
    /// Any other mode.
    Mode(Mode),
}

/// Checks a call and lays out its steps; asks for passwords and for consent on the way.
pub fn check(call: &Call, session: &mut Session<'_, '_>) -> anyhow::Result<Vec<Step>> {
    if session.settings.db_tls.is_some() || session.settings.db_ca.is_some() {
        bail!("--db-tls and --db-ca are not built yet in this version; use the server's socket, or a tunnel");
    }
    for mode in &call.modes {
        if let Mode::AnalyzeInteractive | Mode::Doctor(_) = mode {
            bail!("{} is not built yet in this version", mode.option());
        }
        if let Mode::DeleteTables(names) = mode {
            session.tables_named(names)?;
        }
    }
    if call.modes.iter().any(|mode| matches!(mode, Mode::Analyze(_))) {
        let logs = call.modes.iter().filter_map(|mode| match mode {
            Mode::Import(paths) | Mode::Analyze(paths) => Some(paths),
            _ => None,
        });
        analyze::check(session, logs.flatten())?;
    }
    let mut steps = Vec::new();
    for mode in &call.modes {
        steps.push(match mode {
            Mode::Import(paths) => Step::Import(checked(session, paths)?),
            Mode::Analyze(paths) if !paths.is_empty() => Step::AnalyzeFiles(checked(session, paths)?),
            Mode::Scan(paths) => Step::Scan(checked(session, paths)?),
            mode => Step::Mode(mode.clone()),
        });
    }
    if call.modes.iter().any(needs_store) {
        session.ask_password()?;
        let creates = |mode: &Mode| matches!(mode, Mode::CreateTable);
        session.store.may_create = call.modes.iter().any(creates);
        // A server without the account yet can only be looked at once the account is made.
        if !call.modes.contains(&Mode::CreateDb) {
            check_tables(call, session)?;
        }
    }
    for mode in &call.modes {
        if !consent(mode, session)? {
            session.console.note("Nothing was deleted, and nothing else done.");
            return Ok(Vec::new());
        }
    }
    Ok(steps)
}

fn checked(session: &mut Session<'_, '_>, paths: &[PathBuf]) -> anyhow::Result<Vec<Source>> {
    let sources = logs::check(paths, &session.clock)?;
    for source in &sources {
        for also in &source.also {
            session.console.note(&format!("{also} is the same file as {}; it is read once.", source.name));
        }
    }
    Ok(sources)
}

/// Whether a mode works on a store.
fn needs_store(mode: &Mode) -> bool {
    match mode {
        Mode::Analyze(paths) => paths.is_empty(),
        Mode::Follow(_) | Mode::Scan(_) | Mode::Doctor(_) => false,
        // It saves what it was given; nothing has to answer.
        Mode::SaveDb => false,
        _ => true,
    }
}

/// What a table will be when its turn comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Missing,
    Logs,
    Names,
}

/// Goes through the modes in their order, with what the earlier ones will have done.
fn check_tables(call: &Call, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    session.store.open()?;
    let mut expected: HashMap<String, Expected> = HashMap::new();
    let mut all_gone = false;
    let table = session.table.clone();
    let dns_table = session.table_name(&session.settings.dns_table)?;
    for mode in &call.modes {
        match mode {
            Mode::CreateTable | Mode::Clear | Mode::Import(_) => {
                let kind = kind(session, &expected, all_gone, &table)?;
                match (mode, kind) {
                    (Mode::CreateTable, Expected::Missing) | (_, Expected::Logs) => {}
                    (_, Expected::Missing) => bail!(missing(session, &table)),
                    (_, Expected::Names) => bail!(not_logs(session, &table)),
                }
                expected.insert(folded(&table), Expected::Logs);
            }
            Mode::Analyze(paths) if paths.is_empty() => match kind(session, &expected, all_gone, &table)? {
                Expected::Logs => {}
                Expected::Missing => bail!(missing(session, &table)),
                Expected::Names => bail!(not_logs(session, &table)),
            },
            Mode::UpgradeTable(name) => {
                let name = session.named_or_own(name.as_deref())?;
                match session.store.open()?.kind(&name)? {
                    TableKind::OtherVersion(1) => {}
                    _ if kind(session, &expected, all_gone, &name)? == Expected::Logs => {}
                    _ => bail!(missing(session, &name)),
                }
                expected.insert(folded(&name), Expected::Logs);
            }
            Mode::DeleteTables(names) => {
                for name in session.tables_named(names)? {
                    check_deletion(session, &name)?;
                    if expected.insert(folded(&name), Expected::Missing) == Some(Expected::Missing) {
                        bail!("'{name}' is named twice, in two cases of letters; delete one table at a time");
                    }
                }
            }
            Mode::DeleteAllTables => {
                expected.clear();
                all_gone = true;
            }
            Mode::DnsCreateTable => {
                if kind(session, &expected, all_gone, &dns_table)? == Expected::Logs {
                    bail!("Table '{dns_table}' of {} holds packets, not names", session.store.place());
                }
                expected.insert(folded(&dns_table), Expected::Names);
            }
            Mode::DnsPrune | Mode::DnsClear | Mode::DnsDump
                if kind(session, &expected, all_gone, &dns_table)? != Expected::Names =>
            {
                bail!(
                    "No table of names '{dns_table}' in {}\n  Make it with: {} --dns-create-table {dns_table}",
                    session.store.place(),
                    session.invocation()
                );
            }
            _ => {}
        }
    }
    Ok(())
}

/// Some stores take names that differ in case for one table. Where a store does not, and a call
/// names two such tables, it is checked too strictly.
fn folded(table: &TableName) -> String {
    table.as_str().to_ascii_lowercase()
}

fn kind(
    session: &mut Session<'_, '_>,
    expected: &HashMap<String, Expected>,
    all_gone: bool,
    table: &TableName,
) -> anyhow::Result<Expected> {
    if let Some(kind) = expected.get(&folded(table)) {
        return Ok(*kind);
    }
    let place = session.store.place();
    Ok(match session.store.open()?.kind(table)? {
        TableKind::Logs { .. } | TableKind::Names | TableKind::Ledger if all_gone => Expected::Missing,
        TableKind::Missing => Expected::Missing,
        TableKind::Logs { .. } => Expected::Logs,
        TableKind::Names => Expected::Names,
        TableKind::OtherVersion(version) => bail!(
            "Table '{table}' of {place} has version {version} of ipta's tables, this ipta writes version 2\n  \
             Convert it with: {} --upgrade-table {table}",
            session.invocation()
        ),
        TableKind::Leftover => {
            bail!("Table '{table}' of {place} is left from a clear that was cut off; name another with -t")
        }
        TableKind::Historic => bail!(
            "Table '{table}' of {place} was made by the C program of 2015 and cannot be used\n  \
             Make another and import the logs again: {} --create-table NAME -i FILE",
            session.invocation()
        ),
        TableKind::Ledger => bail!("'{table}' is ipta's own ledger of imports; name another table with -t"),
        TableKind::Foreign => {
            bail!(
                "Table '{table}' of {place} is not ipta's; name another with -t, or make one: {} --create-table NAME",
                session.invocation()
            )
        }
    })
}

fn check_deletion(session: &mut Session<'_, '_>, table: &TableName) -> anyhow::Result<()> {
    let place = session.store.place();
    match session.store.open()?.kind(table)? {
        TableKind::Missing => {
            bail!(
                "No table '{table}' in {place}\n  See which there are: {} --list-tables",
                session.invocation()
            )
        }
        TableKind::Ledger => {
            bail!("'{table}' is ipta's own ledger of imports; --delete-all-tables (-da) removes it")
        }
        TableKind::Foreign => bail!("Table '{table}' of {place} is not ipta's and is left alone"),
        _ => Ok(()),
    }
}

/// That there is no such table; with the nearest one, if a name is near.
fn missing(session: &mut Session<'_, '_>, table: &TableName) -> anyhow::Error {
    let there = session.store.open().and_then(Store::logs_tables).unwrap_or_default();
    let place = session.store.place();
    let ipta = session.invocation();
    let meant = match config::nearest(table.as_str(), there.iter().map(String::as_str)) {
        Some(near) => format!("; did you mean -t {near}?"),
        None => String::new(),
    };
    let name = if table.as_str() == "logs" { String::new() } else { format!(" {table}") };
    anyhow!("No table '{table}' in {place}{meant}\n  Make it with: {ipta} --create-table{name}")
}

fn not_logs(session: &Session<'_, '_>, table: &TableName) -> String {
    format!("Table '{table}' of {} holds names, not packets; name another with -t", session.store.place())
}

/// Dropping tables asks once, on a terminal; false is a no.
fn consent(mode: &Mode, session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    let place = session.store.place();
    let question = match mode {
        Mode::DeleteTables(names) => {
            let names: Vec<String> =
                session.tables_named(names)?.iter().map(|name| format!("'{name}'")).collect();
            let (tables, them) = match names.len() {
                1 => ("table", "it"),
                _ => ("tables", "them"),
            };
            format!("Delete {tables} {} of {place} and all packets in {them}? [y/N]", names.join(", "))
        }
        Mode::DeleteAllTables => format!("Delete all tables of ipta's in {place}? [y/N]"),
        _ => return Ok(true),
    };
    let console = &mut *session.console;
    if session.settings.yes || !console.in_is_terminal || !console.err_is_terminal {
        return Ok(true);
    }
    Ok(matches!(console.ask(&question)?.to_lowercase().as_str(), "y" | "yes"))
}
