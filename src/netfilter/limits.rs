//! How long each text of a packet may be, in characters.
//!
//! The columns of a logs table have these widths, and a line with a longer text is rejected when it
//! is read, so that nothing is ever stored cut.

/// A syslog host (a DNS name has at most 253 characters, RFC 1035 section 2.3.4).
pub const HOST: usize = 255;
/// An interface name (the kernel's IFNAMSIZ is 16 with its NUL, `include/uapi/linux/if.h`).
pub const INTERFACE: usize = 15;
/// An action word: at most a whole nftables prefix (NF_LOG_PREFIXLEN is 128 with its NUL,
/// `include/uapi/linux/netfilter/nf_log.h`).
pub const ACTION: usize = 127;
/// The whole log prefix.
pub const PREFIX: usize = 255;
/// The hardware addresses as logged; a usual one of Ethernet has 41 characters.
pub const MAC: usize = 255;
/// A protocol name or number.
pub const PROTO: usize = 16;
