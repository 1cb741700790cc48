//! What the commands share: a call's session, the plan checked before it runs, reading and counting logs,
//! names, and where reports go.
//!
//! Knows no command.

pub mod alert_command;
pub mod clock;
pub mod counting;
pub mod left_out;
pub mod logs;
pub mod name_queue;
pub mod naming;
pub mod output;
pub mod packets;
pub mod parsing;
pub mod plan;
pub mod reading;
pub mod reporting;
pub mod session;
pub mod settings;
pub mod show;
pub mod signals;
mod spared;

/// A call that cannot be meant as typed; ends with status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misused(pub String);
