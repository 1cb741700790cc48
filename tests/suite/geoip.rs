//! Where packets come from, according to a database the test writes.

#[path = "../../src/geoip/sample.rs"]
pub mod mmdb;

use serde_json::Value;

use crate::process::TestDir;
use mmdb::{Datum, HOSTILE, database, sample};

/// Two packets from Sweden, three from Norway in two systems, one from nobody knows where.
fn dir() -> TestDir {
    let dir = TestDir::new();
    let line = |source: &str, action: &str| {
        let target = if source.contains(':') { "2001:db8::9" } else { "198.51.100.9" };
        format!(
            "2026-05-17T00:00:01+00:00 fw kernel: IPT: {action} IN=eth0 OUT= SRC={source} DST={target} LEN=60 \
             PROTO=TCP SPT=1 DPT=22\n"
        )
    };
    let sources = ["192.0.2.1", "2001:db8::1", "198.51.100.1", "198.51.100.1", "203.0.113.1", "10.0.0.1"];
    let lines = sources.map(|source| line(source, if source == "10.0.0.1" { "ACCEPT" } else { "DROP" }));
    dir.write("a.log", lines.concat());
    dir.write("geo.mmdb", sample());
    dir
}

const GEO: [&str; 2] = ["--geoip-database", "geo.mmdb"];

fn out(dir: &TestDir, call: &[&str]) -> String {
    dir.ipta(call.iter().chain(&GEO).copied()).fine().out
}

#[test]
fn countries_are_counted_with_their_sources() {
    let out = out(&dir(), &["a.log", "--modules", "countries"]);
    let rows: Vec<&str> = out.lines().skip(4).collect();
    assert_eq!(
        rows,
        [
            "     3        3       2 NO",
            "     2        2       2 SE Sweden",
            "     1        0       1 unknown",
        ]
    );
}

#[test]
fn sources_have_their_country_and_system_and_networks_are_systems() {
    let dir = dir();
    let sources = out(&dir, &["a.log", "--modules", "sources"]);
    assert!(sources.contains(" Country AS\n"), "{sources}");
    assert!(
        sources
            .lines()
            .any(|line| line.contains(" 192.0.2.1 ") && line.ends_with(" SE      AS64496 Example Net"))
    );
    assert!(
        sources.lines().any(|line| line.contains(" 10.0.0.1 ") && line.ends_with(" -       -")),
        "{sources}"
    );
    let networks = out(&dir, &["a.log", "--modules", "networks"]);
    assert!(
        networks.lines().any(|line| line.starts_with("     2 ") && line.contains(" AS64496 Example Net "))
    );
    assert!(networks.contains(" AS64497 ") && networks.contains(" 10.0.0.0/24 "), "{networks}");
    let without = dir.ipta(["a.log", "--modules", "sources,networks"]).fine().out;
    assert!(!without.contains("Country") && without.contains(" 192.0.2.0/24 "), "{without}");
}

#[test]
fn a_table_gives_what_its_log_gives() {
    let dir = dir();
    dir.ipta(["--db-file", "p.db", "--create-table", "-i", "a.log"]).fine();
    let modules = ["--modules", "sources,networks,countries,attacks"];
    let of = |call: &[&str]| out(&dir, &[call, &modules].concat());
    assert_eq!(of(&["--db-file", "p.db", "-a"]), of(&["a.log"]));
}

#[test]
fn a_database_of_countries_alone_gives_no_column_of_systems() {
    let dir = dir();
    dir.write("geo.mmdb", database(&[("192.0.2.0", 24, &[("country_code", Datum::Text("SE"))])]));
    let sources = out(&dir, &["a.log", "--modules", "sources"]);
    assert!(sources.contains(" Country\n"), "{sources}");
}

#[test]
fn scan_shows_the_country_of_a_source() {
    let dir = dir();
    let lines = out(&dir, &["--scan", "a.log", "--geo"]);
    assert!(lines.contains("  Port CC Destination ") && lines.contains("     1 NO 198.51.100.9 "), "{lines}");
    let record = out(&dir, &["--scan", "a.log", "--geo", "--format", "json"]);
    let record: Value = serde_json::from_str(record.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&record["src_country"], &record["src_as"]), (&"SE".into(), &"AS64496 Example Net".into()));
    let csv = out(&dir, &["--scan", "a.log", "--geo", "--format", "csv"]);
    assert!(csv.lines().next().expect("a header").ends_with(",code,src_country,src_as"), "{csv}");
    let without = out(&dir, &["--scan", "a.log", "--format", "csv"]);
    assert!(without.lines().next().expect("a header").ends_with(",code"), "{without}");
}

#[test]
fn a_setting_of_the_file_does_the_same() {
    let dir = dir();
    dir.write(
        ".ipta-conf",
        format!("geoip_databases = ['{}']\ngeo = true\n", dir.path("geo.mmdb").display()),
    );
    assert!(dir.ipta(["a.log", "--modules", "sources"]).fine().out.contains(" Country AS\n"));
    assert!(dir.ipta(["--scan", "a.log"]).fine().out.contains(" CC "));
    assert!(!dir.ipta(["--scan", "a.log", "--no-geo"]).fine().out.contains(" CC "));
}

#[test]
fn what_lacks_a_database_or_has_a_broken_one_says_so() {
    let dir = dir();
    let option = "--geoip-database FILE.mmdb";
    dir.ipta(["a.log", "--modules", "countries"]).refused(2).says(["'countries'", option]);
    dir.ipta(["--scan", "a.log", "--geo"]).refused(2).says(["--geo", option]);
    assert!(!dir.ipta(["a.log", "--modules", "all"]).fine().out.contains("by country"));
    dir.ipta(["a.log", "--geoip-database", "none.mmdb"]).refused(1).says(["none.mmdb"]);
    dir.write("text.mmdb", "no database");
    dir.ipta(["a.log", "--geoip-database", "text.mmdb"])
        .refused(1)
        .says(["text.mmdb", "not a readable MaxMind database"]);
}

#[test]
fn a_hostile_name_is_inert_in_every_format() {
    let dir = dir();
    assert!(HOSTILE.contains("<script>"));
    for format in ["text", "json", "csv", "markdown", "html"] {
        let page = out(&dir, &["a.log", "--modules", "sources,networks", "--format", format]);
        assert!(page.contains("AS64498"), "{format}: {page}");
        assert!(!page.contains(['\u{202e}', '\x1b']), "{format}: {page}");
        let scripts = page.matches("<script>").count();
        let expected = match format {
            "html" => scripts == 1,
            "markdown" => scripts == 0,
            _ => true,
        };
        assert!(expected, "{format}: {page}");
    }
}
