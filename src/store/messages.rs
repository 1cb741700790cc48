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
    StoreError::Failed(format!("there is a table '{table}' in {place} already: choose another name"))
}

/// Something that is not the ledger has its name.
pub(super) fn no_ledger(kind: &TableKind, backend: &dyn Backend) -> StoreError {
    let place = backend.place();
    StoreError::Failed(match kind {
        TableKind::OtherVersion(version) => format!(
            "the import ledger in {place} has version {version} of ipta's tables, this ipta writes version {}: \
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
            "there is no table '{table}' in {place}: '{ipta} --list-tables' shows what there is, \
             '{ipta} --create-table {table}' makes it"
        ),
        TableKind::OtherVersion(version) => format!(
            "table '{table}' in {place} has version {version} of ipta's tables, this ipta writes version {}: \
             '{ipta} --upgrade-table {table}' converts it",
            super::schema::VERSION
        ),
        TableKind::Historic => format!(
            "table '{table}' in {place} was made by the C program: '{ipta} --upgrade-table {table}' converts it"
        ),
        TableKind::Ledger => {
            format!("table '{table}' in {place} is the import ledger and goes with the last table only (-da)")
        }
        TableKind::Names => format!("table '{table}' in {place} is a cache of names, no logs table"),
        TableKind::Leftover => format!("table '{table}' in {place} is left over from an interrupted clear"),
        TableKind::Foreign | TableKind::Logs { .. } => {
            format!("table '{table}' in {place} is not ipta's and is left alone")
        }
    })
}

/// A table whose engine has no transactions.
pub(super) fn no_transactions(table: &TableName, engine: &str, place: &str) -> StoreError {
    StoreError::Failed(format!(
        "table '{table}' in {place} has the engine {engine}, which knows no transactions, so an import that is \
         cut off could count lines twice: have an administrator run 'ALTER TABLE {table} ENGINE=InnoDB', or \
         switch off the server's enforce_storage_engine"
    ))
}

/// Another table has taken the place of this one.
pub(super) fn replaced(table: &TableName, place: &str) -> StoreError {
    StoreError::Failed(format!(
        "table '{table}' in {place} was cleared or replaced at this moment: nothing was stored, run it again"
    ))
}

/// Rows that an import stored have gone while it went on.
pub(super) fn emptied(table: &TableName, place: &str, rows: u64) -> StoreError {
    StoreError::Emptied(format!(
        "another session emptied table '{table}' in {place} during this import: packets that it had stored \
         ({rows} in all) are gone"
    ))
}

/// A COMMIT without an answer, where the same import may be run again.
pub(super) fn repeatable(error: StoreError) -> StoreError {
    match error {
        StoreError::Unsure(text) => StoreError::Unsure(format!(
            "{text}, and whether the last packets were stored is not known: run the same command again, what \
             is stored is not stored twice"
        )),
        other => other,
    }
}

/// A COMMIT without an answer, where the same import would count twice.
pub(super) fn not_repeatable(error: StoreError, backend: &dyn Backend) -> StoreError {
    match error {
        StoreError::Unsure(text) => StoreError::Unsure(format!(
            "{text}: either all packets of standard input were stored or none; look at the rows that \
             '{} --list-tables' shows before you run it again, for it would count them twice",
            backend.command()
        )),
        other => other,
    }
}
