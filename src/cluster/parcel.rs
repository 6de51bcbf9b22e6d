//! What comes back: one object, which begins with a line that says what it is; after it come
//! the files of the answer, one after the other.

use std::fs::File;
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::ClusterError;
use super::job::VERSION;
use crate::answer::{Heard, SLICES};
use crate::files;

/// The longest first line that is read: that of a set of very many variations.
const LONGEST_LINE: usize = 64 << 20;

/// What a worker has to say of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parcel {
    pub(super) version: u32,
    /// The worker's machine and process.
    pub by: String,
    /// Seconds that the answer took there, without all that travelled.
    pub took: f64,
    /// What the seed is like, where it could be heard.
    pub heard: Option<Heard>,
    pub result: Result,
    /// The names and lengths of the files that follow, in their order.
    files: Vec<(String, u64)>,
}

/// What a job ended with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Result {
    /// A prediction, with its sidecar.
    Prediction {
        seed_sha256: String,
        sidecar: String,
        seconds: f64,
    },
    /// A set, and the names and lengths in seconds of its variations.
    Set {
        seed_sha256: String,
        variations: Vec<(String, f64)>,
    },
    Failure(Failure),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// The seed will never have one.
    Seed(String),
    /// The voice cannot answer, as its plan says.
    Voice(String),
    /// What was changed of it cannot be.
    Changes(String),
    /// This variation cannot be made, others may.
    Variation(String),
    /// The workers lack something; another time it may have one.
    Machine(String),
}

impl Failure {
    /// Why, in a sentence.
    pub fn into_text(self) -> String {
        match self {
            Failure::Seed(text)
            | Failure::Voice(text)
            | Failure::Changes(text)
            | Failure::Variation(text)
            | Failure::Machine(text) => text,
        }
    }
}

/// Where the files of an answer go.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// A prediction's file.
    pub prediction: &'a Path,
    /// A set's folder.
    pub set: &'a Path,
}

impl Parcel {
    /// What `by` has to say after `took` seconds, with the files that `result` tells of.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Unreadable`].
    pub(super) fn new(
        by: &str,
        took: f64,
        heard: Option<Heard>,
        result: Result,
        place: Place,
    ) -> std::result::Result<Parcel, ClusterError> {
        let files = match &result {
            Result::Prediction { .. } => vec![of_one(place.prediction, PREDICTION)?],
            Result::Set { .. } => of_set(place.set)?,
            Result::Failure(_) => Vec::new(),
        };
        Ok(Parcel {
            version: VERSION,
            by: by.to_owned(),
            took,
            heard,
            result,
            files,
        })
    }

    /// All of it as it travels, with its files in `place`.
    pub(super) fn reader(&self, place: Place) -> Reader {
        let mut line = serde_json::to_vec(self).expect("plain fields always serialise");
        line.push(b'\n');
        let files = self.files.iter().rev();
        Reader {
            line: Cursor::new(line),
            files: files
                .map(|(name, _)| path_of(place, &self.result, name))
                .collect(),
            open: None,
        }
    }
}

/// What a prediction's file is called.
const PREDICTION: &str = "prediction";

fn of_one(path: &Path, name: &str) -> std::result::Result<(String, u64), ClusterError> {
    let metadata = path.metadata().map_err(|cause| ClusterError::Unreadable {
        path: path.to_owned(),
        cause,
    })?;
    Ok((name.to_owned(), metadata.len()))
}

fn of_set(set: &Path) -> std::result::Result<Vec<(String, u64)>, ClusterError> {
    let unreadable = |cause| ClusterError::Unreadable {
        path: set.to_owned(),
        cause,
    };
    let mut all = Vec::new();
    for (folder, prefix) in [(set.to_owned(), ""), (set.join(SLICES), "slices/")] {
        if !folder.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_file() {
                all.push(of_one(&path, &format!("{prefix}{name}"))?);
            }
        }
    }
    all.sort();
    Ok(all)
}

fn path_of(place: Place, result: &Result, name: &str) -> PathBuf {
    match result {
        Result::Set { .. } => place.set.join(name),
        _ => place.prediction.to_owned(),
    }
}

/// Reads a line, and then files one after the other.
pub(super) struct Reader {
    line: Cursor<Vec<u8>>,
    /// The last is the next.
    files: Vec<PathBuf>,
    open: Option<File>,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.line.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        loop {
            if let Some(file) = &mut self.open {
                let read = file.read(buffer)?;
                if read > 0 {
                    return Ok(read);
                }
                self.open = None;
            }
            let Some(next) = self.files.pop() else {
                return Ok(0);
            };
            self.open = Some(File::open(next)?);
        }
    }
}

/// Takes a parcel apart while it comes, and writes its files into their places.
pub(super) struct Unpacking<'a> {
    place: Place<'a>,
    line: Vec<u8>,
    parcel: Option<Parcel>,
    /// Which file is being written, and how much of it is still to come.
    number: usize,
    open: Option<(File, PathBuf, u64)>,
}

impl<'a> Unpacking<'a> {
    /// Nothing has come yet.
    pub fn new(place: Place<'a>) -> Unpacking<'a> {
        Unpacking {
            place,
            line: Vec::new(),
            parcel: None,
            number: 0,
            open: None,
        }
    }

    /// Goes on with what came.
    pub fn push(&mut self, mut bytes: &[u8]) -> std::result::Result<(), ClusterError> {
        if self.parcel.is_none() {
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let (line, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
            self.line.extend(line);
            bytes = rest;
            if self.line.len() > LONGEST_LINE {
                return Err(broken("its first line has no end"));
            }
            if end.is_none() {
                return Ok(());
            }
            self.begin()?;
        }
        while !bytes.is_empty() {
            let Some((file, path, left)) = &mut self.open else {
                return Err(broken("more came than its first line says"));
            };
            let count = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
            file.write_all(&bytes[..count]).map_err(unwritable(path))?;
            *left -= count as u64;
            bytes = &bytes[count..];
            self.close_if_whole()?;
        }
        Ok(())
    }

    /// What came, once all of it did.
    pub fn end(self) -> std::result::Result<Parcel, ClusterError> {
        match self.parcel {
            Some(parcel) if self.number == parcel.files.len() => {
                if let Result::Set { .. } = parcel.result {
                    let set = self.place.set;
                    files::sync_folder(set).map_err(unwritable(set))?;
                }
                Ok(parcel)
            }
            _ => Err(broken("less came than its first line says")),
        }
    }

    /// Reads the first line, and makes ready for what follows.
    fn begin(&mut self) -> std::result::Result<(), ClusterError> {
        let parcel = serde_json::from_slice(&std::mem::take(&mut self.line));
        let parcel: Parcel = parcel.map_err(|error| broken(&error.to_string()))?;
        if parcel.version != VERSION {
            return Err(broken("it is of another version of antiphon"));
        }
        let is_set = matches!(parcel.result, Result::Set { .. });
        if !parcel
            .files
            .iter()
            .all(|(name, _)| is_allowed(name, is_set))
        {
            return Err(broken("it has files that are none of an answer"));
        }
        if is_set {
            let (set, slices) = (self.place.set, self.place.set.join(SLICES));
            files::remove_tree(set).map_err(unwritable(set))?;
            files::make_inner_folder(set).map_err(unwritable(set))?;
            if parcel.files.iter().any(|(name, _)| name.contains('/')) {
                files::make_inner_folder(&slices).map_err(unwritable(&slices))?;
            }
        }
        self.parcel = Some(parcel);
        self.open_next()
    }

    fn open_next(&mut self) -> std::result::Result<(), ClusterError> {
        self.open = None;
        let Some(parcel) = &self.parcel else {
            return Ok(());
        };
        let Some((name, length)) = parcel.files.get(self.number) else {
            return Ok(());
        };
        let path = path_of(self.place, &parcel.result, name);
        let file = File::create(&path).map_err(unwritable(&path))?;
        self.open = Some((file, path, *length));
        self.close_if_whole()
    }

    fn close_if_whole(&mut self) -> std::result::Result<(), ClusterError> {
        match &self.open {
            Some((file, path, 0)) => {
                file.sync_all().map_err(unwritable(path))?;
                self.number += 1;
                self.open_next()
            }
            _ => Ok(()),
        }
    }
}

/// Whether a file of this name is one that answers have: nothing leads out of its folder.
fn is_allowed(name: &str, is_set: bool) -> bool {
    let inner = name.strip_prefix("slices/").unwrap_or(name);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    match is_set {
        true => inner.chars().all(is_plain) && !inner.starts_with('.') && !inner.is_empty(),
        false => name == PREDICTION,
    }
}

fn broken(what: &str) -> ClusterError {
    ClusterError::Broken {
        name: "a result".to_owned(),
        what: what.to_owned(),
    }
}

pub(super) fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> ClusterError {
    let path = path.to_owned();
    |cause| ClusterError::Unwritable { path, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(bytes: &[u8], piece: usize, place: Place) -> std::result::Result<Parcel, String> {
        let mut unpacking = Unpacking::new(place);
        for piece in bytes.chunks(piece) {
            unpacking.push(piece).map_err(|error| error.to_string())?;
        }
        unpacking.end().map_err(|error| error.to_string())
    }

    fn set(folder: &Path) -> Parcel {
        std::fs::create_dir_all(folder.join(SLICES)).unwrap();
        for (name, text) in [
            ("01.wav", "one"),
            ("02.wav", ""),
            ("set.json", "{}"),
            ("slices/1.wav", "slice"),
        ] {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let result = Result::Set {
            seed_sha256: "ab".to_owned(),
            variations: vec![("01.wav".to_owned(), 0.5)],
        };
        let place = Place {
            prediction: folder,
            set: folder,
        };
        Parcel::new("me", 0.1, None, result, place).unwrap()
    }

    #[test]
    fn a_set_comes_out_as_it_went_in() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let parcel = set(&from);
        let mut bytes = Vec::new();
        let place = |set| Place {
            prediction: Path::new("none"),
            set,
        };
        let mut reader = parcel.reader(place(&from));
        reader.read_to_end(&mut bytes).unwrap();
        for piece in [1, 7, 100_000] {
            assert_eq!(unpacked(&bytes, piece, place(&to)).as_ref(), Ok(&parcel));
            for name in ["01.wav", "02.wav", "set.json", "slices/1.wav"] {
                let read = |folder: &Path| std::fs::read(folder.join(name)).unwrap();
                assert_eq!(read(&to), read(&from), "{name}");
            }
        }
        for wrong in [&bytes[..bytes.len() - 1], &[&bytes[..], b"x"].concat()] {
            assert!(unpacked(wrong, 5, place(&to)).is_err());
        }
    }

    #[test]
    fn nothing_is_written_outside_its_place() {
        for name in [
            "../x",
            "/x",
            "slices/../x",
            ".hidden",
            "slices/",
            "a/b",
            "prediction/x",
        ] {
            assert!(!is_allowed(name, true), "{name}");
            assert!(!is_allowed(name, false), "{name}");
        }
        assert!(is_allowed("slices/01.wav", true) && is_allowed("theme.wav", true));
        assert!(is_allowed(PREDICTION, false) && !is_allowed("01.wav", false));
    }
}
