//! Settings to start from: the dissertation's own, and some for a CPU.

use std::sync::LazyLock;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value, json};

use super::{Approach, ConditioningSettings};

/// Settings to start from, one set per approach and kind of machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// The dissertation's own settings, made for a GPU and a night.
    Dissertation(Approach),
    /// Settings for people without a GPU: 30 to 90 s of recordings make a model
    /// in at most ten minutes on two cores.
    Cpu(Approach),
    /// The same for the whole bandwidth, 44.1 or 48 kHz as the recordings have it, of an
    /// approach that has such settings.
    Hifi(Approach),
}

impl Preset {
    /// All presets, in the dissertation's order.
    pub const ALL: [Preset; 11] = [
        Preset::Dissertation(Approach::Vector),
        Preset::Dissertation(Approach::ColumnVector),
        Preset::Dissertation(Approach::Transpose),
        Preset::Dissertation(Approach::MagnitudeSpectrum),
        Preset::Cpu(Approach::Vector),
        Preset::Cpu(Approach::ColumnVector),
        Preset::Cpu(Approach::Transpose),
        Preset::Cpu(Approach::MagnitudeSpectrum),
        Preset::Hifi(Approach::Vector),
        Preset::Hifi(Approach::ColumnVector),
        Preset::Hifi(Approach::MagnitudeSpectrum),
    ];

    /// The name in files and on the command line: the approach's, with `-cpu`
    /// for the settings for a CPU, `-hifi` for those of the whole bandwidth.
    pub fn name(self) -> &'static str {
        match self {
            Preset::Dissertation(approach) => approach.name(),
            Preset::Cpu(Approach::Vector) => "vector-cpu",
            Preset::Cpu(Approach::ColumnVector) => "column-vector-cpu",
            Preset::Cpu(Approach::Transpose) => "transpose-cpu",
            Preset::Cpu(Approach::MagnitudeSpectrum) => "magnitude-spectrum-cpu",
            Preset::Hifi(Approach::Vector) => "vector-hifi",
            Preset::Hifi(Approach::ColumnVector) => "column-vector-hifi",
            Preset::Hifi(Approach::Transpose) => "transpose-hifi",
            Preset::Hifi(Approach::MagnitudeSpectrum) => "magnitude-spectrum-hifi",
        }
    }

    /// The approach that the settings are for.
    pub fn approach(self) -> Approach {
        match self {
            Preset::Dissertation(approach) | Preset::Cpu(approach) | Preset::Hifi(approach) => {
                approach
            }
        }
    }

    /// Where the settings differ from the dissertation's, as a file would say it.
    pub(super) fn differences(self) -> Map<String, Value> {
        if let Preset::Dissertation(_) = self {
            return Map::new();
        }
        let mut differences = object(of_every_cpu_preset());
        differences.extend(object(match self.approach() {
            Approach::Vector => vector_cpu(),
            Approach::ColumnVector => column_vector_cpu(),
            Approach::Transpose => transpose_cpu(),
            Approach::MagnitudeSpectrum => magnitude_spectrum_cpu(),
        }));
        if let Preset::Hifi(approach) = self {
            differences.insert("sample_rate".to_owned(), 0.into());
            differences.extend(object(match approach {
                Approach::Vector => vector_hifi(),
                Approach::ColumnVector => column_vector_hifi(),
                Approach::Transpose => json!({}),
                Approach::MagnitudeSpectrum => magnitude_spectrum_hifi(),
            }));
        }
        differences
    }
}

impl From<Approach> for Preset {
    /// The dissertation's own settings for the approach.
    fn from(approach: Approach) -> Preset {
        Preset::Dissertation(approach)
    }
}

impl std::str::FromStr for Preset {
    type Err = String;

    fn from_str(name: &str) -> Result<Preset, String> {
        let found = Preset::ALL.into_iter().find(|p| p.name() == name);
        found.ok_or_else(|| format!("choose one of {}", Preset::ALL.map(Preset::name).join(", ")))
    }
}

impl std::fmt::Display for Preset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The dissertation's settings for the vector approach, every key, in the order
/// that files have.
const DISSERTATION: &str = include_str!("dissertation.json");

/// The dissertation's settings for `approach`, whose formats that follow from
/// others are those of the vector approach.
pub(super) fn dissertation(approach: Approach) -> Map<String, Value> {
    let of_vector = serde_json::from_str(DISSERTATION).expect("the file is JSON, as tests say");
    let mut settings = object(of_vector);
    settings.extend(later().clone());
    settings.extend(object(match approach {
        Approach::Vector => json!({}),
        Approach::ColumnVector => json!({
            "seg_len": 2048,
            "num_unrollings": 10,
            "lr": 1e-5,
            "use_dropout": true,
        }),
        Approach::Transpose => json!({ "use_transpose": true, "weight_stddev": 0.1 }),
        Approach::MagnitudeSpectrum => json!({ "use_fft": true }),
    }));
    settings
}

/// Hyperparameters that the dissertation's file does not have, as they are where a
/// file leaves them out.
pub(super) fn later() -> &'static Map<String, Value> {
    static LATER: LazyLock<Map<String, Value>> = LazyLock::new(|| {
        let conditioning = serde_json::to_value(ConditioningSettings::default());
        let mut later = object(conditioning.expect("plain fields always serialise"));
        later.extend(object(json!({
            "bands": 1,
            "follow": 0.5,
            "follow_mix": null,
            "follow_choice": null,
            "guide": "loop",
            "guide_transpose": 0.0,
            "resynthesis": "oscillator-bank",
            "resynthesis_hop": 0,
            "weight_format": "single",
            "label_values": "samples",
            "heard_noise": 0.0,
        })));
        later
    });
    &LATER
}

/// Every key of the dissertation's file, in its order.
pub(super) fn keys() -> &'static [String] {
    static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let keys: Keys = serde_json::from_str(DISSERTATION).expect("an object, as tests say");
        keys.0
    });
    &KEYS
}

/// The keys of an object, in its order.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Keys, D::Error> {
        deserializer.deserialize_map(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut keys = Vec::new();
        while let Some((key, IgnoredAny)) = map.next_entry()? {
            keys.push(key);
        }
        Ok(Keys(keys))
    }
}

fn of_every_cpu_preset() -> Value {
    json!({
        "max_minutes": 10,
        // Never the end within max_minutes, but for spectra.
        "num_epochs": 100_000,
        "lr": 0.001,
        // Components of a mixture that begin alike stay alike.
        "weight_stddev": 0.05,
        "normalise": true,
        "band_limit": true,
        "audio_freq": 0,
        "num_dreams": 1,
        // Answers that follow are led by what their seeds do.
        "conditioning": "chroma",
    })
}

// Rows as far apart as int_cursor_inc hear different parts of the recordings, so
// that one matrix is a sample of the whole.

fn vector_cpu() -> Value {
    json!({
        // Beyond, what would sound freely may fill a seed's pauses, upside down.
        "guidance": 1.0,
        "seg_len": 256,
        // Overlapping by half.
        "label_offset": 128,
        "num_unrollings": 32,
        "int_cursor_inc": 25_013,
        "bptt_steps": 16,
        "output": "mixture",
        "noise": 0.1,
        "clip_norm": 1.0,
        "lr_schedule": "cosine",
        "pre_emphasis": 0.9,
        "dream_length": 1723, // 20 s
    })
}

fn column_vector_cpu() -> Value {
    json!({
        "seg_len": 256,
        "hidden_size": 128,
        "num_unrollings": 16,
        "int_cursor_inc": 75_011,
        "lr": 0.002,
        "use_dropout": false,
        // What is linear, tones that go on, past the LSTM.
        "use_skip": true,
        "bptt_steps": 64,
        "output": "mixture",
        // Without it, frozen weights sustain a tone for ever.
        "feedback_gain": 0.985,
        "clip_norm": 1.0,
        "lr_schedule": "cosine",
        // The less, the surer its low notes; the more, the livelier its frozen answers.
        "pre_emphasis": 0.75,
        "answer": "moving",
        // The less, the more its notes fade.
        "moving_feedback_noise": 0.3,
        "train_every": 160,
        "moving_bptt_steps": 16,
        "moving_lr": 0.0003,
        // Weights that hear phrase after phrase are led from note to note.
        "moving_seconds": 3.5,
        "dream_length": 110_250, // 10 s
    })
}

fn transpose_cpu() -> Value {
    json!({
        "seg_len": 128,
        "num_unrollings": 8,
        "int_cursor_inc": 64,
        "batch": 8,
        "answer": "moving",
        "train_every": 16,
        "pre_emphasis": 0.7,
        "dream_length": 110_250, // 10 s
    })
}

fn magnitude_spectrum_cpu() -> Value {
    json!({
        // With more, it knows its recordings by heart, and hears its seeds less.
        "num_epochs": 40,
        // Beyond, its answers resemble its recordings less, and are no nearer to seeds.
        "guidance": 1.0,
        "window_size": 512,
        "hop_size": 512,
        "hidden_size": 256,
        "num_unrollings": 32,
        "int_cursor_inc": 97,
        "bptt_steps": 16,
        "output": "mixture",
        "feedback_noise": 0.5,
        "moving_feedback_noise": 0.5,
        "noise": 0.05,
        "clip_norm": 1.0,
        "lr_schedule": "cosine",
        "magnitude_scale": "square-root",
        "pre_emphasis": 0.9,
        "dream_length": 431, // 20 s
    })
}

// What differs from the settings for a CPU.

fn vector_hifi() -> Value {
    json!({
        "seg_len": 1024,
        "label_offset": 512,
        "hidden_size": 320,
        "int_cursor_inc": 100_003,
        // High notes as well as low ones, without hiss.
        "label_values": "cosines",
        // Without it, what is above 5 kHz is too soft; with more, it hisses.
        "heard_noise": 0.5,
        "dream_length": 1723, // 20 s
    })
}

fn column_vector_hifi() -> Value {
    json!({
        // A step each 8 samples, at 5.5 kHz.
        "bands": 8,
        // 64 steps, 12 ms.
        "seg_len": 512,
        "int_cursor_inc": 20_011,
        "pre_emphasis": 0.9,
        "answer": "frozen",
        // More of either makes answers louder and noisier between their notes, and less sure
        // of a seed's pitches; bands above the lowest have all of theirs.
        "feedback_noise": 0.5,
        "guidance": 1.0,
        "dream_length": 55_125, // 10 s
    })
}

fn magnitude_spectrum_hifi() -> Value {
    json!({
        "window_size": 2048,
        "zero_padding": false,
        "hop_size": 1024,
        "hidden_size": 320,
        // More of what is above 5 kHz makes pitches less sure, less of it too loud.
        "pre_emphasis": 0.95,
        "resynthesis": "phase-locked",
        "dream_length": 861, // 20 s
    })
}

fn object(settings: Value) -> Map<String, Value> {
    match settings {
        Value::Object(settings) => settings,
        _ => unreachable!("presets are objects"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hyperparameters::Hyperparameters;

    #[test]
    fn a_preset_is_found_by_its_name() {
        for preset in Preset::ALL {
            assert_eq!(preset.name().parse(), Ok(preset));
        }
        assert!(
            "waves"
                .parse::<Preset>()
                .unwrap_err()
                .contains("transpose-cpu")
        );
    }

    #[test]
    fn the_cpu_presets_end_after_ten_minutes_and_sample_one_prediction_meanwhile() {
        for approach in Approach::ALL {
            let settings = Hyperparameters::preset(Preset::Cpu(approach));
            assert_eq!(settings.training.max_minutes, 10.0);
            assert_eq!(
                (settings.dreams.audio_freq, settings.dreams.num_dreams),
                (0, 1)
            );
            let samples = settings.dreams.dream_length * settings.samples_per_prediction();
            let seconds = samples as f64 / f64::from(settings.format.sample_rate);
            let expected = match approach {
                Approach::Vector | Approach::MagnitudeSpectrum => 20.0,
                Approach::ColumnVector | Approach::Transpose => 10.0,
            };
            assert!((seconds - expected).abs() < 0.1, "{approach}: {seconds} s");
        }
    }
}
