//! The kinds of sound files that there are, by their names.

use std::ffi::OsStr;
use std::path::Path;

/// A kind of sound file that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// What its users call it.
    pub name: &'static str,
    /// How names of such files end, in lower case.
    pub extensions: &'static [&'static str],
    /// What of it is read.
    pub read: &'static str,
}

/// All kinds of sound files that are read.
pub const FORMATS: [Format; 9] = [
    Format {
        name: "WAV, RIFX, RF64, BW64, W64",
        extensions: &["wav", "wave", "bwf", "rf64", "bw64", "w64", "rifx"],
        read: "8 to 32-bit integer, 32 and 64-bit float, µ-law, A-law, IMA and MS ADPCM, MP3 inside",
    },
    Format {
        name: "AIFF, AIFF-C",
        extensions: &["aif", "aiff", "aifc"],
        read: "8 to 32-bit integer of either byte order, 32 and 64-bit float, µ-law, A-law, IMA ADPCM",
    },
    Format {
        name: "CAF",
        extensions: &["caf"],
        read: "8 to 32-bit integer, 32 and 64-bit float, µ-law, A-law, IMA ADPCM, AAC, ALAC",
    },
    Format {
        name: "AU",
        extensions: &["au", "snd"],
        read: "8 to 32-bit integer, 32 and 64-bit float, µ-law, A-law",
    },
    Format {
        name: "FLAC",
        extensions: &["flac", "fla"],
        read: "all, also in Ogg",
    },
    Format {
        name: "MP3",
        extensions: &["mp3", "mp2", "mpga"],
        read: "layers 1 to 3, without what the encoder added",
    },
    Format {
        name: "Ogg Vorbis",
        extensions: &["ogg", "oga"],
        read: "all",
    },
    Format {
        name: "M4A, MP4",
        extensions: &["m4a", "m4b", "mp4", "mov"],
        read: "AAC (LC, mono and stereo), ALAC, and in MOV 8 to 32-bit integer and float of either byte order, mono and stereo",
    },
    Format {
        name: "AAC (ADTS)",
        extensions: &["aac", "adts"],
        read: "AAC (LC, mono and stereo)",
    },
];

/// How the names of sound files end that are not read.
const NOT_READ: [&str; 32] = [
    "opus", "wma", "asf", "ape", "wv", "amr", "awb", "dsf", "dff", "mka", "weba", "webm", "spx",
    "tta", "mpc", "mp+", "ofr", "shn", "ra", "ram", "rm", "voc", "sph", "ac3", "dts", "thd", "gsm",
    "sd2", "8svx", "iff", "3gp", "ircam",
];

/// Whether a file of this name is called a sound, be it one that is read or not.
pub fn is_called_a_sound(name: &OsStr) -> bool {
    let Some(extension) = Path::new(name).extension() else {
        return false;
    };
    let extension = extension.to_string_lossy().to_lowercase();
    let read = FORMATS.iter().flat_map(|format| format.extensions);
    read.chain(&NOT_READ).any(|known| *known == extension)
}
