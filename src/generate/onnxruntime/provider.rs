//! What ONNX Runtime computes on, by name.

use std::sync::Mutex;

use ort::ep::{
    CPU, CUDA, CoreML, DirectML, ExecutionProvider, ExecutionProviderDispatch, MIGraphX, OpenVINO,
    ROCm, TensorRT,
};
use serde::{Deserialize, Serialize};

/// An execution provider of ONNX Runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The processor, which every library has.
    #[default]
    Cpu,
    /// NVIDIA's graphics cards.
    Cuda,
    /// The same, with networks compiled for them.
    TensorRt,
    /// Apple's.
    CoreMl,
    /// Windows' graphics cards.
    DirectMl,
    /// Intel's processors and graphics cards.
    OpenVino,
    /// AMD's graphics cards, as libraries before 1.23 have them.
    Rocm,
    /// The same, as later ones do.
    MiGraphX,
}

impl Provider {
    /// All, by name.
    pub const NAMES: [(&'static str, Provider); 8] = [
        ("cpu", Provider::Cpu),
        ("cuda", Provider::Cuda),
        ("tensorrt", Provider::TensorRt),
        ("coreml", Provider::CoreMl),
        ("directml", Provider::DirectMl),
        ("openvino", Provider::OpenVino),
        ("rocm", Provider::Rocm),
        ("migraphx", Provider::MiGraphX),
    ];

    /// That which is called `name`.
    pub fn of(name: &str) -> Option<Provider> {
        let named = Provider::NAMES
            .into_iter()
            .find(|(known, _)| *known == name);
        named.map(|(_, provider)| provider)
    }

    /// Its name on the command line and in sidecars.
    pub fn name(self) -> &'static str {
        let named = Provider::NAMES
            .into_iter()
            .find(|(_, known)| *known == self);
        named.map_or("cpu", |(name, _)| name)
    }

    /// Whether the library that is loaded was built with it.
    pub(super) fn is_built_in(self) -> bool {
        let built_in = match self {
            Provider::Cpu => CPU::is_available(),
            Provider::Cuda => CUDA::is_available(),
            Provider::TensorRt => TensorRT::is_available(),
            Provider::CoreMl => CoreML::is_available(),
            Provider::DirectMl => DirectML::is_available(),
            Provider::OpenVino => OpenVINO::is_available(),
            Provider::Rocm => ROCm::is_available(),
            Provider::MiGraphX => MIGraphX::is_available(),
        };
        built_in.unwrap_or(false)
    }

    /// What a session is to try before the processor.
    pub(super) fn dispatch(self) -> Option<ExecutionProviderDispatch> {
        let dispatch = match self {
            Provider::Cpu => return None,
            Provider::Cuda => CUDA::default().build(),
            Provider::TensorRt => TensorRT::default().build(),
            Provider::CoreMl => CoreML::default().build(),
            Provider::DirectMl => DirectML::default().build(),
            Provider::OpenVino => OpenVINO::default().build(),
            Provider::Rocm => ROCm::default().build(),
            Provider::MiGraphX => MIGraphX::default().build(),
        };
        Some(dispatch.error_on_failure())
    }

    /// How a library that has it is installed.
    pub(super) fn installation(self) -> &'static str {
        match self {
            Provider::Cpu => "`pip install onnxruntime`",
            Provider::Cuda | Provider::TensorRt => "`pip install onnxruntime-gpu`",
            Provider::CoreMl => "`pip install onnxruntime` on a Mac",
            Provider::DirectMl => "`pip install onnxruntime-directml` on Windows",
            Provider::OpenVino => "`pip install onnxruntime-openvino`",
            Provider::Rocm => "`pip install onnxruntime-rocm`, up to version 1.22",
            Provider::MiGraphX => "`pip install onnxruntime-migraphx`",
        }
    }

    /// Warns that the processor is used instead, and `why`: once, however many models
    /// want it.
    pub(super) fn warn_once(self, why: &str) {
        static WARNED: Mutex<Vec<Provider>> = Mutex::new(Vec::new());
        let mut warned = WARNED.lock().unwrap_or_else(|e| e.into_inner());
        if !warned.contains(&self) {
            warned.push(self);
            tracing::warn!(
                "the provider {} is not available, the cpu is used instead: {why}",
                self.name()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_called_the_same_everywhere() {
        for (name, provider) in Provider::NAMES {
            assert_eq!(Provider::of(name), Some(provider));
            assert_eq!(provider.name(), name);
            assert_eq!(serde_json::to_value(provider).unwrap(), name);
        }
        assert_eq!(Provider::of("gpu"), None);
    }
}
