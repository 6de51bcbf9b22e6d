//! What the names of files say, and how they are shown.

use std::ffi::OsStr;
use std::path::Path;

/// `name` as text that names the same letters: bytes that are no UTF-8 are taken for
/// Latin-1, which old systems and disks write.
pub fn readable(name: &OsStr) -> String {
    match name.to_str() {
        Some(name) => name.to_owned(),
        None => name
            .as_encoded_bytes()
            .iter()
            .map(|byte| latin_1(*byte))
            .collect(),
    }
}

/// The letter of a byte; none stands from 0x80 to 0x9f.
fn latin_1(byte: u8) -> char {
    match byte {
        0x80..=0x9f => '_',
        byte => char::from(byte),
    }
}

/// Endings of names under which programs keep what is not whole yet.
const PARTIAL: [&str; 16] = [
    "part",
    "partial",
    "crdownload",
    "download",
    "opdownload",
    "filepart",
    "tmp",
    "temp",
    "aria2",
    "!ut",
    "!qb",
    "!bt",
    "bc!",
    "dlpart",
    "incomplete",
    "swp",
];

/// Endings of names under which they keep what was there before, or nothing.
const ASIDE: [&str; 6] = ["bak", "bkp", "old", "orig", "lock", "lck"];

/// Names of what systems leave in any folder that is looked at.
const LITTER: [&str; 5] = [
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
    "$recycle.bin",
];

/// Whether a name says that its file is not the thing itself: hidden, a system's
/// litter, not whole yet, or what was there before.
pub fn is_scratch(name: &OsStr) -> bool {
    let is_partial = is_partial(name);
    let name = name.to_string_lossy().to_lowercase();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    // `~$`, `~syncthing~` and the like in front, a backup's `~` behind.
    name.starts_with(['.', '~'])
        || name.ends_with('~')
        || (name.starts_with('#') && name.ends_with('#'))
        || is_partial
        || ending.is_some_and(|ending| ASIDE.contains(&ending))
        || LITTER.contains(&name.as_str())
}

/// Whether a name says that its file is not whole yet.
pub fn is_partial(name: &OsStr) -> bool {
    let ending = Path::new(name)
        .extension()
        .map(|e| e.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| PARTIAL.contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_programs_leave_beside_sounds_is_scratch() {
        let names = [
            ".hidden.wav",
            "._take.wav",
            ".take.wav.Xa81bc",
            "take.wav.part",
            "take.wav.partial",
            "take.wav.crdownload",
            "take.wav.filepart",
            "~syncthing~take.wav.tmp",
            "take.wav~",
            "#take.wav#",
            "~$take.wav",
            "Thumbs.db",
            "desktop.ini",
            "Icon\r",
            "take.wav.BAK",
        ];
        for name in names {
            assert!(is_scratch(OsStr::new(name)), "{name}");
        }
        for name in [
            "take.wav",
            "part.wav",
            "tmp",
            "take ~ 2.wav",
            "old.take.aif",
            "#1.wav",
        ] {
            assert!(!is_scratch(OsStr::new(name)), "{name}");
        }
    }
}
