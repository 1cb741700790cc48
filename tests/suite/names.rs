//! `--rdns`, against the test's own name server, which answers, refuses, delays and hangs.

mod kept;
mod loops;

use std::fs;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::live::nameserver::{Network, Reply};
use crate::live::{Line, Running, drop_from_port, packet};
use crate::process::{TestDir, run};

/// How late a line may be, including the second that names get.
const DEADLINE: Duration = Duration::from_millis(1050);

/// More than 50 ms, for machines that are doing other things too.
const SLACK: Duration = Duration::from_millis(400);

fn following(dir: &TestDir, network: &Network, options: &[&str]) -> Running {
    dir.append("log", packet("DROP", "127.0.0.1", "127.0.0.1", 1));
    let mut arguments = vec!["--follow", "log", "--rdns", "--last", "1"];
    arguments.extend(options);
    let running = Running::start(network.inside(dir.command(arguments)));
    running.packets(1);
    running
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn the_manuals_names_are_printed_as_in_its_chapter_6() {
    let dir = TestDir::new();
    let zone = [
        ("83.233.79.68", Reply::Name("c-444fe953-6f44.cust.bredbandsbolaget.se")),
        ("188.126.93.160", Reply::Name("zathras.ichimusai.org")),
    ];
    let network = Network::new(&dir, &zone);
    let rows = [(35396, 15003), (50758, 6001), (45937, 1580)];
    let line = |(from, to): &(u32, u32)| {
        packet("DROP", "83.233.79.68", "188.126.93.160", *from).replace("DPT=15003", &format!("DPT={to}"))
    };
    dir.write("log", rows.iter().map(line).collect::<String>());
    let scanned = run(network.inside(dir.command(["--scan", "log", "--rdns"])), "").fine();
    let expected = "\
Count    IF       Source                          Port Destination                     Port Proto      Action
-------- -------- ------------------------------ ----- ------------------------------ ----- ---------- ----------
       1 eth0     *6f44.cust.bredbandsbolaget.se 35396 zathras.ichimusai.org          15003 TCP        DROP
       2 eth0     *6f44.cust.bredbandsbolaget.se 50758 zathras.ichimusai.org           6001 TCP        DROP
       3 eth0     *6f44.cust.bredbandsbolaget.se 45937 zathras.ichimusai.org           1580 TCP        DROP
";
    assert_eq!((scanned.out.as_str(), scanned.err.as_str()), (expected, ""));
    let running = Running::start(network.inside(dir.command(["--follow", "log", "--rdns", "--last", "3"])));
    let followed: String = (0..5).map(|_| running.line().text + "\n").collect();
    assert_eq!(followed, expected);
    assert!(network.questions().values().all(|count| *count == 2), "once a run");
}

#[test]
fn every_address_gets_its_own_name_and_is_asked_for_once() {
    let dir = TestDir::new();
    let network = Network::new(&dir, &[("*", Reply::Name("h-%.example.com"))]);
    let ends = |n: u32| (format!("192.0.2.{}", n % 50), format!("198.51.100.{}", n % 30));
    let text: String = (0..600).map(|n| packet("DROP", &ends(n).0, &ends(n).1, n)).collect();
    dir.write("log", text);
    let scanned = run(network.inside(dir.command(["--scan", "log", "--rdns", "--no-header"])), "").fine();
    for (n, line) in scanned.out.lines().enumerate() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (src, dst) = ends(n as u32);
        let name = |address: &str| format!("h-{}.example.com", address.replace('.', "-"));
        assert_eq!((words[2], words[4]), (name(&src).as_str(), name(&dst).as_str()));
    }
    assert_eq!(scanned.out.lines().count(), 600);
    let questions = network.questions();
    assert_eq!((questions.len(), questions.values().sum::<usize>()), (80, 80));
}

#[test]
fn that_an_address_has_no_name_is_remembered() {
    let dir = TestDir::new();
    let network = Network::new(&dir, &[]);
    let running = following(&dir, &network, &[]);
    for port in 2..=6 {
        dir.append("log", drop_from_port(port));
        assert!(running.packets(1)[0].text.contains(" 192.0.2.7 "));
    }
    assert_eq!(network.questions()[&address("192.0.2.7")], 1);
    assert_eq!(running.said(), Vec::<String>::new());
}

/// Appends a line every `pace`, and checks that each arrived in time, once and in order.
fn none_is_late(dir: &TestDir, running: &Running, lines: &[String], pace: Duration) -> Vec<Line> {
    let mut written = Vec::new();
    for line in lines {
        written.push(Instant::now());
        dir.append("log", line);
        std::thread::sleep(pace);
    }
    let shown = running.packets(lines.len());
    for (n, (line, written)) in shown.iter().zip(&written).enumerate() {
        assert_eq!(line.port(), Some(n as u32), "{line:?}");
        let late = line.at.saturating_duration_since(*written);
        assert!(late < DEADLINE + SLACK, "{late:?} for {line:?}");
    }
    shown
}

#[test]
fn no_line_is_later_than_its_deadline_while_the_server_does_its_worst() {
    let dir = TestDir::new();
    let zone = [
        ("192.0.2.0", Reply::Name("quick.example.com")),
        ("192.0.2.1", Reply::Late(700, "slow.example.com")),
        ("192.0.2.2", Reply::Hang),
        ("192.0.2.3", Reply::Refuse),
        ("192.0.2.4", Reply::Late(1500, "late.example.com")),
    ];
    let network = Network::new(&dir, &zone);
    let running = following(&dir, &network, &[]);
    let lines: Vec<String> =
        (0..60).map(|n| packet("DROP", &format!("192.0.2.{}", n % 5), "198.51.100.1", n)).collect();
    let shown = none_is_late(&dir, &running, &lines, Duration::from_millis(50));
    let with = |word: &str| shown.iter().filter(|line| line.text.contains(word)).count();
    assert_eq!((with("quick.example.com"), with(" 192.0.2.0 ")), (12, 0));
    assert_eq!((with("slow.example.com"), with(" 192.0.2.1 ")), (12, 0), "it waits for a name in time");
    assert_eq!((with(" 192.0.2.2 "), with(" 192.0.2.3 ")), (12, 12));
    // Too late for the first lines, there for the later ones.
    assert!(with(" 192.0.2.4 ") >= 4 && with("late.example.com") >= 4, "{shown:?}");
}

#[test]
fn rotation_while_the_server_hangs_loses_no_line_and_delays_none() {
    let dir = TestDir::new();
    let network = Network::new(&dir, &[("*", Reply::Hang)]);
    let running = following(&dir, &network, &[]);
    let line = |n: u32| packet("DROP", &format!("192.0.2.{n}"), "198.51.100.1", n);
    let mut written = Vec::new();
    for n in 0..40_u32 {
        match n {
            10 => fs::rename(dir.path("log"), dir.path("log.1")).unwrap(),
            25 => {
                // Copy right after a line was read: copytruncate itself loses what comes in between.
                std::thread::sleep(Duration::from_millis(200));
                fs::copy(dir.path("log"), dir.path("log.2")).unwrap();
                dir.write("log", "");
            }
            _ => {}
        }
        written.push(Instant::now());
        dir.append("log", line(n));
        std::thread::sleep(Duration::from_millis(30));
    }
    let shown = running.packets(40);
    for (n, (line, written)) in shown.iter().zip(&written).enumerate() {
        assert_eq!(line.port(), Some(n as u32));
        let late = line.at.saturating_duration_since(*written);
        assert!(late < DEADLINE + SLACK, "{late:?} for {line:?}");
    }
    running.is_silent(Duration::from_millis(300));
}

#[test]
fn twenty_time_outs_in_a_row_are_a_pause_that_is_said_once() {
    let dir = TestDir::new();
    let network = Network::new(&dir, &[("*", Reply::Hang)]);
    let running = following(&dir, &network, &[]);
    let line = |n: u32| packet("DROP", &format!("192.0.2.{n}"), "203.0.113.1", n);
    dir.append("log", (0..100).map(line).collect::<String>());
    assert_eq!(running.ports(100), (0..100).collect::<Vec<_>>());
    let said = running.until_said("in a row");
    assert!(
        said.contains("20 name lookups") && said.contains("30 s") && said.contains("/etc/resolv.conf"),
        "{said}"
    );
    // During the pause nothing is asked, so nothing waits. On a busy machine, earlier questions are still
    // on their way to the server.
    let mut asked = network.questions().len();
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let now = network.questions().len();
        if std::mem::replace(&mut asked, now) == now {
            break;
        }
    }
    let begun = Instant::now();
    dir.append("log", (100..200).map(line).collect::<String>());
    assert_eq!(running.ports(100).len(), 100);
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    assert_eq!(network.questions().len(), asked);
    assert_eq!(running.said(), Vec::<String>::new(), "said once");
}

#[test]
fn a_signal_ends_a_follow_at_once_although_the_server_hangs() {
    let dir = TestDir::new();
    let network = Network::new(&dir, &[("*", Reply::Hang)]);
    let mut running = following(&dir, &network, &[]);
    dir.append("log", drop_from_port(2));
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    running.signal("INT");
    assert_eq!(crate::live::signal_of(running.end()), Some(2));
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[test]
fn names_from_the_network_bring_no_escape_to_the_terminal() {
    let dir = TestDir::new();
    let zone =
        [("192.0.2.7", Reply::Name("a\\033[2Jb.example.com")), ("198.51.100.1", Reply::Name("203.0.113.99"))];
    let network = Network::new(&dir, &zone);
    dir.write("log", drop_from_port(1));
    let scanned = run(network.inside(dir.command(["--scan", "log", "--rdns", "--no-header"])), "").fine();
    assert!(!scanned.out.contains('\x1b'), "{scanned:?}");
    // An address as a name would pass for another host.
    assert!(scanned.out.contains(" 198.51.100.1 ") && !scanned.out.contains("203.0.113.99"), "{scanned:?}");
}

#[test]
fn a_scan_with_a_dead_server_ends_and_says_why_there_are_no_names() {
    let dir = TestDir::new();
    let network = Network::new(&dir, &[("*", Reply::Hang)]);
    let line = |n: u32| packet("DROP", &format!("192.0.{}.{}", n / 200, n % 200), "198.51.100.1", n);
    dir.write("few", (0..11).map(line).collect::<String>());
    dir.write("many", (0..5000).map(line).collect::<String>());
    let scan = |log: &str| {
        let begun = Instant::now();
        let scanned = run(network.inside(dir.command(["--scan", log, "--rdns", "--no-header"])), "").fine();
        // No line waits longer than 1.5 seconds for the very first answer.
        assert!(begun.elapsed() < Duration::from_secs(5), "{log}: {:?}", begun.elapsed());
        scanned
    };
    let few = scan("few");
    assert_eq!(few.out.lines().count(), 11);
    assert_eq!(
        few.err,
        "- 12 name lookups got no answer in time from the name servers in /etc/resolv.conf; their addresses \
         are shown instead.\n"
    );
    let many = scan("many").says(["5001 name lookups got no answer in time"]);
    assert_eq!(many.out.lines().count(), 5000);

    network.now(&[("*", Reply::Refuse)]);
    scan("few").says(["12 name lookups got no answer"]);
}

/// As is common: some zones are broken, the others are not.
#[test]
fn addresses_without_an_answer_hold_up_a_scan_together_and_not_one_after_the_other() {
    let dir = TestDir::new();
    let hung: Vec<String> = (0..60).map(|n| format!("192.0.2.{n}")).collect();
    let mut zone = vec![("*", Reply::Name("h-%.example.com"))];
    zone.extend(hung.iter().map(|address| (address.as_str(), Reply::Hang)));
    let network = Network::new(&dir, &zone);
    let line = |n: u32| {
        let src = match n % 5 {
            0 => format!("192.0.2.{}", n / 5 % 60),
            _ => format!("198.18.{}.{}", n / 250, n % 250),
        };
        packet("DROP", &src, "198.51.100.1", n)
    };
    dir.write("log", (0..600).map(line).collect::<String>());
    let begun = Instant::now();
    let scanned = run(network.inside(dir.command(["--scan", "log", "--rdns", "--no-header"])), "").fine();
    // Sixty addresses, at three seconds each.
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    assert_eq!(scanned.out.matches(" h-198-18-").count(), 480, "all others have their names");
    scanned.says(["60 name lookups got no answer"]);
}

#[test]
fn an_analysis_waits_ten_seconds_in_all_and_says_why_there_are_no_names() {
    let dir = TestDir::new();
    let network = Network::new(&dir, &[("*", Reply::Hang)]);
    let line = |n: u32| packet("DROP", &format!("192.0.2.{}", n % 200), "198.51.100.1", n);
    dir.write("log", (0..400).map(line).collect::<String>());
    let begun = Instant::now();
    let done = run(network.inside(dir.command(["--analyze", "log", "--rdns", "--limit", "100"])), "").fine();
    assert!(begun.elapsed() < Duration::from_secs(11), "{:?}", begun.elapsed());
    assert!(done.out.contains(" 192.0.2.1 "), "{done:?}");
    done.says(["got no answer"]);
}
