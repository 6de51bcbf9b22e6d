//! The corpora of the fuzz targets, through the functions that the targets call.

use std::fs;
use std::path::{Path, PathBuf};

use antiphon::fuzzing::{READERS, Reader};

/// The files of the corpus `name`.
fn corpus(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// How many of the corpus `name` are taken, and how many are refused.
fn replay(name: &str, read: Reader) -> (usize, usize) {
    let files = corpus(name);
    let is_taken = |path: &&PathBuf| {
        // Printed when something in the file makes the reader panic.
        println!("{}", path.display());
        read(&fs::read(path).unwrap())
    };
    let taken = files.iter().filter(is_taken).count();
    (taken, files.len() - taken)
}

#[test]
fn every_reader_takes_some_and_refuses_some_and_survives_all() {
    for (name, read) in READERS {
        let (taken, refused) = replay(name, read);
        assert!(taken >= 3, "{name}: only {taken} taken");
        assert!(refused >= 3, "{name}: only {refused} refused");
    }
}

#[test]
fn every_target_reads_through_one_of_these_functions() {
    for (name, _) in READERS {
        let target = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz/fuzz_targets")
            .join(format!("{name}.rs"));
        let text = fs::read_to_string(target).unwrap();
        assert!(
            text.contains(&format!("antiphon::fuzzing::{name}(bytes)")),
            "{text}"
        );
    }
}
