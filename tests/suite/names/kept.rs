//! Names kept in the store between runs.

use crate::live::nameserver::{Network, Reply};
use crate::live::packet;
use crate::process::{Kept, Said, TestStore, on_both_stores, run};

on_both_stores! {
    names_are_kept_and_used_without_a_question
    without_the_table_names_are_asked_for_and_nothing_is_said
    names_are_dumped_pruned_by_age_and_cleared
    a_name_older_than_the_ttl_is_asked_for_again
    an_answer_that_never_came_is_not_kept
    a_table_of_somebody_else_is_left_alone_and_told
}

const ZONE: [(&str, Reply<'static>); 3] = [
    ("192.0.2.7", Reply::Name("seven.example.com")),
    ("198.51.100.1", Reply::Name("one.example.net")),
    ("2001:db8::7", Reply::Name("six.example.org")),
];

/// A table of packets between these addresses and some without a name.
fn filled(db: &TestStore) -> Network {
    let network = Network::new(&db.dir, &ZONE);
    let log = packet("DROP", "192.0.2.7", "198.51.100.1", 1)
        + &packet("DROP", "198.51.100.1", "192.0.2.7", 2)
        + &packet("DROP", "2001:db8::7", "2001:db8::8", 3)
        + &packet("DROP", "203.0.113.5", "198.51.100.1", 4);
    db.dir.write("log", log);
    db.ipta(["--import", "log"]).fine();
    network
}

fn inside(db: &TestStore, network: &Network, args: &[&str]) -> Said {
    run(network.inside(db.command(args.iter().copied())), "").fine()
}

/// Every source and destination in the report's rows has its own name.
fn names_are_right(said: &Said) {
    for row in [
        "     1 seven.example.com             1 one.example.net           15003 ",
        "     1 one.example.net               2 seven.example.com         15003 ",
        "     1 six.example.org               3 2001:db8::8               15003 ",
        "     1 203.0.113.5                   4 one.example.net           15003 ",
    ] {
        assert!(said.out.contains(row), "no {row:?} in {said:#?}");
    }
    let headline =
        "* 4 packets from 4 sources, 2026-05-04 06:35:12 to 2026-05-04 06:35:12: 0 accepted, 4 denied\n";
    assert_eq!(said.err, headline);
}

fn names_are_kept_and_used_without_a_question(db: &TestStore) {
    let network = filled(db);
    db.ipta(["--dns-create-table"]).fine().says(["dns"]);
    db.ipta(["--dns-create-table"]).fine().says(["already exists"]);
    names_are_right(&inside(db, &network, &["--analyze", "--rdns"]));
    let asked = network.questions();
    assert_eq!((asked.len(), asked.values().sum::<usize>()), (5, 5));
    // The server now has other names, but nobody asks it.
    network.now(&[("*", Reply::Name("wrong.example.com"))]);
    names_are_right(&inside(db, &network, &["--analyze", "--rdns"]));
    assert_eq!(network.questions(), asked);
}

fn without_the_table_names_are_asked_for_and_nothing_is_said(db: &TestStore) {
    let network = filled(db);
    for runs in 1..=2 {
        names_are_right(&inside(db, &network, &["--analyze", "--rdns"]));
        assert!(network.questions().values().all(|count| *count == runs));
    }
}

fn names_are_dumped_pruned_by_age_and_cleared(db: &TestStore) {
    let network = filled(db);
    db.ipta(["--dns-dump"]).refused(1).says(["--dns-create-table"]);
    db.ipta(["--dns-create-table"]).fine();
    db.ipta(["--dns-dump"]).fine().says(["no names yet"]);
    inside(db, &network, &["--analyze", "--rdns"]);

    let dump = || db.ipta(["--dns-dump"]).fine().out;
    let kept = dump();
    let rows: Vec<Vec<&str>> = kept.lines().map(|line| line.split_ascii_whitespace().collect()).collect();
    let pairs: Vec<(&str, &str)> = rows.iter().map(|row| (row[0], row[row.len() - 1])).collect();
    assert_eq!(
        pairs,
        [
            ("192.0.2.7", "seven.example.com"),
            ("198.51.100.1", "one.example.net"),
            ("203.0.113.5", "-"),
            ("2001:db8::7", "six.example.org"),
            ("2001:db8::8", "-"),
        ]
    );

    db.ipta(["--dns-prune", "--ttl", "0"]).fine().says(["never expire"]);
    db.ipta(["--dns-prune", "--ttl", "1"]).fine().says(["0 names removed"]);
    assert_eq!(dump(), kept);
    age(db, "seven.example.com", 3);
    db.ipta(["-dp", "--ttl", "4"]).fine().says(["0 names removed"]);
    db.ipta(["-dp", "--ttl", "2"]).fine().says(["1 name removed"]);
    assert_eq!(dump().lines().count(), 4);
    assert!(!dump().contains("seven"));
    db.ipta(["--dns-clear"]).fine().says(["4 names removed"]);
    assert_eq!(dump(), "");
}

fn a_name_older_than_the_ttl_is_asked_for_again(db: &TestStore) {
    let network = filled(db);
    db.ipta(["--dns-create-table"]).fine();
    inside(db, &network, &["--analyze", "--rdns"]);
    age(db, "seven.example.com", 3);
    let now = [("192.0.2.7", Reply::Name("new.example.com"))];
    network.now(&now);
    let still = inside(db, &network, &["--analyze", "--rdns", "--ttl", "4"]);
    names_are_right(&still);
    let anew = inside(db, &network, &["--analyze", "--rdns", "--ttl", "2"]);
    assert!(anew.out.contains(" new.example.com ") && !anew.out.contains("seven"), "{anew:#?}");
    let asked = network.questions();
    assert_eq!(asked.values().sum::<usize>(), 6, "the one old name alone: {asked:?}");
    assert!(db.ipta(["--dns-dump"]).fine().out.contains("new.example.com"));
}

fn an_answer_that_never_came_is_not_kept(db: &TestStore) {
    let network = filled(db);
    network.now(&[("*", Reply::Refuse)]);
    db.ipta(["--dns-create-table"]).fine();
    let said = inside(db, &network, &["--analyze", "--rdns"]);
    assert!(said.err.contains("got no answer"), "{said:#?}");
    assert_eq!(db.ipta(["--dns-dump"]).fine().out, "");
}

#[test]
fn an_account_that_may_only_read_gets_its_names_all_the_same() {
    let db = TestStore::on_a_server();
    let network = filled(&db);
    db.ipta(["--dns-create-table"]).fine();
    let Kept::Server(server, account) = &db.place else {
        unreachable!("it is on a server");
    };
    for host in ["localhost", "127.0.0.1"] {
        let (database, user) = (&account.database, &account.user);
        server.sql("", &format!("REVOKE ALL ON {database}.* FROM {user}@'{host}'"));
        server.sql("", &format!("GRANT SELECT ON {database}.* TO {user}@'{host}'"));
    }
    let said = inside(&db, &network, &["--analyze", "--rdns"]);
    assert!(said.out.contains(" seven.example.com "), "{said:#?}");
    said.says(["could not be saved in table 'dns'"]);
}

/// Makes a kept name `hours` hours older.
fn age(db: &TestStore, name: &str, hours: i64) {
    db.sql(&format!("UPDATE dns SET at = at - {hours} * 3600 WHERE name = '{name}'"));
}

fn a_table_of_somebody_else_is_left_alone_and_told(db: &TestStore) {
    let network = filled(db);
    db.sql("CREATE TABLE dns (ip INT, hostname VARCHAR(255))");
    let said = inside(db, &network, &["--analyze", "--rdns"]);
    assert!(said.out.contains("seven.example.com"), "{said:#?}");
    said.says(["Table 'dns'", "names are not cached", "--dns-create-table names"]);
    db.ipta(["--dns-dump"]).refused(1).clear().says(["Table 'dns'", "--dns-create-table names"]);
    db.ipta(["--dns-create-table"]).refused(1).clear().says(["not ipta's", "--dns-create-table names"]);
    db.ipta(["--dns-create-table", "names"]).fine();
}
