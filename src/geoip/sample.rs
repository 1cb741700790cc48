//! A small database for tests, built to the MMDB specification (version 2.0): a search tree with 24-bit records, 16
//! zero bytes, the data, and the metadata after its marker.

use std::net::IpAddr;

/// A record: names with their values.
type Record<'r> = &'r [(&'r str, Datum)];

/// Networks (address and prefix length) with their records.
pub fn database(networks: &[(&str, u8, Record<'_>)]) -> Vec<u8> {
    let mut data = Vec::new();
    // A node is two records: where a 0 bit and a 1 bit lead. None: nowhere yet.
    let mut nodes: Vec<[Option<Lead>; 2]> = vec![[None, None]];
    for (address, length, record) in networks {
        let (bits, length) = match address.parse().expect("an address") {
            IpAddr::V4(four) => (u128::from(u32::from(four)), length + 96),
            IpAddr::V6(six) => (u128::from(six), *length),
        };
        let place = data.len();
        data.push(0xe0 | u8::try_from(record.len()).expect("few"));
        for (name, datum) in *record {
            text(&mut data, name);
            datum.write(&mut data);
        }
        let mut at = 0;
        for depth in 0..length {
            let side = usize::from(bits >> (127 - depth) & 1 == 1);
            if depth + 1 == length {
                nodes[at][side] = Some(Lead::Data(place));
                break;
            }
            at = match nodes[at][side] {
                Some(Lead::Node(next)) => next,
                Some(Lead::Data(_)) => panic!("networks overlap"),
                None => {
                    nodes.push([None, None]);
                    let next = nodes.len() - 1;
                    nodes[at][side] = Some(Lead::Node(next));
                    next
                }
            };
        }
    }
    let count = nodes.len();
    let mut file = Vec::new();
    for lead in nodes.into_iter().flatten() {
        let value = match lead {
            None => count,
            Some(Lead::Node(next)) => next,
            Some(Lead::Data(place)) => count + 16 + place,
        };
        file.extend_from_slice(&u32::try_from(value).expect("small").to_be_bytes()[1..]);
    }
    file.extend_from_slice(&[0; 16]);
    file.extend_from_slice(&data);
    file.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    file.push(0xe0 | 9);
    let halves = [
        ("binary_format_major_version", 2u16),
        ("binary_format_minor_version", 0),
        ("ip_version", 6),
        ("record_size", 24),
    ];
    for (name, number) in halves {
        text(&mut file, name);
        file.push(0xa2);
        file.extend_from_slice(&number.to_be_bytes());
    }
    text(&mut file, "node_count");
    Datum::Number(u32::try_from(count).expect("small")).write(&mut file);
    text(&mut file, "build_epoch");
    file.extend_from_slice(&[8, 2]);
    file.extend_from_slice(&1_777_876_512_u64.to_be_bytes());
    text(&mut file, "database_type");
    text(&mut file, "Test");
    text(&mut file, "languages");
    file.extend_from_slice(&[0, 4]);
    text(&mut file, "description");
    file.push(0xe0);
    file
}

#[derive(Clone, Copy)]
enum Lead {
    Node(usize),
    Data(usize),
}

/// A value in a record.
#[derive(Clone, Copy)]
pub enum Datum {
    Text(&'static str),
    Number(u32),
    /// `iso_code` and the English name, as GeoLite2 has them.
    Country(&'static str, &'static str),
}

impl Datum {
    fn write(self, data: &mut Vec<u8>) {
        match self {
            Datum::Text(value) => text(data, value),
            Datum::Number(value) => {
                data.push(0xc4);
                data.extend_from_slice(&value.to_be_bytes());
            }
            Datum::Country(code, name) => {
                data.push(0xe2);
                text(data, "iso_code");
                text(data, code);
                text(data, "names");
                data.push(0xe1);
                text(data, "en");
                text(data, name);
            }
        }
    }
}

fn text(data: &mut Vec<u8>, text: &str) {
    match text.len() {
        length @ 0..29 => data.push(0x40 | length as u8),
        length => data.extend_from_slice(&[0x40 | 29, u8::try_from(length - 29).expect("short")]),
    }
    data.extend_from_slice(text.as_bytes());
}

/// The documentation networks in two countries and two autonomous systems, and one with a hostile name.
pub fn sample() -> Vec<u8> {
    let system = |number| ("autonomous_system_number", Datum::Number(number));
    let name = |name| ("autonomous_system_organization", Datum::Text(name));
    database(&[
        ("192.0.2.0", 24, &[("country", Datum::Country("SE", "Sweden")), system(64496), name("Example Net")]),
        ("198.51.100.0", 24, &[("country_code", Datum::Text("NO")), system(64497), name("")]),
        ("203.0.113.0", 24, &[("country_code", Datum::Text("NO")), system(64498), name(HOSTILE)]),
        (
            "2001:db8::",
            32,
            &[("country", Datum::Country("SE", "Sweden")), system(64496), name("Example Net")],
        ),
    ])
}

/// A name that nobody should have.
pub const HOSTILE: &str = "=<script>|\u{202e}\u{1b}[2J";
