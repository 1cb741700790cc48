//! A small network for one test: only loopback, and on 127.0.0.1:53 a name server that does what a file says.
//!
//! The C library asks only the servers that /etc/resolv.conf names, on port 53. So the server and the
//! program run in network and mount namespaces of their own, with other files mounted over /etc/resolv.conf
//! and its like. The server is this very test program, started again.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::{IpAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::{PATIENCE, Running};
use crate::process::{TestDir, is_root};

/// Where the server finds its files; unset in any other run.
const FOLDER: &str = "IPTA_TEST_NAMESERVER";

/// The name of the test that acts as the server.
const SERVER: &str = "live::nameserver::serves_names_for_another_test";

/// Sets up the namespaces from within, then becomes the server. $1 is the folder.
const ENTER: &str = r#"
set -e
folder=$1; shift
lay() { if [ -e "$2" ]; then mount --bind "$1" "$2"; fi; }
for file in resolv.conf hosts; do if [ ! -e "/etc/$file" ]; then : > "/etc/$file"; fi; done
mount --bind "$folder/resolv.conf" /etc/resolv.conf
lay "$folder/hosts" /etc/hosts
lay "$folder/nsswitch.conf" /etc/nsswitch.conf
if [ -d /run/nscd ]; then mount -t tmpfs none /run/nscd; fi
ip link set lo up 2>/dev/null || perl -e '
    socket(S, 2, 2, 0) or die "$!\n";
    $flags = pack("a16 s x22", "lo", 9);
    ioctl(S, 0x8914, $flags) or die "lo: $!\n";'
exec "$@"
"#;

/// What the server does when asked for an address.
#[derive(Clone, Copy, Debug)]
pub enum Reply<'a> {
    /// Gives this name.
    Name(&'a str),
    /// Gives it after this many milliseconds.
    Late(u64, &'a str),
    /// Says there is none.
    None,
    /// Says it cannot.
    Refuse,
    /// Says nothing.
    Hang,
}

/// The network; gone when dropped, or with the test.
pub struct Network {
    folder: PathBuf,
    holder: Running,
}

impl Network {
    /// With what the server knows; it says that other addresses have no name.
    pub fn new(place: &TestDir, zone: &[(&str, Reply<'_>)]) -> Network {
        let folder = place.path("network");
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join("resolv.conf"), "nameserver 127.0.0.1\n").expect("resolv.conf");
        fs::write(folder.join("hosts"), "127.0.0.1 localhost\n::1 localhost\n").expect("hosts");
        fs::write(folder.join("nsswitch.conf"), "hosts: files dns\n").expect("nsswitch.conf");
        write_zone(&folder, zone);
        fs::write(folder.join("questions"), "").expect("questions");
        let mut command = Command::new("unshare");
        if !is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["--mount", "--net", "sh", "-c", ENTER, "sh"]).arg(&folder);
        command.arg(std::env::current_exe().expect("this program"));
        command.args(["--exact", SERVER, "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(FOLDER, &folder);
        let mut holder = Running::start(command);
        let begun = Instant::now();
        while !folder.join("ready").exists() {
            let ended = holder.child.try_wait().expect("wait for it").is_some();
            if ended || begun.elapsed() > PATIENCE {
                thread::sleep(Duration::from_millis(100));
                panic!(
                    "a network namespace with a name server of its own cannot be had: {}\n\
                     This test needs root or unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, \
                     kernel.apparmor_restrict_unprivileged_userns=0; in a container, CAP_SYS_ADMIN), and unshare and \
                     nsenter (Debian package util-linux).",
                    holder.said().join("; ")
                );
            }
            thread::sleep(Duration::from_millis(5));
        }
        Network { folder, holder }
    }

    /// What the server does from now on.
    pub fn now(&self, zone: &[(&str, Reply<'_>)]) {
        write_zone(&self.folder, zone);
    }

    /// The resolver's configuration from now on.
    pub fn resolv_conf(&self, text: &str) {
        // Written in place: this very file is mounted over the system's.
        fs::write(self.folder.join("resolv.conf"), text).expect("resolv.conf");
    }

    /// How often the server was asked for each address.
    pub fn questions(&self) -> HashMap<IpAddr, usize> {
        let text = fs::read_to_string(self.folder.join("questions")).expect("questions");
        let mut counts = HashMap::new();
        for address in text.lines().filter_map(|line| line.parse().ok()) {
            *counts.entry(address).or_insert(0) += 1;
        }
        counts
    }

    /// A command, run inside this network.
    pub fn inside(&self, command: Command) -> Command {
        let pid = self.holder.pid().to_string();
        let mut entered = Command::new("nsenter");
        entered.args(["--target", &pid, "--mount", "--net"]);
        if !is_root() {
            entered.args(["--user", "--preserve-credentials"]);
        }
        let folder = command.get_current_dir().expect("a folder to work in");
        entered.arg(format!("--wd={}", folder.display()));
        entered.arg(command.get_program()).args(command.get_args());
        entered.env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                entered.env(name, value);
            }
        }
        entered
    }
}

fn write_zone(folder: &Path, zone: &[(&str, Reply<'_>)]) {
    let line = |(address, reply): &(&str, Reply<'_>)| match reply {
        Reply::Name(name) => format!("{address} 0 {name}\n"),
        Reply::Late(milliseconds, name) => format!("{address} {milliseconds} {name}\n"),
        Reply::None => format!("{address} none\n"),
        Reply::Refuse => format!("{address} refuse\n"),
        Reply::Hang => format!("{address} hang\n"),
    };
    let text: String = zone.iter().map(line).collect();
    // All or nothing: the server may be reading.
    fs::write(folder.join("zone.new"), text).expect("the zone");
    fs::rename(folder.join("zone.new"), folder.join("zone")).expect("the zone");
}

/// Not a test but the server, when another test starts this program that way.
#[test]
#[ignore = "runs as the name server of other tests"]
fn serves_names_for_another_test() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    // The other test holds the other end; when it goes, so does this.
    thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:53").expect("port 53 of the namespace"));
    fs::write(folder.join("ready"), "").expect("say that it is ready");
    let mut questions = OpenOptions::new().append(true).open(folder.join("questions")).expect("questions");
    let mut seen: HashMap<(u16, u16), ()> = HashMap::new();
    let mut packet = [0; 1500];
    loop {
        let (length, from) = socket.recv_from(&mut packet).expect("a question");
        let Some(question) = Question::read(&packet[..length]) else {
            continue;
        };
        // The library repeats an unanswered question under the same number and port.
        if seen.insert((question.id, from.port()), ()).is_none() {
            writeln!(questions, "{}", question.address).expect("note it");
        }
        let zone = fs::read_to_string(folder.join("zone")).unwrap_or_default();
        let find = |key: &str| {
            zone.lines().find_map(|line| line.split_once(' ').filter(|(address, _)| *address == key))
        };
        let reply = find(&question.address.to_string()).or_else(|| find("*"));
        let (delay, answer) = match reply.map_or("none", |(_, reply)| reply) {
            "hang" => continue,
            "none" => (0, question.answer(3, None)),
            "refuse" => (0, question.answer(5, None)),
            named => {
                let (delay, name) = named.split_once(' ').expect("a delay and a name");
                let delay = delay.parse().expect("milliseconds");
                (delay, question.answer(0, Some(&name.replace("%", &question.label()))))
            }
        };
        let socket = Arc::clone(&socket);
        let send = move || {
            thread::sleep(Duration::from_millis(delay));
            let _ = socket.send_to(&answer, from);
        };
        if delay == 0 { send() } else { drop(thread::spawn(send)) }
    }
}

/// A question for the name of an address (RFC 1035, 4.1; RFC 3596, 2.5).
struct Question {
    id: u16,
    address: IpAddr,
    /// As asked, to be sent back.
    raw: Vec<u8>,
}

impl Question {
    fn read(packet: &[u8]) -> Option<Question> {
        let id = u16::from_be_bytes([*packet.first()?, *packet.get(1)?]);
        let mut labels = Vec::new();
        let mut at = 12;
        loop {
            let length = usize::from(*packet.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            labels.push(String::from_utf8(packet.get(at..at + length)?.to_vec()).ok()?);
            at += length;
        }
        let raw = packet.get(12..at + 4)?.to_vec();
        let reversed: Vec<String> = labels.iter().rev().skip(2).cloned().collect();
        let address = match labels.iter().rev().nth(1)?.as_str() {
            "in-addr" => reversed.join(".").parse().ok()?,
            _ => {
                let digits: Vec<String> = reversed.chunks(4).map(|group| group.concat()).collect();
                digits.join(":").parse().ok()?
            }
        };
        Some(Question { id, address, raw })
    }

    /// The address as a label: `192-0-2-7`.
    fn label(&self) -> String {
        self.address.to_string().replace(['.', ':'], "-")
    }

    /// The answer with a code (0 done, 3 no such name, 5 refused) and a name. Backslash escapes in
    /// the name stand for bytes, `\033` for an escape character.
    fn answer(&self, code: u8, name: Option<&str>) -> Vec<u8> {
        let mut answer = self.id.to_be_bytes().to_vec();
        answer.extend([0x81, 0x80 | code, 0, 1, 0, u8::from(name.is_some()), 0, 0, 0, 0]);
        answer.extend(&self.raw);
        if let Some(name) = name {
            let mut data = Vec::new();
            for label in name.split('.') {
                let label = label.replace("\\033", "\x1b");
                data.push(label.len() as u8);
                data.extend(label.as_bytes());
            }
            data.push(0);
            // The name asked for (a pointer to it), PTR, IN, one hour.
            answer.extend([0xc0, 12, 0, 12, 0, 1, 0, 0, 14, 16]);
            answer.extend((data.len() as u16).to_be_bytes());
            answer.extend(data);
        }
        answer
    }
}
