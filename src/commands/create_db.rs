//! `--create-db`: database, account and grant on a server.

use crate::config::{Password, Place, Server};
use crate::exit::Exit;
use crate::run::Misused;
use crate::run::plan::{Need, Plan};
use crate::run::session::{Session, ask_password};
use crate::store::{self, StoreError};

/// The store is opened afterwards; nothing can be looked at before the account is there.
pub fn check(plan: &mut Plan) {
    plan.makes_account();
    plan.needs(Need::Store);
}

/// Makes database, account and grant, as the manual's 2.6.1 does by hand.
pub fn run(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let Place::Server(server) = session.store.place_mut().clone() else {
        return Err(Misused(
            "--create-db creates a database on a server; a --db-file needs only --create-table".into(),
        ))?;
    };
    let settings = session.settings;
    let console = &session.console;
    let ask = || {
        let question = format!("? Password of '{}' on {}: ", settings.admin_user, server.host);
        ask_password(&question, "--admin-pass-i", "leave it out and run ipta with sudo")
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
