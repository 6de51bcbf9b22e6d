//! The token that lets somebody on another machine in.

use std::fs;
use std::io;
use std::path::Path;

use crate::files;

/// Where it is kept under the root, so that a link that was sent to a telephone goes on
/// being good.
const FILE: &str = ".antiphon/page-token";
/// Letters of a token: 32 of them, 128 bits.
const LETTERS: usize = 32;

/// A word that nobody can guess.
#[derive(Clone)]
pub struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// The one that is kept under `root`, or a new one, which is kept from now on.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub fn of(root: &Path) -> io::Result<Token> {
        let path = root.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) if is_token(text.trim()) => return Ok(Token(text.trim().to_owned())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let token = random()?;
        if let Some(folder) = path.parent() {
            files::make_folder(folder)?;
        }
        let part = files::unpublished(&path);
        write_for_us_alone(&part, &format!("{token}\n"))?;
        files::publish(&part, &path)?;
        Ok(Token(token))
    }

    /// Whether `given` is it, in the same time wherever they differ.
    pub fn is(&self, given: &str) -> bool {
        let (token, given) = (self.0.as_bytes(), given.as_bytes());
        let pairs = token.iter().zip(given);
        token.len() == given.len() && pairs.fold(0, |all, (a, b)| all | (a ^ b)) == 0
    }

    /// As it stands in a link.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_token(text: &str) -> bool {
    text.len() == LETTERS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn random() -> io::Result<String> {
    let mut bytes = [0; LETTERS / 2];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn write_for_us_alone(path: &Path, text: &str) -> io::Result<()> {
    use io::Write;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stays_until_its_file_goes() {
        let folder = tempfile::tempdir().unwrap();
        let first = Token::of(folder.path()).unwrap();
        assert!(is_token(first.as_str()), "{first:?}");
        assert_eq!(Token::of(folder.path()).unwrap().0, first.0);
        assert!(first.is(first.as_str()));
        assert!(!first.is("") && !first.is(&"0".repeat(LETTERS)));
        assert!(!format!("{first:?}").contains(first.as_str()));

        fs::write(folder.path().join(FILE), "half a tok").unwrap();
        assert_ne!(Token::of(folder.path()).unwrap().0, first.0);
        fs::remove_file(folder.path().join(FILE)).unwrap();
        assert_ne!(Token::of(folder.path()).unwrap().0, first.0);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        Token::of(folder.path()).unwrap();
        let mode = fs::metadata(folder.path().join(FILE))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
}
