//! What a packet can be part of: the first, quick look, with the guards against false alarms.

use std::net::IpAddr;

use crate::netfilter::{Packet, TcpFlags};

/// What a packet tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// To open a TCP connection.
    Open,
    /// To reach a UDP port.
    Datagram,
    /// To find a port by flags that open nothing.
    Stealth(Flags),
    /// To be answered by ICMP.
    Echo,
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
    /// ACK alone.
    Ack,
}

/// Answers come from these ports (DNS, NTP), whatever port they go to.
const ANSWERS: [u16; 2] = [53, 123];

/// QUIC: what a web server sends when its client has gone.
const QUIC: u16 = 443;

/// Clients' own ports begin here.
const CLIENT: u16 = 1024;

/// Services rarely listen above this; clients and scanners rarely send from below.
const SERVICE: u16 = 10_000;

/// Whether the packet went through the tutorial's `*ATTACK*` rule: a connection over the rate.
pub fn marked(packet: &Packet<'_>) -> bool {
    packet.action == b"ATTACK" && packet.prefix.windows(8).any(|part| part == b"*ATTACK*")
}

/// What the packet tries; none for what no attack is made of. What was accepted counts only if it
/// opens a connection.
pub fn classify(packet: &Packet<'_>, accepted: bool) -> Option<Signal> {
    match packet.proto {
        b"TCP" => match packet.tcp_flags {
            Some(flags) if flags.opens() => Some(Signal::Open),
            Some(flags) if !accepted => stealth(flags, packet),
            None if marked(packet) => Some(Signal::Open),
            _ => None,
        },
        b"UDP" if !accepted => {
            let (from, to) = (packet.src_port?, packet.dst_port?);
            let answer = ANSWERS.contains(&from) || from == QUIC && to >= CLIENT;
            (!answer).then_some(Signal::Datagram)
        }
        b"ICMP" if !accepted => (packet.icmp_type == Some(8)).then_some(Signal::Echo),
        b"ICMPv6" if !accepted => (packet.icmp_type == Some(128)).then_some(Signal::Echo),
        _ => None,
    }
}

fn stealth(flags: TcpFlags, packet: &Packet<'_>) -> Option<Signal> {
    const XMAS: u16 = TcpFlags::FIN | TcpFlags::PSH | TcpFlags::URG;
    let kind = match flags.0 & (XMAS | TcpFlags::SYN | TcpFlags::RST | TcpFlags::ACK) {
        0 => Flags::Null,
        TcpFlags::FIN => Flags::Fin,
        XMAS => Flags::Xmas,
        TcpFlags::ACK => Flags::Ack,
        _ => return None,
    };
    let (from, to) = (packet.src_port?, packet.dst_port?);
    // Late packets of finished connections: a server to the port of its client.
    let late = matches!(kind, Flags::Fin | Flags::Ack) && from < SERVICE && to >= CLIENT;
    (!late && !ANSWERS.contains(&from)).then_some(Signal::Stealth(kind))
}

/// Whether the packet is meant for many: multicast, the limited broadcast, or any frame that
/// Ethernet carries to everybody (`MAC=` begins with the destination).
pub fn to_many(packet: &Packet<'_>, target: IpAddr) -> bool {
    let broadcast = match target {
        IpAddr::V4(address) => address.is_broadcast(),
        IpAddr::V6(_) => false,
    };
    target.is_multicast() || broadcast || packet.mac.starts_with(b"ff:ff:ff:ff:ff:ff")
}
