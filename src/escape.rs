//! Text from logs, names, databases and command lines is hostile: what it may contain, for the
//! place it goes to. The one rule of what is unsafe is here.

use std::borrow::Cow;

/// For a terminal and for plain text: control characters and those that turn the direction of
/// writing are shown as `\x1b` or `\u{202e}`, so no log can move a cursor or forge a line.
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

/// A word of a command, as a shell takes it.
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

/// For a cell of a Markdown table: nothing in it is markup, and it stays one line.
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

/// For a cell of a spreadsheet: no cell starts a formula, whatever program opens it.
pub fn spreadsheet(text: &str) -> String {
    let text = terminal(text);
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.into_owned() }
}

/// For a JSON document as a whole: unsafe characters can only be inside its texts, where they are
/// written as `\u202e`. What ends a line stands between them.
pub fn json(document: &str) -> Cow<'_, str> {
    let stays = |c: char| c == '\n' || !is_unsafe(c);
    if document.chars().all(stays) {
        return Cow::Borrowed(document);
    }
    let mut shown = String::with_capacity(document.len() + 16);
    for c in document.chars() {
        match c {
            _ if stays(c) => shown.push(c),
            // All of them are within 16 bits.
            c => shown.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    Cow::Owned(shown)
}

/// Control characters (Unicode category Cc), line and paragraph separators, and the marks of the
/// bidirectional algorithm (UAX 9).
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
