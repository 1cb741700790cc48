//! Messages beside the data: `* ` done, `- ` note, `! ` error, `? ` question, all on stderr.

use std::io::{self, Write};
use std::sync::Arc;

use crate::escape;

/// Where output goes, and whether that is a terminal. Data goes to `out`, messages to `err`.
pub struct Console<'io> {
    /// Standard output.
    pub out: &'io mut dyn Write,
    /// Standard error.
    pub err: &'io mut dyn Write,
    /// Whether standard input is a terminal.
    pub in_is_terminal: bool,
    /// Whether standard output is a terminal.
    pub out_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub err_is_terminal: bool,
    /// Report only problems.
    pub quiet: bool,
    /// Every note, warning and error so far, for reports that include them.
    pub notes: Vec<String>,
}

impl Console<'_> {
    /// Whether somebody is watching and wants to see progress.
    pub fn shows_progress(&self) -> bool {
        self.err_is_terminal && !self.quiet
    }

    /// Reports that something was done.
    pub fn done(&mut self, text: &str) {
        if !self.quiet {
            self.say("* ", text);
        }
    }

    /// Says something about the call that no report needs to repeat.
    pub fn hint(&mut self, text: &str) {
        if !self.quiet {
            self.say("- ", text);
        }
    }

    /// Reports something worth knowing.
    pub fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
        self.hint(text);
    }

    /// Reports a problem that does not stop the work.
    pub fn warn(&mut self, text: &str) {
        self.notes.push(text.to_owned());
        self.say("- ", text);
    }

    /// Reports what went wrong.
    pub fn error(&mut self, text: &str) {
        self.notes.push(text.to_owned());
        self.say("! ", text);
    }

    /// Continues the previous message; the text's lines begin with two blanks.
    pub fn further(&mut self, text: &str) {
        if !self.quiet {
            self.say("", text);
        }
    }

    /// Prints notes from other threads while this one waits for something.
    pub fn notices(&self) -> Arc<dyn Fn(&str) + Send + Sync> {
        let (quiet, on_terminal) = (self.quiet, self.err_is_terminal);
        Arc::new(move |text| {
            if !quiet {
                // The line may show progress.
                let clear = if on_terminal { "\r\x1b[K" } else { "" };
                let _ = writeln!(io::stderr(), "{clear}- {}", escape::terminal(text));
            }
        })
    }

    /// Asks, and reads a line from standard input as the answer.
    pub fn ask(&mut self, question: &str) -> io::Result<String> {
        write!(self.err, "? {} ", escape::terminal(question))?;
        self.err.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }

    /// Continuation lines of a message begin with two blanks. Any other line break came in with a name or a value and
    /// is escaped: nobody else writes lines here. A closed stderr is ignored.
    fn say(&mut self, mark: &str, text: &str) {
        for (n, line) in text.trim_end().split("\n  ").enumerate() {
            let mark = if n == 0 { mark } else { "  " };
            let _ = writeln!(self.err, "{mark}{}", escape::terminal(line));
        }
    }
}
