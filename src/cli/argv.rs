//! The historic two-letter spellings after one dash (`-ct`), rewritten before clap sees them.
//!
//! clap reads `-ct foo` as `--clear --db-table foo`, which would empty a table instead of creating one. Only
//! whole arguments are rewritten, and never the value of the preceding option; clap's own `Command` says
//! which options take values.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

use crate::escape;

/// The historic spellings and what they mean. `-rdns` is the manual's own spelling of `-r`; clap would read
/// it as `-r -d ns`.
pub const HISTORIC: [(&str, &str); 9] = [
    ("-ct", "--create-table"),
    ("-lt", "--list-tables"),
    ("-dt", "--delete-table"),
    ("-da", "--delete-all-tables"),
    ("-pi", "--db-pass-i"),
    ("-ai", "--analyze-interactive"),
    ("-cd", "--create-db"),
    ("-dp", "--dns-prune"),
    ("-rdns", "--rdns"),
];

/// An argument that clap would misread.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misread {
    /// Its index among the arguments.
    pub(super) at: usize,
    /// The argument; without the part that may be a password.
    pub(super) token: String,
    /// What it may mean.
    pub(super) readings: Vec<Reading>,
}

/// A way to read an argument.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Written out so that it works in the argument's place.
    Plain(String),
    /// One that would not work as typed, and why.
    Remark(String),
}

/// The arguments (without the program name) in spellings that clap knows.
pub(super) fn rewrite(args: &[OsString], command: &Command) -> Result<Vec<OsString>, Misread> {
    let mut out = Vec::with_capacity(args.len());
    let mut value_expected = false;
    for (at, token) in args.iter().enumerate() {
        if value_expected {
            value_expected = false;
            out.push(token.clone());
            continue;
        }
        if token == "--" {
            out.extend_from_slice(&args[at..]);
            break;
        }
        let modern = match token.to_str() {
            Some(text) => {
                modern(text, command).map_err(|(token, readings)| Misread { at, token, readings })?
            }
            None => None,
        };
        let token = modern.unwrap_or_else(|| token.clone());
        value_expected = wants_the_next(&token, command);
        out.push(token);
    }
    Ok(out)
}

/// The arguments quoted for a shell, one of them replaced. A password is not shown: the option that asks for
/// it takes its place.
pub(super) fn shown(args: &[OsString], at: usize, instead: &str, command: &Command) -> String {
    let mut words = Vec::new();
    let mut secret = false;
    for (n, token) in args.iter().enumerate() {
        let text = token.to_string_lossy();
        if std::mem::take(&mut secret) {
            continue;
        }
        if n == at {
            words.push(instead.to_owned());
        } else if let Some(before) = before_password(&text, command) {
            secret = wants_the_next(token, command);
            words.extend((!before.is_empty()).then(|| format!("-{before}")));
            words.push("-pi".to_owned());
        } else {
            words.push(escape::shell(&text));
        }
    }
    words.join(" ")
}

/// The letters before the one for the password, if an argument contains that option.
fn before_password<'t>(text: &'t str, command: &Command) -> Option<&'t str> {
    if text == "--db-pass" || text.starts_with("--db-pass=") {
        return Some("");
    }
    let letters = text.strip_prefix('-').filter(|letters| !letters.starts_with('-'))?;
    let takes_value = |letter: char| {
        find(command, |arg| arg.get_short() == Some(letter))
            .is_some_and(|arg| arg.get_action().takes_values())
    };
    let (at, letter) = letters.char_indices().find(|(_, letter)| takes_value(*letter))?;
    let asks = HISTORIC.iter().any(|(short, _)| *short == text);
    (letter == 'p' && !asks).then(|| &letters[..at])
}

/// The modes that take logs.
pub(super) const TAKE_LOGS: [&str; 9] =
    ["--import", "-i", "--analyze", "-a", "--scan", "--who", "--follow", "-f", "--doctor"];

/// Logs may be given anywhere (`--import --again a.log`, `a.log --import`), if only one mode of the call takes any;
/// clap wants them right after it. A word after a password option stays where it is: it may be a
/// password.
pub(super) fn gather(args: Vec<OsString>, command: &Command) -> Vec<OsString> {
    let mut modes = 0;
    let mut insert_at = None;
    let mut out: Vec<OsString> = Vec::with_capacity(args.len());
    let mut logs = Vec::new();
    // How many words the preceding option takes, and whether the first may begin with a dash.
    let (mut room, mut value_expected, mut secret) = (0, false, false);
    let mut args = args.into_iter();
    for token in args.by_ref() {
        if token == "--" {
            out.push(token);
            break;
        }
        let bytes = token.as_encoded_bytes();
        let is_option = !value_expected && bytes.len() > 1 && bytes.starts_with(b"-");
        if is_option {
            secret = bytes.windows(4).any(|w| w == b"pass") || bytes.starts_with(b"-p");
            // Only a password may begin with a dash.
            value_expected = secret && wants_the_next(&token, command);
            room = words_taken(&token, command);
            let is_mode = TAKE_LOGS.iter().any(|mode| token == *mode);
            out.push(token);
            if is_mode {
                modes += 1;
                insert_at = Some(out.len());
            }
            continue;
        }
        value_expected = false;
        let behind_mode = insert_at == Some(out.len());
        if room > 0 {
            room -= 1;
            out.push(token);
            if behind_mode {
                insert_at = Some(out.len());
            }
        } else if !secret {
            logs.push((out.len(), token));
        } else {
            out.push(token);
        }
    }
    out.extend(args);
    match insert_at {
        Some(at) if modes == 1 => {
            out.splice(at..at, logs.into_iter().map(|(_, log)| log));
        }
        // It is unclear which mode they belong to: back to where they were.
        _ => {
            for (place, log) in logs.into_iter().rev() {
                out.insert(place, log);
            }
        }
    }
    out
}

/// How many words may follow an option as its values.
fn words_taken(token: &OsStr, command: &Command) -> usize {
    let bytes = token.as_encoded_bytes();
    let arg = match bytes.strip_prefix(b"--") {
        Some(long) => find(command, |arg| long_of(arg, long)),
        None => bytes.last().and_then(|last| find(command, |arg| arg.get_short() == Some(char::from(*last)))),
    };
    let takes = arg.filter(|arg| arg.get_action().takes_values());
    // A value in the same argument (`-tlogs`) leaves no room; misreading its last letter as an option can
    // only make a word stay where it is.
    takes.map_or(0, |arg| arg.get_num_args().map_or(1, |range| range.max_values()))
}

/// What is shown of an argument with several readings, and the readings.
type Ambiguous = (String, Vec<Reading>);

fn modern(text: &str, command: &Command) -> Result<Option<OsString>, Ambiguous> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    if let Some((_, long)) = HISTORIC.iter().find(|(short, _)| *short == name) {
        return Ok(Some(match value {
            Some(value) => format!("{long}={value}").into(),
            None => OsString::from(long),
        }));
    }
    // `-help` would set the host to `elp`; `-src` would save, and clear the table.
    let long = name.strip_prefix('-').filter(|rest| rest.len() > 2);
    if let Some(long) = long.filter(|long| find(command, |arg| long_of(arg, long.as_bytes())).is_some()) {
        let option = Reading::Plain(format!("-{}", escape::shell(text)));
        return Err(match long.strip_prefix('p') {
            Some(_) => (name.to_owned(), vec![option, password(long)]),
            None => (text.to_owned(), vec![option]),
        });
    }
    if let Some(found) = HISTORIC.iter().find_map(|(short, _)| glued(short, text.strip_prefix(short)?)) {
        return Err(found);
    }
    // `-ar` would analyze a log named `r`.
    let letters = text.strip_prefix("-a").filter(|rest| !rest.is_empty());
    let short = |letter: char| find(command, |arg| arg.get_short() == Some(letter)).is_some();
    if let Some(letters) = letters.filter(|rest| rest.chars().all(short)) {
        let readings = [format!("-a -{letters}"), format!("--analyze {letters}")];
        return Err((text.to_owned(), readings.map(Reading::Plain).into()));
    }
    Ok(None)
}

/// A historic spelling with more text in the same argument: `-ctlogs`. clap would read its letters one by
/// one, and clear the table `logs`.
fn glued(short: &str, rest: &str) -> Option<Ambiguous> {
    if rest.is_empty() {
        return None;
    }
    let plain = |text: String| Reading::Plain(text);
    let value = escape::shell(rest);
    // What clap reads as the value of the first letter's option.
    let tail = escape::shell(&format!("{}{rest}", short.get(2..).unwrap_or_default()));
    let readings = match short {
        "-ct" => [plain(format!("--create-table {value}")), plain(format!("--clear --db-table {value}"))],
        "-cd" => {
            [plain(format!("--create-db --db-name {value}")), plain(format!("--clear --db-name {value}"))]
        }
        "-dt" => [plain(format!("--delete-table {value}")), plain(format!("--db-name {tail}"))],
        "-da" => [plain("--delete-all-tables".to_owned()), plain(format!("--db-name {tail}"))],
        "-dp" => [plain("--dns-prune".to_owned()), plain(format!("--db-name {tail}"))],
        "-ai" => [plain("--analyze-interactive".to_owned()), plain(format!("--analyze {tail}"))],
        "-lt" => [
            plain("--list-tables".to_owned()),
            Reading::Remark(format!("--limit {tail}, which is not a number")),
        ],
        "-pi" => {
            return Some((short.to_owned() + "...", vec![plain("--db-pass-i".to_owned()), password("i")]));
        }
        "-rdns" => {
            let database = escape::shell(&format!("ns{rest}"));
            [plain("--rdns".to_owned()), plain(format!("--rdns --db-name {database}"))]
        }
        _ => return None,
    };
    Some((format!("{short}{rest}"), readings.into()))
}

/// `-p` with a password in the same argument, of which only the first letter is revealed.
fn password(begins: &str) -> Reading {
    let first = begins.trim_start_matches('p').chars().next().unwrap_or_default();
    Reading::Remark(format!("--db-pass PASSWORD, if the password begins with {first}"))
}

/// Whether the argument is an option whose value must be the next argument.
pub(super) fn wants_the_next(token: &OsStr, command: &Command) -> bool {
    let bytes = token.as_encoded_bytes();
    if let Some(long) = bytes.strip_prefix(b"--") {
        return !long.contains(&b'=') && find(command, |arg| long_of(arg, long)).is_some_and(wants_a_value);
    }
    let Some(letters) = bytes.strip_prefix(b"-") else {
        return false;
    };
    for (i, letter) in letters.iter().enumerate() {
        let Some(arg) = find(command, |arg| arg.get_short() == Some(char::from(*letter))) else {
            return false;
        };
        if arg.get_action().takes_values() {
            // What follows the letter is its value; if nothing does, the next argument is.
            return i + 1 == letters.len() && wants_a_value(arg);
        }
    }
    false
}

fn find(command: &Command, test: impl Fn(&Arg) -> bool) -> Option<&Arg> {
    command.get_arguments().find(|arg| test(arg))
}

fn long_of(arg: &Arg, long: &[u8]) -> bool {
    arg.get_long()
        .into_iter()
        .chain(arg.get_all_aliases().unwrap_or_default())
        .any(|name| name.as_bytes() == long)
}

fn wants_a_value(arg: &Arg) -> bool {
    arg.get_action().takes_values() && arg.get_num_args().is_none_or(|range| range.min_values() > 0)
}

#[cfg(test)]
mod tests;
