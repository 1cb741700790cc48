//! The historic spellings, run as a process: each reaches the option it meant, and nothing else.

use crate::process::{Said, TestStore, lines, on_both_stores};

on_both_stores! {
    ct_creates_the_table_it_names
    dt_deletes_the_table_it_names
    dt_deletes_every_table_it_names_or_none
    lt_lists
    da_deletes_all
    ai_is_the_shell
    clear_and_create_table_stay_apart
    p_takes_a_password_that_looks_like_an_option
    a_misspelt_log_empties_nothing
}

/// Two tables, one with packets; nothing may touch them unless told to.
fn furnish(db: &TestStore) {
    db.dir.write("a.log", lines(0..20));
    db.import(["a.log"]);
    db.ipta(["--create-table", "other"]).fine();
}

/// 'logs' with its 20 packets, and 'other'.
#[track_caller]
fn untouched(db: &TestStore) {
    assert_eq!(db.rows(), 20);
    assert_eq!(db.number("SELECT COUNT(*) FROM other"), 0);
}

fn tables(db: &TestStore) -> Vec<String> {
    let listed = db.ipta(["--list-tables"]).fine();
    let words = listed.out.lines().skip(2).take_while(|line| !line.is_empty());
    words.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn ct_creates_the_table_it_names(db: &TestStore) {
    furnish(db);
    db.ipta(["-ct", "foo"]).fine().says(["* Table 'foo' created"]);
    assert_eq!(tables(db), ["foo", "ipta_ledger", "logs", "other"]);
    untouched(db);
}

fn dt_deletes_the_table_it_names(db: &TestStore) {
    furnish(db);
    db.ipta(["-ct", "foo"]).fine();
    db.ipta(["-dt", "foo"]).fine().says(["'foo'", "deleted"]);
    assert_eq!(tables(db), ["ipta_ledger", "logs", "other"]);
    db.ipta(["-dt", "foo"]).refused(1).says(["'foo'", "--list-tables"]);
    untouched(db);
}

fn dt_deletes_every_table_it_names_or_none(db: &TestStore) {
    furnish(db);
    for name in ["a", "b", "c"] {
        db.ipta(["-ct", name]).fine();
    }
    db.ipta(["-dt", "a", "-dt", "nowhere"]).refused(1).says(["'nowhere'"]);
    db.ipta(["-dt", "a", "-dt", "b-"]).refused(2).says(["b-"]);
    assert_eq!(tables(db), ["a", "b", "c", "ipta_ledger", "logs", "other"]);
    db.ipta(["-dt", "a", "-dt", "b", "-dt", "a"]).fine().says(["'a'", "'b'"]);
    assert_eq!(tables(db), ["c", "ipta_ledger", "logs", "other"]);
    // Without a name, it means the call's table.
    db.ipta(["-t", "c", "-dt"]).fine().says(["'c'", "deleted"]);
    assert_eq!(tables(db), ["ipta_ledger", "logs", "other"]);
    untouched(db);
}

#[test]
fn several_tables_are_asked_about_once() {
    let db = TestStore::on_a_file();
    db.ipta(["-ct", "a"]).fine();
    db.ipta(["-ct", "b"]).fine();
    let on_a_terminal = |call: &[&str], question: &str, answer: &str| {
        let call = db.command(call);
        let words = std::iter::once(call.get_program()).chain(call.get_args());
        let line: Vec<String> = words.map(|word| format!("'{}'", word.display())).collect();
        let mut command = std::process::Command::new("script");
        command.args(["-qec", &line.join(" "), "/dev/null"]).current_dir(db.dir.path(""));
        let said = crate::process::run(command, answer);
        assert_eq!(said.out.matches("[y/N]").count(), 1, "{said:#?}");
        assert!(said.out.contains(question), "{said:#?}");
        said
    };
    let said =
        on_a_terminal(&["-da"], ": 'a' (0 packets), 'b' (0 packets), 'logs' (0 packets)? [y/N]", "n\n");
    assert!(said.out.contains("Nothing was deleted"), "{said:#?}");
    let two = ["-dt", "a", "-dt", "b"];
    let said = on_a_terminal(&two, "? Delete tables 'a', 'b' in file", "n\n");
    assert!(said.out.contains("Nothing was deleted"), "{said:#?}");
    assert_eq!(tables(&db), ["a", "b", "ipta_ledger", "logs"]);
    on_a_terminal(&two, "? Delete tables 'a', 'b' in file", "y\n");
    assert_eq!(tables(&db), ["ipta_ledger", "logs"]);
}

fn lt_lists(db: &TestStore) {
    furnish(db);
    let listed = db.ipta(["-lt"]).fine();
    assert_eq!(listed.out, db.ipta(["--list-tables"]).fine().out);
    assert!(listed.out.contains("a.log: 20 lines, 20 packets"), "{listed:#?}");
    untouched(db);
}

fn da_deletes_all(db: &TestStore) {
    furnish(db);
    db.sql("CREATE TABLE theirs (n INTEGER)");
    db.ipta(["-da"]).fine().says(["logs, other", "left alone: theirs"]);
    assert_eq!(tables(db), ["theirs"]);
}

fn ai_is_the_shell(db: &TestStore) {
    furnish(db);
    // Never --analyze with --import.
    db.ipta(["-ai", "a.log"]).refused(2);
    assert_eq!(db.dir.fed(db.with_options(["-ai"]), "SELECT 7 AS n;").fine().out, "n\n-\n7\n");
    untouched(db);
}

fn clear_and_create_table_stay_apart(db: &TestStore) {
    furnish(db);
    db.ipta(["-c", "-t", "other"]).fine().says(["'other'", "cleared"]);
    untouched(db);
    db.ipta(["-c"]).fine().says(["'logs'", "cleared"]);
    assert_eq!(db.rows(), 0);
    db.import(["a.log"]).says(["20 packets"]);
    untouched(db);
}

fn p_takes_a_password_that_looks_like_an_option(db: &TestStore) {
    furnish(db);
    let before = tables(db);
    // A wrong password on a server, no password at all in a file; a table in neither.
    let said: Said = db.ipta(["-p", "-ct"]);
    assert_ne!(said.status, Some(0), "{said:#?}");
    let said = db.ipta(["-p", "-ct", "-lt"]);
    let is_file = matches!(db.place, crate::process::Kept::File(_));
    assert_eq!(said.status, Some(if is_file { 0 } else { 1 }), "{said:#?}");
    assert_eq!(tables(db), before);
    untouched(db);
}

fn a_misspelt_log_empties_nothing(db: &TestStore) {
    furnish(db);
    db.ipta(["-c", "-i", "typo.log"]).refused(1).says(["typo.log", "no such file"]);
    db.ipta(["-c", "-i", "a.log", "typo.log"]).refused(1).says(["typo.log"]);
    db.ipta(["-c", "-t", "nowhere", "-i", "a.log"]).refused(1).says(["'nowhere'"]);
    db.ipta(["-dt", "other", "-i", "typo.log"]).refused(1);
    db.ipta(["-da", "-ct", "-i", "typo.log"]).refused(1);
    untouched(db);
    db.import(["a.log"]).says(["already imported, 0 new"]);
}

#[test]
fn a_spelling_with_more_behind_it_is_asked_back() {
    for db in [TestStore::on_a_file(), TestStore::on_a_server()] {
        furnish(&db);
        let before = tables(&db);
        for (args, one, other) in [
            (&["-dtother"][..], "--delete-table other", "--db-name tother"),
            (&["-ctother"], "--create-table other", "--clear --db-table other"),
            (&["-ltother"], "--list-tables", "--limit tother"),
            (&["-daother"], "--delete-all-tables", "--db-name aother"),
            (&["-aiother"], "--analyze-interactive", "--analyze iother"),
            (&["-cdother"], "--create-db --db-name other", "--clear --db-name other"),
            (&["-a", "-pihunter2"], "--db-pass-i", "--db-pass PASSWORD, if the password begins with i"),
        ] {
            db.ipta(args).refused(2).says(["is ambiguous", one, other]);
        }
        assert_eq!(tables(&db), before);
        untouched(&db);
    }
}

#[test]
fn cd_prepares_a_server_and_clears_nothing() {
    let db = TestStore::on_a_server();
    furnish(&db);
    db.ipta(["-cd"]).fine().says(["are ready"]);
    untouched(&db);
    let file = TestStore::on_a_file();
    file.ipta(["-cd"]).refused(2).says(["--create-db"]);
}

#[test]
fn pi_asks_and_needs_a_terminal() {
    let db = TestStore::on_a_server();
    furnish(&db);
    for (args, words) in [
        (&["-pi", "-lt"][..], ["--db-pass-i (-pi)", "terminal", "db_pass"]),
        (&["--create-db", "--admin-pass-i"], ["--admin-pass-i", "terminal", "sudo"]),
    ] {
        // In its own session, the process has no terminal to ask on.
        let mut command = std::process::Command::new("setsid");
        let call = db.command(args);
        command.arg("--wait").arg(call.get_program()).args(call.get_args()).env_clear();
        let envs = call.get_envs().filter_map(|(key, value)| Some((key, value?)));
        command.envs(envs).current_dir(db.dir.path(""));
        crate::process::run(command, "").refused(1).says(words);
    }
    untouched(&db);
}

#[test]
fn h_alone_wants_a_host_and_names_help() {
    let db = TestStore::on_a_file();
    db.dir.ipta(["-h"]).refused(2).says(["--db-host (-h)", "HOST", "ipta --help"]);
    db.dir.ipta(["-lt", "-h"]).refused(2).says(["ipta --help"]);
}
