//! Log identity: the ledger recognizes a log by its content, never by its name.

use std::collections::VecDeque;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Entry;

/// Bytes kept from the start of a log.
pub const HEAD: usize = 4096;
/// Bytes kept from just before the offset.
pub const TAIL: usize = 256;
/// The start of what the ledger keeps for a journal in place of a log's first bytes; the boot's id follows.
/// No text log starts like this.
pub const JOURNAL: &[u8] = b"\0journal\0";
/// Block size of the running hash, in bytes.
pub const BLOCK: u64 = 64 << 10;

/// Most checkpoints kept per log. Beyond that, every other one is dropped: up to 128 MiB there is one every
/// 64 KiB, up to 256 MiB one every 128 KiB, and so on, which keeps an entry small.
const MOST: usize = 2048;

/// What the ledger knows about a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Nothing.
    New,
    /// It has been imported up to the entry's offset.
    Same(Entry),
    /// It is shorter than what was imported, and begins like it: perhaps an older copy.
    Shorter(Entry),
    /// It begins like an imported log but then differs: another log.
    Another(Entry),
}

/// The entries a log may match: the shorter of the two heads is a prefix of the longer.
pub fn candidates(entries: &[Entry], head: &[u8]) -> Vec<Entry> {
    let alike = |entry: &&Entry| {
        let shorter = entry.head.len().min(head.len());
        shorter > 0 && entry.head[..shorter] == head[..shorter]
    };
    entries.iter().filter(alike).cloned().collect()
}

/// Decides which entry a log is. `tail` returns the given number of the log's bytes before an offset, or none
/// if the log is shorter than the offset.
///
/// If the tails of several entries match, the furthest one wins.
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

/// A running hash of a log's bytes, recorded at regular offsets. Each block's hash is seeded with the
/// previous block's (XXH3, 64 bits), so it covers all bytes up to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoints {
    /// Whole blocks hashed.
    blocks: u64,
    /// The hash after them.
    hash: u64,
    /// Blocks between checkpoints; a power of two. 0 means 1.
    stride: u64,
    /// The hash after every `stride` blocks.
    noted: Vec<u64>,
}

impl Checkpoints {
    /// The offset up to which bytes are hashed.
    pub fn offset(&self) -> u64 {
        self.blocks * BLOCK
    }

    /// Adds the hash after the next block.
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

    /// The offset of the last checkpoint within a text of `len` bytes, if all checkpoints up to there match
    /// those of `other`, a hash of that text; none if one differs.
    pub fn verified(&self, other: &Checkpoints, len: u64) -> Option<u64> {
        let step = |checkpoints: &Checkpoints| checkpoints.stride.max(1);
        let wide = step(self).max(step(other));
        let last = len.min(self.offset()).min(other.offset()) / BLOCK / wide;
        let at = |checkpoints: &Checkpoints, n: u64| {
            let place = usize::try_from(n * wide / step(checkpoints)).ok()?.checked_sub(1)?;
            checkpoints.noted.get(place).copied()
        };
        // A later hash covers all earlier ones.
        (last == 0 || at(self, last).is_some() && at(self, last) == at(other, last))
            .then_some(last * wide * BLOCK)
    }

    /// As the ledger stores them: 8-byte little-endian numbers.
    pub fn to_bytes(&self) -> Vec<u8> {
        let numbers = [self.blocks, self.hash, self.stride].into_iter().chain(self.noted.iter().copied());
        numbers.flat_map(u64::to_le_bytes).collect()
    }

    /// The inverse of [`Checkpoints::to_bytes`]; no checkpoints for anything else.
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

/// Hashes the bytes of a log as they are read, possibly ahead of what has been imported.
#[derive(Debug)]
pub struct Hasher {
    checkpoints: Checkpoints,
    /// The hashes after the blocks that follow the checkpoints.
    ahead: VecDeque<u64>,
    /// The last of them.
    hash: u64,
    /// The offset of the next byte to hash.
    next: u64,
    /// Bytes of the incomplete block.
    part: Vec<u8>,
}

impl Hasher {
    /// Resumes from checkpoints.
    pub fn new(checkpoints: Checkpoints) -> Hasher {
        let (hash, next) = (checkpoints.hash, checkpoints.offset());
        Hasher { checkpoints, ahead: VecDeque::new(), hash, next, part: Vec::new() }
    }

    /// Hashes the log's bytes at an offset, skipping those already hashed. After a gap, ignores everything.
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

    /// The checkpoints of the bytes before an offset that has already been read.
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

    /// The checkpoints of a text fed in pieces of one size.
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
        // Already hashed bytes are read again.
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
