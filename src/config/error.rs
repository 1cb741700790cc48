//! Errors in `~/.ipta-conf`, in messages without passwords.

use std::fmt;
use std::path::PathBuf;

use super::shown;

/// Most problems named in one message; the rest shows up once these are fixed.
const NAMED: usize = 10;

/// A note to the user that stops nothing: one line, without the marker `- `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note(pub String);

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One problem in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line number, from 1.
    pub line: usize,
    /// The key and what is wrong with it.
    pub text: String,
    /// The line as it should be.
    pub fix: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)?;
        match &self.fix {
            Some(fix) => write!(f, "; write: {fix}"),
            None => Ok(()),
        }
    }
}

/// Why the file yields no settings. Displays as one line, plus further lines indented by two spaces, without
/// the marker `! `; never contains a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// It cannot be opened or read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It can be read, but contains mistakes. Never empty; by line.
    Wrong {
        /// The file.
        path: PathBuf,
        /// What.
        problems: Vec<Problem>,
    },
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Unreadable { path, reason } => write!(f, "{}: {reason}", shown(path)),
            ConfigError::Wrong { path, problems } => {
                write!(f, "{}", shown(path))?;
                for (i, problem) in problems.iter().take(NAMED).enumerate() {
                    write!(f, "{}{problem}", if i == 0 { ", " } else { "\n  " })?;
                }
                match problems.len().checked_sub(NAMED) {
                    Some(more @ 1..) => write!(f, "\n  and {more} more"),
                    _ => Ok(()),
                }
            }
        }
    }
}
