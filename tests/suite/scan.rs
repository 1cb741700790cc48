//! `--scan`: the lines of `--follow`, for whole logs and for the table.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::live::{drop_from_port, port};
use crate::process::{TestDir, TestStore, gzip, lines, on_both_stores, project};

on_both_stores! {
    the_table_gives_the_lines_of_its_logs
    the_table_as_records_has_every_field
}

fn ports(text: &str) -> Vec<u32> {
    text.lines().filter_map(port).collect()
}

#[test]
fn logs_plain_and_compressed_and_standard_input_are_read_in_the_order_of_import() {
    let dir = TestDir::new();
    // By the logs' own age, as import takes them: rotated ones first, whatever is typed.
    dir.write("log", drop_from_port(3));
    dir.write("log.1", drop_from_port(2).replace("May  4", "May  3"));
    dir.write("log.2.gz", gzip(drop_from_port(1).replace("May  4", "May  2")));
    let scanned = dir.ipta(["--scan", "log", "log.1", "log.2.gz"]);
    assert_eq!(scanned.err, "");
    assert_eq!(ports(&scanned.out), [1, 2, 3]);
    assert!(scanned.out.starts_with("Count    IF       Source "));
    assert_eq!(ports(&dir.fed(["--scan", "-"], drop_from_port(9)).out), [9]);
}

#[test]
fn a_scan_of_the_example_shows_every_packet_in_it() {
    let dir = TestDir::new();
    let example = project("examples/iptables.log");
    let scanned = dir.ipta(["--scan", example.to_str().unwrap(), "--no-header", "--year", "2026"]).fine();
    assert_eq!(scanned.err, "");
    // Some lines quote packets made up by others; the kernel's tag is the fifth word.
    let log = std::fs::read_to_string(example).unwrap();
    let kernels = |line: &&str| line.split_ascii_whitespace().nth(4) == Some("kernel:");
    let expected = log.lines().filter(kernels).filter(|line| line.contains("IPT: ")).count();
    assert_eq!(scanned.out.lines().count(), expected);
    let last = scanned.out.lines().last().unwrap();
    assert!(last.trim_start().starts_with(&format!("{expected} ")), "{last}");
}

#[test]
fn filters_header_and_counter_mean_what_they_mean_in_follow() {
    let dir = TestDir::new();
    let accepted = drop_from_port(1).replace("DROP", "ACCEPT");
    dir.write("log", accepted + &drop_from_port(2) + &drop_from_port(3).replace("192.0.2.7", "192.0.2.9"));
    let scanned = dir.ipta(["--scan", "log", "--no-accept", "--no-header", "--src", "192.0.2.9"]);
    let text = scanned.out;
    assert!(text.starts_with("       3 eth0     192.0.2.9 "), "{text}");
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn a_log_without_packets_is_a_note_and_success() {
    let dir = TestDir::new();
    dir.write("empty", "");
    let scanned = dir.ipta(["--scan", "empty"]).fine();
    assert_eq!(scanned.out, "");
    assert!(scanned.err.starts_with("- "), "{}", scanned.err);
}

#[test]
fn a_missing_log_is_an_error_before_a_line_is_shown() {
    let dir = TestDir::new();
    dir.write("log", drop_from_port(1));
    dir.ipta(["--scan", "log", "lgo"]).refused(1).says(["lgo"]);
}

#[test]
fn a_reader_that_has_seen_enough_is_a_normal_end() {
    let dir = TestDir::new();
    dir.write("log", (0..50_000).map(drop_from_port).collect::<String>());
    let mut command = dir.command(["--scan", "log"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let head = Command::new("head").arg("-3").stdin(child.stdout.take().unwrap()).output();
    assert_eq!(head.unwrap().stdout.iter().filter(|byte| **byte == b'\n').count(), 3);
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr), (Some(0), Vec::new()));
}

fn the_table_gives_the_lines_of_its_logs(db: &TestStore) {
    let accepted = drop_from_port(7).replace("IPT: DROP", "IPT: ACCEPT");
    db.dir.write("a.log", lines(0..5000) + &accepted);
    db.import(["a.log"]);
    for options in [&[][..], &["--time"], &["--no-header", "--no-counter", "--dport", "15003"]] {
        let of_log = db.dir.ipta(["--scan", "a.log"].iter().chain(options)).fine();
        assert_eq!(db.ipta(["--scan"].iter().chain(options)).fine().out, of_log.out, "{options:?}");
    }
    assert_eq!(
        ports(&db.ipta(["--scan", "--no-header", "--sport", "1024-1026"]).fine().out),
        [1024, 1025, 1026]
    );
    db.ipta(["-t", "none", "--scan"]).refused(1).says(["No table 'none'", "--create-table none"]);
    db.ipta(["--scan", "--prefix", "ufw"]).refused(2).says(["--prefix has no effect with --scan"]);
}

fn the_table_as_records_has_every_field(db: &TestStore) {
    let ping = "May 17 00:00:09 gw kernel: IPT: DROP IN=eth0 OUT= SRC=192.0.2.9 DST=192.0.2.1 LEN=84 TTL=64 ID=0 \
                PROTO=ICMP TYPE=8 CODE=0 ID=1 SEQ=1\n";
    db.dir.write("a.log", lines(0..2) + ping);
    db.import(["a.log"]);
    let json = db.ipta(["--scan", "--format", "json"]).fine().out;
    assert_eq!(json, db.dir.ipta(["--scan", "a.log", "--format", "json"]).fine().out);
    let records: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(records.len(), 3);
    assert_eq!(
        records[1],
        serde_json::json!({
            "number": 2, "time": "2026-05-17T00:00:01.000000Z", "host": "gw", "in": "eth0", "out": null,
            "src": "203.0.113.1", "src_name": null, "sport": 1025, "dst": "192.0.2.1", "dst_name": null, "dport": 22,
            "proto": "TCP", "action": "DROP", "verdict": "deny", "prefix": "IPT: DROP ",
            "mac": "02:00:5e:00:53:01:02:00:5e:00:53:02:08:00", "length": 40, "ttl": 52, "id": 1, "flags": "SYN",
            "type": null, "code": null,
        })
    );
    assert_eq!((&records[2]["type"], &records[2]["sport"]), (&8.into(), &Value::Null));
    let csv = db.ipta(["--scan", "--format", "csv"]).fine().out;
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows.len(), 4);
    assert!(rows[0].starts_with("number,time,host,in,out,src,src_name,sport,dst,"), "{csv}");
    assert!(rows[2].starts_with(
        "2,2026-05-17T00:00:01.000000Z,gw,eth0,,203.0.113.1,,1025,192.0.2.1,,22,TCP,DROP,deny,IPT: DROP"
    ));
    let headless = db.ipta(["--scan", "--format", "csv", "--no-header"]).fine().out;
    assert_eq!(headless.lines().count(), 3);
}

#[test]
fn a_scan_that_shows_nothing_says_why() {
    let db = TestStore::on_a_file();
    db.ipta(["--scan"]).fine().says(["Table 'logs' is empty; import a log with: ipta --db-file"]);
    db.dir.write("a.log", lines(0..5));
    db.import(["a.log"]);
    for call in [&["--scan", "a.log"][..], &["--scan"]] {
        let said = |filters: &[&str]| {
            let arguments = call.iter().chain(filters);
            match call.len() {
                1 => db.ipta(arguments).fine(),
                _ => db.dir.ipta(arguments).fine(),
            }
        };
        said(&["--dport", "9"]).says(["No packet ", "is to port 9."]);
        said(&["--since", "2000-01-01", "--until", "2000-01-02"])
            .says(["matches the filters; the packets are from 20"]);
        said(&["--action", "block"]).says(["has the action block; the actions found are DROP"]);
        assert_eq!(said(&["--action", "drop"]).err, "");
    }
    let timeless = "kernel: IPT: DROP IN=eth0 OUT= SRC=192.0.2.9 DST=198.51.100.1 LEN=40 TTL=52 PROTO=2\n";
    db.dir.append("a.log", timeless);
    db.import(["a.log"]);
    for said in [
        db.ipta(["--scan", "--since", "2026-05-01"]),
        db.dir.ipta(["--scan", "a.log", "--since", "2026-05-01"]),
    ] {
        said.fine().says(["Left out 1 packet without a time."]);
    }
    db.dir
        .ipta(["--scan", "a.log", "--modules", "ports"])
        .refused(2)
        .says(["--modules has no effect with --scan"]);
}
