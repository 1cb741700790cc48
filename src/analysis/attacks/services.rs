//! Services that scanners look for, by the names administrators know.

/// Ports probed all over the Internet, and the service on each (IANA's registry, and devices known to use another
/// port).
const PROBED: [(u16, &str); 38] = [
    (21, "FTP"),
    (22, "SSH"),
    (23, "Telnet"),
    (25, "SMTP"),
    (53, "DNS"),
    (80, "HTTP"),
    (110, "POP3"),
    (111, "RPC"),
    (123, "NTP"),
    (135, "MS RPC"),
    (137, "NetBIOS"),
    (139, "NetBIOS"),
    (143, "IMAP"),
    (161, "SNMP"),
    (389, "LDAP"),
    (443, "HTTPS"),
    (445, "SMB"),
    (993, "IMAP"),
    (995, "POP3"),
    (1433, "MS SQL"),
    (1521, "Oracle"),
    (1900, "SSDP"),
    (2222, "SSH"),
    (2323, "Telnet"),
    (2375, "Docker"),
    (3306, "MySQL"),
    (3389, "RDP"),
    (5060, "SIP"),
    (5432, "PostgreSQL"),
    (5555, "ADB"),
    (5900, "VNC"),
    (6379, "Redis"),
    (7547, "TR-069"),
    (8080, "HTTP"),
    (8443, "HTTPS"),
    (9200, "Elasticsearch"),
    (11_211, "memcached"),
    (27_017, "MongoDB"),
];

/// The services on the ports that were `tried`, each once, by first port.
pub fn probed(tried: impl Fn(u16) -> bool) -> Vec<&'static str> {
    let mut services = Vec::new();
    for (port, name) in PROBED {
        if !services.contains(&name) && tried(port) {
            services.push(name);
        }
    }
    services
}
