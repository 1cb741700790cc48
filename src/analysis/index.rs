//! A hash index over an append-only array.

use std::hash::{BuildHasher, Hash};

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

/// Maps keys to positions in an array that only grows at its end and is never reordered. A flood from millions of
/// sources makes millions of entries; each takes 9 bytes.
#[derive(Debug, Default)]
pub struct Index {
    /// A position and part of its key's hash, so that growing does not touch the array.
    places: HashTable<(u32, u32)>,
    hasher: DefaultHashBuilder,
    /// The last position looked up: packets come in runs.
    last: u32,
}

impl Index {
    /// Position of a key in an array of this length. For a new key that is `length`, and the caller must append it.
    /// `has` tells whether a position holds the key. At most 2^32 positions.
    pub fn place(&mut self, key: impl Hash, length: usize, has: impl Fn(usize) -> bool) -> usize {
        if (self.last as usize) < length && has(self.last as usize) {
            return self.last as usize;
        }
        self.place_of_hash(self.hash(key), length, has)
    }

    /// The hash of a key, for [`Index::place_of_hash`].
    pub fn hash(&self, key: impl Hash) -> u32 {
        let hash = self.hasher.hash_one(key);
        (hash ^ (hash >> 32)) as u32
    }

    /// As [`Index::place`], for a key with this hash.
    pub fn place_of_hash(&mut self, kept: u32, length: usize, has: impl Fn(usize) -> bool) -> usize {
        let same = |(place, hash): &(u32, u32)| *hash == kept && has(*place as usize);
        self.last = match self.places.entry(spread(kept), same, |(_, kept)| spread(*kept)) {
            Entry::Occupied(known) => known.get().0,
            Entry::Vacant(free) => free.insert((length as u32, kept)).get().0,
        };
        self.last as usize
    }
}

/// The hash table uses the highest and the lowest bits: all must depend on the key.
fn spread(kept: u32) -> u64 {
    // 2^64 over the golden ratio (Knuth, volume 3, section 6.4).
    u64::from(kept).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_one_place_in_the_order_of_their_coming() {
        let mut index = Index::default();
        let mut run: Vec<u64> = Vec::new();
        // Each key comes twice in a row, and half of them again later.
        let keys = (0..20_000u64).flat_map(|n| [n, n, n / 2]);
        for key in keys {
            let place = index.place(key, run.len(), |n| run[n] == key);
            if place == run.len() {
                run.push(key);
            }
            assert_eq!(run[place], key);
        }
        assert_eq!(run, (0..20_000).collect::<Vec<_>>());
    }
}
