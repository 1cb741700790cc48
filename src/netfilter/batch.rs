//! Packets that outlive their lines: what travels from the reading to the storing thread.

use std::net::IpAddr;

use super::{Packet, TcpFlags, Time, Verdict, clean};

/// A run of owned packets, in the order of their lines. All text lies in one buffer, cleaned
/// (`clean`), so a batch costs two allocations however many packets it holds. A packet that a
/// syslog daemon counted a hundred thousand times is held once.
#[derive(Debug, Default)]
pub struct Batch {
    text: String,
    rows: Vec<BatchRow>,
    packets: usize,
    /// Where the last packet's prefix lay when it came in.
    last_prefix: usize,
}

#[derive(Debug, Clone, Copy)]
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
    /// Where host, prefix, action, if_in, if_out, mac and proto end in the text; host begins at
    /// `begin`.
    begin: u32,
    ends: [u32; 7],
    /// How often in a row.
    times: u32,
}

impl Batch {
    /// Adds a packet.
    pub fn push(&mut self, packet: &Packet<'_>) {
        self.packets += 1;
        // Repeats come from one line, so only a prefix in the same place is worth comparing.
        let prefix = packet.prefix.as_ptr().addr();
        if std::mem::replace(&mut self.last_prefix, prefix) == prefix
            && let Some(last) = self.rows.last()
            && self.packet(last) == *packet
            && let Some(last) = self.rows.last_mut()
        {
            last.times += 1;
            return;
        }
        let begin = self.text.len() as u32;
        let words = [
            packet.host,
            packet.prefix,
            packet.action,
            packet.if_in,
            packet.if_out,
            packet.mac,
            packet.proto,
        ];
        let ends = words.map(|word| {
            self.text.push_str(&clean(word));
            self.text.len() as u32
        });
        self.rows.push(BatchRow {
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
            begin,
            ends,
            times: 1,
        });
    }

    /// The packets; their text is valid UTF-8 without NUL.
    pub fn iter(&self) -> impl Iterator<Item = Packet<'_>> {
        self.rows.iter().flat_map(|row| std::iter::repeat_n(self.packet(row), row.times as usize))
    }

    /// Takes all out, keeping the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.rows.clear();
        self.packets = 0;
        self.last_prefix = 0;
    }

    /// How many packets.
    pub fn len(&self) -> usize {
        self.packets
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// About how many bytes it takes, for bounding it.
    pub fn size(&self) -> usize {
        self.text.len() + self.rows.len() * size_of::<BatchRow>()
    }

    fn packet(&self, row: &BatchRow) -> Packet<'_> {
        let text = self.text.as_bytes();
        let word = |n: usize| {
            let from = if n == 0 { row.begin } else { row.ends[n - 1] };
            &text[from as usize..row.ends[n] as usize]
        };
        Packet {
            time: row.time,
            host: word(0),
            prefix: word(1),
            action: word(2),
            verdict: row.verdict,
            if_in: word(3),
            if_out: word(4),
            mac: word(5),
            src: row.src,
            dst: row.dst,
            src_port: row.src_port,
            dst_port: row.dst_port,
            proto: word(6),
            length: row.length,
            ttl: row.ttl,
            ip_id: row.ip_id,
            tcp_flags: row.tcp_flags,
            icmp_type: row.icmp_type,
            icmp_code: row.icmp_code,
        }
    }
}
