//! Sources to block, for nft(8), for ipset(8) or as a plain list of addresses.
//!
//! Everything written here is an address, a number, a date or a word of our own: nothing that a log or a name server
//! said reaches what a firewall loads.

use std::io::{self, Write};
use std::net::IpAddr;

use super::shape::{Report, Shape};
use super::{moment, thousands};
use crate::analysis::blocklist::{Blocked, Blocklist};
use crate::analysis::quantity::counted;

/// For `nft -f`.
pub struct Nft;

/// For `ipset restore`.
pub struct Ipset;

/// One address per line.
pub struct Cidr;

/// The default capacity of an ipset set (`IPSET_DEFAULT_MAXELEM`).
const MAXELEM: usize = 65_536;

impl Shape for Nft {
    fn write(&self, out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
        let list = of(report);
        writeln!(out, "#!/usr/sbin/nft -f")?;
        head(out, report, list, "Load it with: nft -f FILE. Remove it with: nft delete table inet ipta")?;
        writeln!(out, "add table inet ipta")?;
        for (set, kind) in [("sources4", "ipv4_addr"), ("sources6", "ipv6_addr")] {
            writeln!(out, "add set inet ipta {set} {{ type {kind}; flags timeout; timeout 1d; }}")?;
            writeln!(out, "flush set inet ipta {set}")?;
        }
        for hook in ["input", "forward"] {
            writeln!(
                out,
                "add chain inet ipta {hook} {{ type filter hook {hook} priority filter - 1; policy accept; }}"
            )?;
            writeln!(out, "flush chain inet ipta {hook}")?;
            writeln!(out, "add rule inet ipta {hook} ip saddr @sources4 drop")?;
            writeln!(out, "add rule inet ipta {hook} ip6 saddr @sources6 drop")?;
        }
        for (set, blocked) in
            [("sources4", family(list, IpAddr::is_ipv4)), ("sources6", family(list, IpAddr::is_ipv6))]
        {
            if blocked.is_empty() {
                continue;
            }
            writeln!(out, "add element inet ipta {set} {{")?;
            for blocked in blocked {
                writeln!(out, "\t{} comment \"{}\",", blocked.address, comment(blocked))?;
            }
            writeln!(out, "}}")?;
        }
        Ok(())
    }
}

impl Shape for Ipset {
    fn write(&self, out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
        let list = of(report);
        head(
            out,
            report,
            list,
            "ipset restore -file FILE loads it; it blocks with\n\
             # iptables -I INPUT -m set --match-set ipta4 src -j DROP, ip6tables with ipta6.",
        )?;
        let families = [
            ("ipta4", "inet", family(list, IpAddr::is_ipv4)),
            ("ipta6", "inet6", family(list, IpAddr::is_ipv6)),
        ];
        for (set, name, blocked) in families {
            let most = blocked.len().max(MAXELEM).next_power_of_two();
            writeln!(out, "create {set} hash:ip family {name} maxelem {most} timeout 86400 comment -exist")?;
            writeln!(out, "flush {set}")?;
            for blocked in blocked {
                writeln!(out, "add {set} {} comment \"{}\"", blocked.address, comment(blocked))?;
            }
        }
        Ok(())
    }
}

impl Shape for Cidr {
    fn write(&self, out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
        let list = of(report);
        head(out, report, list, "One address per line.")?;
        list.addresses.iter().try_for_each(|blocked| writeln!(out, "{}", blocked.address))
    }
}

static EMPTY: Blocklist = Blocklist { module: "attacks", addresses: Vec::new(), left_out: Vec::new() };

fn of<'r>(report: &Report<'r>) -> &'r Blocklist {
    report.tables.iter().find_map(|table| table.blocklist.as_ref()).unwrap_or(&EMPTY)
}

fn family(list: &Blocklist, is_it: fn(&IpAddr) -> bool) -> Vec<&Blocked> {
    list.addresses.iter().filter(|blocked| is_it(&blocked.address)).collect()
}

/// How many there are, how many were left out and why: `12 addresses; left out: 3 of low severity`.
pub fn account(list: &Blocklist) -> String {
    let count = |count: usize| match count {
        1 => "1 address".to_owned(),
        count => format!("{} addresses", thousands(count as u64)),
    };
    let left_out: Vec<String> =
        list.left_out.iter().map(|(reason, count)| format!("{} {reason}", thousands(*count))).collect();
    let left_out = if left_out.is_empty() { "none".to_owned() } else { left_out.join("; ") };
    format!("{} to block; left out: {left_out}", count(list.addresses.len()))
}

fn head(out: &mut dyn Write, report: &Report<'_>, list: &Blocklist, how: &str) -> io::Result<()> {
    let what = match list.module {
        "attacks" => "Sources of suspected attacks",
        _ => "The noisiest sources",
    };
    writeln!(out, "# {what}, by ipta {}.", env!("CARGO_PKG_VERSION"))?;
    if let (Some(first), Some(last)) = (report.totals.first, report.totals.last) {
        writeln!(out, "# Packets from {} to {}.", moment(first), moment(last))?;
    }
    writeln!(out, "# {}.", account(list))?;
    let caution = match list.module {
        "attacks" => "The source of a TCP packet can be forged too",
        _ => "The sources of floods and of UDP and ICMP packets are among them and easy to forge",
    };
    writeln!(out, "# {caution}: review the list before you load it.")?;
    writeln!(out, "# {how}")
}

/// What it did, how much and until when; no text from outside.
fn comment(blocked: &Blocked) -> String {
    let mut text = format!("{}, {}", blocked.what, counted(blocked.packets, "packet"));
    if let Some(last) = blocked.last {
        text.push_str(&format!(", {}", moment(last).split(' ').next().unwrap_or_default()));
    }
    text
}
