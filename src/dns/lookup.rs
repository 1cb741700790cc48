//! Looks up one name, through the system or a stand-in.

use std::net::{IpAddr, SocketAddr};

use dns_lookup::{LookupError, LookupErrorKind, getnameinfo};

use super::clean::clean_name;

/// The result of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A name, as it came from the network.
    Name(String),
    /// The address has no name; asking again soon is pointless.
    NoName,
    /// No server answered, or one failed to. Says nothing about the address.
    TryAgain,
}

/// Where names come from.
pub trait Lookup: Send + Sync {
    /// The name of an address. May block for as long as it likes.
    fn name(&self, address: IpAddr) -> Answer;
}

/// The system's resolver: /etc/hosts, DNS and whatever else nsswitch.conf names.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Lookup for System {
    fn name(&self, address: IpAddr) -> Answer {
        // `lookup_addr` of the same crate calls res_init() on every failure, even "no such name".
        let flags = libc::NI_NAMEREQD | libc::NI_NUMERICSERV;
        match getnameinfo(&SocketAddr::new(address, 0), flags) {
            Ok((name, _)) => Answer::Name(name),
            Err(error) => from_error(&error),
        }
    }
}

/// glibc returns EAI_AGAIN for a timeout, a refused connection and SERVFAIL, EAI_SYSTEM when it runs out of
/// descriptors or memory, and EAI_NONAME for a nonexistent name (nscd and the DNS module alike). EAI_OVERFLOW (a name
/// over 1024 bytes) and a name that is not UTF-8 arrive as `IO`: no displayable name.
fn from_error(error: &LookupError) -> Answer {
    match error.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData | LookupErrorKind::IO => Answer::NoName,
        _ => Answer::TryAgain,
    }
}

/// Whether looking up the address makes sense: loopback, multicast, broadcast and unspecified addresses have no owner
/// who could have named them.
pub fn may_be_asked(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    !(address.is_loopback() || address.is_multicast() || address.is_unspecified() || broadcast)
}

/// The answer with its name made safe to display.
pub(super) fn cleaned(answer: Answer) -> Answer {
    match answer {
        Answer::Name(name) => clean_name(name.as_bytes()).map_or(Answer::NoName, Answer::Name),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_that_nobody_owns_are_not_asked_for() {
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "::ffff:127.0.0.1",
            "224.0.0.251",
            "ff02::fb",
            "255.255.255.255",
            "0.0.0.0",
            "::",
        ] {
            assert!(!may_be_asked(address(text)), "{text}");
        }
        for text in ["192.0.2.1", "10.0.0.1", "2001:db8::1", "fe80::1"] {
            assert!(may_be_asked(address(text)), "{text}");
        }
    }

    #[test]
    fn a_server_that_does_not_answer_is_not_a_missing_name() {
        assert_eq!(from_error(&LookupError::new(libc::EAI_AGAIN)), Answer::TryAgain);
        assert_eq!(from_error(&LookupError::new(libc::EAI_FAIL)), Answer::TryAgain);
        assert_eq!(from_error(&LookupError::new(libc::EAI_NONAME)), Answer::NoName);
        assert_eq!(from_error(&LookupError::new(libc::EAI_NODATA)), Answer::NoName);
        assert_eq!(from_error(&LookupError::new(libc::EAI_OVERFLOW)), Answer::NoName);
    }

    #[test]
    fn the_system_knows_the_loopback_address() {
        // /etc/hosts names it, and no server is asked; a hand-made root may lack the file.
        let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
        let is_named = hosts.lines().any(|line| line.split_whitespace().next() == Some("127.0.0.1"));
        assert_eq!(matches!(System.name(address("127.0.0.1")), Answer::Name(_)), is_named);
    }
}
