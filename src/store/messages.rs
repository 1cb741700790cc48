//! Messages shared by both stores.

use super::backend::Backend;
use super::{StoreError, TableKind, TableName};

/// The name requested for a table is the ledger's.
pub(super) fn is_reserved(table: &TableName, place: &str) -> StoreError {
    StoreError::Failed(format!(
        "'{table}' is the name of ipta's own import ledger in {place}: choose another name"
    ))
}

/// The name for a new table is taken.
pub(super) fn is_taken(table: &TableName, place: &str) -> StoreError {
    StoreError::Failed(format!("table '{table}' already exists in {place}: choose another name"))
}

/// Something else has the ledger's name.
pub(super) fn no_ledger(kind: &TableKind, backend: &dyn Backend) -> StoreError {
    let place = backend.place();
    StoreError::Failed(match kind {
        TableKind::OtherVersion(version) => format!(
            "the import ledger in {place} has version {version} of ipta's tables, but this ipta writes version {}: \
             '{} --upgrade-table NAME' converts a table and the ledger with it",
            super::schema::VERSION,
            backend.command()
        ),
        TableKind::Missing
        | TableKind::Logs { .. }
        | TableKind::Historic
        | TableKind::Names
        | TableKind::Ledger
        | TableKind::Leftover
        | TableKind::Foreign => format!(
            "the table '{}' in {place} is not ipta's, but has the name of its import ledger: rename it",
            super::schema::LEDGER
        ),
    })
}

/// A table to be cleared or dropped that is not a logs table.
pub(super) fn not_logs(table: &TableName, kind: &TableKind, backend: &dyn Backend) -> StoreError {
    let (place, ipta) = (backend.place(), backend.command());
    StoreError::Failed(match kind {
        TableKind::Missing => format!(
            "there is no table '{table}' in {place}: '{ipta} --list-tables' lists the tables, \
             '{ipta} --create-table {table}' creates it"
        ),
        TableKind::OtherVersion(version) => format!(
            "table '{table}' in {place} has version {version} of ipta's tables, but this ipta writes version {}: \
             '{ipta} --upgrade-table {table}' converts it",
            super::schema::VERSION
        ),
        TableKind::Historic => format!(
            "table '{table}' in {place} was made by the C program and is left alone: '{ipta} --upgrade-table {table}' \
             converts it, and '{ipta} --write --sql ...' with DROP TABLE deletes it"
        ),
        TableKind::Ledger => {
            format!(
                "table '{table}' in {place} is the import ledger: it is dropped only with the last table (-da)"
            )
        }
        TableKind::Names => format!("table '{table}' in {place} is a cache of names, not a logs table"),
        TableKind::Leftover => format!("table '{table}' in {place} is left over from an interrupted clear"),
        TableKind::Foreign | TableKind::Logs { .. } => {
            format!("table '{table}' in {place} is not ipta's and is left alone")
        }
    })
}

/// A table whose engine lacks transactions.
pub(super) fn no_transactions(table: &TableName, engine: &str, place: &str) -> StoreError {
    StoreError::Failed(format!(
        "table '{table}' in {place} uses the engine {engine}, which does not support transactions, so an \
         interrupted import could count lines twice: have an administrator run \
         'ALTER TABLE {table} ENGINE=InnoDB', or turn off the server's enforce_storage_engine"
    ))
}

/// Another table has replaced this one.
pub(super) fn replaced(table: &TableName, place: &str) -> StoreError {
    StoreError::Failed(format!(
        "table '{table}' in {place} was cleared or replaced in the meantime: nothing was stored; run ipta again"
    ))
}

/// Rows that an import stored disappeared while it was running.
pub(super) fn emptied(table: &TableName, place: &str, rows: u64) -> StoreError {
    StoreError::Emptied(format!(
        "another session emptied table '{table}' in {place} during this import: packets that were already \
         stored ({rows} in all) are gone"
    ))
}

/// A COMMIT without a reply, where the import can safely be rerun.
pub(super) fn repeatable(error: StoreError) -> StoreError {
    match error {
        StoreError::Unsure(text) => StoreError::Unsure(format!(
            "{text}, so it is not known whether the last packets were stored: run the same command again; \
             packets already stored are not stored twice"
        )),
        other => other,
    }
}

/// A COMMIT without a reply, where a rerun would count twice.
pub(super) fn not_repeatable(error: StoreError, backend: &dyn Backend) -> StoreError {
    match error {
        StoreError::Unsure(text) => StoreError::Unsure(format!(
            "{text}: either all packets from standard input were stored, or none; check the number of rows with \
             '{} --list-tables' before you run the command again, since it could count them twice",
            backend.command()
        )),
        other => other,
    }
}
