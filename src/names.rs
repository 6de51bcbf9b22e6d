//! What the names of files say, and how they are shown.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::ops::RangeInclusive;
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

/// `text` as it may stand in one line of a log or on a terminal: line breaks, escape
/// sequences, marks that turn the direction of writing and other letters that nobody sees
/// are written out, `\n` and `\u{202e}` say. A file may be called anything, and its name is
/// not to forge a line or to steer the terminal that shows it.
pub fn printable(text: &str) -> Cow<'_, str> {
    match text.contains(is_unprintable) {
        false => Cow::Borrowed(text),
        true => text.chars().map(written_out).collect::<String>().into(),
    }
}

/// Whether `letter` does something to a line, or is not seen in it.
pub fn is_unprintable(letter: char) -> bool {
    letter.is_control() || UNSEEN.iter().any(|range| range.contains(&letter))
}

/// Separators of lines and what Unicode calls format characters, apart from those that are
/// seen, and from the two joiners (U+200C and U+200D): Persian and pictures are written
/// with them.
const UNSEEN: [RangeInclusive<char>; 15] = [
    '\u{ad}'..='\u{ad}',
    '\u{61c}'..='\u{61c}',
    '\u{70f}'..='\u{70f}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200b}',
    '\u{200e}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{feff}'..='\u{feff}',
    '\u{fff9}'..='\u{fffb}',
    '\u{13430}'..='\u{1343f}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0001}'..='\u{e0001}',
    '\u{e0020}'..='\u{e007f}',
];

fn written_out(letter: char) -> String {
    match is_unprintable(letter) {
        true => letter.escape_default().to_string(),
        false => letter.to_string(),
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
    fn a_name_is_one_line_that_steers_nothing() {
        let shown = printable("a\nERROR b\u{1b}[31m\u{202e}vaw.\u{9b}\t\u{7f}");
        let expected = r"a\nERROR b\u{1b}[31m\u{202e}vaw.\u{9b}\t\u{7f}";
        assert_eq!(shown, expected);
        assert_eq!(printable(&shown), shown);
    }

    #[test]
    fn names_of_all_languages_stay_as_they_are() {
        for name in [
            "e\u{301}tude 1.wav",
            "می\u{200c}خواهم",
            "שיר.wav",
            "夜🎻",
            r"C:\new",
        ] {
            assert!(matches!(printable(name), Cow::Borrowed(same) if same == name));
        }
    }

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
