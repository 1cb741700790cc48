//! Telling whether two logs hold the same packet.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use super::{Packet, Time};

/// Makes fingerprints of packets, which are good within one run of the program only.
#[derive(Clone, Debug, Default)]
pub struct Fingerprints(RandomState);

/// What the same packet has in every log of its host: the second, the host, and what the kernel
/// wrote of it. Equal for two packets that nothing on their lines tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint {
    /// Seconds since 1970-01-01T00:00:00Z; none for a packet without a time.
    pub second: Option<i64>,
    hash: u64,
}

impl Fingerprint {
    /// The same at any time.
    pub fn at_any_time(self) -> Fingerprint {
        Fingerprint { second: None, ..self }
    }
}

impl Fingerprints {
    /// The fingerprint of a packet. Its texts must have been cleaned on both sides, or on neither.
    pub fn of(&self, packet: &Packet<'_>) -> Fingerprint {
        let mut hasher = self.0.build_hasher();
        (packet.host, packet.prefix, packet.proto).hash(&mut hasher);
        (packet.src, packet.dst, packet.src_port, packet.dst_port).hash(&mut hasher);
        (packet.tcp_flags, packet.length, packet.ip_id).hash(&mut hasher);
        Fingerprint { second: packet.time.map(second), hash: hasher.finish() }
    }
}

/// The second that a moment lies in.
pub fn second(time: Time) -> i64 {
    time.0.div_euclid(Time::SECOND)
}
