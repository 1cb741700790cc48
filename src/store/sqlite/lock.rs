//! Waiting for another program's lock on the file.

use std::path::Path;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use crate::store::Notice;

/// How long to wait for another program's transaction.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait before saying so.
const SILENCE: Duration = Duration::from_secs(2);

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Receives the text when a wait takes long. Static, because SQLite's callback carries no state; a process has one file.
static NOTICE: OnceLock<(Notice, String)> = OnceLock::new();

/// From now on, reports when the file stays locked.
pub(super) fn tell(path: &Path, notice: Notice) {
    let text = format!("Still waiting for the file '{}': another program has locked it.", path.display());
    NOTICE.get_or_init(|| (notice, text));
}

/// SQLite's busy handler: waits a moment, and says whether to try again. `tries` counts from 0 for each lock.
pub(super) fn wait(tries: i32) -> bool {
    let waited = PAUSE * u32::try_from(tries).unwrap_or(0);
    if waited == SILENCE
        && let Some((notice, text)) = NOTICE.get()
    {
        notice(text);
    }
    thread::sleep(PAUSE);
    waited < PATIENCE
}
