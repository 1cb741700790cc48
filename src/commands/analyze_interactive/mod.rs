//! `--analyze-interactive` and `--sql`: the user's own queries on the call's store.

mod editor;
mod input;
mod pager;
mod shell;

use std::io::{self, Read, Write};
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::anyhow;

use crate::exit::Exit;
use crate::run::output;
use crate::run::plan::{Need, Plan};
use crate::run::session::Session;
use crate::run::{Misused, signals};
use input::Item;
use shell::Shell;

/// How long a signal waits for a query to end.
const GRACE: Duration = Duration::from_secs(5);

/// The store must open. Output to a file needs queries given up front, not typed.
pub fn check(session: &mut Session<'_, '_>, plan: &mut Plan) -> anyhow::Result<()> {
    plan.needs(Need::Store);
    if let Some(path) = &session.settings.output {
        if is_interactive(session) {
            return Err(Misused(
                "--output does not work in the shell; give the query: ipta --sql QUERY --output FILE".into(),
            )
            .into());
        }
        output::check(path, &session.settings.place, std::iter::empty())?;
    }
    Ok(())
}

/// Runs the queries of `--sql` or standard input, or opens a shell.
pub fn run(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    if is_interactive(session) {
        return Shell::open(session)?.converse();
    }
    let text = match &session.settings.sql {
        Some(text) => text.clone(),
        None => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map_err(|error| anyhow!("standard input: {error}"))?;
            text
        }
    };
    given(session, &text)
}

fn is_interactive(session: &Session<'_, '_>) -> bool {
    let console = &session.console;
    session.settings.sql.is_none() && console.in_is_terminal && console.out_is_terminal
}

/// Runs queries given up front. The first that fails ends the call; one that is not allowed ends it
/// before any runs.
fn given(session: &mut Session<'_, '_>, text: &str) -> anyhow::Result<Exit> {
    let path = session.settings.output.clone();
    let place = if session.settings.sql.is_some() { "--sql" } else { "standard input" };
    let mut shell = Shell::open(session)?;
    let items = input::items(shell.queries.dialect(), text);
    if items.is_empty() {
        return Err(anyhow!("{place} holds no query; give one: ipta --sql 'SELECT ...'"));
    }
    for item in &items {
        if let Item::Statement(statement) = item {
            shell.admit(statement)?;
        }
    }
    let stop = shell.stopper();
    let stopped = std::sync::Arc::clone(&shell.stopped);
    let caught = signals::catch(GRACE, move || {
        stopped.store(true, Ordering::Relaxed);
        stop();
    })?;
    let outcome = match path {
        None => {
            let mut out = io::BufWriter::with_capacity(64 * 1024, io::stdout());
            shell.document(&items, &mut out).and_then(|()| Ok(out.flush()?))
        }
        Some(path) => {
            let mut failed = None;
            let written = output::write(&path, |out| {
                shell.document(&items, out).map_err(|error| {
                    failed = Some(error);
                    io::Error::other("a query failed")
                })
            });
            match failed {
                Some(error) => Err(error),
                None => written.map(|()| {
                    shell.session.console.done(&format!("Answers written to {}.", path.display()));
                }),
            }
        }
    };
    match (outcome, caught.signal()) {
        (_, Some(signal)) => Ok(Exit::Signal(signal)),
        (Ok(()), None) => Ok(Exit::Done),
        (Err(error), None) => Err(error),
    }
}

/// Words the shell completes besides names: keywords of read-only statements.
const KEYWORDS: [&str; 40] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "HAVING",
    "LIMIT",
    "JOIN",
    "LEFT JOIN",
    "ON",
    "USING",
    "AND",
    "OR",
    "NOT",
    "IN",
    "BETWEEN",
    "LIKE",
    "IS NULL",
    "IS NOT NULL",
    "AS",
    "DISTINCT",
    "COUNT(*)",
    "COUNT(",
    "SUM(",
    "MIN(",
    "MAX(",
    "AVG(",
    "DESC",
    "ASC",
    "UNION ALL",
    "WITH",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "EXPLAIN",
    "SHOW TABLES",
    "INET6_NTOA(",
    "INET6_ATON(",
];
