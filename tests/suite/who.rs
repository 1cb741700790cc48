//! `--who`: everything about one source.

use serde_json::Value;

use crate::geoip::mmdb;
use crate::process::{TestDir, TestStore, project};

fn example() -> String {
    project("examples/iptables.log").display().to_string()
}

#[test]
fn a_dossier_has_every_part() {
    let dir = TestDir::new();
    let said = dir.ipta(["--who", "213.136.38.8", &example(), "--year", "2026"]).fine();
    for line in [
        "Only packets from 213.136.38.8.",
        "Source     213.136.38.8",
        "Packets    138",
        "First seen 2026-05-17 01:38:01",
        "   138    80 TCP    INVALID",
        "   138 188.126.93.160            INVALID",
        "2026-05-17 00:00:00        0      138        0",
        "   138 INVALID    eth0",
    ] {
        assert!(said.out.contains(line), "no '{line}' in {}", said.out);
    }
}

#[test]
fn a_table_gives_the_same_dossier_as_its_log() {
    for db in [TestStore::on_a_file(), TestStore::on_a_server()] {
        db.ipta(["-i", &example(), "--year", "2026"]).fine();
        let of_log = db.dir.ipta(["--who", "192.0.2.30", &example(), "--year", "2026"]).fine();
        assert_eq!(db.ipta(["--who", "192.0.2.30"]).fine().out, of_log.out);
        assert!(of_log.out.contains("brute force"), "{}", of_log.out);
    }
}

#[test]
fn a_network_is_a_source_too_and_filters_work() {
    let dir = TestDir::new();
    let call = ["--who", "192.0.2.0/24", &example(), "--year", "2026", "--dport", "22", "--format", "json"];
    let report: Value = serde_json::from_str(&dir.ipta(call).fine().out).expect("JSON");
    let profile = report["modules"][0]["rows"].as_array().expect("rows");
    assert_eq!(profile[0]["what"], "Sources");
    assert!(report["modules"][3]["rows"].as_array().expect("rows").iter().all(|row| row["dport"] == 22));
    assert_eq!(crate::schema::fault_of("report", &report), None);
}

#[test]
fn where_it_is_stands_there_if_it_is_known() {
    let dir = TestDir::new();
    dir.write("geo.mmdb", mmdb::sample());
    dir.write(
        "log",
        "2026-05-04T00:00:00+00:00 gw kernel: IPT: DROP IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.10 LEN=60 PROTO=TCP \
         SPT=5555 DPT=443 WINDOW=1 RES=0x00 SYN URGP=0\n",
    );
    let said = dir.ipta(["--who", "192.0.2.7", "log", "--geoip-database", "geo.mmdb"]).fine();
    assert!(said.out.contains("Country    ") && said.out.contains("AS         AS"), "{}", said.out);
}

#[test]
fn what_is_no_source_is_refused_with_a_command_that_works() {
    let dir = TestDir::new();
    let said = dir.ipta(["--who", "nobody", &example()]).refused(2);
    said.says(["--who: 'nobody' is not an address or network", "ipta --who 192.0.2.7 FILE"]);
    for more in [&["--src", "192.0.2.1"][..], &["--modules", "ports"], &["--format", "nft"], &["--scan"]] {
        let call = ["--who", "192.0.2.7"].into_iter().chain(more.iter().copied());
        dir.ipta(call).refused(2);
    }
}

#[test]
fn whoever_is_not_there_is_said_to_be_missing() {
    let dir = TestDir::new();
    dir.ipta(["--who", "203.0.113.250", &example()]).fine().says(["No packet is from 203.0.113.250"]);
}
