//! What the system tells about the folders of seeds: hints that save waiting.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{RecursiveMode, Watcher};

/// Whether the system tells when a writer closes a file.
const CLOSES_ARE_TOLD: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Something happened in the folder.
pub enum Hint {
    /// The writer of this file closed it, or it was moved in.
    Closed(OsString),
    /// Somebody wrote to this file.
    Modified(OsString),
    /// Something else.
    Changed,
    /// There was too much to be told.
    Lost,
}

/// The system notifies of folders for as long as this lives.
pub struct Notifications {
    watcher: notify::RecommendedWatcher,
    watched: Watched,
}

/// Whose the folders are, by the paths that the system may tell.
type Watched = Arc<Mutex<HashMap<PathBuf, Option<String>>>>;

impl Notifications {
    /// Has `tell` told of folders that are to be added, and whose they are; without it,
    /// scans alone find seeds.
    pub fn new(tell: impl Fn(Option<String>, Hint) + Send + 'static) -> Option<Notifications> {
        let watched = Watched::default();
        let known = Arc::clone(&watched);
        let on_event = move |event: notify::Result<notify::Event>| match event {
            Ok(event) if !event.need_rescan() => {
                let known = known.lock().unwrap_or_else(PoisonError::into_inner);
                for path in &event.paths {
                    let voice = path.parent().and_then(|folder| known.get(folder));
                    if let (Some(voice), Some(hint)) = (voice, hint(&event.kind, path)) {
                        tell(voice.clone(), hint);
                    }
                }
            }
            _ => {
                let known = known.lock().unwrap_or_else(PoisonError::into_inner);
                known
                    .values()
                    .for_each(|voice| tell(voice.clone(), Hint::Lost));
            }
        };
        let watcher = notify::recommended_watcher(on_event);
        let watcher = watcher.inspect_err(warn).ok()?;
        Some(Notifications { watcher, watched })
    }

    /// Has `folder` told of, which is that of `voice`. It may be another folder than the
    /// one that was there before.
    pub fn add(&mut self, folder: &Path, voice: Option<&str>) {
        self.remove(folder);
        let told_as = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        for path in [folder.to_owned(), told_as] {
            self.known().insert(path, voice.map(str::to_owned));
        }
        if let Err(error) = self.watcher.watch(folder, RecursiveMode::NonRecursive) {
            warn(&error);
        }
    }

    /// Has `folder` told of no more.
    pub fn remove(&mut self, folder: &Path) {
        // Of a folder that is gone the system has let go by itself.
        let _ = self.watcher.unwatch(folder);
        let told_as = folder.canonicalize();
        let paths = [Some(folder.to_owned()), told_as.ok()];
        for path in paths.into_iter().flatten() {
            self.known().remove(&path);
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<PathBuf, Option<String>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn warn(error: &notify::Error) {
    tracing::warn!("no notifications ({error}); looking into the folder every second instead");
}

/// What it means that `kind` happened to the file `path`.
fn hint(kind: &EventKind, path: &Path) -> Option<Hint> {
    let name = path.file_name()?.to_owned();
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Some(Hint::Closed(name)),
        // Elsewhere nobody would tell that it is closed again.
        EventKind::Modify(ModifyKind::Data(_)) if CLOSES_ARE_TOLD => Some(Hint::Modified(name)),
        // Rights that were given may make a file readable.
        EventKind::Create(_) | EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) => {
            Some(Hint::Changed)
        }
        _ => None,
    }
}
