//! Searches and compares text eight bytes at a time in a register. A log's words are short, so this beats a search
//! built for long texts.

/// Up to eight bytes, first byte lowest, padded with 0.
#[derive(Clone, Copy)]
pub struct Eight(u64);

/// The multiplier that copies a byte into all eight lanes.
const EACH: u64 = 0x0101_0101_0101_0101;

impl Eight {
    /// The bytes of a text from `at` on.
    #[inline]
    pub fn at(text: &[u8], at: usize) -> Eight {
        if let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk) {
            return Eight(u64::from_le_bytes(*eight));
        }
        // Near the end: the text's last eight bytes, minus those before `at`.
        match text.last_chunk() {
            Some(eight) if at < text.len() => {
                Eight(u64::from_le_bytes(*eight) >> (8 * (at + 8 - text.len())))
            }
            _ => Eight(number(text.get(at..).unwrap_or_default())),
        }
    }

    /// A word of at most eight bytes as a number. No word contains a blank, so the blank appended here distinguishes
    /// it from a longer word, even one that continues with zero bytes.
    pub const fn of(word: &[u8]) -> u64 {
        number(word) | blank(word.len())
    }

    /// The position of the first such byte.
    #[inline]
    pub fn find(self, byte: u8) -> Option<usize> {
        // Zero where the byte matches; below, the lowest zero byte keeps its top bit.
        let differs = self.0 ^ (EACH * u64::from(byte));
        let found = differs.wrapping_sub(EACH) & !differs & (EACH << 7);
        (found != 0).then(|| found.trailing_zeros() as usize / 8)
    }

    /// The first `count` bytes as a number, comparable with [`Eight::of`].
    #[inline]
    pub fn first(self, count: usize) -> u64 {
        match count {
            8.. => self.0,
            _ => self.0 & !(u64::MAX << (8 * count)) | blank(count),
        }
    }
}

/// At most eight bytes as a number, first byte lowest.
const fn number(bytes: &[u8]) -> u64 {
    let (mut number, mut n) = (0, bytes.len());
    while n > 0 {
        n -= 1;
        number = number << 8 | bytes[n] as u64;
    }
    number
}

/// A blank after `count` bytes, if there is room for one.
const fn blank(count: usize) -> u64 {
    if count < 8 { (b' ' as u64) << (8 * count) } else { 0 }
}

/// The position of the first such byte in a text from `at` on; the text's length if there is none.
#[inline]
pub fn find(text: &[u8], at: usize, byte: u8) -> usize {
    let mut begin = at;
    while begin < text.len() {
        if let Some(n) = Eight::at(text, begin).find(byte) {
            return begin + n;
        }
        begin += 8;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_found_where_it_comes_first() {
        let text = b"SRC=192.0.2.7 DST=198.51.100.9 =";
        for at in 0..=text.len() + 3 {
            for byte in [b' ', b'=', b'S', b'9', b'x'] {
                let rest = text.get(at..).unwrap_or_default();
                let expected = rest.iter().position(|b| *b == byte).map_or(text.len(), |n| at + n);
                assert_eq!(find(text, at, byte), expected, "{at} {}", char::from(byte));
            }
        }
    }

    #[test]
    fn the_first_bytes_of_a_text_are_the_number_of_the_word() {
        let text = b"HOPLIMIT=64";
        for count in 0..=8 {
            assert_eq!(Eight::at(text, 0).first(count), Eight::of(&text[..count]));
        }
        assert_eq!(Eight::at(text, 9).first(2), Eight::of(b"64"));
        assert_eq!(Eight::at(text, 20).first(8), 0);
        assert_ne!(Eight::at(b"SYN\0", 0).first(4), Eight::of(b"SYN"));
    }
}
