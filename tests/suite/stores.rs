//! One suite for every store. Each test runs on a file, on a stock server, and on a server set up to be
//! awkward.

mod file;
mod filters;
mod ledger;
mod packets;
mod server;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use ipta::exports::config::Place;
use ipta::exports::dns::KnownName;
use ipta::exports::filter::Filters;
use ipta::exports::netfilter::batch::Batch;
use ipta::exports::netfilter::{Packet, Time, Verdict};
use ipta::exports::store::{self, Columns, Entry, Pushed, Step, Store, Stored, TableKind, TableName};

use crate::harness::Server;
use filters::the_filters_pick_what_pass_picks;
use ledger::{
    an_import_goes_on_only_from_where_the_log_is, rows_that_vanish_during_an_import_are_noticed,
    the_ledger_keeps_an_entry_whole, two_imports_racing_for_a_log_are_told_apart,
};
use packets::{
    a_stream_dropped_leaves_nothing, a_time_picks_its_packets_whatever_their_order,
    every_column_comes_back_as_it_went_in, only_the_wanted_columns_are_filled,
    thousands_of_packets_come_back_in_order,
};

/// Takes a store's notices and drops them.
pub fn unheard() -> store::Notice {
    Arc::new(|_| {})
}

/// A place for packets, gone on drop.
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
        Home { place: Place::File(path), _folder: Some(folder), server: None }
    }

    fn on(server: &'static Server) -> Home {
        Home { place: Place::Server(server.fresh_database()), _folder: None, server: Some(server) }
    }

    fn open(&self) -> Store {
        store::open(&self.place, true, unheard()).expect("the store opens")
    }

    /// Runs a statement as somebody else would, bypassing ipta.
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

/// A server with every setting unlike the default: other SQL modes, no LOAD DATA LOCAL, the smallest
/// packets that hold any row, reached by TCP.
fn awkward() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        Server::start_on_tcp(&[
            "--sql-mode=ANSI_QUOTES,HIGH_NOT_PRECEDENCE,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_DATE",
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
    a_stream_dropped_leaves_nothing
    the_ledger_keeps_an_entry_whole
    an_import_goes_on_only_from_where_the_log_is
    two_imports_racing_for_a_log_are_told_apart
    rows_that_vanish_during_an_import_are_noticed
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
    ip_id: true,
    icmp: true,
    entry: true,
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
    ip_id: None,
    tcp_flags: None,
    icmp_type: None,
    icmp_code: None,
};

pub fn batch(packets: &[Packet<'_>]) -> Batch {
    let mut batch = Batch::default();
    packets.iter().for_each(|packet| batch.push(packet));
    batch
}

fn put(store: &mut Store, table: &TableName, packets: &Batch) {
    let mut stream = store.stream(table).expect("begins");
    stream.push(packets).expect("inserts");
    stream.finish().expect("commits");
}

/// Imports packets as the first chunk of a new log.
fn import(store: &mut Store, table: &TableName, head: &[u8], packets: &[Packet<'_>]) -> Pushed {
    let incarnation = store.incarnation(table).expect("an incarnation");
    let entry = Entry { incarnation, path: String::from_utf8_lossy(head).into_owned(), ..Entry::default() };
    store.import(table, entry, Vec::new(), head.to_vec()).push(&step(head, 9, packets)).expect("answers")
}

/// A chunk of three lines.
fn step(head: &[u8], end: u64, packets: &[Packet<'_>]) -> Step {
    let times = || packets.iter().filter_map(|packet| packet.time);
    let mut hosts: Vec<String> =
        packets.iter().map(|packet| String::from_utf8_lossy(packet.host).into_owned()).collect();
    hosts.dedup();
    Step {
        packets: batch(packets),
        lines: 3,
        end,
        tail: b"end\n".to_vec(),
        head: head.to_vec(),
        first: times().min(),
        last: times().max(),
        hosts: Some(hosts),
        ..Step::default()
    }
}

/// Row numbers and packets of a table.
fn read(store: &mut Store, table: &TableName, filters: &Filters, columns: Columns) -> (Vec<u64>, Batch) {
    let (mut ids, mut packets) = (Vec::new(), Batch::default());
    let each = &mut |stored: &Stored<'_>| {
        ids.push(stored.id);
        packets.push(&stored.packet);
    };
    store.packets(table, filters, columns, each).expect("reads");
    (ids, packets)
}

fn count(store: &mut Store, table: &TableName) -> usize {
    read(store, table, &Filters::default(), Columns::default()).0.len()
}

fn incarnation(store: &mut Store, table: &TableName) -> String {
    match store.kind(table).expect("a kind") {
        TableKind::Logs { incarnation } => incarnation,
        kind => panic!("no logs table but {kind:?}"),
    }
}

fn a_new_table_is_a_logs_table_with_an_incarnation_of_its_own(home: &Home) {
    let mut store = home.open();
    assert_eq!(store.kind(&table("logs")).expect("a kind"), TableKind::Missing);
    store.create_table(&table("logs")).expect("creates");
    store.create_table(&table("other$1")).expect("creates");
    let (one, other) = (incarnation(&mut store, &table("logs")), incarnation(&mut store, &table("other$1")));
    assert_eq!(one.len(), 32);
    assert_ne!(one, other);
    assert_eq!(incarnation(&mut home.open(), &table("logs")), one);
    assert_eq!(store.kind(&table("ipta_ledger")).expect("a kind"), TableKind::Ledger);
    assert!(store.is_empty(&table("logs")).expect("looks"));
}

fn a_name_in_use_is_not_used_again(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    let message = store.create_table(&table("logs")).expect_err("taken").to_string();
    assert!(message.contains("'logs'") && message.lines().count() == 1, "{message}");
    assert!(store.create_names(&table("logs")).is_err());
    let message = store.create_table(&table("ipta_ledger")).expect_err("reserved").to_string();
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

fn a_cleared_table_is_empty_and_nothing_of_it_is_known(home: &Home) {
    let mut store = home.open();
    for name in ["logs", "other"] {
        store.create_table(&table(name)).expect("creates");
        put(&mut store, &table(name), &batch(&[PLAIN, PLAIN]));
        import(&mut store, &table(name), b"head", &[PLAIN]);
    }
    let before = incarnation(&mut store, &table("logs"));
    store.clear_table(&table("logs")).expect("clears");
    let mut store = home.open();
    assert!(store.is_empty(&table("logs")).expect("looks"));
    assert_eq!(store.entries(&table("logs")).expect("reads"), []);
    // On a server an empty table replaces it; in a file it is emptied.
    assert_eq!(incarnation(&mut store, &table("logs")) == before, home.server.is_none());
    assert_eq!(count(&mut store, &table("other")), 3);
    assert_eq!(store.entries(&table("other")).expect("reads").len(), 1);
}

fn a_dropped_table_is_gone_and_nothing_of_it_is_known(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    let before = incarnation(&mut store, &table("logs"));
    import(&mut store, &table("logs"), b"head", &[PLAIN]);
    store.create_names(&table("dns")).expect("creates");
    store.drop_table(&table("logs")).expect("drops");
    store.drop_table(&table("dns")).expect("drops");
    assert_eq!(store.kind(&table("logs")).expect("a kind"), TableKind::Missing);
    assert_eq!(store.kind(&table("dns")).expect("a kind"), TableKind::Missing);
    assert_eq!(store.entries(&table("logs")).expect("reads"), []);
    store.create_table(&table("logs")).expect("creates again");
    assert_ne!(incarnation(&mut store, &table("logs")), before);
}

fn the_ledger_cannot_be_dropped_by_name(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    for refused in [store.drop_table(&table("ipta_ledger")), store.clear_table(&table("ipta_ledger"))] {
        let message = refused.expect_err("refused").to_string();
        assert!(message.contains("ledger"), "{message}");
    }
    assert_eq!(store.kind(&table("ipta_ledger")).expect("a kind"), TableKind::Ledger);
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
    let left: Vec<String> = store.list().expect("lists").into_iter().map(|info| info.name).collect();
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
    put(&mut store, &table("logs"), &batch(&packets));
    let incarnation = incarnation(&mut store, &table("logs"));
    for (path, when) in [("a.log", at(5)), ("b.log", at(9)), ("c.log", at(7))] {
        let incarnation = incarnation.clone();
        let entry = Entry { path: path.to_owned(), incarnation, ..Entry::default() };
        let step = Step { at: when, ..step(path.as_bytes(), 4, &[PLAIN]) };
        store.import(&table("logs"), entry, Vec::new(), path.into()).push(&step).expect("imports");
    }
    home.sql(
        "INSERT INTO ipta_ledger (table_name, kind, incarnation, path) \
         VALUES ('logs', 'file', 'of a table that was', 'd.log')",
    );

    let list = store.list().expect("lists");
    let names: Vec<&str> = list.iter().map(|info| info.name.as_str()).collect();
    assert_eq!(names, ["empty", "ipta_ledger", "logs", "orders"]);
    assert_eq!(list[0].rows, Some((0, true)));
    assert_eq!(list[0].span, None);
    assert_eq!(list[1].kind, TableKind::Ledger);
    assert_eq!(list[2].rows, Some((7, true)));
    assert_eq!(list[2].span, at(20).zip(at(70)));
    let imports: Vec<&str> = list[2].imports.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(imports, ["b.log", "c.log", "a.log"]);
    assert_eq!(list[3].kind, TableKind::Foreign);
}

fn a_missing_table_is_named(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    let read = store.packets(&table("nowhere"), &Filters::default(), Columns::default(), &mut |_| {});
    let wrote = store.stream(&table("nowhere")).map(drop);
    for failed in [read, wrote] {
        let message = failed.expect_err("missing").to_string();
        assert!(message.contains("nowhere") && message.contains("--create-table"), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

fn names_are_kept_and_forgotten(home: &Home) {
    let mut store = home.open();
    let dns = table("dns");
    store.create_names(&dns).expect("creates");
    let known = |name: Option<&str>, at| KnownName { name: name.map(str::to_owned), at };
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
    assert_eq!(store.name_of(&dns, kept[1].0).expect("looks"), Some(kept[1].1.clone()));
    assert_eq!(store.name_of(&dns, address("198.51.100.1")).expect("looks"), None);
    kept[0].1 = known(Some("renamed.example.net"), 400);
    store.keep_name(&dns, kept[0].0, &kept[0].1).expect("keeps");
    assert_eq!(store.name_of(&dns, kept[0].0).expect("looks"), Some(kept[0].1.clone()));
    assert_eq!(store.prune_names(&dns, Some(300)).expect("prunes"), 2);
    let left: Vec<IpAddr> = home.open().names(&dns).expect("reads").into_iter().map(|(a, _)| a).collect();
    assert_eq!(left, [kept[0].0, kept[3].0, kept[4].0]);
    assert_eq!(store.prune_names(&dns, None).expect("prunes"), 3);
    assert_eq!(store.names(&dns).expect("reads"), []);
}
