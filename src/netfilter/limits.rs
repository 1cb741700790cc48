//! Length limits of stored strings, in characters. The reader rejects anything longer, so that every store and
//! direct analysis agree; the stores' columns have this width.

/// Syslog host (RFC 1035 allows 255 octets).
pub const HOST: usize = 255;
/// Interface name: IFNAMSIZ minus its NUL (linux `include/uapi/linux/if.h`).
pub const INTERFACE: usize = 15;
/// Action word: as long as nftables' longest prefix (NF_LOG_PREFIXLEN minus its NUL).
pub const ACTION: usize = 127;
/// Log prefix.
pub const PREFIX: usize = 255;
/// `MAC=` as logged.
pub const MAC: usize = 255;
/// Protocol name or number.
pub const PROTO: usize = 16;
