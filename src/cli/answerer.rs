//! What answers the seeds of a watched folder: a model, and what is asked of it.

use std::ops::ControlFlow;

use crate::answer::{Commission, Responder};
use crate::watch::{Answer, Answers, Made, NoAnswer, Order};

/// A model that answers every seed by one prediction.
pub struct Answerer {
    /// The model.
    pub responder: Responder,
    /// What is asked of its answers.
    pub commission: Commission,
}

impl Answers for Answerer {
    fn answer(
        &mut self,
        order: &Order,
        progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
    ) -> Result<Answer, NoAnswer> {
        if let Some(voice) = order.voice {
            return Err(NoAnswer::Seed(format!(
                "the voice {voice} cannot answer: only the default voice answers by now"
            )));
        }
        let commission = Commission {
            stream_of: Some(order.stream_of.to_owned()),
            longest_seed: order.longest_seed,
            ..self.commission.clone()
        };
        let (seed, output) = (order.seed, order.prediction);
        let sidecar = self.responder.answer(seed, output, &commission, progress);
        let sidecar = sidecar.map_err(|error| NoAnswer::from(&error))?;
        Ok(Answer {
            seed_sha256: sidecar.seed_sha256.clone(),
            made: Made::Prediction {
                sidecar: sidecar.to_json(),
                seconds: sidecar.lasts,
            },
        })
    }
}
