//! What a user types: statements, and commands of the shell's.

use crate::query::{self, Dialect};

/// A piece of input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A statement, without its semicolon.
    Statement(String),
    /// A line that begins with a backslash, without it.
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
        match line.trim_start().strip_prefix('\\') {
            Some(command) if !query::unfinished(dialect, &pending) => {
                items.extend(statements(&std::mem::take(&mut pending)));
                items.push(Item::Command(command.trim().to_owned()));
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

/// Whether more has to come before a text can be carried out.
pub fn unfinished(dialect: Dialect, text: &str) -> bool {
    !text.trim_start().starts_with('\\') && query::unfinished(dialect, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_lines_of_their_own() {
        let statement = |text: &str| Item::Statement(text.to_owned());
        let command = |text: &str| Item::Command(text.to_owned());
        let text = "\\format json\nSELECT\n'\\d'\n; SELECT 2;\n  \\d logs \nSELECT 3";
        assert_eq!(
            items(Dialect::Sqlite, text),
            [
                command("format json"),
                statement("SELECT\n'\\d'"),
                statement("SELECT 2"),
                command("d logs"),
                statement("SELECT 3")
            ]
        );
    }
}
