//! Messages that both stores give.

use super::backend::Backend;
use super::{StoreError, TableKind, TableName};

/// Somebody wants a table with the ledger's name.
pub(super) fn is_reserved(table: &TableName, place: &str) -> StoreError {
    StoreError::Failed(format!(
        "'{table}' is the name of ipta's own import ledger in {place}: choose another name"
    ))
}

/// The name of a new table is in use.
pub(super) fn is_taken(table: &TableName, place: &str) -> StoreError {
    StoreError::Failed(format!("table '{table}' already exists in {place}: choose another name"))
}

/// Something that is not the ledger has its name.
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

/// A table that was to be cleared or dropped, and is no logs table.
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
            "table '{table}' in {place} was made by the C program: '{ipta} --upgrade-table {table}' converts it"
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

/// A table whose engine has no transactions.
pub(super) fn no_transactions(table: &TableName, engine: &str, place: &str) -> StoreError {
    StoreError::Failed(format!(
        "table '{table}' in {place} uses the engine {engine}, which does not support transactions, so an \
         interrupted import could count lines twice: have an administrator run \
         'ALTER TABLE {table} ENGINE=InnoDB', or turn off the server's enforce_storage_engine"
    ))
}

/// Another table has taken the place of this one.
pub(super) fn replaced(table: &TableName, place: &str) -> StoreError {
    StoreError::Failed(format!(
        "table '{table}' in {place} was cleared or replaced in the meantime: nothing was stored; run ipta again"
    ))
}

/// Rows that an import stored have gone while it went on.
pub(super) fn emptied(table: &TableName, place: &str, rows: u64) -> StoreError {
    StoreError::Emptied(format!(
        "another session emptied table '{table}' in {place} during this import: packets that were already \
         stored ({rows} in all) are gone"
    ))
}

/// A COMMIT without an answer, where the same import may be run again.
pub(super) fn repeatable(error: StoreError) -> StoreError {
    match error {
        StoreError::Unsure(text) => StoreError::Unsure(format!(
            "{text}, so it is not known whether the last packets were stored: run the same command again; \
             packets already stored are not stored twice"
        )),
        other => other,
    }
}

/// A COMMIT without an answer, where the same import would count twice.
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
