//! Cutting a sound at the beginnings of its notes.

use rand::RngExt;

use crate::frames::Analysis;
use crate::random::Stream;

/// Seconds from the beginning of a note to the next one, at least.
const SHORTEST_SECONDS: f64 = 0.06;
/// A rise is the beginning of a note where it is above the mean by this many standard
/// deviations.
const DEVIATIONS: f32 = 1.0;
/// Seconds over which each note fades at both ends, so that none clicks.
const FADE_SECONDS: f64 = 0.004;

/// The notes of `sound`, at `sample_rate` Hz, in an order drawn from `random`.
pub fn reordered(sound: &[f32], sample_rate: u32, random: &mut Stream) -> Vec<f32> {
    let mut notes = notes(sound, sample_rate);
    for last in (1..notes.len()).rev() {
        notes.swap(last, random.random_range(0..=last));
    }
    let fade = (FADE_SECONDS * f64::from(sample_rate)) as usize;
    let mut out = Vec::with_capacity(sound.len());
    for note in notes {
        let len = note.len();
        out.extend(note.iter().enumerate().map(|(n, sample)| {
            let to_end = n.min(len - 1 - n);
            sample * ((to_end + 1) as f32 / (fade + 1) as f32).min(1.0)
        }));
    }
    out
}

/// `sound` cut where notes begin, all of it.
fn notes(sound: &[f32], sample_rate: u32) -> Vec<&[f32]> {
    let hop = (f64::from(sample_rate) / 86.0) as usize;
    let analysis = Analysis {
        window_size: 4 * hop.max(4),
        hop_size: hop.max(4),
        zero_padding: false,
    };
    let rises = rises(&analysis, sound);
    let apart = (SHORTEST_SECONDS * 86.0).ceil() as usize;
    let mut cuts = vec![0];
    for frame in beginnings(&rises, apart) {
        // A rise is noticed where the new note fills half of the window.
        let at = frame * analysis.hop_size + analysis.window_size / 2;
        if at > cuts[cuts.len() - 1] + apart * analysis.hop_size && at < sound.len() {
            cuts.push(at);
        }
    }
    cuts.push(sound.len());
    cuts.windows(2).map(|cut| &sound[cut[0]..cut[1]]).collect()
}

/// How much louder, in logarithms, all bins together grow from frame to frame.
fn rises(analysis: &Analysis, sound: &[f32]) -> Vec<f32> {
    let spectra = analysis.magnitudes(sound);
    let largest = spectra.magnitudes.iter().copied().fold(0.0, f32::max);
    let scale = 100.0 / largest.max(f32::MIN_POSITIVE);
    let loud: Vec<f32> = spectra
        .magnitudes
        .iter()
        .map(|m| (scale * m).ln_1p())
        .collect();
    let frames: Vec<&[f32]> = loud.chunks_exact(spectra.bins).collect();
    let rise = |pair: &[&[f32]]| {
        let bins = pair[0].iter().zip(pair[1]);
        bins.map(|(before, now)| (now - before).max(0.0)).sum()
    };
    frames.windows(2).map(rise).collect()
}

/// Where `rises` are largest within `apart` frames, and large.
fn beginnings(rises: &[f32], apart: usize) -> Vec<usize> {
    let n = rises.len().max(1) as f32;
    let mean = rises.iter().sum::<f32>() / n;
    let variance = rises.iter().map(|rise| (rise - mean).powi(2)).sum::<f32>() / n;
    let least = mean + DEVIATIONS * variance.sqrt();
    let largest_around = |frame: usize| {
        let around = frame.saturating_sub(apart)..(frame + apart + 1).min(rises.len());
        rises[around].iter().copied().fold(0.0, f32::max)
    };
    let frames = 0..rises.len();
    frames
        .filter(|frame| rises[*frame] > least && rises[*frame] == largest_around(*frame))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    const RATE: u32 = 11025;

    /// Notes of half a second that decay.
    fn melody(hz: &[f64]) -> Vec<f32> {
        let note = |hz: &f64| {
            let step = std::f64::consts::TAU * hz / f64::from(RATE);
            (0..5512).map(move |n| ((step * n as f64).sin() * (-n as f64 / 2000.0).exp()) as f32)
        };
        hz.iter()
            .map(note)
            .flat_map(|note| note.collect::<Vec<_>>())
            .collect()
    }

    #[test]
    fn a_melody_is_cut_at_its_notes() {
        let sound = melody(&[220.0, 330.0, 247.0, 294.0]);
        let cut = notes(&sound, RATE);
        let lens: Vec<f64> = cut.iter().map(|note| note.len() as f64 / 5512.0).collect();
        assert_eq!(lens.len(), 4, "{lens:?}");
        assert!(lens.iter().all(|len| (len - 1.0).abs() < 0.15), "{lens:?}");
    }

    #[test]
    fn another_order_has_the_same_notes_and_the_same_length() {
        let sound = melody(&[220.0, 330.0, 247.0, 294.0, 196.0, 262.0]);
        let one = reordered(&sound, RATE, &mut stream(1, "guide"));
        let again = reordered(&sound, RATE, &mut stream(1, "guide"));
        let other = reordered(&sound, RATE, &mut stream(2, "guide"));
        assert_eq!(one.len(), sound.len());
        assert_eq!(one, again);
        assert!(one != other && one != sound);
        let power = |s: &[f32]| s.iter().map(|s| s * s).sum::<f32>();
        assert!((power(&one) / power(&sound) - 1.0).abs() < 0.05);
        assert_eq!(reordered(&[0.5; 3], RATE, &mut stream(1, "guide")).len(), 3);
        assert!(reordered(&[], RATE, &mut stream(1, "guide")).is_empty());
    }
}
