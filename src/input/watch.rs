//! The alarm clock of a follow: sleeps until the file may have changed, someone calls, or the time is up. It never
//! says what happened: the woken thread looks for itself.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// The longest sleep with a watcher: changes that the events miss are noticed then.
const WATCHED: Duration = Duration::from_secs(1);

/// The longest sleep without events.
const UNWATCHED: Duration = Duration::from_millis(250);

/// How often the folders themselves are checked.
const REVIEW: Duration = Duration::from_secs(1);

/// After this many consecutive changes without an event, the filesystem is assumed to send none.
const SILENT: u32 = 3;

/// Wakes an [`Alarm`] from any thread. Never blocks; calls that the alarm's owner has not seen yet coalesce.
#[derive(Clone, Debug)]
pub struct Waker(SyncSender<()>);

impl Waker {
    /// Ends the current wait, or the next if there is none.
    pub fn wake(&self) {
        // Full: a call is already pending; closed: nobody waits anymore.
        let _ = self.0.try_send(());
    }
}

/// Sleeps until there may be something to do.
pub struct Alarm {
    calls: Receiver<()>,
    waker: Waker,
    watch: Option<FolderWatch>,
}

/// What is watched for one file.
struct FolderWatch {
    path: PathBuf,
    places: BTreeSet<WatchedPath>,
    watcher: Option<RecommendedWatcher>,
    reviewed: Instant,
    /// Events about the file.
    events: Arc<AtomicU64>,
    seen: (u64, Option<FileState>),
    silent: u32,
}

/// A folder by path and by device and inode, and the file name in it that matters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct WatchedPath {
    folder: PathBuf,
    identity: (u64, u64),
    name: OsString,
}

/// What changes when a file is written to.
type FileState = (u64, u64, u64, SystemTime);

impl Alarm {
    /// Watches the folder of a file, and of the file that a symbolic link points to. Neither need exist yet. Without
    /// a watcher it wakes four times a second instead.
    pub fn for_file(path: &Path) -> Alarm {
        let mut alarm = Alarm::without_file();
        let mut watch = FolderWatch {
            path: path.to_owned(),
            places: BTreeSet::new(),
            watcher: None,
            reviewed: Instant::now(),
            events: Arc::new(AtomicU64::new(0)),
            seen: (0, state(path)),
            silent: 0,
        };
        watch.review(&alarm.waker);
        alarm.watch = Some(watch);
        alarm
    }

    /// Watches no file; only a [`Waker`] or the timeout ends a wait. For pipes.
    pub fn without_file() -> Alarm {
        let (sender, calls) = sync_channel(1);
        Alarm { calls, waker: Waker(sender), watch: None }
    }

    /// What other threads (signals, names, pipes) wake it with.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Whether filesystem events wake it.
    #[cfg(test)]
    pub fn is_watching(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.watcher.is_some())
    }

    /// Sleeps until a call, an event or the timeout, whichever comes first, and never over a second. True for a call
    /// or an event.
    pub fn wait(&mut self, timeout: Duration) -> bool {
        if let Some(watch) = &mut self.watch
            && watch.reviewed.elapsed() >= REVIEW
        {
            watch.review(&self.waker);
        }
        let longest = match &self.watch {
            Some(watch) if watch.watcher.is_none() => UNWATCHED,
            _ => WATCHED,
        };
        let slept = timeout.min(longest);
        match self.calls.recv_timeout(slept) {
            Ok(()) => true,
            // It holds a sender itself, so the channel never closes.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                if let Some(watch) = &mut self.watch {
                    watch.judge(slept);
                }
                false
            }
        }
    }
}

impl FolderWatch {
    /// Replaces the watcher if something else must be watched.
    fn review(&mut self, waker: &Waker) {
        self.reviewed = Instant::now();
        let places = places(&self.path);
        if places == self.places {
            return;
        }
        self.watcher = None;
        self.silent = 0;
        self.places = places;
        if self.places.is_empty() {
            return;
        }
        self.watcher = watcher(&self.places, Arc::clone(&self.events), waker.clone()).ok();
        // Changes between the last look and the new watch sent no event.
        waker.wake();
    }

    /// After a sleep that no event ended: drops the watcher if the file changes without events, as on network
    /// filesystems.
    fn judge(&mut self, slept: Duration) {
        // A short sleep may end before the watcher's thread has delivered the event.
        if self.watcher.is_none() || slept < Duration::from_millis(100) {
            return;
        }
        let now = (self.events.load(Ordering::Relaxed), state(&self.path));
        if now.0 == self.seen.0 && now.1 != self.seen.1 {
            self.silent += 1;
        } else if now.0 != self.seen.0 {
            self.silent = 0;
        }
        self.seen = now;
        if self.silent >= SILENT {
            self.watcher = None;
        }
    }
}

fn watcher(
    places: &BTreeSet<WatchedPath>,
    events: Arc<AtomicU64>,
    waker: Waker,
) -> notify::Result<RecommendedWatcher> {
    let names: BTreeSet<OsString> = places.iter().map(|place| place.name.clone()).collect();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // An error may hide anything, so it wakes too.
        if event.as_ref().is_ok_and(|event| !concerns(event, &names)) {
            return;
        }
        events.fetch_add(1, Ordering::Relaxed);
        waker.wake();
    })?;
    let folders: BTreeSet<&Path> = places.iter().map(|place| place.folder.as_path()).collect();
    for folder in folders {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

/// Whether an event may mean a change to a file with one of these names. Opening and reading the file are events
/// too; waking on them would be waking on our own reads.
fn concerns(event: &Event, names: &BTreeSet<OsString>) -> bool {
    if matches!(event.kind, EventKind::Access(_)) {
        return false;
    }
    event.need_rescan()
        || event.paths.is_empty()
        || event.paths.iter().any(|path| path.file_name().is_none_or(|name| names.contains(name)))
}

/// The folders to watch for a path: its own, and that of the file a link points to.
fn places(path: &Path) -> BTreeSet<WatchedPath> {
    let real = fs::canonicalize(path).ok();
    [Some(path), real.as_deref()].into_iter().flatten().filter_map(place).collect()
}

fn place(path: &Path) -> Option<WatchedPath> {
    let name = path.file_name()?.to_owned();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder).ok()?;
    let facts = fs::metadata(&folder).ok()?;
    Some(WatchedPath { folder, identity: (facts.dev(), facts.ino()), name })
}

fn state(path: &Path) -> Option<FileState> {
    let facts = fs::metadata(path).ok()?;
    Some((facts.dev(), facts.ino(), facts.len(), facts.modified().ok()?))
}

#[cfg(test)]
mod tests;
