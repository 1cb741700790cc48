//! The integration tests, one file a capability.

mod lines;
mod parser_properties;
