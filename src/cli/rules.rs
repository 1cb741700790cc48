//! What may be combined in one call.

use crate::config::{Choice, Format, Layer, Tls};
use crate::escape::terminal;

use super::refusal::usage;
use super::{Mode, Stop};

/// Rejects calls that contradict themselves or ask for something that nothing in them can do. Looks only at
/// the command line: a setting from the file is never an error here.
pub(super) fn check(modes: &[Mode], given: &Layer) -> Result<(), Stop> {
    if modes.is_empty() {
        return Err(usage(
            "no mode is given, so there is nothing to do",
            &[
                "ipta --import FILE --analyze    imports into the table, then prints the report",
                "ipta --analyze FILE             reports on a log, without a database",
                "ipta --follow FILE              shows new packets as they arrive",
                "ipta --usage shows more, ipta --help shows everything",
            ],
        ));
    }
    alone(modes)?;
    checked(given)?;
    one_span(given)?;
    direct(modes)?;
    one_store(modes, given)?;
    honored(modes, given)
}

/// The table of the call: named by the mode, by the option, or by both alike.
pub(super) fn same_table(
    mode: &str,
    named: &Option<String>,
    option: &str,
    set: &mut Option<String>,
) -> Result<(), Stop> {
    match (named, set.as_deref()) {
        (Some(name), Some(other)) if name != other => Err(usage(
            &format!(
                "{mode} {} and {option} {} name different tables; one call can use only one",
                terminal(name),
                terminal(other)
            ),
            &["leave one of them out"],
        )),
        (Some(name), _) => {
            *set = Some(name.clone());
            Ok(())
        }
        (None, _) => Ok(()),
    }
}

fn alone(modes: &[Mode]) -> Result<(), Stop> {
    let lonely =
        modes.iter().find(|m| matches!(m, Mode::Follow(_) | Mode::Scan(_) | Mode::Doctor(_) | Mode::Who(..)));
    let Some(lonely) = lonely.filter(|_| modes.len() > 1) else {
        return Ok(());
    };
    let others: Vec<&str> = modes.iter().filter(|m| *m != lonely).map(Mode::option).collect();
    let lonely = lonely.option();
    Err(usage(
        &format!("{lonely} cannot be combined with {}", others.join(" ")),
        &[&format!("run it twice: once with {lonely}, once with {}", others.join(" "))],
    ))
}

/// Directly analyzed logs and modes that touch a store cannot be combined: it would be unclear whose packets
/// the report shows.
fn direct(modes: &[Mode]) -> Result<(), Stop> {
    if !modes.iter().any(|m| matches!(m, Mode::Analyze(files) if !files.is_empty())) {
        return Ok(());
    }
    let Some(other) = modes.iter().find(|m| !matches!(m, Mode::Analyze(_) | Mode::SaveDb)) else {
        return Ok(());
    };
    Err(usage(
        &format!(
            "--analyze FILE reads logs without a database, so it cannot be combined with {}",
            other.option()
        ),
        &["import them, or analyze them alone:", "ipta --import FILE --analyze", "ipta --analyze FILE"],
    ))
}

/// A CA file is of no use unless a certificate is checked.
fn checked(given: &Layer) -> Result<(), Stop> {
    match given.db_tls {
        Some(tls) if given.db_ca.is_some() && tls != Tls::Verify => Err(usage(
            &format!("--db-ca has no effect with --db-tls {}, which does not check certificates", tls.word()),
            &["--db-ca FILE --db-tls verify"],
        )),
        _ => Ok(()),
    }
}

/// A period has both a start and an end.
fn one_span(given: &Layer) -> Result<(), Stop> {
    let f = &given.filters;
    let other = [("--since", f.since.is_some()), ("--until", f.until.is_some())];
    match other.iter().find(|(_, given)| *given) {
        Some((option, _)) if f.period.is_some() => Err(usage(
            &format!("--period cannot be combined with {option}: a period sets its own start and end"),
            &["leave one of them out"],
        )),
        _ => Ok(()),
    }
}

fn one_store(modes: &[Mode], given: &Layer) -> Result<(), Stop> {
    if given.db_file.is_none() {
        return Ok(());
    }
    let server = [
        ("--db-host (-h)", given.db_host.is_some()),
        ("--db-port", given.db_port.is_some()),
        ("--db-name (-d)", given.db_name.is_some()),
        ("--db-tls", given.db_tls.is_some()),
        ("--db-ca", given.db_ca.is_some()),
    ];
    if let Some((option, _)) = server.iter().find(|(_, given)| *given) {
        return Err(usage(
            &format!(
                "--db-file cannot be combined with {option}: packets go into a file or onto a server, not both"
            ),
            &["leave one of them out"],
        ));
    }
    if modes.contains(&Mode::CreateDb) {
        return Err(usage(
            "--create-db prepares a server; a --db-file needs no preparation",
            &["ipta --db-file PATH --create-table"],
        ));
    }
    Ok(())
}

/// Which modes honor an option.
struct Needs {
    option: &'static str,
    given: bool,
    honored_by: fn(&Mode) -> bool,
    /// What the option is for, and the remedy.
    way_out: &'static str,
}

/// Whether the mode looks at packets one by one and can skip some.
fn filters(mode: &Mode) -> bool {
    matches!(mode, Mode::Analyze(_) | Mode::Who(..) | Mode::Follow(_) | Mode::Scan(_))
}

/// A setting that filters and has a key, so it can be saved too.
fn filters_or_saves(mode: &Mode) -> bool {
    filters(mode) || *mode == Mode::SaveDb
}

fn reads_logs(mode: &Mode) -> bool {
    !mode.logs().is_empty() || matches!(mode, Mode::Doctor(_))
}

fn reads_logs_or_saves(mode: &Mode) -> bool {
    reads_logs(mode) || *mode == Mode::SaveDb
}

fn reports(mode: &Mode) -> bool {
    matches!(mode, Mode::Analyze(_) | Mode::Who(..) | Mode::AnalyzeInteractive)
}

fn follows(mode: &Mode) -> bool {
    matches!(mode, Mode::Follow(_))
}

fn shows_no_lines(mode: &Mode) -> bool {
    !matches!(mode, Mode::Follow(_) | Mode::Scan(_))
}

fn honored(modes: &[Mode], given: &Layer) -> Result<(), Stop> {
    const FILTER: &str = "filters work with --analyze, --who, --follow and --scan";
    const LOGS: &str = "it works with modes that read logs: --import, --analyze FILE, --who ADDR FILE, --follow, --scan FILE";
    const REPORT: &str = "it works with --analyze, --who and --sql; elsewhere: ipta ... > FILE";
    const FOLLOW: &str = "it works with --follow";
    const LIMIT: &str = "--follow and --scan show every packet; for fewer: ipta ... | head -n NUM";
    const ATTACKS: &str = "it works with --follow; in a report: ipta --analyze --modules attacks";
    let f = &given.filters;
    let filter = |option, given| Needs { option, given, honored_by: filters, way_out: FILTER };
    let table = [
        filter("--since", f.since.is_some()),
        filter("--until", f.until.is_some()),
        Needs {
            option: "--period",
            given: f.period.is_some(),
            honored_by: |mode| matches!(mode, Mode::Analyze(_) | Mode::Who(..)),
            way_out: "it works with --analyze; elsewhere: --since yesterday --until yesterday",
        },
        filter("--src", !f.src.is_empty()),
        filter("--dst", !f.dst.is_empty()),
        filter("--sport", !f.sport.is_empty()),
        filter("--dport", !f.dport.is_empty()),
        filter("--proto", !f.proto.is_empty()),
        filter("--action", !f.action.is_empty()),
        filter("--iface", !f.iface.is_empty()),
        filter("--log-host", !f.log_host.is_empty()),
        Needs { honored_by: filters_or_saves, ..filter("--no-local", given.show_lo == Some(false)) },
        Needs { honored_by: filters_or_saves, ..filter("--no-accept", given.show_accept == Some(false)) },
        Needs {
            option: "--prefix",
            given: given.prefixes.is_some(),
            honored_by: reads_logs_or_saves,
            way_out: LOGS,
        },
        Needs { option: "--year", given: given.year.is_some(), honored_by: reads_logs, way_out: LOGS },
        Needs { option: "--output", given: given.output.is_some(), honored_by: reports, way_out: REPORT },
        Needs {
            option: "--write",
            given: given.write.is_some(),
            honored_by: |mode| *mode == Mode::AnalyzeInteractive,
            way_out: "it works with --analyze-interactive and --sql",
        },
        Needs {
            option: "--format",
            given: given
                .format
                .is_some_and(|format| !matches!(format, Format::Text | Format::Json | Format::Csv)),
            honored_by: shows_no_lines,
            way_out: "--scan writes text, json or csv; other formats come from --analyze",
        },
        Needs {
            option: "--format",
            given: given.format.is_some_and(|format| format != Format::Text),
            honored_by: |mode| !follows(mode),
            way_out: "--follow shows lines of text; --scan writes json and csv too",
        },
        Needs {
            option: "--format",
            given: given.format.is_some_and(|format| !matches!(format, Format::Text | Format::Json)),
            honored_by: |mode| !matches!(mode, Mode::Doctor(_)),
            way_out: "--doctor writes text and json",
        },
        Needs {
            option: "--format",
            given: given.format.is_some_and(|format| format != Format::Text),
            honored_by: |mode| !matches!(mode, Mode::ListTables | Mode::DnsDump),
            way_out: "it works with --analyze, --who, --sql, --scan and --doctor",
        },
        Needs {
            option: "--format",
            given: given.format.is_some_and(Format::is_blocklist),
            honored_by: |mode| matches!(mode, Mode::Analyze(_) | Mode::SaveDb),
            way_out: "nft, ipset and cidr list sources to block: ipta --analyze --format nft",
        },
        Needs {
            option: "--geo",
            given: given.geo == Some(true),
            honored_by: |mode| matches!(mode, Mode::Follow(_) | Mode::Scan(_) | Mode::SaveDb),
            way_out: "it works with --follow and --scan; a report shows countries without it",
        },
        Needs {
            option: "--geoip-database",
            given: given.geoip_databases.is_some(),
            honored_by: filters_or_saves,
            way_out: "it works with --analyze, --who, --follow and --scan",
        },
        Needs { option: "--limit", given: given.limit.is_some(), honored_by: shows_no_lines, way_out: LIMIT },
        Needs {
            option: "--limit",
            given: given.limit.is_some() && given.sql.is_some(),
            honored_by: |mode| *mode != Mode::AnalyzeInteractive,
            way_out: "a query has a limit of its own: SELECT ... LIMIT NUM",
        },
        Needs {
            option: "--modules",
            given: given.modules.is_some(),
            honored_by: shows_no_lines,
            way_out: "--follow and --scan show packets; modules are parts of a report: ipta --analyze --modules NAME",
        },
        Needs {
            option: "--src",
            given: !f.src.is_empty(),
            honored_by: |mode| !matches!(mode, Mode::Who(..)),
            way_out: "--who already names the source; leave out --src",
        },
        Needs {
            option: "--modules",
            given: given.modules.is_some(),
            honored_by: |mode| !matches!(mode, Mode::Who(..)),
            way_out: "--who has its own modules; for others: ipta --analyze --src ADDR --modules NAME",
        },
        Needs {
            option: "--attacks",
            given: given.attacks.is_some() && given.alert_command.is_none(),
            honored_by: follows,
            way_out: ATTACKS,
        },
        Needs {
            option: "--alert-command",
            given: given.alert_command.is_some(),
            honored_by: |mode| follows(mode) || *mode == Mode::SaveDb,
            way_out: FOLLOW,
        },
        Needs { option: "--no-loop", given: given.no_loop.is_some(), honored_by: follows, way_out: FOLLOW },
        Needs { option: "--last", given: given.last.is_some(), honored_by: follows, way_out: FOLLOW },
    ];
    match table.iter().find(|need| need.given && !modes.iter().any(need.honored_by)) {
        Some(need) => {
            let option = |mode: &Mode| match mode {
                Mode::AnalyzeInteractive if given.sql.is_some() => "--sql",
                mode => mode.option(),
            };
            let modes: Vec<&str> = modes.iter().map(option).collect();
            let value = match (need.option, given.format) {
                ("--format", Some(format)) => format!(" {}", format.word()),
                _ => String::new(),
            };
            let wrong = format!("{}{value} has no effect with {}", need.option, modes.join(" "));
            Err(usage(&wrong, &[need.way_out]))
        }
        None => Ok(()),
    }
}
