//! Opening a file, and what SQLite's errors mean.

use std::path::Path;

use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

use super::lock;
use crate::config::command_of_file;
use crate::store::StoreError;

/// Opens a file; with `create`, creates a missing one.
pub(super) fn connect(path: &Path, create: bool) -> Result<Connection, StoreError> {
    let file = path.display();
    if path.is_dir() {
        return Err(StoreError::Failed(format!("'{file}' is a directory, not a file: check --db-file")));
    }
    if !create && !path.exists() {
        return Err(StoreError::Failed(format!(
            "there is no file '{file}': create it with '{} --create-table'",
            command_of_file(path, None)
        )));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(StoreError::Failed(format!(
            "there is no directory '{}' for the file '{file}': create it first",
            folder.display()
        )));
    }
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    // Relative to here the name is a file's, even if it looks like SQLite's ':memory:'.
    let mut conn = Connection::open_with_flags(Path::new(".").join(path), flags)
        .map_err(|e| failed(path, "opening it", &e))?;
    settle(&mut conn).map_err(|e| failed(path, "opening it", &e))?;
    Ok(conn)
}

/// Opens read-only a file that was opened for writing before: so no journal of a killed process is left to
/// roll back, which needs write access.
pub(super) fn connect_to_read(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(Path::new(".").join(path), flags);
    let mut conn = conn.map_err(|e| failed(path, "opening it", &e))?;
    let settled = settle(&mut conn).and_then(|()| conn.pragma_update(None, "query_only", true));
    settled.map_err(|e| failed(path, "opening it", &e))?;
    Ok(conn)
}

fn settle(conn: &mut Connection) -> Result<(), Error> {
    conn.busy_handler(Some(lock::wait))?;
    // Negative: KiB. The process should stay under 64 MiB.
    conn.pragma_update(None, "cache_size", -16_000)?;
    conn.set_prepared_statement_cache_capacity(32);
    // The first read reveals a file that is not a database.
    conn.query_row("SELECT COUNT(*) FROM sqlite_master", [], |_| Ok(()))
}

/// The message for a failure.
pub(super) fn failed(path: &Path, doing: &str, error: &Error) -> StoreError {
    let (file, ipta) = (path.display(), command_of_file(path, None));
    let text = match error {
        // SQLite's message without the statement, which means nothing to a user.
        Error::SqlInputError { msg, .. } => msg.clone(),
        Error::StatementChangedRows(_) => "a trigger that is not ipta's skipped a packet".to_owned(),
        other => other.to_string(),
    };
    let text = text.lines().next().unwrap_or_default();
    let kind = match text.starts_with("no such table") {
        true => StoreError::NoTable,
        false => StoreError::Failed,
    };
    kind(match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            format!("'{file}' is not an SQLite database: name another file with --db-file")
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            format!(
                "the file '{file}' is damaged ({text}): restore it from a backup, or import the logs again"
            )
        }
        Some(ErrorCode::ReadOnly) => {
            format!("the file '{file}' cannot be written: check its permissions and those of its directory")
        }
        Some(
            ErrorCode::PermissionDenied | ErrorCode::CannotOpen | ErrorCode::AuthorizationForStatementDenied,
        ) => {
            format!("the file '{file}' cannot be opened: check its permissions and those of its directory")
        }
        Some(ErrorCode::DiskFull) => {
            format!("the disk that holds the file '{file}' is full: make room, then run ipta again")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => format!(
            "another program has been busy with the file '{file}' for {} seconds: try again later",
            lock::PATIENCE.as_secs()
        ),
        Some(ErrorCode::SystemIoFailure) => {
            format!("the file '{file}' cannot be read or written while {doing} ({text}): check its disk")
        }
        _ if text.starts_with("no such table") => {
            format!(
                "a table is missing in the file '{file}' ({text}): '{ipta} --create-table NAME' creates one"
            )
        }
        _ if text.contains("no such column") || text.contains("has no column") => format!(
            "a table in the file '{file}' is not as ipta created it, while {doing} ({text}): create another with \
             '{ipta} --create-table NAME'"
        ),
        _ => format!("file '{file}', while {doing}: {text}"),
    })
}
