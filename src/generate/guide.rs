//! The sound that an answer follows, made of the seed.

use std::f32::consts::PI;

use crate::hyperparameters::GuideForm;

/// Seconds over which one round of a looped guide fades into the next.
const FADE_SECONDS: f64 = 0.03;

/// `samples` samples of guide in this `form`, of a `seed` at `sample_rate` Hz; zeros where
/// there is nothing to follow any more.
pub fn guide(form: GuideForm, seed: &[f32], samples: usize, sample_rate: u32) -> Vec<f32> {
    let fade = (FADE_SECONDS * f64::from(sample_rate)) as usize;
    match form {
        GuideForm::Loop => looped(seed, samples, fade),
        GuideForm::Once => {
            let mut once: Vec<f32> = seed.iter().copied().take(samples).collect();
            once.resize(samples, 0.0);
            once
        }
        GuideForm::Reverse => {
            let reversed: Vec<f32> = seed.iter().rev().copied().collect();
            looped(&reversed, samples, fade)
        }
    }
}

/// `sound` again and again: the last `fade` samples of each round go down while the
/// next round's first go up, so that a round lasts as long as the sound less the fade.
fn looped(sound: &[f32], samples: usize, fade: usize) -> Vec<f32> {
    let fade = fade.min(sound.len() / 4);
    let mut out = vec![0.0; samples];
    let mut start = 0;
    while start < samples {
        for (n, sample) in sound.iter().enumerate().take(samples - start) {
            let to_end = sound.len() - 1 - n;
            // The first round begins where the seed ends, with nothing to fade from.
            let from_start = if start == 0 { fade } else { n };
            out[start + n] += rise(from_start, fade) * rise(to_end, fade) * sample;
        }
        start += (sound.len() - fade).max(1);
    }
    out
}

/// From 0 to 1 over `fade` samples; that and its mirror image add up to 1.
fn rise(n: usize, fade: usize) -> f32 {
    match n < fade {
        true => 0.5 - 0.5 * (PI * (n as f32 + 0.5) / fade as f32).cos(),
        false => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_of_a_loop_fade_into_each_other() {
        let constant = looped(&[1.0; 100], 1000, 10);
        assert_eq!(constant.len(), 1000);
        assert!(constant.iter().all(|sample| (sample - 1.0).abs() < 1e-6));
        let ramp: Vec<f32> = (0..100).map(|n| n as f32).collect();
        let rounds = looped(&ramp, 250, 10);
        assert_eq!(rounds[..90], ramp[..90]);
        assert_eq!(rounds[100..180], ramp[10..90]);
        assert_eq!(looped(&[0.5], 3, 330), [0.5; 3]);
    }

    #[test]
    fn once_is_followed_by_nothing_and_reverse_begins_with_the_end() {
        let seed = [0.1, 0.2, 0.3];
        assert_eq!(
            guide(GuideForm::Once, &seed, 5, 1000),
            [0.1, 0.2, 0.3, 0.0, 0.0]
        );
        assert_eq!(guide(GuideForm::Once, &seed, 2, 1000), [0.1, 0.2]);
        assert_eq!(guide(GuideForm::Reverse, &seed, 3, 1000), [0.3, 0.2, 0.1]);
    }
}
