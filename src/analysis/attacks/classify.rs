//! What a packet can be part of: a quick first classification, with guards against false alarms.

use std::net::IpAddr;

use crate::netfilter::{Packet, TcpFlags};

/// The kernel's name for a protocol, truncated to what distinguishes it.
pub type ProtocolName = [u8; 8];

/// What a packet attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// To open a TCP connection.
    Open,
    /// To reach a UDP port.
    Datagram,
    /// To find a port with flags that open nothing.
    Stealth(Flags),
    /// An echo request.
    Echo,
    /// To get another ICMP reply: a timestamp or address mask request, which nmap's host discovery sends too.
    Ping,
    /// To find a host on the link (RFC 4861, 4.3).
    Solicitation,
    /// To find out whether a host speaks a protocol that not every host does.
    Protocol(ProtocolName),
}

/// The TCP flags of scans that open no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flags {
    /// None at all.
    Null,
    /// FIN alone.
    Fin,
    /// FIN, PSH and URG.
    Xmas,
    /// FIN and ACK.
    Maimon,
    /// ACK alone.
    Ack,
}

/// Source ports of replies (DNS, NTP), whatever the destination port.
const ANSWERS: [u16; 2] = [53, 123];

/// Source ports of replies to a client's port: NetBIOS, QUIC (what a web server sends when its client has gone), IKE,
/// SSDP, STUN, WS-Discovery, IPsec through NAT, mDNS, LLMNR.
const ANSWERS_TO_CLIENTS: [u16; 10] = [137, 161, 443, 500, 1900, 3478, 3702, 4500, 5353, 5355];

/// Source port of an FTP server's data connections (RFC 959, 5.2).
const FTP_DATA: u16 = 20;

/// Client ports begin here.
const CLIENT: u16 = 1024;

/// Linux's ephemeral ports begin here (`ip_local_port_range`), others' at 49152 (RFC 6335).
const EPHEMERAL: u16 = 32_768;

/// Services rarely listen above this; clients and scanners rarely send from below.
const SERVICE: u16 = 10_000;

/// Whether the packet matched the tutorial's `*ATTACK*` rule: a connection over the rate.
pub fn marked(packet: &Packet<'_>) -> bool {
    packet.action == b"ATTACK" && packet.prefix.windows(8).any(|part| part == b"*ATTACK*")
}

/// What the packet attempts; none if it cannot be part of an attack.
pub fn classify(packet: &Packet<'_>) -> Option<Signal> {
    match packet.proto {
        b"TCP" => match packet.tcp_flags {
            Some(flags) if !flags.opens() => stealth(flags, packet),
            None if !marked(packet) => None,
            _ => packet.dst_port.map(|_| Signal::Open),
        },
        b"UDP" => {
            let (from, to) = (packet.src_port?, packet.dst_port?);
            let answer = ANSWERS.contains(&from) || ANSWERS_TO_CLIENTS.contains(&from) && to >= CLIENT;
            (!answer).then_some(Signal::Datagram)
        }
        b"ICMP" => match packet.icmp_type? {
            8 => Some(Signal::Echo),
            13 | 17 => Some(Signal::Ping),
            _ => None,
        },
        b"ICMPv6" => match packet.icmp_type? {
            128 => Some(Signal::Echo),
            135 => Some(Signal::Solicitation),
            _ => None,
        },
        b"UDPLITE" | b"ARP" | b"" => None,
        other => {
            let mut name = ProtocolName::default();
            name.iter_mut().zip(other).for_each(|(to, from)| *to = *from);
            Some(Signal::Protocol(name))
        }
    }
}

fn stealth(flags: TcpFlags, packet: &Packet<'_>) -> Option<Signal> {
    const XMAS: u16 = TcpFlags::FIN | TcpFlags::PSH | TcpFlags::URG;
    const MAIMON: u16 = TcpFlags::FIN | TcpFlags::ACK;
    let kind = match flags.0 & (XMAS | TcpFlags::SYN | TcpFlags::RST | TcpFlags::ACK) {
        0 => Flags::Null,
        TcpFlags::FIN => Flags::Fin,
        XMAS => Flags::Xmas,
        MAIMON => Flags::Maimon,
        TcpFlags::ACK => Flags::Ack,
        _ => return None,
    };
    let (from, to) = (packet.src_port?, packet.dst_port?);
    // Late packets of closed connections.
    let late = may_be_late(kind) && is_late_answer(from, to);
    (!late && !ANSWERS.contains(&from)).then_some(Signal::Stealth(kind))
}

/// Whether it goes from a service to a client's port; game servers listen higher than others.
pub fn is_late_answer(from: u16, to: u16) -> bool {
    from < SERVICE && to >= CLIENT || from < EPHEMERAL && to >= EPHEMERAL
}

/// Whether such packets close connections and arrive after the close.
fn may_be_late(flags: Flags) -> bool {
    matches!(flags, Flags::Fin | Flags::Maimon | Flags::Ack)
}

/// Whether a packet counts toward a slow scan: over a day, replies and late packets to a client's ever-changing ports
/// add up to what looks like one.
pub fn is_certain(signal: Signal, to: u16) -> bool {
    match signal {
        Signal::Datagram => !may_answer(signal, to),
        Signal::Stealth(flags) => !(may_be_late(flags) && to >= EPHEMERAL),
        Signal::Open | Signal::Echo | Signal::Ping | Signal::Solicitation | Signal::Protocol(_) => true,
    }
}

/// Whether it may be a reply: a datagram to a client's port. Neighbors answer discovery (SSDP, Chromecast) from
/// random ports.
pub fn may_answer(signal: Signal, to: u16) -> bool {
    signal == Signal::Datagram && to >= EPHEMERAL
}

/// Whether it opens an FTP server's data connection to its client, on a new port for every file.
pub fn is_ftp_data(from: u16, to: u16) -> bool {
    from == FTP_DATA && to >= CLIENT
}

/// Whether this host sent the packet: it has no inbound interface.
pub fn is_own(packet: &Packet<'_>) -> bool {
    packet.if_in.is_empty()
}

/// Whether the packet is meant for many: multicast, limited broadcast, or any Ethernet broadcast frame (`MAC=` begins
/// with the destination). Solicitations are multicast, yet meant for one host.
pub fn to_many(signal: Signal, packet: &Packet<'_>, target: IpAddr) -> bool {
    let broadcast = match target {
        IpAddr::V4(address) => address.is_broadcast(),
        IpAddr::V6(_) => false,
    };
    (target.is_multicast() && signal != Signal::Solicitation)
        || broadcast
        || packet.mac.starts_with(b"ff:ff:ff:ff:ff:ff")
}
