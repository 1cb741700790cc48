//! `--period day` and `--period week`: the last full span, compared with the one before.

use jiff::{ToSpan, Zoned};

use crate::process::TestDir;

/// A packet's line, `days` days ago at that hour, local time.
fn line(days: i64, hour: i8, source: u8, port: u16) -> String {
    let day = Zoned::now().start_of_day().and_then(|today| today.checked_sub(days.days())).expect("a day");
    let time = day.date().at(hour, 0, 0, 0).to_zoned(day.time_zone().clone()).expect("an hour");
    format!(
        "{} fw kernel: IPT: DROP IN=eth0 OUT= SRC=192.0.2.{source} DST=198.51.100.1 LEN=60 PROTO=TCP SPT=1 \
         DPT={port}\n",
        time.strftime("%Y-%m-%dT%H:%M:%S%:z")
    )
}

/// Two packets the day before yesterday, three yesterday, one today.
fn two_days() -> TestDir {
    let dir = TestDir::new();
    let lines = [
        line(2, 1, 1, 22),
        line(2, 5, 2, 22),
        line(1, 1, 1, 22),
        line(1, 2, 1, 23),
        line(1, 3, 3, 22),
        line(0, 0, 4, 22),
    ];
    dir.write("a.log", lines.concat());
    dir
}

#[test]
fn a_day_is_yesterday_and_says_what_is_more_and_what_is_less() {
    let said = two_days().ipta(["a.log", "--period", "day", "--modules", "ports"]).fine();
    assert!(said.err.contains("* 3 packets from 2 sources, "), "{said:#?}");
    let changes = ": packets +50% (2), accepted unchanged (0), denied +50% (2), sources unchanged (2)\n";
    assert!(said.err.contains("* Compared with ") && said.err.contains(changes), "{said:#?}");
    assert!(said.out.contains("     2    22 TCP    DROP\n     1    23 TCP    DROP\n"), "{said:#?}");
}

#[test]
fn csv_has_the_comparison_beside_it() {
    let said = two_days().ipta(["a.log", "--period", "day", "--modules", "ports", "--format", "csv"]).fine();
    assert!(said.out.starts_with("module,") && !said.out.contains('*'), "{said:#?}");
    assert!(said.err.contains("* 3 packets") && said.err.contains("* Compared with "), "{said:#?}");
}

#[test]
fn without_modules_the_report_shows_what_is_new() {
    let said = two_days().ipta(["a.log", "--period", "day"]).fine();
    assert!(
        said.out.contains("Most denied ports") && said.out.contains("1 source, 1 port, and 0 pairs"),
        "{said:#?}"
    );
}

#[test]
fn every_format_compares() {
    let dir = two_days();
    for format in ["markdown", "html"] {
        let said = dir.ipta(["a.log", "--period", "day", "--format", format]).fine();
        assert!(said.out.contains("50%"), "{said:#?}");
    }
    let said = dir.ipta(["a.log", "--period", "day", "--format", "json"]).fine();
    let report: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let sums = |part: &serde_json::Value| {
        ["packets", "denied", "sources"].map(|key| part[key].as_u64().expect("a number"))
    };
    assert_eq!((sums(&report), sums(&report["before"])), ([3, 3, 2], [2, 2, 2]));
}

#[test]
fn a_table_compares_as_a_log_does() {
    let dir = two_days();
    dir.ipta(["--db-file", "p.db", "--create-table", "--import", "a.log"]).fine();
    let of = |call: &[&str]| dir.ipta(call.iter().chain(&["--period", "day"]).copied()).fine().out;
    assert_eq!(of(&["--db-file", "p.db", "--analyze"]), of(&["a.log"]));
    let said = dir.ipta(["--db-file", "p.db", "-a", "--period", "day", "--modules", "ports"]).fine();
    assert!(said.err.contains("packets +50% (2)"), "{said:#?}");
}

#[test]
fn packets_that_do_not_reach_back_are_compared_with_nothing() {
    let dir = TestDir::new();
    dir.write("a.log", [line(2, 12, 1, 22), line(1, 1, 1, 22)].concat());
    let said = dir.ipta(["a.log", "--period", "day", "--modules", "ports"]).fine();
    assert!(
        said.err.contains("- Nothing to compare with: the packets do not go back far enough"),
        "{said:#?}"
    );
    assert!(!said.err.contains("Compared"), "{said:#?}");
    let said = dir.ipta(["a.log", "--period", "day", "--format", "json"]).fine();
    let report: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    assert!(report["before"].is_null(), "{report}");
    assert!(report["notes"].to_string().contains("Nothing to compare with"), "{report}");
}

#[test]
fn older_packets_cover_the_period_before_whatever_modules_and_filters_are_chosen() {
    let dir = TestDir::new();
    dir.write(
        "a.log",
        [line(9, 12, 1, 22), line(2, 12, 1, 22), line(1, 1, 1, 22), line(1, 2, 1, 23)].concat(),
    );
    dir.ipta(["--db-file", "p.db", "--create-table", "--import", "a.log"]).fine();
    for of in [&["a.log"][..], &["--db-file", "p.db", "--analyze"]] {
        for (more, expected) in [
            (&[][..], "packets +100% (1)"),
            (&["--modules", "ports"], "packets +100% (1)"),
            (&["--modules", "ports", "--dport", "23"], "* Compared with "),
        ] {
            let said = dir.ipta([of, &["--period", "day"], more].concat()).fine();
            assert!(said.err.contains(expected) && !said.err.contains("Nothing to compare"), "{said:#?}");
        }
    }
}

#[test]
fn a_week_begins_on_monday() {
    let dir = TestDir::new();
    let today = Zoned::now().date();
    let monday = i64::from(today.weekday().to_monday_zero_offset());
    let days = [monday + 14, monday + 8, monday + 7, monday + 1, monday];
    dir.write("a.log", days.map(|days| line(days, 2, 1, 22)).concat());
    let said = dir.ipta(["a.log", "--period", "week", "--modules", "ports"]).fine();
    assert!(said.err.contains("* 2 packets") && said.err.contains("packets unchanged (2)"), "{said:#?}");
}

#[test]
fn a_period_has_its_own_beginning_and_end_and_belongs_to_reports() {
    let dir = two_days();
    dir.ipta(["a.log", "--period", "day", "--since", "2h"]).refused(2).says(["--period", "--since"]);
    dir.ipta(["a.log", "--period", "day", "--until", "2h"]).refused(2).says(["--period", "--until"]);
    dir.ipta(["a.log", "--period", "month"]).refused(2).says(["--period takes day or week, not 'month'"]);
    dir.ipta(["--sql", "SELECT 1", "--period", "day"]).refused(2).says(["--period has no effect with --sql"]);
    dir.ipta(["--scan", "a.log", "--period", "day"]).refused(2).says(["--period", "--since yesterday"]);
}
