//! Counts packets: modules as values, one fold, the attack detector.
//!
//! Owns what a report says. Packets come in, tables go out; pure. Must not know where packets come
//! from (stores, files) nor how tables are shown.

mod addresses;
pub mod attacks;
pub mod blocklist;
mod candidates;
mod counter;
mod countries;
mod distinct;
mod fold;
mod group;
mod index;
mod key;
mod modules;
mod networks;
mod new;
mod origins;
mod profile;
pub mod quantity;
#[cfg(test)]
mod sample;
mod senders;
mod sources;
mod suspects;
pub mod table;
mod timeline;
mod totals;
mod words;

pub use counter::Context;
pub use fold::Fold;
pub use modules::{
    COUNTRIES_WANT_A_DATABASE, DEFAULT, Module, NEW_WANTS_SINCE, Want, all, blocklist, dossier, named, wants,
};
pub use origins::{Country, Origin, Origins, System};
pub use suspects::finding;
pub use totals::{Before, Totals};
