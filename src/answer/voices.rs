//! Voices in a folder, each a file that says what answers: loaded when a seed asks for
//! them, and again when their files have changed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::plan::{Plan, PlanError};
use super::voice::{ModelFile, Voice};
use super::wishes::Wishes;
use crate::system::stamp::Stamp;

/// A file is read when it has not changed for this long: whoever copies it writes more
/// often.
const REST: Duration = Duration::from_secs(1);
/// A file that goes on changing, or comes from the future, is read after this all the same.
const PATIENCE: Duration = Duration::from_secs(5);
/// How soon a file that has to rest is looked at again.
const LOOK: Duration = Duration::from_millis(50);
/// Bytes of memory that a model takes for each byte of its file: its weights as they are,
/// as its engine has them, and what they work on.
const MEMORY_OF_A_BYTE: u64 = 3;

/// Finds a model by its name, or says why not.
type Find = Box<dyn Fn(&str) -> Result<ModelFile, String> + Send>;

/// Voices that are loaded when they are needed, as many at once as memory allows.
pub struct Voices {
    folder: PathBuf,
    base: Wishes,
    find: Find,
    threads: usize,
    /// Bytes of memory that those which are held may take together.
    bound: u64,
    /// The one that answered last is the last.
    held: Vec<Held>,
}

struct Held {
    name: String,
    voice: Voice,
    files: Vec<PathBuf>,
    stamp: Option<Stamp>,
    bytes: u64,
}

impl Voices {
    /// Those in `folder`. Where a voice says nothing, `base` is asked of it, but for what
    /// belongs to the model that is named there.
    pub fn new(
        folder: &Path,
        base: Wishes,
        find: impl Fn(&str) -> Result<ModelFile, String> + Send + 'static,
        threads: usize,
        bound: u64,
    ) -> Voices {
        Voices {
            folder: folder.to_owned(),
            base,
            find: Box::new(find),
            threads,
            bound,
            held: Vec::new(),
        }
    }

    /// The voice called `name`, as its file says by now. One that changed into what cannot
    /// answer goes on as it was.
    ///
    /// # Errors
    /// Why it cannot answer, in a sentence.
    pub fn voice(&mut self, name: &str) -> Result<&mut Voice, String> {
        let held = match self.held.iter().position(|held| held.name == name) {
            Some(n) => self.up_to_date(n),
            None => {
                let held = self.load(name)?;
                self.make_room(held.bytes);
                held
            }
        };
        self.held.push(held);
        let last = self.held.len() - 1;
        Ok(&mut self.held[last].voice)
    }

    /// Takes the `n`th of those that are held, loaded again where its files have changed.
    fn up_to_date(&mut self, n: usize) -> Held {
        let mut held = self.held.remove(n);
        let now = Stamp::of_all(&held.files);
        if held.stamp == now {
            return held;
        }
        match self.load(&held.name) {
            Ok(other) => other,
            Err(reason) => {
                let name = &held.name;
                tracing::error!("the voice {name} goes on answering as it was: {reason}");
                // Only other files are worth another try.
                held.stamp = Stamp::of_all(&held.files);
                held
            }
        }
    }

    fn load(&self, name: &str) -> Result<Held, String> {
        let path = self.folder.join(format!("{name}.json"));
        wait_until_it_rests(&path);
        let stamped_before = Stamp::of(&path);
        let said = |what: String| format!("{}: {what}", path.display());
        let plan = Plan::read(&path).map_err(|error| said(error.to_string()))?;
        plan.models()
            .for_each(|model| wait_until_it_rests(Path::new(model)));
        let mut voice = self.build(name, &plan).map_err(said)?;
        voice.warm().map_err(|error| said(error.to_string()))?;
        let models = voice.model_files();
        let bytes = MEMORY_OF_A_BYTE * voice.model_bytes();
        let files: Vec<PathBuf> = [path.clone()].into_iter().chain(models).collect();
        tracing::info!("loaded the voice {name}");
        // What was written while it was loaded is loaded the next time.
        let stamp = Stamp::of_all(&files).filter(|_| stamped_before == Stamp::of(&path));
        Ok(Held {
            name: name.to_owned(),
            voice,
            stamp,
            files,
            bytes,
        })
    }

    fn build(&self, name: &str, plan: &Plan) -> Result<Voice, String> {
        let base = match plan.all.model {
            Some(_) => self.base.of_any_model(),
            None => self.base.clone(),
        };
        let voice = Voice::new(plan, &base, &self.find, self.threads);
        voice
            .map(|voice| voice.called(name))
            .map_err(|error| error.to_string())
    }

    /// Lets go of those that answered longest ago, until `bytes` more are in bounds.
    fn make_room(&mut self, bytes: u64) {
        let taken = |held: &[Held]| held.iter().map(|held| held.bytes).sum::<u64>();
        while !self.held.is_empty() && taken(&self.held) + bytes > self.bound {
            let oldest = self.held.remove(0);
            tracing::info!("the voice {} makes room in memory", oldest.name);
        }
    }
}

/// The plan of the voice in the file `path`, once whoever writes it has come to an end.
///
/// # Errors
/// Those of [`Plan::read`].
pub fn plan_of_voice(path: &Path) -> Result<Plan, PlanError> {
    wait_until_it_rests(path);
    Plan::read(path)
}

/// Whoever copies a file may be in the middle of it.
fn wait_until_it_rests(path: &Path) {
    let begun = std::time::Instant::now();
    while begun.elapsed() < PATIENCE && Stamp::of(path).is_some_and(|stamp| stamp.age() < REST) {
        std::thread::sleep(LOOK);
    }
}

/// Whether the voice in the file `path` can answer, by what it is and what models are
/// there: what it asks for, in words.
///
/// # Errors
/// Why it cannot, in a sentence.
pub fn check_voice(path: &Path, base: &Wishes, find: &super::FindModel) -> Result<String, String> {
    let plan = Plan::read(path).map_err(|error| error.to_string())?;
    let base = match plan.all.model {
        Some(_) => base.of_any_model(),
        None => base.clone(),
    };
    let mut voice = Voice::new(&plan, &base, find, 1).map_err(|error| error.to_string())?;
    voice.warm().map_err(|error| error.to_string())?;
    Ok(voice.in_words())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundled;

    fn bundled(name: &str) -> Result<ModelFile, String> {
        let model = bundled::find(name).ok_or_else(|| format!("no {name}"))?;
        Ok(ModelFile {
            name: name.to_owned(),
            bytes: model.bytes.into(),
        })
    }

    /// The names that are held after each of `asked` has been asked for.
    fn held(bound: u64, asked: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b"] {
            let path = folder.path().join(format!("{name}.json"));
            std::fs::write(&path, r#"{"model": "vector", "answer": "frozen"}"#).unwrap();
            let past = std::time::SystemTime::now() - REST;
            crate::files::set_time(&path, past).unwrap();
        }
        let mut voices = Voices::new(folder.path(), Wishes::default(), bundled, 1, bound);
        for name in asked {
            voices.voice(name).map(drop).unwrap();
        }
        voices.held.into_iter().map(|held| held.name).collect()
    }

    #[test]
    fn as_many_are_held_as_memory_allows_bundled_models_included() {
        let one = MEMORY_OF_A_BYTE * bundled("vector").unwrap().bytes.len() as u64;
        assert_eq!(held(2 * one, &["a", "b", "a"]), ["b", "a"]);
        assert_eq!(held(2 * one - 1, &["a", "b"]), ["b"]);
        assert_eq!(held(1, &["a", "b", "a"]), ["a"]);
    }
}
