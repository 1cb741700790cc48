//! A user's statements on a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mysql::consts::ColumnType;
use mysql::prelude::{Protocol, Queryable};
use mysql::{Column as RawColumn, Conn, Error, Params, QueryResult, Value as Raw};

use super::{codes, connect, rows, settle, words};
use crate::config::Server;
use crate::query::{self, Access, Answer, Cell, Column, Dialect};
use crate::store::StoreError;
use crate::store::query_backend::{Done, PLACEHOLDERS, QueryBackend, QueryError, Request, Stopper};

/// The collation of binary data (mysql.com, "Character Set of Column").
const BINARY: u16 = 63;

/// A connection for a user's statements. Reconnects if it was lost.
pub(in crate::store) struct Queries {
    server: Server,
    access: Access,
    conn: Option<Conn>,
    /// The connection's id on the server, for the stopper.
    id: Arc<AtomicU32>,
}

impl Queries {
    /// Connects. The driver has no file handler, so it sends an empty file whatever the server asks for.
    pub fn open(server: &Server, access: Access) -> Result<Queries, StoreError> {
        let mut queries =
            Queries { server: server.clone(), access, conn: None, id: Arc::new(AtomicU32::new(0)) };
        queries.conn = Some(queries.connect()?);
        Ok(queries)
    }

    fn connect(&self) -> Result<Conn, StoreError> {
        let settle = match self.access {
            Access::ReadOnly => |conn: &mut Conn| {
                settle(conn)?;
                conn.query_drop("SET SESSION TRANSACTION READ ONLY")
            },
            Access::Write => settle,
        };
        let conn = connect::connect_and(&self.server, true, settle)
            .map_err(|refusal| connect::refused(&self.server, refusal))?;
        self.id.store(conn.connection_id(), Ordering::Relaxed);
        Ok(conn)
    }

    fn failed(&self, error: &Error) -> QueryError {
        match error {
            Error::MySqlError(e) if e.code == codes::QUERY_INTERRUPTED => QueryError::Stopped,
            e if connect::gone(e) => QueryError::Failed(format!(
                "the server at {} went away: check that it is running, then type the statement again",
                self.server.host
            )),
            Error::MySqlError(e) => {
                QueryError::Failed(format!("{} (error {})", words::one_line(&e.message), e.code))
            }
            other => QueryError::Failed(words::one_line(&other.to_string())),
        }
    }
}

impl QueryBackend for Queries {
    fn dialect(&self) -> Dialect {
        Dialect::MySql
    }

    fn query(&mut self, request: &Request<'_>, answer: &mut dyn Answer) -> Result<Done, QueryError> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.connect()?,
        };
        let done = carry_out(&mut conn, self.access, request, answer);
        // A connection that was lost or is out of sync is not reused.
        let lost = matches!(&done, Err(Fault::Server(error)) if connect::gone(error));
        if !lost {
            self.conn = Some(conn);
        }
        done.map_err(|fault| match fault {
            Fault::Server(error) => self.failed(&error),
            Fault::Output(error) => QueryError::Unwritten(error),
            Fault::Placeholders => QueryError::Failed(PLACEHOLDERS.to_owned()),
        })
    }

    fn stopper(&self) -> Stopper {
        stopper(&self.server, Arc::clone(&self.id))
    }
}

/// Stops the statement running on the connection with this id.
pub(super) fn stopper(server: &Server, id: Arc<AtomicU32>) -> Stopper {
    let server = server.clone();
    Arc::new(move || {
        if let Ok(mut conn) = connect::connect(&server, false) {
            // If it has ended meanwhile, there is nothing to stop.
            let _ = conn.query_drop(format!("KILL QUERY {}", id.load(Ordering::Relaxed)));
        }
    })
}

/// What ends a statement early.
enum Fault {
    Server(Error),
    Output(std::io::Error),
    /// The statement has placeholders of its own.
    Placeholders,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Server(error)
    }
}

fn carry_out(
    conn: &mut Conn,
    access: Access,
    request: &Request<'_>,
    answer: &mut dyn Answer,
) -> Result<Done, Fault> {
    // Only single statements can be prepared, whatever the driver would otherwise let through.
    let statement = match conn.prep(request.sql) {
        // What cannot be prepared (LOAD DATA) changes something.
        Err(Error::MySqlError(e)) if e.code == codes::UNSUPPORTED_PS && access == Access::Write => {
            return rows_of(conn.query_iter(request.sql)?, answer);
        }
        prepared => prepared?,
    };
    if usize::from(statement.num_params()) != request.values.len() {
        conn.close(statement)?;
        return Err(Fault::Placeholders);
    }
    if let Some(most) = request.most {
        conn.query_drop(format!("SET SESSION sql_select_limit = {most}"))?;
    }
    if access == Access::ReadOnly {
        conn.query_drop("START TRANSACTION READ ONLY")?;
    }
    let params = match request.values {
        [] => Params::Empty,
        values => Params::Positional(rows::bound(values)),
    };
    let done = match conn.exec_iter(&statement, params) {
        Ok(result) => rows_of(result, answer),
        Err(error) => Err(error.into()),
    };
    if !matches!(&done, Err(Fault::Server(error)) if connect::gone(error)) {
        if access == Access::ReadOnly {
            conn.query_drop("ROLLBACK")?;
        }
        if request.most.is_some() {
            conn.query_drop("SET SESSION sql_select_limit = DEFAULT")?;
        }
        conn.close(statement)?;
    }
    done
}

/// Passes the rows on. Unwanted rows are drained, since the connection is reused.
fn rows_of<P: Protocol>(
    mut result: QueryResult<'_, '_, '_, P>,
    answer: &mut dyn Answer,
) -> Result<Done, Fault> {
    let raw: Vec<RawColumn> = result.columns().as_ref().to_vec();
    if raw.is_empty() {
        let changed = result.affected_rows();
        // A statement that fails only while running says so at its end.
        result.by_ref().try_for_each(|row| row.map(drop))?;
        return Ok(Done::Changed(changed));
    }
    let shown: Vec<Column> = raw.iter().map(column).collect();
    answer.columns(&shown).map_err(Fault::Output)?;
    let addresses: Vec<bool> = raw.iter().map(holds_addresses).collect();
    let mut rows = 0;
    for row in result.by_ref() {
        let values = row?.unwrap_raw();
        let cells = values.iter().zip(&raw).zip(&addresses);
        let cells: Vec<Cell<'_>> =
            cells.map(|((value, column), addresses)| cell(value.as_ref(), column, *addresses)).collect();
        rows += 1;
        if answer.row(&cells).map_err(Fault::Output)?.is_break() {
            break;
        }
    }
    Ok(Done::Rows(rows))
}

fn column(column: &RawColumn) -> Column {
    Column { name: column.name_str().into_owned(), number: column.column_type().is_numeric_type() }
}

/// Whether a column holds addresses. Through a derived table a column keeps its type, VARBINARY(16),
/// but not always its name.
fn holds_addresses(column: &RawColumn) -> bool {
    query::holds_addresses(Some(&column.org_name_str()), &column.name_str())
        || !column.table_str().is_empty() && column.character_set() == BINARY && column.column_length() == 16
}

fn cell<'a>(value: Option<&'a Raw>, column: &RawColumn, addresses: bool) -> Cell<'a> {
    let Some(value) = value else { return Cell::Null };
    match value {
        Raw::NULL => Cell::Null,
        Raw::Int(number) => Cell::Integer(*number),
        Raw::UInt(number) => i64::try_from(*number).map_or(Cell::Large(*number), Cell::Integer),
        // Via the shortest text for this number: 0.1, not a 32-bit 0.1 widened to 64 bits.
        Raw::Float(number) => Cell::Real(number.to_string().parse().unwrap_or(f64::from(*number))),
        Raw::Double(number) => Cell::Real(*number),
        Raw::Date(..) | Raw::Time(..) => Cell::Text(moment(value, column).into()),
        Raw::Bytes(bytes) if column.column_type().is_numeric_type() => decimal(bytes),
        Raw::Bytes(bytes) if column.character_set() == BINARY => query::cell_of_bytes(bytes, addresses),
        Raw::Bytes(bytes) => Cell::Text(String::from_utf8_lossy(bytes)),
    }
}

/// A DECIMAL, which arrives as digits: a number if one of our types holds it exactly.
fn decimal(digits: &[u8]) -> Cell<'_> {
    let text = String::from_utf8_lossy(digits);
    if let Ok(whole) = text.parse() {
        return Cell::Integer(whole);
    }
    match text.parse::<f64>() {
        Ok(real) if text.len() <= 16 => Cell::Real(real),
        _ => Cell::Text(text),
    }
}

/// A timestamp as SQLite's columns store it, with as many fractional digits as the column has.
fn moment(value: &Raw, column: &RawColumn) -> String {
    let digits = usize::from(column.decimals()).min(6);
    let fraction = |micros: u32| match digits {
        0 => String::new(),
        digits => format!(".{}", format!("{micros:06}").get(..digits).unwrap_or_default()),
    };
    match *value {
        Raw::Date(year, month, day, ..) if column.column_type() == ColumnType::MYSQL_TYPE_DATE => {
            format!("{year:04}-{month:02}-{day:02}")
        }
        Raw::Date(year, month, day, hour, minute, second, micros) => {
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{}", fraction(micros))
        }
        Raw::Time(negative, days, hours, minutes, seconds, micros) => {
            let (sign, hours) = (if negative { "-" } else { "" }, days * 24 + u32::from(hours));
            format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{}", fraction(micros))
        }
        _ => String::new(),
    }
}
