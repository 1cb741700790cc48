//! The tests of the whole: real servers, real files, the real program.

mod any_log;
mod architecture;
mod attacks;
mod chapter5;
mod config;
mod crashes;
mod fallbacks;
mod filters;
mod first_day;
mod follow;
mod formats;
mod harness;
mod import;
mod input_properties;
mod lines;
mod live;
mod manual;
mod manual_options;
mod names;
mod parser_properties;
mod pipes;
mod process;
mod scan;
mod spellings;
mod stores;
mod time;
