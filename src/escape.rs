//! Escapes text from logs, names, databases and command lines, all of it hostile, for its destination.
//! The one rule for what is unsafe is here.

use std::borrow::Cow;

/// For terminals and plain text: control and bidirectional formatting characters are shown as `\x1b` or
/// `\u{202e}`, so no log can move the cursor or forge a line.
pub fn terminal(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            _ if !is_unsafe(c) => shown.push(c),
            '\0'..='\x7f' => shown.push_str(&format!("\\x{:02x}", u32::from(c))),
            _ => shown.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
        }
    }
    Cow::Owned(shown)
}

/// A word of a command, quoted for the shell.
pub fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@,+%=".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// For HTML text and quoted attributes.
pub fn html(text: &str) -> Cow<'_, str> {
    let text = terminal(text);
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// For a Markdown table cell: nothing in it is markup, and it stays on one line.
pub fn markdown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 8);
    for c in terminal(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' => shown.extend(['\\', c]),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            c => shown.push(c),
        }
    }
    shown
}

/// For a spreadsheet cell: none starts a formula, whatever program opens it.
pub fn spreadsheet(text: &str) -> String {
    let text = terminal(text);
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.into_owned() }
}

/// For a whole JSON document: unsafe characters can occur only inside its strings, where they become
/// `\u202e`. Newlines occur only between strings and stay.
pub fn json(document: &str) -> Cow<'_, str> {
    let stays = |c: char| c == '\n' || !is_unsafe(c);
    if document.chars().all(stays) {
        return Cow::Borrowed(document);
    }
    let mut shown = String::with_capacity(document.len() + 16);
    for c in document.chars() {
        match c {
            _ if stays(c) => shown.push(c),
            // They all fit in 16 bits.
            c => shown.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    Cow::Owned(shown)
}

/// Control characters (Unicode category Cc), line and paragraph separators, and bidirectional formatting
/// characters (UAX 9).
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_sequence_is_shown_and_not_sent() {
        assert_eq!(terminal("\x1b[31mred\x07"), "\\x1b[31mred\\x07");
        assert_eq!(terminal("a\u{202e}b\u{9b}c"), "a\\u{202e}b\\u{9b}c");
    }

    #[test]
    fn plain_words_stay_as_they_are() {
        assert_eq!(terminal("bräda ▲ 192.0.2.1"), "bräda ▲ 192.0.2.1");
    }

    #[test]
    fn markup_is_text_in_html_and_markdown() {
        assert_eq!(html("<b a=\"x\">&'"), "&lt;b a=&quot;x&quot;&gt;&amp;&#39;");
        assert_eq!(markdown("a|b *c* <script>\n"), "a\\|b \\*c\\* &lt;script&gt;\\\\x0a");
    }

    #[test]
    fn a_json_document_keeps_its_lines_and_escapes_the_rest() {
        let texts = ["a\u{9b}31m", "\u{202e}cba", "\x7f\n\"", "bräda"];
        let document = serde_json::to_string_pretty(&texts).expect("JSON");
        let safe = json(&document);
        assert!(safe.contains("\"a\\u009b31m\",\n") && safe.contains("\\u202ecba") && safe.contains("bräda"));
        assert!(safe.chars().all(|c| c == '\n' || !is_unsafe(c)), "{safe}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&safe).expect("JSON still"), texts);
    }

    #[test]
    fn no_cell_starts_a_formula() {
        assert_eq!(spreadsheet("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(spreadsheet("192.0.2.1"), "192.0.2.1");
    }
}
