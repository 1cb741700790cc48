//! Packets that wait for their names, in the order of the log.

use std::collections::VecDeque;
use std::time::Instant;

use crate::netfilter::Packet;
use crate::netfilter::batch::Batch;

/// The packets, in runs that are shown together.
pub struct NameQueue {
    runs: VecDeque<Run>,
    /// Packets of a run.
    together: usize,
}

/// Packets with their numbers in the log.
#[derive(Default)]
pub struct Run {
    counts: Vec<u64>,
    packets: Batch,
    /// When the time of the first is over; none if there is nothing to wait for.
    pub deadline: Option<Instant>,
}

impl Run {
    /// The packets, each with its number.
    pub fn packets(&self) -> impl Iterator<Item = (u64, Packet<'_>)> {
        self.counts.iter().copied().zip(self.packets.iter())
    }
}

impl NameQueue {
    /// An empty queue of runs of at most so many packets.
    pub fn new(together: usize) -> NameQueue {
        NameQueue { runs: VecDeque::new(), together }
    }

    /// How many runs wait.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds a packet; a deadline counts for the first of a run.
    pub fn push(&mut self, count: u64, packet: &Packet<'_>, deadline: Option<Instant>) {
        if self.runs.back().is_none_or(|run| run.counts.len() >= self.together) {
            self.runs.push_back(Run { deadline, ..Run::default() });
        }
        if let Some(run) = self.runs.back_mut() {
            run.counts.push(count);
            run.packets.push(packet);
        }
    }

    /// The run that has waited longest.
    pub fn first(&self) -> Option<&Run> {
        self.runs.front()
    }

    /// Takes it out.
    pub fn pop(&mut self) -> Option<Run> {
        self.runs.pop_front()
    }
}
