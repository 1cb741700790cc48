//! The ledger: what it keeps, and who may move it.

use ipta::exports::netfilter::{Packet, Time};
use ipta::exports::store::identity::{Checkpoints, Hasher};
use ipta::exports::store::{Entry, KnownPackets, Pushed, Step, StoreError};

use super::{Home, PLAIN, count, import, incarnation, step, table};

fn stored() -> Pushed {
    Pushed::Stored(KnownPackets::default())
}

fn checkpoints() -> Checkpoints {
    let mut hasher = Hasher::new(Checkpoints::default());
    hasher.feed(0, &[7; 300_000]);
    hasher.up_to(300_000).clone()
}

pub fn the_ledger_keeps_an_entry_whole(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    let incarnation = incarnation(&mut store, &table("logs"));
    let head: Vec<u8> = (0..4096u16).map(|n| (n % 251) as u8).collect();
    let entry = Entry {
        incarnation,
        path: "/var/log/it's \u{1F525}\\iptables.log".to_owned(),
        device: u64::from(u32::MAX) + 7,
        inode: 1 << 50,
        rules: "ufw\nIPT: (?<action>\\w+)".to_owned(),
        again: true,
        ..Entry::default()
    };
    let (first, last) = (Time(1_714_800_000_000_001), Time(1_714_899_999_999_999));
    let packets = [first, last].map(|time| Packet { time: Some(time), host: b"fw1", ..PLAIN });
    let first_step = Step {
        tail: (0..=255).rev().collect(),
        lines: 1 << 33,
        window_at: 1 << 39,
        checkpoints: checkpoints(),
        at: Some(Time(1_714_900_000_000_000)),
        ..step(&head, 1 << 40, &packets)
    };
    let mut running = store.import(&table("logs"), entry.clone(), Vec::new(), head.clone());
    assert_eq!(running.push(&first_step).expect("imports"), stored());
    let id = running.entry().id;
    assert_ne!(id, 0);
    let expected = Entry {
        id,
        head: head.clone(),
        tail: (0..=255).rev().collect(),
        offset: 1 << 40,
        lines: 1 << 33,
        packets: 2,
        live: 2,
        window_at: 1 << 39,
        checkpoints: checkpoints(),
        hosts: Some(vec!["fw1".to_owned()]),
        first: Some(first),
        last: Some(last),
        at: Some(Time(1_714_900_000_000_000)),
        ..entry
    };
    assert_eq!(home.open().entries(&table("logs")).expect("reads"), std::slice::from_ref(&expected));

    let hosts = Some(vec!["fw1".to_owned(), String::new()]);
    let further = Step { at: None, tail: Vec::new(), hosts, ..step(&head, (1 << 40) + 1, &[PLAIN]) };
    assert_eq!(running.push(&further).expect("imports"), stored());
    running.finish().expect("finishes");
    let expected = Entry {
        tail: Vec::new(),
        offset: (1 << 40) + 1,
        lines: (1 << 33) + 3,
        packets: 3,
        live: 3,
        window_at: 0,
        checkpoints: Checkpoints::default(),
        hosts: Some(vec!["fw1".to_owned(), String::new()]),
        again: false,
        at: None,
        ..expected
    };
    assert_eq!(home.open().entries(&table("logs")).expect("reads"), [expected]);
    assert_eq!(store.entries(&table("other")).expect("reads"), []);
}

pub fn an_import_goes_on_only_from_where_the_log_is(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    assert_eq!(import(&mut store, &table("logs"), b"head", &[PLAIN]), stored());
    let entry = store.entries(&table("logs")).expect("reads").remove(0);
    let elsewhere = Entry { offset: 8, ..entry.clone() };
    let mut running = store.import(&table("logs"), elsewhere, Vec::new(), b"head".to_vec());
    assert_eq!(running.push(&step(b"head", 30, &[PLAIN])).expect("answers"), Pushed::Overtaken);
    // Another import added the log in the meantime: no new entry is made.
    assert_eq!(import(&mut store, &table("logs"), b"head", &[PLAIN]), Pushed::Overtaken);
    let mut running = store.import(&table("logs"), entry.clone(), Vec::new(), b"head".to_vec());
    assert_eq!(running.push(&step(b"head", 30, &[PLAIN])).expect("answers"), stored());
    let mut late = store.import(&table("logs"), entry, Vec::new(), b"head".to_vec());
    assert_eq!(late.push(&step(b"head", 30, &[PLAIN])).expect("answers"), Pushed::Overtaken);
    assert_eq!(store.entries(&table("logs")).expect("reads")[0].offset, 30);
    assert_eq!(count(&mut store, &table("logs")), 2);
}

pub fn two_imports_racing_for_a_log_are_told_apart(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    import(&mut store, &table("logs"), b"head", &[PLAIN]);
    let first = store.entries(&table("logs")).expect("reads").remove(0);
    // Both try to bring in the same ten chunks; each chunk counts once, whichever import brought it.
    let race = || {
        let mut store = home.open();
        let mut made = 0;
        for n in 0..10 {
            let entry = Entry { offset: first.offset + n, live: 1 + n, ..first.clone() };
            let mut running = store.import(&table("logs"), entry, Vec::new(), b"head".to_vec());
            let pushed = running.push(&step(b"head", first.offset + n + 1, &[PLAIN])).expect("answers");
            made += usize::from(pushed == stored());
        }
        made
    };
    let made: Vec<usize> = std::thread::scope(|scope| {
        let both = [scope.spawn(race), scope.spawn(race)];
        both.map(|one| one.join().expect("no panic")).to_vec()
    });
    let offset = store.entries(&table("logs")).expect("reads")[0].offset;
    assert_eq!(made.iter().sum::<usize>() as u64, offset - first.offset);
    assert_eq!(count(&mut store, &table("logs")), 1 + made.iter().sum::<usize>());
}

pub fn rows_that_vanish_during_an_import_are_noticed(home: &Home) {
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    let incarnation = incarnation(&mut store, &table("logs"));
    let entry = Entry { incarnation, ..Entry::default() };
    let mut running = store.import(&table("logs"), entry, Vec::new(), b"head".to_vec());
    running.push(&step(b"head", 9, &[PLAIN])).expect("imports");
    home.sql("DELETE FROM logs");
    let error = running.push(&step(b"head", 18, &[PLAIN])).expect_err("is noticed");
    assert!(matches!(error, StoreError::Emptied(_)), "{error}");
    // Pruned rows are no fault: their number in the ledger drops with them.
    home.sql("UPDATE ipta_ledger SET rows_live = 0");
    running.push(&step(b"head", 18, &[PLAIN])).expect("goes on");
    assert_eq!(count(&mut store, &table("logs")), 1);
}
