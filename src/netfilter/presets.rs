//! The prefixes of common firewalls, as data: a new one is a new entry.

use super::Verdict;
use super::prefix::{Pattern, Rule, RuleError, Rules, Verdicts};

/// A firewall's prefixes.
struct Preset {
    name: &'static str,
    forms: &'static [Form],
}

/// One form of a prefix: an expression for all of it, the action if no group captures it, and what the action
/// means.
struct Form {
    regex: &'static str,
    action: Option<&'static str>,
    verdicts: Verdicts,
}

const fn form(regex: &'static str, verdicts: Verdicts) -> Form {
    Form { regex, action: None, verdicts }
}

const fn fixed(regex: &'static str, action: &'static str, verdicts: Verdicts) -> Form {
    Form { regex, action: Some(action), verdicts }
}

const ACCEPT: Verdicts = Verdicts::Always(Verdict::Accept);
const DENY: Verdicts = Verdicts::Always(Verdict::Deny);
const OTHER: Verdicts = Verdicts::Always(Verdict::Other);

/// The common chain targets.
const TARGETS: Verdicts = Verdicts::Listed { accept: &["ACCEPT"], deny: &["DROP", "REJECT"] };

/// Shorewall's dispositions; those with `A_` are audited.
const SHOREWALL: Verdicts =
    Verdicts::Listed { accept: &["ACCEPT", "A_ACCEPT"], deny: &["DROP", "REJECT", "A_DROP", "A_REJECT"] };

/// In the order in which an unknown prefix is tried: those with a marker of their own first.
const PRESETS: [Preset; 8] = [
    // The tutorial on connection logging: every new connection, and those over the rate. The rules log and continue,
    // so neither says what happened to the packet.
    Preset { name: "tutorial", forms: &[form(r"^\*(?<action>LOG|ATTACK)\* *$", OTHER)] },
    // UFW's own chains (ufw `src/backend_iptables.py`) and ufw-docker. AUDIT and its INVALID log packets before they
    // are decided on.
    Preset {
        name: "ufw",
        forms: &[form(
            r"^\[UFW (?<action>[^\]]+)\] *$",
            Verdicts::Listed {
                accept: &["ALLOW", "LIMIT", "DOCKER ALLOW"],
                deny: &["BLOCK", "LIMIT BLOCK", "DOCKER BLOCK", "DENY", "REJECT"],
            },
        )],
    },
    // CSF logs what it drops.
    Preset {
        name: "csf",
        forms: &[
            form(r"^Firewall: \*(?<action>Knock[^*]*)\* *$", OTHER),
            form(r"^Firewall: \*(?<action>[^*]+)\* *$", DENY),
        ],
    },
    // Shorewall's old default LOGFORMAT, without blanks, and that of version 5.
    Preset {
        name: "shorewall",
        forms: &[
            form(r"^Shorewall:[^: ]+:(?:\d+:)?(?<action>[^: ]+): *$", SHOREWALL),
            form(r"^[A-Za-z][\w-]* (?<action>(?:A_)?(?:ACCEPT|DROP|REJECT)) $", SHOREWALL),
        ],
    },
    // Ubiquiti and VyOS name ruleset, rule and disposition.
    Preset {
        name: "ubiquiti",
        forms: &[
            fixed(r"^\[[^\]]*-(?:(?:\d+|default)-A|A-\d+)\]", "ACCEPT", ACCEPT),
            fixed(r"^\[[^\]]*-(?:(?:\d+|default)-D|D-\d+)\]", "DROP", DENY),
            fixed(r"^\[[^\]]*-(?:(?:\d+|default)-R|R-\d+)\]", "REJECT", DENY),
            // Returns to the calling ruleset, which decides.
            fixed(r"^\[[^\]]*-RET-\d+\]", "RETURN", OTHER),
        ],
    },
    // Proxmox puts its own header before these (`header::proxmox`).
    Preset { name: "proxmox", forms: &[form(r"^(?:policy )?(?<action>ACCEPT|DROP|REJECT): $", TARGETS)] },
    // firewalld (`src/firewall/core/nftables.py`, `ipXtables.py`): the verdict ends the name.
    Preset {
        name: "firewalld",
        forms: &[form(
            r#"^['"]?(?:\S+_)?(?<action>ICMP_BLOCK|DROP|REJECT|ACCEPT|MARK): ?['"]?$"#,
            Verdicts::Listed { accept: &["ACCEPT"], deny: &["DROP", "REJECT", "ICMP_BLOCK"] },
        )],
    },
    // FireHOL logs what falls through an interface or router, and what its protections drop; some versions write
    // literal quotes. A prefix of the user's own may come first, if it is one lowercase word: others may
    // mean that a packet was accepted.
    Preset {
        name: "firehol",
        forms: &[
            form(r#"^['"]?(?:[a-z0-9][a-z0-9._-]* )?(?<action>IN|OUT|PASS)-[a-z][\w.+-]*:['"]? ?$"#, DENY),
            form(
                r#"^['"]?(?:[a-z0-9][a-z0-9._-]* )?(?<action>(?:DROP|REJECT|BLACKLIST|MALFORMED|SYN|ICMP|NEW|FRAGMENTS|INVALID|PACKET)[A-Za-z/ ]*?) (?:in|out|inface|outface)_?[\w.+-]*:['"]? ?$"#,
                DENY,
            ),
        ],
    },
];

/// The rules of a preset, or the one rule of a regular expression with a group `action`.
pub fn named(text: &str) -> Result<Vec<Rule>, RuleError> {
    if let Some(rules) = rules(text) {
        return Ok(rules);
    }
    if text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        return Err(no_preset(text));
    }
    match Pattern::of(text, None, Verdicts::Words)? {
        Some(pattern) => Ok(vec![Rule::Pattern(pattern)]),
        None => Err(no_preset(text)),
    }
}

/// The rule of a configured pattern; without an `action` it needs a group of that name.
pub fn configured(pattern: &str, action: Option<&str>, verdict: Option<Verdict>) -> Result<Rule, RuleError> {
    if rules(pattern).is_some() {
        return Err(RuleError::Settled { text: pattern.to_owned() });
    }
    let verdicts = verdict.map_or(Verdicts::Words, Verdicts::Always);
    let made = Pattern::of(pattern, action, verdicts)?;
    made.map(Rule::Pattern).ok_or_else(|| no_preset(pattern))
}

fn no_preset(text: &str) -> RuleError {
    RuleError::NoPreset { text: text.to_owned(), nearest: nearest(text) }
}

/// The rules of a preset; none if there is no such preset.
fn rules(name: &str) -> Option<Vec<Rule>> {
    match name {
        "ipt" => Some(vec![Rule::Ipt]),
        "any" => Some(vec![Rule::Any]),
        "auto" => Some(std::iter::once(Rule::Ipt).chain(PRESETS.iter().flat_map(Preset::rules)).collect()),
        _ => PRESETS.iter().find(|preset| preset.name == name).map(Preset::rules),
    }
}

impl Preset {
    fn rules(&self) -> Vec<Rule> {
        let pattern = |form: &Form| Pattern::of_preset(form.regex, form.action, form.verdicts.clone());
        self.forms.iter().map(pattern).map(Rule::Pattern).collect()
    }
}

/// All preset names, those implemented in code first: `auto` matches whatever any other does, except `any`.
pub fn names() -> impl Iterator<Item = &'static str> {
    ["auto", "ipt", "any"].into_iter().chain(PRESETS.iter().map(|preset| preset.name))
}

/// The preset that matches a prefix; `any` if no other does.
pub fn recognize(prefix: &[u8]) -> &'static str {
    if Rules::default().settle(prefix, 0).is_some() {
        return "ipt";
    }
    let takes = |preset: &&Preset| Rules::new(preset.rules()).settle(prefix, 0).is_some();
    PRESETS.iter().find(takes).map_or("any", |preset| preset.name)
}

/// The preset whose name is closest to a text, case ignored, if at least half of its letters agree.
fn nearest(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    let distances = names().map(|name| (strsim::osa_distance(name, &text), name));
    distances.min().filter(|(distance, name)| distance * 2 <= name.len()).map(|(_, name)| name)
}
