//! `--analyze`: the report, from the logs table or straight from logs.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::analysis::quantity::agree;
use crate::analysis::table::{Cell, Table};
use crate::analysis::{self, Context, Module, Want};
use crate::config::{self, Call, Format, Mode};
use crate::escape;
use crate::exit::Exit;
use crate::filter::Filters;
use crate::netfilter::stats::ParseStats;
use crate::report::shape::Report;
use crate::report::{self, stats as words};
use crate::run::Misused;
use crate::run::counting::{self, Counted};
use crate::run::left_out::{self, LeftOut};
use crate::run::logs::LogSource;
use crate::run::naming::{self, Naming};
use crate::run::output;
use crate::run::plan::{Need, Plan};
use crate::run::reading;
use crate::run::session::Session;
use crate::run::settings;
use crate::store::Columns;

/// What a call is to report.
pub struct Question {
    /// The logs; none for the table of the call.
    logs: Vec<LogSource>,
    modules: Vec<&'static Module>,
    context: Context,
}

/// What can be told of a report before anything is done for it: its modules, and its file, which is
/// none of the logs that the call reads. Gives what to report.
pub fn check(
    session: &mut Session<'_, '_>,
    plan: &mut Plan,
    call: &Call,
    paths: &[PathBuf],
) -> anyhow::Result<Question> {
    if call.bare {
        paths.iter().try_for_each(|path| bare_log(path))?;
    }
    let (modules, context) = (settings::modules(session.settings)?, context(session)?);
    if let Some(path) = &session.settings.output {
        output::check(path, &session.settings.place, call.logs())?;
    }
    if paths.is_empty() {
        plan.needs(Need::Logs(session.table.clone()));
    }
    Ok(Question { logs: session.logs(paths)?, modules, context })
}

/// A bare word is a log, or else a slip.
fn bare_log(path: &Path) -> Result<(), Misused> {
    let word = path.to_string_lossy();
    if path == Path::new("-") || path.exists() {
        return match is_sqlite(path) {
            false => Ok(()),
            true => Err(Misused(format!(
                "{word} is an SQLite file, no log\n  ipta --db-file {} --analyze",
                escape::shell(&word)
            ))),
        };
    }
    let words = Mode::OPTIONS.map(|option| option.trim_start_matches('-'));
    let way_out = match config::nearest(&word, words) {
        Some(near) => format!("; did you mean ipta --{near}?"),
        None => String::new(),
    };
    Err(Misused(format!("there is no file '{word}'{way_out}")))
}

/// Whether a file begins as SQLite's do (sqlite.org, "Database File Format", 1.3).
fn is_sqlite(path: &Path) -> bool {
    // What is read from a pipe is gone.
    if !path.is_file() {
        return false;
    }
    let mut start = [0; 16];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *b"SQLite format 3\0"
}

/// Analyzes logs, or the table of the call.
pub fn run(session: &mut Session<'_, '_>, question: Question) -> anyhow::Result<Exit> {
    match question.logs.is_empty() {
        true => table(session, &question),
        false => files(session, question),
    }
}

/// Analyzes the logs table.
fn table(session: &mut Session<'_, '_>, question: &Question) -> anyhow::Result<Exit> {
    let Question { modules, context, .. } = question;
    let filters = reading(context, modules);
    let store = session.store.open()?;
    let evidence = analysis::wants(modules, Want::Evidence);
    let columns = Columns {
        host: analysis::wants(modules, Want::Host),
        length: analysis::wants(modules, Want::Length),
        prefix: evidence,
        tcp_flags: evidence,
        icmp: evidence,
        ..Columns::default()
    };
    let (counted, ()) = counting::count(modules, context, session.settings.limit, |feed| {
        Ok(store.packets(&session.table, &filters, columns, &mut |stored| feed.packet(&stored.packet))?)
    })?;
    let timeless =
        if context.filters.ask_time() { store.count_timeless(&session.table, &filters)? } else { 0 };
    if counted.packets == 0 {
        let note = left_out::nothing_in_table(session)?;
        session.console.note(&note);
    }
    report(session, &counted, filtered(context, timeless).as_deref(), true)?;
    Ok(Exit::Done)
}

/// Analyzes logs, with no store at all.
fn files(session: &mut Session<'_, '_>, question: Question) -> anyhow::Result<Exit> {
    let Question { logs: sources, modules, context } = question;
    let filters = reading(&context, &modules);
    let limit = session.settings.limit;
    let mut left_out = LeftOut::default();
    let (rules, clock, asked) = (&session.rules, &session.clock, &session.filters);
    let (counted, logs) = counting::count(&modules, &context, limit, |feed| {
        Ok(reading::packets(sources, rules, clock, |packet| {
            match filters.pass(packet) {
                true => feed.packet(packet),
                false => left_out.packet(asked, packet),
            }
            if packet.time.is_none() {
                left_out.timeless(asked, packet);
            }
        }))
    })?;
    let timeless = left_out.timeless;
    let mut total = ParseStats::default();
    let mut exit = Exit::Done;
    for log in logs {
        if let Some(error) = &log.error {
            session.console.error(error);
            exit = Exit::Failed;
        }
        if log.stats.packets() == 0 {
            let text = log.source.nothing(&log.stats);
            // Packets that the rules of the call leave out are worth a word under --quiet, too.
            match log.stats.unknown_prefixes.is_empty() {
                true => session.console.note(&text),
                false => session.console.warn(&text),
            }
        }
        session.tell_guessed_year(log.source.guessed_year(&log.stats));
        if log.known > 0 {
            session.console.note(&format!(
                "{} of {} stand in {} too and count once.",
                words::counted(log.known, "packet"),
                log.source.name,
                log.other
            ));
        }
        total.add(&log.stats);
    }
    if let Some(damage) = words::damage(&total) {
        session.console.warn(&damage);
    }
    if counted.packets == 0 && total.packets() > 0 {
        session.console.note(&left_out.all(&session.filters));
    }
    report(session, &counted, filtered(&context, timeless).as_deref(), false)?;
    Ok(exit)
}

/// What the modules count with.
fn context(session: &Session<'_, '_>) -> Result<Context, Misused> {
    Ok(Context {
        filters: session.filters.clone(),
        zone: session.clock.zone.clone(),
        thresholds: session.settings.thresholds.clone(),
        allow: settings::allow(session.settings)?,
    })
}

/// The filters to read packets with: what was before `--since` too, if a module compares with it.
fn reading(context: &Context, modules: &[&'static Module]) -> Filters {
    let mut filters = context.filters.clone();
    if analysis::wants(modules, Want::History) {
        filters.since = None;
    }
    filters
}

/// What the filters were, and how many packets they could not place in time; nothing without filters.
fn filtered(context: &Context, timeless: u64) -> Option<String> {
    let left_out = match timeless {
        0 => String::new(),
        count => format!("; {count} without a time left out"),
    };
    context.filters.any().then(|| format!("Only packets {}{left_out}.", context.filters.words(&context.zone)))
}

/// Prints what was counted, under the filters in words. With `--rdns` a store's cache of names is
/// used, if there is a store.
fn report(
    session: &mut Session<'_, '_>,
    counted: &Counted,
    filters: Option<&str>,
    stored: bool,
) -> anyhow::Result<()> {
    let undecided = &counted.undecided;
    if !undecided.is_empty() {
        let count: u64 = undecided.iter().map(|(_, count)| count).sum();
        let actions: Vec<&str> = undecided.iter().take(5).map(|(action, _)| action.as_str()).collect();
        let more = if undecided.len() > actions.len() { ", ..." } else { "" };
        let packets = words::counted(count, "packet");
        let are = agree(count, "is", "are");
        session
            .console
            .note(&format!("{packets} {are} neither accepted nor denied ({}{more})", actions.join(", ")));
    }
    let Counted { tables, packets, first, last, .. } = counted;
    if *packets > 0 && tables.iter().all(|table| table.rows.is_empty()) {
        session.console.note(&format!(
            "{} counted, none of which these tables show; add --modules sources,timeline to see more.",
            words::counted(*packets, "packet")
        ));
    }
    let mut names = None;
    if session.settings.rdns {
        let naming = Naming::new(naming::report(session.settings));
        naming.resolve(&addresses(tables), session, stored)?;
        names = Some(naming);
    }
    let name = |address| names.as_ref().and_then(|names| names.known(address));
    let notes = std::mem::take(&mut session.console.notes);
    let (packets, first, last) = (*packets, *first, *last);
    write(session, &Report { tables, filters, notes: &notes, packets, first, last, names: &name })
}

/// Writes the report in the shape that was asked for: to standard output, or to a file, which is
/// written whole or not at all.
fn write(session: &mut Session<'_, '_>, report: &Report<'_>) -> anyhow::Result<()> {
    let shape = match session.settings.format {
        Format::Text => report::TEXT,
        Format::Json => report::JSON,
        Format::Csv => report::CSV,
        Format::Markdown => report::MARKDOWN,
        Format::Html => report::HTML,
    };
    let Some(path) = &session.settings.output else {
        shape.write(session.console.out, report)?;
        session.console.out.flush()?;
        return Ok(());
    };
    output::write(path, |out| shape.write(out, report))?;
    session.console.done(&format!("Report written to {}.", path.display()));
    Ok(())
}

/// Every address that the tables show, each once, in the order of its first row.
fn addresses(tables: &[Table]) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    let mut seen = HashSet::new();
    for address in tables.iter().flat_map(|table| &table.rows).flatten().filter_map(Cell::as_address) {
        if seen.insert(address) {
            addresses.push(address);
        }
    }
    addresses
}
