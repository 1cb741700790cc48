//! Messages that both stores give.

use super::{StoreError, TableKind, TableName};

/// Somebody wants a table with the ledger's name.
pub(super) fn is_reserved(table: &TableName, place: &str) -> StoreError {
    StoreError::Failed(format!(
        "'{table}' is the name of ipta's own import ledger in {place}: choose another name"
    ))
}

/// The name of a new table is in use.
pub(super) fn is_taken(table: &TableName, place: &str) -> StoreError {
    StoreError::Failed(format!("there is a table '{table}' in {place} already: choose another name"))
}

/// Something that is not the ledger has its name.
pub(super) fn no_ledger(kind: &TableKind, place: &str) -> StoreError {
    StoreError::Failed(match kind {
        TableKind::OtherVersion(version) => format!(
            "the import ledger in {place} has version {version} of its schema: use the ipta that made it"
        ),
        _ => format!(
            "the table '{}' in {place} is not ipta's, but has the name of its import ledger: rename it",
            super::schema::LEDGER
        ),
    })
}

/// A table that was to be cleared or dropped, and is no logs table.
pub(super) fn not_logs(table: &TableName, kind: &TableKind, place: &str) -> StoreError {
    StoreError::Failed(match kind {
        TableKind::Missing => format!(
            "there is no table '{table}' in {place}: 'ipta --list-tables' shows what there is, \
             'ipta --create-table {table}' makes it"
        ),
        TableKind::OtherVersion(version) => format!(
            "table '{table}' in {place} has version {version} of ipta's schema: use the ipta that made it"
        ),
        TableKind::Historic => {
            format!("table '{table}' in {place} was made by the C program and is left alone: drop it by hand")
        }
        TableKind::Ledger => {
            format!("table '{table}' in {place} is the import ledger and goes with the last table only (-da)")
        }
        TableKind::Names => format!("table '{table}' in {place} is a cache of names, no logs table"),
        TableKind::Foreign | TableKind::Logs { .. } => {
            format!("table '{table}' in {place} is not ipta's and is left alone")
        }
    })
}

/// Longest name of the cache in characters; a DNS name has at most 255 octets (RFC 1035, 2.3.4).
const NAME: usize = 255;

/// A host name as the cache keeps it: hostile DNS data may be longer than any name.
pub(super) fn shown_name(name: &str) -> String {
    name.chars().take(NAME).collect()
}
