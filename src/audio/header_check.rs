//! Whether a sound file is all there, going by its header.

/// Whether a sound file is all there, going by its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderCheck {
    /// The header declares no more than the file holds.
    Complete,
    /// No length is said, and none will be: what was written to a pipe, MP3, ADTS.
    /// Only its end tells.
    OpenEnded,
    /// The header declares more than the file holds, or no sound at all: the
    /// file is still being written or copied, or its writer died.
    Incomplete(Lack),
    /// No sound file that is read: what it is, where that is known, such as
    /// "an Opus file" or "a PNG picture".
    NotRecognised(Option<&'static str>),
}

/// What a file lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// It is empty, or too short to say, or begins with zeros.
    Header,
    /// It has a header and not one sample.
    Sound,
    /// Sound is there, but the size of it says 0, or no page of Ogg that it is the
    /// last: its recorder has not come to write it.
    Size,
    /// The header declares more bytes than are there.
    Rest {
        /// How many the header declares.
        declared: u64,
        /// How many there are.
        present: u64,
    },
}
