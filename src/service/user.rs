//! Who runs a service of the system: the user whose patch writes into the folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A user of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name to log in with.
    pub name: String,
    id: u32,
    group: u32,
}

/// Why nobody can be found to run the service.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    #[error(
        "say with --run-as which user the patch runs as: the service is to write into {} as that \
         user, and not as root", root.display()
    )]
    Nobody { root: PathBuf },
    #[error("this machine has no user {name}")]
    Unknown { name: String },
    #[error("cannot make the folder {} for {user}: {cause}", path.display())]
    Folder {
        path: PathBuf,
        user: String,
        cause: io::Error,
    },
    #[error("{user} cannot have a service there: {said}")]
    Unfit { user: String, said: String },
    #[error("cannot run `{command}`: {cause}")]
    Command {
        command: &'static str,
        cause: io::Error,
    },
}

impl User {
    /// The user called `name`; or else whose the folder `root` is; or else who
    /// became root by sudo.
    pub fn choose(name: Option<&str>, root: &Path) -> Result<User, UserError> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => owner(root)
                .map(|id| id.to_string())
                .or_else(|| std::env::var("SUDO_USER").ok())
                .ok_or_else(|| UserError::Nobody {
                    root: root.to_owned(),
                })?,
        };
        let user = User {
            id: number(&name, "--user")?,
            group: number(&name, "--group")?,
            name: id_command(&name, &["--user", "--name"])?,
        };
        if user.id == 0 {
            return Err(UserError::Nobody {
                root: root.to_owned(),
            });
        }
        Ok(user)
    }

    /// Makes the folder `path` as this user's own, where it is missing.
    pub fn make_folder(&self, path: &Path) -> Result<(), UserError> {
        if path.is_dir() {
            return Ok(());
        }
        let made = fs::create_dir_all(path).and_then(|()| self.give(path));
        made.map_err(|cause| UserError::Folder {
            path: path.to_owned(),
            user: self.name.clone(),
            cause,
        })
    }

    #[cfg(unix)]
    fn give(&self, path: &Path) -> io::Result<()> {
        std::os::unix::fs::chown(path, Some(self.id), Some(self.group))
    }

    #[cfg(not(unix))]
    fn give(&self, _path: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Runs `program` with `arguments` as this user, who may not be allowed to.
    pub fn run(&self, program: &Path, arguments: &[&str]) -> Result<(), UserError> {
        let output = Command::new("runuser")
            .args(["-u", &self.name, "--"])
            .arg(program)
            .args(arguments)
            .current_dir("/")
            .output()
            .map_err(|cause| UserError::Command {
                command: "runuser",
                cause,
            })?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().last().unwrap_or("no reason given");
        Err(UserError::Unfit {
            user: self.name.clone(),
            said: said.trim_start_matches("antiphon: ").to_owned(),
        })
    }
}

/// Whose the folder is, unless it is root's or missing.
#[cfg(unix)]
fn owner(folder: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let id = fs::metadata(folder).ok()?.uid();
    (id != 0).then_some(id)
}

#[cfg(not(unix))]
fn owner(_folder: &Path) -> Option<u32> {
    None
}

fn number(name: &str, which: &str) -> Result<u32, UserError> {
    let answer = id_command(name, &[which])?;
    answer.parse().map_err(|_| UserError::Unknown {
        name: name.to_owned(),
    })
}

fn id_command(name: &str, which: &[&str]) -> Result<String, UserError> {
    let output = Command::new("id").args(which).arg("--").arg(name).output();
    let output = output.map_err(|cause| UserError::Command {
        command: "id",
        cause,
    })?;
    if !output.status.success() {
        return Err(UserError::Unknown {
            name: name.to_owned(),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_a_user_and_root_is_not_to_be_one() {
        let root = Path::new("/");
        assert_eq!(User::choose(Some("nobody"), root).unwrap().name, "nobody");
        for name in ["root", "0"] {
            let error = User::choose(Some(name), root).unwrap_err();
            assert!(error.to_string().contains("--run-as"), "{error}");
        }
        for name in ["no such user", "--help", ""] {
            let error = User::choose(Some(name), root).unwrap_err();
            assert!(error.to_string().contains("has no user"), "{name}: {error}");
        }
    }
}
