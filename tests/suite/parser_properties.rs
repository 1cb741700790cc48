//! What holds for the line parser, whatever the line.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipta::exports::netfilter::prefix::Rules;
use ipta::exports::netfilter::presets;
use ipta::exports::netfilter::timestamp::{Calendar, Reference};
use ipta::exports::netfilter::{Packet, Reader, TcpFlags, Time};
use jiff::tz::TimeZone;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn rules(texts: &[&str]) -> Rules {
    Rules::new(texts.iter().flat_map(|text| presets::named(text).unwrap()).collect())
}

/// 1 June 2026.
fn calendar() -> Calendar {
    Calendar::new(TimeZone::UTC, Reference::Written(Time(1_780_272_000_000_000)))
}

/// What the lines give, after checking that the counts add up.
fn packets<T>(rules: &Rules, lines: &[Vec<u8>], of: impl Fn(&Packet<'_>) -> T) -> Vec<T> {
    let mut reader = Reader::new(rules, calendar());
    let mut found = Vec::new();
    for line in lines {
        reader.read(line, |packet| found.push(of(packet)));
    }
    let stats = &reader.stats;
    assert_eq!(stats.lines(), lines.len() as u64);
    assert_eq!(stats.packets(), found.len() as u64);
    let reasons: u64 = stats.reasons.values().map(|damage| damage.count).sum();
    assert_eq!(reasons, stats.damaged + stats.damaged_beside);
    assert!(stats.timeless <= stats.packets());
    found
}

/// Lines from the project's own corpus.
static CORPUS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lines");
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read(entry.unwrap().path()).unwrap();
        let lines_of = text.split(|b| *b == b'\n');
        lines.extend(lines_of.filter(|l| l.len() > 60).map(<[u8]>::to_vec));
    }
    lines.sort();
    lines
});

/// Every preset at once, and custom expressions.
static ALL: LazyLock<Rules> = LazyLock::new(|| {
    let mut all: Vec<&str> = presets::names().filter(|name| *name != "any").collect();
    all.extend([r".*(?<action>DROP)", "any"]);
    rules(&all)
});

static IPT: LazyLock<Rules> = LazyLock::new(Rules::default);

/// What a packet is made of, as the kernel would print it.
#[derive(Clone, Debug)]
struct Made {
    action: String,
    if_in: String,
    if_out: String,
    src: IpAddr,
    dst: IpAddr,
    length: u16,
    ttl: u8,
    id: u16,
    what: What,
    tail: &'static str,
}

#[derive(Clone, Debug)]
enum What {
    Tcp { ports: (u16, u16), flags: u16, sequence: bool },
    Udp { ports: (u16, u16) },
    Icmp { kind: u8, code: u8, inner: bool },
    Number(u8),
}

impl Made {
    fn line(&self) -> String {
        let Made { action, if_in, if_out, src, dst, length, ttl, id, what, tail } = self;
        let v6 = src.is_ipv6();
        let full = |address: &IpAddr| match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => address.segments().map(|s| format!("{s:04x}")).join(":"),
        };
        let ip = match v6 {
            false => format!("TOS=0x00 PREC=0x00 TTL={ttl} ID={id} DF "),
            true => format!("TC=0 HOPLIMIT={ttl} FLOWLBL={id} "),
        };
        let mac = match if_in.is_empty() {
            true => "",
            false => "MAC=00:16:3e:5e:6c:00:00:1b:21:3c:9d:f8:08:00 ",
        };
        let transport = match what {
            What::Tcp { ports: (s, d), flags, sequence } => {
                let names = ["AE", "CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN"];
                let words: String = names
                    .iter()
                    .enumerate()
                    .filter(|(n, _)| flags & (256 >> n) != 0)
                    .map(|(_, name)| format!("{name} "))
                    .collect();
                let numbers = if *sequence { "SEQ=4294967295 ACK=17 " } else { "" };
                format!("PROTO=TCP SPT={s} DPT={d} {numbers}WINDOW=512 RES=0x00 {words}URGP=0 ")
            }
            What::Udp { ports: (s, d) } => format!("PROTO=UDP SPT={s} DPT={d} LEN=9999 "),
            What::Icmp { kind, code, inner } => {
                let name = if v6 { "ICMPv6" } else { "ICMP" };
                let inner = match inner {
                    true => {
                        "[SRC=203.0.113.99 DST=203.0.113.98 LEN=7 TOS=0x00 PREC=0x00 TTL=7 ID=7 PROTO=TCP INCOMPLETE [8 bytes] ] MTU=1400 "
                    }
                    false => "ID=1 SEQ=2 ",
                };
                format!("PROTO={name} TYPE={kind} CODE={code} {inner}")
            }
            What::Number(number) => format!("PROTO={number} "),
        };
        format!(
            "Jan  6 17:20:49 fw kernel: IPT: {action} IN={if_in} OUT={if_out} {mac}SRC={} DST={} LEN={length} {ip}{transport}{tail}",
            full(src),
            full(dst)
        )
    }
}

fn addresses() -> impl Strategy<Value = (IpAddr, IpAddr)> {
    prop_oneof![
        any::<(u32, u32)>().prop_map(|(a, b)| (Ipv4Addr::from(a).into(), Ipv4Addr::from(b).into())),
        any::<(u128, u128)>().prop_map(|(a, b)| (Ipv6Addr::from(a).into(), Ipv6Addr::from(b).into())),
    ]
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        (any::<(u16, u16)>(), 0u16..512, any::<bool>()).prop_map(|(ports, flags, sequence)| What::Tcp {
            ports,
            flags,
            sequence
        }),
        any::<(u16, u16)>().prop_map(|ports| What::Udp { ports }),
        (any::<u8>(), any::<u8>(), any::<bool>()).prop_map(|(kind, code, inner)| What::Icmp {
            kind,
            code,
            inner
        }),
        any::<u8>().prop_map(What::Number),
    ]
}

fn made() -> impl Strategy<Value = Made> {
    let interface = || "[a-z][a-z0-9.@-]{0,14}|";
    let tail = select(vec!["", "UID=0 GID=0 ", "MARK=0x1f ", "UID=1000 GID=1000 MARK=0x1 "]);
    let head = ("[A-Z]{1,12}", interface(), interface(), addresses());
    let body = (any::<u16>(), any::<u8>(), any::<u16>(), what(), tail);
    (head, body).prop_map(|((action, if_in, if_out, (src, dst)), (length, ttl, id, what, tail))| Made {
        action,
        if_in,
        if_out,
        src,
        dst,
        length,
        ttl,
        id,
        what,
        tail,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_fail(lines in vec(vec(any::<u8>(), 0..200), 0..8)) {
        packets(&ALL, &lines, |_| ());
    }

    #[test]
    fn no_mended_or_broken_line_makes_it_fail(
        pieces in vec((select(CORPUS.as_slice()), any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..6),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut joined = Vec::new();
        for (line, from, to) in pieces {
            let (a, b) = (from.index(line.len() + 1), to.index(line.len() + 1));
            // Every other piece keeps its beginning.
            let a = if a % 2 == 0 { 0 } else { a.min(b) };
            joined.extend_from_slice(&line[a..b.max(a)]);
        }
        for (at, byte) in changes {
            if !joined.is_empty() {
                let at = at.index(joined.len());
                joined[at] = byte;
            }
        }
        packets(&ALL, &[joined.clone(), b"last message repeated 2 times".to_vec(), joined], |_| ());
    }

    #[test]
    fn a_line_gives_back_the_fields_it_was_made_of(made in made()) {
        let line = made.line().into_bytes();
        let stripped = line.trim_ascii_end().to_vec();
        for line in [line, stripped] {
            let ports = match made.what {
                What::Tcp { ports, .. } | What::Udp { ports } => Some(ports),
                _ => None,
            };
            let icmp = match made.what {
                What::Icmp { kind, code, .. } => Some((kind, code)),
                _ => None,
            };
            let flags = match made.what {
                What::Tcp { flags, .. } => Some(TcpFlags(flags)),
                _ => None,
            };
            let proto = match (&made.what, made.src) {
                (What::Tcp { .. }, _) => "TCP".to_owned(),
                (What::Udp { .. }, _) => "UDP".to_owned(),
                (What::Icmp { .. }, IpAddr::V4(_)) => "ICMP".to_owned(),
                (What::Icmp { .. }, IpAddr::V6(_)) => "ICMPv6".to_owned(),
                (What::Number(number), _) => number.to_string(),
            };
            let checked = packets(&IPT, &[line], |p| {
                assert_eq!(p.action, made.action.as_bytes());
                assert_eq!(p.prefix, format!("IPT: {} ", made.action).as_bytes());
                assert_eq!(p.host, b"fw");
                assert_eq!(p.time, Some(Time(1_767_720_049_000_000)));
                assert_eq!((p.if_in, p.if_out), (made.if_in.as_bytes(), made.if_out.as_bytes()));
                assert_eq!((p.src, p.dst), (Some(made.src), Some(made.dst)));
                assert_eq!(p.src_port.zip(p.dst_port), ports);
                assert_eq!(p.src_port.is_some(), ports.is_some());
                assert_eq!(p.icmp_type.zip(p.icmp_code), icmp);
                assert_eq!(p.tcp_flags, flags);
                assert_eq!(p.proto, proto.as_bytes());
                assert_eq!((p.length, p.ttl), (Some(u32::from(made.length)), Some(made.ttl)));
                assert_eq!(p.ip_id, made.src.is_ipv4().then_some(made.id));
            });
            assert_eq!(checked.len(), 1);
        }
    }

    /// Either the addresses and everything before them are right, or the line gives no packet. Only the
    /// last value of a cut line can be shorter than it was: half a destination port is still a port, and
    /// nothing on the line distinguishes it from a whole one. The same goes for half a protocol's number.
    #[test]
    fn a_cut_line_gives_no_packet_or_that_packet(made in made()) {
        let whole = made.line().into_bytes();
        for end in 0..whole.len() {
            let cut = whole[..end].to_vec();
            packets(&IPT, std::slice::from_ref(&cut), |p| {
                assert_eq!((p.src, p.dst), (Some(made.src), Some(made.dst)));
                assert_eq!((p.if_in, p.if_out), (made.if_in.as_bytes(), made.if_out.as_bytes()));
                assert_eq!((p.length, p.ttl), (Some(u32::from(made.length)), Some(made.ttl)));
                assert_eq!(p.ip_id, made.src.is_ipv4().then_some(made.id));
                assert_eq!(p.action, made.action.as_bytes());
                let ends_in = |key: &str| {
                    let last = cut.rsplit(|b| *b == b' ').next().unwrap();
                    last.starts_with(key.as_bytes())
                };
                match made.what {
                    What::Tcp { ports, .. } | What::Udp { ports } if !p.proto.is_empty() => {
                        assert_eq!(p.src_port, Some(ports.0));
                        assert!(p.dst_port == Some(ports.1) || ends_in("DPT="));
                    }
                    What::Icmp { kind, code, .. } if p.icmp_type.is_some() => {
                        assert_eq!(p.icmp_type, Some(kind));
                        assert!(p.icmp_code == Some(code) || ends_in("CODE="));
                    }
                    What::Number(number) if !p.proto.is_empty() => {
                        assert!(p.proto == number.to_string().as_bytes() || ends_in("PROTO="));
                    }
                    _ => assert_eq!(p.src_port.or(p.dst_port), None),
                }
            });
        }
    }

    /// Whatever text an attacker makes a program log: after the program's tag, it is never a packet.
    #[test]
    fn another_programs_line_is_never_a_packet(
        tag in "[a-zA-Z_/(][a-zA-Z0-9_./()@+ -]{0,15}(\\[[0-9]{1,5}\\])?",
        words in "[ -~]{0,40}",
        prefix in select(vec!["IPT: DROP ", "[UFW BLOCK] ", "*LOG*", "x_DROP: ", "Shorewall:a:DROP:", "DROP ", "Firewall: *TCP_IN Blocked* ", "policy DROP: "]),
        made in made(),
        kernel in select(vec!["", "kernel: ", "[    5.000001] ", "message repeated 2 times: [ "]),
    ) {
        // Not the kernel's tags, nor those that the presets' own marks begin with.
        prop_assume!(!["kernel", "ulogd", "IPT", "Firewall", "Shorewall"].contains(&tag.trim()));
        let packet = made.line();
        let (_, fields) = packet.split_once("IN=").unwrap();
        let line = format!("Jan  6 17:20:49 fw {tag}: {words} {kernel}{prefix}IN={fields}");
        let found = packets(&ALL, &[line.clone().into_bytes()], |p| p.prefix.to_vec());
        prop_assert!(found.is_empty(), "{line}");
    }
}
