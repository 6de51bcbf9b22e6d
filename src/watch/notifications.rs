//! What the system tells about the folder of seeds: hints that save waiting.

use std::ffi::{OsStr, OsString};
use std::path::Path;

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

/// The system notifies for as long as this lives.
pub struct Notifications(#[allow(dead_code)] notify::RecommendedWatcher);

impl Notifications {
    /// Has `tell` told about `folder`; without it, scans alone find seeds.
    pub fn of(folder: &Path, tell: impl Fn(Hint) + Send + 'static) -> Option<Notifications> {
        let on_event = move |event: notify::Result<notify::Event>| match event {
            Ok(event) => hints(&event).into_iter().for_each(&tell),
            Err(_) => tell(Hint::Lost),
        };
        let watcher = notify::recommended_watcher(on_event).and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        watcher
            .inspect_err(|error| {
                tracing::warn!(
                    "no notifications ({error}); looking into the folder every second instead"
                );
            })
            .ok()
            .map(Notifications)
    }
}

fn hints(event: &notify::Event) -> Vec<Hint> {
    if event.need_rescan() {
        return vec![Hint::Lost];
    }
    let names = event.paths.iter().filter_map(|path| path.file_name());
    let names = names.map(OsStr::to_owned);
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => names.map(Hint::Closed).collect(),
        // Elsewhere nobody would tell that it is closed again.
        EventKind::Modify(ModifyKind::Data(_)) if CLOSES_ARE_TOLD => {
            names.map(Hint::Modified).collect()
        }
        // Rights that were given may make a file readable.
        EventKind::Create(_) | EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) => {
            vec![Hint::Changed]
        }
        _ => Vec::new(),
    }
}
