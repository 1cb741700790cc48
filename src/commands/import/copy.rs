//! Whether a log shorter than what was imported is a copy of its beginning.

use crate::input::Lines;
use crate::netfilter::Reader;
use crate::netfilter::batch::Batch;
use crate::run::logs::LogSource;
use crate::run::session::Session;
use crate::store::identity::{BLOCK, Checkpoints, Hasher};
use crate::store::{Entry, TableName};

/// Bytes read at a time.
const PIECE: usize = 64 << 10;

/// The bytes of a log that end at an offset; none if it is shorter. A compressed log must be read up to
/// there.
pub fn tail_of(source: &mut LogSource, offset: u64, len: usize) -> Result<Option<Vec<u8>>, String> {
    let mut log = source.open().map_err(|e| e.to_string())?;
    let begin = offset.saturating_sub(len as u64);
    if log.skip_to(begin).map_err(|e| e.to_string())? < begin {
        return Ok(None);
    }
    let mut tail = vec![0; len];
    let mut read = 0;
    while read < len {
        match log.read(&mut tail[read..]).map_err(|e| e.to_string())? {
            0 => return Ok(None),
            n => read += n,
        }
    }
    Ok(Some(tail))
}

/// Whether everything in a log was imported as `entry`: their byte checkpoints agree as far as they go,
/// and the packets after the last one are in the table.
pub fn is_older(
    session: &mut Session<'_, '_>,
    source: &mut LogSource,
    table: &TableName,
    entry: &Entry,
) -> anyhow::Result<bool> {
    let mut log = source.open()?;
    let mut hasher = Hasher::new(Checkpoints::default());
    let mut piece = vec![0; PIECE];
    let mut len = 0;
    loop {
        let read = log.read(&mut piece)?;
        if read == 0 {
            break;
        }
        hasher.feed(len, &piece[..read]);
        len += read as u64;
    }
    let Some(verified) = entry.checkpoints.verified(hasher.up_to(len), len) else {
        return Ok(false);
    };
    // Read the line that the last checkpoint splits as a whole.
    let from = verified.saturating_sub(BLOCK);
    let mut reader = Reader::new(&session.rules, source.calendar(&session.clock));
    let mut lines = Lines::new(source.open()?);
    lines.skip_to(from)?;
    let mut whole = from == 0;
    let mut packets = Batch::default();
    while let Some(line) = lines.next()? {
        if whole && line.complete && !line.too_long && line.end > verified {
            reader.read(line.bytes, |packet| packets.push(packet));
        } else if whole {
            reader.remember(line.bytes);
        }
        whole = true;
    }
    Ok(session.store.open()?.holds(table, entry, &packets)?)
}
