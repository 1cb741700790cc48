//! The module `attacks`: what the detector found, as a table with its evidence.

use super::attacks::{Detector, Finding, Hosts, Kind};
use super::counter::{Context, Counter, Numbers, Seen};
use super::quantity::counted;
use super::table::{Body, Cell, Column};

/// Runs the detector beside the other modules.
pub struct Suspects(Detector);

impl Suspects {
    pub fn counter(context: &Context) -> Box<dyn Counter> {
        let accept_actions = context.filters.accept_actions.clone();
        Box::new(Suspects(Detector::new(context.thresholds.clone(), context.allow.clone(), accept_actions)))
    }
}

impl Counter for Suspects {
    fn packet(&mut self, seen: &Seen<'_>) {
        // Alerts are for those who watch; a report has the whole.
        let _ = self.0.packet(seen.packet);
    }

    fn body(self: Box<Self>, _: &Numbers, limit: usize) -> Body {
        let found = self.0.finish();
        let mut notes = Vec::new();
        if found.findings.len() > limit {
            notes.push(format!("{} more; --limit shows them.", found.findings.len() - limit));
        }
        if found.findings.iter().any(|finding| finding.lower_bound) {
            let limited = match found.lower_bounds.as_slice() {
                [] => "there was no room to count on".to_owned(),
                prefixes => format!("rate-limited in the firewall: {}", prefixes.join(", ")),
            };
            notes.push(format!("Figures with + are lower bounds ({limited})."));
        }
        if found.timeless > 0 {
            let packets = counted(found.timeless, "packet");
            notes.push(format!("{packets} without a time could not be judged."));
        }
        if found.capped {
            notes.push(
                "There was more going on than could be kept in mind; something may be missing.".to_owned(),
            );
        }
        Body { columns: COLUMNS.to_vec(), rows: found.findings.iter().take(limit).map(row).collect(), notes }
    }
}

const COLUMNS: [Column; 10] = [
    column("Packets", 7, true),
    column("Attack", 14, false),
    column("Source IP", 25, false),
    column("Target", 25, false),
    column("Port", 5, true),
    column("First", 19, false),
    column("Last", 19, false),
    column("Distinct", 9, true),
    column("Peak", 9, true),
    column("Threshold", 9, true),
];

const fn column(head: &'static str, width: usize, right: bool) -> Column {
    Column { head, width, right }
}

fn row(finding: &Finding) -> Vec<Cell> {
    let count = |count| {
        if finding.lower_bound { Cell::MoreThan(count) } else { Cell::Count(count) }
    };
    let rate = |count: u64, more: &str| Cell::Word(format!("{count}{more}/{}", unit(finding.per)));
    let what = match finding.kind {
        Kind::Sweep(_) => "host",
        _ => "port",
    };
    let distinct = match finding.distinct {
        0 => Cell::Missing,
        count => Cell::Word(counted(count, what)),
    };
    vec![
        count(finding.packets),
        Cell::Word(finding.kind.to_string()),
        hosts(finding.source),
        hosts(finding.target),
        Cell::port(finding.port),
        Cell::Time(finding.first),
        Cell::Time(finding.last),
        distinct,
        rate(finding.peak, if finding.lower_bound { "+" } else { "" }),
        rate(finding.threshold, ""),
    ]
}

fn hosts(hosts: Hosts) -> Cell {
    match hosts.one() {
        Some(address) => Cell::Address(address),
        None => Cell::Word(hosts.to_string()),
    }
}

/// A number of seconds as people say it behind a rate.
fn unit(seconds: u64) -> String {
    match seconds {
        60 => "min".to_owned(),
        86_400 => "day".to_owned(),
        seconds => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{packet, table};
    use crate::netfilter::{Packet, TcpFlags};

    #[test]
    fn one_packet_is_no_plural() {
        let opening = Packet { tcp_flags: Some(TcpFlags(TcpFlags::SYN)), ..packet("192.0.2.1") };
        let note = |count: usize| table("attacks", &vec![opening; count], 10).notes;
        assert_eq!(note(1), ["1 packet without a time could not be judged."]);
        assert_eq!(note(2), ["2 packets without a time could not be judged."]);
    }
}
