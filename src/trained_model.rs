//! A trained model: a network with the hyperparameters it was made with, what
//! its numbers mean as sound, and where it comes from, in one ONNX file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::as_text::{sound_from_text, sound_to_text};
use crate::files;
use crate::hearing::{Hearing, Normalisation};
use crate::hyperparameters::{Approach, Hyperparameters, OutputKind, WeightFormat};
use crate::model::onnx::{self, OnnxError, OnnxFile};
use crate::model::{Architecture, Dropout, Head, Network, Output};
use crate::stereo::StereoImage;

/// Version of the metadata's format.
const FORMAT_VERSION: &str = "1";

/// Longest recording that a model keeps: a day.
const LONGEST_KEPT_SECONDS: usize = 24 * 3600;

/// Keys of the metadata.
mod key {
    /// Version of the metadata's format.
    pub const FORMAT_VERSION: &str = "antiphon.format_version";
    /// Name of the approach.
    pub const APPROACH: &str = "antiphon.approach";
    /// Sampling rate in Hz.
    pub const SAMPLE_RATE: &str = "antiphon.sample_rate";
    /// The hyperparameters file.
    pub const HYPERPARAMETERS: &str = "antiphon.hyperparameters";
    /// What the training audio says about how the network hears.
    pub const NORMALISATION: &str = "antiphon.normalisation";
    /// The recordings the model learned from.
    pub const TRAINING_AUDIO: &str = "antiphon.training_audio";
    /// How far back the network's memory reaches, in seconds.
    pub const MEMORY: &str = "antiphon.memory_seconds";
    /// How training went.
    pub const TRAINING: &str = "antiphon.training";
    /// Which sound stands where between two channels.
    pub const STEREO: &str = "antiphon.stereo";
    /// The recordings themselves, where weights may move.
    pub const KEPT_AUDIO: &str = "antiphon.kept_audio";
}

/// A network and everything needed to train it further or to sample from it.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedModel {
    pub hyperparameters: Hyperparameters,
    pub network: Network,
    /// What the training audio says about how the network hears.
    pub normalisation: Normalisation,
    pub training_audio: Vec<TrainingAudio>,
    /// The recordings themselves, at the model's rate, where the weights may
    /// move while it answers; none otherwise.
    pub kept_audio: Vec<Vec<f32>>,
    pub training: TrainingSummary,
    /// Seconds after which two different beginnings have led its network to the same
    /// state; none where that was not measured, or takes longer than what was heard.
    pub memory: Option<f64>,
    /// Which sound stands where between two channels; none where no recording said it.
    pub stereo: Option<Arc<StereoImage>>,
}

/// One recording the model learned from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingAudio {
    /// The file's name, without its folder.
    pub file: String,
    /// The file's SHA-256, in hexadecimal.
    pub sha256: String,
    /// Its length at the model's rate.
    pub seconds: f64,
}

/// How training went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingSummary {
    /// Training steps taken.
    pub steps: u64,
    /// Passes through the recordings, the last one perhaps in part.
    pub epochs: f64,
    /// Mean loss over the first hundred steps.
    pub first_loss: f64,
    /// Mean loss over the last hundred steps.
    pub last_loss: f64,
    /// Mean loss on the held-out ends of the recordings, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// Time spent training, in seconds.
    pub seconds: f64,
    /// Seed of everything random in training.
    pub random_seed: u64,
}

/// Why a file is not a model that antiphon can use.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("cannot read the model {}: {cause}", path.display())]
    Unreadable {
        path: PathBuf,
        cause: std::io::Error,
    },
    #[error("cannot write the model {}: {cause}", path.display())]
    Unwritable {
        path: PathBuf,
        cause: std::io::Error,
    },
    #[error("{} is not a model of antiphon's: {cause}", path.display())]
    NotAModel { path: PathBuf, cause: OnnxError },
    #[error("the model {} has a damaged \"{key}\": {what}", path.display())]
    Metadata {
        path: PathBuf,
        key: &'static str,
        what: String,
    },
}

impl Hyperparameters {
    /// The sizes of the network they describe.
    pub fn architecture(&self) -> Architecture {
        Architecture {
            inputs: self.format.seg_len,
            conditions: self.conditioning.conditioning.values(),
            units: self.network.hidden_size,
            layers: self.network.num_layers,
            residual: self.network.use_residual,
            head: match self.approach() {
                Approach::Transpose => Head::Transpose {
                    rows: self.format.num_unrollings,
                    outputs: self.format.label_shape[1],
                },
                _ => Head::Dense {
                    outputs: self.format.label_shape[1],
                    skip: self.network.use_skip,
                },
            },
            output: match self.network.output {
                OutputKind::Value => Output::Value,
                OutputKind::Mixture if self.format.bands > 1 => Output::Bands {
                    components: self.network.components,
                },
                OutputKind::Mixture => Output::Mixture {
                    components: self.network.components,
                },
                OutputKind::Levels => Output::Levels {
                    levels: self.network.components,
                },
            },
        }
    }

    /// Dropout, where it is used.
    pub fn dropout(&self) -> Option<Dropout> {
        self.training.use_dropout.then_some(Dropout {
            input_keep: self.training.input_dropout,
            output_keep: self.training.output_dropout,
        })
    }
}

impl TrainedModel {
    /// How its network hears.
    pub fn hearing(&self) -> Hearing {
        Hearing::new(&self.hyperparameters, self.normalisation.clone())
    }

    /// The bytes of the model's ONNX file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let hyperparameters = &self.hyperparameters;
        let mut metadata = BTreeMap::from(
            [
                (key::FORMAT_VERSION, FORMAT_VERSION.to_owned()),
                (key::APPROACH, hyperparameters.approach().to_string()),
                (
                    key::SAMPLE_RATE,
                    hyperparameters.format.sample_rate.to_string(),
                ),
                (key::HYPERPARAMETERS, hyperparameters.to_json()),
                (key::NORMALISATION, to_json(&self.normalisation)),
                (key::TRAINING_AUDIO, to_json(&self.training_audio)),
                (key::TRAINING, to_json(&self.training)),
            ]
            .map(|(key, value)| (key.to_owned(), value)),
        );
        if !self.kept_audio.is_empty() {
            let sounds: Vec<String> = self.kept_audio.iter().map(|s| sound_to_text(s)).collect();
            metadata.insert(key::KEPT_AUDIO.to_owned(), to_json(&sounds));
        }
        if let Some(memory) = self.memory {
            metadata.insert(key::MEMORY.to_owned(), to_json(&memory));
        }
        if let Some(stereo) = &self.stereo {
            metadata.insert(key::STEREO.to_owned(), to_json(&**stereo));
        }
        let format = match hyperparameters.network.weight_format {
            WeightFormat::Single => onnx::WeightFormat::Single,
            WeightFormat::Half => onnx::WeightFormat::Half,
        };
        onnx::encode(&self.network, format, &metadata)
    }

    /// Writes the model's ONNX file, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), ModelError> {
        files::write_atomically(path, &self.to_bytes()).map_err(|cause| ModelError::Unwritable {
            path: path.to_owned(),
            cause,
        })
    }

    /// Reads a model's ONNX file.
    pub fn read(path: &Path) -> Result<TrainedModel, ModelError> {
        let bytes = std::fs::read(path).map_err(|cause| ModelError::Unreadable {
            path: path.to_owned(),
            cause,
        })?;
        TrainedModel::from_bytes(&bytes, path)
    }

    /// Reads a model from its file's bytes; `path` is what errors call it.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<TrainedModel, ModelError> {
        let not_a_model = |cause| ModelError::NotAModel {
            path: path.to_owned(),
            cause,
        };
        let file = OnnxFile::decode(bytes).map_err(not_a_model)?;
        let metadata = Metadata { file: &file, path };
        let version = metadata.text(key::FORMAT_VERSION)?;
        if version != FORMAT_VERSION {
            let what =
                format!("version {version}, but this antiphon reads version {FORMAT_VERSION}");
            return Err(metadata.damaged(key::FORMAT_VERSION, what));
        }
        let hyperparameters = Hyperparameters::parse(metadata.text(key::HYPERPARAMETERS)?)
            .map_err(|e| metadata.damaged(key::HYPERPARAMETERS, e.to_string()))?;
        let normalisation: Normalisation = metadata.json(key::NORMALISATION)?;
        let format = &hyperparameters.format;
        if let Some(what) = normalisation.damage(format.bands, format.label_shape[1]) {
            return Err(metadata.damaged(key::NORMALISATION, what));
        }
        let training_audio: Vec<TrainingAudio> = metadata.json(key::TRAINING_AUDIO)?;
        let training = metadata.json(key::TRAINING)?;
        let kept_audio = metadata.sounds(key::KEPT_AUDIO, hyperparameters.format.sample_rate)?;
        let each_has_a_source = kept_audio.is_empty() || kept_audio.len() == training_audio.len();
        if !each_has_a_source || kept_audio.iter().any(Vec::is_empty) {
            let what = "it does not hold one sound for each recording".to_owned();
            return Err(metadata.damaged(key::KEPT_AUDIO, what));
        }
        let memory: Option<f64> = metadata.json_if_any(key::MEMORY)?;
        let longest = LONGEST_KEPT_SECONDS as f64;
        if memory.is_some_and(|memory| !(0.0..=longest).contains(&memory)) {
            let what = format!("it must be seconds, from 0 to {longest}");
            return Err(metadata.damaged(key::MEMORY, what));
        }
        let stereo: Option<StereoImage> = metadata.json_if_any(key::STEREO)?;
        let network = file
            .into_network(hyperparameters.architecture())
            .map_err(not_a_model)?;
        Ok(TrainedModel {
            hyperparameters,
            network,
            normalisation,
            training_audio,
            kept_audio,
            training,
            memory,
            stereo: stereo.map(Arc::new),
        })
    }
}

struct Metadata<'a> {
    file: &'a OnnxFile,
    path: &'a Path,
}

impl<'a> Metadata<'a> {
    fn damaged(&self, key: &'static str, what: String) -> ModelError {
        ModelError::Metadata {
            path: self.path.to_owned(),
            key,
            what,
        }
    }

    fn text(&self, key: &'static str) -> Result<&'a str, ModelError> {
        self.file
            .metadata(key)
            .ok_or_else(|| self.damaged(key, "it is missing".to_owned()))
    }

    /// The sounds under `key`, none where there is no such key.
    fn sounds(&self, key: &'static str, sample_rate: u32) -> Result<Vec<Vec<f32>>, ModelError> {
        if self.file.metadata(key).is_none() {
            return Ok(Vec::new());
        }
        let texts: Vec<String> = self.json(key)?;
        let most = LONGEST_KEPT_SECONDS * sample_rate as usize;
        let sounds = texts.iter().map(|text| sound_from_text(text, most));
        let sounds: Option<Vec<_>> = sounds.collect();
        sounds.ok_or_else(|| self.damaged(key, "it holds no sounds, or too long ones".to_owned()))
    }

    fn json_if_any<V: Deserialize<'a>>(&self, key: &'static str) -> Result<Option<V>, ModelError> {
        match self.file.metadata(key) {
            Some(_) => self.json(key).map(Some),
            None => Ok(None),
        }
    }

    fn json<V: Deserialize<'a>>(&self, key: &'static str) -> Result<V, ModelError> {
        serde_json::from_str(self.text(key)?).map_err(|e| self.damaged(key, e.to_string()))
    }
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain fields always serialise")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stereo::{Power, StereoFrames};
    use crate::testing::random_model;

    #[test]
    fn every_approach_survives_its_file() {
        for approach in Approach::ALL {
            let sizes = if approach == Approach::MagnitudeSpectrum {
                r#""window_size": 16, "hop_size": 8"#
            } else {
                r#""seg_len": 16"#
            };
            let model = random_model(&format!(
                r#"{{"preset": "{approach}", "num_unrollings": 3, "num_layers": 2, {sizes}}}"#
            ));
            assert_eq!(model.hyperparameters.approach(), approach);
            let read = TrainedModel::from_bytes(&model.to_bytes(), Path::new("m.onnx")).unwrap();
            assert_eq!(read, model);
        }
    }

    #[test]
    fn damaged_metadata_is_named() {
        let model = random_model(r#"{"preset": "vector", "seg_len": 4, "num_unrollings": 2}"#);
        let usual = Normalisation::default();
        for normalisation in [
            Normalisation {
                largest_magnitude: -1.0,
                ..usual.clone()
            },
            Normalisation {
                highest_frequency: Some(0.0),
                ..usual.clone()
            },
            Normalisation {
                bands: vec![1.0, 0.5],
                ..usual.clone()
            },
            Normalisation {
                largest_cosines: Some(vec![1.0; 3]),
                ..usual.clone()
            },
            Normalisation {
                largest_cosines: Some(vec![1.0, 1.0, 0.0, 1.0]),
                ..usual
            },
        ] {
            let other = TrainedModel {
                normalisation,
                ..model.clone()
            };
            let error = TrainedModel::from_bytes(&other.to_bytes(), Path::new("m.onnx"));
            let error = error.unwrap_err().to_string();
            assert!(error.contains("antiphon.normalisation"), "{error}");
        }

        for memory in [-1.0, 1e300] {
            let other = TrainedModel {
                memory: Some(memory),
                ..model.clone()
            };
            let error = TrainedModel::from_bytes(&other.to_bytes(), Path::new("m.onnx"));
            let error = error.unwrap_err().to_string();
            assert!(error.contains("antiphon.memory_seconds"), "{error}");
        }

        for kept_audio in [vec![vec![]], vec![vec![0.5]; 2]] {
            let other = TrainedModel {
                kept_audio,
                ..model.clone()
            };
            let error = TrainedModel::from_bytes(&other.to_bytes(), Path::new("m.onnx"));
            let error = error.unwrap_err().to_string();
            assert!(error.contains("antiphon.kept_audio"), "{error}");
        }

        let mut frames = StereoFrames::default();
        let wide = Power {
            middle: 1.0,
            side: 1.0,
            common: 0.5,
        };
        frames.push(&[wide; 3]);
        let other = TrainedModel {
            stereo: StereoImage::learn(&frames).map(Arc::new),
            ..model.clone()
        };
        let mut bytes = other.to_bytes();
        let read = TrainedModel::from_bytes(&bytes, Path::new("m.onnx")).unwrap();
        assert_eq!(read.stereo.unwrap().bands(), 3);
        // Another key of the same length, so that the file stays a file.
        let place = bytes
            .windows(8)
            .position(|text| text == b"\"toward\"")
            .unwrap();
        bytes[place + 1] = b'x';
        let error = TrainedModel::from_bytes(&bytes, Path::new("m.onnx")).unwrap_err();
        assert!(error.to_string().contains("antiphon.stereo"), "{error}");

        let missing = TrainedModel::read(Path::new("nowhere/m.onnx")).unwrap_err();
        assert!(
            missing
                .to_string()
                .starts_with("cannot read the model nowhere/m.onnx")
        );
    }
}
