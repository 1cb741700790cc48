//! `--scan`: the lines of follow for whole logs, then the end.

use std::collections::VecDeque;
use std::path::PathBuf;

use crate::exit::Exit;
use crate::netfilter::batch::Batch;
use crate::netfilter::stats::ParseStats;
use crate::netfilter::{Packet, Reader};
use crate::report::stats as words;
use crate::run::logs::{self, LogSource};
use crate::run::naming::{self, Naming};
use crate::run::packets::{self, Read};
use crate::run::session::Session;
use crate::run::show::Show;

/// Packets that are shown together.
const TOGETHER: usize = 2_000;

/// How many such runs are read ahead, so that names come in side by side and a slow one does not
/// hold up the questions for the next.
const AHEAD: usize = 8;

/// Bytes of lines written at a time.
const BLOCK: usize = 64 * 1024;

/// The logs must be readable.
pub fn check(session: &mut Session<'_, '_>, paths: &[PathBuf]) -> anyhow::Result<Vec<LogSource>> {
    logs::of_session(session, paths)
}

/// Prints every packet of the logs, in the order that import takes them.
pub fn run(session: &mut Session<'_, '_>, sources: Vec<LogSource>) -> anyhow::Result<Exit> {
    let mut show = Show::new(session);
    let names = session.settings.rdns.then(|| Naming::new(naming::scanning(session.settings)));
    let mut total = ParseStats::default();
    let mut exit = Exit::Done;
    let mut count = 0;
    for mut source in sources {
        let mut reader = Reader::new(&session.rules, source.calendar(&session.clock));
        let mut lines = match source.open() {
            Ok(log) => log.lines(),
            // It has gone since it was checked.
            Err(error) => {
                session.console.error(&error.to_string());
                exit = Exit::Failed;
                continue;
            }
        };
        let mut waiting = PendingRuns::default();
        loop {
            let read = packets::next_line(&mut lines, &mut reader, false, |packet| {
                count += 1;
                if !session.filters.pass(packet) {
                    return;
                }
                match &names {
                    None => show.packet(count, packet, None, None),
                    Some(names) => {
                        names.ask(packet);
                        waiting.push(count, packet);
                    }
                }
            });
            match read {
                Ok(Read::Line(_) | Read::Unfinished) => {}
                Ok(Read::End) => break,
                Err(error) => {
                    session.console.error(&error.to_string());
                    exit = Exit::Failed;
                    break;
                }
            }
            if let Some(names) = &names
                && waiting.0.len() > AHEAD
            {
                waiting.show_first(names, &mut show);
                names.tell(session.console);
            }
            if show.held() >= BLOCK {
                show.write(session.console)?;
            }
        }
        while let (Some(names), false) = (&names, waiting.0.is_empty()) {
            waiting.show_first(names, &mut show);
            names.tell(session.console);
            show.write(session.console)?;
        }
        show.write(session.console)?;
        if reader.stats.packets() == 0 {
            session.console.note(&source.nothing(&reader.stats));
        }
        let stats = reader.stats;
        session.tell_guessed_year(source.guessed_year(&stats));
        total.add(&stats);
    }
    if let Some(names) = &names {
        names.tell_missed(session.console);
    }
    if let Some(damage) = words::damage(&total) {
        session.console.warn(&damage);
    }
    Ok(exit)
}

/// Packets whose names are on their way, in runs.
#[derive(Default)]
struct PendingRuns(VecDeque<PendingRun>);

/// Packets with their numbers.
#[derive(Default)]
struct PendingRun {
    counts: Vec<u64>,
    packets: Batch,
}

impl PendingRuns {
    fn push(&mut self, count: u64, packet: &Packet<'_>) {
        if self.0.back().is_none_or(|run| run.counts.len() >= TOGETHER) {
            self.0.push_back(PendingRun::default());
        }
        if let Some(run) = self.0.back_mut() {
            run.counts.push(count);
            run.packets.push(packet);
        }
    }

    fn show_first(&mut self, names: &Naming, show: &mut Show) {
        let Some(run) = self.0.pop_front() else { return };
        for (count, packet) in run.counts.into_iter().zip(run.packets.iter()) {
            let (src, dst) = (names.of(packet.src), names.of(packet.dst));
            show.packet(count, &packet, src.as_deref(), dst.as_deref());
        }
    }
}
