//! Which SYN packets open a new connection and which are retransmissions.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::host::Host;
use crate::netfilter::Time;

/// A SYN with the same addresses and ports within this time opens no second connection.
const REPEAT: i64 = 120 * Time::SECOND;

/// A client retransmits a SYN at most this often in that time (Linux `tcp_syn_retries` is 6, and
/// `tcp_syn_linear_timeouts` adds 4). Anything more frequent is a tool with a fixed port.
const RETRIES: u8 = 10;

/// Connections kept per half.
const HALF: usize = 1 << 17;

/// What a SYN is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syn {
    /// It opens a connection.
    New,
    /// It retransmits one.
    Repeat,
    /// Its addresses and ports came more often than any client retransmits.
    Forced,
}

/// Both addresses, both ports.
pub type Tuple = (Host, Host, u32);

/// The connections of the last minutes, in two halves: the older is dropped when the younger is full or two minutes
/// old.
#[derive(Debug)]
pub struct Connections {
    young: HashMap<Tuple, (i64, u8)>,
    old: HashMap<Tuple, (i64, u8)>,
    since: i64,
    /// A half was dropped early.
    pub capped: bool,
}

impl Connections {
    pub fn new() -> Self {
        Connections { young: HashMap::new(), old: HashMap::new(), since: i64::MIN, capped: false }
    }

    pub fn syn(&mut self, tuple: Tuple, time: i64) -> Syn {
        let aged = time.abs_diff(self.since) >= REPEAT.unsigned_abs();
        if aged || self.young.len() >= HALF {
            self.capped |= !aged;
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
            self.since = time;
        }
        let recent = |first: i64| time.abs_diff(first) < REPEAT.unsigned_abs();
        let count = |times: &mut u8| {
            *times = times.saturating_add(1);
            if *times > RETRIES { Syn::Forced } else { Syn::Repeat }
        };
        match self.young.entry(tuple) {
            Entry::Occupied(mut entry) => {
                let (first, times) = entry.get_mut();
                if recent(*first) {
                    return count(times);
                }
                (*first, *times) = (time, 0);
                Syn::New
            }
            Entry::Vacant(entry) => {
                if let Some((first, times)) = self.old.get_mut(&tuple)
                    && recent(*first)
                {
                    return count(times);
                }
                entry.insert((time, 0));
                Syn::New
            }
        }
    }
}
