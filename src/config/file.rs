//! Reading `~/.ipta-conf`: the file, its permissions, its paths. Its contents: `document`.

use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::document::read;
use super::error::{ConfigError, Note};
use super::reader::problem;
use super::{Layer, shown};
use crate::fault::said;

/// A configuration file has no reason to be larger (bytes).
const MOST: u64 = 1 << 20;

/// Reads a configuration file. A missing one yields nothing, or an error if it was named on the command line
/// (`explicit`). Relative paths in it start at the file's own directory, `~/` at home.
pub fn load(path: &Path, explicit: bool) -> Result<Option<(Layer, Vec<Note>)>, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: path.into(), reason };
    let missing = |e: &io::Error| matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(e) if missing(&e) && !explicit => return Ok(None),
        Err(e) if missing(&e) => return Err(unreadable("there is no such configuration file".into())),
        Err(e) => return Err(unreadable(format!("cannot open the configuration file: {}", said(&e)))),
    };
    let facts = file.metadata().ok().filter(std::fs::Metadata::is_file);
    let mode = facts.as_ref().map(|facts| facts.permissions().mode());
    let mut bytes = Vec::new();
    file.take(MOST + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| unreadable(format!("cannot read the configuration file: {}", said(&e))))?;
    if bytes.len() as u64 > MOST {
        return Err(unreadable("too large for a configuration file; the limit is 1 MiB".into()));
    }
    let wrong = |problems| ConfigError::Wrong { path: path.into(), problems };
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(e) => {
            let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
            let line = 1 + before.iter().filter(|b| **b == b'\n').count();
            return Err(wrong(vec![problem(line, "not UTF-8; save the file as UTF-8")]));
        }
    };
    let mut layer = read(text).map_err(wrong)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    for file in [&mut layer.db_file, &mut layer.db_ca].into_iter().flatten() {
        *file = from_folder(folder, file);
    }
    if layer.alert_command.is_some() && geteuid().is_root() {
        let is_safe = |facts: &std::fs::Metadata| facts.uid() == 0 && facts.permissions().mode() & 0o022 == 0;
        if !facts.as_ref().is_some_and(is_safe) {
            let name = shown(path);
            return Err(unreadable(format!(
                "alert_command would run as root, but other users can write to this file: chown root {name}; chmod 600 {name}"
            )));
        }
    }
    let mut notes = Vec::new();
    if layer.db_pass.is_some() && mode.is_some_and(|mode| mode & 0o044 != 0) {
        let name = shown(path);
        notes.push(Note(format!("{name} contains a password that other users can read: chmod 600 {name}")));
    }
    Ok(Some((layer, notes)))
}

fn from_folder(folder: &Path, file: &Path) -> PathBuf {
    match (file.strip_prefix("~"), dirs::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => folder.join(file),
    }
}

#[cfg(test)]
mod tests;
