//! The running program as an administrator sees it: lines with their arrival times, a growing log, signals,
//! and a network with its own name server.

pub mod nameserver;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything that must happen may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A packet in the kernel's log from one address to another; the source port identifies it.
pub fn packet(action: &str, src: &str, dst: &str, port: u32) -> String {
    format!(
        "May  4 06:35:12 zathras kernel: [ 1234.567890] IPT: {action} IN=eth0 OUT= \
         MAC=00:16:3e:aa:bb:cc:00:16:3e:dd:ee:ff:08:00 SRC={src} DST={dst} LEN=60 TOS=0x00 PREC=0x00 \
         TTL=52 ID=4711 DF PROTO=TCP SPT={port} DPT=15003 WINDOW=14600 RES=0x00 SYN URGP=0 \n"
    )
}

/// The same, where the addresses do not matter.
pub fn drop_from_port(port: u32) -> String {
    packet("DROP", "192.0.2.7", "198.51.100.1", port)
}

/// A line the program wrote, and when it arrived.
#[derive(Debug)]
pub struct Line {
    pub text: String,
    pub at: Instant,
}

impl Line {
    /// The source port, by which tests identify packets; none for headers.
    pub fn port(&self) -> Option<u32> {
        port(&self.text)
    }
}

/// The source port of a line in a pipe's columns, counter included.
pub fn port(line: &str) -> Option<u32> {
    let mut words = line.split_ascii_whitespace();
    words.next()?.parse::<u64>().ok()?;
    words.nth(2)?.parse().ok()
}

/// A program running on its own, ended with the test.
pub struct Running {
    child: Child,
    pub stdin: Option<ChildStdin>,
    out: Receiver<Line>,
    err: Receiver<Line>,
}

impl Running {
    pub fn start(mut command: Command) -> Running {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("start {}: {error}", command.get_program().display()));
        let out = lines_of(child.stdout.take().expect("a pipe"));
        let err = lines_of(child.stderr.take().expect("a pipe"));
        Running { stdin: child.stdin.take(), child, out, err }
    }

    /// The next line on standard output.
    pub fn line(&self) -> Line {
        match self.out.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(_) => panic!("no line came; on stderr: {:?}", self.said()),
        }
    }

    /// The next lines with a packet; headers are skipped.
    pub fn packets(&self, count: usize) -> Vec<Line> {
        let lines = std::iter::repeat_with(|| self.line());
        lines.filter(|line| line.port().is_some()).take(count).collect()
    }

    /// The source ports of the next packets.
    pub fn ports(&self, count: usize) -> Vec<u32> {
        self.packets(count).iter().filter_map(Line::port).collect()
    }

    /// Nothing more is written for this long.
    pub fn is_silent(&self, time: Duration) {
        match self.out.recv_timeout(time) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(line) => panic!("a line too many: {:?}", line.text),
            Err(RecvTimeoutError::Disconnected) => panic!("it ended; on stderr: {:?}", self.said()),
        }
    }

    /// Waits for a line on standard error that contains these words, and returns it.
    pub fn until_said(&self, words: &str) -> String {
        let limit = Instant::now() + PATIENCE;
        loop {
            match self.err.recv_timeout(limit.saturating_duration_since(Instant::now())) {
                Ok(line) if line.text.contains(words) => return line.text,
                Ok(_) => {}
                Err(_) => panic!("never said {words:?}"),
            }
        }
    }

    /// What was said so far and not yet taken.
    pub fn said(&self) -> Vec<String> {
        self.err.try_iter().map(|line| line.text).collect()
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -s {name} {pid}");
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for it to end.
    pub fn end(&mut self) -> ExitStatus {
        let limit = Instant::now() + PATIENCE;
        while Instant::now() < limit {
            if let Some(status) = self.child.try_wait().expect("wait for it") {
                return status;
            }
            thread::sleep(Duration::from_millis(2));
        }
        panic!("it does not end; on stderr: {:?}", self.said());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<Line> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        let mut pipe = BufReader::with_capacity(1 << 16, pipe);
        let mut bytes = Vec::new();
        while pipe.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
            let at = Instant::now();
            let text = String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned();
            bytes.clear();
            if sender.send(Line { text, at }).is_err() {
                return;
            }
        }
    });
    lines
}

/// The number of the signal that ended a process.
pub fn signal_of(status: ExitStatus) -> Option<i32> {
    status.signal()
}

/// Processor time a process has used so far.
pub fn processor_time(pid: u32) -> Duration {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).expect("its stat");
    // proc(5): the name ends with the last parenthesis; utime and stime are fields 14 and 15, in hundredths
    // of a second on Linux.
    let (_, fields) = stat.rsplit_once(") ").expect("a name");
    let fields: Vec<u64> = fields.split(' ').filter_map(|field| field.parse().ok()).collect();
    Duration::from_millis(10 * (fields[10] + fields[11]))
}
