//! Makes a big log for benchmarks: `cargo run --release --example make_big -- 1000000 > big.log`.
//!
//! Nine lines in ten are packets, the tenth is from other programs; about 240 bytes per line. The
//! timestamps are RFC 3164, ascend from 2 January and stay within one year. The same arguments give the
//! same bytes.
//!
//! `make_big LINES [SEED] [--sources N]`
//!
//! N (default 20000) is the number of distinct sources; a few of them send most packets. If N is at least
//! LINES, every packet has its own source: a spoofed flood.

use std::io::{self, Write};
use std::process::ExitCode;

const USAGE: &str = "usage: make_big LINES [SEED] [--sources N]";

const SECOND: u64 = 1_000_000;
/// The longest time a log covers, in microseconds: 2 January to the end of October.
const LONGEST: u64 = 300 * 86_400 * SECOND;
/// The mean time between two lines, unless the log is too long for it.
const GAP: u64 = 600_000;

const MONTHS: [(&[u8], u64); 12] = [
    (b"Jan", 31),
    (b"Feb", 28),
    (b"Mar", 31),
    (b"Apr", 30),
    (b"May", 31),
    (b"Jun", 30),
    (b"Jul", 31),
    (b"Aug", 31),
    (b"Sep", 30),
    (b"Oct", 31),
    (b"Nov", 30),
    (b"Dec", 31),
];

/// The firewalls: name, address, uptime at the start of the log in seconds.
const HOSTS: [(&[u8], &[u8], u64); 3] = [
    (b"zathras", b"188.126.93.160", 8_304_902),
    (b"gate-north", b"192.0.2.1", 512_044),
    (b"gate-south", b"198.51.100.1", 77_310),
];

const INTERFACES: [&[u8]; 4] = [b"eth0", b"eth1", b"ppp0", b"wlan0"];

/// The most probed ports; the others are random.
const PORTS: [u64; 16] = [23, 23, 23, 22, 22, 445, 80, 443, 3389, 1433, 8080, 25, 5900, 2323, 3306, 6379];

const UDP_PORTS: [u64; 8] = [53, 123, 161, 1900, 5060, 5060, 11211, 137];

/// What other programs write; a number is appended.
const CHATTER: [&[u8]; 5] = [
    b"sshd[2214]: Failed password for invalid user admin from 203.0.113.77 port ",
    b"CRON[31337]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly) #",
    b"systemd[1]: Started Session of user root, number ",
    b"named[811]: client 198.51.100.9#53: query (cache) 'example.org/A/IN' denied, view ",
    b"sshd[2215]: Invalid user IPT: DROP IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.1 PROTO=TCP from 203.0.113.9 port ",
];

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    fn pick<T: Copy, const N: usize>(&mut self, of: &[T; N]) -> T {
        of[self.below(N as u64) as usize]
    }
}

/// What to make.
struct Job {
    lines: u64,
    seed: u64,
    sources: u64,
}

fn arguments() -> Option<Job> {
    let (mut numbers, mut sources) = (Vec::new(), 20_000);
    let mut given = std::env::args().skip(1);
    while let Some(word) = given.next() {
        if word == "--sources" {
            sources = given.next()?.parse().ok().filter(|&n| n > 0)?;
        } else {
            numbers.push(word.parse().ok()?);
        }
    }
    match numbers[..] {
        [lines] => Some(Job { lines, seed: 1, sources }),
        [lines, seed] => Some(Job { lines, seed, sources }),
        _ => None,
    }
}

/// A number in decimal, zero-padded to `width`. Hand-written: `write!` would take most of the time.
fn decimal(to: &mut Vec<u8>, mut number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    let start = start.min(digits.len().saturating_sub(width));
    to.extend_from_slice(&digits[start..]);
}

fn hex16(to: &mut Vec<u8>, group: u64) {
    for shift in [12, 8, 4, 0] {
        to.push(b"0123456789abcdef"[(group >> shift & 15) as usize]);
    }
}

fn field(to: &mut Vec<u8>, key: &[u8], value: u64) {
    to.extend_from_slice(key);
    decimal(to, value, 1);
    to.push(b' ');
}

/// Whether the source with this number is an IPv6 host; one in sixteen is.
fn is_ipv6(source: u64) -> bool {
    source % 16 == 7
}

/// The IPv4 address of a source; numbers below 2^31 never share one.
fn address4(to: &mut Vec<u8>, source: u64) {
    // From 1.0.0.0 to 223.255.255.255; the factor is prime, so the steps visit every address once.
    const SPACE: u64 = 223 << 24;
    let address = (1 << 24) + (source + 1) * 2_654_435_761 % SPACE;
    for shift in [24, 16, 8, 0] {
        decimal(to, address >> shift & 255, 1);
        if shift > 0 {
            to.push(b'.');
        }
    }
}

/// The IPv6 address of a source; numbers below 2^32 never share one.
fn address6(to: &mut Vec<u8>, source: u64) {
    to.extend_from_slice(b"2001:0db8:");
    hex16(to, source >> 16 & 0xffff);
    to.push(b':');
    hex16(to, source & 0xffff);
    to.extend_from_slice(b":0000:0000:0000:0001");
}

/// `Jan  2 03:04:05`, from microseconds since the year began (not a leap year).
fn stamp(to: &mut Vec<u8>, at: u64) {
    let (mut day, second) = (at / SECOND / 86_400, at / SECOND % 86_400);
    for (name, days) in MONTHS {
        if day < days {
            to.extend_from_slice(name);
            to.extend_from_slice(if day < 9 { b"  " } else { b" " });
            decimal(to, day + 1, 1);
            break;
        }
        day -= days;
    }
    for (before, value) in [(b' ', second / 3600), (b':', second / 60 % 60), (b':', second % 60)] {
        to.push(before);
        decimal(to, value, 2);
    }
    to.push(b' ');
}

/// The part after the addresses, from LEN to the end.
fn packet(to: &mut Vec<u8>, random: &mut Random, six: bool, action: &[u8]) {
    let kind = random.below(100);
    let length = if kind < 80 { 40 + 4 * random.below(6) } else { 46 + random.below(400) };
    if six {
        field(to, b"LEN=", length + 20);
        field(to, b"TC=0 HOPLIMIT=", 40 + random.below(24));
        field(to, b"FLOWLBL=", random.below(1 << 20));
    } else {
        field(to, b"LEN=", length);
        field(to, b"TOS=0x00 PREC=0x00 TTL=", 40 + random.below(210));
        field(to, b"ID=", random.below(65_536));
        if kind < 70 {
            to.extend_from_slice(b"DF ");
        }
    }
    let source_port = 1024 + random.below(64_000);
    if kind < 80 {
        let port = if random.below(10) < 7 { random.pick(&PORTS) } else { 1 + random.below(65_535) };
        field(to, b"PROTO=TCP SPT=", source_port);
        field(to, b"DPT=", port);
        field(to, b"WINDOW=", random.pick(&[5840, 8192, 14_600, 29_200, 65_535]));
        to.extend_from_slice(b"RES=0x00 ");
        to.extend_from_slice(match action {
            b"INVALID" => random.pick(&[&b"ACK "[..], b"ACK FIN ", b"ACK RST ", b"RST "]),
            _ => b"SYN ",
        });
        to.extend_from_slice(b"URGP=0 ");
    } else if kind < 96 {
        let port = if random.below(10) < 7 { random.pick(&UDP_PORTS) } else { 1 + random.below(65_535) };
        field(to, b"PROTO=UDP SPT=", source_port);
        field(to, b"DPT=", port);
        field(to, b"LEN=", length - 20);
    } else {
        let echo: &[u8] =
            if six { b"PROTO=ICMPv6 TYPE=128 CODE=0 ID=" } else { b"PROTO=ICMP TYPE=8 CODE=0 ID=" };
        field(to, echo, random.below(65_536));
        field(to, b"SEQ=", 1 + random.below(9));
    }
}

/// One log line, with its newline.
fn line(to: &mut Vec<u8>, random: &mut Random, at: u64, source: u64) {
    let (host, address, uptime) = HOSTS[[0, 0, 0, 1, 1, 2][random.below(6) as usize]];
    stamp(to, at);
    to.extend_from_slice(host);
    to.push(b' ');
    if random.below(10) == 0 {
        to.extend_from_slice(random.pick(&CHATTER));
        decimal(to, random.below(65_536), 1);
        to.push(b'\n');
        return;
    }
    to.extend_from_slice(b"kernel: [");
    decimal(to, uptime + at / SECOND, 5);
    to.push(b'.');
    decimal(to, at % SECOND, 6);
    to.extend_from_slice(b"] IPT: ");
    let action: &[u8] = match random.below(100) {
        0..75 => b"DROP",
        75..83 => b"INVALID",
        83..95 => b"ACCEPT",
        _ => b"CBLK",
    };
    to.extend_from_slice(action);
    to.extend_from_slice(b" IN=");
    let interface = INTERFACES[[0, 0, 0, 0, 0, 1, 1, 2, 3, 3][random.below(10) as usize]];
    to.extend_from_slice(interface);
    to.extend_from_slice(b" OUT= MAC=");
    let six = is_ipv6(source);
    if interface != b"ppp0" {
        to.extend_from_slice(b"00:16:3e:5e:6c:01:00:1b:21:7a:3c:0d:");
        to.extend_from_slice(if six { b"86:dd" } else { b"08:00" });
    }
    to.extend_from_slice(b" SRC=");
    if six {
        address6(to, source)
    } else {
        address4(to, source)
    }
    to.extend_from_slice(b" DST=");
    to.extend_from_slice(if six { b"2001:0db8:0000:0000:0000:0000:0000:0001" } else { address });
    to.push(b' ');
    packet(to, random, six, action);
    to.push(b'\n');
}

fn write(job: &Job, out: &mut impl Write) -> io::Result<()> {
    let mut random = Random(job.seed);
    let gap = GAP.min(LONGEST / job.lines.max(1)).max(1);
    let mut at = 86_400 * SECOND;
    let mut block = Vec::with_capacity(1 << 17);
    for number in 0..job.lines {
        at += random.below(2 * gap + 1);
        let source = if job.sources >= job.lines {
            number
        } else {
            // The cube of a uniform draw: half of the packets come from an eighth of the sources.
            let draw = random.below(1 << 21);
            ((u128::from(job.sources) * u128::from(draw * draw * draw)) >> 63) as u64
        };
        line(&mut block, &mut random, at, source);
        if block.len() > 1 << 16 {
            out.write_all(&block)?;
            block.clear();
        }
    }
    out.write_all(&block)?;
    out.flush()
}

fn main() -> ExitCode {
    let Some(job) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match write(&job, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("! standard output: {error}");
            ExitCode::FAILURE
        }
    }
}
