use super::*;
use crate::analysis::Totals;
use crate::analysis::table::Column;
use crate::netfilter::{Time, Verdict};

fn table(name: &'static str, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Table {
    Table {
        name: name.into(),
        title: "A test.".into(),
        columns,
        rows_in_all: 12_345,
        rows,
        notes: Vec::new(),
        packets: Some(1000),
        hours: Vec::new(),
        findings: Vec::new(),
        blocklist: None,
    }
}

fn page(tables: &[Table], notes: &[String]) -> String {
    let totals = Totals::of_actions([("DROP".to_owned(), Verdict::Deny)]);
    let report = Report { tables, filters: None, notes, totals: &totals, before: None, names: &|_| None };
    let mut out = Vec::new();
    Html.write(&mut out, &report).expect("a vector takes everything");
    String::from_utf8(out).expect("text")
}

fn ports() -> Table {
    let columns = vec![
        Column::number("Count", 6),
        Column::number("DPort", 5),
        Column::word("Proto", 6),
        Column::word("Action", 10),
    ];
    let row = |count, port, action: &str| {
        let word = |text: &str| Cell::Word(text.to_owned());
        vec![Cell::Count(count), Cell::Port(port), word("TCP"), word(action)]
    };
    table("ports", columns, vec![row(400, 22, "DROP"), row(250, 23, "DROP"), row(100, 22, "INVALID")])
}

#[test]
fn the_policy_lets_in_nothing_but_the_style_and_the_script_that_are_there() {
    let page = page(&[ports()], &[]);
    let between = |from: &str, to: &str| {
        let begin = page.find(from).expect("it begins") + from.len();
        &page[begin..begin + page[begin..].find(to).expect("it ends")]
    };
    for (text, directive) in
        [(between("<style>", "</style>"), "style-src"), (between("<script>", "</script>"), "script-src")]
    {
        let hash = BASE64_STANDARD.encode(Sha256::digest(text));
        assert!(
            page.contains(&format!("{directive} &#39;sha256-{hash}&#39;;"))
                || page.contains(&format!("{directive} 'sha256-{hash}'")),
            "{directive}"
        );
    }
    assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"));
    for outside in [" style=\"", "onclick", "innerHTML", "src=\"", "href="] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn rows_that_differ_in_what_no_bar_names_are_one_bar() {
    let table = ports();
    let totals = Totals::default();
    let report =
        Report { tables: &[], filters: None, notes: &[], totals: &totals, before: None, names: &|_| None };
    let list = bar_list(&table, &LISTS[0], &report).expect("a list");
    let bars: Vec<_> =
        list.bars.iter().map(|bar| (bar.text.as_str(), bar.count.as_str(), bar.width)).collect();
    assert_eq!(bars, [("22/TCP", "500", 1000), ("23/TCP", "250", 500)]);
    assert_eq!((list.bars[0].share.as_str(), list.bars[0].more.as_str()), ("50.0%", "ssh"));
}

#[test]
fn a_table_says_how_many_rows_there_are_in_all() {
    assert!(page(&[ports()], &[]).contains("The first 3 of 12,345 rows; --limit 12345 shows all."));
}

#[test]
fn notes_and_words_of_a_log_are_inert() {
    let mut table = ports();
    table.rows[0][3] = Cell::Word("<img src=x onerror=alert(1)>\u{202e}\u{9b}\x1b[2J".to_owned());
    let page = page(&[table], &["</script><b>\u{202e}".to_owned()]);
    assert!(page.contains("&lt;img") && !page.contains("<img"), "markup");
    assert!(page.contains("\\u{202e}") && !page.contains('\u{202e}'), "direction");
    assert!(!page.contains('\u{9b}') && !page.contains('\x1b'), "controls");
    assert_eq!(page.matches("</script>").count(), 1);
}

#[test]
fn a_chart_has_a_bar_for_every_row_and_marks_a_gap() {
    let hour = |n: i64| Cell::Time(Time((1_777_874_400 + n * 3600) * Time::SECOND));
    let bar = |parts: [u64; 3]| {
        let [accept, deny, other] = parts.map(Cell::Count);
        [accept, deny, other, Cell::Bar(parts, 50)]
    };
    let row = |n, parts| std::iter::once(hour(n)).chain(bar(parts)).collect::<Vec<_>>();
    let gap =
        vec![Cell::Gap("9 hours".to_owned()), Cell::Missing, Cell::Missing, Cell::Missing, Cell::Missing];
    let columns = ["Time", "Accept", "Deny", "Other", "Bar"].map(|head| Column::word(head, 8)).to_vec();
    let table = table("timeline", columns, vec![row(0, [10, 40, 0]), gap, row(10, [0, 5, 0])]);
    let chart = charts::chart(&table).expect("a chart");
    assert_eq!((chart.bars.len(), chart.width, &chart.levels[0]), (3, 30, &"60".to_owned()));
    let heights: Vec<u64> = chart.bars[0].rects.iter().map(|rect| rect.height).collect();
    assert_eq!(heights, [666, 167]);
    assert!(chart.bars[1].title.contains("9 hours without a packet"));
    assert!(chart.legend.iter().any(|(class, _)| *class == "gap"));
}

#[test]
fn a_month_is_mapped_by_day_and_more_by_weekday() {
    let hour =
        |day: i64, hour: i64| (Time((1_777_593_600 + day * 86_400 + hour * 3600) * Time::SECOND), [1, 2, 0]);
    let few: Vec<_> = (0..20).map(|day| hour(day, 6)).collect();
    assert!(charts::heat(&few).expect("a map").rows.len() >= 20);
    let many: Vec<_> = (0..60).map(|day| hour(day, 6)).collect();
    let map = charts::heat(&many).expect("a map");
    assert_eq!(map.rows.len(), 7);
    assert!(map.rows[0].head == "Monday" && map.rows.iter().all(|row| row.cells.len() == 24));
    assert!(charts::heat(&[]).is_none());
}
