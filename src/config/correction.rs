//! A value as it should have been written.

use super::kind::KeyKind;

/// The corrected line for a key and the text of its value, with or without quotes; none if the
/// value itself is wrong.
pub(super) fn correction(key: &str, kind: &KeyKind, value: &str, opposite: bool) -> Option<String> {
    if *kind == KeyKind::Secret {
        return Some(format!("{key} = \"...\""));
    }
    let value = unquoted(value);
    let written = match kind {
        KeyKind::Text | KeyKind::Path if value.is_empty() => return None,
        KeyKind::Text | KeyKind::Path | KeyKind::Secret => quoted(value),
        KeyKind::Switch => (switch(value)? != opposite).to_string(),
        KeyKind::Number(range) => {
            let number: u32 = value.parse().ok()?;
            range.contains(&number).then(|| number.to_string())?
        }
        KeyKind::Word(words) => {
            let word = value.to_ascii_lowercase();
            words.split(", ").any(|w| w == word).then(|| quoted(&word))?
        }
        KeyKind::List | KeyKind::Prefixes => {
            let inner = value.trim_start_matches('[').trim_end_matches(']');
            let words: Vec<&str> =
                inner.split(',').map(|w| unquoted(w.trim())).filter(|w| !w.is_empty()).collect();
            if words.is_empty() {
                return None;
            }
            format!("[{}]", words.into_iter().map(quoted).collect::<Vec<_>>().join(", "))
        }
        KeyKind::Ports | KeyKind::Thresholds | KeyKind::Modules => return None,
    };
    Some(format!("{key} = {written}"))
}

fn switch(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "yes" | "y" | "on" | "true" | "1" => Some(true),
        "no" | "n" | "off" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// A value without its quotes.
pub(super) fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}
