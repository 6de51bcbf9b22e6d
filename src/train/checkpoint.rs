//! A run's state between two steps, in a safetensors file: with it, training
//! goes on as if it had never stopped. The file says its own SHA-256, so that one
//! which a power failure or a poor disk changed is never gone on from.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use crate::files;
use crate::hyperparameters::Hyperparameters;
use crate::trained_model::TrainingAudio;

/// The key of the notes in the file's metadata.
const NOTES: &str = "antiphon";
/// The array of the hash's digits. An array, since keys of the metadata have no
/// order, and the same checkpoint is to have the same bytes.
const SHA256: &str = "sha256";
/// What the arrays of predictions being sampled are called by.
const SEQUENTIAL: &str = "sequential";
const CONCURRENT: &str = "concurrent";

/// Everything that the next steps depend on.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// What is no large array.
    pub notes: Notes,
    /// All weights of the network.
    pub weights: Vec<f32>,
    /// Adam's running mean of the gradients.
    pub mean: Vec<f32>,
    /// Adam's running mean of the squared gradients.
    pub square: Vec<f32>,
    /// Outputs of the LSTM layers, `[L, R, H]`.
    pub h: Vec<f32>,
    /// Their cell states, as many.
    pub c: Vec<f32>,
    /// The predictions being sampled sequentially.
    pub sequential: Option<DreamsArrays>,
    /// Those being sampled concurrently.
    pub concurrent: Option<DreamsArrays>,
}

/// What of a checkpoint is no large array.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notes {
    /// What the run trains with.
    pub hyperparameters: Hyperparameters,
    /// The recordings, which have to be the same.
    pub sources: Vec<TrainingAudio>,
    /// The number that all random streams of the run are made from.
    pub random_seed: u64,
    /// How far training has come.
    pub position: Position,
    /// Positions of the random streams, in words of 32 bits: high and low half.
    pub dropout_position: [u64; 2],
    pub noise_position: [u64; 2],
    /// Whether training pauses for a sequential prediction.
    pub pausing: bool,
    /// Predictions being sampled, by the way they are.
    pub sequential: Option<DreamsNotes>,
    pub concurrent: Option<DreamsNotes>,
    /// Losses of the first and of the last steps, for the summary in the model.
    pub first_losses: Vec<f64>,
    pub last_losses: Vec<f64>,
    /// Time spent training so far, in seconds.
    pub trained_for: f64,
}

/// What of predictions that are sampled together is no large array.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DreamsNotes {
    /// Predictions of the network in each.
    pub made: usize,
    /// Where the seed of each was found.
    pub places: Vec<usize>,
    /// Positions of the random streams, in words of 32 bits: high and low half.
    pub random_positions: Vec<[u64; 2]>,
}

/// The large arrays of predictions that are sampled together.
#[derive(Clone, Debug, PartialEq)]
pub struct DreamsArrays {
    /// Seed and predictions so far, of all one after the other: as the network
    /// is shown them, and as they are heard.
    pub sequences: Vec<f32>,
    pub heard: Vec<f32>,
    /// State of the LSTM layers, `[L, N · R, H]` each.
    pub h: Vec<f32>,
    pub c: Vec<f32>,
}

/// How far training has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The recording that the next step shows, and its next time step.
    pub recording: usize,
    pub time_step: usize,
    /// Whole passes through all recordings.
    pub epochs: usize,
    /// Training steps, which are Adam's too.
    pub steps: u64,
}

/// Why a checkpoint cannot be gone on from.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum CheckpointError {
    /// It is not whole, or not one; what is wrong with it.
    #[error("the checkpoint is damaged: {0}")]
    Damaged(String),
    /// It belongs to another run.
    #[error("the checkpoint was made with other hyperparameters")]
    OtherHyperparameters,
    /// It belongs to another run, or a recording is not what it was.
    #[error("the checkpoint was made with other recordings, or they were changed since")]
    OtherRecordings,
}

impl Checkpoint {
    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let view = |name: String, dtype, len, bytes| {
            let view = TensorView::new(dtype, vec![len], bytes);
            (name, view.expect("as many bytes as values take"))
        };
        let notes = serde_json::to_string(&self.notes).expect("plain fields always serialise");
        let hash = self.sha256(&notes);
        let views = self.arrays().into_iter().map(|(name, values)| {
            let bytes = bytemuck::cast_slice(values);
            view(name, Dtype::F32, values.len(), bytes)
        });
        let digits = view(SHA256.to_owned(), Dtype::U8, hash.len(), hash.as_bytes());
        let views = views.chain([digits]);
        let metadata = HashMap::from([(NOTES.to_owned(), notes)]);
        safetensors::serialize(views, Some(metadata)).expect("names and shapes are sound")
    }

    /// The SHA-256 of `notes` and of all arrays with their names and lengths.
    fn sha256(&self, notes: &str) -> String {
        let mut hash = files::Hash::default();
        let mut add = |part: &[u8]| {
            // What moves from one part to the next is another whole.
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        add(notes.as_bytes());
        for (name, values) in self.arrays() {
            add(name.as_bytes());
            add(bytemuck::cast_slice(values));
        }
        hash.finish()
    }

    fn arrays(&self) -> Vec<(String, &[f32])> {
        let mut arrays: Vec<(String, &[f32])> = vec![
            ("weights".to_owned(), &self.weights),
            ("adam.mean".to_owned(), &self.mean),
            ("adam.square".to_owned(), &self.square),
            ("state.h".to_owned(), &self.h),
            ("state.c".to_owned(), &self.c),
        ];
        let dreams = [
            (SEQUENTIAL, &self.sequential),
            (CONCURRENT, &self.concurrent),
        ];
        for (kind, dreams) in dreams {
            if let Some(dreams) = dreams {
                arrays.push((format!("{kind}.sequences"), &dreams.sequences));
                arrays.push((format!("{kind}.heard"), &dreams.heard));
                arrays.push((format!("{kind}.h"), &dreams.h));
                arrays.push((format!("{kind}.c"), &dreams.c));
            }
        }
        arrays
    }

    /// Reads a file's bytes. One without a hash, as earlier versions wrote it, is
    /// taken as it is.
    pub fn from_bytes(bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
        let damaged = |what: String| CheckpointError::Damaged(what);
        let file = SafeTensors::deserialize(bytes).map_err(|e| damaged(e.to_string()))?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| damaged(e.to_string()))?;
        let metadata = header.metadata().as_ref();
        let text = metadata
            .and_then(|m| m.get(NOTES))
            .ok_or_else(|| damaged("it has no notes".to_owned()))?;
        let array = |name: &str| {
            let tensor = file.tensor(name).map_err(|e| damaged(e.to_string()))?;
            if tensor.dtype() != Dtype::F32 {
                return Err(damaged(format!("{name} is not of 32-bit floats")));
            }
            let (values, _) = tensor.data().as_chunks::<4>();
            Ok(values.iter().map(|v| f32::from_le_bytes(*v)).collect())
        };
        let notes: Notes = serde_json::from_str(text).map_err(|e| damaged(e.to_string()))?;
        let dreams = |kind: &str, notes: &Option<DreamsNotes>| match notes {
            None => Ok(None),
            Some(_) => Ok(Some(DreamsArrays {
                sequences: array(&format!("{kind}.sequences"))?,
                heard: array(&format!("{kind}.heard"))?,
                h: array(&format!("{kind}.h"))?,
                c: array(&format!("{kind}.c"))?,
            })),
        };
        let checkpoint = Checkpoint {
            weights: array("weights")?,
            mean: array("adam.mean")?,
            square: array("adam.square")?,
            h: array("state.h")?,
            c: array("state.c")?,
            sequential: dreams(SEQUENTIAL, &notes.sequential)?,
            concurrent: dreams(CONCURRENT, &notes.concurrent)?,
            notes,
        };
        match file.tensor(SHA256) {
            Ok(digits) if digits.data() != checkpoint.sha256(text).as_bytes() => {
                Err(damaged("it is not as it was written".to_owned()))
            }
            _ => Ok(checkpoint),
        }
    }
}

/// A random stream's position as two numbers that JSON can hold.
pub fn split(position: u128) -> [u64; 2] {
    [(position >> 64) as u64, position as u64]
}

/// The position that was split.
pub fn join([high, low]: [u64; 2]) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::hyperparameters::Approach;

    /// A checkpoint with something of everything.
    pub fn checkpoint() -> Checkpoint {
        Checkpoint {
            notes: Notes {
                hyperparameters: Hyperparameters::preset(Approach::Vector),
                sources: Vec::new(),
                random_seed: u64::MAX,
                position: Position {
                    steps: 7,
                    ..Position::default()
                },
                dropout_position: split(u128::MAX - 5),
                noise_position: split(3),
                pausing: true,
                sequential: None,
                concurrent: Some(DreamsNotes {
                    made: 2,
                    places: vec![7, 0],
                    random_positions: vec![split(1), split(u128::MAX)],
                }),
                first_losses: vec![0.1, 1.0 / 3.0],
                last_losses: vec![f64::MIN_POSITIVE],
                trained_for: 12.5,
            },
            weights: vec![1.0, f32::MIN_POSITIVE, -0.0],
            mean: vec![0.5; 3],
            square: vec![0.25; 3],
            h: vec![0.1],
            c: vec![],
            sequential: None,
            concurrent: Some(DreamsArrays {
                sequences: vec![0.25, -0.5],
                heard: vec![0.125, -0.75],
                h: vec![1.0],
                c: vec![2.0],
            }),
        }
    }

    #[test]
    fn it_survives_its_file_to_the_last_bit() {
        let checkpoint = checkpoint();
        let read = Checkpoint::from_bytes(&checkpoint.to_bytes()).unwrap();
        assert_eq!(read, checkpoint);
        assert_eq!(join(read.notes.dropout_position), u128::MAX - 5);
        assert_eq!(checkpoint.to_bytes(), read.to_bytes());
    }

    #[test]
    fn one_with_a_changed_bit_is_refused_wherever_it_matters() {
        let (whole, bytes) = (checkpoint(), checkpoint().to_bytes());
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 0x10;
            match Checkpoint::from_bytes(&changed) {
                Err(CheckpointError::Damaged(_)) => {}
                // Padding, or the hash's own name.
                read => assert_eq!(read.as_ref(), Ok(&whole), "byte {place}"),
            }
        }
        let (last, digits) = (bytes.len() - 1, 64);
        for place in [last, last - digits, last - digits - 4] {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let error = Checkpoint::from_bytes(&changed).unwrap_err();
            assert!(error.to_string().contains("as it was written"), "{error}");
        }
    }

    #[test]
    fn one_of_an_earlier_version_has_no_hash_and_is_read() {
        let whole = checkpoint();
        let notes = serde_json::to_string(&whole.notes).unwrap();
        let views = whole.arrays().into_iter().map(|(name, values)| {
            let bytes = bytemuck::cast_slice(values);
            (
                name,
                TensorView::new(Dtype::F32, vec![values.len()], bytes).unwrap(),
            )
        });
        let metadata = HashMap::from([(NOTES.to_owned(), notes)]);
        let bytes = safetensors::serialize(views, Some(metadata)).unwrap();
        assert_eq!(Checkpoint::from_bytes(&bytes), Ok(whole));
    }

    #[test]
    fn what_is_cut_or_foreign_is_refused() {
        let bytes = checkpoint().to_bytes();
        for cut in [0, 5, 100, bytes.len() - 1] {
            let error = Checkpoint::from_bytes(&bytes[..cut]).unwrap_err();
            assert!(matches!(error, CheckpointError::Damaged(_)), "{cut}");
        }
        assert!(Checkpoint::from_bytes(b"a letter, not a checkpoint").is_err());
    }
}
