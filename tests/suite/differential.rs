//! Checks the line parser against a second reader of log lines: slow, simple, and sharing none of the
//! parser's code. Both read the same generated lines of every dialect, whole and damaged, and must agree on
//! every field and on what became of every line.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::IpAddr;

use ipta::exports::netfilter::prefix::Rules;
use ipta::exports::netfilter::presets;
use ipta::exports::netfilter::timestamp::{Calendar, Reference};
use ipta::exports::netfilter::{Packet, Reader, Time};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use regex::Regex;

use crate::crashes::Dice;

/// 1 June 2026 00:00 UTC, in microseconds since 1970.
const NOW: i64 = 1_780_272_000_000_000;

/// A packet as text: field to value; fields without a value are left out.
type Fields = BTreeMap<&'static str, String>;

/// What became of a line.
#[derive(Clone, Debug, Default, PartialEq)]
struct Verdict {
    packets: Vec<Fields>,
    /// Why the line is damaged, by the first reason; none for a good line or another program's.
    damage: Option<&'static str>,
    /// Damaged records alongside packets.
    beside: u64,
}

/// The reason for words before the kernel's tag that are not a header.
const UNKNOWN_WORDS: &str = "unknown words before the kernel's tag";

// --- The simple reader ---

/// How a stamp looks, and the moment it names.
type Form = (Regex, fn(&str) -> Option<i64>);

struct Simple {
    stamps: Vec<Form>,
    uptime: Regex,
    program: Regex,
    ulogd: Regex,
    /// The kernel's tag after words that are no other tag, and the text after it.
    buried: Regex,
    facility: Regex,
    priority: Regex,
    /// The line is long enough to have been cut by a daemon.
    may_be_cut: Cell<bool>,
}

/// A date and time in UTC, in microseconds.
fn utc(text: &str, format: &str) -> Option<i64> {
    let civil = DateTime::strptime(format, text).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

/// The stamp's moment in the newest year that puts it no later than a day from now.
fn yearless(text: &str) -> Option<i64> {
    (2010..=2026).rev().find_map(|year| {
        let moment = utc(&format!("{year} {text}"), "%Y %b %d %H:%M:%S")?;
        (moment <= NOW + 86_400_000_000).then_some(moment)
    })
}

fn zoned(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(|t| t.as_microsecond())
}

fn dmesg(text: &str) -> Option<i64> {
    utc(text.get(5..)?, "%b %d %H:%M:%S %Y]").filter(|_| text.starts_with("[Mon "))
}

impl Simple {
    fn new() -> Simple {
        let regex = |text: &str| Regex::new(text).expect("a good expression");
        Simple {
            stamps: vec![
                (regex(r"^[A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2}(?: |$)"), yearless),
                (regex(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)(?: |$)"), zoned),
            ],
            uptime: regex(r"^\[ *\d+\.\d+\] ?"),
            program: regex(r"^[^ \[]+\[\d+\](?::|$)"),
            ulogd: regex(r"^ulogd(?:\[\d+\])?: *"),
            buried: regex(
                r"^(?:[^ ]*[^ :] +){1,10}?(?:kernel|ulogd(?:\[\d+\])?): *(?:\[ *\d+\.\d+\] ?)?(.*)$",
            ),
            facility: regex(r"^kern\.(?:warn|info|debug|notice) +"),
            priority: regex(r"^<\d{1,3}>"),
            may_be_cut: Cell::new(false),
        }
    }

    fn read(&self, line: &str) -> Verdict {
        if line.starts_with("  ") {
            let damage = openings(line).first().map(|_| "indented, so perhaps not the kernel's");
            return Verdict { damage, ..Verdict::default() };
        }
        self.may_be_cut.set(line.len() >= 250);
        let mut rest = line;
        let mut time = None;
        let mut host = String::new();
        let had_priority = self.priority.is_match(rest);
        rest = rest[self.priority.find(rest).map_or(0, |m| m.end())..].trim_start();
        let mut kernel = false;
        let five = rest.strip_prefix("1 ").and_then(|after| Some((self.stamp(after)?, after)));
        if let (Some((moment, len)), after) = five.map_or((None, ""), |(stamp, after)| (Some(stamp), after)) {
            let words: Vec<&str> = after[len..].trim_start().splitn(5, ' ').collect();
            let [name, program, _, _, data] = words[..] else { return Verdict::default() };
            if name != "-" {
                host = name.to_owned();
            }
            time = moment;
            match program {
                "kernel" | "ulogd" => kernel = true,
                "-" => {}
                _ => return Verdict::default(),
            }
            let data = match data.strip_prefix('[') {
                Some(_) => data.split_once("] ").map_or("", |(_, after)| after),
                None => data.split_once(' ').map_or("", |(_, after)| after),
            };
            let text = &data[self.uptime.find(data).map_or(0, |m| m.end())..];
            return self.text(text, kernel, time, &host);
        }
        assert!(!had_priority || !rest.starts_with("1 - "), "not generated");
        let mut named = false;
        let mut ring = false;
        if let Some((moment, len)) = self.stamp(rest) {
            (time, named) = (moment, true);
            rest = rest[len..].trim_start();
        } else if rest.starts_with('[') && rest.len() > 25 && dmesg(&rest[..26]).is_some() {
            (time, ring) = (dmesg(&rest[..26]), true);
            rest = rest[26..].trim_start();
        } else if let Some(stamp) = self.uptime.find(rest) {
            ring = true;
            rest = rest[stamp.end()..].trim_start();
        }
        if let Some((word, after)) = rest.split_once(' ') {
            let after = after.trim_start();
            let like_a_host = word.starts_with(|c: char| c.is_ascii_alphanumeric())
                && word.chars().all(|c| c.is_ascii_alphanumeric() || "._-%/@]".contains(c));
            let next = after.split(' ').next().unwrap_or_default();
            let tag_follows =
                after.starts_with("kernel:") || self.program.is_match(next) && next.ends_with(':');
            if like_a_host && !self.facility.is_match(rest) && !after.is_empty() && (named || tag_follows) {
                host = word.to_owned();
                rest = after;
            }
        }
        rest = &rest[self.facility.find(rest).map_or(0, |m| m.end())..];
        if let Some(text) = rest.strip_prefix("kernel:") {
            (kernel, rest) = (true, text.trim_start());
        } else if let Some(tag) = self.ulogd.find(rest) {
            (kernel, rest) = (true, &rest[tag.end()..]);
        } else if self.program.is_match(rest.split(' ').next().unwrap_or_default()) {
            return Verdict::default();
        }
        if let Some(stamp) = self.uptime.find(rest) {
            (kernel, rest) = (true, rest[stamp.end()..].trim_start());
        }
        let first = rest.split(' ').next().unwrap_or_default();
        if first.ends_with(':') && self.program.is_match(first) {
            (kernel, ring) = (false, false);
        }
        self.text(rest, kernel || ring, time, &host)
    }

    /// The leading stamp, and its length without the space after it.
    fn stamp(&self, text: &str) -> Option<(Option<i64>, usize)> {
        self.stamps.iter().find_map(|(regex, value)| {
            let found = regex.find(text)?.as_str().trim_end();
            Some((value(found), found.len()))
        })
    }

    fn text(&self, text: &str, kernel: bool, time: Option<i64>, host: &str) -> Verdict {
        let mut verdict = Verdict::default();
        let openings = openings(text);
        let mut damage = Vec::new();
        // The kernel's stamp separates two packets on a line.
        let parts: Vec<&str> = match openings[..] {
            [] | [_] => vec![text],
            [_, second, ..] => {
                let stamp = Regex::new(r"\[ *\d+\.\d+\] ").expect("a good expression");
                let between = stamp.find_iter(&text[..second]).filter(|m| m.start() > openings[0]).last();
                let between = between.expect("only such lines are generated");
                vec![&text[..between.start()], &text[between.end()..]]
            }
        };
        for part in parts {
            match self.part(part, kernel, time, host) {
                Ok(Some(fields)) => verdict.packets.push(fields),
                // Where no tag vouches for the line, either its first words are the firewall's or none are.
                Ok(None) if !kernel => break,
                Ok(None) => {}
                Err(reason) => {
                    damage.push(reason);
                    if reason == UNKNOWN_WORDS {
                        break;
                    }
                }
            }
        }
        match verdict.packets.is_empty() {
            true => verdict.damage = damage.first().copied(),
            false => verdict.beside = damage.len() as u64,
        }
        verdict
    }

    /// One packet; none if the text is not the firewall's.
    fn part(
        &self,
        text: &str,
        kernel: bool,
        time: Option<i64>,
        host: &str,
    ) -> Result<Option<Fields>, &'static str> {
        let Some(at) = openings(text).first().copied().or_else(|| opening_without_out(text)) else {
            let cut = text.rfind("IN=").filter(|at| {
                let after = text[*at..].split_once(' ').map_or("", |(_, after)| after);
                "OUT".starts_with(after)
            });
            if text.starts_with("IPT: ") || cut.is_some_and(|at| action(&text[..at]).is_some()) {
                return Err("no IN= and OUT= after the prefix");
            }
            let first = text.split(' ').next().unwrap_or_default();
            let field = kernel || first.contains('=') && !first.contains(':');
            let rest = ["SPT=", "TYPE="].iter().any(|key| text.contains(&format!(" {key}")))
                || text.contains("SRC=");
            return match field && text.contains(" PROTO=") && rest {
                true => Err("front cut off"),
                false => Ok(None),
            };
        };
        let (prefix, body) = text.split_at(at);
        let Some((action, verdict)) = action(prefix) else {
            let buried = (!kernel).then(|| self.buried.captures(prefix)).flatten();
            return match buried.is_some_and(|found| action(&found[1]).is_some()) {
                true => Err(UNKNOWN_WORDS),
                false => Ok(None),
            };
        };
        let mut fields = packet(body)?;
        fields.insert("prefix", prefix.to_owned());
        fields.insert("action", action.to_owned());
        fields.insert("verdict", verdict.to_owned());
        fields.insert("host", host.to_owned());
        for (name, most) in [("in", 15), ("out", 15), ("mac", 255), ("proto", 16)] {
            if fields.get(name).is_some_and(|value| value.chars().count() > most) {
                return Err(match name {
                    "mac" => "MAC too long",
                    "proto" => "protocol too long",
                    _ => "interface too long",
                });
            }
        }
        let proto = fields.get("proto").map(String::as_str);
        let has_ports = matches!(proto, Some("TCP" | "UDP" | "UDPLITE"));
        let ends = |dpt: &String| body.ends_with(&format!(" DPT={dpt}"));
        if self.may_be_cut.get() && has_ports && fields.get("dpt").is_some_and(ends) {
            return Err("cut before the ports");
        }
        if let Some(time) = time {
            fields.insert("time", time.to_string());
        }
        fields.retain(|_, value| !value.is_empty());
        Ok(Some(fields))
    }
}

/// Where `IN=` precedes ` OUT=`, perhaps with PHYSIN= in between.
fn openings(text: &str) -> Vec<usize> {
    text.match_indices(" OUT=")
        .filter_map(|(out, _)| {
            let words: Vec<&str> = text[..out].split(' ').collect();
            let (last, before) = words.split_last()?;
            let (word, end) = match last.starts_with("PHYSIN=") {
                true => (*before.last()?, out - last.len() - 1),
                false => (*last, out),
            };
            word.rfind("IN=").map(|at| end - word.len() + at)
        })
        .collect()
}

fn opening_without_out(text: &str) -> Option<usize> {
    let follows = |at: usize| {
        let next = text[at..].split(' ').nth(1).unwrap_or_default();
        ["PHYSIN=", "PHYSOUT=", "MAC=", "SRC="].iter().any(|key| next.starts_with(key))
    };
    text.match_indices("IN=")
        .map(|(at, _)| at)
        .filter(|at| follows(*at) && !text[..*at].ends_with("PHYS"))
        .last()
}

/// Action and verdict of the generated prefixes.
fn action(prefix: &str) -> Option<(&str, &'static str)> {
    if let Some(rest) = prefix.strip_prefix("IPT: ") {
        let word = rest.trim_start().split(' ').next().filter(|word| !word.is_empty())?;
        let word = word.strip_suffix(':').unwrap_or(word);
        return Some((word, if word == "ACCEPT" { "accept" } else { "deny" }));
    }
    let trimmed = prefix.trim_end_matches(' ');
    if let "*LOG*" | "*ATTACK*" = trimmed {
        return Some((trimmed.trim_matches('*'), "other"));
    }
    if let Some(word) = trimmed.strip_prefix("[UFW ").and_then(|rest| rest.strip_suffix(']')) {
        let verdict = match word {
            _ if word.is_empty() || word.contains(']') => return None,
            "ALLOW" | "LIMIT" | "DOCKER ALLOW" => "accept",
            "BLOCK" | "LIMIT BLOCK" | "DOCKER BLOCK" | "DENY" | "REJECT" => "deny",
            _ => "other",
        };
        return Some((word, verdict));
    }
    let word = trimmed.strip_prefix("Firewall: *").and_then(|rest| rest.strip_suffix('*'))?;
    match word {
        _ if word.is_empty() || word.contains('*') => None,
        _ if word.starts_with("Knock") => Some((word, "other")),
        _ => Some((word, "deny")),
    }
}

/// Whether the MAC part names a protocol other than IP and ARP, of which nothing more is logged.
fn ends_with_the_frame(fields: &Fields) -> bool {
    let mac = fields.get("mac").map(String::as_str).unwrap_or_default();
    let ethertype = match mac.split_once("MACPROTO=") {
        Some((_, ethertype)) => ethertype.split(' ').next().unwrap_or_default().to_owned(),
        None if mac.len() == 41 && mac.as_bytes()[38] == b':' => mac[36..].replacen(':', "", 1),
        None => return false,
    };
    let hex = ethertype.len() == 4 && ethertype.bytes().all(|b| b.is_ascii_hexdigit());
    hex && !["0800", "86dd", "0806"].contains(&ethertype.as_str())
}

const FLAGS: [&str; 9] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"];

/// The fields from `IN=` on.
fn packet(body: &str) -> Result<Fields, &'static str> {
    // What an ICMP error quotes is not part of the packet.
    let mut text = body.to_owned();
    while let Some(open) = text.find(" [SRC=") {
        let mut depth = 0;
        let close = text[open + 1..].find(|c| {
            depth += i32::from(c == '[') - i32::from(c == ']');
            depth == 0
        });
        let end = close.map_or(text.len(), |close| open + 1 + close + 2);
        // A space in its place: what follows is not a last word that a cut could have hit.
        text.replace_range(open..end.min(text.len()), " ");
    }
    let quoted = body.contains(" [SRC=") && !body.contains(']');
    let mut fields = Fields::new();
    let mut flags = 0;
    let (mut header, mut urgent) = (false, false);
    let mut partial = false;
    let (mut flow, mut arp, mut proto_seen, mut parts) = (false, false, false, Vec::new());
    let mut parts_open = true;
    let words: Vec<&str> = text.split(' ').collect();
    for (n, word) in words.iter().enumerate() {
        let last = n + 1 == words.len() && !quoted;
        let mac_part = ["MACSRC=", "MACDST=", "MACPROTO="].iter().any(|key| word.starts_with(key));
        parts_open &= parts.is_empty() || mac_part;
        let Some((key, value)) = word.split_once('=').filter(|(key, _)| key.len() < 10) else {
            match *word {
                "INCOMPLETE" | "TRUNCATED" => partial = true,
                "ARP" if !fields.contains_key("src") => {
                    arp = true;
                    fields.insert("proto", "ARP".into());
                }
                word if word.starts_with("FRAG:") => partial = true,
                word => {
                    if let Some(bit) = FLAGS.iter().position(|flag| *flag == word) {
                        // As the last word, after other flags, it is what a cut left of URGP=.
                        let is_rest = last && word == "URG" && flags != 0;
                        flags |= u32::from(!is_rest) << bit;
                    }
                }
            }
            continue;
        };
        if mac_part {
            if parts_open && !arp {
                parts.push(*word);
            }
            continue;
        }
        let (name, most) = match key {
            "IN" if n == 0 => ("in", 0),
            "OUT" => ("out", 0),
            "MAC" => ("mac", 0),
            "SRC" | "IPSRC" => ("src", 1),
            "DST" | "IPDST" => ("dst", 1),
            "LEN" => ("len", u32::MAX),
            "TTL" | "HOPLIMIT" => ("ttl", 255),
            "ID" if !proto_seen => ("id", 65_535),
            "SPT" => ("spt", 65_535),
            "DPT" => ("dpt", 65_535),
            "TYPE" => ("type", 255),
            "CODE" => ("code", 255),
            "FLOWLBL" => {
                flow = true;
                continue;
            }
            "WINDOW" | "RES" | "URGP" => {
                (header, urgent) = (true, urgent || key == "URGP");
                continue;
            }
            "PROTO" if !proto_seen => {
                proto_seen = true;
                let names = ["TCP", "UDP", "UDPLITE", "ICMP", "ICMPv6", "ESP", "AH", "SCTP"];
                let half =
                    last && !names.contains(&value) && names.iter().any(|name| name.starts_with(value));
                fields.insert("proto", if half { String::new() } else { value.to_owned() });
                continue;
            }
            _ => continue,
        };
        if fields.contains_key(name) {
            continue;
        }
        let value = match most {
            0 => Ok(value.to_owned()),
            1 => value.parse::<IpAddr>().map(|a| a.to_string()).map_err(|_| "not an address"),
            most => {
                let digits = (1..=9).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
                let number = value.parse::<u32>().ok().filter(|n| digits && *n <= most);
                number.map(|n| n.to_string()).ok_or("not a number")
            }
        };
        match value {
            Ok(value) => {
                fields.insert(name, value);
            }
            Err(why) if last && (why == "not an address" || word.ends_with('=')) => {}
            Err(why) => return Err(why),
        }
    }
    if !parts.is_empty() {
        fields.insert("mac", parts.join(" "));
    }
    let family = |fields: &Fields, name: &str| fields.get(name).map(|a: &String| a.contains(':'));
    let arp = arp || fields.get("proto").is_some_and(|proto| proto == "ARP");
    let (src, dst) = (family(&fields, "src"), family(&fields, "dst"));
    match (src, dst) {
        (Some(a), Some(b)) if a != b => return Err("not an address"),
        (Some(_), Some(_)) => {}
        (None, None) if arp || partial || ends_with_the_frame(&fields) => {}
        _ => return Err("cut before the addresses"),
    }
    let proto = fields.get("proto").cloned().unwrap_or_default();
    let v6 = src == Some(true);
    if v6 {
        fields.remove("id");
    }
    let unnamed = proto.is_empty() && (proto_seen || !partial && !flow);
    if src.is_some() && (unnamed || v6 && proto == "ICMP") {
        return Err("cut before the protocol");
    }
    let ports = fields.contains_key("spt") && fields.contains_key("dpt");
    if let ("TCP" | "UDP", false, false) = (proto.as_str(), ports, partial) {
        return Err("cut before the ports");
    }
    if let "ICMP" | "ICMPv6" | "AH" | "ESP" | "ARP" = proto.as_str() {
        fields.remove("spt");
        fields.remove("dpt");
    }
    // FIN, SYN and RST are the last flags; without a header, the line was shortened by hand.
    if proto == "TCP" && (urgent || flags & 7 != 0 || flags != 0 && !header) {
        fields.insert("flags", flags.to_string());
    }
    if !matches!(proto.as_str(), "ICMP" | "ICMPv6") || !fields.contains_key("code") {
        fields.remove("type");
        fields.remove("code");
    }
    Ok(fields)
}

// --- The parser, in the same terms ---

fn parsed(rules: &Rules, line: &str) -> Verdict {
    let mut reader = Reader::new(rules, Calendar::new(TimeZone::UTC, Reference::Written(Time(NOW))));
    let mut verdict = Verdict::default();
    reader.read(line.as_bytes(), |packet| verdict.packets.push(shown(packet)));
    let stats = &reader.stats;
    assert_eq!(stats.lines(), 1);
    verdict.beside = stats.damaged_beside;
    if stats.damaged == 1 {
        let reason = stats.reasons.keys().next().expect("a reason").to_string();
        verdict.damage = Some(Box::leak(reason.into_boxed_str()));
    }
    verdict
}

fn shown(packet: &Packet<'_>) -> Fields {
    let text = |bytes: &[u8]| Some(String::from_utf8(bytes.to_vec()).expect("ASCII"));
    let verdict = format!("{:?}", packet.verdict).to_lowercase();
    let fields = [
        ("time", packet.time.map(|time| time.0.to_string())),
        ("host", text(packet.host)),
        ("prefix", text(packet.prefix)),
        ("action", text(packet.action)),
        ("verdict", Some(verdict)),
        ("in", text(packet.if_in)),
        ("out", text(packet.if_out)),
        ("mac", text(packet.mac)),
        ("src", packet.src.map(|a| a.to_string())),
        ("dst", packet.dst.map(|a| a.to_string())),
        ("spt", packet.src_port.map(|n| n.to_string())),
        ("dpt", packet.dst_port.map(|n| n.to_string())),
        ("proto", text(packet.proto)),
        ("len", packet.length.map(|n| n.to_string())),
        ("ttl", packet.ttl.map(|n| n.to_string())),
        ("id", packet.ip_id.map(|n| n.to_string())),
        ("flags", packet.tcp_flags.map(|flags| flags.0.to_string())),
        ("type", packet.icmp_type.map(|n| n.to_string())),
        ("code", packet.icmp_code.map(|n| n.to_string())),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name, value.filter(|v| !v.is_empty())?))).collect()
}

// --- The lines ---

fn one<'a>(dice: &mut Dice, of: &[&'a str]) -> &'a str {
    of[dice.below(of.len() as u64) as usize]
}

fn v4(dice: &mut Dice) -> String {
    let network = one(dice, &["192.0.2", "198.51.100", "203.0.113", "10.0.0", "255.255.255"]);
    format!("{network}.{}", dice.below(256))
}

/// As the kernel writes it: all eight groups.
fn v6(dice: &mut Dice) -> String {
    format!("2001:0db8:0000:0000:0000:0000:{:04x}:{:04x}", dice.below(65536), dice.below(65536))
}

fn header(dice: &mut Dice) -> String {
    let month = one(dice, &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Sep", "Dec"]);
    let (day, hour, minute) = (1 + dice.below(28), dice.below(24), dice.below(60));
    let syslog = format!("{month} {day:2} {hour:02}:{minute:02}:{:02}", dice.below(60));
    let zone = one(dice, &["Z", "+02:00", "-05:30"]);
    let iso = format!(
        "2026-0{}-{day:02}T{hour:02}:{minute:02}:07.{:06}{zone}",
        1 + dice.below(5),
        dice.below(1_000_000)
    );
    let uptime = format!("[{:>5}.{:06}] ", dice.below(100_000), dice.below(1_000_000));
    let host = one(dice, &["gw", "fw1.example.com", "192.0.2.254", "web_3"]);
    let stamp = if dice.below(2) == 0 { &syslog } else { &iso };
    match dice.below(12) {
        0 | 1 => format!("{stamp} {host} kernel: {uptime}"),
        2 => format!("{stamp} {host} kernel: "),
        3 => format!("<{}>{stamp} {host} kernel: {uptime}", dice.below(192)),
        4 => format!("{syslog} {host} kern.warn kernel: {uptime}"),
        5 => format!("<4>1 {iso} {host} kernel - - {} {uptime}", one(dice, &["-", "[meta@32473 n=\"1\"]"])),
        6 => uptime,
        7 => format!("[Mon {month} {day:2} {hour:02}:{minute:02}:00 2026] "),
        8 => format!("{stamp} {host} "),
        9 => format!("{stamp} {host} ulogd[{}]: ", dice.below(30_000)),
        10 => format!("{stamp} {host} {}[{}]: ", one(dice, &["sshd", "su", "nginx"]), dice.below(30_000)),
        _ => format!("kernel: {uptime}"),
    }
}

fn prefix(dice: &mut Dice) -> String {
    match dice.below(8) {
        0..=2 => format!("IPT: {} ", one(dice, &["DROP", "ACCEPT", "INVALID", "REJECT", "LOG me"])),
        3 => one(dice, &["*LOG* ", "*ATTACK* "]).to_owned(),
        4 | 5 => {
            let words = ["BLOCK", "ALLOW", "AUDIT", "AUDIT INVALID", "LIMIT BLOCK", "DOCKER ALLOW"];
            format!("[UFW {}] ", one(dice, &words))
        }
        6 => format!("Firewall: *{}* ", one(dice, &["TCP_IN Blocked", "Knock ssh", "ICMP_OUT Blocked"])),
        // No rule matches these.
        _ => one(dice, &["mine ", "", "[netfilter] "]).to_owned(),
    }
}

fn record(dice: &mut Dice) -> String {
    let interface = one(dice, &["eth0", "lo", "br-0123456789ab", "enp3s0.100", "much-too-long-a-name"]);
    let mut text = match dice.below(4) {
        0 => format!("IN= OUT={interface} "),
        1 => format!("IN={interface} OUT=eth1 "),
        _ => format!("IN={interface} OUT= "),
    };
    match dice.below(4) {
        0 => text += "MAC=02:00:5e:00:53:01:02:00:5e:00:53:02:08:00 ",
        1 => text += "MACSRC=02:00:5e:00:53:02 MACDST=02:00:5e:00:53:01 MACPROTO=0800 ",
        2 if text.ends_with("OUT= ") => text += "PHYSIN=vnet0 MAC= ",
        _ => {}
    }
    let (sport, dport) = (dice.below(65_536), dice.below(65_536));
    if dice.below(12) == 0 {
        return text
            + "ARP HTYPE=1 PTYPE=0x0800 OPCODE=1 MACSRC=02:00:5e:00:53:02 IPSRC=192.0.2.1 \
                       MACDST=00:00:00:00:00:00 IPDST=192.0.2.2 ";
    }
    let six = dice.below(4) == 0;
    if six {
        let (src, dst) = (v6(dice), v6(dice));
        text += &format!(
            "SRC={src} DST={dst} LEN={} TC=0 HOPLIMIT={} FLOWLBL=0 ",
            dice.below(1500),
            dice.below(256)
        );
    } else {
        let (src, dst) = (v4(dice), v4(dice));
        let flag = one(dice, &["", "DF ", "CE DF "]);
        text += &format!(
            "SRC={src} DST={dst} LEN={} TOS=0x00 PREC=0x00 TTL={} ID={} {flag}",
            dice.below(1500),
            dice.below(256),
            dice.below(65_536)
        );
    }
    let ports = format!("SPT={sport} DPT={dport} ");
    text += &match dice.below(9) {
        0..=2 => {
            let flags = one(dice, &["SYN", "ACK", "ACK FIN", "RST", "ACK PSH", "FIN URG PSH", "ECE CWR SYN"]);
            format!("PROTO=TCP {ports}WINDOW=1024 RES=0x00 {flags} URGP=0 ")
        }
        3 | 4 => format!("PROTO=UDP {ports}LEN={} ", dice.below(1400)),
        5 => format!(
            "PROTO={} TYPE=8 CODE=0 ID={} SEQ=1 ",
            if six { "ICMPv6" } else { "ICMP" },
            dice.below(65_536)
        ),
        6 if !six => {
            let (src, dst) = (v4(dice), v4(dice));
            format!(
                "PROTO=ICMP TYPE=3 CODE=3 [SRC={src} DST={dst} LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF \
                 PROTO=TCP {ports}INCOMPLETE [8 bytes] ] "
            )
        }
        7 if !six => "FRAG:185 PROTO=UDP ".to_owned(),
        7 => "PROTO=TCP INCOMPLETE [4 bytes] ".to_owned(),
        _ => one(dice, &["PROTO=2 ", "PROTO=47 ", "PROTO=SCTP ", "PROTO=ESP SPI=0x1 ", "PROTO=AH SPI=0x1 "])
            .to_owned(),
    };
    text + one(dice, &["", "", "UID=0 GID=0 ", "MARK=0x1 "])
}

/// A line, perhaps damaged the way disks, rings and editors damage lines.
fn line(dice: &mut Dice) -> String {
    let header = header(dice);
    let mut text = prefix(dice) + &record(dice);
    match dice.below(10) {
        0 => {
            // One byte changed.
            let at = dice.below(text.len() as u64) as usize;
            let byte = (b'!' + dice.below(94) as u8) as char;
            if !"[]".contains(&text[at..=at]) && !"[]".contains(byte) {
                text.replace_range(at..=at, &byte.to_string());
            }
        }
        1 => {
            // A word missing or doubled.
            let mut words: Vec<&str> = text.split(' ').collect();
            let at = dice.below(words.len() as u64) as usize;
            match dice.below(2) {
                0 => drop(words.remove(at)),
                _ => words.insert(at, words[at]),
            }
            text = words.join(" ");
        }
        2 if !text.starts_with("mine") => {
            text += &format!("[{:>5}.000001] IPT: DROP {}", dice.below(100_000), record(dice));
        }
        _ => {}
    }
    let mut line = header + &text;
    match dice.below(8) {
        0 | 1 => line.truncate(dice.below(line.len() as u64 + 1) as usize),
        2 => drop(line.drain(..dice.below(line.len() as u64 / 2) as usize)),
        3 => line.truncate(line.trim_end().len()),
        _ => {}
    }
    line
}

fn agree(lines: u64, seed: u64) {
    let rules =
        ["ipt", "tutorial", "ufw", "csf"].iter().flat_map(|name| presets::named(name).expect("a preset"));
    let rules = Rules::new(rules.collect());
    let simple = Simple::new();
    let mut dice = Dice(seed);
    let (mut packets, mut damaged) = (0, 0);
    for number in 0..lines {
        let line = line(&mut dice);
        let (one, other) = (parsed(&rules, &line), simple.read(&line));
        assert_eq!(one, other, "line {number} of seed {seed} (left: the parser): {line:?}");
        packets += one.packets.len() as u64;
        damaged += u64::from(one.damage.is_some());
    }
    assert!(packets > lines / 3 && damaged > lines / 20, "{packets} packets, {damaged} damaged lines");
}

#[test]
fn two_readers_agree_on_generated_lines() {
    agree(20_000, 1);
}

#[test]
#[ignore = "long"]
fn two_readers_agree_on_a_million_lines() {
    agree(1_000_000, 2);
}
