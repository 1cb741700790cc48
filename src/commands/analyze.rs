//! `--analyze`: the report, from the logs table or straight from logs.

use std::path::{Path, PathBuf};

use crate::analysis::quantity::agree;
use crate::config::{self, Call, Mode};
use crate::exit::Exit;
use crate::filter::Filters;
use crate::input::Journal;
use crate::netfilter::Packet;
use crate::netfilter::batch::Batch;
use crate::netfilter::stats::ParseStats;
use crate::report::progress::Counting;
use crate::report::stats as words;
use crate::run::Misused;
use crate::run::counting::{self, Needs};
use crate::run::left_out::LeftOut;
use crate::run::logs::LogSource;
use crate::run::output;
use crate::run::parsing::{self, Maker, Sink};
use crate::run::plan::{Need, Plan};
use crate::run::reading;
use crate::run::reporting::{self, Question};
use crate::run::session::Session;

/// What to report.
pub struct Analysis {
    /// The logs; empty for the call's table.
    logs: Vec<LogSource>,
    question: Question,
}

/// Checks what can be checked up front: the modules, and that the report's file is none of the logs that
/// the call reads. Returns what to report.
pub fn check(
    session: &mut Session<'_, '_>,
    plan: &mut Plan,
    call: &Call,
    paths: &[PathBuf],
) -> anyhow::Result<Analysis> {
    if call.bare {
        paths.iter().try_for_each(|path| bare_log(path))?;
    }
    let question = reporting::question(session, &call.given, !paths.is_empty())?;
    ready(session, plan, call, paths, question)
}

/// The same for a dossier on a source.
pub fn check_dossier(
    session: &mut Session<'_, '_>,
    plan: &mut Plan,
    call: &Call,
    source: &str,
    paths: &[PathBuf],
) -> anyhow::Result<Analysis> {
    let way_out = format!("\n  ipta --who 192.0.2.7 {}", if paths.is_empty() { "" } else { "FILE" });
    let source = source.parse().map_err(|error| Misused(format!("--who: {error}{}", way_out.trim_end())))?;
    session.filters.src = vec![source].into();
    let question = reporting::dossier(session)?;
    ready(session, plan, call, paths, question)
}

fn ready(
    session: &mut Session<'_, '_>,
    plan: &mut Plan,
    call: &Call,
    paths: &[PathBuf],
    question: Question,
) -> anyhow::Result<Analysis> {
    if let Some(path) = &session.settings.output {
        output::check(path, &session.settings.place, call.logs())?;
    }
    if paths.is_empty() {
        plan.needs(Need::Logs(session.table.clone()));
    }
    Ok(Analysis { logs: session.logs(paths)?, question })
}

/// A bare word is a log or a typo.
fn bare_log(path: &Path) -> Result<(), Misused> {
    let word = path.to_string_lossy();
    if path == Path::new("-") || path.try_exists().unwrap_or(true) || Journal::named(path).is_some() {
        return Ok(());
    }
    let words = Mode::OPTIONS.map(|option| option.trim_start_matches('-'));
    let way_out = match config::nearest(&word, words) {
        Some(near) => format!("; did you mean ipta --{near}?"),
        None => String::new(),
    };
    Err(Misused(format!("there is no file '{word}'{way_out}")))
}

/// Analyzes logs or the call's table.
pub fn run(session: &mut Session<'_, '_>, analysis: Analysis) -> anyhow::Result<Exit> {
    match analysis.logs.is_empty() {
        true => reporting::table(session, &analysis.question).map(|()| Exit::Done),
        false => files(session, analysis),
    }
}

/// Batches the wanted packets for counting.
struct Wanted<'w> {
    /// The packets to read; none for all.
    filters: Option<&'w Filters>,
    /// The packets asked for.
    asked: &'w Filters,
    needs: Needs,
}

/// Packets that passed the filters, and what is known about the rest.
#[derive(Default)]
struct Filtered {
    packets: Batch,
    left_out: LeftOut,
}

impl Maker for Wanted<'_> {
    type Made = Filtered;

    fn packet(&self, made: &mut Filtered, packet: &Packet<'_>) {
        match self.filters.is_none_or(|filters| filters.pass(packet)) {
            true => self.needs.push(&mut made.packets, packet),
            false => made.left_out.packet(self.asked, packet),
        }
        if packet.time.is_none() {
            made.left_out.timeless(self.asked, packet);
        }
    }

    fn is_full(&self, made: &Filtered) -> bool {
        made.packets.len() >= counting::BATCH
    }
}

/// Analyzes logs without any store.
fn files(session: &mut Session<'_, '_>, analysis: Analysis) -> anyhow::Result<Exit> {
    let Analysis { logs: sources, question } = analysis;
    let filters = question.reading();
    let limit = question.limit;
    let mut left_out = LeftOut::default();
    let (rules, clock, asked) = (&session.rules, &session.clock, &session.filters);
    let mut progress = Counting::new(None, session.console.shows_progress());
    let mut read = 0;
    let (mut counted, logs) = counting::count(&question.modules, &question.context, limit, |feed| {
        let maker = Wanted { filters: filters.any().then_some(&filters), asked, needs: feed.needs() };
        let mut done = |made: Filtered| {
            read += made.packets.len() as u64;
            progress.done(read);
            feed.batch(made.packets);
            left_out.add(made.left_out);
        };
        Ok(reading::packets(sources, rules, clock, parsing::workers(), Sink::new(&maker, &mut done)))
    })?;
    drop(progress);
    let timeless = left_out.timeless;
    let mut total = ParseStats::default();
    let mut exit = Exit::Done;
    let mut years = Vec::new();
    for log in logs {
        if let Some(error) = &log.error {
            session.console.error(error);
            exit = Exit::Failed;
        }
        let widening = session.widening();
        if let Some(text) = words::other_prefixes(&log.source.name, &log.stats, &widening)
            && log.stats.packets() > 0
        {
            session.console.note(&text);
        }
        if log.stats.packets() == 0 {
            let text = log.source.nothing(&log.stats, &widening);
            // Packets that the call's rules leave out are worth a warning even under --quiet.
            match log.stats.unknown_prefixes.is_empty() {
                true => session.console.note(&text),
                false => session.console.warn(&text),
            }
        }
        years.extend(log.source.guessed_year(&log.stats));
        if log.known > 0 {
            session.console.note(&format!(
                "{} of {} {} also in {} and {} only once.",
                words::counted(log.known, "packet"),
                log.source.name,
                agree(log.known, "is", "are"),
                log.other,
                agree(log.known, "counts", "count")
            ));
        }
        total.add(&log.stats);
    }
    session.tell_guessed_years(&years);
    counted.earliest = total.first;
    if let Some(damage) = words::damage(&total) {
        session.console.warn(&damage);
    }
    if counted.totals.packets == 0 && total.packets() > 0 {
        session.console.note(&left_out.all(&session.filters, read == 0));
    }
    if let Some(note) = question.unmet_words(&counted.totals) {
        session.console.note(&note);
    }
    let filters = question.filtered(timeless);
    reporting::report(session, &counted, filters.as_ref(), false)?;
    Ok(exit)
}
