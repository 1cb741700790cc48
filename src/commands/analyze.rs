//! `--analyze`: the report, from the logs table or straight from logs.

use std::collections::HashSet;
use std::net::IpAddr;

use super::logs::Source;
use super::naming::{self, Naming};
use super::session::Session;
use super::settings;
use crate::analysis::filter::Filters;
use crate::analysis::table::{Cell, Table};
use crate::analysis::{self, Context, Fold, Module, Want};
use crate::exit::Exit;
use crate::netfilter::Reader;
use crate::netfilter::account::Account;
use crate::report::account as words;
use crate::report::text;
use crate::store::Columns;

/// Analyzes the logs table.
pub fn table(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let modules = settings::modules(session.settings)?;
    let context = context(session);
    let filters = reading(&context, &modules);
    let mut fold = Fold::new(&modules, &context);
    let store = session.store.open()?;
    let columns = Columns {
        host: analysis::wants(&modules, Want::Host),
        length: analysis::wants(&modules, Want::Length),
        ..Columns::default()
    };
    store.packets(&session.table, &filters, columns, &mut |position, packet| fold.packet(position, packet))?;
    if fold.packets == 0 {
        let note = if store.is_empty(&session.table)? {
            format!(
                "Table '{}' is empty; import a log with: {} -i FILE",
                session.table,
                session.invocation()
            )
        } else {
            format!("No packet of table '{}' passes the filters.", session.table)
        };
        session.console.note(&note);
    }
    report(session, fold, true)?;
    Ok(Exit::Done)
}

/// Analyzes logs, with no store at all.
pub fn files(session: &mut Session<'_, '_>, sources: Vec<Source>) -> anyhow::Result<Exit> {
    let modules = settings::modules(session.settings)?;
    let context = context(session);
    let filters = reading(&context, &modules);
    let mut fold = Fold::new(&modules, &context);
    let mut total = Account::default();
    let mut exit = Exit::Done;
    let mut position = 0;
    for mut source in sources {
        let mut reader = Reader::new(&session.rules, source.calendar(&session.clock));
        let mut lines = source.open()?.lines();
        loop {
            match lines.next() {
                Ok(Some(line)) if line.too_long => reader.too_long(line.bytes),
                Ok(Some(line)) => reader.read(line.bytes, |packet| {
                    position += 1;
                    if filters.pass(packet) {
                        fold.packet(position, packet);
                    }
                }),
                Ok(None) => break,
                Err(error) => {
                    session.console.error(&error.to_string());
                    exit = Exit::Failed;
                    break;
                }
            }
        }
        if reader.account.packets() == 0 {
            session
                .console
                .note(&words::nothing(&source.name, &reader.account));
        }
        total.add(&reader.account);
    }
    if let Some(damage) = words::damage(&total) {
        session.console.warn(&damage);
    }
    if fold.packets == 0 && total.packets() > 0 {
        session.console.note("No packet passes the filters.");
    }
    report(session, fold, false)?;
    Ok(exit)
}

/// What the modules count with.
fn context(session: &Session<'_, '_>) -> Context {
    Context { filters: session.filters.clone(), zone: session.clock.zone.clone() }
}

/// The filters to read packets with: what was before `--since` too, if a module compares with it.
fn reading(context: &Context, modules: &[&'static Module]) -> Filters {
    let mut filters = context.filters.clone();
    if analysis::wants(modules, Want::History) {
        filters.since = None;
    }
    filters
}

/// Prints what was counted. With `--rdns` a store's cache of names is used, if there is a store.
fn report(session: &mut Session<'_, '_>, fold: Fold<'_>, stored: bool) -> anyhow::Result<()> {
    let undecided = fold.undecided();
    if !undecided.is_empty() {
        let count: u64 = undecided.iter().map(|(_, count)| count).sum();
        let actions: Vec<&str> = undecided.iter().take(5).map(|(action, _)| *action).collect();
        let more = if undecided.len() > actions.len() {
            ", ..."
        } else {
            ""
        };
        let packets = words::counted(count, "packet");
        let are = if count == 1 { "is" } else { "are" };
        session.console.note(&format!(
            "{packets} {are} neither accepted nor denied ({}{more})",
            actions.join(", ")
        ));
    }
    let tables = fold.finish(session.settings.limit);
    let mut names = None;
    if session.settings.rdns {
        let naming = Naming::new(naming::report(session.settings));
        naming.resolve(&addresses(&tables), session, stored)?;
        names = Some(naming);
    }
    let name = |address| names.as_ref().and_then(|names| names.known(address));
    for table in tables {
        text::table(session.console.out, &table, &name)?;
    }
    session.console.out.flush()?;
    Ok(())
}

/// Every address that the tables show, each once, in the order of its first row.
fn addresses(tables: &[Table]) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    let mut seen = HashSet::new();
    for cell in tables.iter().flat_map(|table| &table.rows).flatten() {
        if let Cell::Address(address) = cell
            && seen.insert(*address)
        {
            addresses.push(*address);
        }
    }
    addresses
}
