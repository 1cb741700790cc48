//! Servers already running, or started by a script: IPTA_TEST_SERVER.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use ipta::exports::config::Server as Account;

use super::{Address, Server};
use crate::process::project;

/// The nodes of a cluster: those IPTA_TEST_SERVER names, or three of our own.
pub fn nodes() -> &'static [Server] {
    static NODES: OnceLock<(Vec<Server>, Option<Child>)> = OnceLock::new();
    let begin = || match given() {
        Some(words) => (words.iter().map(|word| Server::given(word)).collect(), None),
        None => {
            let (nodes, shell) = cluster();
            (nodes, Some(shell))
        }
    };
    &NODES.get_or_init(begin).0
}

/// Starts a cluster that ends when its standard input does: with this process.
fn cluster() -> (Vec<Server>, Child) {
    let mut script = Command::new(project("tests/servers.sh"));
    script.arg("galera").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut shell = script.spawn().expect("start tests/servers.sh");
    let out = BufReader::new(shell.stdout.take().expect("a pipe"));
    let nodes = out.lines().take(3).map(|line| {
        let line = line.expect("reads");
        Server::given(line.split(' ').next().unwrap_or_default())
    });
    (nodes.collect(), shell)
}

pub(super) fn given() -> Option<Vec<String>> {
    let words = std::env::var("IPTA_TEST_SERVER").ok().filter(|words| !words.is_empty())?;
    Some(words.split(',').map(str::to_owned).collect())
}

impl Server {
    /// A server already running: a socket or HOST:PORT.
    pub(super) fn given(word: &str) -> Server {
        let tcp = || {
            let (host, port) = word.rsplit_once(':')?;
            Some((host.to_owned(), port.parse().ok()?))
        };
        let address = match tcp() {
            Some((host, port)) => Address::Tcp(host, port),
            None => Address::Socket(PathBuf::from(word)),
        };
        let port = match address {
            Address::Tcp(_, port) => Some(port),
            Address::Socket(_) => None,
        };
        let server = Server { address, port, own: None };
        if let Err(error) = server.root(None) {
            panic!("IPTA_TEST_SERVER: nobody lets root in at {word}: {error}");
        }
        server
    }

    /// The same account on another node of its cluster, which already knows it.
    pub fn account_here(&self, account: &Account) -> Account {
        // With wsrep_sync_wait, the answer is as new as the account.
        self.sql("", "SELECT COUNT(*) FROM mysql.user");
        Account { host: self.host(), port: self.port, ..account.clone() }
    }
}
