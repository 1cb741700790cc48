//! What a call's commands need from the store, checked before the first of them acts, so that a call that
//! cannot succeed as a whole changes nothing: `ipta -c -i typo.log` empties no table.

use std::collections::HashMap;

use anyhow::{anyhow, bail};

use super::session::Session;
use crate::config::{self, Place};
use crate::store::{Store, TableKind, TableName};

/// What a command needs from the store.
#[derive(Debug)]
pub enum Need {
    /// That it opens.
    Store,
    /// A logs table of that name, created if missing.
    NewLogs(TableName),
    /// A logs table.
    Logs(TableName),
    /// A logs table of this or an older version.
    Upgradable(TableName),
    /// A table that may be dropped.
    Droppable(TableName),
    /// Nothing; all tables go.
    DropAll,
    /// A table of names, created if missing.
    NewNames(TableName),
    /// A table of names.
    Names(TableName),
}

/// What the commands of a call need, in order.
#[derive(Debug, Default)]
pub struct Plan {
    needs: Vec<Need>,
    /// This call creates the account, so nothing can be checked before.
    makes_account: bool,
}

/// What a table will be when its turn comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Missing,
    Logs,
    Names,
}

impl Plan {
    /// Records that a command creates the account that the store is opened with.
    pub fn makes_account(&mut self) {
        self.makes_account = true;
    }

    /// Records what a command needs.
    pub fn needs(&mut self, need: Need) {
        self.needs.push(need);
    }

    /// Opens the store and checks the needs in order, assuming what the earlier commands will have
    /// done. Asks for the password if the call wants that.
    pub fn check(self, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
        if self.needs.is_empty() {
            return Ok(());
        }
        session.ask_password()?;
        session.store.may_create = self.needs.iter().any(|need| matches!(need, Need::NewLogs(_)));
        if self.makes_account {
            return Ok(());
        }
        session.store.open()?;
        let mut tables = Tables::default();
        self.needs.iter().try_for_each(|need| tables.meet(session, need))
    }
}

/// What the tables will be when a command's turn comes.
#[derive(Default)]
struct Tables {
    expected: HashMap<String, Expected>,
    all_gone: bool,
}

impl Tables {
    /// Checks a need and records its effect.
    fn meet(&mut self, session: &mut Session<'_, '_>, need: &Need) -> anyhow::Result<()> {
        match need {
            Need::Store => {}
            Need::NewLogs(table) => {
                if self.kind(session, table)? == Expected::Names {
                    bail!(not_logs(session, table));
                }
                self.expect(table, Expected::Logs);
            }
            Need::Logs(table) => match self.kind(session, table)? {
                Expected::Logs => {}
                Expected::Missing => bail!(missing(session, table)),
                Expected::Names => bail!(not_logs(session, table)),
            },
            Need::Upgradable(table) => {
                match session.store.open()?.kind(table)? {
                    TableKind::OtherVersion(1) | TableKind::Historic => {}
                    _ if self.kind(session, table)? == Expected::Logs => {}
                    TableKind::Missing
                    | TableKind::Logs { .. }
                    | TableKind::OtherVersion(_)
                    | TableKind::Names
                    | TableKind::Ledger
                    | TableKind::Leftover
                    | TableKind::Foreign => bail!(
                        "No table '{table}' in {}\n  See what is there: {} --list-tables",
                        session.store.place(),
                        session.invocation()
                    ),
                }
                self.expect(table, Expected::Logs);
            }
            Need::Droppable(table) => {
                check_deletion(session, table)?;
                if self.expect(table, Expected::Missing) == Some(Expected::Missing) {
                    bail!(
                        "'{table}' is named twice, with different capitalization; delete one table at a time"
                    );
                }
            }
            Need::DropAll => {
                self.expected.clear();
                self.all_gone = true;
            }
            Need::NewNames(table) => {
                if self.kind_of_names(session, table)? == Expected::Logs {
                    bail!(holds_packets(session, table));
                }
                self.expect(table, Expected::Names);
            }
            Need::Names(table) => match self.kind_of_names(session, table)? {
                Expected::Names => {}
                Expected::Logs => bail!(holds_packets(session, table)),
                Expected::Missing => bail!(
                    "No table for names '{table}' in {}\n  Create it with: {} --dns-create-table {table}",
                    session.store.place(),
                    session.invocation()
                ),
            },
        }
        Ok(())
    }

    /// Returns what was expected before.
    fn expect(&mut self, table: &TableName, kind: Expected) -> Option<Expected> {
        self.expected.insert(folded(table), kind)
    }

    /// The kind of a table meant to hold names.
    fn kind_of_names(&self, session: &mut Session<'_, '_>, table: &TableName) -> anyhow::Result<Expected> {
        let is_expected = self.expected.contains_key(&folded(table));
        if !is_expected && session.store.open()?.kind(table)? == TableKind::Foreign {
            bail!(
                "Table '{table}' in {} is not ipta's\n  To cache names in another table: {} --dns-create-table names",
                session.store.place(),
                session.invocation()
            );
        }
        self.kind(session, table)
    }

    fn kind(&self, session: &mut Session<'_, '_>, table: &TableName) -> anyhow::Result<Expected> {
        if let Some(kind) = self.expected.get(&folded(table)) {
            return Ok(*kind);
        }
        let place = session.store.place();
        Ok(match session.store.open()?.kind(table)? {
            TableKind::Logs { .. } | TableKind::Names | TableKind::Ledger if self.all_gone => {
                Expected::Missing
            }
            TableKind::Missing => Expected::Missing,
            TableKind::Logs { .. } => Expected::Logs,
            TableKind::Names => Expected::Names,
            TableKind::OtherVersion(version) => bail!(
                "Table '{table}' in {place} has table version {version}, but this ipta writes version 2\n  \
             Convert it with: {} --upgrade-table {table}",
                session.invocation()
            ),
            TableKind::Leftover => {
                bail!(
                    "Table '{table}' in {place} is left over from an interrupted clear; name another with -t"
                )
            }
            TableKind::Historic if matches!(session.settings.place, Place::File(_)) => bail!(
                "Table '{table}' in {place} looks like a table from the C program of 2015 and cannot be used\n  \
             Create another and import the logs again: {} --create-table NAME -i FILE",
                session.invocation()
            ),
            TableKind::Historic => bail!(
                "Table '{table}' in {place} was made by the C program of 2015 and cannot be used as it is\n  \
             Convert it with: {} --upgrade-table {table}",
                session.invocation()
            ),
            TableKind::Ledger => {
                bail!("'{table}' is ipta's own import ledger; name another table with -t")
            }
            TableKind::Foreign => {
                bail!(
                    "Table '{table}' in {place} is not ipta's; name another with -t, or create one: {} --create-table NAME",
                    session.invocation()
                )
            }
        })
    }
}

/// Some stores treat names that differ only in case as one table. If a store does not, a call that names
/// two such tables is checked too strictly.
fn folded(table: &TableName) -> String {
    table.as_str().to_ascii_lowercase()
}

fn holds_packets(session: &Session<'_, '_>, table: &TableName) -> String {
    format!(
        "Table '{table}' in {} holds packets, not names; name another with --dns-table",
        session.store.place()
    )
}

fn check_deletion(session: &mut Session<'_, '_>, table: &TableName) -> anyhow::Result<()> {
    let place = session.store.place();
    match session.store.open()?.kind(table)? {
        TableKind::Missing => {
            bail!(
                "No table '{table}' in {place}\n  List the tables with: {} --list-tables",
                session.invocation()
            )
        }
        TableKind::Ledger => {
            bail!("'{table}' is ipta's own import ledger; --delete-all-tables (-da) removes it")
        }
        TableKind::Foreign => bail!("Table '{table}' in {place} is not ipta's and is left alone"),
        TableKind::Logs { .. }
        | TableKind::OtherVersion(_)
        | TableKind::Historic
        | TableKind::Names
        | TableKind::Leftover => Ok(()),
    }
}

/// Says that there is no such table; with the nearest name, if one is close.
fn missing(session: &mut Session<'_, '_>, table: &TableName) -> anyhow::Error {
    let there = session.store.open().and_then(Store::logs_tables).unwrap_or_default();
    let place = session.store.place();
    let ipta = session.invocation();
    let meant = match config::nearest(table.as_str(), there.iter().map(String::as_str)) {
        Some(near) => format!("; did you mean -t {near}?"),
        None => String::new(),
    };
    let name = if table.as_str() == "logs" { String::new() } else { format!(" {table}") };
    anyhow!("No table '{table}' in {place}{meant}\n  Create it with: {ipta} --create-table{name}")
}

fn not_logs(session: &Session<'_, '_>, table: &TableName) -> String {
    format!("Table '{table}' in {} holds names, not packets; name another with -t", session.store.place())
}
