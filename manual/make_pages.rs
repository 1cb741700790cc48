//! Makes the man page and the completions of three shells: `cargo run --example make_pages -- FOLDER` writes
//! `ipta.1`, `ipta.bash`, `_ipta` (zsh) and `ipta.fish`.
//!
//! All of them come from the definition of the command line, so that none can say anything else than the program.

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
        "Shows denied packets as they come, with names.",
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
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command(), "ipta", folder)?;
    }
    Ok(())
}

/// The command line, with the words that options take.
fn command() -> Command {
    let modules: Vec<&str> = modules().iter().map(|module| module.name).chain(["all"]).collect();
    let presets: Vec<&str> = presets::names().collect();
    ipta::exports::cli::command()
        .mut_arg("modules", |arg| arg.value_parser(PossibleValuesParser::new(modules)))
        .mut_arg("prefix", |arg| arg.value_parser(PossibleValuesParser::new(presets)))
}

/// The man page.
fn page() -> Result<Vec<u8>, Box<dyn Error>> {
    let man = Man::new(command()).title("IPTA").section("1").manual("User Commands");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
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

/// A list of terms, each with what it means.
fn terms<'t>(roff: &mut Roff, terms: impl IntoIterator<Item = (&'t str, &'t str)>) {
    for (term, meaning) in terms {
        roff.control("TP", []);
        roff.text([bold(term)]);
        roff.text([roman(meaning)]);
    }
}
