//! Whether a log shorter than what was imported is a copy of its beginning.

use crate::input::{Lines, ReadError};
use crate::netfilter::Reader;
use crate::netfilter::batch::Batch;
use crate::run::logs::LogSource;
use crate::run::session::Session;
use crate::store::identity::{BLOCK, Checkpoints, Hasher};
use crate::store::{Entry, TableName};

/// Bytes read at a time.
const PIECE: usize = 64 << 10;

/// The bytes of a log that end at an offset; none if it is shorter or damaged before that. A compressed log must be
/// read up to there.
pub fn tail_of(source: &mut LogSource, offset: u64, len: usize) -> Result<Option<Vec<u8>>, String> {
    let mut log = source.open().map_err(|error| error.to_string())?;
    let begin = offset.saturating_sub(len as u64);
    let mut tail = vec![0; len];
    let mut read_tail = || {
        if log.skip_to(begin)? < begin {
            return Ok(None);
        }
        let mut read = 0;
        while read < len {
            match log.read(&mut tail[read..])? {
                0 => return Ok(None),
                n => read += n,
            }
        }
        Ok(Some(std::mem::take(&mut tail)))
    };
    match read_tail() {
        Err(error) if ReadError::is_damage(&error) => Ok(None),
        other => other.map_err(|error| error.to_string()),
    }
}

/// How a log compares with one that was imported.
pub enum Copy {
    /// Everything in it was imported before; in a damaged log, everything before the damage, which the error names.
    Older(Option<ReadError>),
    /// It is another log.
    Another,
}

/// Whether everything in a log was imported as `entry`: their byte checkpoints agree as far as they go,
/// and the packets after the last one are in the table.
pub fn compare(
    session: &mut Session<'_, '_>,
    source: &mut LogSource,
    table: &TableName,
    entry: &Entry,
) -> anyhow::Result<Copy> {
    let mut log = source.open()?;
    let mut hasher = Hasher::new(Checkpoints::default());
    let mut piece = vec![0; PIECE];
    let mut len = 0;
    let damage = loop {
        match log.read(&mut piece) {
            Ok(0) => break None,
            Ok(read) => {
                hasher.feed(len, &piece[..read]);
                len += read as u64;
            }
            Err(error) if error.is_damage() => break Some(error),
            Err(error) => return Err(error.into()),
        }
    };
    let Some(verified) = entry.checkpoints.verified(hasher.up_to(len), len) else {
        return Ok(Copy::Another);
    };
    // Read the line that the last checkpoint splits as a whole.
    let from = verified.saturating_sub(BLOCK);
    let mut reader = Reader::new(&session.rules, source.calendar(&session.clock));
    let mut lines = Lines::new(source.open()?);
    lines.skip_to(from)?;
    let mut whole = from == 0;
    let mut packets = Batch::default();
    loop {
        let line = match lines.next() {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) if error.is_damage() => break,
            Err(error) => return Err(error.into()),
        };
        if whole && line.complete && !line.too_long && line.end > verified {
            reader.read(line.bytes, |packet| packets.push(packet));
        } else if whole {
            reader.remember(line.bytes);
        }
        whole = true;
    }
    let is_older = session.store.open()?.holds(table, entry, &packets)?;
    Ok(if is_older { Copy::Older(damage) } else { Copy::Another })
}
