//! A packet as a record for other programs: one JSON object per line, or a CSV row.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::line::PacketNames;
use super::shape::rfc3339;
use crate::analysis::System;
use crate::escape;
use crate::netfilter::{Packet, TcpFlags, clean};

/// The fields, in row order. Ports, sizes and the like are numbers, times RFC 3339 in UTC; missing fields are `null`,
/// or an empty cell.
const FIELDS: [&str; 22] = [
    "number", "time", "host", "in", "out", "src", "src_name", "sport", "dst", "dst_name", "dport", "proto",
    "action", "verdict", "prefix", "mac", "length", "ttl", "id", "flags", "type", "code",
];

/// TCP flags by the names that the kernel logs.
const FLAGS: [(u16, &str); 9] = [
    (TcpFlags::FIN, "FIN"),
    (TcpFlags::SYN, "SYN"),
    (TcpFlags::RST, "RST"),
    (TcpFlags::PSH, "PSH"),
    (TcpFlags::ACK, "ACK"),
    (TcpFlags::URG, "URG"),
    (TcpFlags::ECE, "ECE"),
    (TcpFlags::CWR, "CWR"),
    (TcpFlags::AE, "AE"),
];

/// Further fields, if it is known where addresses are.
const ORIGIN: [&str; 2] = ["src_country", "src_as"];

/// Adds a packet as one line of JSON.
pub fn json(out: &mut Vec<u8>, number: u64, packet: &Packet<'_>, names: &PacketNames<'_>) {
    let values = values(number, packet, names).into_iter().chain(origin(names));
    let fields = FIELDS.iter().chain(&ORIGIN).map(|field| (*field).to_owned());
    let object: Map<String, Value> = fields.zip(values).collect();
    out.extend_from_slice(escape::json(&Value::Object(object).to_string()).as_bytes());
    out.push(b'\n');
}

/// Adds the header of a CSV file.
pub fn csv_header(out: &mut Vec<u8>, geo: bool) {
    let origin: &[&str] = if geo { &ORIGIN } else { &[] };
    out.extend_from_slice([&FIELDS[..], origin].concat().join(",").as_bytes());
    out.push(b'\n');
}

/// Adds a packet as a row of CSV.
pub fn csv(out: &mut Vec<u8>, number: u64, packet: &Packet<'_>, names: &PacketNames<'_>) {
    let cell = |value: Value| match value {
        Value::Null => String::new(),
        Value::String(text) => escape::spreadsheet(&text),
        other => other.to_string(),
    };
    let cells = values(number, packet, names).into_iter().chain(origin(names)).map(cell);
    let mut writer = csv::Writer::from_writer(out);
    // Writing to a vector cannot fail.
    let _ = writer.write_record(cells).and_then(|()| Ok(writer.flush()?));
}

fn origin(names: &PacketNames<'_>) -> Vec<Value> {
    let Some(origin) = &names.origin else {
        return Vec::new();
    };
    let country = origin.country.as_ref().map(|country| country.code.as_str());
    vec![country.into(), origin.system.as_ref().map(System::words).into()]
}

fn values(number: u64, packet: &Packet<'_>, names: &PacketNames<'_>) -> [Value; 22] {
    let text = |bytes: &[u8]| match bytes.is_empty() {
        true => Value::Null,
        false => clean(bytes).into(),
    };
    let address = |address: Option<IpAddr>| Value::from(address.map(|a| a.to_string()));
    let flags = packet.tcp_flags.map(|flags| {
        let set = FLAGS.iter().filter(|(flag, _)| flags.has(*flag));
        set.map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
    });
    [
        number.into(),
        packet.time.map(rfc3339).into(),
        text(packet.host),
        text(packet.if_in),
        text(packet.if_out),
        address(packet.src),
        names.src.into(),
        packet.src_port.into(),
        address(packet.dst),
        names.dst.into(),
        packet.dst_port.into(),
        text(packet.proto),
        text(packet.action),
        format!("{:?}", packet.verdict).to_lowercase().into(),
        text(packet.prefix),
        text(packet.mac),
        packet.length.into(),
        packet.ttl.into(),
        packet.ip_id.into(),
        flags.into(),
        packet.icmp_type.into(),
        packet.icmp_code.into(),
    ]
}
