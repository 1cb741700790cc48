//! What the ledger's statements say, the same for both stores.

use super::schema::{LEDGER, PATH};
use super::{Entry, TableName};

/// Something that was begun on a table and has to be finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    /// Its rows are to go.
    Clear,
    /// The table itself is to go.
    Drop,
}

impl Intent {
    /// The word in the ledger's `kind`.
    pub fn word(self) -> &'static str {
        match self {
            Intent::Clear => "clear",
            Intent::Drop => "drop",
        }
    }

    /// The intent that a word names; none for `file`.
    pub fn from_word(word: &str) -> Option<Intent> {
        match word {
            "clear" => Some(Intent::Clear),
            "drop" => Some(Intent::Drop),
            _ => None,
        }
    }
}

/// The entries of a table, by id; one `?`: the table.
pub(super) fn select_entries() -> String {
    format!(
        "SELECT id, incarnation, head, tail, bytes_in, lines_in, packets_in, first_time, last_time, path, \
         device, inode, imported_at FROM {LEDGER} WHERE table_name = ? AND kind = 'file' ORDER BY id"
    )
}

/// A new entry; `?`: the table, then every field in the order of [`select_entries`] but the id.
pub(super) fn insert_entry() -> String {
    format!(
        "INSERT INTO {LEDGER} (kind, table_name, incarnation, head, tail, bytes_in, lines_in, packets_in, \
         first_time, last_time, path, device, inode, imported_at) \
         VALUES ('file', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
}

/// Moves an entry on; `?`: the fields of [`select_entries`] but id and incarnation, then the id and
/// the offset that it must still have.
pub(super) fn update_entry() -> String {
    format!(
        "UPDATE {LEDGER} SET head = ?, tail = ?, bytes_in = ?, lines_in = ?, packets_in = ?, first_time = ?, \
         last_time = ?, path = ?, device = ?, inode = ?, imported_at = ? \
         WHERE id = ? AND kind = 'file' AND bytes_in = ?"
    )
}

/// Removes one entry of a table; `?`: the table, the id.
pub(super) fn delete_entry() -> String {
    format!("DELETE FROM {LEDGER} WHERE table_name = ? AND kind = 'file' AND id = ?")
}

/// Removes all that the ledger knows of a table; `?`: the table.
pub(super) fn delete_table() -> String {
    format!("DELETE FROM {LEDGER} WHERE table_name = ?")
}

/// A path as the ledger keeps it: for display, so a longer one is cut.
pub(super) fn shown_path(path: &str) -> String {
    path.chars().take(PATH).collect()
}

/// The name under which the ledger keeps a table, where names differing in case are one table.
pub(super) fn folded(table: &TableName) -> String {
    table.as_str().to_ascii_lowercase()
}

/// The entries that belong to a table of this incarnation, the newest first.
pub(super) fn newest_first(mut entries: Vec<Entry>, incarnation: &str) -> Vec<Entry> {
    entries.retain(|entry| entry.incarnation == incarnation);
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.at, entry.id)));
    entries
}
