//! How a log is compressed, detected from its first bytes and never from its name.

use std::fmt;
use std::io::{self, BufRead, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

/// How a log is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not compressed.
    Plain,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// The .xz file format 1.2.
    Xz,
    /// bzip2.
    Bzip2,
}

/// A pattern of leading bytes: each lies between the two given, inclusive.
type Magic = &'static [(u8, u8)];

const MAGICS: [(Compression, Magic); 6] = [
    // RFC 1952, 2.3.1: two fixed bytes and the only method defined, deflate.
    (Compression::Gzip, &[(0x1f, 0x1f), (0x8b, 0x8b), (8, 8)]),
    // RFC 8878, 3.1.1 and, for a log that begins with a skippable frame, 3.1.2.
    (Compression::Zstd, &[(0x28, 0x28), (0xb5, 0xb5), (0x2f, 0x2f), (0xfd, 0xfd)]),
    (Compression::Zstd, &[(0x50, 0x5f), (0x2a, 0x2a), (0x4d, 0x4d), (0x18, 0x18)]),
    (Compression::Xz, &[(0xfd, 0xfd), (b'7', b'7'), (b'z', b'z'), (b'X', b'X'), (b'Z', b'Z'), (0, 0)]),
    // The level, then the first digit of pi (a block) or of its square root (an empty stream).
    (Compression::Bzip2, &[(b'B', b'B'), (b'Z', b'Z'), (b'h', b'h'), (b'1', b'9'), (0x31, 0x31)]),
    (Compression::Bzip2, &[(b'B', b'B'), (b'Z', b'Z'), (b'h', b'h'), (b'1', b'9'), (0x17, 0x17)]),
];

/// Memory limit for decoding xz. `xz -9` needs 65 MiB; a log that wants more than this is more likely hostile than
/// well compressed.
const XZ_MEMORY: u64 = 512 << 20;

/// How many leading bytes show a file's format.
pub(super) const HEAD: usize = 512;

/// Whether a file begins as tar archives do (POSIX, pax, "ustar Interchange Format").
pub(super) fn is_archive(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// Whether a file begins with SQLite's magic header string (sqlite.org, "Database File Format", 1.3).
pub(super) fn is_database(head: &[u8]) -> bool {
    head.starts_with(b"SQLite format 3\0")
}

impl Compression {
    /// The format that the first bytes of a log indicate. Six bytes are enough; fewer are [`Compression::Plain`].
    pub fn of(head: &[u8]) -> Compression {
        let full = |magic: Magic| head.len() >= magic.len() && begins(head, magic);
        MAGICS.iter().find(|(_, magic)| full(magic)).map_or(Compression::Plain, |(format, _)| *format)
    }

    /// Whether more bytes could still make it a compressed log.
    pub(super) fn undecided(head: &[u8]) -> bool {
        MAGICS.iter().any(|(_, magic)| head.len() < magic.len() && begins(head, magic))
    }

    /// The command that tests a file of this format; none for plain text.
    pub fn tester(self) -> Option<&'static str> {
        match self {
            Compression::Plain => None,
            Compression::Gzip => Some("gzip -t"),
            Compression::Zstd => Some("zstd -t"),
            Compression::Xz => Some("xz -t"),
            Compression::Bzip2 => Some("bzip2 -t"),
        }
    }

    /// The uncompressed bytes of all concatenated members, frames or streams.
    pub(super) fn decoder<R>(self, raw: R) -> io::Result<Box<dyn Read + Send>>
    where
        R: BufRead + Send + 'static,
    {
        Ok(match self {
            Compression::Plain => Box::new(raw),
            Compression::Gzip => Box::new(MultiGzDecoder::new(raw)),
            Compression::Zstd => Box::new(zstd::Decoder::with_buffer(raw)?),
            Compression::Xz => {
                let stream = Stream::new_stream_decoder(XZ_MEMORY, CONCATENATED)?;
                Box::new(XzDecoder::new_stream(raw, stream))
            }
            Compression::Bzip2 => Box::new(MultiBzDecoder::new(raw)),
        })
    }
}

/// Whether the two agree as far as both go.
fn begins(head: &[u8], magic: Magic) -> bool {
    head.iter().zip(magic).all(|(byte, (low, high))| (low..=high).contains(&byte))
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::Plain => "plain",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Xz => "xz",
            Compression::Bzip2 => "bzip2",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_the_format() {
        assert_eq!(Compression::of(b"\x1f\x8b\x08\0\0\0"), Compression::Gzip);
        assert_eq!(Compression::of(b"\x28\xb5\x2f\xfd\x04\0"), Compression::Zstd);
        assert_eq!(Compression::of(b"\x5a\x2a\x4d\x18\x04\0"), Compression::Zstd);
        assert_eq!(Compression::of(b"\xfd7zXZ\0"), Compression::Xz);
        assert_eq!(Compression::of(b"BZh91AY"), Compression::Bzip2);
        assert_eq!(Compression::of(b"BZh9\x17r"), Compression::Bzip2);
    }

    #[test]
    fn text_is_plain_even_if_it_begins_alike() {
        assert_eq!(Compression::of(b""), Compression::Plain);
        assert_eq!(Compression::of(b"BZh9 is a host"), Compression::Plain);
        assert_eq!(Compression::of(b"\x1f\x8b"), Compression::Plain);
        assert_eq!(Compression::of(b"May  4 06:35:01 gw kernel: IPT: DROP"), Compression::Plain);
    }

    #[test]
    fn two_bytes_of_a_magic_are_undecided_and_a_letter_is_not() {
        assert!(Compression::undecided(b""));
        assert!(Compression::undecided(b"\x1f\x8b"));
        assert!(Compression::undecided(b"BZh"));
        assert!(!Compression::undecided(b"M"));
        assert!(!Compression::undecided(b"\x1f\x8b\x08"));
    }
}
