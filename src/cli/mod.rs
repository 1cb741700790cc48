//! The command line: argv in, modes and one layer of settings out.
//!
//! Owns clap (whose types stop here), the historic spellings, the help, and the rules about what
//! may stand together in one call. Reads no file and no environment; prints nothing.

mod args;
mod argv;
mod help;
mod refusal;
mod rules;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use crate::config::{Call, FilterText, Layer, Mode, Password, PrefixChoice};
use args::{Args, CountArgs, DatabaseArgs, DisplayArgs, ModeArgs, NameArgs, OtherArgs};

/// Why a call ends before it does anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Text that was asked for (help, version, license, usage): to standard output, status 0.
    Text(String),
    /// Wrong usage, marked `! `, with the way out on further lines: to standard error, status 2.
    Usage(String),
}

/// Reads the arguments, without the program's name.
pub fn parse(args: impl Iterator<Item = OsString>) -> Result<Call, Stop> {
    let mut command = Args::command();
    command.build();
    let typed: Vec<OsString> = args.collect();
    let args = argv::rewrite(&typed, &command).map_err(|found| refusal::misread(&found, &typed, &command))?;
    let args = argv::gather(args, &command);
    let args = match args::read(args.clone()) {
        Ok(read) => read,
        Err(error) => return Err(refusal::of_clap(&error, &args, &command)),
    };
    if let Some(text) = help::asked_for(&args.other, &command) {
        return Err(Stop::Text(text));
    }
    let Args { modes, database, counts, display, names, other } = args;
    let mut given = layer(database, counts, display, &names, &other);
    let modes = modes_of(modes, &names, &mut given)?;
    rules::check(&modes, &given)?;
    Ok(Call { modes, given, config_file: other.config })
}

/// The modes in the order to run them. A table named with a mode becomes a setting of the call.
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
        names.dns_dump.then_some(Mode::DnsDump),
        args.analyze.map(|files| Mode::Analyze(once(files))),
        args.analyze_interactive.then_some(Mode::AnalyzeInteractive),
        args.save_db.then_some(Mode::SaveDb),
        args.follow.map(Mode::Follow),
        args.scan.map(|files| Mode::Scan(once(files))),
        args.doctor.map(Mode::Doctor),
    ];
    Ok(modes.into_iter().flatten().collect())
}

/// Each file once, where it stood first. `./a` and `a` are the same file; `-` and `./-` are not.
fn once(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let plain = |path: &Path| match path.strip_prefix(".") {
        Ok(rest) if rest != Path::new("-") => rest.to_path_buf(),
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

/// A flag that was given, as a setting.
fn on(flag: bool) -> Option<bool> {
    flag.then_some(true)
}

/// A pair of opposite flags, of which clap leaves the last one.
fn either(yes: bool, no: bool) -> Option<bool> {
    on(yes).or(no.then_some(false))
}

/// A list that adds up; none if no value was given.
fn list(values: Vec<String>) -> Option<Vec<String>> {
    (!values.is_empty()).then_some(values)
}

fn layer(
    database: DatabaseArgs,
    counts: CountArgs,
    display: DisplayArgs,
    names: &NameArgs,
    other: &OtherArgs,
) -> Layer {
    Layer {
        config_file: None,
        db_host: database.db_host,
        db_port: database.db_port,
        db_user: database.db_user,
        db_pass: database.db_pass.map(Password),
        ask_password: on(database.db_pass_i),
        db_name: database.db_name,
        db_table: database.db_table,
        db_file: database.db_file,
        db_tls: database.db_tls,
        db_ca: database.db_ca,
        admin_user: database.admin_user,
        admin_pass_i: on(database.admin_pass_i),
        again: on(database.again),
        show_lo: either(counts.local, counts.no_local),
        show_accept: either(counts.accept, counts.no_accept),
        prefixes: list(counts.prefix).map(|all| all.into_iter().map(PrefixChoice::Named).collect()),
        accept_actions: list(counts.accept_action),
        year: counts.year,
        filters: FilterText {
            since: counts.since,
            until: counts.until,
            src: counts.src,
            dst: counts.dst,
            sport: counts.sport,
            dport: counts.dport,
            proto: counts.proto,
            action: counts.action,
            iface: counts.iface,
            log_host: counts.log_host,
        },
        limit: display.limit,
        modules: list(display.modules),
        format: display.format,
        output: display.output,
        header: either(display.header, display.no_header),
        counter: either(display.counter, display.no_counter),
        time: either(display.time, display.no_time),
        last: display.last,
        attacks: on(display.attacks),
        no_loop: on(display.no_loop),
        color: display.color,
        dns_table: names.dns_table.clone(),
        dns_ttl: names.ttl,
        rdns: either(names.rdns, names.no_rdns),
        yes: on(other.yes),
        quiet: on(other.quiet),
        allow: None,
        thresholds: None,
    }
}

#[cfg(test)]
mod tests;
