//! `--save-db`: the connection and the settings of this call, kept in the configuration file.

use anyhow::bail;

use crate::config::{self, Layer, Settings};
use crate::exit::Exit;
use crate::run::session::Session;
use crate::store::StoreError;

/// Writes the connection and the settings of this call to the configuration file.
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
    // The password may have been asked for since.
    let settings = Settings { place: session.store.place_mut().clone(), ..session.settings.clone() };
    let notes = config::save(&path, &settings, given, may_write_password)?;
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
            session.console.warn(&format!("The password could not be checked: {why}"));
        }
    }
    Ok(())
}
