//! The line an administrator meant: corrections for files in the old style.

use super::keys::{KeyKind, canonical};
use super::settings::keys;

/// For a line that is no TOML, such as `db_host = localhost` or `analyzer limit = 15`: the key it
/// means and the line as it should be, if both can be told. The value of a password is replaced.
pub(super) fn line(text: &str) -> Option<(&'static str, Option<String>)> {
    let (name, value) = text.split_once('=').or_else(|| text.split_once(':'))?;
    let (key, opposite) = canonical(name)?;
    let value = value.split(" #").next().unwrap_or_default().trim().trim_end_matches(';').trim();
    Some((key, correction(key, &kind_of(key)?, value, opposite)))
}

/// What a key at the top of the file takes.
pub(super) fn kind_of(key: &str) -> Option<KeyKind> {
    keys().into_iter().find(|(name, _)| *name == key).map(|(_, kind)| kind)
}

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
        KeyKind::Ports | KeyKind::Thresholds => return None,
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

fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_lines_and_what_they_mean() {
        for (old, new) in [
            ("db_host = localhost", "db_host = \"localhost\""),
            ("DB Host=192.0.2.1;", "db_host = \"192.0.2.1\""),
            ("dbUser: firewall", "db_user = \"firewall\""),
            ("rdns = yes", "rdns = true"),
            ("show-lo = no", "show_lo = false"),
            ("no-lo = yes", "show_lo = false"),
            ("analyzer limit = 15", "limit = 15"),
            ("analyzer limit = '15' # rows", "limit = 15"),
            ("color = Auto", "color = \"auto\""),
            ("accept_actions = LOG, PASS", "accept_actions = [\"LOG\", \"PASS\"]"),
        ] {
            assert_eq!(line(old).and_then(|(_, fix)| fix).as_deref(), Some(new), "{old}");
        }
    }

    #[test]
    fn a_password_is_never_repeated() {
        for old in ["db_pass = hunter2", "password: hunter2", "DB-Pass=\"hunter2", "db pass = # hunter2"] {
            assert_eq!(line(old), Some(("db_pass", Some("db_pass = \"...\"".into()))), "{old}");
        }
    }

    #[test]
    fn a_wrong_value_has_no_corrected_line() {
        assert_eq!(line("analyzer limit = many"), Some(("limit", None)));
        assert_eq!(line("rdns = perhaps"), Some(("rdns", None)));
        assert_eq!(line("db port = 70000"), Some(("db_port", None)));
        assert_eq!(line("colour of the sky = blue"), None);
        assert_eq!(line("no sign at all"), None);
    }
}
