//! Packets that outlive their lines: what the reading thread hands to the storing thread.

use std::net::IpAddr;

use super::words::{SLOTS, Words};
use super::{Packet, TcpFlags, Time, Verdict};

/// A run of owned packets, in line order. Each string is stored once, cleaned (`clean`), so a batch costs few
/// allocations however many packets it holds. A packet that a syslog daemon counted a hundred thousand times is
/// stored once.
#[derive(Debug, Default)]
pub struct Batch {
    words: Words,
    rows: Vec<BatchRow>,
    packets: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct BatchRow {
    time: Option<Time>,
    src: Option<IpAddr>,
    dst: Option<IpAddr>,
    src_port: Option<u16>,
    dst_port: Option<u16>,
    verdict: Verdict,
    length: Option<u32>,
    ttl: Option<u8>,
    ip_id: Option<u16>,
    tcp_flags: Option<TcpFlags>,
    icmp_type: Option<u8>,
    icmp_code: Option<u8>,
    words: PacketWords,
    /// How many times in a row.
    times: u32,
}

/// A packet's strings as indices into its batch, all below [`Batch::words`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketWords {
    /// Logging host.
    pub host: u32,
    /// Action.
    pub action: u32,
    /// Input interface.
    pub if_in: u32,
    /// Protocol.
    pub proto: u32,
    prefix: u32,
    if_out: u32,
    mac: u32,
}

/// A packet in its batch. Its strings are resolved on demand.
#[derive(Clone, Copy)]
pub struct BatchPacket<'b> {
    batch: &'b Batch,
    row: &'b BatchRow,
}

impl<'b> BatchPacket<'b> {
    /// The whole packet.
    pub fn whole(self) -> Packet<'b> {
        self.batch.packet(self.row)
    }

    /// How many times it occurred in a row.
    pub fn times(self) -> usize {
        self.row.times as usize
    }

    /// When it was logged.
    pub fn time(self) -> Option<Time> {
        self.row.time
    }

    /// Source address.
    pub fn src(self) -> Option<IpAddr> {
        self.row.src
    }

    /// Destination address.
    pub fn dst(self) -> Option<IpAddr> {
        self.row.dst
    }

    /// Source port.
    pub fn src_port(self) -> Option<u16> {
        self.row.src_port
    }

    /// Destination port.
    pub fn dst_port(self) -> Option<u16> {
        self.row.dst_port
    }

    /// Length in bytes.
    pub fn length(self) -> Option<u32> {
        self.row.length
    }

    /// What its action means to the firewall that logged it.
    pub fn verdict(self) -> Verdict {
        self.row.verdict
    }

    /// The action word, as logged.
    pub fn action(self) -> &'b [u8] {
        self.batch.words.bytes(self.row.words.action)
    }

    /// Protocol.
    pub fn proto(self) -> &'b [u8] {
        self.batch.words.bytes(self.row.words.proto)
    }

    /// Whether it has an input interface.
    pub fn has_if_in(self) -> bool {
        !self.batch.words.bytes(self.row.words.if_in).is_empty()
    }

    /// Its strings, as indices.
    pub fn words(self) -> PacketWords {
        self.row.words
    }
}

impl Batch {
    /// Adds a packet.
    pub fn push(&mut self, packet: &Packet<'_>) {
        let Packet { host, prefix, action, if_in, if_out, mac, proto, .. } = *packet;
        self.push_with(packet, [host, prefix, action, if_in, if_out, mac, proto]);
    }

    /// Adds a packet with other strings: host, prefix, action, input and output interface, MAC, protocol.
    pub fn push_with(&mut self, packet: &Packet<'_>, texts: [&[u8]; SLOTS]) {
        self.packets += 1;
        let words = &mut self.words;
        let row = BatchRow {
            time: packet.time,
            src: packet.src,
            dst: packet.dst,
            src_port: packet.src_port,
            dst_port: packet.dst_port,
            verdict: packet.verdict,
            length: packet.length,
            ttl: packet.ttl,
            ip_id: packet.ip_id,
            tcp_flags: packet.tcp_flags,
            icmp_type: packet.icmp_type,
            icmp_code: packet.icmp_code,
            words: PacketWords {
                host: words.number(0, texts[0]),
                prefix: words.number(1, texts[1]),
                action: words.number(2, texts[2]),
                if_in: words.number(3, texts[3]),
                if_out: words.number(4, texts[4]),
                mac: words.number(5, texts[5]),
                proto: words.number(6, texts[6]),
            },
            times: 1,
        };
        if let Some(last) = self.rows.last_mut()
            && (BatchRow { times: last.times, ..row }) == *last
            && let Some(times) = last.times.checked_add(1)
        {
            last.times = times;
            return;
        }
        self.rows.push(row);
    }

    /// The packets; their text is valid UTF-8 without NUL.
    pub fn iter(&self) -> impl Iterator<Item = Packet<'_>> {
        let packets = |row: &BatchRow| self.packet(row);
        self.rows.iter().flat_map(move |row| std::iter::repeat_n(packets(row), row.times as usize))
    }

    /// The packets, each once however many times it occurred in a row.
    pub fn rows(&self) -> impl Iterator<Item = BatchPacket<'_>> {
        self.rows.iter().map(|row| BatchPacket { batch: self, row })
    }

    /// The string at an index.
    pub fn text(&self, number: u32) -> &str {
        self.words.text(number)
    }

    /// Number of strings.
    pub fn words(&self) -> usize {
        self.words.len()
    }

    /// Empties it, keeping the memory.
    pub fn clear(&mut self) {
        self.words.clear();
        self.rows.clear();
        self.packets = 0;
    }

    /// Number of packets.
    pub fn len(&self) -> usize {
        self.packets
    }

    /// Whether it holds no packets.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Approximate size in bytes, for limiting it.
    pub fn size(&self) -> usize {
        self.words.size() + self.rows.len() * size_of::<BatchRow>()
    }

    fn packet(&self, row: &BatchRow) -> Packet<'_> {
        let word = |number: u32| self.words.bytes(number);
        Packet {
            time: row.time,
            host: word(row.words.host),
            prefix: word(row.words.prefix),
            action: word(row.words.action),
            verdict: row.verdict,
            if_in: word(row.words.if_in),
            if_out: word(row.words.if_out),
            mac: word(row.words.mac),
            src: row.src,
            dst: row.dst,
            src_port: row.src_port,
            dst_port: row.dst_port,
            proto: word(row.words.proto),
            length: row.length,
            ttl: row.ttl,
            ip_id: row.ip_id,
            tcp_flags: row.tcp_flags,
            icmp_type: row.icmp_type,
            icmp_code: row.icmp_code,
        }
    }
}
