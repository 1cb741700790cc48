//! Holds packets that a firewall logs before it decides, until it has.
//!
//! UFW logs a new connection as AUDIT and then, if a rule says so, as ALLOW or BLOCK: one packet, two lines.
//! An accepted packet is not part of a scan, so a line without a verdict waits a moment for one that has it.

use std::collections::VecDeque;

use hashbrown::HashMap;

use super::host::Host;
use crate::netfilter::Time;

/// How late a verdict may come: a packet's two lines are microseconds apart, but some logs have only seconds.
const WAIT: i64 = 2 * Time::SECOND;

/// Maximum packets waiting; under a flood the oldest count as they are.
const MOST: usize = 65_536;

/// What two lines of one packet share: addresses, ports, and protocol or flags.
pub type Identity = (Host, Host, u32, u32);

/// Packets in line order.
#[derive(Debug)]
pub struct Held<T> {
    queue: VecDeque<(i64, Identity, T)>,
    /// How many packets of each identity wait, and how many of those have a verdict.
    known: HashMap<Identity, (u32, u32)>,
}

impl<T> Held<T> {
    pub fn new() -> Self {
        Held { queue: VecDeque::new(), known: HashMap::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Holds a packet without a verdict.
    pub fn push(&mut self, time: i64, identity: Identity, packet: T) {
        self.known.entry(identity).or_insert((0, 0)).0 += 1;
        self.queue.push_back((time, identity, packet));
    }

    /// Takes a line with a verdict: a packet waiting for it is the same one.
    pub fn settle(&mut self, identity: &Identity) {
        if let Some((waiting, settled)) = self.known.get_mut(identity) {
            *settled = (*settled + 1).min(*waiting);
        }
    }

    /// The next packet without a verdict that has waited long enough, or any if `now` is none.
    pub fn next(&mut self, now: Option<i64>) -> Option<T> {
        loop {
            let (time, ..) = self.queue.front()?;
            let is_due = now.is_none_or(|now| now.abs_diff(*time) > WAIT.unsigned_abs());
            if !is_due && self.queue.len() <= MOST {
                return None;
            }
            let (_, identity, packet) = self.queue.pop_front()?;
            let Some((waiting, settled)) = self.known.get_mut(&identity) else {
                return Some(packet);
            };
            let is_settled = *settled > 0;
            *waiting -= 1;
            *settled -= u32::from(is_settled);
            if *waiting == 0 {
                self.known.remove(&identity);
            }
            if !is_settled {
                return Some(packet);
            }
        }
    }
}
