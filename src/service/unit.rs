//! The text of a unit: a file of systemd/, with the lines that differ from one
//! installation to the next put in.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{Name, Scope, ServiceError};

/// What is to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Whose it is.
    pub scope: Scope,
    /// What it is called.
    pub name: Name,
    /// The executable, by its absolute path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Words,
    /// The folder it writes into, by its absolute path.
    pub root: PathBuf,
    /// Who runs it, where it is the system's.
    pub user: Option<String>,
    /// Whom it talks to beyond this machine: addresses, or `any`.
    pub beyond: Vec<String>,
}

/// Arguments of a command.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words(pub Vec<String>);

impl Service {
    /// The unit's text.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Unwritable`] for what systemd cannot read back.
    pub fn unit(&self) -> Result<String, ServiceError> {
        let mut lines = vec![("ExecStart", self.command()?)];
        if !self.name.is_plain() {
            let description = format!("antiphon answers sounds of {}", self.name);
            lines.push(("Description", description));
        }
        let mut unit = match self.scope {
            Scope::User => include_str!("../../systemd/user/antiphon.service"),
            Scope::System => {
                lines.extend(self.of_the_system()?);
                include_str!("../../systemd/antiphon.service")
            }
        }
        .to_owned();
        for (key, value) in lines {
            unit = with_value(&unit, key, &value);
        }
        Ok(unit)
    }

    fn command(&self) -> Result<String, ServiceError> {
        // Of the command's words, systemd takes the first one's $ as it is, and
        // refuses quotes in it.
        let program = text("the program's path", &self.program)?;
        if program.contains(['"', '\'', '\\']) {
            return Err(ServiceError::Unwritable {
                what: "the program's path",
                text: program.to_owned(),
                why: "it has quotes or backslashes; put the program elsewhere",
            });
        }
        let mut words = vec![quoted(program)];
        for argument in &self.arguments.0 {
            check("the argument", argument)?;
            words.push(quoted(argument).replace('$', "$$"));
        }
        Ok(words.join(" "))
    }

    fn of_the_system(&self) -> Result<[(&'static str, String); 3], ServiceError> {
        let user = self.user.as_deref().unwrap_or("antiphon");
        check("the user", user)?;
        let root = quoted(&format!("-{}", text("the folder", &self.root)?));
        let hosts: Vec<&str> = std::iter::once("localhost")
            .chain(self.beyond.iter().map(String::as_str))
            .collect();
        Ok([
            ("User", user.replace('%', "%%")),
            ("ReadWritePaths", root),
            ("IPAddressAllow", hosts.join(" ")),
        ])
    }
}

impl Words {
    /// The words of a command as it stands in a unit that antiphon wrote.
    pub fn of_unit(command: &str) -> Words {
        let mut words: Vec<String> = Vec::new();
        let mut word: Option<String> = None;
        let (mut is_quoted, mut is_escaped) = (false, false);
        for c in command.chars() {
            match c {
                '\\' if !is_escaped => is_escaped = true,
                '"' if !is_escaped => {
                    is_quoted = !is_quoted;
                    word.get_or_insert_default();
                }
                ' ' if !is_quoted => words.extend(word.take()),
                c => {
                    word.get_or_insert_default().push(c);
                    is_escaped = false;
                }
            }
        }
        words.extend(word);
        let unescaped = |word: String| word.replace("%%", "%").replace("$$", "$");
        Words(words.into_iter().map(unescaped).collect())
    }
}

impl fmt::Display for Words {
    /// As one would type them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=%+,@".contains(c);
        let words = self.0.iter().map(|word| match word.chars().all(plain) {
            true if !word.is_empty() => word.clone(),
            _ => format!("'{}'", word.replace('\'', r"'\''")),
        });
        f.write_str(&words.collect::<Vec<_>>().join(" "))
    }
}

/// `unit` with `value` in its line of `key`.
fn with_value(unit: &str, key: &str, value: &str) -> String {
    let line = |line: &str| match line.split_once('=') {
        Some((found, _)) if found == key => format!("{key}={value}\n"),
        _ => format!("{line}\n"),
    };
    unit.lines().map(line).collect()
}

fn text<'a>(what: &'static str, path: &'a Path) -> Result<&'a str, ServiceError> {
    let Some(text) = path.to_str() else {
        return Err(ServiceError::Unwritable {
            what,
            text: path.display().to_string(),
            why: "it is not UTF-8; rename it",
        });
    };
    check(what, text)?;
    Ok(text)
}

fn check(what: &'static str, text: &str) -> Result<(), ServiceError> {
    if text.chars().any(char::is_control) {
        return Err(ServiceError::Unwritable {
            what,
            text: text.escape_default().to_string(),
            why: "it has control characters; rename it",
        });
    }
    Ok(())
}

/// `word` as systemd reads it back, whatever is in it: quotes and specifiers escaped.
fn quoted(word: &str) -> String {
    let escaped = word
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('%', "%%");
    let plain = |c: char| c.is_alphanumeric() || "-_./:=+,@%".contains(c);
    match escaped.chars().all(plain) && !escaped.is_empty() {
        true => escaped,
        false => format!("\"{escaped}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(scope: Scope) -> Service {
        let words = ["watch", "--root", "/srv/a work/100% \"$HOME\"\\x"];
        Service {
            scope,
            name: Name::default(),
            program: "/opt/my $tools/antiphon".into(),
            arguments: Words(words.map(str::to_owned).to_vec()),
            root: "/srv/a work/100% \"$HOME\"\\x".into(),
            user: Some("gallery".to_owned()),
            beyond: vec!["192.168.1.5".to_owned()],
        }
    }

    fn value<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
        unit.lines()
            .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .collect()
    }

    #[test]
    fn what_systemd_would_take_for_its_own_is_escaped() {
        let unit = service(Scope::System).unit().unwrap();
        let command = r#""/opt/my $tools/antiphon" watch --root "/srv/a work/100%% \"$$HOME\"\\x""#;
        assert_eq!(value(&unit, "ExecStart"), [command]);
        let paths = r#""-/srv/a work/100%% \"$HOME\"\\x""#;
        assert_eq!(value(&unit, "ReadWritePaths"), [paths]);
        assert_eq!(value(&unit, "User"), ["gallery"]);
        assert_eq!(value(&unit, "IPAddressAllow"), ["localhost 192.168.1.5"]);
    }

    #[test]
    fn what_was_escaped_is_read_back() {
        let mut service = service(Scope::User);
        service
            .arguments
            .0
            .extend(["", "$$", "%h", "plain"].map(str::to_owned));
        let unit = service.unit().unwrap();
        let words = Words::of_unit(value(&unit, "ExecStart")[0]);
        assert_eq!(words.0[1..], service.arguments.0[..]);
    }

    #[test]
    fn a_service_that_is_named_says_so() {
        let mut service = service(Scope::User);
        let unit = service.unit().unwrap();
        assert_eq!(value(&unit, "Description"), ["antiphon answers sounds"]);
        service.name = Name::parse("room2").unwrap();
        let unit = service.unit().unwrap();
        assert_eq!(
            value(&unit, "Description"),
            ["antiphon answers sounds of room2"]
        );
    }

    #[test]
    fn a_users_unit_names_no_user_and_promises_no_more_than_it_keeps() {
        let unit = service(Scope::User).unit().unwrap();
        assert_eq!(value(&unit, "ExecStart").len(), 1);
        for key in ["User", "ReadWritePaths", "ProtectSystem", "PrivateUsers"] {
            assert!(value(&unit, key).is_empty(), "{key}");
        }
    }

    #[test]
    fn nothing_gets_into_a_unit_by_a_line_break() {
        for change in [
            |s: &mut Service| s.root = "/srv/a\nUser=root".into(),
            |s: &mut Service| s.program = "/a\nb".into(),
            |s: &mut Service| s.arguments = Words(vec!["a\nb".to_owned()]),
            |s: &mut Service| s.user = Some("a\nb".to_owned()),
        ] {
            let mut service = service(Scope::System);
            change(&mut service);
            let error = service.unit().unwrap_err().to_string();
            assert!(error.contains("control characters"), "{error}");
        }
    }

    #[test]
    fn a_program_that_systemd_would_not_start_is_refused() {
        let mut service = service(Scope::User);
        service.program = "/opt/\"the\" antiphon".into();
        let error = service.unit().unwrap_err().to_string();
        assert!(error.contains("quotes"), "{error}");
    }

    #[test]
    fn both_units_wait_for_ever_and_are_watched() {
        for scope in [Scope::User, Scope::System] {
            let unit = service(scope).unit().unwrap();
            assert_eq!(value(&unit, "Type"), ["notify"]);
            assert_eq!(value(&unit, "Restart"), ["always"]);
            assert_eq!(value(&unit, "StartLimitIntervalSec"), ["0"]);
            assert_eq!(value(&unit, "WatchdogSec").len(), 1);
        }
    }

    #[test]
    fn words_can_be_typed() {
        let words = Words(["a", "b c", "it's", ""].map(str::to_owned).to_vec());
        assert_eq!(words.to_string(), r"a 'b c' 'it'\''s' ''");
    }
}
