//! Connecting to a server, and what its refusals mean.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mysql::{Conn, DriverError, Error, Opts, OptsBuilder};

use super::codes;
use super::tls::{self, Encryption};
use super::words::one_line;
use crate::config::{Server, Tls};
use crate::store::StoreError;

const DEFAULT_PORT: u16 = 3306;

/// How long a server may take to complete a login.
const LIMIT: Duration = Duration::from_secs(10);

/// Where servers put their socket: Debian, Fedora, others; the server's own default.
const SOCKETS: [&str; 4] = [
    "/run/mysqld/mysqld.sock",
    "/var/run/mysqld/mysqld.sock",
    "/var/lib/mysql/mysql.sock",
    "/tmp/mysql.sock",
];

/// Why a server could not be used.
pub(super) enum Refusal {
    /// No answer; every address tried, with its reason.
    NoServer(Vec<String>),
    /// It answers and refuses, or is not a database server.
    Refused(Box<Error>),
    /// Its certificate could not be checked, because of a problem on this machine.
    NoCertificates(String),
}

enum Address {
    Socket(String),
    Tcp(String, u16),
}

impl Address {
    fn shown(&self) -> String {
        match self {
            Address::Socket(path) => path.clone(),
            Address::Tcp(host, port) if host.contains(':') => format!("[{host}]:{port}"),
            Address::Tcp(host, port) => format!("{host}:{port}"),
        }
    }
}

/// Connects, with or without the server's database as the default.
///
/// For `localhost` the driver tries TCP first, which would miss a server without networking, or an account
/// that may only use the socket. So each address is tried here separately.
pub(super) fn connect(server: &Server, with_database: bool) -> Result<Conn, Refusal> {
    connect_and(server, with_database, |_| Ok(()))
}

/// Connects and runs the first statements, all within the time limit.
pub(super) fn connect_and(
    server: &Server,
    with_database: bool,
    settle: fn(&mut Conn) -> Result<(), Error>,
) -> Result<Conn, Refusal> {
    let encryption = Encryption::of(server).map_err(Refusal::NoCertificates)?;
    let mut tried = Vec::new();
    for address in addresses(server) {
        let attempt = |encryption| within_limit(options(server, &address, with_database, encryption), settle);
        let outcome = match (attempt(&encryption), &encryption) {
            (Some(Err(Error::DriverError(DriverError::TlsNotSupported))), Encryption::Offered(_)) => {
                attempt(&Encryption::Off)
            }
            (outcome, _) => outcome,
        };
        match outcome {
            None => tried.push(format!("{} (no answer in {} seconds)", address.shown(), LIMIT.as_secs())),
            Some(Ok(conn)) => return Ok(conn),
            Some(Err(error)) if unreachable(&error) => {
                tried.push(format!("{} ({})", address.shown(), reason(&error)));
            }
            Some(Err(error)) => return Err(Refusal::Refused(Box::new(error))),
        }
    }
    Err(Refusal::NoServer(tried))
}

/// Connects on a thread of its own, and abandons it if no reply comes: something that is not a database
/// server may accept the connection and wait forever for us to speak first; and a server may stall after
/// login.
fn within_limit(options: Opts, settle: fn(&mut Conn) -> Result<(), Error>) -> Option<Result<Conn, Error>> {
    let (tell, answer) = mpsc::channel();
    thread::spawn(move || {
        let settled = Conn::new(options).and_then(|mut conn| settle(&mut conn).map(|()| conn));
        let _ = tell.send(settled);
    });
    answer.recv_timeout(LIMIT).ok()
}

fn addresses(server: &Server) -> Vec<Address> {
    if server.host.starts_with('/') {
        return vec![Address::Socket(server.host.clone())];
    }
    if server.host != "localhost" || server.port.is_some() {
        let host = match server.host.as_str() {
            // A certificate is issued for the name.
            "localhost" if server.tls != Some(Tls::Verify) => "127.0.0.1",
            host => host.trim_start_matches('[').trim_end_matches(']'),
        };
        return vec![Address::Tcp(host.to_owned(), server.port.unwrap_or(DEFAULT_PORT))];
    }
    let named = std::env::var("MYSQL_UNIX_PORT").ok().filter(|path| !path.is_empty());
    let mut seen = Vec::new();
    let mut found: Vec<Address> = named.iter().cloned().map(Address::Socket).collect();
    for socket in SOCKETS {
        // /var/run is a symlink to /run on most systems.
        let Ok(real) = Path::new(socket).canonicalize() else {
            continue;
        };
        if !seen.contains(&real) {
            seen.push(real);
            found.push(Address::Socket(socket.to_owned()));
        }
    }
    if found.is_empty() {
        // Listed anyway, so that the message shows where we looked.
        found.push(Address::Socket(SOCKETS[0].to_owned()));
    }
    found.push(Address::Tcp("127.0.0.1".to_owned(), DEFAULT_PORT));
    found
}

fn options(server: &Server, address: &Address, with_database: bool, encryption: &Encryption) -> Opts {
    let options = OptsBuilder::new()
        .user(Some(&server.user))
        .pass(Some(&server.pass.0))
        .db_name(with_database.then_some(&server.database))
        .prefer_socket(false)
        .tcp_connect_timeout(Some(LIMIT))
        // A server that vanished silently is noticed after about two minutes, whether reading or writing. No
        // read timeout: a long query is silent for a long time.
        .tcp_user_timeout_ms(Some(120_000))
        .tcp_keepalive_time_ms(Some(60_000))
        .tcp_keepalive_probe_interval_secs(Some(15))
        .tcp_keepalive_probe_count(Some(4));
    let options = match address {
        Address::Socket(path) => options.socket(Some(path)),
        Address::Tcp(host, port) => {
            let options = options.ip_or_hostname(Some(host)).tcp_port(*port);
            match encryption {
                Encryption::Off => options,
                Encryption::Offered(how) | Encryption::Demanded(how) => options.ssl_opts(Some(how.clone())),
            }
        }
    };
    options.into()
}

fn unreachable(error: &Error) -> bool {
    !tls::is_about_tls(error)
        && matches!(
            error,
            Error::IoError(_)
                | Error::DriverError(DriverError::CouldNotConnect(_) | DriverError::ConnectTimeout)
        )
}

fn reason(error: &Error) -> String {
    match error {
        Error::DriverError(DriverError::CouldNotConnect(Some((_, text, _)))) => {
            text.split(" (os error").next().unwrap_or(text).to_lowercase()
        }
        Error::DriverError(DriverError::ConnectTimeout) => {
            format!("no answer in {} seconds", LIMIT.as_secs())
        }
        Error::IoError(error) => format!("it closed the connection: {error}"),
        other => other.to_string(),
    }
}

/// The message for a server that could not be used.
pub(super) fn refused(server: &Server, refusal: Refusal) -> StoreError {
    let (host, user, database) = (&server.host, &server.user, &server.database);
    let create_db = format!("{} --create-db", server.command());
    let error = match refusal {
        Refusal::NoServer(tried) => {
            return StoreError::Failed(format!(
                "no database server answers at {host}: tried {}\n  \
                 once a server is running:  {create_db}\n  \
                 to start without a server: ipta --db-file ~/packets.db --create-table --save-db",
                tried.join(", ")
            ));
        }
        Refusal::NoCertificates(reason) => return StoreError::Failed(reason),
        Refusal::Refused(error) => *error,
    };
    let kind = match &error {
        Error::MySqlError(e) if matches!(e.code, codes::ACCESS_DENIED | codes::ACCESS_DENIED_NO_PASSWORD) => {
            StoreError::Refused
        }
        _ => StoreError::Failed,
    };
    kind(match &error {
        Error::MySqlError(e) => match e.code {
            codes::ACCESS_DENIED | codes::ACCESS_DENIED_NO_PASSWORD => {
                let password = match server.pass.0.as_str() {
                    "ipta" => "its password is not the default one (-pi asks for it)",
                    _ => "the password (-p, -pi) is wrong",
                };
                let tls = match host.starts_with('/') || host == "localhost" {
                    true => "",
                    false => ", or it accepts only encrypted connections (--db-tls required)",
                };
                format!(
                    "the server at {host} denied access to user '{user}'. Perhaps {password}, the user (-u) is wrong, or \
                     the account does not exist yet ('{create_db}' creates it){tls}"
                )
            }
            codes::DBACCESS_DENIED => format!(
                "user '{user}' is not allowed to use the database '{database}' at {host}: '{create_db}' grants \
                 access, or name another with -d"
            ),
            codes::BAD_DB => format!(
                "there is no database '{database}' at {host}: '{create_db}' creates it, or name another with -d"
            ),
            codes::CON_COUNT_ERROR => {
                format!("the server at {host} has too many connections: try again later")
            }
            codes::SECURE_TRANSPORT_REQUIRED => format!(
                "the server at {host} accepts only encrypted connections: give --db-tls required or verify"
            ),
            codes::HOST_IS_BLOCKED | codes::HOST_NOT_PRIVILEGED => format!(
                "the server at {host} accepts no connections from this machine: {}",
                one_line(&e.message)
            ),
            _ => format!(
                "the server at {host} refused the connection: {} (error {})",
                one_line(&e.message),
                e.code
            ),
        },
        Error::DriverError(DriverError::UnknownAuthPlugin(plugin)) => format!(
            "the server at {host} denied access to user '{user}': it asks for the login method '{}', which ipta \
             does not support. MySQL also asks for it if the account does not exist: '{create_db}' creates the \
             account; an existing one needs a password login (mysql_native_password, ed25519 or caching_sha2_password)",
            one_line(plugin)
        ),
        Error::DriverError(DriverError::TlsNotSupported) => format!(
            "the server at {host} offers no TLS: set it up there, or connect in the clear with --db-tls off"
        ),
        e if tls::is_about_tls(e) => tls::failed(host, e),
        _ => format!("what answers at {host} is not a MySQL or MariaDB server: check -h and --db-port"),
    })
}

/// Whether an error means that the connection is gone.
pub(super) fn gone(error: &Error) -> bool {
    match error {
        Error::IoError(_) | Error::CodecError(_) | Error::DriverError(_) => true,
        // Shutdown, killed connection, gone away, lost; network read and write errors.
        Error::MySqlError(e) => matches!(
            e.code,
            codes::SERVER_SHUTDOWN | codes::NET_READ_ERROR
                ..=codes::NET_WRITE_INTERRUPTED
                    | codes::CONNECTION_KILLED
                    | codes::CR_SERVER_GONE
                    | codes::CR_SERVER_LOST
        ),
        _ => false,
    }
}

/// The message for a statement that failed.
pub(super) fn failed(server: &Server, doing: &str, error: &Error) -> StoreError {
    let (host, user, database) = (&server.host, &server.user, &server.database);
    let create_db = format!("{} --create-db", server.command());
    let kind = match error {
        Error::MySqlError(e) => match e.code {
            codes::TABLEACCESS_DENIED..=codes::ILLEGAL_GRANT_FOR_TABLE
            | codes::DBACCESS_DENIED
            | codes::SPECIFIC_ACCESS_DENIED
            | codes::PROCACCESS_DENIED => StoreError::NoRight,
            codes::LOCK_WAIT_TIMEOUT | codes::LOCK_DEADLOCK => StoreError::Conflict,
            _ => StoreError::Failed,
        },
        _ => StoreError::Failed,
    };
    kind(match error {
        e if gone(e) => format!(
            "the server at {host} went away while ipta was {doing}: check that it is running, then run ipta again"
        ),
        Error::MySqlError(e) => match e.code {
            codes::TABLEACCESS_DENIED..=codes::ILLEGAL_GRANT_FOR_TABLE
            | codes::DBACCESS_DENIED
            | codes::SPECIFIC_ACCESS_DENIED
            | codes::PROCACCESS_DENIED => format!(
                "user '{user}' lacks a privilege needed for {doing} in database '{database}' ({}): \
                 '{create_db}' grants it",
                one_line(&e.message)
            ),
            codes::DISK_FULL | codes::RECORD_FILE_FULL | codes::DISK_FULL_NOWAIT => format!(
                "the disk of the server at {host} is full ({}): make room, then run ipta again",
                one_line(&e.message)
            ),
            codes::LOCK_WAIT_TIMEOUT | codes::LOCK_DEADLOCK => format!(
                "another session held a lock for too long while ipta was {doing} in database '{database}': \
                 this step changed nothing; run ipta again"
            ),
            codes::UNKNOWN_COM => format!(
                "the server at {host} is a node of a Galera cluster and not ready ({}): check the state of the \
                 cluster, or name another node with -h",
                one_line(&e.message)
            ),
            codes::UNKNOWN_ERROR if e.message.to_ascii_lowercase().contains("writeset size") => format!(
                "the server at {host} is a node of a Galera cluster, and this import is larger than its \
                 wsrep_max_ws_size: nothing was stored; import from a file, which is stored in parts, or raise \
                 the limit"
            ),
            codes::ERROR_DURING_COMMIT => format!(
                "the server at {host} could not commit while ipta was {doing} ({}): nothing of this transaction was stored",
                one_line(&e.message)
            ),
            codes::OPTION_PREVENTS_STATEMENT => {
                format!("the server at {host} does not allow {doing}: {}", one_line(&e.message))
            }
            codes::CANT_EXECUTE_IN_READ_ONLY_TRANSACTION | codes::READ_ONLY_MODE => {
                format!("the server at {host} is read-only: {}", one_line(&e.message))
            }
            codes::QUERY_INTERRUPTED => format!(
                "the query was killed on the server at {host} (KILL QUERY) while ipta was {doing}: run ipta again"
            ),
            codes::NET_PACKET_TOO_LARGE => {
                format!("max_allowed_packet of the server at {host} is too small: raise it to 64K or more")
            }
            _ => format!(
                "database '{database}' at {host}, while {doing}: {} (error {})",
                one_line(&e.message),
                e.code
            ),
        },
        other => format!("database '{database}' at {host}, while {doing}: {}", one_line(&other.to_string())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Password;

    fn server(host: &str, port: Option<u16>) -> Server {
        Server {
            host: host.to_owned(),
            port,
            user: "ipta".to_owned(),
            pass: Password("secret".to_owned()),
            database: "ipta".to_owned(),
            tls: None,
            ca: None,
            config_file: None,
            asks: false,
            named: false,
        }
    }

    fn tried(host: &str, port: Option<u16>) -> Vec<String> {
        addresses(&server(host, port)).iter().map(Address::shown).collect()
    }

    #[test]
    fn localhost_means_sockets_first_then_tcp() {
        let tried = tried("localhost", None);
        assert!(tried.len() >= 2 && tried[0].starts_with('/'), "{tried:?}");
        assert_eq!(tried.last().map(String::as_str), Some("127.0.0.1:3306"));
    }

    #[test]
    fn a_port_or_another_host_means_tcp_alone() {
        assert_eq!(tried("localhost", Some(3307)), ["127.0.0.1:3307"]);
        assert_eq!(tried("127.0.0.1", None), ["127.0.0.1:3306"]);
        assert_eq!(tried("db.example.net", None), ["db.example.net:3306"]);
        assert_eq!(tried("2001:db8::1", None), ["[2001:db8::1]:3306"]);
    }

    #[test]
    fn a_path_means_that_socket_alone() {
        assert_eq!(tried("/srv/my.sock", Some(3307)), ["/srv/my.sock"]);
    }
}
