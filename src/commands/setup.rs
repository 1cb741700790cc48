//! `--create-db` and `--save-db`: what a new user does once.

use anyhow::bail;

use super::Misused;
use super::session::{Session, ask_password};
use crate::cli::Call;
use crate::config::{self, Password, Place, Server, Settings};
use crate::exit::Exit;
use crate::store::{self, StoreError};

/// Makes database, account and grant, as the manual's 2.6.1 does by hand.
pub fn create_database(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let Place::Server(server) = session.store.place_mut().clone() else {
        return Err(Misused(
            "--create-db makes a database on a server; a --db-file needs only --create-table".into(),
        ))?;
    };
    let settings = session.settings;
    let console = &session.console;
    let ask = || {
        let question = format!("? Password of '{}' on {}: ", settings.admin_user, server.host);
        ask_password(&question, "--admin-pass-i")
    };
    let admin = |pass| Server { user: settings.admin_user.clone(), pass, ..server.clone() };
    if settings.admin_pass_i {
        store::create_database(&admin(ask()?), &server)?;
    } else {
        // The local socket mostly lets the administrator in without one.
        match store::create_database(&admin(Password::default()), &server) {
            Err(StoreError::Refused(_)) if console.in_is_terminal && console.err_is_terminal => {
                store::create_database(&admin(ask()?), &server)?;
            }
            done => done?,
        }
    }
    session.console.done(&format!(
        "Database '{}' and user '{}' are ready; make a table with: {} --create-table",
        server.database,
        server.user,
        server.command()
    ));
    Ok(Exit::Done)
}

/// Writes the connection and the settings of this call to the configuration file.
pub fn save(session: &mut Session<'_, '_>, call: &Call) -> anyhow::Result<Exit> {
    session.ask_password()?;
    let path = match call.config_file.clone().or_else(config::default_path) {
        Some(path) => path,
        None => bail!("There is no home folder to save ~/.ipta-conf in; name a file with --config FILE"),
    };
    if call.given.db_pass.is_some() || call.given.ask_password == Some(true) {
        try_password(session)?;
    }
    let console = &mut *session.console;
    let may_write_password = session.settings.yes || (console.in_is_terminal && console.err_is_terminal);
    // The password may have been asked for since.
    let settings = Settings { place: session.store.place_mut().clone(), ..session.settings.clone() };
    let notes = config::save(&path, &settings, &call.given, may_write_password)?;
    console.done(&format!("Saved to {}.", path.display()));
    for note in notes {
        session.console.note(&note.0);
    }
    Ok(Exit::Done)
}

/// A password that the server refuses is not worth keeping; one that cannot be tried is.
fn try_password(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    match session.store.open() {
        Ok(_) => {}
        Err(StoreError::Refused(why)) => bail!("Nothing was saved: {why}"),
        Err(error) => {
            let why = error.to_string();
            let why = why.lines().next().unwrap_or_default();
            session.console.warn(&format!("The password could not be tried: {why}"));
        }
    }
    Ok(())
}
