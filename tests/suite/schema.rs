//! JSON reports match `manual/report.schema.json`.

use std::fs;

use boon::{Compiler, Schemas};
use serde_json::Value;

use crate::geoip::mmdb;
use crate::process::{TestDir, project};

fn schema() -> Value {
    let text = fs::read_to_string(project("manual/report.schema.json")).expect("the schema");
    serde_json::from_str(&text).expect("JSON")
}

/// What is wrong with a report, if anything.
fn fault(report: &Value) -> Option<String> {
    fault_of("report", report)
}

/// What is wrong with a value that should be a report or one of the schema's definitions.
pub fn fault_of(what: &str, value: &Value) -> Option<String> {
    let mut compiler = Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("report.json", schema()).expect("a resource");
    let mut schemas = Schemas::new();
    let place =
        if what == "report" { "report.json".to_owned() } else { format!("report.json#/$defs/{what}") };
    let place = compiler.compile(&place, &mut schemas).expect("a schema");
    schemas.validate(value, place).err().map(|error| format!("{error:#}"))
}

fn report(dir: &TestDir, call: &[&str]) -> Value {
    let said = dir.ipta(call.iter().chain(&["--format", "json"]).copied()).fine();
    serde_json::from_str(&said.out).expect("JSON")
}

#[test]
fn every_module_writes_what_the_schema_says() {
    let dir = TestDir::new();
    let log = project("examples/iptables.log").display().to_string();
    dir.write("geo.mmdb", mmdb::sample());
    let since = ["--since", "2026-05-17 12:00", "--year", "2026", "--geoip-database", "geo.mmdb"];
    let report = report(&dir, &[&[&log, "--modules", "all"][..], &since].concat());
    assert_eq!(fault(&report), None);
    let known = schema()["$defs"]["row"]["properties"].clone();
    let modules = report["modules"].as_array().expect("modules");
    assert!(modules.len() >= 14, "{}", modules.len());
    for module in modules {
        let rows = module["rows"].as_array().expect("rows");
        assert!(!rows.is_empty(), "{module}");
        for key in rows.iter().flat_map(|row| row.as_object().expect("a row").keys()) {
            assert!(known.get(key).is_some(), "{}: the schema does not know {key}", module["name"]);
        }
    }
}

#[test]
fn filters_notes_and_a_span_before_are_in_the_schema_too() {
    let dir = TestDir::new();
    let yesterday = jiff::Zoned::now().yesterday().expect("a day");
    let line = |day: &jiff::Zoned| {
        format!(
            "{}T01:00:00+00:00 fw kernel: IPT: DROP IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.1 PROTO=TCP SPT=1 \
             DPT=22\n",
            day.strftime("%Y-%m-%d")
        )
    };
    dir.write("a.log", [line(&yesterday.yesterday().expect("a day")), line(&yesterday)].concat());
    let filters = ["--src", "192.0.2.0/24", "--dport", "not:80", "--no-local"];
    let report = report(&dir, &[&["a.log", "--period", "day"][..], &filters].concat());
    assert_eq!(fault(&report), None);
    assert!(report["before"].is_object() && report["filters"]["dport"][0] == "not:80", "{report}");
    dir.write("empty.log", "");
    assert_eq!(fault(&self::report(&dir, &["empty.log"])), None);
}

#[test]
fn a_report_of_another_shape_is_found_out() {
    let dir = TestDir::new();
    let log = project("examples/iptables.log").display().to_string();
    let mut report = report(&dir, &[&log]);
    report["packets"] = "671".into();
    assert!(fault(&report).is_some_and(|fault| fault.contains("packets")));
    report["packets"] = 671.into();
    report["modules"][0]["rows"][0]["dport"] = (-1).into();
    assert!(fault(&report).is_some());
}
