//! Every option of the command line, as clap sees it. The help text is made from this list.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Parser, builder::NonEmptyStringValueParser};

use crate::config::{Choice, Color, FilterText, Format, Layer, Password, Period, PrefixChoice, Tls, nearest};

/// The headings of the help, in its order.
pub(super) const HEADINGS: [&str; 6] =
    ["Modes", "Database", "Selecting packets", "Display", "Names", "Miscellaneous"];

/// The command line after the historic spellings are rewritten. No defaults here: what nobody
/// said must stay unsaid, so that the configuration file can say it.
#[derive(Debug, Parser)]
#[command(
    name = "ipta",
    disable_help_flag = true,
    disable_version_flag = true,
    args_override_self = true,
    color = clap::ColorChoice::Never
)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) modes: ModeArgs,
    #[command(flatten)]
    pub(super) database: DatabaseArgs,
    #[command(flatten)]
    pub(super) counts: CountArgs,
    #[command(flatten)]
    pub(super) display: DisplayArgs,
    #[command(flatten)]
    pub(super) names: NameArgs,
    #[command(flatten)]
    pub(super) other: OtherArgs,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Modes")]
pub(super) struct ModeArgs {
    /// Import logs into the table; '-' means standard input, 'journal' the systemd journal. Lines imported
    /// before are not counted twice, except from standard input
    #[arg(long, short = 'i', value_name = "FILE", num_args = 1..)]
    pub(super) import: Option<Vec<PathBuf>>,
    /// Delete packets older than this age (90d, 12w, '6 months', 1y); their logs still count as imported
    #[arg(long, value_name = "AGE", value_parser = filled())]
    pub(super) prune: Option<String>,
    /// Analyze the table; with FILEs, analyze those logs directly, without a database
    #[arg(long, short = 'a', value_name = "FILE", num_args = 0..)]
    pub(super) analyze: Option<Vec<PathBuf>>,
    /// Show everything about one source (an address or a network), from the table or from FILEs. Cannot be
    /// combined with other modes
    #[arg(long, value_names = ["ADDR", "FILE"], num_args = 1.., action = clap::ArgAction::Set)]
    pub(super) who: Option<Vec<PathBuf>>,
    /// Show new packets in a log as they arrive, without a database; '-' means standard input, 'journal'
    /// the systemd journal. Cannot be combined with other modes
    #[arg(long, short = 'f', value_name = "FILE")]
    pub(super) follow: Option<PathBuf>,
    /// Show all packets in the table, one per line, then exit; with FILEs, those in the logs. Cannot be
    /// combined with other modes; --format json and csv write records
    #[arg(long, value_name = "FILE", num_args = 0..)]
    pub(super) scan: Option<Vec<PathBuf>>,
    /// Open a shell for your own queries; without a terminal, run queries from standard input. Read-only
    /// unless --write is given
    #[arg(long)]
    pub(super) analyze_interactive: bool,
    /// Run this query and exit. Separate several with semicolons
    #[arg(long, value_name = "QUERY", value_parser = filled())]
    pub(super) sql: Option<String>,
    /// With --sql or -ai: allow queries to change the database
    #[arg(long)]
    pub(super) write: bool,
    /// Empty the table and forget what was imported into it; never asks for confirmation
    #[arg(long, short = 'c')]
    pub(super) clear: bool,
    /// Create the table. NAME sets the table for the whole call, like --db-table
    #[arg(long, value_name = "NAME", num_args = 0..=1, value_parser = filled())]
    pub(super) create_table: Option<Option<String>>,
    /// List the tables: rows, first and last packet, what was imported
    #[arg(long)]
    pub(super) list_tables: bool,
    /// Delete a table (without TABLE, the one --db-table names) and everything in it; asks for confirmation
    /// on a terminal. Repeatable
    #[arg(long, value_name = "TABLE", num_args = 0..=1, default_missing_value = UNNAMED, value_parser = table)]
    pub(super) delete_table: Vec<Option<String>>,
    /// Delete all ipta tables; asks for confirmation on a terminal
    #[arg(long)]
    pub(super) delete_all_tables: bool,
    /// Create the database and the user on the server and grant privileges, as --admin-user
    #[arg(long)]
    pub(super) create_db: bool,
    /// Save the connection and the settings from this call in ~/.ipta-conf
    #[arg(long, short = 's')]
    pub(super) save_db: bool,
    /// Convert a table made by an older version or by the original ipta, written in C
    #[arg(long, value_name = "NAME", num_args = 0..=1)]
    pub(super) upgrade_table: Option<Option<String>>,
    /// Report what is set up and what is not, with the command to run; with FILE, why ipta finds no packets
    /// in that log. Cannot be combined with other modes
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    pub(super) doctor: Option<Option<PathBuf>>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Database")]
pub(super) struct DatabaseArgs {
    /// MySQL or MariaDB server: name, address, or the path of its socket (default localhost)
    #[arg(long, short = 'h', value_name = "HOST", value_parser = filled())]
    pub(super) db_host: Option<String>,
    /// The server's TCP port (default 3306)
    #[arg(long, value_name = "PORT", allow_negative_numbers = true, value_parser = port)]
    pub(super) db_port: Option<u16>,
    /// User on the server (default ipta)
    #[arg(long, short = 'u', value_name = "NAME", value_parser = filled())]
    pub(super) db_user: Option<String>,
    /// Password (default ipta). Other users can see it in the process list
    #[arg(long, short = 'p', value_name = "PASS", allow_hyphen_values = true)]
    pub(super) db_pass: Option<String>,
    /// Ask for the password on the terminal; overrides --db-pass
    #[arg(long)]
    pub(super) db_pass_i: bool,
    /// Database on the server (default ipta)
    #[arg(long, short = 'd', value_name = "NAME", value_parser = filled())]
    pub(super) db_name: Option<String>,
    /// Table (default logs)
    #[arg(long, short = 't', value_name = "TABLE", value_parser = filled())]
    pub(super) db_table: Option<String>,
    /// Keep packets in this SQLite file; needs no server
    #[arg(long, value_name = "PATH")]
    pub(super) db_file: Option<PathBuf>,
    /// Encryption of the connection: off, preferred, required, or verify, which checks the server's
    /// certificate (default off for this machine, otherwise preferred)
    #[arg(long, value_name = "WHEN", value_parser = choice::<Tls>)]
    pub(super) db_tls: Option<Tls>,
    /// Certificates of the authorities to trust; implies --db-tls verify (default the system's). Mozilla's are always
    /// trusted too
    #[arg(long, value_name = "FILE")]
    pub(super) db_ca: Option<PathBuf>,
    /// Administrator of the server for --create-db (default root)
    #[arg(long, value_name = "NAME", value_parser = filled())]
    pub(super) admin_user: Option<String>,
    /// Ask for the administrator's password
    #[arg(long)]
    pub(super) admin_pass_i: bool,
    /// With --import: import a file again, even if it was imported before; its packets then count twice
    #[arg(long)]
    pub(super) again: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Selecting packets")]
pub(super) struct CountArgs {
    /// From this time on: 2026-05-04, '2026-05-04 06:35', 06:35, 2h, '3 days ago', yesterday, monday
    #[arg(long, value_name = "TIME", value_parser = filled())]
    pub(super) since: Option<String>,
    /// Until this time; a date includes that day
    #[arg(long, value_name = "TIME", value_parser = filled())]
    pub(super) until: Option<String>,
    /// day or week: the last full one, compared with the one before
    #[arg(long, value_name = "SPAN", value_parser = choice::<Period>)]
    pub(super) period: Option<Period>,
    /// From this address or network, such as 192.0.2.0/24
    #[arg(long, value_name = "ADDR", value_delimiter = ',', value_parser = filled())]
    pub(super) src: Vec<String>,
    /// To this address or network
    #[arg(long, value_name = "ADDR", value_delimiter = ',', value_parser = filled())]
    pub(super) dst: Vec<String>,
    /// From this port: 22, 6000-6010 or ssh
    #[arg(long, value_name = "PORT", value_delimiter = ',', value_parser = filled())]
    pub(super) sport: Vec<String>,
    /// To this port
    #[arg(long, value_name = "PORT", value_delimiter = ',', value_parser = filled())]
    pub(super) dport: Vec<String>,
    /// Of this protocol; icmp includes ICMPv6
    #[arg(long, value_name = "PROTO", value_delimiter = ',', value_parser = filled())]
    pub(super) proto: Vec<String>,
    /// With this action, such as DROP
    #[arg(long, value_name = "WORD", value_delimiter = ',', value_parser = filled())]
    pub(super) action: Vec<String>,
    /// Entering or leaving through this interface
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = filled())]
    pub(super) iface: Vec<String>,
    /// Logged by this host
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = filled())]
    pub(super) log_host: Vec<String>,
    /// Leave out packets on the interface lo (also --no-lo; opposite: --local)
    #[arg(long, alias = "no-lo", overrides_with = "local")]
    pub(super) no_local: bool,
    /// Count packets on the interface lo
    #[arg(long, overrides_with = "no_local")]
    pub(super) local: bool,
    /// Leave out accepted packets (opposite: --accept)
    #[arg(long, overrides_with = "accept")]
    pub(super) no_accept: bool,
    /// Count accepted packets
    #[arg(long, overrides_with = "no_accept")]
    pub(super) accept: bool,
    /// How your firewall marks its lines: a preset or a regex with a group 'action' (default
    /// auto: every known firewall).
    /// Repeatable
    #[arg(long, value_name = "PREFIX", value_parser = filled())]
    pub(super) prefix: Vec<String>,
    /// Another action word that means 'accepted'. Repeatable
    #[arg(long, value_name = "WORD", value_delimiter = ',', value_parser = filled())]
    pub(super) accept_action: Vec<String>,
    /// Another action word that means 'denied'. Repeatable
    #[arg(long, value_name = "WORD", value_delimiter = ',', value_parser = filled())]
    pub(super) deny_action: Vec<String>,
    /// The year of the log's last line, for logs without years
    #[arg(long, value_name = "YYYY", allow_negative_numbers = true, value_parser = year)]
    pub(super) year: Option<i16>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Display")]
pub(super) struct DisplayArgs {
    /// Rows in each module of the report, 1 or more (default 10, html 200; also --lines)
    #[arg(long, alias = "lines", short = 'l', value_name = "NUM", allow_negative_numbers = true, value_parser = limit)]
    pub(super) limit: Option<usize>,
    /// Modules of the report, or all (default denied,icmp,ports,invalid,interfaces)
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = filled())]
    pub(super) modules: Vec<String>,
    /// text, json, csv, markdown or html (default text); nft, ipset or cidr: a list of sources to block
    #[arg(long, value_name = "FORMAT", value_parser = choice::<Format>)]
    pub(super) format: Option<Format>,
    /// Write the report to FILE; if the report fails, FILE is unchanged
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// No headers in follow and scan (opposite: --header)
    #[arg(long, overrides_with = "header")]
    pub(super) no_header: bool,
    /// Headers in follow and scan
    #[arg(long, overrides_with = "no_header")]
    pub(super) header: bool,
    /// No line numbers in follow and scan (also --no-count; opposite: --counter)
    #[arg(long, alias = "no-count", short = 'C', overrides_with = "counter")]
    pub(super) no_counter: bool,
    /// Line numbers in follow and scan
    #[arg(long, overrides_with = "no_counter")]
    pub(super) counter: bool,
    /// Show the time of each line in follow and scan (opposite: --no-time)
    #[arg(long, overrides_with = "no_time")]
    pub(super) time: bool,
    /// No times in follow and scan
    #[arg(long, overrides_with = "time")]
    pub(super) no_time: bool,
    /// In follow: start with the last NUM lines (default 0)
    #[arg(long, value_name = "NUM", allow_negative_numbers = true, value_parser = count)]
    pub(super) last: Option<usize>,
    /// In follow: report suspected attacks
    #[arg(long)]
    pub(super) attacks: bool,
    /// In follow: run this command when an attack begins, with the details as JSON on its standard input;
    /// turns on --attacks
    #[arg(long, value_name = "CMD", value_parser = filled())]
    pub(super) alert_command: Option<String>,
    /// In follow: leave out packets caused by following the log: name lookups and your SSH session
    #[arg(long)]
    pub(super) no_loop: bool,
    /// A database that maps addresses to locations (.mmdb: countries, autonomous systems). Repeatable
    #[arg(long, value_name = "FILE")]
    pub(super) geoip_database: Vec<PathBuf>,
    /// Show the country of each source in follow and scan (opposite: --no-geo)
    #[arg(long, overrides_with = "no_geo")]
    pub(super) geo: bool,
    /// No countries in follow and scan
    #[arg(long, overrides_with = "geo")]
    pub(super) no_geo: bool,
    /// auto, always or never (default auto: on a terminal)
    #[arg(long, value_name = "WHEN", value_parser = choice::<Color>)]
    pub(super) color: Option<Color>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Names")]
pub(super) struct NameArgs {
    /// Show host names instead of addresses (default off; opposite: --no-rdns)
    #[arg(long, short = 'r', overrides_with = "no_rdns")]
    pub(super) rdns: bool,
    /// Show addresses
    #[arg(long, overrides_with = "rdns")]
    pub(super) no_rdns: bool,
    /// Table that caches names (default dns)
    #[arg(long, value_name = "TABLE", value_parser = filled())]
    pub(super) dns_table: Option<String>,
    /// Hours until a cached name expires; 0: never (default 336; also --dns-ttl)
    #[arg(long, alias = "dns-ttl", value_name = "HOURS", allow_negative_numbers = true, value_parser = hours)]
    pub(super) ttl: Option<u32>,
    /// Create the table for names. NAME sets it for the whole call, like --dns-table
    #[arg(long, value_name = "NAME", num_args = 0..=1, value_parser = filled())]
    pub(super) dns_create_table: Option<Option<String>>,
    /// Print all cached names
    #[arg(long)]
    pub(super) dns_dump: bool,
    /// Remove expired names from the cache
    #[arg(long)]
    pub(super) dns_prune: bool,
    /// Empty the cache of names
    #[arg(long)]
    pub(super) dns_clear: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Miscellaneous")]
pub(super) struct OtherArgs {
    /// Read FILE instead of ~/.ipta-conf
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Answer yes to every question
    #[arg(long)]
    pub(super) yes: bool,
    /// Errors and problems only, no notes
    #[arg(long)]
    pub(super) quiet: bool,
    /// Print the license and exit
    #[arg(long)]
    pub(super) license: bool,
    /// Print the version and exit
    #[arg(long, short = 'v')]
    pub(super) version: bool,
    /// Print a short usage summary and exit
    #[arg(long)]
    pub(super) usage: bool,
    /// Print this help and exit. There is no short form: -h is --db-host
    #[arg(long, action = ArgAction::SetTrue)]
    pub(super) help: bool,
}

/// What clap puts in for a table that is not named; nobody can type it.
const UNNAMED: &str = "\0";

/// A table, if it is named.
fn table(text: &str) -> Result<Option<String>, String> {
    match text {
        UNNAMED => Ok(None),
        "" => Err("the name of a table".to_owned()),
        name => Ok(Some(name.to_owned())),
    }
}

/// A text, not empty.
fn filled() -> NonEmptyStringValueParser {
    NonEmptyStringValueParser::new()
}

/// Lets clap read a command line in today's spelling.
pub(super) fn read(args: Vec<OsString>) -> Result<Args, clap::Error> {
    let program = std::iter::once(OsString::from("ipta"));
    Args::try_parse_from(program.chain(args))
}

fn port(text: &str) -> Result<u16, String> {
    number(text, 1, u16::MAX.into(), "a port from 1 to 65535")
}

fn limit(text: &str) -> Result<usize, String> {
    number(text, 1, u32::MAX.into(), "a number from 1 to 4294967295")
}

fn count(text: &str) -> Result<usize, String> {
    number(text, 0, u32::MAX.into(), "a number, 0 or more")
}

fn hours(text: &str) -> Result<u32, String> {
    number(text, 0, u32::MAX.into(), "hours, 0 or more")
}

fn year(text: &str) -> Result<i16, String> {
    number(text, 1970, 9999, "a year from 1970 to 9999")
}

fn number<T: TryFrom<u64>>(text: &str, least: u64, most: u64, wants: &str) -> Result<T, String> {
    let read: Option<u64> = text.parse().ok();
    read.filter(|n| (least..=most).contains(n))
        .and_then(|n| T::try_from(n).ok())
        .ok_or_else(|| wants.to_owned())
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

/// What the command line says, as a layer of settings.
pub(super) fn layer(
    modes: &ModeArgs,
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
        deny_actions: list(counts.deny_action),
        year: counts.year,
        sql: modes.sql.clone(),
        write: on(modes.write),
        filters: FilterText {
            since: counts.since,
            until: counts.until,
            period: counts.period,
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
        geoip_databases: (!display.geoip_database.is_empty()).then_some(display.geoip_database),
        geo: either(display.geo, display.no_geo),
        last: display.last,
        attacks: on(display.attacks || display.alert_command.is_some()),
        alert_command: display.alert_command,
        no_loop: on(display.no_loop),
        color: display.color,
        dns_table: names.dns_table.clone(),
        dns_ttl: names.ttl,
        rdns: either(names.rdns, names.no_rdns),
        yes: on(other.yes),
        quiet: on(other.quiet),
        allow: None,
        thresholds: None,
        own_modules: None,
    }
}

fn choice<T: Choice>(text: &str) -> Result<T, String> {
    T::of(text).ok_or_else(|| {
        let meant = nearest(text, T::WORDS.iter().map(|(word, _)| *word));
        let meant = meant.map_or_else(String::new, |word| format!("\ndid you mean {word}?"));
        match T::WORDS {
            [(one, _), (other, _)] => format!("{one} or {other}{meant}"),
            _ => format!("one of {}{meant}", T::listed()),
        }
    })
}
