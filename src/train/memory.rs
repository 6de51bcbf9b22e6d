//! How much memory training takes, and whether there is as much.

use crate::hearing::Hearing;
use crate::hyperparameters::{AnswerMode, Conditioning, Hyperparameters};
use crate::system::memory;

/// Training needs more memory than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "training this model takes about {}, but only {} is free; choose a smaller \
     hidden_size, num_layers, num_unrollings, batch or bptt_steps, or shorter recordings",
    memory::in_words(*needed),
    memory::in_words(*available)
)]
pub struct TooLarge {
    /// Bytes that training takes.
    pub needed: u64,
    /// Bytes that there are.
    pub available: u64,
}

/// Refuses training that needs more bytes than the system has left, where it says
/// how many those are.
///
/// # Errors
///
/// [`TooLarge`].
pub fn refuse_what_does_not_fit(needed: u64) -> Result<(), TooLarge> {
    match memory::available() {
        Some(available) if needed > available => Err(TooLarge { needed, available }),
        _ => Ok(()),
    }
}

/// Bytes that the program itself takes: its code, its threads' stacks, what reading
/// a file needs.
const PROGRAM: u64 = 14_000_000;

/// Bytes of memory that training takes at its largest, by `hyperparameters` and on
/// recordings of which each lasts as long as its number of `seconds`.
pub fn memory_of_training(hyperparameters: &Hyperparameters, seconds: &[f64]) -> u64 {
    let hearing = Hearing::untrained(hyperparameters);
    let rate = f64::from(hyperparameters.format.sample_rate);
    let lengths = seconds.iter().map(|seconds| (seconds * rate) as usize);
    let (all, needed) = (
        lengths.clone().sum::<usize>(),
        hearing.samples_of_one_time_step(),
    );
    let recordings: Vec<usize> = match all < needed {
        // They are joined and wrapped.
        true => vec![all + needed],
        false => lengths.collect(),
    };
    let bytes = |values: usize| (values * size_of::<f32>()) as u64;
    let samples = bytes(recordings.iter().sum());
    let seen = recordings.iter().map(|n| hearing.values_seen_of(*n)).sum();
    let seen = bytes(seen);
    // What a model keeps lies beside what it sees; its file holds it as text, which
    // is made from a copy and copied. How long that is depends on the music: 2.7
    // times the samples were measured.
    let (kept, exported) = match hyperparameters.drawing.answer {
        AnswerMode::Frozen => (0, 0),
        AnswerMode::Moving => (samples, samples * 11 / 4),
    };
    let described = match hyperparameters.conditioning.conditioning {
        Conditioning::None => 0,
        Conditioning::Chroma => recordings
            .iter()
            .map(|n| bytes(hearing.values_describing(*n)))
            .sum(),
    };
    let network = of_the_network(hyperparameters);
    let before = bytes(hearing.values_while_learning(&recordings)) + kept + described;
    let during = seen + kept + described + network.max(exported);
    PROGRAM + before.max(during)
}

/// Bytes of memory that training by `hyperparameters` takes, recordings
/// aside: weights, gradient, Adam's two means, the copies of a checkpoint being
/// written, the tape's copies of recurrent weights and inputs, the arrays of one
/// pass forward and backward, and the predictions that are sampled.
fn of_the_network(hyperparameters: &Hyperparameters) -> u64 {
    let architecture = hyperparameters.architecture();
    let (d, h) = (architecture.row_width() as u64, architecture.units as u64);
    let rows = (hyperparameters.training.batch * hyperparameters.format.num_unrollings) as u64;
    let layers = architecture.layers as u64;
    // Of a layer: gates and their gradient 8 H, states, outputs and their gradients 8 H, input D.
    // Of the head: its values, their gradient before and after the tanh.
    let of_a_row = layers * (16 * h + d.max(h)) + 2 * (d + h) + 4 * architecture.width() as u64;
    let copies = layers * 8 * h * h + hyperparameters.training.bptt_steps as u64 * rows * d.max(h);
    let hearing = Hearing::untrained(hyperparameters);
    let windows = hearing.sampling_windows();
    let sampled = |length: usize| {
        let elements = windows.input_span() + length * windows.ext_cursor_inc;
        (elements * windows.width) as u64
    };
    let concurrent =
        hyperparameters.dreams.num_dreams as u64 * sampled(hyperparameters.dreams.dream_length);
    let sequential = match hyperparameters.dreams.audio_freq {
        0 => 0,
        _ => sampled(hyperparameters.dreams.seq_dream_len),
    };
    let floats = (4 + 6) * architecture.parameters() as u64
        + copies
        + hyperparameters.training.bptt_steps as u64 * rows * of_a_row
        + 4 * (concurrent + sequential);
    floats * size_of::<f32>() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_take_the_memory_of_what_the_network_sees_of_them() {
        let beside = |json: &str, seconds: &[f64]| {
            let hyperparameters = Hyperparameters::parse(json).unwrap();
            let network = of_the_network(&hyperparameters) + PROGRAM;
            memory_of_training(&hyperparameters, seconds) - network
        };
        let audio =
            r#"{"preset": "vector", "sample_rate": 1000, "seg_len": 8, "num_unrollings": 2}"#;
        assert_eq!(beside(audio, &[2.0, 3.0]), 4 * 5000);
        let wrapped =
            r#"{"preset": "vector", "sample_rate": 1000, "seg_len": 800, "num_unrollings": 2}"#;
        assert_eq!(beside(wrapped, &[1.0]), 4 * (1000 + 3 * 800));
        let moving = r#"{"preset": "vector", "sample_rate": 1000, "seg_len": 8, "num_unrollings": 2,
            "answer": "moving"}"#;
        assert_eq!(beside(moving, &[2.0]), 2 * 4 * 2000);
        let described = r#"{"preset": "vector", "sample_rate": 11025, "seg_len": 8, "num_unrollings": 2,
            "conditioning": "chroma"}"#;
        let descriptions = 15 * 11025usize.div_ceil(128) as u64;
        assert_eq!(beside(described, &[1.0]), 4 * (11025 + descriptions));
        let spectra = r#"{"preset": "magnitude-spectrum", "sample_rate": 1000, "window_size": 16, "hop_size": 8,
            "num_unrollings": 2}"#;
        assert_eq!(beside(spectra, &[0.064, 0.064]), 2 * 4 * 7 * 16);

        // Where the network is small, the most is taken before it is there.
        let small = r#"{"preset": "magnitude-spectrum", "window_size": 512, "hop_size": 512, "hidden_size": 8,
            "num_unrollings": 2}"#;
        let small = Hyperparameters::parse(small).unwrap();
        let hour = 4 * 3600 * 11025;
        let most = memory_of_training(&small, &[3600.0]);
        assert!(most.abs_diff(PROGRAM + 2 * hour) < hour / 50, "{most}");
    }

    #[test]
    fn what_no_machine_has_is_refused() {
        let said = memory::available().is_some();
        assert_eq!(refuse_what_does_not_fit(u64::MAX).is_err(), said);
        assert_eq!(refuse_what_does_not_fit(0), Ok(()));
    }
}
