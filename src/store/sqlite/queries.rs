//! A user's statements on a file.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::{Value as Raw, ValueRef};
use rusqlite::{Connection, Error, ErrorCode, Row, Statement, params_from_iter};

use super::{connect, rows};
use crate::query::{self, Access, Answer, Cell, Column, Dialect};
use crate::store::StoreError;
use crate::store::columns::{address_bytes, address_of};
use crate::store::query_backend::{Done, PLACEHOLDERS, QueryBackend, QueryError, Request, Stopper};

/// Pragmas that read the schema (sqlite.org, "PRAGMA Statements").
const SCHEMA_PRAGMAS: [&str; 9] = [
    "database_list",
    "foreign_key_list",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// A connection for a user's statements.
pub(in crate::store) struct Queries {
    conn: Connection,
    path: PathBuf,
    access: Access,
}

impl Queries {
    /// Opens an existing file.
    pub fn open(path: &Path, access: Access) -> Result<Queries, StoreError> {
        let failed = |error: Error| connect::failed(path, "opening it", &error);
        let mut conn = match access {
            Access::ReadOnly => connect::connect_to_read(path)?,
            Access::Write => connect::connect(path, false)?,
        };
        functions(&conn).map_err(failed)?;
        if access == Access::ReadOnly {
            conn.authorizer(Some(authorize)).map_err(failed)?;
        }
        Ok(Queries { conn, path: path.to_owned(), access })
    }

    fn failed(&self, error: &Error) -> QueryError {
        match error {
            e if e.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => QueryError::Stopped,
            Error::SqlInputError { msg, .. } => QueryError::Failed(msg.clone()),
            Error::SqliteFailure(e, Some(text)) if e.code == ErrorCode::AuthorizationForStatementDenied => {
                QueryError::Failed(format!("{text}: this session is read-only"))
            }
            Error::SqliteFailure(e, Some(text)) if e.code == ErrorCode::Unknown => {
                QueryError::Failed(text.clone())
            }
            Error::InvalidParameterCount(..) => QueryError::Failed(PLACEHOLDERS.to_owned()),
            other => connect::failed(&self.path, "running a query", other).into(),
        }
    }
}

impl QueryBackend for Queries {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn query(&mut self, request: &Request<'_>, answer: &mut dyn Answer) -> Result<Done, QueryError> {
        let failed = |error: Error| self.failed(&error);
        let mut statement = self.conn.prepare(request.sql).map_err(failed)?;
        if self.access == Access::ReadOnly && !statement.readonly() {
            return Err(QueryError::Failed("that statement changes something".to_owned()));
        }
        let values: Vec<Raw> = rows::bound(request.values).collect();
        if statement.column_count() == 0 {
            let changed = statement.execute(params_from_iter(values)).map_err(failed)?;
            return Ok(Done::Changed(changed as u64));
        }
        let addresses: Vec<bool> = statement
            .columns_with_metadata()
            .map(|column| query::holds_addresses(column.origin_name(), column.name()))
            .collect();
        let declared = declared(&statement);
        let mut found = statement.query(params_from_iter(values)).map_err(failed)?;
        let mut rows = 0;
        loop {
            let row = found.next().map_err(failed)?;
            let cells = row.map(|row| cells(row, &addresses));
            if rows == 0 {
                answer.columns(&columns(&declared, cells.as_deref()))?;
            }
            let Some(cells) = cells else { break };
            if request.most == Some(rows) {
                break;
            }
            rows += 1;
            if answer.row(&cells)?.is_break() {
                break;
            }
        }
        Ok(Done::Rows(rows))
    }

    fn stopper(&self) -> Stopper {
        let handle = self.conn.get_interrupt_handle();
        Arc::new(move || handle.interrupt())
    }
}

/// The columns, and whether each is declared numeric; none if it is not declared.
fn declared(statement: &Statement<'_>) -> Vec<(String, Option<bool>)> {
    let number = |kind: &str| {
        let kind = kind.to_ascii_uppercase();
        kind.contains("INT") || kind.contains("REAL") || kind.contains("NUM")
    };
    let columns = statement.columns();
    columns.map(|column| (column.name().to_owned(), column.decl_type().map(number))).collect()
}

/// If nothing is declared, the first row decides.
fn columns(declared: &[(String, Option<bool>)], first: Option<&[Cell<'_>]>) -> Vec<Column> {
    let is_number = |at: usize| {
        first
            .and_then(|cells| cells.get(at))
            .is_some_and(|cell| matches!(cell, Cell::Integer(_) | Cell::Real(_)))
    };
    let column = |(at, (name, number)): (usize, &(String, Option<bool>))| Column {
        name: name.clone(),
        number: number.unwrap_or_else(|| is_number(at)),
    };
    declared.iter().enumerate().map(column).collect()
}

fn cells<'r>(row: &'r Row<'_>, addresses: &[bool]) -> Vec<Cell<'r>> {
    let cell = |(at, addresses): (usize, &bool)| match row.get_ref(at) {
        Err(_) | Ok(ValueRef::Null) => Cell::Null,
        Ok(ValueRef::Integer(number)) => Cell::Integer(number),
        Ok(ValueRef::Real(number)) => Cell::Real(number),
        Ok(ValueRef::Text(text)) => Cell::Text(String::from_utf8_lossy(text)),
        Ok(ValueRef::Blob(bytes)) => query::cell_of_bytes(bytes, *addresses),
    };
    addresses.iter().enumerate().map(cell).collect()
}

/// What a read-only session may do, whatever its words are: VACUUM INTO attaches a file, too.
fn authorize(context: AuthContext<'_>) -> Authorization {
    let allowed = match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => !function_name.eq_ignore_ascii_case("load_extension"),
        AuthAction::Pragma { pragma_name, .. } => {
            SCHEMA_PRAGMAS.iter().any(|name| name.eq_ignore_ascii_case(pragma_name))
        }
        _ => false,
    };
    if allowed { Authorization::Allow } else { Authorization::Deny }
}

/// MySQL's two address functions, so that a query works on both stores.
fn functions(conn: &Connection) -> Result<(), Error> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_scalar_function("INET6_NTOA", 1, flags, |context: &Context<'_>| {
        Ok(match context.get_raw(0) {
            ValueRef::Blob(bytes) | ValueRef::Text(bytes) => address_of(bytes).map(|a| a.to_string()),
            ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => None,
        })
    })?;
    conn.create_scalar_function("INET6_ATON", 1, flags, |context: &Context<'_>| {
        let text = context.get_raw(0).as_str().unwrap_or_default();
        Ok(text.parse::<IpAddr>().ok().map(address_bytes))
    })
}
