//! What runs a user's statements on a place for packets ([`super::queries`] decides which may run).

use std::sync::Arc;

use super::StoreError;
use super::value::Value;
use crate::query::{Answer, Dialect};

/// Stops the statement under way; from any thread, and harmless where none is.
pub type Stopper = Arc<dyn Fn() + Send + Sync>;

/// What is said of a statement with placeholders, for which there is nothing.
pub(super) const PLACEHOLDERS: &str =
    "? placeholders are not supported; write the value itself into the query";

/// Why a statement gave no whole answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It is not admitted, or the database refused it: one line.
    #[error("{0}")]
    Failed(String),
    /// It was stopped.
    #[error("stopped")]
    Stopped,
    /// What came back could not be written.
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
    /// It gave so many rows.
    Rows(u64),
    /// It changed so many rows.
    Changed(u64),
}

/// A user's statement.
pub(super) struct Request<'r> {
    pub sql: &'r str,
    /// For its placeholders.
    pub values: &'r [Value],
    /// Most rows that are wanted.
    pub most: Option<u64>,
}

/// What runs a user's statements.
pub(super) trait QueryBackend: Send {
    /// Whose SQL is spoken.
    fn dialect(&self) -> Dialect;

    /// Runs one statement.
    fn query(&mut self, request: &Request<'_>, answer: &mut dyn Answer) -> Result<Done, QueryError>;

    /// What stops the statement under way.
    fn stopper(&self) -> Stopper;
}
