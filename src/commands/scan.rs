//! `--scan`: prints whole logs or the table in follow's format, then ends.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Exit;
use crate::input::Lines;
use crate::netfilter::batch::Batch;
use crate::netfilter::stats::ParseStats;
use crate::netfilter::{Packet, Reader};
use crate::report::stats as words;
use crate::run::left_out::{self, LeftOut};
use crate::run::logs::LogSource;
use crate::run::name_queue::NameQueue;
use crate::run::naming::{self, Naming};
use crate::run::parsing::{self, LogLines, Maker, Sink};
use crate::run::plan::{Need, Plan};
use crate::run::session::Session;
use crate::run::show::Show;
use crate::store::Columns;

/// Packets shown together.
const TOGETHER: usize = 2_000;

/// How many such runs are read ahead, so that names resolve in parallel and a slow one does not hold up
/// the queries for the next.
const AHEAD: usize = 8;

/// Bytes of output written at a time.
const BLOCK: usize = 64 * 1024;

/// Batches all packets.
struct Packets;

impl Maker for Packets {
    type Made = Batch;

    fn packet(&self, made: &mut Batch, packet: &Packet<'_>) {
        made.push(packet);
    }

    fn is_full(&self, made: &Batch) -> bool {
        made.len() >= TOGETHER
    }
}

/// The logs must be readable; without any, the table must exist.
pub fn check(
    session: &mut Session<'_, '_>,
    plan: &mut Plan,
    paths: &[PathBuf],
) -> anyhow::Result<Vec<LogSource>> {
    if paths.is_empty() {
        plan.needs(Need::Logs(session.table.clone()));
    }
    session.logs(paths)
}

/// Prints every packet of the logs, in the order in which import reads them; without logs, every packet of
/// the table, in row order.
pub fn run(session: &mut Session<'_, '_>, sources: Vec<LogSource>) -> anyhow::Result<Exit> {
    match sources.is_empty() {
        true => table(session),
        false => logs(session, sources),
    }
}

fn table(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let mut show = Show::new(session)?;
    let names = session.settings.rdns.then(|| Naming::new(naming::scanning(session.settings)));
    let mut waiting = NameQueue::new(TOGETHER);
    let filters = session.filters.clone();
    let (console, table) = (&mut *session.console, &session.table);
    let store = session.store.open()?;
    let mut count = 0;
    let mut unwritten = None;
    store.packets(table, &filters, Columns::PACKET, &mut |stored| {
        if unwritten.is_some() {
            return;
        }
        count += 1;
        match &names {
            None => show.packet(count, &stored.packet, None, None),
            Some(names) => {
                names.ask(&stored.packet);
                waiting.push(count, &stored.packet, None);
                if waiting.len() > AHEAD {
                    show_first(&mut waiting, names, &mut show);
                }
            }
        }
        if show.held() >= BLOCK {
            unwritten = show.write(console).err();
        }
    })?;
    while let (Some(names), false) = (&names, waiting.is_empty()) {
        show_first(&mut waiting, names, &mut show);
    }
    if let Some(error) = unwritten {
        return Err(error.into());
    }
    show.write(console)?;
    if let Some(names) = &names {
        names.tell_missed(console);
    }
    let timeless = if filters.ask_time() { store.count_timeless(table, &filters)? } else { 0 };
    if count == 0 {
        let note = left_out::nothing_in_table(session)?;
        session.console.note(&note);
    }
    if let Some(note) = left_out::timeless(timeless) {
        session.console.note(&note);
    }
    Ok(Exit::Done)
}

fn logs(session: &mut Session<'_, '_>, sources: Vec<LogSource>) -> anyhow::Result<Exit> {
    let mut show = Show::new(session)?;
    let names = session.settings.rdns.then(|| Naming::new(naming::scanning(session.settings)));
    let mut total = ParseStats::default();
    let mut years = Vec::new();
    let mut exit = Exit::Done;
    let mut left_out = LeftOut::default();
    let (mut count, mut shown) = (0, 0_u64);
    for mut source in sources {
        let mut reader = Reader::new(&session.rules, source.calendar(&session.clock));
        // Slow input is shown as it arrives, and names are queried in line order.
        let workers = if source.is_file() && names.is_none() { parsing::workers() } else { 1 };
        let mut lines = match source.open() {
            Ok(log) => LogLines::new(Lines::new(log)),
            // It has disappeared since it was checked.
            Err(error) => {
                session.console.error(&error.to_string());
                exit = Exit::Failed;
                continue;
            }
        };
        let mut waiting = NameQueue::new(TOGETHER);
        let (mut unwritten, is_over) = (None, AtomicBool::new(false));
        let mut done = |packets: Batch| {
            if unwritten.is_some() {
                return;
            }
            for packet in packets.iter() {
                count += 1;
                if packet.time.is_none() {
                    left_out.timeless(&session.filters, &packet);
                }
                if !session.filters.pass(&packet) {
                    left_out.packet(&session.filters, &packet);
                    continue;
                }
                shown += 1;
                match &names {
                    None => show.packet(count, &packet, None, None),
                    Some(names) => {
                        names.ask(&packet);
                        waiting.push(count, &packet, None);
                    }
                }
            }
            if let Some(names) = &names
                && waiting.len() > AHEAD
            {
                show_first(&mut waiting, names, &mut show);
                names.tell(session.console);
            }
            if show.held() >= BLOCK {
                unwritten = show.write(session.console).err();
                is_over.store(unwritten.is_some(), Ordering::Relaxed);
            }
        };
        let mut sink = Sink::new(&Packets, &mut done);
        let stops = |_: &Packet<'_>| is_over.load(Ordering::Relaxed);
        let mut fault = None;
        while !is_over.load(Ordering::Relaxed) {
            lines.parse(workers, &mut reader, Some(&stops), &mut sink);
            match lines.next_line(&mut reader, &mut |packet| sink.packet(packet)) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    fault = Some(error.to_string());
                    break;
                }
            }
        }
        sink.flush();
        if let Some(error) = unwritten {
            return Err(error.into());
        }
        while let (Some(names), false) = (&names, waiting.is_empty()) {
            show_first(&mut waiting, names, &mut show);
            names.tell(session.console);
            show.write(session.console)?;
        }
        show.write(session.console)?;
        if let Some(error) = fault {
            session.console.error(&error);
            exit = Exit::Failed;
        }
        let widening = session.widening();
        if reader.stats.packets() == 0 {
            session.console.note(&source.nothing(&reader.stats, &widening));
        } else if let Some(text) = words::other_prefixes(&source.name, &reader.stats, &widening) {
            session.console.note(&text);
        }
        let stats = reader.stats;
        years.extend(source.guessed_year(&stats));
        total.add(&stats);
    }
    if let Some(names) = &names {
        names.tell_missed(session.console);
    }
    session.tell_guessed_years(&years);
    if let Some(damage) = words::damage(&total) {
        session.console.warn(&damage);
    }
    if let Some(note) = left_out::timeless(left_out.timeless) {
        session.console.note(&note);
    }
    if shown == 0 && count > 0 {
        session.console.note(&left_out.all(&session.filters, true));
    }
    Ok(exit)
}

/// Shows the packets that have waited longest, with the names known by now.
fn show_first(waiting: &mut NameQueue, names: &Naming, show: &mut Show) {
    let Some(run) = waiting.pop() else { return };
    for (count, packet) in run.packets() {
        let (src, dst) = (names.of(packet.src), names.of(packet.dst));
        show.packet(count, &packet, src.as_deref(), dst.as_deref());
    }
}
