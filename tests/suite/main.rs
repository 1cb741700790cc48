//! The tests of the whole: real servers, real files, the real program.

mod harness;
mod lines;
mod parser_properties;
mod stores;
