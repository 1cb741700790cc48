use std::fs;
use std::io::Write;

use tempfile::TempDir;

use super::super::lines::Lines;
use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 6);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

type Packer = fn(&[u8]) -> Vec<u8>;

const PACKERS: [(Compression, Packer); 4] = [
    (Compression::Gzip, gzip),
    (Compression::Zstd, zstd),
    (Compression::Xz, xz),
    (Compression::Bzip2, bzip2),
];

/// A folder with one file, whose name gives nothing away.
fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("iptables.log");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// Lines that do not compress too well.
fn text(lines: u32) -> Vec<u8> {
    let line = |n: u32| format!("line {n} {:08x}\n", n.wrapping_mul(2_654_435_761));
    (0..lines).map(line).collect::<String>().into_bytes()
}

/// All lines up to the end or an error, with a newline each, and the error.
fn read_all(mut lines: Lines) -> (Vec<u8>, Option<ReadError>) {
    let mut all = Vec::new();
    loop {
        match lines.next() {
            Ok(Some(line)) => {
                all.extend_from_slice(line.bytes);
                all.push(b'\n');
            }
            Ok(None) => return (all, None),
            Err(error) => {
                assert!(matches!(lines.next(), Ok(None)), "nothing comes after an error");
                return (all, Some(error));
            }
        }
    }
}

#[test]
fn every_format_is_read_whole_over_its_joints() {
    let (first, second) = (text(30_000), text(7));
    for (format, pack) in PACKERS {
        let (_folder, path) = file(&[pack(&first), pack(&second)].concat());
        let mut log = Log::open(&path).unwrap();
        log.check().unwrap();
        assert_eq!(log.format(), format);
        assert!(!log.is_plain());
        let (progress, raw) = (log.progress(), log.raw_len().unwrap());
        let (read, error) = read_all(Lines::new(log));
        assert!(error.is_none(), "{format}: {error:?}");
        assert!(read == [&first[..], &second].concat(), "{format}");
        assert_eq!(progress.load(Ordering::Relaxed), raw, "{format}");
    }
}

#[test]
fn a_stream_is_read_like_a_file() {
    let expected = text(1000);
    for (format, pack) in PACKERS {
        let log = Log::stream("standard input".to_owned(), Cursor::new(pack(&expected))).unwrap();
        assert_eq!(log.format(), format);
        assert!(read_all(Lines::new(log)).0 == expected, "{format}");
    }
    let log = Log::stream("standard input".to_owned(), Cursor::new(b"BZ\n".to_vec())).unwrap();
    assert_eq!(log.format(), Compression::Plain);
    assert_eq!(read_all(Lines::new(log)).0, b"BZ\n");
}

#[test]
fn telling_the_format_of_a_pipe_waits_for_no_more_than_it_needs() {
    let (reader, mut writer) = io::pipe().unwrap();
    writer.write_all(b"M").unwrap();
    let log = Log::stream("standard input".to_owned(), reader).unwrap();
    assert_eq!(log.format(), Compression::Plain);
    drop(writer);
    assert_eq!(read_all(Lines::new(log)).0, b"M\n");
}

#[test]
fn a_cut_file_gives_its_lines_and_then_says_how_many_bytes_were_good() {
    let expected = text(60_000);
    for (format, pack) in PACKERS {
        let packed = pack(&expected);
        let (_folder, path) = file(&packed[..packed.len() * 3 / 4]);
        let (read, error) = read_all(Lines::new(Log::open(&path).unwrap()));
        let Some(ReadError::Damaged { good, format: named, .. }) = &error else {
            panic!("{format}: {error:?}")
        };
        assert_eq!(*named, format);
        assert!(expected.starts_with(&read), "{format}");
        let piece = *good - read.len() as u64;
        assert!(piece < 64, "{format}: {piece} good bytes are in no line");
        // bzip2 yields only whole blocks of 900 kB. The later lines compress far better than the first.
        let least = if format == Compression::Bzip2 { 0 } else { expected.len() / 4 };
        assert!(read.len() >= least, "{format}: {} of {}", read.len(), expected.len());
    }
}

#[test]
fn damage_in_the_middle_loses_at_most_a_slice_before_it() {
    let good = text(40_000);
    let mut packed = gzip(&good);
    let joint = packed.len();
    // The second member has a header and then an impossible block type.
    packed.extend_from_slice(&gzip(b"more\n"));
    packed[joint + 10] = 0xff;
    let (_folder, path) = file(&packed);
    let (read, error) = read_all(Lines::new(Log::open(&path).unwrap()));
    assert!(good.starts_with(&read));
    assert!(good.len() - read.len() <= SLICE, "{} of {}", read.len(), good.len());
    let message = error.unwrap().to_string();
    assert!(message.contains("iptables.log: damaged gzip data after "), "{message}");
    assert!(message.ends_with("test it with gzip -t"), "{message}");
}

#[test]
fn a_file_that_is_damaged_from_the_start_fails_its_check() {
    let (_folder, path) = file(&gzip(b"hello\n")[..12]);
    let error = Log::open(&path).unwrap().check().unwrap_err();
    assert!(matches!(&error, OpenError::Read(ReadError::Damaged { good, .. }) if *good < 6), "{error:?}");
}

#[test]
fn what_check_and_peek_saw_is_read_again_in_its_place() {
    let expected = text(2000);
    for packed in [expected.clone(), gzip(&expected)] {
        let (_folder, path) = file(&packed);
        let mut log = Log::open(&path).unwrap();
        log.check().unwrap();
        assert_eq!(log.peek(10).unwrap(), &expected[..10]);
        assert_eq!(log.peek(20_000).unwrap(), &expected[..20_000]);
        assert_eq!(log.offset(), 0);
        let mut three = [0; 3];
        assert_eq!(log.read(&mut three).unwrap(), 3);
        assert_eq!(log.peek(4).unwrap(), &expected[3..7]);
        assert!(log.peek(1 << 20).unwrap() == &expected[3..]);
        assert!(read_all(Lines::new(log)).0 == expected[3..]);
    }
}

#[test]
fn an_empty_file_is_an_empty_log() {
    let (_folder, path) = file(b"");
    let mut log = Log::open(&path).unwrap();
    log.check().unwrap();
    assert!(log.is_plain());
    assert_eq!(log.peek(10).unwrap(), b"");
    let (read, error) = read_all(Lines::new(log));
    assert!(read.is_empty() && error.is_none());
}

#[test]
fn a_file_that_shrinks_while_it_is_read_is_said() {
    let expected = text(60_000);
    let (_folder, path) = file(&expected);
    let mut lines = Lines::new(Log::open(&path).unwrap());
    assert!(lines.next().unwrap().is_some());
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(100).unwrap();
    let (read, error) = read_all(lines);
    assert!(matches!(&error, Some(ReadError::Shrunk { now: 100, good, .. }) if *good >= read.len() as u64));
}

#[test]
fn a_file_that_vanishes_while_it_is_read_is_read_to_its_end() {
    let expected = text(60_000);
    let (_folder, path) = file(&expected);
    let lines = Lines::new(Log::open(&path).unwrap());
    fs::remove_file(&path).unwrap();
    let (read, error) = read_all(lines);
    assert!(read == expected && error.is_none());
}

#[test]
fn a_missing_file_names_the_nearest_one() {
    let (folder, path) = file(b"");
    let error = Log::open(&folder.path().join("iptable.log")).err().unwrap().to_string();
    assert!(error.ends_with(&format!("no such file; did you mean {}?", path.display())), "{error}");
    let error = Log::open(&folder.path().join("none/x.log")).err().unwrap();
    assert!(matches!(error, OpenError::NoFolder { .. }), "{error:?}");
    let error = Log::open(&folder.path().join("auth")).err().unwrap();
    assert!(matches!(error, OpenError::NotFound { alike: None, .. }), "{error:?}");
}

#[test]
fn a_folder_is_no_log() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Log::open(folder.path()), Err(OpenError::Directory { .. })));
}

#[test]
fn a_device_is_a_stream() {
    let mut log = Log::open(Path::new("/dev/null")).unwrap();
    log.check().unwrap();
    assert!(!log.is_plain());
    assert_eq!(log.modified(), None);
}

#[test]
fn a_plain_file_can_be_read_at_any_place() {
    let (_folder, path) = file(b"0123456789");
    let log = Log::open(&path).unwrap();
    let mut four = [0; 4];
    assert_eq!(log.read_at(&mut four, 3).unwrap().unwrap(), 4);
    assert_eq!(&four, b"3456");
    assert_eq!(log.read_at(&mut four, 8).unwrap().unwrap(), 2);
    assert_eq!(log.read_at(&mut four, u64::MAX).unwrap().unwrap_or(0), 0);
    assert_eq!(log.len_now(), Some(10));
}

#[test]
fn skipping_stops_at_the_end_of_a_shorter_log() {
    let expected = text(5000);
    for packed in [expected.clone(), gzip(&expected)] {
        let (_folder, path) = file(&packed);
        let mut log = Log::open(&path).unwrap();
        assert_eq!(log.skip_to(50_000).unwrap(), 50_000);
        let mut ten = [0; 10];
        log.read(&mut ten).unwrap();
        assert_eq!(ten, expected[50_000..50_010]);
        assert_eq!(log.skip_to(1 << 40).unwrap(), expected.len() as u64);
    }
}

#[test]
fn programs_and_packed_data_look_binary_and_logs_do_not() {
    assert_eq!(looks_binary(&fs::read(std::env::current_exe().unwrap()).unwrap()), Some(Binary::Other));
    assert_eq!(looks_binary(&xz(&text(5000))), Some(Binary::Other));
    assert_eq!(looks_binary(&[0; 100]), Some(Binary::Other));
    assert_eq!(looks_binary(&[&b"LPKSHHRH"[..], &[0; 100]].concat()), Some(Binary::Journal));
    assert_eq!(looks_binary(b"\xff\xfeM\0a\0y\0"), Some(Binary::Utf16));
    assert_eq!(looks_binary(b""), None);
    assert_eq!(looks_binary(&text(100)), None);
    assert_eq!(looks_binary("M\u{e4}rz \x1b[31mrot\x1b[0m\tEnde\r\n".as_bytes()), None);
    assert_eq!(looks_binary(b"M\xe4rz 4 06:35:01 gw kernel: \xdcberlauf\n"), None);
}
