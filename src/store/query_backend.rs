//! Running a user's statements on a store ([`super::queries`] decides which may run).

use std::sync::Arc;

use super::StoreError;
use super::value::Value;
use crate::query::{Answer, Dialect};

/// Stops the running statement; callable from any thread, and harmless if there is none.
pub type Stopper = Arc<dyn Fn() + Send + Sync>;

/// The error for a statement with placeholders, which have no values.
pub(super) const PLACEHOLDERS: &str =
    "? placeholders are not supported; write the value itself into the query";

/// Why a statement gave no complete answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It is not admitted, or the database rejected it: one line.
    #[error("{0}")]
    Failed(String),
    /// It was stopped.
    #[error("stopped")]
    Stopped,
    /// The result could not be written.
    #[error(transparent)]
    Unwritten(#[from] std::io::Error),
}

impl From<StoreError> for QueryError {
    fn from(error: StoreError) -> QueryError {
        QueryError::Failed(error.to_string())
    }
}

/// What a statement did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It returned this many rows.
    Rows(u64),
    /// It changed this many rows.
    Changed(u64),
}

/// A user's statement.
pub(super) struct Request<'r> {
    pub sql: &'r str,
    /// Values for its placeholders.
    pub values: &'r [Value],
    /// Most rows wanted.
    pub most: Option<u64>,
}

/// Runs a user's statements.
pub(super) trait QueryBackend: Send {
    /// The SQL dialect.
    fn dialect(&self) -> Dialect;

    /// Runs one statement.
    fn query(&mut self, request: &Request<'_>, answer: &mut dyn Answer) -> Result<Done, QueryError>;

    /// Returns what stops the running statement.
    fn stopper(&self) -> Stopper;
}
