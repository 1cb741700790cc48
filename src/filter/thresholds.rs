//! The rates from which something counts as an attack.

/// Ports where a password can be guessed: FTP, SSH, telnet, SMTP, POP3, IMAP, LDAP, SMB, the last
/// two over TLS, and the usual databases and remote desktops (IANA's registry of port numbers).
const AUTH_PORTS: [u16; 15] = [21, 22, 23, 25, 110, 143, 389, 445, 993, 995, 1433, 3306, 3389, 5432, 5900];

/// The thresholds of the attack detector; every count is at least 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Ports where passwords are guessed.
    pub auth_ports: Vec<u16>,
    /// More connections per minute than this from one source to one of them are brute force.
    pub brute_force: u32,
    /// This many connections in 10 seconds to one port of one host are a flood.
    pub syn_flood: u32,
    /// This many ports of one host in a minute are a scan.
    pub port_scan: u32,
    /// This many in a day are a slow scan.
    pub slow_scan: u32,
    /// One port on this many hosts in a minute is a sweep.
    pub sweep: u32,
    /// This many echo requests to one host in 10 seconds are a flood.
    pub icmp_flood: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            auth_ports: AUTH_PORTS.to_vec(),
            brute_force: 5,
            syn_flood: 200,
            port_scan: 15,
            slow_scan: 15,
            sweep: 15,
            icmp_flood: 100,
        }
    }
}

impl Thresholds {
    /// The counts with their names, for changing them by name.
    pub fn counts_mut(&mut self) -> [(&'static str, &mut u32); 6] {
        [
            ("brute_force", &mut self.brute_force),
            ("syn_flood", &mut self.syn_flood),
            ("port_scan", &mut self.port_scan),
            ("slow_scan", &mut self.slow_scan),
            ("sweep", &mut self.sweep),
            ("icmp_flood", &mut self.icmp_flood),
        ]
    }
}
