//! What stands in front of all addresses: one for each room, where several daemons talk
//! to one patch.

use std::fmt;
use std::str::FromStr;

use super::OscError;
use super::table::ROOT;

/// Empty, or `/room2` say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    /// It as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The whole address of `verb`.
    pub fn address(&self, verb: &str) -> String {
        format!("{}{ROOT}{verb}", self.0)
    }
}

impl FromStr for Prefix {
    type Err = OscError;

    fn from_str(text: &str) -> Result<Prefix, OscError> {
        let is_plain = |part: &str| {
            let mut letters = part.bytes();
            !part.is_empty()
                && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
        };
        let parts = text.strip_prefix('/');
        match parts.is_some_and(|parts| parts.split('/').all(is_plain)) {
            true => Ok(Prefix(text.to_owned())),
            false => Err(OscError::Prefix {
                prefix: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_made_of_plain_parts() {
        let prefix: Prefix = "/museum/room-2".parse().unwrap();
        assert_eq!(prefix.address("ping"), "/museum/room-2/antiphon/ping");
        assert_eq!(Prefix::default().address("ping"), "/antiphon/ping");
        for wrong in [
            "", "/", "room2", "/room2/", "/room 2", "/room*", "//a", "/ä",
        ] {
            assert!(wrong.parse::<Prefix>().is_err(), "{wrong}");
        }
    }
}
