//! An upload by a stranger, as the fuzz target makes it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use super::gate::Gate;
use super::place::{self, Place};
use super::process::Program;
use super::routes::routes;
use super::site::{PageKind, Site};
use crate::audio;

/// A page about an empty folder, which is not served to anybody.
struct Unserved {
    /// Holds the root, and whatever should not be written beside it.
    outer: TempDir,
    pages: Router,
    runtime: Runtime,
}

static UNSERVED: LazyLock<Unserved> = LazyLock::new(|| {
    let outer = tempfile::tempdir().expect("there is a folder for temporary files");
    let root = outer.path().join("outer/root");
    fs::create_dir_all(&root).expect("it can be written");
    let root = root.canonicalize().expect("it is there");
    let program = Program {
        path: PathBuf::from("nothing"),
    };
    let site = Site::new(Place::new(root), PageKind::Studio, program, 1, ("", ""));
    let gate = Gate::new(([127, 0, 0, 1], 80).into(), None, true);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    Unserved {
        pages: routes(&Arc::new(site), Arc::new(gate)),
        runtime: runtime.expect("there are threads"),
        outer,
    }
});

/// Sends `sound` to the address `/api/recordings/NAME`; whether it was taken. Whatever the
/// name says, only a sound that can be read stays, and only among the recordings.
///
/// # Panics
///
/// Where that does not hold.
pub fn upload(name: &str, sound: &[u8]) -> bool {
    let request = Request::put(format!("/api/recordings/{name}"))
        .header(header::HOST, "127.0.0.1")
        .header(header::CONTENT_LENGTH, sound.len())
        .body(Body::from(sound.to_vec()));
    let Ok(request) = request else {
        return false;
    };
    let Unserved {
        outer,
        pages,
        runtime,
    } = &*UNSERVED;
    let response = runtime.block_on(pages.clone().oneshot(request));
    let status = response.expect("routers do not fail").status();
    let recordings = outer.path().join("outer/root").join(place::RECORDINGS);
    let kept = files(outer.path());
    assert_eq!(
        kept.len(),
        usize::from(status.as_u16() == 201),
        "{status}: {kept:?}"
    );
    for path in kept {
        assert_eq!(path.parent(), Some(&*recordings), "{path:?}");
        audio::load_as_recorded(&path).expect("it was read");
        fs::remove_file(&path).expect("it was written");
    }
    status.as_u16() == 201
}

/// All files under `folder`.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.flat_map(|entry| match entry.path() {
        path if path.is_dir() => files(&path),
        path => BTreeSet::from([path]),
    });
    files.collect()
}
