//! Parses one log on several processors.
//!
//! Chunks of whole lines go to workers round-robin and come back in order. A line's meaning depends little on
//! those before it: a repeat count needs the line it repeats, and tables of samples and prefixes have limits.
//! Each worker reads its chunk as if nothing came before it; where that could make a difference
//! ([`Reader::follow`]), the one reader that has seen everything before rereads the chunk. So the result
//! depends neither on the number of workers nor on where chunks begin.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::input::{Chunk, Lines, ReadError};
use crate::netfilter::{Packet, Part, Reader};
use crate::run::packets::{self, LineRead};

/// Chunks in flight per worker, so that none waits for the others.
const EACH: usize = 4;

/// How many workers this machine has room for.
pub fn workers() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Builds something from packets, on workers too.
pub trait Maker: Sync {
    /// What it builds.
    type Made: Send + Default;
    /// Adds a packet.
    fn packet(&self, made: &mut Self::Made, packet: &Packet<'_>);
    /// Whether there is enough of it to pass on.
    fn is_full(&self, made: &Self::Made) -> bool;
}

/// Feeds packets to a maker one by one and passes on what it builds.
pub struct Sink<'m, M: Maker> {
    /// The maker.
    pub maker: &'m M,
    made: M::Made,
    done: &'m mut dyn FnMut(M::Made),
}

impl<'m, M: Maker> Sink<'m, M> {
    /// Passes on to `done`.
    pub fn new(maker: &'m M, done: &'m mut dyn FnMut(M::Made)) -> Self {
        Sink { maker, made: M::Made::default(), done }
    }

    /// Adds a packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        self.maker.packet(&mut self.made, packet);
        if self.maker.is_full(&self.made) {
            self.flush();
        }
    }

    /// Passes on what there is.
    pub fn flush(&mut self) {
        (self.done)(std::mem::take(&mut self.made));
    }
}

/// The lines of a log, some of which may have been read ahead.
pub struct LogLines {
    lines: Lines,
    ahead: VecDeque<Chunk>,
    /// Where the next line begins in the first chunk.
    at: usize,
    /// Why the log cannot be read any further.
    fault: Option<ReadError>,
}

/// A chunk that a worker has read.
struct Parsed<M> {
    chunk: Chunk,
    part: Part,
    made: M,
    /// It has a packet to stop at.
    stops: bool,
}

/// Whether to stop at a packet.
pub type Stops<'s> = dyn Fn(&Packet<'_>) -> bool + Sync + 's;

/// A worker's two channel ends.
type Worker<M> = (SyncSender<Chunk>, Receiver<Parsed<M>>);

impl LogLines {
    /// All lines of a log.
    pub fn new(lines: Lines) -> LogLines {
        LogLines { lines, ahead: VecDeque::new(), at: 0, fault: None }
    }

    /// Whether the next line begins a chunk, if lines were read ahead.
    pub fn is_between_chunks(&mut self) -> bool {
        if self.ahead.front().is_some_and(|chunk| chunk.line(self.at).is_none()) {
            self.ahead.pop_front();
            self.at = 0;
        }
        self.at == 0
    }

    /// Passes on the packets of the next line; false at the end.
    pub fn next_line(
        &mut self,
        reader: &mut Reader<'_>,
        each: &mut dyn FnMut(&Packet<'_>),
    ) -> Result<bool, ReadError> {
        self.is_between_chunks();
        if let Some((line, next)) = self.ahead.front().and_then(|chunk| chunk.line(self.at)) {
            packets::new_line(line, reader, each);
            self.at = next;
            return Ok(true);
        }
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        match packets::next_line(&mut self.lines, reader, false, each)? {
            LineRead::Line(_) | LineRead::Unfinished => Ok(true),
            LineRead::End => Ok(false),
        }
    }

    /// The next chunk; none at the end or at a fault, which is reported after everything read before it.
    fn chunk(&mut self, memory: Vec<u8>) -> Option<Chunk> {
        if let Some(chunk) = self.ahead.pop_front() {
            return Some(chunk);
        }
        match self.fault {
            Some(_) => None,
            None => self.lines.chunk(memory).unwrap_or_else(|fault| {
                self.fault = Some(fault);
                None
            }),
        }
    }

    /// Parses the log with this many workers and passes on each chunk's result in log order. Ends before a
    /// chunk with a packet that `stops` it, or with lines for which that is not yet known: nothing is read from
    /// there on. Does nothing for a log of one chunk, nor within a chunk.
    pub fn parse<M: Maker>(
        &mut self,
        workers: usize,
        reader: &mut Reader<'_>,
        stops: Option<&Stops<'_>>,
        sink: &mut Sink<'_, M>,
    ) {
        if workers < 2 || !self.is_between_chunks() {
            return;
        }
        let chunks: VecDeque<Chunk> = (0..2).map_while(|_| self.chunk(Vec::new())).collect();
        let is_short = chunks.len() < 2;
        chunks.into_iter().rev().for_each(|chunk| self.ahead.push_front(chunk));
        if is_short {
            return;
        }
        sink.flush();
        thread::scope(|scope| {
            let maker = sink.maker;
            let workers: Vec<Worker<M::Made>> = (0..workers)
                .map(|_| {
                    let (give, chunks) = sync_channel(EACH);
                    let (parsed, take) = sync_channel(EACH);
                    let reader = reader.beside();
                    scope.spawn(move || work(reader, maker, stops, &chunks, &parsed));
                    (give, take)
                })
                .collect();
            self.distribute(&workers, reader, stops.is_some(), sink);
        });
    }

    /// Hands chunks to the workers round-robin and collects the results.
    fn distribute<M: Maker>(
        &mut self,
        workers: &[Worker<M::Made>],
        reader: &mut Reader<'_>,
        may_stop: bool,
        sink: &mut Sink<'_, M>,
    ) {
        let (mut given, mut taken, mut is_over) = (0, 0, false);
        let mut memory: Vec<Vec<u8>> = Vec::new();
        let mut unread: Vec<Chunk> = Vec::new();
        loop {
            while !is_over && given - taken < workers.len() * EACH {
                // A worker that is gone has panicked; the scope reports that.
                is_over = match self.chunk(memory.pop().unwrap_or_default()) {
                    Some(chunk) => workers[given % workers.len()].0.send(chunk).is_err(),
                    None => true,
                };
                given += usize::from(!is_over);
            }
            if taken == given {
                break;
            }
            let Ok(parsed) = workers[taken % workers.len()].1.recv() else { break };
            taken += 1;
            let is_next = unread.is_empty() && !parsed.stops;
            if is_next && reader.follow(&parsed.part) {
                (sink.done)(parsed.made);
            } else if is_next && !may_stop {
                lines(&parsed.chunk, reader, &mut |packet| sink.packet(packet));
                sink.flush();
            } else {
                unread.push(parsed.chunk);
                is_over = true;
                continue;
            }
            memory.push(parsed.chunk.into_bytes());
        }
        unread.into_iter().rev().for_each(|chunk| self.ahead.push_front(chunk));
    }
}

/// A worker's loop.
fn work<M: Maker>(
    mut reader: Reader<'_>,
    maker: &M,
    stops: Option<&Stops<'_>>,
    chunks: &Receiver<Chunk>,
    parsed: &SyncSender<Parsed<M::Made>>,
) {
    for chunk in chunks {
        let (mut made, mut stopped) = (M::Made::default(), false);
        lines(&chunk, &mut reader, &mut |packet| {
            stopped |= stops.is_some_and(|stops| stops(packet));
            maker.packet(&mut made, packet);
        });
        let part = reader.take_part();
        if parsed.send(Parsed { chunk, part, made, stops: stopped }).is_err() {
            return;
        }
    }
}

/// Passes on the packets of a chunk.
fn lines(chunk: &Chunk, reader: &mut Reader<'_>, each: &mut dyn FnMut(&Packet<'_>)) {
    let mut at = 0;
    while let Some((line, next)) = chunk.line(at) {
        packets::new_line(line, reader, &mut *each);
        at = next;
    }
}

#[cfg(test)]
mod tests;
