//! The line of follow and scan: one packet, in fixed-width columns (the manual's chapter 6). A terminal too narrow
//! for them gets narrower ones, and the date on its own line.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::tz::TimeZone;

use super::{terminal, text};
use crate::analysis::Origin;
use crate::escape;
use crate::netfilter::{Packet, Time, clean};

/// Minimum width of the address columns on a narrow terminal.
const NARROWEST: usize = 15;

/// Lines between two headers.
const HEADER_EVERY: u64 = 20;

/// What the columns are and how they look.
#[derive(Clone, Debug)]
pub struct Style {
    /// The header, at the top and again every 20 lines.
    pub header: bool,
    /// The counter column.
    pub counter: bool,
    /// The line's own time, in this zone.
    pub time: Option<TimeZone>,
    /// The action colored by verdict.
    pub color: bool,
    /// The country of the source.
    pub geo: bool,
}

/// What is known about a packet's addresses.
#[derive(Default)]
pub struct PacketNames<'n> {
    /// Name of the source, if it has one.
    pub src: Option<&'n str>,
    /// Name of the destination.
    pub dst: Option<&'n str>,
    /// Where the source is; none if not shown.
    pub origin: Option<Origin>,
}

/// Column widths in characters. A port takes five.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Widths {
    time: usize,
    count: usize,
    interface: usize,
    address: usize,
    proto: usize,
    action: usize,
}

impl Widths {
    /// As in the manual.
    const PIPE: Widths = Widths { time: 19, count: 8, interface: 8, address: 30, proto: 10, action: 10 };
    /// For an 80-column terminal, without a date.
    const NARROW: Widths = Widths { time: 8, count: 6, interface: 5, address: 15, proto: 6, action: 7 };

    /// The same with a country as well as the time.
    const NARROWEST: Widths = Widths { interface: 4, proto: 4, ..Widths::NARROW };

    /// Width of all columns in this style except the addresses, with the blanks between them.
    fn others(&self, style: &Style) -> usize {
        let time = if style.time.is_some() { self.time + 1 } else { 0 };
        let count = if style.counter { self.count + 1 } else { 0 };
        let country = if style.geo { 3 } else { 0 };
        time + count + country + self.interface + 1 + 2 * (1 + 5 + 1) + self.proto + 1 + self.action
    }
}

/// Writes lines into a buffer, one packet each.
pub struct PacketLines {
    style: Style,
    widths: Widths,
    /// Width of the terminal, if any.
    terminal: Option<usize>,
    shown: u64,
    clock: LineClock,
}

impl PacketLines {
    /// With the widths for a pipe.
    pub fn new(style: Style) -> Self {
        PacketLines { style, widths: Widths::PIPE, terminal: None, shown: 0, clock: LineClock::default() }
    }

    /// Lets the address columns fill a terminal of this width, in characters. If that leaves too little, narrows the
    /// others.
    pub fn fit(&mut self, terminal: usize) {
        let room = |widths: &Widths| terminal.saturating_sub(widths.others(&self.style)) / 2;
        self.widths = match room(&Widths::PIPE) {
            address @ NARROWEST.. => Widths { address, ..Widths::PIPE },
            _ => match room(&Widths::NARROW) {
                address @ NARROWEST.. => Widths { address, ..Widths::NARROW },
                _ => Widths::NARROWEST,
            },
        };
        self.terminal = Some(terminal);
    }

    /// Adds a packet's line, with a header before it if one is due. `count` is the packet's number among all seen.
    pub fn packet(&mut self, out: &mut Vec<u8>, count: u64, packet: &Packet<'_>, names: &PacketNames<'_>) {
        if self.style.header && self.shown.is_multiple_of(HEADER_EVERY) {
            self.header(out);
        }
        self.shown += 1;
        let widths = self.widths;
        let is_narrow = widths.time < Widths::PIPE.time;
        if let Some(zone) = &self.style.time {
            if is_narrow {
                self.clock.date(out, packet.time, zone);
            }
            self.clock.write(out, packet.time, zone, widths.time);
        }
        let begin = out.len() - if self.style.time.is_some() { widths.time } else { 0 };
        if self.style.time.is_some() {
            out.push(b' ');
        }
        if self.style.counter {
            number(out, count, widths.count);
            out.push(b' ');
        }
        let interface = if packet.if_in.is_empty() { packet.if_out } else { packet.if_in };
        if is_narrow && interface.len() > widths.interface {
            let end = text::ending(&escape::terminal(&clean(interface)), widths.interface);
            word(out, end.as_bytes(), widths.interface);
        } else {
            word(out, interface, widths.interface);
        }
        out.push(b' ');
        address(out, packet.src, names.src, widths.address);
        out.push(b' ');
        port(out, packet.src_port);
        if self.style.geo {
            let country = names.origin.as_ref().and_then(|origin| origin.country.as_ref());
            out.push(b' ');
            word(out, country.map_or("", |country| &country.code).as_bytes(), 2);
        }
        let half = out.len();
        out.push(b' ');
        address(out, packet.dst, names.dst, widths.address);
        out.push(b' ');
        port(out, packet.dst_port);
        out.push(b' ');
        word(out, packet.proto, widths.proto);
        out.push(b' ');
        let action = out.len();
        word(out, packet.action, 0);
        let is_wide = self.terminal.is_some_and(|terminal| characters(&out[begin..]) > terminal);
        if self.style.color {
            let color = terminal::verdict_color(packet.verdict);
            out.splice(action..action, color.bytes());
            out.extend_from_slice(b"\x1b[0m");
        }
        // Two IPv6 addresses fill a terminal: the second goes on its own line.
        if is_wide {
            out.splice(half..half, *b"\n   ");
        }
        out.push(b'\n');
    }

    /// Adds the header and its rule.
    fn header(&self, out: &mut Vec<u8>) {
        let widths = self.widths;
        let mut columns: Vec<(&str, usize, bool)> = Vec::new();
        if self.style.time.is_some() {
            columns.push(("Time", widths.time, false));
        }
        if self.style.counter {
            columns.push(("Count", widths.count, false));
        }
        let address = widths.address;
        columns.extend([("IF", widths.interface, false), ("Source", address, false), ("Port", 5, true)]);
        if self.style.geo {
            columns.push(("CC", 2, false));
        }
        columns.extend([("Destination", address, false), ("Port", 5, true), ("Proto", widths.proto, false)]);
        columns.push(("Action", widths.action, false));
        let heads = columns.iter().map(|(head, width, right)| match right {
            true => format!("{head:>width$}"),
            false => format!("{head:<width$}"),
        });
        let heads = heads.collect::<Vec<_>>().join(" ");
        let rule = columns.iter().map(|(_, width, _)| "-".repeat(*width)).collect::<Vec<_>>().join(" ");
        out.extend_from_slice(heads.trim_end().as_bytes());
        out.push(b'\n');
        out.extend_from_slice(rule.as_bytes());
        out.push(b'\n');
    }
}

/// An address or its name; a long name shows its end, an address is never cut.
fn address(out: &mut Vec<u8>, address: Option<IpAddr>, name: Option<&str>, width: usize) {
    match (address, name) {
        (_, Some(name)) => left(out, width, |out| {
            let name = escape::terminal(name);
            out.extend_from_slice(text::ending(&name, width).as_bytes());
        }),
        (Some(IpAddr::V4(address)), None) => left(out, width, |out| {
            for (n, octet) in address.octets().into_iter().enumerate() {
                if n > 0 {
                    out.push(b'.');
                }
                out.extend_from_slice(itoa::Buffer::new().format(octet).as_bytes());
            }
        }),
        (Some(address), None) => {
            left(out, width, |out| out.extend_from_slice(address.to_string().as_bytes()))
        }
        (None, None) => left(out, width, |out| out.push(b'-')),
    }
}

fn port(out: &mut Vec<u8>, port: Option<u16>) {
    match port {
        Some(port) => number(out, u64::from(port), 5),
        None => out.extend_from_slice(b"    -"),
    }
}

/// A word from the log, made safe to show; `-` if there is none.
fn word(out: &mut Vec<u8>, bytes: &[u8], width: usize) {
    left(out, width, |out| {
        if bytes.is_empty() {
            out.push(b'-');
        } else if bytes.iter().all(|b| matches!(b, b' '..=b'~')) {
            out.extend_from_slice(bytes);
        } else {
            let shown: Cow<'_, str> = clean(bytes);
            out.extend_from_slice(escape::terminal(&shown).as_bytes());
        }
    });
}

fn left(out: &mut Vec<u8>, width: usize, write: impl FnOnce(&mut Vec<u8>)) {
    let begin = out.len();
    write(out);
    let length = characters(&out[begin..]);
    let blanks = width.saturating_sub(length);
    // Most columns need fewer.
    const BLANKS: [u8; 32] = [b' '; 32];
    match BLANKS.get(..blanks) {
        Some(blanks) => out.extend_from_slice(blanks),
        None => out.resize(out.len() + blanks, b' '),
    }
}

/// Characters of UTF-8 text: its bytes minus continuation bytes.
fn characters(utf8: &[u8]) -> usize {
    utf8.iter().filter(|b| **b & 0xc0 != 0x80).count()
}

/// A right-aligned number.
fn number(out: &mut Vec<u8>, value: u64, width: usize) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value).as_bytes();
    out.resize(out.len() + width.saturating_sub(digits.len()), b' ');
    out.extend_from_slice(digits);
}

/// Writes times; consecutive packets mostly share a minute.
#[derive(Default)]
struct LineClock {
    minute: Option<i64>,
    /// The minute: `2026-05-04 06:35:`.
    text: String,
    /// The date last written on its own line.
    date: String,
}

impl LineClock {
    /// The last `width` characters of a time.
    fn write(&mut self, out: &mut Vec<u8>, time: Option<Time>, zone: &TimeZone, width: usize) {
        let Some(time) = time else {
            left(out, width, |out| out.push(b'-'));
            return;
        };
        let seconds = self.read(time, zone);
        out.extend_from_slice(&self.text.as_bytes()[19 - width..]);
        out.extend_from_slice(&[b'0' + seconds / 10, b'0' + seconds % 10]);
    }

    /// A line with the date, if it differs from the previous packet's.
    fn date(&mut self, out: &mut Vec<u8>, time: Option<Time>, zone: &TimeZone) {
        let Some(time) = time else {
            return;
        };
        self.read(time, zone);
        if self.text[..10] != self.date {
            self.date = self.text[..10].to_owned();
            out.extend_from_slice(self.date.as_bytes());
            out.push(b'\n');
        }
    }

    /// Caches the minute of a time and returns the seconds after it.
    fn read(&mut self, time: Time, zone: &TimeZone) -> u8 {
        let seconds = time.0.div_euclid(Time::SECOND);
        let minute = seconds.div_euclid(60);
        if self.minute != Some(minute) {
            let begin = jiff::Timestamp::from_second(minute * 60).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
            self.text = begin.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:").to_string();
            self.minute = Some(minute);
        }
        seconds.rem_euclid(60) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Country;
    use crate::netfilter::Verdict;

    const PLAIN: Style = Style { header: false, counter: true, time: None, color: false, geo: false };

    fn packet() -> Packet<'static> {
        Packet {
            time: Some(Time(1_777_876_512 * Time::SECOND)),
            host: b"zathras",
            prefix: b"IPT: DROP ",
            action: b"DROP",
            verdict: Verdict::Deny,
            if_in: b"eth0",
            src: "192.0.2.7".parse().ok(),
            dst: "2001:db8::1".parse().ok(),
            src_port: Some(35396),
            dst_port: Some(15003),
            proto: b"TCP",
            ..Packet::default()
        }
    }

    fn line(style: &Style, packet: &Packet<'_>, src: Option<&str>, dst: Option<&str>) -> String {
        let mut out = Vec::new();
        let names = PacketNames { src, dst, origin: None };
        PacketLines::new(style.clone()).packet(&mut out, 1951, packet, &names);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_manuals_line_comes_out_as_printed_there() {
        let style = Style { header: true, ..PLAIN };
        let source = Some("c-83-233-6f44.cust.bredbandsbolaget.se");
        assert_eq!(
            line(&style, &packet(), source, Some("zathras.ichimusai.org")),
            "\
Count    IF       Source                          Port Destination                     Port Proto      Action
-------- -------- ------------------------------ ----- ------------------------------ ----- ---------- ----------
    1951 eth0     *6f44.cust.bredbandsbolaget.se 35396 zathras.ichimusai.org          15003 TCP        DROP
"
        );
    }

    #[test]
    fn an_address_is_never_cut_and_shifts_its_row() {
        let long = Packet { src: "2001:db8:1111:2222:3333:4444:5555:6666".parse().ok(), ..packet() };
        assert!(
            line(&PLAIN, &long, None, None)
                .contains(" 2001:db8:1111:2222:3333:4444:5555:6666 35396 2001:db8::1 ")
        );
    }

    #[test]
    fn what_is_missing_is_a_dash() {
        let bare = Packet { src_port: None, dst_port: None, if_in: b"", src: None, ..packet() };
        let expected = "    1951 -        -                                  - 2001:db8::1                        - TCP        DROP\n";
        assert_eq!(line(&PLAIN, &bare, None, None), expected);
    }

    #[test]
    fn hostile_words_are_escaped_and_padded_by_what_is_shown() {
        let hostile = Packet { if_in: "ä\x1b".as_bytes(), ..packet() };
        assert!(line(&PLAIN, &hostile, None, None).starts_with("    1951 ä\\x1b    192.0.2.7 "));
    }

    #[test]
    fn color_follows_the_verdict() {
        let style = Style { color: true, ..PLAIN };
        assert!(line(&style, &packet(), None, None).ends_with("\x1b[31mDROP\x1b[0m\n"));
    }

    #[test]
    fn the_country_stands_after_its_source() {
        let mut lines = PacketLines::new(Style { header: true, geo: true, ..PLAIN });
        let country = Some(Country { code: "SE".to_owned(), name: None });
        let mut out = Vec::new();
        for origin in [Origin { country, system: None }, Origin::default()] {
            lines.packet(
                &mut out,
                1,
                &packet(),
                &PacketNames { origin: Some(origin), ..PacketNames::default() },
            );
        }
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("  Port CC Destination ") && text.contains(" ----- -- -----"), "{text}");
        assert!(text.contains(" 35396 SE 2001:db8::1 ") && text.contains(" 35396 -  2001:db8::1 "), "{text}");
    }

    #[test]
    fn the_lines_own_time_is_local() {
        let zone = TimeZone::posix("EST5").unwrap();
        let style = Style { time: Some(zone), counter: false, ..PLAIN };
        assert!(line(&style, &packet(), None, None).starts_with("2026-05-04 01:35:12 eth0 "));
    }

    #[test]
    fn the_header_comes_again_every_twenty_lines() {
        let mut lines = PacketLines::new(Style { header: true, ..PLAIN });
        let mut out = Vec::new();
        for count in 1..=41 {
            lines.packet(&mut out, count, &packet(), &PacketNames::default());
        }
        let text = String::from_utf8(out).unwrap();
        let heads: Vec<usize> =
            text.lines().enumerate().filter(|(_, l)| l.starts_with("Count")).map(|(n, _)| n).collect();
        assert_eq!(heads, [0, 22, 44]);
    }

    #[test]
    fn address_columns_take_what_a_terminal_leaves_but_not_less_than_fifteen() {
        let mut lines = PacketLines::new(PLAIN);
        lines.fit(200);
        assert_eq!(lines.widths, Widths { address: 73, ..Widths::PIPE });
        lines.fit(40);
        assert_eq!(lines.widths, Widths::NARROWEST);
    }

    fn on_terminal(width: usize, time: bool, packets: &[Packet<'_>]) -> Vec<String> {
        let style = Style { header: true, color: true, time: time.then_some(TimeZone::UTC), ..PLAIN };
        let mut lines = PacketLines::new(style);
        lines.fit(width);
        let mut out = Vec::new();
        for packet in packets {
            lines.packet(&mut out, 1951, packet, &PacketNames::default());
        }
        let text = String::from_utf8(out).unwrap().replace("\x1b[31m", "").replace("\x1b[0m", "");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn eighty_columns_have_room_for_a_packet_with_its_time() {
        let four = Packet {
            if_in: b"enp0s31f6",
            src: "192.168.100.200".parse().ok(),
            dst: "198.51.100.200".parse().ok(),
            action: b"INVALID",
            ..packet()
        };
        let next_day = Packet { time: Some(Time(1_777_962_912 * Time::SECOND)), ..four };
        assert_eq!(
            on_terminal(80, true, &[four, four, next_day]),
            [
                "Time     Count  IF    Source           Port Destination      Port Proto  Action",
                "-------- ------ ----- --------------- ----- --------------- ----- ------ -------",
                "2026-05-04",
                "06:35:12   1951 *31f6 192.168.100.200 35396 198.51.100.200  15003 TCP    INVALID",
                "06:35:12   1951 *31f6 192.168.100.200 35396 198.51.100.200  15003 TCP    INVALID",
                "2026-05-05",
                "06:35:12   1951 *31f6 192.168.100.200 35396 198.51.100.200  15003 TCP    INVALID",
            ]
        );
    }

    #[test]
    fn eighty_columns_have_room_for_the_country_too() {
        let style = Style { header: true, geo: true, time: Some(TimeZone::UTC), ..PLAIN };
        let mut lines = PacketLines::new(style);
        lines.fit(80);
        let four = Packet { dst: "198.51.100.200".parse().ok(), action: b"INVALID", ..packet() };
        let mut out = Vec::new();
        lines.packet(&mut out, 1951, &four, &PacketNames::default());
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.ends_with(
                "06:35:12   1951 eth0 192.0.2.7       35396 -  198.51.100.200  15003 TCP  INVALID\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn no_line_is_wider_than_a_terminal_of_eighty_columns() {
        let six: Option<IpAddr> = "2001:db8:1111:2222:3333:4444:5555:6666".parse().ok();
        let long = Packet { src: six, dst: six, proto: b"ICMPv6", ..packet() };
        for (width, time) in [(80, false), (80, true), (100, true), (200, true)] {
            let lines = on_terminal(width, time, &[packet(), long]);
            assert!(lines.iter().all(|line| line.len() <= width), "{lines:?}");
        }
        let lines = on_terminal(80, false, &[long]);
        assert_eq!(lines[2], "  1951 eth0  2001:db8:1111:2222:3333:4444:5555:6666 35396");
        assert_eq!(lines[3], "    2001:db8:1111:2222:3333:4444:5555:6666 15003 ICMPv6 DROP");
    }
}
