//! Long answers go through the user's pager.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};

/// Writes an answer to the terminal or, once it is longer than the screen, to `$PAGER`.
pub struct Paged<'o> {
    out: &'o mut dyn Write,
    /// Lines that fit on the screen.
    room: usize,
    /// Output so far, while it may still fit.
    held: Vec<u8>,
    lines: usize,
    state: State,
}

enum State {
    /// The answer may still fit the screen.
    Short,
    /// There is no pager.
    Straight,
    Running(Child),
}

impl<'o> Paged<'o> {
    /// `screen` is the terminal's height in lines; without it there is no pager.
    pub fn new(out: &'o mut dyn Write, screen: Option<usize>) -> Paged<'o> {
        let state = if screen.is_some() { State::Short } else { State::Straight };
        // The prompt and the timing line need room, too.
        let room = screen.unwrap_or(0).saturating_sub(3);
        Paged { out, room, held: Vec::new(), lines: 0, state }
    }

    /// Starts the pager and hands it the output held back.
    fn start(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        match pager() {
            Some(mut child) => {
                let written = child.stdin.as_mut().map_or(Ok(()), |pipe| pipe.write_all(&held));
                self.state = State::Running(child);
                written
            }
            None => {
                self.state = State::Straight;
                self.out.write_all(&held)
            }
        }
    }

    /// Ends the answer: waits until the user quits the pager.
    pub fn finish(mut self) -> io::Result<()> {
        match &mut self.state {
            State::Short => self.out.write_all(&self.held)?,
            State::Straight => {}
            State::Running(child) => {
                drop(child.stdin.take());
                child.wait()?;
            }
        }
        self.out.flush()
    }
}

impl Write for Paged<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.state {
            State::Straight => self.out.write(bytes),
            State::Running(child) => match &mut child.stdin {
                Some(pipe) => pipe.write(bytes),
                None => Err(io::ErrorKind::BrokenPipe.into()),
            },
            State::Short => {
                self.held.extend_from_slice(bytes);
                self.lines += bytes.iter().filter(|byte| **byte == b'\n').count();
                if self.lines > self.room {
                    self.start()?;
                }
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Short => Ok(()),
            State::Straight => self.out.flush(),
            State::Running(child) => child.stdin.as_mut().map_or(Ok(()), Write::flush),
        }
    }
}

/// The user's pager, or `less`; none if it does not start. `PAGER` may contain options; empty or `cat`
/// means none.
fn pager() -> Option<Child> {
    let wanted = std::env::var("PAGER").unwrap_or_else(|_| "less -S".to_owned());
    let words = shlex::split(&wanted)?;
    let (program, options) = words.split_first().filter(|(program, _)| *program != "cat")?;
    let mut command = Command::new(program);
    command.args(options).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", "-FRX");
    }
    command.spawn().ok()
}
