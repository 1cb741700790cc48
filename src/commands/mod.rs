//! What ipta does, one file per command; a command never calls another.
//!
//! A call runs in three steps: every command checks what it needs, questions are asked, and then each
//! command runs, in the manual's order. The first failure ends the call.

mod analyze;
mod analyze_interactive;
mod clear;
mod create_db;
mod create_table;
mod delete_all_tables;
mod delete_table;
mod dns;
mod doctor;
mod follow;
mod import;
mod list_tables;
mod prune;
mod save_db;
mod scan;
mod upgrade_table;

use crate::config::{Call, Mode, Settings};
use crate::exit::{self, Exit, is_closed_pipe};
use crate::report::console::Console;
use crate::run::Misused;
use crate::run::plan::Plan;
use crate::run::session::Session;

/// What a command does once everything is checked.
type Action<'c> = Box<dyn FnOnce(&mut Session<'_, '_>) -> anyhow::Result<Exit> + 'c>;

/// What makes a question, once everything is checked.
type Question<'c> = Box<dyn FnOnce(&mut Session<'_, '_>) -> anyhow::Result<String> + 'c>;

/// A command that has checked what it needs.
struct CheckedCommand<'c> {
    /// What to ask before anything is done; a no ends the call.
    question: Option<Question<'c>>,
    run: Action<'c>,
}

/// Runs a call. `settings` are the call's own merged over the configuration file's.
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
    if call.given.db_pass.is_some() && session.console.err_is_terminal {
        session
            .console
            .hint("Other users can see the password in the process list; -pi asks for it instead of -p.");
    }
    let mut plan = Plan::default();
    let mut steps = Vec::new();
    for mode in &call.modes {
        steps.push(prepare(mode, call, session, &mut plan)?);
    }
    plan.check(session)?;
    for question in steps.iter_mut().filter_map(|step| step.question.take()) {
        if !session.agrees(question)? {
            session.console.note("Nothing was deleted, and nothing else was done.");
            return Ok(Exit::Done);
        }
    }
    let mut exit = Exit::Done;
    for step in steps {
        match (step.run)(session)? {
            Exit::Done => {}
            // A damaged log among others has been reported; the rest of the call goes on.
            Exit::Failed => exit = Exit::Failed,
            ended @ (Exit::Usage | Exit::Signal(_)) => return Ok(ended),
        }
    }
    Ok(exit)
}

/// Has a mode's command check what it needs.
fn prepare<'c>(
    mode: &'c Mode,
    call: &'c Call,
    session: &mut Session<'_, '_>,
    plan: &mut Plan,
) -> anyhow::Result<CheckedCommand<'c>> {
    let mut question: Option<Question<'c>> = None;
    let run: Action<'c> = match mode {
        Mode::DnsPrune => {
            dns::check(session, plan);
            Box::new(dns::prune)
        }
        Mode::DnsClear => {
            dns::check(session, plan);
            Box::new(dns::clear)
        }
        Mode::DnsCreateTable => {
            dns::check_create(session, plan);
            Box::new(dns::create)
        }
        Mode::CreateDb => {
            create_db::check(plan);
            Box::new(create_db::run)
        }
        Mode::UpgradeTable(name) => {
            let table = upgrade_table::check(session, plan, name.as_deref())?;
            Box::new(move |session| upgrade_table::run(session, &table))
        }
        Mode::ListTables => {
            list_tables::check(plan);
            Box::new(list_tables::run)
        }
        Mode::DeleteTables(names) => {
            let (tables, ask) = delete_table::check(session, plan, names)?;
            question = Some(Box::new(|_| Ok(ask)));
            Box::new(move |session| delete_table::run(session, &tables))
        }
        Mode::DeleteAllTables => {
            delete_all_tables::check(plan);
            question = Some(Box::new(delete_all_tables::question));
            Box::new(delete_all_tables::run)
        }
        Mode::CreateTable => {
            create_table::check(session, plan);
            Box::new(create_table::run)
        }
        Mode::Clear => {
            clear::check(session, plan);
            Box::new(clear::run)
        }
        Mode::Import(paths) => {
            let logs = import::check(session, plan, paths)?;
            Box::new(move |session| import::run(session, logs))
        }
        Mode::Prune(age) => {
            let before = prune::check(session, plan, age)?;
            Box::new(move |session| prune::run(session, before))
        }
        Mode::DnsDump => {
            dns::check(session, plan);
            Box::new(dns::dump)
        }
        Mode::Analyze(paths) => {
            let question = analyze::check(session, plan, call, paths)?;
            Box::new(move |session| analyze::run(session, question))
        }
        Mode::Who(source, paths) => {
            let question = analyze::check_dossier(session, plan, call, source, paths)?;
            Box::new(move |session| analyze::run(session, question))
        }
        Mode::AnalyzeInteractive => {
            analyze_interactive::check(session, plan)?;
            Box::new(analyze_interactive::run)
        }
        Mode::Doctor(log) => Box::new(|session| doctor::run(session, log.as_ref())),
        Mode::SaveDb => {
            save_db::check(session, &call.given)?;
            Box::new(|session| save_db::run(session, &call.given))
        }
        Mode::Follow(path) => Box::new(|session| follow::run(session, path)),
        Mode::Scan(paths) => {
            let logs = scan::check(session, plan, paths)?;
            Box::new(move |session| scan::run(session, logs))
        }
    };
    Ok(CheckedCommand { question, run })
}
