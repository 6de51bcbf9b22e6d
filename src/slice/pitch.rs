//! The strongest pitch of a loop.

use super::peaks::{Peak, analysis, each_peak};

/// Seconds of a frame, at most: long ones tell frequencies closely.
const FRAME: f64 = 0.5;
const OVERLAP: usize = 4;

/// The frequency in Hz of the strongest partial of a loop that is played over and over;
/// `None` of silence.
pub fn strongest_pitch(samples: &[f32], sample_rate: u32) -> Option<f64> {
    let analysis = analysis(sample_rate, FRAME, OVERLAP);
    // Every part of the loop is heard in as many frames, its join among them.
    let around = samples
        .iter()
        .cycle()
        .take(samples.len() + analysis.window_size);
    let around: Vec<f32> = around.copied().collect();
    let mut powers = vec![0.0; analysis.bins()];
    analysis.each(&around, |magnitudes| {
        for (power, magnitude) in powers.iter_mut().zip(magnitudes) {
            *power += f64::from(*magnitude).powi(2);
        }
    });
    let magnitudes: Vec<f32> = powers.iter().map(|power| power.sqrt() as f32).collect();
    let mut strongest: Option<Peak> = None;
    each_peak(&magnitudes, &analysis, sample_rate, |peak| {
        if strongest.is_none_or(|known| peak.power > known.power) {
            strongest = Some(peak);
        }
    });
    strongest.map(|peak| peak.hz)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{signal, sine};

    #[test]
    fn the_strongest_partial_is_told_to_a_few_cents() {
        for rate in [8000, 44100] {
            for hz in [82.4, 220.0, 1000.7] {
                let mut samples = sine(0.3, hz, rate, rate as usize);
                let octave = sine(0.25, 2.0 * hz, rate, rate as usize);
                samples.iter_mut().zip(octave).for_each(|(s, o)| *s += o);
                let found = strongest_pitch(&signal(&samples, rate).samples, rate).unwrap();
                let cents = 1200.0 * (found / hz).log2().abs();
                assert!(cents < 5.0, "{hz} at {rate}: {found}");
            }
        }
        assert_eq!(strongest_pitch(&[0.0; 8000], 8000), None);
    }
}
