//! The server or file, its tables, and how old the last import is.

use super::{Finding, State, ago};
use crate::netfilter::Time;
use crate::report::stats::counted;
use crate::run::session::Session;
use crate::store::TableKind;

const DATABASE: &str = "Database";

/// A table without imports for this long has probably been forgotten.
const STALE: i64 = 2 * 86_400 * Time::SECOND;

/// Checks the call's store.
pub fn look(session: &mut Session<'_, '_>) -> anyhow::Result<Vec<Finding>> {
    session.ask_password()?;
    let mut findings = Vec::new();
    let (table, ipta) = (session.table.clone(), session.invocation());
    let about = match session.store.open() {
        Ok(store) => store.about(),
        Err(error) => return Ok(vec![refusal(&error.to_string())]),
    };
    findings.push(Finding::new(
        DATABASE,
        State::Ok,
        format!("{} opens: {}", session.store.place(), about.version),
    ));
    if about.takes_files == Some(false) {
        let text = "local_infile is off on the server, so imports take longer than they need to";
        findings.push(
            Finding::new(DATABASE, State::Note, text)
                .run(format!("sudo {} -e 'SET GLOBAL local_infile = 1'", about.client())),
        );
    }
    let place = session.store.place();
    let mut add = |state, text: String, command: Option<String>| {
        findings.push(Finding { run: command, ..Finding::new(DATABASE, state, text) });
    };
    match session.store.open()?.kind(&table)? {
        TableKind::Logs { .. } => {}
        TableKind::Missing => {
            let text = format!("there is no table '{table}' in {place}");
            add(State::Wrong, text, Some(format!("{ipta} --create-table {table}")));
            return Ok(findings);
        }
        TableKind::OtherVersion(_) | TableKind::Historic => {
            let text = format!("table '{table}' is from an older version or from the C program");
            add(State::Wrong, text, Some(format!("{ipta} --upgrade-table {table}")));
            return Ok(findings);
        }
        TableKind::Names | TableKind::Ledger | TableKind::Leftover | TableKind::Foreign => {
            let text = format!(
                "table '{table}' is not an ipta table for packets; create another one and select it with -t"
            );
            add(State::Wrong, text, Some(format!("{ipta} --create-table packets -t packets")));
            return Ok(findings);
        }
    }
    let store = session.store.open()?;
    let (empty, entries) = (store.is_empty(&table)?, store.entries(&table)?);
    let again = entries.iter().find(|entry| entry.again).map(|entry| entry.path.clone());
    let last = entries.iter().filter_map(|entry| entry.at.map(|at| (at, entry.path.clone()))).max();
    let logs = counted(entries.len() as u64, "log");
    let import = session.import_invocation();
    match last {
        _ if empty => {
            let (why, again) = match entries.is_empty() {
                true => ("nothing has been imported yet", ""),
                false => ("what was imported into it has been deleted", " --clear"),
            };
            let text = format!("table '{table}' is empty: {why}");
            add(State::Note, text, Some(format!("{import}{again} --import FILE")));
        }
        None => add(State::Ok, format!("table '{table}' holds packets"), None),
        Some((at, path)) => {
            let text =
                format!("{logs} imported into table '{table}', most recently {} ({path})", ago(session, at));
            match session.clock.now.0 - at.0 > STALE {
                true => {
                    add(State::Note, text, Some(format!("{import} --import {}", crate::escape::shell(&path))))
                }
                false => add(State::Ok, text, None),
            }
        }
    }
    if let Some(path) = again {
        let text = format!("an import of {path} with --again was interrupted");
        add(State::Wrong, text, Some(format!("{import} --again --import {}", crate::escape::shell(&path))));
    }
    Ok(findings)
}

/// The store's error, with the command in it as the one to type.
fn refusal(error: &str) -> Finding {
    let quoted = error.split('\'').find(|part| part.starts_with("ipta "));
    let after = error.lines().skip(1).find_map(|line| line.split_once("ipta ").map(|(_, rest)| rest));
    let command = match (quoted, after) {
        (Some(command), _) => Some(command.to_owned()),
        (None, Some(rest)) => Some(format!("ipta {}", rest.split("   ").next().unwrap_or(rest).trim())),
        (None, None) => None,
    };
    let text = error.lines().next().unwrap_or_default();
    // The way without a server is shorter.
    let command = match text.starts_with("no database server") {
        true => Some("ipta --db-file ~/packets.db --create-table --save-db".to_owned()),
        false => command,
    };
    let finding = Finding::new(DATABASE, State::Wrong, text);
    match command {
        Some(command) => finding.run(command),
        None => finding,
    }
}
