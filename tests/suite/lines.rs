//! Checks `tests/lines/`: one dialect per file, each log line with the fields it must give.
//! `tests/lines/README.md` describes the format.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use ipta::exports::netfilter::prefix::Rules;
use ipta::exports::netfilter::presets;
use ipta::exports::netfilter::stats::ParseStats;
use ipta::exports::netfilter::timestamp::{Calendar, Reference};
use ipta::exports::netfilter::{Packet, Reader, TcpFlags, Time, Verdict};
use jiff::tz::TimeZone;

/// A log line and what is said about it.
#[derive(Default)]
struct Case {
    /// Its line number in the file, from 1.
    at: usize,
    line: Vec<u8>,
    /// Line number, field, value; a new packet begins at each `and`.
    fields: Vec<(usize, String, String)>,
}

/// A parsed file of `tests/lines/`.
struct Dialect {
    rules: Vec<String>,
    written: String,
    zone: String,
    cases: Vec<Case>,
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lines");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .collect();
    files.sort();
    files
}

/// `\xff` stands for a byte, `\\` for a backslash.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        match (first, behind) {
            (b'\\', [b'x', high, low, behind @ ..]) => {
                let digits = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
                rest = behind;
            }
            (b'\\', [b'\\', behind @ ..]) => {
                bytes.push(b'\\');
                rest = behind;
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    bytes
}

/// A text between bars keeps its outer spaces.
fn value(text: &str) -> Vec<u8> {
    let inner = text.strip_prefix('|').and_then(|t| t.strip_suffix('|'));
    unescape(inner.unwrap_or(text))
}

fn read(path: &Path) -> Dialect {
    let text = fs::read_to_string(path).unwrap();
    let mut dialect = Dialect {
        rules: Vec::new(),
        written: "2026-06-01T00:00:00Z".to_owned(),
        zone: "UTC0".to_owned(),
        cases: Vec::new(),
    };
    let mut in_head = true;
    for (at, line) in (1..).zip(text.lines()) {
        let place = || format!("{}:{at}", path.display());
        if line.is_empty() || line.starts_with('#') {
            in_head &= !line.is_empty() || dialect.rules.is_empty();
        } else if in_head {
            let (key, value) = line.split_once(": ").unwrap_or_else(|| panic!("{}: no head line", place()));
            match key {
                "prefix" => dialect.rules.push(value.to_owned()),
                "written" => dialect.written = value.to_owned(),
                "zone" => dialect.zone = value.to_owned(),
                _ => panic!("{}: the head knows prefix, written and zone, not {key}", place()),
            }
        } else if let Some(field) = line.strip_prefix("    ") {
            let case =
                dialect.cases.last_mut().unwrap_or_else(|| panic!("{}: a field before any line", place()));
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            case.fields.push((at, name.trim().to_owned(), value.trim().to_owned()));
        } else {
            dialect.cases.push(Case { at, line: unescape(line), fields: Vec::new() });
        }
    }
    dialect
}

/// `pattern REGEX => ACTION verdict` is a configured pattern; anything else is what `--prefix` takes.
fn rules(texts: &[String]) -> Rules {
    let rules = texts.iter().flat_map(|text| match text.strip_prefix("pattern ") {
        None => presets::named(text).unwrap(),
        Some(pattern) => {
            let (regex, meaning) = pattern.split_once(" => ").unwrap();
            let (action, verdict) = meaning.rsplit_once(' ').unwrap();
            let verdict = Verdict::from_word(verdict.as_bytes());
            vec![presets::configured(regex, Some(action), verdict).unwrap()]
        }
    });
    Rules::new(rules.collect())
}

/// A packet's fields as the files write them.
#[derive(Clone)]
struct Got(Vec<(&'static str, Vec<u8>)>);

impl Got {
    fn of(packet: &Packet<'_>) -> Got {
        fn or_dash<T: ToString>(value: Option<T>) -> Vec<u8> {
            value.map_or("-".to_owned(), |v| v.to_string()).into_bytes()
        }
        Got(vec![
            ("time", or_dash(packet.time.map(stamp))),
            ("host", packet.host.to_vec()),
            ("prefix", packet.prefix.to_vec()),
            ("action", packet.action.to_vec()),
            ("verdict", packet.verdict.as_str().into()),
            ("in", packet.if_in.to_vec()),
            ("out", packet.if_out.to_vec()),
            ("mac", packet.mac.to_vec()),
            ("src", or_dash(packet.src)),
            ("dst", or_dash(packet.dst)),
            ("sport", or_dash(packet.src_port)),
            ("dport", or_dash(packet.dst_port)),
            ("proto", packet.proto.to_vec()),
            ("length", or_dash(packet.length)),
            ("ttl", or_dash(packet.ttl)),
            ("id", or_dash(packet.ip_id)),
            ("flags", or_dash(packet.tcp_flags.map(flags))),
            ("type", or_dash(packet.icmp_type)),
            ("code", or_dash(packet.icmp_code)),
        ])
    }
}

fn stamp(time: Time) -> String {
    jiff::Timestamp::from_microsecond(time.0).unwrap().to_string()
}

fn flags(flags: TcpFlags) -> String {
    let names = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"];
    let set = names.iter().enumerate().filter(|(bit, _)| flags.0 & (1 << bit) != 0);
    let set: Vec<_> = set.map(|(_, name)| *name).collect();
    match set.is_empty() {
        true => "none".to_owned(),
        false => set.join(" "),
    }
}

/// The damage reasons that `after` counts and `before` does not.
fn new_damage(before: &ParseStats, after: &ParseStats) -> Vec<String> {
    let count = |stats: &ParseStats, reason| stats.reasons.get(reason).map_or(0, |d| d.count);
    let grown = after.reasons.keys().filter(|reason| count(after, reason) > count(before, reason));
    grown.map(ToString::to_string).collect()
}

/// What is wrong with a case, one line per fault.
fn check(case: &Case, before: &ParseStats, after: &ParseStats, packets: &[Got]) -> Vec<(usize, String)> {
    let mut wrong = Vec::new();
    let mut expect = |at: usize, field: &str, expected: &[u8], got: &[u8]| {
        if expected != got {
            let show = |bytes: &[u8]| bytes.escape_ascii().to_string();
            wrong.push((at, format!("{field}: expected '{}', got '{}'", show(expected), show(got))));
        }
    };
    let damage = new_damage(before, after);
    let kind = match (after.packet_lines - before.packet_lines, after.other - before.other) {
        (1, 0) => "packets",
        (0, 1) => "other",
        _ => "damaged",
    };
    let mut expected_kind = "packets";
    let mut expected_damage = Vec::new();
    let mut said = case.fields.iter().filter(|(_, field, _)| field == "packets");
    let mut expected_packets = match said.next() {
        Some((_, _, count)) => count.parse().unwrap(),
        None => 1 + case.fields.iter().filter(|(_, field, _)| field == "and").count(),
    };
    for (at, field, value) in &case.fields {
        match field.as_str() {
            "other" => (expected_kind, expected_packets) = ("other", 0),
            "damaged" => {
                (expected_kind, expected_packets) = ("damaged", 0);
                expected_damage.push(value.clone());
            }
            "damaged beside" => expected_damage.push(value.clone()),
            "unknown prefix" => {
                let prefix = self::value(value);
                let count = |stats: &ParseStats| stats.unknown_prefixes.get(&prefix).copied().unwrap_or(0);
                let grew = count(after) - count(before);
                expect(*at, "unknown prefix counted", b"1", grew.to_string().as_bytes());
            }
            _ => {}
        }
    }
    expect(case.at, "line", expected_kind.as_bytes(), kind.as_bytes());
    expect(case.at, "damage", expected_damage.join(", ").as_bytes(), damage.join(", ").as_bytes());
    let number = |n: usize| n.to_string().into_bytes();
    expect(case.at, "packets", &number(expected_packets), &number(packets.len()));
    let mut packet = 0;
    for (at, field, value) in &case.fields {
        match field.as_str() {
            "other" | "damaged" | "damaged beside" | "packets" | "unknown prefix" => {}
            "and" => packet += 1,
            _ => {
                let Some(got) = packets.get(packet) else { continue };
                match got.0.iter().find(|(name, _)| name == field) {
                    Some((_, got)) => expect(*at, field, &self::value(value), got),
                    None => expect(*at, "field", b"one that packets have", field.as_bytes()),
                }
            }
        }
    }
    wrong
}

#[test]
fn every_line_gives_the_fields_beside_it() {
    let report = report(|_| true, <[String]>::to_vec);
    assert!(report.is_empty(), "\n{report}");
}

/// `auto` takes what a single preset's rules take, in the same way; and no more than they do of what other
/// programs were made to say.
#[test]
fn auto_reads_every_preset_as_the_preset_does() {
    let one_preset = |rules: &[String]| match rules {
        [preset] => presets::names().any(|name| name == preset && name != "any"),
        all => all.iter().all(|rule| presets::names().any(|name| name == rule)),
    };
    let auto = |_: &[String]| vec!["auto".to_owned()];
    let report = report(one_preset, auto);
    assert!(report.is_empty(), "\n{report}");
}

/// Deviations from the files whose rules are `wanted`, read by the rules that `by` gives for them.
fn report(wanted: impl Fn(&[String]) -> bool, by: impl Fn(&[String]) -> Vec<String>) -> String {
    let mut report = String::new();
    for path in files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let dialect = read(&path);
        assert!(!dialect.cases.is_empty(), "{name} has no case");
        assert!(!dialect.rules.is_empty(), "{name} names no prefix");
        if !wanted(&dialect.rules) {
            continue;
        }
        let by = by(&dialect.rules);
        let rules = rules(&by);
        let written: jiff::Timestamp = dialect.written.parse().unwrap();
        let calendar = Calendar::new(
            TimeZone::posix(&dialect.zone).unwrap(),
            Reference::Written(Time(written.as_microsecond())),
        );
        let mut reader = Reader::new(&rules, calendar);
        for case in &dialect.cases {
            // What one preset does not know, another may.
            if by != dialect.rules && case.fields.iter().any(|(_, field, _)| field == "unknown prefix") {
                continue;
            }
            let before = reader.stats.clone();
            let mut packets = Vec::new();
            reader.read(&case.line, |packet| packets.push(Got::of(packet)));
            assert_eq!(reader.stats.lines(), before.lines() + 1);
            for (at, wrong) in check(case, &before, &reader.stats, &packets) {
                writeln!(report, "tests/lines/{name}:{at}: {wrong}").unwrap();
            }
            if case.fields.is_empty() {
                writeln!(report, "tests/lines/{name}:{}: nothing is said about it", case.at).unwrap();
            }
        }
    }
    report
}

#[test]
fn every_preset_has_a_file_that_shows_its_forms() {
    let shown: Vec<String> = files().iter().flat_map(|path| read(path).rules).collect();
    // `auto` is all of them.
    for preset in presets::names().filter(|name| *name != "auto") {
        assert!(
            shown.iter().any(|rule| rule == preset),
            "no file of tests/lines has 'prefix: {preset}' at its head"
        );
    }
}

#[test]
fn an_unknown_prefix_is_recognized_as_its_preset() {
    for path in files() {
        let dialect = read(&path);
        let [preset] = dialect.rules.as_slice() else {
            continue;
        };
        if !presets::names().any(|name| name == preset && name != "any") {
            continue;
        }
        let rules = rules(&dialect.rules);
        let calendar = Calendar::new(TimeZone::UTC, Reference::Year(2026));
        let mut reader = Reader::new(&rules, calendar);
        for case in &dialect.cases {
            reader.read(&case.line, |packet| {
                let recognized = presets::recognize(packet.prefix);
                assert_eq!(recognized, preset, "{}:{}", path.display(), case.at);
            });
        }
    }
}
