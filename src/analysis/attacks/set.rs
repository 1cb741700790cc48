//! Distinct things of one attack, counted exactly as long as there is room.

use std::hash::Hash;

use hashbrown::HashSet;

/// Maximum items per set: every port there is.
const MOST: usize = 1 << 16;

/// Slots shared by all sets of a detector.
#[derive(Debug)]
pub struct Room(pub usize);

/// A bounded set.
#[derive(Debug)]
pub struct Set<T> {
    items: HashSet<T>,
    /// Something did not fit: the count is a lower bound.
    pub more: bool,
}

impl<T: Hash + Eq> Set<T> {
    pub fn new() -> Self {
        Set { items: HashSet::new(), more: false }
    }

    /// Inserts an item; true if it is new.
    pub fn insert(&mut self, item: T, room: &mut Room) -> bool {
        if self.items.len() < MOST && room.0 > 0 {
            let new = self.items.insert(item);
            room.0 -= usize::from(new);
            return new;
        }
        let new = !self.items.contains(&item);
        self.more |= new;
        new
    }

    pub fn contains(&self, item: &T) -> bool {
        self.items.contains(item)
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }

    /// The item of a set of one.
    pub fn only(&self) -> Option<&T> {
        self.items.iter().next().filter(|_| self.len() == 1 && !self.more)
    }

    /// Releases its slots.
    pub fn leave(&self, room: &mut Room) {
        room.0 += self.items.len();
    }
}
