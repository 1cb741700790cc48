//! Names for addresses: reverse lookups on a thread pool, with a cache and a deadline.
//!
//! Must not know what the names are for, nor where they are kept beyond the process: their keeper supplies what is
//! known ([`Names::remember`]) and collects what was learned.

mod cache;
mod clean;
mod lookup;
mod pool;
mod self_traffic;

pub use cache::Ages;
pub use lookup::{Lookup, System};
pub use pool::{NameState, Names, Options};
pub use self_traffic::{Cause, Facts, SelfTraffic};

/// The result of a lookup, as a cache stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownName {
    /// The name; none if the address has none.
    pub name: Option<String>,
    /// When it was learned: seconds since 1970-01-01T00:00:00Z.
    pub at: i64,
}
