//! Servers not set up the way ipta would like: the import is just as exact there.

use std::sync::OnceLock;

use crate::harness::Server;
use crate::process::{TestDir, TestStore, account_options, end, line, lines};

/// A server with these settings, started once per process.
fn server(cell: &'static OnceLock<Server>, on_tcp: bool, arguments: &[&str]) -> &'static Server {
    cell.get_or_init(|| match on_tcp {
        true => Server::start_on_tcp(arguments),
        false => Server::start(arguments),
    })
}

/// What every server must handle: texts with every quote, more rows than one statement takes, the ledger,
/// clear and drop.
fn holds_everything(server: &'static Server) {
    let db = TestStore::on(server);
    let quotes = line(50_000).replace("IPT: DROP", r#"IPT: D"R'O\P`%_"#);
    db.dir.write("a.log", lines(0..5000) + &quotes);
    db.import(["a.log"]).says(["5001 packets stored"]);
    assert_eq!(db.rows(), 5001);
    assert_eq!(db.number(r#"SELECT COUNT(*) FROM logs WHERE HEX(action) = '442252274F5C50602555F'"#), 0);
    let bytes: String = r#"D"R'O\P`%_"#.bytes().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(db.number(&format!("SELECT COUNT(*) FROM logs WHERE HEX(action) = '{bytes}'")), 1);
    db.dir.append("a.log", lines(5000..5100));
    db.import(["a.log"]).says(["100 new"]);
    assert_eq!(db.rows(), 5101);
    db.import(["a.log"]).says(["0 new"]);
    let direct = db.dir.ipta(["-a", "a.log", "-l", "9999"]).fine().out;
    assert_eq!(db.ipta(["-a", "-l", "9999"]).fine().out, direct);
    db.ipta(["-c"]).fine();
    assert_eq!(db.rows(), 0);
    db.import(["a.log"]).says(["5101 packets stored"]);
    assert_eq!(db.rows(), 5101);
    db.ipta(["-dt", "logs"]).fine();
    end(server);
}

#[test]
fn without_load_data_local() {
    static SERVER: OnceLock<Server> = OnceLock::new();
    holds_everything(server(&SERVER, false, &["--local-infile=0"]));
}

#[test]
fn with_small_packets() {
    static SERVER: OnceLock<Server> = OnceLock::new();
    holds_everything(server(&SERVER, false, &["--local-infile=0", "--max-allowed-packet=16384"]));
}

#[test]
fn with_small_packets_and_load_data_local() {
    static SERVER: OnceLock<Server> = OnceLock::new();
    holds_everything(server(&SERVER, false, &["--max-allowed-packet=16384"]));
}

#[test]
fn with_packets_too_small_for_a_statement() {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let server = server(&SERVER, false, &["--max-allowed-packet=8192", "--net-buffer-length=1024"]);
    let account = server.fresh_database();
    let mut arguments = account_options(&account);
    arguments.push("-lt".to_owned());
    TestDir::new().ipta(arguments).refused(1).says(["8192 bytes", "max_allowed_packet"]);
    end(server);
}

#[test]
fn without_backslash_escapes() {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let mode = "--sql-mode=NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES";
    holds_everything(server(&SERVER, false, &["--local-infile=0", mode]));
}

#[test]
fn without_backslash_escapes_and_with_load_data_local() {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let mode = "--sql-mode=NO_BACKSLASH_ESCAPES,ANSI_QUOTES,STRICT_ALL_TABLES";
    holds_everything(server(&SERVER, false, &[mode]));
}

#[test]
fn over_tcp() {
    static SERVER: OnceLock<Server> = OnceLock::new();
    holds_everything(server(&SERVER, true, &[]));
}
