//! The files of `examples/`, each checked by the program that reads it.

use std::process::Command;

use crate::process::{Said, TestDir, alone, project, run};

/// A folder with a copy of an example.
fn with(name: &str) -> TestDir {
    let dir = TestDir::new();
    dir.write(name, std::fs::read(project("examples").join(name)).expect("an example"));
    dir
}

fn program(dir: &TestDir, name: &str, args: &[&str]) -> Said {
    let mut command = Command::new(name);
    command
        .args(args)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .current_dir(dir.path(""));
    run(command, "")
}

#[test]
fn iptables_takes_the_firewall_twice() {
    let said =
        alone(&with("firewall.sh"), "bash firewall.sh; bash firewall.sh; iptables -S; ip6tables -S").fine();
    for rule in ["-A LOGDROP -j LOG --log-prefix \"IPT: DROP \"", "-A INPUT -j LOGDROP"] {
        assert_eq!(said.out.matches(rule).count(), 2, "{rule} once in each table:\n{}", said.out);
    }
}

#[test]
fn nft_takes_the_firewall_twice() {
    let said = alone(
        &with("firewall.nft"),
        "nft -c -f firewall.nft; nft -f firewall.nft; nft -f firewall.nft; nft list ruleset",
    );
    assert_eq!(said.fine().out.matches("log prefix \"IPT: DROP \"").count(), 1);
}

/// Within a minute, eight SSH connections from each of two sources, and three to IMAP.
const CONNECT: &str = r#"
ip link set lo up
ip addr add 192.0.2.1/32 dev lo
ip addr add 192.0.2.2/32 dev lo
connect() { bash -c "exec 3<>/dev/tcp/$1/$2" 2>&1 | grep -q refused; }
for n in 1 2 3 4 5 6 7 8; do connect 192.0.2.1 22; connect 192.0.2.2 22; done
for n in 1 2 3; do connect 192.0.2.1 143; done
"#;

#[test]
fn the_rules_that_log_connections_give_each_source_its_own_five_a_minute() {
    let load = "iptables-restore --test --noflush connection-log.rules
                iptables-restore --noflush connection-log.rules
                ip6tables-restore --noflush connection-log.rules";
    let said = alone(&with("connection-log.rules"), &format!("{load}{CONNECT}iptables -vxnL")).fine();
    let logged = |chain: &str, prefix: &str| -> u64 {
        let rules = said.out.split("Chain ").find(|rules| rules.starts_with(chain)).expect("the chain");
        let rules = rules.lines().filter(|rule| rule.contains(&format!("prefix \"{prefix}\"")));
        rules
            .map(|rule| rule.split_whitespace().next().expect("a count").parse::<u64>().expect("a count"))
            .sum()
    };
    assert_eq!((logged("LOGSSH", "*LOG*"), logged("LOGATTACK", "*ATTACK*")), (10, 6), "{}", said.out);
    assert_eq!(logged("LOGGING", "*LOG*"), 3, "{}", said.out);
}

#[test]
fn the_same_as_an_nftables_ruleset() {
    let dir = with("connection-log.nft");
    let rules = String::from_utf8(dir.read("connection-log.nft")).expect("text");
    // Counters show what a network namespace keeps out of the kernel's log.
    dir.write("counted.nft", rules.replace("log prefix", "counter log prefix"));
    let load = "nft -c -f connection-log.nft; nft -f connection-log.nft; nft -f counted.nft";
    let said = alone(&dir, &format!("{load}{CONNECT}nft list table inet ipta_connections")).fine();
    let counts: Vec<&str> = said
        .out
        .lines()
        .filter_map(|rule| rule.split_once("counter packets ")?.1.split_once(" bytes")?.0.into())
        .collect();
    assert_eq!(counts, ["6", "10", "3"], "attack, SSH, IMAP:\n{}", said.out);
}

#[test]
fn rsyslog_takes_its_file() {
    let dir = with("rsyslog-iptables.conf");
    let said = program(&dir, "rsyslogd", &["-N1", "-f", "rsyslog-iptables.conf"]);
    assert!(said.status == Some(0) && !said.err.contains("error"), "{said:#?}");
}

#[test]
fn logrotate_takes_its_file_and_would_rotate_the_log() {
    let dir = with("logrotate-iptables");
    let text = String::from_utf8(dir.read("logrotate-iptables")).expect("text");
    let log = dir.write("iptables.log", "a line\n");
    dir.write("here", text.replace("/var/log/iptables.log", &log.display().to_string()));
    let said = program(&dir, "logrotate", &["-d", "-f", "-s", "state", "here"]);
    assert!(said.status == Some(0) && !said.err.contains("error:"), "{said:#?}");
    assert!(said.err.contains("log needs rotating"), "{said:#?}");
}

#[test]
fn systemd_takes_the_units() {
    let dir = TestDir::new();
    for (folder, name) in [
        ("examples", "ipta-daily.service"),
        ("examples", "ipta-daily.timer"),
        ("packaging", "ipta-import.service"),
        ("packaging", "ipta-import.timer"),
    ] {
        let unit = std::fs::read_to_string(project(folder).join(name)).expect("a unit");
        // Neither program is installed here.
        let unit =
            unit.replace("/usr/local/sbin/ipta-daily", "/bin/true").replace("/usr/bin/ipta ", "/bin/true ");
        dir.write(name, unit);
    }
    for name in ["ipta-daily.timer", "ipta-import.timer"] {
        let said =
            program(&dir, "systemd-analyze", &["verify", "--man=no", &dir.path(name).display().to_string()]);
        assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{name}");
    }
}

#[test]
fn cron_takes_its_files() {
    for name in ["ipta.cron", "ipta-daily.cron"] {
        let dir = with(name);
        let text = String::from_utf8(dir.read(name)).expect("text");
        let jobs = text.lines().filter(|line| !line.starts_with('#') && line.contains(" root "));
        assert_eq!(jobs.count(), 1, "{name}");
        // A user's own crontab names no user.
        dir.write("own", text.replace(" root ", " "));
        let said = program(&dir, "crontab", &["-n", "own"]);
        assert_eq!(said.status, Some(0), "{name}: {said:#?}");
    }
}

#[test]
fn the_readmes_cron_lines_work_in_a_users_own_crontab() {
    let readme = std::fs::read_to_string(project("README.md")).expect("the README");
    let block = readme.split("```").find(|block| block.contains("*/5 * * * *")).expect("cron lines");
    let dir = TestDir::new();
    dir.write("own", block.trim_start());
    let said = program(&dir, "crontab", &["-n", "own"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert!(block.contains("* ipta --quiet --import"), "no user is named: {block}");
}
