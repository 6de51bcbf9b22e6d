//! How far both vocoders are from recordings whose frames they make sound of.
//!
//! ```sh
//! cargo bench --bench vocoder -- FOLDER
//! ```
//!
//! For each sound file in the folder and some sizes of frames: the spectral convergence,
//! `|| |S| - |S'| || / || |S| ||`, of which 0 is the sound itself.

#[path = "../tests/common/convergence.rs"]
mod convergence;

use std::path::PathBuf;

use anyhow::Context;
use convergence::{analysis, figures};

/// Window and hop, in samples.
const SIZES: [(usize, usize); 5] = [(512, 128), (1024, 256), (2048, 512), (512, 256), (512, 512)];

fn main() -> anyhow::Result<()> {
    // Cargo adds a flag of its own.
    let folder = std::env::args()
        .skip(1)
        .find(|word| !word.starts_with("--"));
    let Some(folder) = folder else {
        println!("name a folder of sound files: cargo bench --bench vocoder -- FOLDER");
        return Ok(());
    };
    let entries = std::fs::read_dir(&folder);
    let entries = entries.with_context(|| format!("the folder {folder} cannot be read"))?;
    let files = entries.map(|entry| Ok(entry?.path()));
    let mut files = files.collect::<std::io::Result<Vec<PathBuf>>>()?;
    files.sort();
    for file in files {
        let sound = antiphon::audio::read::read(&file)?.into_signal();
        println!("{} ({} Hz)", file.display(), sound.sample_rate);
        for (window, hop) in SIZES {
            figures(&analysis(window, hop), &sound.samples);
        }
    }
    Ok(())
}
