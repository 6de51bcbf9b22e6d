//! Units in systemd's folders, and systemd told about them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::unit::Words;
use super::{Name, Scope, ServiceError};
use crate::files;

/// What became of a unit's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitChange {
    /// There was none.
    New,
    /// Another text stood there.
    Changed,
    /// The same text stood there.
    AsItWas,
}

/// The service manager of a scope, and a service there.
#[derive(Clone, Debug, PartialEq)]
pub struct Manager {
    scope: Scope,
    name: Name,
    /// Where its units are kept.
    folder: PathBuf,
}

impl Manager {
    /// Of `scope`, for the service called `name`.
    pub fn new(scope: Scope, name: &Name) -> Result<Manager, ServiceError> {
        Ok(Manager {
            scope,
            name: name.clone(),
            folder: Manager::folder_of(scope)?,
        })
    }

    /// Where the units of `scope` are kept; a user's where the environment says.
    pub fn folder_of(scope: Scope) -> Result<PathBuf, ServiceError> {
        Ok(match scope {
            Scope::System => PathBuf::from("/etc/systemd/system"),
            Scope::User => user_configuration()?.join("systemd/user"),
        })
    }

    /// Where the unit is kept.
    pub fn unit(&self) -> PathBuf {
        self.folder.join(self.name.unit())
    }

    /// What has systemd start the service, now and from now on.
    pub fn to_start(&self) -> Vec<Words> {
        let unit = self.name.unit();
        // A restart, because what runs may be of an earlier text.
        let commands = [
            &["daemon-reload"][..],
            &["enable", &unit],
            &["restart", &unit],
        ];
        commands.map(|command| self.systemctl(command)).to_vec()
    }

    /// What has it start an installed service that does not run.
    pub fn to_start_again(&self) -> Words {
        self.systemctl(&["start", &self.name.unit()])
    }

    /// What has it stop.
    pub fn to_stop(&self) -> Vec<Words> {
        vec![self.systemctl(&["disable", "--now", &self.name.unit()])]
    }

    /// What has it look at its units again.
    pub fn to_forget(&self) -> Vec<Words> {
        vec![self.systemctl(&["daemon-reload"])]
    }

    /// What shows the service's log.
    pub fn to_read_the_log(&self) -> Words {
        self.words("journalctl", &["--unit", &self.name.stem(), "--follow"])
    }

    /// What has a user's service start though nobody logs in.
    pub fn to_start_without_a_session(&self) -> Option<Words> {
        (self.scope == Scope::User).then(|| words(&["loginctl"], &["enable-linger"], &[]))
    }

    fn systemctl(&self, arguments: &[&str]) -> Words {
        self.words("systemctl", arguments)
    }

    fn words(&self, program: &str, arguments: &[&str]) -> Words {
        match self.scope {
            Scope::User => words(&[program], &["--user"], arguments),
            Scope::System => words(&[program], &[], arguments),
        }
    }

    /// Whether systemd runs this machine.
    pub fn runs() -> bool {
        Path::new("/run/systemd/system").is_dir()
    }

    /// Runs `commands` one after the other.
    pub fn run(commands: &[Words]) -> Result<(), ServiceError> {
        commands.iter().try_for_each(run)
    }
}

fn words(a: &[&str], b: &[&str], c: &[&str]) -> Words {
    Words([a, b, c].concat().into_iter().map(str::to_owned).collect())
}

fn run(words: &Words) -> Result<(), ServiceError> {
    let command = words.to_string();
    let (program, arguments) = words.0.split_first().expect("a command has a program");
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|cause| ServiceError::Command {
        command: command.clone(),
        cause,
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(ServiceError::Refused { command, said })
}

fn user_configuration() -> Result<PathBuf, ServiceError> {
    let folder = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let configuration = folder("XDG_CONFIG_HOME").map(PathBuf::from);
    let home = || folder("HOME").map(|home| PathBuf::from(home).join(".config"));
    configuration.or_else(home).ok_or(ServiceError::NoHome)
}

/// What every unit that antiphon writes begins with.
pub const OWN: &str = "# antiphon as a service of ";

/// Puts `text` where `manager` looks for the unit.
pub fn write(manager: &Manager, text: &str) -> Result<UnitChange, ServiceError> {
    let path = manager.unit();
    let failed = |what| failed_to(what, &path);
    let written = match fs::read_to_string(&path) {
        Ok(found) if found == text => return Ok(UnitChange::AsItWas),
        Ok(found) if !found.starts_with(OWN) => return Err(ServiceError::Foreign { path }),
        Ok(_) => UnitChange::Changed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => UnitChange::New,
        Err(error) => return Err(failed("read")(error)),
    };
    fs::create_dir_all(&manager.folder).map_err(failed("make the folder of"))?;
    files::write_atomically(&path, text.as_bytes()).map_err(failed("write"))?;
    Ok(written)
}

/// Removes the unit; whether there was one.
pub fn remove(manager: &Manager) -> Result<bool, ServiceError> {
    let path = manager.unit();
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed_to("remove", &path)(error)),
    }
}

fn failed_to<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> ServiceError + 'a {
    move |cause| ServiceError::File {
        what,
        path: path.to_owned(),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_written_once_and_removed_once() {
        let folder = tempfile::tempdir().unwrap();
        let manager = Manager {
            scope: Scope::User,
            name: Name::default(),
            folder: folder.path().join("systemd/user"),
        };
        let [one, two] = ["one", "two"].map(|n| format!("{OWN}{n}\n"));
        assert_eq!(write(&manager, &one).unwrap(), UnitChange::New);
        assert_eq!(write(&manager, &one).unwrap(), UnitChange::AsItWas);
        assert_eq!(write(&manager, &two).unwrap(), UnitChange::Changed);
        assert_eq!(fs::read_to_string(manager.unit()).unwrap(), two);
        fs::write(manager.unit(), "mine\n").unwrap();
        let foreign = write(&manager, &two).unwrap_err();
        assert!(matches!(foreign, ServiceError::Foreign { .. }), "{foreign}");
        assert_eq!(fs::read_to_string(manager.unit()).unwrap(), "mine\n");
        assert!(remove(&manager).unwrap());
        assert!(!remove(&manager).unwrap());
    }

    #[test]
    fn a_users_service_is_started_by_the_users_manager() {
        let manager = |scope| Manager {
            scope,
            name: Name::default(),
            folder: PathBuf::new(),
        };
        let commands = |scope| {
            manager(scope)
                .to_start()
                .iter()
                .map(Words::to_string)
                .collect()
        };
        let user: Vec<String> = commands(Scope::User);
        assert_eq!(
            user,
            [
                "systemctl --user daemon-reload",
                "systemctl --user enable antiphon.service",
                "systemctl --user restart antiphon.service"
            ]
        );
        let system: Vec<String> = commands(Scope::System);
        assert_eq!(system[0], "systemctl daemon-reload");
    }

    #[test]
    fn what_a_command_says_when_it_fails_is_passed_on() {
        let command = words(&["sh"], &["-c"], &["echo no such unit >&2; exit 1"]);
        let error = run(&command).unwrap_err().to_string();
        assert!(error.ends_with("failed: no such unit"), "{error}");
        let error = run(&words(&["no-such-program"], &[], &[])).unwrap_err();
        assert!(error.to_string().contains("cannot run"), "{error}");
    }
}
