//! The historic spellings as a process: each reaches the option meant, and nothing else.

use crate::process::{Said, Shop, lines, on_both_stores};

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
fn furnish(shop: &Shop) {
    shop.desk.write("a.log", lines(0..20));
    shop.import(["a.log"]);
    shop.ipta(["--create-table", "other"]).fine();
}

/// 'logs' with its 20 packets, and 'other'.
#[track_caller]
fn untouched(shop: &Shop) {
    assert_eq!(shop.rows(), 20);
    assert_eq!(shop.number("SELECT COUNT(*) FROM other"), 0);
}

fn tables(shop: &Shop) -> Vec<String> {
    let listed = shop.ipta(["--list-tables"]).fine();
    let words = listed.out.lines().skip(2).take_while(|line| !line.is_empty());
    words.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn ct_creates_the_table_it_names(shop: &Shop) {
    furnish(shop);
    shop.ipta(["-ct", "foo"]).fine().says(["* Table 'foo' created"]);
    assert_eq!(tables(shop), ["foo", "ipta_ledger", "logs", "other"]);
    untouched(shop);
}

fn dt_deletes_the_table_it_names(shop: &Shop) {
    furnish(shop);
    shop.ipta(["-ct", "foo"]).fine();
    shop.ipta(["-dt", "foo"]).fine().says(["'foo'", "deleted"]);
    assert_eq!(tables(shop), ["ipta_ledger", "logs", "other"]);
    shop.ipta(["-dt", "foo"]).refused(1).says(["'foo'", "--list-tables"]);
    untouched(shop);
}

fn dt_deletes_every_table_it_names_or_none(shop: &Shop) {
    furnish(shop);
    for name in ["a", "b", "c"] {
        shop.ipta(["-ct", name]).fine();
    }
    shop.ipta(["-dt", "a", "-dt", "nowhere"]).refused(1).says(["'nowhere'"]);
    shop.ipta(["-dt", "a", "-dt", "b-"]).refused(2).says(["b-"]);
    assert_eq!(tables(shop), ["a", "b", "c", "ipta_ledger", "logs", "other"]);
    shop.ipta(["-dt", "a", "-dt", "b", "-dt", "a"]).fine().says(["'a'", "'b'"]);
    assert_eq!(tables(shop), ["c", "ipta_ledger", "logs", "other"]);
    // Without a name it is the table of the call.
    shop.ipta(["-t", "c", "-dt"]).fine().says(["'c'", "deleted"]);
    assert_eq!(tables(shop), ["ipta_ledger", "logs", "other"]);
    untouched(shop);
}

#[test]
fn several_tables_are_asked_about_once() {
    let shop = Shop::on_a_file();
    shop.ipta(["-ct", "a"]).fine();
    shop.ipta(["-ct", "b"]).fine();
    let on_a_terminal = |answer: &str| {
        let call = shop.command(["-dt", "a", "-dt", "b"]);
        let words = std::iter::once(call.get_program()).chain(call.get_args());
        let line: Vec<String> = words.map(|word| format!("'{}'", word.display())).collect();
        let mut command = std::process::Command::new("script");
        command.args(["-qec", &line.join(" "), "/dev/null"]).current_dir(shop.desk.path(""));
        let said = crate::process::run(command, answer);
        assert_eq!(said.out.matches("[y/N]").count(), 1, "{said:#?}");
        assert!(said.out.contains("? Delete tables 'a', 'b' of file"), "{said:#?}");
        said
    };
    let said = on_a_terminal("n\n");
    assert!(said.out.contains("Nothing was deleted"), "{said:#?}");
    assert_eq!(tables(&shop), ["a", "b", "ipta_ledger", "logs"]);
    on_a_terminal("y\n");
    assert_eq!(tables(&shop), ["ipta_ledger", "logs"]);
}

fn lt_lists(shop: &Shop) {
    furnish(shop);
    let listed = shop.ipta(["-lt"]).fine();
    assert_eq!(listed.out, shop.ipta(["--list-tables"]).fine().out);
    assert!(listed.out.contains("a.log: 20 lines, 20 packets"), "{listed:#?}");
    untouched(shop);
}

fn da_deletes_all(shop: &Shop) {
    furnish(shop);
    shop.sql("CREATE TABLE theirs (n INTEGER)");
    shop.ipta(["-da"]).fine().says(["logs, other", "left alone: theirs"]);
    assert_eq!(tables(shop), ["theirs"]);
}

fn ai_is_the_shell(shop: &Shop) {
    furnish(shop);
    // Not built yet; never --analyze with --import.
    shop.ipta(["-ai", "a.log"]).refused(2);
    shop.ipta(["-ai"]).refused(1).says(["--analyze-interactive"]);
    untouched(shop);
}

fn clear_and_create_table_stay_apart(shop: &Shop) {
    furnish(shop);
    shop.ipta(["-c", "-t", "other"]).fine().says(["'other'", "cleared"]);
    untouched(shop);
    shop.ipta(["-c"]).fine().says(["'logs'", "cleared"]);
    assert_eq!(shop.rows(), 0);
    shop.import(["a.log"]).says(["20 packets"]);
    untouched(shop);
}

fn p_takes_a_password_that_looks_like_an_option(shop: &Shop) {
    furnish(shop);
    let before = tables(shop);
    // On a server a wrong password, in a file none at all; a table in neither.
    let said: Said = shop.ipta(["-p", "-ct"]);
    assert_ne!(said.status, Some(0), "{said:#?}");
    let said = shop.ipta(["-p", "-ct", "-lt"]);
    let is_file = matches!(shop.place, crate::process::Kept::File(_));
    assert_eq!(said.status, Some(if is_file { 0 } else { 1 }), "{said:#?}");
    assert_eq!(tables(shop), before);
    untouched(shop);
}

fn a_misspelt_log_empties_nothing(shop: &Shop) {
    furnish(shop);
    shop.ipta(["-c", "-i", "typo.log"]).refused(1).says(["typo.log", "no such file"]);
    shop.ipta(["-c", "-i", "a.log", "typo.log"]).refused(1).says(["typo.log"]);
    shop.ipta(["-c", "-t", "nowhere", "-i", "a.log"]).refused(1).says(["'nowhere'"]);
    shop.ipta(["-dt", "other", "-i", "typo.log"]).refused(1);
    shop.ipta(["-da", "-ct", "-i", "typo.log"]).refused(1);
    untouched(shop);
    shop.import(["a.log"]).says(["already imported, 0 new"]);
}

#[test]
fn a_spelling_with_more_behind_it_is_asked_back() {
    for shop in [Shop::on_a_file(), Shop::on_a_server()] {
        furnish(&shop);
        let before = tables(&shop);
        for (args, one, other) in [
            (&["-dtother"][..], "--delete-table other", "--db-name tother"),
            (&["-ctother"], "--create-table other", "--clear --db-table other"),
            (&["-ltother"], "--list-tables", "--limit tother"),
            (&["-daother"], "--delete-all-tables", "--db-name aother"),
            (&["-aiother"], "--analyze-interactive", "--analyze iother"),
            (&["-cdother"], "--create-db --db-name other", "--clear --db-name other"),
            (&["-a", "-pihunter2"], "--db-pass-i", "--db-pass PASSWORD, if it is one that begins with i"),
        ] {
            shop.ipta(args).refused(2).says(["can be read in two ways", one, other]);
        }
        assert_eq!(tables(&shop), before);
        untouched(&shop);
    }
}

#[test]
fn cd_prepares_a_server_and_clears_nothing() {
    let shop = Shop::on_a_server();
    furnish(&shop);
    shop.ipta(["-cd"]).fine().says(["are ready"]);
    untouched(&shop);
    let file = Shop::on_a_file();
    file.ipta(["-cd"]).refused(2).says(["--create-db"]);
}

#[test]
fn pi_asks_and_needs_a_terminal() {
    let shop = Shop::on_a_server();
    furnish(&shop);
    // In a session of its own the process has no terminal to ask on.
    let mut command = std::process::Command::new("setsid");
    let call = shop.command(["-pi", "-lt"]);
    command.arg("--wait").arg(call.get_program()).args(call.get_args()).env_clear();
    let envs = call.get_envs().filter_map(|(key, value)| Some((key, value?)));
    command.envs(envs).current_dir(shop.desk.path(""));
    crate::process::run(command, "").refused(1).says(["--db-pass-i (-pi)", "terminal", "db_pass"]);
    untouched(&shop);
}

#[test]
fn h_alone_wants_a_host_and_names_help() {
    let shop = Shop::on_a_file();
    shop.desk.ipta(["-h"]).refused(2).says(["--db-host (-h)", "HOST", "ipta --help"]);
    shop.desk.ipta(["-lt", "-h"]).refused(2).says(["ipta --help"]);
}
