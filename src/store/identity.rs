//! Which log this is: the ledger knows a log by its content, never by its name.

use std::collections::VecDeque;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Entry;

/// Bytes kept of a log's beginning.
pub const HEAD: usize = 4096;
/// Bytes kept from before the offset.
pub const TAIL: usize = 256;
/// What the ledger keeps of a journal in place of a log's first bytes begins so, and then has the id of
/// the boot. No text log does.
pub const JOURNAL: &[u8] = b"\0journal\0";
/// Bytes of a block of the running hash.
pub const BLOCK: u64 = 64 << 10;

/// Checkpoints kept of a log at most. Beyond that every other one goes: up to 128 MiB there is one
/// every 64 KiB, up to 256 MiB one every 128 KiB, and so on, so that an entry stays small.
const MOST: usize = 2048;

/// What the ledger knows of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Nothing.
    New,
    /// It has been imported up to the entry's offset.
    Same(Entry),
    /// It is shorter than what was imported, and begins like it: an older copy perhaps.
    Shorter(Entry),
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
) -> Result<Identity, E> {
    candidates.sort_by_key(|entry| entry.offset);
    let mut same = None;
    let mut shorter = None;
    let mut another = None;
    for entry in candidates {
        match tail(entry.offset, entry.tail.len())? {
            Some(tail) if tail == entry.tail => same = Some(entry),
            Some(_) => another = Some(entry),
            None => shorter = Some(entry),
        }
    }
    Ok(match (same, shorter, another) {
        (Some(entry), _, _) => Identity::Same(entry),
        (None, Some(entry), _) => Identity::Shorter(entry),
        (None, None, Some(entry)) => Identity::Another(entry),
        (None, None, None) => Identity::New,
    })
}

/// A running hash of a log's bytes, noted at regular offsets. The hash of a block is seeded with
/// that of the block before (XXH3, 64 bits), so each covers all bytes up to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoints {
    /// Whole blocks hashed.
    blocks: u64,
    /// The hash after them.
    hash: u64,
    /// Blocks between two checkpoints; a power of two. 0 stands for 1.
    stride: u64,
    /// The hash after every `stride` blocks.
    noted: Vec<u64>,
}

impl Checkpoints {
    /// The offset up to which bytes are hashed.
    pub fn offset(&self) -> u64 {
        self.blocks * BLOCK
    }

    /// Takes in the hash after the next block.
    fn note(&mut self, hash: u64) {
        self.hash = hash;
        self.blocks += 1;
        let stride = self.stride.max(1);
        if self.blocks.is_multiple_of(stride) {
            self.noted.push(self.hash);
        }
        if self.noted.len() > MOST {
            self.noted = self.noted.iter().skip(1).step_by(2).copied().collect();
            self.stride = 2 * stride;
        }
    }

    /// The offset of the last checkpoint that a text of `len` bytes reaches, if all checkpoints up
    /// to there are those of `other`, a hash of that text; none if one differs.
    pub fn verified(&self, other: &Checkpoints, len: u64) -> Option<u64> {
        let step = |checkpoints: &Checkpoints| checkpoints.stride.max(1);
        let wide = step(self).max(step(other));
        let last = len.min(self.offset()).min(other.offset()) / BLOCK / wide;
        let at = |checkpoints: &Checkpoints, n: u64| {
            let place = usize::try_from(n * wide / step(checkpoints)).ok()?.checked_sub(1)?;
            checkpoints.noted.get(place).copied()
        };
        // A later hash covers all before it.
        (last == 0 || at(self, last).is_some() && at(self, last) == at(other, last))
            .then_some(last * wide * BLOCK)
    }

    /// As the ledger keeps them: numbers of 8 bytes, the lowest byte first.
    pub fn to_bytes(&self) -> Vec<u8> {
        let numbers = [self.blocks, self.hash, self.stride].into_iter().chain(self.noted.iter().copied());
        numbers.flat_map(u64::to_le_bytes).collect()
    }

    /// What [`Checkpoints::to_bytes`] gave; nothing for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Checkpoints {
        let mut numbers = bytes.chunks_exact(8).map(|eight| {
            let mut number = [0; 8];
            number.copy_from_slice(eight);
            u64::from_le_bytes(number)
        });
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(blocks), Some(hash), Some(stride)) => {
                Checkpoints { blocks, hash, stride, noted: numbers.collect() }
            }
            _ => Checkpoints::default(),
        }
    }
}

/// Hashes the bytes of a log as they are read, which may be further than it has been taken in.
#[derive(Debug)]
pub struct Hasher {
    checkpoints: Checkpoints,
    /// The hashes after the blocks that follow the checkpoints.
    ahead: VecDeque<u64>,
    /// The last of them.
    hash: u64,
    /// The offset of the next byte to take in.
    next: u64,
    /// Bytes of a block that is not whole yet.
    part: Vec<u8>,
}

impl Hasher {
    /// Goes on from checkpoints.
    pub fn new(checkpoints: Checkpoints) -> Hasher {
        let (hash, next) = (checkpoints.hash, checkpoints.offset());
        Hasher { checkpoints, ahead: VecDeque::new(), hash, next, part: Vec::new() }
    }

    /// Takes in bytes of the log that stand at an offset. Those before its own place are passed
    /// over. After a gap nothing more is taken in.
    pub fn feed(&mut self, offset: u64, bytes: &[u8]) {
        if offset > self.next {
            self.next = u64::MAX;
            return;
        }
        let known = usize::try_from(self.next.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut rest = bytes.get(known..).unwrap_or_default();
        self.next += rest.len() as u64;
        while !rest.is_empty() {
            let missing = BLOCK as usize - self.part.len();
            let (now, later) = rest.split_at(missing.min(rest.len()));
            rest = later;
            self.part.extend_from_slice(now);
            if self.part.len() == BLOCK as usize {
                self.hash = xxh3_64_with_seed(&self.part, self.hash);
                self.ahead.push_back(self.hash);
                self.part.clear();
            }
        }
    }

    /// The checkpoints of the bytes before an offset that has been read.
    pub fn up_to(&mut self, offset: u64) -> &Checkpoints {
        while self.checkpoints.offset() + BLOCK <= offset
            && let Some(hash) = self.ahead.pop_front()
        {
            self.checkpoints.note(hash);
        }
        &self.checkpoints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The checkpoints of a text that comes in pieces of a size.
    fn checkpoints(text: &[u8], piece: usize) -> Checkpoints {
        let mut hasher = Hasher::new(Checkpoints::default());
        for (n, bytes) in text.chunks(piece).enumerate() {
            hasher.feed((n * piece) as u64, bytes);
        }
        hasher.up_to(text.len() as u64).clone()
    }

    fn text(blocks: usize) -> Vec<u8> {
        (0..blocks * BLOCK as usize + 77).map(|n| (n % 251) as u8).collect()
    }

    #[test]
    fn the_size_of_the_pieces_does_not_matter() {
        let text = text(3);
        assert_eq!(checkpoints(&text, 1000), checkpoints(&text, 200_001));
        assert_eq!(checkpoints(&text, 5000).offset(), 3 * BLOCK);
    }

    #[test]
    fn a_hash_goes_on_where_it_was() {
        let text = text(5);
        let (begin, _) = text.split_at(2 * BLOCK as usize + 100);
        let mut hasher = Hasher::new(checkpoints(begin, 4096));
        // Bytes that were hashed already are read again.
        hasher.feed(BLOCK, &text[BLOCK as usize..]);
        assert_eq!(hasher.up_to(text.len() as u64), &checkpoints(&text, 4096));
    }

    #[test]
    fn a_prefix_is_verified_up_to_its_last_whole_block() {
        let whole = checkpoints(&text(5), 4096);
        let text = text(5);
        let begin = &text[..3 * BLOCK as usize + 5];
        let copy = checkpoints(begin, 4096);
        assert_eq!(whole.verified(&copy, begin.len() as u64), Some(3 * BLOCK));
        let mut changed = begin.to_vec();
        changed[BLOCK as usize] ^= 1;
        assert_eq!(whole.verified(&checkpoints(&changed, 4096), changed.len() as u64), None);
        assert_eq!(whole.verified(&Checkpoints::default(), 5), Some(0));
    }

    #[test]
    fn the_checkpoints_of_a_huge_log_stay_few_and_agree_with_those_of_its_beginning() {
        let mut huge = Checkpoints::default();
        let mut begin = Checkpoints::default();
        for n in 0..10_000 {
            huge.note(n * 7);
            if n < 4000 {
                begin.note(n * 7);
            }
        }
        assert!(huge.to_bytes().len() <= (MOST + 3) * 8, "{}", huge.to_bytes().len());
        assert_eq!(huge.verified(&begin, 4000 * BLOCK), Some(4000 * BLOCK));
        assert_eq!(Checkpoints::from_bytes(&huge.to_bytes()), huge);
    }
}
