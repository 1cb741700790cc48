//! The module `attacks`: what the detector found, as a table with its evidence.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::attacks::{self, Detector, Episode, Finding, InTime, Judgement};
use super::counter::{Context, Counter, InternedPacket, Interner, origin_cells, origin_columns};
use super::origins::Origins;
use super::quantity::counted;
use super::table::{Body, Cell, Column, Figure, Table};
use crate::netfilter::Time;
use crate::netfilter::batch::BatchPacket;

/// The title of its table.
pub const TITLE: &str = "Suspected attacks";

/// Runs the detector alongside the other modules.
pub struct Suspects {
    detector: Detector,
    order: InTime,
    origins: Option<Arc<dyn Origins>>,
    zone: TimeZone,
}

impl Suspects {
    pub fn new(context: &Context) -> Self {
        let verdicts = context.filters.verdicts.clone();
        let detector = Detector::new(context.thresholds.clone(), context.allow.clone(), verdicts);
        let (origins, zone) = (context.origins.clone(), context.zone.clone());
        Suspects { detector, order: InTime::default(), origins, zone }
    }

    /// Takes a packet.
    pub fn take(&mut self, packet: BatchPacket<'_>) {
        let detector = &mut self.detector;
        if let Some(knock) = detector.knock(&packet.whole()) {
            self.order.packet(knock, &mut |knock| detector.watch(knock));
        }
    }
}

impl Counter for Suspects {
    fn packet(&mut self, seen: &InternedPacket<'_>) {
        self.take(seen.packet);
    }

    fn out_of_order(&self) -> bool {
        self.order.late
    }

    fn body(mut self: Box<Self>, _: &Interner, limit: usize) -> Body {
        let detector = &mut self.detector;
        self.order.finish(&mut |knock| detector.watch(knock));
        let found = self.detector.finish();
        let rows_in_all = found.findings.len() as u64;
        let notes = notes(&found, limit);
        let findings = found.findings.into_iter().take(limit).collect();
        Body { notes, rows_in_all, ..body(findings, self.origins.as_ref(), &self.zone) }
    }
}

/// Notes on the findings.
fn notes(found: &Judgement, limit: usize) -> Vec<String> {
    let mut notes = Vec::new();
    if found.findings.len() > limit {
        notes.push(format!(
            "{} more; for all, --limit {}.",
            found.findings.len() - limit,
            found.findings.len()
        ));
    }
    let mut reasons = Vec::new();
    if !found.lower_bounds.is_empty() {
        reasons.push(format!("rate-limited by the firewall: {}", found.lower_bounds.join(", ")));
    } else if found.findings.iter().any(|finding| finding.lower_bound) {
        reasons.push("the memory limit was reached".to_owned());
    }
    if found.findings.iter().any(|finding| finding.is_shared) {
        reasons.push("packets that count toward several attacks at once are counted once".to_owned());
    }
    if !reasons.is_empty() {
        notes.push(format!("Figures with + are lower bounds ({}).", reasons.join("; ")));
    }
    if found.timeless > 0 {
        let packets = counted(found.timeless, "packet");
        notes.push(format!("{packets} without a time could not be judged."));
    }
    if found.capped {
        notes.push(
            "There was more to track than the memory limit allows; some attacks may be missing.".to_owned(),
        );
    }
    notes
}

/// An ongoing attack, as the module's table with one finding.
pub fn finding(episode: Episode, zone: &TimeZone) -> Table {
    body(attacks::findings(vec![episode]), None, zone).titled("attacks", TITLE)
}

/// Findings as a table.
fn body(findings: Vec<Finding>, origins: Option<&Arc<dyn Origins>>, zone: &TimeZone) -> Body {
    Body {
        columns: COLUMNS.into_iter().chain(origin_columns(origins)).collect(),
        rows: findings.iter().map(|finding| row(finding, origins, zone)).collect(),
        rows_in_all: findings.len() as u64,
        findings,
        ..Body::default()
    }
}

const COLUMNS: [Column; 13] = [
    Column::word("Severity", 8),
    Column::number("Packets", 7),
    Column::word("Attack", 14),
    Column::word("Source IP", 25),
    Column::word("Target", 25),
    Column::number("Port", 5),
    Column::word("Services", 14),
    Column::word("First", 19),
    Column::word("Last", 19),
    Column::number("Days", 4),
    Column::number("Distinct", 9),
    Column::number("Peak", 9),
    Column::number("Threshold", 9),
];

/// Services named per row; a scan may have tried all of them.
const SERVICES: usize = 3;

fn row(finding: &Finding, origins: Option<&Arc<dyn Origins>>, zone: &TimeZone) -> Vec<Cell> {
    let figure = |count, is_lower| if is_lower { Figure::AtLeast(count) } else { Figure::Exactly(count) };
    let distinct = match finding.distinct {
        0 => Cell::Missing,
        count => Cell::Amount(count, finding.kinds[0].counted()),
    };
    let kinds: Vec<String> = finding.kinds.iter().map(ToString::to_string).collect();
    let mut services = finding.services.iter().take(SERVICES).copied().collect::<Vec<_>>().join(", ");
    if finding.services.len() > SERVICES {
        services.push_str(&format!(", {} more", finding.services.len() - SERVICES));
    }
    let mut row = vec![
        Cell::Word(finding.severity.as_str().to_owned()),
        Cell::Figure(figure(finding.packets, finding.lower_bound || finding.is_shared)),
        Cell::Word(kinds.join(", ")),
        Cell::Hosts(finding.source),
        Cell::Hosts(finding.target),
        Cell::port(finding.port),
        Cell::word(&services),
        Cell::Time(finding.first),
        Cell::Time(finding.last),
        Cell::Count(days(finding, zone)),
        distinct,
        Cell::Rate(figure(finding.peak, finding.lower_bound), finding.per),
        Cell::Rate(Figure::Exactly(finding.threshold), finding.per),
    ];
    row.extend(origin_cells(origins, finding.source.one()));
    row
}

/// On how many days, in this zone, it was active.
fn days(finding: &Finding, zone: &TimeZone) -> u64 {
    let date = |time: Time| {
        let stamp = Timestamp::from_microsecond(time.0).unwrap_or(Timestamp::UNIX_EPOCH);
        stamp.to_zoned(zone.clone()).date()
    };
    let mut days = 0;
    let mut counted_to: Option<Date> = None;
    for episode in &finding.episodes {
        let (first, last) = (date(episode.first), date(episode.last));
        let from = counted_to.map_or(Ok(first), |to| to.tomorrow().map(|next| next.max(first)));
        // Nothing is left to count after the last day of the calendar.
        let Ok(from) = from else { break };
        if last >= from {
            days += (last - from).get_days() as u64 + 1;
            counted_to = Some(last);
        }
    }
    days
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
