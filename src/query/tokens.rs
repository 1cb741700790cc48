//! SQL as tokens: enough to know where a statement ends, and which words are outside quotes and comments.

use super::Dialect;

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword, an unquoted name, or a number.
    Word,
    /// A string or a quoted name, including its quotes.
    Quoted,
    /// A comment.
    Comment,
    /// A comment whose text a server executes (`/*! ... */`, on MariaDB `/*M! ... */` too).
    Executed,
    /// Whitespace.
    Blank,
    /// Any other character.
    Sign(char),
    /// An unterminated string, name or comment.
    Open,
}

/// A piece of SQL and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub kind: Kind,
    pub text: &'t str,
    /// Its offset in bytes.
    pub at: usize,
}

impl Token<'_> {
    /// Whether it is this word, case ignored.
    pub fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }
}

/// All tokens of a text, in order; concatenated, they are the text.
///
/// Assumes that MySQL's SQL modes ANSI_QUOTES and NO_BACKSLASH_ESCAPES are off, as they are in all sessions of ipta.
pub(super) fn tokens(dialect: Dialect, text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (kind, length) = first(dialect, rest);
        tokens.push(Token { kind, text: rest.get(..length).unwrap_or(rest), at });
        at += length;
    }
    tokens
}

/// The first token of a non-empty text, and its length in bytes.
fn first(dialect: Dialect, text: &str) -> (Kind, usize) {
    let mysql = dialect == Dialect::MySql;
    let first = text.chars().next().unwrap_or(' ');
    let run = |more: fn(char) -> bool| text.find(|c| !more(c)).unwrap_or(text.len());
    let line = || (Kind::Comment, text.find('\n').unwrap_or(text.len()));
    match first {
        c if c.is_whitespace() => (Kind::Blank, run(char::is_whitespace)),
        '#' if mysql => line(),
        // MySQL requires an ASCII blank after the dashes: `5--1` is a subtraction there.
        '-' if text.starts_with("--")
            && (!mysql || text.chars().nth(2).is_none_or(|c| c.is_ascii_control() || c == ' ')) =>
        {
            line()
        }
        '/' if text.starts_with("/*") => {
            let executed = mysql && (text.starts_with("/*!") || text.starts_with("/*M!"));
            match text.get(2..).and_then(|rest| rest.find("*/")) {
                Some(end) => (if executed { Kind::Executed } else { Kind::Comment }, end + 4),
                None => (Kind::Open, text.len()),
            }
        }
        '\'' | '"' => quoted(text, first, mysql),
        '`' => quoted(text, '`', false),
        '[' if !mysql => quoted(text, ']', false),
        c if is_word(c) => (Kind::Word, run(is_word)),
        c => (Kind::Sign(c), c.len_utf8()),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '@') || (!c.is_ascii() && !c.is_whitespace())
}

/// A quoted token up to its closing quote. A doubled quote begins another token, which does not change where quotes
/// begin and end.
fn quoted(text: &str, close: char, escapes: bool) -> (Kind, usize) {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if escapes => drop(chars.next()),
            c if c == close => return (Kind::Quoted, at + c.len_utf8()),
            _ => {}
        }
    }
    (Kind::Open, text.len())
}

/// The statements of a text, without the semicolons between them; those that contain only comments are left out.
pub fn split(dialect: Dialect, text: &str) -> Vec<&str> {
    let mut statements = Vec::new();
    let (mut begin, mut says_something) = (0, false);
    let mut end_at = |begin: usize, end: usize, says_something: bool| {
        if says_something {
            statements.extend(text.get(begin..end).map(str::trim));
        }
    };
    for token in tokens(dialect, text) {
        match token.kind {
            Kind::Sign(';') => {
                end_at(begin, token.at, says_something);
                (begin, says_something) = (token.at + 1, false);
            }
            Kind::Blank | Kind::Comment => {}
            Kind::Word | Kind::Quoted | Kind::Executed | Kind::Sign(_) | Kind::Open => says_something = true,
        }
    }
    end_at(begin, text.len(), says_something);
    statements
}

/// Whether a statement has begun without being terminated by a semicolon.
pub fn unfinished(dialect: Dialect, text: &str) -> bool {
    let tokens = tokens(dialect, text);
    let last = tokens.iter().rev().find(|token| !matches!(token.kind, Kind::Blank | Kind::Comment));
    last.is_some_and(|token| token.kind != Kind::Sign(';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Dialect; 2] = [Dialect::MySql, Dialect::Sqlite];

    #[test]
    fn a_semicolon_in_quotes_or_comments_ends_no_statement() {
        for dialect in BOTH {
            let text = "SELECT ';', \";\", `;` /* ; */ -- ;\n; SELECT 2;\n-- the end";
            assert_eq!(split(dialect, text), ["SELECT ';', \";\", `;` /* ; */ -- ;", "SELECT 2"]);
        }
    }

    #[test]
    fn a_backslash_hides_a_quote_on_mysql_alone() {
        let text = r"SELECT '\'; DROP TABLE logs; -- '";
        assert_eq!(split(Dialect::MySql, text).len(), 1);
        assert_eq!(split(Dialect::Sqlite, text), [r"SELECT '\'", "DROP TABLE logs"]);
    }

    #[test]
    fn dashes_without_a_blank_subtract_on_mysql() {
        assert_eq!(split(Dialect::MySql, "SELECT 5--1; SELECT 2").len(), 2);
        assert_eq!(split(Dialect::Sqlite, "SELECT 5--1; SELECT 2").len(), 1);
        // Nor does a blank that MySQL takes for a letter begin a comment.
        assert_eq!(split(Dialect::MySql, "SELECT 1 --\u{a0}; SELECT 2").len(), 2);
    }

    #[test]
    fn a_statement_goes_on_until_its_semicolon() {
        for dialect in BOTH {
            for open in ["SELECT 1", "SELECT 'a;", "SELECT 1 /* ;", "SELECT `a;", "SELECT 1 -- ;"] {
                assert!(unfinished(dialect, open), "{open}");
            }
            for whole in ["", "  ", "-- a word", "SELECT 1;", "SELECT 1; -- a word\n"] {
                assert!(!unfinished(dialect, whole), "{whole}");
            }
        }
    }

    #[test]
    fn tokens_are_the_text_again() {
        for dialect in BOTH {
            for text in ["SELECT 'é\\'é' -- ä\n/*!50000 x*/", "\\", "'", "/*", "[a]b", "a\u{3000}b", "∑;'"]
            {
                let again: String = tokens(dialect, text).iter().map(|token| token.text).collect();
                assert_eq!(again, text);
            }
        }
    }
}
