//! Writing `~/.ipta-conf`: all or nothing, keeping what it does not set.

use std::fs::{File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Value};

use super::settings::saved;
use super::value::lasting;
use super::{Choice, Layer, Note, Place, Settings, shown};
use crate::fault::said;

/// Why nothing was saved; the file is unchanged. One line, without the marker `! `.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct SaveError {
    file: String,
    reason: String,
}

/// Saves the connection of `settings` (host, port, user, database, table; or file and table) and every
/// setting of `given` that has a key. Other keys and all comments stay.
///
/// The password is saved if this call named it (`-p`, or `-pi` with the answer in `settings.place`) and
/// `may_write_password` is set; if only the latter is missing, a note says so. A symlink is followed, and
/// stays a symlink. The file's mode becomes 0600. A file that is not TOML is left alone.
pub fn save(
    path: &Path,
    settings: &Settings,
    given: &Layer,
    may_write_password: bool,
) -> Result<Vec<Note>, SaveError> {
    let target = follow_links(path);
    let fail = |reason: String| SaveError { file: shown(&target), reason };
    let before = match std::fs::symlink_metadata(&target) {
        Ok(meta) if !meta.is_file() => return Err(fail("not saved: it is not a regular file".into())),
        Ok(_) => std::fs::read_to_string(&target).map_err(|e| fail(format!("not saved: {}", said(&e))))?,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(fail(format!("not saved: {}", said(&e)))),
    };
    let mut document: DocumentMut = before.parse().map_err(|_| {
        fail("not saved: the file is not TOML; fix it or move it away, then save again".into())
    })?;
    // toml_edit keeps the comments of a file without keys after the last line; they belong before the new keys.
    let comments = document.is_empty().then(|| document.trailing().as_str().unwrap_or_default().to_owned());

    let mut notes = Vec::new();
    connection(&mut document, settings).map_err(fail)?;
    for (key, value) in saved(given).map_err(fail)? {
        set(&mut document, key, value);
    }
    let named = given.db_pass.is_some() || given.ask_password == Some(true);
    if let (Place::Server(server), true) = (&settings.place, named) {
        if may_write_password {
            set(&mut document, "db_pass", server.pass.0.as_str());
        } else {
            notes.push(Note(format!("{}: saved without the password; --yes saves it too", shown(&target))));
        }
    }

    if let Some(comments) = comments.filter(|text| !text.is_empty()) {
        document.set_trailing("");
        if let Some((mut key, _)) = document.iter_mut().next() {
            key.leaf_decor_mut().set_prefix(comments);
        }
    }
    replace(&target, &document.to_string()).map_err(|e| {
        fail(match e.kind() {
            ErrorKind::NotFound => "not saved: the folder does not exist; create it first".to_owned(),
            ErrorKind::PermissionDenied => {
                "not saved: you do not have permission to write to its folder".to_owned()
            }
            _ => format!("not saved: {}", said(&e)),
        })
    })?;
    Ok(notes)
}

fn connection(document: &mut DocumentMut, settings: &Settings) -> Result<(), String> {
    match &settings.place {
        Place::Server(server) => {
            // A file left there would override the server the next time.
            document.remove("db_file");
            set(document, "db_host", server.host.as_str());
            if let Some(port) = server.port {
                set(document, "db_port", i64::from(port));
            }
            set(document, "db_user", server.user.as_str());
            set(document, "db_name", server.database.as_str());
            if let Some(tls) = server.tls {
                set(document, "db_tls", tls.word());
            }
            if let Some(ca) = &server.ca {
                set(document, "db_ca", lasting(ca)?);
            }
        }
        Place::File(file) => set(document, "db_file", lasting(file)?),
    }
    set(document, "db_table", settings.table.as_str());
    Ok(())
}

/// Sets a key; a comment after the old value is kept.
fn set(document: &mut DocumentMut, key: &str, value: impl Into<Value>) {
    let mut value = value.into();
    match document.get_mut(key) {
        Some(Item::Value(old)) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        _ => {
            document.insert(key, Item::Value(value));
        }
    }
}

/// Where a chain of symlinks ends, even if nothing exists there yet.
fn follow_links(path: &Path) -> PathBuf {
    let mut target = path.to_path_buf();
    // 40 is where Linux itself gives up (path_resolution(7)).
    for _ in 0..40 {
        match std::fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => break,
        }
    }
    target
}

fn replace(target: &Path, text: &str) -> std::io::Result<()> {
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut new = tempfile::Builder::new()
        .prefix(".ipta-conf.")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().sync_all()?;
    new.persist(target).map_err(|e| e.error)?;
    // The rename is durable only once the directory is on disk too.
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
