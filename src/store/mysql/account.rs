//! `--create-db`: the database, the account and the grant.

use mysql::prelude::Queryable;
use mysql::{Conn, Error, Value};

use super::codes;
use super::connect::{self, Refusal, connect};
use super::words::one_line;
use crate::config::Server;
use crate::store::StoreError;

/// Creates the database of `new`, its account and the grant, as the account in `admin`. Whatever already
/// exists stays: a password is never changed.
pub fn create_database(admin: &Server, new: &Server) -> Result<(), StoreError> {
    let mut conn = connect(admin, false).map_err(|refusal| no_admin(admin, new, refusal))?;
    run(&mut conn, new).map_err(|error| match &error {
        Error::MySqlError(e) => StoreError::Failed(format!(
            "user '{}' could not create database '{}' at {}: {} (error {})\n{}",
            admin.user,
            new.database,
            admin.host,
            one_line(&e.message),
            e.code,
            sql_to_type(new)
        )),
        other => connect::failed(admin, "creating the database", other),
    })?;
    let version: String = conn.query_first("SELECT VERSION()").ok().flatten().unwrap_or_default();
    connect(new, true).map(drop).map_err(|refusal| match refusal {
        Refusal::Refused(error) if matches!(&*error, Error::MySqlError(e) if matches!(e.code, codes::ACCESS_DENIED | codes::ACCESS_DENIED_NO_PASSWORD)) => {
            StoreError::Failed(format!(
                "database '{}' exists, but the account '{}' at {} already had a different password, which was not \
                 changed: give that password with -p or -pi, or change it:\n  {};",
                new.database,
                new.user,
                new.host,
                change_of_password(&shown_account(new, hosts(new)[0]), &version)
            ))
        }
        refusal => connect::refused(new, refusal),
    })
}

fn run(conn: &mut Conn, new: &Server) -> Result<(), Error> {
    // For this connection only: without NO_BACKSLASH_ESCAPES and ANSI_QUOTES the driver's escaping of strings
    // is correct.
    conn.query_drop("SET SESSION sql_mode = ''")?;
    for statement in statements(new, |text| Value::from(text).as_sql(false)) {
        match conn.query_drop(statement) {
            // ER_CANNOT_USER: the account exists. Servers before 5.7 have no IF NOT EXISTS here.
            Err(Error::MySqlError(e)) if e.code == codes::CANNOT_USER => {}
            other => other?,
        }
    }
    Ok(())
}

/// The statements, with every string literal written by `quote`.
fn statements(new: &Server, quote: impl Fn(&str) -> String) -> Vec<String> {
    let name = |text: &str| format!("`{}`", text.replace('`', "``"));
    let mut statements =
        vec![format!("CREATE DATABASE IF NOT EXISTS {} CHARACTER SET utf8mb4", name(&new.database))];
    // In a grant, `_` and `%` are wildcards.
    let granted: String = new.database.chars().fold(String::new(), |mut text, c| {
        if matches!(c, '_' | '%' | '\\') {
            text.push('\\');
        }
        text.push(c);
        text
    });
    for host in hosts(new) {
        let account = format!("{}@{}", quote(&new.user), quote(host));
        statements.push(format!("CREATE USER {account} IDENTIFIED BY {}", quote(&new.pass.0)));
        statements.push(format!("GRANT ALL PRIVILEGES ON {}.* TO {account}", name(&granted)));
    }
    statements
}

/// The hosts the account may connect from. A server that does not resolve names does not treat a loopback
/// address as `localhost`.
fn hosts(new: &Server) -> Vec<&str> {
    match new.host.as_str() {
        "localhost" => vec!["localhost"],
        path if path.starts_with('/') => vec!["localhost"],
        address @ ("127.0.0.1" | "::1") => vec!["localhost", address],
        _ => vec!["%"],
    }
}

fn no_admin(admin: &Server, new: &Server, refusal: Refusal) -> StoreError {
    match refusal {
        Refusal::Refused(error) => {
            let why = match &*error {
                Error::MySqlError(e) => format!("{} (error {})", one_line(&e.message), e.code),
                other => one_line(&other.to_string()),
            };
            StoreError::Refused(format!(
                "the server at {} denied access to user '{}': {why}\n  \
                 run ipta with sudo, give the password with --admin-pass-i, name another administrator with \
                 --admin-user, or run these statements on the server:\n{}",
                admin.host,
                admin.user,
                sql_to_type(new)
            ))
        }
        // The remedy is a command for the new account, even if the administrator could not connect.
        Refusal::NoServer(_) | Refusal::NoCertificates(_) => connect::refused(new, refusal),
    }
}

/// The same to run by hand, one statement per line; the password is not shown.
fn sql_to_type(new: &Server) -> String {
    let hidden = Server { pass: crate::config::Password("...".to_owned()), ..new.clone() };
    let lines: Vec<String> = statements(&hidden, shown)
        .into_iter()
        .map(|statement| format!("  {};", one_line(&statement)))
        .collect();
    let hint = "  -- '...' is the password. Leave out CREATE USER if the user exists.";
    format!("{}\n{hint}", lines.join("\n"))
}

/// The statement that changes an account's password. MySQL 5.6 has no ALTER USER ... IDENTIFIED BY; MySQL 8
/// has no PASSWORD().
fn change_of_password(account: &str, version: &str) -> String {
    match !version.starts_with("5.6.") && !version.starts_with("5.5.") {
        true => format!("ALTER USER {account} IDENTIFIED BY '...'"),
        false => format!("SET PASSWORD FOR {account} = PASSWORD('...')"),
    }
}

fn shown(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

fn shown_account(new: &Server, host: &str) -> String {
    one_line(&format!("{}@{}", shown(&new.user), shown(host)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Password;

    fn server(host: &str) -> Server {
        Server {
            tls: None,
            ca: None,
            host: host.to_owned(),
            port: None,
            user: "o'brien".to_owned(),
            pass: Password("geheim".to_owned()),
            database: "fw_1`x".to_owned(),
            config_file: None,
            asks: false,
            named: false,
        }
    }

    #[test]
    fn the_sql_to_type_shows_no_password_and_no_wild_cards() {
        assert_eq!(
            sql_to_type(&server("localhost")),
            "  CREATE DATABASE IF NOT EXISTS `fw_1``x` CHARACTER SET utf8mb4;\n  \
             CREATE USER 'o''brien'@'localhost' IDENTIFIED BY '...';\n  \
             GRANT ALL PRIVILEGES ON `fw\\_1``x`.* TO 'o''brien'@'localhost';\n  \
             -- '...' is the password. Leave out CREATE USER if the user exists."
        );
    }

    #[test]
    fn a_password_is_changed_in_words_that_the_server_knows() {
        assert_eq!(change_of_password("'a'@'%'", "5.6.51-log"), "SET PASSWORD FOR 'a'@'%' = PASSWORD('...')");
        for version in ["5.7.44", "9.7.0", "10.11.19-MariaDB"] {
            assert_eq!(change_of_password("'a'@'%'", version), "ALTER USER 'a'@'%' IDENTIFIED BY '...'");
        }
    }

    #[test]
    fn an_account_may_come_from_where_it_connects() {
        assert_eq!(hosts(&server("/run/mysqld/mysqld.sock")), ["localhost"]);
        assert_eq!(hosts(&server("127.0.0.1")), ["localhost", "127.0.0.1"]);
        assert_eq!(hosts(&server("db.example.net")), ["%"]);
    }
}
