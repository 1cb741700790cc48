//! Makes the man page and completions for three shells: `cargo run --example make_pages -- FOLDER` writes
//! `ipta.1`, `ipta.bash`, `_ipta` (zsh) and `ipta.fish`.
//!
//! All of them come from the definition of the command line, so none can contradict the program.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Command;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use ipta::exports::analysis::modules;
use ipta::exports::cli::HISTORIC;
use ipta::exports::netfilter::presets;

/// How ipta is called.
const SYNOPSIS: [&str; 6] = [
    "[--analyze] LOG... [OPTION...]",
    "--import LOG... [--analyze] [OPTION...]",
    "--analyze [OPTION...]",
    "--follow LOG [OPTION...]",
    "--who ADDRESS [LOG...]",
    "MODE... [OPTION...]",
];

/// Has an example of every option, in the last column of its table.
const OPTIONS: &str = include_str!("08-options.md");

/// What the definition of the command line does not say.
const FILES: [(&str, &str); 3] = [
    ("~/.ipta-conf", "settings; ipta --save-db writes the connection and the settings of a call into it"),
    ("/etc/services", "names of ports for --sport and --dport"),
    ("/etc/resolv.conf", "name servers for --rdns"),
];

const STATUSES: [(&str, &str); 4] = [
    ("0", "Everything was done."),
    ("1", "Something failed; a message says what, and what to type."),
    ("2", "The call contradicts itself or asks for something that does not exist; nothing was done."),
    ("128+N", "Ended by signal N: 130 after Ctrl-C."),
];

const EXAMPLES: [(&str, &str); 6] = [
    ("ipta /var/log/ufw.log", "Reports on a log, without a database."),
    ("ipta --import /var/log/iptables.log* --analyze", "Imports what is new, then reports."),
    ("ipta --analyze --since yesterday --dport 22 --limit 20", "Shows who knocked at SSH since yesterday."),
    (
        "ipta --follow /var/log/iptables.log --no-accept --rdns",
        "Shows denied packets as they arrive, with names.",
    ),
    ("ipta --who 192.0.2.7 /var/log/iptables.log", "Shows everything about one source."),
    ("ipta --analyze --format nft --output attackers.nft", "Lists attackers as nftables loads them."),
];

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder] = arguments.as_slice() else {
        eprintln!("usage: make_pages FOLDER");
        return ExitCode::from(2);
    };
    match make(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("! {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

/// Writes them all into a folder.
pub fn make(folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("ipta.1"), page()?)?;
    for (shell, file, tables) in COMPLETIONS {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut completed(), "ipta", &mut script);
        fs::write(folder.join(file), with_tables(&String::from_utf8(script)?, shell, tables))?;
    }
    Ok(())
}

/// Placeholder for table names in the completions.
const TABLES: &str = "IPTA_TABLES";

/// Options that take a table name.
const TAKE_A_TABLE: [&str; 4] = ["db_table", "delete_table", "upgrade_table", "create_table"];

/// Each shell's file, and its function that lists the tables. It queries the database that the call names
/// for at most half a second, and prints nothing if there is no answer.
const COMPLETIONS: [(Shell, &str, &str); 3] = [
    (
        Shell::Bash,
        "ipta.bash",
        r#"_ipta_tables() {
    local connection=() n
    for ((n = 1; n < COMP_CWORD; n++)); do
        case ${COMP_WORDS[n]} in
            --config | --db-file | --db-host | --db-port | --db-user | --db-pass | --db-name | --db-tls | --db-ca)
                connection+=("${COMP_WORDS[n]}" "${COMP_WORDS[n + 1]}")
                ;;
        esac
    done
    timeout 0.5 ipta --quiet "${connection[@]}" --list-tables 2>/dev/null </dev/null |
        while read -r table kind _; do if [ "$kind" = packets ]; then printf '%s\n' "$table"; fi; done
}

"#,
    ),
    (
        Shell::Zsh,
        "_ipta",
        r#"
_ipta_tables() {
    local -a connection tables
    local n
    for ((n = 2; n < CURRENT; n++)); do
        case $words[n] in
            (--config|--db-file|--db-host|--db-port|--db-user|--db-pass|--db-name|--db-tls|--db-ca)
                connection+=("$words[n]" "${(Q)words[n+1]}")
                ;;
        esac
    done
    tables=(${(f)"$(timeout 0.5 ipta --quiet $connection --list-tables 2>/dev/null </dev/null |
        while read -r table kind rest; do [[ $kind = packets ]] && print -r -- $table; done)"})
    compadd -a tables
}
"#,
    ),
    (
        Shell::Fish,
        "ipta.fish",
        r#"function __ipta_tables
    set -l words (commandline -opc)
    set -l connection
    for n in (seq 2 (math (count $words) - 1))
        if contains -- $words[$n] --config --db-file --db-host --db-port --db-user --db-pass --db-name --db-tls --db-ca
            set -a connection $words[$n] $words[(math $n + 1)]
        end
    end
    timeout 0.5 ipta --quiet $connection --list-tables 2>/dev/null </dev/null | while read -l table kind rest
        test "$kind" = packets; and echo $table
    end
end

"#,
    ),
];

/// The command line for the completions: its table options take the placeholder.
fn completed() -> Command {
    let table = |command: Command, option: &'static str| {
        command.mut_arg(option, |arg| arg.value_parser(PossibleValuesParser::new([TABLES])))
    };
    TAKE_A_TABLE.into_iter().fold(command(), table)
}

/// A completion script with the function that lists tables, called where table names go.
fn with_tables(script: &str, shell: Shell, function: &str) -> String {
    match shell {
        Shell::Fish => {
            function.to_owned() + &script.replace(&format!("\"{TABLES}\\t''\""), "\"(__ipta_tables)\"")
        }
        // Its first line says what it completes.
        Shell::Zsh => {
            let (first, rest) = script.split_once('\n').unwrap_or((script, ""));
            format!("{first}\n{function}{}", rest.replace(&format!("({TABLES})"), "_ipta_tables"))
        }
        _ => function.to_owned() + &script.replace(TABLES, "$(_ipta_tables)"),
    }
}

/// The command line, with the values that options accept.
fn command() -> Command {
    let modules: Vec<&str> = modules().iter().map(|module| module.name).chain(["all"]).collect();
    let presets: Vec<&str> = presets::names().collect();
    ipta::exports::cli::command()
        .mut_arg("modules", |arg| arg.value_parser(PossibleValuesParser::new(modules)))
        .mut_arg("prefix", |arg| arg.value_parser(PossibleValuesParser::new(presets)))
}

/// The man page.
fn page() -> Result<Vec<u8>, Box<dyn Error>> {
    let man = Man::new(with_examples(command())?).title("IPTA").section("1").manual("User Commands");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    synopsis().to_writer(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut rest = Roff::new();
    rest.control("SH", ["HISTORIC SPELLINGS"]);
    rest.text([roman("Version 0.3.3 had short options of two letters, which work still:")]);
    terms(&mut rest, HISTORIC.iter().map(|(short, long)| (*short, *long)));
    rest.control("SH", ["EXIT STATUS"]);
    terms(&mut rest, STATUSES);
    rest.control("SH", ["FILES"]);
    terms(&mut rest, FILES);
    rest.control("SH", ["EXAMPLES"]);
    terms(&mut rest, EXAMPLES);
    rest.control("SH", ["SEE ALSO"]);
    rest.text([
        roman("The manual, as a page for a browser: "),
        bold("/usr/share/doc/ipta/manual.html"),
        roman(" or below /usr/local. iptables(8), nft(8), ipset(8), journalctl(1), rsyslogd(8)."),
    ]);
    rest.to_writer(&mut page)?;
    Ok(page)
}

/// The command line with an example in the help of each option, except those that only undo another.
fn with_examples(command: Command) -> Result<Command, String> {
    let options: Vec<(String, String)> = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set())
        .filter_map(|arg| Some((arg.get_id().to_string(), format!("`--{}", arg.get_long()?))))
        .collect();
    options.into_iter().try_fold(command, |command, (id, option)| {
        let example = match example(&option) {
            Some(example) => example,
            None if OPTIONS.contains(&format!("opposite: {option}`")) => return Ok(command),
            None => return Err(format!("no example of {option}` in 08-options.md")),
        };
        Ok(command.mut_arg(id, |arg| {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            arg.long_help(format!("{help}.\n\nExample: {example}"))
        }))
    })
}

/// The example in an option's row. The first column has the option in backticks, alone or with its value.
fn example(option: &str) -> Option<&'static str> {
    let rows = OPTIONS.lines().filter(|line| line.starts_with("| `"));
    rows.filter_map(|row| {
        let mut cells = row.trim_end_matches([' ', '|']).split('|').map(str::trim).skip(1);
        let first = cells.next()?;
        let is_row =
            first.match_indices(option).any(|(at, _)| !first[at + option.len()..].starts_with(is_word));
        if is_row { cells.last() } else { None }
    })
    .find_map(|example| example.strip_prefix('`')?.strip_suffix('`'))
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-'
}

/// The SYNOPSIS section. The one generated from the definition lists every option.
fn synopsis() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    for call in SYNOPSIS {
        roff.text([bold("ipta"), roman(" "), roman(call)]);
        roff.control("br", []);
    }
    roff
}

/// A list of terms, each with its meaning.
fn terms<'t>(roff: &mut Roff, terms: impl IntoIterator<Item = (&'t str, &'t str)>) {
    for (term, meaning) in terms {
        roff.control("TP", []);
        roff.text([bold(term)]);
        roff.text([roman(meaning)]);
    }
}
