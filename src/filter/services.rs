//! Ports as people type them: numbers, ranges and service names.

use std::ops::RangeInclusive;

use hashbrown::HashMap;

/// The ports of `--sport` and `--dport`: `22`, `1024-65535`, `ssh`. `port_of` resolves the names.
pub fn ports(text: &str, port_of: &dyn Fn(&str) -> Option<u16>) -> Result<RangeInclusive<u16>, String> {
    let trimmed = text.trim();
    let number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?;
    if let Some(port) = number(trimmed) {
        return Ok(port..=port);
    }
    let range = trimmed.split_once('-').and_then(|(from, to)| Some((number(from)?, number(to)?)));
    match range {
        Some((from, to)) if from <= to => Ok(from..=to),
        Some((from, to)) => Err(format!("the range '{text}' is backward: use {to}-{from}")),
        // Names can contain dashes too: http-alt.
        None => match port_of(trimmed) {
            Some(port) => Ok(port..=port),
            None => Err(format!(
                "'{text}' is not a port (0 to 65535), range or known service, such as 22, 1024-65535 or ssh"
            )),
        },
    }
}

/// Service names with their ports.
#[derive(Clone, Debug, Default)]
pub struct Services {
    ports: HashMap<Box<str>, u16>,
}

impl Services {
    /// Parses `/etc/services` (services(5): name, port/protocol, aliases, `#` and a comment); if a name has several
    /// ports, the first. Other lines are skipped.
    pub fn read(text: &str) -> Services {
        let mut ports = HashMap::new();
        for line in text.lines() {
            let mut words = line.split('#').next().unwrap_or("").split_ascii_whitespace();
            let (Some(name), Some(place)) = (words.next(), words.next()) else {
                continue;
            };
            let Some(port) = place.split_once('/').and_then(|(port, _)| port.parse().ok()) else {
                continue;
            };
            for name in std::iter::once(name).chain(words) {
                ports.entry(name.to_ascii_lowercase().into()).or_insert(port);
            }
        }
        Services { ports }
    }

    /// The port of a service, ASCII case ignored; the most common ones are known without the file.
    pub fn port(&self, name: &str) -> Option<u16> {
        let name = name.to_ascii_lowercase();
        let common = || COMMON.iter().find(|(common, _)| *common == name).map(|(_, port)| *port);
        self.ports.get(name.as_str()).copied().or_else(common)
    }
}

/// The most common name of a port, whatever this machine calls it: reports should be the same everywhere.
pub fn name(port: u16) -> Option<&'static str> {
    COMMON.iter().find(|(_, common)| *common == port).map(|(name, _)| *name)
}

/// From IANA's registry of service names and port numbers.
const COMMON: [(&str, u16); 34] = [
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("domain", 53),
    ("bootps", 67),
    ("bootpc", 68),
    ("tftp", 69),
    ("http", 80),
    ("kerberos", 88),
    ("pop3", 110),
    ("sunrpc", 111),
    ("ntp", 123),
    ("netbios-ns", 137),
    ("netbios-dgm", 138),
    ("netbios-ssn", 139),
    ("imap", 143),
    ("imap2", 143),
    ("snmp", 161),
    ("ldap", 389),
    ("https", 443),
    ("microsoft-ds", 445),
    ("submission", 587),
    ("ldaps", 636),
    ("imaps", 993),
    ("pop3s", 995),
    ("ms-sql-s", 1433),
    ("mysql", 3306),
    ("ms-wbt-server", 3389),
    ("sip", 5060),
    ("postgresql", 5432),
    ("mdns", 5353),
    ("http-alt", 8080),
];

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# Network services, Internet style
tcpmux\t\t1/tcp\t\t\t\t# TCP port service multiplexer
ssh\t\t22/tcp\t\t\t\t# SSH Remote Login Protocol
http\t\t80/tcp\t\twww\t\t# WorldWideWeb HTTP
broken
high\t\t70000/tcp
syslog\t\t514/udp
syslog\t\t601/tcp
";

    fn read(text: &str) -> Result<RangeInclusive<u16>, String> {
        let services = Services::read(FILE);
        ports(text, &|name| services.port(name))
    }

    #[test]
    fn a_number_a_range_and_a_name_are_ports() {
        let cases = [
            ("22", 22..=22),
            ("0", 0..=0),
            ("65535", 65535..=65535),
            (" 22 ", 22..=22),
            ("1024-65535", 1024..=65535),
            ("22-22", 22..=22),
            ("ssh", 22..=22),
            ("WWW", 80..=80),
            ("syslog", 514..=514),
            // Not in this file, but common, and with a dash.
            ("http-alt", 8080..=8080),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_examples() {
        for text in
            ["", "65536", "-", "22-", "-22", "22-99999", "+22", "1-2-3", "nosuch", "high", "broken", "#"]
        {
            let error = read(text).expect_err(text);
            assert_eq!(
                error,
                format!(
                    "'{text}' is not a port (0 to 65535), range or known service, such as 22, 1024-65535 or ssh"
                )
            );
        }
        assert_eq!(read("443-80"), Err("the range '443-80' is backward: use 80-443".to_owned()));
    }
}
