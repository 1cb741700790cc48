use std::io::Write;
use std::os::unix::fs::symlink;
use std::thread;

use tempfile::TempDir;

use super::*;

/// A followed log in a folder of its own, with what was seen of it.
struct Scene {
    folder: TempDir,
    tail: Tail,
    lines: Vec<String>,
    events: Vec<Event>,
}

impl Scene {
    fn new(content: &str, last_lines: usize) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("fw.log"), content).unwrap();
        Scene::of(folder, last_lines)
    }

    fn of(folder: TempDir, last_lines: usize) -> Scene {
        let tail = Tail::open(&folder.path().join("fw.log"), last_lines).unwrap();
        Scene { folder, tail, lines: Vec::new(), events: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, text: &str) {
        self.append_to("fw.log", text);
    }

    fn append_to(&self, name: &str, text: &str) {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Polls until there is nothing more; returns the lines and events since the last call.
    fn see(&mut self) -> (Vec<String>, Vec<Event>) {
        loop {
            let lines = &mut self.lines;
            let polled =
                self.tail.poll(&mut |line| lines.push(String::from_utf8_lossy(line.bytes).into_owned()));
            self.events.extend(polled.events);
            if !polled.more {
                return (std::mem::take(&mut self.lines), std::mem::take(&mut self.events));
            }
        }
    }

    fn sees(&mut self, lines: &[&str], events: &[Event]) {
        let (seen, happened) = self.see();
        assert_eq!(seen, lines);
        assert_eq!(happened, events);
    }
}

/// Long enough that a file created next is newer by the filesystem's clock, too.
fn a_moment() {
    thread::sleep(Duration::from_millis(50));
}

#[test]
fn what_is_appended_is_seen_and_what_was_there_is_not() {
    let mut scene = Scene::new("old\n", 0);
    scene.sees(&[], &[]);
    scene.append("one\ntwo\r\n");
    scene.sees(&["one", "two"], &[]);
    scene.append("\n");
    scene.sees(&[""], &[]);
}

#[test]
fn the_last_lines_come_first() {
    let text: String = (1..=30_000).map(|n| format!("line {n}\n")).collect();
    Scene::new(&text, 3).sees(&["line 29998", "line 29999", "line 30000"], &[]);
    let (lines, _) = Scene::new(&text, 20_000).see();
    assert_eq!((lines.len(), lines[0].as_str()), (20_000, "line 10001"));
    let (lines, _) = Scene::new(&text, 99_999).see();
    assert_eq!((lines.len(), lines[0].as_str()), (30_000, "line 1"));
    Scene::new("", 5).sees(&[], &[]);
}

#[test]
fn an_unfinished_last_line_waits_for_its_newline_and_is_then_whole() {
    for last_lines in [0, 1] {
        let mut scene = Scene::new("old\nhalf", last_lines);
        let (lines, _) = scene.see();
        assert_eq!(lines.len(), last_lines);
        scene.append(" and half");
        scene.sees(&[], &[]);
        scene.append("\nnext");
        scene.sees(&["half and half"], &[]);
        scene.append("\n");
        scene.sees(&["next"], &[]);
    }
}

#[test]
fn after_rename_and_create_the_old_file_is_read_to_its_end_first() {
    let mut scene = Scene::new("", 0);
    scene.append("a\n");
    scene.sees(&["a"], &[]);
    scene.append("b\n");
    scene.rename("fw.log", "fw.log.1");
    scene.append("c\n");
    scene.sees(&["b", "c"], &[Event::Rotated]);
    scene.append("d\n");
    scene.sees(&["d"], &[]);
}

#[test]
fn a_writer_that_still_has_the_old_file_is_heard() {
    let mut scene = Scene::new("", 0);
    scene.append("a\nun");
    scene.rename("fw.log", "fw.log.1");
    scene.append("c\n");
    scene.sees(&["a", "c"], &[Event::Rotated]);
    scene.append_to("fw.log.1", "finished\nlate\n");
    scene.append("d\n");
    scene.sees(&["unfinished", "late", "d"], &[]);
}

#[test]
fn an_old_file_is_let_go_after_a_while_with_its_unfinished_line() {
    let mut scene = Scene::new("", 0);
    scene.append("a\ncut");
    scene.rename("fw.log", "fw.log.1");
    scene.append("c\n");
    scene.sees(&["a", "c"], &[Event::Rotated]);
    scene.tail.retire = Duration::from_millis(10);
    a_moment();
    scene.sees(&["cut"], &[]);
    assert!(scene.tail.retired.is_empty());
}

#[test]
fn a_gap_between_rename_and_create_is_a_rotation_and_no_alarm() {
    let mut scene = Scene::new("", 0);
    scene.append("a\n");
    scene.rename("fw.log", "fw.log.1");
    scene.sees(&["a"], &[]);
    scene.append_to("fw.log.1", "b\n");
    scene.sees(&["b"], &[]);
    scene.append("c\n");
    scene.sees(&["c"], &[Event::Rotated]);
}

#[test]
fn two_rotations_between_two_looks_lose_nothing() {
    let mut scene = Scene::new("", 0);
    scene.append("a\n");
    scene.sees(&["a"], &[]);
    a_moment();
    scene.append("b\n");
    scene.rename("fw.log", "fw.log.1");
    scene.append("c\n");
    a_moment();
    scene.rename("fw.log.1", "fw.log.2");
    scene.rename("fw.log", "fw.log.1");
    scene.append("d\n");
    scene.sees(&["b", "c", "d"], &[Event::Rotated]);
    scene.sees(&[], &[]);
}

#[test]
fn three_rotations_by_date_lose_nothing_and_an_older_file_is_left_alone() {
    let mut scene = Scene::new("", 0);
    scene.append_to("fw.log-20260501", "ancient\n");
    a_moment();
    scene.append("a\n");
    scene.sees(&["a"], &[]);
    for (day, line) in [("02", "b"), ("03", "c"), ("04", "d")] {
        a_moment();
        scene.append(&format!("{line}\n"));
        scene.rename("fw.log", &format!("fw.log-202605{day}"));
    }
    scene.append("e\n");
    scene.sees(&["b", "c", "d", "e"], &[Event::Rotated]);
}

#[test]
fn a_file_that_is_moved_away_and_back_is_not_read_twice() {
    let mut scene = Scene::new("", 0);
    scene.append("a\n");
    scene.rename("fw.log", "kept");
    scene.append("b\n");
    scene.sees(&["a", "b"], &[Event::Rotated]);
    scene.rename("fw.log", "other");
    scene.rename("kept", "fw.log");
    scene.append("c\n");
    scene.sees(&["c"], &[Event::Rotated]);
}

#[test]
fn a_truncated_file_is_read_from_its_start() {
    let mut scene = Scene::new("", 0);
    scene.append("a long first line\n");
    scene.sees(&["a long first line"], &[]);
    fs::write(scene.path("fw.log"), "b\n").unwrap();
    scene.sees(&["b"], &[Event::Truncated]);
    scene.append("c\n");
    scene.sees(&["c"], &[]);
}

#[test]
fn new_content_that_is_longer_or_as_long_is_noticed() {
    let mut scene = Scene::new("", 0);
    scene.append("a\n");
    scene.sees(&["a"], &[]);
    fs::write(scene.path("fw.log"), "b\n").unwrap();
    scene.sees(&["b"], &[Event::Truncated]);
    fs::write(scene.path("fw.log"), "c and more\nd\n").unwrap();
    scene.sees(&["c and more", "d"], &[Event::Truncated]);
}

#[test]
fn what_only_the_copy_of_a_copytruncate_has_is_read_there() {
    let mut scene = Scene::new("", 0);
    scene.append("a\nb");
    scene.sees(&["a"], &[]);
    scene.append("b\nc\n");
    fs::copy(scene.path("fw.log"), scene.path("fw.log.1")).unwrap();
    fs::write(scene.path("fw.log"), "").unwrap();
    scene.append("d\n");
    scene.sees(&["bb", "c", "d"], &[Event::Truncated]);
}

#[test]
fn a_truncation_to_nothing_is_told_once() {
    let mut scene = Scene::new("", 0);
    scene.append("a\n");
    scene.sees(&["a"], &[]);
    fs::write(scene.path("fw.log"), "").unwrap();
    scene.sees(&[], &[Event::Truncated]);
    scene.sees(&[], &[]);
    scene.append("b\n");
    scene.sees(&["b"], &[]);
}

#[test]
fn a_deleted_log_is_told_after_a_while_and_read_anew_when_it_returns() {
    let mut scene = Scene::new("", 0);
    scene.append("a\n");
    scene.tail.grace = Duration::from_millis(20);
    fs::remove_file(scene.path("fw.log")).unwrap();
    scene.sees(&["a"], &[]);
    a_moment();
    scene.sees(&[], &[Event::Vanished]);
    scene.sees(&[], &[]);
    scene.append("b\n");
    scene.sees(&["b"], &[Event::Returned]);
    scene.append("c\n");
    scene.sees(&["c"], &[]);
}

#[test]
fn a_deleted_log_does_not_hold_its_space_for_ever() {
    let mut scene = Scene::new("", 0);
    scene.append("a\ncut");
    scene.tail.grace = Duration::from_millis(1);
    scene.tail.retire = Duration::from_millis(20);
    fs::remove_file(scene.path("fw.log")).unwrap();
    scene.sees(&["a"], &[]);
    a_moment();
    scene.sees(&["cut"], &[Event::Vanished]);
    assert!(scene.tail.current.is_none());
    scene.append("b\n");
    scene.sees(&["b"], &[Event::Returned]);
}

#[test]
fn a_log_that_is_not_there_yet_is_waited_for() {
    let mut scene = Scene::of(tempfile::tempdir().unwrap(), 0);
    scene.sees(&[], &[Event::Waiting]);
    scene.sees(&[], &[]);
    scene.append("a\n");
    scene.sees(&["a"], &[Event::Returned]);
}

#[test]
fn a_folder_that_is_not_there_yet_is_waited_for_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/fw.log");
    let mut tail = Tail::open(&path, 0).unwrap();
    assert_eq!(tail.poll(&mut |_| ()).events, [Event::Waiting]);
    fs::create_dir(folder.path().join("new")).unwrap();
    fs::write(&path, "a\n").unwrap();
    let mut lines = Vec::new();
    assert_eq!(tail.poll(&mut |line| lines.push(line.bytes.to_vec())).events, [Event::Returned]);
    assert_eq!(lines, [b"a"]);
}

#[test]
fn a_link_is_followed_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("monday"), "").unwrap();
    symlink(folder.path().join("monday"), folder.path().join("fw.log")).unwrap();
    let mut scene = Scene::of(folder, 0);
    scene.append_to("monday", "a\n");
    scene.sees(&["a"], &[]);
    scene.append_to("monday", "b\n");
    scene.append_to("tuesday", "c\n");
    fs::remove_file(scene.path("fw.log")).unwrap();
    symlink(scene.path("tuesday"), scene.path("fw.log")).unwrap();
    scene.sees(&["b", "c"], &[Event::Rotated]);
    scene.append_to("tuesday", "d\n");
    scene.sees(&["d"], &[]);
}

#[test]
fn a_name_that_becomes_a_folder_is_told_once_and_left_when_a_file_is_back() {
    let mut scene = Scene::new("", 0);
    fs::remove_file(scene.path("fw.log")).unwrap();
    fs::create_dir(scene.path("fw.log")).unwrap();
    scene.sees(&[], &[Event::Unreadable("it is a folder".to_owned())]);
    scene.sees(&[], &[]);
    fs::remove_dir(scene.path("fw.log")).unwrap();
    scene.append("a\n");
    scene.sees(&["a"], &[Event::Returned]);
}

#[test]
fn a_burst_of_a_hundred_thousand_lines_comes_whole_and_in_pieces() {
    let mut scene = Scene::new("", 0);
    let text: String = (0..100_000).map(|n| format!("line {n} {}\n", "x".repeat(200))).collect();
    scene.append(&text);
    let mut seen = 0;
    let first = scene.tail.poll(&mut |_| seen += 1);
    assert!(first.more && seen > 0 && seen < 100_000, "{seen}");
    let (lines, events) = scene.see();
    assert_eq!(seen + lines.len(), 100_000);
    assert!(lines.last().unwrap().starts_with("line 99999 "));
    assert!(events.is_empty());
}

#[test]
fn a_burst_across_a_rotation_keeps_its_order() {
    let mut scene = Scene::new("", 0);
    let burst =
        |from: u32, to: u32| (from..to).map(|n| format!("{n} {}\n", "x".repeat(100))).collect::<String>();
    scene.append(&burst(0, 30_000));
    scene.rename("fw.log", "fw.log.1");
    scene.append(&burst(30_000, 60_000));
    let (lines, events) = scene.see();
    let numbers: Vec<u32> = lines.iter().filter_map(|line| line.split(' ').next()?.parse().ok()).collect();
    assert!(numbers.iter().copied().eq(0..60_000), "{} lines", numbers.len());
    assert_eq!(events, [Event::Rotated]);
}

#[test]
fn a_line_without_end_takes_no_more_memory_than_the_cap() {
    let mut scene = Scene::new("", 0);
    for _ in 0..5 {
        scene.append(&"x".repeat(1 << 20));
        scene.sees(&[], &[]);
    }
    scene.append("\nnext\n");
    let (lines, _) = scene.see();
    assert_eq!((lines[0].len(), lines[1].as_str()), (super::super::splitter::LINE_CAP, "next"));
}

#[test]
fn what_cannot_be_followed_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Tail::open(folder.path(), 0), Err(OpenError::Directory { .. })));
    let packed = folder.path().join("fw.log");
    fs::write(&packed, b"\x1f\x8b\x08\0\0\0\0\0").unwrap();
    let error = Tail::open(&packed, 0).err().unwrap();
    assert!(matches!(error, OpenError::Compressed { format: Compression::Gzip, .. }), "{error}");
    let archive = folder.path().join("fw.tar");
    fs::write(&archive, [&[0; 257][..], b"ustar\x0000", &[0; 249]].concat()).unwrap();
    let error = Tail::open(&archive, 0).err().unwrap();
    assert!(matches!(error, OpenError::Archive { .. }), "{error}");
}
