//! How a model's file keeps weights.

use half::f16;

use super::messages::TensorProto;

/// How a model's file keeps weights. They are single precision wherever they are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightFormat {
    /// As they are, 4 bytes each.
    Single,
    /// Rounded to half precision, 2 bytes each: to within a 2048th of each, up to 65504.
    Half,
}

impl WeightFormat {
    pub(super) const ALL: [WeightFormat; 2] = [WeightFormat::Single, WeightFormat::Half];

    /// Bytes of one weight.
    pub(super) fn bytes(self) -> usize {
        match self {
            WeightFormat::Single => 4,
            WeightFormat::Half => 2,
        }
    }

    /// ONNX's number of the type.
    pub(super) fn data_type(self) -> i32 {
        match self {
            WeightFormat::Single => TensorProto::FLOAT,
            WeightFormat::Half => TensorProto::FLOAT16,
        }
    }

    /// What the weights `name` of the graph are called where they are kept.
    pub(super) fn name_in_file(self, name: &str) -> String {
        match self {
            WeightFormat::Single => name.to_owned(),
            WeightFormat::Half => format!("{name}.half"),
        }
    }

    /// The bytes of `weights`.
    pub(super) fn to_bytes(self, weights: &[f32]) -> Vec<u8> {
        match self {
            WeightFormat::Single => weights.iter().flat_map(|w| w.to_le_bytes()).collect(),
            WeightFormat::Half => {
                let halves = weights.iter().map(|w| f16::from_f32(*w));
                halves.flat_map(f16::to_le_bytes).collect()
            }
        }
    }

    /// Appends the weights that `bytes` keep.
    pub(super) fn read(self, bytes: &[u8], weights: &mut Vec<f32>) {
        match self {
            WeightFormat::Single => {
                let (singles, _) = bytes.as_chunks::<4>();
                weights.extend(singles.iter().map(|bytes| f32::from_le_bytes(*bytes)));
            }
            WeightFormat::Half => {
                let (halves, _) = bytes.as_chunks::<2>();
                weights.extend(halves.iter().map(|b| f16::from_le_bytes(*b).to_f32()));
            }
        }
    }
}
