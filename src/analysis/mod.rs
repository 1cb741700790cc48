//! Counts packets: modules as values, one fold, the filters.
//!
//! Owns what a report says. Packets come in, tables go out; pure. Must not know where packets come
//! from (stores, files) nor how tables are shown.

pub mod attacks;
pub mod filter;
mod fold;
mod group;
mod modules;
pub mod table;
mod words;

pub use fold::Fold;
pub use modules::{DEFAULT, Module, all, named};
