//! A run's folder: what it was asked to do, how its loss went, and its last checkpoint.
//!
//! ```text
//! runs/NAME/  run.json  hyperparameters.json  losses.csv  checkpoint.safetensors  NAME.onnx
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, CheckpointError};
use crate::files;
use crate::hyperparameters::{Hyperparameters, HyperparametersError};

/// What a run was asked to do, apart from its hyperparameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The recordings, as absolute paths.
    pub audio: Vec<PathBuf>,
    /// Where the model goes, as an absolute path.
    pub output: PathBuf,
    /// Length of the whole run; `num_epochs` decides where there is none.
    pub minutes: Option<f64>,
    pub random_seed: u64,
    /// Threads of the matrix products: with as many, a run is repeated to the last bit.
    pub threads: usize,
}

/// A run's folder.
pub struct Run {
    folder: PathBuf,
    losses: File,
}

/// What a run's folder tells, a run in progress too: it is only read.
pub struct RunRecord {
    pub order: Order,
    pub hyperparameters: Hyperparameters,
    /// The loss log, without a line that is still being written.
    pub losses: Vec<LossRow>,
    /// Whether the run has come to an end and kept a model, perhaps to be gone on with since.
    pub ended: bool,
}

/// One line of `losses.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct LossRow {
    pub step: u64,
    pub epochs: f64,
    pub loss: f64,
    pub validation_loss: Option<f64>,
    pub seconds: f64,
}

/// What is wrong with a run's folder.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("cannot {what} {}: {cause}", path.display())]
    File {
        what: &'static str,
        path: PathBuf,
        cause: io::Error,
    },
    #[error("{} is no run of antiphon train's: {cause}", path.display())]
    Order {
        path: PathBuf,
        cause: serde_json::Error,
    },
    #[error("{}: {cause}", path.display())]
    Hyperparameters {
        path: PathBuf,
        cause: HyperparametersError,
    },
    #[error("{}: {cause}", path.display())]
    Checkpoint {
        path: PathBuf,
        cause: CheckpointError,
    },
}

const ORDER: &str = "run.json";
const HYPERPARAMETERS: &str = "hyperparameters.json";
const LOSSES: &str = "losses.csv";
const CHECKPOINT: &str = "checkpoint.safetensors";
const COLUMNS: &str = "step,epochs,loss,validation_loss,seconds\n";

impl Run {
    /// Begins the run `name` in the folder `runs`, or `name-2` and so on where
    /// there is one already.
    pub fn create(
        runs: &Path,
        name: &str,
        order: &Order,
        hyperparameters: &Hyperparameters,
    ) -> Result<Run, RunError> {
        // A path that is not UTF-8 cannot be kept in JSON.
        let order = serde_json::to_string_pretty(order)
            .map_err(|error| failed_to("keep the paths of the run in", runs)(error.into()))?;
        fs::create_dir_all(runs).map_err(failed_to("make the folder", runs))?;
        let mut number = 1;
        let folder = loop {
            let folder = match number {
                1 => runs.join(name),
                n => runs.join(format!("{name}-{n}")),
            };
            match fs::create_dir(&folder) {
                Ok(()) => break folder,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(failed_to("make the folder", &folder)(error)),
            }
        };
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            files::write_atomically(&path, text.as_bytes()).map_err(failed_to("write", &path))
        };
        write(HYPERPARAMETERS, &hyperparameters.to_json())?;
        write(LOSSES, COLUMNS)?;
        write(ORDER, &format!("{order}\n"))?;
        Run::open_losses(folder)
    }

    /// Opens the run in `folder`: with what it was asked, and its last
    /// checkpoint if it came to write one. Lines of the loss log that stand
    /// after the checkpoint go, since their steps will be taken again.
    pub fn resume(
        folder: &Path,
    ) -> Result<(Run, Order, Hyperparameters, Option<Checkpoint>), RunError> {
        let (order, hyperparameters) = read_order(folder)?;
        let path = folder.join(CHECKPOINT);
        let checkpoint = match fs::read(&path) {
            Ok(bytes) => Some(
                Checkpoint::from_bytes(&bytes)
                    .map_err(|cause| RunError::Checkpoint { path, cause })?,
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed_to("read", &path)(error)),
        };
        let steps = checkpoint.as_ref().map_or(0, |c| c.notes.position.steps);
        keep_losses_until(&folder.join(LOSSES), steps)?;
        let run = Run::open_losses(folder.to_owned())?;
        Ok((run, order, hyperparameters, checkpoint))
    }

    fn open_losses(folder: PathBuf) -> Result<Run, RunError> {
        let path = folder.join(LOSSES);
        let losses = OpenOptions::new().append(true).open(&path);
        let losses = losses.map_err(failed_to("open", &path))?;
        Ok(Run { folder, losses })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the run keeps its own copy of the model.
    pub fn exported(&self, order: &Order) -> PathBuf {
        exported(&self.folder, order)
    }

    /// Adds a line to the loss log.
    pub fn log(&mut self, row: &LossRow) -> Result<(), RunError> {
        let validation_loss = row
            .validation_loss
            .map_or(String::new(), |loss| loss.to_string());
        let line = format!(
            "{},{},{},{validation_loss},{:.1}\n",
            row.step, row.epochs, row.loss, row.seconds
        );
        let path = self.folder.join(LOSSES);
        self.losses
            .write_all(line.as_bytes())
            .map_err(failed_to("write", &path))
    }

    /// Replaces the checkpoint, whole or not at all.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<(), RunError> {
        let path = self.folder.join(CHECKPOINT);
        files::write_atomically(&path, &checkpoint.to_bytes()).map_err(failed_to("write", &path))
    }
}

impl RunRecord {
    /// Reads the run in `folder`, as far as it has come.
    pub fn read(folder: &Path) -> Result<RunRecord, RunError> {
        let (order, hyperparameters) = read_order(folder)?;
        let path = folder.join(LOSSES);
        let text = fs::read(&path).map_err(failed_to("read", &path))?;
        let text = String::from_utf8_lossy(&text);
        let whole_lines = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
        Ok(RunRecord {
            ended: exported(folder, &order).exists(),
            order,
            hyperparameters,
            losses: whole_lines.lines().filter_map(LossRow::parse).collect(),
        })
    }
}

impl LossRow {
    /// The row of a line as [`Run::log`] writes it; `None` for the names of the columns.
    fn parse(line: &str) -> Option<LossRow> {
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

fn exported(folder: &Path, order: &Order) -> PathBuf {
    folder.join(order.output.file_name().unwrap_or_default())
}

fn read_order(folder: &Path) -> Result<(Order, Hyperparameters), RunError> {
    let path = folder.join(ORDER);
    let text = fs::read_to_string(&path).map_err(failed_to("read", &path))?;
    let order = serde_json::from_str(&text).map_err(|cause| RunError::Order { path, cause })?;
    let path = folder.join(HYPERPARAMETERS);
    let hyperparameters =
        Hyperparameters::read(&path).map_err(|cause| RunError::Hyperparameters { path, cause })?;
    Ok((order, hyperparameters))
}

fn keep_losses_until(path: &Path, steps: u64) -> Result<(), RunError> {
    let text = fs::read_to_string(path).map_err(failed_to("read", path))?;
    let step_of = |line: &str| {
        line.split(',')
            .next()
            .and_then(|step| step.parse::<u64>().ok())
    };
    let mut kept = COLUMNS.to_owned();
    for line in text
        .lines()
        .filter(|line| step_of(line).is_some_and(|step| step <= steps))
    {
        kept.push_str(line);
        kept.push('\n');
    }
    files::write_atomically(path, kept.as_bytes()).map_err(failed_to("write", path))
}

fn failed_to<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> RunError + 'a {
    move |cause| RunError::File {
        what,
        path: path.to_owned(),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hyperparameters::Approach;

    #[test]
    fn a_run_remembers_its_order_and_drops_losses_after_the_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let order = Order {
            audio: vec!["/a.wav".into()],
            output: "/m.onnx".into(),
            minutes: Some(0.1),
            random_seed: 3,
            threads: 2,
        };
        let hyperparameters = Hyperparameters::preset(Approach::Transpose);
        let mut run = Run::create(folder.path(), "m", &order, &hyperparameters).unwrap();
        let second = Run::create(folder.path(), "m", &order, &hyperparameters).unwrap();
        assert!(second.folder().ends_with("m-2"));
        let row = |step| LossRow {
            step,
            epochs: 0.5,
            loss: 0.25,
            validation_loss: (step == 2).then_some(0.125),
            seconds: 1.0,
        };
        (1..=2).for_each(|step| run.log(&row(step)).unwrap());
        let losses = folder.path().join("m").join(LOSSES);
        let text = fs::read_to_string(&losses).unwrap();
        assert_eq!(
            text,
            format!("{COLUMNS}1,0.5,0.25,,1.0\n2,0.5,0.25,0.125,1.0\n")
        );

        fs::write(&losses, format!("{text}3,0.5,0.2")).unwrap();
        let record = RunRecord::read(run.folder()).unwrap();
        assert_eq!(record.order, order);
        assert!(!record.ended);
        assert_eq!(record.losses, [row(1), row(2)], "not the half line");
        let left = fs::read_to_string(&losses).unwrap();
        assert!(left.ends_with("3,0.5,0.2"), "reading changes nothing");

        let (_, read, read_hyperparameters, checkpoint) = Run::resume(run.folder()).unwrap();
        assert_eq!((read, read_hyperparameters), (order, hyperparameters));
        assert!(checkpoint.is_none());
        assert_eq!(fs::read_to_string(&losses).unwrap(), COLUMNS);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_utf_8_is_an_error_and_makes_no_folder() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        let order = Order {
            audio: vec![std::ffi::OsStr::from_bytes(b"/gu\xefitar.wav").into()],
            output: "/m.onnx".into(),
            minutes: None,
            random_seed: 0,
            threads: 1,
        };
        let hyperparameters = Hyperparameters::preset(Approach::Vector);
        let error = Run::create(&runs, "m", &order, &hyperparameters)
            .err()
            .unwrap();
        assert!(error.to_string().contains("UTF-8"), "{error}");
        assert!(!runs.exists());
    }

    #[test]
    fn a_folder_that_is_no_run_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let error = Run::resume(folder.path()).err().unwrap();
        assert!(error.to_string().contains("run.json"), "{error}");
    }
}
