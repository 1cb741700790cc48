//! `--db-tls` and `--db-ca`: connections that are encrypted and verified, or refused.

use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

use crate::harness::Server;
use crate::process::{Kept, Said, TestDir, TestStore, lines};

/// A server with a certificate for these names, signed by an authority made for the test; and the
/// authority's file, in a folder that must outlive the server.
struct Encrypted {
    folder: TestDir,
    server: &'static Server,
}

/// Years in which a certificate is valid.
const GOOD: (i32, i32) = (2020, 4000);

fn encrypted(names: &[&str], years: (i32, i32), further: &[&str]) -> Encrypted {
    let folder = TestDir::new();
    let mut authority = CertificateParams::new([]).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("a certificate");
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut own = CertificateParams::new(names).expect("names");
    own.not_before = date_time_ymd(years.0, 1, 1);
    own.not_after = date_time_ymd(years.1, 1, 1);
    let key = KeyPair::generate().expect("a key");
    let certificate = own.signed_by(&key, &authority).expect("a certificate");
    folder.write("ca.pem", authority.pem());
    folder.write("cert.pem", certificate.pem());
    folder.write("key.pem", key.serialize_pem());
    // A server started by root reads as another user.
    Command::new("chmod").args(["-R", "a+rX"]).arg(folder.path("")).status().expect("chmod runs");
    let file = |option: &str, name: &str| format!("--{option}={}", folder.path(name).display());
    let mut arguments =
        vec![file("ssl-ca", "ca.pem"), file("ssl-cert", "cert.pem"), file("ssl-key", "key.pem")];
    arguments.extend(further.iter().map(|&word| word.to_owned()));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server: &'static Server = Box::leak(Box::new(Server::start_on_tcp(&arguments)));
    Encrypted { folder, server }
}

impl Encrypted {
    fn store(&self) -> TestStore {
        TestStore { dir: TestDir::new(), place: Kept::Server(self.server, self.server.fresh_database()) }
    }

    fn ca(&self) -> String {
        self.folder.path("ca.pem").display().to_string()
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        crate::process::end(self.server);
    }
}

/// The cipher of a connection with these options; empty if unencrypted.
fn cipher(db: &TestStore, options: &[&str]) -> Said {
    let mut words = options.to_vec();
    words.extend(["--format", "csv", "--sql", "SHOW SESSION STATUS LIKE 'Ssl_cipher'"]);
    db.ipta(words)
}

#[test]
fn a_server_that_only_takes_tls_is_reached_in_each_way_that_encrypts() {
    let there = encrypted(&["localhost", "127.0.0.1"], GOOD, &["--require-secure-transport=ON"]);
    let (db, ca) = (there.store(), there.ca());
    db.ipta(["--create-table"]).refused(1).says(["--db-tls required"]);
    db.ipta(["--db-tls", "off", "--create-table"]).refused(1);
    db.dir.write("a.log", lines(0..2000));
    let said = db.ipta(["--db-tls", "required", "--create-table", "-i", "a.log"]).fine();
    said.says(["encrypted, but the server's identity was not checked", "2000 packets stored"]);
    for options in [
        &["--db-tls", "required"][..],
        &["--db-tls", "preferred"],
        &["--db-tls", "verify", "--db-ca", &ca],
        &["--db-ca", &ca],
    ] {
        let said = cipher(&db, options).fine();
        assert!(said.out.contains("Ssl_cipher,TLS_"), "{said:#?}");
    }
    assert_eq!(cipher(&db, &["--db-ca", &ca]).err, "");
    // Nothing on this machine knows the test's authority.
    let said = cipher(&db, &["--db-tls", "verify"]).refused(1);
    said.says(["not signed by an authority this machine trusts", "--db-ca"]);
    // The next call uses what was saved.
    db.ipta(["--db-ca", &ca, "--yes", "--save-db"]).fine();
    let said = db.dir.ipta(["--format", "csv", "--sql", "SHOW SESSION STATUS LIKE 'Ssl_cipher'"]).fine();
    assert!(said.out.contains("TLS_"), "{said:#?}");
}

#[test]
fn a_certificate_for_another_name_or_another_time_is_refused() {
    let named = encrypted(&["db.example.net"], GOOD, &[]);
    let db = named.store();
    cipher(&db, &["--db-ca", &named.ca()]).refused(1).says(["another name", "-h"]);
    assert!(cipher(&db, &["--db-tls", "required"]).fine().out.contains("TLS_"));
    let expired = encrypted(&["127.0.0.1"], (2020, 2021), &[]);
    let db = expired.store();
    cipher(&db, &["--db-ca", &expired.ca()]).refused(1).says(["expired", "renew"]);
}

#[test]
fn a_server_without_tls_is_refused_where_tls_is_required() {
    let server: &'static Server = Box::leak(Box::new(Server::start_on_tcp(&["--skip-ssl"])));
    let db = TestStore::on(server);
    for options in [&["--db-tls", "required"][..], &["--db-tls", "verify"]] {
        cipher(&db, options).refused(1).says(["offers no TLS", "--db-tls off"]);
    }
    for options in [&["--db-tls", "preferred"][..], &["--db-tls", "off"], &[]] {
        let said = cipher(&db, options).fine();
        assert!(said.out.ends_with("Ssl_cipher,\n"), "{said:#?}");
    }
    crate::process::end(server);
}

#[test]
fn authorities_that_are_none_are_named() {
    let db = TestStore::on_a_server();
    let no_ca = db.dir.write("no-ca.pem", "not a certificate");
    let no_ca = no_ca.display().to_string();
    db.dir.ipta(["-h", "127.0.0.1", "--db-ca", "gone.pem", "-a"]).refused(1).says(["gone.pem", "--db-ca"]);
    db.dir.ipta(["-h", "127.0.0.1", "--db-ca", &no_ca, "-a"]).refused(1).says(["PEM"]);
    db.dir.ipta(["--db-ca", &no_ca, "--db-tls", "off", "-a"]).refused(2).says(["--db-tls verify"]);
    db.dir.ipta(["--db-file", "x.db", "--db-tls", "off", "-a"]).refused(2).says(["--db-tls"]);
}

#[test]
fn an_account_that_logs_in_by_ed25519_does_so_over_tls() {
    let there = encrypted(&["127.0.0.1"], GOOD, &["--plugin-load-add=auth_ed25519"]);
    let db = there.store();
    let Kept::Server(server, account) = &db.place else { unreachable!("a server") };
    let user = &account.user;
    server.sql(
        "",
        &format!("ALTER USER {user}@'127.0.0.1' IDENTIFIED VIA ed25519 USING PASSWORD('open sesame')"),
    );
    server.sql(
        "",
        &format!("ALTER USER {user}@localhost IDENTIFIED VIA ed25519 USING PASSWORD('open sesame')"),
    );
    assert!(cipher(&db, &["--db-ca", &there.ca()]).fine().out.contains("TLS_"));
}
