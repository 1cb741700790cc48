//! What a user types: statements and shell commands.

use crate::query::{self, Dialect};

/// A piece of input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A statement, without its semicolon.
    Statement(String),
    /// A line that begins with a backslash, without the backslash.
    Command(String),
}

/// The statements and commands of a text, in order. A command is a line of its own; a backslash inside
/// a statement is part of it.
pub fn items(dialect: Dialect, text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut pending = String::new();
    let statements = |text: &str| {
        query::split(dialect, text).into_iter().map(|s| Item::Statement(s.to_owned())).collect::<Vec<_>>()
    };
    for line in text.lines() {
        match command(line) {
            Some(command) if !query::unfinished(dialect, &pending) => {
                items.extend(statements(&std::mem::take(&mut pending)));
                items.push(Item::Command(command.to_owned()));
            }
            _ => {
                pending.push_str(line);
                pending.push('\n');
            }
        }
    }
    items.extend(statements(&pending));
    items
}

/// Whether a text needs more input before it can run.
pub fn unfinished(dialect: Dialect, text: &str) -> bool {
    command(text).is_none() && query::unfinished(dialect, text)
}

/// The command on a line; a semicolon at its end is a habit and no part of it.
fn command(line: &str) -> Option<&str> {
    let line = line.trim().trim_end_matches(';').trim_end();
    // What other clients take without a backslash, and no statement begins with alone.
    let is_word = ["exit", "quit", "help"].iter().any(|word| line.eq_ignore_ascii_case(word));
    line.strip_prefix('\\').map(str::trim_start).or(is_word.then_some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_lines_of_their_own() {
        let statement = |text: &str| Item::Statement(text.to_owned());
        let command = |text: &str| Item::Command(text.to_owned());
        let text = "\\format json;\nSELECT\n'\\d'\n; SELECT 2;\n  \\d logs \nEXIT;\nSELECT 3";
        assert_eq!(
            items(Dialect::Sqlite, text),
            [
                command("format json"),
                statement("SELECT\n'\\d'"),
                statement("SELECT 2"),
                command("d logs"),
                command("EXIT"),
                statement("SELECT 3")
            ]
        );
    }
}
