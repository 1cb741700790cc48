//! What only servers do: accounts, refusals, kills between two statements.

use ipta::exports::config::{Password, Place, Server as Account};
use ipta::exports::filter::Filters;
use ipta::exports::netfilter::Packet;
use ipta::exports::store::{self, Columns, Reconciled, Store, StoreError, Stored, TableKind};

use super::{PLAIN, awkward, batch, count, import, put, table, unheard};
use crate::harness::{Server, server};

fn open(account: &Account) -> Store {
    store::open(&Place::Server(account.clone()), false, unheard()).expect("the store opens")
}

fn refusal(account: &Account) -> String {
    let refused = store::open(&Place::Server(account.clone()), false, unheard()).err();
    refused.expect("the server refuses").to_string()
}

#[test]
fn what_a_killed_clear_left_is_dropped_by_the_next_import() {
    let account = server().fresh_database();
    let mut store = open(&account);
    store.create_table(&table("logs")).expect("creates");
    put(&mut store, &table("logs"), &batch(&[PLAIN]));
    // Killed before the RENAME: the table is as it was.
    let leftover = format!("ipta_new_{}", "0".repeat(32));
    server().sql(&account.database, &format!("CREATE TABLE {leftover} LIKE logs"));
    assert_eq!(store.kind(&table(&leftover)).expect("a kind"), TableKind::Leftover);
    assert_eq!(count(&mut store, &table("logs")), 1);
    assert_eq!(store.reconcile(&table("logs")).expect("looks"), Reconciled::Agree);
    assert_eq!(store.kind(&table(&leftover)).expect("a kind"), TableKind::Missing);
    assert_eq!(count(&mut store, &table("logs")), 1);
}

#[test]
fn a_table_with_triggers_is_cleared_and_keeps_them() {
    let account = server().fresh_database();
    let mut store = open(&account);
    store.create_table(&table("logs")).expect("creates");
    server().sql(&account.database, "CREATE TRIGGER t BEFORE INSERT ON logs FOR EACH ROW SET NEW.ttl = 1");
    import(&mut store, &table("logs"), b"head", &[PLAIN, PLAIN]);
    store.clear_table(&table("logs")).expect("clears");
    assert_eq!(count(&mut store, &table("logs")), 0);
    assert_eq!(store.entries(&table("logs")).expect("reads"), []);
    assert!(server().sql(&account.database, "SHOW TRIGGERS").contains("logs"));
}

#[test]
fn a_table_without_transactions_is_refused() {
    let account = server().fresh_database();
    let mut store = open(&account);
    store.create_table(&table("logs")).expect("creates");
    server().sql(&account.database, "ALTER TABLE logs ENGINE = MyISAM");
    let refused = [
        store.reconcile(&table("logs")).map(drop),
        store.clear_table(&table("logs")),
        store.stream(&table("logs")).map(drop),
    ];
    for refused in refused {
        let message = refused.expect_err("refused").to_string();
        assert!(
            message.contains("MyISAM") && message.contains("ALTER TABLE logs ENGINE=InnoDB"),
            "{message}"
        );
    }
}

#[test]
fn a_server_that_makes_tables_without_transactions_gets_none() {
    let server = Server::start(&["--loose-enforce-storage-engine=MyISAM", "--sql-mode="]);
    let account = server.fresh_database();
    let mut store = open(&account);
    let created = store.create_table(&table("logs"));
    if server.sql("", "SHOW VARIABLES LIKE 'enforce_storage_engine'").is_empty() {
        // Only MariaDB has such a setting; elsewhere, the engine named in the statement is used.
        created.expect("creates");
        return;
    }
    let message = created.expect_err("refused").to_string();
    assert!(message.contains("MyISAM") && message.contains("enforce_storage_engine"), "{message}");
    assert_eq!(server.sql(&account.database, "SHOW TABLES"), "");
}

#[test]
fn a_server_that_stops_taking_load_data_gets_inserts() {
    let server = Server::start(&["--local-infile=1"]);
    let account = server.fresh_database();
    let mut store = open(&account);
    store.create_table(&table("logs")).expect("creates");
    let mut stream = store.stream(&table("logs")).expect("begins");
    stream.push(&batch(&[Packet { src_port: Some(1), ..PLAIN }])).expect("inserts");
    server.sql("", "SET GLOBAL local_infile = 0");
    let before = server.sql("", "SHOW GLOBAL STATUS LIKE 'Com_insert'");
    stream.push(&batch(&[Packet { src_port: Some(2), ..PLAIN }])).expect("inserts");
    assert_ne!(server.sql("", "SHOW GLOBAL STATUS LIKE 'Com_insert'"), before);
    stream.finish().expect("commits");
    assert_eq!(server.sql(&account.database, "SELECT src_prt FROM logs ORDER BY id"), "1\n2");
}

#[test]
fn load_data_means_the_same_under_odd_sql_modes() {
    let mode = "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES";
    let server = Server::start(&[mode, "--local-infile=1"]);
    let account = server.fresh_database();
    let mut store = open(&account);
    store.create_table(&table("logs")).expect("creates");
    let odd = Packet { prefix: b"\\N\t'\n\\", action: "\u{1F525}\"".as_bytes(), ..PLAIN };
    put(&mut store, &table("logs"), &batch(&[odd, PLAIN]));
    assert_eq!(server.sql("", "SHOW GLOBAL STATUS LIKE 'Com_load'"), "Com_load\t1");
    let mut got = Vec::new();
    let columns = Columns { prefix: true, ..Columns::default() };
    let each = &mut |stored: &Stored<'_>| {
        got.push((stored.packet.prefix.to_vec(), stored.packet.action.to_vec()));
    };
    store.packets(&table("logs"), &Filters::default(), columns, each).expect("reads");
    assert_eq!(got, [(odd.prefix.to_vec(), odd.action.to_vec()), (Vec::new(), Vec::new())]);
}

#[test]
fn a_value_that_does_not_fit_is_refused_and_not_cut() {
    for server in [server(), awkward()] {
        let account = server.fresh_database();
        let mut store = open(&account);
        store.create_table(&table("logs")).expect("creates");
        let mut stream = store.stream(&table("logs")).expect("begins");
        let refused = stream.push(&batch(&[Packet { if_in: b"a-name-of-16-byt", ..PLAIN }]));
        assert!(refused.is_err());
        drop(stream);
        assert_eq!(count(&mut store, &table("logs")), 0);
    }
}

#[test]
fn refusals_name_the_way_out_and_no_password() {
    let server = server();
    let account = server.fresh_database();
    let secret = Password("tell nobody".to_owned());
    let wrong = refusal(&Account { pass: secret.clone(), ..account.clone() });
    assert!(wrong.contains(&account.user) && wrong.contains("--create-db"), "{wrong}");
    let unknown =
        refusal(&Account { user: "nobody_here".to_owned(), pass: secret.clone(), ..account.clone() });
    assert!(unknown.contains("'nobody_here'"), "{unknown}");
    let denied = refusal(&Account { database: "mysql".to_owned(), ..account.clone() });
    assert!(denied.contains("'mysql'"), "{denied}");
    server.sql("", &format!("GRANT ALL ON nowhere.* TO {}@localhost", account.user));
    let missing = refusal(&Account { database: "nowhere".to_owned(), ..account.clone() });
    assert!(missing.contains("no database 'nowhere'") && missing.contains("--create-db"), "{missing}");
    for message in [wrong, unknown, denied, missing] {
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(!message.contains(&secret.0) && !message.contains(&account.pass.0), "{message}");
    }
}

#[test]
fn no_server_names_what_was_tried_and_the_start_without_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let socket = folder.path().join("none.sock").display().to_string();
    let account = Account {
        config_file: None,
        asks: false,
        named: false,
        tls: None,
        ca: None,
        host: socket.clone(),
        port: None,
        user: "ipta".to_owned(),
        pass: Password("tell nobody".to_owned()),
        database: "ipta".to_owned(),
    };
    let message = refusal(&account);
    assert!(
        message.contains(&socket)
            && message.contains("--db-file ~/packets.db --create-table --save-db")
            && message.contains("--create-db")
    );
    assert!(message.lines().skip(1).all(|line| line.starts_with("  ")), "{message}");
    assert!(!message.contains("tell nobody"), "{message}");
}

#[test]
fn an_account_without_the_right_is_told_so() {
    let server = server();
    let account = server.fresh_database();
    let mut store = open(&account);
    store.create_table(&table("logs")).expect("creates");
    import(&mut store, &table("logs"), b"head", &[PLAIN, PLAIN]);
    let user = format!("{}@localhost", account.user);
    server.sql("", &format!("REVOKE ALL ON {}.* FROM {user}", account.database));
    server.sql("", &format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {}.* TO {user}", account.database));
    let mut store = open(&account);
    let message = store.create_table(&table("more")).expect_err("refused").to_string();
    assert!(message.contains("lacks a privilege") && message.lines().count() == 1, "{message}");
    // Not dropped, and its contents stay known.
    assert!(store.drop_table(&table("logs")).is_err());
    assert_eq!(store.entries(&table("logs")).expect("reads").len(), 1);
    assert_eq!(count(&mut store, &table("logs")), 2);
    // Clearing needs only the right to delete.
    store.clear_table(&table("logs")).expect("clears");
    assert_eq!(server.sql(&account.database, "SELECT COUNT(*) FROM ipta_ledger WHERE kind = 'file'"), "0");
    assert!(store.is_empty(&table("logs")).expect("looks"));
}

#[test]
fn a_server_killed_in_a_transaction_is_told_and_leaves_nothing() {
    let server = Server::start(&[]);
    let account = server.fresh_database();
    let mut store = open(&account);
    store.create_table(&table("logs")).expect("creates");
    let mut stream = store.stream(&table("logs")).expect("begins");
    stream.push(&batch(&[PLAIN])).expect("inserts");
    server.kill();
    let lost = stream.finish().expect_err("no server");
    assert!(matches!(lost, StoreError::Unsure(_)) && lost.to_string().contains("count them twice"), "{lost}");
    let lost = store.is_empty(&table("logs")).expect_err("no server").to_string();
    assert!(lost.contains("went away"), "{lost}");
    server.restart();
    assert_eq!(count(&mut open(&account), &table("logs")), 0);
}

#[test]
fn create_db_makes_what_is_needed_and_twice_is_success() {
    for server in [server(), awkward()] {
        let fresh = server.fresh_database();
        let account = Account {
            config_file: None,
            asks: false,
            named: false,
            tls: None,
            ca: None,
            user: format!("{}'\\", fresh.user),
            pass: Password("it's\\ 100% \"safe\"; DROP".to_owned()),
            database: format!("{}_wall%`", fresh.database),
            ..fresh.clone()
        };
        store::create_database(&server.administrator(), &account).expect("makes it");
        store::create_database(&server.administrator(), &account).expect("is there");
        let mut store = open(&account);
        store.create_table(&table("logs")).expect("creates");
        // A grant's wildcards are just characters here.
        let other = format!("{}XwallYY`", fresh.database);
        server.sql("", &format!("CREATE DATABASE `{}`", other.replace('`', "``")));
        assert!(
            store::open(&Place::Server(Account { database: other, ..account.clone() }), false, unheard())
                .is_err()
        );

        let wrong = Account { pass: Password("another".to_owned()), ..account.clone() };
        let message =
            store::create_database(&server.administrator(), &wrong).expect_err("refused").to_string();
        assert!(message.contains("ALTER USER") && !message.contains("another'"), "{message}");
        open(&account);
    }
}

#[test]
fn create_db_refused_prints_the_sql_to_type() {
    let server = server();
    let account = server.fresh_database();
    let new = Account { database: "brand_new".to_owned(), user: "newcomer".to_owned(), ..account.clone() };
    let nobody = Account { user: "root2".to_owned(), ..server.administrator() };
    for admin in [account, nobody] {
        let message = store::create_database(&admin, &new).expect_err("refused").to_string();
        assert!(message.contains("\n  CREATE DATABASE IF NOT EXISTS `brand_new`"), "{message}");
        assert!(message.contains("\n  CREATE USER 'newcomer'@'localhost' IDENTIFIED BY '...';"), "{message}");
        assert!(message.contains("\n  GRANT ALL PRIVILEGES ON `brand\\_new`.* TO 'newcomer'@'localhost';"));
        assert!(!message.contains("open sesame"), "{message}");
    }
}

#[test]
fn what_takes_a_connection_and_says_nothing_is_no_server() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = silent.local_addr().expect("an address").port();
    let account = Account {
        config_file: None,
        asks: false,
        named: false,
        tls: None,
        ca: None,
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        user: "ipta".to_owned(),
        pass: Password(String::new()),
        database: "ipta".to_owned(),
    };
    let message = refusal(&account);
    assert!(message.contains(&format!("127.0.0.1:{port} (no answer")), "{message}");
}

#[test]
fn a_table_of_another_version_is_told_and_goes_only_whole() {
    let account = server().fresh_database();
    let mut store = open(&account);
    store.create_table(&table("logs")).expect("creates");
    server().sql(&account.database, "ALTER TABLE logs COMMENT = 'ipta logs 7 new things'");
    assert_eq!(store.kind(&table("logs")).expect("a kind"), TableKind::OtherVersion(7));
    let message = store.clear_table(&table("logs")).expect_err("refused").to_string();
    assert!(message.contains("version 7"), "{message}");
    store.drop_table(&table("logs")).expect("drops");
    assert_eq!(store.kind(&table("logs")).expect("a kind"), TableKind::Missing);
}
