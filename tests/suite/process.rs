//! The program as people run it: a process with its own home, time zone and folder, and a store inspected
//! by means other than the program's.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use ipta::exports::config::Server as Account;
use tempfile::TempDir;

use crate::harness::{Server, server};

/// No single call in these tests takes longer, unless something hangs.
const PATIENCE: Duration = Duration::from_secs(240);

/// What a call said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// The call, which must have succeeded.
    #[track_caller]
    pub fn fine(self) -> Said {
        assert_eq!(self.status, Some(0), "{self:#?}");
        self
    }

    /// The call, which must have failed with this status, said so in one clear way, and printed no
    /// data.
    #[track_caller]
    pub fn refused(self, status: i32) -> Said {
        assert_eq!(self.status, Some(status), "{self:#?}");
        assert_eq!(self.out, "", "data beside an error: {self:#?}");
        self.clear()
    }

    /// The call, which must have one error: a line that begins `! `; what follows is indented two spaces.
    #[track_caller]
    pub fn clear(self) -> Said {
        let first = self.err.lines().filter(|line| line.starts_with("! ")).count();
        assert_eq!(first, 1, "not one error: {self:#?}");
        let marked = |line: &str| ["! ", "* ", "- ", "? ", "  "].iter().any(|mark| line.starts_with(mark));
        assert!(self.err.lines().all(marked), "a line without its mark: {self:#?}");
        assert!(!self.err.contains("panicked"), "{self:#?}");
        assert!(!self.err.contains("os error"), "the machine's words: {self:#?}");
        for secret in [PASSWORD, "hunter2"] {
            assert!(!self.err.contains(secret), "a password in a message: {self:#?}");
        }
        self
    }

    /// The call, whose messages must contain all these words.
    #[track_caller]
    pub fn says<const N: usize>(self, words: [&str; N]) -> Said {
        for word in words {
            assert!(self.err.contains(word), "no '{word}' in: {self:#?}");
        }
        self
    }
}

/// The password of every account the harness makes.
pub const PASSWORD: &str = "open sesame";

/// A folder to work in, which is also the home.
pub struct TestDir {
    folder: TempDir,
    /// The time zone of the calls, as in TZ.
    pub zone: &'static str,
}

/// 2026-05-18 12:00 UTC, since 1970.
const WRITTEN: Duration = Duration::from_secs(1_779_105_600);

impl TestDir {
    pub fn new() -> TestDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        TestDir { folder, zone: "UTC" }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file as old as the lines of [`line`].
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("the file is written");
        let file = fs::File::options().write(true).open(&path).expect("opens");
        file.set_modified(UNIX_EPOCH + WRITTEN).expect("sets its time");
        path
    }

    pub fn append(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let file = fs::OpenOptions::new().append(true).create(true).open(self.path(name));
        file.expect("opens").write_all(bytes.as_ref()).expect("writes");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("reads")
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).expect("renames");
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("removes");
    }

    /// A copy of the program that anyone may run.
    pub fn copy_of_the_program(&self) -> PathBuf {
        let copy = self.path("ipta");
        // By another process: a file this one writes may still be open in a child that another test is just
        // starting, and then it cannot be run.
        let done = Command::new("cp").arg(env!("CARGO_BIN_EXE_ipta")).arg(&copy).status();
        assert!(done.expect("cp").success());
        copy
    }

    /// The program, with nothing but PATH from the outer environment.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ipta"));
        command.args(args).current_dir(self.folder.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path()).env("TZ", self.zone).env("LC_ALL", "C");
        command
    }

    /// Runs a call to its end, with nothing on standard input.
    pub fn ipta<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Said {
        self.fed(args, "")
    }

    /// Runs a call with this on standard input.
    pub fn fed<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, input: impl AsRef<[u8]>) -> Said {
        run(self.command(args), input)
    }
}

/// Runs a command to its end.
pub fn run(command: Command, input: impl AsRef<[u8]>) -> Said {
    let mut command = assert_cmd::Command::from_std(command);
    let done = command.timeout(PATIENCE).write_stdin(input.as_ref()).output().expect("the program starts");
    Said {
        status: done.status.code(),
        out: String::from_utf8_lossy(&done.stdout).into_owned(),
        err: String::from_utf8_lossy(&done.stderr).into_owned(),
    }
}

/// A folder with a store that has the table 'logs'.
pub struct TestStore {
    pub dir: TestDir,
    pub place: Kept,
}

/// Where a store keeps its packets.
pub enum Kept {
    File(PathBuf),
    Server(&'static Server, Account),
}

impl TestStore {
    pub fn on_a_file() -> TestStore {
        let dir = TestDir::new();
        let place = Kept::File(dir.path("packets.db"));
        TestStore { dir, place }.with_table()
    }

    pub fn on_a_server() -> TestStore {
        TestStore::on(server())
    }

    pub fn on(server: &'static Server) -> TestStore {
        let place = Kept::Server(server, server.fresh_database());
        TestStore { dir: TestDir::new(), place }.with_table()
    }

    fn with_table(self) -> TestStore {
        self.ipta(["--create-table"]).fine();
        self
    }

    /// The options that select the store.
    pub fn options(&self) -> Vec<String> {
        let words = match &self.place {
            Kept::File(path) => vec!["--db-file".to_owned(), path.display().to_string()],
            Kept::Server(_, account) => return account_options(account),
        };
        words.into_iter().collect()
    }

    /// A call on the store.
    pub fn ipta<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> Said {
        self.dir.ipta(self.with_options(args))
    }

    /// The same, not yet started.
    pub fn command<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        self.dir.command(self.with_options(args))
    }

    pub fn with_options<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> Vec<String> {
        let mut all = self.options();
        all.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        all
    }

    /// Imports these files, which must succeed.
    #[track_caller]
    pub fn import<const N: usize>(&self, files: [&str; N]) -> Said {
        self.ipta(["-i"].into_iter().chain(files)).fine()
    }

    /// A number read from the store by other means.
    pub fn number(&self, sql: &str) -> u64 {
        match &self.place {
            Kept::File(path) => {
                let conn = rusqlite::Connection::open(path).expect("the file opens");
                let number: i64 = conn.query_row(sql, [], |row| row.get(0)).expect("the statement runs");
                number as u64
            }
            Kept::Server(server, account) => {
                let said = server.sql(&account.database, sql);
                said.parse().unwrap_or_else(|_| panic!("{sql}: {said}"))
            }
        }
    }

    /// Rows in the table 'logs'.
    pub fn rows(&self) -> u64 {
        self.number("SELECT COUNT(*) FROM logs")
    }

    /// Runs a statement as somebody else would, bypassing ipta.
    pub fn sql(&self, statement: &str) {
        match &self.place {
            Kept::File(path) => {
                let conn = rusqlite::Connection::open(path).expect("the file opens");
                conn.execute_batch(statement).expect("the statement runs");
            }
            Kept::Server(server, account) => {
                server.sql(&account.database, statement);
            }
        }
    }
}

/// Ends a server that no value owns and removes its data; one left behind by a failed test goes with the
/// test process.
pub fn end(server: &Server) {
    server.kill();
    if let Some(folder) = server.socket().parent() {
        let _ = fs::remove_dir_all(folder);
    }
}

/// The options that select a server's database.
pub fn account_options(account: &Account) -> Vec<String> {
    let mut words = vec!["-h", &account.host, "-u", &account.user, "-p", &account.pass.0];
    words.extend(["-d", &account.database]);
    let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    if let Some(port) = account.port {
        words.extend(["--db-port".to_owned(), port.to_string()]);
    }
    words
}

/// A firewall log line: the n-th packet, each distinct.
pub fn line(n: u64) -> String {
    let (minute, second) = (n / 60 % 60, n % 60);
    format!(
        "May 17 {:02}:{minute:02}:{second:02} gw kernel: [{n:>6}.000001] IPT: DROP IN=eth0 OUT= \
         MAC=02:00:5e:00:53:01:02:00:5e:00:53:02:08:00 SRC=203.0.113.{} DST=192.0.2.1 LEN=40 TOS=0x00 \
         PREC=0x00 TTL=52 ID={} PROTO=TCP SPT={} DPT=22 WINDOW=1024 RES=0x00 SYN URGP=0\n",
        n / 3600 % 24,
        n % 250,
        n % 65_000,
        1024 + n % 60_000,
    )
}

/// The lines of a half-open range of numbers.
pub fn lines(range: std::ops::Range<u64>) -> String {
    range.map(line).collect()
}

/// These bytes as gzip, in one member.
pub fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes.as_ref()).expect("packs");
    packed.finish().expect("packs")
}

/// A command in a network of its own, where it is root.
pub fn alone(dir: &TestDir, script: &str) -> Said {
    let mut command = Command::new("unshare");
    // Root needs no user namespace, which a chroot refuses.
    command.arg(if is_root() { "-nm" } else { "-rnm" }).args(["sh", "-euc", script]).env_clear();
    command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    command.env("HOME", dir.path("")).env("IPTA", env!("CARGO_BIN_EXE_ipta")).current_dir(dir.path(""));
    run(command, "")
}

/// Whether these tests run as root.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Where the project's files are.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Tests that hold on a file and on a server alike.
macro_rules! on_both_stores {
    ($($(#[$mark:meta])* $test:ident)*) => {
        mod on_a_file {
            $(#[test] $(#[$mark])* fn $test() { super::$test(&crate::process::TestStore::on_a_file()); })*
        }
        mod on_a_server {
            $(#[test] $(#[$mark])* fn $test() { super::$test(&crate::process::TestStore::on_a_server()); })*
        }
    };
}
pub(crate) use on_both_stores;
