//! Old-style files: which key a line means, and the line as it should be.

use super::correction::{correction, unquoted};
use super::kind::KeyKind;
use super::settings::keys;
use crate::escape;

/// For a line that is not TOML, such as `db_host = localhost` or `analyzer limit = 15`: the key it means and,
/// if known, the line as it should be. A password is replaced.
pub(super) fn line(text: &str) -> Option<(&'static str, Option<String>)> {
    let (name, value) = text.split_once('=').or_else(|| text.split_once(':'))?;
    let (key, opposite) = canonical(name)?;
    let value = value.split(" #").next().unwrap_or_default().trim().trim_end_matches(';').trim();
    Some((key, correction(key, &kind_of(key)?, value, opposite)))
}

/// The command that saves the settings of the C program's `~/.ipta`: lines such as `db_host = localhost`.
/// None if no line says where packets are kept. A password is prompted for and never repeated.
pub(super) fn save_command(text: &str) -> Option<String> {
    let mut command = "ipta --save-db".to_owned();
    let mut password = false;
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let Some((name, value)) = line.split_once('=').or_else(|| line.split_once(':')) else { continue };
        let value = unquoted(value.trim().trim_end_matches(';').trim());
        let option = match canonical(name) {
            Some(("db_host", _)) => "-h",
            Some(("db_port", _)) => "--db-port",
            Some(("db_user", _)) => "-u",
            Some(("db_name", _)) => "-d",
            Some(("db_table", _)) => "-t",
            Some(("db_pass", _)) => {
                password = true;
                continue;
            }
            _ => continue,
        };
        if !value.is_empty() {
            command.push_str(&format!(" {option} {}", escape::shell(value)));
        }
    }
    if command.ends_with("--save-db") {
        return None;
    }
    Some(if password { command + " -pi" } else { command })
}

/// The kind of a top-level key.
pub(super) fn kind_of(key: &str) -> Option<KeyKind> {
    keys().into_iter().find(|(name, _)| *name == key).map(|(_, kind)| kind)
}

/// The key that an older or mistyped name stands for, and whether its switch means the opposite. Case,
/// spaces, dashes and underscores are ignored: `DB Host`, `db-host`, `dbHost`.
pub(super) fn canonical(name: &str) -> Option<(&'static str, bool)> {
    let letters: String = squeezed(name);
    let same = keys().into_iter().find(|(key, _)| squeezed(key) == letters);
    if let Some((key, _)) = same {
        return Some((key, false));
    }
    Some(match letters.as_str() {
        "host" | "hostname" | "server" | "dbhostname" | "dbserver" => ("db_host", false),
        "port" => ("db_port", false),
        "user" | "username" | "dbusername" => ("db_user", false),
        "pass" | "password" | "passwd" | "dbpassword" | "dbpasswd" => ("db_pass", false),
        "name" | "database" | "db" | "dbdatabase" => ("db_name", false),
        "table" | "logtable" | "logstable" => ("db_table", false),
        "analyzerlimit" | "analyserlimit" | "analyzelimit" | "lines" => ("limit", false),
        "ttl" => ("dns_ttl", false),
        "reversedns" | "dns" => ("rdns", false),
        "showheader" => ("header", false),
        "showcounter" | "count" => ("counter", false),
        "showlocal" | "local" | "lo" => ("show_lo", false),
        "showaccepted" | "accept" => ("show_accept", false),
        "showtime" => ("time", false),
        "prefixes" => ("prefix", false),
        "acceptaction" => ("accept_actions", false),
        "module" => ("modules", false),
        "colour" => ("color", false),
        "noheader" => ("header", true),
        "nocounter" | "nocount" => ("counter", true),
        "nolocal" | "nolo" => ("show_lo", true),
        "noaccept" => ("show_accept", true),
        "nordns" => ("rdns", true),
        "notime" => ("time", true),
        _ => return None,
    })
}

fn squeezed(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
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
