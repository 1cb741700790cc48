//! The formats of a report: the same numbers in each, and nothing from a log breaks out of its place.

use serde_json::Value;

use crate::process::{TestDir, line};

/// A log whose words try to be markup, formulas and escape sequences.
const HOSTILE: &str = "\
May  4 06:35:12 fw kernel: IPT: <script>alert(1)</script> IN==1+1 OUT= SRC=192.0.2.7 DST=198.51.100.9 LEN=60 PROTO=TCP SPT=1 DPT=22 SYN 
May  4 06:35:13 fw kernel: IPT: \x1b[31m|x IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.9 LEN=60 PROTO=TCP SPT=1 DPT=22 SYN 
";

fn report(dir: &TestDir, log: &str, format: &str) -> String {
    dir.write("log", log);
    dir.ipta(["-a", "log", "--format", format]).fine().out
}

fn example() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/iptables.log"))
        .expect("the example log")
}

#[test]
fn json_holds_the_numbers_of_the_text() {
    let dir = TestDir::new();
    let report: Value = serde_json::from_str(&report(&dir, &example(), "json")).expect("JSON");
    assert_eq!(report["version"], 3);
    assert_eq!(report["packets"], 671);
    let first = &report["modules"][0]["rows"][0];
    assert_eq!(report["modules"][0]["name"], "denied");
    assert_eq!(first["count"], 138);
    assert_eq!(first["source_ip"], "213.136.38.8");
    assert_eq!(first["dport"], 80);
    let icmp = &report["modules"][1]["rows"][0];
    assert_eq!((&icmp["count"], &icmp["action"]), (&Value::from(14), &Value::from("ACCEPT")));
}

#[test]
fn json_html_and_markdown_hold_what_was_said_of_the_report() {
    let dir = TestDir::new();
    let log = line(0).replace("IPT: ", "FW: ");
    for format in ["json", "html", "markdown"] {
        let report = report(&dir, &log, format);
        assert!(report.contains("none with a prefix that ipta looks for"), "{format}: {report}");
    }
    let report: Value = serde_json::from_str(&report(&dir, &log, "json")).expect("JSON");
    assert_eq!(report["notes"].as_array().map(Vec::len), Some(1), "{report}");
}

/// A scan throttled by UFW's limit to three packets a minute; and a flood from 250 addresses.
fn scan_and_flood() -> String {
    let line = |what: &str, second: u32, src: &str, from: u32, port: u32| {
        format!(
            "May  4 {:02}:{:02}:{:02} gw kernel: [UFW {what}] IN=eth0 OUT= SRC={src} DST=198.51.100.1 LEN=60 \
             TOS=0x00 PREC=0x00 TTL=55 ID=1 DF PROTO=TCP SPT={from} DPT={port} WINDOW=5840 RES=0x00 SYN URGP=0 \n",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    };
    let scan = (0..180).map(|n| line("BLOCK", n * 20, "192.0.2.7", 43_000, 1000 + n));
    let flood = (0..300)
        .map(|n| line("LIMIT BLOCK", 7200 + n / 30, &format!("203.0.113.{}", n % 250 + 1), 2000 + n, 8080));
    scan.chain(flood).collect()
}

#[test]
fn in_json_every_number_is_a_number_and_a_lower_bound_is_a_field() {
    let dir = TestDir::new();
    dir.write("log", scan_and_flood());
    let call = ["-a", "log", "--prefix", "ufw", "--modules", "attacks", "--format"];
    let said = dir.ipta(call.into_iter().chain(["json"])).fine();
    let report: Value = serde_json::from_str(&said.out).expect("JSON");
    let rows = report["modules"][0]["rows"].as_array().expect("rows");
    let of = |kind: &str| rows.iter().find(|row| row["attack"] == kind).expect(kind);
    let scan = of("slow SYN scan");
    let expected = serde_json::json!({
        "severity": "medium", "packets": 180, "attack": "slow SYN scan", "kinds": ["slow SYN scan"],
        "source_ip": "192.0.2.7", "source_ip_count": 1, "source_ip_network": null,
        "target": "198.51.100.1", "target_count": 1, "target_network": null, "port": null, "services": [], "days": 1,
        "first": scan["first"], "last": scan["last"], "distinct": 180, "distinct_of": "ports",
        "peak": 180, "threshold": 15, "per_seconds": 86_400, "lower_bound": true,
        "episodes": scan["episodes"],
    });
    assert_eq!(*scan, expected);
    let episode = &scan["episodes"][0];
    let fields = ["attack", "packets", "source_ip", "target", "distinct", "distinct_of", "lower_bound"];
    fields.iter().for_each(|field| assert_eq!(episode[field], scan[field], "{field}"));
    let flood = of("SYN flood");
    let figures = ["packets", "source_ip", "source_ip_count", "peak", "per_seconds"].map(|key| &flood[key]);
    let expected = [300.into(), Value::Null, 250.into(), 300.into(), 10.into()];
    assert_eq!(figures, expected.each_ref());
    // The text format reads as before.
    let text = dir.ipta(call.into_iter().chain(["text"])).fine().out;
    assert!(text.contains("   180+ slow SYN scan  192.0.2.7"), "{text}");
    assert!(text.contains(" 180 ports  180+/day    15/day\n") && text.contains(" 250 hosts "), "{text}");
}

#[test]
fn csv_has_one_header_and_as_many_cells_in_each_row() {
    let dir = TestDir::new();
    let text = report(&dir, &example(), "csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().expect("a header").get(0), Some("module"));
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("even rows");
    assert_eq!(rows.len(), 10 + 8 + 10 + 10 + 3);
    assert_eq!((&rows[0][0], &rows[0][1], &rows[0][2]), ("denied", "138", "213.136.38.8"));
}

#[test]
fn a_page_has_no_outside_reference() {
    let dir = TestDir::new();
    let page = report(&dir, &example(), "html");
    for foreign in ["http:", "https:", "<link", "<img", "url(", "@import"] {
        assert!(!page.contains(foreign), "{foreign} in the page");
    }
    assert!(page.contains("<svg") && page.contains(">213.136.38.8<"));
    assert_eq!(page.matches("<script").count(), 1);
}

#[test]
fn what_a_log_contains_is_text_everywhere() {
    let dir = TestDir::new();
    let page = report(&dir, HOSTILE, "html");
    assert!(page.matches("<script>").count() == 1 && page.contains("&lt;script&gt;"));
    let csv = report(&dir, HOSTILE, "csv");
    assert!(csv.contains("'=1+1") && !csv.contains(",=1+1"));
    let markdown = report(&dir, HOSTILE, "markdown");
    assert!(!markdown.contains("<script>") && markdown.contains("\\|x"));
    for format in ["text", "html", "csv", "markdown", "json"] {
        assert!(!report(&dir, HOSTILE, format).contains('\x1b'), "an escape in {format}");
    }
}

/// A log whose action reverses the writing direction and holds an ISO 6429 control character.
const TURNING: &str = "\
May  4 06:35:12 fw kernel: IPT: a\u{202e}b\u{9b}31mc IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.9 LEN=60 PROTO=TCP SPT=1 DPT=22 SYN 
";

#[test]
fn no_format_lets_text_of_a_log_steer_what_shows_it() {
    let dir = TestDir::new();
    for format in ["text", "html", "csv", "markdown", "json"] {
        let shown = report(&dir, TURNING, format);
        assert!(!shown.contains(['\u{202e}', '\u{9b}']), "{format}: {shown}");
    }
    let json = report(&dir, TURNING, "json");
    assert!(json.contains("\"a\\u202eb\\u009b31mc\""), "{json}");
    let read: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(read["modules"][0]["rows"][0]["action"], "a\u{202e}b\u{9b}31mc");
}

#[test]
fn an_output_file_is_written_whole_or_not_at_all() {
    let dir = TestDir::new();
    dir.write("log", example());
    dir.write("report.json", "the old one");
    dir.ipta(["-a", "log", "--format", "json", "--output", "report.json"]).fine();
    serde_json::from_slice::<Value>(&dir.read("report.json")).expect("the new one, whole");
    dir.write("report.json", "the old one");
    dir.ipta(["-a", "missing", "--output", "report.json"]).refused(1);
    assert_eq!(dir.read("report.json"), b"the old one");
    dir.ipta(["-a", "log", "--output", "no/such/folder/report"]).refused(1).says(["no/such/folder/report"]);
}

#[test]
fn a_report_takes_the_place_of_no_pipe_and_no_link() {
    let dir = TestDir::new();
    dir.write("log", line(0));
    let pipe = dir.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("runs");
    assert!(made.success());
    // A reader, so that nobody waits for one; the output fits into the pipe.
    let mut reader = std::fs::File::options().read(true).write(true).open(&pipe).expect("opens");
    dir.ipta(["-a", "log", "--format", "json", "--output", "pipe"]).fine();
    let mut first = [0; 1];
    std::io::Read::read_exact(&mut reader, &mut first).expect("reads");
    assert_eq!(&first, b"{");

    dir.write("old.json", "old");
    std::os::unix::fs::symlink("old.json", dir.path("link")).expect("a link");
    dir.ipta(["-a", "log", "--format", "json", "--output", "link"]).fine();
    assert!(dir.path("link").is_symlink());
    assert_eq!(dir.read("old.json").first(), Some(&b'{'));
}

#[test]
fn a_report_is_not_written_over_what_it_is_made_of() {
    let dir = TestDir::new();
    dir.write("log", line(0));
    std::fs::hard_link(dir.path("log"), dir.path("other")).expect("a link");
    dir.ipta(["-a", "log", "--output", "other"]).refused(2).says(["--output other: that is the log itself"]);
    assert_eq!(dir.read("log"), line(0).as_bytes());
    dir.ipta(["--db-file", "p.db", "-ct", "-i", "log"]).fine();
    let before = dir.read("p.db");
    dir.ipta(["--db-file", "p.db", "-a", "--output", "p.db"]).refused(2).says(["the database itself"]);
    assert_eq!(dir.read("p.db"), before);
}
