//! Names for addresses: reverse lookups on a pool, with a cache and a deadline.
//!
//! Must not know what the names are for. The cache that outlives the process is a trait here; a
//! store implements it.

mod cache;
mod clean;
mod feedback;
mod lookup;
mod pool;

use std::net::IpAddr;

pub use cache::Ages;
pub use feedback::{Cause, Facts, Feedback};
pub use lookup::{Lookup, System};
pub use pool::{Names, Options, State};

/// What a lookup ended with, as a cache keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The name; none if the address has none.
    pub name: Option<String>,
    /// When it was learned: seconds since 1970-01-01T00:00:00Z.
    pub at: i64,
}

/// Names kept beyond one run.
pub trait NameCache {
    /// What is known of the address, however old.
    fn get(&mut self, address: IpAddr) -> anyhow::Result<Option<Known>>;
    /// Keeps it, over what was known before.
    fn put(&mut self, address: IpAddr, known: &Known) -> anyhow::Result<()>;
}
