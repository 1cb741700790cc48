//! Renders the manual as one HTML file: `cargo run --example make_manual -- manual ipta-manual.html`.
//!
//! The chapters are the folder's Markdown files in name order; chapters and sections are numbered here.
//! The page is self-contained, and a link to a chapter or section that does not exist is an error.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

const STYLE: &str = include_str!("style.css");

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, output] = arguments.as_slice() else {
        eprintln!("usage: make_manual FOLDER OUTPUT.html");
        return ExitCode::from(2);
    };
    match make(folder).and_then(|page| Ok(fs::write(output, page)?)) {
        Ok(()) => {
            println!("* {} is made.", output.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("! {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

/// One page of all chapters in a folder.
fn make(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
    files.sort();
    let mut manual = Manual::default();
    for file in &files {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        manual.chapter(&stem, &fs::read_to_string(file)?);
    }
    if manual.chapter == 0 {
        return Err("there is no chapter (*.md) in it".into());
    }
    match manual.links.iter().find(|(_, target)| !manual.anchors.contains(target)) {
        Some((chapter, target)) => Err(format!("{chapter}.md has a link to nowhere: #{target}").into()),
        None => Ok(manual.page()),
    }
}

/// What has been rendered so far.
#[derive(Default)]
struct Manual {
    chapter: usize,
    section: usize,
    contents: String,
    body: String,
    anchors: BTreeSet<String>,
    /// Links within the manual, each with the chapter it appears in.
    links: Vec<(String, String)>,
}

impl Manual {
    fn chapter(&mut self, stem: &str, text: &str) {
        let name = anchor_of(stem);
        let events: Vec<Event<'_>> = Parser::new_ext(text, Options::ENABLE_TABLES).collect();
        let mut made = Vec::with_capacity(events.len());
        let mut heading = None;
        for (at, event) in events.iter().enumerate() {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    let title = title(&events[at + 1..]);
                    let (number, anchor) = self.number(*level, &name, &title);
                    self.anchors.insert(anchor.clone());
                    self.enter(*level, &number, &anchor, &title);
                    heading = Some(anchor.clone());
                    let tag = format!("<{level} id=\"{anchor}\">");
                    let number = match number.as_str() {
                        "" => String::new(),
                        number => format!("<span class=\"number\">{number}</span> "),
                    };
                    made.push(Event::Html(format!("{tag}{number}").into()));
                }
                Event::End(TagEnd::Heading(level)) => {
                    let link = heading.take().map(|anchor| {
                        format!("<a class=\"here\" href=\"#{anchor}\" aria-label=\"Link to this\">#</a>")
                    });
                    made.push(Event::Html(format!("{}</{level}>\n", link.unwrap_or_default()).into()));
                }
                Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                    made.push(Event::Start(Tag::Link {
                        link_type: *link_type,
                        dest_url: self.link(stem, dest_url),
                        title: title.clone(),
                        id: id.clone(),
                    }));
                }
                // A wide table scrolls, not the page.
                Event::Start(Tag::Table(_)) => {
                    made.push(Event::Html("<div class=\"table\">".into()));
                    made.push(event.clone());
                }
                Event::End(TagEnd::Table) => {
                    made.push(event.clone());
                    made.push(Event::Html("</div>\n".into()));
                }
                other => made.push(other.clone()),
            }
        }
        self.body.push_str("<section>\n");
        html::push_html(&mut self.body, made.into_iter());
        self.body.push_str("</section>\n");
    }

    /// The number and the anchor of a heading; subsections have no number.
    fn number(&mut self, level: HeadingLevel, chapter: &str, title: &str) -> (String, String) {
        match level {
            HeadingLevel::H1 => {
                self.chapter += 1;
                self.section = 0;
                (self.chapter.to_string(), chapter.to_owned())
            }
            HeadingLevel::H2 => {
                self.section += 1;
                (format!("{}.{}", self.chapter, self.section), format!("{chapter}-{}", slug(title)))
            }
            _ => (String::new(), format!("{chapter}-{}", slug(title))),
        }
    }

    /// Adds an entry to the table of contents.
    fn enter(&mut self, level: HeadingLevel, number: &str, anchor: &str, title: &str) {
        let class = match level {
            HeadingLevel::H1 => "chapter",
            HeadingLevel::H2 => "section",
            _ => return,
        };
        self.contents.push_str(&format!(
            "<li class=\"{class}\"><a href=\"#{anchor}\"><span class=\"number\">{number}</span> {}</a></li>\n",
            escaped(title)
        ));
    }

    /// A link to another chapter, `scan.md` or `scan.md#order`, as a link within the page.
    fn link<'t>(&mut self, chapter: &str, target: &CowStr<'t>) -> CowStr<'t> {
        let (file, section) = target.split_once('#').unwrap_or((target, ""));
        let stem = match file.strip_suffix(".md") {
            Some(stem) => stem,
            None if file.is_empty() => chapter,
            None => return target.clone(),
        };
        let anchor = match section {
            "" => anchor_of(stem),
            section => format!("{}-{section}", anchor_of(stem)),
        };
        self.links.push((chapter.to_owned(), anchor.clone()));
        format!("#{anchor}").into()
    }

    fn page(&self) -> String {
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>The manual of ipta</title>\n\
             <style>\n{STYLE}</style>\n</head>\n<body>\n<nav>\n<p class=\"book\">ipta <span>{}</span></p>\n\
             <ul>\n{}</ul>\n</nav>\n<main>\n{}</main>\n</body>\n</html>\n",
            env!("CARGO_PKG_VERSION"),
            self.contents,
            self.body
        )
    }
}

/// The text of the heading whose events begin here.
fn title(events: &[Event<'_>]) -> String {
    let mut title = String::new();
    for event in events {
        match event {
            Event::Text(text) | Event::Code(text) => title.push_str(text),
            Event::End(TagEnd::Heading(_)) => break,
            _ => {}
        }
    }
    title
}

/// `07-follow` is `follow`.
fn anchor_of(stem: &str) -> String {
    stem.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned()
}

/// A heading as an anchor, the way code hosts make them: `Create the user` is `create-the-user`.
fn slug(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
