//! House rules: who may import whom, where a third-party crate may live, how long a file may be.
//!
//! The import rule is read from the head of `src/lib.rs`, so what is written there holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proc_macro2::TokenTree;
use regex::Regex;
use syn::UseTree;
use syn::spanned::Spanned;
use syn::visit::Visit;

use crate::process::project;

/// Third-party crates confined to one place, and that place under `src/`.
const CRATES: [(&str, &str); 14] = [
    ("maxminddb", "geoip/"),
    ("askama", "report/html/"),
    ("rustyline", "commands/analyze_interactive/editor.rs"),
    ("clap", "cli/"),
    ("mysql", "store/"),
    ("rusqlite", "store/"),
    ("notify", "input/watch"),
    ("dns_lookup", "dns/"),
    ("comfy_table", "report/"),
    ("indicatif", "report/"),
    ("rpassword", "run/session.rs"),
    ("toml", "config/"),
    ("toml_edit", "config/"),
    ("dirs", "config/"),
];

/// The most lines a file may have.
const MOST: usize = 700;

/// The part of a module that a rule in parentheses opens, such as `analysis(filters)`.
const PARTS: [(&str, &[&str]); 5] = [
    ("the origins", &["Country", "Origin", "Origins", "System"]),
    ("the options of a line", &["parse", "Stop"]),
    ("types", &["Verdict", "Thresholds"]),
    ("the cache", &["KnownName"]),
    ("the connection", &["Place", "Server", "Password", "Tls", "command_of_file"]),
];

/// Module to what it may import: another module, and which part of it if not all.
type Rule = BTreeMap<String, Vec<(String, Option<String>)>>;

/// A path in the code, from the crate's root, and its line.
struct Import {
    line: usize,
    path: Vec<String>,
}

#[test]
fn every_import_is_one_that_the_rule_allows() {
    let rule = rule();
    assert_eq!(everywhere(|file, text| imports_against(&rule, file, text)), [""; 0]);
}

#[test]
fn no_command_knows_another() {
    assert_eq!(everywhere(commands_that_meet), [""; 0]);
}

#[test]
fn a_crate_lives_in_one_place() {
    assert_eq!(everywhere(strangers), [""; 0]);
}

#[test]
fn nothing_prints_past_its_writer() {
    assert_eq!(everywhere(prints), [""; 0]);
}

#[test]
fn no_file_is_too_long() {
    assert_eq!(everywhere(too_long), [""; 0]);
}

#[test]
fn every_folder_says_at_its_head_what_it_owns() {
    let silent = |file: &str, text: &str| match file.ends_with("mod.rs")
        && !file.ends_with("tests/mod.rs")
        && !text.starts_with("//! ")
    {
        true => vec![file.to_owned()],
        false => Vec::new(),
    };
    assert_eq!(everywhere(silent), [""; 0]);
}

#[test]
fn made_up_faults_are_found() {
    let rule = rule();
    for (file, text) in [
        ("netfilter/line.rs", "use crate::store::Entry;"),
        ("input/open.rs", "fn f() { crate::report::shown() }"),
        ("input/open.rs", "fn f() { println!(\"{}\", crate::report::shown(1)) }"),
        ("report/text.rs", "use crate::{analysis::Table, commands};"),
        ("store/sqlite/rows.rs", "use crate::analysis::Fold;"),
        ("store/sqlite/rows.rs", "use super::super::super::report::escape;"),
        ("analysis/fold.rs", "use super::super::dns::Known;"),
    ] {
        assert_eq!(imports_against(&rule, file, text).len(), 1, "{file}: {text}");
    }
    for (file, text) in [
        ("netfilter/line.rs", "use super::header::Header;"),
        ("store/sqlite/rows.rs", "use crate::filter::Filters;"),
        ("store/mod.rs", "/// See crate::commands for\nuse crate::store::Entry;"),
        ("commands/import/pipeline.rs", "use crate::run::logs::Source; use crate::netfilter::{Time, batch};"),
    ] {
        assert!(imports_against(&rule, file, text).is_empty(), "{file}: {text}");
    }
    assert_eq!(commands_that_meet("commands/import/pipeline.rs", "use super::super::dns::dump;").len(), 1);
    assert_eq!(commands_that_meet("commands/scan.rs", "use crate::commands::follow;").len(), 1);
    assert!(commands_that_meet("commands/scan.rs", "use crate::run::session::Session;").is_empty());
    assert_eq!(strangers("commands/import/mod.rs", "let c: rusqlite::Connection;").len(), 1);
    assert_eq!(strangers("input/tail.rs", "use notify::Watcher;").len(), 1);
    assert!(strangers("store/mod.rs", "pub use mysql::create_database;").is_empty());
    assert!(strangers("dns/mod.rs", "self.notify::<u8>()").is_empty());
    assert_eq!(prints("cli/mod.rs", "    eprintln!(\"x\");").len(), 1);
    assert_eq!(too_long("cli/mod.rs", &"\n".repeat(MOST + 1)).len(), 1);
}

/// Runs a check on every file of `src/`.
fn everywhere(check: impl Fn(&str, &str) -> Vec<String>) -> Vec<String> {
    let root = project("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 50, "only {} files under src/", files.len());
    files.sort();
    let checked = files.iter().flat_map(|file| {
        let name = file.strip_prefix(&root).expect("under src").display().to_string();
        check(&name, &fs::read_to_string(file).expect("reads"))
    });
    checked.collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("lists") {
        let path = entry.expect("lists").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

/// The rule as the head of `src/lib.rs` states it.
fn rule() -> Rule {
    let text = fs::read_to_string(project("src/lib.rs")).expect("reads");
    let mut rule = Rule::new();
    let words = Regex::new(r"([a-z]+)(?:\(([a-z ]+)\))?").expect("a regex");
    for line in text.lines().take_while(|line| line.starts_with("//!")) {
        let Some((from, to)) = line.trim_start_matches("//!").split_once("->") else {
            continue;
        };
        // `main -> lib -> cli, ...`: only the last is about modules.
        let (from, to) = match to.split_once("->") {
            Some((lib, to)) => (lib, to),
            None => (from, to),
        };
        // Four spaces separate a rule from a remark on it.
        let to = to.trim().split("    ").next().unwrap_or_default();
        let to: Vec<_> = match to {
            "nothing in the crate" => Vec::new(),
            to => words
                .captures_iter(to)
                .map(|c| (c[1].to_owned(), c.get(2).map(|p| p.as_str().to_owned())))
                .collect(),
        };
        for from in from.split(',') {
            rule.insert(from.trim().to_owned(), to.clone());
        }
    }
    assert!(rule.len() >= 10 && rule["netfilter"].is_empty() && !rule["commands"].is_empty(), "{rule:?}");
    rule
}

/// Imports the rule does not allow.
fn imports_against(rule: &Rule, file: &str, text: &str) -> Vec<String> {
    let module = top(file);
    let Some(allowed) = rule.get(module) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for import in imports(file, text) {
        let Some(to) = import.path.first().filter(|to| rule.contains_key(*to) && **to != module) else {
            continue;
        };
        let part_is_open = |part: &String| {
            let names =
                PARTS.iter().find(|(name, _)| name == part).unwrap_or_else(|| panic!("what is '{part}'?")).1;
            import.path.get(1).is_some_and(|name| names.contains(&name.as_str()))
        };
        let fine = allowed.iter().any(|(name, part)| name == to && part.as_ref().is_none_or(part_is_open));
        if !fine {
            found.push(format!(
                "src/{file}:{}: {module} may not use {}",
                import.line,
                import.path.join("::")
            ));
        }
    }
    found
}

/// Uses of one command by another.
fn commands_that_meet(file: &str, text: &str) -> Vec<String> {
    let Some(own) = file.strip_prefix("commands/").filter(|file| *file != "mod.rs") else {
        return Vec::new();
    };
    let own = top(own);
    let commands = siblings();
    let meets = |import: &Import| match import.path.as_slice() {
        [first, other, ..] if first == "commands" => other != own && commands.contains(other),
        _ => false,
    };
    let found = imports(file, text).into_iter().filter(meets);
    found.map(|import| format!("src/{file}:{}: {}", import.line, import.path.join("::"))).collect()
}

/// The modules of `commands/`.
fn siblings() -> BTreeSet<String> {
    let entries = fs::read_dir(project("src/commands")).expect("lists");
    let names = entries.map(|entry| entry.expect("lists").file_name().to_string_lossy().into_owned());
    names.map(|name| name.trim_end_matches(".rs").to_owned()).chain(["follow".to_owned()]).collect()
}

/// Uses of third-party crates outside their place.
fn strangers(file: &str, text: &str) -> Vec<String> {
    static USE: LazyLock<Regex> = LazyLock::new(|| {
        let names: Vec<&str> = CRATES.iter().map(|(name, _)| *name).collect();
        // Not after a colon or a dot: that is a module or a method of the same name.
        Regex::new(&format!(r"(?:^|[^:.\w])({})::", names.join("|"))).expect("a regex")
    });
    let mut found = Vec::new();
    for (number, line) in code(text) {
        for used in USE.captures_iter(line) {
            let (name, place) = CRATES.iter().find(|(name, _)| *name == &used[1]).expect("one of them");
            if !file.starts_with(place) {
                found.push(format!("src/{file}:{number}: {name} lives in src/{place}"));
            }
        }
    }
    found
}

fn prints(file: &str, text: &str) -> Vec<String> {
    let found = code(text).filter(|(_, line)| line.contains("println!(") || line.contains("print!("));
    found.map(|(number, _)| format!("src/{file}:{number}")).collect()
}

fn too_long(file: &str, text: &str) -> Vec<String> {
    match text.lines().count() {
        lines if lines > MOST => vec![format!("src/{file}: {lines} lines")],
        _ => Vec::new(),
    }
}

/// The lines that are not comments, with their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(n, line)| (n + 1, line));
    numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn top(file: &str) -> &str {
    file.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

/// Every path in a file that begins with `crate::` or `super::`: in `use` items, in code and in macro
/// arguments.
fn imports(file: &str, text: &str) -> Vec<Import> {
    let mut found = Paths { own: own_path(file), imports: Vec::new() };
    found.visit_file(&syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}")));
    found.imports
}

struct Paths {
    own: Vec<String>,
    imports: Vec<Import>,
}

impl Paths {
    /// Records a path, given as words; skips those outside the crate.
    fn path(&mut self, line: usize, words: &[String]) {
        let ups = words.iter().take_while(|word| *word == "super").count();
        let base = match words.first().map(String::as_str) {
            Some("crate") => &[],
            Some("super") => self.own.get(..self.own.len().saturating_sub(ups)).unwrap_or_default(),
            _ => return,
        };
        let path = base.iter().chain(&words[ups.max(1)..]).cloned().collect();
        self.imports.push(Import { line, path });
    }

    fn tree(&mut self, tree: &UseTree, before: &[String]) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.tree(&path.tree, &with(&path.ident)),
            UseTree::Name(name) => self.path(name.ident.span().start().line, &with(&name.ident)),
            UseTree::Rename(name) => self.path(name.ident.span().start().line, &with(&name.ident)),
            UseTree::Glob(glob) => self.path(glob.star_token.spans[0].start().line, before),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(item, before)),
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let words: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.path(path.span().start().line, &words);
        syn::visit::visit_path(self, path);
    }

    /// What a macro makes of its arguments is unknown here; each path in them counts.
    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        let mut words: Vec<String> = Vec::new();
        let mut line = 0;
        let mut waiting: Vec<TokenTree> = called.tokens.clone().into_iter().collect();
        waiting.reverse();
        while let Some(token) = waiting.pop() {
            match token {
                TokenTree::Ident(ident) => {
                    if words.is_empty() {
                        line = ident.span().start().line;
                    }
                    words.push(ident.to_string());
                    let colons = waiting.len().checked_sub(2).map(|from| &waiting[from..]);
                    let goes_on = colons.is_some_and(|colons| {
                        colons.iter().all(|token| matches!(token, TokenTree::Punct(p) if p.as_char() == ':'))
                    });
                    match goes_on {
                        true => waiting.truncate(waiting.len() - 2),
                        false => self.path(line, &std::mem::take(&mut words)),
                    }
                }
                TokenTree::Group(group) => {
                    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                    waiting.extend(inside.into_iter().rev());
                    words.clear();
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => words.clear(),
            }
        }
    }
}

/// A file's module path.
fn own_path(file: &str) -> Vec<String> {
    let parts = file.trim_end_matches(".rs").split('/').map(str::to_owned);
    parts.filter(|part| part != "mod").collect()
}
