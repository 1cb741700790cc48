//! Which logs there are, and what is in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use memchr::memmem;

use super::{Finding, State, ago};
use crate::analysis::quantity::agree;
use crate::escape;
use crate::input::NewLine;
use crate::netfilter::stats::PREFIXES_KEPT;
use crate::netfilter::timestamp::Stamp;
use crate::netfilter::{Reader, clean, presets, stamp};
use crate::report::stats::{Widening, counted};
use crate::run::logs::{self, LogSource};
use crate::run::packets;
use crate::run::session::Session;

const LOGS: &str = "Logs";

/// How much of a log's end is read if no log was named.
const END: u64 = 4 << 20;

/// A log of this size that is never rotated will fill the disk one day.
const LARGE: u64 = 1 << 30;

/// How rsyslog's imklog and imjournal report dropped lines. (journald does not rate-limit the kernel.)
const LOST: &[u8] = b"messages lost due to rate-limiting";

/// Lifts their limit.
const LIFT: &str = "sudo sed -i 's/^module(load=\"imklog\"/& RatelimitInterval=\"0\"/; \
                    s/^module(load=\"imjournal\"/& Ratelimit.Interval=\"0\"/' /etc/rsyslog.conf && \
                    sudo systemctl restart rsyslog";

/// What was found in logs.
#[derive(Default)]
struct Looked {
    findings: Vec<Finding>,
    /// Packets with the call's prefixes or others.
    packets: u64,
}

impl Looked {
    fn one(finding: Finding) -> Looked {
        Looked { findings: vec![finding], packets: 0 }
    }

    fn add(&mut self, other: Looked) {
        self.findings.extend(other.findings);
        self.packets += other.packets;
    }
}

/// Checks the named log, or all the usual ones.
pub fn look(session: &Session<'_, '_>, named: Option<&PathBuf>) -> Vec<Finding> {
    if let Some(path) = named {
        return log(session, path, None).findings;
    }
    let mut looked = Looked::default();
    for files in logs::usual() {
        let Some(newest) = files.first() else { continue };
        looked.add(log(session, newest, Some(END)));
        looked.findings.extend(rotation(newest, files.len() - 1));
    }
    let journal = log(session, Path::new("journal"), Some(END));
    // A machine with a syslog daemon need not have a journal.
    if looked.findings.is_empty() || journal.packets > 0 {
        looked.add(journal);
    }
    if looked.packets == 0 {
        let text = "no packets were found in the logs in /var/log and the journal that you can read; if your log is \
                    elsewhere, name it";
        looked.findings.push(Finding::new(LOGS, State::Wrong, text).run("ipta --doctor FILE"));
    }
    looked.findings
}

fn rotation(newest: &Path, older: usize) -> Option<Finding> {
    let size = newest.metadata().ok()?.len();
    let path = newest.display();
    match (older, size) {
        (0, LARGE..) => Some(Finding::new(
            LOGS,
            State::Note,
            format!(
                "{path} is {} MiB and has never been rotated; set up logrotate \
                 (examples/logrotate-iptables)",
                size >> 20
            ),
        )),
        (0, _) => None,
        (older, _) => Some(Finding::new(
            LOGS,
            State::Ok,
            format!("{path} is rotated: {}", counted(older as u64, "older file")),
        )),
    }
}

/// Checks one log, or only its end.
fn log(session: &Session<'_, '_>, path: &Path, end: Option<u64>) -> Looked {
    match logs::check(&[path.to_owned()], &session.clock) {
        Ok(sources) => {
            sources.into_iter().next().map(|source| read(session, source, end)).unwrap_or_default()
        }
        Err(error) => {
            let text = error.to_string();
            let command = command_in(&text);
            Looked::one(Finding { run: command, ..Finding::new(LOGS, State::Wrong, text) })
        }
    }
}

/// The command that an error suggests, as a line of its own.
fn command_in(error: &str) -> Option<String> {
    if let Some((_, rest)) = error.split_once("sudo usermod") {
        return Some(format!("sudo usermod{}", rest.split(" and log in").next()?));
    }
    if let Some((_, name)) = error.split_once("did you mean ") {
        return Some(format!("ipta --doctor {}", escape::shell(name.trim_end_matches('?'))));
    }
    error.split_once("shows anything: ").map(|(_, command)| command.to_owned())
}

fn read(session: &Session<'_, '_>, mut source: LogSource, end: Option<u64>) -> Looked {
    let mut findings = Vec::new();
    let mut add = |state, text: String| findings.push(Finding::new(LOGS, state, text));
    let mut reader = Reader::new(&session.rules, source.calendar(&session.clock));
    let mut prefixes: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
    let mut lost = 0;
    let mut style = None;
    let mut part = "";
    let name = source.name.clone();
    let mut all = || -> anyhow::Result<()> {
        let (mut lines, cut) = source.open_end(end.unwrap_or(u64::MAX))?;
        part = if cut { "its last " } else { "" };
        while let Some(line) = lines.next()? {
            style = style.or_else(|| stamp(line.bytes));
            lost += u64::from(memmem::find(line.bytes, LOST).is_some());
            packets::new_line(
                NewLine { bytes: line.bytes, too_long: line.too_long },
                &mut reader,
                |packet| {
                    if let Some(count) = prefixes.get_mut(packet.prefix) {
                        *count += 1;
                    } else if prefixes.len() < PREFIXES_KEPT {
                        prefixes.insert(packet.prefix.to_vec(), 1);
                    }
                },
            );
        }
        Ok(())
    };
    let outcome = all();
    if let Err(error) = outcome {
        add(State::Wrong, error.to_string());
    }
    let stats = &reader.stats;
    let lines = counted(stats.lines(), "line");
    let no_text = source.no_text().filter(|_| stats.packets() == 0 && stats.unknown_prefixes.is_empty());
    match (stats.packets(), stats.last) {
        (0, _) if stats.lines() == 0 => add(State::Note, format!("{name} is empty")),
        (0, _) if stats.unknown_prefixes.is_empty() && no_text.is_some() => {}
        (0, _) if stats.unknown_prefixes.is_empty() => {
            add(
                State::Note,
                format!(
                    "{name} has no netfilter log lines in {part}{lines}; check that the firewall logs packets and \
                     that syslog writes kernel messages to this file"
                ),
            );
        }
        (0, _) => {}
        (packets, last) => {
            let last =
                last.map_or("without a time".to_owned(), |last| format!("the latest {}", ago(session, last)));
            let packets = counted(packets, "packet");
            let style = style_of(style);
            add(State::Ok, format!("{name} has {packets} in {part}{lines}, {last}; {style}"));
        }
    }
    if stats.packets() > 0 {
        let (shown, more) = listed(&prefixes);
        add(
            State::Ok,
            format!("{name} has the {} {shown}{more}", agree(prefixes.len() as u64, "prefix", "prefixes")),
        );
    }
    if stats.damaged > 0 {
        let why: Vec<String> =
            stats.reasons.iter().map(|(reason, damage)| format!("{} {reason}", damage.count)).collect();
        let cut = counted(stats.damaged, "firewall line");
        add(State::Wrong, format!("{name} has {cut} that cannot be read ({})", why.join(", ")));
    }
    if let Some((what, command)) = no_text {
        let finding = Finding::new(LOGS, State::Wrong, format!("{name} has no packets: {what}"));
        findings.push(match command {
            Some(command) => finding.run(command),
            None => finding,
        });
    }
    findings.extend(other_prefixes(session, &name, &stats.unknown_prefixes));
    if lost > 0 {
        let messages = counted(lost, "message");
        let text = format!(
            "{name} has {messages} from rsyslog about dropped lines (rate limiting): packets are missing"
        );
        findings.push(Finding::new(LOGS, State::Note, text).run(LIFT));
    }
    Looked { findings, packets: stats.packets() + stats.unknown_prefixes.values().sum::<u64>() }
}

/// Prefixes that the call's rules leave out, and the options that include them.
fn other_prefixes(
    session: &Session<'_, '_>,
    name: &str,
    unknown: &BTreeMap<Vec<u8>, u64>,
) -> Option<Finding> {
    if unknown.is_empty() {
        return None;
    }
    let mut presets: Vec<&str> = unknown.keys().map(|prefix| presets::recognize(prefix)).collect();
    presets.sort_unstable();
    presets.dedup();
    let (shown, more) = listed(unknown);
    let lines = counted(unknown.values().sum(), "firewall line");
    let text = format!("{name} has {lines} with prefixes that ipta leaves out: {shown}{more}");
    let options = |preset: &&str| format!("--prefix {preset}");
    let options: Vec<String> = presets.iter().map(options).collect();
    Some(match session.widening() {
        Widening::Option(chosen) => {
            let command = format!("{} {chosen}{} --save-db", session.invocation(), options.join(" "));
            Finding::new(LOGS, State::Wrong, text).run(command)
        }
        // Options would replace the rules of the configuration file.
        _ => Finding::new(
            LOGS,
            State::Wrong,
            format!("{text}; add [[prefix]] with a pattern for them to the configuration file"),
        ),
    })
}

/// The most frequent prefixes.
fn listed(prefixes: &BTreeMap<Vec<u8>, u64>) -> (String, &'static str) {
    const SHOWN: usize = 4;
    let mut all: Vec<(&Vec<u8>, &u64)> = prefixes.iter().collect();
    all.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let shown: Vec<String> =
        all.iter().take(SHOWN).map(|(prefix, _)| format!("'{}'", clean(prefix))).collect();
    (shown.join(", "), if all.len() > SHOWN { " and others" } else { "" })
}

fn style_of(stamp: Option<Stamp>) -> &'static str {
    match stamp {
        Some(Stamp::Yearless(_)) => "its timestamps have no year",
        Some(Stamp::Local(_)) => "its timestamps have no zone",
        Some(Stamp::Moment(_) | Stamp::Zoned(..)) => "its timestamps have year and zone",
        None => "its lines have no timestamp",
    }
}
