//! What the bundled models' answers sound like: those that the documentation has, to the
//! same seed.

/// The example called `name`, a WAV file: a bundled model's, or `seed`, which all answered.
pub fn find(name: &str) -> Option<&'static [u8]> {
    EXAMPLES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, bytes)| *bytes)
}

static EXAMPLES: [(&str, &[u8]); 7] = [
    ("seed", include_bytes!("../../docs/sound/seed.wav")),
    (
        "magnitude-spectrum",
        include_bytes!("../../docs/sound/magnitude-spectrum.wav"),
    ),
    ("bells", include_bytes!("../../docs/sound/bells.wav")),
    ("bows", include_bytes!("../../docs/sound/bows.wav")),
    ("vector", include_bytes!("../../docs/sound/vector.wav")),
    (
        "column-vector",
        include_bytes!("../../docs/sound/column-vector.wav"),
    ),
    (
        "transpose",
        include_bytes!("../../docs/sound/transpose.wav"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundled;

    #[test]
    fn every_bundled_model_has_one() {
        for model in &bundled::MODELS {
            assert!(find(model.name).is_some(), "{}", model.name);
        }
        assert!(EXAMPLES.iter().all(|(_, bytes)| bytes.starts_with(b"RIFF")));
    }
}
