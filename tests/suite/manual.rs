//! The manual's chapter 5: what its own log gives, from each store and directly from the log.

use crate::chapter5;
use crate::harness::{Server, server};
use crate::process::{PASSWORD, TestDir, TestStore, end, lines, project};

#[test]
fn the_example_log_gives_chapter_5_from_a_file() {
    let dir = TestDir::new();
    let log = project("examples/iptables.log").display().to_string();
    dir.ipta(["--db-file", "F", "--create-table", "-i", &log]).fine();
    let report = dir.ipta(["--db-file", "F", "--analyze", "--limit", "40"]).fine();
    is_chapter_5(&report.out);
}

#[test]
fn the_manuals_own_commands_give_chapter_5_from_a_server() {
    // As on a machine whose server listens where `localhost` finds it; user, password, database and table
    // are the defaults.
    let dir = TestDir::new();
    let server = Server::start(&[]);
    let log = project("examples/iptables.log").display().to_string();
    let ipta = |args: &[&str]| {
        let mut command = dir.command(args);
        command.env("MYSQL_UNIX_PORT", server.socket());
        crate::process::run(command, "")
    };
    ipta(&["--create-db"]).fine();
    let made = ipta(&["--create-table"]).fine();
    assert_eq!(made.err, "* Table 'logs' created in database 'ipta' which you may now use.\n");
    let again = ipta(&["--create-table"]).fine();
    assert_eq!(again.err, "- Table 'logs' already exists in database 'ipta'.\n");
    ipta(&["-c", "-i", &log]).fine();
    is_chapter_5(&ipta(&["--analyze", "--limit", "40"]).fine().out);
    let short = ipta(&["--analyze", "--limit", "20"]).fine();
    assert!(short.out.contains("   138 213.136.38.8"), "{short:#?}");
    ipta(&["--create-db"]).fine();
}

#[test]
fn one_call_goes_from_a_bare_server_to_chapter_5() {
    let dir = TestDir::new();
    let socket = server().socket().display().to_string();
    let log = project("examples/iptables.log").display().to_string();
    let names = ["-h", &socket, "-d", "first_day", "-u", "newcomer", "-p", PASSWORD];
    let modes = ["-a", "-i", &log, "-ct", "-cd", "-l", "40"];
    let said = dir.ipta(names.iter().chain(&modes)).fine();
    is_chapter_5(&said.out);
    assert!(!said.err.contains(PASSWORD), "{said:#?}");
    // The second time, everything is already there.
    let said = dir.ipta(names.iter().chain(&modes)).fine().says(["already exists", "0 new"]);
    is_chapter_5(&said.out);
    // A different password does not replace the one it has.
    let names = ["-h", &socket, "-d", "first_day", "-u", "newcomer", "-p", "hunter2"];
    let said = dir.ipta(names.iter().chain(&["-cd"])).refused(1);
    said.says(["'newcomer'", "a different password", "ALTER USER"]);
}

#[test]
fn the_example_log_gives_chapter_5_directly() {
    let log = project("examples/iptables.log").display().to_string();
    let report = TestDir::new().ipta(["--analyze", &log, "--limit", "40"]).fine();
    is_chapter_5(&report.out);
}

#[test]
fn a_file_a_server_and_the_log_itself_give_the_same_report_to_the_byte() {
    all_the_same(&TestStore::on_a_server());
}

#[test]
fn strict_servers_give_the_same_report_too() {
    let mode = "--sql-mode=ONLY_FULL_GROUP_BY,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ANSI_QUOTES";
    let server = Box::leak(Box::new(Server::start(&[mode])));
    all_the_same(&TestStore::on(server));
    end(server);
}

/// One log with both families, both kinds of ICMP, other protocols, odd texts, no times.
const MIXED: &str = "\
May 17 00:00:01 gw kernel: IPT: DROP IN=eth0 OUT= SRC=2001:0db8:0000:0000:0000:0000:0000:0001 DST=2001:0db8:0000:0000:0000:0000:0000:0002 LEN=60 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=TCP SPT=40000 DPT=22 WINDOW=1024 RES=0x00 SYN URGP=0
May 17 00:00:02 gw kernel: IPT: ACCEPT IN=eth0 OUT= SRC=2001:0db8:0000:0000:0000:0000:0000:0001 DST=2001:0db8:0000:0000:0000:0000:0000:0002 LEN=72 TC=0 HOPLIMIT=255 FLOWLBL=0 PROTO=ICMPv6 TYPE=128 CODE=0 ID=1 SEQ=1
May 17 00:00:03 gw kernel: IPT: ACCEPT IN=eth0 OUT= SRC=192.0.2.9 DST=192.0.2.1 LEN=84 TOS=0x00 PREC=0x00 TTL=64 ID=7 DF PROTO=ICMP TYPE=8 CODE=0 ID=1 SEQ=1
May 17 00:00:04 gw kernel: IPT: DROP IN=eth0 OUT= SRC=192.0.2.9 DST=224.0.0.1 LEN=32 TOS=0x00 PREC=0xC0 TTL=1 ID=0 DF OPT (94040000) PROTO=2
May 17 00:00:05 gw kernel: IPT: INVALID IN=eth1 OUT=eth0 SRC=192.0.2.9 DST=192.0.2.1 LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=7 PROTO=TCP SPT=0 DPT=65535 WINDOW=0 RES=0x00 RST URGP=0
May 17 00:00:05 gw kernel: IPT: schön IN=eth1 OUT= SRC=192.0.2.10 DST=192.0.2.1 LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=7 PROTO=UDP SPT=53 DPT=65535 LEN=20
IPT: DROP IN=lo OUT= SRC=127.0.0.1 DST=127.0.0.1 LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=7 PROTO=UDP SPT=53 DPT=53 LEN=20
";

fn all_the_same(served: &TestStore) {
    let file = TestStore::on_a_file();
    let log = MIXED.to_owned() + &lines(0..300);
    let mixed = served.dir.write("mixed.log", log).display().to_string();
    let example = project("examples/iptables.log").display().to_string();
    for db in [served, &file] {
        db.import([&mixed, &example]);
    }
    for more in
        [&["-l", "1000"][..], &["-l", "3"], &["--no-accept", "--proto", "icmp"], &["--modules", "all"]]
    {
        let analyze = |files: &[&str], db: &TestStore, direct: bool| {
            let args = ["-a"].into_iter().chain(files.iter().copied()).chain(more.iter().copied());
            let args: Vec<String> = args.map(str::to_owned).collect();
            let said = if direct { db.dir.ipta(args) } else { db.ipta(args) };
            said.fine().out
        };
        let direct = analyze(&[&mixed, &example], &file, true);
        let odd = ["2001:db8::1", "schön", "192.0.2.9"].iter().all(|word| direct.contains(word));
        assert!(odd || *more != ["-l", "1000"], "{direct}");
        assert_eq!(analyze(&[], &file, false), direct, "a file, {more:?}");
        assert_eq!(analyze(&[], served, false), direct, "a server, {more:?}");
    }
}

/// Every row of the manual's five tables is in the report with its count, in descending order; only rows of
/// an equal count come between them.
fn is_chapter_5(report: &str) {
    let tables: Vec<&str> = report.trim().split("\n\n").collect();
    assert_eq!(tables.len(), 5, "{report}");
    let whole = [false, true, false, true, true];
    let expected = [
        rows(chapter5::DENIED),
        rows(chapter5::ICMP),
        rows(chapter5::PORTS),
        rows(chapter5::INVALID),
        rows(chapter5::INTERFACES),
    ];
    for ((table, expected), whole) in tables.iter().zip(expected).zip(whole) {
        let shown: Vec<Vec<&str>> =
            table.lines().skip(3).map(|line| line.split_whitespace().collect()).collect();
        let counts: Vec<u64> = shown.iter().map(|row| row[0].parse().expect("a count")).collect();
        assert!(counts.is_sorted_by(|a, b| a >= b), "{table}");
        let at: Vec<usize> = expected
            .iter()
            .map(|row| shown.iter().position(|s| s == row).unwrap_or_else(|| panic!("no {row:?} in {table}")))
            .collect();
        let last = at.iter().max().expect("rows");
        for (position, row) in shown.iter().enumerate().take(last + 1) {
            let tied = expected.iter().any(|known| known[0] == row[0]);
            assert!(at.contains(&position) || tied, "{row:?} stands between the manual's rows in {table}");
        }
        if whole {
            assert_eq!(shown.len(), expected.len(), "{table}");
        }
    }
}

fn rows<const N: usize>(table: &'static [[&'static str; N]]) -> Vec<Vec<&'static str>> {
    table.iter().map(|row| row.to_vec()).collect()
}
