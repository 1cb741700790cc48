//! A report: its modules, what they count in the call's table, and writing it.

use std::collections::HashSet;
use std::io;
use std::net::IpAddr;
use std::ops::ControlFlow;

use anyhow::anyhow;

use super::counting::{self, Counted};
use super::naming::{self, Naming};
use super::session::Session;
use super::{Misused, left_out, output, settings, show, spared};
use crate::analysis::quantity::agree;
use crate::analysis::table::{Cell, Column, Number, Table};
use crate::analysis::{self, Context, Module, Totals, Want};
use crate::config::{Format, Layer, OwnModule};
use crate::escape;
use crate::filter::Filters;
use crate::query::{self, Access, Answer};
use crate::report::progress::Counting;
use crate::report::shape::{Filtered, Report, Shape};
use crate::report::terminal::{self, Terminal};
use crate::report::{self, blocklist, stats as words};
use crate::store::{Columns, QuerySession, Stored};

/// What to report.
pub struct Question {
    /// The words of `--accept-action` and `--deny-action` on the command line.
    words: Vec<String>,
    /// The built-in modules.
    pub modules: Vec<&'static Module>,
    /// Those of the configuration file.
    pub own: Vec<OwnModule>,
    /// What they count with.
    pub context: Context,
    /// Most rows per module.
    pub limit: usize,
    /// Whether to list sources to block instead of writing a report.
    is_blocklist: bool,
}

/// What the settings ask for; `given` is the command line alone, `of_logs` whether logs are analyzed
/// directly. A module of the configuration file that cannot be part of this report is an error if the
/// command line names it, and otherwise left out with a note.
pub fn question(session: &mut Session<'_, '_>, given: &Layer, of_logs: bool) -> anyhow::Result<Question> {
    let is_blocklist = session.settings.format.is_blocklist();
    let (modules, mut own) = match is_blocklist {
        true => (vec![settings::blocklist(given, session.settings.format)?], Vec::new()),
        false => settings::modules(session.settings)?,
    };
    // A list of sources is truncated only if the call says so.
    let limit = match is_blocklist {
        true => given.limit.unwrap_or(usize::MAX),
        false => session.settings.rows(),
    };
    let spared = if is_blocklist { spared::spared(session) } else { Vec::new() };
    let context = Context { spared, ..context(session)? };
    let mut missing = Vec::new();
    for module in &own {
        let name = &module.name;
        let reason = if of_logs {
            format!(
                "module '{name}' is a query on a table; import the logs, then: {} --analyze --modules {name}",
                session.import_invocation()
            )
        } else if context.filters.any() && !module.sql.contains(query::PACKETS) {
            format!(
                "module '{name}' cannot be filtered: in its sql, write {} instead of the name of the table",
                query::PACKETS
            )
        } else {
            continue;
        };
        let named = |names: &Vec<String>| names.iter().any(|typed| typed.trim() == *name);
        if given.modules.as_ref().is_some_and(named) {
            return Err(Misused(format!("--modules: {reason}")).into());
        }
        missing.push((name.clone(), reason));
    }
    own.retain(|module| missing.iter().all(|(name, _)| *name != module.name));
    for (_, reason) in missing {
        session.console.note(&format!("Left out: {reason}"));
    }
    for reason in settings::left_out_of_all(session.settings) {
        session.console.note(&format!("Left out: {reason}"));
    }
    let words =
        [&given.accept_actions, &given.deny_actions].into_iter().flatten().flatten().cloned().collect();
    Ok(Question { words, modules, own, context, limit, is_blocklist })
}

/// What a dossier on a source asks for. The call's filters leave out all other sources; sources in `allow`
/// are examined too.
pub fn dossier(session: &Session<'_, '_>) -> anyhow::Result<Question> {
    let context = Context { allow: Vec::new(), ..context(session)? };
    let limit = session.settings.rows();
    let (modules, own, words) = (analysis::dossier(), Vec::new(), Vec::new());
    Ok(Question { words, modules, own, context, limit, is_blocklist: false })
}

fn context(session: &Session<'_, '_>) -> anyhow::Result<Context> {
    Ok(Context {
        filters: session.filters.clone(),
        before: settings::spans(session.settings, &session.clock)?.map(|spans| spans.before),
        zone: session.clock.zone.clone(),
        thresholds: session.settings.thresholds.clone(),
        origins: settings::origins(session.settings)?,
        allow: settings::allow(session.settings)?,
        spared: Vec::new(),
    })
}

impl Question {
    /// The filters to read packets with: they also pass what came before `--since` if that is compared. For a
    /// list of sources to block, only time and place count: who was let in must be seen.
    pub fn reading(&self) -> Filters {
        let mut filters = self.context.filters.clone();
        if self.is_blocklist {
            let Filters { since, until, log_host, verdicts, .. } = filters;
            return Filters { since, until, log_host, verdicts, ..Filters::default() };
        }
        if analysis::wants(&self.modules, Want::History) {
            filters.since = None;
        } else if self.context.before.is_some() {
            filters.since = self.context.before;
        }
        filters
    }

    /// A note if no packet has an action word of the call, which may be a typo.
    pub fn unmet_words(&self, totals: &Totals) -> Option<String> {
        let occurs = |word: &&String| totals.actions.iter().any(|counted| counted.action == **word);
        let unmet: Vec<&str> = self.words.iter().filter(|word| !occurs(word)).map(String::as_str).collect();
        // Filters may have left out the packets that have it.
        let is_sure = totals.packets > 0 && !self.context.filters.any();
        let there = totals.actions.iter().map(|counted| counted.action.as_str());
        (is_sure && !unmet.is_empty()).then(|| left_out::no_action("", &unmet, there))
    }

    /// The filters, and how many packets they could not place in time; none without filters.
    pub fn filtered(&self, timeless: u64) -> Option<Filtered<'_>> {
        let Context { filters, zone, .. } = &self.context;
        let left_out = match timeless {
            0 => String::new(),
            count => format!("; {count} without a time left out"),
        };
        let words = || format!("Only packets {}{left_out}.", filters.words(zone));
        filters.any().then(|| Filtered { filters, words: words(), timeless })
    }
}

/// Reports on the call's table.
pub fn table(session: &mut Session<'_, '_>, question: &Question) -> anyhow::Result<()> {
    let Question { modules, own, context, .. } = question;
    let (filters, limit) = (question.reading(), question.limit);
    let show = session.console.shows_progress();
    let store = session.store.open()?;
    // How many rows pass a time filter is not known.
    let ids = if show && !filters.ask_time() { store.ids(&session.table)? } else { None };
    let evidence = analysis::wants(modules, Want::Evidence);
    let columns = Columns {
        host: analysis::wants(modules, Want::Host),
        length: analysis::wants(modules, Want::Length),
        prefix: evidence,
        mac: evidence,
        tcp_flags: evidence,
        icmp: evidence,
        ..Columns::default()
    };
    let (mut counted, ()) = counting::count(modules, context, limit, |feed| {
        let mut progress = Counting::new(ids.as_ref().map(|ids| ids.end - ids.start), show);
        let mut packets = 0;
        let mut each = |stored: &Stored<'_>| {
            packets += 1;
            progress.done(ids.as_ref().map_or(packets, |ids| stored.id.saturating_sub(ids.start) + 1));
            feed.packet(&stored.packet);
        };
        Ok(store.packets(&session.table, &filters, columns, &mut each)?)
    })?;
    if !counted.out_of_order.is_empty() {
        // Logs were imported in a different order than they were written in. What does not depend on it
        // has been counted.
        let (again, ()) = counting::count(&counted.out_of_order, context, limit, |feed| {
            let (mut progress, mut packets) = (Counting::new(None, show), 0);
            let mut each = |stored: &Stored<'_>| {
                packets += 1;
                progress.done(packets);
                feed.packet(&stored.packet);
            };
            Ok(store.packets_by_time(&session.table, &filters, columns, &mut each)?)
        })?;
        for table in again.tables {
            let place = counted.tables.iter_mut().find(|counted| counted.name == table.name);
            place.into_iter().for_each(|counted| *counted = table.clone());
        }
    }
    if counted.before.is_some() {
        counted.earliest = store.span(&session.table)?.map(|(first, _)| first);
    }
    let timeless =
        if context.filters.ask_time() { store.count_timeless(&session.table, &filters)? } else { 0 };
    if counted.totals.packets == 0 {
        let note = left_out::nothing_in_table(session)?;
        session.console.note(&note);
    }
    if let Some(note) = question.unmet_words(&counted.totals) {
        session.console.note(&note);
    }
    if !own.is_empty() {
        let mut queries = QuerySession::open(session.store.place_mut(), Access::ReadOnly)?;
        for module in own {
            let mut answer = TableAnswer::default();
            queries
                .run_module(&module.sql, &session.table, &context.filters, limit, &mut answer)
                .map_err(|error| anyhow!("module '{}' of the configuration file: {error}", module.name))?;
            counted.tables.push(answer.table(module));
        }
    }
    report(session, &counted, question.filtered(timeless).as_ref(), true)
}

/// The answer to a user module's query.
#[derive(Default)]
struct TableAnswer {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl TableAnswer {
    fn table(self, module: &OwnModule) -> Table {
        Table {
            name: module.name.clone().into(),
            title: module.title.clone().into(),
            columns: self.columns,
            rows_in_all: self.rows.len() as u64,
            rows: self.rows,
            notes: Vec::new(),
            packets: None,
            hours: Vec::new(),
            findings: Vec::new(),
            blocklist: None,
        }
    }
}

impl Answer for TableAnswer {
    fn columns(&mut self, columns: &[query::Column]) -> io::Result<()> {
        let column = |column: &query::Column| {
            let width = column.name.chars().count();
            Column { head: column.name.clone().into(), width, right: column.number }
        };
        self.columns = columns.iter().map(column).collect();
        Ok(())
    }

    fn row(&mut self, cells: &[query::Cell<'_>]) -> io::Result<ControlFlow<()>> {
        let cell = |cell: &query::Cell<'_>| match cell {
            query::Cell::Null => Cell::Missing,
            query::Cell::Integer(number) => match u64::try_from(*number) {
                Ok(count) => Cell::Count(count),
                Err(_) => Cell::Number(Number::Whole(*number)),
            },
            query::Cell::Large(number) => Cell::Count(*number),
            query::Cell::Real(number) => Cell::Number(Number::Real(*number)),
            query::Cell::Text(text) => Cell::Word(text.clone().into_owned()),
            query::Cell::Address(address) => Cell::Address(*address),
            query::Cell::Bytes(bytes) => Cell::Word(query::hex(bytes)),
        };
        self.rows.push(cells.iter().map(cell).collect());
        Ok(ControlFlow::Continue(()))
    }
}

/// Prints what was counted, headed by the filters in words. With `--rdns` uses the store's name cache, if
/// there is a store.
pub fn report(
    session: &mut Session<'_, '_>,
    counted: &Counted,
    filters: Option<&Filtered<'_>>,
    stored: bool,
) -> anyhow::Result<()> {
    let Counted { tables, totals, before, earliest, .. } = counted;
    let before = before.as_ref().filter(|before| {
        let is_covered = before.is_covered(*earliest);
        if !is_covered {
            let (from, to) = (report::moment(before.from), report::moment(before.to));
            session.console.note(&format!(
                "Nothing to compare with: the packets do not go back far enough to cover the previous period, {from} to {to}."
            ));
        }
        is_covered
    });
    if totals.other > 0 {
        session.console.note(&undecided(totals));
    }
    let blocklists: Vec<_> = tables.iter().filter_map(|table| table.blocklist.as_ref()).collect();
    for list in &blocklists {
        tables.iter().flat_map(|table| &table.notes).for_each(|note| session.console.note(note));
        session.console.note(&format!("{}.", blocklist::account(list)));
    }
    if blocklists.is_empty() && totals.packets > 0 && tables.iter().all(|table| table.rows.is_empty()) {
        let ran = |name: &str| tables.iter().any(|table| table.name == name);
        let packets = words::counted(totals.packets, "packet");
        session.console.note(&match (ran("attacks"), ran("sources")) {
            (true, _) if tables.len() == 1 => format!("No attacks were found among {packets}."),
            (_, true) => format!("{packets} counted, but these tables show none of them."),
            _ => format!("{packets} counted, but these tables show none of them; add --modules sources,timeline to see more."),
        });
    }
    let mut names = None;
    if session.settings.rdns {
        let naming = Naming::new(naming::report(session.settings));
        naming.resolve(&addresses(tables), session, stored)?;
        names = Some(naming);
    }
    let name = |address| names.as_ref().and_then(|names| names.known(address));
    let notes = std::mem::take(&mut session.console.notes);
    // The mark before a line takes two columns.
    let width = show::terminal_width().filter(|_| session.console.err_is_terminal);
    let width = width.map_or(usize::MAX, |width| width.saturating_sub(2));
    // CSV has no place for them; the other formats hold them.
    let is_apart = matches!(session.settings.format, Format::Text | Format::Csv);
    if is_apart && totals.packets > 0 {
        let lines = terminal::wrapped(&report::headline(totals), width);
        session.console.done(&lines.join("\n  "));
    }
    if let Some(before) = before
        && is_apart
    {
        let comparison = terminal::wrapped(&report::comparison(totals, before), width);
        session.console.done(&comparison.join("\n  "));
    }
    write(session, &Report { tables, filters, notes: &notes, totals, before, names: &name })
}

/// How many packets have an action that neither accepts nor denies, and the options that settle it.
fn undecided(totals: &Totals) -> String {
    const NAMED: usize = 5;
    let words: Vec<&str> = totals.undecided().take(NAMED).collect();
    let more = if totals.undecided().nth(NAMED).is_some() { ", ..." } else { "" };
    let packets = words::counted(totals.other, "packet");
    let (are, them) = (agree(totals.other, "is", "are"), agree(totals.other, "it", "them"));
    let said = format!("{packets} {are} neither accepted nor denied ({}{more})", words.join(", "));
    // The option would split a word with a comma, and an escaped one is not the word; AUDIT says that another line follows.
    let fits = |word: &&str| !word.is_empty() && !word.contains([',', '\\']) && *word != "AUDIT";
    let meant = words.into_iter().filter(fits).collect::<Vec<_>>().join(",");
    if meant.is_empty() {
        return said;
    }
    let meant = escape::shell(&meant);
    format!(
        "{said}. If your firewall denied {them}: --deny-action {meant}; if it let {them} in: --accept-action {meant}."
    )
}

/// Writes the report in the requested format: to standard output, or to a file, which is written whole or
/// not at all.
fn write(session: &mut Session<'_, '_>, report: &Report<'_>) -> anyhow::Result<()> {
    let settings = session.settings;
    let on_terminal = session.console.out_is_terminal && settings.output.is_none();
    let width = show::terminal_width().unwrap_or(80);
    let terminal = Terminal { width, color: show::colored(settings, on_terminal) };
    let shape: &dyn Shape = match settings.format {
        // On a terminal, or colored for a pager such as `less -R`: for human eyes.
        Format::Text if on_terminal || terminal.color => &terminal,
        Format::Text => report::TEXT,
        Format::Json => report::JSON,
        Format::Csv => report::CSV,
        Format::Markdown => report::MARKDOWN,
        Format::Html => report::HTML,
        Format::Nft => report::NFT,
        Format::Ipset => report::IPSET,
        Format::Cidr => report::CIDR,
    };
    let Some(path) = &settings.output else {
        shape.write(session.console.out, report)?;
        session.console.out.flush()?;
        return Ok(());
    };
    output::write(path, |out| shape.write(out, report))?;
    session.console.done(&format!("Report written to {}.", path.display()));
    Ok(())
}

/// Every address in the tables, once each, in order of first appearance.
fn addresses(tables: &[Table]) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    let mut seen = HashSet::new();
    for address in tables.iter().flat_map(|table| &table.rows).flatten().filter_map(Cell::as_address) {
        if seen.insert(address) {
            addresses.push(address);
        }
    }
    addresses
}
