//! antiphon as a service: the unit by which systemd starts it with the machine
//! or a user's session, its installation, and what systemd is told meanwhile.
//!
//! Each service has a unit of its own, and not an instance of a template: folder, user,
//! rights and addresses stand in a unit's own lines, which a template cannot fill in.

mod install;
mod installed;
mod name;
mod supervisor;
mod unit;
mod user;

use std::fmt;
use std::io;
use std::path::PathBuf;

use serde::Serialize;

pub use install::{Manager, UnitChange, remove, write};
pub use installed::{Installed, choose_installed, choose_name, to_start};
pub use name::Name;
pub use supervisor::Supervisor;
pub use unit::{Service, Words};
pub use user::{User, UserError};

/// Whose service it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Of one user, begun with the user's session.
    User,
    /// Of the machine, begun with it.
    System,
}

impl Scope {
    /// Whose services these are, in words.
    pub fn whose(self) -> &'static str {
        match self {
            Scope::User => "this user",
            Scope::System => "the system",
        }
    }

    /// The option that says it.
    pub fn option(self) -> &'static str {
        match self {
            Scope::User => "--user",
            Scope::System => "--system",
        }
    }
}

/// `user` or `system`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.option().trim_start_matches('-'))
    }
}

/// Why there is no service, or still one.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("{} was not written by antiphon; move it away first, if it may go", path.display())]
    Foreign { path: PathBuf },
    #[error(
        "\"{text}\" cannot be the name of a service: give --name up to 64 letters, digits, - and \
         _, of which the first is a letter or a digit"
    )]
    NoName { text: String },
    #[error(
        "the name of {} makes no name for a service; give it one with --name, room2 say",
        root.display()
    )]
    Unnamed { root: PathBuf },
    #[error(
        "the service {name} is that of {}; give this one another name with --name, or take that \
         one away first: antiphon service uninstall {} --name {name}",
        root.display(), scope.option()
    )]
    Taken {
        name: Name,
        scope: Scope,
        root: PathBuf,
    },
    #[error(
        "{} has the service {name} already, which would be in another's way; take it away first: \
         antiphon service uninstall {} --name {name}",
        root.display(), scope.option()
    )]
    Served {
        name: Name,
        scope: Scope,
        root: PathBuf,
    },
    #[error("there are several services; say with --name which is meant: {}", names.join(", "))]
    Several { names: Vec<String> },
    #[error("{what} \"{text}\" cannot stand in a unit of systemd: {why}")]
    Unwritable {
        what: &'static str,
        text: String,
        why: &'static str,
    },
    #[error("neither XDG_CONFIG_HOME nor HOME says where a user's units are kept")]
    NoHome,
    #[error("cannot {what} {}: {cause}{}", path.display(), hint(cause))]
    File {
        what: &'static str,
        path: PathBuf,
        cause: io::Error,
    },
    #[error("cannot run `{command}`: {cause}")]
    Command { command: String, cause: io::Error },
    #[error("`{command}` failed: {said}")]
    Refused { command: String, said: String },
}

impl ServiceError {
    fn taken(by: &Installed) -> ServiceError {
        ServiceError::Taken {
            name: by.name.clone(),
            scope: by.scope,
            root: by.root.clone(),
        }
    }

    fn served(by: &Installed) -> ServiceError {
        ServiceError::Served {
            name: by.name.clone(),
            scope: by.scope,
            root: by.root.clone(),
        }
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "; a service of the system is its administrator's: use sudo"
        }
        _ => "",
    }
}
