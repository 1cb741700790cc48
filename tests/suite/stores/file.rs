//! What only files do.

use ipta::exports::config::Place;
use ipta::exports::filter::Filters;
use ipta::exports::store::{self, Columns};

use super::{Home, PLAIN, batch, import, incarnation, put, table, unheard};

#[test]
fn a_missing_file_is_named_with_the_way_to_make_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("none.db");
    let message =
        store::open(&Place::File(path.clone()), false, unheard()).err().expect("missing").to_string();
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
    let message =
        store::open(&Place::File(path.clone()), true, unheard()).err().expect("refused").to_string();
    assert!(message.contains("iptables.log' is not an SQLite database"), "{message}");
    assert_eq!(std::fs::read_to_string(&path).expect("reads"), text);
}

#[test]
fn a_file_is_one_file_between_runs() {
    let home = Home::file();
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    put(&mut store, &table("logs"), &batch(&[PLAIN]));
    drop(store);
    let Place::File(path) = &home.place else { unreachable!("a file") };
    let folder = path.parent().expect("a folder");
    assert_eq!(std::fs::read_dir(folder).expect("reads").count(), 1);
}

#[test]
fn a_file_does_not_tell_tables_apart_by_case() {
    let home = Home::file();
    let mut store = home.open();
    store.create_table(&table("Logs")).expect("creates");
    import(&mut store, &table("Logs"), b"head", &[PLAIN]);
    incarnation(&mut store, &table("logs"));
    assert_eq!(store.entries(&table("LOGS")).expect("reads").len(), 1);
}

#[test]
fn a_packet_that_a_trigger_leaves_out_is_missed() {
    let home = Home::file();
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    home.sql("CREATE TRIGGER quiet BEFORE INSERT ON logs BEGIN SELECT RAISE(IGNORE); END");
    let mut stream = store.stream(&table("logs")).expect("begins");
    let error = stream.push(&batch(&[PLAIN])).expect_err("is missed").to_string();
    assert!(error.contains("a trigger that is not ipta's skipped a packet"), "{error}");
}

#[test]
fn a_table_without_one_of_its_columns_is_told_without_sql() {
    let home = Home::file();
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    home.sql("ALTER TABLE logs RENAME COLUMN action TO deed");
    let read = store.packets(&table("logs"), &Filters::default(), Columns::default(), &mut |_| {});
    let error = read.expect_err("it does not read").to_string();
    assert!(error.contains("no such column: action") && !error.contains("SELECT"), "{error}");
}

#[test]
fn a_list_of_thousands_of_networks_is_a_filter() {
    let home = Home::file();
    let mut store = home.open();
    store.create_table(&table("logs")).expect("creates");
    let networks = (0..4000u32).map(|n| format!("10.{}.{}.0/24", n / 250, n % 250));
    let src = networks.map(|network| network.parse().expect("a network")).collect::<Vec<_>>().into();
    let filters = Filters { src, ..Filters::default() };
    store.packets(&table("logs"), &filters, Columns::default(), &mut |_| {}).expect("reads");
}
