//! How long the stages of an answer take beside one another, as was measured with the
//! bundled models on one machine: what [`Pace`](super::pace::Pace) begins with.

use super::guard::STRETCH_SECONDS;
use super::guidance::Guiding;
use super::making::MEMORIES;
use super::{AnswerSettings, Prime, Request, Weights};
use crate::hyperparameters::{Approach, Hyperparameters, Vocoder};
use crate::model::GATES;
use crate::trained_model::TrainedModel;

/// Seconds for each weight, row and stream of a time step that is played with others; of
/// one that is played alone; of a weight that is read for a step, once for all rows, which
/// takes longer where they are more than the processor holds; and what each step takes
/// beside that.
const PLAYED_WITH_OTHERS: f64 = 0.02e-9;
const PLAYED_ALONE: f64 = 0.017e-9;
const READ: f64 = 0.04e-9;
const READ_FROM_MEMORY: f64 = 0.09e-9;
const HELD_WEIGHTS: usize = 4_000_000;
const OF_A_STEP: f64 = 1.2e-6;
/// Share of the weights of sliding inputs that a step comes down to.
const OF_SLIDING_INPUTS: f64 = 0.25;
/// Seconds for each weight, row and time step of a training step.
const TRAINED: f64 = 0.06e-9;
/// Share of a training step that predicting waits for, where there is another thread.
const WAITED_FOR: f64 = 0.9;
/// Seconds to describe one place of a guide, and samples from one to the next at 11025 Hz.
const DESCRIBED: f64 = 12e-6;
const DESCRIBED_EVERY: f64 = 128.0 / 11025.0;
/// Seconds to judge a second of sound, to sound one bin of one sample by the oscillator bank,
/// and one of a frame by the phase-locked vocoder.
const JUDGED: f64 = 0.35e-3;
const SOUNDED: f64 = 0.01e-9;
const LOCKED: f64 = 18e-9;

/// Seconds expected of an answer's stages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// Making and describing what is followed.
    pub preparing: f64,
    /// Showing the seed to the network.
    pub priming: f64,
    /// Predicting, making sound of what was predicted, and listening to its newest stretches.
    pub sampling: f64,
    /// Judging the whole sound.
    pub sounding: f64,
}

impl Work {
    /// Of the answer that `request` asks of `model` by `settings`, to a seed of `seed`
    /// seconds, on this many `threads`.
    pub fn expected(
        model: &TrainedModel,
        settings: &AnswerSettings,
        seed: f64,
        request: &Request,
        threads: usize,
    ) -> Work {
        let h = &model.hyperparameters;
        let architecture = model.network.architecture();
        let hearing = model.hearing();
        let rate = f64::from(h.format.sample_rate);
        let seconds = request.seconds / hearing.slower_at_hop(settings.resynthesis_hop);
        let is_led = architecture.conditions > 0 && !settings.follow.is_free();
        let streams = match is_led {
            true => Guiding::of(settings, h.conditioning.guidance).streams() as f64,
            false => 1.0,
        };
        let weights = model.network.weights.len();
        let windows = hearing.sampling_windows();
        let frozen = matches!(settings.weights, Weights::Frozen { .. });
        let slides = frozen && windows.slides();
        // One row is the whole of a transpose network, and filters most of its input.
        let repeats = slides && architecture.conditions == 0;
        let rows = if repeats { 1 } else { windows.rows } as f64;
        let of_inputs = GATES * architecture.units * architecture.inputs;
        let weights = match slides {
            true => weights as f64 - (1.0 - OF_SLIDING_INPUTS) * of_inputs as f64,
            false => weights as f64,
        };
        let operations = weights * rows * streams;
        let one = h.samples_per_prediction() as f64 / rate;
        let read = match weights > HELD_WEIGHTS as f64 {
            true => READ_FROM_MEMORY * weights,
            false => READ * weights,
        };
        let alone = OF_A_STEP + read.max(PLAYED_ALONE * operations);
        let alone = match &settings.weights {
            Weights::Frozen { .. } => alone,
            Weights::Moving(moving) => {
                let training = training_step(model, settings) / moving.train_every as f64;
                match threads > 1 {
                    true => alone + WAITED_FOR * training,
                    false => alone + training,
                }
            }
        };
        let hop = h.format.samples_per_element();
        let heard_at = |hop| sounding(h, settings, hop);
        // What is asked for in another tempo sounds beside what is listened to.
        let asked = settings
            .resynthesis_hop
            .map_or(0.0, |asked| heard_at(asked) * asked as f64 / hop as f64);
        let listening = match request.may_go_back {
            true => STRETCH_SECONDS * JUDGED,
            false => 0.0,
        };
        let remembered = model.memory.map(|memory| MEMORIES * memory);
        let heard = request.prime_seconds.or(remembered).unwrap_or(seed);
        let primed = match request.prime {
            Prime::Seed => seed.min(heard) / one,
            Prime::Matrix => 1.0,
        };
        Work {
            preparing: match is_led {
                true => DESCRIBED * (seed + seconds) / one.max(DESCRIBED_EVERY),
                false => 0.0,
            },
            priming: primed * PLAYED_WITH_OTHERS * operations,
            sampling: seconds / one * alone + seconds * (heard_at(hop) + asked + listening),
            sounding: seconds * JUDGED,
        }
    }

    /// All of it.
    pub fn seconds(&self) -> f64 {
        self.stages().iter().sum()
    }

    /// In their order.
    pub fn stages(&self) -> [f64; 4] {
        [self.preparing, self.priming, self.sampling, self.sounding]
    }
}

/// Seconds expected of making a second of sound by hyperparameters `h`, with frames `hop`
/// samples apart.
fn sounding(h: &Hyperparameters, settings: &AnswerSettings, hop: usize) -> f64 {
    if h.approach() != Approach::MagnitudeSpectrum {
        return 0.0;
    }
    let (rate, bins) = (f64::from(h.format.sample_rate), h.bins() as f64);
    match settings.resynthesis.unwrap_or(h.drawing.resynthesis) {
        Vocoder::OscillatorBank => SOUNDED * rate * bins,
        Vocoder::PhaseLocked => {
            // It makes more frames of those that are further apart than this.
            let apart = hop.min(h.format.window_size / 4).max(1);
            LOCKED * bins * rate / apart as f64
        }
    }
}

/// Seconds expected of one training step of weights that move by `settings`; 0 of others.
pub fn training_step(model: &TrainedModel, settings: &AnswerSettings) -> f64 {
    let Weights::Moving(moving) = &settings.weights else {
        return 0.0;
    };
    let rows = model.hyperparameters.format.num_unrollings as f64;
    let weights = model.network.weights.len() as f64;
    TRAINED * weights * rows * moving.steps_back as f64
}
