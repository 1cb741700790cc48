//! `--save-db`: saves the call's connection and settings to the configuration file.

use std::fs::File;

use anyhow::bail;

use crate::config::{self, Layer, Place, Settings};
use crate::exit::Exit;
use crate::fault::said;
use crate::run::session::Session;
use crate::run::settings;
use crate::store::StoreError;

/// What is saved must work: modules and databases that exist.
pub fn check(session: &Session<'_, '_>, given: &Layer) -> anyhow::Result<()> {
    if let Some(names) = &given.modules {
        settings::known_modules(names, &session.settings.own_modules)?;
    }
    if given.geoip_databases.is_some() {
        settings::origins(session.settings)?;
    }
    if let Some(path) = &given.db_ca
        && let Err(error) = File::open(path)
    {
        bail!("--db-ca: cannot read {}: {}", path.display(), said(&error));
    }
    Ok(())
}

/// Writes the call's connection and settings to the configuration file.
pub fn run(session: &mut Session<'_, '_>, given: &Layer) -> anyhow::Result<Exit> {
    session.ask_password()?;
    let path = match session.settings.config_file.clone().or_else(config::default_path) {
        Some(path) => path,
        None => bail!("There is no home folder to save ~/.ipta-conf in; name a file with --config FILE"),
    };
    if given.db_pass.is_some() || given.ask_password == Some(true) {
        try_password(session)?;
    }
    let console = &mut *session.console;
    let may_write_password = session.settings.yes || (console.in_is_terminal && console.err_is_terminal);
    // The password may have been entered since.
    let settings = Settings { place: session.store.place_mut().clone(), ..session.settings.clone() };
    let notes = config::save(&path, &settings, given, may_write_password)?;
    console.done(&format!("Saved to {}.", path.display()));
    for note in notes {
        session.console.note(&note.0);
    }
    if let Place::File(file) = &settings.place
        && !file.exists()
    {
        session
            .console
            .note(&format!("There is no file '{}' yet; create it with: ipta --create-table", file.display()));
    }
    Ok(Exit::Done)
}

/// A password that the server rejects is not worth saving; one that cannot be tried is.
fn try_password(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    match session.store.open() {
        Ok(_) => {}
        Err(StoreError::Refused(why)) => bail!("Nothing was saved: {why}"),
        Err(error) => {
            let why = error.to_string();
            let why = why.lines().next().unwrap_or_default();
            session.console.warn(&format!("The password could not be checked: {why}"));
        }
    }
    Ok(())
}
