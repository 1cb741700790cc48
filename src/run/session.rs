//! What the commands of one call share.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;

use super::clock::Clock;
use super::logs::{self, LogSource};
use super::{Misused, settings};
use crate::config::{self, Password, Place, PrefixChoice, Settings};
use crate::escape;
use crate::filter::Filters;
use crate::netfilter::prefix::Rules;
use crate::report::console::Console;
use crate::report::stats::{Widening, counted};
use crate::store::{self, Notice, Store, StoreError, TableName};

/// One call: its settings, where output goes, and the store once it is needed.
pub struct Session<'s, 'io> {
    /// What was asked for.
    pub settings: &'s Settings,
    /// Where output goes.
    pub console: &'s mut Console<'io>,
    /// The store of the call.
    pub store: LazyStore,
    /// The logs table of the call.
    pub table: TableName,
    /// The table of names of the call.
    pub dns_table: TableName,
    /// The prefix rules of the call.
    pub rules: Rules,
    /// The filters of the call.
    pub filters: Filters,
    /// Now, and the local zone.
    pub clock: Clock,
    password_asked: bool,
}

impl<'s, 'io> Session<'s, 'io> {
    /// Interprets the settings; opens nothing yet.
    pub fn new(settings: &'s Settings, console: &'s mut Console<'io>) -> anyhow::Result<Self> {
        let clock = Clock::system(settings.year);
        if let Some(name) = Clock::unknown_zone() {
            console.warn(&format!("TZ is '{name}', which is not a time zone; times are in UTC."));
        }
        Ok(Session {
            store: LazyStore::new(settings.place.clone(), console.notices()),
            table: settings.table.parse().map_err(Misused)?,
            dns_table: settings.dns_table.parse().map_err(Misused)?,
            rules: settings::rules(settings)?,
            filters: settings::filters(settings, &clock)?,
            settings,
            console,
            clock,
            password_asked: false,
        })
    }

    /// The table that a mode names, or else the call's.
    pub fn named_or_own(&self, name: Option<&str>) -> Result<TableName, Misused> {
        name.map_or(Ok(self.table.clone()), |name| self.table_name(name))
    }

    /// A table name as typed.
    pub fn table_name(&self, text: &str) -> Result<TableName, Misused> {
        text.parse().map_err(Misused)
    }

    /// Tables as typed, each once; without a name, the call's table.
    pub fn tables_named(&self, names: &[Option<String>]) -> Result<Vec<TableName>, Misused> {
        let mut tables: Vec<TableName> = Vec::new();
        for name in names {
            let table = match name {
                Some(name) => self.table_name(name)?,
                None => self.table.clone(),
            };
            if !tables.contains(&table) {
                tables.push(table);
            }
        }
        Ok(tables)
    }

    /// `ipta` with the options that select this call's store, for a command to type. Never includes a
    /// password.
    pub fn invocation(&self) -> String {
        match &self.settings.place {
            Place::File(path) => config::command_of_file(path, self.settings.config_file.as_deref()),
            Place::Server(server) => server.command(),
        }
    }

    /// The same with the options for how a log is read and which table it goes into.
    pub fn import_invocation(&self) -> String {
        let chosen = self.prefixes_by_name().unwrap_or_default();
        let option = |prefix: &&str| format!(" --prefix {}", escape::shell(prefix));
        let options: String =
            if chosen == ["auto"] { String::new() } else { chosen.iter().map(option).collect() };
        self.unprefixed_import_invocation() + &options
    }

    /// The same without the prefixes.
    fn unprefixed_import_invocation(&self) -> String {
        let mut command = self.invocation();
        if self.table.as_str() != "logs" {
            command.push_str(&format!(" -t {}", escape::shell(self.table.as_str())));
        }
        if let Some(year) = self.settings.year {
            command.push_str(&format!(" --year {year}"));
        }
        command
    }

    /// The prefixes of the call, if options can name them: rules of the configuration file have no option.
    fn prefixes_by_name(&self) -> Option<Vec<&str>> {
        let name = |choice: &'s PrefixChoice| match choice {
            PrefixChoice::Named(text) => Some(text.as_str()),
            PrefixChoice::Rule { .. } => None,
        };
        self.settings.prefixes.iter().map(name).collect()
    }

    /// How to include the prefixes that this call leaves out.
    pub fn widening(&self) -> Widening {
        let option = |prefix: &&str| format!("--prefix {} ", escape::shell(prefix));
        match self.prefixes_by_name() {
            Some(chosen) => Widening::Option(chosen.iter().map(option).collect()),
            None => Widening::Rule,
        }
    }

    /// The same after an import of these logs, as typed.
    pub fn import_widening(&self, logs: &str) -> Widening {
        match self.widening() {
            Widening::Option(chosen) => {
                let import = format!("{} {chosen}", self.unprefixed_import_invocation());
                Widening::Import(import, format!(" -c -i {logs}"))
            }
            other => other,
        }
    }

    /// The prefix rules of the call as the ledger keeps them, one per line.
    pub fn rules_text(&self) -> String {
        let text = |choice: &PrefixChoice| match choice {
            PrefixChoice::Named(text) => text.clone(),
            PrefixChoice::Rule { pattern, action, verdict } => {
                let verdict = verdict.map(|verdict| format!("{verdict:?}").to_lowercase());
                let words = [Some(pattern.clone()), action.clone(), verdict];
                words.into_iter().flatten().collect::<Vec<_>>().join(" ")
            }
        };
        self.settings.prefixes.iter().map(text).collect::<Vec<_>>().join("\n")
    }

    /// Opens the logs of a call, like [`logs::check`]; notes which are one file under two names.
    pub fn logs(&mut self, paths: &[PathBuf]) -> anyhow::Result<Vec<LogSource>> {
        let sources = logs::check(paths, &self.clock)?;
        if sources.iter().any(|source| source.name == "journal") && Path::new("journal").exists() {
            self.console.note(
                "Reading the systemd journal; for the file named journal in this folder, type ./journal.",
            );
        }
        for source in &sources {
            for also in &source.also {
                self.console
                    .note(&format!("{also} is the same file as {}; it is read only once.", source.name));
            }
        }
        Ok(sources)
    }

    /// Says which year was assumed for the timestamps of logs, if that was a guess; once for each year. Takes what
    /// [`LogSource::guessed_year`] says of each log.
    pub fn tell_guessed_years(&mut self, guesses: &[(i16, String)]) {
        let mut by_year: BTreeMap<i16, Vec<&str>> = BTreeMap::new();
        for (year, log) in guesses {
            by_year.entry(*year).or_default().push(log);
        }
        for (year, logs) in by_year {
            let (first, last) = match logs.len() {
                1 => (logs[0].to_owned(), "its last packet was"),
                count => (
                    format!("{} and {}", logs[0], counted(count as u64 - 1, "other log")),
                    "their last packets were",
                ),
            };
            self.console.note(&format!(
                "The timestamps of {first} have no year: {last} assumed to be from {year}; --year YYYY sets another."
            ));
        }
    }

    /// Does something with other settings on the same store, and with output elsewhere.
    pub fn with<T>(
        &mut self,
        settings: &Settings,
        out: &mut dyn Write,
        act: impl FnOnce(&mut Session<'_, '_>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let mut console = Console { out, err: &mut *self.console.err, notes: Vec::new(), ..*self.console };
        let mut session = Session::new(settings, &mut console)?;
        std::mem::swap(&mut session.store, &mut self.store);
        let done = act(&mut session);
        std::mem::swap(&mut session.store, &mut self.store);
        done
    }

    /// Asks a question on a terminal; without one, or with `--yes`, the answer is yes.
    pub fn agrees(
        &mut self,
        question: impl FnOnce(&mut Self) -> anyhow::Result<String>,
    ) -> anyhow::Result<bool> {
        if self.settings.yes || !self.console.in_is_terminal || !self.console.err_is_terminal {
            return Ok(true);
        }
        let question = question(self)?;
        Ok(matches!(self.console.ask(&question)?.to_lowercase().as_str(), "y" | "yes"))
    }

    /// Asks once for the password of the call's account, if `--db-pass-i` wants it.
    pub fn ask_password(&mut self) -> anyhow::Result<()> {
        let asked = std::mem::replace(&mut self.password_asked, true);
        if let (false, true, Place::Server(server)) =
            (asked, self.settings.ask_password, self.store.place_mut())
        {
            let question = format!("? Password of '{}' on {}: ", server.user, server.host);
            server.pass =
                ask_password(&question, "--db-pass-i (-pi)", "put db_pass in ~/.ipta-conf (mode 0600)")?;
        }
        Ok(())
    }
}

/// Asks on the terminal itself, without echo, whatever standard input is. `way_out` says what to do without
/// one.
pub fn ask_password(question: &str, option: &str, way_out: &str) -> anyhow::Result<Password> {
    match rpassword::prompt_password(question) {
        Ok(password) => Ok(Password(password)),
        Err(_) => bail!("{option} asks on a terminal, but there is none: {way_out}"),
    }
}

/// A store opened on first use.
pub struct LazyStore {
    place: Place,
    /// Whether a missing file may be created.
    pub may_create: bool,
    notice: Notice,
    store: Option<Store>,
}

impl LazyStore {
    fn new(place: Place, notice: Notice) -> LazyStore {
        LazyStore { place, may_create: false, notice, store: None }
    }

    /// The store; connects the first time.
    pub fn open(&mut self) -> Result<&mut Store, StoreError> {
        Ok(match &mut self.store {
            Some(store) => store,
            closed => closed.insert(store::open(&self.place, self.may_create, Arc::clone(&self.notice))?),
        })
    }

    /// Where it is, to change the password before it is opened.
    pub fn place_mut(&mut self) -> &mut Place {
        &mut self.place
    }

    /// What messages call it: `database 'ipta'` or `file 'packets.db'`.
    pub fn place(&self) -> String {
        match &self.place {
            Place::Server(server) => format!("database '{}'", server.database),
            Place::File(path) => format!("file '{}'", path.display()),
        }
    }
}
