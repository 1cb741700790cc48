//! A server that makes a call wait: the call says what for, and does its work once it may.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;

use crate::harness::Server;
use crate::process::{Kept, TestStore, end, lines, run};

/// A call in the background whose messages can be waited for.
struct Call {
    child: Child,
    said: BufReader<ChildStderr>,
}

impl Call {
    fn start(db: &TestStore, arguments: &[&str]) -> Call {
        let mut command = db.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        let said = BufReader::new(child.stderr.take().expect("a pipe"));
        Call { child, said }
    }

    /// The next message, and how long it took.
    fn message(&mut self) -> (String, Duration) {
        let (begun, mut line) = (Instant::now(), String::new());
        self.said.read_line(&mut line).expect("reads");
        (line, begun.elapsed())
    }

    fn status(mut self) -> Option<i32> {
        self.child.wait().expect("ends").code()
    }
}

fn server_of(db: &TestStore) -> (&'static Server, String) {
    let Kept::Server(server, account) = &db.place else { unreachable!("a server") };
    (server, account.database.clone())
}

#[test]
fn a_lock_of_another_session_is_named_after_two_seconds() {
    let db = TestStore::on_a_server();
    let (server, database) = server_of(&db);
    db.dir.write("a.log", lines(0..50));
    let mut other = server.root(Some(&database)).expect("connects");
    other.query_drop("LOCK TABLES logs READ").expect("locks");
    let mut call = Call::start(&db, &["-i", "a.log"]);
    let (message, took) = call.message();
    assert!(message.contains("another session holds a lock"), "{message}");
    assert!(took > Duration::from_secs(1) && took < Duration::from_secs(7), "{took:?}");
    other.query_drop("UNLOCK TABLES").expect("unlocks");
    assert!(call.message().0.contains("50 packets stored"));
    assert_eq!(call.status(), Some(0));
    assert_eq!(db.rows(), 50);
}

#[test]
fn a_lock_on_rows_is_said_as_far_as_it_can_be_seen() {
    let db = TestStore::on_a_server();
    let (server, database) = server_of(&db);
    db.dir.write("a.log", lines(0..50));
    let mut other = server.root(Some(&database)).expect("connects");
    other.query_drop("START TRANSACTION").expect("begins");
    other.query_drop("UPDATE ipta_ledger SET rows_live = rows_live + 1").expect("locks");
    let mut call = Call::start(&db, &["-i", "a.log"]);
    let (message, _) = call.message();
    assert!(message.contains("has not answered for 2 seconds"), "{message}");
    other.query_drop("ROLLBACK").expect("ends");
    assert!(call.message().0.contains("50 packets stored"));
    assert_eq!(call.status(), Some(0));
}

#[test]
fn a_query_that_is_killed_is_called_so() {
    let db = TestStore::on_a_server();
    let (server, database) = server_of(&db);
    let Kept::Server(_, account) = &db.place else { unreachable!("a server") };
    let mut other = server.root(Some(&database)).expect("connects");
    other.query_drop("LOCK TABLES logs WRITE").expect("locks");
    let call = db.command(["-a"]);
    let said = thread::scope(|scope| {
        let said = scope.spawn(|| run(call, ""));
        let find = format!(
            "SELECT id FROM information_schema.processlist WHERE user = '{}' AND state LIKE 'Waiting for%'",
            account.user
        );
        let id = loop {
            if let Some(id) = server.sql("", &find).lines().next() {
                break id.to_owned();
            }
            thread::sleep(Duration::from_millis(20));
        };
        server.sql("", &format!("KILL QUERY {id}"));
        let said = said.join().expect("no panic");
        other.query_drop("UNLOCK TABLES").expect("unlocks");
        said
    });
    said.refused(1).says(["the query was killed", "KILL QUERY"]);
}

/// As after an administrator's `ALTER TABLE` on a big table.
#[test]
#[ignore = "long"]
fn a_lock_that_stays_ends_the_call_after_half_a_minute() {
    let db = TestStore::on_a_server();
    let (server, database) = server_of(&db);
    db.dir.write("a.log", lines(0..50));
    let mut other = server.root(Some(&database)).expect("connects");
    other.query_drop("LOCK TABLES logs WRITE, ipta_ledger WRITE").expect("locks");
    let begun = Instant::now();
    db.ipta(["-a"]).refused(1).says(["another session held a lock for too long"]);
    assert!(begun.elapsed() < Duration::from_secs(50), "{:?}", begun.elapsed());
    other.query_drop("UNLOCK TABLES").expect("unlocks");
    db.import(["a.log"]);
}

#[test]
#[ignore = "long"]
fn a_server_that_stops_answering_is_said_to() {
    let server: &'static Server = Box::leak(Box::new(Server::start(&[])));
    let db = TestStore::on(server);
    db.dir.write("a.log", lines(0..300_000));
    let mut call = Call::start(&db, &["-i", "a.log"]);
    while db.rows() == 0 {
        thread::sleep(Duration::from_millis(10));
    }
    server.pause();
    let (message, took) = call.message();
    server.proceed();
    assert!(message.contains("does not answer"), "{message}");
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert!(call.message().0.contains("300000 packets stored"));
    assert_eq!(call.status(), Some(0));
    end(server);
}
