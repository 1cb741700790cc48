//! What a newcomer to ipta meets on getting something wrong: one clear line, the thing by its name, the way
//! out, and nothing changed.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::harness::server;
use crate::process::{
    Kept, PASSWORD, Said, TestDir, TestStore, account_options, gzip, line, lines, on_both_stores, run,
};

on_both_stores! {
    no_table
    the_command_that_is_shown_works
    every_command_that_a_message_shows_can_be_typed
    a_table_of_somebody_elses
    the_c_programs_table
    a_table_of_another_version
    a_table_of_names
    the_ledger_is_no_table_to_use
    a_bad_table_name
    an_empty_file_is_no_error
    a_log_without_packets_is_no_error
    a_log_with_another_prefix_names_the_option
    a_folder
    a_missing_file
    an_empty_table_is_no_error
}

/// A call against a server.
fn on_server(dir: &TestDir, options: &[&str]) -> Said {
    dir.ipta(options.iter().copied().chain(["--analyze"]))
}

#[test]
fn no_server_at_the_host() {
    let dir = TestDir::new();
    for host in [["-h", "127.0.0.1", "--db-port", "1"], ["-h", "/nowhere/mysqld.sock", "-d", "ipta"]] {
        on_server(&dir, &host).refused(1).says([
            "no database server",
            host[1],
            " --create-db",
            "--db-file",
            "--save-db",
        ]);
    }
    dir.ipta(["--create-db", "-h", "/nowhere/mysqld.sock"]).refused(1).says(["/nowhere/mysqld.sock"]);
}

#[test]
fn something_else_listens_at_the_port() {
    use std::io::Write;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.and_then(|mut stream| stream.write_all(b"220 mail.example.net ESMTP\r\n"));
        }
    });
    let dir = TestDir::new();
    on_server(&dir, &["-h", "127.0.0.1", "--db-port", &port]).refused(1).says(["127.0.0.1", "--db-port"]);
}

#[test]
fn a_wrong_password() {
    let account = server().fresh_database();
    let dir = TestDir::new();
    let call = ["-h", &account.host, "-u", &account.user, "-p", "hunter2", "-d", &account.database];
    on_server(&dir, &call).refused(1).says([&account.user, "password", "-pi", "--create-db"]);
}

#[test]
fn no_database() {
    let account = server().fresh_database();
    server().sql("", &format!("GRANT ALL ON `nowhere`.* TO {}@localhost", account.user));
    let dir = TestDir::new();
    let call = ["-h", &account.host, "-u", &account.user, "-p", PASSWORD, "-d", "nowhere"];
    on_server(&dir, &call).refused(1).says(["'nowhere'", " --create-db", "-d"]);
    // To a user without rights on a database, a server does not even say that it is missing.
    let call = ["-h", &account.host, "-u", &account.user, "-p", PASSWORD, "-d", "elsewhere"];
    on_server(&dir, &call).refused(1).says(["'elsewhere'", " --create-db"]);
}

#[test]
fn no_right_to_create() {
    let account = server().fresh_database();
    let (user, database) = (&account.user, &account.database);
    server().sql("", &format!("REVOKE ALL PRIVILEGES ON {database}.* FROM {user}@localhost"));
    server().sql("", &format!("GRANT SELECT ON {database}.* TO {user}@localhost"));
    let dir = TestDir::new();
    let call = |more: &[&str]| {
        let mut args = account_options(&account);
        args.extend(more.iter().map(|&arg| arg.to_owned()));
        dir.ipta(args)
    };
    call(&["--create-table"]).refused(1).says([user, database, "--create-db"]);
    let other = server().fresh_database();
    let mut args = account_options(&other);
    args.extend(["--create-db", "--admin-user", "nobody-here"].map(str::to_owned));
    dir.ipta(args).refused(1).says([
        "nobody-here",
        "--admin-user",
        "GRANT ALL PRIVILEGES",
        "IDENTIFIED BY '...'",
    ]);
}

#[test]
fn no_file_to_keep_packets_in() {
    let dir = TestDir::new();
    for mode in ["--analyze", "--list-tables", "--clear"] {
        dir.ipta(["--db-file", "none.db", mode])
            .refused(1)
            .says(["none.db", "ipta --db-file none.db --create-table"]);
    }
    assert!(!dir.path("none.db").exists());
    dir.ipta(["--db-file", "no/where.db", "--create-table"]).refused(1).says(["no/where.db"]);
    dir.ipta(["--db-file", ".", "--create-table"]).refused(1).says(["--db-file"]);
    dir.write("notes.txt", lines(0..50));
    dir.ipta(["--db-file", "notes.txt", "--analyze"])
        .refused(1)
        .says(["notes.txt", "not an SQLite database"]);
    dir.ipta(["--db-file", "notes.txt", "--create-table"]).refused(1).says(["notes.txt"]);
    assert_eq!(dir.read("notes.txt"), lines(0..50).into_bytes());
}

fn no_table(db: &TestStore) {
    db.ipta(["-t", "other", "--analyze"]).refused(1).says(["'other'", "--create-table other"]);
    db.sql("DROP TABLE logs");
    db.dir.write("a.log", lines(0..3));
    for mode in [&["--analyze"][..], &["--clear"], &["--import", "a.log"]] {
        db.ipta(mode).refused(1).says(["'logs'", "--create-table"]);
    }
    db.ipta(["--delete-table", "logs"]).refused(1).says(["'logs'", "--list-tables"]);
}

fn the_command_that_is_shown_works(db: &TestStore) {
    db.dir.write("a.log", lines(0..3));
    let said = db.ipta(["-t", "other", "-i", "a.log"]).refused(1);
    let shown = said.err.split("Create it with: ").nth(1).expect("a command");
    typed(db, shown).fine().says(["'other' created"]);
    let said = db.ipta(["-t", "other", "-a"]).fine();
    let shown = said.err.split("import a log with: ").nth(1).expect("a command");
    typed(db, &shown.replace("FILE", "a.log")).fine();
    assert_eq!(db.number("SELECT COUNT(*) FROM other"), 3);
}

/// The commands in a message: to the end of a line, or between quotes.
fn commands(message: &str) -> Vec<String> {
    let begins = message.match_indices("ipta ").filter(|(at, _)| {
        matches!(message[..*at].chars().last(), Some('\'')) || message[..*at].trim_end().ends_with(':')
    });
    let command = |(at, _): (usize, &str)| {
        let rest = message[at..].lines().next().unwrap_or_default();
        match message[..at].ends_with('\'') {
            // Paths and passwords may be quoted too.
            true => rest.split("' ").next().unwrap_or(rest).trim_end_matches('\'').to_owned(),
            false => rest.to_owned(),
        }
    };
    begins.map(command).collect()
}

fn every_command_that_a_message_shows_can_be_typed(db: &TestStore) {
    db.dir.write("a log", lines(0..40));
    db.dir.write("ufw.log", lines(0..9).replace("IPT: DROP", "[UFW BLOCK]"));
    let drop_all = || {
        db.ipta(["-da"]).fine();
    };
    let cut = || {
        db.ipta(["-t", "cut", "-ct", "-i", "a log"]).fine();
        db.sql("DELETE FROM ipta_ledger");
    };
    let nothing = || {};
    type Case<'a> = (&'a dyn Fn(), &'a [&'a str], usize);
    let cases: [Case<'_>; 7] = [
        (&nothing, &["-t", "no", "-i", "a log"], 1),
        (&nothing, &["-t", "no", "-a"], 1),
        (&nothing, &["-dt", "nothing"], 1),
        (&nothing, &["-a"], 1),
        (&nothing, &["--dns-dump"], 1),
        (&cut, &["-t", "cut", "-i", "a log"], 2),
        (&drop_all, &["--list-tables"], 1),
    ];
    for (before, arguments, shown) in cases {
        before();
        let said = db.ipta(arguments);
        let found = commands(&said.err);
        assert_eq!(found.len(), shown, "{arguments:?}: {said:#?}");
        for command in found {
            let command = command.replace("FILE", "'a log'").replace("NAME", "made");
            typed(db, &command).fine();
        }
    }
}

#[test]
fn a_command_that_is_shown_names_the_configuration_file_of_the_call() {
    let db = TestStore::on_a_server();
    let Kept::Server(_, account) = &db.place else { unreachable!("a server") };
    let settings = format!(
        "db_host = '{}'\ndb_user = '{}'\ndb_pass = '{}'\ndb_name = '{}'\n",
        account.host, account.user, account.pass.0, account.database
    );
    std::fs::set_permissions(db.dir.write("my conf", settings), std::fs::Permissions::from_mode(0o600))
        .unwrap();
    let said = db.dir.ipta(["--config", "my conf", "-t", "other", "-a"]).refused(1);
    let shown = said.err.split("Create it with: ").nth(1).expect("a command");
    let mut shell = Command::new("sh");
    let rest = shown.trim().strip_prefix("ipta ").expect("our name");
    shell.args(["-c", &format!("\"$0\" {rest}"), env!("CARGO_BIN_EXE_ipta")]);
    shell.current_dir(db.dir.path("")).env("HOME", db.dir.path(""));
    run(shell, "").fine().says(["'other' created"]);
}

#[test]
fn a_command_that_imports_reads_the_log_as_the_call_did() {
    let db = TestStore::on_a_file();
    db.dir.write("ufw.log", lines(0..9).replace("IPT: DROP", "[UFW BLOCK]"));
    db.ipta(["-t", "other", "-ct"]).fine();
    db.dir.write("none.log", lines(0..9));
    let said = db.ipta(["--prefix", "ufw", "-t", "other", "-i", "none.log", "-a"]).fine();
    let shown = said.err.split("import a log with: ").nth(1).expect("a command");
    typed(&db, &shown.replace("FILE", "ufw.log")).fine().says(["9 packets stored"]);
}

#[test]
fn a_password_that_the_server_refuses_is_not_saved() {
    let db = TestStore::on_a_server();
    let Kept::Server(_, account) = &db.place else { unreachable!("a server") };
    let with = |password: &str, host: &str| {
        let user = ["-u", &account.user, "-d", &account.database];
        let words = ["--save-db", "--yes", "-h", host, "-p", password];
        db.dir.ipta(words.into_iter().chain(user))
    };
    let refused = with("wrong", &account.host).refused(1);
    refused.says(["Nothing was saved", "denied access to user"]);
    assert!(!db.dir.path(".ipta-conf").exists());
    with("wrong", "/nobody/there.sock").fine().says(["The password could not be checked"]);
    with(&account.pass.0, &account.host).fine();
    db.dir.ipta(["-lt"]).fine();
}

#[test]
fn a_year_that_was_guessed_is_said_once() {
    let dir = TestDir::new();
    let old = "Mar  3 10:00:00 fw kernel: IPT: DROP IN=eth0 OUT= SRC=192.0.2.1 DST=198.51.100.1 LEN=40 \
               TTL=64 PROTO=TCP SPT=1 DPT=2 SYN\n";
    let path = dir.write("copied.log", old.repeat(3));
    let written = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_780_000_000);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(written).unwrap();
    let note = "The timestamps of copied.log have no year: its last packet was assumed to be from 2026";
    for mode in ["-a", "--scan"] {
        assert_eq!(dir.ipta([mode, "copied.log"]).fine().err.matches(note).count(), 1, "{mode}");
    }
    dir.ipta(["--db-file", "db", "-ct", "-i", "copied.log"]).fine().says([note]);
    let written = written - std::time::Duration::from_secs(2 * 366 * 86_400);
    let older = dir.write("older.log", old);
    std::fs::File::options().write(true).open(older).unwrap().set_modified(written).unwrap();
    let both = dir.ipta(["copied.log", "older.log"]).fine();
    both.says([
        note,
        "The timestamps of older.log have no year: its last packet was assumed to be from 2024",
    ]);
    let across = ["Nov 30 10:00:00", "Dec 31 23:59:59", "Jan  1 00:00:00", "Feb  3 00:00:00"];
    let across = across.map(|stamp| format!("{stamp} {}", &old[16..]));
    dir.write("across.log", across.concat());
    dir.write("across.gz", gzip(across.concat()));
    for log in ["across.log", "across.gz"] {
        dir.ipta([log, "--year", "2020"]).fine().says(["2019-11-30 10:00:00 to 2020-02-03 00:00:00"]);
    }
    let given = dir.ipta(["-a", "copied.log", "--year", "2020"]).fine();
    assert!(!given.err.contains("have no year"), "{given:#?}");
}

#[test]
fn an_action_that_no_packet_has_is_answered_with_those_that_are_there() {
    let db = TestStore::on_a_file();
    db.dir.write("a.log", lines(0..40));
    db.import(["a.log"]);
    let note = |said: Said| {
        said.fine().says(["has the action block; the actions found are "]).says(["DROP"]);
    };
    note(db.ipta(["-a", "--action", "block"]));
    note(db.dir.ipta(["-a", "a.log", "--action", "block"]));
}

/// What a shell makes of a command shown in a message. The password is never in it.
fn typed(db: &TestStore, shown: &str) -> Said {
    let rest = shown.trim().strip_prefix("ipta ").expect("our name");
    let asked = matches!(db.place, Kept::Server(..));
    assert_eq!(rest.contains(" -pi "), asked, "the password was typed for this call: {shown}");
    let mut shell = Command::new("sh");
    let rest = rest.replace(" -pi ", " -p 'open sesame' ");
    shell.args(["-c", &format!("\"$0\" {rest}"), env!("CARGO_BIN_EXE_ipta")]);
    shell.current_dir(db.dir.path("")).env("HOME", db.dir.path("")).env("TZ", "UTC");
    run(shell, "")
}

/// Every mode that would use the table refuses it by name and leaves it alone.
fn refused_everywhere<const N: usize>(db: &TestStore, table: &str, words: [&str; N]) {
    let quoted = format!("'{table}'");
    db.dir.write("a.log", lines(0..3));
    let before = db.number(&format!("SELECT COUNT(*) FROM {table}"));
    for mode in [&["--analyze"][..], &["--clear"], &["--import", "a.log"], &["--create-table"]] {
        let args = mode.iter().copied().chain(["-t", table]);
        db.ipta(args).refused(1).says([quoted.as_str()]).says(words);
    }
    assert_eq!(db.number(&format!("SELECT COUNT(*) FROM {table}")), before);
}

fn a_table_of_somebody_elses(db: &TestStore) {
    db.sql("CREATE TABLE customers (n INTEGER)");
    refused_everywhere(db, "customers", ["not ipta's", "-t"]);
    db.ipta(["--delete-table", "customers"]).refused(1).says(["'customers'", "not ipta's"]);
}

fn the_c_programs_table(db: &TestStore) {
    let address = match db.place {
        Kept::File(_) => "INTEGER",
        Kept::Server(..) => "INT UNSIGNED",
    };
    db.sql(&format!(
        "CREATE TABLE old (id INTEGER PRIMARY KEY, timestamp DATETIME, if_in VARCHAR(10), if_out VARCHAR(10), \
         src_ip {address}, src_prt INTEGER, dst_ip {address}, dst_prt INTEGER, proto VARCHAR(10), \
         action VARCHAR(10), mac VARCHAR(40))"
    ));
    let way_out = match db.place {
        Kept::File(_) => "--create-table",
        Kept::Server(..) => "--upgrade-table old",
    };
    refused_everywhere(db, "old", ["C program", way_out]);
}

fn a_table_of_another_version(db: &TestStore) {
    match &db.place {
        Kept::File(_) => db.sql("CREATE TABLE newer (n INTEGER) -- made above\n;"),
        Kept::Server(..) => {}
    }
    let mark = format!("ipta logs 7 {}", "0".repeat(32));
    match &db.place {
        Kept::File(_) => db.sql(&format!("DROP TABLE newer; CREATE TABLE newer (n INTEGER /* {mark} */)")),
        Kept::Server(..) => db.sql(&format!("CREATE TABLE newer (n INTEGER) COMMENT '{mark}'")),
    }
    refused_everywhere(db, "newer", ["version 7"]);
}

fn a_table_of_names(db: &TestStore) {
    db.ipta(["--dns-create-table", "names"]).fine();
    refused_everywhere(db, "names", ["names", "-t"]);
}

fn the_ledger_is_no_table_to_use(db: &TestStore) {
    db.dir.write("a.log", lines(0..3));
    db.import(["a.log"]);
    refused_everywhere(db, "ipta_ledger", ["ledger", "-t"]);
    db.ipta(["--delete-table", "ipta_ledger"]).refused(1).says(["ledger", "-da"]);
}

fn a_bad_table_name(db: &TestStore) {
    for name in ["logs; DROP TABLE logs", "a-b", "123", "`logs`", &"x".repeat(65), "täble"] {
        for mode in [&["-ct", name][..], &["-dt", name], &["-c", "-t", name], &["-a", "-t", name]] {
            db.ipta(mode).refused(2).says(["table name", "letters"]);
        }
    }
    db.ipta(["-ct", ""]).refused(2);
    assert_eq!(db.rows(), 0);
}

fn an_empty_file_is_no_error(db: &TestStore) {
    db.dir.write("empty.log", "");
    db.import(["empty.log"]).says(["- empty.log is empty"]);
    let said = db.dir.ipta(["-a", "empty.log"]).fine().says(["- empty.log is empty"]);
    assert!(!said.err.contains("! "), "{said:#?}");
}

fn a_log_without_packets_is_no_error(db: &TestStore) {
    db.dir.write("auth.log", "May 17 00:00:01 gw sshd[7]: Accepted publickey for ana\n".repeat(30));
    db.import(["auth.log"]).says(["- auth.log has no packets in 30 lines", "iptables -j LOG"]);
    db.dir.ipta(["-a", "auth.log"]).fine().says(["- auth.log has no packets in 30 lines"]);
    assert_eq!(db.rows(), 0);
}

fn a_log_with_another_prefix_names_the_option(db: &TestStore) {
    db.dir.write("ufw.log", lines(0..40).replace("IPT: DROP ", "[UFW BLOCK] "));
    db.import(["ufw.log"]).says(["40 packets"]);
    db.ipta(["-c", "--prefix", "ipt", "-i", "ufw.log"]).fine().says([
        "'[UFW BLOCK] '",
        "40 lines",
        "--prefix ufw",
    ]);
    assert_eq!(db.rows(), 0);
    db.dir.write("edge.log", lines(0..40).replace("IPT: DROP ", "[EDGE drop] "));
    let said = db.import(["edge.log"]).says(["edge.log", "'[EDGE drop] '", "40 lines", "--prefix any"]);
    assert_eq!(db.rows(), 0, "{said:#?}");
    db.ipta(["-i", "edge.log", "--prefix", "any"]).fine().says(["40 packets"]);
    assert_eq!(db.rows(), 40);
    db.dir.ipta(["-a", "edge.log"]).fine().says(["--prefix any"]);
}

fn a_folder(db: &TestStore) {
    std::fs::create_dir(db.dir.path("logs.d")).expect("creates");
    db.ipta(["-i", "logs.d"]).refused(1).says(["logs.d", "folder", "logs.d/*.log"]);
    db.dir.ipta(["-a", "logs.d"]).refused(1).says(["logs.d", "folder"]);
    db.dir.write("a.log", "x");
    db.ipta(["-i", "a.log/x.log"]).refused(1).says(["a.log/x.log"]);
}

fn a_missing_file(db: &TestStore) {
    db.dir.write("iptables.log", lines(0..3));
    db.ipta(["-i", "iptabels.log"]).refused(1).says(["iptabels.log", "did you mean iptables.log?"]);
    db.dir.ipta(["-a", "no/where.log"]).refused(1).says(["no/where.log", "no folder no"]);
}

fn an_empty_table_is_no_error(db: &TestStore) {
    db.ipta(["--analyze"]).fine().says(["- Table 'logs' is empty", "-i FILE"]);
}

#[test]
fn a_binary_file_is_read_and_says_what_it_is() {
    let db = TestStore::on_a_file();
    let bytes: Vec<u8> = (0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    db.dir.write("image.bin", bytes);
    let said = db.import(["image.bin"]).says(["image.bin has no packets", "not text"]);
    assert!(said.err.chars().all(|c| c == '\n' || !c.is_control()), "{said:#?}");
    db.dir.ipta(["-a", "image.bin"]).fine().says(["image.bin has no packets", "not text"]);
}

#[test]
fn a_compressed_file_that_is_none() {
    let db = TestStore::on_a_file();
    db.dir.write("a.log", lines(0..9));
    db.import(["a.log"]);
    db.dir.write("broken.gz", [0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    // None of it is readable, so nothing is cleared for it.
    db.ipta(["-c", "-i", "broken.gz"]).refused(1).says(["broken.gz", "damaged gzip data", "gzip -t"]);
    assert_eq!(db.rows(), 9);
}

#[test]
fn a_log_that_may_not_be_read() {
    let dir = TestDir::new();
    let log = dir.write("secret.log", line(0));
    std::fs::set_permissions(&log, PermissionsExt::from_mode(0o600)).expect("a mode");
    let call = dir.command(["-a", "secret.log"]);
    let mut command;
    if crate::process::is_root() {
        // Root can read everything, so somebody else has to try.
        std::fs::set_permissions(dir.path(""), PermissionsExt::from_mode(0o755)).expect("a mode");
        command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        let program = dir.copy_of_the_program();
        command.arg(program).args(call.get_args()).current_dir(dir.path("")).env("HOME", dir.path(""));
    } else {
        std::fs::set_permissions(&log, PermissionsExt::from_mode(0o000)).expect("a mode");
        command = call;
    }
    run(command, "").refused(1).says(["secret.log", "permission denied", "sudo"]);
}

#[test]
fn a_log_of_the_group_adm_names_the_group() {
    if !crate::process::is_root() {
        // Only root can give a file away.
        return;
    }
    let dir = TestDir::new();
    let log = dir.write("adm.log", line(0));
    std::fs::set_permissions(&log, PermissionsExt::from_mode(0o640)).expect("a mode");
    std::fs::set_permissions(dir.path(""), PermissionsExt::from_mode(0o755)).expect("a mode");
    std::os::unix::fs::chown(&log, Some(0), Some(4)).expect("gives away");
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    command.arg(dir.copy_of_the_program()).args(["-a", "adm.log"]).current_dir(dir.path("")).env("HOME", "/");
    run(command, "").refused(1).says(["adm.log", "usermod -aG adm", "sudo"]);
}

#[test]
fn a_device_that_cannot_be_read() {
    // Opens, but refuses to give its first block.
    TestDir::new().ipta(["-a", "/proc/self/mem"]).refused(1).says(["/proc/self/mem"]);
}

#[test]
fn usage_that_nobody_can_mean() {
    let dir = TestDir::new();
    dir.write("a.log", line(0));
    for (args, words) in [
        (&["--analyse", "a.log"][..], &["--analyse", "--analyze"][..]),
        (&["--import"], &["--import (-i)", "FILE"]),
        (&["-a", "--limit"], &["--limit (-l)", "NUM"]),
        (&["-a", "a.log", "--limit", "0"], &["--limit (-l)", "from 1 to 4294967295", "'0'"]),
        (&["-a", "a.log", "--limit", "many"], &["--limit (-l)", "'many'"]),
        (&["--db-port", "70000", "-a"], &["--db-port", "65535", "70000"]),
        (&["-lt", "a.log"], &["a.log", "--import", "--analyze"]),
        (&[], &["no mode", "--import", "--usage"]),
        (&["-a", "a.log", "-i", "a.log"], &["--analyze FILE", "import them, or analyze them alone"]),
        (&["-i", "a.log", "--src", "192.0.2.1"], &["--src", "--import", "--analyze"]),
        (&["-a", "a.log", "--src", "192.0.2.300"], &["--src", "192.0.2.300"]),
        (&["-a", "a.log", "--prefix", "ufv"], &["--prefix", "ufv", "ufw"]),
        (&["-a", "a.log", "--prefix", "UFW"], &["nearest: ufw"]),
        (&["-a", "a.log", "--prefix", "("], &["--prefix"]),
        (&["-a", "a.log", "--dst-port", "22"], &["--dst-port", "did you mean --dport?"]),
        (&["--scan", "a.log", "--limit", "3"], &["--limit has no effect with --scan"]),
        (&["-a", "a.log", "--modules", "port"], &["port", "ports"]),
        (&["-p", "hunter2", "hunter2", "-a"], &["password"]),
        (&["--db-file", "x.db", "-d", "ipta", "-a"], &["--db-file", "--db-name (-d)"]),
        (&["-ct", "one", "-t", "two"], &["one", "two"]),
        (&["-lt", "--format", "csv"], &["--format csv has no effect with --list-tables", "--analyze"]),
        (&["--year", "26", "-a", "a.log"], &["--year", "1970 to 9999"]),
        (&["-f", "a.log", "-a"], &["--follow", "--analyze"]),
    ] {
        let said = dir.ipta(args).refused(2);
        for word in words {
            assert!(said.err.contains(word), "no '{word}' in {said:#?}");
        }
    }
}

#[test]
fn a_message_shows_a_typed_text_and_lets_it_steer_nothing() {
    let dir = TestDir::new();
    for args in [
        &["--\u{202e}x"][..],
        &["-a", "\u{202e}x.log"],
        &["\u{202e}x.log"],
        &["-a", "--limit", "\u{202e}x"],
        &["-a", "--src", "\u{202e}x"],
        &["-a", "--proto", "x\n* \u{9b}31mDone.\u{202e}"],
        &["-a", "x\n* \u{9b}31mDone.\u{202e}"],
        &["-ct", "\u{202e}x", "-t", "y"],
    ] {
        let said = dir.ipta(args);
        assert!(matches!(said.status, Some(1 | 2)), "{args:?}: {said:#?}");
        assert!(said.err.contains("\\u{202e}") && !said.err.contains('\u{202e}'), "{args:?}: {said:#?}");
        assert!(said.err.lines().all(|line| !line.starts_with("* ")), "{args:?}: {said:#?}");
    }
    dir.write(".ipta-conf", "\"k\u{202e}y\" = 1\n");
    let said = dir.ipta(["-a", "x.log"]).refused(2).says(["k\\u{202e}y"]);
    assert!(!said.err.contains('\u{202e}'), "{said:#?}");
}

#[test]
fn each_line_of_an_old_configuration_file_comes_back_corrected() {
    let dir = TestDir::new();
    dir.write("a.log", line(0));
    for (old, corrected) in [
        ("db_host = localhost", "db_host = \"localhost\""),
        ("db user = firewall", "db_user = \"firewall\""),
        ("db_pass = hunter2", "db_pass = \"...\""),
        ("db_name = ipta", "db_name = \"ipta\""),
        ("db_table = logs", "db_table = \"logs\""),
        ("rdns = yes", "rdns = true"),
        ("show-lo = no", "show_lo = false"),
        ("show-accept = no", "show_accept = false"),
        ("analyzer limit = 15", "limit = 15"),
    ] {
        dir.write(".ipta-conf", format!("# mine\n{old}\n"));
        let said = dir.ipta(["-a", "a.log"]).refused(2);
        assert!(said.err.contains(".ipta-conf, line 2:") && said.err.contains(corrected), "{said:#?}");
    }
    dir.write(".ipta-conf", "db_hots = \"x\"\n");
    dir.ipta(["-a", "a.log"]).refused(2).says([".ipta-conf", "line 1", "db_hots", "db_host"]);
    dir.write(".ipta-conf", "limit = \"many\"\ndb_pass = 'hunter2\n");
    dir.ipta(["-a", "a.log"]).refused(2).says([".ipta-conf", "line"]);
    dir.write(".ipta-conf", b"db_pass = \"\xff\"\n");
    dir.ipta(["-a", "a.log"]).refused(2).says([".ipta-conf", "line 1", "UTF-8"]);
    dir.remove(".ipta-conf");
    dir.ipta(["--config", "none.conf", "-a", "a.log"]).refused(2).says(["none.conf"]);
}

#[test]
fn a_table_with_a_slip_in_its_name_names_the_one_that_is_there() {
    let db = TestStore::on_a_file();
    db.ipta(["--create-table", "march"]).fine();
    db.ipta(["-a", "-t", "marhc"]).refused(1).says([
        "'marhc'",
        "did you mean -t march?",
        "--create-table marhc",
    ]);
}

#[test]
fn quiet_is_not_silent_about_packets_that_the_prefix_leaves_out() {
    let dir = TestDir::new();
    dir.write("a.log", line(0).replace("IPT: ", "FW: "));
    let said = dir.ipta(["--quiet", "-a", "a.log"]).fine();
    assert!(said.err.contains("none with a prefix that ipta looks for"), "{said:#?}");
}

#[test]
fn tables_that_show_none_of_the_packets_say_so() {
    let dir = TestDir::new();
    dir.write("a.log", line(0).replace("IPT: DROP", "IPT: ACCEPT"));
    dir.ipta(["-a", "a.log"])
        .fine()
        .says(["1 packet counted, but these tables show none of them", "--modules sources,timeline"]);
    dir.ipta(["-a", "a.log", "--modules", "attacks"]).fine().says(["No attacks were found among 1 packet."]);
    dir.ipta(["-a", "a.log", "--deny-action", "DROPP"])
        .fine()
        .says(["No packet has the action DROPP; the actions found are ACCEPT."]);
}

#[test]
fn a_log_alone_is_analyzed_and_a_slip_is_told() {
    let db = TestStore::on_a_file();
    db.dir.write("a.log", lines(0..40));
    let report = db.dir.ipta(["a.log", "--limit", "3"]).fine().out;
    assert_eq!(report, db.dir.ipta(["-a", "a.log", "--limit", "3"]).fine().out);
    let tar = [vec![0; 257], b"ustar".to_vec(), vec![0; 250], lines(0..3).into_bytes()].concat();
    db.dir.write("a.tar", &tar);
    db.dir.write("a.tar.gz", gzip(&tar));
    for log in ["a.tar", "a.tar.gz"] {
        db.dir.ipta([log]).refused(1).says(["tar archive", "tar -xf"]);
    }
    db.dir.ipta(["analyze"]).refused(2).says(["no file 'analyze'", "ipta --analyze?"]);
    db.dir.ipta(["b.log"]).refused(2).says(["no file 'b.log'"]);
    for call in [
        &["packets.db"][..],
        &["-a", "packets.db"],
        &["-i", "packets.db"],
        &["--scan", "packets.db"],
        &["-f", "packets.db"],
    ] {
        db.dir.ipta(call).refused(1).says(["an SQLite file", "ipta --db-file packets.db --analyze"]);
    }
}

#[test]
fn remedies_are_named_only_where_they_help() {
    let dir = TestDir::new();
    dir.write("a.log", line(0));
    let ipta = |call: &[&str]| dir.ipta([&["--db-file", "p.db"], call].concat());
    ipta(&["-ct", "-i", "a.log"]).fine();
    ipta(&["-ct", "dns"]).fine();
    ipta(&["--dns-dump"])
        .refused(1)
        .says(["Table 'dns'", "holds packets, not names; name another with --dns-table"]);
    ipta(&["--dns-create-table", "names"]).fine();
    ipta(&["--dns-dump", "--dns-table", "names"]).fine().says(["--dns-table names --analyze --rdns"]);
    ipta(&["--upgrade-table", "nowhere"]).refused(1).says(["No table 'nowhere'", "--list-tables"]);
    ipta(&["-a", "--output", "-"]).refused(2).says(["--output takes a file", "--output ./-"]);
    ipta(&["-a", "--modules", "all"])
        .fine()
        .says(["Left out: 'new' compares", "Left out: 'countries' needs"]);
    let refused = |sql: &str| ipta(&["--sql", sql]).refused(1).err;
    assert!(refused("DELETE FROM logs").contains("To allow changes: "));
    for sql in ["SELCT 1", "SHOW TABLES"] {
        assert!(!refused(sql).contains("--write"), "{sql}");
    }
    let write = |sql: &str| ipta(&["--write", "--sql", sql]).fine().err;
    assert!(write("DELETE FROM logs").contains("* 1 row changed."));
    assert!(write("DROP TABLE logs").contains("* Done."));
    ipta(&["-ct", "logs", "b.log"]).refused(2).says(["b.log: unexpected argument"]);
}
