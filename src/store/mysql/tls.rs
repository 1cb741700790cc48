//! Encryption of the connection to a server.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use mysql::{Error, SslOpts};

use super::words::one_line;
use crate::config::{Server, Tls};
use crate::fault::said;

/// Where distributions keep the CA bundle: Debian, Fedora, openSUSE, Alpine and the BSDs.
const LISTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// How a TCP connection is encrypted.
#[derive(Clone, Debug)]
pub(super) enum Encryption {
    /// Not at all.
    Off,
    /// TLS, if the server offers it.
    Offered(SslOpts),
    /// TLS, or no connection.
    Demanded(SslOpts),
}

impl Encryption {
    /// What the settings say for a host. By default, a connection that does not leave this machine is in the
    /// clear, and any other is encrypted if the server offers it.
    ///
    /// The error says, on one line, why certificates cannot be checked.
    pub fn of(server: &Server) -> Result<Encryption, String> {
        let unchecked = || {
            SslOpts::default().with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true)
        };
        Ok(match server.tls {
            None if is_loopback(&server.host) => Encryption::Off,
            Some(Tls::Off) => Encryption::Off,
            None | Some(Tls::Preferred) => Encryption::Offered(unchecked()),
            Some(Tls::Required) => Encryption::Demanded(unchecked()),
            Some(Tls::Verify) => {
                let list = match &server.ca {
                    Some(path) => checked(path)?,
                    None => system_list()?,
                };
                Encryption::Demanded(SslOpts::default().with_root_cert_path(Some(list)))
            }
        })
    }
}

/// Whether packets to a host stay on this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The path of a certificate file, if it is one.
fn checked(path: &Path) -> Result<PathBuf, String> {
    let file = path.display();
    match fs::read(path) {
        Err(error) => {
            Err(format!("the certificates in '{file}' cannot be read ({}): check --db-ca", said(&error)))
        }
        Ok(text) if !text.windows(27).any(|part| part == b"-----BEGIN CERTIFICATE-----") => {
            Err(format!("'{file}' holds no certificate in PEM form (BEGIN CERTIFICATE): check --db-ca"))
        }
        Ok(_) => Ok(path.to_owned()),
    }
}

/// The system's CA bundle, or the one that SSL_CERT_FILE names.
fn system_list() -> Result<PathBuf, String> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let usual = LISTS.iter().map(PathBuf::from).find(|path| path.is_file());
    named.or(usual).ok_or_else(|| {
        "this machine has no list of certificate authorities (package ca-certificates): install it, or name one \
         with --db-ca"
            .to_owned()
    })
}

/// Whether an error is about encryption: the driver's own, or the library's, which surfaces as a read error
/// and is recognized by its wording (rustls, `impl Display for Error`).
pub(super) fn is_about_tls(error: &Error) -> bool {
    const WORDS: [&str; 5] =
        ["peer certificate", "fatal alert", "peer is incompatible", "peer misbehaved", "corrupt message"];
    match error {
        Error::TlsError(_) => true,
        Error::IoError(_) | Error::CodecError(_) => {
            let text = error.to_string();
            WORDS.iter().any(|words| text.contains(words))
        }
        _ => false,
    }
}

/// Why a connection could not be encrypted, and what to do, on one line.
pub(super) fn failed(host: &str, error: &Error) -> String {
    // The library's names for certificate errors (rustls, CertificateError).
    let text = error.to_string();
    let reasons = [
        (
            "UnknownIssuer",
            "its certificate is not signed by an authority this machine trusts: name its authority's file with --db-ca",
        ),
        (
            "CaUsedAsEndEntity",
            "it presents a CA certificate instead of a server certificate: install a server certificate there",
        ),
        ("not valid for name", "its certificate is for another name: give that name with -h"),
        ("NotValidForName", "its certificate is for another name: give that name with -h"),
        ("expired", "its certificate has expired: renew it on the server"),
        ("Expired", "its certificate has expired: renew it on the server"),
        ("NotValidYet", "its certificate is not valid yet: check the clocks of both machines"),
    ];
    let reason = reasons.iter().find(|(mark, _)| text.contains(mark)).map(|(_, reason)| (*reason).to_owned());
    let reason = reason.unwrap_or_else(|| {
        format!("{}: check the server's TLS, or connect in the clear with --db-tls off", one_line(&text))
    });
    format!("the connection to the server at {host} cannot be encrypted: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_on_this_machine_is_not_encrypted_unless_asked() {
        for host in ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["db.example.net", "192.0.2.1", "2001:db8::1"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
