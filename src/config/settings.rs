//! Every setting, declared once: its type, its default, its key in `~/.ipta-conf` and its purpose. The
//! layers, their merging, and the file's keys, reading and writing follow from this.

use std::path::PathBuf;

use toml_edit::Value as Toml;

use super::kind::KeyKind;
use super::reader::{DocumentReader, TomlValue};
use super::value::FileValue;
use super::{Color, FilterText, Format, OwnModule, Password, Place, PrefixChoice, Server, Tls};
use crate::filter::Thresholds;

/// Declares the settings, in five groups:
///
/// - `saved`: in the file under a key, and written there by `--save-db` if the call names it;
/// - `optional`: the same without a default;
/// - `connection`: in the file; together they say where packets are kept ([`place`]);
/// - `file`: in the file only;
/// - `call` and `call_optional`: on the command line only.
macro_rules! settings {
    (
        saved { $( $(#[doc = $sd:literal])+ $sn:ident: $st:ty = $sv:expr, $sk:literal; )+ }
        optional { $( $(#[doc = $od:literal])+ $on:ident: $ot:ty, $ok:literal; )+ }
        connection { $( $(#[doc = $cd:literal])+ $cn:ident: $ct:ty, $ck:literal; )+ }
        file { $( $(#[doc = $fd:literal])+ $fn:ident: $ft:ty = $fv:expr, $fk:literal; )+ }
        call { $( $(#[doc = $ad:literal])+ $an:ident: $at:ty = $av:expr; )+ }
        call_optional { $( $(#[doc = $bd:literal])+ $bn:ident: $bt:ty; )+ }
    ) => {
        /// What one source (command line or file) sets. `None`: not set.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Layer {
            $( $(#[doc = $sd])+ pub $sn: Option<$st>, )+
            $( $(#[doc = $od])+ pub $on: Option<$ot>, )+
            $( $(#[doc = $cd])+ pub $cn: Option<$ct>, )+
            $( $(#[doc = $fd])+ pub $fn: Option<$ft>, )+
            $( $(#[doc = $ad])+ pub $an: Option<$at>, )+
            $( $(#[doc = $bd])+ pub $bn: Option<$bt>, )+
            /// Filters.
            pub filters: FilterText,
            /// The file it was read from, if `--config` names it.
            pub config_file: Option<PathBuf>,
        }

        /// Every setting, resolved.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Settings {
            $( $(#[doc = $sd])+ pub $sn: $st, )+
            $( $(#[doc = $od])+ pub $on: Option<$ot>, )+
            $( $(#[doc = $fd])+ pub $fn: $ft, )+
            $( $(#[doc = $ad])+ pub $an: $at, )+
            $( $(#[doc = $bd])+ pub $bn: Option<$bt>, )+
            /// Logs table, as typed.
            pub table: String,
            /// Where packets are kept. If `ask_password` is set, the answer goes in here.
            pub place: Place,
            /// Filters, as typed.
            pub filters: FilterText,
            /// The configuration file, if `--config` names it.
            pub config_file: Option<PathBuf>,
        }

        /// Command line over file over defaults, setting by setting. The store is one setting.
        pub fn merge(given: &Layer, file: &Layer) -> Settings {
            let settings = Settings {
                $( $sn: first(&given.$sn, &file.$sn).unwrap_or_else(|| $sv), )+
                $( $on: first(&given.$on, &file.$on), )+
                $( $fn: file.$fn.clone().unwrap_or_else(|| $fv), )+
                $( $an: given.$an.clone().unwrap_or_else(|| $av), )+
                $( $bn: given.$bn.clone(), )+
                table: first(&given.db_table, &file.db_table).unwrap_or_else(|| "logs".to_owned()),
                place: place(given, file),
                filters: given.filters.clone(),
                config_file: file.config_file.clone(),
            };
            settings.format_by_ending(given)
        }

        impl Settings {
            /// These settings, overridden by another layer; its filters replace these, and the store stays.
            pub fn with(&self, given: &Layer) -> Settings {
                let settings = Settings {
                    $( $sn: given.$sn.clone().unwrap_or_else(|| self.$sn.clone()), )+
                    $( $on: first(&given.$on, &self.$on), )+
                    $( $fn: self.$fn.clone(), )+
                    $( $an: given.$an.clone().unwrap_or_else(|| self.$an.clone()), )+
                    $( $bn: first(&given.$bn, &self.$bn), )+
                    table: given.db_table.clone().unwrap_or_else(|| self.table.clone()),
                    place: self.place.clone(),
                    filters: given.filters.clone(),
                    config_file: self.config_file.clone(),
                };
                settings.format_by_ending(given)
            }
        }

        /// The file's top-level keys, and the kind of each.
        pub(super) fn keys() -> Vec<(&'static str, KeyKind)> {
            vec![
                $( ($ck, <$ct as FileValue>::kind()), )+
                $( ($sk, <$st as FileValue>::kind()), )+
                $( ($ok, <$ot as FileValue>::kind()), )+
                $( ($fk, <$ft as FileValue>::kind()), )+
            ]
        }

        /// Reads the value of a key into the layer; false if there is no such key.
        pub(super) fn read_key(
            layer: &mut Layer,
            reader: &mut DocumentReader<'_>,
            key: &str,
            line: usize,
            value: &TomlValue<'_>,
        ) -> bool {
            match key {
                $( $ck => layer.$cn = FileValue::read(reader, key, line, value), )+
                $( $sk => layer.$sn = FileValue::read(reader, key, line, value), )+
                $( $ok => layer.$on = FileValue::read(reader, key, line, value), )+
                $( $fk => layer.$fn = FileValue::read(reader, key, line, value), )+
                _ => return false,
            }
            true
        }

        /// The settings of a call that `--save-db` saves besides the connection, for the file.
        pub(super) fn saved(given: &Layer) -> Result<Vec<(&'static str, Toml)>, String> {
            let mut values = Vec::new();
            $( if let Some(value) = &given.$sn { values.push(($sk, value.toml()?)); } )+
            $( if let Some(value) = &given.$on { values.push(($ok, value.toml()?)); } )+
            Ok(values)
        }
    };
}

settings! {
    saved {
        /// Table of the name cache, as typed.
        dns_table: String = "dns".to_owned(), "dns_table";
        /// Hours until a cached name expires; 0: never.
        dns_ttl: u32 = 336, "dns_ttl";
        /// Show names instead of addresses.
        rdns: bool = false, "rdns";
        /// Headers in follow and scan.
        header: bool = true, "header";
        /// Line numbers in follow and scan.
        counter: bool = true, "counter";
        /// Count packets of the interface `lo`.
        show_lo: bool = true, "show_lo";
        /// Count accepted packets.
        show_accept: bool = true, "show_accept";
        /// The line's own time in follow and scan.
        time: bool = false, "time";
        /// How prefixes are read; a list replaces that of the layer below.
        prefixes: Vec<PrefixChoice> = vec![PrefixChoice::Named("auto".to_owned())], "prefix";
        /// Additional action words that mean 'accepted'.
        accept_actions: Vec<String> = Vec::new(), "accept_actions";
        /// Additional action words that mean 'denied'.
        deny_actions: Vec<String> = Vec::new(), "deny_actions";
        /// Databases that locate addresses.
        geoip_databases: Vec<PathBuf> = Vec::new(), "geoip_databases";
        /// Countries in follow and scan.
        geo: bool = false, "geo";
        /// Report format.
        format: Format = Format::default(), "format";
        /// Whether the output is colored.
        color: Color = Color::default(), "color";
    }
    optional {
        /// Rows per report module, 1 or more; none: what suits the format.
        limit: usize, "limit";
        /// Report modules by name, or `all`; none: the manual's five.
        modules: Vec<String>, "modules";
        /// Command that /bin/sh runs when an attack begins.
        alert_command: String, "alert_command";
    }
    connection {
        /// Host name, address, or socket path.
        db_host: String, "db_host";
        /// TCP port, 1 to 65535.
        db_port: u16, "db_port";
        /// Account name.
        db_user: String, "db_user";
        /// Its password.
        db_pass: Password, "db_pass";
        /// Database name.
        db_name: String, "db_name";
        /// Whether the connection is encrypted.
        db_tls: Tls, "db_tls";
        /// File with the certificates to trust; without `db_tls` it implies `verify`.
        db_ca: PathBuf, "db_ca";
        /// SQLite file, used instead of a server.
        db_file: PathBuf, "db_file";
        /// Logs table, as typed.
        db_table: String, "db_table";
    }
    file {
        /// Addresses and networks that are never reported as attackers, as typed.
        allow: Vec<String> = Vec::new(), "allow";
        /// Thresholds at which something counts as an attack.
        thresholds: Thresholds = Thresholds::default(), "attacks";
        /// User-defined modules.
        own_modules: Vec<OwnModule> = Vec::new(), "module";
    }
    call {
        /// Ask for the password before doing anything; overrides `db_pass`.
        ask_password: bool = false;
        /// Account that `--create-db` uses.
        admin_user: String = "root".to_owned();
        /// Ask for that account's password.
        admin_pass_i: bool = false;
        /// Lines to show before following.
        last: usize = 0;
        /// Import what was already imported.
        again: bool = false;
        /// Point out attacks in follow.
        attacks: bool = false;
        /// Hide in follow what ipta itself causes.
        no_loop: bool = false;
        /// Allow queries that write.
        write: bool = false;
        /// Ask nothing.
        yes: bool = false;
        /// No notes.
        quiet: bool = false;
    }
    call_optional {
        /// Year of a log's last line, 1970 to 9999.
        year: i16;
        /// Statements to run; none: a shell, or standard input.
        sql: String;
        /// Where a report is written; none: standard output.
        output: PathBuf;
    }
}

impl Settings {
    /// Unless the command line names a format, the extension of its output file does.
    fn format_by_ending(mut self, given: &Layer) -> Settings {
        if given.format.is_none()
            && let Some(format) = given.output.as_deref().and_then(Format::of_file)
        {
            self.format = format;
        }
        self
    }

    /// Rows per report module. A page has more than a screen.
    pub fn rows(&self) -> usize {
        self.limit.unwrap_or(if self.format == Format::Html { 200 } else { 10 })
    }
}

fn first<T: Clone>(given: &Option<T>, file: &Option<T>) -> Option<T> {
    given.clone().or_else(|| file.clone())
}

/// A host, port or database on the command line selects a server, whatever file the configuration names;
/// within the configuration, a file takes precedence over a server.
fn place(given: &Layer, file: &Layer) -> Place {
    let server_meant = given.db_host.is_some() || given.db_port.is_some() || given.db_name.is_some();
    let configured = file.db_file.as_ref().filter(|_| !server_meant);
    if let Some(path) = given.db_file.as_ref().or(configured) {
        return Place::File(path.clone());
    }
    let name = || "ipta".to_owned();
    let ca = first(&given.db_ca, &file.db_ca);
    let asks = given.db_pass.is_some() || given.ask_password == Some(true);
    Place::Server(Server {
        config_file: file.config_file.clone(),
        asks,
        named: file.db_file.is_some(),
        tls: given
            .db_tls
            .or(given.db_ca.as_ref().map(|_| Tls::Verify))
            .or(file.db_tls)
            .or(ca.as_ref().map(|_| Tls::Verify)),
        ca,
        host: first(&given.db_host, &file.db_host).unwrap_or_else(|| "localhost".into()),
        port: first(&given.db_port, &file.db_port),
        user: first(&given.db_user, &file.db_user).unwrap_or_else(name),
        pass: first(&given.db_pass, &file.db_pass).unwrap_or_else(|| Password(name())),
        database: first(&given.db_name, &file.db_name).unwrap_or_else(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_layer() -> Layer {
        Layer { db_file: Some("/srv/packets.db".into()), ..Layer::default() }
    }

    #[test]
    fn without_a_word_from_anybody_the_store_is_the_local_server() {
        let settings = merge(&Layer::default(), &Layer::default());
        let Place::Server(server) = settings.place else { panic!("a server") };
        assert_eq!((server.host.as_str(), server.port), ("localhost", None));
        assert_eq!((server.user.as_str(), server.database.as_str()), ("ipta", "ipta"));
        assert_eq!(server.pass, Password("ipta".into()));
    }

    #[test]
    fn a_host_port_or_database_on_the_command_line_overrules_a_configured_file() {
        let host = Layer { db_host: Some("db1".into()), ..Layer::default() };
        let port = Layer { db_port: Some(3307), ..Layer::default() };
        let name = Layer { db_name: Some("other".into()), ..Layer::default() };
        for given in [host, port, name] {
            assert!(matches!(merge(&given, &file_layer()).place, Place::Server(_)), "{given:?}");
        }
    }

    #[test]
    fn a_user_or_table_on_the_command_line_leaves_the_configured_file() {
        let given = Layer { db_user: Some("a".into()), db_table: Some("b".into()), ..Layer::default() };
        assert_eq!(merge(&given, &file_layer()).place, Place::File("/srv/packets.db".into()));
    }

    #[test]
    fn a_file_on_the_command_line_overrules_a_configured_server() {
        let server = Layer { db_host: Some("db1".into()), ..Layer::default() };
        assert_eq!(merge(&file_layer(), &server).place, Place::File("/srv/packets.db".into()));
    }

    #[test]
    fn the_password_is_in_no_debug_output() {
        let given = Layer { db_pass: Some(Password("hunter2".into())), ..Layer::default() };
        let settings = merge(&given, &Layer::default());
        assert!(!format!("{given:?} {settings:?}").contains("hunter2"));
    }
}
