//! The HTML report in a real browser: what it shows, how it responds to use, and that it requests nothing.
//! Without Chromium these tests do nothing; `make test` says so.

mod chromium;

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::process::{TestDir, project};
use chromium::Chromium;

/// A report open in a browser; none without Chromium.
fn opened(dir: &TestDir, log: &str) -> Option<(Chromium, PathBuf)> {
    let Some(program) = Chromium::program() else {
        eprintln!("not tested: there is no Chromium");
        return None;
    };
    let path = dir.path("report.html");
    dir.ipta([log, "--output", "report.html"]).fine();
    let mut browser = Chromium::start(program);
    browser.look(1280, "light");
    browser.open(&path);
    Some((browser, path))
}

fn example() -> (TestDir, String) {
    (TestDir::new(), project("examples/iptables.log").display().to_string())
}

/// The texts of a column of the first table, visible rows only.
const COLUMN: &str = "(n) => Array.from(document.querySelectorAll('table.rows')[0].tBodies[0].rows)\
    .filter((row) => row.offsetParent !== null).map((row) => row.cells[n].textContent.trim())";

fn column(browser: &mut Chromium, n: u32) -> Vec<String> {
    let texts = browser.value(&format!("({COLUMN})({n})"));
    serde_json::from_value(texts).expect("texts")
}

#[test]
fn a_page_asks_for_nothing_and_complains_of_nothing() {
    let (dir, log) = example();
    let Some((mut browser, path)) = opened(&dir, &log) else { return };
    for colors in ["dark", "light"] {
        browser.look(1280, colors);
    }
    browser.value("document.getElementById('theme').click()");
    assert_eq!(browser.complaints(), [""; 0]);
    assert_eq!(browser.requests(), [format!("file://{}", path.display())]);
}

#[test]
fn tables_sort_by_click_and_by_key() {
    let (dir, log) = example();
    let Some((mut browser, _)) = opened(&dir, &log) else { return };
    assert_eq!(column(&mut browser, 0)[..3], ["138", "14", "14"]);
    let head = "document.querySelectorAll('table.rows')[0].tHead.rows[0].cells";
    browser.value(&format!("{head}[1].querySelector('button').click()"));
    assert_eq!(browser.value(&format!("{head}[1].getAttribute('aria-sort')")), "ascending");
    let sources = column(&mut browser, 1);
    assert_eq!(sources.len(), 25);
    let numbers = |address: &String| address.parse::<std::net::Ipv4Addr>().expect("an address");
    assert!(sources.is_sorted_by_key(numbers), "{sources:?}");
    browser.value(&format!("{head}[0].querySelector('button').focus()"));
    browser.press("Enter", 13);
    assert_eq!(browser.value(&format!("{head}[0].getAttribute('aria-sort')")), "descending");
    assert_eq!(column(&mut browser, 0)[0], "138");
    browser.press("Enter", 13);
    assert_eq!(column(&mut browser, 0)[0], "1");
}

#[test]
fn typing_filters_and_pages_turn() {
    let (dir, log) = example();
    let Some((mut browser, _)) = opened(&dir, &log) else { return };
    let all = column(&mut browser, 1);
    browser.value("document.querySelector('.pager').lastChild.click()");
    let next = column(&mut browser, 1);
    assert!(next.len() == 25 && next != all, "{next:?}");
    browser.value("document.getElementById('search').focus()");
    browser.type_in("telnet drop");
    let ports = column(&mut browser, 4);
    assert!(!ports.is_empty() && ports.iter().all(|port| port == "23 telnet"), "{ports:?}");
    browser.press("Escape", 27);
    assert_eq!(column(&mut browser, 1), all);
}

#[test]
fn a_click_on_a_source_or_a_port_shows_its_rows_and_names_the_command() {
    let (dir, log) = example();
    let Some((mut browser, _)) = opened(&dir, &log) else { return };
    browser.value("document.querySelector('.key[data-src=\"91.200.12.11\"]').click()");
    let sources = column(&mut browser, 1);
    assert!(!sources.is_empty() && sources.iter().all(|source| source == "91.200.12.11"), "{sources:?}");
    let line = browser.value("document.getElementById('picked').innerText.replace(/\\s+/g, ' ')");
    let line = line.as_str().expect("a line");
    assert!(
        line.contains("ipta ... --src 91.200.12.11") && line.contains("filters the rows on this page"),
        "{line}"
    );
    browser.value("document.getElementById('clear').click()");
    assert_eq!(column(&mut browser, 1).len(), 25);
    browser.value("document.querySelector('.key[data-dport=\"80\"]').click()");
    let ports = column(&mut browser, 4);
    assert!(!ports.is_empty() && ports.iter().all(|port| port == "80 http"), "{ports:?}");
}

#[test]
fn nothing_is_wider_than_the_page_and_it_prints() {
    let (dir, log) = example();
    let Some((mut browser, path)) = opened(&dir, &log) else { return };
    for (width, colors) in [(1280, "light"), (768, "dark"), (390, "light")] {
        browser.look(width, colors);
        browser.open(&path);
        let wide = "Array.from(document.body.querySelectorAll('*')).filter((e) => !e.closest('.scroll') && \
            e.getBoundingClientRect().right > innerWidth + 0.5).map((e) => e.outerHTML.slice(0, 80))";
        assert_eq!(browser.value(wide), json!([]), "{width}");
        assert_eq!(browser.value("document.documentElement.scrollWidth <= innerWidth"), true, "{width}");
        let unsaid = "Array.from(document.querySelectorAll('.scroll')).filter((e) => \
            e.scrollWidth > e.clientWidth && e.previousElementSibling.offsetParent === null).length";
        assert_eq!(browser.value(unsaid), 0, "a table is cut without a sign at {width}");
    }
    let pdf = browser.call("Page.printToPDF", json!({}));
    assert!(pdf["data"].as_str().is_some_and(|data| data.starts_with("JVBERi")), "no PDF");
}

#[test]
fn a_hostile_log_does_nothing() {
    let dir = TestDir::new();
    let line = |word: &str| {
        format!(
            "2026-05-17T00:00:01+00:00 fw kernel: IPT: {word} IN=<b>eth0 OUT= SRC=192.0.2.1 DST=198.51.100.1 \
             LEN=60 PROTO=TCP SPT=1 DPT=22\n"
        )
    };
    let words = [
        "<script>alert(1)</script>",
        "<img/src=x/onerror=alert(1)>",
        "\"'></td></script><svg/onload=alert(1)>",
        "\u{202e}=cmd|x\u{9b}31m",
        "javascript:alert(1)",
    ];
    dir.write("a.log", words.map(line).concat());
    let Some((mut browser, path)) = opened(&dir, "a.log") else { return };
    assert_eq!(browser.complaints(), [""; 0]);
    assert_eq!(browser.requests(), [format!("file://{}", path.display())]);
    assert_eq!(browser.value("document.querySelectorAll('img, b > b, script').length"), 1);
    let text = browser.value("document.body.textContent");
    let text = text.as_str().expect("text");
    assert!(text.contains("<script>alert(1)</script>") && text.contains("\\u{202e}"), "{text}");
}

#[test]
fn readers_of_screens_find_their_way() {
    let script = project("target/axe/package/axe.min.js");
    let Ok(script) = fs::read_to_string(&script) else {
        eprintln!("not tested: there is no axe-core; tests/browser.sh fetches it");
        return;
    };
    let (dir, log) = example();
    let Some((mut browser, path)) = opened(&dir, &log) else { return };
    for (width, colors) in [(1280, "light"), (1280, "dark"), (390, "light")] {
        browser.look(width, colors);
        browser.open(&path);
        browser.value(&format!("{script}; 0"));
        let grave = "axe.run().then((found) => found.violations.filter((v) => \
            ['serious', 'critical'].includes(v.impact)).map((v) => v.id + ': ' + v.nodes[0].html + ' ' + \
            v.nodes[0].failureSummary))";
        assert_eq!(browser.value(grave), json!([]), "{width} {colors}");
    }
}
