//! The settings a command works with: two layers over the defaults.

use std::path::PathBuf;

use super::{Color, FilterText, Format, Layer, Password, Place, PrefixChoice, Server};

/// Ports where a password can be guessed: FTP, SSH, telnet, SMTP, POP3, IMAP, LDAP, SMB, the last
/// two over TLS, and the usual databases and remote desktops (IANA's registry of port numbers).
const AUTH_PORTS: [u16; 15] = [21, 22, 23, 25, 110, 143, 389, 445, 993, 995, 1433, 3306, 3389, 5432, 5900];

/// Every setting, resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The configuration file, where `--config` names it.
    pub config_file: Option<PathBuf>,
    /// Where packets are kept. If `ask_password` is set, whoever asks puts the answer in here.
    pub place: Place,
    /// Logs table, as typed.
    pub table: String,
    /// Ask for the password before anything is done.
    pub ask_password: bool,
    /// Account that `--create-db` works as.
    pub admin_user: String,
    /// Ask for that account's password.
    pub admin_pass_i: bool,
    /// `off`, `preferred`, `required` or `verify`, if somebody asked.
    pub db_tls: Option<String>,
    /// File with the certificates to trust.
    pub db_ca: Option<PathBuf>,
    /// Table of the name cache, as typed.
    pub dns_table: String,
    /// Hours a cached name stays good; 0: for ever.
    pub dns_ttl_hours: u32,
    /// Show names instead of addresses.
    pub rdns: bool,
    /// Rows of each report module, 1 or more.
    pub limit: usize,
    /// Headers in follow and scan.
    pub header: bool,
    /// Line numbers in follow and scan.
    pub counter: bool,
    /// Count packets of the interface `lo`.
    pub show_lo: bool,
    /// Count accepted packets.
    pub show_accept: bool,
    /// The line's own time in follow and scan.
    pub time: bool,
    /// Lines to show before following.
    pub last: usize,
    /// How prefixes are read.
    pub prefixes: Vec<PrefixChoice>,
    /// Further action words that mean 'let through'.
    pub accept_actions: Vec<String>,
    /// Year of a log's last line.
    pub year: Option<i16>,
    /// Filters as typed.
    pub filters: FilterText,
    /// Report modules by name, or `all`; none: the manual's five.
    pub modules: Option<Vec<String>>,
    /// How a report is written.
    pub format: Format,
    /// Where a report is written; none: standard output.
    pub output: Option<PathBuf>,
    /// Import what was imported.
    pub again: bool,
    /// Point out attacks in follow.
    pub attacks: bool,
    /// Leave out in follow what ipta itself causes.
    pub no_loop: bool,
    /// Whether the output is coloured.
    pub color: Color,
    /// Ask nothing.
    pub yes: bool,
    /// No notes.
    pub quiet: bool,
    /// Addresses and networks that are never called attackers, as typed.
    pub allow: Vec<String>,
    /// From when on something is an attack.
    pub thresholds: Thresholds,
}

/// From when on something is called an attack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Ports where a password can be guessed.
    pub auth_ports: Vec<u16>,
    /// Connections a minute to such a port.
    pub brute_force: u32,
    /// SYN packets in 10 seconds.
    pub syn_flood: u32,
    /// Ports a minute.
    pub port_scan: u32,
    /// Ports a day.
    pub slow_scan: u32,
    /// Hosts a minute.
    pub sweep: u32,
    /// Echo requests in 10 seconds.
    pub icmp_flood: u32,
}

/// Command line over file over defaults, setting by setting. The store is one setting.
pub fn merge(given: &Layer, file: &Layer) -> Settings {
    let (g, f) = (given, file);
    Settings {
        config_file: f.config_file.clone(),
        place: place(g, f),
        table: first(&g.db_table, &f.db_table).unwrap_or_else(|| "logs".into()),
        ask_password: first(&g.ask_password, &f.ask_password).unwrap_or(false),
        admin_user: first(&g.admin_user, &f.admin_user).unwrap_or_else(|| "root".into()),
        admin_pass_i: first(&g.admin_pass_i, &f.admin_pass_i).unwrap_or(false),
        db_tls: first(&g.db_tls, &f.db_tls),
        db_ca: first(&g.db_ca, &f.db_ca),
        dns_table: first(&g.dns_table, &f.dns_table).unwrap_or_else(|| "dns".into()),
        dns_ttl_hours: first(&g.dns_ttl, &f.dns_ttl).unwrap_or(336),
        rdns: first(&g.rdns, &f.rdns).unwrap_or(false),
        limit: first(&g.limit, &f.limit).unwrap_or(10),
        header: first(&g.header, &f.header).unwrap_or(true),
        counter: first(&g.counter, &f.counter).unwrap_or(true),
        show_lo: first(&g.show_lo, &f.show_lo).unwrap_or(true),
        show_accept: first(&g.show_accept, &f.show_accept).unwrap_or(true),
        time: first(&g.time, &f.time).unwrap_or(false),
        last: first(&g.last, &f.last).unwrap_or(0),
        prefixes: first(&g.prefixes, &f.prefixes).unwrap_or_else(|| vec![PrefixChoice::Named("ipt".into())]),
        accept_actions: first(&g.accept_actions, &f.accept_actions).unwrap_or_default(),
        year: first(&g.year, &f.year),
        filters: g.filters.clone(),
        modules: first(&g.modules, &f.modules),
        format: first(&g.format, &f.format).unwrap_or_default(),
        output: first(&g.output, &f.output),
        again: first(&g.again, &f.again).unwrap_or(false),
        attacks: first(&g.attacks, &f.attacks).unwrap_or(false),
        no_loop: first(&g.no_loop, &f.no_loop).unwrap_or(false),
        color: first(&g.color, &f.color).unwrap_or_default(),
        yes: first(&g.yes, &f.yes).unwrap_or(false),
        quiet: first(&g.quiet, &f.quiet).unwrap_or(false),
        allow: first(&g.allow, &f.allow).unwrap_or_default(),
        thresholds: thresholds(g, f),
    }
}

fn first<T: Clone>(given: &Option<T>, file: &Option<T>) -> Option<T> {
    given.clone().or_else(|| file.clone())
}

/// A host, port or database on the command line means a server, whatever file the configuration
/// names; within the configuration, a file beats a server.
fn place(given: &Layer, file: &Layer) -> Place {
    let server_meant = given.db_host.is_some() || given.db_port.is_some() || given.db_name.is_some();
    let configured = file.db_file.as_ref().filter(|_| !server_meant);
    if let Some(path) = given.db_file.as_ref().or(configured) {
        return Place::File(path.clone());
    }
    let name = || "ipta".to_owned();
    let asks = given.db_pass.is_some() || given.ask_password == Some(true);
    Place::Server(Server {
        config_file: file.config_file.clone(),
        asks,
        host: first(&given.db_host, &file.db_host).unwrap_or_else(|| "localhost".into()),
        port: first(&given.db_port, &file.db_port),
        user: first(&given.db_user, &file.db_user).unwrap_or_else(name),
        pass: first(&given.db_pass, &file.db_pass).unwrap_or_else(|| Password(name())),
        database: first(&given.db_name, &file.db_name).unwrap_or_else(name),
    })
}

fn thresholds(given: &Layer, file: &Layer) -> Thresholds {
    let (g, f) = (&given.thresholds, &file.thresholds);
    Thresholds {
        auth_ports: first(&g.auth_ports, &f.auth_ports).unwrap_or_else(|| AUTH_PORTS.to_vec()),
        brute_force: first(&g.brute_force, &f.brute_force).unwrap_or(5),
        syn_flood: first(&g.syn_flood, &f.syn_flood).unwrap_or(200),
        port_scan: first(&g.port_scan, &f.port_scan).unwrap_or(15),
        slow_scan: first(&g.slow_scan, &f.slow_scan).unwrap_or(15),
        sweep: first(&g.sweep, &f.sweep).unwrap_or(15),
        icmp_flood: first(&g.icmp_flood, &f.icmp_flood).unwrap_or(100),
    }
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
