//! The folders of a job under one root, and whether they still are the ones
//! that were opened.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::beat::Beat;
use super::error::{SpoolError, failed_to};
use super::{folders, sets};
use crate::{files, system};

/// A file that is made to see whether it can be: always the same, so that none
/// stays for long.
pub(super) const PROBE: &str = ".antiphon-probe";

/// The folders under one root, which belong to this process while it lives.
pub struct Root {
    path: PathBuf,
    seeds: PathBuf,
    predictions: PathBuf,
    failed: PathBuf,
    hidden: PathBuf,
    work: PathBuf,
    tmp: PathBuf,
    done: PathBuf,
    /// Folders and lock as they were opened.
    opened: Vec<(PathBuf, (u64, u64))>,
    known: Known,
    /// Held for as long as the root is open; the system lets go of it in any case.
    _lock: File,
}

/// By what a root is known again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What its marker says.
    marker: String,
    /// The filesystem it was on.
    device: u64,
}

/// Which root is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhichRoot {
    /// Any; what is missing is made.
    Any,
    /// One that antiphon has used before: a folder without a marker may be the
    /// place where a disk should be.
    Existing,
    /// The one that was open before, back from wherever it was, or one that
    /// was made in its place on the same filesystem.
    Again(Known),
}

impl Root {
    /// Opens the folders under `path`, making those that are missing.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Missing`] and [`SpoolError::Replaced`] for another root
    /// than was wanted; [`SpoolError::Locked`] while another process has it
    /// open; [`SpoolError::OtherFilesystem`]; [`SpoolError::Folder`].
    pub fn open(path: &Path, wanted: &WhichRoot) -> Result<Root, SpoolError> {
        check_wanted(path, wanted)?;
        let hidden = folder(path.join(folders::HIDDEN))?;
        let lock_path = path.join(folders::LOCK);
        let lock = lock(&lock_path, path)?;
        // From here on an earlier process's beat is no news. A disk that takes none is told of
        // below.
        let _ = Beat::first().write(path);
        let marker = marker(path)?;
        let mut root = Root {
            seeds: folder(path.join(folders::SEEDS))?,
            predictions: folder(path.join(folders::PREDICTIONS))?,
            failed: folder(path.join(folders::FAILED))?,
            work: folder(path.join(folders::WORK))?,
            tmp: folder(path.join(folders::TMP))?,
            done: folder(path.join(folders::DONE))?,
            path: path.to_owned(),
            hidden,
            opened: Vec::new(),
            known: Known {
                marker,
                device: device(path)?,
            },
            _lock: lock,
        };
        root.check_writable()?;
        check_moves(path, PROBE)?;
        let kept = root.folders().map(Path::to_owned);
        for path in kept.into_iter().chain([lock_path]) {
            let metadata = metadata(&path)?;
            root.opened.push((path, system::identity(&metadata)));
        }
        Ok(root)
    }

    fn folders(&self) -> [&Path; 6] {
        [
            &self.seeds,
            &self.predictions,
            &self.failed,
            &self.work,
            &self.tmp,
            &self.done,
        ]
    }

    /// By what this root is known again.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// Whether what stands at the path still is what was opened.
    pub fn is_intact(&self) -> bool {
        self.opened.iter().all(|(path, identity)| {
            fs::metadata(path).is_ok_and(|metadata| system::identity(&metadata) == *identity)
        })
    }

    /// Finds out whether every folder can be written now.
    pub fn check_writable(&self) -> Result<(), SpoolError> {
        for folder in self.folders() {
            let probe = folder.join(PROBE);
            files::write(&probe, &[0; 4096])
                .and_then(|()| files::remove(&probe))
                .map_err(failed_to("write into", folder))?;
        }
        Ok(())
    }

    /// The root itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `seeds/`, where seeds are put.
    pub fn seeds(&self) -> &Path {
        &self.seeds
    }

    /// Where seeds for `voice` are put, or for the default one.
    pub fn seeds_of(&self, voice: Option<&str>) -> PathBuf {
        of_voice(&self.seeds, voice)
    }

    /// `predictions/`, where predictions appear.
    pub fn predictions(&self) -> &Path {
        &self.predictions
    }

    /// Where answers of `voice` appear, or of the default one.
    pub fn predictions_of(&self, voice: Option<&str>) -> PathBuf {
        of_voice(&self.predictions, voice)
    }

    /// Makes the folders of `voice` where they are missing, and finds out whether files
    /// can be moved in and out of them.
    ///
    /// # Errors
    ///
    /// [`SpoolError::VoiceIsSet`], and those of [`check_moves_of_voice`].
    pub fn open_voice(&self, voice: &str) -> Result<(), SpoolError> {
        if sets::is_set(&self.predictions_of(Some(voice))) {
            return Err(SpoolError::VoiceIsSet {
                voice: voice.to_owned(),
            });
        }
        self.make_seeds_of(Some(voice))?;
        self.make_predictions_of(Some(voice))?;
        check_moves_of_voice(&self.path, voice, PROBE)
    }

    /// Makes the folder where seeds for `voice` are put, if it is missing. That for the
    /// default one is never made anew, since its disk may be missing.
    pub fn make_seeds_of(&self, voice: Option<&str>) -> Result<(), SpoolError> {
        make_inner(&self.seeds, voice)
    }

    /// The same of the folder where its answers appear.
    pub fn make_predictions_of(&self, voice: Option<&str>) -> Result<(), SpoolError> {
        make_inner(&self.predictions, voice)
    }

    /// `failed/`, for seeds that cannot be answered.
    pub fn failed(&self) -> &Path {
        &self.failed
    }

    /// `.antiphon/`, for everything that nobody need look at.
    pub fn hidden(&self) -> &Path {
        &self.hidden
    }

    /// `.antiphon/work/`, for claimed seeds.
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// `.antiphon/tmp/`, for files that are being written.
    pub fn tmp(&self) -> &Path {
        &self.tmp
    }

    /// `.antiphon/done/`, for answered seeds.
    pub fn done(&self) -> &Path {
        &self.done
    }
}

fn of_voice(folder: &Path, voice: Option<&str>) -> PathBuf {
    match voice {
        Some(voice) => folder.join(voice),
        None => folder.to_owned(),
    }
}

fn make_inner(folder: &Path, voice: Option<&str>) -> Result<(), SpoolError> {
    let Some(voice) = voice else {
        return Ok(());
    };
    let path = folder.join(voice);
    if files::make_inner_folder(&path).map_err(failed_to("make the folder", &path))? {
        files::sync_folder(folder).map_err(failed_to("sync", folder))?;
    }
    Ok(())
}

fn check_wanted(path: &Path, wanted: &WhichRoot) -> Result<(), SpoolError> {
    let missing = || SpoolError::Missing {
        path: path.to_owned(),
    };
    let marker = fs::read_to_string(path.join(folders::MARKER)).ok();
    match wanted {
        WhichRoot::Any => folder(path.to_owned()).map(drop),
        WhichRoot::Existing => marker.map(drop).ok_or_else(missing),
        WhichRoot::Again(known) => {
            if !path.is_dir() {
                return Err(missing());
            }
            if device(path)? != known.device && marker.as_ref() != Some(&known.marker) {
                return Err(SpoolError::Replaced {
                    path: path.to_owned(),
                });
            }
            Ok(())
        }
    }
}

/// What the marker of `root` says, which is made if missing.
fn marker(root: &Path) -> Result<String, SpoolError> {
    let path = root.join(folders::MARKER);
    match fs::read_to_string(&path) {
        Ok(marker) => Ok(marker),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let unique = format!("{now:?} {}", std::process::id());
            let marker = format!("{}\n", &files::sha256(unique.as_bytes())[..16]);
            files::write_atomically(&path, marker.as_bytes()).map_err(failed_to("write", &path))?;
            Ok(marker)
        }
        Err(error) => Err(failed_to("read", &path)(error)),
    }
}

fn folder(path: PathBuf) -> Result<PathBuf, SpoolError> {
    files::make_folder(&path).map_err(failed_to("make the folder", &path))?;
    Ok(path)
}

fn metadata(path: &Path) -> Result<fs::Metadata, SpoolError> {
    fs::metadata(path).map_err(failed_to("look at", path))
}

fn device(path: &Path) -> Result<u64, SpoolError> {
    Ok(system::identity(&metadata(path)?).0)
}

/// Finds out whether a file can be moved each of its ways under `root`, by moving
/// one called `probe`: an inner folder may be a link or a mount to another disk,
/// or to the same one, which renames do not cross either.
///
/// # Errors
///
/// [`SpoolError::OtherFilesystem`], [`SpoolError::Folder`].
pub fn check_moves(root: &Path, probe: &str) -> Result<(), SpoolError> {
    let ways = [
        (folders::SEEDS, folders::WORK),
        (folders::WORK, folders::SEEDS),
        (folders::WORK, folders::DONE),
        (folders::WORK, folders::FAILED),
        (folders::TMP, folders::PREDICTIONS),
    ];
    try_ways(root, probe, &ways)
}

/// Finds out the same of the folders that seeds for `voice` and its answers go through.
///
/// # Errors
///
/// [`SpoolError::OtherFilesystem`], [`SpoolError::Folder`].
pub fn check_moves_of_voice(root: &Path, voice: &str, probe: &str) -> Result<(), SpoolError> {
    let [seeds, predictions] =
        [folders::SEEDS, folders::PREDICTIONS].map(|folder| format!("{folder}/{voice}"));
    let ways = [
        (seeds.as_str(), folders::WORK),
        (folders::WORK, seeds.as_str()),
        (folders::TMP, predictions.as_str()),
    ];
    try_ways(root, probe, &ways)
}

fn try_ways(root: &Path, probe: &str, ways: &[(&str, &str)]) -> Result<(), SpoolError> {
    for (from, to) in ways {
        let [old, new] = [from, to].map(|folder| root.join(folder).join(probe));
        files::touch(&old).map_err(failed_to("write", &old))?;
        let moved = fs::rename(&old, &new);
        let left = if moved.is_ok() { &new } else { &old };
        files::remove(left).map_err(failed_to("remove", left))?;
        moved.map_err(|cause| match cause.kind() {
            io::ErrorKind::CrossesDevices => SpoolError::OtherFilesystem {
                root: root.to_owned(),
                from: from.to_string(),
                to: to.to_string(),
            },
            _ => failed_to("move a file to", &new)(cause),
        })?;
    }
    Ok(())
}

fn lock(path: &Path, root: &Path) -> Result<File, SpoolError> {
    files::touch(path).map_err(failed_to("make", path))?;
    // A file open for writing keeps a disk from being made read-only; some
    // filesystems of networks lock no other.
    let open = |writable| File::options().read(true).append(writable).open(path);
    let locked = |writable| {
        let file = open(writable).map_err(failed_to("open", path))?;
        file.try_lock()
            .map(|()| file)
            .map_err(|error| refused(error, root))
    };
    match locked(false) {
        Err(SpoolError::NoLocks { .. } | SpoolError::Folder { .. }) => locked(true),
        locked => locked,
    }
}

fn refused(error: fs::TryLockError, root: &Path) -> SpoolError {
    let path = root.to_owned();
    match error {
        fs::TryLockError::WouldBlock => SpoolError::Locked { path },
        fs::TryLockError::Error(cause) => SpoolError::NoLocks { path, cause },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_instance_is_refused_while_the_first_lives() {
        let folder = tempfile::tempdir().unwrap();
        let first = Root::open(folder.path(), &WhichRoot::Any).unwrap();
        let second = Root::open(folder.path(), &WhichRoot::Any).err().unwrap();
        assert!(second.to_string().contains("another antiphon"), "{second}");
        drop(first);
        assert!(Root::open(folder.path(), &WhichRoot::Any).is_ok());
    }

    #[test]
    fn a_folder_without_a_marker_is_not_an_existing_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("seeds")).unwrap();
        let refused = Root::open(folder.path(), &WhichRoot::Existing)
            .err()
            .unwrap();
        assert!(refused.to_string().contains("not mounted"), "{refused}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        drop(Root::open(folder.path(), &WhichRoot::Any).unwrap());
        assert!(Root::open(folder.path(), &WhichRoot::Existing).is_ok());
    }

    #[test]
    #[cfg(unix)]
    fn an_inner_folder_may_be_a_link_within_the_disk_and_not_to_another() {
        let folder = tempfile::tempdir().unwrap();
        let [root, elsewhere] = ["root", "elsewhere"].map(|name| folder.path().join(name));
        fs::create_dir_all(&root).unwrap();
        fs::create_dir_all(&elsewhere).unwrap();
        let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, root.join(name)).unwrap();
        link(&elsewhere, "seeds");
        let opened = Root::open(&root, &WhichRoot::Any).unwrap();
        assert!(opened.is_intact());
        drop(opened);

        let Ok(other_disk) = tempfile::tempdir_in("/dev/shm") else {
            eprintln!("SKIPPED: there is no /dev/shm");
            return;
        };
        if device(other_disk.path()).unwrap() == device(&root).unwrap() {
            eprintln!("SKIPPED: /dev/shm is on the same disk as the temporary folder");
            return;
        }
        for name in ["seeds", "predictions", "failed"] {
            let inner = root.join(name);
            let _ = fs::remove_file(&inner).or_else(|_| fs::remove_dir(&inner));
            link(other_disk.path(), name);
            let refused = Root::open(&root, &WhichRoot::Any).err().unwrap();
            assert!(
                matches!(refused, SpoolError::OtherFilesystem { .. }),
                "{refused}"
            );
            assert!(
                refused.to_string().contains(&format!("{name}/")),
                "{refused}"
            );
            assert_eq!(fs::read_dir(other_disk.path()).unwrap().count(), 0);
            fs::remove_file(&inner).unwrap();
            fs::create_dir(&inner).unwrap();
        }
        assert!(Root::open(&root, &WhichRoot::Any).is_ok());
    }

    #[test]
    #[cfg(unix)]
    fn a_folder_that_was_taken_away_is_noticed_and_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let [path, away] = ["root", "away"].map(|name| folder.path().join(name));
        let root = Root::open(&path, &WhichRoot::Any).unwrap();
        assert!(root.is_intact());
        fs::rename(&path, &away).unwrap();
        assert!(!root.is_intact());
        let again = WhichRoot::Again(root.known().clone());
        drop(root);
        let missing = Root::open(&path, &again).err().unwrap();
        assert!(matches!(missing, SpoolError::Missing { .. }), "{missing}");
        fs::rename(&away, &path).unwrap();
        assert!(Root::open(&path, &again).unwrap().is_intact());
    }

    #[test]
    #[cfg(unix)]
    fn another_filesystem_without_the_marker_is_not_the_same_root() {
        let folder = tempfile::tempdir().unwrap();
        let known = |marker: &str| {
            let marker = marker.to_owned();
            WhichRoot::Again(Known { marker, device: 1 })
        };
        let refused = Root::open(folder.path(), &known("")).err().unwrap();
        assert!(matches!(refused, SpoolError::Replaced { .. }), "{refused}");
        let root = Root::open(folder.path(), &WhichRoot::Any).unwrap();
        let marker = root.known().marker.clone();
        drop(root);
        assert!(Root::open(folder.path(), &known(&marker)).is_ok());
    }

    #[test]
    #[cfg(unix)]
    fn a_lock_that_was_removed_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path(), &WhichRoot::Any).unwrap();
        fs::remove_file(folder.path().join(".antiphon/lock")).unwrap();
        assert!(!root.is_intact());
    }
}
