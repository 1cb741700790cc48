//! Packets caused by showing packets (the manual's 2.8, "Logging loops caution"): name lookups, and the SSH session
//! in which the lines are read.

use std::net::IpAddr;

/// Why a packet is of our own making.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A name lookup, or its answer.
    Dns,
    /// The SSH session that shows the lines.
    Ssh,
}

/// The packet fields needed to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Source address.
    pub src: Option<IpAddr>,
    /// Destination address.
    pub dst: Option<IpAddr>,
    /// Source port.
    pub src_port: Option<u16>,
    /// Destination port.
    pub dst_port: Option<u16>,
    /// `TCP`, `UDP`, ...
    pub proto: &'a [u8],
    /// Whether an input interface was logged.
    pub came_in: bool,
    /// Whether an output interface was logged.
    pub goes_out: bool,
}

/// Domain (RFC 1035).
const DNS: u16 = 53;

/// DNS over TLS (RFC 7858) and over QUIC (RFC 9250).
const DNS_ENCRYPTED: u16 = 853;

/// Recognizes packets of our own making.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelfTraffic {
    nameservers: Vec<IpAddr>,
    /// A name server on this host answers first and queries them for us.
    stub: bool,
    ssh: Option<QuerySession>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct QuerySession {
    client: (IpAddr, u16),
    server: (IpAddr, u16),
}

impl SelfTraffic {
    /// From the text of resolv.conf(5), none if no names are looked up, and the value of `SSH_CONNECTION` (ssh(1):
    /// client address, client port, server address, server port).
    pub fn new(resolv_conf: Option<&str>, ssh_connection: Option<&str>) -> SelfTraffic {
        let mut nameservers: Vec<IpAddr> =
            resolv_conf.unwrap_or_default().lines().filter_map(nameserver).collect();
        if resolv_conf.is_some() && nameservers.is_empty() {
            // resolv.conf(5): without an entry, the name server on the local machine.
            nameservers.push(IpAddr::from([127, 0, 0, 1]));
        }
        let stub = nameservers.iter().any(IpAddr::is_loopback);
        SelfTraffic { nameservers, stub, ssh: ssh_connection.and_then(session) }
    }

    /// The name servers.
    pub fn nameservers(&self) -> &[IpAddr] {
        &self.nameservers
    }

    /// Where the SSH session comes from, if there is one.
    pub fn session(&self) -> Option<IpAddr> {
        self.ssh.map(|session| session.client.0)
    }

    /// Why the packet is of our own making; none if it is not.
    pub fn cause(&self, packet: &Facts) -> Option<Cause> {
        let end = |address: Option<IpAddr>, port: Option<u16>| Some((address?.to_canonical(), port?));
        let from = end(packet.src, packet.src_port)?;
        let to = end(packet.dst, packet.dst_port)?;
        match packet.proto {
            b"TCP" if self.is_session(from, to) => Some(Cause::Ssh),
            b"TCP" | b"UDP" if self.is_question(from, to, packet) => Some(Cause::Dns),
            _ => None,
        }
    }

    fn is_session(&self, from: (IpAddr, u16), to: (IpAddr, u16)) -> bool {
        self.ssh.is_some_and(|QuerySession { client, server }| {
            (from, to) == (client, server) || (from, to) == (server, client)
        })
    }

    fn is_question(&self, from: (IpAddr, u16), to: (IpAddr, u16), packet: &Facts) -> bool {
        let nameserver = |(address, port)| port == DNS && self.nameservers.contains(&address);
        // Which servers a stub queries is its own affair, so any server counts; answers are left alone, because
        // anybody can send a packet from port 53.
        let leaves = packet.goes_out && !packet.came_in;
        let by_stub = self.stub && leaves && matches!(to.1, DNS | DNS_ENCRYPTED);
        nameserver(from) || nameserver(to) || by_stub
    }
}

fn nameserver(line: &str) -> Option<IpAddr> {
    let mut words = line.split_ascii_whitespace();
    (words.next() == Some("nameserver")).then(|| words.next().and_then(address))?
}

fn session(text: &str) -> Option<QuerySession> {
    let mut words = text.split_ascii_whitespace();
    let mut end = || Some((address(words.next()?)?, words.next()?.parse().ok()?));
    Some(QuerySession { client: end()?, server: end()? })
}

/// An address, possibly with the interface of a link-local one (`fe80::1%eth0`).
fn address(word: &str) -> Option<IpAddr> {
    let plain = word.split('%').next().unwrap_or(word);
    plain.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet<'a>(proto: &'a str, from: (&str, u16), to: (&str, u16)) -> Facts<'a> {
        Facts {
            src: from.0.parse().ok(),
            dst: to.0.parse().ok(),
            src_port: Some(from.1),
            dst_port: Some(to.1),
            proto: proto.as_bytes(),
            came_in: false,
            goes_out: true,
        }
    }

    const RESOLV: &str =
        "# made by hand\nsearch example.com\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\n";

    #[test]
    fn questions_to_a_nameserver_and_their_answers_are_ours() {
        let self_traffic = SelfTraffic::new(Some(RESOLV), None);
        let question = packet("UDP", ("198.51.100.7", 40000), ("192.0.2.53", 53));
        let answer = packet("UDP", ("192.0.2.53", 53), ("198.51.100.7", 40000));
        let by_tcp = packet("TCP", ("fe80::2", 40000), ("fe80::1", 53));
        assert_eq!(self_traffic.cause(&question), Some(Cause::Dns));
        assert_eq!(self_traffic.cause(&answer), Some(Cause::Dns));
        assert_eq!(self_traffic.cause(&by_tcp), Some(Cause::Dns));
    }

    #[test]
    fn other_servers_ports_and_protocols_are_not_ours() {
        let self_traffic = SelfTraffic::new(Some(RESOLV), None);
        for other in [
            packet("UDP", ("198.51.100.7", 40000), ("203.0.113.53", 53)),
            packet("UDP", ("198.51.100.7", 40000), ("192.0.2.53", 123)),
            packet("UDP", ("192.0.2.53", 40000), ("198.51.100.7", 53)),
            packet("SCTP", ("198.51.100.7", 40000), ("192.0.2.53", 53)),
        ] {
            assert_eq!(self_traffic.cause(&other), None, "{other:?}");
        }
    }

    #[test]
    fn without_names_dns_is_a_packet_like_any_other() {
        let self_traffic = SelfTraffic::new(None, None);
        assert_eq!(self_traffic.cause(&packet("UDP", ("198.51.100.7", 4000), ("192.0.2.53", 53))), None);
    }

    #[test]
    fn behind_a_stub_what_leaves_this_host_for_a_server_is_ours_and_what_passes_is_not() {
        let self_traffic = SelfTraffic::new(Some("nameserver 127.0.0.53\n"), None);
        for port in [53, 853] {
            let leaving = packet("TCP", ("198.51.100.7", 40000), ("203.0.113.53", port));
            assert_eq!(self_traffic.cause(&leaving), Some(Cause::Dns));
            let forwarded = Facts { came_in: true, ..leaving };
            assert_eq!(self_traffic.cause(&forwarded), None);
            let arriving = Facts { came_in: true, goes_out: false, ..leaving };
            assert_eq!(self_traffic.cause(&arriving), None);
        }
        let to_stub = packet("UDP", ("127.0.0.1", 40000), ("127.0.0.53", 53));
        assert_eq!(self_traffic.cause(&to_stub), Some(Cause::Dns));
    }

    #[test]
    fn a_resolv_conf_without_servers_means_this_host() {
        let self_traffic = SelfTraffic::new(Some("search example.com\nnameserver nonsense\n"), None);
        let leaving = packet("UDP", ("198.51.100.7", 40000), ("203.0.113.53", 53));
        assert_eq!(self_traffic.cause(&leaving), Some(Cause::Dns));
    }

    #[test]
    fn both_directions_of_the_ssh_session_are_ours_and_no_other_session() {
        let self_traffic = SelfTraffic::new(None, Some("203.0.113.9 51000 198.51.100.7 22"));
        let there = packet("TCP", ("203.0.113.9", 51000), ("198.51.100.7", 22));
        let back = packet("TCP", ("198.51.100.7", 22), ("203.0.113.9", 51000));
        let other = packet("TCP", ("203.0.113.9", 51001), ("198.51.100.7", 22));
        assert_eq!(self_traffic.cause(&there), Some(Cause::Ssh));
        assert_eq!(self_traffic.cause(&back), Some(Cause::Ssh));
        assert_eq!(self_traffic.cause(&other), None);
    }

    #[test]
    fn an_ssh_connection_that_says_nothing_is_none() {
        for text in ["", "203.0.113.9", "203.0.113.9 x 198.51.100.7 22", "a b c d"] {
            assert_eq!(SelfTraffic::new(None, Some(text)), SelfTraffic::default(), "{text}");
        }
        let mapped = SelfTraffic::new(None, Some("::ffff:203.0.113.9 51000 ::ffff:198.51.100.7 22"));
        let there = packet("TCP", ("203.0.113.9", 51000), ("198.51.100.7", 22));
        assert_eq!(mapped.cause(&there), Some(Cause::Ssh));
    }

    #[test]
    fn a_packet_without_ports_is_not_ours() {
        let self_traffic = SelfTraffic::new(Some(RESOLV), Some("203.0.113.9 51000 198.51.100.7 22"));
        let fragment =
            Facts { src_port: None, dst_port: None, ..packet("UDP", ("198.51.100.7", 0), ("192.0.2.53", 0)) };
        assert_eq!(self_traffic.cause(&fragment), None);
    }
}
