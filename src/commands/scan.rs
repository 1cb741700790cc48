//! `--scan`: the lines of follow for whole logs, then the end.

use std::path::PathBuf;

use crate::exit::Exit;
use crate::input::Lines;
use crate::netfilter::Reader;
use crate::netfilter::stats::ParseStats;
use crate::report::stats as words;
use crate::run::logs::LogSource;
use crate::run::name_queue::NameQueue;
use crate::run::naming::{self, Naming};
use crate::run::packets::{self, LineRead};
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
    session.logs(paths)
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
            Ok(log) => Lines::new(log),
            // It has gone since it was checked.
            Err(error) => {
                session.console.error(&error.to_string());
                exit = Exit::Failed;
                continue;
            }
        };
        let mut waiting = NameQueue::new(TOGETHER);
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
                        waiting.push(count, packet, None);
                    }
                }
            });
            match read {
                Ok(LineRead::Line(_) | LineRead::Unfinished) => {}
                Ok(LineRead::End) => break,
                Err(error) => {
                    session.console.error(&error.to_string());
                    exit = Exit::Failed;
                    break;
                }
            }
            if let Some(names) = &names
                && waiting.len() > AHEAD
            {
                show_first(&mut waiting, names, &mut show);
                names.tell(session.console);
            }
            if show.held() >= BLOCK {
                show.write(session.console)?;
            }
        }
        while let (Some(names), false) = (&names, waiting.is_empty()) {
            show_first(&mut waiting, names, &mut show);
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

/// Shows the packets that have waited longest, with the names there are by now.
fn show_first(waiting: &mut NameQueue, names: &Naming, show: &mut Show) {
    let Some(run) = waiting.pop() else { return };
    for (count, packet) in run.packets() {
        let (src, dst) = (names.of(packet.src), names.of(packet.dst));
        show.packet(count, &packet, src.as_deref(), dst.as_deref());
    }
}
