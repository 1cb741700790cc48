//! `--analyze`: the report, from the logs table or straight from logs.

use super::logs::Source;
use super::session::Session;
use super::settings;
use crate::analysis::Fold;
use crate::exit::Exit;
use crate::netfilter::Reader;
use crate::netfilter::account::Account;
use crate::report::account as words;
use crate::report::text;
use crate::store::Columns;

/// Analyzes the logs table.
pub fn table(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let modules = settings::modules(session.settings)?;
    let filters = session.filters.clone();
    let mut fold = Fold::new(&modules, &filters);
    let store = session.store.open()?;
    let columns = Columns {
        host: true,
        ..Columns::default()
    };
    store.packets(&session.table, &filters, columns, &mut |position, packet| {
        fold.packet(position, packet)
    })?;
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
    report(session, fold)?;
    Ok(Exit::Done)
}

/// Analyzes logs, with no store at all.
pub fn files(session: &mut Session<'_, '_>, sources: Vec<Source>) -> anyhow::Result<Exit> {
    let modules = settings::modules(session.settings)?;
    let filters = session.filters.clone();
    let mut fold = Fold::new(&modules, &filters);
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
    report(session, fold)?;
    Ok(exit)
}

/// Prints what was counted.
fn report(session: &mut Session<'_, '_>, fold: Fold<'_>) -> anyhow::Result<()> {
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
    for table in fold.finish(session.settings.limit) {
        text::table(session.console.out, &table, &|_| None)?;
    }
    session.console.out.flush()?;
    Ok(())
}
