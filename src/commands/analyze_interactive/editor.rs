//! The line editor: history, completion, multi-line statements.

use std::path::PathBuf;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::input;
use crate::query::Dialect;

/// Statements kept in the history.
const KEPT: usize = 1000;

/// Reads statements from the terminal.
pub struct LineEditor {
    editor: Editor<Words, DefaultHistory>,
    history: Option<PathBuf>,
}

/// What the user wants.
pub enum Read {
    /// One or more whole statements, or a command.
    Text(String),
    /// To start over: Ctrl-C cleared the line.
    Cancelled,
    /// To leave.
    Leave,
}

impl LineEditor {
    /// Completes `words`; keeps the history in a file only its owner can read.
    pub fn new(dialect: Dialect, words: Vec<String>, history: Option<PathBuf>) -> anyhow::Result<LineEditor> {
        let config = Config::builder()
            .max_history_size(KEPT)?
            .history_ignore_dups(true)?
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            .build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(Words { dialect, words }));
        if let Some(path) = &history {
            // It may not exist yet.
            let _ = editor.load_history(path);
        }
        Ok(LineEditor { editor, history })
    }

    /// Reads until a statement is complete.
    pub fn read(&mut self) -> anyhow::Result<Read> {
        match self.editor.readline("ipta> ") {
            Ok(text) => {
                self.keep(&text)?;
                Ok(Read::Text(text))
            }
            Err(ReadlineError::Interrupted) => Ok(Read::Cancelled),
            Err(ReadlineError::Eof) => Ok(Read::Leave),
            Err(error) => Err(error.into()),
        }
    }

    /// Adds to the history and its file at once. A statement that may contain a password is not kept.
    fn keep(&mut self, text: &str) -> anyhow::Result<()> {
        let upper = text.to_uppercase();
        if text.trim().is_empty() || upper.contains("PASSWORD") || upper.contains("IDENTIFIED") {
            return Ok(());
        }
        self.editor.add_history_entry(text)?;
        if let Some(path) = &self.history {
            // Failing to save the history is no reason to stop; the library creates its file with
            // mode 0600.
            let _ = self.editor.append_history(path);
        }
        Ok(())
    }
}

/// The line editor's helper: completes words and finds the end of a statement.
struct Words {
    dialect: Dialect,
    words: Vec<String>,
}

impl Helper for Words {}
impl Hinter for Words {
    type Hint = String;

    /// A statement goes on, which an empty line does not show.
    fn hint(&self, line: &str, at: usize, _: &Context<'_>) -> Option<String> {
        let goes_on = at == line.len() && line.ends_with('\n') && input::unfinished(self.dialect, line);
        goes_on.then(|| "  (a semicolon ends the statement)".to_owned())
    }
}
impl Highlighter for Words {}

impl Validator for Words {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match input::unfinished(self.dialect, context.input()) {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Valid(None),
        })
    }
}

impl Completer for Words {
    type Candidate = String;

    /// Completes the word before the cursor, in the case it was typed in.
    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = line.get(..at).unwrap_or_default();
        let ends_word = |c: char| !c.is_alphanumeric() && !matches!(c, '_' | '\\' | '{' | '-');
        let start = typed.rfind(ends_word).map_or(0, |before| before + 1);
        Ok((start, candidates(&self.words, typed.get(start..).unwrap_or_default())))
    }
}

fn candidates(words: &[String], begun: &str) -> Vec<String> {
    if begun.is_empty() {
        return Vec::new();
    }
    let lower = begun.chars().any(char::is_lowercase);
    let fits = |word: &&String| {
        word.get(..begun.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(begun))
    };
    // Keywords are uppercase; table and column names stay as they are.
    let is_keyword = |word: &str| word.chars().all(|c| !c.is_lowercase());
    let shown = |word: &String| match lower && is_keyword(word) {
        true => word.to_lowercase(),
        false => word.clone(),
    };
    let mut found: Vec<String> = words.iter().filter(fits).map(shown).collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_completed_in_its_own_case() {
        let words: Vec<String> =
            ["SELECT", "SET", "src_ip", "src_prt", "\\run"].iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(candidates(&words, "sel"), ["select"]);
        assert_eq!(candidates(&words, "SE"), ["SELECT", "SET"]);
        assert_eq!(candidates(&words, "src"), ["src_ip", "src_prt"]);
        assert_eq!(candidates(&words, "\\r"), ["\\run"]);
        assert!(candidates(&words, "").is_empty() && candidates(&words, "x").is_empty());
    }
}
