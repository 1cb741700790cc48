//! Lines of packets on their way to standard output, for follow and scan.

use std::io;

use super::session::Session;
use crate::analysis::attacks::Alert;
use crate::config::{Color, Format, Settings};
use crate::netfilter::Packet;
use crate::report::console::Console;
use crate::report::line::{PacketLines, Style};
use crate::report::record;

/// Whether standard output is to be coloured.
pub fn colored(settings: &Settings, on_terminal: bool) -> bool {
    match settings.color {
        Color::Always => true,
        Color::Never => false,
        // https://no-color.org: set and not empty means no.
        Color::Auto => on_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// How wide the terminal at standard output is, in characters.
pub fn terminal_width() -> Option<usize> {
    let (terminal_size::Width(width), _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(width)).filter(|width| *width > 0)
}

/// Formats packets and holds the lines until they are written.
pub struct Show {
    lines: PacketLines,
    format: Format,
    held: Vec<u8>,
    on_terminal: bool,
    color: bool,
}

impl Show {
    /// As the settings and the kind of output say.
    pub fn new(session: &Session<'_, '_>) -> Show {
        let settings = session.settings;
        let on_terminal = session.console.out_is_terminal;
        let color = colored(settings, on_terminal);
        let style = Style {
            header: settings.header,
            counter: settings.counter,
            time: settings.time.then(|| session.clock.zone.clone()),
            color,
        };
        let (lines, format) = (PacketLines::new(style), settings.format);
        let mut show = Show { lines, format, held: Vec::new(), on_terminal, color };
        if format == Format::Csv && settings.header {
            record::csv_header(&mut show.held);
        }
        show.fit();
        show
    }

    /// Takes over the terminal's width, which may have changed.
    pub fn fit(&mut self) {
        if self.on_terminal
            && let Some(width) = terminal_width()
        {
            self.lines.fit(width);
        }
    }

    /// Adds a packet's line.
    pub fn packet(&mut self, count: u64, packet: &Packet<'_>, src: Option<&str>, dst: Option<&str>) {
        match self.format {
            Format::Json => record::json(&mut self.held, count, packet, src, dst),
            Format::Csv => record::csv(&mut self.held, count, packet, src, dst),
            // The command line refuses the others; a setting of the file is for reports.
            Format::Text | Format::Markdown | Format::Html => {
                self.lines.packet(&mut self.held, count, packet, src, dst);
            }
        }
    }

    /// Adds an attack that has just begun.
    pub fn alert(&mut self, alert: &Alert) {
        let (begin, end) = if self.color { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        self.held.extend_from_slice(format!("{begin}ATTACK: {alert}{end}\n").as_bytes());
    }

    /// Bytes that wait to be written.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Writes what waits, through to the reader.
    pub fn write(&mut self, console: &mut Console<'_>) -> io::Result<()> {
        if !self.held.is_empty() {
            console.out.write_all(&self.held)?;
            self.held.clear();
            console.out.flush()?;
        }
        Ok(())
    }
}
