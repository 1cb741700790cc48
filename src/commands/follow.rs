//! `--follow`: new packets as they are logged, until a signal or until the reader is gone.

use std::io;
use std::net::IpAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::analysis;
use crate::analysis::attacks::{Alert, Detector};
use crate::dns::{Cause, Facts, SelfTraffic};
use crate::exit::{Exit, reader_is_gone};
use crate::filter::Filters;
use crate::input::{Alarm, Journal, NewLine, Pipe, Polled, RunningJournal, Select, Tail, Waker};
use crate::netfilter::{Packet, Reader};
use crate::report::{self, stats as words};
use crate::run::Misused;
use crate::run::alert_command::{AlertCommand, LAST_CALLS};
use crate::run::clock::Clock;
use crate::run::name_queue::{NameQueue, Run};
use crate::run::naming::{self, Naming};
use crate::run::packets;
use crate::run::session::Session;
use crate::run::settings;
use crate::run::show::Show;
use crate::run::signals;

/// The longest sleep: changes without an event are noticed then.
const TICK: Duration = Duration::from_secs(1);

/// Packets that may wait for names; beyond that, reading pauses. One line can stand for very many packets
/// (`message repeated N times`), so the oldest are then shown as they are.
const MOST_WAITING: usize = 20_000;

/// Bytes of output written at a time under a flood.
const BLOCK: usize = 64 * 1024;

/// Follows a log, standard input (`-`) or a journal.
pub fn run(session: &mut Session<'_, '_>, path: &Path) -> anyhow::Result<Exit> {
    let is_stdin = path == Path::new("-");
    let journal = Journal::named(path);
    let is_pipe = is_stdin || journal.is_some() || path.metadata().is_ok_and(|m| m.file_type().is_fifo());
    let mut alarm = if is_pipe { Alarm::without_file() } else { Alarm::for_file(path) };
    let waker = alarm.waker();
    let caught = signals::catch(LAST_MOMENT, move || waker.wake())?;
    let mut log = match (journal, is_stdin, is_pipe) {
        (Some(journal), ..) => {
            // An unreadable journal fails here.
            journal.boots()?;
            let text = journal.text(&Select::Live(session.settings.last))?;
            let running = text.running();
            let pipe = Pipe::journal(text, alarm.waker()).context("cannot read the journal")?;
            Followed::Journal(pipe, running)
        }
        (None, _, true) if session.settings.last > 0 => {
            let text =
                "--last has no effect with standard input or a pipe, which are shown from their beginning";
            return Err(
                Misused(format!("{text}\n  ipta --follow FILE --last {}", session.settings.last)).into()
            );
        }
        (None, true, _) => Followed::Pipe(Pipe::stdin(alarm.waker()).context("cannot read standard input")?),
        (None, false, true) => {
            let pipe = Pipe::open(path, alarm.waker());
            Followed::Pipe(pipe.with_context(|| format!("cannot read {}", path.display()))?)
        }
        (None, false, false) => Followed::File(Tail::open(path, session.settings.last)?),
    };
    let mut live = LiveView::new(session, alarm.waker())?;
    let rules = session.rules.clone();
    let mut reader = Reader::new(&rules, session.clock.calendar(None));
    loop {
        let now = Clock::system(session.settings.year);
        reader.calendar().refer_to(now.reference(None));
        let mut polled = Polled::default();
        if live.waiting.len() < MOST_WAITING {
            polled = log.poll(&mut |line| {
                packets::new_line(line, &mut reader, |packet| live.packet(session, packet));
            });
        }
        live.written()?;
        for event in &polled.events {
            session.console.note(&format!("{} {event}", path.display()));
        }
        live.show_ready(session, polled.ended)?;
        live.say_if_nothing_fits(session, &reader);
        live.say_damage(session, &reader, polled.ended);
        if polled.ended {
            if live.count == 0 && !live.prefixes_told {
                let name = if is_stdin { "standard input".into() } else { path.to_string_lossy() };
                let said = words::nothing(&name, &reader.stats, &session.widening());
                session.console.note(&said);
            }
            live.end_alerts(session, LAST_CALLS);
            return Ok(Exit::Done);
        }
        if let Some(signal) = caught.signal() {
            live.end_alerts(session, Duration::ZERO);
            return Ok(Exit::Signal(signal));
        }
        if !session.console.out_is_terminal && reader_is_gone(io::stdout()) {
            return Ok(Exit::Done);
        }
        if !polled.more {
            alarm.wait(live.until_next_deadline());
        }
    }
}

/// What is followed.
enum Followed {
    File(Tail),
    Pipe(Pipe),
    Journal(Pipe, RunningJournal),
}

impl Followed {
    fn poll(&mut self, each: &mut dyn FnMut(NewLine<'_>)) -> Polled {
        match self {
            Followed::File(tail) => tail.poll(each),
            Followed::Pipe(pipe) | Followed::Journal(pipe, _) => pipe.poll(each),
        }
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        match self {
            Followed::Journal(_, running) => running.end(),
            Followed::File(_) | Followed::Pipe(_) => {}
        }
    }
}

/// How long the loop may take to end after a signal: a stalled reader blocks it in the middle of a line.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// The detector and the packets it sees: accepted or local packets hidden from the display may still
/// belong to an attack.
struct AttackWatch {
    detector: Detector,
    filters: Filters,
}

impl AttackWatch {
    fn new(session: &Session<'_, '_>) -> Result<AttackWatch, Misused> {
        let filters = Filters { no_accept: false, no_local: false, ..session.filters.clone() };
        let thresholds = session.settings.thresholds.clone();
        let allow = settings::allow(session.settings)?;
        let detector = Detector::new(thresholds, allow, filters.verdicts.clone());
        Ok(AttackWatch { detector, filters })
    }

    /// The attack that starts with this packet.
    fn alert(&mut self, packet: &Packet<'_>) -> Option<Alert> {
        // A live packet has a time: now, if its line has none.
        let live = Packet { time: packet.time.or_else(|| Some(Clock::system(None).now)), ..*packet };
        self.filters.pass(&live).then(|| self.detector.packet(&live))?
    }
}

/// Packets on their way from the log to the screen.
struct LiveView {
    show: Show,
    names: Option<Naming>,
    self_traffic: SelfTraffic,
    /// Causes of packets of our own making, already reported.
    told: Vec<Cause>,
    /// Packets waiting for their names, in order.
    waiting: NameQueue,
    /// Every packet seen, shown or not.
    count: u64,
    /// Looks for attacks (`--attacks`).
    watch: Option<AttackWatch>,
    /// The command run for them (`--alert-command`).
    command: Option<AlertCommand>,
    /// Whether prefixes that no rule matches were reported.
    prefixes_told: bool,
    /// How many damaged lines there were when they were last reported.
    damage_told: u64,
    /// The error from writing lines while reading.
    unwritten: Option<io::Error>,
}

impl LiveView {
    fn new(session: &Session<'_, '_>, waker: Waker) -> anyhow::Result<LiveView> {
        let settings = session.settings;
        let watch = settings.attacks.then(|| AttackWatch::new(session)).transpose()?;
        let command = settings.alert_command.clone().filter(|_| settings.attacks);
        let command = command.map(|command| {
            let waker = waker.clone();
            AlertCommand::new(command, move || waker.wake())
        });
        let names = settings.rdns.then(|| Naming::new(naming::live(settings)));
        if let Some(names) = &names {
            names.on_answer(move || waker.wake());
        }
        let resolv_conf =
            settings.rdns.then(|| std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default());
        let ssh = std::env::var("SSH_CONNECTION").ok();
        Ok(LiveView {
            show: Show::new(session)?,
            names,
            self_traffic: SelfTraffic::new(resolv_conf.as_deref(), ssh.as_deref()),
            told: Vec::new(),
            waiting: NameQueue::new(1),
            count: 0,
            watch,
            command,
            prefixes_told: false,
            damage_told: 0,
            unwritten: None,
        })
    }

    fn packet(&mut self, session: &mut Session<'_, '_>, packet: &Packet<'_>) {
        self.count += 1;
        if let Some(alert) = self.watch.as_mut().and_then(|watch| watch.alert(packet)) {
            self.show.alert(&alert);
            if let Some(command) = &self.command {
                let table = analysis::finding(alert.episode, &session.clock.zone);
                command.alert(report::json::finding(&table));
            }
        }
        // What is not shown causes nothing: no DNS query and no line over SSH.
        if self.unwritten.is_some() || !session.filters.pass(packet) {
            return;
        }
        if let Some(cause) = self.self_traffic.cause(&facts(packet)) {
            if session.settings.no_loop {
                return;
            }
            self.tell_of(cause, session);
        }
        match &self.names {
            None => self.show.packet(self.count, packet, None, None),
            Some(names) => {
                names.ask(packet);
                let deadline = names.patience(packet);
                self.waiting.push(self.count, packet, deadline);
                if self.waiting.len() > MOST_WAITING {
                    self.show_first();
                }
            }
        }
        if self.show.held() >= BLOCK {
            self.unwritten = self.show.write(session.console).err();
        }
    }

    /// Fails if anything so far could not be written.
    fn written(&mut self) -> io::Result<()> {
        self.unwritten.take().map_or(Ok(()), Err)
    }

    /// Shows the packet that has waited longest, with the names known so far.
    fn show_first(&mut self) {
        let Some(first) = self.waiting.pop() else {
            return;
        };
        for (count, packet) in first.packets() {
            let name = |address: Option<IpAddr>| self.names.as_ref()?.known(address?);
            let (src, dst) = (name(packet.src), name(packet.dst));
            self.show.packet(count, &packet, src.as_deref(), dst.as_deref());
        }
    }

    /// Warns once about a loop and how to stop it.
    fn tell_of(&mut self, cause: Cause, session: &mut Session<'_, '_>) {
        if self.told.contains(&cause) {
            return;
        }
        self.told.push(cause);
        let (what, stop) = match cause {
            Cause::Dns => ("ipta's own name lookups cause", " leave out --rdns, or"),
            Cause::Ssh => ("this SSH session causes", ""),
        };
        session.console.warn(&format!(
            "The log shows packets that {what}: a loop.\n  --no-loop leaves them out; to stop them,{stop} accept them before the rule that logs."
        ));
    }

    /// Writes every line that is ready; at the end, all of them.
    fn show_ready(&mut self, session: &mut Session<'_, '_>, ended: bool) -> anyhow::Result<()> {
        while self.waiting.first().is_some_and(|first| self.is_ready(first, ended)) {
            self.show_first();
            if self.show.held() >= BLOCK {
                self.show.write(session.console)?;
            }
        }
        if let Some(names) = &self.names {
            names.tell(session.console);
        }
        self.tell_failures(session);
        self.show.fit();
        self.show.write(session.console)?;
        Ok(())
    }

    fn tell_failures(&self, session: &mut Session<'_, '_>) {
        for failure in self.command.iter().flat_map(AlertCommand::failures) {
            session.console.warn(&format!("The alert command {failure}"));
        }
    }

    /// Lets the command work off its queue; reports what it did not get to.
    fn end_alerts(&self, session: &mut Session<'_, '_>, patience: Duration) {
        let Some(command) = &self.command else { return };
        let left = command.finish(patience);
        self.tell_failures(session);
        if left > 0 {
            let attacks = words::counted(left, "attack");
            session.console.warn(&format!("--alert-command was not run for {attacks}."));
        }
    }

    /// Whether a packet's names are known or its deadline has passed.
    fn is_ready(&self, first: &Run, ended: bool) -> bool {
        let (Some(names), Some(deadline)) = (&self.names, first.deadline) else {
            return true;
        };
        let Some((_, packet)) = first.packets().next() else {
            return true;
        };
        if names.patience(&packet).is_none() {
            return true;
        }
        if !ended && Instant::now() < deadline {
            return false;
        }
        // Counts late names; at the end of a pipe, waits for them.
        names.until(packet.src, deadline);
        names.until(packet.dst, deadline);
        true
    }

    /// How long until a line is shown without its name.
    fn until_next_deadline(&self) -> Duration {
        let deadline = self.waiting.first().and_then(|first| first.deadline);
        deadline.map_or(TICK, |deadline| deadline.saturating_duration_since(Instant::now()).min(TICK))
    }

    /// Says that lines are damaged: when the first comes, when there are ten times as many, and at the end.
    fn say_damage(&mut self, session: &mut Session<'_, '_>, reader: &Reader<'_>, ended: bool) {
        let damaged = reader.stats.damaged + reader.stats.damaged_beside;
        let is_new = damaged > self.damage_told && (ended || damaged >= 10 * self.damage_told);
        if let Some(text) = is_new.then(|| words::damage(&reader.stats)).flatten() {
            self.damage_told = damaged;
            session.console.warn(&text);
        }
    }

    /// Says once that a log shows nothing because its packets have other prefixes.
    fn say_if_nothing_fits(&mut self, session: &mut Session<'_, '_>, reader: &Reader<'_>) {
        if self.prefixes_told || reader.stats.unknown_prefixes.is_empty() {
            return;
        }
        self.prefixes_told = true;
        let widening = session.widening();
        let text = match self.count {
            0 => Some(words::nothing("The log so far", &reader.stats, &widening)),
            _ => words::other_prefixes("The log so far", &reader.stats, &widening),
        };
        text.iter().for_each(|text| session.console.note(text));
    }
}

fn facts<'a>(packet: &Packet<'a>) -> Facts<'a> {
    Facts {
        src: packet.src,
        dst: packet.dst,
        src_port: packet.src_port,
        dst_port: packet.dst_port,
        proto: packet.proto,
        came_in: !packet.if_in.is_empty(),
        goes_out: !packet.if_out.is_empty(),
    }
}
