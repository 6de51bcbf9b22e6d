//! A seed as it was read, and what is prepared of it for each answer.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Sounds;
use super::commission::{Commission, LONGEST_ANSWER};
use super::error::AnswerError;
use super::finishing::folder_of;
use super::sidecar::GuideSource;
use super::step::Heard;
use crate::audio::{self, AudioError, Facts, LongSound};
use crate::generate::Request;
use crate::names::readable;
use crate::stereo::{Image, StereoHearing, StereoImage, StereoSum};
use crate::trained_model::{TrainedModel, TrainingAudio};

/// A seed's file, read once for all answers to it.
pub(super) struct Seed {
    pub path: PathBuf,
    /// At the rate of the model that answers.
    pub signal: Arc<LongSound>,
    pub heard: Heard,
    /// Where it stands between its channels, where the model knows of such places.
    place: Option<Image>,
    makes_stereo: bool,
    sha256: String,
    /// Of the file, in Hz.
    rate: u32,
}

/// A seed, ready to be answered.
pub(super) struct Prepared {
    pub heard: Sounds,
    pub guide: Option<GuideSource>,
    pub request: Request,
    /// Where the seed stands between its channels, if it does.
    pub place: Option<Image>,
    /// Sample rate of its prediction's file, in Hz.
    pub rate: u32,
}

impl Seed {
    /// Reads the file `path` for `model`, if it lasts no longer than `longest` seconds. What
    /// does not fit into memory is in `folder`.
    pub fn read(
        path: &Path,
        model: &TrainedModel,
        longest: Option<f64>,
        folder: &Path,
    ) -> Result<Seed, AudioError> {
        let sample_rate = model.hyperparameters.format.sample_rate;
        let source = audio::load_long(path, sample_rate, longest, folder)?;
        let place = match &model.stereo {
            Some(stereo) if source.facts.is_stereo() => place_of(path, &source.facts, stereo)?,
            _ => None,
        };
        if place.is_none() {
            audio::tell_mixed(path, &source.facts);
        }
        Ok(Seed {
            path: path.to_owned(),
            place,
            makes_stereo: model.stereo.is_some(),
            heard: Heard::of(&source.signal)?,
            signal: Arc::new(source.signal),
            sha256: source.sha256,
            rate: source.facts.sample_rate,
        })
    }

    /// What `commission` asks of the answer to it, which the file `output` can hold.
    pub fn prepare(
        &self,
        output: &Path,
        commission: &Commission,
        guides: &mut Guides,
    ) -> Result<Prepared, AnswerError> {
        let Seed { signal, sha256, .. } = self;
        let sample_rate = signal.sample_rate();
        let rate = commission.output.sample_rate(self.rate, sample_rate);
        let guide = commission.guide_file.as_deref();
        let guide = guide
            .map(|file| guides.hear(file, sample_rate, folder_of(output)))
            .transpose()?;
        let (theme, guide) = guide.unzip();
        let request = commission.request_for(sha256, signal.seconds());
        let longest = commission.to_make(&request).seconds;
        let channels = commission.output.channels(self.makes_stereo);
        commission.output.check(output, longest, rate, channels)?;
        Ok(Prepared {
            heard: Sounds {
                source: TrainingAudio {
                    file: readable(self.path.file_name().unwrap_or_default()),
                    sha256: sha256.clone(),
                    seconds: signal.seconds(),
                },
                seed: Arc::clone(signal),
                theme,
            },
            guide,
            request,
            place: self.place.clone(),
            rate,
        })
    }
}

/// Where the recording at `path` stands, in the bands that `stereo` tells apart.
fn place_of(path: &Path, facts: &Facts, stereo: &StereoImage) -> Result<Option<Image>, AudioError> {
    let mut hearing = StereoHearing::within(facts.sample_rate, stereo.bands());
    let mut all = StereoSum::default();
    audio::read::each_pair(path, &mut |pairs| {
        hearing.push(pairs, |powers| all.add(powers))
    })?;
    Ok(all.image())
}

/// Sounds that are followed, each read once for all answers that are made together.
#[derive(Default)]
pub(super) struct Guides(Vec<(PathBuf, Arc<LongSound>, GuideSource)>);

impl Guides {
    /// The sound in `file`, at `sample_rate`.
    fn hear(
        &mut self,
        file: &Path,
        sample_rate: u32,
        folder: &Path,
    ) -> Result<(Arc<LongSound>, GuideSource), AnswerError> {
        if let Some((_, signal, source)) = self.0.iter().find(|(known, ..)| known == file) {
            return Ok((Arc::clone(signal), source.clone()));
        }
        let loaded = audio::load_long(file, sample_rate, Some(LONGEST_ANSWER), folder);
        let loaded = loaded.map_err(AnswerError::Guide)?;
        audio::tell_mixed(file, &loaded.facts);
        let source = GuideSource {
            file: file.display().to_string(),
            sha256: loaded.sha256,
        };
        let signal = Arc::new(loaded.signal);
        let known = (file.to_owned(), Arc::clone(&signal), source.clone());
        self.0.push(known);
        Ok((signal, source))
    }
}
