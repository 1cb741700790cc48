//! Packet lines on their way to standard output, for follow and scan.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use super::session::Session;
use super::{Misused, settings};
use crate::analysis::attacks::Alert;
use crate::analysis::{Origin, Origins};
use crate::config::{Color, Format, Settings};
use crate::netfilter::Packet;
use crate::report::console::Console;
use crate::report::line::{PacketLines, PacketNames, Style};
use crate::report::record;

/// Whether to color standard output.
pub fn colored(settings: &Settings, on_terminal: bool) -> bool {
    match settings.color {
        Color::Always => true,
        Color::Never => false,
        // https://no-color.org: set and not empty means no.
        Color::Auto => on_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// The width of the terminal on standard output, in characters.
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
    /// Locates addresses, if that is shown.
    origins: Option<Arc<dyn Origins>>,
    /// The source looked up last, so that one that floods is looked up once.
    last: Option<(IpAddr, Origin)>,
}

impl Show {
    /// Follows the settings and the kind of output.
    pub fn new(session: &Session<'_, '_>) -> anyhow::Result<Show> {
        let settings = session.settings;
        let origins = match settings.geo {
            true => settings::origins(settings)?,
            false => None,
        };
        if settings.geo && origins.is_none() {
            return Err(Misused(
                "--geo needs a database that maps addresses to countries; name one: --geoip-database FILE.mmdb"
                    .to_owned(),
            )
            .into());
        }
        let on_terminal = session.console.out_is_terminal;
        let color = colored(settings, on_terminal);
        let style = Style {
            header: settings.header,
            counter: settings.counter,
            time: settings.time.then(|| session.clock.zone.clone()),
            color,
            geo: settings.geo,
        };
        let (lines, format) = (PacketLines::new(style), settings.format);
        let mut show = Show { lines, format, held: Vec::new(), on_terminal, color, origins, last: None };
        if format == Format::Csv && settings.header {
            record::csv_header(&mut show.held, settings.geo);
        }
        show.fit();
        Ok(show)
    }

    /// Adapts to the terminal's width, which may have changed.
    pub fn fit(&mut self) {
        if self.on_terminal
            && let Some(width) = terminal_width()
        {
            self.lines.fit(width);
        }
    }

    /// Adds a packet's line.
    pub fn packet(&mut self, count: u64, packet: &Packet<'_>, src: Option<&str>, dst: Option<&str>) {
        let names = PacketNames { src, dst, origin: self.origin(packet.src) };
        match self.format {
            Format::Json => record::json(&mut self.held, count, packet, &names),
            Format::Csv => record::csv(&mut self.held, count, packet, &names),
            // The command line rejects the others; in the file, the setting is for reports.
            Format::Text | Format::Markdown | Format::Html | Format::Nft | Format::Ipset | Format::Cidr => {
                self.lines.packet(&mut self.held, count, packet, &names);
            }
        }
    }

    /// Where a source is; none if not wanted.
    fn origin(&mut self, address: Option<IpAddr>) -> Option<Origin> {
        let origins = self.origins.as_ref()?;
        let Some(address) = address else {
            return Some(Origin::default());
        };
        if let Some((_, origin)) = self.last.as_ref().filter(|(last, _)| *last == address) {
            return Some(origin.clone());
        }
        let origin = origins.of(address);
        self.last = Some((address, origin.clone()));
        Some(origin)
    }

    /// Adds an attack that has just begun.
    pub fn alert(&mut self, alert: &Alert) {
        let (begin, end) = if self.color { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        self.held.extend_from_slice(format!("{begin}ATTACK: {alert}{end}\n").as_bytes());
    }

    /// Bytes waiting to be written.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Writes and flushes what is waiting.
    pub fn write(&mut self, console: &mut Console<'_>) -> io::Result<()> {
        if !self.held.is_empty() {
            console.out.write_all(&self.held)?;
            self.held.clear();
            console.out.flush()?;
        }
        Ok(())
    }
}
