//! `--create-db`: database, account and grant on a server.

use crate::config::{Password, Place, Server};
use crate::exit::Exit;
use crate::run::Misused;
use crate::run::plan::{Need, Plan};
use crate::run::session::{Session, ask_password};
use crate::store::{self, StoreError};

/// The store opens afterwards; nothing can be checked before the account exists.
pub fn check(plan: &mut Plan) {
    plan.makes_account();
    plan.needs(Need::Store);
}

/// Creates database, account and grant, as the manual's 2.6.1 does by hand.
pub fn run(session: &mut Session<'_, '_>) -> anyhow::Result<Exit> {
    let Place::Server(server) = session.store.place_mut().clone() else {
        return Err(Misused(
            "--create-db is for a server, but packets are kept in a file (--db-file, or db_file in ~/.ipta-conf), which \
             needs only --create-table; for a server: ipta -h HOST --create-db".into(),
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
        // The local socket usually admits the administrator without one.
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
