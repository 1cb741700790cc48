//! Firewall formats: what they list, what they spare, and that they load.

use crate::process::{TestDir, TestStore, alone};

/// Six minutes of password guessing, then a scan.
fn attack(source: &str, target: &str, prefix: &str) -> String {
    let line = |second: u32, from: u32, port: u32| {
        format!(
            "2026-05-04T{:02}:{:02}:{:02}+00:00 gw kernel: {prefix}IN=eth0 OUT= SRC={source} DST={target} LEN=60 \
             PROTO=TCP SPT={from} DPT={port} WINDOW=1 RES=0x00 SYN URGP=0\n",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    };
    let guesses = (0..120).map(|n| line(3600 + n * 3, 40_000 + n, 22));
    guesses.chain((1..=150).map(|n| line(9000 + n * 2, 43_000, n))).collect()
}

fn drops(source: &str) -> String {
    let target = if source.contains(':') { "2001:db8:1::1" } else { "198.51.100.10" };
    attack(source, target, "IPT: DROP ")
}

fn written(dir: &TestDir, format: &str, more: &[&str]) -> String {
    let call = ["log", "--quiet", "--format", format].into_iter().chain(more.iter().copied());
    dir.ipta(call).fine().out
}

#[test]
fn nft_takes_the_file_again_and_again_and_an_empty_one() {
    let dir = TestDir::new();
    dir.write("log", drops("192.0.2.66") + &drops("2001:db8::66"));
    dir.write("some.nft", written(&dir, "nft", &[]));
    dir.write("none.nft", written(&dir, "nft", &["--src", "203.0.113.1"]));
    let said = alone(
        &dir,
        "nft -c -f some.nft; nft -f some.nft; nft -f some.nft; nft list table inet ipta; echo --; \
         nft -f none.nft; nft list table inet ipta",
    )
    .fine();
    let (loaded, emptied) = said.out.split_once("--").expect("two tables");
    for element in ["192.0.2.66 expires", "2001:db8::66 expires", "ip6 saddr @sources6 drop", "timeout 1d"] {
        assert!(loaded.contains(element), "{loaded}");
    }
    assert!(!emptied.contains("expires") && emptied.contains("ip saddr @sources4 drop"), "{emptied}");
}

#[test]
fn nft_takes_the_file_beside_the_example_firewall_and_drops_nothing_else() {
    let dir = TestDir::new();
    dir.write("log", drops("192.0.2.66"));
    dir.write("some.nft", written(&dir, "nft", &[]));
    dir.write("firewall.nft", include_str!("../../examples/firewall.nft"));
    let said = alone(
        &dir,
        "nft -f firewall.nft; nft -f some.nft; nft list tables; echo --; \
         nft delete table inet ipta; nft list tables",
    )
    .fine();
    assert_eq!(said.out, "table inet ipta_firewall\ntable inet ipta\n--\ntable inet ipta_firewall\n");
}

#[test]
fn ipset_takes_the_file_again_and_again_and_an_empty_one() {
    let dir = TestDir::new();
    dir.write("log", drops("192.0.2.66") + &drops("2001:db8::66"));
    dir.write("some", written(&dir, "ipset", &[]));
    dir.write("none", written(&dir, "ipset", &["--src", "203.0.113.1"]));
    let said = alone(
        &dir,
        "ipset restore -file some; ipset restore -file some; ipset list; echo --; ipset restore -file none; ipset list",
    )
    .fine();
    let (loaded, emptied) = said.out.split_once("--").expect("two lists");
    assert!(loaded.contains("192.0.2.66 timeout") && loaded.contains("2001:db8::66 timeout"), "{loaded}");
    assert!(emptied.contains("Number of entries: 0") && !emptied.contains("192.0.2.66"), "{emptied}");
}

#[test]
fn one_address_a_line_and_who_it_is_above() {
    let dir = TestDir::new();
    dir.write("log", drops("192.0.2.66") + &drops("2001:db8::66"));
    let said = written(&dir, "cidr", &[]);
    let (head, list): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| line.starts_with('#'));
    assert_eq!(list, ["192.0.2.66", "2001:db8::66"]);
    assert!(head.iter().any(|line| line.contains("2 addresses to block; left out: none")), "{said}");
    assert!(head.iter().any(|line| line.contains("can be forged too")), "{said}");
    assert_eq!(
        written(&dir, "cidr", &["--limit", "1"]).lines().filter(|line| !line.starts_with('#')).count(),
        1
    );
}

#[test]
fn what_a_log_says_puts_no_line_into_them() {
    let dir = TestDir::new();
    let hostile = "x\" }; flush ruleset; add rule y { drop DROP\t\n ";
    for prefix in
        [hostile.replace('\n', " "), "$(reboot) `id` DROP ".to_owned(), "\"\u{1b}[2J DROP ".to_owned()]
    {
        dir.write("log", attack("192.0.2.66", "198.51.100.10", &prefix));
        for format in ["nft", "ipset", "cidr"] {
            let more = ["--prefix", "(?P<action>DROP)"];
            let said = written(&dir, format, &more);
            assert!(said.contains("192.0.2.66"), "{said}");
            for word in ["flush ruleset", "reboot", "`id`", "\u{1b}", "rule y"] {
                assert!(!said.contains(word), "{format}: {said}");
            }
        }
    }
}

#[test]
fn who_was_let_in_or_named_by_allow_is_spared_and_counted() {
    let dir = TestDir::new();
    let accepted = "2026-05-04T00:00:00+00:00 gw kernel: IPT: ACCEPT IN=eth0 OUT= SRC=203.0.113.7 \
                    DST=198.51.100.10 LEN=60 PROTO=TCP SPT=5555 DPT=443 WINDOW=1 RES=0x00 SYN URGP=0\n";
    let sources = ["192.0.2.66", "203.0.113.7", "10.0.0.5", "192.0.2.99"];
    dir.write("log", accepted.to_owned() + &sources.map(drops).concat());
    dir.write(".ipta-conf", "allow = [\"192.0.2.99\"]\n");
    // Neither a filter nor --no-accept hides who was let in.
    for more in [&[][..], &["--no-accept"], &["--dport", "22"], &["--modules", "sources"]] {
        let call = ["log", "--format", "cidr"].into_iter().chain(more.iter().copied());
        let said = dir.ipta(call).fine();
        let list: Vec<&str> = said.out.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(list, ["192.0.2.66"], "{more:?}");
        for reason in ["1 with accepted packets", "1 private, link-local or multicast"] {
            assert!(said.out.contains(reason) && said.err.contains(reason), "{more:?}: {said:?}");
        }
    }
    assert!(written(&dir, "cidr", &["--modules", "sources"]).contains("1 listed in allow"));
}

#[test]
fn a_scan_forged_from_those_this_host_needs_blocks_none_of_them() {
    let dir = TestDir::new();
    let needed =
        ["198.51.100.77", "198.51.100.1", "203.0.113.53", "203.0.113.200", "2001:db8:7::77", "2001:db8:7::1"];
    let target = |source: &&str| if source.contains(':') { "2001:db8:1::1" } else { "192.0.2.1" };
    let log = needed.iter().map(|source| attack(source, target(source), "IPT: DROP ")).collect::<String>();
    dir.write("log", log + &drops("192.0.2.66"));
    dir.write("resolv.conf", "nameserver 203.0.113.53\n");
    let said = alone(
        &dir,
        "ip link add d0 type veth peer name d1; ip link set d0 up; ip link set d1 up; \
         ip address add 198.51.100.77/24 dev d0; ip address add 2001:db8:7::77/64 dev d0 nodad; \
         ip route add default via 198.51.100.1; ip -6 route add default via 2001:db8:7::1; \
         mount --bind resolv.conf \"$(readlink -f /etc/resolv.conf)\"; \
         export SSH_CONNECTION='203.0.113.200 51000 198.51.100.77 22'; \
         \"$IPTA\" log --format cidr",
    )
    .fine();
    let list: Vec<&str> = said.out.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(list, ["192.0.2.66"], "{said:?}");
    for reason in [
        "2 of this host's own",
        "2 of this host's gateways",
        "1 of this host's name servers",
        "1 at the other end of this SSH session",
    ] {
        assert!(said.out.contains(reason), "{said:?}");
    }
}

#[test]
fn a_table_lists_the_same_as_its_log() {
    let accepted = "2026-05-04T00:00:00+00:00 gw kernel: IPT: ACCEPT IN=eth0 OUT= SRC=203.0.113.7 \
                    DST=198.51.100.10 LEN=60 PROTO=TCP SPT=5555 DPT=443 WINDOW=1 RES=0x00 SYN URGP=0\n";
    for db in [TestStore::on_a_file(), TestStore::on_a_server()] {
        let log = accepted.to_owned() + &drops("192.0.2.66") + &drops("203.0.113.7");
        let path = db.dir.write("log", log).display().to_string();
        db.ipta(["-i", &path]).fine();
        let of_table = db.ipta(["-a", "--format", "nft", "--quiet"]).fine().out;
        assert_eq!(of_table, db.dir.ipta([&path, "--format", "nft", "--quiet"]).fine().out);
    }
}

#[test]
fn what_cannot_be_listed_is_refused_with_a_way_out() {
    let dir = TestDir::new();
    dir.write("log", drops("192.0.2.66"));
    for modules in ["denied", "attacks,sources", "all"] {
        let said = dir.ipta(["log", "--format", "nft", "--modules", modules]).refused(2);
        said.says(["'attacks' or 'sources'", "leave out --modules"]);
    }
    dir.ipta(["--scan", "log", "--format", "ipset"]).refused(2);
    dir.ipta(["--follow", "log", "--format", "cidr"]).refused(2);
}
