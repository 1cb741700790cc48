//! The tests of the whole: real servers, real files, the real program.

mod architecture;
mod chapter5;
mod harness;
mod manual;
mod process;
mod spellings;
mod lines;
mod parser_properties;
mod stores;
