//! Where an address is, as far as known.

use std::fmt::Debug;
use std::net::IpAddr;

/// What is known about an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Its country.
    pub country: Option<Country>,
    /// The network that routes it.
    pub system: Option<System>,
}

/// A country.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country {
    /// ISO 3166: two capital letters.
    pub code: String,
    /// Its English name, if known.
    pub name: Option<String>,
}

/// An autonomous system (RFC 1930).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// Its number.
    pub number: u32,
    /// Its operator; may be empty.
    pub name: String,
}

impl System {
    /// `AS64496 Example Net`.
    pub fn words(&self) -> String {
        format!("AS{} {}", self.number, self.name).trim_end().to_owned()
    }
}

/// Looks up where addresses are.
pub trait Origins: Debug + Send + Sync {
    /// Where this address is.
    fn of(&self, address: IpAddr) -> Origin;
    /// Whether it knows countries.
    fn knows_countries(&self) -> bool;
    /// Whether it knows autonomous systems.
    fn knows_systems(&self) -> bool;
}
