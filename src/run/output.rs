//! The file of `--output`: written whole or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use tempfile::NamedTempFile;

use super::Misused;
use crate::config::Place;
use crate::fault::said;

/// Checks that a report can be written there, without touching it: not over what the call reads.
pub fn check<'p>(path: &Path, place: &Place, logs: impl Iterator<Item = &'p PathBuf>) -> anyhow::Result<()> {
    let misused = |what| Err(Misused(format!("--output {}: {what}; name a file", path.display())).into());
    if path == Path::new("-") {
        let text = "--output takes a file; a report without it goes to standard output\n  for a file of that name: --output ./-";
        return Err(Misused(text.to_owned()).into());
    }
    if path.is_dir() {
        return misused("that is a folder");
    }
    let file =
        |path: &Path| fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|m| (m.dev(), m.ino()));
    let taken = file(path);
    let is_taken = |other: &Path| taken.is_some() && file(other) == taken;
    if logs.into_iter().any(|log| is_taken(log)) {
        return misused("that is the log itself");
    }
    if matches!(place, Place::File(database) if is_taken(database)) {
        return misused("that is the database itself");
    }
    match is_device(path) {
        true => Ok(()),
        false => beside(&real(path)).map(drop).map_err(|error| refused(path, &error)),
    }
}

/// Writes a report. A symbolic link is followed and kept; a device or a pipe is written to directly.
pub fn write(path: &Path, report: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    let cannot =
        || format!("cannot write {}; the report needs a folder that you can write to", path.display());
    if is_device(path) {
        let cannot = || format!("cannot write {}; name another file", path.display());
        let mut out = BufWriter::new(File::options().write(true).open(path).with_context(cannot)?);
        return report(&mut out).and_then(|()| out.flush()).map_err(|error| unwritten(error, &cannot()));
    }
    let target = real(path);
    let mut file = beside(&target).map_err(|error| refused(path, &error))?;
    let mut out = BufWriter::new(file.as_file_mut());
    report(&mut out).and_then(|()| out.flush()).map_err(|error| unwritten(error, &cannot()))?;
    drop(out);
    // A temporary file is private to its owner; a report is an ordinary file.
    let mode = target.metadata().map_or(0o644, |old| old.permissions().mode() & 0o777);
    file.as_file().set_permissions(Permissions::from_mode(mode)).with_context(cannot)?;
    file.persist(&target).map_err(|error| error.error).with_context(cannot)?;
    Ok(())
}

/// Whether the path holds something a file must never replace: `/dev/null`, a terminal, a pipe.
fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|facts| !facts.is_file() && !facts.is_dir())
}

/// The target of a link, if it exists.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// A temporary file that a rename can turn into the report.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    NamedTempFile::new_in(folder)
}

/// Without the system's error in its chain, which would be taken for one of standard output.
fn unwritten(error: io::Error, cannot: &str) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => error.into(),
        _ => anyhow!("{cannot}: {}", said(&error)),
    }
}

fn refused(path: &Path, error: &io::Error) -> anyhow::Error {
    anyhow!(
        "cannot write {} ({}); choose a file in a folder that exists and that you can write to",
        path.display(),
        said(error)
    )
}
