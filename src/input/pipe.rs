//! Follows a pipe: a thread reads it, so that waiting for bytes never blocks anything else.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;

use super::journal::JournalText;
use super::splitter::{NewLine, Splitter};
use super::tail::{Event, Polled};
use super::watch::Waker;

/// Bytes per read.
const BLOCK: usize = 64 << 10;

/// Queued blocks. When the queue is full, the pipe's writer waits.
const WAITING: usize = 8;

/// Blocks taken per poll, so that a flooded caller still gets to check its signals.
const TAKEN: usize = 16;

/// Standard input, a FIFO or a device, followed until its end.
pub struct Pipe {
    blocks: Receiver<io::Result<Vec<u8>>>,
    splitter: Splitter,
    ended: bool,
}

impl Pipe {
    /// Follows standard input.
    pub fn stdin(waker: Waker) -> io::Result<Pipe> {
        Pipe::start(|| Ok(io::stdin()), waker)
    }

    /// Follows a FIFO. The thread opens it, so a FIFO without a writer blocks nothing.
    pub fn open(path: &Path, waker: Waker) -> io::Result<Pipe> {
        let path = path.to_owned();
        Pipe::start(move || File::open(path), waker)
    }

    /// Follows the entries of a journal.
    pub fn journal(text: JournalText, waker: Waker) -> io::Result<Pipe> {
        Pipe::start(|| Ok(text), waker)
    }

    /// The thread is never joined: it may be stuck in a read that never returns.
    fn start<R: Read>(
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
        waker: Waker,
    ) -> io::Result<Pipe> {
        let (sender, blocks) = sync_channel(WAITING);
        thread::Builder::new().name("pipe".to_owned()).spawn(move || read(open, sender, waker))?;
        Ok(Pipe { blocks, splitter: Splitter::default(), ended: false })
    }

    /// Passes on every line that arrived, like [`super::Tail::poll`]. At the end of the pipe the last line comes even
    /// without its newline, and `ended` is set.
    pub fn poll(&mut self, each: &mut dyn FnMut(NewLine<'_>)) -> Polled {
        let mut polled = Polled::default();
        for _ in 0..TAKEN {
            match self.blocks.try_recv() {
                Ok(Ok(block)) => self.splitter.feed(&block, each),
                Ok(Err(error)) => polled.events.push(Event::Unreadable(error.to_string())),
                Err(TryRecvError::Empty) => return polled,
                Err(TryRecvError::Disconnected) => {
                    if !self.ended {
                        self.ended = true;
                        self.splitter.finish(each);
                    }
                    polled.ended = true;
                    return polled;
                }
            }
        }
        polled.more = true;
        polled
    }
}

fn read<R: Read>(
    open: impl FnOnce() -> io::Result<R>,
    sender: SyncSender<io::Result<Vec<u8>>>,
    waker: Waker,
) {
    let mut block = vec![0; BLOCK];
    let end = open().and_then(|mut source| {
        loop {
            match source.read(&mut block) {
                Ok(0) => return Ok(()),
                Ok(read) if sender.send(Ok(block[..read].to_vec())).is_err() => return Ok(()),
                Ok(_) => waker.wake(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    });
    if let Err(error) = end {
        let _ = sender.send(Err(error));
    }
    drop(sender);
    waker.wake();
}

#[cfg(test)]
mod tests {
    use super::super::watch::Alarm;
    use super::*;
    use std::io::Write;
    use std::time::{Duration, Instant};

    fn follow(bytes: impl Read + Send + 'static) -> (Vec<String>, Vec<Event>) {
        let mut alarm = Alarm::without_file();
        let mut pipe = Pipe::start(move || Ok(bytes), alarm.waker()).unwrap();
        let (mut lines, mut events) = (Vec::new(), Vec::new());
        let limit = Instant::now() + Duration::from_secs(10);
        while Instant::now() < limit {
            let polled = pipe.poll(&mut |line| lines.push(String::from_utf8_lossy(line.bytes).into_owned()));
            events.extend(polled.events);
            if polled.ended {
                return (lines, events);
            }
            if !polled.more {
                alarm.wait(Duration::from_secs(1));
            }
        }
        panic!("the pipe never ended; so far: {} lines", lines.len());
    }

    #[test]
    fn every_line_of_a_pipe_comes_and_its_last_without_a_newline_too() {
        let text: String = (0..100_000).map(|n| format!("line {n}\n")).collect::<String>() + "rest";
        let (lines, events) = follow(io::Cursor::new(text.into_bytes()));
        assert_eq!(lines.len(), 100_001);
        assert_eq!(lines[99_999], "line 99999");
        assert_eq!(lines[100_000], "rest");
        assert!(events.is_empty());
    }

    #[test]
    fn a_line_arrives_when_it_is_written_and_not_when_the_pipe_ends() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut alarm = Alarm::without_file();
        let mut pipe = Pipe::start(move || Ok(reader), alarm.waker()).unwrap();
        writer.write_all(b"now\nnot yet").unwrap();
        let mut lines = Vec::new();
        let start = Instant::now();
        while lines.is_empty() && start.elapsed() < Duration::from_secs(5) {
            alarm.wait(Duration::from_secs(1));
            let polled = pipe.poll(&mut |line| lines.push(line.bytes.to_vec()));
            assert!(!polled.ended);
        }
        assert_eq!(lines, [b"now"]);
    }

    #[test]
    fn a_read_that_fails_is_told_and_ends_it() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let (lines, events) = follow(Broken);
        assert!(lines.is_empty());
        assert_eq!(events, [Event::Unreadable("gone".to_owned())]);
    }
}
