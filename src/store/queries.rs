//! Queries typed by a user, on a connection of their own.
//!
//! A read-only session is enforced in several ways. The words of each statement are checked
//! ([`query::admit`]). A server prepares one statement at a time and runs it in a read-only transaction, and
//! no file of this machine is sent to it; an SQLite file is opened read-only, under an authorizer.

use super::condition::Condition;
use super::query_backend::{Done, QueryBackend, QueryError, Request, Stopper};
use super::{StoreError, TableName, mysql, sqlite};
use crate::config::Place;
use crate::filter::Filters;
use crate::query::{self, Access, Answer, Dialect, Template};

/// A connection for queries typed by a user.
pub struct QuerySession {
    backend: Box<dyn QueryBackend>,
    access: Access,
}

impl QuerySession {
    /// Opens another connection to a store that was opened before.
    pub fn open(place: &Place, access: Access) -> Result<QuerySession, StoreError> {
        let backend: Box<dyn QueryBackend> = match place {
            Place::Server(server) => Box::new(mysql::Queries::open(server, access)?),
            Place::File(path) => Box::new(sqlite::Queries::open(path, access)?),
        };
        Ok(QuerySession { backend, access })
    }

    /// The SQL dialect.
    pub fn dialect(&self) -> Dialect {
        self.backend.dialect()
    }

    /// Returns what stops a statement.
    pub fn stopper(&self) -> Stopper {
        self.backend.stopper()
    }

    /// Checks that a statement may run in this session; the error says why not, as a clause.
    pub fn admit(&self, statement: &str) -> Result<(), String> {
        match self.access {
            Access::ReadOnly => query::admit(self.dialect(), statement),
            Access::Write => Ok(()),
        }
    }

    /// Runs one statement.
    pub fn run(&mut self, statement: &str, answer: &mut dyn Answer) -> Result<Done, QueryError> {
        self.admit(statement).map_err(QueryError::Failed)?;
        self.backend.query(&Request { sql: statement, values: &[], most: None }, answer)
    }

    /// Runs the statement of a user-defined module: `{packets}` in it stands for the table's rows that pass
    /// the filters. Returns at most `most` rows.
    pub fn run_module(
        &mut self,
        text: &str,
        table: &TableName,
        filters: &Filters,
        most: usize,
        answer: &mut dyn Answer,
    ) -> Result<Done, QueryError> {
        self.admit(text).map_err(QueryError::Failed)?;
        let condition = Condition::of(self.dialect(), filters);
        let packets = match filters.any() {
            true => format!("(SELECT * FROM `{table}` WHERE {})", condition.sql),
            false => format!("`{table}`"),
        };
        let Template { sql, times } = Template::fill(self.dialect(), text, &packets);
        let values = match filters.any() {
            true => std::iter::repeat_n(condition.values, times).flatten().collect(),
            false => Vec::new(),
        };
        self.backend.query(&Request { sql: &sql, values: &values, most: Some(most as u64) }, answer)
    }
}
