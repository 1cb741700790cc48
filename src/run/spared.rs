//! Hosts that must never be blocked: this one and those it depends on.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

use super::session::Session;
use crate::analysis::blocklist::Spared;
use crate::config::Place;
use crate::dns::SelfTraffic;
use crate::filter::Network;

/// Found from the kernel, the resolver's configuration, the settings and the environment.
pub fn spared(session: &Session<'_, '_>) -> Spared {
    let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let ssh = std::env::var("SSH_CONNECTION").ok();
    let self_traffic = |text: &str| SelfTraffic::new(Some(text), ssh.as_deref());
    // systemd-resolved keeps its upstream servers in a separate file.
    let resolvers =
        ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"].map(|path| self_traffic(&file(path)));
    let known = [
        (own_four(&file("/proc/net/fib_trie")), "of this host's own"),
        (own_six(&file("/proc/net/if_inet6")), "of this host's own"),
        (gateways_four(&file("/proc/net/route")), "of this host's gateways"),
        (gateways_six(&file("/proc/net/ipv6_route")), "of this host's gateways"),
        (
            resolvers.iter().flat_map(|known| known.nameservers().to_vec()).collect(),
            "of this host's name servers",
        ),
        (resolvers[0].session().into_iter().collect(), "at the other end of this SSH session"),
        (database(&session.settings.place), "of the database server"),
    ];
    let networks = known.into_iter().flat_map(|(addresses, reason)| {
        addresses.into_iter().map(move |address| (Network::single(address), reason))
    });
    networks.collect()
}

fn database(place: &Place) -> Vec<IpAddr> {
    match place {
        Place::Server(server) if !server.host.starts_with('/') => {
            let addresses = (server.host.as_str(), server.port.unwrap_or(3306)).to_socket_addrs();
            addresses.map_or_else(|_| Vec::new(), |found| found.map(|address| address.ip()).collect())
        }
        Place::Server(_) | Place::File(_) => Vec::new(),
    }
}

/// The addresses that `fib_trie` (net/ipv4/fib_trie.c) lists as `/32 host LOCAL`, each on the line before.
fn own_four(text: &str) -> Vec<IpAddr> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let locals = lines.windows(2).filter(|pair| pair[1] == "/32 host LOCAL");
    let mut addresses: Vec<IpAddr> =
        locals.filter_map(|pair| Some(IpAddr::V4(pair[0].rsplit(' ').next()?.parse().ok()?))).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// The addresses of `if_inet6` (net/ipv6/addrconf.c): the first 32 hexadecimal digits of each line.
fn own_six(text: &str) -> Vec<IpAddr> {
    text.lines().filter_map(|line| six(line.split_ascii_whitespace().next()?)).collect()
}

/// The gateways of `route` (net/ipv4/fib_trie.c): the third column, the bytes in memory order.
fn gateways_four(text: &str) -> Vec<IpAddr> {
    let gateway = |line: &str| {
        let number = u32::from_str_radix(line.split_ascii_whitespace().nth(2)?, 16).ok()?;
        (number != 0).then(|| IpAddr::V4(Ipv4Addr::from(number.to_ne_bytes())))
    };
    text.lines().skip(1).filter_map(gateway).collect()
}

/// The gateways of `ipv6_route` (net/ipv6/route.c): the fifth column.
fn gateways_six(text: &str) -> Vec<IpAddr> {
    let gateways = text.lines().filter_map(|line| six(line.split_ascii_whitespace().nth(4)?));
    gateways.filter(|address| !address.is_unspecified()).collect()
}

fn six(digits: &str) -> Option<IpAddr> {
    let is_whole = digits.len() == 32;
    is_whole
        .then(|| u128::from_str_radix(digits, 16).ok())
        .flatten()
        .map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(addresses: &[IpAddr]) -> Vec<String> {
        addresses.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn own_addresses_are_those_the_kernel_calls_local() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     +-- 127.0.0.0/8 2 0 2\n           |-- 127.0.0.1\n              /32 host LOCAL\n        |-- 127.255.255.255\n           /32 link BROADCAST\n           |-- 198.51.100.10\n              /32 host LOCAL\nLocal:\n           |-- 198.51.100.10\n              /32 host LOCAL\n";
        assert_eq!(texts(&own_four(trie)), ["127.0.0.1", "198.51.100.10"]);
        let six = "00000000000000000000000000000001 01 80 10 80       lo\n20010db8000000000000000000000010 02 40 00 00     eth0\n";
        assert_eq!(texts(&own_six(six)), ["::1", "2001:db8::10"]);
    }

    #[test]
    fn gateways_are_read_from_both_tables_of_routes() {
        let bytes = u32::from_ne_bytes([198, 51, 100, 1]);
        let route = format!(
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n\
             eth0\t00000000\t{bytes:08X}\t0003\t0\t0\t100\t00000000\n\
             eth0\t006433C6\t00000000\t0001\t0\t0\t100\t00FFFFFF\n"
        );
        assert_eq!(texts(&gateways_four(&route)), ["198.51.100.1"]);
        let none = "0".repeat(32);
        let route = format!(
            "{none} 00 {none} 00 20010db8000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n\
             20010db8000000000000000000000000 40 {none} 00 {none} 00000100 00000001 00000000 00000001     eth0\n"
        );
        assert_eq!(texts(&gateways_six(&route)), ["2001:db8::1"]);
    }

    #[test]
    fn damaged_tables_name_nobody() {
        for text in ["", "x", "eth0\n\neth0 1\n", "/32 host LOCAL\n", "20010db8 01\n", "a b zz d e\n"] {
            let all = [own_four(text), own_six(text), gateways_four(text), gateways_six(text)];
            assert!(all.concat().is_empty(), "{text}");
        }
    }
}
