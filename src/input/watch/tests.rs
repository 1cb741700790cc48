use std::io::Write;
use std::thread;

use super::*;

/// Waits for the alarm to ring; returns how long it took.
fn rings(alarm: &mut Alarm, limit: Duration) -> Option<Duration> {
    let begin = Instant::now();
    while begin.elapsed() < limit {
        if alarm.wait(limit - begin.elapsed()) {
            return Some(begin.elapsed());
        }
    }
    None
}

/// Consumes the calls that setting it up made.
fn settle(alarm: &mut Alarm) {
    while alarm.wait(Duration::from_millis(50)) {}
}

fn append(path: &Path, text: &str) {
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn an_append_rings_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "one\n");
    let mut alarm = Alarm::for_file(&path);
    settle(&mut alarm);
    assert!(alarm.is_watching());
    append(&path, "two\n");
    let took = rings(&mut alarm, Duration::from_millis(900)).expect("it rings");
    assert!(took < Duration::from_millis(50), "{took:?}");
}

#[test]
fn creation_and_renaming_ring_and_other_files_and_reading_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let mut alarm = Alarm::for_file(&path);
    settle(&mut alarm);
    append(&path, "one\n");
    assert!(rings(&mut alarm, Duration::from_millis(900)).is_some());
    settle(&mut alarm);
    append(&folder.path().join("b.log"), "other\n");
    fs::read(&path).unwrap();
    assert_eq!(rings(&mut alarm, Duration::from_millis(300)), None);
    fs::rename(&path, folder.path().join("a.log.1")).unwrap();
    assert!(rings(&mut alarm, Duration::from_millis(900)).is_some());
}

#[test]
fn an_append_behind_a_link_rings() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (link, real) = (here.path().join("a.log"), there.path().join("real"));
    append(&real, "one\n");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let mut alarm = Alarm::for_file(&link);
    settle(&mut alarm);
    append(&real, "two\n");
    assert!(rings(&mut alarm, Duration::from_millis(900)).is_some());
}

#[test]
fn a_folder_that_returns_is_watched_again() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("logs");
    let path = folder.join("a.log");
    let mut alarm = Alarm::for_file(&path);
    assert!(!alarm.is_watching(), "there is nothing to watch yet");
    for _ in 0..2 {
        fs::create_dir(&folder).unwrap();
        let limit = Instant::now() + Duration::from_secs(5);
        while !alarm.is_watching() && Instant::now() < limit {
            alarm.wait(Duration::from_millis(100));
        }
        settle(&mut alarm);
        append(&path, "one\n");
        assert!(rings(&mut alarm, Duration::from_millis(900)).is_some());
        fs::remove_dir_all(&folder).unwrap();
        let limit = Instant::now() + Duration::from_secs(5);
        while alarm.is_watching() && Instant::now() < limit {
            alarm.wait(Duration::from_millis(100));
        }
    }
}

#[test]
fn a_waker_ends_the_wait_from_another_thread() {
    let mut alarm = Alarm::without_file();
    let waker = alarm.waker();
    let caller = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        waker.wake();
    });
    let took = rings(&mut alarm, Duration::from_millis(900)).expect("it rings");
    assert!(took >= Duration::from_millis(40) && took < Duration::from_millis(200), "{took:?}");
    caller.join().unwrap();
}

#[test]
fn many_calls_are_one_and_none_is_lost_before_the_wait() {
    let mut alarm = Alarm::without_file();
    let waker = alarm.waker();
    (0..100).for_each(|_| waker.wake());
    assert!(alarm.wait(Duration::from_millis(10)));
    assert!(!alarm.wait(Duration::from_millis(10)));
}

#[test]
fn no_wait_is_over_a_second_nor_over_a_quarter_without_a_watcher() {
    let begin = Instant::now();
    assert!(!Alarm::without_file().wait(Duration::from_secs(3600)));
    assert!(begin.elapsed() < Duration::from_millis(1200));
    let mut blind = Alarm::for_file(Path::new("/nonexistent/folder/a.log"));
    let begin = Instant::now();
    assert!(!blind.wait(Duration::from_secs(3600)));
    assert!(begin.elapsed() < Duration::from_millis(400));
}

#[test]
fn a_filesystem_that_tells_nothing_is_polled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "one\n");
    let mut alarm = Alarm::for_file(&path);
    settle(&mut alarm);
    // A watcher of nothing simulates a filesystem without events.
    alarm.watch.as_mut().unwrap().watcher = Some(notify::recommended_watcher(|_| ()).unwrap());
    for _ in 0..3 {
        append(&path, "more\n");
        assert!(!alarm.wait(Duration::from_millis(120)));
    }
    assert!(!alarm.is_watching());
}
