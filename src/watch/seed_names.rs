//! Names made of a seed's name, with room for numbers.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Longer names get no number in front or behind on most filesystems, of which a
/// name has at most 255 bytes.
const LONGEST_NAME: usize = 200;
/// What is longer behind the last dot is no extension, but part of a sentence.
const LONGEST_EXTENSION: usize = 16;

/// `name` with `number` before its extension.
pub fn numbered(name: &OsStr, number: u32) -> OsString {
    let mut numbered = stem(name);
    numbered.push(format!(".{number}"));
    numbered.push(extension(name));
    numbered
}

/// `name` with room for numbers.
pub fn shortened(name: &OsStr) -> OsString {
    if name.len() <= LONGEST_NAME {
        return name.to_owned();
    }
    let mut short = stem(name);
    short.push(extension(name));
    short
}

/// `NAME` of `NAME.wav`, with room for numbers.
pub fn stem(name: &OsStr) -> OsString {
    let stem = Path::new(name).file_stem().unwrap_or(name);
    if stem.len() <= LONGEST_NAME {
        return stem.to_owned();
    }
    let text = stem.to_string_lossy();
    text[..text.floor_char_boundary(LONGEST_NAME)].into()
}

/// `.wav` of `NAME.wav`; nothing of a name without, or with one that is none.
pub fn extension(name: &OsStr) -> OsString {
    let mut extension = OsString::new();
    if let Some(own) = Path::new(name).extension()
        && own.len() <= LONGEST_EXTENSION
    {
        extension.push(".");
        extension.push(own);
    }
    extension
}
