use std::fs::{read_to_string, write};
use std::os::unix::fs::symlink;

use super::super::{Password, load, merge};
use super::super::{PrefixChoice, Tls};
use super::*;

fn given(change: impl FnOnce(&mut Layer)) -> Layer {
    let mut layer = Layer::default();
    change(&mut layer);
    layer
}

/// What `--save-db` makes of a file: its new text and the notes.
fn saved(before: &str, given: &Layer, may_write_password: bool) -> (String, Vec<Note>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("conf");
    write(&path, before).expect("write");
    let (file, _) = load(&path, true).expect("good").expect("there");
    let notes = save(&path, &merge(given, &file), given, may_write_password).expect("saved");
    (read_to_string(&path).expect("read"), notes)
}

#[test]
fn comments_and_other_keys_stay() {
    let before = "# mine\n\nlimit = 5 # top\nallow = [\"192.0.2.1\"]\n\n[attacks] # strict\nsweep = 3\n";
    let given = given(|l| {
        l.limit = Some(20);
        l.db_table = Some("march".into());
    });
    let (after, _) = saved(before, &given, false);
    assert_eq!(
        after,
        "# mine\n\nlimit = 20 # top\nallow = [\"192.0.2.1\"]\n\
         db_host = \"localhost\"\ndb_user = \"ipta\"\ndb_name = \"ipta\"\ndb_table = \"march\"\n\
         \n[attacks] # strict\nsweep = 3\n"
    );
}

#[test]
fn comments_of_a_file_without_keys_stay_at_the_top() {
    let (after, _) = saved("# only words\n", &Layer::default(), false);
    assert!(after.starts_with("# only words\ndb_host = "), "{after}");
}

#[test]
fn what_is_saved_is_what_the_next_run_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new");
    let rule = PrefixChoice::Rule {
        pattern: "^\"X\" ".into(),
        action: Some("DROP".into()),
        verdict: Some(super::super::Verdict::Deny),
    };
    let given = given(|l| {
        l.db_host = Some("db1.example".into());
        l.db_port = Some(3307);
        l.db_pass = Some(Password("a\"b\\c\n".into()));
        l.dns_table = Some("names".into());
        l.dns_ttl = Some(1);
        l.rdns = Some(true);
        l.limit = Some(7);
        l.header = Some(false);
        l.counter = Some(false);
        l.show_lo = Some(false);
        l.show_accept = Some(false);
        l.time = Some(true);
        l.prefixes = Some(vec![PrefixChoice::Named("ufw".into()), rule]);
        l.accept_actions = Some(vec!["PASS".into()]);
        l.modules = Some(vec!["all".into()]);
        l.format = Some(super::super::Format::Csv);
        l.color = Some(super::super::Color::Never);
        l.db_tls = Some(Tls::Off);
        l.db_ca = Some("/srv/ca.pem".into());
    });
    let settings = merge(&given, &Layer::default());
    save(&path, &settings, &given, true).expect("saved");
    let (file, notes) = load(&path, true).expect("good").expect("there");
    let mut kept = settings;
    if let Place::Server(server) = &mut kept.place {
        // What is saved need not be typed again.
        server.asks = false;
    }
    assert_eq!(merge(&Layer::default(), &file), kept);
    assert_eq!(notes, []);
}

#[test]
fn the_file_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("conf");
    write(&path, "").expect("write");
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("chmod");
    save(&path, &merge(&Layer::default(), &Layer::default()), &Layer::default(), false).expect("saved");
    let mode = std::fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).expect("list").count(), 1, "no temporary file is left");
}

#[test]
fn the_password_is_saved_only_if_this_call_named_it_and_may() {
    let with = given(|l| l.db_pass = Some(Password("hunter2".into())));
    let asked = given(|l| l.ask_password = Some(true));
    let (text, notes) = saved("", &with, true);
    assert!(text.contains("db_pass = \"hunter2\"") && notes.is_empty());
    let (text, notes) = saved("", &with, false);
    assert!(!text.contains("db_pass"), "{text}");
    assert!(notes.iter().any(|note| note.0.contains("--yes")), "{notes:?}");
    assert!(saved("", &asked, true).0.contains("db_pass = \"ipta\""));
    assert!(!saved("", &Layer::default(), true).0.contains("db_pass"));
    assert!(saved("db_pass = 'old'", &Layer::default(), false).0.contains("db_pass = 'old'"));
}

#[test]
fn a_saved_server_drops_the_file_and_a_saved_file_wins_over_the_server() {
    let host = given(|l| l.db_host = Some("db1".into()));
    let (text, _) = saved("db_file = '/srv/p.db'\n", &host, false);
    assert!(text.contains("db_host = \"db1\"") && !text.contains("db_file"), "{text}");
    let file = given(|l| l.db_file = Some("/srv/p.db".into()));
    let (text, _) = saved("db_host = 'db1'\n", &file, false);
    assert_eq!(text, "db_host = 'db1'\ndb_file = \"/srv/p.db\"\ndb_table = \"logs\"\n");
}

#[test]
fn a_relative_file_is_saved_so_that_it_means_the_same_from_everywhere() {
    let file = given(|l| l.db_file = Some("p.db".into()));
    let here = std::env::current_dir().expect("a folder").join("p.db");
    assert!(saved("", &file, false).0.contains(&format!("db_file = \"{}\"", here.display())));
}

#[test]
fn a_prefix_list_replaces_the_sections() {
    let prefix = given(|l| l.prefixes = Some(vec![PrefixChoice::Named("ufw".into())]));
    let (text, _) = saved("[[prefix]]\npattern = 'a'\n[[prefix]]\npattern = 'b'\n", &prefix, false);
    assert!(text.contains("prefix = [\"ufw\"]") && !text.contains("[["), "{text}");
}

#[test]
fn a_file_that_is_no_toml_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("conf");
    write(&path, "db_pass = hunter2").expect("write");
    let settings = merge(&Layer::default(), &Layer::default());
    let error = save(&path, &settings, &Layer::default(), true).expect_err("no TOML").to_string();
    assert!(error.contains("conf: not saved") && !error.contains("hunter2"), "{error}");
    assert_eq!(read_to_string(&path).expect("read"), "db_pass = hunter2");
    assert!(save(folder.path(), &settings, &Layer::default(), true).is_err());
    assert!(save(&folder.path().join("no/conf"), &settings, &Layer::default(), true).is_err());
}

#[test]
fn a_link_stays_a_link() {
    let folder = tempfile::tempdir().expect("a folder");
    let (link, target) = (folder.path().join("link"), folder.path().join("dotfiles"));
    let settings = merge(&Layer::default(), &Layer::default());
    // Once to a file that does not exist yet, once to one that does.
    symlink("dotfiles", &link).expect("link");
    for _ in 0..2 {
        save(&link, &settings, &Layer::default(), false).expect("saved");
        assert!(std::fs::symlink_metadata(&link).expect("there").is_symlink());
        assert!(read_to_string(&target).expect("read").contains("db_host"));
    }
}
