//! The charts of the page: packets over time, and by day and hour.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::{moment, thousands};
use crate::analysis::quantity::noun;
use crate::analysis::table::{Cell, Table};
use crate::netfilter::Time;

/// Packets over time, stacked by verdict. A bar is 10 units wide, the chart 1000 high.
pub struct Chart {
    /// What a bar covers.
    pub row: String,
    pub legend: Vec<(&'static str, &'static str)>,
    /// Labels of the vertical axis, from the top.
    pub levels: [String; 3],
    /// Labels of the horizontal axis.
    pub times: Vec<String>,
    pub width: usize,
    /// The chart in words.
    pub label: String,
    pub bars: Vec<ChartBar>,
}

/// One row of the timeline.
pub struct ChartBar {
    pub title: String,
    pub x: usize,
    pub rects: Vec<Rect>,
}

/// A part of a bar.
pub struct Rect {
    pub class: &'static str,
    pub y: u64,
    pub height: u64,
}

const CLASSES: [(&str, &str); 3] = [("deny", "denied"), ("accept", "accepted"), ("other", "neither")];

/// The chart of the timeline, if it has a row.
pub fn chart(table: &Table) -> Option<Chart> {
    let most = table.rows.iter().find_map(|row| match row.last() {
        Some(Cell::Bar(_, most)) => Some(*most),
        _ => None,
    })?;
    let top = round_up(most);
    let mut used = [false; 3];
    let mut times = Vec::new();
    let mut bars = Vec::new();
    for (n, row) in table.rows.iter().enumerate() {
        let bar = match (row.first(), row.last()) {
            (Some(Cell::Time(time)), Some(Cell::Bar([accepted, denied, other], _))) => {
                times.push(*time);
                stacked(n, *time, [*denied, *accepted, *other], top, &mut used)
            }
            (Some(Cell::Gap(length)), _) => ChartBar {
                title: format!("{length} without a packet"),
                x: n * 10,
                rects: vec![Rect { class: "gap", y: 0, height: 1000 }],
            },
            _ => continue,
        };
        bars.push(bar);
    }
    let (first, last) = (*times.first()?, *times.last()?);
    let middle = (times.len() > 2).then(|| moment(times[times.len() / 2])[..16].to_owned());
    let ends = [moment(first), moment(last)].map(|text| text[..16].to_owned());
    let times = match first == last {
        true => vec![ends[0].clone()],
        false => [Some(ends[0].clone()), middle, Some(ends[1].clone())].into_iter().flatten().collect(),
    };
    let unit = table.notes.first().and_then(|note| note.split(';').next()).unwrap_or_default();
    let legend = CLASSES.into_iter().zip(used).filter(|(_, used)| *used).map(|(class, _)| class);
    let gap = bars.iter().any(|bar| bar.rects.iter().any(|rect| rect.class == "gap"));
    Some(Chart {
        row: unit.replace("A row", "A bar"),
        legend: legend.chain(gap.then_some(("gap", "a long time without packets, folded"))).collect(),
        levels: [thousands(top), thousands(top / 2), "0".to_owned()],
        times,
        width: table.rows.len() * 10,
        label: format!(
            "Packets over time by verdict, {} to {}, at most {} in one bar; the table Packets over time has the numbers",
            ends[0],
            ends[1],
            thousands(most)
        ),
        bars,
    })
}

fn stacked(n: usize, time: Time, counts: [u64; 3], top: u64, used: &mut [bool; 3]) -> ChartBar {
    let scaled = |count: u64| (u128::from(count) * 1000 / u128::from(top.max(1))) as u64;
    let mut rects = Vec::new();
    let mut title = moment(time)[..16].to_owned();
    let mut sum = 0;
    for ((count, (class, word)), used) in counts.into_iter().zip(CLASSES).zip(used) {
        if count == 0 {
            continue;
        }
        *used = true;
        let bottom = scaled(sum);
        sum += count;
        // A few packets beside many still get a visible line.
        let height = (scaled(sum) - bottom).max(4);
        rects.push(Rect { class, y: 1000_u64.saturating_sub(bottom + height), height });
        title.push_str(&format!(", {} {word}", thousands(count)));
    }
    ChartBar { title, x: n * 10, rects }
}

/// Rounds up to one digit followed by zeros, divisible by two.
fn round_up(most: u64) -> u64 {
    let mut step = 2;
    loop {
        for factor in [1, 2, 3, 4, 5] {
            if step * factor >= most {
                return step * factor;
            }
        }
        match step.checked_mul(10) {
            Some(next) if next < u64::MAX / 10 => step = next,
            _ => return most,
        }
    }
}

/// Packets by day and hour.
pub struct Heat {
    pub title: &'static str,
    pub most: String,
    pub hours: Vec<Hour>,
    pub rows: Vec<HeatRow>,
}

/// A column.
pub struct Hour {
    pub class: &'static str,
    pub text: String,
}

/// A day.
pub struct HeatRow {
    pub head: String,
    pub cells: Vec<HeatCell>,
}

/// An hour of a day.
pub struct HeatCell {
    /// `h1` to `h6` (most); empty for none.
    pub class: String,
    pub title: String,
    pub text: String,
}

/// With more days, a row is a day of the week.
const DAYS: usize = 31;

/// The heat map of these hours, if there are any.
pub fn heat(hours: &[(Time, [u64; 3])]) -> Option<Heat> {
    let zone = TimeZone::system();
    let placed: Vec<(Date, i8, u64)> = hours
        .iter()
        .filter_map(|(begin, counts)| {
            let at = Timestamp::from_microsecond(begin.0).ok()?.to_zoned(zone.clone());
            Some((at.date(), at.hour(), counts.iter().sum()))
        })
        .collect();
    let dates: BTreeSet<Date> = placed.iter().map(|(date, ..)| *date).collect();
    let by_weekday = dates.len() > DAYS;
    // Monday first; dates sort as they are.
    let key = |date: &Date| match by_weekday {
        true => (i32::from(date.weekday().to_monday_zero_offset()), date.strftime("%A").to_string()),
        false => (0, date.strftime("%a %m-%d").to_string()),
    };
    let order = |date: &Date| (key(date).0, if by_weekday { Date::MIN } else { *date });
    let mut sums: BTreeMap<(i32, Date), (String, [u64; 24])> = BTreeMap::new();
    for (date, hour, count) in &placed {
        let (_, row) = sums.entry(order(date)).or_insert_with(|| (key(date).1, [0; 24]));
        row[*hour as usize] += count;
    }
    let most = sums.values().flat_map(|(_, row)| row).copied().max()?;
    let rows = sums.into_values().map(|(head, row)| {
        let cell = |(hour, count): (usize, u64)| HeatCell {
            class: match count {
                0 => String::new(),
                count => format!("h{}", (u128::from(count) * 6).div_ceil(u128::from(most.max(1)))),
            },
            title: format!("{head} {hour:02}:00, {} {}", thousands(count), noun(count, "packet")),
            text: thousands(count),
        };
        let cells = (0..24).zip(row).map(cell).collect();
        HeatRow { head, cells }
    });
    Some(Heat {
        title: if by_weekday { "Packets by day of the week and hour" } else { "Packets by day and hour" },
        most: thousands(most),
        rows: rows.collect(),
        hours: (0..24)
            .map(|hour| Hour { class: if hour % 3 == 0 { "" } else { "odd" }, text: hour.to_string() })
            .collect(),
    })
}
