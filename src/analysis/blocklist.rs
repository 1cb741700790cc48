//! Who may be blocked: the sources of attacks, or the noisiest, without those that must not be.
//!
//! An attacker who forges source addresses must not be able to cut this host off from its neighbors, its users
//! or its administrator. The addresses that are left out are counted by reason.

use std::net::IpAddr;

use crate::filter::Network;
use crate::netfilter::Time;

/// Addresses to block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Blocklist {
    /// Whose they are: `attacks` or `sources`.
    pub module: &'static str,
    /// Each once, in the order of the module.
    pub addresses: Vec<Blocked>,
    /// How many were left out, and why.
    pub left_out: Vec<(&'static str, u64)>,
}

/// An address to block.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocked {
    /// A single one, never a network.
    pub address: IpAddr,
    /// What it did, in words of ours.
    pub what: String,
    /// How many packets that were.
    pub packets: u64,
    /// When the last of them came.
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
