//! From settings as text to rules, filters and modules.

use std::sync::Arc;

use anyhow::anyhow;
use jiff::tz::TimeZone;

use super::Misused;
use super::clock::Clock;
use crate::analysis::{self, COUNTRIES_WANT_A_DATABASE, Module, NEW_WANTS_SINCE, Origins, Want};
use crate::config::{self, Choice, Format, Layer, OwnModule, Period, PrefixChoice, Settings, Tls};
use crate::filter::services::{self, Services};
use crate::filter::when::Spans;
use crate::filter::{ActionVerdicts, Filters, Network, Protocol, Selection, protocols, when};
use crate::geoip::Databases;
use crate::netfilter::prefix::Rules;
use crate::netfilter::presets;
use crate::netfilter::{Time, Verdict};
use crate::query::{self, Dialect};
use crate::store::TableName;

/// The prefix rules of a call.
pub fn rules(settings: &Settings) -> Result<Rules, Misused> {
    let mut rules = Vec::new();
    for choice in &settings.prefixes {
        match choice {
            PrefixChoice::Named(text) => {
                rules.extend(presets::named(text).map_err(|e| Misused(format!("--prefix: {e}")))?);
            }
            PrefixChoice::Rule { pattern, action, verdict } => {
                let rule = presets::configured(pattern, action.as_deref(), *verdict);
                rules.push(rule.map_err(|e| Misused(format!("[[prefix]]: {e}")))?);
            }
        }
    }
    Ok(Rules::new(rules))
}

/// Service names and their ports, if this machine knows any.
const SERVICES: &str = "/etc/services";

/// The call's verdicts on action words; a word has one meaning.
fn verdicts(settings: &Settings) -> Result<ActionVerdicts, Misused> {
    let (accept, deny) = (&settings.accept_actions, &settings.deny_actions);
    match accept.iter().find(|word| deny.contains(word)) {
        Some(word) => Err(Misused(format!(
            "'{word}' is both an accept action and a deny action; remove it from one of the two lists (--accept-action, \
             --deny-action, or accept_actions and deny_actions in the configuration file)"
        ))),
        None => {
            let verdicts = ActionVerdicts::default().with(accept, Verdict::Accept);
            Ok(verdicts.with(deny, Verdict::Deny))
        }
    }
}

/// The filters of a call.
pub fn filters(settings: &Settings, clock: &Clock) -> Result<Filters, Misused> {
    let text = &settings.filters;
    let networks = |option: &str, texts: &[String]| {
        Selection::read(texts, |text| text.parse().map_err(|e| Misused(format!("{option}: {e}"))))
    };
    let words = |texts: &[String]| Selection::read(texts, |text| Ok::<_, Misused>(text.to_owned()));
    let moment = |option: &str, text: &Option<String>, read: MomentText| -> Result<Option<Time>, Misused> {
        let read =
            |text: &String| read(text, clock.now, &clock.zone).map_err(|e| Misused(format!("{option}: {e}")));
        text.as_ref().map(read).transpose()
    };
    let known = match text.sport.is_empty() && text.dport.is_empty() {
        true => Services::default(),
        // Without the file, the commonest names are still known.
        false => Services::read(&std::fs::read_to_string(SERVICES).unwrap_or_default()),
    };
    let ports = |option: &str, texts: &[String]| {
        let read = |text: &str| services::ports(text, &|name| known.port(name));
        Selection::read(texts, |text| read(text).map_err(|e| Misused(format!("{option}: {e}"))))
    };
    let (since, until) = match spans(settings, clock)? {
        Some(spans) => (Some(spans.begin), Some(spans.end)),
        None => {
            let until = |until: &str, now: Time, zone: &TimeZone| {
                when::until(until, text.since.as_deref(), now, zone)
            };
            (moment("--since", &text.since, &when::since)?, moment("--until", &text.until, &until)?)
        }
    };
    if let (Some(since), Some(until)) = (since, until)
        && since >= until
    {
        let typed = |text: &Option<String>| text.clone().unwrap_or_default();
        return Err(Misused(format!(
            "--until {} is not after --since {}: no packet can match",
            typed(&text.until),
            typed(&text.since)
        )));
    }
    Ok(Filters {
        since,
        until,
        src: networks("--src", &text.src)?,
        dst: networks("--dst", &text.dst)?,
        sport: ports("--sport", &text.sport)?,
        dport: ports("--dport", &text.dport)?,
        proto: Selection::read(&text.proto, protocol)?,
        action: words(&text.action)?,
        iface: words(&text.iface)?,
        log_host: words(&text.log_host)?,
        no_local: !settings.show_lo,
        no_accept: !settings.show_accept,
        verdicts: verdicts(settings)?,
    })
}

/// The spans of `--period`.
pub fn spans(settings: &Settings, clock: &Clock) -> Result<Option<Spans>, Misused> {
    let Some(period) = settings.filters.period else {
        return Ok(None);
    };
    let spans = match period {
        Period::Day => when::last_day(clock.now, &clock.zone),
        Period::Week => when::last_week(clock.now, &clock.zone),
    };
    let early = || {
        Misused("--period: this machine's clock is set to an impossibly early date; set the clock".to_owned())
    };
    spans.map(Some).ok_or_else(early)
}

/// Parses a moment from what was typed, now and the local zone.
type MomentText<'f> = &'f dyn Fn(&str, Time, &TimeZone) -> Result<Time, String>;

/// A protocol by name or number; the error suggests the nearest name.
fn protocol(typed: &str) -> Result<Protocol, Misused> {
    typed.parse().map_err(|error| {
        let meant = config::nearest(typed, protocols::USUAL);
        let way_out = match meant.or_else(|| config::nearest(typed, protocols::names())) {
            Some(name) => format!("; did you mean {}?", name.to_ascii_lowercase()),
            None => "; protocols are names such as tcp, udp, icmp, gre, and numbers from 0 to 255".to_owned(),
        };
        Misused(format!("--proto: {error}{way_out}"))
    })
}

/// The modules of a report: those chosen, in the order of a full report; else the manual's five, with
/// `new` if two spans are compared, or all for an HTML page. Then those of the configuration file, in its
/// order. `all` leaves out those that lack something in this call.
pub fn modules(settings: &Settings) -> Result<(Vec<&'static Module>, Vec<OwnModule>), Misused> {
    let Some(names) = &settings.modules else {
        let html = settings.format == Format::Html;
        let compares =
            |module| settings.filters.period.is_some() && analysis::wants(&[module], Want::History);
        let usual = |(n, module): &(usize, &'static Module)| {
            missing(settings, module).is_none() && (*n < analysis::DEFAULT || html || compares(*module))
        };
        let chosen = analysis::all().iter().enumerate().filter(usual).map(|(_, module)| module);
        return Ok((chosen.collect(), Vec::new()));
    };
    known_modules(names, &settings.own_modules)?;
    let names: Vec<&str> = names.iter().map(|name| name.trim()).collect();
    let all = names.contains(&"all");
    let named = |module: &Module| names.contains(&module.name);
    let mut ours = analysis::all().iter().filter(|module| named(module));
    if let Some(missing) = ours.find_map(|module| missing(settings, module)) {
        return Err(Misused(missing.to_owned()));
    }
    let ours = analysis::all().iter();
    let ours = ours.filter(|module| named(module) || all && missing(settings, module).is_none());
    let own = settings.own_modules.iter().filter(|module| all || names.contains(&module.name.as_str()));
    Ok((ours.collect(), own.cloned().collect()))
}

/// The module whose sources are listed for blocking: attacks, unless the command line names another.
pub fn blocklist(given: &Layer, format: Format) -> Result<&'static Module, Misused> {
    let names = given.modules.as_deref().unwrap_or_default();
    let module = match names {
        [] => analysis::blocklist("attacks"),
        [name] => analysis::blocklist(name.trim()),
        _ => None,
    };
    module.ok_or_else(|| {
        Misused(format!(
            "--format {} lists the sources of one module, 'attacks' or 'sources', not of '{}'; leave out --modules",
            format.word(),
            names.join(",")
        ))
    })
}

/// Why `all` leaves modules out of this call.
pub fn left_out_of_all(settings: &Settings) -> Vec<&'static str> {
    let all = settings.modules.as_ref().is_some_and(|names| names.iter().any(|name| name.trim() == "all"));
    let missing = analysis::all().iter().filter_map(|module| missing(settings, module));
    missing.filter(|_| all).map(|reason| reason.trim_start_matches("--modules: ")).collect()
}

/// What a module lacks in this call, in words.
fn missing(settings: &Settings, module: &'static Module) -> Option<&'static str> {
    let wants = |want| analysis::wants(&[module], want);
    if wants(Want::History) && !settings.filters.has_before() {
        return Some(NEW_WANTS_SINCE);
    }
    (wants(Want::Origins) && settings.geoip_databases.is_empty()).then_some(COUNTRIES_WANT_A_DATABASE)
}

/// Checks that there are modules of these names.
pub fn known_modules(names: &[String], own: &[OwnModule]) -> Result<(), Misused> {
    let own = own.iter().map(|module| module.name.as_str());
    let known: Vec<&str> = analysis::all().iter().map(|module| module.name).chain(own).collect();
    match names.iter().map(|name| name.trim()).find(|name| *name != "all" && !known.contains(name)) {
        None => Ok(()),
        Some(unknown) => Err(Misused(format!(
            "--modules: there is no module '{unknown}'; the modules are {}, and all",
            known.join(", ")
        ))),
    }
}

/// Checks the configuration file's modules: each has a unique name and only reads.
fn own_modules(modules: &[OwnModule]) -> Result<(), Misused> {
    for (at, module) in modules.iter().enumerate() {
        let name = &module.name;
        let taken = |other: &OwnModule| other.name == *name;
        if name == "all" || analysis::named(name).is_some() || modules.iter().take(at).any(taken) {
            return Err(Misused(format!(
                "[[module]]: there is already a module '{name}'; choose another name"
            )));
        }
        // The dialect is known only where it runs; what one dialect admits may be meant.
        let admitted = [Dialect::MySql, Dialect::Sqlite].map(|dialect| query::admit(dialect, &module.sql));
        if let [Err(reason), Err(_)] = admitted {
            return Err(Misused(format!(
                "[[module]] '{name}': {reason}; a module must be one statement that only reads"
            )));
        }
    }
    Ok(())
}

/// Checks the configuration file on its own, so that its faults are reported as its own. A module that
/// needs `--since` is left out of calls without it: a setting of the file never makes a call invalid.
pub fn of_file(mut file: Layer, given: &Layer) -> Result<Layer, Misused> {
    let alone = config::merge(&Layer::default(), &file);
    let own = |error: Misused| Misused(error.0.trim_start_matches("--").to_owned());
    let table = |key: &str, name: &str| match name.parse::<TableName>() {
        Ok(_) => Ok(()),
        Err(error) => Err(Misused(format!("{key}: {error}"))),
    };
    table("db_table", &alone.table)?;
    table("dns_table", &alone.dns_table)?;
    rules(&alone).map_err(own)?;
    allow(&alone)?;
    if let (Some(tls), Some(_)) = (file.db_tls, &file.db_ca)
        && tls != Tls::Verify
    {
        return Err(Misused(format!(
            "db_ca has no effect with db_tls = \"{}\"; write db_tls = \"verify\", or leave out db_ca",
            tls.word()
        )));
    }
    own_modules(&alone.own_modules)?;
    let file_alone = file.clone();
    if let Some(names) = &mut file.modules {
        // A call that names its own can mend those of the file.
        if given.modules.is_none() {
            known_modules(names, &alone.own_modules).map_err(own)?;
        }
        let call = config::merge(given, &Layer { modules: None, ..file_alone });
        names.retain(|name| {
            analysis::named(name.trim()).is_none_or(|module| missing(&call, module).is_none())
        });
    }
    file.modules = file.modules.filter(|names| !names.is_empty());
    Ok(file)
}

/// What the call's databases know about addresses; none without a database.
pub fn origins(settings: &Settings) -> anyhow::Result<Option<Arc<dyn Origins>>> {
    match settings.geoip_databases.as_slice() {
        [] => Ok(None),
        paths => Ok(Some(Arc::new(Databases::open(paths).map_err(|error| anyhow!(error))?))),
    }
}

/// Networks that are never reported as attackers.
pub fn allow(settings: &Settings) -> Result<Vec<Network>, Misused> {
    let network = |text: &String| text.parse().map_err(|e| Misused(format!("allow: {e}")));
    settings.allow.iter().map(network).collect()
}
