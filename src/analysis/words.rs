//! The few words of a log (actions, protocols, interfaces, hosts) as small numbers, so that group
//! keys are of fixed size and quick to compare.

use crate::netfilter::batch::Batch;
use crate::netfilter::words::Words;

/// A word's number; [`Interned::text`] gives it back.
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

/// Every word met so far.
#[derive(Debug, Default)]
pub struct Interned(Words);

impl Interned {
    /// A word's text.
    pub fn text(&self, word: Word) -> &str {
        self.0.text(word.0)
    }
}

/// What the numbers of a batch are among all words, as far as they were asked for.
pub struct BatchWords<'b> {
    batch: &'b Batch,
    known: Vec<Option<Word>>,
}

impl<'b> BatchWords<'b> {
    pub fn new(batch: &'b Batch) -> Self {
        BatchWords { batch, known: vec![None; batch.words()] }
    }

    /// The word of a number of the batch.
    pub fn word(&mut self, number: u32, all: &mut Interned) -> Word {
        let batch = self.batch;
        *self.known[number as usize]
            .get_or_insert_with(|| Word(all.0.number(0, batch.text(number).as_bytes())))
    }
}
