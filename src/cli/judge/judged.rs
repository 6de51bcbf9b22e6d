//! What is found out about each prediction.

use std::path::Path;

use anyhow::bail;
use serde::Serialize;

use super::{AnsweredSound, Reference};
use crate::audio::{self, AudioError, Signal};
use crate::judge::{ComparedSound, Evaluation, Hears, Identification, LEAST_SEED_SECONDS};

/// One prediction.
pub struct Judged {
    pub path: String,
    /// `None` where its samples are not numbers.
    pub signal: Option<Signal>,
    /// By each training recording, in their order.
    pub evaluations: Vec<Evaluation>,
    /// Next to its seed; `None` without one.
    pub heard: Option<BesideSeed>,
}

/// A prediction next to its seed.
pub struct BesideSeed {
    /// The seed's path.
    pub seed: String,
    /// The seed again and again, and the prediction; `None` where that is broken.
    pub sounds: Option<[ComparedSound; 2]>,
    /// `None` where the prediction is broken or too short.
    pub hears: Option<Hears>,
    /// `None` where there is but one seed.
    pub identified: Option<Identified>,
}

/// Which of several seeds a prediction is nearest to.
#[derive(Clone, Serialize)]
pub struct Identified {
    /// The path of that seed; `None` where the prediction is broken or too short.
    pub nearest: Option<String>,
    /// Whether that is its own.
    pub right: bool,
    /// How many of all predictions are nearest to their own.
    pub identified: usize,
    /// How many predictions there are.
    pub of: usize,
}

impl Judged {
    /// A prediction with samples that are not numbers can be read, but is broken.
    pub fn of(trainings: &[Reference], path: &Path) -> Result<Judged, AudioError> {
        let signal = match audio::load_as_recorded(path) {
            Ok(recording) if recording.facts.non_finite == 0 => Some(recording.into_signal()),
            Ok(_) | Err(AudioError::NotFinite { .. }) => None,
            Err(error) => return Err(error),
        };
        let by = |training: &Reference| {
            let evaluate = |signal| training.judge.evaluate(signal);
            signal.as_ref().map_or_else(Evaluation::broken, evaluate)
        };
        Ok(Judged {
            path: path.display().to_string(),
            evaluations: trainings.iter().map(by).collect(),
            signal,
            heard: None,
        })
    }

    /// As it is compared with a seed; `None` where it is broken.
    fn sound(&self) -> Option<ComparedSound> {
        ComparedSound::of(self.signal.as_ref()?).ok()
    }
}

/// Puts each prediction next to its seed: as many `seeds` as predictions, one
/// for all, or none.
pub fn compare(judged: &mut [Judged], seeds: &[AnsweredSound]) -> anyhow::Result<()> {
    let Some(first) = seeds.first() else {
        return Ok(());
    };
    let answers: Vec<Option<ComparedSound>> = judged.iter().map(Judged::sound).collect();
    let identification = match seeds.len() {
        1 => None,
        _ => Some(identify(&answers, seeds)?),
    };
    for (n, (judged, answer)) in judged.iter_mut().zip(answers).enumerate() {
        let seed = seeds.get(n).unwrap_or(first);
        let hears = answer
            .as_ref()
            .and_then(|answer| Hears::of(answer, &seed.sound));
        judged.heard = Some(BesideSeed {
            seed: seed.path.display().to_string(),
            hears,
            identified: identification.as_ref().map(|identification| Identified {
                nearest: identification
                    .nearest(n)
                    .map(|seed| seeds[seed].path.display().to_string()),
                right: identification.is_right(n),
                identified: identification.right(),
                of: seeds.len(),
            }),
            sounds: answer.map(|answer| [seed.sound.looped_along(&answer), answer]),
        });
    }
    Ok(())
}

fn identify(
    answers: &[Option<ComparedSound>],
    seeds: &[AnsweredSound],
) -> anyhow::Result<Identification> {
    let sounds: Vec<ComparedSound> = seeds.iter().map(|seed| seed.sound.clone()).collect();
    if let Some(identification) = Identification::of(answers, &sounds) {
        return Ok(identification);
    }
    let mut names = seeds
        .iter()
        .filter(|seed| seed.sound.seconds() < LEAST_SEED_SECONDS);
    let name = names
        .next()
        .map_or_else(String::new, |seed| seed.path.display().to_string());
    bail!(
        "{name}: too short to be told from other seeds; \
         give seeds of at least {LEAST_SEED_SECONDS:.2} s"
    )
}

/// A prediction by one training recording, as JSON has it.
#[derive(Serialize)]
pub struct Entry<'a> {
    prediction: &'a str,
    training: String,
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hears: Option<Hears>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identification: Option<&'a Identified>,
}

/// All predictions, each by all training recordings. What concerns its seed is
/// the same in each.
pub fn entries<'a>(judged: &'a [Judged], trainings: &[Reference]) -> Vec<Entry<'a>> {
    let of = |judged: &'a Judged| {
        let heard = judged.heard.as_ref();
        let entry = move |(evaluation, training): (&'a Evaluation, &Reference)| Entry {
            prediction: &judged.path,
            training: training.path.display().to_string(),
            evaluation,
            seed: heard.map(|heard| heard.seed.as_str()),
            hears: heard.and_then(|heard| heard.hears),
            identification: heard.and_then(|heard| heard.identified.as_ref()),
        };
        judged.evaluations.iter().zip(trainings).map(entry)
    };
    judged.iter().flat_map(of).collect()
}
