//! Where a NATS server is, and how one is let in.

use std::path::PathBuf;

use super::ClusterError;

/// The port where a NATS server listens when nobody chooses.
const PORT: &str = "4222";

/// Where a NATS server is, and how one is let in.
#[derive(Clone, Debug)]
pub struct Access {
    /// `nats://` or `tls://`, host and port, without secrets.
    pub(super) address: String,
    pub(super) is_secured: bool,
    pub(super) login: Option<Login>,
    /// A file of credentials, as `nsc` makes them.
    pub(super) credentials: Option<PathBuf>,
    /// Certificates in a PEM file that are trusted beside those of the system.
    pub(super) authority: Option<PathBuf>,
}

/// What the server knows somebody by.
#[derive(Clone)]
pub(super) enum Login {
    User { name: String, password: String },
    Token(String),
}

impl std::fmt::Debug for Login {
    /// Secrets are not shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Login::User { name, .. } => write!(f, "User {name}"),
            Login::Token(_) => f.write_str("Token"),
        }
    }
}

impl Access {
    /// The server at `url`: `nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT]`, `tls://` where it is
    /// to be encrypted. Letters of a name or password that mean something in an address are
    /// written as `%40`.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Address`].
    pub fn new(
        url: &str,
        credentials: Option<PathBuf>,
        authority: Option<PathBuf>,
    ) -> Result<Access, ClusterError> {
        let parsed = parse(url).ok_or_else(|| ClusterError::Address {
            // Somebody may have put a password there.
            url: url.rsplit('@').next().unwrap_or_default().to_owned(),
        })?;
        Ok(Access {
            is_secured: parsed.is_secured || authority.is_some(),
            credentials,
            authority,
            ..parsed
        })
    }

    /// The server, as people call it: without secrets.
    pub fn address(&self) -> &str {
        &self.address
    }
}

fn parse(url: &str) -> Option<Access> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
    let is_secured = match scheme {
        "nats" => false,
        "tls" => true,
        _ => return None,
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (login, host) = match rest.rsplit_once('@') {
        Some((login, host)) => (Some(parse_login(login)?), host),
        None => (None, rest),
    };
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (host, PORT),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
    if name.is_empty() || !name.chars().all(is_name) || port.parse::<u16>().is_err() {
        return None;
    }
    Some(Access {
        address: format!("{scheme}://{name}:{port}"),
        is_secured,
        login,
        credentials: None,
        authority: None,
    })
}

fn parse_login(login: &str) -> Option<Login> {
    Some(match login.split_once(':') {
        Some((name, password)) => Login::User {
            name: unescaped(name)?,
            password: unescaped(password)?,
        },
        None => Login::Token(unescaped(login)?),
    })
}

/// `text` with what stands in it as `%40` written out.
fn unescaped(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&first, others)) = rest.split_first() {
        rest = others;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_understood_and_secrets_are_not_shown() {
        for (url, address, login) in [
            ("nats://host", "nats://host:4222", "None"),
            ("host:4000", "nats://host:4000", "None"),
            ("tls://h.example/", "tls://h.example:4222", "None"),
            ("nats://[::1]:4223", "nats://[::1]:4223", "None"),
            ("nats://[::1]", "nats://[::1]:4222", "None"),
            ("nats://me:p%40ss@h", "nats://h:4222", "Some(User me)"),
            ("nats://secret@h:1", "nats://h:1", "Some(Token)"),
        ] {
            let access = Access::new(url, None, None).unwrap();
            assert_eq!(access.address(), address, "{url}");
            assert_eq!(format!("{:?}", access.login), login, "{url}");
        }
        let access = Access::new("nats://me:p%40ss@h", None, None).unwrap();
        let Some(Login::User { password, .. }) = access.login else {
            panic!("a user");
        };
        assert_eq!(password, "p@ss");
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_secret() {
        for url in [
            "",
            "http://host",
            "nats://",
            "nats://me:secret@",
            "host:no",
            "a b",
            "h:1:x",
        ] {
            let refused = Access::new(url, None, None).unwrap_err().to_string();
            assert!(!refused.contains("secret"), "{refused}");
            assert!(refused.contains("nats://HOST:4222"), "{refused}");
        }
    }
}
