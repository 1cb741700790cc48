//! argv in, exit status out.

use std::io::{self, BufWriter, IsTerminal, Write};

use ipta::{Console, Exit};

fn main() {
    end(run())
}

fn run() -> Exit {
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout());
    let mut console = Console {
        in_is_terminal: io::stdin().is_terminal(),
        out_is_terminal: io::stdout().is_terminal(),
        err_is_terminal: io::stderr().is_terminal(),
        out: &mut out,
        err: &mut io::stderr(),
        quiet: false,
        notes: Vec::new(),
    };
    let exit = ipta::run(std::env::args_os().skip(1), &mut console);
    match out.flush() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe && exit == Exit::Done => Exit::Failed,
        _ => exit,
    }
}

fn end(exit: Exit) -> ! {
    exit.end()
}
