//! Says which build this is, `ANTIPHON_BUILD`: its target, and a number made of all that
//! the program is compiled from and with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=Cargo.toml");
    println!("cargo::rerun-if-changed=Cargo.lock");
    let mut number = Number::default();
    let mut files = BTreeSet::from(["Cargo.toml", "Cargo.lock"].map(PathBuf::from));
    list(Path::new("src"), &mut files);
    for file in files {
        number.add(&fs::read(&file).unwrap_or_default());
    }
    let said = |name: &str| env::var(name).unwrap_or_default();
    for name in ["CARGO_ENCODED_RUSTFLAGS", "OPT_LEVEL"] {
        number.add(said(name).as_bytes());
    }
    let compiler = Command::new(said("RUSTC")).arg("-vV").output();
    number.add(&compiler.map(|output| output.stdout).unwrap_or_default());
    println!(
        "cargo::rustc-env=ANTIPHON_BUILD={} {:016x}",
        said("TARGET"),
        number.0
    );
}

/// Adds every file below `folder` to `files`.
fn list(folder: &Path, files: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => list(&path, files),
            false => drop(files.insert(path)),
        }
    }
}

/// FNV-1a of whatever came.
struct Number(u64);

impl Default for Number {
    fn default() -> Number {
        Number(0xcbf2_9ce4_8422_2325)
    }
}

impl Number {
    /// Goes on with `bytes`, whatever ends their lines, and with where they end.
    fn add(&mut self, bytes: &[u8]) {
        let bytes = bytes.iter().copied().filter(|byte| *byte != b'\r');
        for byte in bytes.chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
