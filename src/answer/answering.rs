//! A seed's file becomes a prediction's file, and a sidecar that says how.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::commission::{Commission, LONGEST_ANSWER, Loudness};
use super::error::AnswerError;
use super::sidecar::{GuideSource, Level, Sidecar};
use super::step::{Heard, Stage, Stages, Step, go_on};
use super::{BUILD, Means, Responder, Sounds};
use crate::audio::write::Written;
use crate::audio::{self, AudioError, Pieces, Signal};
use crate::files;
use crate::generate::guard::{self, LevelMeter};
use crate::generate::{
    AnswerSettings, GenerateError, Prediction, Request, Task, generate_together,
};
use crate::names::readable;
use crate::reel::ReelError;
use crate::system::processor::processor;
use crate::trained_model::TrainingAudio;

/// A seed's file that was read.
struct Loaded {
    /// At the model's rate.
    signal: Arc<Signal>,
    sha256: String,
    /// That of the file, in Hz.
    rate: u32,
}

/// A seed, ready to be answered.
struct Prepared {
    heard: Sounds,
    guide: Option<GuideSource>,
    request: Request,
    /// Sample rate of its prediction's file, in Hz.
    rate: u32,
}

/// What is asked of one of several answers to a seed.
pub(super) struct Order<'a> {
    /// The file that is written.
    pub output: &'a Path,
    pub commission: &'a Commission,
    pub settings: &'a AnswerSettings,
}

impl Responder {
    /// Answers the file `seed` with the file `output`, which is written in
    /// place and synced. `tell` hears what was heard and how the answer gets on, and may
    /// stop it.
    pub fn answer(
        &mut self,
        seed: &Path,
        output: &Path,
        commission: &Commission,
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Sidecar, AnswerError> {
        let begun = Instant::now();
        let cannot = |cause| cannot_answer(seed, cause);
        go_on(tell(Step::Share(0.0))).map_err(cannot)?;
        let source = self.load(seed, commission)?;
        let prepared = self.prepare(seed, &source, output, commission)?;
        let heard = Step::Heard(Heard::of(&prepared.heard.seed));
        go_on(tell(heard)).map_err(cannot)?;
        let request = commission.to_make(&prepared.request);
        let expected = self.expected(&self.settings, prepared.heard.seed.seconds(), &request);
        let mut stages = Stages::new(begun, &expected);
        let progress = &mut |stage, share| tell(Step::Share(stages.share(stage, share)));
        let folder = folder_of(output);
        let predicted = self.predict(&prepared.heard, &request, folder, progress);
        let (prediction, moved) = predicted.map_err(cannot)?;
        let share = stages.share(Stage::Writing, 0.0);
        go_on(tell(Step::Share(share))).map_err(cannot)?;
        let is_whole = prediction.fault.is_none();
        let order = Order {
            output,
            commission,
            settings: &self.settings,
        };
        let sidecar = self.finish(seed, &order, &prepared, prediction)?;
        if is_whole {
            self.keep(moved);
        }
        // Nothing is left to stop.
        let _ = tell(Step::Share(stages.share(Stage::Writing, 1.0)));
        Ok(sidecar)
    }

    /// Whether several answers cost less together.
    pub(super) fn answers_together(&self) -> bool {
        match &self.means {
            Means::Frozen(engine) => engine.shares_steps(self.model.hearing().sampling_windows()),
            Means::Moving { .. } => false,
        }
    }

    /// Answers the file `seed` as each of `orders` says, all at once, each as
    /// [`answer`](Responder::answer) would. `tell` hears what was heard and how they get
    /// on together, and may stop them.
    ///
    /// # Errors
    /// What keeps all of them from being made.
    pub(super) fn answer_together(
        &mut self,
        seed: &Path,
        orders: &[Order],
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Vec<Result<Sidecar, AnswerError>>, AnswerError> {
        let cannot = |cause| cannot_answer(seed, cause);
        go_on(tell(Step::Share(0.0))).map_err(cannot)?;
        let Some(first) = orders.first() else {
            return Ok(Vec::new());
        };
        let source = self.load(seed, first.commission)?;
        let prepare = |order: &Order| {
            let prepared = self.prepare(seed, &source, order.output, order.commission)?;
            let request = order.commission.to_make(&prepared.request);
            Ok((prepared, request))
        };
        let prepared: Vec<Result<_, AnswerError>> = orders.iter().map(prepare).collect();
        go_on(tell(Step::Heard(Heard::of(&source.signal)))).map_err(cannot)?;
        let Means::Frozen(engine) = &mut self.means else {
            return Err(cannot(GenerateError::Stopped));
        };
        let all = orders.iter().zip(&prepared);
        let tasks = all.filter_map(|(order, prepared)| {
            let (prepared, request) = prepared.as_ref().ok()?;
            Some(Task {
                model: &self.model,
                settings: order.settings,
                theme: prepared.heard.theme.as_ref(),
                seed: &prepared.heard.seed,
                request,
                folder: folder_of(order.output),
            })
        });
        let tasks: Vec<Task> = tasks.collect();
        let mut told = |share| tell(Step::Share(share));
        let made = generate_together(engine.as_mut(), &tasks, &mut told);
        let mut made = made.into_iter();
        let finished = orders.iter().zip(prepared).map(|(order, prepared)| {
            let (prepared, _) = prepared?;
            let stopped = Err(GenerateError::Stopped);
            let prediction = made.next().unwrap_or(stopped).map_err(cannot)?;
            self.finish(seed, order, &prepared, prediction)
        });
        Ok(finished.collect())
    }

    /// Ends the `prediction` as `order` says, writes it, and says how it came about.
    fn finish(
        &self,
        seed: &Path,
        order: &Order,
        prepared: &Prepared,
        prediction: Prediction,
    ) -> Result<Sidecar, AnswerError> {
        refuse_what_is_broken(seed, &prediction)?;
        let commission = order.commission;
        let sound = &prediction.sound;
        let level = Level::of_pieces(&sound.samples)?;
        let mut sidecar = self.sidecar(prepared, order, &prediction, level);
        let ended = commission.ending.of(sound, sidecar.seconds)?;
        sidecar.lasts = ended.lasts;
        let heard = &prepared.heard.seed;
        sidecar.gain = gain(commission.loudness, heard, (&ended, sound.sample_rate))?;
        let amplified = Amplified {
            sound: &ended,
            gain: sidecar.gain,
        };
        let (rate, seconds) = (sound.sample_rate, sidecar.lasts);
        let output = &commission.output;
        let written = output.write(order.output, &amplified, rate, seconds, prepared.rate)?;
        warn_of_what_was_scaled(&written);
        sidecar.scaled_by = written.scaled_by;
        sidecar.prediction_sha256 = Some(sha256_of(order.output)?);
        Ok(sidecar)
    }

    /// Reads the file `seed`.
    fn load(&self, seed: &Path, commission: &Commission) -> Result<Loaded, AudioError> {
        let sample_rate = self.model.hyperparameters.format.sample_rate;
        let source = audio::load_at_most(seed, sample_rate, commission.longest_seed)?;
        Ok(Loaded {
            signal: Arc::new(source.signal),
            sha256: source.sha256,
            rate: source.facts.sample_rate,
        })
    }

    /// Prepares what was read from the file `seed`, whose answer `output` can hold.
    fn prepare(
        &self,
        seed: &Path,
        source: &Loaded,
        output: &Path,
        commission: &Commission,
    ) -> Result<Prepared, AnswerError> {
        let sample_rate = self.model.hyperparameters.format.sample_rate;
        let Loaded {
            signal,
            sha256,
            rate,
        } = source;
        let rate = commission.output.sample_rate(*rate, sample_rate);
        let (theme, guide) = self.hear_guide(commission.guide_file.as_deref())?;
        let request = commission.request_for(sha256, signal.seconds());
        let longest = commission.to_make(&request).seconds;
        commission.output.check(output, longest, rate)?;
        Ok(Prepared {
            heard: Sounds {
                source: TrainingAudio {
                    file: readable(seed.file_name().unwrap_or_default()),
                    sha256: sha256.clone(),
                    seconds: signal.seconds(),
                },
                seed: Arc::clone(signal),
                theme,
            },
            guide,
            request,
            rate,
        })
    }

    /// The sound in the file that is followed, if there is one.
    fn hear_guide(
        &self,
        file: Option<&Path>,
    ) -> Result<(Option<Arc<Signal>>, Option<GuideSource>), AnswerError> {
        let Some(file) = file else {
            return Ok((None, None));
        };
        let sample_rate = self.model.hyperparameters.format.sample_rate;
        let loaded = audio::load_at_most(file, sample_rate, Some(LONGEST_ANSWER));
        let loaded = loaded.map_err(AnswerError::Guide)?;
        let source = GuideSource {
            file: file.display().to_string(),
            sha256: loaded.sha256,
        };
        Ok((Some(Arc::new(loaded.signal)), Some(source)))
    }

    /// That of `prediction`, which has this `level` and answers what is `prepared`, before it
    /// is a file.
    fn sidecar(
        &self,
        prepared: &Prepared,
        order: &Order,
        prediction: &Prediction,
        level: Level,
    ) -> Sidecar {
        let Prepared { heard, request, .. } = prepared;
        let commission = order.commission;
        Sidecar {
            antiphon: env!("CARGO_PKG_VERSION").to_owned(),
            build: Some(BUILD.to_owned()),
            processor: Some(processor().to_owned()),
            voice: None,
            variation: None,
            model: self.identity.clone(),
            engine: self.engine_name().to_owned(),
            provider: self.provider(),
            precision: self.precision(),
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
            learning: self.learned.as_ref().map(|l| l.notes().clone()),
            loudness: commission.loudness,
            responses: prediction.responses.clone(),
            fault: prediction.fault,
            format: commission.output.samples,
            channels: commission.output.channels.count(),
            rate: commission.output.rate,
            sample_rate: prepared.rate,
            seed_level: Level::of(&heard.seed),
            prediction_level: level,
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
    seed: &Signal,
    (prediction, sample_rate): (&impl Pieces, u32),
) -> Result<f32, ReelError> {
    let gain = match loudness {
        Loudness::Model => 1.0,
        Loudness::Seed => {
            let mut meter = LevelMeter::new(sample_rate);
            prediction.each(&mut |piece| meter.push(piece))?;
            (guard::level(seed) / meter.level()) as f32
        }
    };
    // Of a few samples nothing may be left.
    Ok(if gain.is_finite() { gain } else { 1.0 })
}

/// The folder that `output` is in, where what does not fit into memory is meanwhile.
fn folder_of(output: &Path) -> &Path {
    let folder = output.parent().filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new("."))
}

fn cannot_answer(seed: &Path, cause: GenerateError) -> AnswerError {
    AnswerError::Generate {
        path: seed.to_owned(),
        cause,
    }
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
