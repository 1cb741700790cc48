//! What holds for anything a person types or keeps in a file.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use ipta::exports::cli::{self, Stop};
use ipta::exports::config::Call;
use ipta::exports::config::{self, Layer, Place};
use ipta::exports::escape;
use ipta::exports::filter::{services, when};
use ipta::exports::netfilter::Time;
use ipta::exports::netfilter::timestamp::{self, Calendar, Reference};
use jiff::tz::TimeZone;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Arbitrary bytes, and texts made of bytes that mean something to the reader.
fn bytes(meaning: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..200), vec(select(meaning), 0..60)]
}

/// A text with some of its bytes changed, removed or inserted.
fn mutated(texts: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<Index>(), any::<u8>(), 0..3u8);
    (select(texts), vec(change, 0..6)).prop_map(|(text, changes)| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len() + 1);
            match (how, at < bytes.len()) {
                (0, true) => bytes[at] = byte,
                (1, true) => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    })
}

const CONFIGURATIONS: &[&str] = &[
    "db_host = \"localhost\"\ndb_port = 3306\ndb_pass = \"hunter2\"\n[attacks]\nauth_ports = [22, 443]\n",
    "db_host = localhost\nrdns = yes\nshow-lo = no\nanalyzer limit = 15\n",
    "prefix = [\"ipt\", \"ufw\"]\n[[prefix]]\npattern = \"x(?<action>\\\\w+)\"\nverdict = \"deny\"\n",
    "# \u{e4}\nallow = ['192.0.2.0/24']\nmodules = \"all\"\nformat = 'json'\ndb_file = \"~/packets.db\"\n",
];

/// Words of real calls: options and values in no particular order.
const WORDS: &[&str] = &[
    "-c",
    "-i",
    "-a",
    "-f",
    "-lt",
    "-ct",
    "-dt",
    "-da",
    "-cd",
    "-pi",
    "-ai",
    "-dp",
    "-s",
    "-h",
    "-u",
    "-p",
    "-d",
    "-t",
    "-r",
    "-l",
    "-C",
    "-v",
    "-ctlogs",
    "-ar",
    "-help",
    "--",
    "-",
    "",
    "=",
    "--=x",
    "-p=x",
    "-l5",
    "--scan",
    "--yes",
    "--again",
    "--attacks",
    "--no-loop",
    "--prefix",
    "ufw",
    "x(?<action>DROP)",
    "(",
    "5",
    "0",
    "-1",
    "99999999999999999999",
    "4294967296",
    "db1",
    "logs",
    "a.log",
    "--since",
    "--until",
    "2h",
    "--src",
    "192.0.2.0/24",
    "--dport",
    "22",
    "--db-file",
    "p.db",
    "--config",
    "c",
    "--limit=5",
    "--db-port",
    "--format",
    "json",
    "--color=never",
    "--rdns",
    "--no-rdns",
    "--ttl",
    "--modules",
    "all",
    "--year",
    "--quiet",
    "--no-accept",
    "--accept",
    "--accept-action",
    "--deny-action",
    "ALLOW",
    "--output",
    "--db-tls",
    "off",
];

fn arguments() -> impl Strategy<Value = Vec<OsString>> {
    let word = prop_oneof![
        4 => select(WORDS).prop_map(OsString::from),
        1 => mutated(WORDS).prop_map(OsString::from_vec),
        1 => bytes(b"-=acdilpt \0\xff").prop_map(OsString::from_vec),
    ];
    vec(word, 0..8)
}

/// Options that the configuration keeps, each with values people may type.
fn kept() -> impl Strategy<Value = Vec<String>> {
    let text = prop_oneof!["[a-z]{1,8}", "\\PC{1,12}"];
    let number = prop_oneof![0..100u64, any::<u64>(), Just(u64::from(u32::MAX)), Just(1 << 32)];
    let texts = &["--db-user", "--db-pass", "--db-table", "--dns-table", "--accept-action", "--prefix"];
    let option = prop_oneof![
        (select(&texts[..]), text.clone()).prop_map(|(option, text)| format!("{option}={text}")),
        (select(&["--limit", "--ttl"][..]), number).prop_map(|(option, n)| format!("{option}={n}")),
        select(
            &[
                "--rdns",
                "--no-rdns",
                "--header",
                "--no-header",
                "--counter",
                "--no-counter",
                "--local",
                "--no-local",
                "--accept",
                "--no-accept",
                "--time",
                "--no-time",
                "--modules=ports,icmp",
                "--format=csv",
                "--color=always",
            ][..]
        )
        .prop_map(str::to_owned),
    ];
    let place = prop_oneof![
        vec((select(&["--db-host", "--db-name"][..]), text).prop_map(|(o, t)| format!("{o}={t}")), 0..2),
        (1..=65535u16).prop_map(|port| vec![format!("--db-port={port}")]),
        "[a-z \u{e4}]{1,8}".prop_map(|file| vec![format!("--db-file={file}")]),
    ];
    (place, vec(option, 0..6)).prop_map(|(mut place, options)| {
        place.extend(options);
        place
    })
}

fn parse(args: &[String]) -> Result<Call, Stop> {
    cli::parse(args.iter().map(OsString::from).chain(["--save-db".into()]))
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").expect("the zone is known")
}

/// 1 June 2026.
const NOW: Time = Time(1_780_272_000_000_000);

const MOMENTS: &[&str] = &[
    "2026-05-04",
    "2026-05-04 06:35",
    "06:35",
    "2026-05-04T06:35:12.123456+02:00",
    "2h",
    "3 days ago",
    "yesterday",
    "999999999 years ago",
    "May  4 06:25:01",
    "[Mon May  4 06:25:01 2026]",
    "9999-12-31",
    "9999-12-31 23:59:59",
    "0000-00-00",
    "2026-03-29 02:30",
    "2026-10-25T02:30:00",
];

proptest! {
    #[test]
    fn a_configuration_is_read_or_refused_without_its_password(
        text in prop_oneof![mutated(CONFIGURATIONS), bytes(b"db_host=\"[]{}'\\\n#.0x,-"), bytes(b"[[[]]]{{=a\".\n")]
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("conf");
        std::fs::write(&file, &text).expect("a file");
        if let Err(error) = config::load(&file, true) {
            let said = error.to_string();
            prop_assert!(!said.contains("hunter2"), "{said}");
            prop_assert!(said.lines().all(|line| !line.contains(|c: char| c.is_control())), "{said:?}");
        }
    }

    #[test]
    fn any_arguments_are_a_call_or_refused_in_words(args in arguments()) {
        match cli::parse(args.into_iter()) {
            Ok(call) => prop_assert!(!call.modes.is_empty()),
            Err(Stop::Text(text)) => prop_assert!(!text.is_empty()),
            Err(Stop::Usage(text)) => {
                prop_assert!(text.starts_with("! ") && text.ends_with('\n'), "{text:?}");
                prop_assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
            }
        }
    }

    #[test]
    fn what_a_call_saves_is_what_the_next_call_finds(args in kept()) {
        let Ok(call) = parse(&args) else { return Ok(()) };
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("conf");
        let mut settings = config::merge(&call.given, &Layer::default());
        config::save(&file, &settings, &call.given, true).expect("saved");
        let (found, notes) = config::load(&file, true).expect("it reads").expect("it is there");
        prop_assert!(notes.is_empty(), "{notes:?}");
        // The file keeps a relative path as the place it meant.
        if let Place::File(path) = &mut settings.place {
            *path = std::path::absolute(&path).expect("a path");
        }
        // What is saved need not be typed again.
        if let Place::Server(server) = &mut settings.place {
            server.asks = false;
        }
        prop_assert_eq!(config::merge(&Layer::default(), &found), settings);
    }

    #[test]
    fn a_stamp_lies_within_its_line_and_within_the_calendar(
        line in prop_oneof![mutated(MOMENTS), bytes(b"0123456789-:T Z+.,[]MayJun")]
    ) {
        if let Some((stamp, length)) = timestamp::read(&line) {
            prop_assert!(0 < length && length <= line.len());
            for reference in [Reference::Written(NOW), Reference::Year(i16::MIN), Reference::Year(9999)] {
                let placed = Calendar::new(berlin(), reference).place(stamp);
                prop_assert!(placed.is_none_or(|time| (Time::MIN..=Time::MAX).contains(&time)));
            }
        }
    }

    #[test]
    fn a_moment_that_people_type_is_one_or_is_refused(
        text in prop_oneof![mutated(MOMENTS), bytes(b"0123456789-: agohdmTZ+")],
        now in prop_oneof![Just(NOW), any::<i64>().prop_map(Time)],
    ) {
        let text = String::from_utf8_lossy(&text);
        let (since, until) = (when::since(&text, now, &berlin()), when::until(&text, None, now, &berlin()));
        // Of the very last day, only the end is known.
        prop_assert!(until.is_ok() || since.is_err());
        if let (Ok(since), Ok(until)) = (since, until) {
            prop_assert!(since <= until);
            prop_assert!((Time::MIN..=Time::MAX).contains(&since) || since == now);
        }
    }

    #[test]
    fn ports_are_a_range_or_refused(
        text in prop_oneof![mutated(&["22", "1024-65535", "ssh", "http-alt"]), bytes(b"0123456789- ")],
        file in bytes(b"ssh 22/tcp#\n\t"),
    ) {
        let services = services::Services::read(&String::from_utf8_lossy(&file));
        let found = services::ports(&String::from_utf8_lossy(&text), &|name| services.port(name));
        prop_assert!(found.is_err() || found.is_ok_and(|range| !range.is_empty()));
    }

    #[test]
    fn escaped_text_means_nothing_to_the_place_it_goes_to(text in any::<String>()) {
        let turns = |c: char| matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let quiet = |shown: &str| !shown.contains(|c: char| c.is_control() || turns(c));
        let shown = escape::terminal(&text);
        prop_assert!(quiet(&shown));
        prop_assert_eq!(escape::terminal(&shown), shown.as_ref());
        prop_assert!(!escape::html(&text).contains(['<', '>', '"', '\'']));
        let markdown = escape::markdown(&text);
        prop_assert!(quiet(&markdown) && !markdown.contains(['<', '>']));
        let cell = escape::spreadsheet(&text);
        prop_assert!(quiet(&cell) && !cell.starts_with(['=', '+', '-', '@']));
    }
}
