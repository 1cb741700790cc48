//! The few words of a log (actions, protocols, interfaces, hosts) as small numbers, so that group
//! keys are of fixed size and quick to compare.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::netfilter::clean;

/// A word's number; [`StringInterner::text`] gives it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Word(u32);

impl Word {
    /// How many bits of a key it takes.
    pub const BITS: u32 = 32;

    /// For a key.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Out of a key.
    pub fn from_bits(bits: u32) -> Word {
        Word(bits)
    }
}

/// How many spellings a slot remembers.
const RECENT: usize = 16;

/// Every word met so far.
#[derive(Debug, Default)]
pub struct StringInterner {
    texts: Vec<Box<str>>,
    by_text: HashMap<Box<str>, Word>,
    /// The bytes that words came in as (they may not be UTF-8), and a table of their places.
    spellings: Vec<(Box<[u8]>, Word)>,
    places: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The spellings that each slot met last, by what is quick to know of a word.
    last: [[u32; RECENT]; 4],
}

impl StringInterner {
    /// The number of a word. `slot` (0 to 3) names the field it comes from: a field mostly has one
    /// of a few words, and then nothing has to be looked up.
    pub fn number(&mut self, slot: usize, bytes: &[u8]) -> Word {
        let recent = (bytes.len() + usize::from(bytes.last().copied().unwrap_or(0))) % RECENT;
        if let Some((last, word)) = self.spellings.get(self.last[slot][recent] as usize)
            && **last == *bytes
        {
            return *word;
        }
        let hash = self.hasher.hash_one(bytes);
        let spellings = &self.spellings;
        let place = match self.places.find(hash, |n| *spellings[*n as usize].0 == *bytes) {
            Some(place) => *place,
            None => self.add(hash, bytes),
        };
        self.last[slot][recent] = place;
        self.spellings[place as usize].1
    }

    /// Differing bytes may show as the same text once they are cleaned: those are one word.
    fn add(&mut self, hash: u64, bytes: &[u8]) -> u32 {
        let text = clean(bytes);
        let word = match self.by_text.get(text.as_ref()) {
            Some(word) => *word,
            None => {
                let word = Word(self.texts.len() as u32);
                self.texts.push(text.as_ref().into());
                self.by_text.insert(text.as_ref().into(), word);
                word
            }
        };
        let place = self.spellings.len() as u32;
        self.spellings.push((bytes.into(), word));
        let (hasher, spellings) = (&self.hasher, &self.spellings);
        self.places.insert_unique(hash, place, |n| hasher.hash_one(&*spellings[*n as usize].0));
        place
    }

    /// A word's text.
    pub fn text(&self, word: Word) -> &str {
        &self.texts[word.0 as usize]
    }
}
