//! A run's folder: what it was asked to do, how its loss went, its last two
//! checkpoints, and the predictions it sampled.
//!
//! ```text
//! runs/NAME/  run.json  hyperparameters.json  losses.csv  progress.json  NAME.onnx
//!             checkpoint.safetensors  checkpoint.previous.safetensors
//!             predictions/00012000-concurrent-1.wav, .svg
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, CheckpointError};
use super::dreams::SampledPrediction;
use super::saved_path;
use crate::audio::AudioError;
use crate::audio::write::{SampleFormat, write_wav};
use crate::files;
use crate::hyperparameters::{Hyperparameters, HyperparametersError};
use crate::model::Device;
use crate::plot::{PlotError, write_spectrogram};

mod checkpoint_files;
mod losses;
mod lost;
mod occupied;
mod progress;

pub use losses::LossRow;
pub use lost::Lost;
pub use occupied::is_training;
pub use progress::{RunProgress, RunState};

use losses::COLUMNS;
use occupied::{STOP, ask_to_stop, occupy};

/// What a run was asked to do, apart from its hyperparameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunOrder {
    /// The recordings, as absolute paths.
    #[serde(with = "saved_path::list")]
    pub audio: Vec<PathBuf>,
    /// Where the model goes, as an absolute path.
    #[serde(with = "saved_path")]
    pub output: PathBuf,
    /// Whether a file that stands there may be replaced.
    #[serde(default)]
    pub force: bool,
    /// Length of the whole run; the hyperparameters decide where there is none.
    pub minutes: Option<f64>,
    /// The number that all random streams of the run are made from.
    pub random_seed: u64,
    /// Threads of the matrix products: with as many, a run is repeated to the last bit.
    pub threads: usize,
    /// What it trains on; on a graphics card, it is repeated up to rounding.
    #[serde(default)]
    pub device: Device,
}

/// A run that is gone on with.
pub struct Resumed {
    /// Its folder, where it goes on writing.
    pub run: Run,
    /// What it was asked to do.
    pub order: RunOrder,
    /// What it trains with.
    pub hyperparameters: Hyperparameters,
    /// The newest whole checkpoint, if the run came to write one.
    pub checkpoint: Option<Checkpoint>,
    /// What a damaged checkpoint cost.
    pub lost: Option<Lost>,
    /// How the loss went so far.
    pub losses: Vec<LossRow>,
}

/// A run's folder.
pub struct Run {
    folder: PathBuf,
    losses: File,
    /// Held as long as the run goes on: two that train in one folder would write
    /// over each other's work.
    lock: File,
}

/// What a run's folder tells, a run in progress too: it is only read.
pub struct RunRecord {
    /// What the run was asked to do.
    pub order: RunOrder,
    /// What it trains with.
    pub hyperparameters: Hyperparameters,
    /// The loss log, without a line that is still being written.
    pub losses: Vec<LossRow>,
    /// Whether the run has come to an end and kept a model, perhaps to be gone on with since.
    pub ended: bool,
    /// How far it said last that it is.
    pub progress: Option<RunProgress>,
    /// Whether a process trains it now, as far as [`is_training`] knows.
    pub busy: bool,
}

/// What a run keeps for its model to be made of, whether or not it goes on.
pub struct KeptRun {
    /// What it was asked to do.
    pub order: RunOrder,
    /// What it trains with.
    pub hyperparameters: Hyperparameters,
    /// The newest whole checkpoint, if the run came to write one.
    pub checkpoint: Option<Checkpoint>,
    /// Where it keeps its own copy of the model, once there is one.
    pub exported: PathBuf,
}

/// What is wrong with a run's folder.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Another process trains in the folder.
    #[error("{} is being trained already; wait for it, or stop it first", path.display())]
    Busy {
        /// The run's folder.
        path: PathBuf,
    },
    /// No process trains in the folder.
    #[error(
        "nothing is being trained in {0}, so that there is nothing to stop; antiphon train --resume {0} \
         goes on with the run", path.display()
    )]
    NotTraining {
        /// The run's folder.
        path: PathBuf,
    },
    /// The system refused to read or write a file.
    #[error("cannot {what} {}: {cause}", path.display())]
    File {
        /// What was tried, such as "write".
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system answered.
        cause: io::Error,
    },
    /// `run.json` is not as a run writes it.
    #[error("{} is no run of antiphon train's: {cause}", path.display())]
    RunOrder {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
    /// The run's hyperparameters cannot be read.
    #[error("{}: {cause}", path.display())]
    Hyperparameters {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        cause: HyperparametersError,
    },
    /// Both checkpoints are damaged, or the only one is.
    #[error(
        "{}: {cause}, and there is no whole one before it; what is left is {left}; begin again with \
         antiphon train {} and the recordings",
        path.display(),
        path.with_file_name(HYPERPARAMETERS).display()
    )]
    NoWholeCheckpoint {
        /// The last one's file.
        path: PathBuf,
        /// What is wrong with it.
        cause: CheckpointError,
        /// What the run still has.
        left: String,
    },
    /// The sound of a prediction was not written.
    #[error(transparent)]
    Prediction(#[from] AudioError),
    /// The spectrogram of a prediction was not written.
    #[error(transparent)]
    Picture(#[from] PlotError),
}

const ORDER: &str = "run.json";
const HYPERPARAMETERS: &str = "hyperparameters.json";
const LOSSES: &str = "losses.csv";
/// The folder of a run's predictions, in its own.
pub const PREDICTIONS: &str = "predictions";
impl Run {
    /// Begins the run `name` in the folder `runs`, or `name-2` and so on where
    /// there is one already.
    pub fn create(
        runs: &Path,
        name: &str,
        order: &RunOrder,
        hyperparameters: &Hyperparameters,
    ) -> Result<Run, RunError> {
        let order = text_of(order, runs)?;
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
        write(ORDER, &order)?;
        let lock = occupy(&folder)?;
        Run::open_losses(folder, lock)
    }

    /// Opens the run in `folder`: with what it was asked, and its newest whole
    /// checkpoint if it came to write one. Lines of the loss log that stand
    /// after the checkpoint go, since their steps will be taken again.
    pub fn resume(folder: &Path) -> Result<Resumed, RunError> {
        let (order, hyperparameters) = read_order(folder)?;
        let lock = occupy(folder)?;
        let (checkpoint, damage) = checkpoint_files::newest(folder, &order)?;
        let losses = folder.join(LOSSES);
        let text = match fs::read(&losses) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            text => text.map_err(failed_to("read", &losses))?,
        };
        let rows: Vec<LossRow> = String::from_utf8_lossy(&text)
            .lines()
            .filter_map(LossRow::parse)
            .collect();
        let steps = checkpoint.as_ref().map_or(0, |c| c.notes.position.steps);
        let lost = checkpoint.as_ref().zip(damage);
        let lost =
            lost.map(|(checkpoint, damage)| Lost::new(damage.to_string(), checkpoint, &rows));
        let kept = rows.into_iter().filter(|row| row.step <= steps);
        let kept: Vec<LossRow> = kept.collect();
        let lines: String = kept.iter().map(LossRow::line).collect();
        files::write_atomically(&losses, format!("{COLUMNS}{lines}").as_bytes())
            .map_err(failed_to("write", &losses))?;
        Ok(Resumed {
            run: Run::open_losses(folder.to_owned(), lock)?,
            order,
            hyperparameters,
            checkpoint,
            lost,
            losses: kept,
        })
    }

    /// What the run in `folder` keeps; the folder is only read.
    pub fn kept(folder: &Path) -> Result<KeptRun, RunError> {
        let (order, hyperparameters) = read_order(folder)?;
        let (checkpoint, _) = checkpoint_files::look_for(folder, &order)?;
        Ok(KeptRun {
            exported: exported(folder, &order),
            order,
            hyperparameters,
            checkpoint,
        })
    }

    fn open_losses(folder: PathBuf, lock: File) -> Result<Run, RunError> {
        let path = folder.join(LOSSES);
        let losses = OpenOptions::new().append(true).open(&path);
        let losses = losses.map_err(failed_to("open", &path))?;
        Ok(Run {
            folder,
            losses,
            lock,
        })
    }

    /// Keeps `order`, which has changed, as what the run is asked to do from now on.
    pub fn keep_order(&mut self, order: &RunOrder) -> Result<(), RunError> {
        let path = self.folder.join(ORDER);
        let text = text_of(order, &self.folder)?;
        let part = files::unpublished(&path);
        // The lock is the file's, so that the new one is locked before it takes the place.
        let kept = files::write(&part, text.as_bytes())
            .and_then(|()| File::open(&part))
            .and_then(|file| {
                // Nobody else knows it; a disk that locks nothing is as before.
                let _ = file.try_lock();
                files::publish(&part, &path).map(|()| file)
            });
        if kept.is_err() {
            // The error to report is the first one; the rest file is only litter.
            let _ = fs::remove_file(&part);
        }
        self.lock = kept.map_err(failed_to("write", &path))?;
        Ok(())
    }

    /// Asks the training that goes on in `folder` to end as Ctrl-C ends it, with a usable
    /// model. It looks for that ten times a second; this does not wait for it.
    ///
    /// # Errors
    ///
    /// [`RunError::NotTraining`]; [`RunError::File`] where there is no run, or nothing can be
    /// written into its folder.
    pub fn ask_to_stop(folder: &Path) -> Result<(), RunError> {
        ask_to_stop(folder)
    }

    /// Whether somebody has asked it to end, since it began or was gone on with; each time
    /// once.
    pub fn take_request_to_stop(&self) -> bool {
        fs::remove_file(self.folder.join(STOP)).is_ok()
    }

    /// Writes down how far it has come, for whoever looks on. Training does not depend on it:
    /// where the disk has no room, what was said last stays.
    pub fn tell(&self, progress: &RunProgress) {
        if let Err(error) = progress.write(&self.folder) {
            tracing::debug!("cannot write how far {} is: {error}", self.folder.display());
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the run keeps its own copy of the model.
    pub fn exported(&self, order: &RunOrder) -> PathBuf {
        exported(&self.folder, order)
    }

    /// Adds a line to the loss log.
    pub fn log(&mut self, row: &LossRow) -> Result<(), RunError> {
        let path = self.folder.join(LOSSES);
        self.losses
            .write_all(row.line().as_bytes())
            .map_err(failed_to("write", &path))
    }

    /// Keeps `checkpoint` as the last one, whole or not at all, and the one that
    /// was the last as the one before it. One of both is whole at every moment:
    /// the new one is on the disk before the others change their names.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<(), RunError> {
        checkpoint_files::save(&self.folder, checkpoint)
    }

    /// Whether there is any prediction so far.
    pub fn has_predictions(&self) -> bool {
        let entries = fs::read_dir(self.folder.join(PREDICTIONS));
        entries.is_ok_and(|mut entries| entries.next().is_some())
    }

    /// Writes a prediction's sound, and its spectrogram beside it; gives the sound's path. A run that goes on from a
    /// checkpoint makes the predictions after it again, as they were.
    pub fn save_prediction(&self, prediction: &SampledPrediction) -> Result<PathBuf, RunError> {
        let folder = self.folder.join(PREDICTIONS);
        fs::create_dir_all(&folder).map_err(failed_to("make the folder", &folder))?;
        let path = folder.join(format!("{}.wav", prediction.name()));
        let part = files::unpublished(&path);
        write_wav(&part, &prediction.signal, SampleFormat::default())?;
        files::publish(&part, &path).map_err(failed_to("write", &path))?;
        let picture = path.with_extension("svg");
        write_spectrogram(&picture, &prediction.name(), &prediction.signal)?;
        Ok(path)
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
            progress: RunProgress::read(folder),
            busy: is_training(folder),
            order,
            hyperparameters,
            losses: whole_lines.lines().filter_map(LossRow::parse).collect(),
        })
    }
}

fn exported(folder: &Path, order: &RunOrder) -> PathBuf {
    folder.join(order.output.file_name().unwrap_or_default())
}

fn read_order(folder: &Path) -> Result<(RunOrder, Hyperparameters), RunError> {
    let path = folder.join(ORDER);
    let text = fs::read_to_string(&path).map_err(failed_to("read", &path))?;
    let order = serde_json::from_str(&text).map_err(|cause| RunError::RunOrder { path, cause })?;
    let path = folder.join(HYPERPARAMETERS);
    let hyperparameters =
        Hyperparameters::read(&path).map_err(|cause| RunError::Hyperparameters { path, cause })?;
    Ok((order, hyperparameters))
}

/// What [`ORDER`] says of `order`, in a folder at `place`.
fn text_of(order: &RunOrder, place: &Path) -> Result<String, RunError> {
    let text = serde_json::to_string_pretty(order)
        .map_err(|error| failed_to("keep the paths of the run in", place)(error.into()))?;
    Ok(format!("{text}\n"))
}

/// What a run without a checkpoint still has.
fn what_is_left(folder: &Path, order: &RunOrder) -> String {
    let model = exported(folder, order);
    match model.exists() {
        true => format!("{LOSSES}, {PREDICTIONS} and the model {}", model.display()),
        false => format!("{LOSSES} and {PREDICTIONS}"),
    }
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
    use super::checkpoint_files::{CHECKPOINT, PREVIOUS};
    use super::*;
    use crate::hyperparameters::Approach;

    #[test]
    fn a_run_remembers_its_order_and_drops_losses_after_the_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let order = RunOrder {
            audio: vec!["/a.wav".into()],
            output: "/m.onnx".into(),
            force: false,
            minutes: Some(0.1),
            random_seed: 3,
            threads: 2,
            device: Device::Cpu,
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

        let resumed = Run::resume(&ended(run)).unwrap();
        let read = (resumed.order, resumed.hyperparameters);
        assert_eq!(read, (order, hyperparameters));
        assert!(resumed.checkpoint.is_none() && resumed.lost.is_none());
        assert_eq!(fs::read_to_string(&losses).unwrap(), COLUMNS);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_utf_8_is_kept_as_its_bytes() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        let order = RunOrder {
            audio: vec![std::ffi::OsStr::from_bytes(b"/gu\xefitar.wav").into()],
            output: "/m.onnx".into(),
            force: false,
            minutes: None,
            random_seed: 0,
            threads: 1,
            device: Device::Cpu,
        };
        let hyperparameters = Hyperparameters::preset(Approach::Vector);
        let run = Run::create(&runs, "m", &order, &hyperparameters).unwrap();
        let record = RunRecord::read(run.folder()).unwrap();
        assert_eq!(record.order, order);
        let busy = Run::resume(run.folder()).err().unwrap();
        assert!(matches!(busy, RunError::Busy { .. }), "{busy}");
        let folder = run.folder().to_owned();
        drop(run);
        assert_eq!(Run::resume(&folder).unwrap().order, order);
    }

    /// A run with the checkpoints of the steps 1 to `steps`, and their losses.
    fn run_of(folder: &Path, steps: u64) -> Run {
        let order = RunOrder {
            audio: vec!["/a.wav".into()],
            output: "/m.onnx".into(),
            force: false,
            minutes: None,
            random_seed: 0,
            threads: 1,
            device: Device::Cpu,
        };
        let hyperparameters = Hyperparameters::preset(Approach::Vector);
        let mut run = Run::create(folder, "m", &order, &hyperparameters).unwrap();
        for step in 1..=steps {
            run.save(&checkpoint(step)).unwrap();
            let row = LossRow {
                step,
                epochs: 0.5,
                loss: 0.25,
                validation_loss: None,
                seconds: 60.0 * step as f64,
            };
            run.log(&row).unwrap();
        }
        run
    }

    fn checkpoint(step: u64) -> Checkpoint {
        let mut checkpoint = crate::train::checkpoint::tests::checkpoint();
        checkpoint.notes.position.steps = step;
        checkpoint.notes.trained_for = 60.0 * step as f64;
        checkpoint
    }

    /// The folder of a run that has ended.
    fn ended(run: Run) -> PathBuf {
        run.folder().to_owned()
    }

    fn step_of(resumed: &Resumed) -> u64 {
        resumed
            .checkpoint
            .as_ref()
            .map_or(0, |c| c.notes.position.steps)
    }

    #[test]
    fn a_damaged_checkpoint_gives_way_to_the_one_before_it_and_says_what_was_lost() {
        let whole = checkpoint(3).to_bytes();
        let mut changed = whole.clone();
        let last_weight = whole.len() - 65;
        changed[last_weight] ^= 1;
        let cut = [0, 5, 100, whole.len() / 2, whole.len() - 1].map(|n| whole[..n].to_vec());
        let zeros = vec![0; whole.len()];
        for damaged in cut.into_iter().chain([changed, zeros]) {
            let folder = tempfile::tempdir().unwrap();
            let run = ended(run_of(folder.path(), 3));
            fs::write(run.join(CHECKPOINT), damaged).unwrap();
            let resumed = Run::resume(&run).unwrap();
            assert_eq!(step_of(&resumed), 2);
            let lost = resumed.lost.unwrap();
            assert_eq!((lost.step, lost.until, lost.seconds), (2, 3, 60.0));
            let said = lost.to_string();
            assert!(said.contains("60.0 s of training, up to step 3"), "{said}");
            let losses = RunRecord::read(&run).unwrap().losses;
            assert_eq!(losses.last().unwrap().step, 2);

            // The next one takes the damaged one's place, not the whole one's.
            resumed.run.save(&checkpoint(4)).unwrap();
            drop(resumed.run);
            fs::remove_file(run.join(CHECKPOINT)).unwrap();
            assert_eq!(step_of(&Run::resume(&run).unwrap()), 2);
        }
    }

    #[test]
    fn without_a_whole_checkpoint_it_is_said_what_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let run = ended(run_of(folder.path(), 2));
        let said = || Run::resume(&run).err().unwrap().to_string();
        for name in [CHECKPOINT, PREVIOUS] {
            fs::write(run.join(name), "half").unwrap();
        }
        assert!(said().contains("left is losses.csv and predictions;"));
        fs::write(run.join("m.onnx"), "a model").unwrap();
        assert!(said().contains("m.onnx"), "{}", said());
        fs::remove_file(run.join(CHECKPOINT)).unwrap();
        assert!(said().contains("hyperparameters.json"), "{}", said());
    }

    #[test]
    fn a_loss_log_that_a_crash_cut_or_took_is_begun_again() {
        for left in [
            None,
            Some(b"".as_slice()),
            Some(b"step,ep\xff\x00\x00\n1,0."),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let run = ended(run_of(folder.path(), 2));
            let losses = run.join(LOSSES);
            match left {
                Some(bytes) => fs::write(&losses, bytes).unwrap(),
                None => fs::remove_file(&losses).unwrap(),
            }
            assert_eq!(step_of(&Run::resume(&run).unwrap()), 2);
            assert_eq!(fs::read_to_string(&losses).unwrap(), COLUMNS);
        }
    }

    #[test]
    fn whatever_interrupts_saving_leaves_a_whole_checkpoint() {
        use crate::files::mishap::{Mishap, clear, prepare};
        for operation in 0.. {
            for mishap in [Mishap::Killed(operation), Mishap::Refused(operation)] {
                let folder = tempfile::tempdir().unwrap();
                let run = run_of(folder.path(), 2);
                prepare(mishap);
                let saved = run.save(&checkpoint(3));
                if !clear() {
                    saved.unwrap();
                    assert!(operation > 5, "{operation}");
                    return;
                }
                let run = ended(run);
                let step = step_of(&Run::resume(&run).unwrap());
                assert!(step >= 2, "{mishap:?}: {step}");
                let files = fs::read_dir(&run).unwrap();
                let names = files.map(|file| file.unwrap().file_name());
                let left = names.filter(|name| name.to_string_lossy().ends_with(".part"));
                assert_eq!(left.count(), 0, "{mishap:?}");
            }
        }
    }

    #[test]
    fn a_folder_that_is_no_run_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let error = Run::resume(folder.path()).err().unwrap();
        assert!(error.to_string().contains("run.json"), "{error}");
    }
}
