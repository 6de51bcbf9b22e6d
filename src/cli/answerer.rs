//! What answers the seeds of a watched folder: the voice that its options describe, and
//! those in `voices/`.

use std::ops::ControlFlow;

use crate::answer::{FollowDial, Occasion, SetNotes, Sidecar, Turn, Voice, Voices};
use crate::watch::{Answer, Answers, Made, NoAnswer, Order, VariationMade};

/// All voices of a watched folder.
pub struct Answerer {
    /// The one that answers where none is named.
    pub voice: Voice,
    /// The others, by their names.
    pub voices: Voices,
    /// How closely the first of them follows, once somebody has said so.
    pub dial: FollowDial,
}

impl Answers for Answerer {
    fn answer(
        &mut self,
        order: &Order,
        progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
    ) -> Result<Answer, NoAnswer> {
        let voice = match order.voice {
            None => {
                if let Some(strength) = self.dial.value() {
                    self.voice.follow(strength);
                }
                &mut self.voice
            }
            Some(name) => self.voices.voice(name).map_err(|reason| {
                NoAnswer::Seed(format!("the voice {name} cannot answer: {reason}"))
            })?,
        };
        let occasion = Occasion {
            stream_of: Some(order.stream_of.to_owned()),
            longest_seed: order.longest_seed,
        };
        let answered = match voice.is_set() {
            false => voice
                .answer(order.seed, order.prediction, &occasion, progress)
                .map(one),
            true => {
                let tell = &mut |turn: Turn| {
                    progress(((turn.number - 1) as f64 + turn.share) / turn.of as f64)
                };
                voice
                    .answer_with_set(order.seed, order.set, &occasion, tell)
                    .map(several)
            }
        };
        answered.map_err(|error| NoAnswer::from(&error))
    }
}

fn one(sidecar: Sidecar) -> Answer {
    Answer {
        seed_sha256: sidecar.seed_sha256.clone(),
        made: Made::Prediction {
            sidecar: sidecar.to_json(),
            seconds: sidecar.lasts,
        },
    }
}

fn several(set: SetNotes) -> Answer {
    let made = set.variations.into_iter();
    let made = made.filter_map(|v| {
        Some(VariationMade {
            file: v.file?,
            seconds: v.seconds?,
        })
    });
    Answer {
        seed_sha256: set.seed_sha256,
        made: Made::Set {
            variations: made.collect(),
        },
    }
}
