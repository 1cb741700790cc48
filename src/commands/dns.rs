//! `--dns-create-table`, `--dns-dump`, `--dns-prune`, `--dns-clear`: the names kept between runs.

use crate::escape;
use crate::exit::Exit;
use crate::netfilter::Time;
use crate::report::{moment, stats::counted};
use crate::run::plan::{Need, Plan};
use crate::run::session::Session;
use crate::store::TableKind;

/// A table of names must exist.
pub fn check(session: &Session<'_, '_>, plan: &mut Plan) {
    plan.needs(Need::Names(session.dns_table.clone()));
}

/// The table of names must exist or its name be free.
pub fn check_create(session: &Session<'_, '_>, plan: &mut Plan) {
    plan.needs(Need::NewNames(session.dns_table.clone()));
}

/// Creates the table of names unless it exists.
pub fn create(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let table = session.dns_table.clone();
    let place = session.store.place();
    let store = session.store.open()?;
    match store.kind(&table)? {
        TableKind::Names => session.console.note(&format!("Table '{table}' already exists in {place}.")),
        TableKind::Missing => {
            store.create_names(&table)?;
            session.console.done(&format!("Table '{table}' for names created in {place}."));
        }
        TableKind::Logs { .. }
        | TableKind::OtherVersion(_)
        | TableKind::Historic
        | TableKind::Ledger
        | TableKind::Leftover
        | TableKind::Foreign => {
            anyhow::bail!("Table '{table}' in {place} holds something else; choose another with --dns-table")
        }
    }
    Ok(Exit::Done)
}

/// Prints every name: address, name, when it was learned.
pub fn dump(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let table = session.dns_table.clone();
    let names = session.store.open()?.names(&table)?;
    if names.is_empty() {
        let mut fill = session.invocation();
        if table.as_str() != "dns" {
            fill.push_str(&format!(" --dns-table {table}"));
        }
        session
            .console
            .note(&format!("Table '{table}' has no names yet; fill it with: {fill} --analyze --rdns"));
    }
    let out = &mut *session.console.out;
    for (address, known) in names {
        let name = known.name.as_deref().unwrap_or("-");
        let at = moment(Time(known.at.saturating_mul(Time::SECOND)));
        writeln!(out, "{:<39} {at} {}", address.to_string(), escape::terminal(name))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Deletes names older than `--ttl`.
pub fn prune(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let hours = session.settings.dns_ttl;
    if hours == 0 {
        session.console.note("Names never expire (--ttl 0); no names were removed.");
        return Ok(Exit::Done);
    }
    let before = session.clock.now.0 / Time::SECOND - i64::from(hours) * 3600;
    forget(session, Some(before))
}

/// Deletes all names.
pub fn clear(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    forget(session, None)
}

fn forget(session: &mut Session<'_, '_>, before: Option<i64>) -> anyhow::Result<Exit> {
    let table = session.dns_table.clone();
    let count = session.store.open()?.prune_names(&table, before)?;
    session.console.done(&format!("{} removed from table '{table}'.", counted(count, "name")));
    Ok(Exit::Done)
}
