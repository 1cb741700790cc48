//! ipta reads what a Linux firewall logs and tells an administrator what is going on.

#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]
#![warn(missing_docs)]

pub mod analysis;
pub mod cli;
pub mod commands;
pub mod config;
pub mod dns;
pub mod exit;
pub mod input;
pub mod netfilter;
pub mod report;
pub mod store;
