//! What is asked of a run from outside: to end, and for its model.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::destination::Destination;
use crate::train::{self, Run, RunRecord, RunState, is_training};

/// For so long it is waited until a run that was asked to end has written its model.
const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Has the training in `folder` end, and waits for that, for a while.
pub fn stop(folder: &Path) -> anyhow::Result<()> {
    Run::ask_to_stop(folder)?;
    let asked = Instant::now();
    while is_training(folder) {
        if asked.elapsed() >= PATIENCE {
            tell!(
                "{} was asked to end, and does so after the step that it is at; nobody waits for that \
                 here any longer.",
                folder.display()
            );
            return Ok(());
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    let record = RunRecord::read(folder)?;
    match record.progress.map(|progress| progress.state) {
        Some(RunState::Stopped | RunState::Ended) => {
            tell!(
                "Training has ended; its model is {}.",
                record.order.output.display()
            );
            Ok(())
        }
        Some(RunState::Training) | None => bail!(
            "training in {} has ended without a model; its own messages say why",
            folder.display()
        ),
    }
}

/// Writes the model of the run in `folder`, as it was kept last, to `output`.
pub fn export(folder: &Path, output: &Path, force: bool) -> anyhow::Result<()> {
    let destination = Destination::new(output, force)?.called("a model", &["onnx"])?;
    let model = train::export(folder)?;
    destination.write(&model.bytes)?;
    tell!(
        "Wrote {}: as of step {}, after {:.2} epochs.",
        output.display(),
        model.training.steps,
        model.training.epochs
    );
    Ok(())
}
