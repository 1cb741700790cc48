//! Names for addresses: reverse lookups on a pool, with a cache and a deadline.
//!
//! Must not know what the names are for. The cache that outlives the process is a trait here; a
//! store implements it.

mod cache;
mod clean;
mod lookup;
mod pool;
mod self_traffic;

use std::net::IpAddr;

pub use cache::Ages;
pub use lookup::{Lookup, System};
pub use pool::{NameState, Names, Options};
pub use self_traffic::{Cause, Facts, SelfTraffic};

/// What a lookup ended with, as a cache keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownName {
    /// The name; none if the address has none.
    pub name: Option<String>,
    /// When it was learned: seconds since 1970-01-01T00:00:00Z.
    pub at: i64,
}

/// Names kept beyond one run.
pub trait NameCache {
    /// What is known of the address, however old.
    fn get(&mut self, address: IpAddr) -> anyhow::Result<Option<KnownName>>;
    /// Keeps it, over what was known before.
    fn put(&mut self, address: IpAddr, known: &KnownName) -> anyhow::Result<()>;
}
