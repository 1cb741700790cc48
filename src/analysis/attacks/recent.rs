//! A queue whose newest item needs no heap memory: most of what is tracked never has a second one.

use std::collections::VecDeque;

/// Items in order, newest last.
#[derive(Debug)]
pub struct RecentQueue<T> {
    older: VecDeque<T>,
    newest: Option<T>,
}

impl<T> RecentQueue<T> {
    pub fn new() -> Self {
        RecentQueue { older: VecDeque::new(), newest: None }
    }

    pub fn len(&self) -> usize {
        self.older.len() + usize::from(self.newest.is_some())
    }

    pub fn push(&mut self, item: T) {
        self.older.extend(self.newest.replace(item));
    }

    pub fn oldest(&self) -> Option<&T> {
        self.older.front().or(self.newest.as_ref())
    }

    pub fn newest(&mut self) -> Option<&mut T> {
        self.newest.as_mut()
    }

    pub fn drop_oldest(&mut self) {
        if self.older.pop_front().is_none() {
            self.newest = None;
        }
    }

    /// Removes and returns the newest item that fits.
    pub fn take(&mut self, mut fits: impl FnMut(&T) -> bool) -> Option<T> {
        if self.newest.as_ref().is_some_and(&mut fits) {
            let item = self.newest.take();
            self.newest = self.older.pop_back();
            return item;
        }
        let place = self.older.iter().rposition(fits)?;
        self.older.remove(place)
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.older.iter().chain(&self.newest)
    }
}
