//! What is asked to run a model: which engine, and with weights in which numbers.

use serde::{Deserialize, Serialize};

use super::{EngineError, EngineKind, Provider};
use crate::hyperparameters::Approach;
use crate::model::Precision;

/// In which numbers weights are to be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AskedPrecision {
    /// 8 bit where that loses nothing that can be measured of the sound, f32 elsewhere.
    #[default]
    Auto,
    F32,
    I8,
}

impl AskedPrecision {
    /// That which is called `name`.
    pub fn of(name: &str) -> Option<AskedPrecision> {
        match name {
            "auto" => Some(AskedPrecision::Auto),
            "f32" => Some(AskedPrecision::F32),
            "i8" => Some(AskedPrecision::I8),
            _ => None,
        }
    }
}

impl From<Precision> for AskedPrecision {
    fn from(precision: Precision) -> AskedPrecision {
        match precision {
            Precision::F32 => AskedPrecision::F32,
            Precision::I8 => AskedPrecision::I8,
        }
    }
}

/// What runs a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Playing {
    pub engine: EngineKind,
    pub precision: AskedPrecision,
    /// What ONNX Runtime is to compute on; none where nothing is said.
    pub provider: Option<Provider>,
}

/// Whether answers by `approach` lose no more than 2 % in any measure where weights are in
/// 8 bit (docs/performance.md).
fn is_as_good_in_8_bit(approach: Approach) -> bool {
    approach == Approach::MagnitudeSpectrum
}

impl Playing {
    /// Whether only the embedded engine will do: others have no weights in 8 bit.
    pub fn is_native(self) -> bool {
        let wants_8_bit = self.precision == AskedPrecision::I8;
        match self.engine {
            EngineKind::Native => true,
            EngineKind::OnnxRuntime => false,
            EngineKind::Auto => wants_8_bit,
        }
    }

    /// What the engine is to compute on.
    ///
    /// # Errors
    /// [`EngineError::NoProviders`] of an engine that has no choice.
    pub fn provider(self) -> Result<Provider, EngineError> {
        match (self.engine, self.provider) {
            (EngineKind::Native, Some(provider)) => Err(EngineError::NoProviders(provider)),
            (_, provider) => Ok(provider.unwrap_or_default()),
        }
    }

    /// In which numbers the weights of a model by `approach` are, that move or do not.
    ///
    /// # Errors
    /// 8 bit where they are not to be had.
    pub fn precision_for(
        self,
        approach: Approach,
        weights_move: bool,
    ) -> Result<Precision, EngineError> {
        let has_8_bit = self.engine != EngineKind::OnnxRuntime && !weights_move;
        match self.precision {
            AskedPrecision::F32 => Ok(Precision::F32),
            AskedPrecision::I8 if has_8_bit => Ok(Precision::I8),
            AskedPrecision::I8 => Err(EngineError::NoEightBit),
            AskedPrecision::Auto if has_8_bit && is_as_good_in_8_bit(approach) => Ok(Precision::I8),
            AskedPrecision::Auto => Ok(Precision::F32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_onnx_runtimes() {
        let provider = |engine, provider| {
            let playing = Playing {
                engine,
                provider,
                ..Playing::default()
            };
            playing.provider().map_err(|refusal| refusal.to_string())
        };
        let cuda = Some(Provider::Cuda);
        assert_eq!(provider(EngineKind::OnnxRuntime, cuda), Ok(Provider::Cuda));
        assert_eq!(provider(EngineKind::OnnxRuntime, None), Ok(Provider::Cpu));
        assert_eq!(provider(EngineKind::Native, None), Ok(Provider::Cpu));
        let refused = provider(EngineKind::Native, cuda).unwrap_err();
        assert!(refused.contains("--engine onnxruntime"), "{refused}");
        assert!(refused.contains("--provider cuda"), "{refused}");
    }
}
