//! The historic spellings of two letters behind one dash (`-ct`), rewritten before clap sees them.
//!
//! clap reads `-ct foo` as `--clear --db-table foo`, which would empty a table instead of making
//! one. Only whole arguments are rewritten, and never the value of the option before them; which
//! options take values is asked of clap's own `Command`.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

/// The historic spellings and what they mean. `-rdns` is the manual's own word for `-r`; clap
/// would take it for `-r -d ns`.
pub(super) const HISTORIC: [(&str, &str); 9] = [
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

/// An argument that clap would take for something nobody means.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misread {
    /// The argument.
    pub(super) token: String,
    /// What it may be meant for.
    pub(super) instead: Vec<String>,
}

/// The arguments (without the program's name) in spellings that clap knows.
pub(super) fn rewrite(
    args: impl Iterator<Item = OsString>,
    command: &Command,
) -> Result<Vec<OsString>, Misread> {
    let mut out = Vec::new();
    let mut args = args;
    let mut value_expected = false;
    while let Some(token) = args.next() {
        if value_expected {
            value_expected = false;
            out.push(token);
            continue;
        }
        if token == "--" {
            out.push(token);
            out.extend(args);
            break;
        }
        let token = match token.to_str() {
            Some(text) => modern(text, command)?.unwrap_or(token),
            None => token,
        };
        value_expected = wants_the_next(&token, command);
        out.push(token);
    }
    Ok(out)
}

/// The modes that take logs.
const TAKE_LOGS: [&str; 7] = ["--import", "-i", "--analyze", "-a", "--scan", "--follow", "-f"];

/// Logs may stand anywhere behind their mode (`--import --again a.log`), where only one mode of the
/// call takes any; clap wants them right behind it. A word behind an option for passwords stays
/// where it is: it may be one.
pub(super) fn gather(args: Vec<OsString>, command: &Command) -> Vec<OsString> {
    let mut modes = 0;
    let mut insert_at = None;
    let mut out: Vec<OsString> = Vec::with_capacity(args.len());
    let mut logs = Vec::new();
    // How many words belong to the option before, and whether the first may begin with a dash.
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
        } else if insert_at.is_some() && !secret {
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
        // Which mode they belong to nobody can tell: back to where they stood.
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
    // A value in the same argument (`-tlogs`) leaves no room; what is then taken for the option of
    // the last letter can only make a word stay where it is.
    takes.map_or(0, |arg| arg.get_num_args().map_or(1, |range| range.max_values()))
}

fn modern(text: &str, command: &Command) -> Result<Option<OsString>, Misread> {
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
    let misread = |instead| Err(Misread { token: text.to_owned(), instead });
    // `-ctlogs`: clap would clear the table `logs`, and with `-cdipta` that of the database `ipta`;
    // these are the mistakes without a way back.
    if let Some(table) = text.strip_prefix("-ct") {
        return misread(vec![format!("--create-table {table}"), format!("--clear --db-table {table}")]);
    }
    if let Some(name) = text.strip_prefix("-cd") {
        return misread(vec![format!("--create-db --db-name {name}"), format!("--clear --db-name {name}")]);
    }
    // `-ar` would analyze a log named `r`.
    let letters = text.strip_prefix("-a").filter(|rest| !rest.is_empty());
    let short = |letter: char| find(command, |arg| arg.get_short() == Some(letter)).is_some();
    if let Some(letters) = letters.filter(|rest| rest.chars().all(short)) {
        return misread(vec![format!("-a -{letters}"), format!("--analyze {letters}")]);
    }
    // `-help` would be a host `elp`, `-import` a file `mport`. A password may begin with anything.
    let long = name.strip_prefix('-').filter(|rest| rest.len() > 3 && !rest.starts_with('p'));
    match long.and_then(|long| find(command, |arg| long_of(arg, long.as_bytes()))) {
        Some(_) => misread(vec![format!("-{text}")]),
        None => Ok(None),
    }
}

/// Whether the argument is an option whose value must be the next argument.
fn wants_the_next(token: &OsStr, command: &Command) -> bool {
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
            // What follows the letter is its value; the next argument is, if nothing follows.
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
mod tests {
    use clap::CommandFactory;

    use super::super::args::Args;
    use super::*;

    fn rewritten(args: &[&str]) -> Vec<String> {
        let mut command = Args::command();
        command.build();
        rewrite(args.iter().map(OsString::from), &command)
            .expect("not misread")
            .into_iter()
            .map(|token| token.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn every_historic_spelling_becomes_its_long_form() {
        for (short, long) in HISTORIC {
            assert_eq!(rewritten(&[short]), [long]);
            assert_eq!(rewritten(&["--yes", short, "x"]), ["--yes", long, "x"]);
            assert_eq!(rewritten(&[&format!("{short}=x")]), [format!("{long}=x")]);
            assert!(
                Args::command().get_arguments().any(|arg| arg.get_long() == long.strip_prefix("--")),
                "{long}"
            );
        }
    }

    #[test]
    fn the_value_of_the_option_before_is_left_alone() {
        for option in ["-p", "--db-pass", "-cp", "--lines", "--dns-ttl"] {
            assert_eq!(rewritten(&[option, "-ct", "-lt"]), [option, "-ct", "--list-tables"], "{option}");
        }
    }

    #[test]
    fn a_value_in_the_same_argument_ends_the_option() {
        for option in ["-px", "--db-pass=x", "-p=x", "-Cpx"] {
            assert_eq!(rewritten(&[option, "-ct"]), [option, "--create-table"], "{option}");
        }
    }

    #[test]
    fn options_without_a_necessary_value_are_followed_by_options() {
        for option in ["-a", "-c", "-r", "--create-table", "--analyze", "-ct", "-pi"] {
            assert_eq!(
                rewritten(&[option, "-lt"]).last().map(String::as_str),
                Some("--list-tables"),
                "{option}"
            );
        }
        assert_eq!(rewritten(&["-i", "a.log", "-ct", "t"]), ["-i", "a.log", "--create-table", "t"]);
        assert_eq!(rewritten(&["-dt", "-ct"]), ["--delete-table", "-ct"]);
    }

    #[test]
    fn nothing_behind_two_dashes_is_rewritten() {
        assert_eq!(rewritten(&["-lt", "--", "-ct"]), ["--list-tables", "--", "-ct"]);
        assert_eq!(rewritten(&["-p", "--", "-ct"]), ["-p", "--", "--create-table"]);
    }

    fn gathered(args: &[&str]) -> Vec<String> {
        let mut command = Args::command();
        command.build();
        gather(args.iter().map(OsString::from).collect(), &command)
            .into_iter()
            .map(|token| token.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn logs_may_stand_anywhere_behind_their_mode() {
        assert_eq!(gathered(&["--import", "--again", "a", "b"]), ["--import", "a", "b", "--again"]);
        assert_eq!(gathered(&["-a", "--limit", "5", "a", "-r"]), ["-a", "a", "--limit", "5", "-r"]);
        assert_eq!(gathered(&["--scan", "a", "--time", "b"]), ["--scan", "a", "b", "--time"]);
        assert_eq!(gathered(&["-f", "--no-accept", "a"]), ["-f", "a", "--no-accept"]);
    }

    #[test]
    fn words_that_may_mean_something_else_stay_where_they_are() {
        for args in [
            &["--import", "a", "--analyze", "--again", "b"][..],
            &["-i", "a", "-p", "x", "secret"],
            &["-i", "a", "--db-pass-i", "secret"],
            &["-i", "a", "--create-table", "t"],
            &["a", "-i", "b"],
            &["-lt", "a"],
        ] {
            assert_eq!(gathered(args), args);
        }
    }

    #[test]
    fn nothing_else_changes() {
        for token in [
            "-pinky", "-ca", "-tc", "-CT", "-ltx", "-dtlogs", "--ct", "ct", "-", "", "-c", "-t", "-x", "-é",
            "-prefix",
        ] {
            assert_eq!(rewritten(&[token]), [token]);
        }
    }

    #[test]
    fn what_clap_would_misread_is_asked_back() {
        for (token, instead) in [
            ("-ctlogs", vec!["--create-table logs", "--clear --db-table logs"]),
            ("-ar", vec!["-a -r", "--analyze r"]),
            ("-help", vec!["--help"]),
            ("-import", vec!["--import"]),
            ("-limit=5", vec!["--limit=5"]),
        ] {
            let found = rewrite([token.into()].into_iter(), &Args::command());
            let instead = instead.into_iter().map(str::to_owned).collect();
            assert_eq!(found, Err(Misread { token: token.into(), instead }));
        }
    }

    #[test]
    fn bytes_that_are_no_text_pass_through() {
        use std::os::unix::ffi::OsStringExt;
        let raw = OsString::from_vec(b"-i\xff".to_vec());
        let args = [raw.clone(), "-ct".into()];
        assert_eq!(rewrite(args.into_iter(), &Args::command()), Ok(vec![raw, "--create-table".into()]));
    }
}
