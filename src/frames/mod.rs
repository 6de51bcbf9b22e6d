//! Between a signal and what the model sees: the windows of an input matrix and
//! its label, magnitude spectra, bands, filters, and the vocoders that make sound of them.

mod band;
mod bands;
mod cosines;
mod elementary;
mod emphasis;
mod fourier;
mod inverse_fourier;
mod oscillator_bank;
mod overlap_add;
mod phase_locked;
mod phases;
mod resynthesis;
mod spectrum;
mod stretch;
mod windows;

pub use band::{BandLimit, highest_frequency};
pub use bands::{BandBank, BandSynthesis};
pub use cosines::Cosines;
pub use emphasis::{DeEmphasis, pre_emphasise};
pub use fourier::{Complex32, Complex64, Fourier};
pub use overlap_add::OverlapAdd;
pub use phase_locked::PhaseLocked;
pub use resynthesis::{Method, Resynthesis};
pub use spectrum::{Analysis, Frames, Spectra};
pub use stretch::stretch;
pub use windows::WindowFormat;
