use std::fs::{Permissions, write};
use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn a_missing_file_is_nothing_unless_somebody_named_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("conf");
    assert_eq!(load(&path, false), Ok(None));
    let error = load(&path, true).expect_err("missing").to_string();
    assert!(
        error.contains(&*path.to_string_lossy()) && error.contains("no such configuration file"),
        "{error}"
    );
    assert_eq!(load(std::path::Path::new("/dev/null/.ipta-conf"), false), Ok(None));
}

#[test]
fn a_folder_and_bytes_that_are_no_text_are_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(load(folder.path(), false).is_err());
    let path = folder.path().join("conf");
    write(&path, b"rdns = true\ndb_host = \"\xff\"\n").expect("write");
    let error = load(&path, false).expect_err("not UTF-8").to_string();
    assert!(error.contains("line 2: not UTF-8"), "{error}");
}

#[test]
fn only_a_readable_file_with_a_password_gets_a_warning() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("conf");
    for (text, mode, warnings) in [
        ("db_pass = 'x'", 0o644, 1),
        ("db_pass = 'x'", 0o640, 1),
        ("db_pass = 'x'", 0o600, 0),
        ("rdns = true", 0o644, 0),
    ] {
        write(&path, text).expect("write");
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).expect("chmod");
        let (_, notes) = load(&path, true).expect("good").expect("there");
        assert_eq!(notes.len(), warnings, "{text} {mode:o}");
        assert!(notes.iter().all(|note| note.0.contains("chmod 600")));
    }
}

#[test]
fn relative_paths_start_at_the_files_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("conf");
    write(&path, "db_file = 'packets.db'").expect("write");
    let (layer, _) = load(&path, true).expect("good").expect("there");
    assert_eq!(layer.db_file, Some(folder.path().join("packets.db")));
    write(&path, "db_file = '~/packets.db'").expect("write");
    let (layer, _) = load(&path, true).expect("good").expect("there");
    assert_eq!(layer.db_file, dirs::home_dir().map(|home| home.join("packets.db")));
}
