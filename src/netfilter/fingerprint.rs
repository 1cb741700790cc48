//! Detects whether two logs hold the same packet.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use super::{Packet, Time};

/// Makes packet fingerprints, valid only within one run of the program.
#[derive(Clone, Debug, Default)]
pub struct Fingerprints(RandomState);

/// What identifies a packet in every log of its host: the second, the host, and what the kernel wrote about it.
/// Equal for two packets that their lines do not distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint {
    /// Seconds since 1970-01-01T00:00:00Z; none for a packet without a time.
    pub second: Option<i64>,
    hash: u64,
}

impl Fingerprint {
    /// The same without the time.
    pub fn at_any_time(self) -> Fingerprint {
        Fingerprint { second: None, ..self }
    }
}

impl Fingerprints {
    /// The fingerprint of a packet. Its strings must be cleaned on both sides, or on neither.
    pub fn of(&self, packet: &Packet<'_>) -> Fingerprint {
        let mut hasher = self.0.build_hasher();
        (packet.host, packet.prefix, packet.proto).hash(&mut hasher);
        (packet.src, packet.dst, packet.src_port, packet.dst_port).hash(&mut hasher);
        (packet.tcp_flags, packet.length, packet.ip_id).hash(&mut hasher);
        Fingerprint { second: packet.time.map(second), hash: hasher.finish() }
    }
}

/// Whether a log that ended has no packet in common with one that began later. Whole seconds are too coarse to tell.
pub fn apart(ended: Time, began: Time) -> bool {
    let is_precise = |time: Time| time.0 % Time::SECOND != 0;
    ended < began && is_precise(ended) && is_precise(began)
}

/// The second that contains a moment.
pub fn second(time: Time) -> i64 {
    time.0.div_euclid(Time::SECOND)
}
