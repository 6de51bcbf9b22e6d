//! The services that are installed here, going by their units.

use std::fs;
use std::path::{Path, PathBuf};

use super::install::{Manager, OWN};
use super::{Name, Scope, ServiceError, Words};

/// A service that antiphon installed.
#[derive(Clone, Debug, PartialEq)]
pub struct Installed {
    /// Whose it is.
    pub scope: Scope,
    /// What it is called.
    pub name: Name,
    /// The folder that it watches.
    pub root: PathBuf,
    /// What it runs.
    command: Words,
}

impl Installed {
    /// All services of the system and of this user, by scope and name.
    pub fn all() -> Vec<Installed> {
        let scopes = [Scope::System, Scope::User].into_iter();
        scopes.flat_map(Installed::of).collect()
    }

    /// Those of `scope`, by name. What cannot be read is not ours.
    pub fn of(scope: Scope) -> Vec<Installed> {
        let folder = Manager::folder_of(scope).ok();
        let entries = folder.and_then(|folder| fs::read_dir(folder).ok());
        let paths = entries.into_iter().flatten().filter_map(Result::ok);
        let mut found: Vec<Installed> = paths
            .filter_map(|entry| Installed::read(scope, &entry.path()))
            .collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    fn read(scope: Scope, unit: &Path) -> Option<Installed> {
        let name = Name::of_unit(unit.file_name()?.to_str()?)?;
        let text = fs::read_to_string(unit).ok()?;
        if !text.starts_with(OWN) {
            return None;
        }
        let command = text
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart="))?;
        let command = Words::of_unit(command);
        Some(Installed {
            scope,
            name,
            root: value(&command, "--root")?.into(),
            command,
        })
    }

    /// What its command says for `option`, the last if it says it again.
    pub fn value(&self, option: &str) -> Option<&str> {
        value(&self.command, option)
    }

    /// Whether it watches `root`, whatever that is called.
    pub fn watches(&self, root: &Path) -> bool {
        let canonical = |path: &Path| path.canonicalize().unwrap_or(path.to_owned());
        canonical(&self.root) == canonical(root)
    }

    /// Who starts and stops it.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NoHome`].
    pub fn manager(&self) -> Result<Manager, ServiceError> {
        Manager::new(self.scope, &self.name)
    }
}

/// The command that starts a daemon for `root`, as it would be typed: its service's, if it has
/// one, or else the one by which it was started `before`.
pub fn to_start(root: &Path, before: Option<&str>) -> String {
    let services = Installed::all();
    let service = services.iter().find(|service| service.watches(root));
    if let Some(manager) = service.and_then(|service| service.manager().ok()) {
        return manager.to_start_again().to_string();
    }
    match before {
        Some(before) => before.to_owned(),
        None => {
            let root = root.to_string_lossy();
            Words(
                ["antiphon", "watch", "--root", &root]
                    .map(str::to_owned)
                    .to_vec(),
            )
            .to_string()
        }
    }
}

fn value<'a>(command: &'a Words, option: &str) -> Option<&'a str> {
    let words = command.0.iter().enumerate().rev();
    let mut values = words.filter_map(|(n, word)| match word.strip_prefix(option) {
        Some("") => command.0.get(n + 1).map(String::as_str),
        Some(rest) => rest.strip_prefix('='),
        None => None,
    });
    values.next()
}

/// What the service of `scope` for the folder `root` is called, beside those that are
/// `installed`, if it is to be called `said`: as it is called already, or as nobody named it,
/// or after the folder.
///
/// # Errors
///
/// [`ServiceError::Served`] where the folder has another service, [`ServiceError::Taken`]
/// where the name has another folder, [`ServiceError::Unnamed`].
pub fn choose_name(
    scope: Scope,
    root: &Path,
    said: Option<&Name>,
    installed: &[Installed],
) -> Result<Name, ServiceError> {
    if let Some(found) = installed.iter().find(|service| service.watches(root)) {
        let is_meant = found.scope == scope && said.is_none_or(|name| *name == found.name);
        return match is_meant {
            true => Ok(found.name.clone()),
            false => Err(ServiceError::served(found)),
        };
    }
    let in_scope = || installed.iter().filter(|service| service.scope == scope);
    let name = match said {
        Some(name) => name.clone(),
        None if in_scope().next().is_none() => Name::default(),
        None => Name::of_folder(root).ok_or_else(|| ServiceError::Unnamed {
            root: root.to_owned(),
        })?,
    };
    match in_scope().find(|service| service.name == name) {
        Some(found) => Err(ServiceError::taken(found)),
        None => Ok(name),
    }
}

/// Which of the services that are `installed` in one scope is meant by `said`: where nothing
/// is said, the only one.
///
/// # Errors
///
/// [`ServiceError::Several`].
pub fn choose_installed(said: Option<Name>, installed: &[Installed]) -> Result<Name, ServiceError> {
    match (said, installed) {
        (Some(name), _) => Ok(name),
        (None, []) => Ok(Name::default()),
        (None, [only]) => Ok(only.name.clone()),
        (None, several) => Err(ServiceError::Several {
            names: several.iter().map(|one| one.name.to_string()).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(scope: Scope, name: &str, root: &str) -> Installed {
        let words = ["antiphon", "watch", "--root", root, "--osc-listen=off"];
        Installed {
            scope,
            name: Name::parse(name).unwrap(),
            root: root.into(),
            command: Words(words.map(str::to_owned).to_vec()),
        }
    }

    #[test]
    fn options_are_read_in_either_form() {
        let service = installed(Scope::User, "a", "/srv/a");
        assert_eq!(service.value("--root"), Some("/srv/a"));
        assert_eq!(service.value("--osc-listen"), Some("off"));
        assert_eq!(service.value("--osc"), None);
    }

    #[test]
    fn the_first_is_plain_and_the_second_has_its_folders_name() {
        let choose = |said: Option<&str>, root: &str, services: &[Installed]| {
            let said = said.map(|name| Name::parse(name).unwrap());
            let chosen = choose_name(Scope::User, Path::new(root), said.as_ref(), services);
            chosen
                .map(|name| name.to_string())
                .map_err(|error| error.to_string())
        };
        assert_eq!(choose(None, "/r/a", &[]), Ok("antiphon".to_owned()));
        let first = [installed(Scope::User, "antiphon", "/r/a")];
        assert_eq!(choose(None, "/r/a", &first), Ok("antiphon".to_owned()));
        assert_eq!(choose(None, "/r/Room 2", &first), Ok("room-2".to_owned()));
        assert_eq!(choose(Some("b"), "/r/x", &first), Ok("b".to_owned()));
        for (said, root, words) in [
            (Some("antiphon"), "/r/b", "antiphon is that of /r/a"),
            (Some("b"), "/r/a", "/r/a has the service antiphon"),
            (None, "/r/画廊", "--name"),
        ] {
            let error = choose(said, root, &first).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        let of_system = [installed(Scope::System, "antiphon", "/r/a")];
        assert_eq!(choose(None, "/r/b", &of_system), Ok("antiphon".to_owned()));
        assert!(choose(None, "/r/a", &of_system).is_err());
    }

    #[test]
    fn of_several_one_has_to_be_named() {
        let two = ["a", "b"].map(|name| installed(Scope::User, name, "/r"));
        assert_eq!(choose_installed(None, &[]).unwrap(), Name::default());
        assert_eq!(choose_installed(None, &two[..1]).unwrap().to_string(), "a");
        let error = choose_installed(None, &two).unwrap_err().to_string();
        assert!(error.contains("a, b"), "{error}");
    }
}
