//! Files that are not read, by what they begin with.

/// What files begin with, and what they are.
const BEGINNINGS: [(&[u8], &str); 53] = [
    (
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
        "a Windows Media (WMA) file",
    ),
    (b"MAC ", "a Monkey's Audio file"),
    (b"wvpk", "a WavPack file"),
    (b"DSD ", "a DSF (DSD) file"),
    (b"FRM8", "a DSDIFF (DSD) file"),
    (b"\x1a\x45\xdf\xa3", "a Matroska or WebM file"),
    (b"#!AMR", "an AMR file"),
    (b"#!SILK", "a SILK file"),
    (b"MThd", "a MIDI file"),
    (b"TTA1", "a True Audio (TTA) file"),
    (b"TTA2", "a True Audio (TTA) file"),
    (b"MPCK", "a Musepack file"),
    (b"MP+", "a Musepack file"),
    (b"OFR ", "an OptimFROG file"),
    (b"ajkg", "a Shorten file"),
    (b".RMF", "a RealAudio file"),
    (b".ra\xfd", "a RealAudio file"),
    (b"Creative Voice File", "a Creative Voice (VOC) file"),
    (b"NIST_1A", "a NIST SPHERE file"),
    (b"2BIT", "an AVR file"),
    (b"\x64\xa3", "an IRCAM sound file"),
    (b"PVF1", "a PVF file"),
    (b"\x0b\x77", "a Dolby Digital (AC-3) file"),
    (b"Extended Module:", "a tracker module"),
    (b"IMPM", "a tracker module"),
    (b"FLV\x01", "a Flash video"),
    (b"\x00\x00\x01\xba", "an MPEG video"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"8BPS", "a Photoshop picture"),
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "an RTF document"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x7fELF", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3", "a database"),
    (b"bplist00", "a property list"),
    (b"<!DOCTYPE html", "a web page"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML text"),
    (b"\x00\x05\x16\x07", "a file of macOS about another file"),
];

/// What `RIFF` and `FORM` containers hold besides sound that is read.
const CONTENTS: [(&[u8; 4], &str); 9] = [
    (b"AVI ", "an AVI video"),
    (b"RMID", "a MIDI file"),
    (b"WEBP", "a WebP picture"),
    (b"sfbk", "a SoundFont"),
    (b"ACON", "an animated cursor"),
    (b"CDXA", "a Video CD file"),
    (b"8SVX", "an IFF 8SVX file"),
    (b"ILBM", "an IFF picture"),
    (b"CAT ", "an IFF collection"),
];

/// What a file is that begins with these bytes, where that is known.
pub(super) fn name(start: &[u8]) -> Option<&'static str> {
    let begins = |(magic, name): &(&[u8], &'static str)| start.starts_with(magic).then_some(*name);
    if let Some(name) = BEGINNINGS.iter().find_map(begins) {
        return Some(name);
    }
    if start.starts_with(b"RIFF") || start.starts_with(b"FORM") {
        let held = start.get(8..12)?;
        let held = CONTENTS.iter().find(|(kind, _)| held == *kind);
        return held.map(|(_, name)| *name);
    }
    is_text(start).then_some("a text")
}

fn is_text(start: &[u8]) -> bool {
    let has_mark = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    let printed = |byte: &u8| *byte >= b' ' && *byte != 0x7f || b"\t\n\r".contains(byte);
    let whole = match std::str::from_utf8(start) {
        Ok(_) => true,
        // The last letter may be cut off.
        Err(error) => error.error_len().is_none(),
    };
    has_mark || start.len() >= 4 && whole && start.iter().all(printed)
}
