use super::*;
use crate::analysis::table::Column as Head;
use crate::netfilter::Time;

fn table(columns: Vec<Head>, rows: Vec<Vec<Cell>>) -> Table {
    Table {
        name: "test".into(),
        title: "A test.".into(),
        columns,
        rows_in_all: rows.len() as u64,
        rows,
        notes: Vec::new(),
        packets: Some(4000),
        hours: Vec::new(),
        findings: Vec::new(),
        blocklist: None,
    }
}

fn address(text: &str) -> Cell {
    Cell::Address(text.parse().expect("an address"))
}

fn time(hours: i64) -> Cell {
    Cell::Time(Time((1_777_876_512 + hours * 3600) * Time::SECOND))
}

fn denied() -> Table {
    let columns = vec![
        Head::number("Count", 6),
        Head::word("Source IP", 25),
        Head::number("SPort", 5),
        Head::number("DPort", 5),
        Head::word("Action", 10),
        Head::word("First", 19),
    ];
    let row = |count, source, port, action: &str| {
        vec![
            Cell::Count(count),
            address(source),
            Cell::Port(22),
            port,
            Cell::Word(action.to_owned()),
            time(0),
        ]
    };
    let rows = vec![
        row(1234, "192.0.2.7", Cell::Port(22), "DROP"),
        row(1, "2001:db8:1111:2222:3333:4444:5555:6666", Cell::Missing, "OK\x1b"),
    ];
    table(columns, rows)
}

fn shown(tables: &[Table], width: usize, color: bool) -> String {
    let counted = |action: &str, verdict| (action.to_owned(), verdict);
    let totals = Totals::of_actions([counted("DROP", Verdict::Deny), counted("OK", Verdict::Accept)]);
    let report =
        Report { tables, filters: None, notes: &[], totals: &totals, before: None, names: &|_| None };
    let mut out = Vec::new();
    Terminal { width, color }.write(&mut out, &report).expect("a vector takes everything");
    String::from_utf8(out).expect("text")
}

#[test]
fn a_table_is_as_wide_as_what_is_in_it_and_says_more_where_there_is_room() {
    let shown = shown(&[denied()], 120, false);
    let first = shown.lines().nth(4).expect("a row");
    let source = format!("{:38}", "192.0.2.7");
    assert!(first.starts_with(&format!("1,234  30.9%  {source}     22     22 ssh  DROP    20")), "{shown}");
    assert!(shown.starts_with("\nA test\nCount  Share  Source IP "), "{shown}");
}

#[test]
fn no_line_is_wider_than_the_terminal_and_nothing_is_lost() {
    for width in 30..130 {
        let shown = shown(&[denied()], width, false);
        let most = shown.lines().map(UnicodeWidthStr::width).max().unwrap_or(0);
        assert!(most <= width.max(52), "{width}: {shown}");
        for needed in ["1,234", "192.0.2.7", "DROP", "OK\\x1b", "5555:6666"] {
            assert!(shown.contains(needed), "{needed} at {width}: {shown}");
        }
    }
}

#[test]
fn what_gives_way_first_is_what_matters_least() {
    let at = |width| shown(&[denied()], width, false);
    assert!(at(95).contains("2026-05-04") && at(95).contains(" 30.9%"), "{}", at(95));
    assert!(at(86).contains(" 05-04 ") && at(86).contains(" ssh"), "{}", at(86));
    let narrow = at(80);
    assert!(!narrow.contains("Share") && narrow.contains("2001:db8:1111:2222"), "{narrow}");
    let narrower = at(70);
    assert!(narrower.contains("*") && narrower.contains(":5555:6666"), "{narrower}");
}

#[test]
fn columns_without_room_are_named_on_a_second_line() {
    let lines = shown(&[denied()], 30, false);
    assert!(lines.contains("\n    "), "{lines}");
    assert!(lines.contains("Action DROP"), "{lines}");
}

#[test]
fn an_action_has_the_color_of_its_verdict() {
    let shown = shown(&[denied()], 100, true);
    assert!(shown.contains("\x1b[31mDROP\x1b[0m"), "{shown}");
}

#[test]
fn tables_without_rows_are_one_line() {
    let empty = Table { rows: Vec::new(), name: "icmp".into(), ..denied() };
    let other = Table { name: "invalid".into(), ..empty.clone() };
    assert_eq!(shown(&[empty, other], 80, false), "\nNo rows in: icmp, invalid\n");
}

#[test]
fn bars_take_the_room_that_is_left() {
    let columns = vec![Head::word("Time", 19), Head::number("Deny", 8), Head::word("Bar", 40)];
    let rows = vec![
        vec![time(0), Cell::Count(2), Cell::Bar([0, 2, 0], 2)],
        vec![Cell::Gap("14 hours".to_owned()), Cell::Missing, Cell::Missing],
    ];
    let bars = |width| {
        let shown = shown(&[table(columns.clone(), rows.clone())], width, false);
        shown.matches('#').count()
    };
    assert_eq!([bars(40), bars(80), bars(200)], [15, 53, 80]);
}

#[test]
fn a_share_says_when_it_is_not_quite_nothing_or_all() {
    let shares = [(0, 10), (1, 100_000), (1, 8), (99_999, 100_000), (10, 10)];
    assert_eq!(
        shares.map(|(count, whole)| share(count, whole)),
        ["0.0%", "<0.1%", "12.5%", ">99.9%", "100%"]
    );
}

#[test]
fn words_wrap_at_blanks() {
    assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
    assert_eq!(wrapped("onetwothree four", 4), ["onetwothree", "four"]);
}

#[test]
fn a_network_is_never_cut() {
    let head = vec![Head::number("Count", 6), Head::word("Network", 25), Head::word("First", 19)];
    let row = vec![Cell::Count(7), Cell::Word("203.0.113.0/24".to_owned()), time(0)];
    for width in 24..80 {
        let shown = shown(&[table(head.clone(), vec![row.clone()])], width, false);
        assert!(shown.contains(" 203.0.113.0/24"), "{width}: {shown}");
    }
}
