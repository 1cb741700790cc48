//! Filters, alone and combined, give the same report from a server, from a file and from the log itself,
//! and as many packets as counted by other means.

use serde_json::Value;

use crate::process::{TestDir, TestStore, lines, project};

/// One packet of a made-up log, as the test knows it.
struct Made {
    hour: u32,
    minute: u32,
    host: &'static str,
    action: &'static str,
    interface: &'static str,
    source: String,
    /// The TCP port; none means an echo request.
    port: Option<u16>,
}

/// Four days of May: 240 packets of rotating actions, sources and address families, from two hosts.
fn made() -> Vec<Made> {
    let packet = |n: u32| Made {
        hour: n % 24,
        minute: n % 60,
        host: ["gw", "fw.example"][n as usize % 2],
        action: ["DROP", "ACCEPT", "INVALID"][n as usize % 3],
        interface: ["eth0", "lo", "wg0", "eth1"][n as usize % 4],
        source: match n % 5 {
            4 => format!("2001:0db8:0000:0000:0000:0000:0000:{n:04x}"),
            other => format!("192.0.{other}.{}", n % 200 + 1),
        },
        port: (!n.is_multiple_of(7)).then_some(20 + (n % 10) as u16),
    };
    (0..240).map(packet).collect()
}

fn log(packets: &[Made]) -> String {
    let line = |(n, made): (usize, &Made)| {
        let day = 1 + n / 60;
        let transport = match made.port {
            Some(port) => format!("PROTO=TCP SPT={} DPT={port} WINDOW=1024 RES=0x00 SYN URGP=0", 1000 + n),
            None if made.source.contains(':') => "PROTO=ICMPv6 TYPE=128 CODE=0 ID=1 SEQ=1".to_owned(),
            None => "PROTO=ICMP TYPE=8 CODE=0 ID=1 SEQ=1".to_owned(),
        };
        let (target, network) = match made.source.contains(':') {
            true => ("2001:0db8:0000:0000:0000:0000:0000:ffff", "LEN=60 TC=0 HOPLIMIT=64 FLOWLBL=0"),
            false => ("198.51.100.1", "LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=7 DF"),
        };
        format!(
            "May  {day} {:02}:{:02}:00 {} kernel: IPT: {} IN={} OUT= SRC={} DST={target} {network} {transport} \n",
            made.hour, made.minute, made.host, made.action, made.interface, made.source
        )
    };
    packets.iter().enumerate().map(line).collect::<String>()
        + "IPT: DROP IN=eth0 OUT= SRC=192.0.2.250 DST=198.51.100.1 LEN=28 TOS=0x00 PREC=0x00 TTL=64 ID=7 PROTO=UDP SPT=9 DPT=9 LEN=8 \n"
}

/// A filter as typed, and which packets it takes by the test's own reckoning; the number is the packet's
/// position in the log.
type Case = (&'static [&'static str], fn(usize, &Made) -> bool);

const CASES: &[Case] = &[
    (&["--src", "192.0.2.0/24"], |_, p| p.source.starts_with("192.0.2.")),
    (&["--src", "2001:db8::/32"], |_, p| p.source.contains(':')),
    (&["--dst", "198.51.100.1"], |_, p| !p.source.contains(':')),
    (&["--dport", "22"], |_, p| p.port == Some(22)),
    (&["--dport", "ssh", "--dport", "25-27"], |_, p| matches!(p.port, Some(22 | 25..=27))),
    (&["--proto", "icmp"], |_, p| p.port.is_none()),
    (&["--proto", "TCP"], |_, p| p.port.is_some()),
    (&["--proto", "6"], |_, p| p.port.is_some()),
    (&["--proto", "1"], |_, p| p.port.is_none()),
    (&["--proto", "IPv6-ICMP"], |_, p| p.port.is_none() && p.source.contains(':')),
    (&["--proto", "igmp,tcp"], |_, p| p.port.is_some()),
    (&["--action", "INVALID"], |_, p| p.action == "INVALID"),
    (&["--action", "invalid,Accept"], |_, p| p.action != "DROP"),
    (&["--iface", "wg0"], |_, p| p.interface == "wg0"),
    (&["--log-host", "fw.example"], |_, p| p.host == "fw.example"),
    (&["--no-local"], |_, p| p.interface != "lo"),
    (&["--no-accept"], |_, p| p.action != "ACCEPT"),
    (&["--since", "2026-05-03"], |n, _| n >= 120),
    (&["--until", "2026-05-02"], |n, _| n < 120),
    (&["--since", "2026-05-02 12:00", "--until", "2026-05-03 12:00"], |n, p| {
        n / 60 == 1 && p.hour >= 12 || n / 60 == 2 && p.hour < 12
    }),
    (&["--sport", "1000-1099"], |n, p| p.port.is_some() && n < 100),
    (
        &[
            "--src",
            "192.0.0.0/16",
            "--action",
            "DROP",
            "--dport",
            "20-24",
            "--no-local",
            "--since",
            "2026-05-02",
        ],
        |n, p| {
            p.source.starts_with("192.0.")
                && p.action == "DROP"
                && p.port.is_some_and(|port| port <= 24)
                && p.interface != "lo"
                && n >= 60
        },
    ),
];

#[test]
fn every_filter_gives_the_packets_that_it_names_from_every_place() {
    let packets = made();
    let (file, served, dir) = (TestStore::on_a_file(), TestStore::on_a_server(), TestDir::new());
    let log = dir.write("log", log(&packets)).display().to_string();
    for db in [&file, &served] {
        db.ipta(["--year", "2026", "-i", &log]).fine();
    }
    for (filter, takes) in CASES {
        let report = ["--year", "2026", "--format", "json", "--modules", "all", "--limit", "500"];
        // What has no time is in no time span; the timeless packet here is UDP from 192.0.2.250.
        let timeless = match filter {
            ["--src", "192.0.2.0/24"] | ["--dst", _] | ["--no-local"] | ["--no-accept"] => 1,
            _ => 0,
        };
        let expected =
            packets.iter().enumerate().filter(|(n, made)| takes(*n, made)).count() as u64 + timeless;
        let from = |said: crate::process::Said| said.fine().out;
        let direct = from(dir.ipta(["-a", log.as_str()].iter().chain(&report).chain(*filter)));
        let year_less: Vec<&str> = report.iter().skip(2).copied().collect();
        let on_file = from(file.ipta(["-a"].iter().chain(&year_less).chain(*filter).copied()));
        let on_server = from(served.ipta(["-a"].iter().chain(&year_less).chain(*filter).copied()));
        let counted: Value = serde_json::from_str(&direct).expect("JSON");
        assert_eq!(counted["packets"], expected, "{filter:?}");
        assert_eq!(direct, on_file, "{filter:?} from the file");
        assert_eq!(direct, on_server, "{filter:?} from the server");
        let text = ["--year", "2026", "-a", log.as_str()];
        let shown = from(dir.ipta(text.iter().chain(*filter)));
        assert!(shown.starts_with("Only packets "), "{filter:?}: {shown}");
    }
}

#[test]
fn scan_takes_the_same_filters() {
    let packets = made();
    let dir = TestDir::new();
    dir.write("log", log(&packets));
    for (filter, takes) in CASES {
        let bare = ["--scan", "log", "--year", "2026", "--no-header", "--no-counter"];
        let shown = dir.ipta(bare.iter().chain(*filter)).fine().out;
        let lines = shown.lines().filter(|line| !line.contains(" 192.0.2.250 ")).count();
        let expected = packets.iter().enumerate().filter(|(n, made)| takes(*n, made)).count();
        assert_eq!(lines, expected, "{filter:?}");
    }
}

#[test]
fn a_packet_without_a_time_is_left_out_of_a_span_and_counted() {
    let dir = TestDir::new();
    dir.write("log", log(&made()));
    let said = dir.ipta(["-a", "log", "--year", "2026", "--since", "2026-05-01"]).fine();
    assert!(
        said.out.starts_with("Only packets since 2026-05-01 00:00:00; 1 without a time left out.\n"),
        "{said:#?}"
    );
}

#[test]
fn a_filter_that_is_none_is_refused_before_anything_is_done() {
    let example = project("examples/iptables.log").display().to_string();
    for (filter, word) in [
        (["--src", "192.0.2"], "192.0.2"),
        (["--src", "192.0.2.0/33"], "192.0.2.0/33"),
        (["--dport", "70000"], "70000"),
        (["--dport", "30-20"], "30-20"),
        (["--proto", "tpc"], "there is no protocol 'tpc'; did you mean tcp?"),
        (["--proto", "ICPM"], "did you mean icmp?"),
        (["--proto", "tcp,256"], "there is no protocol '256'"),
        (["--proto", "nonsense"], "such as tcp, udp, icmp"),
        (["--since", "sometimes"], "sometimes"),
        (["--modules", "denide"], "denide"),
        (["--modules", "new"], "--since"),
    ] {
        TestDir::new().ipta(["-a", &example].into_iter().chain(filter)).refused(2).says([word]);
    }
}

#[test]
fn a_protocol_that_logs_have_as_a_number_is_found_by_its_name() {
    let dir = TestDir::new();
    let line = |proto: &str| {
        format!(
            "May  4 06:35:12 gw kernel: IPT: DROP IN=eth0 OUT= SRC=192.0.2.7 DST=224.0.0.1 LEN=32 TOS=0x00 \
             PREC=0xC0 TTL=1 ID=0 DF PROTO={proto} \n"
        )
    };
    // As the kernel writes them, and as others might.
    dir.write("log", ["2", "2", "47", "IGMP"].map(line).concat());
    for typed in ["igmp", "IGMP", "2"] {
        let said =
            dir.ipta(["-a", "log", "--modules", "sources", "--format", "json", "--proto", typed]).fine();
        let report: Value = serde_json::from_str(&said.out).expect("JSON");
        assert_eq!(report["packets"], 3, "{typed}");
    }
    let shown = |typed| dir.ipta(["-a", "log", "--proto", typed]).fine().out;
    assert!(shown("gre").starts_with("Only packets of protocol gre.\n"));
    assert!(shown("47").starts_with("Only packets of protocol 47 (GRE).\n"));
}

#[test]
fn an_action_counts_as_the_call_says_from_a_log_and_from_the_table() {
    let db = TestStore::on_a_file();
    let audit = lines(0..7).replace("IPT: DROP", "[UFW AUDIT]");
    let allow = lines(7..9).replace("IPT: DROP", "[UFW ALLOW]");
    db.dir.write("ufw.log", audit + &allow);
    db.ipta(["--prefix", "ufw", "-i", "ufw.log"]).fine();
    for call in [&["-a", "ufw.log", "--prefix", "ufw"][..], &["-a"]] {
        let of = |options: &[&str]| {
            let arguments = call.iter().chain(&["--modules", "ports"]).chain(options);
            match call.len() {
                1 => db.ipta(arguments),
                _ => db.dir.ipta(arguments),
            }
        };
        assert!(!of(&[]).fine().out.contains("AUDIT"), "neither accepted nor denied");
        assert!(of(&["--deny-action", "AUDIT"]).fine().out.contains("     7    22 TCP    AUDIT"));
        assert!(of(&["--deny-action", "ALLOW"]).fine().out.contains("     2    22 TCP    ALLOW"));
        let left = of(&["--deny-action", "AUDIT,ALLOW", "--no-accept"]).fine().out;
        assert!(left.contains("     2    22 TCP    ALLOW"), "denied, so not left out: {left}");
        of(&["--deny-action", "PASS", "--accept-action", "PASS"]).refused(2).says(["'PASS'", "remove it"]);
    }
}

#[test]
fn an_unwanted_value_leaves_out_what_has_it_and_nothing_else() {
    let db = TestStore::on_a_file();
    let ping = "May 17 00:00:09 gw kernel: IPT: DROP IN=eth0 OUT= SRC=192.0.2.9 DST=192.0.2.1 LEN=84 TTL=64 ID=0 \
                PROTO=ICMP TYPE=8 CODE=0 ID=1 SEQ=1\n";
    db.dir.write("a.log", lines(0..20) + &lines(20..25).replace("DPT=22", "DPT=80") + ping);
    db.import(["a.log"]);
    for (filter, left) in [
        (["--dport", "!22"], 6),
        (["--dport", "not:22"], 6),
        (["--dport", "not:22,not:80"], 1),
        (["--dport", "1-1000,not:80"], 20),
        (["--proto", "not:icmp"], 25),
        (["--src", "not:192.0.2.0/24"], 25),
        (["--src", "203.0.113.0/24,!203.0.113.0/28"], 9),
        (["--iface", "not:eth0"], 0),
        (["--action", "not:drop"], 0),
        (["--log-host", "not:fw9"], 26),
    ] {
        let count = |said: crate::process::Said| said.fine().out.lines().count();
        let options = ["--scan", "--no-header", filter[0], filter[1]];
        assert_eq!(count(db.ipta(options)), left, "{filter:?} from the table");
        let options = ["--scan", "a.log", "--no-header", filter[0], filter[1]];
        assert_eq!(count(db.dir.ipta(options)), left, "{filter:?} from the log");
    }
    let said = db.ipta(["-a", "--src", "not:192.0.2.9", "--format", "json"]).fine();
    assert!(said.out.contains("\"not:192.0.2.9\""), "{said:#?}");
    db.ipta(["-a", "--src", "not:nowhere"]).refused(2).says(["--src", "nowhere"]);
}
