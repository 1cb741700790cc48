//! Makes `examples/iptables.log`: one day of a small server, analyzed in chapter 5 of the first
//! manual (2015), which is meant wherever this program speaks of the manual and its chapters.
//!
//! `cargo run --example make_log > examples/iptables.log`
//!
//! The manual prints five consistent tables: 241 INVALID TCP, 217 DROP TCP and 43 DROP UDP packets, all
//! arriving on eth0. It lists only the largest groups; the rest of the totals is spread here over sources
//! with one or two packets each, so that no other group ranks above the manual's last row. Their addresses
//! are from the documentation ranges (RFC 5737, RFC 3849). This program uses neither the clock nor chance:
//! every run writes the same bytes.

use std::io::{self, BufWriter, Write};

/// The manual's server.
const SERVER: &str = "188.126.93.160";
/// The same server's IPv6 address, as the kernel writes it: eight full groups.
const SERVER6: &str = "2001:0db8:0000:0000:0216:3eff:fe5e:6c01";
/// The MAC addresses of every frame from outside: this host's, then the router's.
const STATIONS: &str = "00:16:3e:5e:6c:01:00:1b:21:7a:3c:0d";

const SECOND: u64 = 1_000_000;
const DAY: u64 = 86_400 * SECOND;
/// Kernel uptime at midnight, in microseconds.
const UPTIME: u64 = 8_281_789_490_996;

/// A group in the manual: packets, source, source port of its first packet, destination port.
type Group = (u64, &'static str, u16, u16);

/// Chapter 5.4, the whole table: 241 packets, 234 of them for port 80.
const INVALID_TCP: &[Group] = &[
    (138, "213.136.38.8", 41757, 80),
    (14, "125.16.128.122", 62215, 80),
    (14, "91.200.12.11", 56310, 80),
    (14, "204.124.183.98", 53512, 80),
    (10, "194.71.19.244", 48725, 80),
    (9, "176.111.61.12", 50139, 80),
    (9, "71.176.122.34", 8235, 80),
    (8, "201.157.0.78", 50608, 80),
    (6, "194.153.119.59", 63395, 80),
    (5, "200.5.112.174", 3163, 80),
    (3, "8.2.122.80", 28016, 38267),
    (3, "109.190.104.220", 52561, 80),
    (3, "177.91.97.84", 50385, 80),
    (2, "104.28.11.14", 80, 65399),
    (1, "178.63.22.198", 19505, 54699),
    (1, "195.198.171.84", 49473, 80),
    (1, "108.167.143.218", 80, 28498),
];

/// The DROP rows of chapter 5.1, TCP: 50 packets.
const DROP_TCP: &[Group] = &[
    (9, "117.21.176.95", 6000, 1433),
    (9, "176.61.140.118", 4080, 25),
    (8, "194.63.142.101", 36697, 110),
    (6, "171.96.241.142", 45479, 25),
    (4, "222.186.31.137", 6000, 1433),
    (4, "176.37.170.58", 40466, 8080),
    (4, "162.244.35.24", 41695, 21320),
    (3, "212.162.17.234", 3371, 23),
    (3, "222.186.190.157", 43484, 20022),
];

/// The one DROP UDP row of chapter 5.1.
const DROP_UDP: Group = (7, "121.155.129.180", 48461, 10142);

/// What chapter 5.3 counts on a TCP port beyond the rows of [`DROP_TCP`]: port, packets.
#[rustfmt::skip]
const PORTS_TCP: &[(u16, u64)] = &[(23, 53), (25, 7), (1433, 1), (21, 13), (8080, 6), (110, 1), (3389, 9)];

/// The other TCP ports: at most six packets each, so that none reaches the tenth row (7).
#[rustfmt::skip]
const OTHER_TCP: &[(u16, u64)] = &[
    (81, 3), (135, 3), (139, 4), (443, 5), (445, 6), (1080, 5), (2323, 6), (3128, 6), (3306, 6),
    (5000, 3), (5900, 6), (6379, 2), (8000, 4), (8118, 2), (8443, 4), (8888, 5), (9200, 3),
    (10000, 4),
];

/// The UDP ports besides 10142: 5060 with the manual's seven, the others with at most six.
#[rustfmt::skip]
const PORTS_UDP: &[(u16, u64)] =
    &[(5060, 7), (19, 4), (53, 6), (69, 2), (111, 2), (137, 3), (161, 5), (1900, 6), (5351, 1)];

/// The packets of each kind that chapter 5.5 counts.
const TOTAL_DROP_TCP: u64 = 217;
const TOTAL_DROP_UDP: u64 = 43;

/// Chapter 5.2, inbound: packets, source, and the ICMP part of the line.
const ICMP_IN: &[(u64, &str, Icmp)] = &[
    (3, "129.82.138.44", Icmp::Reply),
    (3, "128.9.168.98", Icmp::Request),
    (3, "203.178.148.19", Icmp::Request),
    (2, "195.251.255.69", Icmp::Request),
    (1, "190.7.215.194", Icmp::PortUnreachable),
    (1, "14.8.249.133", Icmp::TimeExceeded),
    (1, "124.65.193.150", Icmp::Request),
];

/// The kinds of ICMP message in the log.
#[derive(Clone, Copy)]
enum Icmp {
    Request,
    Reply,
    PortUnreachable,
    TimeExceeded,
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `low..high`.
    fn from(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low)
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.from(0, of.len() as u64) as usize]
    }
}

/// What one source's machine writes into every packet.
struct Machine {
    ttl: u64,
    window: u64,
    id: u64,
}

/// The log as it grows: times (microseconds since midnight) and the text after the host.
struct Day {
    random: Random,
    lines: Vec<(u64, String)>,
    strangers: Vec<String>,
}

impl Day {
    fn new() -> Day {
        let mut random = Random(2015);
        let mut strangers: Vec<String> = ["192.0.2", "198.51.100", "203.0.113"]
            .iter()
            .flat_map(|net| (1..255).map(move |host| format!("{net}.{host}")))
            .collect();
        for i in (1..strangers.len()).rev() {
            strangers.swap(i, random.from(0, i as u64 + 1) as usize);
        }
        Day { random, lines: Vec::new(), strangers }
    }

    /// An address used nowhere else in the log.
    fn stranger(&mut self) -> String {
        self.strangers.pop().expect("762 addresses are enough")
    }

    fn machine(&mut self) -> Machine {
        let start = self.random.pick(&[64, 64, 128, 128, 255]);
        Machine {
            ttl: start - self.random.from(7, 23),
            window: self.random.pick(&[5840, 8192, 14600, 16384, 29200, 65535]),
            id: self.random.from(1, 60_000),
        }
    }

    /// A line from any program.
    fn say(&mut self, at: u64, text: String) {
        self.lines.push((at, text));
    }

    /// A line from the kernel, stamped with the uptime. The trailing blank is the kernel's too.
    fn kernel(&mut self, at: u64, text: String) {
        let up = UPTIME + at;
        self.say(at, format!("kernel: [{}.{:06}] {text}", up / SECOND, up % SECOND));
    }

    fn came_in(&mut self, at: u64, action: &str, packet: String) {
        self.kernel(at, format!("IPT: {action} IN=eth0 OUT= MAC={STATIONS}:08:00 {packet}"));
    }

    /// A moment that leaves `room` before midnight.
    fn moment(&mut self, room: u64) -> u64 {
        self.random.from(20 * SECOND, DAY - room)
    }

    /// Attempts to open a connection: up to three SYNs each, at 0, 3 and 9 seconds, as from a client
    /// that gets no answer.
    fn attempts(&mut self, at: u64, source: &str, action: &str, first: u16, port: u16, packets: u64) {
        let machine = self.machine();
        let (mut at, mut sport) = (at, first);
        for i in 0..packets {
            if i % 3 == 0 && i > 0 {
                at += self.random.from(20, 400) * SECOND;
                // Scanners that send from port 6000 always do.
                if first != 6000 {
                    sport = 1024 + (u64::from(sport) + self.random.from(3, 900)) as u16 % 60_000;
                }
            } else if i > 0 {
                at += if i % 3 == 1 { 3 } else { 6 } * SECOND + self.random.from(900, 90_000);
            }
            let ip = ipv4(source, SERVER, 48, machine.ttl, machine.id + i, "DF ");
            let syn = tcp(sport, port, machine.window, "SYN");
            self.came_in(at, action, format!("{ip}{syn}"));
        }
    }

    /// Packets that belong to no connection the firewall knows: late data, resets, FINs.
    fn leftovers(&mut self, at: u64, source: &str, first: u16, port: u16, packets: u64) {
        let machine = self.machine();
        let flags = self.random.pick(&["ACK", "ACK FIN", "ACK RST", "RST", "ACK PSH FIN"]);
        let (mut at, mut sport) = (at, first);
        for i in 0..packets {
            if i > 0 {
                at += self.random.from(SECOND / 5, 70 * SECOND);
                // A server keeps its port; a client comes back from another.
                if first != 80 && i % 4 == 0 {
                    sport = 1024 + (u64::from(sport) + self.random.from(1, 60)) as u16 % 60_000;
                }
            }
            let length = if flags.contains("PSH") { 40 + self.random.from(80, 600) } else { 40 };
            let ip = ipv4(source, SERVER, length, machine.ttl, machine.id + i, "DF ");
            let rest = tcp(sport, port, if flags == "RST" { 0 } else { machine.window }, flags);
            self.came_in(at, "INVALID", format!("{ip}{rest}"));
        }
    }

    fn datagrams(&mut self, at: u64, source: &str, first: u16, port: u16, packets: u64) {
        let machine = self.machine();
        let mut at = at;
        for i in 0..packets {
            let payload = if port == 5060 { self.random.from(380, 430) } else { self.random.from(24, 90) };
            let ip = ipv4(source, SERVER, payload + 28, machine.ttl, machine.id + i, "");
            self.came_in(at, "DROP", format!("{ip}{}", udp(first, port, payload + 8)));
            at += self.random.from(2 * SECOND, 900 * SECOND);
        }
    }

    /// Spreads packets to one port over strangers with one or two each.
    fn spread(&mut self, port: u16, packets: u64, is_udp: bool) {
        let mut left = packets;
        while left > 0 {
            let some = self.random.from(1, 3).min(left);
            left -= some;
            let (source, at) = (self.stranger(), self.moment(1000 * SECOND));
            let first = self.random.from(1025, 61_000) as u16;
            if is_udp {
                let first = if port == 5060 { self.random.from(5060, 5100) as u16 } else { first };
                self.datagrams(at, &source, first, port, some);
            } else {
                self.attempts(at, &source, "DROP", first, port, some);
            }
        }
    }

    fn denied(&mut self) {
        for &(packets, source, first, port) in INVALID_TCP {
            let at = self.moment(packets * 70 * SECOND);
            self.leftovers(at, source, first, port, packets);
        }
        for &(packets, source, first, port) in DROP_TCP {
            let at = self.moment(packets * 200 * SECOND);
            self.attempts(at, source, "DROP", first, port, packets);
        }
        let (packets, source, first, port) = DROP_UDP;
        let at = self.moment(packets * 900 * SECOND);
        self.datagrams(at, source, first, port, packets);

        for &(port, packets) in PORTS_TCP {
            self.spread(port, packets, false);
        }
        // One source scans the other ports within a few minutes, one packet each.
        let (sweeper, mut at) = (self.stranger(), 14 * 3600 * SECOND + 211_345);
        for &(port, packets) in OTHER_TCP {
            at += self.random.from(SECOND, 12 * SECOND);
            let first = self.random.from(30_000, 61_000) as u16;
            self.attempts(at, &sweeper, "DROP", first, port, 1);
            self.spread(port, packets - 1, false);
        }
        for &(port, packets) in PORTS_UDP {
            self.spread(port, packets, true);
        }
    }

    fn icmp(&mut self) {
        // The administrator's own ping: 14 requests out, three replies among the inbound packets.
        let begin = 10 * 3600 * SECOND + 902_118;
        for i in 0..14 {
            let ip = ipv4(SERVER, "129.82.138.44", 84, 64, 20_417 + i, "DF ");
            let ping = format!("PROTO=ICMP TYPE=8 CODE=0 ID=9127 SEQ={} ", i + 1);
            self.kernel(begin + i * SECOND, format!("IPT: ACCEPT IN= OUT=eth0 {ip}{ping}"));
        }
        for &(packets, source, kind) in ICMP_IN {
            let machine = self.machine();
            let start = self.moment(4000 * SECOND);
            for i in 0..packets {
                let at = match kind {
                    Icmp::Reply => begin + i * 3 * SECOND + 154_201,
                    _ => start + i * 1201 * SECOND,
                };
                let echo = format!("CODE=0 ID={} SEQ={}", machine.id, i + 1);
                let (length, what) = match kind {
                    Icmp::Request => (28, format!("TYPE=8 {echo}")),
                    Icmp::Reply => (84, format!("TYPE=0 CODE=0 ID=9127 SEQ={}", i * 3 + 1)),
                    Icmp::PortUnreachable => {
                        (56, format!("TYPE=3 CODE=3 [{}{}]", self.sent(source), udp(53, 31_337, 56)))
                    }
                    Icmp::TimeExceeded => {
                        (56, format!("TYPE=11 CODE=0 [{}{}]", self.sent(source), udp(123, 123, 56)))
                    }
                };
                let ip = ipv4(source, SERVER, length, machine.ttl, machine.id + i, "");
                self.came_in(at, "ACCEPT", format!("{ip}PROTO=ICMP {what} "));
            }
        }
    }

    /// The header of our packet that an ICMP error quotes.
    fn sent(&mut self, to: &str) -> String {
        let id = self.random.from(1, 60_000);
        ipv4(SERVER, to, 76, 1, id, "DF ")
    }

    fn accepted(&mut self) {
        for _ in 0..22 {
            let (source, at) = (self.stranger(), self.moment(60 * SECOND));
            let first = self.random.from(32_768, 61_000) as u16;
            self.attempts(at, &source, "ACCEPT", first, 22, 1);
        }
        let (time_server, mut at) = (self.stranger(), 95 * SECOND);
        while at < DAY - 60 * SECOND {
            let asked = udp(123, 123, 56);
            let out = ipv4(SERVER, &time_server, 76, 64, 0, "DF ");
            self.kernel(at, format!("IPT: ACCEPT IN= OUT=eth0 {out}{asked}"));
            let back = ipv4(&time_server, SERVER, 76, 55, 0, "DF ");
            self.came_in(at + 18_412, "ACCEPT", format!("{back}{asked}"));
            at += self.random.from(2000 * SECOND, 2100 * SECOND);
        }
        for i in 0..6 {
            let at = self.moment(60 * SECOND);
            let sport = self.random.from(32_768, 61_000) as u16;
            let flow = self.random.from(1, 1 << 20);
            let syn = tcp(sport, 22, 64_800, "SYN");
            self.kernel(
                at,
                format!(
                    "IPT: ACCEPT IN=eth0 OUT= MAC={STATIONS}:86:dd SRC=2001:0db8:00a{i}:0000:0000:0000:0000:0c0{i} \
                     DST={SERVER6} LEN=80 TC=0 HOPLIMIT=5{i} FLOWLBL={flow} {syn}"
                ),
            );
        }
        for _ in 0..4 {
            let (at, sport) = (self.moment(60 * SECOND), self.random.from(32_768, 61_000) as u16);
            let ip = ipv4("127.0.0.1", "127.0.0.1", 60, 64, 4711, "DF ");
            let syn = tcp(sport, 3306, 43_690, "SYN");
            let stations = "00:00:00:00:00:00:00:00:00:00:00:00:08:00";
            self.kernel(at, format!("IPT: ACCEPT IN=lo OUT= MAC={stations} {ip}{syn}"));
        }
    }

    /// One source guesses passwords: accepted packets, and what sshd logs about them.
    fn password_guesser(&mut self) {
        let (source, mut at) = (self.stranger(), 3 * 3600 * SECOND + 412_007);
        for i in 0..24 {
            let sport = 40_100 + i * 37;
            self.attempts(at, &source, "ACCEPT", sport, 22, 1);
            let user = self.random.pick(&["root", "invalid user admin", "invalid user test"]);
            let said = format!("Failed password for {user} from {source} port {sport} ssh2");
            self.say(at + 2 * SECOND, format!("sshd[{}]: {said}", 2100 + i));
            if i == 11 {
                self.say(at + 7 * SECOND, format!("sshd[2111]: message repeated 2 times: [ {said}]"));
            }
            at += self.random.from(8 * SECOND, 19 * SECOND);
        }
    }

    /// Text that an attacker chose and another program logged: it looks like a packet but is not.
    fn forged(&mut self) {
        let forger = self.stranger();
        let packet =
            format!("{}{}", ipv4("203.0.113.255", SERVER, 60, 50, 666, "DF "), tcp(6666, 6667, 5840, "SYN"));
        let packet = packet.trim_end();
        let at = self.moment(3600 * SECOND);
        self.say(
            at,
            format!("sshd[2214]: Invalid user IPT: DROP IN=eth0 OUT= {packet} from {forger} port 48122"),
        );
        self.say(
            at + 31 * SECOND,
            format!(
                "sshd[2216]: Invalid user kernel: [8304902.490996] IPT: INVALID IN=eth0 OUT= \
                 MAC={STATIONS}:08:00 {packet} from {forger} port 48160"
            ),
        );
        self.say(
            at + 95 * SECOND,
            format!("named[811]: client {forger}#53110: query: IPT: DROP IN=eth0 OUT= {packet} IN A -"),
        );
    }

    fn everyday(&mut self) {
        for hour in 0..24 {
            let at = (hour * 3600 + 17 * 60 + 1) * SECOND;
            let hourly = "(root) CMD (   cd / && run-parts --report /etc/cron.hourly)";
            self.say(at + 4_000, format!("CRON[{}]: {hourly}", 1500 + hour * 61));
            if hour % 4 == 1 {
                let lease = at + self.random.from(60, 1500) * SECOND;
                self.say(lease, format!("dhclient: DHCPREQUEST of {SERVER} on eth0 to 188.126.93.1 port 67"));
                self.say(lease + 21_000, format!("dhclient: DHCPACK of {SERVER} from 188.126.93.1"));
            }
            if hour % 5 == 2 {
                let (client, later) = (self.stranger(), at + self.random.from(60, 2000) * SECOND);
                let sport = self.random.from(1025, 61_000);
                self.say(
                    later,
                    format!("named[811]: client {client}#{sport}: query (cache) 'example.org/A/IN' denied"),
                );
            }
        }
        let daily = (6 * 3600 + 25 * 60 + 1) * SECOND;
        self.say(
            daily + 3_000,
            "CRON[1893]: (root) CMD (test -x /usr/sbin/anacron || run-parts /etc/cron.daily)".into(),
        );
        self.say(daily + SECOND, "systemd[1]: Starting Rotate log files...".into());
        self.say(daily + 2 * SECOND, "systemd[1]: Started Rotate log files.".into());
        let noon = 12 * 3600 * SECOND;
        self.kernel(noon + 801_220, "device eth0 entered promiscuous mode".into());
        self.kernel(noon + 95 * SECOND, "device eth0 left promiscuous mode".into());
    }
}

/// The IPv4 part of a line; `fragment` is `DF ` or nothing.
fn ipv4(source: &str, destination: &str, length: u64, ttl: u64, id: u64, fragment: &str) -> String {
    format!("SRC={source} DST={destination} LEN={length} TOS=0x00 PREC=0x00 TTL={ttl} ID={id} {fragment}")
}

fn tcp(source: u16, destination: u16, window: u64, flags: &str) -> String {
    format!("PROTO=TCP SPT={source} DPT={destination} WINDOW={window} RES=0x00 {flags} URGP=0 ")
}

/// The UDP part; its LEN counts the UDP header and payload.
fn udp(source: u16, destination: u16, length: u64) -> String {
    format!("PROTO=UDP SPT={source} DPT={destination} LEN={length} ")
}

fn packets(groups: &[Group]) -> u64 {
    groups.iter().map(|group| group.0).sum()
}

fn on_ports(ports: &[(u16, u64)]) -> u64 {
    ports.iter().map(|port| port.1).sum()
}

fn main() -> io::Result<()> {
    assert_eq!(packets(DROP_TCP) + on_ports(PORTS_TCP) + on_ports(OTHER_TCP), TOTAL_DROP_TCP);
    assert_eq!(DROP_UDP.0 + on_ports(PORTS_UDP), TOTAL_DROP_UDP);

    let mut day = Day::new();
    day.denied();
    day.icmp();
    day.accepted();
    day.password_guesser();
    day.forged();
    day.everyday();
    day.lines.sort_by_key(|line| line.0);

    let mut out = BufWriter::new(io::stdout().lock());
    for (at, text) in &day.lines {
        let second = at / SECOND;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        writeln!(out, "May 17 {hour:02}:{minute:02}:{second:02} zathras {text}")?;
    }
    out.flush()
}
