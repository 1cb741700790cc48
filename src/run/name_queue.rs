//! Packets waiting for their names, in log order.

use std::collections::VecDeque;
use std::time::Instant;

use crate::netfilter::Packet;
use crate::netfilter::batch::Batch;

/// The packets, in runs shown together.
pub struct NameQueue {
    runs: VecDeque<Run>,
    /// Packets per run.
    together: usize,
}

/// Packets with their numbers in the log.
#[derive(Default)]
pub struct Run {
    counts: Vec<u64>,
    packets: Batch,
    /// When the first stops waiting; none if there is nothing to wait for.
    pub deadline: Option<Instant>,
}

impl Run {
    /// The packets, each with its number.
    pub fn packets(&self) -> impl Iterator<Item = (u64, Packet<'_>)> {
        self.counts.iter().copied().zip(self.packets.iter())
    }
}

impl NameQueue {
    /// An empty queue of runs of at most `together` packets.
    pub fn new(together: usize) -> NameQueue {
        NameQueue { runs: VecDeque::new(), together }
    }

    /// How many runs are waiting.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether nothing is waiting.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds a packet; the deadline of a run is that of its first packet.
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

    /// Removes it.
    pub fn pop(&mut self) -> Option<Run> {
        self.runs.pop_front()
    }
}
