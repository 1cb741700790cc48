//! ipta reads what a Linux firewall logs and tells an administrator what is going on.
//!
//! Who may import whom (a test in `tests/` reads the `use` lines):
//!
//! ```text
//! main     -> lib -> cli, commands, run, config, report, escape, exit
//! cli      -> config escape
//! commands -> run cli(the options of a line) config netfilter filter input store query dns analysis report escape exit fault    (never another command)
//! run      -> config netfilter filter input store query dns geoip analysis report escape exit fault
//! store    -> netfilter filter query dns(the cache) config(the connection) fault
//! analysis -> netfilter filter
//! geoip    -> analysis(the origins) fault
//! report   -> analysis filter query netfilter escape
//! filter   -> netfilter
//! config   -> netfilter(types) filter(types) escape fault
//! input    -> escape fault
//! exit     -> fault
//! netfilter, query, dns, escape, fault -> nothing in the crate
//! ```
//!
//! Packets flow one way: `input` yields lines, `netfilter` parses them into packets, and those go to
//! `store` (import), to `analysis` (analyze) or to a line of `report` (follow, scan).

#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]
#![warn(missing_docs)]

mod analysis;
mod cli;
mod commands;
mod config;
mod dns;
mod escape;
mod exit;
pub mod exports;
mod fault;
mod filter;
mod geoip;
mod input;
mod netfilter;
mod query;
mod report;
mod run;
mod store;

use std::ffi::OsString;
use std::fs::File;

use cli::Stop;
use config::{Call, Mode};
pub use exit::Exit;
pub use report::console::Console;

/// Runs one call: `args` without the program's name, output to the console.
pub fn run(args: impl Iterator<Item = OsString>, console: &mut Console<'_>) -> Exit {
    let mut args = args.peekable();
    let bare = args.peek().is_none();
    let call = match cli::parse(args) {
        Ok(call) => call,
        Err(Stop::Text(text)) => {
            let written = console.out.write_all(text.as_bytes());
            let written = written.and_then(|()| console.out.flush());
            return match written.err().and_then(|error| exit::unwritten(&error)) {
                Some(unwritten) => {
                    console.error(&unwritten);
                    Exit::Failed
                }
                None => Exit::Done,
            };
        }
        Err(Stop::Usage(text)) => {
            let _ = console.err.write_all(text.as_bytes());
            if bare {
                let _ = console.err.write_all(logs_here().as_bytes());
            }
            return Exit::Usage;
        }
    };
    match settings(&call, console) {
        Ok(settings) => commands::run(&call, &settings, console),
        Err(error) => {
            console.error(&error);
            Exit::Usage
        }
    }
}

/// The logs on this machine that a call without arguments may have meant, each as a command to type.
fn logs_here() -> String {
    let logs = run::logs::usual();
    let readable = logs.iter().filter_map(|files| files.first()).filter(|log| File::open(log).is_ok());
    let calls: Vec<String> =
        readable.map(|log| format!("    ipta {}\n", escape::shell(&log.to_string_lossy()))).collect();
    match calls.is_empty() {
        true => String::new(),
        false => format!("  logs on this machine:\n{}", calls.concat()),
    }
}

/// The call's settings over the configuration file's over the defaults.
fn settings(call: &Call, console: &mut Console<'_>) -> Result<config::Settings, String> {
    // A file about to be saved may not exist yet.
    let must_exist = call.config_file.is_some() && !call.modes.contains(&Mode::SaveDb);
    let Some(path) = call.config_file.clone().or_else(config::default_path) else {
        return Ok(config::merge(&call.given, &config::Layer::default()));
    };
    let loaded = config::load(&path, must_exist).map_err(|error| error.to_string())?;
    if loaded.is_none()
        && call.config_file.is_none()
        && call.given.quiet != Some(true)
        && let Some(command) = config::left_by_the_c_program()
    {
        console.note(&format!(
            "~/.ipta, the settings of the original C program, is not read; to carry them over: {command}"
        ));
    }
    let (mut file, notes) = loaded.unwrap_or_default();
    file.config_file.clone_from(&call.config_file);
    for note in notes {
        console.warn(&note.0);
    }
    let file =
        run::settings::of_file(file, &call.given).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(config::merge(&call.given, &file))
}
