//! A prediction becomes a file, and a sidecar that says how it came about.

use std::path::Path;
use std::sync::Arc;

use super::commission::{Commission, Loudness};
use super::error::AnswerError;
use super::learned::LearnedNotes;
use super::seed::Prepared;
use super::sidecar::{Level, ModelIdentity, Sidecar};
use super::{BUILD, Responder};
use crate::audio::write::Written;
use crate::audio::{AudioError, LongSound, Pieces, Spread};
use crate::files;
use crate::generate::guard::LevelMeter;
use crate::generate::{AnswerSettings, Prediction, Provider};
use crate::model::Precision;
use crate::reel::ReelError;
use crate::stereo::{Beside, StereoImage, Upmix};
use crate::system::processor::processor;

/// What is asked of one answer.
pub(super) struct Order<'a> {
    /// The file that is answered.
    pub seed: &'a Path,
    /// The file that is written.
    pub output: &'a Path,
    pub commission: &'a Commission,
    pub settings: &'a AnswerSettings,
}

/// The folder that `output` is in, where what does not fit into memory is meanwhile.
pub(super) fn folder_of(output: &Path) -> &Path {
    let folder = output.parent().filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new("."))
}

/// What makes answers, as their sidecars say.
pub(super) struct Maker {
    model: ModelIdentity,
    engine: &'static str,
    provider: Option<Provider>,
    precision: Precision,
    learning: Option<LearnedNotes>,
    stereo: Option<Arc<StereoImage>>,
}

impl Responder {
    /// What its answers are made by.
    pub(super) fn maker(&self) -> Maker {
        Maker {
            model: self.identity.clone(),
            engine: self.engine_name(),
            provider: self.provider(),
            precision: self.precision(),
            learning: self.learned.as_ref().map(|l| l.notes().clone()),
            stereo: self.model.stereo.clone(),
        }
    }
}

impl Maker {
    /// Ends the `prediction` as `order` says, writes it, and says how it came about.
    pub fn finish(
        &self,
        order: &Order,
        prepared: &Prepared,
        prediction: Prediction,
    ) -> Result<Sidecar, AnswerError> {
        refuse_what_is_broken(order.seed, &prediction)?;
        let commission = order.commission;
        let sound = &prediction.sound;
        let level = Level::of(sound)?;
        let levels = (Level::of(&prepared.heard.seed)?, level);
        let mut sidecar = self.sidecar(prepared, order, &prediction, levels);
        let ended = commission.ending.of(sound, sidecar.seconds)?;
        sidecar.lasts = ended.lasts;
        let heard = &prepared.heard.seed;
        sidecar.gain = gain(commission.loudness, heard, (&ended, sound.sample_rate()))?;
        let amplified = Amplified {
            sound: &ended,
            gain: sidecar.gain,
        };
        let lasts = (sound.sample_rate(), sidecar.lasts);
        let begin = |stereo: &Arc<StereoImage>, rate| -> Box<dyn Spread> {
            let beside = prepared.place.clone().map(|image| Beside {
                image,
                nearness: order.settings.follow.follow.clone(),
            });
            Box::new(Upmix::new(Arc::clone(stereo), beside, rate))
        };
        let stereo = self.stereo.as_ref();
        let stereo = stereo.map(|stereo| move |rate| begin(stereo, rate));
        let written = commission.output.write(
            order.output,
            &amplified,
            lasts,
            prepared.rate,
            stereo.as_ref().map(|stereo| stereo as _),
        )?;
        warn_of_what_was_scaled(&written);
        sidecar.scaled_by = written.scaled_by;
        sidecar.prediction_sha256 = Some(sha256_of(order.output)?);
        Ok(sidecar)
    }

    /// That of `prediction`, which answers what is `prepared`, before it is a file; the levels
    /// are the seed's and its own.
    fn sidecar(
        &self,
        prepared: &Prepared,
        order: &Order,
        prediction: &Prediction,
        (seed_level, prediction_level): (Level, Level),
    ) -> Sidecar {
        let Prepared { heard, request, .. } = prepared;
        let commission = order.commission;
        Sidecar {
            antiphon: env!("CARGO_PKG_VERSION").to_owned(),
            build: Some(BUILD.to_owned()),
            processor: Some(processor().to_owned()),
            voice: None,
            variation: None,
            model: self.model.clone(),
            engine: self.engine.to_owned(),
            provider: self.provider,
            precision: self.precision,
            seed: heard.source.file.clone(),
            seed_sha256: heard.source.sha256.clone(),
            prediction_sha256: None,
            seconds: request.seconds,
            ending: commission.ending,
            lasts: request.seconds,
            random_seed: request.random_seed,
            prime: request.prime,
            prime_seconds: request.prime_seconds,
            guide_file: prepared.guide.clone(),
            may_go_back: request.may_go_back,
            settings: order.settings.clone(),
            learning: self.learning.clone(),
            loudness: commission.loudness,
            responses: prediction.responses.clone(),
            fault: prediction.fault,
            format: commission.output.samples,
            channels: commission.output.channels(self.stereo.is_some()).count(),
            width: commission.output.width,
            rate: commission.output.rate,
            sample_rate: prepared.rate,
            seed_level,
            prediction_level,
            gain: 1.0,
            scaled_by: None,
            timings: prediction.timings,
        }
    }
}

/// A sound that is made louder or softer.
struct Amplified<'a, P> {
    sound: &'a P,
    gain: f32,
}

impl<P: Pieces> Pieces for Amplified<'_, P> {
    fn each(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), ReelError> {
        let mut amplified = Vec::new();
        self.sound.each(&mut |piece| {
            amplified.clear();
            amplified.extend(piece.iter().map(|sample| sample * self.gain));
            take(&amplified);
        })
    }
}

/// What a `prediction` at some rate is multiplied by to be as loud as is asked.
fn gain(
    loudness: Loudness,
    seed: &LongSound,
    (prediction, sample_rate): (&impl Pieces, u32),
) -> Result<f32, ReelError> {
    let gain = match loudness {
        Loudness::Model => 1.0,
        Loudness::Seed => {
            let seed = LevelMeter::level_of(seed, seed.sample_rate())?;
            (seed / LevelMeter::level_of(prediction, sample_rate)?) as f32
        }
    };
    // Of a few samples nothing may be left.
    Ok(if gain.is_finite() { gain } else { 1.0 })
}

fn sha256_of(output: &Path) -> Result<String, AudioError> {
    files::sha256_of(output).map_err(|cause| AudioError::CannotRead {
        path: output.to_owned(),
        cause,
    })
}

/// Refuses a `prediction` that nobody should hear; says what else is wrong with it.
fn refuse_what_is_broken(seed: &Path, prediction: &Prediction) -> Result<(), AnswerError> {
    match prediction.fault {
        Some(fault) if fault.is_broken() => Err(AnswerError::Broken {
            path: seed.to_owned(),
            fault,
            responses: prediction.responses.len(),
        }),
        Some(fault) => {
            let seed = seed.display();
            tracing::warn!("{seed}: the prediction is a {fault} in part or whole");
            Ok(())
        }
        None => Ok(()),
    }
}

fn warn_of_what_was_scaled(written: &Written) {
    if let Some(factor) = written.scaled_by {
        let peak = written.peak;
        tracing::warn!(
            "the prediction's peak of {peak:.2} was over full scale; all of it was multiplied by {factor:.3}"
        );
    }
}
