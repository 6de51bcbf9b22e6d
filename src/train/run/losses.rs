//! The loss log, a file of comma-separated values.

/// Its first line, which names the columns.
pub(super) const COLUMNS: &str = "step,epochs,loss,validation_loss,seconds\n";

/// One line of `losses.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct LossRow {
    /// Training steps taken.
    pub step: u64,
    /// Passes through the recordings.
    pub epochs: f64,
    /// Mean loss since the line before.
    pub loss: f64,
    /// Loss on what is held out, where it was measured since.
    pub validation_loss: Option<f64>,
    /// Time spent training.
    pub seconds: f64,
}

impl LossRow {
    /// The line that says it.
    pub(super) fn line(&self) -> String {
        let validation_loss = self
            .validation_loss
            .map_or(String::new(), |loss| loss.to_string());
        format!(
            "{},{},{},{validation_loss},{:.1}\n",
            self.step, self.epochs, self.loss, self.seconds
        )
    }

    /// The row of a [`LossRow::line`]; `None` for the names of the columns.
    pub(super) fn parse(line: &str) -> Option<LossRow> {
        let [step, epochs, loss, validation_loss, seconds] =
            line.split(',').collect::<Vec<_>>().try_into().ok()?;
        Some(LossRow {
            step: step.parse().ok()?,
            epochs: epochs.parse().ok()?,
            loss: loss.parse().ok()?,
            validation_loss: match validation_loss {
                "" => None,
                loss => Some(loss.parse().ok()?),
            },
            seconds: seconds.parse().ok()?,
        })
    }
}
