//! What the commands of one call share.

use crate::analysis::filter::Filters;
use crate::config::{Place, Settings};
use crate::netfilter::prefix::Rules;
use crate::report::console::Console;
use crate::store::{self, Store, StoreError, TableName};

use super::logs::Clock;

/// One call: its settings, where output goes, and the store once it is needed.
pub struct Session<'s, 'io> {
    /// What was asked for.
    pub settings: &'s Settings,
    /// Where output goes.
    pub console: &'s mut Console<'io>,
    /// The store of the call.
    pub store: Shelf,
    /// The logs table of the call.
    pub table: TableName,
    /// The prefix rules of the call.
    pub rules: Rules,
    /// The filters of the call.
    pub filters: Filters,
    /// Now, and the local zone.
    pub clock: Clock,
}

/// A store that is opened when it is first needed.
pub struct Shelf {
    place: Place,
    /// Whether a missing file may be made.
    pub may_create: bool,
    store: Option<Box<dyn Store + Send>>,
}

impl Shelf {
    /// For a store at this place.
    pub fn new(place: Place) -> Shelf {
        Shelf { place, may_create: false, store: None }
    }

    /// The store; connects the first time, and finishes what a killed run left half done.
    pub fn open(&mut self) -> Result<&mut (dyn Store + Send + 'static), StoreError> {
        if self.store.is_none() {
            let mut store = store::open(&self.place, self.may_create)?;
            store.finish_intents()?;
            self.store = Some(store);
        }
        match &mut self.store {
            Some(store) => Ok(store.as_mut()),
            None => Err(StoreError::Failed("no store is open".into())),
        }
    }

    /// What messages call it: `database 'ipta'` or `file 'packets.db'`.
    pub fn place(&self) -> String {
        match &self.place {
            Place::Server(server) => format!("database '{}'", server.database),
            Place::File(path) => format!("file '{}'", path.display()),
        }
    }
}
