//! Every setting in every layer: default, file, command line.

use super::call;
use crate::config::{Choice, Place, PrefixChoice, Server, Settings, load, merge};

struct Row {
    setting: &'static str,
    /// A line of the file, or nothing if the setting has no key.
    file: &'static str,
    /// What the command line says, or nothing if it has no option for it.
    args: &'static str,
    show: fn(&Settings) -> String,
    /// As shown by default, with the file, and with file and command line.
    expected: [&'static str; 3],
}

fn server(settings: &Settings) -> Option<&Server> {
    match &settings.place {
        Place::Server(server) => Some(server),
        Place::File(_) => None,
    }
}

fn of_server(settings: &Settings, show: fn(&Server) -> String) -> String {
    server(settings).map_or_else(|| "a file".to_owned(), show)
}

fn store(settings: &Settings) -> String {
    match &settings.place {
        Place::Server(server) => format!("server {}", server.host),
        Place::File(file) => format!("file {}", file.display()),
    }
}

fn prefixes(settings: &Settings) -> String {
    let name = |choice: &PrefixChoice| match choice {
        PrefixChoice::Named(name) => name.clone(),
        PrefixChoice::Rule { pattern, .. } => format!("rule {pattern}"),
    };
    settings.prefixes.iter().map(name).collect::<Vec<_>>().join(" ")
}

fn option<T: ToString>(value: &Option<T>) -> String {
    value.as_ref().map_or_else(|| "-".to_owned(), T::to_string)
}

fn row(
    setting: &'static str,
    file: &'static str,
    args: &'static str,
    show: fn(&Settings) -> String,
    expected: [&'static str; 3],
) -> Row {
    Row { setting, file, args, show, expected }
}

fn rows() -> Vec<Row> {
    let ports = "21 22 23 25 110 143 389 445 993 995 1433 3306 3389 5432 5900";
    vec![
        row(
            "db_host",
            "db_host = 'f'",
            "-h c",
            |s| of_server(s, |s| s.host.clone()),
            ["localhost", "f", "c"],
        ),
        row("db_port", "db_port = 1", "--db-port 2", |s| of_server(s, |s| option(&s.port)), ["-", "1", "2"]),
        row("db_user", "db_user = 'f'", "-u c", |s| of_server(s, |s| s.user.clone()), ["ipta", "f", "c"]),
        row("db_pass", "db_pass = 'f'", "-p c", |s| of_server(s, |s| s.pass.0.clone()), ["ipta", "f", "c"]),
        row("db_name", "db_name = 'f'", "-d c", |s| of_server(s, |s| s.database.clone()), ["ipta", "f", "c"]),
        row("db_table", "db_table = 'f'", "-t c", |s| s.table.clone(), ["logs", "f", "c"]),
        row("db_file", "db_file = '/f'", "--db-file /c", store, ["server localhost", "file /f", "file /c"]),
        row("store", "db_file = '/f'", "-h c", store, ["server localhost", "file /f", "server c"]),
        row(
            "db_tls",
            "db_tls = 'off'",
            "--db-tls verify",
            |s| of_server(s, |s| option(&s.tls.map(Choice::word))),
            ["-", "off", "verify"],
        ),
        row(
            "db_ca",
            "db_ca = '/f'",
            "--db-ca /c",
            |s| of_server(s, |s| format!("{:?}", s.ca)),
            ["None", "Some(\"/f\")", "Some(\"/c\")"],
        ),
        row("ask_password", "", "-pi", |s| s.ask_password.to_string(), ["false", "false", "true"]),
        row("admin_user", "", "--admin-user c", |s| s.admin_user.clone(), ["root", "root", "c"]),
        row("admin_pass_i", "", "--admin-pass-i", |s| s.admin_pass_i.to_string(), ["false", "false", "true"]),
        row("dns_table", "dns_table = 'f'", "--dns-table c", |s| s.dns_table.clone(), ["dns", "f", "c"]),
        row("dns_ttl", "dns_ttl = 1", "--ttl 0", |s| s.dns_ttl.to_string(), ["336", "1", "0"]),
        row("rdns", "rdns = true", "--no-rdns", |s| s.rdns.to_string(), ["false", "true", "false"]),
        row("limit", "limit = 5", "-l 6", |s| s.rows().to_string(), ["10", "5", "6"]),
        row("header", "header = false", "--header", |s| s.header.to_string(), ["true", "false", "true"]),
        row("counter", "counter = false", "--counter", |s| s.counter.to_string(), ["true", "false", "true"]),
        row("show_lo", "show_lo = false", "--local", |s| s.show_lo.to_string(), ["true", "false", "true"]),
        row(
            "show_accept",
            "show_accept = false",
            "--accept",
            |s| s.show_accept.to_string(),
            ["true", "false", "true"],
        ),
        row("time", "time = true", "--no-time", |s| s.time.to_string(), ["false", "true", "false"]),
        row("prefix", "prefix = ['f', 'g']", "-i x --prefix c", prefixes, ["auto", "f g", "c"]),
        row(
            "[[prefix]]",
            "[[prefix]]\npattern='f'\naction='A'",
            "-i x --prefix c",
            prefixes,
            ["auto", "rule f", "c"],
        ),
        row(
            "accept_actions",
            "accept_actions = ['f']",
            "--accept-action c,d",
            |s| s.accept_actions.join(" "),
            ["", "f", "c d"],
        ),
        row(
            "deny_actions",
            "deny_actions = ['f']",
            "--deny-action c,d",
            |s| s.deny_actions.join(" "),
            ["", "f", "c d"],
        ),
        row(
            "modules",
            "modules = ['f']",
            "--modules c,d",
            |s| s.modules.as_ref().map_or_else(|| "-".into(), |m| m.join(" ")),
            ["-", "f", "c d"],
        ),
        row(
            "geoip_databases",
            "geoip_databases = ['/f']",
            "--geoip-database /c --geoip-database /d",
            |s| format!("{:?}", s.geoip_databases),
            ["[]", "[\"/f\"]", "[\"/c\", \"/d\"]"],
        ),
        row("geo", "geo = true", "--no-geo", |s| s.geo.to_string(), ["false", "true", "false"]),
        row("format", "format = 'csv'", "--format html", |s| s.format.word().into(), ["text", "csv", "html"]),
        row(
            "color",
            "color = 'never'",
            "--color always",
            |s| s.color.word().into(),
            ["auto", "never", "always"],
        ),
        row(
            "allow",
            "allow = ['192.0.2.0/24']",
            "",
            |s| s.allow.join(" "),
            ["", "192.0.2.0/24", "192.0.2.0/24"],
        ),
        row(
            "auth_ports",
            "[attacks]\nauth_ports = [22]",
            "",
            |s| s.thresholds.auth_ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" "),
            [ports, "22", "22"],
        ),
        row(
            "brute_force",
            "[attacks]\nbrute_force = 1",
            "",
            |s| s.thresholds.brute_force.to_string(),
            ["5", "1", "1"],
        ),
        row(
            "syn_flood",
            "[attacks]\nsyn_flood = 2",
            "",
            |s| s.thresholds.syn_flood.to_string(),
            ["200", "2", "2"],
        ),
        row(
            "port_scan",
            "[attacks]\nport_scan = 3",
            "",
            |s| s.thresholds.port_scan.to_string(),
            ["15", "3", "3"],
        ),
        row(
            "slow_scan",
            "[attacks]\nslow_scan = 4",
            "",
            |s| s.thresholds.slow_scan.to_string(),
            ["15", "4", "4"],
        ),
        row("sweep", "[attacks]\nsweep = 5", "", |s| s.thresholds.sweep.to_string(), ["15", "5", "5"]),
        row(
            "icmp_flood",
            "[attacks]\nicmp_flood = 6",
            "",
            |s| s.thresholds.icmp_flood.to_string(),
            ["100", "6", "6"],
        ),
        row("last", "", "-f x --last 3", |s| s.last.to_string(), ["0", "0", "3"]),
        row("year", "", "-i x --year 2024", |s| option(&s.year), ["-", "-", "2024"]),
        row("since", "", "--since c", |s| option(&s.filters.since), ["-", "-", "c"]),
        row("until", "", "--until c", |s| option(&s.filters.until), ["-", "-", "c"]),
        row("src", "", "--src a --src b", |s| s.filters.src.join(" "), ["", "", "a b"]),
        row("dst", "", "--dst a,b", |s| s.filters.dst.join(" "), ["", "", "a b"]),
        row("sport", "", "--sport 1", |s| s.filters.sport.join(" "), ["", "", "1"]),
        row("dport", "", "--dport 2", |s| s.filters.dport.join(" "), ["", "", "2"]),
        row("proto", "", "--proto tcp", |s| s.filters.proto.join(" "), ["", "", "tcp"]),
        row("action", "", "--action DROP", |s| s.filters.action.join(" "), ["", "", "DROP"]),
        row("iface", "", "--iface eth0", |s| s.filters.iface.join(" "), ["", "", "eth0"]),
        row("log_host", "", "--log-host fw1", |s| s.filters.log_host.join(" "), ["", "", "fw1"]),
        row("output", "", "--output /c", |s| format!("{:?}", s.output), ["None", "None", "Some(\"/c\")"]),
        row("again", "", "--again", |s| s.again.to_string(), ["false", "false", "true"]),
        row("attacks", "", "-f x --attacks", |s| s.attacks.to_string(), ["false", "false", "true"]),
        row("no_loop", "", "-f x --no-loop", |s| s.no_loop.to_string(), ["false", "false", "true"]),
        row("yes", "", "--yes", |s| s.yes.to_string(), ["false", "false", "true"]),
        row("quiet", "", "--quiet", |s| s.quiet.to_string(), ["false", "false", "true"]),
    ]
}

#[test]
fn every_setting_in_every_layer() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("conf");
    for row in rows() {
        std::fs::write(&path, row.file).expect("write");
        let (file, _) = load(&path, true).unwrap_or_else(|e| panic!("{}: {e}", row.setting)).expect("there");
        let stands_alone = row.args.contains("-f ");
        let line = if stands_alone { row.args.to_owned() } else { format!("-a {}", row.args) };
        let given = call(&line).unwrap_or_else(|stop| panic!("{}: {stop:?}", row.setting)).given;
        let nothing = Default::default();
        let found =
            [merge(&nothing, &nothing), merge(&nothing, &file), merge(&given, &file)].map(|s| (row.show)(&s));
        assert_eq!(found, row.expected, "{}", row.setting);
    }
}
