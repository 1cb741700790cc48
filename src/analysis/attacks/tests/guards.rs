use super::*;
use crate::filter::ActionVerdicts;

/// To many ports, which would be a scan.
fn answers(from: u16, shape: fn(f64, u16, u16) -> Packet<'static>) -> impl Iterator<Item = Packet<'static>> {
    (0..500).map(move |n| shape(f64::from(n) / 10.0, from, 32_768 + n))
}

#[test]
fn answers_of_dns_and_ntp_are_no_scan() {
    for from in [53, 123] {
        assert_eq!(episodes(answers(from, udp)), []);
        assert_eq!(episodes(answers(from, |at, from, to| tcp(at, from, to - 32_768, TcpFlags::ACK))), []);
    }
    assert_eq!(episodes(answers(43_211, udp)).len(), 1);
}

#[test]
fn a_syn_from_port_53_is_no_answer() {
    assert_eq!(episodes(answers(53, syn)).len(), 1);
}

#[test]
fn late_packets_of_a_server_are_no_scan() {
    for flags in [
        TcpFlags::ACK,
        TcpFlags::FIN,
        TcpFlags::RST,
        TcpFlags::FIN | TcpFlags::ACK,
        TcpFlags::RST | TcpFlags::ACK,
        TcpFlags::PSH | TcpFlags::ACK,
    ] {
        let late = (0..500).map(|n| tcp(f64::from(n) / 10.0, 443, 32_768 + n, flags));
        assert_eq!(episodes(late), [], "flags {flags}");
    }
    assert_eq!(episodes(answers(443, udp)), []);
}

#[test]
fn backscatter_is_no_scan() {
    assert_eq!(
        episodes((0..500).map(|n| tcp(f64::from(n) / 10.0, 80, n, TcpFlags::SYN | TcpFlags::ACK))),
        []
    );
    assert_eq!(episodes((0..500).map(|n| tcp(f64::from(n) / 10.0, 80, n, TcpFlags::RST))), []);
}

#[test]
fn broadcast_and_multicast_are_nothing() {
    for to in ["255.255.255.255", "224.0.0.251", "239.255.255.250", "ff02::fb"] {
        let packets = (0..500).map(|n| Packet { dst: ip(to), ..udp(f64::from(n) / 10.0, 40_000, n) });
        assert_eq!(episodes(packets), [], "{to}");
    }
    let frames = (0..500).map(|n| Packet {
        mac: b"ff:ff:ff:ff:ff:ff:02:00:5e:00:53:02:08:00",
        dst: ip("192.0.2.255"),
        ..udp(f64::from(n) / 10.0, 40_000, n)
    });
    assert_eq!(episodes(frames), []);
}

#[test]
fn sources_on_the_allow_list_are_not_looked_at() {
    let allow: Network = "192.0.2.0/24".parse().unwrap();
    let mut detector = Detector::new(Thresholds::default(), vec![allow], ActionVerdicts::default());
    for n in 0..500 {
        assert_eq!(detector.packet(&syn(f64::from(n) / 100.0, 40_000 + n, n)), None);
    }
    assert_eq!(detector.finish().findings, []);
}

#[test]
fn packets_without_time_are_counted_and_left_out() {
    let result = outcome((0..100).map(|n| Packet { time: None, ..syn(0.0, 40_000 + n, 22) }));
    assert_eq!((result.findings.len(), result.timeless), (0, 100));
}

#[test]
fn packets_without_addresses_or_ports_do_no_harm() {
    let bare = |proto: &'static [u8]| Packet {
        proto,
        tcp_flags: Some(TcpFlags(TcpFlags::SYN)),
        icmp_type: Some(8),
        ..packet(0.0)
    };
    for proto in [&b"TCP"[..], b"UDP", b"ICMP", b"ARP", b""] {
        assert_eq!(episodes((0..500).map(|_| Packet { src: None, ..bare(proto) })), []);
        assert_eq!(episodes((0..500).map(|_| Packet { dst: None, ..bare(proto) })), []);
    }
    assert_eq!(episodes((0..500).map(|_| bare(b"TCP"))), []);
}
