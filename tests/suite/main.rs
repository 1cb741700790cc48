//! The tests of the whole: real servers, real files, the real program.

mod architecture;
mod chapter5;
mod first_day;
mod harness;
mod lines;
mod manual;
mod manual_options;
mod parser_properties;
mod process;
mod spellings;
mod stores;
