use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::path::PathBuf;

use super::*;

fn lines_of(bytes: &[u8]) -> Lines {
    Lines::new(Log::stream("test".to_owned(), Cursor::new(bytes.to_vec())).unwrap())
}

/// Each line as (text, end, complete).
fn all(mut lines: Lines) -> Vec<(String, u64, bool)> {
    let mut all = Vec::new();
    while let Some(line) = lines.next().unwrap() {
        all.push((String::from_utf8_lossy(line.bytes).into_owned(), line.end, line.complete));
    }
    all
}

fn owned(expected: &[(&str, u64, bool)]) -> Vec<(String, u64, bool)> {
    expected.iter().map(|(text, end, complete)| ((*text).to_owned(), *end, *complete)).collect()
}

#[test]
fn a_line_knows_where_it_ends_and_whether_it_is_whole() {
    let expected = [("one", 4, true), ("", 5, true), ("two", 10, true), ("rest", 14, false)];
    assert_eq!(all(lines_of(b"one\n\ntwo\r\nrest")), owned(&expected));
}

#[test]
fn only_one_carriage_return_goes() {
    assert_eq!(all(lines_of(b"a\r\r\n\rb\n")), owned(&[("a\r", 4, true), ("\rb", 7, true)]));
}

#[test]
fn lines_are_the_same_however_the_bytes_come() {
    struct Drip(Vec<u8>, usize, usize);
    impl Read for Drip {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let part = self.1.min(buf.len()).min(self.0.len() - self.2);
            buf[..part].copy_from_slice(&self.0[self.2..self.2 + part]);
            self.2 += part;
            Ok(part)
        }
    }
    let text: String = (0..2000).map(|n| format!("{n} {}\n", "x".repeat(n * 7 % 400))).collect();
    let expected = all(lines_of(text.as_bytes()));
    for step in [1, 7, 4096, 300_000] {
        let drip = Drip(text.clone().into_bytes(), step, 0);
        let log = Log::stream("test".to_owned(), drip).unwrap();
        assert!(all(Lines::new(log)) == expected, "{step}");
    }
    let joined: String = expected.iter().map(|(line, ..)| format!("{line}\n")).collect();
    assert!(joined == text);
}

#[test]
fn a_line_at_the_cap_is_whole_and_one_byte_more_is_too_long() {
    for (length, too_long) in [(LINE_CAP, false), (LINE_CAP + 1, true), (5 * LINE_CAP, true)] {
        let mut text = b"first\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', length));
        text.extend_from_slice(b"\nnext\n");
        let mut lines = lines_of(&text);
        assert_eq!(lines.next().unwrap().unwrap().bytes, b"first");
        let line = lines.next().unwrap().unwrap();
        assert_eq!((line.too_long, line.complete), (too_long, true), "{length}");
        assert_eq!(line.bytes.len(), length.min(LINE_CAP));
        assert_eq!(line.end, 6 + length as u64 + 1);
        assert!(lines.before() == &text[6 + length + 1 - TAIL..6 + length + 1], "{length}");
        let next = lines.next().unwrap().unwrap();
        assert_eq!((next.bytes, next.end), (&b"next"[..], text.len() as u64));
        assert!(lines.next().unwrap().is_none());
    }
}

#[test]
fn a_log_without_any_newline_takes_no_more_memory_than_the_cap() {
    let endless = io::repeat(0).take(64 << 20);
    let mut lines = Lines::new(Log::stream("test".to_owned(), endless).unwrap());
    let line = lines.next().unwrap().unwrap();
    assert_eq!((line.end, line.complete, line.too_long), (64 << 20, false, true));
    assert_eq!(line.bytes.len(), LINE_CAP);
    assert!(lines.buf.len() <= MOST);
    assert!(lines.next().unwrap().is_none());
}

#[test]
fn the_bytes_before_the_offset_are_at_hand_after_every_line() {
    let text: String = (0..40_000).map(|n| format!("line {n}\r\n")).collect();
    let mut lines = lines_of(text.as_bytes());
    while let Some(line) = lines.next().unwrap() {
        let end = line.end as usize;
        assert_eq!(lines.before(), &text.as_bytes()[end.saturating_sub(TAIL)..end]);
        assert_eq!(lines.offset(), end as u64);
    }
    assert_eq!(lines.offset(), text.len() as u64);
}

/// The same text plain and packed, each opened as a file.
fn plain_and_packed(text: &[u8]) -> (tempfile::TempDir, [PathBuf; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["plain", "packed"].map(|name| folder.path().join(name));
    fs::write(&paths[0], text).unwrap();
    let mut encoder =
        flate2::write::GzEncoder::new(fs::File::create(&paths[1]).unwrap(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap();
    (folder, paths)
}

#[test]
fn reading_goes_on_where_it_stopped_with_the_bytes_before_at_hand() {
    let text: String = (0..60_000).map(|n| format!("line {n}\n")).collect();
    let (_folder, paths) = plain_and_packed(text.as_bytes());
    for path in paths {
        let mut lines = Lines::new(Log::open(&path).unwrap());
        for at in [0, 7, 300, 5000, 5100, 400_000] {
            assert_eq!(lines.skip_to(at).unwrap(), at);
            let end = at as usize;
            assert_eq!(lines.before(), &text.as_bytes()[end.saturating_sub(TAIL)..end], "{at}");
        }
        assert_eq!(lines.skip_to(100).unwrap(), 400_000, "never back");
        let rest: String = all(lines).iter().map(|(line, ..)| format!("{line}\n")).collect();
        assert!(rest == text[400_000..]);
    }
}

#[test]
fn going_on_behind_the_end_tells_how_long_the_log_is() {
    let (_folder, paths) = plain_and_packed(b"one\ntwo\n");
    for path in paths {
        let mut lines = Lines::new(Log::open(&path).unwrap());
        assert_eq!(lines.skip_to(1 << 40).unwrap(), 8);
        assert!(lines.next().unwrap().is_none());
    }
}

#[test]
fn a_fault_comes_after_all_whole_lines_and_without_the_piece() {
    struct Faulty;
    impl Read for Faulty {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::from_raw_os_error(libc::EIO))
        }
    }
    let source = Cursor::new(b"one\ntwo\npie".to_vec()).chain(Faulty);
    let mut lines = Lines::new(Log::stream("disk".to_owned(), source).unwrap());
    assert_eq!(lines.next().unwrap().unwrap().bytes, b"one");
    assert_eq!(lines.next().unwrap().unwrap().bytes, b"two");
    let error = lines.next().unwrap_err();
    assert!(matches!(&error, ReadError::Io { name, .. } if name == "disk"), "{error}");
    assert_eq!(error.good(), 11);
    assert!(lines.next().unwrap().is_none());
    assert_eq!(lines.offset(), 8);
}
