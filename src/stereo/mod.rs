//! Where a recording's sound stands between two channels, and the way back: two channels
//! made of one.
//!
//! ```text
//! recording --StereoHearing--> frames --StereoImage::learn--> what sounds where
//! mono answer --StereoImage--> an image each 12 ms --Upmix--> left, right
//! ```
//!
//! The middle is the mean of left and right, and is what networks hear and continue. The
//! side is half of their difference. In each of some bands of frequencies an [`Image`] says
//! how much of the middle the side has, which is where it stands, and how much beside, which
//! is how wide it is: the panning and the coherence of parametric stereo (Breebaart, van de
//! Par, Kohlrausch, Schuijers, *Parametric Coding of Stereo Audio*, 2005). A model knows from
//! its recordings which image goes with which sound of the middle: a low note stands where
//! low notes of the training audio stood.
//!
//! The mean of the channels that are made is the mono answer, to the last bit but one.

mod bands;
mod hearing;
mod image;
mod learned;
mod transform;
mod upmix;

pub use hearing::{StereoFrames, StereoHearing, StereoSum};
pub use image::{Image, Power};
pub use learned::StereoImage;
pub use upmix::{Beside, Upmix};
