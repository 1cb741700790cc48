//! Protocols as people type them: names and numbers.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A protocol that `--proto` selects.
///
/// A log names only a few: the kernel writes TCP, UDP, UDPLITE, ICMP, ICMPv6, ESP and AH (linux
/// `net/netfilter/nf_log_syslog.c`), ulogd also SCTP, and both write all others as a number. So a packet is compared
/// with the number and all its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    typed: String,
    spellings: Vec<Cow<'static, str>>,
}

/// Those that most firewalls see: the first guesses at what was meant.
pub const USUAL: [&str; 9] = ["TCP", "UDP", "ICMP", "ICMPv6", "IGMP", "GRE", "ESP", "AH", "SCTP"];

/// What a bridge log has in place of an IP protocol.
const ARP: &str = "ARP";

const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

impl Protocol {
    /// What a log may call it, ASCII case ignored.
    pub fn spellings(&self) -> impl Iterator<Item = &str> {
        self.spellings.iter().map(AsRef::as_ref)
    }
}

impl FromStr for Protocol {
    type Err = String;

    /// Parses `tcp`, `IGMP`, `2`. ICMP means both families, by name and by number.
    fn from_str(text: &str) -> Result<Self, String> {
        let typed = text.trim().to_owned();
        let spellings = match number(&typed) {
            Some(ICMP) => spellings(ICMP).chain(spellings(ICMPV6)).collect(),
            Some(number) => spellings(number).collect(),
            None if typed.eq_ignore_ascii_case(ARP) => vec![Cow::Borrowed(ARP)],
            None => return Err(format!("there is no protocol '{text}'")),
        };
        Ok(Protocol { typed, spellings })
    }
}

impl fmt::Display for Protocol {
    /// As typed; a number with its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)?;
        match self.typed.parse().ok().and_then(|number| named(number).next()) {
            Some(name) => write!(f, " ({name})"),
            None => Ok(()),
        }
    }
}

/// All known names, for guessing what was meant.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(_, name)| *name).chain([ARP])
}

fn number(typed: &str) -> Option<u8> {
    let named = || NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(typed)).map(|(number, _)| *number);
    let digits = typed.bytes().all(|byte| byte.is_ascii_digit());
    if digits { typed.parse().ok() } else { named() }
}

fn named(number: u8) -> impl Iterator<Item = &'static str> {
    NAMES.iter().filter(move |(of, _)| *of == number).map(|(_, name)| *name)
}

fn spellings(number: u8) -> impl Iterator<Item = Cow<'static, str>> {
    named(number).map(Cow::Borrowed).chain([Cow::Owned(number.to_string())])
}

/// IANA's registry of protocol numbers; of two names, the one that logs use comes first. At the end, further names
/// from `/etc/protocols` on Linux systems.
#[rustfmt::skip]
const NAMES: [(u8, &str); 154] = [
    (0, "HOPOPT"), (1, "ICMP"), (2, "IGMP"), (3, "GGP"), (4, "IPv4"), (5, "ST"), (6, "TCP"), (7, "CBT"),
    (8, "EGP"), (9, "IGP"), (10, "BBN-RCC-MON"), (11, "NVP-II"), (12, "PUP"), (13, "ARGUS"), (14, "EMCON"),
    (15, "XNET"), (16, "CHAOS"), (17, "UDP"), (18, "MUX"), (19, "DCN-MEAS"), (20, "HMP"), (21, "PRM"),
    (22, "XNS-IDP"), (23, "TRUNK-1"), (24, "TRUNK-2"), (25, "LEAF-1"), (26, "LEAF-2"), (27, "RDP"),
    (28, "IRTP"), (29, "ISO-TP4"), (30, "NETBLT"), (31, "MFE-NSP"), (32, "MERIT-INP"), (33, "DCCP"),
    (34, "3PC"), (35, "IDPR"), (36, "XTP"), (37, "DDP"), (38, "IDPR-CMTP"), (39, "TP++"), (40, "IL"),
    (41, "IPv6"), (42, "SDRP"), (43, "IPv6-Route"), (44, "IPv6-Frag"), (45, "IDRP"), (46, "RSVP"),
    (47, "GRE"), (48, "DSR"), (49, "BNA"), (50, "ESP"), (51, "AH"), (52, "I-NLSP"), (53, "SWIPE"),
    (54, "NARP"), (55, "Min-IPv4"), (56, "TLSP"), (57, "SKIP"), (58, "ICMPv6"), (59, "IPv6-NoNxt"),
    (60, "IPv6-Opts"), (62, "CFTP"), (64, "SAT-EXPAK"), (65, "KRYPTOLAN"), (66, "RVD"), (67, "IPPC"),
    (69, "SAT-MON"), (70, "VISA"), (71, "IPCV"), (72, "CPNX"), (73, "CPHB"), (74, "WSN"), (75, "PVP"),
    (76, "BR-SAT-MON"), (77, "SUN-ND"), (78, "WB-MON"), (79, "WB-EXPAK"), (80, "ISO-IP"), (81, "VMTP"),
    (82, "SECURE-VMTP"), (83, "VINES"), (84, "IPTM"), (85, "NSFNET-IGP"), (86, "DGP"), (87, "TCF"),
    (88, "EIGRP"), (89, "OSPFIGP"), (90, "Sprite-RPC"), (91, "LARP"), (92, "MTP"), (93, "AX.25"),
    (94, "IPIP"), (95, "MICP"), (96, "SCC-SP"), (97, "ETHERIP"), (98, "ENCAP"), (100, "GMTP"),
    (101, "IFMP"), (102, "PNNI"), (103, "PIM"), (104, "ARIS"), (105, "SCPS"), (106, "QNX"), (107, "A/N"),
    (108, "IPComp"), (109, "SNP"), (110, "Compaq-Peer"), (111, "IPX-in-IP"), (112, "VRRP"), (113, "PGM"),
    (115, "L2TP"), (116, "DDX"), (117, "IATP"), (118, "STP"), (119, "SRP"), (120, "UTI"), (121, "SMP"),
    (122, "SM"), (123, "PTP"), (124, "ISIS"), (125, "FIRE"), (126, "CRTP"), (127, "CRUDP"),
    (128, "SSCOPMCE"), (129, "IPLT"), (130, "SPS"), (131, "PIPE"), (132, "SCTP"), (133, "FC"),
    (134, "RSVP-E2E-IGNORE"), (135, "Mobility-Header"), (136, "UDPLITE"), (137, "MPLS-in-IP"),
    (138, "manet"), (139, "HIP"), (140, "Shim6"), (141, "WESP"), (142, "ROHC"), (143, "Ethernet"),
    (144, "AGGFRAG"), (145, "NSH"), (146, "Homa"), (147, "BIT-EMU"), (4, "IP-ENCAP"), (4, "IPENCAP"),
    (50, "IPSEC-ESP"), (51, "IPSEC-AH"), (55, "MOBILE"), (58, "IPv6-ICMP"), (58, "ICMP6"), (73, "RSPF"),
    (84, "TTP"), (89, "OSPF"), (135, "MH"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn spellings(text: &str) -> Vec<String> {
        let protocol: Protocol = text.parse().expect(text);
        protocol.spellings().map(str::to_owned).collect()
    }

    #[test]
    fn a_name_and_its_number_are_one_protocol() {
        for (name, number) in
            [("tcp", "6"), ("Udp", "17"), ("igmp", "2"), ("GRE", "47"), ("ospf", "89"), ("udplite", "136")]
        {
            assert_eq!(spellings(name), spellings(number), "{name}");
            assert!(spellings(name).contains(&number.to_owned()), "{name}");
        }
        assert_eq!(spellings("255"), ["255"]);
    }

    #[test]
    fn icmp_is_of_both_families_and_icmpv6_of_one() {
        assert_eq!(spellings("icmp"), ["ICMP", "1", "ICMPv6", "IPv6-ICMP", "ICMP6", "58"]);
        assert_eq!(spellings("1"), spellings("icmp"));
        assert_eq!(spellings("icmpv6"), ["ICMPv6", "IPv6-ICMP", "ICMP6", "58"]);
        assert_eq!(spellings("ipv6-icmp"), spellings("58"));
    }

    #[test]
    fn what_no_registry_knows_is_no_protocol() {
        for text in ["tpc", "", "256", "-1", "tcp udp", "t\u{f6}p", "6x"] {
            assert_eq!(text.parse::<Protocol>(), Err(format!("there is no protocol '{text}'")));
        }
        assert_eq!(spellings("arp"), ["ARP"]);
    }

    #[test]
    fn every_name_stands_once() {
        let mut all: Vec<String> = names().map(str::to_ascii_lowercase).collect();
        all.sort();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn a_number_is_shown_with_its_name() {
        let shown = |text: &str| text.parse::<Protocol>().expect(text).to_string();
        assert_eq!((shown("tcp"), shown("2"), shown("255")), ("tcp".into(), "2 (IGMP)".into(), "255".into()));
    }
}
