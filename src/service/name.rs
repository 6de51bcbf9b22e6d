//! What services are called: a machine has one for each of its rooms.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::ServiceError;

/// The name of a service that nobody named.
const PLAIN: &str = "antiphon";
/// A unit's name is to be read, and has room for 255 characters.
const LONGEST: usize = 64;

/// What a service is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Name(String);

impl Default for Name {
    /// The one that nobody named.
    fn default() -> Name {
        Name(PLAIN.to_owned())
    }
}

impl Name {
    /// The name that `text` is.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NoName`] for what systemd, or whoever types it, would take for something
    /// else.
    pub fn parse(text: &str) -> Result<Name, ServiceError> {
        let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        match begins && text.len() <= LONGEST && text.chars().all(is_plain) {
            true => Ok(Name(text.to_owned())),
            false => Err(ServiceError::NoName {
                text: text.escape_debug().to_string(),
            }),
        }
    }

    /// The name made of that of the folder `root`: `room-2` of `/srv/Room 2`; none where
    /// nothing is left of it.
    pub fn of_folder(root: &Path) -> Option<Name> {
        let name = root.file_name()?.to_string_lossy().to_lowercase();
        let plain = name.replace(|c| !is_plain(c), "-");
        let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
        let mut name = words.join("-");
        name.truncate(LONGEST);
        Name::parse(&name).ok()
    }

    /// The name whose unit has the file name `unit`, if it is one of antiphon's.
    pub fn of_unit(unit: &str) -> Option<Name> {
        let stem = unit.strip_suffix(".service")?;
        match stem.strip_prefix(PLAIN)? {
            "" => Some(Name::default()),
            rest => Name::parse(rest.strip_prefix('-')?).ok(),
        }
    }

    /// The file name of its unit.
    pub fn unit(&self) -> String {
        format!("{}.service", self.stem())
    }

    /// What systemd's commands call the unit.
    pub fn stem(&self) -> String {
        match self.is_plain() {
            true => PLAIN.to_owned(),
            false => format!("{PLAIN}-{self}"),
        }
    }

    /// Whether nobody named it.
    pub fn is_plain(&self) -> bool {
        self.0 == PLAIN
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_units_belong_together() {
        for (name, unit) in [
            ("antiphon", "antiphon.service"),
            ("room2", "antiphon-room2.service"),
            ("a-b_c", "antiphon-a-b_c.service"),
        ] {
            let name = Name::parse(name).unwrap();
            assert_eq!(name.unit(), unit);
            assert_eq!(Name::of_unit(unit), Some(name));
        }
        for other in [
            "antiphonal.service",
            "antiphon-.service",
            "antiphon.timer",
            "x",
        ] {
            assert_eq!(Name::of_unit(other), None, "{other}");
        }
    }

    #[test]
    fn what_systemd_would_take_for_something_else_is_no_name() {
        let long = "a".repeat(65);
        for text in ["", "-a", "a b", "a/b", "a@b", "a%b", "ä", "a\nb", &long] {
            let error = Name::parse(text).unwrap_err().to_string();
            assert!(error.contains("--name"), "{error}");
        }
    }

    #[test]
    fn a_folder_gives_its_name_where_it_has_letters() {
        let of = |path: &str| Name::of_folder(Path::new(path)).map(|name| name.to_string());
        assert_eq!(of("/srv/Room 2"), Some("room-2".to_owned()));
        assert_eq!(of("/srv/--a  (b)--"), Some("a-b".to_owned()));
        assert_eq!(of("/srv/画廊"), None);
        assert_eq!(of("/"), None);
        assert_eq!(of(&format!("/{}", "x".repeat(200))).unwrap().len(), 64);
    }
}
