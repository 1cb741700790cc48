//! Which firewall rules log. The rules are only read.

use std::process::{Command, Stdio};

use super::{Finding, State};
use crate::netfilter::presets;
use crate::report::stats::counted;
use crate::run::session::Session;

const RULES: &str = "Firewall";

/// The programs that list the rules, and the word that marks a logging rule.
const LISTINGS: [(&str, &[&str], &str); 3] = [
    ("iptables-save", &[], " -j LOG"),
    ("ip6tables-save", &[], " -j LOG"),
    ("nft", &["list", "ruleset"], " log "),
];

/// A rule to start with: it logs new connections and decides nothing, as its prefix says.
const EXAMPLE: &str = "sudo iptables -I INPUT -m conntrack --ctstate NEW -j LOG --log-prefix '*LOG* '";

/// Checks the rules in force.
pub fn look(session: &Session<'_, '_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut logging, mut unread) = (0, Vec::new());
    for (program, arguments, mark) in LISTINGS {
        let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
        let output = match output {
            Ok(output) if output.status.success() => output,
            Ok(_) => {
                unread.push(program);
                continue;
            }
            // Not installed here.
            Err(_) => continue,
        };
        let text = String::from_utf8_lossy(&output.stdout);
        let rules: Vec<&str> = text.lines().filter(|line| format!("{line} ").contains(mark)).collect();
        logging += rules.len();
        if rules.is_empty() {
            continue;
        }
        findings.push(Finding::new(
            RULES,
            State::Ok,
            format!("{program} shows {}", counted(rules.len() as u64, "logging rule")),
        ));
        for prefix in rules.iter().filter_map(|rule| prefix_of(rule)) {
            let taken = session.rules.settle(prefix.as_bytes(), 0).is_some();
            if !taken {
                let preset = presets::recognize(prefix.as_bytes());
                let text = format!("a rule uses the prefix '{prefix}', which ipta does not read");
                let command = format!("{} --prefix {preset} --save-db", session.invocation());
                findings.push(Finding::new(RULES, State::Wrong, text).run(command));
            }
        }
    }
    if !unread.is_empty() {
        let text = format!("only root can run {}", unread.join(", "));
        findings.push(Finding::new(RULES, State::Note, text).run("sudo ipta --doctor"));
    } else if logging == 0 {
        let text = "no iptables or nftables rule on this machine logs packets; an example:";
        findings.push(Finding::new(RULES, State::Note, text).run(EXAMPLE));
    }
    findings
}

/// The prefix of a rule: `--log-prefix "IPT: DROP "`, `log prefix "IPT: DROP "`.
fn prefix_of(rule: &str) -> Option<String> {
    let rest = rule.split_once("-prefix ").or_else(|| rule.split_once(" prefix "))?.1;
    match rest.strip_prefix('"') {
        Some(quoted) => Some(quoted.split('"').next()?.to_owned()),
        None => Some(rest.split(' ').next()?.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_of_a_rule_is_found() {
        for (rule, prefix) in [
            ("-A INPUT -j LOG --log-prefix \"IPT: DROP \" --log-level 4", Some("IPT: DROP ")),
            ("-A INPUT -j LOG --log-prefix x", Some("x")),
            ("log prefix \"[UFW BLOCK] \" flags all", Some("[UFW BLOCK] ")),
            ("-A INPUT -j LOG", None),
        ] {
            assert_eq!(prefix_of(rule).as_deref(), prefix, "{rule}");
        }
    }
}
