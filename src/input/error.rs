//! What can go wrong with a log, each as one line that names it and says what to do.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::format::{self, Compression};
use crate::escape;
use crate::fault::said;

/// Why a log cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// No such file; with the closest name in the same folder.
    #[error("cannot read {name}: no such file{}", hint(.alike))]
    NotFound {
        /// The path as given.
        name: String,
        /// What was probably meant.
        alike: Option<PathBuf>,
    },
    /// The folder in the path does not exist.
    #[error("cannot read {name}: there is no folder {}", .folder.display())]
    NoFolder {
        /// The path as given.
        name: String,
        /// The missing folder.
        folder: PathBuf,
    },
    /// The user may not read it.
    #[error("cannot read {name}: permission denied; {advice}")]
    Denied {
        /// The path as given.
        name: String,
        /// Which group to join, or sudo.
        advice: String,
    },
    /// A folder where a file was expected.
    #[error("cannot read {name}: it is a folder; name the files in it, such as {name}/*.log")]
    Directory {
        /// The path as given.
        name: String,
    },
    /// A compressed log cannot grow line by line.
    #[error("cannot follow {name}: it is {format} data and will not grow; read it with --scan")]
    Compressed {
        /// The path as given.
        name: String,
        /// How it is compressed.
        format: Compression,
    },
    /// A tar archive.
    #[error("{name} is a tar archive, not a log; unpack it first: tar -xf {}", escape::shell(.name))]
    Archive {
        /// The path as given.
        name: String,
    },
    /// An SQLite file.
    #[error("{name} is an SQLite file, not a log\n  ipta --db-file {} --analyze", escape::shell(.name))]
    Database {
        /// The path as given.
        name: String,
    },
    /// The systemd journal yields nothing.
    #[error("cannot read {name}: {said}; see whether this shows anything: {look}")]
    Journal {
        /// As it was named.
        name: String,
        /// What journalctl said.
        said: String,
        /// The command to check with.
        look: String,
    },
    /// It opened, but its first block cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Anything else the system said.
    #[error("cannot open {name}: {}; check the path", said(.cause))]
    Io {
        /// The path as given.
        name: String,
        /// What the system said.
        cause: io::Error,
    },
}

/// Why reading stopped before the end. Everything before that has been delivered.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The compressed data is truncated or damaged.
    #[error("{name}: damaged {format} data after {good} uncompressed bytes ({}); test it with {}",
        said(.cause), .format.tester().unwrap_or("cksum"))]
    Damaged {
        /// The log.
        name: String,
        /// How it is compressed.
        format: Compression,
        /// Uncompressed bytes that were good.
        good: u64,
        /// What the decoder said.
        cause: io::Error,
    },
    /// The file was truncated while it was being read.
    #[error(
        "{name}: the file shrank to {now} bytes while ipta was reading it, after {good} bytes; run ipta again"
    )]
    Shrunk {
        /// The log.
        name: String,
        /// Bytes read before.
        good: u64,
        /// Its size now.
        now: u64,
    },
    /// The system could not read further.
    #[error("{name}: cannot read past {good} bytes: {}; check the disk or the mount", said(.cause))]
    Io {
        /// The log.
        name: String,
        /// Uncompressed bytes that were good.
        good: u64,
        /// What the system said.
        cause: io::Error,
    },
}

impl ReadError {
    /// Whether the log itself is damaged, so that reading it again ends at the same byte.
    pub fn is_damage(&self) -> bool {
        matches!(self, ReadError::Damaged { .. })
    }

    /// Uncompressed bytes read without error.
    #[cfg(test)]
    pub fn good(&self) -> u64 {
        match self {
            ReadError::Damaged { good, .. } | ReadError::Shrunk { good, .. } | ReadError::Io { good, .. } => {
                *good
            }
        }
    }

    /// A decoder's complaint, or the system's.
    pub(super) fn of(name: &str, format: Compression, good: u64, cause: io::Error) -> ReadError {
        let name = name.to_owned();
        // Decoders create their own errors; one with an errno came through them from below.
        if format == Compression::Plain || cause.raw_os_error().is_some() {
            ReadError::Io { name, good, cause }
        } else {
            ReadError::Damaged { name, format, good, cause }
        }
    }
}

impl OpenError {
    /// What a failed `open` of the path means.
    pub(super) fn of(path: &Path, source: io::Error) -> OpenError {
        let name = path.display().to_string();
        match source.kind() {
            io::ErrorKind::NotFound => match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() && !folder.exists() => {
                    OpenError::NoFolder { name, folder: folder.to_owned() }
                }
                _ => OpenError::NotFound { name, alike: alike(path) },
            },
            io::ErrorKind::PermissionDenied => {
                let groups = fs::read_to_string("/etc/group").unwrap_or_default();
                let owner = fs::metadata(path).ok().map(|meta| (meta.mode(), meta.gid()));
                OpenError::Denied { name, advice: advice(owner, &groups) }
            }
            _ => OpenError::Io { name, cause: source },
        }
    }

    /// Why a file that begins like this cannot be a log; none if it can. Takes the first [`format::HEAD`] bytes.
    pub(super) fn no_log(name: &str, head: &[u8]) -> Option<OpenError> {
        let name = name.to_owned();
        match head {
            _ if format::is_database(head) => Some(OpenError::Database { name }),
            _ if format::is_archive(head) => Some(OpenError::Archive { name }),
            _ => None,
        }
    }
}

fn hint(alike: &Option<PathBuf>) -> String {
    match alike {
        Some(path) => format!("; did you mean {}?", path.display()),
        None => "; check the path".to_owned(),
    }
}

/// How to get read access to a file with this mode and group. The second argument is the text of /etc/group
/// (group(5): name, password, number, members).
fn advice(owner: Option<(u32, u32)>, groups: &str) -> String {
    const GROUP_READS: u32 = 0o040;
    let group = owner.filter(|(mode, gid)| mode & GROUP_READS != 0 && *gid != 0).and_then(|(_, gid)| {
        groups.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)?.parse() == Ok(gid)).then_some(name)
        })
    });
    match group {
        Some(group) => format!(
            "members of the group {group} can read it: sudo usermod -aG {group} $USER and log in again, or run ipta \
             with sudo"
        ),
        None => "run ipta with sudo".to_owned(),
    }
}

/// The file next to a missing one whose name is closest, if any is close.
fn alike(path: &Path) -> Option<PathBuf> {
    // A folder of a million files must not turn a typo into a wait.
    const LOOK_AT: usize = 10_000;
    let wanted = path.file_name()?.to_str()?.to_lowercase();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let limit = (wanted.chars().count() / 4).clamp(1, 3);
    let entries = fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let near = entries.take(LOOK_AT).flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let distance = strsim::damerau_levenshtein(&wanted, &name.to_lowercase());
        (distance <= limit && entry.path().is_file()).then_some((distance, name))
    });
    let (_, name) = near.min()?;
    Some(folder.map_or_else(|| PathBuf::from(&name), |folder| folder.join(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUPS: &str = "root:x:0:\nadm:x:4:syslog,ana\nutmp:x:43:\n";

    #[test]
    fn a_log_of_the_group_adm_names_the_group() {
        let told = advice(Some((0o100640, 4)), GROUPS);
        assert_eq!(
            told,
            "members of the group adm can read it: sudo usermod -aG adm $USER and log in again, or run ipta with sudo"
        );
    }

    #[test]
    fn a_group_that_may_not_read_or_is_root_or_is_unknown_leaves_sudo() {
        assert_eq!(advice(Some((0o100600, 4)), GROUPS), "run ipta with sudo");
        assert_eq!(advice(Some((0o100640, 0)), GROUPS), "run ipta with sudo");
        assert_eq!(advice(Some((0o100640, 77)), GROUPS), "run ipta with sudo");
        assert_eq!(advice(None, "nonsense"), "run ipta with sudo");
    }

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("iptables.log"), "").unwrap();
        fs::write(folder.path().join("iptables.log.1"), "").unwrap();
        assert_eq!(alike(&folder.path().join("iptabels.log")), Some(folder.path().join("iptables.log")));
        assert_eq!(alike(&folder.path().join("IPTables.log")), Some(folder.path().join("iptables.log")));
        assert_eq!(alike(&folder.path().join("kern.log")), None);
    }
}
