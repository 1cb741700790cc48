//! From lines to packets: the one place where a log line goes to the parser.

use crate::input::{Lines, NewLine, ReadError};
use crate::netfilter::{Packet, Reader};

/// What was read.
pub enum LineRead {
    /// A line; where the next one begins, in uncompressed bytes.
    Line(u64),
    /// An incomplete last line, left for the next run.
    Unfinished,
    /// The end of the log.
    End,
}

/// Passes on the packets of a log's next line. With `may_grow` an incomplete last line is only counted.
pub fn next_line(
    lines: &mut Lines,
    reader: &mut Reader<'_>,
    may_grow: bool,
    each: impl FnMut(&Packet<'_>),
) -> Result<LineRead, ReadError> {
    let Some(line) = lines.next()? else { return Ok(LineRead::End) };
    if may_grow && !line.complete {
        reader.unfinished();
        return Ok(LineRead::Unfinished);
    }
    new_line(NewLine { bytes: line.bytes, too_long: line.too_long }, reader, each);
    Ok(LineRead::Line(line.end))
}

/// Passes on the packets of a line appended to a log.
pub fn new_line(line: NewLine<'_>, reader: &mut Reader<'_>, each: impl FnMut(&Packet<'_>)) {
    match line.too_long {
        true => reader.too_long(line.bytes),
        false => reader.read(line.bytes, each),
    }
}
