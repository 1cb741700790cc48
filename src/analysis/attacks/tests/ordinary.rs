use super::*;

/// A day: NTP, DNS replies, multicast, late packets of closed connections, a monitoring host every five minutes, and
/// strangers who knock once.
fn day() -> Vec<Packet<'static>> {
    let mut packets = Vec::new();
    for n in 0..86_400u32 {
        let at = f64::from(n);
        let port = 1024 + (n % 60_000) as u16;
        let from = |source: &str, packet: Packet<'static>| Packet { src: ip(source), ..packet };
        if n % 64 == 0 {
            packets.push(from("203.0.113.123", udp(at, 123, 123)));
        }
        if n % 7 == 0 {
            packets.push(from("203.0.113.53", udp(at, 53, port)));
        }
        if n % 10 == 0 {
            packets.push(Packet { dst: ip("224.0.0.251"), ..from("192.0.2.5", udp(at, 5353, 5353)) });
        }
        if n % 3 == 0 {
            packets.push(from("203.0.113.80", tcp(at, 443, port, TcpFlags::ACK)));
            packets.push(from("203.0.113.80", tcp(at, 443, port, TcpFlags::RST)));
            packets.push(from("203.0.113.80", tcp(at, 443, port, TcpFlags::ACK | TcpFlags::FIN)));
            packets.push(from("203.0.113.9", tcp(at, port, 443, TcpFlags::ACK)));
        }
        if n % 300 == 0 {
            for (service, to) in [22, 25, 80, 110, 143, 443, 993, 3306].into_iter().enumerate() {
                let own = 20_000 + (n / 300 * 8) as u16 + service as u16;
                packets.push(from("192.0.2.9", syn(at, own, to)));
                packets.push(from("192.0.2.9", accepted(syn(at + 0.5, own + 10_000, to))));
            }
        }
        if n % 20 == 0 {
            packets.push(Packet {
                src: numbered(n),
                ..syn(at, port, [22, 23, 445, 3389, 8080][(n / 20 % 5) as usize])
            });
        }
    }
    packets
}

#[test]
fn a_day_of_it_has_no_finding_and_no_alert() {
    let mut detector = detector();
    for packet in day() {
        assert_eq!(detector.packet(&packet), None);
    }
    let outcome = detector.finish();
    assert_eq!(outcome.findings, []);
    assert!(!outcome.capped);
}

#[test]
fn an_attack_in_its_midst_is_found_alone() {
    let mut packets = day();
    packets.extend((0..60).map(|n| syn(40_000.0 + f64::from(n), 40_000 + n, 22)));
    let found = only(merged(packets));
    assert_eq!((found.kind, found.packets), (AttackKind::BruteForce, 60));
}
