//! `antiphon replay`: a prediction made again from its sidecar.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use super::model_choice::ModelChoice;
use super::progress;
use crate::answer::{Replay, Sidecar, THEME, differences};
use crate::bundled;
use crate::destination::Destination;
use crate::files;
use crate::names::readable;
use crate::watch::folders;

/// Make a prediction again, as its sidecar says, and compare the bytes
///
/// Example: antiphon replay watch/predictions/melody.0001.json --output again.wav
///
/// Says "the same bytes", or which of model, seed, build and processor is another.
/// The seed is looked for beside the sidecar and, of a watched folder, among the answered
/// ones.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The JSON file beside a prediction
    #[arg(value_name = "SIDECAR.json")]
    sidecar: PathBuf,
    /// Where the model is now [default: where it was; bundled ones are known]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Where the seed is now
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// Where the sound is now that was followed instead of the seed
    #[arg(long, value_name = "FILE")]
    guide_file: Option<PathBuf>,
    /// What the model had learned before (a copy of the file of --keep-learning)
    #[arg(long, value_name = "FILE.onnx")]
    learned: Option<PathBuf>,
    /// Write the prediction there, if the bytes are the same
    #[arg(long, value_name = "FILE.wav")]
    output: Option<PathBuf>,
    /// Replace the output if it is there
    #[arg(long)]
    force: bool,
}

/// Makes one prediction again.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut sidecar = read(&arguments.sidecar)?;
    if let Some(guide) = &arguments.guide_file {
        let Some(followed) = &mut sidecar.guide_file else {
            bail!("the answer followed its seed; leave out --guide-file");
        };
        followed.file = guide.display().to_string();
    }
    let expected = Expected::of(&arguments.sidecar, &sidecar);
    if expected.sha256.is_none() && arguments.output.is_none() {
        bail!(
            "{} does not say the prediction's SHA-256, and {} is not there to compare with; \
             choose an --output",
            arguments.sidecar.display(),
            expected.prediction.display()
        );
    }
    let model = arguments.model(&sidecar)?;
    let seed = arguments.seed(&sidecar)?;
    let output = arguments.destination(&model.name, &seed)?;
    let learned = arguments.learned_bytes()?;
    let learned = learned.as_ref().map(|(path, bytes)| (*path, &bytes[..]));
    let known = (&model.name[..], &model.bytes[..]);
    let mut replay = Replay::new(sidecar.clone(), known, learned, super::all_threads())
        .with_context(|| arguments.sidecar.display().to_string())?;

    let folder = tempfile::tempdir().context("no place for a prediction")?;
    let part = match &output {
        Some(output) => files::unpublished(output.path()),
        None => folder.path().join("answer.wav"),
    };
    let made = make(&mut replay, &seed, &part).and_then(|made| {
        let same = expected.compare(&made, &sidecar)?;
        if let Some(output) = &output {
            output.publish(&part)?;
        }
        Ok(same)
    });
    let said = made.inspect_err(|_| {
        // There may be nothing to remove.
        let _ = std::fs::remove_file(&part);
    })?;
    say!("{said}");
    if let Some(output) = output {
        say!("Wrote {}.", output.path().display());
    }
    Ok(())
}

/// Lets `replay` answer `seed` with the file `part`.
fn make(replay: &mut Replay, seed: &Path, part: &Path) -> anyhow::Result<Sidecar> {
    Ok(progress::shown(&mut None, |progress| {
        replay.answer(seed, part, progress)
    })??)
}

/// The sidecar in the file `path`.
fn read(path: &Path) -> anyhow::Result<Sidecar> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the sidecar {}", path.display()))?;
    Sidecar::parse(&text).map_err(|cause| {
        anyhow!(
            "{} is not the sidecar of a prediction ({cause}); choose the JSON file beside one",
            path.display()
        )
    })
}

impl Arguments {
    fn model(&self, sidecar: &Sidecar) -> anyhow::Result<ModelChoice> {
        let name = &sidecar.model.name;
        if let Some(asked) = &self.model {
            return ModelChoice::find(asked);
        }
        let is_it = |bytes: &[u8]| files::sha256(bytes) == sidecar.model.sha256;
        let found = ModelChoice::find(name);
        if found.as_ref().is_ok_and(|found| is_it(&found.bytes)) {
            return found;
        }
        // Perhaps by another name, or a file of a bundled one's name lies here.
        match bundled::MODELS.iter().find(|model| is_it(model.bytes)) {
            Some(model) => Ok(ModelChoice::bundled(model)),
            None => found.context("the model that answered is not found; give it with --model"),
        }
    }

    /// The seed, where it is now.
    fn seed(&self, sidecar: &Sidecar) -> anyhow::Result<PathBuf> {
        if let Some(seed) = &self.seed {
            return Ok(seed.clone());
        }
        let here = self.sidecar.parent().unwrap_or(Path::new(""));
        let is_it = |path: &PathBuf| {
            files::sha256_of(path).is_ok_and(|sha256| sha256 == sidecar.seed_sha256)
        };
        // A seed that was no WAV file is not in its set as it was.
        let theme = Some(here.join(THEME)).filter(is_it);
        // Of a prediction, of one in a set, of one in a set by a voice.
        let roots = ["..", "../..", "../../.."].map(|up| here.join(up));
        let of_root = |root: &PathBuf| [folders::DONE, folders::SEEDS].map(|name| root.join(name));
        let places = [here.to_owned()].into_iter();
        let places = places.chain(roots.iter().flat_map(of_root));
        let found: Vec<PathBuf> = theme
            .into_iter()
            .chain(places.flat_map(|folder| called(&sidecar.seed, &folder)))
            .collect();
        // One that is another will be named as that.
        let seed = found.iter().find(|path| is_it(path)).or(found.first());
        seed.cloned().ok_or_else(|| {
            anyhow!(
                "the seed {} is neither beside {} nor among the answered ones of a watched \
                 folder; give it with --seed",
                sidecar.seed,
                self.sidecar.display()
            )
        })
    }

    fn destination(&self, model: &str, seed: &Path) -> anyhow::Result<Option<Destination>> {
        let Some(output) = &self.output else {
            return Ok(None);
        };
        let mut inputs = vec![self.sidecar.as_path(), seed, Path::new(model)];
        inputs.extend(self.learned.as_deref());
        let output = Destination::new(output, self.force)?.apart_from(inputs)?;
        Ok(Some(output.called("a WAV file", &["wav", "wave"])?))
    }

    fn learned_bytes(&self) -> anyhow::Result<Option<(&Path, Vec<u8>)>> {
        let Some(path) = &self.learned else {
            return Ok(None);
        };
        let bytes = std::fs::read(path)
            .with_context(|| format!("cannot read what was learned, {}", path.display()))?;
        Ok(Some((path, bytes)))
    }
}

/// The files in `folder` that are the seed `name`, as it was called or with the number of
/// its job before that.
fn called(name: &str, folder: &Path) -> Vec<PathBuf> {
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let is_called = |found: &OsStr| {
        let found = readable(found);
        let numbered = found
            .split_once('-')
            .is_some_and(|(number, rest)| rest == name && number.parse::<u32>().is_ok());
        found == name || numbered
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| is_called(&entry.file_name()))
        .map(|entry| entry.path())
        .collect()
}

/// The prediction that should come out.
struct Expected {
    /// Where it is, if it still is.
    prediction: PathBuf,
    sha256: Option<String>,
    /// Whether the file there is not that prediction any more.
    was_changed: bool,
}

impl Expected {
    fn of(path: &Path, sidecar: &Sidecar) -> Expected {
        let prediction = path.with_extension("wav");
        let there = files::sha256_of(&prediction).ok();
        let said = sidecar.prediction_sha256.clone();
        Expected {
            was_changed: there.is_some() && said.is_some() && there != said,
            sha256: said.or(there),
            prediction,
        }
    }

    /// What to say of what was `made` as `sidecar` says.
    fn compare(&self, made: &Sidecar, sidecar: &Sidecar) -> anyhow::Result<String> {
        let differences: Vec<String> = differences(sidecar)
            .iter()
            .map(ToString::to_string)
            .collect();
        let but = differences.join(", ");
        let prediction = self.prediction.display();
        match (&self.sha256, &made.prediction_sha256) {
            (Some(expected), Some(sha256)) if expected != sha256 => match differences[..] {
                [] => bail!(
                    "not the bytes of {prediction}, though model, seed, build and processor are \
                     the same; please report it"
                ),
                _ => bail!("not the bytes of {prediction}, by the same model and seed, but {but}"),
            },
            (Some(_), _) => {
                let mut said = format!("The same bytes as {prediction}");
                if !differences.is_empty() {
                    said += &format!(", in spite of {but}");
                }
                said += ".";
                if self.was_changed {
                    said += " The file there is not what the sidecar says: it was changed since.";
                }
                Ok(said)
            }
            (None, _) => Ok(format!("{prediction} is not there to compare with.")),
        }
    }
}
