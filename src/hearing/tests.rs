use std::f32::consts::PI;

use std::sync::Arc;

use super::*;
use crate::random::stream;

#[test]
fn what_the_network_sees_of_a_sound_is_that_sound_again() {
    let seed: Vec<f32> = (0..64).map(|n| 0.3 * (n as f32 * 0.4).sin()).collect();
    let normalisation = Normalisation {
        largest_magnitude: 0.25,
        ..Normalisation::default()
    };
    let json =
        r#"{"preset": "column-vector", "seg_len": 8, "normalise": true, "pre_emphasis": 0.9}"#;
    let hyperparameters = Hyperparameters::parse(json).unwrap();
    let hearing = Hearing::new(&hyperparameters, normalisation);
    let seen = hearing.see_seed(&seed);
    assert!((seen[10] - (seed[10] - 0.9 * seed[9]) / 0.25).abs() < 1e-5);
    let mut phases = stream(1, "phases");
    let sound = hearing.sound(&seen, &mut phases).samples;
    for (a, b) in sound.iter().zip(&seed) {
        assert!((a - b).abs() < 1e-5);
    }
}

#[test]
fn predictions_end_where_the_training_audios_band_does() {
    let hyperparameters = Hyperparameters::parse(r#"{"preset": "column-vector-cpu"}"#).unwrap();
    let sine = |frequency: f32| -> Vec<f32> {
        let step = 2.0 * PI * frequency / hyperparameters.format.sample_rate as f32;
        (0..4000).map(|n| (n as f32 * step).sin()).collect()
    };
    let loudest = |frequency: f32, highest_frequency: Option<f64>| {
        let normalisation = Normalisation {
            highest_frequency,
            ..Normalisation::default()
        };
        let hearing = Hearing::new(&hyperparameters, normalisation);
        let seen = hearing.see_seed(&sine(frequency));
        let mut phases = stream(1, "phases");
        let sound = hearing.sound(&seen, &mut phases).samples;
        sound[1000..3000].iter().fold(0.0f32, |l, s| l.max(s.abs()))
    };
    assert!(loudest(4500.0, None) > 0.9);
    assert!(loudest(4500.0, Some(4000.0)) < 1e-3);
    assert!(loudest(3500.0, Some(4000.0)) > 0.9);
}

#[test]
fn a_spectrum_sounds_as_loud_as_it_was_however_it_is_scaled() {
    let seed: Vec<f32> = (0..8192).map(|n| 0.5 * (n as f32 * 0.4).sin()).collect();
    let rms = |sound: &[f32]| {
        let middle = &sound[1000..6000];
        (middle.iter().map(|s| s * s).sum::<f32>() / middle.len() as f32).sqrt()
    };
    for extra in [
        "",
        r#", "magnitude_scale": "square-root""#,
        r#", "pre_emphasis": 0.9"#,
        r#", "resynthesis": "phase-locked""#,
        r#", "resynthesis": "phase-locked", "pre_emphasis": 0.9, "magnitude_scale": "square-root""#,
    ] {
        let json = format!(
            r#"{{"preset": "magnitude-spectrum", "window_size": 512, "hop_size": 128 {extra}}}"#
        );
        let hyperparameters = Hyperparameters::parse(&json).unwrap();
        let normalisation = Normalisation {
            largest_magnitude: 90.0,
            ..Normalisation::default()
        };
        let hearing = Hearing::new(&hyperparameters, normalisation);
        let seen = hearing.see_seed(&seed);
        let mut phases = stream(1, "phases");
        let sound = hearing.sound(&seen, &mut phases).samples;
        let ratio = rms(&sound) / rms(&seed);
        assert!((0.9..1.1).contains(&ratio), "{extra}: {ratio}");
    }
}

#[test]
fn a_quiet_seed_is_brought_to_the_level_of_the_training_audio() {
    let seed = |level: f32| Signal {
        samples: (0..4000).map(|n| level * (n as f32 * 0.3).sin()).collect(),
        sample_rate: 11025,
    };
    let normalisation = Normalisation {
        largest_magnitude: 0.25,
        ..Normalisation::default()
    };
    let largest_seen = |settings: &str, level: f32| {
        let json = format!(r#"{{"window_size": 64, {settings}}}"#);
        let hyperparameters = Hyperparameters::parse(&json).unwrap();
        let hearing = Hearing::new(&hyperparameters, normalisation.clone());
        let seed = hearing.at_training_level(&Arc::new(seed(level).into()));
        let seen = hearing.see_seed(&seed);
        seen.into_iter().fold(0.0f32, |l, v| l.max(v.abs()))
    };
    for settings in [
        r#""normalise": true"#,
        r#""normalise": true, "pre_emphasis": 0.5"#,
        r#""use_fft": true"#,
        r#""use_fft": true, "magnitude_scale": "square-root""#,
        r#""normalise": true, "bands": 4, "label_shape": [10, 4]"#,
    ] {
        for level in [0.4, 0.01] {
            let largest = largest_seen(settings, level);
            assert!((largest - 1.0).abs() < 1e-4, "{settings}: {largest}");
        }
    }
    // The dissertation's audio is heard as it is.
    assert!((largest_seen(r#""lr": 0.1"#, 0.01) - 0.01 / 0.25).abs() < 1e-4);
}

#[test]
fn a_seed_is_aligned_with_its_end() {
    assert_eq!(silence_before(3, 2, 2), 1);
    assert_eq!(silence_before(2, 2, 2), 0);
    assert_eq!(silence_before(1, 3, 2), 2);
}

#[test]
fn the_spectrum_windows_count_frames() {
    let hyperparameters = Hyperparameters::preset(Approach::MagnitudeSpectrum);
    let hearing = Hearing::untrained(&hyperparameters);
    let windows = hearing.training_windows();
    assert_eq!(
        (windows.width, windows.row_len, windows.label_len),
        (1024, 1, 1)
    );
    assert_eq!(windows.input_span(), 100);
    assert_eq!(windows.time_step_span(), 101);
}

/// One of samples, one of bands and one of frames.
const EACH: [&str; 3] = [
    r#"{"preset": "vector", "seg_len": 16, "normalise": true, "pre_emphasis": 0.5}"#,
    r#"{"preset": "column-vector", "bands": 4, "seg_len": 16, "normalise": true, "pre_emphasis": 0.5}"#,
    r#"{"preset": "magnitude-spectrum", "window_size": 64, "hop_size": 24,
        "magnitude_scale": "square-root"}"#,
];

#[test]
fn training_audio_and_what_comes_later_are_seen_alike() {
    let sound = |gain: f32| -> Vec<f32> {
        let sample = |n: i32| gain * (n as f32 * 0.4).sin() * (n as f32 * 0.01).cos();
        (0..1000).map(sample).collect()
    };
    for json in EACH {
        let mut hearing = Hearing::untrained(&Hyperparameters::parse(json).unwrap());
        let mut recordings = [sound(0.1), sound(0.4)];
        hearing.learn(&mut recordings);
        for (recording, gain) in recordings.iter().zip([0.1, 0.4]) {
            assert_eq!(recording.len(), hearing.values_seen_of(1000), "{json}");
            assert_eq!(*recording, hearing.see(sound(gain)), "{json}");
            // A seed differs by the silence before it.
            let seed = hearing.see_seed(&sound(gain));
            assert!(seed.len() >= recording.len(), "{json}");
        }
        assert!((largest(&recordings[1]) - 1.0).abs() < 1e-6, "{json}");
    }
}

#[test]
fn values_are_samples_bands_or_the_bins_of_frames() {
    let expected = [
        [1000, 11025],
        [(250 + 15) * 4, 2757 * 4],
        [43 * 64, 460 * 64],
    ];
    for (json, [to_sound, in_a_second]) in EACH.into_iter().zip(expected) {
        let hearing = Hearing::untrained(&Hyperparameters::parse(json).unwrap());
        assert_eq!(hearing.values_to_sound(1000), to_sound, "{json}");
        assert_eq!(hearing.values_in(1.0), in_a_second, "{json}");
        assert!(
            (hearing.seconds_of(in_a_second) - 1.0).abs() < 2e-3,
            "{json}"
        );
        let sound = hearing.sound(&vec![0.1; to_sound], &mut stream(1, "phases"));
        assert!((1000..1024).contains(&sound.samples.len()), "{json}");
        assert_eq!(sound.sample_rate, 11025);
    }
}

#[test]
fn a_description_is_of_the_elements_that_the_network_sees() {
    let sound: Vec<f32> = (0..1000).map(|n| (n as f32 * 0.4).sin()).collect();
    for json in EACH {
        let hearing = Hearing::untrained(&Hyperparameters::parse(json).unwrap());
        let elements = |seen: Vec<f32>| seen.len() / hearing.training.width;
        let last = elements(hearing.see(sound.clone())) - 1;
        assert!(hearing.describe(&sound).at(last).is_some(), "{json}");
        let seed = hearing.describe_seed_and(&sound[..], 600);
        let of_the_seed = elements(hearing.see_seed(&sound[..600]));
        let last = of_the_seed + 400 / hearing.element.hop() - 1;
        let mut values = Vec::new();
        assert!(seed.at(last, &mut values), "{json}");
        assert!(!seed.at(last + 1024, &mut values), "{json}");
    }
}

#[test]
fn any_part_of_a_seed_and_what_follows_it_is_seen_as_it_is_in_the_whole() {
    let sound: Vec<f32> = (0..1000).map(|n| (n as f32 * 0.4).sin()).collect();
    for json in EACH {
        let hyperparameters = Hyperparameters::parse(json).unwrap();
        let normalisation = Normalisation {
            largest_magnitude: 0.7,
            ..Normalisation::default()
        };
        let hearing = Hearing::new(&hyperparameters, normalisation);
        let silence = hearing.silence_before(600);
        let whole = hearing.see([vec![0.0; silence], sound.clone()].concat());
        let (width, all) = (
            hearing.training.width,
            hearing.elements_of_seed_and(600, 1000),
        );
        assert_eq!(whole.len(), all * width);
        for range in [0..all, 0..1, 3..3, all / 2..all / 2 + 5, all - 1..all] {
            let part = hearing.see_part(&sound[..], 600, range.clone());
            assert_eq!(
                part,
                whole[range.start * width..range.end * width],
                "{json}"
            );
        }
        let seed = hearing.see_seed(&sound[..600]);
        assert_eq!(seed, whole[..hearing.elements_of_seed(600) * width]);
    }
}

#[test]
fn pieces_sound_as_the_whole_does_and_a_clone_goes_on_as_the_original_would() {
    let sound: Vec<f32> = (0..3000).map(|n| (n as f32 * 0.4).sin()).collect();
    let spectrum = |more: &str| {
        format!(r#"{{"preset": "magnitude-spectrum", "window_size": 64, "hop_size": 24, {more}}}"#)
    };
    for json in [
        EACH[0].to_owned(),
        EACH[1].to_owned(),
        spectrum(r#""resynthesis": "oscillator-bank", "pre_emphasis": 0.9"#),
        spectrum(r#""resynthesis": "oscillator-bank", "peak_picking": true"#),
        spectrum(r#""resynthesis": "phase-locked", "pre_emphasis": 0.9"#),
        spectrum(r#""resynthesis": "phase-locked", "magnitude_scale": "square-root""#),
    ] {
        for (highest_frequency, slower) in [(None, 0), (Some(3000.0), 0), (Some(3000.0), 7)] {
            let normalisation = Normalisation {
                largest_magnitude: 0.7,
                highest_frequency,
                ..Normalisation::default()
            };
            let hearing = Hearing::new(&Hyperparameters::parse(&json).unwrap(), normalisation);
            let seen = hearing.see(sound.clone());
            let of = |mut sounding: Sounding, rest: &[f32], mut sound: Vec<f32>| {
                sounding.push(rest, &mut sound);
                sounding.finish(&mut sound);
                sound
            };
            let hop = hearing.element.hop() + slower;
            let mut sounding = hearing.sounding_at_hop(hop, &mut stream(1, "phases"));
            let whole = of(sounding.clone(), &seen, Vec::new());
            assert!(largest(&whole) > 0.1, "{json}");
            let width = hearing.training.width;
            let (mut samples, mut begin) = (Vec::new(), 0);
            for elements in (1..).map(|n| 1 + n * n % 19) {
                // What another goes on with changes nothing.
                sounding.clone().push(&seen[..width], &mut Vec::new());
                let rest = of(sounding.clone(), &seen[begin..], samples.clone());
                assert_eq!(rest, whole, "{json}");
                let end = seen.len().min(begin + elements * width);
                sounding.push(&seen[begin..end], &mut samples);
                begin = end;
                if begin == seen.len() {
                    break;
                }
            }
            assert_eq!(of(sounding, &[], samples), whole, "{json}");
        }
    }
}

#[test]
fn bands_have_scales_of_their_own_and_sound_as_they_were() {
    let json = r#"{"preset": "column-vector", "bands": 8, "seg_len": 64, "normalise": true,
        "pre_emphasis": 0.5}"#;
    // Much of the lowest band, little of the others, and nothing at all of the highest.
    let low: Vec<f32> = (0..8000).map(|n| (n as f32 * 0.1).sin()).collect();
    let tones = |n: f32| [0.6f32, 1.0, 1.4, 1.8, 2.2, 2.55].map(|w| 0.01 * (w * n).sin());
    let high = (0..8000).map(|n| tones(n as f32).iter().sum::<f32>());
    let sound: Vec<f32> = low.iter().zip(high).map(|(low, high)| low + high).collect();

    let mut hearing = Hearing::untrained(&Hyperparameters::parse(json).unwrap());
    let mut recordings = [sound.clone()];
    hearing.learn(&mut recordings);
    let largest_of = |band: usize| {
        let steps = recordings[0].chunks_exact(8);
        steps.map(|step| step[band].abs()).fold(0.0, f32::max)
    };
    for band in 0..7 {
        assert!((largest_of(band) - 1.0).abs() < 1e-5, "{band}");
    }
    let bands = hearing.normalisation().bands.clone();
    assert_eq!((bands.len(), bands[0]), (8, 1.0));
    assert!(bands[2] < 0.1, "{bands:?}");
    assert_eq!(bands[7], 1e-3, "what is barely there is not raised");
    assert!(largest_of(7) < 0.5);

    // Sound begins where the first step's filters end, and ends where the last one's begin.
    let again = hearing
        .sound(&recordings[0], &mut stream(1, "phases"))
        .samples;
    assert_eq!(again.len(), sound.len() - 2 * 120);
    let error = |(again, before): (&f32, &f32)| (again - before).abs();
    let whole = &sound[120..];
    let largest_error = again[50..].iter().zip(&whole[50..]).map(error);
    assert!(largest_error.fold(0.0, f32::max) < 1e-3);

    // How loud a seed is its loudest bands say.
    let hiss: Vec<f32> = (0..8000).map(|n| 0.004 * (n as f32 * 3.0).sin()).collect();
    let seed = |gain: f32| {
        let both = sound.iter().zip(&hiss).map(|(s, h)| gain * (s + h));
        Levelled::as_it_is(both.collect(), 11025)
    };
    let levelled = hearing.at_training_level(&Arc::new(
        Signal {
            samples: seed(0.1).to_vec(),
            sample_rate: 11025,
        }
        .into(),
    ));
    let peak = peak(&levelled, 8000);
    assert!((0.9..1.1).contains(&peak), "{peak}");
}
