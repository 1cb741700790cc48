//! The command line: argv in, modes and one layer of settings out.
//!
//! Owns clap (whose types stop here), the historic spellings, the help, and the rules about what
//! may be combined in one call. Reads no file and no environment; prints nothing.

mod args;
mod argv;
mod help;
mod refusal;
mod rules;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap::builder::PossibleValuesParser;

use crate::config::{Call, Choice, Color, Format, Layer, Mode, Period, Tls};
use args::{Args, ModeArgs, NameArgs};
pub use argv::HISTORIC;

/// Why a call ends before it does anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Requested text (help, version, license, usage): to standard output, status 0.
    Text(String),
    /// A usage error, marked `! `, with the remedy on further lines: to standard error, status 2.
    Usage(String),
}

/// The definition of the command line, for the man page and shell completions.
pub fn command() -> clap::Command {
    let words = |command: clap::Command, option: &'static str, words: Vec<&'static str>| {
        command.mut_arg(option, |arg| arg.value_parser(PossibleValuesParser::new(words)))
    };
    let command = Args::command().about(help::ABOUT).long_about(help::DESCRIPTION);
    let command = words(command, "format", listed::<Format>());
    let command = words(command, "color", listed::<Color>());
    let command = words(command, "period", listed::<Period>());
    words(command, "db_tls", listed::<Tls>())
}

fn listed<T: Choice>() -> Vec<&'static str> {
    T::WORDS.iter().map(|(word, _)| *word).collect()
}

/// Parses the arguments, without the program name.
pub fn parse(args: impl Iterator<Item = OsString>) -> Result<Call, Stop> {
    let mut command = Args::command();
    command.build();
    let typed: Vec<OsString> = args.collect();
    let args = argv::rewrite(&typed, &command).map_err(|found| refusal::misread(&found, &typed, &command))?;
    let args = argv::gather(args, &command);
    let (args, stray) = match args::read(args.clone()) {
        Ok(read) => (read, None),
        Err(error) => {
            let refused = refusal::of_clap(&error, &args, &command);
            match bare_logs(&args, &command) {
                None => return Err(refused),
                Some(Ok(read)) => (read, Some(refused)),
                Some(Err(refused)) => return Err(refused),
            }
        }
    };
    if let Some(text) = help::asked_for(&args.other, &command) {
        return Err(Stop::Text(text));
    }
    let Args { modes, database, counts, display, names, other } = args;
    let mut given = args::layer(&modes, database, counts, display, &names, &other);
    let modes = modes_of(modes, &names, &mut given)?;
    let bare = stray.is_some();
    if let Some(refused) = stray.filter(|_| modes.len() > 1) {
        return Err(refused);
    }
    rules::check(&modes, &given)?;
    Ok(Call { modes, given, config_file: other.config, bare })
}

/// `ipta FILE...` without a mode means `--analyze FILE...`, and is refused in the same way. If a password is
/// given, a bare word may be the rest of it, and is not taken for a log.
fn bare_logs(args: &[OsString], command: &clap::Command) -> Option<Result<Args, Stop>> {
    let secret = |arg: &OsString| {
        let bytes = arg.as_encoded_bytes();
        bytes.starts_with(b"-p") || bytes.windows(4).any(|four| four == b"pass")
    };
    let takes_logs = |arg: &OsString| argv::TAKE_LOGS.iter().any(|mode| arg == mode);
    if args.iter().any(secret) || args.iter().any(takes_logs) {
        return None;
    }
    let mut with_mode = vec![OsString::from("--analyze")];
    with_mode.extend_from_slice(args);
    let args = argv::gather(with_mode, command);
    Some(args::read(args.clone()).map_err(|error| refusal::of_clap(&error, &args, command)))
}

/// The modes in execution order. A table named with a mode becomes a setting of the call.
fn modes_of(args: ModeArgs, names: &NameArgs, given: &mut Layer) -> Result<Vec<Mode>, Stop> {
    if let Some(name) = &args.create_table {
        rules::same_table("--create-table", name, "--db-table (-t)", &mut given.db_table)?;
    }
    if let Some(name) = &names.dns_create_table {
        rules::same_table("--dns-create-table", name, "--dns-table", &mut given.dns_table)?;
    }
    let modes = [
        names.dns_prune.then_some(Mode::DnsPrune),
        names.dns_clear.then_some(Mode::DnsClear),
        names.dns_create_table.as_ref().map(|_| Mode::DnsCreateTable),
        args.create_db.then_some(Mode::CreateDb),
        args.upgrade_table.map(Mode::UpgradeTable),
        args.list_tables.then_some(Mode::ListTables),
        (!args.delete_table.is_empty()).then_some(Mode::DeleteTables(args.delete_table)),
        args.delete_all_tables.then_some(Mode::DeleteAllTables),
        args.create_table.map(|_| Mode::CreateTable),
        args.clear.then_some(Mode::Clear),
        args.import.map(|files| Mode::Import(once(files))),
        args.prune.map(Mode::Prune),
        names.dns_dump.then_some(Mode::DnsDump),
        args.analyze.map(|files| Mode::Analyze(once(files))),
        args.who.map(who),
        (args.analyze_interactive || args.sql.is_some()).then_some(Mode::AnalyzeInteractive),
        args.save_db.then_some(Mode::SaveDb),
        args.follow.map(Mode::Follow),
        args.scan.map(|files| Mode::Scan(once(files))),
        args.doctor.map(Mode::Doctor),
    ];
    Ok(modes.into_iter().flatten().collect())
}

/// The source and the logs after it.
fn who(words: Vec<PathBuf>) -> Mode {
    let mut words = words.into_iter();
    let source = words.next().unwrap_or_default().to_string_lossy().into_owned();
    Mode::Who(source, once(words.collect()))
}

/// Each file once, at its first position. `./a` and `a` are the same file; `-` and `./-` are not.
fn once(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let plain = |path: &Path| match path.strip_prefix(".") {
        // `./-` is not standard input, and `./journal` not the journal.
        Ok(rest) if rest != Path::new("-") && !rest.to_string_lossy().starts_with("journal") => {
            rest.to_path_buf()
        }
        _ => path.to_path_buf(),
    };
    let mut kept: Vec<PathBuf> = Vec::new();
    for file in files {
        if kept.iter().all(|other| plain(other) != plain(&file)) {
            kept.push(file);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
