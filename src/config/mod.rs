//! Settings: the layers they come from, and the connection they describe.
//!
//! Owns the precedence of command line, `~/.ipta-conf` and defaults. Knows nothing of clap, and
//! nothing of what the settings are used for.

use std::fmt;
use std::path::PathBuf;

/// A password: in no message and in no debug output.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(...)")
    }
}

/// A MySQL or MariaDB server and the account used on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Host name, address, or the path of a socket (begins with `/`).
    pub host: String,
    /// TCP port; none if nobody named one, then 3306, and for `localhost` the socket comes first.
    pub port: Option<u16>,
    /// Account name.
    pub user: String,
    /// Its password.
    pub pass: Password,
    /// Database name.
    pub database: String,
}

/// Where packets are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A server.
    Server(Server),
    /// One SQLite file.
    File(PathBuf),
}
