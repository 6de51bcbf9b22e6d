//! Pre-emphasis: high frequencies are raised before the network hears a sound
//! and lowered again in its predictions, so that the network's error, which is
//! white, becomes as dark as music is.

/// `x[n] - amount · x[n - 1]`, in place, after silence.
pub fn pre_emphasise(samples: &mut [f32], amount: f32) {
    let mut before = 0.0;
    for sample in samples {
        let this = *sample;
        *sample = this - amount * before;
        before = this;
    }
}

/// Undoes [`pre_emphasise`] in a sound that comes piece by piece:
/// `y[n] = x[n] + amount · y[n - 1]`.
#[derive(Clone, Debug)]
pub struct DeEmphasis {
    amount: f32,
    before: f32,
}

impl DeEmphasis {
    /// By `amount`, after silence.
    pub fn new(amount: f32) -> DeEmphasis {
        DeEmphasis {
            amount,
            before: 0.0,
        }
    }

    /// The next `samples`, in place.
    pub fn apply(&mut self, samples: &mut [f32]) {
        for sample in samples {
            *sample += self.amount * self.before;
            self.before = *sample;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_undoes_the_other() {
        let sound: Vec<f32> = (0..1000).map(|n| (n as f32 * 0.1).sin()).collect();
        let mut there_and_back = sound.clone();
        pre_emphasise(&mut there_and_back, 0.9);
        assert!((there_and_back[500] - (sound[500] - 0.9 * sound[499])).abs() < 1e-6);
        let mut de_emphasis = DeEmphasis::new(0.9);
        for piece in there_and_back.chunks_mut(7) {
            de_emphasis.apply(piece);
        }
        for (a, b) in there_and_back.iter().zip(&sound) {
            assert!((a - b).abs() < 1e-5);
        }
    }
}
