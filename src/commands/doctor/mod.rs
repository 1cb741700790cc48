//! `--doctor`: what is set up and what is not, each with the command to type. It changes nothing.

mod logs;
mod rules;
mod store;

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::config::{self, Format};
use crate::escape;
use crate::exit::Exit;
use crate::netfilter::Time;
use crate::run::session::Session;
use crate::run::settings;

/// The state of what was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// Worth knowing, but no fault.
    Note,
    /// Packets are missed, or a call fails.
    Wrong,
}

/// One thing that was checked.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The section it belongs to.
    section: &'static str,
    state: State,
    /// What was found, on one line.
    text: String,
    /// The command to type.
    run: Option<String>,
}

impl Finding {
    fn new(section: &'static str, state: State, text: impl Into<String>) -> Finding {
        Finding { section, state, text: text.into(), run: None }
    }

    /// The same with a command to type.
    fn run(self, command: impl Into<String>) -> Finding {
        Finding { run: Some(command.into()), ..self }
    }
}

/// The document of `--format json`.
#[derive(Serialize)]
struct Findings<'f> {
    ipta: &'static str,
    version: u32,
    wrong: usize,
    findings: &'f [Finding],
}

/// The version of that document's schema.
const VERSION: u32 = 1;

/// Checks settings, logs (or the named one), rules and store. Exit status 1 if something is wrong.
pub fn run(session: &mut Session<'_, '_>, log: Option<&PathBuf>) -> anyhow::Result<Exit> {
    let mut findings = settings(session);
    findings.extend(logs::look(session, log));
    if log.is_none() {
        findings.extend(rules::look(session));
        findings.extend(store::look(session)?);
    }
    let wrong = findings.iter().filter(|finding| finding.state == State::Wrong).count();
    match session.settings.format {
        Format::Json => {
            let document =
                Findings { ipta: env!("CARGO_PKG_VERSION"), version: VERSION, wrong, findings: &findings };
            let text = serde_json::to_string_pretty(&document)?;
            writeln!(session.console.out, "{}", escape::json(&text))?;
        }
        Format::Text
        | Format::Csv
        | Format::Markdown
        | Format::Html
        | Format::Nft
        | Format::Ipset
        | Format::Cidr => {
            text(session.console.out, &findings)?;
        }
    }
    session.console.out.flush()?;
    Ok(if wrong > 0 { Exit::Failed } else { Exit::Done })
}

fn text(out: &mut dyn Write, findings: &[Finding]) -> std::io::Result<()> {
    let mut section = "";
    for finding in findings {
        if finding.section != section {
            let blank = if section.is_empty() { "" } else { "\n" };
            writeln!(out, "{blank}{}", finding.section)?;
            section = finding.section;
        }
        let state = match finding.state {
            State::Ok => "ok   ",
            State::Note => "note ",
            State::Wrong => "WRONG",
        };
        writeln!(out, "  {state}  {}", escape::terminal(&finding.text))?;
        if let Some(command) = &finding.run {
            writeln!(out, "         {}", escape::terminal(command))?;
        }
    }
    Ok(())
}

const SETTINGS: &str = "Settings";

/// The settings file. Warnings from reading it are findings, too.
fn settings(session: &mut Session<'_, '_>) -> Vec<Finding> {
    let path = session.settings.config_file.clone().or_else(config::default_path);
    let there = path.filter(|path| path.is_file());
    let mut findings = vec![match &there {
        Some(path) => Finding::new(SETTINGS, State::Ok, format!("{} is read", path.display())),
        None => {
            Finding::new(SETTINGS, State::Note, "there is no ~/.ipta-conf; all settings have their defaults")
        }
    }];
    for note in std::mem::take(&mut session.console.notes) {
        // A note on the file ends with the command to type.
        findings.push(match note.rsplit_once(": ") {
            Some((text, command)) => Finding::new(SETTINGS, State::Wrong, text).run(command),
            None => Finding::new(SETTINGS, State::Wrong, note),
        });
    }
    if let Err(error) = settings::origins(session.settings) {
        findings.push(Finding::new(SETTINGS, State::Wrong, error.to_string()));
    }
    findings
}

/// How long ago a moment was: `3 minutes ago`.
fn ago(session: &Session<'_, '_>, time: Time) -> String {
    let seconds = (session.clock.now.0 - time.0) / Time::SECOND;
    let (count, unit) = match seconds {
        ..0 => return "in the future".to_owned(),
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{} ago", crate::report::stats::counted(count.unsigned_abs(), unit))
}
