//! One suite for every store. Each test runs on a file, on a server as it comes, and on a server
//! set up to be awkward.

mod filters;
mod server;

use std::net::IpAddr;
use std::sync::OnceLock;

use ipta::analysis::filter::Filters;
use ipta::config::Place;
use ipta::dns::Known;
use ipta::netfilter::batch::Batch;
use ipta::netfilter::{Packet, TcpFlags, Time, Verdict};
use ipta::store::{self, Columns, Entry, Store, TableKind, TableName};

use crate::harness::Server;
use filters::the_filters_pick_what_pass_picks;

/// A place for packets, gone with this value.
pub struct Home {
    place: Place,
    /// Holds the file's folder.
    _folder: Option<tempfile::TempDir>,
    server: Option<&'static Server>,
}

impl Home {
    fn file() -> Home {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("packets.db");
        Home {
            place: Place::File(path),
            _folder: Some(folder),
            server: None,
        }
    }

    fn on(server: &'static Server) -> Home {
        Home {
            place: Place::Server(server.fresh_database()),
            _folder: None,
            server: Some(server),
        }
    }

    fn open(&self) -> Box<dyn Store + Send> {
        store::open(&self.place, true).expect("the store opens")
    }

    /// Runs a statement as somebody else would, beside ipta.
    fn sql(&self, statement: &str) {
        match (&self.place, self.server) {
            (Place::Server(account), Some(server)) => {
                server.sql(&account.database, statement);
            }
            (Place::File(path), _) => {
                let conn = rusqlite::Connection::open(path).expect("the file opens");
                conn.execute_batch(statement).expect("the statement runs");
            }
            _ => unreachable!("a server's place has its server"),
        }
    }
}

/// A server whose settings are all unlike the default ones: other SQL modes, no LOAD DATA LOCAL,
/// the smallest packets that hold any row, reached by TCP.
fn awkward() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        Server::start_on_tcp(&[
            "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_DATE",
            "--local-infile=0",
            "--max-allowed-packet=16384",
            "--autocommit=0",
        ])
    })
}

macro_rules! on_every_store {
    ($($test:ident)*) => {
        mod on_a_file {
            $(#[test] fn $test() { super::$test(&super::Home::file()); })*
        }
        mod on_a_server {
            $(#[test] fn $test() { super::$test(&super::Home::on(crate::harness::server())); })*
        }
        mod on_an_awkward_server {
            $(#[test] fn $test() { super::$test(&super::Home::on(super::awkward())); })*
        }
    };
}

on_every_store! {
    a_new_table_is_a_logs_table_with_an_incarnation_of_its_own
    a_name_in_use_is_not_used_again
    tables_of_others_are_told_apart
    every_column_comes_back_as_it_went_in
    only_the_wanted_columns_are_filled
    thousands_of_packets_come_back_in_order
    a_time_picks_its_packets_whatever_their_order
    a_store_dropped_in_a_transaction_leaves_nothing
    a_rollback_leaves_nothing
    the_ledger_keeps_an_entry_whole
    an_entry_moves_on_only_from_where_it_is
    two_imports_racing_for_an_entry_are_told_apart
    forgotten_entries_are_gone
    a_cleared_table_is_empty_and_nothing_of_it_is_known
    a_dropped_table_is_gone_and_nothing_of_it_is_known
    the_ledger_cannot_be_dropped_by_name
    all_tables_go_but_those_of_others
    the_list_tells_what_is_there
    a_missing_table_is_named
    names_are_kept_and_forgotten
    the_filters_pick_what_pass_picks
}

pub fn table(name: &str) -> TableName {
    name.parse().expect("a table name")
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub const EVERYTHING: Columns = Columns {
    host: true,
    if_out: true,
    prefix: true,
    mac: true,
    length: true,
    ttl: true,
    tcp_flags: true,
    icmp: true,
};

pub const PLAIN: Packet<'static> = Packet {
    time: None,
    host: b"",
    prefix: b"",
    action: b"",
    verdict: Verdict::Other,
    if_in: b"",
    if_out: b"",
    mac: b"",
    src: None,
    dst: None,
    src_port: None,
    dst_port: None,
    proto: b"",
    length: None,
    ttl: None,
    tcp_flags: None,
    icmp_type: None,
    icmp_code: None,
};

pub fn batch(packets: &[Packet<'_>]) -> Batch {
    let mut batch = Batch::default();
    packets.iter().for_each(|packet| batch.push(packet));
    batch
}

fn put(store: &mut dyn Store, table: &TableName, packets: &Batch) {
    store.begin().expect("begins");
    store.insert(table, packets).expect("inserts");
    store.commit().expect("commits");
}

/// Row numbers and packets of a table.
fn read(store: &mut dyn Store, table: &TableName, filters: &Filters, columns: Columns) -> (Vec<u64>, Batch) {
    let (mut ids, mut packets) = (Vec::new(), Batch::default());
    let each = &mut |id: u64, packet: &Packet<'_>| {
        ids.push(id);
        packets.push(packet);
    };
    store.packets(table, filters, columns, each).expect("reads");
    (ids, packets)
}

fn count(store: &mut dyn Store, table: &TableName) -> usize {
    read(store, table, &Filters::default(), Columns::default())
        .0
        .len()
}

fn incarnation(store: &mut dyn Store, table: &TableName) -> String {
    match store.kind(table).expect("a kind") {
        TableKind::Logs { incarnation } => incarnation,
        kind => panic!("no logs table but {kind:?}"),
    }
}

fn entry(head: &[u8], offset: u64) -> Entry {
    Entry {
        head: head.to_vec(),
        tail: b"end\n".to_vec(),
        offset,
        lines: 3,
        ..Entry::default()
    }
}

fn a_new_table_is_a_logs_table_with_an_incarnation_of_its_own(home: &Home) {
    let mut store = home.open();
    assert_eq!(store.kind(&table("logs")).expect("a kind"), TableKind::Missing);
    store.create_table(&table("logs")).expect("creates");
    store.create_table(&table("other$1")).expect("creates");
    let (one, other) = (
        incarnation(&mut *store, &table("logs")),
        incarnation(&mut *store, &table("other$1")),
    );
    assert_eq!(one.len(), 32);
    assert_ne!(one, other);
    assert_eq!(incarnation(&mut *home.open(), &table("logs")), one);
    assert_eq!(
        store.kind(&table("ipta_ledger")).expect("a kind"),
        TableKind::Ledger
    );
    assert!(store.is_empty(&table("logs")).expect("looks"));
}

fn a_name_in_use_is_not_used_again(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    let message = store.create_table(&table("logs")).expect_err("taken").to_string();
    assert!(
        message.contains("'logs'") && message.lines().count() == 1,
        "{message}"
    );
    assert!(store.create_names(&table("logs")).is_err());
    let message = store
        .create_table(&table("ipta_ledger"))
        .expect_err("reserved")
        .to_string();
    assert!(message.contains("ledger"), "{message}");
}

fn tables_of_others_are_told_apart(home: &Home) {
    let mut store = home.open();
    home.sql("CREATE TABLE orders (id INT, action VARCHAR(9))");
    home.sql("CREATE VIEW some_orders AS SELECT id FROM orders");
    home.sql(
        "CREATE TABLE old (id INT, if_in VARCHAR(10), src_ip INT UNSIGNED, src_prt INT, dst_ip INT UNSIGNED, \
         dst_prt INT, proto VARCHAR(10), action VARCHAR(10), mac VARCHAR(40))",
    );
    store.create_names(&table("dns")).expect("creates");
    let mut kind = |name: &str| store.kind(&table(name)).expect("a kind");
    assert_eq!(kind("orders"), TableKind::Foreign);
    assert_eq!(kind("some_orders"), TableKind::Foreign);
    assert_eq!(kind("old"), TableKind::Historic);
    assert_eq!(kind("dns"), TableKind::Names);
    for name in ["orders", "some_orders", "old", "nowhere"] {
        for refused in [store.clear_table(&table(name)), store.drop_table(&table(name))] {
            let message = refused.expect_err("not ipta's").to_string();
            assert!(message.contains(name), "{message}");
        }
    }
}

fn every_column_comes_back_as_it_went_in(home: &Home) {
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
        tcp_flags: Some(TcpFlags(511)),
        icmp_type: Some(255),
        icmp_code: Some(0),
    };
    let full = Packet {
        if_out: b"wlan0.100-veryl",
        ..full
    };
    let mut packets = vec![PLAIN, full];
    packets.extend([Verdict::Accept, Verdict::Other].map(|verdict| Packet { verdict, ..full }));
    // Bytes that mean something to LOAD DATA, to SQL or to a text: as text and as addresses.
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
    packets.extend([Packet {
        prefix: long.as_bytes(),
        host: long.as_bytes(),
        mac: long.as_bytes(),
        ..full
    }]);
    for bytes in [
        "9.10.92.0",
        "0.0.0.0",
        "255.255.255.255",
        "39.34.92.78",
        "13.10.26.8",
    ] {
        packets.push(Packet {
            src: Some(address(bytes)),
            ..full
        });
    }
    for bytes in [
        "::",
        "2001:db8::1",
        "5c30:95c:a00:d1a:2722:60ff::5c",
        "::ffff:192.0.2.1",
    ] {
        packets.push(Packet {
            dst: Some(address(bytes)),
            ..full
        });
    }
    packets.extend([Time::MIN, Time(-1), Time(0), Time::MAX].map(|time| Packet {
        time: Some(time),
        ..full
    }));

    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    put(&mut *store, &table("logs"), &batch(&packets));
    let (_, got) = read(&mut *store, &table("logs"), &Filters::default(), EVERYTHING);
    assert_eq!(got.len(), packets.len());
    for (got, packet) in got.iter().zip(&packets) {
        assert_eq!(got, *packet);
    }
}

fn only_the_wanted_columns_are_filled(home: &Home) {
    let full = Packet {
        host: b"fw",
        if_out: b"eth1",
        if_in: b"eth0",
        ttl: Some(64),
        length: Some(60),
        ..PLAIN
    };
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    put(&mut *store, &table("logs"), &batch(&[full]));
    let wanted = Columns {
        if_out: true,
        length: true,
        ..Columns::default()
    };
    let (_, got) = read(&mut *store, &table("logs"), &Filters::default(), wanted);
    let expected = Packet {
        if_out: b"eth1",
        if_in: b"eth0",
        length: Some(60),
        ..PLAIN
    };
    assert_eq!(got.iter().collect::<Vec<_>>(), [expected]);
}

fn thousands_of_packets_come_back_in_order(home: &Home) {
    let ports: Vec<u16> = (0..5000).map(|n: u16| n.wrapping_mul(7919)).collect();
    let packets: Vec<Packet<'_>> = ports
        .iter()
        .map(|port| Packet {
            src_port: Some(*port),
            prefix: b"IPT: DROP ",
            action: b"DROP",
            ..PLAIN
        })
        .collect();
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    store.begin().expect("begins");
    for part in packets.chunks(1700) {
        store.insert(&table("logs"), &batch(part)).expect("inserts");
    }
    store
        .insert(&table("logs"), &Batch::default())
        .expect("nothing to insert");
    store.commit().expect("commits");
    let (ids, got) = read(
        &mut *store,
        &table("logs"),
        &Filters::default(),
        Columns::default(),
    );
    assert!(ids.is_sorted() && ids.len() == 5000);
    assert!(
        got.iter()
            .map(|packet| packet.src_port)
            .eq(ports.iter().copied().map(Some))
    );
    assert!(!store.is_empty(&table("logs")).expect("looks"));
}

fn a_time_picks_its_packets_whatever_their_order(home: &Home) {
    let second = |n: i64| Some(Time(n * Time::SECOND));
    let times = [
        second(50),
        None,
        second(10),
        second(30),
        second(20),
        None,
        second(40),
    ];
    let packets = times.map(|time| Packet { time, ..PLAIN });
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    put(&mut *store, &table("logs"), &batch(&packets));
    let filters = Filters {
        since: second(20),
        until: second(40),
        ..Filters::default()
    };
    let (_, got) = read(&mut *store, &table("logs"), &filters, Columns::default());
    assert!(got.iter().map(|packet| packet.time).eq([second(30), second(20)]));
    assert_eq!(store.count_timeless(&table("logs"), &filters).expect("counts"), 2);
    let nothing = Filters {
        since: second(60),
        ..Filters::default()
    };
    assert_eq!(
        read(&mut *store, &table("logs"), &nothing, Columns::default())
            .0
            .len(),
        0
    );
}

fn a_store_dropped_in_a_transaction_leaves_nothing(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    store.begin().expect("begins");
    store.add_entry(&table("logs"), &entry(b"head", 9)).expect("adds");
    store.insert(&table("logs"), &batch(&[PLAIN])).expect("inserts");
    drop(store);
    let mut store = home.open();
    assert!(store.is_empty(&table("logs")).expect("looks"));
    assert_eq!(store.entries(&table("logs")).expect("reads"), []);
}

fn a_rollback_leaves_nothing(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    store.begin().expect("begins");
    store.add_entry(&table("logs"), &entry(b"head", 9)).expect("adds");
    store.insert(&table("logs"), &batch(&[PLAIN])).expect("inserts");
    store.rollback().expect("rolls back");
    assert!(store.is_empty(&table("logs")).expect("looks"));
    assert_eq!(store.entries(&table("logs")).expect("reads"), []);
    put(&mut *store, &table("logs"), &batch(&[PLAIN, PLAIN]));
    assert_eq!(count(&mut *home.open(), &table("logs")), 2);
}

fn the_ledger_keeps_an_entry_whole(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    let mut entry = Entry {
        id: 0,
        incarnation: incarnation(&mut *store, &table("logs")),
        head: (0..4096u16).map(|n| (n % 251) as u8).collect(),
        tail: (0..=255).rev().collect(),
        offset: 1 << 40,
        lines: 1 << 33,
        packets: 1 << 32,
        first: Some(Time(1_714_800_000_000_001)),
        last: Some(Time(1_714_899_999_999_999)),
        path: "/var/log/it's \u{1F525}\\iptables.log".to_owned(),
        device: u64::from(u32::MAX) + 7,
        inode: 1 << 50,
        at: Some(Time(1_714_900_000_000_000)),
    };
    store.lock(&table("logs")).expect("locks");
    store.begin().expect("begins");
    entry.id = store.add_entry(&table("logs"), &entry).expect("adds");
    store.commit().expect("commits");
    store.unlock().expect("unlocks");
    assert_ne!(entry.id, 0);
    assert_eq!(
        home.open().entries(&table("logs")).expect("reads"),
        [entry.clone()]
    );
    assert_eq!(store.entries(&table("other")).expect("reads"), []);

    let from = entry.offset;
    entry = Entry {
        head: vec![0],
        tail: Vec::new(),
        offset: from + 1,
        first: None,
        at: None,
        ..entry
    };
    store.begin().expect("begins");
    assert!(store.advance(&entry, from).expect("advances"));
    store.commit().expect("commits");
    assert_eq!(home.open().entries(&table("logs")).expect("reads"), [entry]);
}

fn an_entry_moves_on_only_from_where_it_is(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    store.begin().expect("begins");
    let id = store.add_entry(&table("logs"), &entry(b"head", 9)).expect("adds");
    store.commit().expect("commits");
    let further = Entry {
        id,
        ..entry(b"head and more", 30)
    };
    store.begin().expect("begins");
    assert!(!store.advance(&further, 8).expect("answers"));
    store.rollback().expect("rolls back");
    assert_eq!(store.entries(&table("logs")).expect("reads")[0].offset, 9);
    store.begin().expect("begins");
    assert!(store.advance(&further, 9).expect("answers"));
    assert!(!store.advance(&further, 9).expect("answers"));
    store.commit().expect("commits");
    assert_eq!(store.entries(&table("logs")).expect("reads")[0].offset, 30);
}

fn two_imports_racing_for_an_entry_are_told_apart(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    store.begin().expect("begins");
    let id = store.add_entry(&table("logs"), &entry(b"head", 0)).expect("adds");
    store.commit().expect("commits");
    // Each tries to bring the same ten steps in; a step counts once whoever makes it.
    let import = || {
        let mut store = home.open();
        let mut made = 0;
        for step in 0..10 {
            store.begin().expect("begins");
            if store
                .advance(
                    &Entry {
                        id,
                        ..entry(b"head", step + 1)
                    },
                    step,
                )
                .expect("answers")
            {
                store.insert(&table("logs"), &batch(&[PLAIN])).expect("inserts");
                store.commit().expect("commits");
                made += 1;
            } else {
                store.rollback().expect("rolls back");
            }
        }
        made
    };
    let made: Vec<u32> = std::thread::scope(|scope| {
        let both = [scope.spawn(import), scope.spawn(import)];
        both.map(|one| one.join().expect("no panic")).to_vec()
    });
    assert_eq!(made.iter().sum::<u32>(), 10);
    assert_eq!(count(&mut *store, &table("logs")), 10);
}

fn forgotten_entries_are_gone(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    store.begin().expect("begins");
    let mut add = |head: &[u8]| store.add_entry(&table("logs"), &entry(head, 4)).expect("adds");
    let ids = [add(b"one"), add(b"two"), add(b"three")];
    store.commit().expect("commits");
    store.forget(&table("other"), &[ids[1]]).expect("forgets");
    store.forget(&table("logs"), &[ids[0], ids[2]]).expect("forgets");
    let left: Vec<Vec<u8>> = home
        .open()
        .entries(&table("logs"))
        .expect("reads")
        .into_iter()
        .map(|e| e.head)
        .collect();
    assert_eq!(left, [b"two"]);
}

fn a_cleared_table_is_empty_and_nothing_of_it_is_known(home: &Home) {
    let mut store = home.open();
    for name in ["logs", "other"] {
        store.create_table(&table(name)).expect("creates");
        put(&mut *store, &table(name), &batch(&[PLAIN, PLAIN]));
        store.begin().expect("begins");
        store.add_entry(&table(name), &entry(b"head", 4)).expect("adds");
        store.commit().expect("commits");
    }
    let before = incarnation(&mut *store, &table("logs"));
    store.clear_table(&table("logs")).expect("clears");
    let mut store = home.open();
    assert!(store.is_empty(&table("logs")).expect("looks"));
    assert_eq!(store.entries(&table("logs")).expect("reads"), []);
    assert_eq!(incarnation(&mut *store, &table("logs")), before);
    assert_eq!(count(&mut *store, &table("other")), 2);
    assert_eq!(store.entries(&table("other")).expect("reads").len(), 1);
}

fn a_dropped_table_is_gone_and_nothing_of_it_is_known(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    let before = incarnation(&mut *store, &table("logs"));
    store.begin().expect("begins");
    store.add_entry(&table("logs"), &entry(b"head", 4)).expect("adds");
    store.commit().expect("commits");
    store.create_names(&table("dns")).expect("creates");
    store.drop_table(&table("logs")).expect("drops");
    store.drop_table(&table("dns")).expect("drops");
    assert_eq!(store.kind(&table("logs")).expect("a kind"), TableKind::Missing);
    assert_eq!(store.kind(&table("dns")).expect("a kind"), TableKind::Missing);
    assert_eq!(store.entries(&table("logs")).expect("reads"), []);
    store.create_table(&table("logs")).expect("creates again");
    assert_ne!(incarnation(&mut *store, &table("logs")), before);
}

fn the_ledger_cannot_be_dropped_by_name(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    for refused in [
        store.drop_table(&table("ipta_ledger")),
        store.clear_table(&table("ipta_ledger")),
    ] {
        let message = refused.expect_err("refused").to_string();
        assert!(message.contains("ledger"), "{message}");
    }
    assert_eq!(
        store.kind(&table("ipta_ledger")).expect("a kind"),
        TableKind::Ledger
    );
}

fn all_tables_go_but_those_of_others(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    store.create_table(&table("more")).expect("creates");
    store.create_names(&table("dns")).expect("creates");
    home.sql("CREATE TABLE orders (id INT)");
    home.sql("CREATE VIEW seen AS SELECT id FROM orders");
    home.sql("CREATE TABLE old (src_ip INT, proto VARCHAR(9), action VARCHAR(9))");
    let done = store.drop_all().expect("drops");
    assert_eq!(done.dropped, ["dns", "logs", "more", "ipta_ledger"]);
    assert_eq!(done.left, ["old", "orders", "seen"]);
    let left: Vec<String> = store
        .list()
        .expect("lists")
        .into_iter()
        .map(|info| info.name)
        .collect();
    assert_eq!(left, ["old", "orders", "seen"]);
    let again = store.drop_all().expect("drops");
    assert_eq!(again.dropped, [""; 0]);
}

fn the_list_tells_what_is_there(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    store.create_table(&table("empty")).expect("creates");
    home.sql("CREATE TABLE orders (id INT)");
    let at = |n: i64| Some(Time(n * Time::SECOND));
    let packets = [at(70), None, at(20), at(30)].map(|time| Packet { time, ..PLAIN });
    put(&mut *store, &table("logs"), &batch(&packets));
    let incarnation = incarnation(&mut *store, &table("logs"));
    store.begin().expect("begins");
    for (path, when) in [("a.log", at(5)), ("b.log", at(9)), ("c.log", at(7))] {
        let incarnation = incarnation.clone();
        let entry = Entry {
            path: path.to_owned(),
            at: when,
            incarnation,
            ..entry(path.as_bytes(), 4)
        };
        store.add_entry(&table("logs"), &entry).expect("adds");
    }
    store
        .add_entry(&table("logs"), &entry(b"of a table that was", 4))
        .expect("adds");
    store.commit().expect("commits");

    let list = store.list().expect("lists");
    let names: Vec<&str> = list.iter().map(|info| info.name.as_str()).collect();
    assert_eq!(names, ["empty", "ipta_ledger", "logs", "orders"]);
    assert_eq!(list[0].rows, Some((0, true)));
    assert_eq!(list[0].span, None);
    assert_eq!(list[1].kind, TableKind::Ledger);
    assert_eq!(list[2].rows, Some((4, true)));
    assert_eq!(list[2].span, at(20).zip(at(70)));
    let imports: Vec<&str> = list[2].imports.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(imports, ["b.log", "c.log", "a.log"]);
    assert_eq!(list[3].kind, TableKind::Foreign);
}

fn a_missing_table_is_named(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    let read = store.packets(
        &table("nowhere"),
        &Filters::default(),
        Columns::default(),
        &mut |_, _| {},
    );
    store.begin().expect("begins");
    let wrote = store.insert(&table("nowhere"), &batch(&[PLAIN]));
    store.rollback().expect("rolls back");
    for failed in [read, wrote] {
        let message = failed.expect_err("missing").to_string();
        assert!(
            message.contains("nowhere") && message.contains("--create-table"),
            "{message}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

fn names_are_kept_and_forgotten(home: &Home) {
    let mut store = home.open();
    let dns = table("dns");
    store.create_names(&dns).expect("creates");
    let known = |name: Option<&str>, at| Known {
        name: name.map(str::to_owned),
        at,
    };
    let mut kept = vec![
        (address("192.0.2.9"), known(Some("nine.example.net"), 100)),
        (address("192.0.2.10"), known(None, 200)),
        (address("203.0.113.1"), known(Some("\u{1F525}'\\.example"), -5)),
        (address("::1"), known(Some("loop"), 300)),
        (address("2001:db8::1"), known(Some("six.example.net"), 1 << 33)),
    ];
    for (address, known) in kept.iter().rev() {
        store.keep_name(&dns, *address, known).expect("keeps");
    }
    assert_eq!(store.names(&dns).expect("reads"), kept);
    assert_eq!(
        store.name_of(&dns, kept[1].0).expect("looks"),
        Some(kept[1].1.clone())
    );
    assert_eq!(store.name_of(&dns, address("198.51.100.1")).expect("looks"), None);
    kept[0].1 = known(Some("renamed.example.net"), 400);
    store.keep_name(&dns, kept[0].0, &kept[0].1).expect("keeps");
    assert_eq!(
        store.name_of(&dns, kept[0].0).expect("looks"),
        Some(kept[0].1.clone())
    );
    assert_eq!(store.prune_names(&dns, Some(300)).expect("prunes"), 2);
    let left: Vec<IpAddr> = home
        .open()
        .names(&dns)
        .expect("reads")
        .into_iter()
        .map(|(a, _)| a)
        .collect();
    assert_eq!(left, [kept[0].0, kept[3].0, kept[4].0]);
    assert_eq!(store.prune_names(&dns, None).expect("prunes"), 3);
    assert_eq!(store.names(&dns).expect("reads"), []);
}

#[test]
fn a_missing_file_is_named_with_the_way_to_make_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("none.db");
    let message = store::open(&Place::File(path.clone()), false)
        .err()
        .expect("missing")
        .to_string();
    let way = format!("ipta --db-file {} --create-table", path.display());
    assert!(message.contains(&way), "{message}");
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_no_database_is_named_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("iptables.log");
    let text = "May  4 05:20:00 fw kernel: IPT: DROP IN=eth0 OUT=\n".repeat(100);
    std::fs::write(&path, &text).expect("writes");
    let message = store::open(&Place::File(path.clone()), true)
        .err()
        .expect("refused")
        .to_string();
    assert!(
        message.contains("iptables.log' is no SQLite database"),
        "{message}"
    );
    assert_eq!(std::fs::read_to_string(&path).expect("reads"), text);
}

#[test]
fn a_file_is_one_file_between_runs() {
    let home = Home::file();
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    put(&mut *store, &table("logs"), &batch(&[PLAIN]));
    drop(store);
    let Place::File(path) = &home.place else {
        unreachable!("a file")
    };
    let folder = path.parent().expect("a folder");
    assert_eq!(std::fs::read_dir(folder).expect("reads").count(), 1);
}

#[test]
fn a_file_does_not_tell_tables_apart_by_case() {
    let home = Home::file();
    let mut store = home.open();
    store.create_table(&table("Logs")).expect("creates");
    store.begin().expect("begins");
    store.add_entry(&table("Logs"), &entry(b"head", 4)).expect("adds");
    store.commit().expect("commits");
    incarnation(&mut *store, &table("logs"));
    assert_eq!(store.entries(&table("LOGS")).expect("reads").len(), 1);
}
