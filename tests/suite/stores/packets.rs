//! Packets in and out: every column, the order, transactions.

use ipta::exports::filter::Filters;
use ipta::exports::netfilter::batch::Batch;
use ipta::exports::netfilter::{Packet, TcpFlags, Time, Verdict};
use ipta::exports::store::Columns;

use super::{EVERYTHING, Home, PLAIN, address, batch, count, put, read, table};

pub fn every_column_comes_back_as_it_went_in(home: &Home) {
    let long = "ü".repeat(255);
    let full = Packet {
        time: Some(Time(1_714_800_000_123_456)),
        host: b"fw1.example.net",
        prefix: b"IPT: DROP ",
        action: b"DROP",
        verdict: Verdict::Deny,
        if_in: b"eth0",
        if_out: b"wlan0.100-verylo",
        mac: b"00:16:3e:01:02:03:00:16:3e:0a:0b:0c:08:00",
        src: Some(address("203.0.113.9")),
        dst: Some(address("192.0.2.10")),
        src_port: Some(0),
        dst_port: Some(65535),
        proto: b"TCP",
        length: Some(u32::MAX),
        ttl: Some(255),
        ip_id: Some(u16::MAX),
        tcp_flags: Some(TcpFlags(511)),
        icmp_type: Some(255),
        icmp_code: Some(0),
    };
    let full = Packet { if_out: b"wlan0.100-veryl", ..full };
    let mut packets = vec![PLAIN, full];
    packets.extend([Verdict::Accept, Verdict::Other].map(|verdict| Packet { verdict, ..full }));
    // Bytes that mean something to LOAD DATA, to SQL or in a text: as text and as addresses.
    let awkward = [
        "\t",
        "\n",
        "\r\n",
        "\\",
        "\\N",
        "\\n",
        "'",
        "\"",
        "`",
        "''; DROP TABLE logs; --",
        "%_",
        "a\tb\\",
        " DROP ",
        "DROP ",
        "\u{1F525} \u{1F9F1}",
        "\u{FFFD}",
        "\u{1a}",
        "\u{7f}",
        "NULL",
        "?",
        ":a",
        "ß",
        "/*! x */",
    ];
    packets.extend(awkward.iter().map(|text| Packet {
        prefix: text.as_bytes(),
        action: text.as_bytes(),
        host: text.as_bytes(),
        mac: text.as_bytes(),
        ..full
    }));
    packets.extend([Packet { prefix: long.as_bytes(), host: long.as_bytes(), mac: long.as_bytes(), ..full }]);
    for bytes in ["9.10.92.0", "0.0.0.0", "255.255.255.255", "39.34.92.78", "13.10.26.8"] {
        packets.push(Packet { src: Some(address(bytes)), ..full });
    }
    for bytes in ["::", "2001:db8::1", "5c30:95c:a00:d1a:2722:60ff::5c", "::ffff:192.0.2.1"] {
        packets.push(Packet { dst: Some(address(bytes)), ..full });
    }
    packets.extend([Time::MIN, Time(-1), Time(0), Time::MAX].map(|time| Packet { time: Some(time), ..full }));

    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    put(&mut store, &table("logs"), &batch(&packets));
    let (_, got) = read(&mut store, &table("logs"), &Filters::default(), EVERYTHING);
    assert_eq!(got.len(), packets.len());
    for (got, packet) in got.iter().zip(&packets) {
        assert_eq!(got, *packet);
    }
}

pub fn only_the_wanted_columns_are_filled(home: &Home) {
    let full =
        Packet { host: b"fw", if_out: b"eth1", if_in: b"eth0", ttl: Some(64), length: Some(60), ..PLAIN };
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    put(&mut store, &table("logs"), &batch(&[full]));
    let wanted = Columns { if_out: true, length: true, ..Columns::default() };
    let (_, got) = read(&mut store, &table("logs"), &Filters::default(), wanted);
    let expected = Packet { if_out: b"eth1", if_in: b"eth0", length: Some(60), ..PLAIN };
    assert_eq!(got.iter().collect::<Vec<_>>(), [expected]);
}

pub fn thousands_of_packets_come_back_in_order(home: &Home) {
    let ports: Vec<u16> = (0..5000).map(|n: u16| n.wrapping_mul(7919)).collect();
    let packets: Vec<Packet<'_>> = ports
        .iter()
        .map(|port| Packet { src_port: Some(*port), prefix: b"IPT: DROP ", action: b"DROP", ..PLAIN })
        .collect();
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    let mut stream = store.stream(&table("logs")).expect("begins");
    for part in packets.chunks(1700) {
        stream.push(&batch(part)).expect("inserts");
    }
    stream.push(&Batch::default()).expect("nothing to insert");
    stream.finish().expect("commits");
    let (ids, got) = read(&mut store, &table("logs"), &Filters::default(), Columns::default());
    assert!(ids.is_sorted() && ids.len() == 5000);
    assert!(got.iter().map(|packet| packet.src_port).eq(ports.iter().copied().map(Some)));
    assert!(!store.is_empty(&table("logs")).expect("looks"));
}

pub fn a_time_picks_its_packets_whatever_their_order(home: &Home) {
    let second = |n: i64| Some(Time(n * Time::SECOND));
    let times = [second(50), None, second(10), second(30), second(20), None, second(40)];
    let packets = times.map(|time| Packet { time, ..PLAIN });
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    put(&mut store, &table("logs"), &batch(&packets));
    let filters = Filters { since: second(20), until: second(40), ..Filters::default() };
    let (_, got) = read(&mut store, &table("logs"), &filters, Columns::default());
    assert!(got.iter().map(|packet| packet.time).eq([second(30), second(20)]));
    assert_eq!(store.count_timeless(&table("logs"), &filters).expect("counts"), 2);
    let nothing = Filters { since: second(60), ..Filters::default() };
    assert_eq!(read(&mut store, &table("logs"), &nothing, Columns::default()).0.len(), 0);
}

pub fn a_stream_dropped_leaves_nothing(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    let mut stream = store.stream(&table("logs")).expect("begins");
    stream.push(&batch(&[PLAIN])).expect("inserts");
    drop(stream);
    assert!(store.is_empty(&table("logs")).expect("looks"));
    put(&mut store, &table("logs"), &batch(&[PLAIN, PLAIN]));
    assert_eq!(count(&mut home.open(), &table("logs")), 2);
}
