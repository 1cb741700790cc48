use super::*;
use crate::config::Place;
use crate::netfilter::{Packet, Verdict};
use crate::store;

fn chunk() -> Chunk {
    let mut packets = Batch::default();
    packets.push(&Packet {
        host: b"fw",
        prefix: b"IPT: DROP ",
        action: b"DROP",
        verdict: Verdict::Deny,
        if_in: b"eth0",
        src: "192.0.2.1".parse().ok(),
        proto: b"TCP",
        ..Packet::default()
    });
    Chunk { packets, lines: 1, end: 4, tail: b"log\n".into(), head: b"log\n".into(), first: None, last: None }
}

fn new_store(folder: &tempfile::TempDir, table: &TableName) -> Box<dyn Store + Send> {
    let mut store = store::open(&Place::File(folder.path().join("packets.db")), true).expect("opens");
    store.create_table(table).expect("creates");
    store
}

fn incarnation(store: &mut dyn Store, table: &TableName) -> String {
    match store.kind(table).expect("looks") {
        TableKind::Logs { incarnation } => incarnation,
        other => panic!("a logs table, not {other:?}"),
    }
}

fn begin(entry: Entry) -> Begin {
    Begin { entry, candidates: Vec::new(), head: b"log\n".into() }
}

#[test]
fn a_log_is_not_entered_for_a_table_that_was_replaced_meanwhile() {
    let folder = tempfile::tempdir().expect("a folder");
    let table: TableName = "logs".parse().expect("a name");
    let mut store = new_store(&folder, &table);
    let entry = Entry { incarnation: incarnation(&mut *store, &table), ..Entry::default() };
    let mut begin = begin(entry);
    store.drop_table(&table).expect("drops");
    store.create_table(&table).expect("creates");
    assert!(!step(&mut *store, &table, &mut begin, &chunk()).expect("answers"));
    assert!(store.is_empty(&table).expect("looks"));
    assert_eq!(store.entries(&table).expect("reads"), []);

    begin.entry.incarnation = incarnation(&mut *store, &table);
    assert!(step(&mut *store, &table, &mut begin, &chunk()).expect("answers"));
    assert_eq!(store.entries(&table).expect("reads").len(), 1);
}

#[test]
fn counts_that_somebody_wrote_into_the_ledger_end_at_the_greatest() {
    let folder = tempfile::tempdir().expect("a folder");
    let table: TableName = "logs".parse().expect("a name");
    let mut store = new_store(&folder, &table);
    let incarnation = incarnation(&mut *store, &table);
    let entry = Entry { incarnation, lines: u64::MAX, packets: u64::MAX, ..Entry::default() };
    let mut begin = begin(entry);
    assert!(step(&mut *store, &table, &mut begin, &chunk()).expect("answers"));
    assert_eq!(begin.entry.lines, u64::MAX);
}
