//! Usage errors in words: one line marked `! `, then the remedy.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use crate::config::nearest;
use crate::escape::terminal;

use super::argv::{self, HISTORIC, Misread, Reading, TAKE_LOGS};
use super::{Mode, Stop};

const ALL_OPTIONS: &str = "all options: ipta --help";

/// A usage error: what is wrong, and lines with the remedy.
pub(super) fn usage(wrong: &str, way_out: &[&str]) -> Stop {
    let mut text = format!("! {wrong}\n");
    for line in way_out {
        text.push_str(&format!("  {line}\n"));
    }
    Stop::Usage(text)
}

/// An argument that clap would misread; `args` is what was typed.
pub(super) fn misread(found: &Misread, args: &[OsString], command: &Command) -> Stop {
    let token = terminal(&found.token);
    let whole = |text: &str| format!("ipta {}", argv::shown(args, found.at, text, command));
    let ways = found.readings.iter().map(|reading| match reading {
        Reading::Plain(text) => terminal(&whole(text)).into_owned(),
        Reading::Remark(text) => terminal(text).into_owned(),
    });
    let ways: Vec<String> = ways.collect();
    let ways: Vec<&str> = ways.iter().map(String::as_str).collect();
    let wrong = match ways.len() {
        1 => format!("{token} needs two dashes"),
        _ => format!("{token} is ambiguous; write out the one you mean"),
    };
    usage(&wrong, &ways)
}

/// A clap error in ipta's words. `args` is what clap read.
pub(super) fn of_clap(error: &clap::Error, args: &[OsString], command: &Command) -> Stop {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let named = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue);
    let arg = command.get_arguments().find(|arg| arg.to_string() == named);
    match (error.kind(), arg) {
        (ErrorKind::UnknownArgument, _) if named.starts_with('-') => unknown(named, args, command),
        (ErrorKind::UnknownArgument, _) => stray(named, args),
        (ErrorKind::TooManyValues, Some(arg)) => {
            usage(&format!("{} takes no value", spelled(arg)), &[ALL_OPTIONS])
        }
        (_, Some(arg)) if is_secret(arg) && !value.is_empty() => {
            usage(&format!("{} does not take this value", spelled(arg)), &[ALL_OPTIONS])
        }
        (ErrorKind::ValueValidation, Some(arg)) => {
            let said = std::error::Error::source(error).map_or_else(String::new, ToString::to_string);
            // The value parsers put a guess on a second line.
            let mut lines = said.lines();
            let wants = lines.next().unwrap_or_default();
            let way_out: Vec<&str> = lines.chain([ALL_OPTIONS]).collect();
            usage(&format!("{} takes {wants}, not '{}'", spelled(arg), terminal(value)), &way_out)
        }
        (ErrorKind::InvalidValue, Some(arg)) if !value.is_empty() => {
            let words: Vec<String> =
                arg.get_possible_values().iter().map(|word| word.get_name().to_owned()).collect();
            let wrong =
                format!("{} takes one of {}, not '{}'", spelled(arg), words.join(", "), terminal(value));
            usage(&wrong, &[ALL_OPTIONS])
        }
        (ErrorKind::InvalidUtf8, _) => {
            usage("an option's value is not UTF-8 text", &["only file names may contain arbitrary bytes"])
        }
        (_, Some(arg)) => missing(arg),
        _ => usage("these options cannot be read", &[ALL_OPTIONS]),
    }
}

fn unknown(named: &str, args: &[OsString], command: &Command) -> Stop {
    if let Some(stop) = negative(named, args, command) {
        return stop;
    }
    // After an equals sign comes a value, which may be a password.
    let named = named.split('=').next().unwrap_or_default();
    let longs = command.get_arguments().filter(|arg| !arg.is_hide_set()).filter_map(Arg::get_long);
    let meant = named.strip_prefix("--").and_then(|word| elsewhere(word).or_else(|| nearest(word, longs)));
    let wrong = format!("there is no option {}", terminal(named));
    match meant {
        Some(long) => usage(&wrong, &[&format!("did you mean --{long}?"), ALL_OPTIONS]),
        None => usage(&wrong, &[ALL_OPTIONS]),
    }
}

/// A value with a dash before its digits, such as `--since -1d`.
fn negative(named: &str, args: &[OsString], command: &Command) -> Option<Stop> {
    named.strip_prefix('-').filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))?;
    let is_it = |value: &OsString| value.to_str().is_some_and(|value| value.starts_with(named));
    let at = args.iter().skip(1).position(is_it)?;
    let (option, value) = (&args[at], args[at + 1].to_str()?);
    argv::wants_the_next(option, command).then(|| {
        let wrong = format!("{} needs a value without a dash, not '{}'", option.display(), terminal(value));
        usage(&wrong, &[&format!("did you mean {}?", terminal(&value[1..])), ALL_OPTIONS])
    })
}

/// The option that iptables, nft and other programs call by another name.
fn elsewhere(word: &str) -> Option<&'static str> {
    let options = [
        ("source", "src"),
        ("saddr", "src"),
        ("destination", "dst"),
        ("daddr", "dst"),
        ("source-port", "sport"),
        ("src-port", "sport"),
        ("destination-port", "dport"),
        ("dest-port", "dport"),
        ("dst-port", "dport"),
        ("port", "dport"),
        ("protocol", "proto"),
        ("interface", "iface"),
        ("hostname", "log-host"),
        ("from", "since"),
        ("to", "until"),
        ("database", "db-name"),
        ("table", "db-table"),
        ("log-prefix", "prefix"),
    ];
    options.iter().find(|(theirs, _)| *theirs == word).map(|(_, ours)| *ours)
}

/// An unexpected argument. After a password option it may be a password, and is not repeated.
fn stray(word: &str, args: &[OsString]) -> Stop {
    // The same word may occur in several places, and clap does not say which one it stumbled on.
    let after = |back: usize, option: &dyn Fn(&str) -> bool| {
        args.iter().enumerate().filter(|(_, arg)| *arg == word).any(|(place, _)| {
            let before = place.checked_sub(back).and_then(|i| args.get(i)?.to_str());
            before.is_some_and(option)
        })
    };
    for asks in ["--db-pass-i", "--admin-pass-i"] {
        if after(1, &|before| before == asks) {
            let wrong = format!("{asks} asks for the password on the terminal; it takes no value");
            return usage(&wrong, &[&format!("ipta {asks} ...")]);
        }
    }
    let is_given = |before: &str| before.starts_with("--db-pass=");
    let wants_one = |before: &str| before == "--db-pass" || before == "-p";
    if after(1, &is_given) || after(2, &wants_one) {
        return usage(
            "unexpected word after the password",
            &[
                "quote a password that contains spaces: --db-pass 'one two'",
                "a log needs its mode: --analyze FILE",
            ],
        );
    }
    let word = terminal(word);
    if let Some(mode) = ["--follow", "--doctor"].into_iter().find(|mode| args.iter().any(|arg| arg == *mode))
    {
        return usage(
            &format!("{word}: unexpected argument; {mode} takes one log"),
            &[&format!("ipta {mode} FILE")],
        );
    }
    let given =
        |modes: &[&'static str]| modes.iter().copied().find(|mode| args.iter().any(|arg| arg == *mode));
    let named = ["--delete-table", "--create-table", "--upgrade-table", "--dns-create-table"];
    if let Some(mode) = given(&named).filter(|_| !word.contains(['.', '/'])) {
        let wrong = format!("{word}: unexpected argument; the name of a table comes right after {mode}");
        return usage(&wrong, &[&format!("ipta {mode} {word}")]);
    }
    if given(&TAKE_LOGS).is_none()
        && let Some(mode) = given(&Mode::OPTIONS)
    {
        return usage(
            &format!("{word}: unexpected argument; {mode} takes no log"),
            &["for a log: ipta --import FILE, or ipta --analyze FILE"],
        );
    }
    usage(
        &format!("{word}: unexpected argument; a log needs a mode of its own before it"),
        &[
            "ipta --import FILE",
            "ipta --analyze FILE",
            "ipta --follow FILE",
            "ipta --scan FILE",
            "ipta --who ADDR FILE",
        ],
    )
}

fn missing(arg: &Arg) -> Stop {
    let name = value_name(arg);
    let first = name.chars().next().unwrap_or_default().to_ascii_lowercase();
    let article = if "aeiou".contains(first) { "an" } else { "a" };
    let wrong = match name {
        "HOURS" | "WHEN" => format!("{} needs a value: {name}", spelled(arg)),
        _ => format!("{} needs {article} {name}", spelled(arg)),
    };
    if arg.get_short() == Some('h') {
        return usage(&wrong, &["ipta --db-host HOST ...", "for help: ipta --help"]);
    }
    usage(&wrong, &[&format!("ipta --{} {name} ...", arg.get_long().unwrap_or_default())])
}

/// Its value's name, such as FILE.
pub(super) fn value_name(arg: &Arg) -> &str {
    arg.get_value_names().and_then(|names| names.first()).map_or("VALUE", |name| name.as_str())
}

/// An option with its short or historic form: `--limit (-l)`.
fn spelled(arg: &Arg) -> String {
    let long = arg.get_long().unwrap_or_default();
    match historic(arg) {
        Some(short) => format!("--{long} ({short})"),
        None => format!("--{long}"),
    }
}

/// An option's short form, of one letter or two.
pub(super) fn historic(arg: &Arg) -> Option<String> {
    let long = arg.get_long()?;
    let letters =
        || HISTORIC.iter().find(|(_, l)| l.strip_prefix("--") == Some(long)).map(|(s, _)| (*s).to_owned());
    arg.get_short().map(|letter| format!("-{letter}")).or_else(letters)
}

fn is_secret(arg: &Arg) -> bool {
    arg.get_long().is_some_and(|long| long.contains("pass"))
}
