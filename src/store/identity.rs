//! Which log this is: the ledger knows a log by its content, never by its name.

use super::Entry;

/// Bytes kept of a log's beginning.
pub const HEAD: usize = 4096;
/// Bytes kept from before the offset.
pub const TAIL: usize = 256;

/// What the ledger knows of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    New,
    /// It has been imported up to the entry's offset.
    Same(Entry),
    /// It is a part of what has been imported: an older copy.
    Older(Entry),
    /// It begins like a log that was imported, but goes on otherwise: another log.
    Another(Entry),
}

/// The entries that a log may be: the shorter of the two heads begins the longer.
pub fn candidates(entries: &[Entry], head: &[u8]) -> Vec<Entry> {
    let alike = |entry: &&Entry| {
        let shorter = entry.head.len().min(head.len());
        shorter > 0 && entry.head[..shorter] == head[..shorter]
    };
    entries.iter().filter(alike).cloned().collect()
}

/// Settles which entry a log is. `tail` gives the bytes of the log that end at an offset, as many
/// as the length asks for, or none if the log is shorter than the offset.
///
/// Of several entries whose tails match, the one that is furthest is meant.
pub fn settle<E>(
    mut candidates: Vec<Entry>,
    mut tail: impl FnMut(u64, usize) -> Result<Option<Vec<u8>>, E>,
) -> Result<Known, E> {
    candidates.sort_by_key(|entry| entry.offset);
    let mut same = None;
    let mut older = None;
    let mut another = None;
    for entry in candidates {
        match tail(entry.offset, entry.tail.len())? {
            Some(tail) if tail == entry.tail => same = Some(entry),
            Some(_) => another = Some(entry),
            None => older = Some(entry),
        }
    }
    Ok(match (same, older, another) {
        (Some(entry), _, _) => Known::Same(entry),
        (None, Some(entry), _) => Known::Older(entry),
        (None, None, Some(entry)) => Known::Another(entry),
        (None, None, None) => Known::New,
    })
}
