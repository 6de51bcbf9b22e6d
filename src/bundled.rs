//! The models that come with the program: trained by antiphon on sound the project
//! made itself (see `models/README.md`), and part of the executable, so that it
//! needs no other file. A new one is a row of the table.

use crate::hyperparameters::Approach;

/// A model that comes with the program.
#[derive(Debug)]
pub struct BundledModel {
    /// What it is called on the command line; `models/NAME.json` made it.
    pub name: &'static str,
    pub approach: Approach,
    /// How its answers sound, in one sentence.
    pub sound: &'static str,
    /// Its ONNX file.
    pub bytes: &'static [u8],
}

/// The name of the one that answers when nobody chooses.
pub const DEFAULT: &str = "magnitude-spectrum";

/// All of them, the default first.
pub static MODELS: [BundledModel; 6] = [
    BundledModel {
        name: DEFAULT,
        approach: Approach::MagnitudeSpectrum,
        sound: "Plucked guitar notes, one after the other, up to 20 kHz.",
        bytes: include_bytes!("../models/magnitude-spectrum.onnx"),
    },
    BundledModel {
        name: "bells",
        approach: Approach::MagnitudeSpectrum,
        sound: "Struck bars, ringing changes, up to 20 kHz.",
        bytes: include_bytes!("../models/bells.onnx"),
    },
    BundledModel {
        name: "bows",
        approach: Approach::MagnitudeSpectrum,
        sound: "Bowed strings that swell from chord to chord, up to 20 kHz.",
        bytes: include_bytes!("../models/bows.onnx"),
    },
    BundledModel {
        name: "vector",
        approach: Approach::Vector,
        sound: "A blend of plucked guitar notes, softer than magnitude-spectrum's, up to 20 kHz.",
        bytes: include_bytes!("../models/vector.onnx"),
    },
    BundledModel {
        name: "column-vector",
        approach: Approach::ColumnVector,
        sound: "Plucked guitar notes, 8 samples a step, one in each of 8 bands, up to 20 kHz.",
        bytes: include_bytes!("../models/column-vector.onnx"),
    },
    BundledModel {
        name: "transpose",
        approach: Approach::Transpose,
        sound: "A sustained, noisy blend of guitar notes in which none begins.",
        bytes: include_bytes!("../models/transpose.onnx"),
    },
];

/// The bundled model called `name`.
pub fn find(name: &str) -> Option<&'static BundledModel> {
    MODELS.iter().find(|model| model.name == name)
}
