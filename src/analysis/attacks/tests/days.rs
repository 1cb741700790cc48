//! Twelve ordinary days: what a quiet network logs is no attack.
//!
//! Like a firewall that logs a packet before it decides (UFW's AUDIT), these log it twice.

use super::*;

const DAY: u32 = 86_400;

fn audit(packet: Packet<'static>) -> Packet<'static> {
    Packet { prefix: b"[UFW AUDIT] ", action: b"AUDIT", verdict: Verdict::Other, ..packet }
}

fn allowed(packet: Packet<'static>) -> Packet<'static> {
    Packet { prefix: b"[UFW ALLOW] ", action: b"ALLOW", verdict: Verdict::Accept, ..packet }
}

/// One packet as UFW logs it: audited, then allowed.
fn twice(packet: Packet<'static>) -> [Packet<'static>; 2] {
    [audit(packet), allowed(packet)]
}

/// Sent by the firewall's own host.
fn own(packet: Packet<'static>) -> Packet<'static> {
    Packet { if_in: b"", if_out: b"eth0", src: ip(SERVER), ..packet }
}

fn from(source: &str, packet: Packet<'static>) -> Packet<'static> {
    Packet { src: ip(source), ..packet }
}

fn to(target: &str, packet: Packet<'static>) -> Packet<'static> {
    Packet { dst: ip(target), ..packet }
}

/// A client's port, a different one each time.
fn client(n: u32) -> u16 {
    (32_768 + n * 7919 % 28_232) as u16
}

fn icmp(seconds: f64, kind: u8, proto: &'static [u8]) -> Packet<'static> {
    Packet { proto, icmp_type: Some(kind), icmp_code: Some(0), ..packet(seconds) }
}

/// Expects no finding and no alert, with exact times and with times truncated to seconds.
fn nothing(packets: Vec<Packet<'static>>) {
    assert!(packets.len() > 100);
    let packets = merged(packets);
    let cut = |time: Time| Time(time.0 - time.0 % Time::SECOND);
    for whole_seconds in [false, true] {
        let mut detector = detector();
        for packet in &packets {
            let time = packet.time.map(|time| if whole_seconds { cut(time) } else { time });
            assert_eq!(detector.packet(&Packet { time, ..*packet }), None);
        }
        assert_eq!(detector.finish().findings, []);
    }
}

#[test]
fn ntp() {
    let answers = (0..DAY).step_by(16).flat_map(|n| {
        let server = ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"][(n / 16 % 4) as usize];
        let at = f64::from(n);
        [from(server, udp(at, 123, 123)), from(server, udp(at + 0.1, 123, client(n)))]
    });
    nothing(answers.collect());
}

#[test]
fn dns_answers() {
    let answers = (0..DAY).step_by(5).flat_map(|n| {
        let at = f64::from(n);
        let resolver = if n % 2 == 0 { "203.0.113.53" } else { "2001:db8:53::53" };
        [from(resolver, udp(at, 53, client(n))), from(resolver, tcp(at + 0.2, 53, client(n), TcpFlags::ACK))]
    });
    nothing(answers.collect());
}

#[test]
fn ssdp_answers_from_random_ports() {
    let mut packets = Vec::new();
    for n in (0..DAY).step_by(120) {
        let at = f64::from(n);
        packets.push(to("239.255.255.250", own(udp(at, client(n), 1900))));
        for (k, neighbor) in ["192.0.2.20", "192.0.2.21", "192.168.1.30"].iter().enumerate() {
            for again in 0..4u32 {
                let answer =
                    udp(at + 0.1 + f64::from(again) / 4.0, 30_000 + client(n + k as u32) % 30_000, client(n));
                packets.push(to("192.0.2.10", from(neighbor, answer)));
            }
        }
        packets.push(from("192.0.2.22", udp(at + 0.3, 1900, client(n))));
    }
    nothing(packets);
}

#[test]
fn mdns() {
    let packets = (0..DAY).step_by(10).flat_map(|n| {
        let at = f64::from(n);
        [
            to("224.0.0.251", from("192.0.2.20", udp(at, 5353, 5353))),
            to("ff02::fb", from("fe80::20", udp(at, 5353, 5353))),
            from("192.0.2.21", udp(at + 0.1, 5353, client(n))),
            to("224.0.0.252", from("192.0.2.22", udp(at, client(n), 5355))),
        ]
    });
    nothing(packets.collect());
}

#[test]
fn dhcp() {
    let packets = (0..DAY).step_by(60).flat_map(|n| {
        let at = f64::from(n);
        [
            to("255.255.255.255", from("0.0.0.0", udp(at, 68, 67))),
            to(
                "192.0.2.255",
                Packet { mac: b"ff:ff:ff:ff:ff:ff:02:00:5e:00:53:02:08:00", ..udp(at, 67, 68) },
            ),
            from("192.0.2.1", udp(at, 67, 68)),
            to("ff02::1:2", from("fe80::20", udp(at, 546, 547))),
            from("fe80::1", udp(at, 547, 546)),
        ]
    });
    nothing(packets.collect());
}

#[test]
fn ipsec() {
    let peers = ["203.0.113.1", "203.0.113.2", "2001:db8:9::1"];
    let packets = (0..DAY).step_by(10).flat_map(|n| {
        let peer = peers[(n / 10 % 3) as usize];
        let at = f64::from(n);
        let esp = Packet { proto: b"ESP", ..packet(at) };
        [
            esp,
            Packet { proto: b"AH", ..packet(at) },
            udp(at, 500, 500),
            udp(at, 4500, 4500),
            udp(at, 4500, client(n)),
        ]
        .map(|packet| from(peer, packet))
    });
    nothing(packets.collect());
}

#[test]
fn a_game_server_and_its_players() {
    let mut packets = Vec::new();
    for n in 0..DAY / 4 {
        let at = f64::from(n) * 4.0;
        // Players who return after the server has forgotten them; servers that ours has queried.
        let player = elsewhere(n % 300);
        packets.push(Packet { src: player, ..udp(at, client(n), 27_015) });
        packets.push(Packet { src: player, ..syn(at, client(n), 25_565) });
        packets.push(from("203.0.113.27", udp(at, 27_015, client(n))));
    }
    nothing(packets);
}

#[test]
fn a_torrent_client() {
    let mut packets = Vec::new();
    for n in 0..DAY / 2 {
        let at = f64::from(n) * 2.0;
        let peer = elsewhere(n % 2000);
        // Peers look for it after it has quit; late packets of closed connections; its own connections.
        packets.push(Packet { src: peer, ..udp(at, 6881, 51_413) });
        packets.push(Packet { src: peer, ..syn(at, client(n), 51_413) });
        packets.push(Packet { src: peer, ..tcp(at, 51_413, client(n), TcpFlags::ACK | TcpFlags::FIN) });
        packets.push(Packet { src: peer, ..tcp(at, 51_413, client(n), TcpFlags::ACK) });
        packets.extend(twice(Packet { dst: peer, ..own(syn(at, client(n), 6881 + (n % 3000) as u16)) }));
    }
    nothing(packets);
}

#[test]
fn a_backup() {
    let mut packets = Vec::new();
    for n in 0..DAY / 60 {
        let at = f64::from(n) * 60.0;
        // Hourly over SSH, files over active FTP, and a check of each host on the network.
        if n % 60 == 0 {
            for k in 0..4 {
                packets.extend(twice(from("192.0.2.40", syn(at + f64::from(k), 40_000 + k as u16, 22))));
            }
        }
        for k in 0..30 {
            packets.push(from("192.0.2.41", syn(at + f64::from(k), 20, client(n * 30 + k))));
        }
        packets.extend(twice(own(to(&format!("192.0.2.{}", n % 250 + 1), syn(at, client(n), 873)))));
    }
    nothing(packets);
}

#[test]
fn monitoring() {
    let mut packets = Vec::new();
    for n in 0..DAY / 300 {
        let at = f64::from(n) * 300.0;
        let services = [
            21, 22, 25, 53, 80, 110, 143, 443, 465, 587, 993, 995, 3306, 5432, 5666, 6379, 8080, 8443, 9100,
            9200,
        ];
        for (k, port) in services.into_iter().enumerate() {
            // Twenty services, each allowed: as UFW logs them, and as iptables does.
            let look = syn(at + k as f64, 30_000 + (n * 20) as u16 % 30_000 + k as u16, port);
            packets.extend(twice(from("192.0.2.200", look)));
            packets.push(accepted(from("192.0.2.201", look)));
        }
        packets.push(from("192.0.2.200", ping(at)));
        packets.push(from("192.0.2.200", icmp(at, 13, b"ICMP")));
        packets.push(from("192.0.2.200", udp(at, client(n), 161)));
    }
    nothing(packets);
}

#[test]
fn what_the_host_sends_itself() {
    let mut packets = Vec::new();
    for n in 0..DAY / 2 {
        let at = f64::from(n) * 2.0;
        let target = format!("192.0.2.{}", n % 254 + 1);
        // To ever-changing ports of one neighbor, to one port of all of them, to name servers.
        packets.extend(twice(to("192.0.2.77", own(syn(at, client(n), 1024 + (n % 60_000) as u16)))));
        packets.extend(twice(to(&target, own(syn(at, client(n), 443)))));
        packets.extend(twice(to(&target, own(udp(at, client(n), 53)))));
        packets.extend(twice(to(&target, own(ping(at)))));
        // UFW's rate limit sometimes logs only one of the two lines.
        packets.push(audit(to("192.0.2.78", own(syn(at, client(n), 1024 + (n % 60_000) as u16)))));
    }
    nothing(packets);
}

#[test]
fn a_mail_server_with_greylisting() {
    let mut packets = Vec::new();
    for n in 0..DAY / 5 {
        let at = f64::from(n) * 5.0;
        // A sender retries from another host of its network after one, five and fifteen minutes.
        let network = n % 400;
        for (k, later) in [0.0, 60.0, 300.0, 900.0].into_iter().enumerate() {
            let source = elsewhere(network).map(|address| match address {
                IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() + k as u128).into()),
                v4 => v4,
            });
            let attempt = Packet { src: source, ..syn(at + later, client(n * 4 + k as u32), 25) };
            packets.extend(twice(attempt));
        }
        packets.extend(twice(own(Packet { dst: elsewhere(network), ..syn(at, client(n), 25) })));
    }
    nothing(packets);
}

#[test]
fn a_packet_that_was_looked_at_and_then_denied_is_one() {
    let packets: Vec<_> = (1..=40)
        .flat_map(|port| {
            let packet = syn(f64::from(port), 43_000, port);
            [audit(packet), Packet { prefix: b"[UFW BLOCK] ", action: b"BLOCK", ..packet }]
        })
        .collect();
    assert_eq!(only(packets).packets, 40);
    let echoes = (0..300).map(|n| audit(ping(f64::from(n) / 100.0)));
    assert_eq!(only(echoes).packets, 300);
}

#[test]
fn what_was_looked_at_and_never_let_through_counts() {
    let found = only((1..=40).map(|port| audit(syn(f64::from(port), 43_000, port))));
    assert_eq!((found.distinct, found.packets), (40, 40));
}

#[test]
fn a_denied_packet_of_this_host_counts() {
    let scan = (1..=40).map(|port| to("203.0.113.9", own(syn(f64::from(port), 43_000, port))));
    assert_eq!(only(scan).source, super::super::Hosts::One(ip(SERVER).unwrap()));
}
