//! The folders of a job, and its way through them by renames.
//!
//! ```text
//! seeds/NAME.wav → .antiphon/work/000012/NAME.wav → .antiphon/done/000012-NAME.wav
//!                  .antiphon/tmp/000012.wav       → predictions/NAME.0001.wav
//!                                                   failed/NAME.wav, NAME.txt
//! ```

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::answer::Sidecar;
use crate::files;

/// The folders under one root.
pub struct Spool {
    seeds: PathBuf,
    predictions: PathBuf,
    failed: PathBuf,
    work: PathBuf,
    tmp: PathBuf,
    done: PathBuf,
    /// Held for as long as the spool is open; the system lets go of it in any case.
    _lock: File,
}

/// A seed that belongs to this process until it is published, failed or released.
pub struct Claim {
    id: String,
    name: OsString,
    /// The job's own folder in work/, which holds the seed under its own name.
    folder: PathBuf,
    part: PathBuf,
}

/// What the folders will not let us do.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    #[error("cannot {what} {}: {cause}; check the folder's permissions and its disk", path.display())]
    Folder {
        what: &'static str,
        path: PathBuf,
        cause: io::Error,
    },
    #[error("another antiphon watches {}; stop it first, or give this one another --root", path.display())]
    Locked { path: PathBuf },
    #[error("{} is gone from seeds/ before it could be claimed", name.display())]
    Gone { name: PathBuf },
}

impl Spool {
    /// Opens the folders under `root`, making those that are missing, and puts
    /// seeds that an earlier run left claimed back among the waiting ones.
    pub fn open(root: &Path) -> Result<Spool, SpoolError> {
        let hidden = root.join(".antiphon");
        let folder = |path: PathBuf| {
            fs::create_dir_all(&path).map_err(failed_to("make the folder", &path))?;
            Ok(path)
        };
        let seeds = folder(root.join("seeds"))?;
        let predictions = folder(root.join("predictions"))?;
        let failed = folder(root.join("failed"))?;
        let work = folder(hidden.join("work"))?;
        let tmp = folder(hidden.join("tmp"))?;
        let done = folder(hidden.join("done"))?;
        for path in [&seeds, &predictions, &failed, &work, &tmp, &done] {
            check_writable(path)?;
        }
        let spool = Spool {
            _lock: lock(&hidden.join("lock"), root)?,
            seeds,
            predictions,
            failed,
            work,
            tmp,
            done,
        };
        spool.recover()?;
        Ok(spool)
    }

    /// Where seeds are put.
    pub fn seeds(&self) -> &Path {
        &self.seeds
    }

    /// Where predictions appear.
    pub fn predictions(&self) -> &Path {
        &self.predictions
    }

    /// Claimed seeds of an earlier run go back to `seeds/`, half-written files go.
    fn recover(&self) -> Result<(), SpoolError> {
        for name in names_in(&self.tmp)? {
            let path = self.tmp.join(name);
            fs::remove_file(&path).map_err(failed_to("remove", &path))?;
        }
        for id in names_in(&self.work)? {
            let folder = self.work.join(&id);
            let id = id.to_string_lossy().into_owned();
            for name in names_in(&folder)? {
                let claim = self.claim_of(id.clone(), name);
                let seed = self.free_seed(&claim);
                files::publish(&claim.seed(), &seed).map_err(failed_to("put back", &seed))?;
                tracing::info!(
                    "{} goes back to seeds/: an earlier run left it unanswered",
                    claim.name.display()
                );
            }
            fs::remove_dir(&folder).map_err(failed_to("remove", &folder))?;
        }
        Ok(())
    }

    /// A number for the next job, above those that the folders know.
    pub fn next_id(&self) -> Result<i32, SpoolError> {
        let names = names_in(&self.work)?
            .into_iter()
            .chain(names_in(&self.done)?);
        let largest = names.filter_map(|name| id_of(&name)).max();
        Ok(largest.unwrap_or(0).wrapping_add(1).max(1))
    }

    /// Makes the seed `name` this process's own, as job `id`.
    pub fn claim(&self, name: &OsStr, id: i32) -> Result<Claim, SpoolError> {
        let claim = self.claim_of(format!("{id:06}"), name.to_owned());
        let waiting = self.seeds.join(name);
        fs::create_dir(&claim.folder)
            .or_else(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => Ok(()),
                _ => Err(error),
            })
            .map_err(failed_to("make the folder", &claim.folder))?;
        fs::rename(&waiting, claim.seed()).map_err(|cause| {
            // An empty folder is litter, not the error to report.
            let _ = fs::remove_dir(&claim.folder);
            match cause.kind() {
                io::ErrorKind::NotFound => SpoolError::Gone { name: name.into() },
                _ => failed_to("claim", &waiting)(cause),
            }
        })?;
        Ok(claim)
    }

    fn claim_of(&self, id: String, name: OsString) -> Claim {
        Claim {
            folder: self.work.join(&id),
            part: self.tmp.join(format!("{id}.wav")),
            id,
            name,
        }
    }

    /// Publishes the prediction written for `claim`: its sidecar, then, as the
    /// commit point, the sound itself; the seed is done. Gives the sound's path.
    pub fn publish(&self, claim: &Claim, sidecar: &Sidecar) -> Result<PathBuf, SpoolError> {
        let (sound, sidecar_path) = self.free_prediction(claim);
        files::write_atomically(&sidecar_path, sidecar.to_json().as_bytes())
            .map_err(failed_to("write", &sidecar_path))?;
        files::publish(&claim.part, &sound).map_err(failed_to("publish", &sound))?;
        let mut done = OsString::from(format!("{}-", claim.id));
        done.push(&claim.name);
        self.move_seed(claim, &self.done.join(done))?;
        Ok(sound)
    }

    /// `NAME.0001.wav` and its sidecar, or the next number that is free.
    fn free_prediction(&self, claim: &Claim) -> (PathBuf, PathBuf) {
        let numbered = |number: u32, extension: &str| {
            let mut name = stem(&claim.name).to_owned();
            name.push(format!(".{number:04}.{extension}"));
            self.predictions.join(name)
        };
        let mut number = 1;
        loop {
            let (sound, sidecar) = (numbered(number, "wav"), numbered(number, "json"));
            if !sound.exists() && !sidecar.exists() {
                return (sound, sidecar);
            }
            number += 1;
        }
    }

    /// Puts the seed of `claim` into `failed/`, with a text beside it that says why.
    pub fn fail(&self, claim: &Claim, reason: &str) -> Result<(), SpoolError> {
        let _ = fs::remove_file(&claim.part);
        let (seed, text) = self.free_failure(claim);
        files::write_atomically(&text, format!("{reason}\n").as_bytes())
            .map_err(failed_to("write", &text))?;
        self.move_seed(claim, &seed)
    }

    /// Moves the seed of `claim` out of its folder in work/, which then goes.
    fn move_seed(&self, claim: &Claim, to: &Path) -> Result<(), SpoolError> {
        files::publish(&claim.seed(), to).map_err(failed_to("move the seed to", to))?;
        fs::remove_dir(&claim.folder).map_err(failed_to("remove", &claim.folder))
    }

    /// `NAME.wav` and `NAME.txt`, or the next number that is free.
    fn free_failure(&self, claim: &Claim) -> (PathBuf, PathBuf) {
        let numbered = |number: u32| {
            let number = match number {
                1 => String::new(),
                n => format!(".{n:04}"),
            };
            let mut text = stem(&claim.name).to_owned();
            text.push(format!("{number}.txt"));
            (
                self.failed.join(claim.numbered(&number)),
                self.failed.join(text),
            )
        };
        let mut number = 1;
        loop {
            let (seed, text) = numbered(number);
            if !seed.exists() && !text.exists() {
                return (seed, text);
            }
            number += 1;
        }
    }

    /// Puts the seed of `claim` back where it waited, beside a namesake that
    /// may have arrived since.
    pub fn release(&self, claim: &Claim) -> Result<(), SpoolError> {
        let _ = fs::remove_file(&claim.part);
        let seed = self.free_seed(claim);
        self.move_seed(claim, &seed)
    }

    /// `NAME.wav` in seeds/, or the next number that is free.
    fn free_seed(&self, claim: &Claim) -> PathBuf {
        let mut seed = self.seeds.join(&claim.name);
        let mut number = 2;
        while seed.exists() {
            seed = self.seeds.join(claim.numbered(&format!(".{number}")));
            number += 1;
        }
        seed
    }
}

impl Claim {
    /// The seed's name, as it was in `seeds/`.
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// Where the seed is while it is worked on.
    pub fn seed(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Where its prediction is written before it is published.
    pub fn unpublished_prediction(&self) -> PathBuf {
        self.part.clone()
    }

    /// The seed's name with `number` before its extension.
    fn numbered(&self, number: &str) -> OsString {
        let mut name = stem(&self.name).to_owned();
        name.push(number);
        if let Some(extension) = Path::new(&self.name).extension() {
            name.push(".");
            name.push(extension);
        }
        name
    }

    /// `text` with the seed called what its owner called it.
    pub fn in_the_users_words(&self, text: &str) -> String {
        text.replace(
            &self.seed().display().to_string(),
            &self.name.display().to_string(),
        )
    }
}

fn lock(path: &Path, root: &Path) -> Result<File, SpoolError> {
    let file = File::create(path).map_err(failed_to("make", path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(SpoolError::Locked {
            path: root.to_owned(),
        }),
        Err(fs::TryLockError::Error(error)) => Err(failed_to("lock", path)(error)),
    }
}

fn check_writable(folder: &Path) -> Result<(), SpoolError> {
    let probe = folder.join(format!(".antiphon-probe.{}", std::process::id()));
    File::create(&probe)
        .and_then(|_| fs::remove_file(&probe))
        .map_err(failed_to("write into", folder))
}

fn failed_to<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> SpoolError + 'a {
    move |cause| SpoolError::Folder {
        what,
        path: path.to_owned(),
        cause,
    }
}

fn names_in(folder: &Path) -> Result<Vec<OsString>, SpoolError> {
    let entries = fs::read_dir(folder).map_err(failed_to("look into", folder))?;
    let mut names: Vec<OsString> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.file_name())
        .collect();
    names.sort();
    Ok(names)
}

fn stem(name: &OsStr) -> &OsStr {
    Path::new(name).file_stem().unwrap_or(name)
}

/// 12, of `000012` and `000012-NAME.wav`.
fn id_of(name: &OsStr) -> Option<i32> {
    name.to_string_lossy().split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drop_seed(spool: &Spool, name: &str) {
        fs::write(spool.seeds().join(name), name).unwrap();
    }

    fn listing(folder: &Path) -> Vec<String> {
        names_in(folder)
            .unwrap()
            .iter()
            .map(|n| n.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn a_second_instance_is_refused_while_the_first_lives() {
        let root = tempfile::tempdir().unwrap();
        let first = Spool::open(root.path()).unwrap();
        let second = Spool::open(root.path()).err().unwrap();
        assert!(second.to_string().contains("another antiphon"), "{second}");
        drop(first);
        assert!(Spool::open(root.path()).is_ok());
    }

    #[test]
    fn a_claimed_seed_of_a_dead_run_waits_again() {
        let root = tempfile::tempdir().unwrap();
        let spool = Spool::open(root.path()).unwrap();
        drop_seed(&spool, "a-b.wav");
        let claim = spool
            .claim(OsStr::new("a-b.wav"), spool.next_id().unwrap())
            .unwrap();
        fs::write(claim.unpublished_prediction(), "half").unwrap();
        assert!(listing(spool.seeds()).is_empty());
        drop_seed(&spool, "a-b.wav");
        drop(spool);

        let spool = Spool::open(root.path()).unwrap();
        assert_eq!(listing(spool.seeds()), ["a-b.2.wav", "a-b.wav"]);
        assert!(listing(&spool.tmp).is_empty());
        assert!(listing(&spool.work).is_empty());
    }

    #[test]
    fn failures_of_one_name_stand_side_by_side() {
        let root = tempfile::tempdir().unwrap();
        let spool = Spool::open(root.path()).unwrap();
        for id in 1..=2 {
            drop_seed(&spool, "a.wav");
            let claim = spool.claim(OsStr::new("a.wav"), id).unwrap();
            spool.fail(&claim, "it is silent").unwrap();
        }
        assert_eq!(
            listing(&spool.failed),
            ["a.0002.txt", "a.0002.wav", "a.txt", "a.wav"]
        );
        assert_eq!(
            fs::read_to_string(spool.failed.join("a.txt")).unwrap(),
            "it is silent\n"
        );
    }

    #[test]
    fn numbers_go_on_where_the_folders_left_off() {
        let root = tempfile::tempdir().unwrap();
        let spool = Spool::open(root.path()).unwrap();
        assert_eq!(spool.next_id().unwrap(), 1);
        fs::write(spool.done.join("000041-a.wav"), "").unwrap();
        fs::write(spool.done.join("notes.txt"), "").unwrap();
        assert_eq!(spool.next_id().unwrap(), 42);
    }

    #[test]
    fn a_seed_that_vanished_is_said_to_be_gone() {
        let root = tempfile::tempdir().unwrap();
        let spool = Spool::open(root.path()).unwrap();
        let error = spool.claim(OsStr::new("a.wav"), 1).err().unwrap();
        assert!(error.to_string().contains("gone"), "{error}");
    }
}
