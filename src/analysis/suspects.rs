//! The module `attacks`: what the detector found, as a table with its evidence.

use std::sync::Arc;

use super::attacks::{AttackKind, Detector, Finding};
use super::counter::{Context, Counter, InternedPacket, Interner, origin_cells, origin_columns};
use super::in_time::InTime;
use super::origins::Origins;
use super::quantity::counted;
use super::table::{Body, Cell, Column, Figure};
use crate::netfilter::Packet;

/// Runs the detector beside the other modules.
pub struct Suspects {
    detector: Detector,
    order: InTime,
    origins: Option<Arc<dyn Origins>>,
}

impl Suspects {
    pub fn counter(context: &Context) -> Box<dyn Counter> {
        let verdicts = context.filters.verdicts.clone();
        let detector = Detector::new(context.thresholds.clone(), context.allow.clone(), verdicts);
        Box::new(Suspects { detector, order: InTime::default(), origins: context.origins.clone() })
    }
}

impl Counter for Suspects {
    fn packet(&mut self, seen: &InternedPacket<'_>) {
        let detector = &mut self.detector;
        self.order.packet(seen.packet, &mut |packet| judge(detector, packet));
    }

    fn out_of_order(&self) -> bool {
        self.order.late
    }

    fn body(mut self: Box<Self>, _: &Interner, limit: usize) -> Body {
        let detector = &mut self.detector;
        self.order.finish(&mut |packet| judge(detector, packet));
        let found = self.detector.finish();
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
        Body {
            columns: COLUMNS.into_iter().chain(origin_columns(self.origins.as_ref())).collect(),
            rows: found
                .findings
                .iter()
                .take(limit)
                .map(|finding| row(finding, self.origins.as_ref()))
                .collect(),
            notes,
            rows_in_all: found.findings.len() as u64,
            ..Body::default()
        }
    }
}

/// Alerts are for those who watch; a report has the whole.
fn judge(detector: &mut Detector, packet: &Packet<'_>) {
    let _ = detector.packet(packet);
}

const COLUMNS: [Column; 10] = [
    Column::number("Packets", 7),
    Column::word("Attack", 14),
    Column::word("Source IP", 25),
    Column::word("Target", 25),
    Column::number("Port", 5),
    Column::word("First", 19),
    Column::word("Last", 19),
    Column::number("Distinct", 9),
    Column::number("Peak", 9),
    Column::number("Threshold", 9),
];

fn row(finding: &Finding, origins: Option<&Arc<dyn Origins>>) -> Vec<Cell> {
    let figure = match finding.lower_bound {
        true => Figure::AtLeast,
        false => Figure::Exactly,
    };
    let what = match finding.kind {
        AttackKind::Sweep(_) => "host",
        AttackKind::SynFlood
        | AttackKind::IcmpFlood
        | AttackKind::BruteForce
        | AttackKind::PortScan(_)
        | AttackKind::SlowScan(_) => "port",
    };
    let distinct = match finding.distinct {
        0 => Cell::Missing,
        count => Cell::Amount(count, what),
    };
    let mut row = vec![
        Cell::Figure(figure(finding.packets)),
        Cell::Word(finding.kind.to_string()),
        Cell::Hosts(finding.source),
        Cell::Hosts(finding.target),
        Cell::port(finding.port),
        Cell::Time(finding.first),
        Cell::Time(finding.last),
        distinct,
        Cell::Rate(figure(finding.peak), finding.per),
        Cell::Rate(Figure::Exactly(finding.threshold), finding.per),
    ];
    row.extend(origin_cells(origins, finding.source.one()));
    row
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
