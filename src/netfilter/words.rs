//! Interns the few distinct words of a log (hosts, prefixes, actions, interfaces, protocols): small numbers for
//! strings, each stored once.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::clean;

/// How many words a slot remembers.
const RECENT: usize = 16;

/// Number of fields that words come from.
pub const SLOTS: usize = 7;

/// Every word seen so far, numbered from 1, its text cleaned ([`clean`]). 0 is the empty word.
#[derive(Clone, Debug)]
pub struct Words {
    text: String,
    /// Where each word begins and ends in the text.
    places: Vec<(u32, u32)>,
    by_text: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The words each slot saw last, indexed by a cheap hash.
    recent: [[u32; RECENT]; SLOTS],
}

impl Default for Words {
    fn default() -> Words {
        Words {
            text: String::new(),
            places: vec![(0, 0)],
            by_text: HashTable::default(),
            hasher: DefaultHashBuilder::default(),
            recent: [[0; RECENT]; SLOTS],
        }
    }
}

impl Words {
    /// The number of a word. `slot` is the field it comes from: a field usually holds one of a few words, which then
    /// need no lookup.
    #[inline]
    pub fn number(&mut self, slot: usize, bytes: &[u8]) -> u32 {
        let Some(last) = bytes.last() else { return 0 };
        // Hosts and prefixes of one log often differ only in their middle.
        let middle = bytes[bytes.len() / 2];
        let at = (bytes.len() + usize::from(*last) + 3 * usize::from(middle)) % RECENT;
        let recent = self.recent[slot][at];
        if (recent as usize) < self.places.len() && self.bytes(recent) == bytes {
            return recent;
        }
        let number = match self.find(bytes) {
            Some(number) => number,
            None => {
                let text = clean(bytes);
                self.find(text.as_bytes()).unwrap_or_else(|| self.add(&text))
            }
        };
        self.recent[slot][at] = number;
        number
    }

    /// A word's text.
    pub fn text(&self, number: u32) -> &str {
        let (begin, end) = self.places[number as usize];
        &self.text[begin as usize..end as usize]
    }

    /// Number of words, including the empty one.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Total size of their text in bytes.
    pub fn size(&self) -> usize {
        self.text.len()
    }

    /// Empties it, keeping the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.places.truncate(1);
        self.by_text.clear();
    }

    /// A word's text, as bytes.
    #[inline]
    pub fn bytes(&self, number: u32) -> &[u8] {
        let (begin, end) = self.places[number as usize];
        &self.text.as_bytes()[begin as usize..end as usize]
    }

    fn find(&self, bytes: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(bytes);
        self.by_text.find(hash, |number| self.bytes(*number) == bytes).copied()
    }

    fn add(&mut self, text: &str) -> u32 {
        let (begin, number) = (self.text.len() as u32, self.places.len() as u32);
        self.text.push_str(text);
        self.places.push((begin, self.text.len() as u32));
        let (hasher, texts, places) = (&self.hasher, &self.text, &self.places);
        let hash = |number: &u32| {
            let (begin, end) = places[*number as usize];
            hasher.hash_one(&texts.as_bytes()[begin as usize..end as usize])
        };
        self.by_text.insert_unique(hash(&number), number, hash);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_one_number_in_every_slot_and_spelling() {
        let mut words = Words::default();
        let texts: [&[u8]; 6] = [b"DROP", b"", b"ACCEPT", b"DROP", b"a\xff", "a\u{fffd}".as_bytes()];
        let numbers: Vec<u32> = texts.iter().enumerate().map(|(n, text)| words.number(n, text)).collect();
        assert_eq!(numbers, [1, 0, 2, 1, 3, 3]);
        assert_eq!((words.text(1), words.text(0), words.text(3)), ("DROP", "", "a\u{fffd}"));
        assert_eq!(words.len(), 4);
    }

    #[test]
    fn many_words_keep_their_numbers_and_none_is_left_after_clearing() {
        let mut words = Words::default();
        for _ in 0..2 {
            for n in 1..5000_u32 {
                assert_eq!(words.number(0, format!("prefix {n}").as_bytes()), n);
            }
            assert_eq!(words.text(4321), "prefix 4321");
        }
        words.clear();
        assert_eq!((words.len(), words.number(0, b"prefix 17")), (1, 1));
    }
}
