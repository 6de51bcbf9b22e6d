//! What a model learns while it answers, kept in a file from answer to answer:
//! a model like any other, beside the one it began as, which stays as it is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::as_text::with_16_bits;
use crate::audio::LongSound;
use crate::files;
use crate::trained_model::{ModelError, TrainedModel, TrainingAudio};

/// Where a model that goes on learning is kept, and what it learns from.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// None where an answer is only made again.
    file: Option<PathBuf>,
    /// Recordings that the model was trained on; seeds it heard come after them.
    recordings: usize,
    notes: LearnedNotes,
}

/// What a sidecar says about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearnedNotes {
    /// SHA-256 of the file that the answer began with; none where that was
    /// still the model itself.
    pub began_with: Option<String>,
    /// Whether it learned from its seed too.
    pub from_seeds: bool,
}

/// Why a model cannot go on with what it learned.
#[derive(Debug, thiserror::Error)]
pub enum LearnedError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(
        "{} was learned by another model; choose another file, or begin again with --forget",
        path.display()
    )]
    OtherModel { path: PathBuf },
}

impl Learned {
    /// Lets `model` go on with what `file` holds, if there is such a file, and be
    /// kept there. With `from_seeds` it learns from the seeds it hears as well.
    pub fn begin(
        file: &Path,
        from_seeds: bool,
        model: &mut TrainedModel,
    ) -> Result<Learned, LearnedError> {
        let mut learning = Learned::nothing_yet(Some(file.to_owned()), from_seeds, model);
        match std::fs::read(file) {
            Ok(bytes) => learning.go_on(file, &bytes, model)?,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
            Err(cause) => {
                let path = file.to_owned();
                return Err(ModelError::Unreadable { path, cause }.into());
            }
        }
        Ok(learning)
    }

    /// Lets `model` begin once more as an answer began: with the file `learned`, given by
    /// its path and bytes, or with itself. Nothing is kept.
    pub fn again(
        learned: Option<(&Path, &[u8])>,
        from_seeds: bool,
        model: &mut TrainedModel,
    ) -> Result<Learned, LearnedError> {
        let mut learning = Learned::nothing_yet(None, from_seeds, model);
        if let Some((path, bytes)) = learned {
            learning.go_on(path, bytes, model)?;
        }
        Ok(learning)
    }

    fn nothing_yet(file: Option<PathBuf>, from_seeds: bool, model: &TrainedModel) -> Learned {
        Learned {
            file,
            recordings: model.training_audio.len(),
            notes: LearnedNotes {
                began_with: None,
                from_seeds,
            },
        }
    }

    fn go_on(
        &mut self,
        path: &Path,
        bytes: &[u8],
        model: &mut TrainedModel,
    ) -> Result<(), LearnedError> {
        let learned = TrainedModel::from_bytes(bytes, path)?;
        let same = learned.hyperparameters == model.hyperparameters
            && learned.normalisation == model.normalisation
            && learned.training_audio.starts_with(&model.training_audio);
        if !same {
            let path = path.to_owned();
            return Err(LearnedError::OtherModel { path });
        }
        *model = learned;
        self.notes.began_with = Some(files::sha256(bytes));
        Ok(())
    }

    /// What the sidecar of an answer that begins now says.
    pub fn notes(&self) -> &LearnedNotes {
        &self.notes
    }

    /// Adds `seed`, known as `source`, to what `model` learns from: as loud as its
    /// training audio, as the file will hold it, and once only. Several seeds
    /// are never longer than the training audio together: the oldest leave.
    pub fn hear(&self, model: &mut TrainedModel, seed: &Arc<LongSound>, source: TrainingAudio) {
        let again = |heard: &TrainingAudio| heard.sha256 == source.sha256;
        if let Some(before) = model.training_audio[self.recordings..]
            .iter()
            .position(again)
        {
            remove(model, self.recordings + before);
        }
        let seed = model.hearing().at_training_level(seed);
        model.kept_audio.push(with_16_bits(&seed.to_vec()));
        model.training_audio.push(source);
        let len = |sounds: &[Vec<f32>]| sounds.iter().map(Vec::len).sum::<usize>();
        let most = len(&model.kept_audio[..self.recordings]);
        while len(&model.kept_audio[self.recordings..]) > most
            && model.kept_audio.len() > self.recordings + 1
        {
            remove(model, self.recordings);
        }
    }

    /// Keeps `model`, which the next answer begins with, where there is a place for it.
    pub fn keep(&mut self, model: &TrainedModel) -> Result<(), ModelError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let bytes = model.to_bytes();
        files::write_atomically(file, &bytes).map_err(|cause| ModelError::Unwritable {
            path: file.clone(),
            cause,
        })?;
        self.notes.began_with = Some(files::sha256(&bytes));
        Ok(())
    }
}

fn remove(model: &mut TrainedModel, recording: usize) {
    model.kept_audio.remove(recording);
    model.training_audio.remove(recording);
}

/// Forgets what was learned: the model is again as it was trained. There may be
/// nothing to forget.
///
/// # Errors
///
/// When `file` is no model, and so nothing that was learned; or it cannot be removed.
pub fn forget(file: &Path) -> Result<(), ModelError> {
    let path = || file.to_owned();
    match std::fs::read(file) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => {
            return Err(ModelError::Unreadable {
                path: path(),
                cause,
            });
        }
        Ok(bytes) => TrainedModel::from_bytes(&bytes, file)?,
    };
    std::fs::remove_file(file).map_err(|cause| ModelError::Unwritable {
        path: path(),
        cause,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Signal;
    use crate::testing::random_model;

    const JSON: &str =
        r#"{"preset": "vector", "seg_len": 4, "num_unrollings": 2, "answer": "moving"}"#;

    fn source(file: &str) -> TrainingAudio {
        TrainingAudio {
            file: file.to_owned(),
            sha256: file.to_owned(),
            seconds: 1.0,
        }
    }

    fn begin(file: &Path, model: &mut TrainedModel) -> Result<Learned, LearnedError> {
        Learned::begin(file, true, model)
    }

    #[test]
    fn what_was_learned_is_gone_on_with_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("learned.onnx");
        let mut model = random_model(JSON);
        let mut learning = begin(&file, &mut model).unwrap();
        assert_eq!(model, random_model(JSON));
        assert_eq!(learning.notes().began_with, None);
        model.network.weights[0] = 0.125;
        learning.keep(&model).unwrap();

        let mut next = random_model(JSON);
        let going_on = begin(&file, &mut next).unwrap();
        assert_eq!(next.network, model.network);
        let sha256 = files::sha256(&std::fs::read(&file).unwrap());
        assert_eq!(going_on.notes().began_with, Some(sha256));
        assert_eq!(learning.notes(), going_on.notes());

        forget(&file).unwrap();
        forget(&file).unwrap();
        let mut again = random_model(JSON);
        assert_eq!(begin(&file, &mut again).unwrap().notes().began_with, None);
        assert_eq!(again, random_model(JSON));
    }

    #[test]
    fn what_another_model_learned_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("learned.onnx");
        let mut model = random_model(JSON);
        begin(&file, &mut model).unwrap().keep(&model).unwrap();
        let mut other = random_model(&JSON.replace("\"seg_len\": 4", "\"seg_len\": 8"));
        let error = begin(&file, &mut other).unwrap_err().to_string();
        assert!(
            error.contains("learned.onnx") && error.contains("--forget"),
            "{error}"
        );
        std::fs::write(&file, "half").unwrap();
        let error = begin(&file, &mut model).unwrap_err().to_string();
        assert!(error.contains("learned.onnx"), "{error}");
    }

    #[test]
    fn seeds_heard_are_never_longer_than_the_training_audio() {
        let folder = tempfile::tempdir().unwrap();
        let mut model = random_model(JSON);
        model.kept_audio = vec![vec![0.5; 100]];
        let learning = begin(&folder.path().join("learned.onnx"), &mut model).unwrap();
        for n in [1, 2, 3, 4, 3] {
            let seed = Signal {
                samples: vec![0.1 * n as f32; 40],
                sample_rate: 11025,
            };
            learning.hear(
                &mut model,
                &Arc::new(seed.into()),
                source(&format!("{n}.wav")),
            );
        }
        let files: Vec<&str> = model
            .training_audio
            .iter()
            .map(|a| a.file.as_str())
            .collect();
        assert_eq!(files, ["guitar.wav", "4.wav", "3.wav"]);
        assert!((model.kept_audio[1][0] - 0.4).abs() < 1e-4);
        assert_eq!(model.kept_audio.len(), 3);
    }
}
