//! A query session: statements and shell commands.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::anyhow;

use super::KEYWORDS;
use super::editor::{LineEditor, Read};
use super::input::{self, Item};
use super::pager::Paged;
use crate::analysis;
use crate::cli::{Stop, parse};
use crate::config::{self, Choice, Format, Mode};
use crate::exit::{Exit, is_closed_pipe};
use crate::query;
use crate::query::{Access, Answer, Cell, Column, Dialect};
use crate::report::answer::{AnswerShape, CsvRows, HtmlTables, JsonLines, MarkdownTables, TextTable};
use crate::report::stats::counted;
use crate::run::session::Session;
use crate::run::{reporting, signals};
use crate::store::{Done, QueryError, QuerySession, Stopper, Store, TableKind};

/// What `\h` prints.
const HELP: &str = "\
A statement ends with a semicolon and may span several lines. Tab completes, Ctrl-C stops a query, Ctrl-D quits.

\\d                      tables
\\d TABLE                columns of a table
\\modules                modules of the report, your own included
\\run MODULE [OPTIONS]   run a module: \\run denied --src 192.0.2.0/24 --since yesterday --limit 20
\\format FORMAT          text, json, csv, markdown or html
\\timing                 turn the time that each statement took on or off
\\h                      this help
\\q                      quit

Times are in UTC; address columns are shown as text. To compare: src_ip = INET6_ATON('192.0.2.7').
";

/// The commands, to suggest one for a typo.
const COMMANDS: [&str; 7] = ["d", "modules", "run", "format", "timing", "h", "q"];

/// A query session.
pub struct Shell<'a, 's, 'io> {
    pub session: &'a mut Session<'s, 'io>,
    pub queries: QuerySession,
    /// Whether the current statement was stopped.
    pub stopped: Arc<AtomicBool>,
    /// Stops whatever is running.
    stop: Arc<Mutex<Option<Stopper>>>,
    format: Format,
    shape: Box<dyn AnswerShape>,
    timing: bool,
    interactive: bool,
}

impl<'a, 's, 'io> Shell<'a, 's, 'io> {
    /// Opens a separate connection for queries.
    pub fn open(session: &'a mut Session<'s, 'io>) -> anyhow::Result<Shell<'a, 's, 'io>> {
        // The call's store opens first: that finishes what a killed process left behind.
        session.store.open()?;
        let access = if session.settings.write { Access::Write } else { Access::ReadOnly };
        let queries = QuerySession::open(session.store.place_mut(), access)?;
        let format = session.settings.format;
        Ok(Shell {
            stop: Arc::new(Mutex::new(None)),
            stopped: Arc::default(),
            shape: shape(format, None),
            timing: true,
            interactive: false,
            session,
            queries,
            format,
        })
    }

    /// A function that stops whatever is running.
    pub fn stopper(&self) -> impl Fn() + Send + 'static {
        let stop = Arc::clone(&self.stop);
        move || {
            let stopper = stop.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(stopper) = stopper {
                stopper();
            }
        }
    }

    /// Checks that a statement may run.
    pub fn admit(&self, statement: &str) -> anyhow::Result<()> {
        self.queries.admit(statement).map_err(|reason| {
            let command = self.session.invocation();
            let mode =
                if self.session.settings.sql.is_none() { "--analyze-interactive" } else { "--sql '...'" };
            match query::changes(self.queries.dialect(), statement) {
                true => anyhow!("refused: {reason}\n  To allow changes: {command} --write {mode}"),
                false => anyhow!("refused: {reason}"),
            }
        })
    }

    /// Runs the prompt until the user leaves.
    pub fn converse(mut self) -> anyhow::Result<Exit> {
        self.interactive = true;
        let stop = self.stopper();
        let stopped = Arc::clone(&self.stopped);
        signals::each_interrupt(move || {
            stopped.store(true, Ordering::Relaxed);
            stop();
        })?;
        let (place, write) = (self.session.store.place(), self.session.settings.write);
        let rights = if write { "it can change anything (--write)" } else { "it only reads" };
        self.session.console.note(&format!("Queries on {place}; {rights}. \\h shows help, \\q quits."));
        let dialect = self.queries.dialect();
        let mut editor = LineEditor::new(dialect, self.words()?, config::history_path())?;
        loop {
            let text = match editor.read()? {
                Read::Text(text) => text,
                Read::Cancelled => continue,
                Read::Leave => return Ok(Exit::Done),
            };
            for item in input::items(dialect, &text) {
                if matches!(&item, Item::Command(command) if matches!(command.to_ascii_lowercase().as_str(), "q" | "quit" | "exit"))
                {
                    return Ok(Exit::Done);
                }
                if let Err(error) = self.show(&item) {
                    self.tell(&error);
                    break;
                }
            }
        }
    }

    /// Runs all items as one document.
    pub fn document(&mut self, items: &[Item], out: &mut dyn Write) -> anyhow::Result<()> {
        let console = &self.session.console;
        let to_terminal = self.session.settings.output.is_none() && console.out_is_terminal;
        let room = to_terminal.then(screen).flatten().map(|(width, _)| width);
        self.shape = shape(self.format, room);
        self.shape.begin(out)?;
        for item in items {
            self.carry_out(item, out)?;
        }
        self.shape.finish(out)?;
        Ok(())
    }

    /// Runs one item on the terminal.
    fn show(&mut self, item: &Item) -> anyhow::Result<()> {
        let screen = screen();
        self.shape = shape(self.format, screen.map(|(width, _)| width));
        self.stopped.store(false, Ordering::Relaxed);
        let begun = Instant::now();
        let mut stdout = io::BufWriter::new(io::stdout());
        let mut out = Paged::new(&mut stdout, screen.map(|(_, height)| height));
        self.shape.begin(&mut out)?;
        let done = self.carry_out(item, &mut out);
        let took = begun.elapsed();
        let done = done.and_then(|done| Ok(self.shape.finish(&mut out).map(|()| done)?));
        out.finish()?;
        if let Some(Done::Rows(rows)) = done? {
            let stopped = self.stopped.load(Ordering::Relaxed);
            let more = if stopped { ", then stopped" } else { "" };
            self.account(&format!("{}{more}", counted(rows, "row")), took);
        }
        Ok(())
    }

    /// Reports a statement's result and how long it took.
    fn account(&mut self, what: &str, took: Duration) {
        let took = if self.timing { format!(" ({:.3} s)", took.as_secs_f64()) } else { String::new() };
        self.session.console.done(&format!("{what}{took}"));
    }

    fn tell(&mut self, error: &anyhow::Error) {
        let stopped =
            self.stopped.load(Ordering::Relaxed) || matches!(error.downcast_ref(), Some(QueryError::Stopped));
        if stopped {
            self.session.console.note("Stopped.");
        } else if !is_closed_pipe(error) {
            self.session.console.error(&format!("{error:#}"));
        }
    }

    fn carry_out(&mut self, item: &Item, out: &mut dyn Write) -> anyhow::Result<Option<Done>> {
        match item {
            Item::Statement(statement) => {
                self.admit(statement)?;
                let done = self.query(statement, out)?;
                if let Done::Changed(rows) = done {
                    let done = match query::counts_rows(self.queries.dialect(), statement) {
                        true => format!("{} changed.", counted(rows, "row")),
                        false => "Done.".to_owned(),
                    };
                    self.session.console.done(&done);
                }
                Ok(Some(done))
            }
            Item::Command(command) => self.command(command, out).map(|()| None),
        }
    }

    fn query(&mut self, statement: &str, out: &mut dyn Write) -> anyhow::Result<Done> {
        let stopper = self.queries.stopper();
        self.while_stoppable(&stopper, |shell| {
            let mut answer = ShapedAnswer { out, shape: &mut *shell.shape, stopper: &stopper, begun: false };
            let done = shell.queries.run(statement, &mut answer);
            if answer.begun && done.is_ok() {
                answer.shape.end(answer.out)?;
            }
            done.map_err(|error| match error {
                QueryError::Unwritten(error) => error.into(),
                error => error.into(),
            })
        })
    }

    /// Runs something that Ctrl-C can stop.
    fn while_stoppable<T>(
        &mut self,
        stopper: &Stopper,
        run: impl FnOnce(&mut Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let set = |shell: &Self, to| *shell.stop.lock().unwrap_or_else(PoisonError::into_inner) = to;
        set(self, Some(Arc::clone(stopper)));
        let done = run(self);
        set(self, None);
        done
    }

    fn command(&mut self, command: &str, out: &mut dyn Write) -> anyhow::Result<()> {
        let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let rest = rest.trim();
        match word.to_ascii_lowercase().as_str() {
            "h" | "?" | "help" => Ok(out.write_all(HELP.as_bytes())?),
            "d" if rest.is_empty() => self.tables(out),
            "d" => self.columns(rest, out),
            "modules" => self.modules(out),
            "run" => self.run_module(rest, out),
            "format" => self.set_format(rest),
            "timing" => {
                self.timing = !self.timing;
                self.session.console.note(if self.timing { "Timing is on." } else { "Timing is off." });
                Ok(())
            }
            "q" | "quit" | "exit" => Ok(()),
            other => {
                let guess = config::nearest(other, COMMANDS).map(|near| format!("; did you mean \\{near}?"));
                Err(anyhow!(
                    "there is no command \\{other}{}",
                    guess.unwrap_or_else(|| "; \\h lists the commands".into())
                ))
            }
        }
    }

    fn set_format(&mut self, word: &str) -> anyhow::Result<()> {
        if !word.is_empty() {
            let format = Format::of(word).filter(|format| !format.is_blocklist());
            self.format =
                format.ok_or_else(|| anyhow!("\\format takes one of text, json, csv, markdown, html"))?;
            self.shape = shape(self.format, None);
        }
        self.session.console.note(&format!("Answers are written as {}.", self.format.word()));
        Ok(())
    }

    /// Writes our own rows in the shape of an answer.
    fn rows(
        &mut self,
        out: &mut dyn Write,
        heads: &[(&str, bool)],
        rows: &[Vec<Cell<'_>>],
    ) -> anyhow::Result<()> {
        let columns: Vec<Column> =
            heads.iter().map(|(name, number)| Column { name: (*name).to_owned(), number: *number }).collect();
        self.shape.columns(out, &columns)?;
        rows.iter().try_for_each(|row| self.shape.row(out, row))?;
        Ok(self.shape.end(out)?)
    }

    fn tables(&mut self, out: &mut dyn Write) -> anyhow::Result<()> {
        let tables = self.session.store.open()?.list()?;
        let row = |table: &crate::store::TableInfo| {
            let (rows, exactly) = table.rows.unwrap_or_default();
            let exactly = if exactly { "" } else { "about" };
            let holds = match &table.kind {
                TableKind::Logs { .. } => "packets",
                TableKind::Names => "host names",
                TableKind::Ledger => "the import ledger",
                TableKind::OtherVersion(_) => "packets, from another version of ipta",
                TableKind::Historic => "packets, from the C program",
                TableKind::Leftover => "left over from a clear",
                TableKind::Missing | TableKind::Foreign => "not ipta's",
            };
            vec![
                Cell::Text(table.name.clone().into()),
                Cell::Text(holds.into()),
                Cell::Large(rows),
                Cell::Text(exactly.into()),
            ]
        };
        let rows: Vec<Vec<Cell<'_>>> = tables.iter().map(row).collect();
        self.rows(out, &[("table", false), ("holds", false), ("rows", true), ("", false)], &rows)
    }

    fn columns(&mut self, name: &str, out: &mut dyn Write) -> anyhow::Result<()> {
        let table = self.session.table_name(name)?;
        if self.session.store.open()?.kind(&table)? == TableKind::Missing {
            return Err(anyhow!("there is no table '{table}'; \\d lists the tables"));
        }
        let statement = match self.queries.dialect() {
            Dialect::MySql => format!("SHOW COLUMNS FROM `{table}`"),
            Dialect::Sqlite => {
                format!("SELECT name, type, \"notnull\" AS not_null, pk FROM pragma_table_info('{table}')")
            }
        };
        self.query(&statement, out).map(drop)
    }

    fn modules(&mut self, out: &mut dyn Write) -> anyhow::Result<()> {
        let text = |text: &str| Cell::Text(text.to_owned().into());
        let ours = analysis::all().iter().map(|module| vec![text(module.name), text(module.title)]);
        let own = self.session.settings.own_modules.iter();
        let own = own.map(|module| vec![text(&module.name), text(&module.title)]);
        let rows: Vec<Vec<Cell<'_>>> = ours.chain(own).collect();
        self.rows(out, &[("module", false), ("title", false)], &rows)
    }

    /// `\run MODULE OPTIONS`: a report, as `--analyze --modules MODULE OPTIONS` makes it.
    fn run_module(&mut self, line: &str, out: &mut dyn Write) -> anyhow::Result<()> {
        let words = shlex::split(line).filter(|words| !words.is_empty());
        let words = words.ok_or_else(|| anyhow!("\\run takes a module: \\run denied"))?;
        let call = ["--analyze", "--modules"].into_iter().map(str::to_owned).chain(words).map(Into::into);
        let call = parse(call).map_err(|stop| match stop {
            Stop::Usage(text) | Stop::Text(text) => {
                anyhow!("{}", text.lines().next().unwrap_or_default().trim_start_matches("! ").to_owned())
            }
        })?;
        let elsewhere =
            [call.given.db_host.is_some(), call.given.db_file.is_some(), call.given.db_name.is_some()];
        if call.modes != [Mode::Analyze(Vec::new())]
            || elsewhere.contains(&true)
            || call.given.output.is_some()
        {
            return Err(anyhow!("\\run takes a module, filters and --limit; it reports on this database"));
        }
        let settings = self.session.settings.with(&call.given);
        let settings =
            config::Settings { format: call.given.format.unwrap_or(self.format), output: None, ..settings };
        let stopper = self.session.store.open()?.stopper();
        self.while_stoppable(&stopper, |shell| {
            shell.session.with(&settings, out, |session| {
                let kind = session.store.open()?.kind(&session.table)?;
                if !matches!(kind, TableKind::Logs { .. }) {
                    return Err(anyhow!("'{}' is not a table of packets; name one with -t", session.table));
                }
                // A slip in one line of many is not a usage error.
                let question = reporting::question(session, &call.given, false)
                    .map_err(|error| anyhow!("{}", error.to_string().trim_start_matches("--modules: ")))?;
                reporting::table(session, &question)
            })
        })
    }

    /// The words the editor completes.
    fn words(&mut self) -> anyhow::Result<Vec<String>> {
        let mut words: Vec<String> = KEYWORDS.iter().map(|word| (*word).to_owned()).collect();
        words.extend(Store::column_names().map(str::to_owned));
        words.extend(self.session.store.open()?.table_names()?);
        words.extend(analysis::all().iter().map(|module| module.name.to_owned()));
        words.extend(self.session.settings.own_modules.iter().map(|module| module.name.clone()));
        words.extend(COMMANDS.iter().map(|command| format!("\\{command}")));
        Ok(words)
    }
}

/// An answer on its way out.
struct ShapedAnswer<'a> {
    out: &'a mut dyn Write,
    shape: &'a mut dyn AnswerShape,
    stopper: &'a Stopper,
    begun: bool,
}

impl ShapedAnswer<'_> {
    /// Once nobody reads any more (the user quit the pager), stops the query.
    fn unless_closed(&self, written: io::Result<()>) -> io::Result<()> {
        if matches!(&written, Err(error) if error.kind() == io::ErrorKind::BrokenPipe) {
            (self.stopper)();
        }
        written
    }
}

impl Answer for ShapedAnswer<'_> {
    fn columns(&mut self, columns: &[Column]) -> io::Result<()> {
        self.begun = true;
        let written = self.shape.columns(self.out, columns);
        self.unless_closed(written)
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<ControlFlow<()>> {
        let written = self.shape.row(self.out, cells);
        self.unless_closed(written)?;
        Ok(ControlFlow::Continue(()))
    }
}

/// How a format writes answers; `room` is the terminal's width in columns.
fn shape(format: Format, room: Option<usize>) -> Box<dyn AnswerShape> {
    match format {
        Format::Text | Format::Nft | Format::Ipset | Format::Cidr => Box::new(TextTable::new(room)),
        Format::Json => Box::new(JsonLines::default()),
        Format::Csv => Box::new(CsvRows::default()),
        Format::Markdown => Box::new(MarkdownTables::default()),
        Format::Html => Box::new(HtmlTables::default()),
    }
}

/// Columns and lines of the terminal on standard output.
fn screen() -> Option<(usize, usize)> {
    let (width, height) = terminal_size::terminal_size_of(io::stdout())?;
    Some((width.0.into(), height.0.into()))
}
