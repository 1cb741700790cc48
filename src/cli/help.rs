//! What `--help`, `--usage`, `--version` and `--license` print.

use clap::{Arg, Command};

use super::args::{HEADINGS, OtherArgs};
use super::refusal::{historic, value_name};

/// Columns of the help: what every terminal has.
const WIDTH: usize = 80;

/// Column where the explanations begin.
const INDENT: usize = 32;

const LICENSE: &str = include_str!("../../LICENSE");

const VERSION: &str = concat!(
    "ipta ",
    env!("CARGO_PKG_VERSION"),
    "\nA Rust port of ipta, the iptables log analyzer that Anders Sikvall wrote in C.\n"
);

/// What ipta is, in one line.
pub(super) const ABOUT: &str = "reads what a Linux firewall logs and tells you what is going on";

/// What the man page says about it.
pub(super) const DESCRIPTION: &str = "ipta reads the packets that iptables, ip6tables and nftables log, from log \
files, standard input or the systemd journal, and tells you who is knocking on which ports, what arrives damaged and what \
is an attack. It reports on logs directly, or keeps packets in a MySQL or MariaDB table or in an SQLite file.

You can combine several modes in one call; they run in a fixed order, whatever order you give them in. The whole \
call is checked before any mode changes anything. Without a mode, ipta analyzes the FILEs.";

const INTRODUCTION: &str = "\
ipta reads a Linux firewall's log and tells you what is going on.

Usage: ipta MODE... [OPTION...]

You can combine several modes in one call. Whatever order you give them in, they
run in this one: dns-prune, dns-clear, dns-create-table, create-db,
upgrade-table, list-tables, delete-table, delete-all-tables, create-table,
clear, import, prune, dns-dump, analyze, analyze-interactive or sql, save-db.
The whole call is checked before any mode changes anything. ipta FILE... alone
is ipta --analyze FILE...
";

const EXAMPLES: &str = "
Examples
  ipta /var/log/ufw.log
      Reports on a log, without a database; ipta journal reports on the systemd
      journal.
  sudo ipta --create-db --create-table
      Prepares a MySQL or MariaDB server, once.
  ipta --import /var/log/iptables.log* --analyze --rdns
      Imports what is new, then prints the report with host names.
  ipta --db-file ~/packets.db --create-table --save-db
      Keeps packets in a file instead, from now on.
  ipta --analyze --since yesterday --dport 22 --limit 20
      Shows who has knocked on SSH since yesterday.
  ipta --follow /var/log/iptables.log --no-accept --no-local
      Shows packets that were not accepted, as they arrive.

Settings are kept in ~/.ipta-conf; the command line overrides them.
Filters (--since to --no-accept) work with --analyze, --who, --follow and
--scan, but --period only with reports, and --src not with --who; --import
stores everything. A filter with several values (--dport 22,80) matches any of
them, and not:VALUE leaves out packets that match VALUE.
";

const USAGE: &str = "\
Usage: ipta MODE... [OPTION...]

  -i, --import FILE...       import logs          -h, --db-host HOST
  -a, --analyze [FILE...]    the report           -u, --db-user NAME
  -f, --follow FILE          packets as they come -p, --db-pass PASS
      --scan [FILE...]       packets, by line    -pi, --db-pass-i  (asks)
 -ai, --analyze-interactive  a shell for queries      --sql QUERY
      --who ADDR [FILE...]   all about a source
      --doctor [FILE]        what is wrong, and what to type
  -c, --clear                empty the table      -d, --db-name NAME
 -ct, --create-table [NAME]                       -t, --db-table TABLE
 -lt, --list-tables                                   --db-file PATH
 -dt, --delete-table [TABLE]                      -l, --limit NUM
 -da, --delete-all-tables                         -r, --rdns
 -cd, --create-db                                     --no-accept  --no-local
  -s, --save-db                                       --since TIME  --dport PORT

ipta -c -i /var/log/iptables.log -a     a fresh import, then the report
ipta --help                             everything
";

/// The requested text, if any.
pub(super) fn asked_for(other: &OtherArgs, command: &Command) -> Option<String> {
    if other.help {
        Some(help(command))
    } else if other.usage {
        Some(USAGE.to_owned())
    } else if other.version {
        Some(VERSION.to_owned())
    } else if other.license {
        Some(LICENSE.to_owned())
    } else {
        None
    }
}

/// The help, generated from the options themselves.
fn help(command: &Command) -> String {
    let mut text = INTRODUCTION.to_owned();
    for heading in HEADINGS {
        text.push_str(&format!("\n{heading}\n"));
        let shown = |arg: &&Arg| arg.get_help_heading() == Some(heading) && !arg.is_hide_set();
        let args: Vec<&Arg> = command.get_arguments().filter(shown).collect();
        for arg in args.iter().filter(|arg| !is_explained_elsewhere(arg, &args)) {
            entry(&mut text, arg);
        }
    }
    text.push_str(EXAMPLES);
    text
}

/// Whether another option's text names it as its opposite.
fn is_explained_elsewhere(arg: &Arg, all: &[&Arg]) -> bool {
    let Some(long) = arg.get_long() else { return false };
    all.iter().any(|other| explanation(other).contains(&format!("opposite: --{long})")))
}

fn explanation(arg: &Arg) -> String {
    arg.get_help().map(ToString::to_string).unwrap_or_default()
}

fn entry(text: &mut String, arg: &Arg) {
    let mut line = match historic(arg) {
        Some(short) if short.len() < 4 => format!("  {:<4}", format!("{short},")),
        _ => "      ".to_owned(),
    };
    line.push_str(&format!(" --{}{}", arg.get_long().unwrap_or_default(), values(arg)));
    let mut column = line.chars().count();
    if column + 2 > INDENT {
        text.push_str(&line);
        text.push('\n');
        line.clear();
        column = 0;
    }
    for word in explanation(arg).split_whitespace() {
        let length = word.chars().count();
        if column < INDENT {
            line.push_str(&" ".repeat(INDENT - column));
            column = INDENT;
        } else if column + 1 + length > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line = " ".repeat(INDENT);
            column = INDENT;
        } else {
            line.push(' ');
            column += 1;
        }
        line.push_str(word);
        column += length;
    }
    text.push_str(&line);
    text.push('\n');
}

fn values(arg: &Arg) -> String {
    if !arg.get_action().takes_values() {
        return String::new();
    }
    let name = value_name(arg);
    // After a first value of its own kind, others may follow.
    if let Some([_, others]) = arg.get_value_names() {
        return format!(" {name} [{others}...]");
    }
    let (least, most) = arg.get_num_args().map_or((1, 1), |range| (range.min_values(), range.max_values()));
    let name = if most > 1 { format!("{name}...") } else { name.to_owned() };
    if least == 0 { format!(" [{name}]") } else { format!(" {name}") }
}
