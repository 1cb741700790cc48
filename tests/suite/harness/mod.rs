//! Database servers: private ones, each in its own folder, on a socket, gone with the test process; or
//! those IPTA_TEST_SERVER names.
//!
//! IPTA_TEST_SERVER is a socket or HOST:PORT, or several of one cluster, separated by commas, each with an
//! administrator `root` (password, if any, in IPTA_TEST_PASSWORD). IPTA_TEST_MYSQLD is the program private
//! servers run, if not the installed one.
//!
//! A static is never dropped, and a test process may be killed. So a small shell sits in between: it holds
//! the read end of a pipe whose write end is ours alone, and when that end closes, for whatever reason, it
//! kills the server and removes the folder.

mod given;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use ipta::exports::config::{Password, Server as Account};
use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder, Row, Value};

pub use given::nodes;

/// Kills the server at the end of the pipe, or on the word `stop`; removes the folder too, but only at the
/// end of the pipe. $1 is the folder, the rest the server's command.
const KEEPER: &str = r#"
trap '' INT TERM HUP
folder=$1; shift
"$@" >"$folder/log" 2>&1 </dev/null &
server=$!
echo "$server"
read -r word || word=end
kill -9 "$server"
wait "$server" 2>/dev/null
if [ "$word" = end ]; then rm -rf "$folder"; fi
"#;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// A server: a private one, running or killed, or one that was already there.
pub struct Server {
    address: Address,
    /// The TCP port, if accounts connect by TCP.
    port: Option<u16>,
    own: Option<Own>,
}

enum Address {
    Socket(PathBuf),
    Tcp(String, u16),
}

/// What makes a server private.
struct Own {
    folder: PathBuf,
    arguments: Vec<String>,
    keeper: Mutex<Option<Keeper>>,
}

struct Keeper {
    shell: Child,
    /// When it closes, the server ends.
    pipe: ChildStdin,
}

/// The server most tests share.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| match given::given().as_deref() {
        Some([first, ..]) => Server::given(first),
        _ => Server::start(&[]),
    })
}

/// Records a kill, a count or a wrong count in the file IPTA_TEST_TALLY, for the matrix's table.
pub fn tally(word: &str) {
    if let Some(path) = std::env::var_os("IPTA_TEST_TALLY") {
        let file = fs::OpenOptions::new().append(true).create(true).open(path);
        file.and_then(|mut file| writeln!(file, "{word}")).expect("writes the tally");
    }
}

impl Server {
    /// Starts another server, with its own data and these arguments besides the usual ones.
    pub fn start(arguments: &[&str]) -> Server {
        Server::begin(arguments, None)
    }

    /// The same, also listening on a free port of 127.0.0.1.
    pub fn start_on_tcp(arguments: &[&str]) -> Server {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        Server::begin(arguments, Some(free.expect("a free port").port()))
    }

    fn begin(arguments: &[&str], port: Option<u16>) -> Server {
        let folder = short_folder();
        initialize(&folder);
        let server = Server {
            address: Address::Socket(folder.join("s")),
            port,
            own: Some(Own {
                folder,
                arguments: arguments.iter().map(|&a| a.to_owned()).collect(),
                keeper: Mutex::new(None),
            }),
        };
        server.restart();
        server
    }

    /// Where it listens, as `-h` takes it.
    fn host(&self) -> String {
        match &self.address {
            Address::Socket(path) => path.display().to_string(),
            Address::Tcp(host, _) => host.clone(),
        }
    }

    /// The path of its socket.
    pub fn socket(&self) -> PathBuf {
        PathBuf::from(self.host())
    }

    fn own(&self) -> &Own {
        self.own.as_ref().expect("a private server: this one was there before")
    }

    /// Kills it (SIGKILL), as a power cut would; its data stays.
    pub fn kill(&self) {
        let Some(mut keeper) = self.own().keeper().take() else {
            return;
        };
        keeper.pipe.write_all(b"stop\n").expect("tell the keeper");
        keeper.shell.wait().expect("the keeper ends");
    }

    /// Stops it (SIGSTOP) until [`Server::proceed`]: it accepts connections and says nothing.
    pub fn pause(&self) {
        self.signal(rustix::process::Signal::STOP);
    }

    /// Lets it continue.
    pub fn proceed(&self) {
        self.signal(rustix::process::Signal::CONT);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = fs::read_to_string(self.own().folder.join("pid")).expect("the server wrote its pid");
        let pid = rustix::process::Pid::from_raw(pid.trim().parse().expect("a number")).expect("a process");
        rustix::process::kill_process(pid, signal).expect("is there");
    }

    /// Restarts it on the same data after [`Server::kill`], and waits until it answers.
    pub fn restart(&self) {
        let own = self.own();
        let mut held = own.keeper();
        assert!(held.is_none(), "the server runs");
        let binary = program().or_else(|| find(&["mariadbd", "mysqld"])).unwrap_or_else(|| missing());
        let mut shell = Command::new("sh");
        shell.args(["-c", KEEPER, "sh"]).arg(&own.folder).arg(binary);
        shell.arg("--no-defaults").args(as_user());
        shell.args([
            format!("--datadir={}", own.folder.join("data").display()),
            format!("--tmpdir={}", own.folder.display()),
            format!("--socket={}", self.socket().display()),
            format!("--pid-file={}", own.folder.join("pid").display()),
        ]);
        // Small and quick to start: nothing here tests the server's speed.
        shell.args([
            "--innodb-buffer-pool-size=32M",
            "--loose-innodb-log-file-size=8M",
            "--skip-log-bin",
            "--performance-schema=0",
        ]);
        match self.port {
            Some(port) => shell.args([format!("--port={port}"), "--bind-address=127.0.0.1".to_owned()]),
            None => shell.arg("--skip-networking"),
        };
        shell.args(&own.arguments);
        let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start sh");
        let pipe = shell.stdin.take().expect("a pipe");
        // The pid, read so that the shell never writes to a closed pipe.
        let mut pid = String::new();
        let out = shell.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut pid).expect("a pid");
        *held = Some(Keeper { shell, pipe });
        drop(held);
        self.wait(pid.trim());
    }

    fn wait(&self, pid: &str) {
        let begun = Instant::now();
        while self.root(None).is_err() {
            let dead = !Path::new("/proc").join(pid).join("cmdline").exists();
            if begun.elapsed() > PATIENCE || dead {
                let mut log = String::new();
                let _ = fs::File::open(self.own().folder.join("log"))
                    .and_then(|mut f| f.read_to_string(&mut log));
                panic!("the private database server does not start:\n{log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A connection as the administrator.
    pub fn root(&self, database: Option<&str>) -> mysql::Result<Conn> {
        let options = OptsBuilder::new()
            .user(Some("root"))
            .db_name(database)
            .init(vec!["SET autocommit = 1"])
            .prefer_socket(false);
        let options = match &self.address {
            Address::Socket(path) => options.socket(path.to_str()),
            Address::Tcp(host, port) => options.ip_or_hostname(Some(host)).tcp_port(*port),
        };
        let password = std::env::var("IPTA_TEST_PASSWORD").ok().filter(|_| self.own.is_none());
        let mut conn = Conn::new(options.pass(password))?;
        if self.own.is_none() {
            // See what other nodes of a cluster have confirmed. Other servers lack this variable.
            let _ = conn.query_drop("SET SESSION wsrep_sync_wait = 7");
        }
        Ok(conn)
    }

    /// Creates a database of its own and an account with all rights on it, and on no other.
    pub fn fresh_database(&self) -> Account {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let (mut database, mut user) = (format!("fw{number}"), format!("ipta{number}"));
        if self.own.is_none() {
            // Others may be at work there, including other runs of these tests. Whoever started them drops
            // everything with this prefix (tests/matrix.sh); user names were once limited to 16 characters.
            let process = std::process::id();
            (database, user) = (format!("ipta_test_{process}_{number}"), format!("ipta_t{process}_{number}"));
        }
        self.sql("", &format!("CREATE DATABASE {database} CHARACTER SET utf8mb4"));
        let anywhere = matches!(&self.address, Address::Tcp(host, _) if host != "127.0.0.1");
        for host in ["localhost", "127.0.0.1", "%"].into_iter().take(if anywhere { 3 } else { 2 }) {
            self.sql("", &format!("CREATE USER {user}@'{host}' IDENTIFIED BY 'open sesame'"));
            self.sql("", &format!("GRANT ALL PRIVILEGES ON {database}.* TO {user}@'{host}'"));
        }
        Account {
            host: match (&self.address, self.port) {
                (Address::Socket(_), Some(_)) => "127.0.0.1".to_owned(),
                (Address::Socket(_), None) | (Address::Tcp(..), _) => self.host(),
            },
            port: self.port,
            user,
            pass: Password("open sesame".to_owned()),
            database,
            config_file: None,
            asks: false,
            named: false,
            tls: None,
            ca: None,
        }
    }

    /// The server's administrator, as `create_database` connects.
    pub fn administrator(&self) -> Account {
        Account {
            host: self.host(),
            port: match self.address {
                Address::Socket(_) => None,
                Address::Tcp(_, port) => Some(port),
            },
            user: "root".to_owned(),
            pass: Password(match self.own {
                Some(_) => String::new(),
                None => std::env::var("IPTA_TEST_PASSWORD").unwrap_or_default(),
            }),
            database: String::new(),
            config_file: None,
            asks: false,
            named: false,
            tls: None,
            ca: None,
        }
    }

    /// Runs one statement as the administrator, in a database or (if empty) in none. Returns the rows as
    /// lines of tab-separated cells.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        self.try_sql(database, statement).unwrap_or_else(|e| panic!("{statement}: {e}"))
    }

    /// The same, but the server may refuse.
    pub fn try_sql(&self, database: &str, statement: &str) -> mysql::Result<String> {
        let mut conn = self.root(Some(database).filter(|name| !name.is_empty()))?;
        let rows: Vec<Row> = conn.query(statement)?;
        let lines = rows.into_iter().map(|row| {
            let cells: Vec<String> = row.unwrap().into_iter().map(shown).collect();
            cells.join("\t")
        });
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }
}

impl Own {
    fn keeper(&self) -> MutexGuard<'_, Option<Keeper>> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.own.is_some() {
            self.kill();
            let _ = fs::remove_dir_all(&self.own().folder);
        }
    }
}

fn shown(value: Value) -> String {
    match value {
        Value::NULL => "NULL".to_owned(),
        Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => other.as_sql(true),
    }
}

/// A folder whose socket path fits into the 108 bytes of a socket address.
fn short_folder() -> PathBuf {
    let long = std::env::temp_dir().as_os_str().len() > 60;
    let place = if long { PathBuf::from("/tmp") } else { std::env::temp_dir() };
    let folder = tempfile::Builder::new().prefix("ipta-db-").tempdir_in(place);
    folder.expect("a temporary folder").keep()
}

/// Creates the data of a new server, whose administrator has no password.
fn initialize(folder: &Path) {
    let data = folder.join("data");
    let script = if program().is_some() { None } else { find(&["mariadb-install-db", "mysql_install_db"]) };
    let mut command = if let Some(script) = script {
        let mut command = Command::new(script);
        command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
        command
    } else if let Some(binary) = program().or_else(|| find(&["mysqld"])) {
        let mut command = Command::new(binary);
        command.args(["--no-defaults", "--initialize-insecure"]);
        command
    } else {
        missing()
    };
    command
        .arg(format!("--datadir={}", data.display()))
        .args(as_user())
        .arg("--loose-innodb-log-file-size=8M");
    // A starting server clears its temporary folder of tables left behind; in a shared one, those belong to
    // servers being created at this moment.
    command.arg(format!("--tmpdir={}", folder.display()));
    let out = command.output().expect("run the server's installer");
    if !out.status.success() {
        panic!(
            "the data of a private database server cannot be made:\n{}{}",
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr)
        );
    }
}

/// Servers refuse to run as root unless told to.
fn as_user() -> Option<&'static str> {
    let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    root.then_some("--user=root")
}

/// The program private servers run, if not the installed one.
fn program() -> Option<PathBuf> {
    std::env::var_os("IPTA_TEST_MYSQLD").filter(|path| !path.is_empty()).map(PathBuf::from)
}

fn find(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/usr/libexec", "/usr/local/sbin"].map(PathBuf::from));
    let found = |name: &&str| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file());
    names.iter().find_map(found)
}

fn missing() -> ! {
    panic!(
        "these tests need a database server to start for themselves, and there is none: \
         install the Debian packages mariadb-server-core and mariadb-client"
    )
}
