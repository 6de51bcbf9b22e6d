//! Where MP3 ends: its first frame may count others than are there, in files that
//! were joined or cut.

use std::collections::VecDeque;

use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use crate::audio::container::mpeg;

/// Packets that an encoder of MP3 may add at the end: the header of its file
/// counts up to 4095 frames.
const PADDING_PACKETS: usize = 4;

/// Tells padding at the end from sound that follows it.
pub(super) struct EndOfMpeg {
    /// Whether the file says how much of its end is padding.
    is_padded: bool,
    /// Packets after the end, which are padding or, if they are many, sound.
    held: VecDeque<Packet>,
    /// Whether sound has come after the end.
    passed: bool,
}

impl EndOfMpeg {
    /// Of a file that says how much of its end is padding, or does not.
    pub fn new(is_padded: bool) -> Self {
        Self {
            is_padded,
            held: VecDeque::new(),
            passed: false,
        }
    }

    /// Whether sound has come after the end.
    pub fn is_passed(&self) -> bool {
        self.passed
    }

    /// The next packet of those that came, and what the file says of them.
    pub fn sort(&mut self, mut packet: Packet) -> Option<Packet> {
        if !self.is_padded || self.passed {
            packet.trim_end = Duration::ZERO;
            return Some(packet);
        }
        if packet.trim_end < packet.dur {
            return Some(packet);
        }
        // Frames are found in tags and other things behind the sound, too; these
        // have nothing in common.
        let last = self.held.back();
        if last.is_some_and(|last| !mpeg::are_kin(&packet.data, &last.data)) {
            self.held.clear();
        }
        packet.trim_end = Duration::ZERO;
        self.held.push_back(packet);
        self.passed = self.held.len() > PADDING_PACKETS;
        self.next_held()
    }

    /// The first of the packets after the end, where they turned out to be sound.
    pub fn next_held(&mut self) -> Option<Packet> {
        match self.passed {
            true => self.held.pop_front(),
            false => None,
        }
    }
}
