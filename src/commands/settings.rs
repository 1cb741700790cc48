//! From settings as text to rules, filters and modules.

use super::Misused;
use super::logs::Clock;
use crate::analysis::filter::{Filters, Network};
use crate::analysis::{self, Module};
use crate::config::{PrefixChoice, Settings, Verdict as Word};
use crate::netfilter::Verdict;
use crate::netfilter::prefix::{Rule, Rules};

/// The prefix rules of a call.
pub fn rules(settings: &Settings) -> Result<Rules, Misused> {
    let mut rules = Vec::new();
    for choice in &settings.prefixes {
        match choice {
            PrefixChoice::Named(text) => {
                rules.extend(Rule::named(text).map_err(|e| Misused(format!("--prefix: {e}")))?);
            }
            PrefixChoice::Rule {
                pattern,
                action,
                verdict,
            } => {
                let verdict = verdict.map(|word| match word {
                    Word::Accept => Verdict::Accept,
                    Word::Deny => Verdict::Deny,
                    Word::Other => Verdict::Other,
                });
                let rule = Rule::configured(pattern, action.as_deref(), verdict);
                rules.push(rule.map_err(|e| Misused(format!("[[prefix]] of the configuration file: {e}")))?);
            }
        }
    }
    Ok(Rules::new(rules))
}

/// The filters of a call.
pub fn filters(settings: &Settings, _clock: &Clock) -> Result<Filters, Misused> {
    let text = &settings.filters;
    let networks = |option: &str, texts: &[String]| -> Result<Vec<Network>, Misused> {
        texts
            .iter()
            .map(|t| t.parse().map_err(|e| Misused(format!("{option}: {e}"))))
            .collect()
    };
    Ok(Filters {
        since: None,
        until: None,
        src: networks("--src", &text.src)?,
        dst: networks("--dst", &text.dst)?,
        sport: Vec::new(),
        dport: Vec::new(),
        proto: text.proto.clone(),
        action: text.action.clone(),
        iface: text.iface.clone(),
        log_host: text.log_host.clone(),
        no_local: !settings.show_lo,
        no_accept: !settings.show_accept,
        accept_actions: settings.accept_actions.clone(),
    })
}

/// The modules of a report: those chosen, in the order of a full report, else the manual's five.
pub fn modules(settings: &Settings) -> Result<Vec<&'static Module>, Misused> {
    let Some(names) = &settings.modules else {
        return Ok(analysis::all().iter().take(analysis::DEFAULT).collect());
    };
    let all = names.iter().any(|name| name == "all");
    let known: Vec<&str> = analysis::all().iter().map(|module| module.name).collect();
    if let Some(unknown) = names
        .iter()
        .find(|name| *name != "all" && !known.contains(&name.as_str()))
    {
        return Err(Misused(format!(
            "--modules: there is no module '{unknown}'; there are {}, and all",
            known.join(", ")
        )));
    }
    Ok(analysis::all()
        .iter()
        .filter(|module| all || names.iter().any(|name| name == module.name))
        .collect())
}
