//! The sound of a sequence that comes piece by piece.

use super::element::ElementSound;
use crate::frames::{BandLimit, DeEmphasis};

/// Makes sound of what a network saw or predicted, as it comes.
///
/// Its memory does not grow. Its sound is the same however the sequence is handed over, and
/// a clone goes on as the original would.
#[derive(Clone)]
pub struct Sounding {
    pub(super) element: ElementSound,
    pub(super) de_emphasis: DeEmphasis,
    /// Where the training audio's band is known.
    pub(super) band_limit: Option<BandLimit>,
}

impl Sounding {
    /// Goes on with `sequence`, whole elements, and appends to `sound` what is known by
    /// now.
    pub fn push(&mut self, sequence: &[f32], sound: &mut Vec<f32>) {
        let begin = sound.len();
        self.element.push(sequence, sound);
        self.filter(begin, sound);
    }

    /// Appends what waited for more of the sequence to `sound`: there is none.
    pub fn finish(mut self, sound: &mut Vec<f32>) {
        let begin = sound.len();
        self.element.clone().finish(sound);
        self.filter(begin, sound);
        if let Some(band_limit) = self.band_limit {
            band_limit.finish(sound);
        }
    }

    /// Filters the samples of `sound` from the `begin`th on.
    fn filter(&mut self, begin: usize, sound: &mut Vec<f32>) {
        self.de_emphasis.apply(&mut sound[begin..]);
        if let Some(band_limit) = &mut self.band_limit {
            let whole = sound.split_off(begin);
            band_limit.push(&whole, sound);
        }
    }
}
