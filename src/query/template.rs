//! The SQL of a user's own module, in which `{packets}` stands for the table under the filters of the call.

use super::Dialect;
use super::tokens::{Kind, Token, tokens};

/// The placeholder in a module's SQL.
pub const PACKETS: &str = "{packets}";

/// Words that may follow a table without being its alias.
const CLAUSES: [&str; 27] = [
    "WHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "OFFSET",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "CROSS",
    "NATURAL",
    "OUTER",
    "STRAIGHT_JOIN",
    "ON",
    "USING",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "WINDOW",
    "FOR",
    "USE",
    "FORCE",
    "IGNORE",
    "INDEXED",
    "FETCH",
];

/// A module's SQL with its placeholders filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The statement.
    pub sql: String,
    /// How many times the table was filled in.
    pub times: usize,
}

impl Template {
    /// Replaces every `{packets}` with `table` (a name, or a query in parentheses); one without an alias gets the
    /// alias `packets`.
    pub fn fill(dialect: Dialect, text: &str, table: &str) -> Template {
        let tokens = tokens(dialect, text);
        let (mut sql, mut times, mut at) = (String::with_capacity(text.len() + table.len()), 0, 0);
        while let Some(token) = tokens.get(at) {
            if !is_packets(tokens.get(at..at + 3)) {
                sql.push_str(token.text);
                at += 1;
                continue;
            }
            at += 3;
            times += 1;
            sql.push_str(table);
            let next =
                tokens.iter().skip(at).find(|token| !matches!(token.kind, Kind::Blank | Kind::Comment));
            let has_alias = next.is_some_and(|next| match next.kind {
                Kind::Word => !CLAUSES.iter().any(|clause| next.is(clause)),
                Kind::Quoted => true,
                Kind::Comment | Kind::Executed | Kind::Blank | Kind::Sign(_) | Kind::Open => false,
            });
            if !has_alias {
                sql.push_str(" AS packets");
            }
        }
        Template { sql, times }
    }
}

fn is_packets(tokens: Option<&[Token<'_>]>) -> bool {
    matches!(tokens, Some([open, word, close])
        if open.kind == Kind::Sign('{') && word.text == "packets" && close.kind == Kind::Sign('}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        Template::fill(Dialect::MySql, text, "T").sql
    }

    #[test]
    fn the_table_has_an_alias_always() {
        assert_eq!(filled("SELECT * FROM {packets}"), "SELECT * FROM T AS packets");
        assert_eq!(filled("SELECT * FROM {packets} WHERE 1"), "SELECT * FROM T AS packets WHERE 1");
        assert_eq!(filled("SELECT * FROM {packets} p"), "SELECT * FROM T p");
        assert_eq!(filled("FROM {packets} AS a JOIN {packets} AS b"), "FROM T AS a JOIN T AS b");
        assert_eq!(filled("FROM (SELECT * FROM {packets})"), "FROM (SELECT * FROM T AS packets)");
    }

    #[test]
    fn in_quotes_it_is_a_text() {
        let template = Template::fill(Dialect::Sqlite, "SELECT '{packets}'", "T");
        assert_eq!(template, Template { sql: "SELECT '{packets}'".to_owned(), times: 0 });
    }
}
