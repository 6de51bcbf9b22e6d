//! antiphon as a service: the unit by which systemd starts it with the machine
//! or a user's session, its installation, and what systemd is told meanwhile.

mod install;
mod supervisor;
mod unit;
mod user;

use std::io;
use std::path::PathBuf;

pub use install::{Manager, UnitChange, remove, write};
pub use supervisor::Supervisor;
pub use unit::{Service, Words};
pub use user::{User, UserError};

/// Whose service it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Of one user, begun with the user's session.
    User,
    /// Of the machine, begun with it.
    System,
}

/// Why there is no service, or still one.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("{} was not written by antiphon; move it away first, if it may go", path.display())]
    Foreign { path: PathBuf },
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

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "; a service of the system is its administrator's: use sudo"
        }
        _ => "",
    }
}
