//! Interns the few words of a log (actions, protocols, interfaces, hosts) as small integers, so group keys have a
//! fixed size and compare fast.

use crate::netfilter::batch::Batch;
use crate::netfilter::words::Words;

/// A word's number; [`Interned::text`] resolves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Word(u32);

impl Word {
    /// Bits it takes in a key.
    pub const BITS: u32 = 32;

    /// Bits for a key.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// From the bits of a key.
    pub fn from_bits(bits: u32) -> Word {
        Word(bits)
    }
}

/// Every word seen so far.
#[derive(Debug, Default)]
pub struct Interned(Words);

impl Interned {
    /// A word's text.
    pub fn text(&self, word: Word) -> &str {
        self.0.text(word.0)
    }
}

/// Maps a batch's word numbers to those among all words, cached on first lookup.
pub struct BatchWords<'b> {
    batch: &'b Batch,
    known: Vec<Option<Word>>,
}

impl<'b> BatchWords<'b> {
    pub fn new(batch: &'b Batch) -> Self {
        BatchWords { batch, known: vec![None; batch.words()] }
    }

    /// The word for a number in the batch.
    pub fn word(&mut self, number: u32, all: &mut Interned) -> Word {
        let batch = self.batch;
        *self.known[number as usize]
            .get_or_insert_with(|| Word(all.0.number(0, batch.text(number).as_bytes())))
    }
}
