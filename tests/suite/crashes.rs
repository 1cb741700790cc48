//! Killed, cut off, raced, out of room: run again, and every line is in exactly once.
//!
//! A few of each in every run, many in the long one (`cargo test -- --ignored`). The moments come from a
//! fixed seed; the clock varies them all the same.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Server, tally};
use crate::process::{Kept, Said, TestDir, TestStore, end, is_root, lines, on_both_stores, run};

/// Packets in the log to import: more than one chunk of the ledger's.
const PACKETS: u64 = 60_000;

/// Several chunks.
const MANY: u64 = 160_000;

on_both_stores! {
    an_import_killed_a_few_times_is_exact
    a_clear_killed_a_few_times_is_whole_or_nothing
    a_drop_killed_a_few_times_is_whole_or_nothing
    a_few_double_imports_of_a_growing_log_are_exact
    standard_input_killed_leaves_nothing
    deleting_everything_killed_is_finished_by_the_next_call
    a_clear_beside_an_import_leaves_nothing_doubled
    imports_that_begin_beside_a_clear_leave_it_alone
    four_logs_imported_at_once_are_exact
    an_import_that_is_interrupted_says_how_far_it_came
    a_table_emptied_during_an_import_is_told
    #[ignore = "long"] an_import_killed_a_hundred_times_is_exact
    #[ignore = "long"] a_clear_killed_many_times_is_whole_or_nothing
    #[ignore = "long"] a_drop_killed_many_times_is_whole_or_nothing
    #[ignore = "long"] fifty_double_imports_of_a_growing_log_are_exact
}

fn an_import_killed_a_few_times_is_exact(db: &TestStore) {
    import_killed(db, 12, 12_000);
    import_killed(db, 3, PACKETS);
}

fn an_import_killed_a_hundred_times_is_exact(db: &TestStore) {
    import_killed(db, 100, MANY);
}

fn a_clear_killed_a_few_times_is_whole_or_nothing(db: &TestStore) {
    clear_killed(db, 4);
}

fn a_clear_killed_many_times_is_whole_or_nothing(db: &TestStore) {
    clear_killed(db, 100);
}

fn a_drop_killed_a_few_times_is_whole_or_nothing(db: &TestStore) {
    drop_killed(db, 4);
}

fn a_drop_killed_many_times_is_whole_or_nothing(db: &TestStore) {
    drop_killed(db, 100);
}

fn a_few_double_imports_of_a_growing_log_are_exact(db: &TestStore) {
    double_imports(db, 4);
}

fn fifty_double_imports_of_a_growing_log_are_exact(db: &TestStore) {
    double_imports(db, 50);
}

fn an_import_that_is_interrupted_says_how_far_it_came(db: &TestStore) {
    db.dir.write("a.log", lines(0..MANY));
    let mut call = Running::start(db.command(["-i", "a.log"]));
    let begun = Instant::now();
    while !has_rows(db) {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is stored");
        std::thread::sleep(Duration::from_millis(5));
    }
    let said = call.interrupt();
    assert_eq!(said.status, None, "ended as by the signal: {said:#?}");
    let said = said.clear().says([
        "! Interrupted: ",
        " lines of a.log were stored",
        "run the same command to continue",
    ]);
    let interrupted = said.err.lines().find_map(|line| line.strip_prefix("! Interrupted: "));
    let stored = interrupted.and_then(|line| line.split(' ').next()).expect("a number");
    let stored: u64 = stored.parse().expect("a number");
    assert_eq!(db.rows(), stored);
    db.import(["a.log"]).says(["lines already imported"]);
    exact(db, MANY);
}

/// Whether the table has rows yet.
fn has_rows(db: &TestStore) -> bool {
    match &db.place {
        Kept::File(path) => {
            let conn = rusqlite::Connection::open(path).expect("the file opens");
            conn.query_row("SELECT COUNT(*) FROM logs", [], |row| row.get::<_, i64>(0)).is_ok_and(|n| n > 0)
        }
        Kept::Server(..) => db.rows() > 0,
    }
}

fn a_table_emptied_during_an_import_is_told(db: &TestStore) {
    db.dir.write("a.log", lines(0..MANY));
    let mut call = Running::start(db.command(["-i", "a.log"]));
    let begun = Instant::now();
    while !has_rows(db) {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is stored");
        std::thread::sleep(Duration::from_millis(5));
    }
    db.sql(match db.place {
        Kept::File(_) => "PRAGMA busy_timeout = 20000; DELETE FROM logs",
        Kept::Server(..) => "TRUNCATE TABLE logs",
    });
    let said = call.said();
    assert_eq!(said.status, Some(1), "{said:#?}");
    said.clear().says(["emptied table 'logs'", "-c -i a.log"]);
    db.ipta(["-c", "-i", "a.log"]).fine();
    exact(db, MANY);
}

/// Random numbers from a seed (Marsaglia, "Xorshift RNGs", 2003).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most.max(1)
    }
}

/// A call in the background, killed on drop.
pub struct Running(Child);

impl Running {
    pub fn start(mut command: Command) -> Running {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Running(command.spawn().expect("starts"))
    }

    /// Sends the signal that Ctrl-C sends.
    pub fn interrupt(&mut self) -> Said {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("is there");
        self.said()
    }

    /// Waits for it to end.
    pub fn said(&mut self) -> Said {
        let mut err = String::new();
        self.0.stderr.take().expect("a pipe").read_to_string(&mut err).expect("reads");
        Said { status: self.0.wait().expect("waits").code(), out: String::new(), err }
    }

    /// Kills it after a while; says whether it was still running.
    pub fn kill_after(mut self, while_: Duration) -> bool {
        std::thread::sleep(while_);
        let early = self.0.try_wait().expect("waits").is_none();
        self.0.kill().expect("kills");
        self.0.wait().expect("waits");
        if early {
            tally("kill");
        }
        early
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How long an undisturbed call takes.
fn timed(call: impl FnOnce() -> Said) -> Duration {
    let begun = Instant::now();
    call().fine();
    begun.elapsed()
}

/// Every packet of the log is in the table once: as many rows as packets, no two alike in source port,
/// address and time.
#[track_caller]
fn exact(db: &TestStore, packets: u64) {
    let different = "SELECT COUNT(*) FROM (SELECT DISTINCT src_prt, src_ip, timestamp FROM logs) AS seen";
    let counted = (db.rows(), db.number(different));
    tally(if counted == (packets, packets) { "right" } else { "wrong" });
    assert_eq!(counted, (packets, packets));
}

fn import_killed(db: &TestStore, kills: u32, packets: u64) {
    let log = lines(0..packets);
    db.dir.write("a.log", &log);
    let mut whole = timed(|| db.ipta(["-c", "-i", "a.log"])).as_micros() as u64;
    exact(db, packets);
    let mut dice = Dice(0x5eed_0001);
    let mut early = 0;
    let mut done = 0;
    while done < kills || early == 0 {
        assert!(done < 20 * kills, "no run was killed before its end");
        // Part of it is in, so nothing can look like a table emptied by hand.
        db.dir.write("a.log", lines(0..1000));
        db.ipta(["-c", "-i", "a.log"]).fine();
        db.dir.write("a.log", &log);
        // Several in a row, so that recovering from a kill is killed too.
        for _ in 0..1 + dice.below(3) {
            let call = Running::start(db.command(["-i", "a.log"]));
            // Reading comes first and dominates in a slow build; storing is what matters.
            let moment = match dice.below(2) {
                0 => dice.below(whole),
                _ => whole - dice.below(whole / 3),
            };
            match call.kill_after(Duration::from_micros(moment)) {
                true => early += 1,
                // The first run was slower than the later ones.
                false => whole = whole * 9 / 10,
            }
            done += 1;
        }
        db.import(["a.log"]);
        exact(db, packets);
        db.import(["a.log"]).says(["0 new"]);
        exact(db, packets);
    }
}

fn clear_killed(db: &TestStore, kills: u32) {
    const FEW: u64 = 3000;
    db.dir.write("a.log", lines(0..FEW));
    db.import(["a.log"]);
    let whole = timed(|| db.ipta(["-c"])).as_micros() as u64;
    let mut dice = Dice(0x5eed_0002);
    for _ in 0..kills {
        db.import(["a.log"]);
        exact(db, FEW);
        Running::start(db.command(["-c"])).kill_after(Duration::from_micros(dice.below(whole + whole / 4)));
        // Cleared or not, never half: the report finishes what was begun.
        db.ipta(["-a"]).fine();
        let rows = db.rows();
        assert!(rows == 0 || rows == FEW, "{rows} rows");
        let said = db.import(["a.log"]);
        let new = if rows == 0 { "3000 packets stored" } else { "0 new" };
        assert!(!said.err.contains("other means"), "{said:#?}");
        said.says([new]);
        exact(db, FEW);
    }
}

fn drop_killed(db: &TestStore, kills: u32) {
    const FEW: u64 = 3000;
    db.dir.write("a.log", lines(0..FEW));
    db.import(["a.log"]);
    let whole = timed(|| db.ipta(["-dt", "logs"])).as_micros() as u64;
    let mut dice = Dice(0x5eed_0003);
    for _ in 0..kills {
        db.ipta(["-ct", "-i", "a.log"]).fine();
        exact(db, FEW);
        let call = Running::start(db.command(["-dt", "logs"]));
        call.kill_after(Duration::from_micros(dice.below(whole + whole / 4)));
        let said = db.ipta(["-ct", "-i", "a.log"]).fine();
        assert!(!said.err.contains("other means"), "{said:#?}");
        exact(db, FEW);
    }
}

fn double_imports(db: &TestStore, times: u64) {
    for time in 0..times {
        let name = format!("{time}.log");
        let begin = time * 3000;
        db.dir.write(&name, lines(begin..begin + 1000));
        // Every other time the log is already known.
        if time % 2 == 1 {
            db.import([&name]);
        }
        let runs = [0, 1].map(|_| Running::start(db.command(["-i", &name])));
        for part in 0..20 {
            let from = begin + 1000 + part * 100;
            let text = lines(from..from + 100);
            // Lines arrive in pieces, as a daemon's buffer ends anywhere.
            let (one, two) = text.split_at(text.len() / 2);
            db.dir.append(&name, one);
            std::thread::sleep(Duration::from_micros(500));
            db.dir.append(&name, two);
        }
        for mut run in runs {
            assert_eq!(run.said().status, Some(0));
        }
        db.import([&name]);
        exact(db, begin + 3000);
    }
}

fn deleting_everything_killed_is_finished_by_the_next_call(db: &TestStore) {
    const FEW: u64 = 3000;
    db.dir.write("a.log", lines(0..FEW));
    let mut dice = Dice(0x5eed_0006);
    for _ in 0..4 {
        // The killed call's statement may still be running on the server and drop the table this call has
        // just looked at: the call says so, and the next one is whole.
        let said = db.ipta(["-ct", "-i", "a.log"]);
        if said.status != Some(0) {
            said.refused(1).says(["no table 'logs'"]);
            db.ipta(["-ct", "-i", "a.log"]).fine();
        }
        exact(db, FEW);
        Running::start(db.command(["-da"])).kill_after(Duration::from_micros(dice.below(60_000)));
        if dice.below(2) == 0 {
            db.ipta(["-da"]).fine();
            db.ipta(["-lt"]).fine().says(["no table"]);
        }
    }
}

fn a_clear_beside_an_import_leaves_nothing_doubled(db: &TestStore) {
    const SOME: u64 = 20_000;
    let text = lines(0..SOME);
    db.dir.write("a.log", &text);
    let mut dice = Dice(0x5eed_0007);
    for _ in 0..3 {
        let mut import = Running::start(db.command(["-i", "a.log"]));
        std::thread::sleep(Duration::from_micros(dice.below(600_000)));
        db.ipta(["-c"]).fine();
        assert_eq!(import.said().status, Some(0));
        // Whichever came first: what the ledger says is in is in.
        db.import(["a.log"]);
        exact(db, SOME);
    }
}

/// A new call drops what a killed clear left behind, and nothing of one in progress.
fn imports_that_begin_beside_a_clear_leave_it_alone(db: &TestStore) {
    db.dir.write("a.log", lines(0..10));
    std::thread::scope(|scope| {
        let imports = scope.spawn(|| (0..20).for_each(|_| drop(db.ipta(["-i", "a.log"]).fine())));
        while !imports.is_finished() {
            db.ipta(["-c"]).fine();
        }
        imports.join().expect("every import ends well");
    });
    db.import(["a.log"]);
    exact(db, 10);
}

fn four_logs_imported_at_once_are_exact(db: &TestStore) {
    const EACH: u64 = 2000;
    let names: Vec<String> = (0..4).map(|n| format!("{n}.log")).collect();
    for (n, name) in (0..).zip(&names) {
        db.dir.write(name, lines(n * EACH..(n + 1) * EACH));
    }
    // Each by two runs, in a different order.
    let runs: Vec<Running> =
        (0..4).map(|n| Running::start(db.command(["-i", &names[n], &names[(n + 1) % 4]]))).collect();
    for mut run in runs {
        assert_eq!(run.said().status, Some(0));
    }
    exact(db, 4 * EACH);
}

fn standard_input_killed_leaves_nothing(db: &TestStore) {
    let log = db.dir.write("a.log", lines(0..PACKETS));
    let mut dice = Dice(0x5eed_0004);
    for _ in 0..2 {
        let mut call = db.command(["-i", "-"]);
        // The writer never ends, so neither does the run.
        let mut writer = Command::new("sh");
        writer
            .args(["-c", "cat \"$0\"; exec sleep 600"])
            .arg(&log)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut writer = writer.spawn().expect("starts");
        call.stdin(writer.stdout.take().expect("a pipe")).stdout(Stdio::null()).stderr(Stdio::null());
        let call = Running(call.spawn().expect("starts"));
        assert!(call.kill_after(Duration::from_millis(300 + dice.below(2000))));
        writer.kill().expect("kills");
        writer.wait().expect("waits");
        db.ipta(["-lt"]).fine();
        assert_eq!(db.rows(), 0);
    }
}

#[test]
fn a_server_killed_a_few_times_is_exact() {
    server_killed(2, PACKETS);
}

#[test]
#[ignore = "long"]
fn a_server_killed_twenty_times_is_exact() {
    server_killed(20, MANY);
}

fn server_killed(kills: u32, packets: u64) {
    let server: &'static Server = Box::leak(Box::new(Server::start(&[])));
    let db = TestStore::on(server);
    db.dir.write("a.log", lines(0..packets));
    let whole = timed(|| db.ipta(["-c", "-i", "a.log"])).as_micros() as u64;
    let mut dice = Dice(0x5eed_0005);
    let mut cut = 0;
    // A kill that lands after the import has ended is repeated.
    for _ in 0..10 * kills {
        if cut == kills {
            break;
        }
        db.ipta(["-c"]).fine();
        // Half the time, during a clear or the import after it.
        let clears = dice.below(2) == 0;
        if clears {
            db.import(["a.log"]);
        }
        let call = db.command(if clears { &["-c", "-i", "a.log"][..] } else { &["-i", "a.log"] });
        let said = std::thread::scope(|scope| {
            let said = scope.spawn(|| run(call, ""));
            std::thread::sleep(Duration::from_micros(dice.below(whole)));
            server.kill();
            tally("kill");
            said.join().expect("no panic")
        });
        if said.status != Some(0) {
            cut += 1;
            assert_eq!(said.status, Some(1), "{said:#?}");
            said.clear().says(["server", "run"]);
        }
        db.ipta(["-a"]).refused(1).says(["no database server"]);
        server.restart();
        db.import(["a.log"]);
        exact(&db, packets);
        db.import(["a.log"]).says(["0 new"]);
        exact(&db, packets);
    }
    end(server);
    assert_eq!(cut, kills, "imports cut off");
}

#[test]
fn four_hosts_killed_and_resumed_at_random_are_exact() {
    four_hosts(4, 12_000);
}

#[test]
#[ignore = "long"]
fn four_hosts_killed_and_resumed_often_are_exact() {
    four_hosts(25, MANY);
}

/// Four firewalls import into one table over the network at once, each killed `kills` times along the way.
fn four_hosts(kills: u32, packets: u64) {
    let server: &'static Server = Box::leak(Box::new(Server::start_on_tcp(&[])));
    let db = &TestStore::on(server);
    std::thread::scope(|scope| {
        for host in 0..4 {
            scope.spawn(move || {
                let home = TestDir::new();
                home.write("fw.log", lines(0..packets).replace(" gw ", &format!(" gw{host} ")));
                let import = || db.with_options(["-i", "fw.log"]);
                let mut dice = Dice(0x5eed_0020 + host);
                for _ in 0..kills {
                    Running::start(home.command(import())).kill_after(Duration::from_millis(dice.below(500)));
                    tally("kill");
                }
                home.ipta(import()).fine();
                home.ipta(import()).fine().says(["0 new"]);
            });
        }
    });
    for host in 0..4 {
        let of = format!("FROM logs WHERE host = 'gw{host}'");
        assert_eq!(db.number(&format!("SELECT COUNT(*) {of}")), packets);
        assert_eq!(db.number(&format!("SELECT COUNT(DISTINCT timestamp, ip_id, src_prt) {of}")), packets);
    }
    end(server);
}

#[test]
fn a_connection_cut_by_the_servers_administrator_is_said_and_nothing_is_lost() {
    let db = TestStore::on_a_server();
    let Kept::Server(server, account) = &db.place else { unreachable!("a server") };
    db.dir.write("a.log", lines(0..PACKETS));
    let find = format!("SELECT id FROM information_schema.processlist WHERE user = '{}'", account.user);
    let call = db.command(["-i", "a.log"]);
    let said = std::thread::scope(|scope| {
        let said = scope.spawn(|| run(call, ""));
        let begun = Instant::now();
        while !said.is_finished() && begun.elapsed() < Duration::from_secs(60) {
            let found = server.sql("", &find);
            // Not in its first moments, when it is only looking.
            std::thread::sleep(Duration::from_millis(100));
            for id in found.lines() {
                let _ = server.try_sql("", &format!("KILL {id}"));
            }
        }
        said.join().expect("no panic")
    });
    assert_eq!(said.status, Some(1), "{said:#?}");
    said.clear().says(["the server at", "run"]);
    db.import(["a.log"]);
    exact(&db, PACKETS);
}

#[test]
fn a_full_disk_loses_and_doubles_nothing() {
    // A tmpfs of its own, invisible to others and gone with the shell.
    const SCRIPT: &str = r#"
set -eu
mount -t tmpfs -o size=4m tmpfs "$2"
set +e
"$1" --db-file "$2/packets.db" --create-table -i a.log 2>first; echo $? >status
"$1" --db-file "$2/packets.db" --list-tables >listed 2>&1
set -e
mount -o remount,size=200m "$2"
"$1" --db-file "$2/packets.db" -i a.log 2>second
"$1" --db-file "$2/packets.db" -i a.log 2>third
cp "$2/packets.db" packets.db
"#;
    let dir = TestDir::new();
    dir.write("a.log", lines(0..PACKETS));
    std::fs::create_dir(dir.path("small")).expect("creates");
    let program = dir.copy_of_the_program();
    let mut command = Command::new("unshare");
    command.arg(if is_root() { "-m" } else { "-rm" }).args(["sh", "-c", SCRIPT, "sh"]);
    command.arg(program).arg(dir.path("small")).current_dir(dir.path("")).env("TZ", "UTC");
    let said = run(command, "");
    let denied = ["unshare:", "mount:"].iter().any(|word| said.err.contains(word));
    assert!(!denied, "a small disk needs a mount namespace, which is refused here: {}", said.err);
    assert_eq!(said.status, Some(0), "{said:#?}");
    let told = |name: &str| String::from_utf8_lossy(&dir.read(name)).into_owned();
    assert_eq!(told("status"), "1\n");
    let first = Said { status: Some(1), out: String::new(), err: told("first") };
    first.clear().says(["packets.db' is full", "make room", "run ipta again"]);
    assert!(told("listed").contains("logs"), "{}", told("listed"));
    let db = TestStore { place: Kept::File(dir.path("packets.db")), dir };
    exact(&db, PACKETS);
    assert!(told_of(&db, "third").contains("0 new"));
}

fn told_of(db: &TestStore, name: &str) -> String {
    String::from_utf8_lossy(&db.dir.read(name)).into_owned()
}

#[test]
fn a_log_that_vanishes_or_shrinks_while_it_is_read_says_so() {
    for db in [TestStore::on_a_file(), TestStore::on_a_server()] {
        let log = db.dir.write("a.log", lines(0..PACKETS));
        let call = db.command(["-i", "a.log"]);
        let said = std::thread::scope(|scope| {
            let said = scope.spawn(|| run(call, ""));
            std::thread::sleep(Duration::from_millis(150));
            shrink(&log);
            said.join().expect("no panic")
        });
        if said.status != Some(0) {
            said.clear().says(["a.log", "shrank"]);
        }
        db.dir.write("a.log", lines(0..PACKETS));
        db.import(["a.log"]);
        exact(&db, PACKETS);
    }
}

fn shrink(log: &Path) {
    let file = std::fs::OpenOptions::new().write(true).open(log).expect("opens");
    file.set_len(200_000).expect("cuts");
}
