//! Table names that are safe to embed in SQL.

use std::fmt;
use std::str::FromStr;

/// A table name: 1 to 64 ASCII letters, digits, `_` or `$`, not digits alone (the unquoted names of the MySQL
/// manual, chapter "Schema Object Names"). The only way for a name to enter SQL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName(String);

impl TableName {
    /// The name as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TableName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
        let digits_only = text.chars().all(|c| c.is_ascii_digit());
        if text.is_empty() || text.len() > 64 || digits_only || !text.chars().all(fine) {
            return Err(format!(
                "'{}' is not a table name: use 1 to 64 letters, digits, '_' or '$', but not only digits",
                text.escape_debug()
            ));
        }
        Ok(TableName(text.to_owned()))
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
