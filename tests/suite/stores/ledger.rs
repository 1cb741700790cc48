//! The ledger: what it keeps, and who may move it.

use ipta::netfilter::Time;
use ipta::store::Entry;

use super::{Home, PLAIN, batch, count, entry, incarnation, table};

pub fn the_ledger_keeps_an_entry_whole(home: &Home) {
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
    assert_eq!(home.open().entries(&table("logs")).expect("reads"), [entry.clone()]);
    assert_eq!(store.entries(&table("other")).expect("reads"), []);

    let from = entry.offset;
    entry = Entry { head: vec![0], tail: Vec::new(), offset: from + 1, first: None, at: None, ..entry };
    store.begin().expect("begins");
    assert!(store.advance(&entry, from).expect("advances"));
    store.commit().expect("commits");
    assert_eq!(home.open().entries(&table("logs")).expect("reads"), [entry]);
}

pub fn an_entry_moves_on_only_from_where_it_is(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    store.begin().expect("begins");
    let id = store.add_entry(&table("logs"), &entry(b"head", 9)).expect("adds");
    store.commit().expect("commits");
    let further = Entry { id, ..entry(b"head and more", 30) };
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

pub fn two_imports_racing_for_an_entry_are_told_apart(home: &Home) {
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
            if store.advance(&Entry { id, ..entry(b"head", step + 1) }, step).expect("answers") {
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

pub fn forgotten_entries_are_gone(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    store.begin().expect("begins");
    let mut add = |head: &[u8]| store.add_entry(&table("logs"), &entry(head, 4)).expect("adds");
    let ids = [add(b"one"), add(b"two"), add(b"three")];
    store.commit().expect("commits");
    store.forget(&table("other"), &[ids[1]]).expect("forgets");
    store.forget(&table("logs"), &[ids[0], ids[2]]).expect("forgets");
    let left: Vec<Vec<u8>> =
        home.open().entries(&table("logs")).expect("reads").into_iter().map(|e| e.head).collect();
    assert_eq!(left, [b"two"]);
}
