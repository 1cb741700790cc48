//! A log gives the same result with any number of workers, wherever chunks begin.

use std::io::{self, Read};

use proptest::prelude::*;

use super::*;
use crate::input::Log;
use crate::netfilter::prefix::Rules;
use crate::netfilter::presets;
use crate::netfilter::timestamp::{Calendar, Reference};
use crate::netfilter::{Time, clean};

/// Yields its bytes in pieces of these lengths, cyclically; each is a chunk if a line ends in it.
struct Pieces {
    bytes: Vec<u8>,
    at: usize,
    lengths: Vec<usize>,
    turn: usize,
}

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let length = self.lengths[self.turn % self.lengths.len()];
        self.turn += 1;
        let rest = &self.bytes[self.at..];
        let length = length.min(buf.len()).min(rest.len());
        buf[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        Ok(length)
    }
}

/// Formats packets as text, 1000 at a time.
struct Written;

impl Maker for Written {
    type Made = Vec<String>;

    fn packet(&self, made: &mut Vec<String>, packet: &Packet<'_>) {
        let texts = [packet.host, packet.prefix, packet.action].map(clean);
        made.push(format!("{:?} {texts:?} {:?} {:?}", packet.time, packet.src, packet.dst_port));
    }

    fn is_full(&self, made: &Vec<String>) -> bool {
        made.len() >= 1000
    }
}

/// The packets of a log and the statistics of its lines.
fn read(log: &[u8], lengths: &[usize], workers: usize, stops: Option<&Stops<'_>>) -> (Vec<String>, String) {
    let rules = Rules::new(presets::named("auto").expect("a preset"));
    let calendar = Calendar::new(jiff::tz::TimeZone::UTC, Reference::Year(2026));
    let mut reader = Reader::new(&rules, calendar);
    let pieces = Pieces { bytes: log.to_vec(), at: 0, lengths: lengths.to_vec(), turn: 0 };
    let mut lines = LogLines::new(Lines::new(Log::stream("test".to_owned(), pieces).expect("a log")));
    let mut all = Vec::new();
    let mut done = |made: Vec<String>| all.extend(made);
    let mut sink = Sink::new(&Written, &mut done);
    loop {
        lines.parse(workers, &mut reader, stops, &mut sink);
        if !lines.next_line(&mut reader, &mut |packet| sink.packet(packet)).expect("a line") {
            break;
        }
    }
    sink.flush();
    (all, format!("{:?}", reader.stats))
}

fn packet(n: usize, host: usize, word: &str) -> String {
    format!(
        "May {:2} {:02}:{:02}:{:02} host{host} kernel: {word}IN=eth0 OUT= SRC=192.0.2.{} DST=198.51.100.1 LEN=60 TTL=60 \
         PROTO=TCP SPT=1 DPT={} SYN\n",
        1 + n / 86_400,
        n / 3600 % 24,
        n / 60 % 60,
        n % 60,
        n % 250,
        n % 60_000
    )
}

/// A line: a packet, one whose meaning depends on earlier lines, or no packet.
fn line(kind: usize, n: usize) -> Vec<u8> {
    let host = n % 7;
    match kind {
        0..20 => packet(n, host, "IPT: DROP ").into_bytes(),
        20..24 => format!("May  1 00:00:01 host{host} last message repeated {} times\n", n % 5).into_bytes(),
        24 => format!(
            "May  1 00:00:01 host{host} kernel: message repeated 3 times: [ {}]\n",
            packet(n, host, "IPT: ACCEPT ").split_once("kernel: ").map_or("", |(_, text)| text.trim_end())
        )
        .into_bytes(),
        25 => packet(n, host, &format!("word {n} ")).into_bytes(),
        26 => packet(n, host, "IPT: DROP ").replace(" DPT=", " DPT=x").into_bytes(),
        27 => b"\xff\x00 no line of any firewall\r\n".to_vec(),
        28 => b"\n".to_vec(),
        _ => packet(n, n, "[UFW AUDIT] ").into_bytes(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_result_is_that_of_one_thread(
        kinds in proptest::collection::vec(0..30_usize, 0..400),
        lengths in proptest::collection::vec(1..3000_usize, 1..6),
        ended in any::<bool>(),
    ) {
        let mut log: Vec<u8> = kinds.iter().enumerate().flat_map(|(n, kind)| line(*kind, n)).collect();
        if !ended {
            log.pop();
        }
        let alone = read(&log, &[1 << 20], 1, None);
        for workers in [2, 3, 8] {
            prop_assert_eq!(&read(&log, &lengths, workers, None), &alone);
        }
    }

    #[test]
    fn stopping_anywhere_loses_nothing(
        kinds in proptest::collection::vec(0..30_usize, 0..300),
        lengths in proptest::collection::vec(1..2000_usize, 1..6),
        stop in 0..300_i64,
    ) {
        let log: Vec<u8> = kinds.iter().enumerate().flat_map(|(n, kind)| line(*kind, n)).collect();
        let may = Time(1_777_593_600 * Time::SECOND);
        let stops = move |packet: &Packet<'_>| packet.time.is_some_and(|time| time.0 - may.0 >= stop * Time::SECOND);
        prop_assert_eq!(read(&log, &lengths, 3, Some(&stops)), read(&log, &[1 << 20], 1, None));
    }
}

#[test]
fn more_prefixes_and_hosts_than_are_kept_count_as_in_one_thread() {
    let log: Vec<u8> = (0..6000).flat_map(|n| line(if n % 2 == 0 { 25 } else { 29 }, n)).collect();
    assert_eq!(read(&log, &[10_000], 3, None), read(&log, &[1 << 20], 1, None));
}

#[test]
fn a_line_over_the_cap_counts_once() {
    let long = [vec![b'x'; 3 << 20], b"\n".to_vec()].concat();
    let some: Vec<u8> = (0..2000).flat_map(|n| line(0, n)).collect();
    let log = [&some[..], &long, &some, &long, &some].concat();
    assert_eq!(read(&log, &[70_000], 3, None), read(&log, &[1 << 20], 1, None));
}
