//! The tests of the whole: real servers, real files, the real program.

mod architecture;
mod chapter5;
mod first_day;
mod follow;
mod harness;
mod lines;
mod live;
mod manual;
mod names;
mod parser_properties;
mod process;
mod scan;
mod spellings;
mod stores;
