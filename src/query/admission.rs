//! Which statements only read.

use super::Dialect;
use super::tokens::{Kind, Token, tokens};

/// Keywords that begin a statement that only reads.
const READING: [&str; 7] = ["SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "VALUES"];

/// Checks that a statement only reads, as far as its words show; the error says why not, as a clause.
///
/// The words of a statement are its text outside quotes and comments. Rejects whatever begins with none of
/// [`READING`] (SQLite: or PRAGMA, of which its authorizer allows what reads the schema); INTO, which writes files
/// (`SELECT ... INTO OUTFILE`) and variables; locks (FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE); PROCEDURE after a
/// SELECT; comments that a server executes.
pub fn admit(dialect: Dialect, statement: &str) -> Result<(), String> {
    let tokens = tokens(dialect, statement);
    if tokens.iter().any(|token| token.kind == Kind::Executed) {
        return Err("a comment that the server executes (/*! ... */) may change something".to_owned());
    }
    if tokens.iter().any(|token| token.kind == Kind::Sign(';')) {
        return Err("that is more than one statement".to_owned());
    }
    let words: Vec<&Token<'_>> = tokens.iter().filter(|token| token.kind == Kind::Word).collect();
    let begins = tokens
        .iter()
        .find(|token| !matches!(token.kind, Kind::Blank | Kind::Comment | Kind::Sign('(')))
        .filter(|token| token.kind == Kind::Word);
    let Some(begins) = begins else {
        return Err("that is not a read-only statement".to_owned());
    };
    let is_of_servers = ["SHOW", "DESCRIBE", "DESC"].iter().any(|word| begins.is(word));
    if is_of_servers && dialect == Dialect::Sqlite {
        return Err(format!(
            "an SQLite file has no {}; \\d in the shell and ipta --list-tables list the tables",
            begins.text.to_uppercase()
        ));
    }
    let reads =
        READING.iter().any(|word| begins.is(word)) || (dialect == Dialect::Sqlite && begins.is("PRAGMA"));
    if !reads {
        return Err(format!(
            "{} is not one of the statements that only read (SELECT, WITH, {}EXPLAIN, VALUES)",
            begins.text.to_uppercase(),
            if dialect == Dialect::Sqlite { "" } else { "SHOW, DESCRIBE, " }
        ));
    }
    if words.iter().any(|word| word.is("INTO")) {
        return Err("INTO is not allowed, because it writes the result to a file or a variable".to_owned());
    }
    if !begins.is("SHOW") && words.iter().any(|word| word.is("PROCEDURE")) {
        return Err("PROCEDURE runs a program on the server".to_owned());
    }
    for pair in words.windows(2) {
        let [first, second] = pair else { continue };
        if first.is("FOR") && (second.is("UPDATE") || second.is("SHARE"))
            || first.is("LOCK") && second.is("IN")
        {
            return Err(format!(
                "{} {} locks what it reads",
                first.text.to_uppercase(),
                second.text.to_uppercase()
            ));
        }
    }
    Ok(())
}

/// Keywords that begin a statement that changes something.
const CHANGING: [&str; 28] = [
    "INSERT",
    "UPDATE",
    "DELETE",
    "REPLACE",
    "LOAD",
    "CREATE",
    "ALTER",
    "DROP",
    "TRUNCATE",
    "RENAME",
    "OPTIMIZE",
    "ANALYZE",
    "REINDEX",
    "VACUUM",
    "SET",
    "START",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "CALL",
    "DO",
    "GRANT",
    "REVOKE",
    "LOCK",
    "ATTACH",
    "DETACH",
];

/// Whether a statement that changes something changes rows, which are counted.
pub fn counts_rows(dialect: Dialect, statement: &str) -> bool {
    begins(dialect, statement, &["INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "WITH"])
}

/// Whether the first word of a statement is one of these.
fn begins(dialect: Dialect, statement: &str, words: &[&str]) -> bool {
    let tokens = tokens(dialect, statement);
    let first = tokens.iter().find(|token| token.kind == Kind::Word);
    first.is_some_and(|first| words.iter().any(|word| first.is(word)))
}

/// Whether a statement that is not admitted may change something: then it can be run where changes are allowed. A typo
/// cannot.
pub fn changes(dialect: Dialect, statement: &str) -> bool {
    let is = |words: &[&str]| begins(dialect, statement, words);
    let is_of_servers = dialect == Dialect::Sqlite && is(&["SHOW", "DESCRIBE", "DESC"]);
    is(&CHANGING) || is(&READING) && !is_of_servers || dialect == Dialect::Sqlite && is(&["PRAGMA"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_is_admitted() {
        for statement in [
            "SELECT * FROM logs",
            "  -- a word\n select 1",
            "(SELECT 1) UNION (SELECT 2)",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "SHOW CREATE TABLE logs",
            "SHOW PROCEDURE STATUS",
            "describe logs",
            "EXPLAIN SELECT 1",
            "VALUES (1), (2)",
            "SELECT 'INTO OUTFILE', \"FOR UPDATE\", `into` /* INTO */ FROM logs",
        ] {
            assert_eq!(admit(Dialect::MySql, statement), Ok(()), "{statement}");
        }
        assert_eq!(admit(Dialect::Sqlite, "PRAGMA table_info(logs)"), Ok(()));
    }

    #[test]
    fn what_changes_something_is_not() {
        for statement in [
            "DELETE FROM logs",
            "drop table logs",
            "INSERT INTO logs VALUES (1)",
            "SET SESSION TRANSACTION READ WRITE",
            "START TRANSACTION",
            "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE logs",
            "CALL p()",
            "DO SLEEP(1)",
            "PREPARE s FROM 'DELETE FROM logs'",
            "SELECT * INTO OUTFILE '/tmp/x' FROM logs",
            "SELECT 1 into @a",
            "SELECT 1 /*!50000 INTO OUTFILE '/tmp/x'*/",
            "SELECT 1 /*M!100100 INTO OUTFILE '/tmp/x'*/",
            "SELECT * FROM logs FOR UPDATE",
            "SELECT * FROM logs FOR/**/SHARE",
            "SELECT * FROM logs LOCK IN SHARE MODE",
            "SELECT * FROM logs PROCEDURE ANALYSE()",
            "SELECT 1; DELETE FROM logs",
            "ATTACH 'x' AS y",
            "VACUUM INTO '/tmp/x'",
            "'SELECT'",
            "",
            "/* nothing */",
        ] {
            assert!(admit(Dialect::MySql, statement).is_err(), "{statement}");
            if !statement.contains("/*!") && !statement.contains("/*M!") {
                assert!(admit(Dialect::Sqlite, statement).is_err(), "{statement}");
            }
        }
        assert!(admit(Dialect::MySql, "PRAGMA table_info(logs)").is_err());
    }
}
