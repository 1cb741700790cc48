//! How messages write a command of ipta's: one that works as it stands, with the options of the
//! call that lead to its configuration and its store.

use std::path::PathBuf;

use super::Call;
use crate::config::{FilterText, Layer, PrefixChoice};
use crate::escape;

impl Call {
    /// `ipta` with the options that lead to the call's configuration and store. Every command in a
    /// message begins with this. A password is not shown: the command asks for it.
    pub fn ipta(&self) -> String {
        let given = &self.given;
        let mut words = Words::new("ipta");
        words.path("--config", &self.config_file);
        words.path("--db-file", &given.db_file);
        words.text("-h", &given.db_host);
        words.text("--db-port", &given.db_port.map(|port| port.to_string()));
        words.text("-u", &given.db_user);
        if given.db_file.is_none() && (given.db_pass.is_some() || given.ask_password == Some(true)) {
            words.0.push_str(" -pi");
        }
        words.text("-d", &given.db_name);
        words.0
    }

    /// The same with the table of the call, for commands that work on it.
    pub fn ipta_on_table(&self) -> String {
        let mut words = Words::new(&self.ipta());
        words.text("-t", &self.given.db_table);
        words.0
    }

    /// `ipta` for commands that read logs and no store.
    pub fn ipta_without_store(&self) -> String {
        let mut words = Words::new("ipta");
        words.path("--config", &self.config_file);
        words.0
    }

    /// The options of the call that say which packets count, each after a blank.
    pub fn counting(&self) -> String {
        let Layer { filters, prefixes, accept_actions, year, show_lo, show_accept, .. } = &self.given;
        let FilterText { since, until, src, dst, sport, dport, proto, action, iface, log_host } = filters;
        let mut words = Words::new("");
        for prefix in prefixes.iter().flatten() {
            if let PrefixChoice::Named(name) = prefix {
                words.option("--prefix", name);
            }
        }
        words.list("--accept-action", accept_actions.as_deref().unwrap_or_default());
        words.text("--year", &year.map(|year| year.to_string()));
        words.text("--since", since);
        words.text("--until", until);
        let lists = [
            ("--src", src),
            ("--dst", dst),
            ("--sport", sport),
            ("--dport", dport),
            ("--proto", proto),
            ("--action", action),
            ("--iface", iface),
            ("--log-host", log_host),
        ];
        for (option, values) in lists {
            words.list(option, values);
        }
        for (switch, on, off) in
            [(show_lo, "--local", "--no-local"), (show_accept, "--accept", "--no-accept")]
        {
            if let Some(shown) = switch {
                words.0.push_str(&format!(" {}", if *shown { on } else { off }));
            }
        }
        words.0
    }
}

/// A command that grows.
struct Words(String);

impl Words {
    fn new(begin: &str) -> Words {
        Words(begin.to_owned())
    }

    fn option(&mut self, option: &str, value: &str) {
        self.0.push_str(&format!(" {option} {}", escape::shell(value)));
    }

    fn text(&mut self, option: &str, value: &Option<String>) {
        if let Some(value) = value {
            self.option(option, value);
        }
    }

    fn path(&mut self, option: &str, path: &Option<PathBuf>) {
        if let Some(path) = path {
            self.option(option, &path.to_string_lossy());
        }
    }

    fn list(&mut self, option: &str, values: &[String]) {
        if !values.is_empty() {
            self.option(option, &values.join(","));
        }
    }
}
