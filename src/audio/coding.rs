//! How the samples of a sound are stored.

use super::accepts_rate;
use super::unreadable::Unreadable;

/// The order of the bytes in a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    Little,
    Big,
}

impl Ends {
    /// The number of two bytes.
    pub fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    /// The number of four bytes.
    pub fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    /// The number of eight bytes.
    pub fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }
}

/// How one sample, or one block of them, is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Integers from 0 to 255.
    Unsigned8,
    /// Integers of 1 to 4 bytes.
    Integer(u16, Ends),
    /// Floating point of 4 or 8 bytes.
    Float(u16, Ends),
    /// The telephones' eight bits of America and Japan (ITU-T G.711).
    MuLaw,
    /// Those of the rest of the world.
    ALaw,
    /// IMA ADPCM as WAV stores it.
    ImaAdpcm(Block),
    /// Microsoft's ADPCM.
    MsAdpcm(Block),
    /// IMA ADPCM as QuickTime stores it: 64 frames in 34 bytes for each channel.
    AppleIma,
    /// MPEG audio, layer 1 to 3, and about how many bytes a second of it takes.
    Mpeg(u32),
    /// In packets whose places are told elsewhere in the container.
    InPackets,
}

/// Bytes that are decoded together, all channels, and the frames they become at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Of all channels together.
    pub bytes: u16,
    /// In each channel.
    pub frames: u16,
}

/// Frames in a packet of [`Coding::AppleIma`], and its bytes for each channel.
const APPLE_IMA: Block = Block {
    bytes: 34,
    frames: 64,
};

/// How a sound is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Encoding {
    /// How its samples are coded.
    pub coding: Coding,
    /// How many channels it has.
    pub channels: u16,
    /// In Hz.
    pub sample_rate: u32,
    /// How many frames the header says there are, where their coding fills up its last block.
    pub frames: Option<u64>,
}

impl Encoding {
    /// Refuses what no sound has.
    pub fn checked(self) -> Result<Self, Unreadable> {
        if self.channels == 0 {
            return Err(Unreadable::Broken("it declares no channels"));
        }
        if !accepts_rate(self.sample_rate) {
            return Err(Unreadable::Rate(self.sample_rate));
        }
        let in_blocks = match self.coding {
            Coding::ImaAdpcm(_) | Coding::MsAdpcm(_) | Coding::AppleIma => true,
            Coding::Unsigned8 | Coding::Integer(..) | Coding::Float(..) => false,
            Coding::MuLaw | Coding::ALaw | Coding::Mpeg(_) | Coding::InPackets => false,
        };
        if in_blocks && self.channels > 2 {
            return Unreadable::unsupported(format!("ADPCM sound of {} channels", self.channels));
        }
        Ok(self)
    }

    /// The least that can be decoded by itself: one frame, or a block of them.
    pub fn unit(self) -> (u64, u64) {
        let channels = u64::from(self.channels);
        let samples = |bytes: u16| (channels * u64::from(bytes), 1);
        match self.coding {
            Coding::Unsigned8 | Coding::MuLaw | Coding::ALaw => samples(1),
            Coding::Integer(bytes, _) | Coding::Float(bytes, _) => samples(bytes),
            Coding::ImaAdpcm(block) | Coding::MsAdpcm(block) => {
                (u64::from(block.bytes), u64::from(block.frames))
            }
            Coding::AppleIma => (
                channels * u64::from(APPLE_IMA.bytes),
                u64::from(APPLE_IMA.frames),
            ),
            Coding::Mpeg(_) | Coding::InPackets => (1, 1),
        }
    }

    /// Bytes that a second of the sound takes; `None` where that is not said.
    pub fn bytes_per_second(self) -> Option<u64> {
        match self.coding {
            Coding::Mpeg(bytes) => Some(u64::from(bytes)).filter(|bytes| *bytes > 0),
            Coding::InPackets => None,
            _ => {
                let (bytes, frames) = self.unit();
                Some(bytes * u64::from(self.sample_rate) / frames.max(1))
            }
        }
    }
}
