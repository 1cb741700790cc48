//! The tests of the whole: real servers, real files, the real program.

mod architecture;
mod chapter5;
mod config;
mod crashes;
mod fallbacks;
mod first_day;
mod formats;
mod harness;
mod import;
mod lines;
mod manual;
mod manual_options;
mod parser_properties;
mod pipes;
mod process;
mod spellings;
mod stores;
