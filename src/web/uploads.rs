//! Sounds that are sent here, into a folder of recordings or of seeds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;

use super::facts::{SoundFacts, facts_of};
use super::place::{self, Place, checked_new, free_name};
use super::refusal::{Refusal, of_disk};
use super::request::{BETWEEN_PIECES, Pieces, length};
use super::{blocking, blocking_in_turn};
use crate::audio::is_called_a_sound;
use crate::files;
use crate::system::disk;

/// The largest sound that is taken, in bytes.
pub const LARGEST: u64 = 512 << 20;
/// Bytes that are left free on the disk.
const FLOOR: u64 = 64 << 20;

/// A sound that was taken.
#[derive(Debug, Serialize)]
pub struct Taken {
    /// What it is called from now on.
    pub name: String,
    #[serde(flatten)]
    facts: SoundFacts,
}

/// Takes the sound in `request` into `folder`, as `name` or with a number where that is
/// taken. Whoever decodes it has one of the `turns`.
///
/// # Errors
///
/// 400 for the name, 411, 413, 507, and 422 for what is no sound, of which nothing is kept.
pub async fn take(
    place: &Place,
    folder: &'static str,
    name: &str,
    turns: &Arc<Semaphore>,
    request: Request<Body>,
) -> Result<Taken, Refusal> {
    let name = checked_new(name)?.to_owned();
    if !is_called_a_sound(name.as_ref()) {
        return Err(Refusal::bad(format!(
            "“{name}” does not end as the names of sounds do: .wav, .aif, .flac, .mp3, .ogg, .m4a …"
        )));
    }
    let length = length(request.headers()).ok_or_else(|| {
        Refusal::new(
            StatusCode::LENGTH_REQUIRED,
            "say how long it is, with Content-Length",
        )
    })?;
    let pieces = Pieces::of(request, LARGEST)?;
    let folder = place.folder(folder);
    let part = blocking({
        let (folder, name) = (folder.clone(), name.clone());
        move || prepare(&folder, &name, length)
    })
    .await?;
    write(&part.0, pieces).await?;
    // It is decoded, as it is to be a sound.
    blocking_in_turn(turns, move || publish(&part, &folder, &name)).await
}

/// Removes from `folder` what was sent by halves to a server that was killed.
pub fn clear(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| files::is_unpublished(&entry.file_name())) {
        let metadata = entry.metadata().ok();
        let modified = metadata.and_then(|metadata| metadata.modified().ok());
        // Another server may be at it.
        let age = modified.and_then(|modified| modified.elapsed().ok());
        if age.is_some_and(|age| age > 2 * BETWEEN_PIECES) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// A file that goes, unless it has been published: whatever happens, the half of a sound does
/// not stay.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Makes an empty file beside where the sound will be.
fn prepare(folder: &Path, name: &str, length: u64) -> Result<Part, Refusal> {
    std::fs::create_dir_all(folder).map_err(of_disk("the folder"))?;
    if let Ok(space) = disk::space(folder)
        && space.free_bytes < FLOOR.saturating_add(length)
    {
        return Err(Refusal::new(
            StatusCode::INSUFFICIENT_STORAGE,
            format!("the disk has no room for {name}; remove what is not needed"),
        ));
    }
    // The name keeps its ending, by which some kinds of sounds are known.
    let part = tempfile::Builder::new()
        .prefix(".")
        .suffix(&format!(".{}.part", std::process::id()))
        .tempfile_in(folder)
        .map_err(of_disk(name))?;
    let (_, path) = part.keep().map_err(|error| of_disk(name)(error.error))?;
    Ok(Part(path))
}

async fn write(part: &Path, mut pieces: Pieces) -> Result<(), Refusal> {
    let failed = || of_disk("the sound");
    let file = tokio::fs::OpenOptions::new().write(true).open(part).await;
    let mut file = file.map_err(failed())?;
    while let Some(piece) = pieces.next().await? {
        file.write_all(&piece).await.map_err(failed())?;
    }
    file.sync_all().await.map_err(failed())
}

fn publish(part: &Part, folder: &Path, name: &str) -> Result<Taken, Refusal> {
    let facts = facts_of(&part.0, folder.ends_with(place::RECORDINGS)).map_err(|error| {
        // Its sender knows it by its own name.
        let sentence = format!("{error:#}");
        Refusal::impossible(sentence.replace(&*part.0.to_string_lossy(), name))
    })?;
    let mut name = name.to_owned();
    loop {
        name = free_name(&name, |name| !folder.join(name).exists());
        match files::rename_new(&part.0, &folder.join(&name)) {
            Ok(()) => break,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(of_disk(&name)(error)),
        }
    }
    files::sync_folder(folder).map_err(of_disk(&name))?;
    Ok(Taken { name, facts })
}
