//! A seed's file becomes a prediction's file, and a sidecar that says how.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use super::Responder;
use super::commission::Commission;
use super::error::AnswerError;
use super::finishing::{Order, folder_of};
use super::seed::{Guides, Seed};
use super::sidecar::Sidecar;
use super::step::{Stage, Stages, Step, go_on};
use crate::generate::GenerateError;

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
        let read = self.read(seed, commission.longest_seed, folder_of(output))?;
        let prepared = read.prepare(output, commission, &mut Guides::default())?;
        go_on(tell(Step::Heard(read.heard))).map_err(cannot)?;
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
            seed,
            output,
            commission,
            settings: &self.settings,
        };
        let sidecar = self.maker().finish(&order, &prepared, prediction)?;
        if is_whole {
            self.keep(moved);
        }
        // Nothing is left to stop.
        let _ = tell(Step::Share(stages.share(Stage::Writing, 1.0)));
        Ok(sidecar)
    }

    /// Reads the file `seed`, if it lasts no longer than `longest` seconds.
    /// What does not fit into memory is in `folder`.
    pub(super) fn read(
        &self,
        seed: &Path,
        longest: Option<f64>,
        folder: &Path,
    ) -> Result<Seed, AnswerError> {
        Ok(Seed::read(seed, &self.model, longest, folder)?)
    }
}

/// Why the file `seed` has no answer.
pub(super) fn cannot_answer(seed: &Path, cause: GenerateError) -> AnswerError {
    AnswerError::Generate {
        path: seed.to_owned(),
        cause,
    }
}
