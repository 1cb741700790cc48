//! Which sources to block: those of attacks, or the noisiest, minus those that must never be blocked.
//!
//! An attacker who spoofs source addresses must not cut this host off from its neighbors, users or administrator.
//! Addresses left out are counted by reason.

use std::net::IpAddr;

use crate::filter::Network;
use crate::netfilter::Time;

/// Addresses to block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Blocklist {
    /// The module they come from: `attacks` or `sources`.
    pub module: &'static str,
    /// Distinct, in the module's order.
    pub addresses: Vec<Blocked>,
    /// How many were left out, by reason.
    pub left_out: Vec<(&'static str, u64)>,
}

/// An address to block.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocked {
    /// A single address, never a network.
    pub address: IpAddr,
    /// What it did, in our own words.
    pub what: String,
    /// How many packets that took.
    pub packets: u64,
    /// Time of the last one.
    pub last: Option<Time>,
}

/// Networks that are never blocked, and why.
pub type Spared = Vec<(Network, &'static str)>;

impl Blocklist {
    /// Counts addresses that were left out.
    pub(super) fn leave_out(&mut self, reason: &'static str, count: u64) {
        match self.left_out.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, sum)) => *sum += count,
            None => self.left_out.push((reason, count)),
        }
    }
}
