//! Says which build this is: `ANTIPHON_BUILD`, its target and a number made of all that
//! the program is compiled from and with, and `ANTIPHON_COMMIT`, what git calls its sources.

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
    number.add(flags(&said("CARGO_ENCODED_RUSTFLAGS")).as_bytes());
    number.add(said("OPT_LEVEL").as_bytes());
    let compiler = Command::new(said("RUSTC")).arg("-vV").output();
    number.add(&compiler.map(|output| output.stdout).unwrap_or_default());
    println!(
        "cargo::rustc-env=ANTIPHON_BUILD={} {:016x}",
        said("TARGET"),
        number.0
    );
    println!("cargo::rustc-env=ANTIPHON_COMMIT={}", commit());
}

/// The compiler's flags, without those that only say what folders are called in the
/// program: a build in another folder is the same one.
fn flags(encoded: &str) -> String {
    let matters = |flag: &&str| !flag.starts_with("--remap-path-prefix=");
    let flags: Vec<&str> = encoded.split('\x1f').filter(matters).collect();
    flags.join("\x1f")
}

/// The commit of the sources, by git or by the file that cargo puts into a package of
/// them; nothing where neither knows.
fn commit() -> String {
    match git(&["rev-parse", "--show-prefix"]) {
        // Sources that lie somewhere within another repository are not of its commits.
        Some(prefix) if prefix.is_empty() => commit_by_git().unwrap_or_default(),
        _ => commit_by_cargo().unwrap_or_default(),
    }
}

fn commit_by_git() -> Option<String> {
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    // Without that file, cargo would run this each time.
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    let commit = git(&["rev-parse", "HEAD"])?;
    let built = ["src", "build.rs", "Cargo.toml", "Cargo.lock"];
    let status = [&["status", "--porcelain", "--"][..], &built].concat();
    let changed = match git(&status)?.is_empty() {
        true => "",
        false => ", changed since",
    };
    Some(format!("{commit}{changed}"))
}

/// What `git` says to `arguments`.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| said.trim().to_owned())
}

fn commit_by_cargo() -> Option<String> {
    let text = fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, after) = text.split_once("\"sha1\": \"")?;
    let (commit, _) = after.split_once('"')?;
    Some(commit.to_owned())
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
