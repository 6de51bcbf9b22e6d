//! What both vocoders make of frames that were heard, with no network between.

#[path = "common/convergence.rs"]
mod convergence;

use std::f64::consts::TAU;

use antiphon::frames::{Analysis, Complex64};
use antiphon::random::stream;
use convergence::{analysis, figures, locked, of_the_bank, phase_locked};
use rand::RngExt;

const RATE: u32 = 44100;

/// A noise that goes round and round, a little darker each time (Karplus and Strong, 1983).
fn string(hz: f64, random: &mut impl RngExt) -> Vec<f32> {
    let period = (f64::from(RATE) / hz) as usize;
    let mut samples: Vec<f32> = (0..=period)
        .map(|_| random.random_range(-0.3..0.3))
        .collect();
    for n in 0..2 * RATE as usize {
        samples.push(0.498 * (samples[n] + samples[n + 1]));
    }
    samples
}

/// Strings that are plucked one after the other, and go on sounding.
fn plucked_strings() -> Vec<f32> {
    let mut random = stream(1, "strings");
    let mut sound = vec![0.0; 4 * RATE as usize];
    for (n, hz) in [110.0, 138.6, 164.8, 220.0, 277.2, 329.6, 440.0]
        .iter()
        .enumerate()
    {
        let begin = 3000 + n * RATE as usize / 2;
        let string = string(*hz, &mut random).into_iter();
        for (sum, sample) in sound[begin..].iter_mut().zip(string) {
            *sum += sample;
        }
    }
    sound
}

#[test]
fn strings_sound_almost_as_they_did() {
    let sound = plucked_strings();
    for (window, hop, most) in [
        (1024, 256, 0.2),
        (2048, 512, 0.2),
        // Their partials lie nearer than a window this short can tell.
        (512, 256, 0.45),
        (512, 512, 0.6),
    ] {
        let [bank, locked] = figures(&analysis(window, hop), &sound);
        assert!(locked < most && locked < 0.9 * bank, "{bank} {locked}");
    }
}

fn sine(bins: f64, window: usize, seconds: f64) -> Vec<f32> {
    let samples = (seconds * f64::from(RATE)) as usize;
    let sample = |n: usize| 0.5 * (TAU * bins / window as f64 * n as f64).sin();
    (0..samples).map(|n| sample(n) as f32).collect()
}

/// How far, in dB, a sound's amplitude at `bins` of `window` is from 0.5 at the most, the
/// first and the last window left out.
fn off_level(sound: &[f32], bins: f64, window: usize) -> f64 {
    let span = 2 * window;
    let at = |begin: usize| {
        let (mut sum, mut weights) = (Complex64::default(), 0.0);
        for n in 0..span {
            let weight = 0.5 - 0.5 * (TAU * n as f64 / span as f64).cos();
            let turn = -TAU * bins / window as f64 * n as f64;
            sum += Complex64::from_polar(weight * f64::from(sound[begin + n]), turn);
            weights += weight;
        }
        (20.0 * (2.0 * sum.norm() / weights / 0.5).log10()).abs()
    };
    let places = (window..sound.len() - window - span).step_by(window / 8 + 1);
    places.map(at).fold(0.0, f64::max)
}

#[test]
fn steady_sines_keep_their_level() {
    for (window, hop, to_sound) in [
        (512, 128, 128),
        (1024, 256, 256),
        (512, 256, 256),
        (512, 512, 512),
        (512, 128, 300),
        (512, 512, 200),
    ] {
        for bins in [5.3, 20.0, 50.5, 77.77, 120.25] {
            let analysis = analysis(window, hop);
            let made = locked(&analysis, to_sound, &sine(bins, window, 2.0));
            let off = off_level(&made, bins, window);
            assert!(off < 0.1, "{window}/{hop} at {to_sound}, {bins}: {off} dB");
        }
    }
    let analysis = analysis(1024, 256);
    let beating = of_the_bank(&analysis, &sine(120.25, 1024, 2.0));
    let off = off_level(&beating, 120.25, 1024);
    println!("a sine between bins by the oscillator bank: up to {off:.1} dB off");
    assert!(off > 1.0, "the oscillator bank no longer beats: {off} dB");
}

#[test]
fn another_hop_is_slower_or_faster_at_the_same_pitch() {
    let analysis = analysis(512, 128);
    let sound = sine(40.3, 512, 1.0);
    let frames = analysis.magnitudes(&sound).frames();
    for hop in [1, 64, 100, 128, 129, 400, 1500] {
        let made = locked(&analysis, hop, &sound);
        assert_eq!(made.len(), (frames - 1) * hop);
        if hop > 20 {
            assert!(off_level(&made, 40.3, 512) < 0.1, "{hop}");
        }
    }
}

/// The share of a sound's energy, in dB, that lies before sample `begin`.
fn energy_before(begin: usize, sound: &[f32]) -> f64 {
    let energy = |sound: &[f32]| sound.iter().map(|s| f64::from(s * s)).sum::<f64>();
    10.0 * (energy(&sound[..begin]) / energy(sound)).log10()
}

#[test]
fn beginnings_are_sharp() {
    let (window, analysis) = (1024, analysis(1024, 256));
    for begin in [8000, 8100, 8222] {
        let mut sound = vec![0.0; begin];
        sound.extend(string(220.0, &mut stream(1, "string")));
        // A quarter of a window before it begins.
        let before = begin - window / 2 - window / 4;
        let of_bank = energy_before(before, &of_the_bank(&analysis, &sound));
        let of_locked = energy_before(before, &locked(&analysis, 256, &sound));
        println!("before the onset: oscillator bank {of_bank:.1} dB, phase-locked {of_locked:.1}");
        assert!(of_locked < of_bank - 15.0, "{of_locked} {of_bank}");
    }
}

/// Frames without any peak as narrow as a tone's, as networks predict them, do not make
/// the sound pulse with them.
#[test]
fn blurred_frames_do_not_pulse() {
    let (window, hop) = (512, 256);
    let analysis = analysis(window, hop);
    let hump = |bin: usize| (0.05 * bin as f32).sin().powi(2) + 0.01;
    let frame: Vec<f32> = (0..analysis.bins()).map(hump).collect();
    let sound = phase_locked(&analysis, hop).resynthesise(&frame.repeat(200));
    let sound = &sound[window..sound.len() - window];
    let (mut pulse, mut power) = (Complex64::default(), 0.0);
    for (n, sample) in sound.iter().enumerate() {
        let squared = f64::from(sample * sample);
        pulse += Complex64::from_polar(squared, TAU * n as f64 / hop as f64);
        power += squared;
    }
    let depth = 2.0 * pulse.norm() / power;
    assert!(depth < 0.1, "{depth}");
}

#[test]
fn the_sound_is_the_same_however_frames_are_handed_over_and_by_a_clone() {
    for (window, hop, to_sound) in [(128, 32, 32), (128, 64, 100), (96, 96, 17)] {
        let analysis = analysis(window, hop);
        let bins = analysis.bins();
        let frames = analysis
            .magnitudes(&plucked_strings()[3000..9000])
            .magnitudes;
        let whole = phase_locked(&analysis, to_sound).resynthesise(&frames);
        assert_eq!(whole.len(), (frames.len() / bins - 1) * to_sound);

        let mut one_by_one = phase_locked(&analysis, to_sound);
        let mut sound = Vec::new();
        for (n, frame) in frames.chunks(bins).enumerate() {
            if n % 7 == 3 {
                // What another goes on with changes nothing.
                one_by_one.clone().push(&frames[..bins], &mut Vec::new());
                let mut rest = sound.clone();
                let clone = one_by_one.clone();
                rest.extend(clone.resynthesise(&frames[n * bins..]));
                assert_eq!(rest, whole);
            }
            one_by_one.push(frame, &mut sound);
            // Nothing is kept but what frames to come may change.
            assert!(sound.len() + window / 2 + 2 * to_sound >= n * to_sound);
        }
        one_by_one.finish(&mut sound);
        assert_eq!(sound, whole);
    }
}

#[test]
fn silence_is_silent_and_one_frame_or_none_no_sound() {
    let analysis = analysis(64, 16);
    let silence = phase_locked(&analysis, 16).resynthesise(&[0.0; 64 * 9]);
    assert_eq!(silence, [0.0; 16 * 8]);
    for frames in [&[][..], &[1.0; 64]] {
        assert!(phase_locked(&analysis, 16).resynthesise(frames).is_empty());
    }
    let loud: Vec<f32> = (0..64 * 20).map(|n| (n % 7) as f32 * 1e30).collect();
    let sound = phase_locked(&analysis, 16).resynthesise(&loud);
    assert!(sound.iter().all(|sample| sample.is_finite()));
}

#[test]
fn frames_without_zero_padding_and_odd_ones_sound_too() {
    for window_size in [512, 511, 17] {
        let analysis = Analysis {
            window_size,
            hop_size: window_size / 4,
            zero_padding: false,
        };
        let bins = window_size as f64 * 0.2;
        let made = locked(&analysis, analysis.hop_size, &sine(bins, window_size, 0.5));
        let off = off_level(&made, bins, window_size);
        assert!(off < 0.5, "{window_size}: {off} dB");
    }
}

#[test]
fn windows_of_a_few_samples_sound_too() {
    for (window_size, hop_size) in [(2, 1), (3, 2), (4, 4), (5, 3), (16, 16)] {
        for zero_padding in [true, false] {
            let analysis = Analysis {
                window_size,
                hop_size,
                zero_padding,
            };
            let sound = sine(1.0, 16, 0.01);
            let frames = analysis.magnitudes(&sound).frames();
            let made = locked(&analysis, hop_size, &sound);
            assert_eq!(made.len(), (frames - 1) * hop_size, "{window_size}");
            assert!(
                made.iter().all(|sample| sample.is_finite()),
                "{window_size}"
            );
        }
    }
}
