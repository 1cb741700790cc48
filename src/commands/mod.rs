//! What ipta does, one file a mode; a command never calls another.
//!
//! Owns the order of things: check all that a call needs, then act, then say what happened. Wires
//! together what must not know of one another (input, netfilter, analysis, store, dns, report).

mod analyze;
mod counting;
mod dns;
mod follow;
mod import;
mod logs;
mod naming;
mod output;
mod plan;
mod reading;
mod scan;
mod session;
mod settings;
mod setup;
mod show;
mod signals;
mod tables;

use crate::cli::{Call, Mode};
use crate::config::Settings;
use crate::exit::{self, Exit, is_closed_pipe};
use crate::report::console::Console;
use session::Session;
pub use settings::of_file;

/// A call that cannot be meant as it was typed; ends with status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misused(pub String);

/// Carries out a call, in the order of its modes; the first failure ends it. `settings` are the
/// call's own over the configuration file's.
pub fn run(call: &Call, settings: &Settings, console: &mut Console<'_>) -> Exit {
    console.quiet = settings.quiet;
    let outcome = Session::new(settings, console).and_then(|mut session| carry_out(call, &mut session));
    match outcome {
        Ok(exit) => exit,
        Err(error) if is_closed_pipe(&error) => Exit::Done,
        Err(error) => {
            let unwritten = error.downcast_ref().and_then(exit::unwritten);
            console.error(&unwritten.unwrap_or_else(|| format!("{error:#}")));
            if error.is::<Misused>() { Exit::Usage } else { Exit::Failed }
        }
    }
}

fn carry_out(call: &Call, session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let mut exit = Exit::Done;
    let steps = plan::check(call, session)?;
    for step in steps {
        let outcome = match step {
            plan::Step::Import(sources) => import::run(session, sources)?,
            plan::Step::AnalyzeFiles(sources) => analyze::files(session, sources)?,
            plan::Step::Scan(sources) => scan::run(session, sources)?,
            plan::Step::Mode(mode) => match mode {
                Mode::Follow(path) => follow::run(session, &path)?,
                Mode::DnsCreateTable => dns::create(session)?,
                Mode::DnsDump => dns::dump(session)?,
                Mode::DnsPrune => dns::prune(session)?,
                Mode::DnsClear => dns::clear(session)?,
                Mode::CreateDb => setup::create_database(session)?,
                Mode::SaveDb => setup::save(session, call)?,
                Mode::UpgradeTable(name) => tables::upgrade(session, name.as_deref())?,
                Mode::ListTables => tables::list(session)?,
                Mode::DeleteTables(names) => tables::delete(session, &names)?,
                Mode::DeleteAllTables => tables::delete_all(session)?,
                Mode::CreateTable => tables::create(session)?,
                Mode::Clear => tables::clear(session)?,
                Mode::Analyze(_) => analyze::table(session)?,
                mode => anyhow::bail!("{} is not built yet in this version", mode.option()),
            },
        };
        match outcome {
            Exit::Done => {}
            // A damaged log among others is reported, and the rest of the call goes on.
            Exit::Failed => exit = Exit::Failed,
            other => return Ok(other),
        }
    }
    Ok(exit)
}
