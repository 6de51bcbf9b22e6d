//! The models that come with the program, one per approach: trained by antiphon
//! on sound the project made itself (see `models/README.md`), and part of the
//! executable, so that it needs no other file.

use crate::hyperparameters::Approach;

/// The bundled model of `approach`: its ONNX file's bytes.
pub fn model(approach: Approach) -> &'static [u8] {
    match approach {
        Approach::Vector => include_bytes!("../models/vector.onnx"),
        Approach::ColumnVector => include_bytes!("../models/column-vector.onnx"),
        Approach::Transpose => include_bytes!("../models/transpose.onnx"),
        Approach::MagnitudeSpectrum => include_bytes!("../models/magnitude-spectrum.onnx"),
    }
}
