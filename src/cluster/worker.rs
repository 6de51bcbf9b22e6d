//! Whoever answers seeds that came from elsewhere.

use std::cell::Cell;
use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::cache::Cache;
use super::error::ClusterError;
use super::job::{Brief, Job, VERSION, Word};
use super::names::{self, RESULTS, SEEDS};
use super::parcel::{Failure, Parcel, Place, Result as Outcome, unwritable};
use super::server::{Ear, Server, Taken};
use crate::answer::{
    AnswerError, Changes, Heard, ModelFile, Occasion, Plan, Sidecar, Step, Turn, Voice, Wishes,
};
use crate::files;
use crate::names::readable;
use crate::watch::NoAnswer;

/// How long a worker waits for a job before it asks for one again.
const ASKING: Duration = Duration::from_secs(5);
/// From one word on progress to the next.
const BETWEEN_WORDS: Duration = Duration::from_millis(100);
/// From one look whether anybody still wants the answer to the next.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// After this another worker, or the same, tries what this machine lacked something for.
const RETRY: Duration = Duration::from_secs(5);
/// An answer that goes on for so long after its deadline is stuck: another worker gets it.
const GRACE: Duration = Duration::from_secs(60);
/// Voices that are kept loaded.
const MOST_VOICES: usize = 4;

/// What a worker keeps to.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What it is called: its machine and process.
    pub name: String,
    /// Threads of its models.
    pub threads: usize,
    /// To so many workers a job is given before it fails.
    pub deliveries: u64,
    /// A folder for what is being worked on, of this worker alone.
    pub scratch: PathBuf,
}

/// Does jobs of `server` until `stop` is set, with models from `cache`. One that is not there
/// is waited for.
pub fn work(server: &Server, cache: &Cache, terms: &Terms, stop: &AtomicBool) {
    let mut worker = Worker {
        server,
        cache,
        terms,
        stop,
        voices: Vec::new(),
    };
    let mut told = String::new();
    while !stop.load(Ordering::Relaxed) {
        if !server.wait_for(Duration::from_millis(200)) {
            continue;
        }
        let done = match server.take(ASKING, stop) {
            Ok(Some(taken)) => worker.take_on(&taken),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => told.clear(),
            Err(error) => {
                let error = error.to_string();
                // That the server is away is told once, by the connection.
                if server.is_there() && error != told {
                    tracing::error!("{error}; trying again");
                    told = error;
                }
                std::thread::sleep(Duration::from_millis(200));
            }
        }
    }
}

struct Worker<'a> {
    server: &'a Server,
    cache: &'a Cache,
    terms: &'a Terms,
    stop: &'a AtomicBool,
    /// By what they were made of; the one that answered last is the last.
    voices: Vec<(String, Voice)>,
}

/// What became of a job here.
enum Done {
    Ended(Outcome),
    /// Nobody wants it any more.
    Unwanted,
    /// It is to be sent again: something that it needs is not on the server, or this worker
    /// is told to stop.
    Again(String),
    /// This machine lacks something.
    Machine(String),
}

impl Worker<'_> {
    /// Does the job that was `taken`, and sees to it that somebody knows of its end.
    fn take_on(&mut self, taken: &Taken) -> Result<(), ClusterError> {
        let id = &taken.id;
        // Nobody else can have done what was given to nobody before.
        if taken.delivered > 1 && self.server.has(RESULTS, id)? {
            return self.end(taken);
        }
        let scratch = Scratch::make(&self.terms.scratch)?;
        let place = scratch.place();
        let (mut heard, mut took) = (None, 0.0);
        let job = Job::parse(taken.job());
        let job = job.ok().filter(|job| job.brief.version == VERSION);
        let done = if taken.delivered > self.terms.deliveries {
            Done::Ended(Outcome::Failure(Failure::Seed(format!(
                "{} workers were given this seed, and each ended or went away in the middle of \
                 answering it; it is not tried again",
                self.terms.deliveries
            ))))
        } else if let Some(job) = &job {
            let deadline = Duration::from_secs(job.brief.deadline);
            let _alive = taken.stay_alive(deadline + GRACE);
            tracing::info!("job {} begins, the {}. time", short(id), taken.delivered);
            self.make(id, job, &scratch, &mut heard, &mut took)?
        } else {
            Done::Machine("the job is of another version of antiphon; let both be the same".into())
        };
        let outcome = match done {
            Done::Ended(outcome) => outcome,
            Done::Unwanted => {
                tracing::info!("job {} is not wanted any more", short(id));
                return taken.let_go();
            }
            Done::Again(why) => {
                tracing::info!("job {} is given back: {why}", short(id));
                taken.let_go()?;
                self.server.say(&names::progress(id), Word::Again.to_json());
                return Ok(());
            }
            Done::Machine(why) if taken.delivered < self.terms.deliveries => {
                tracing::error!("job {} is left to others: {why}", short(id));
                return taken.later(RETRY);
            }
            Done::Machine(why) => Outcome::Failure(Failure::Machine(why)),
        };
        let parcel = Parcel::new(&self.terms.name, took, heard, outcome, place)?;
        let deadline = job.map_or(0, |job| job.brief.deadline);
        let _alive = taken.stay_alive(Duration::from_secs(deadline) + GRACE);
        self.store(taken, &parcel, place)
    }

    /// Stores what came of a job, and acknowledges it then. While the server is away it is
    /// waited for: what was made is worth it.
    fn store(&self, taken: &Taken, parcel: &Parcel, place: Place) -> Result<(), ClusterError> {
        loop {
            let stored = self.try_to_store(taken, parcel, place);
            match stored {
                Err(error) if error.is_of_the_server() && !self.is_stopped() => {
                    tracing::debug!("{error}; trying again");
                    self.server.wait_for(RETRY);
                    std::thread::sleep(BETWEEN_WORDS);
                }
                stored => return stored,
            }
        }
    }

    fn try_to_store(
        &self,
        taken: &Taken,
        parcel: &Parcel,
        place: Place,
    ) -> Result<(), ClusterError> {
        // Somebody else may have done it meanwhile, and it may have been fetched.
        if !taken.is_wanted()? {
            tracing::info!("job {} was done by somebody else", short(&taken.id));
            return Ok(());
        }
        if taken.delivered == 1 || !self.server.has(RESULTS, &taken.id)? {
            self.server.put(RESULTS, &taken.id, parcel.reader(place))?;
        }
        let seconds = parcel.took;
        match &parcel.result {
            Outcome::Failure(failure) => {
                tracing::info!("job {} failed: {failure:?}", short(&taken.id));
            }
            _ => tracing::info!("job {} is done after {seconds:.2} s", short(&taken.id)),
        }
        self.end(taken)
    }

    fn end(&self, taken: &Taken) -> Result<(), ClusterError> {
        taken.done()?;
        self.server
            .say(&names::progress(&taken.id), Word::Ended.to_json());
        Ok(())
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Answers the seed of `job` in `scratch`; what was heard of it is `heard`, and the answer
    /// alone `took` so many seconds.
    fn make(
        &mut self,
        id: &str,
        job: &Job,
        scratch: &Scratch,
        heard: &mut Option<Heard>,
        took: &mut f64,
    ) -> Result<Done, ClusterError> {
        let brief = &job.brief;
        let Some(name) = brief.seed_name() else {
            let why = "its seed has a name that no file has on the worker's machine";
            return Ok(Done::Ended(Outcome::Failure(Failure::Seed(why.to_owned()))));
        };
        let seed = scratch.folder.join("seed").join(&name);
        let gathered = self.fetch_seed(job, &seed);
        let gathered = gathered.and_then(|()| {
            let mut guides = brief.guides.values();
            guides.try_for_each(|sha256| self.cache.bytes(self.server, sha256).map(drop))
        });
        match gathered.map_err(NotMade::from) {
            Ok(()) => {}
            Err(NotMade::Again(why)) => return Ok(Done::Again(why)),
            Err(NotMade::Machine(why)) => return Ok(Done::Machine(why)),
            Err(_) => return Ok(Done::Again("what it needs cannot be fetched".to_owned())),
        }
        let ear = self.server.listen(&names::cancel(id))?;
        let mut teller = Teller {
            worker: (self.server, self.stop),
            subject: names::progress(id),
            ear,
            heard,
            said: None,
            looked: Instant::now(),
            deadline: Instant::now() + Duration::from_secs(brief.deadline),
            end: None,
        };
        let begun = Instant::now();
        let answered = catch_unwind(AssertUnwindSafe(|| {
            self.answer(brief, &seed, scratch.place(), &mut teller)
        }));
        *took = begun.elapsed().as_secs_f64();
        let answered = answered.unwrap_or_else(|_| {
            // What it was in the middle of is not to be used again.
            self.voices.clear();
            Err(Failure::Seed(
                "antiphon made a mistake while answering this seed; please report it".to_owned(),
            )
            .into())
        });
        let text_of = |text: String| text.replace(&seed.display().to_string(), &readable(&name));
        Ok(match (answered, teller.end) {
            (Ok(outcome), _) => Done::Ended(outcome),
            (Err(NotMade::Stopped), Some(End::Cancelled)) => Done::Unwanted,
            (Err(NotMade::Stopped), Some(End::Deadline)) => {
                Done::Ended(Outcome::Failure(Failure::Seed(format!(
                    "no answer within {} seconds; ask for less, or allow more with --deadline",
                    brief.deadline
                ))))
            }
            (Err(NotMade::Stopped), _) => Done::Again("the worker stops".to_owned()),
            (Err(NotMade::Again(why)), _) => Done::Again(why),
            (Err(NotMade::Machine(why)), _) => Done::Machine(text_of(why)),
            (Err(NotMade::Failure(failure)), _) => Done::Ended(Outcome::Failure(match failure {
                Failure::Seed(text) => Failure::Seed(text_of(text)),
                Failure::Variation(text) => Failure::Variation(text_of(text)),
                other => other,
            })),
        })
    }

    fn fetch_seed(&self, job: &Job, seed: &Path) -> Result<(), ClusterError> {
        let folder = seed.parent().unwrap_or(seed);
        files::make_folder(folder).map_err(unwritable(folder))?;
        let mut file = File::create(seed).map_err(unwritable(seed))?;
        let mut hash = files::Hash::default();
        self.server.get(SEEDS, &job.seed_at, &mut |piece| {
            hash.update(piece);
            file.write_all(piece).map_err(unwritable(seed))
        })?;
        match hash.finish() == job.brief.seed_sha256 {
            true => Ok(()),
            false => {
                self.server.remove(SEEDS, &job.seed_at)?;
                Err(ClusterError::Gone {
                    bucket: SEEDS,
                    name: job.seed_at.clone(),
                })
            }
        }
    }

    /// Answers the file `seed`.
    fn answer(
        &mut self,
        brief: &Brief,
        seed: &Path,
        place: Place,
        teller: &mut Teller,
    ) -> Result<Outcome, NotMade> {
        let guides = self.guides(brief)?;
        let voice = self.voice(brief)?;
        voice.count_from(brief.only.unwrap_or(0));
        let occasion = Occasion {
            stream_of: brief.stream_of.clone(),
            longest_seed: brief.longest_seed,
        };
        if brief.only.is_some() || !voice.is_set() {
            let sidecar = voice
                .answer(seed, place.prediction, &occasion, &mut |step| {
                    teller.tell(step)
                })
                .map_err(|error| not_made(&error, brief.only.is_some()))?;
            return Ok(one(sidecar, &guides));
        }
        let set = voice
            .answer_with_set(seed, place.set, &occasion, &mut |turn: Turn| {
                teller.tell(turn.step)
            })
            .map_err(|error| not_made(&error, false))?;
        if !guides.is_empty() {
            call_guides_in(place.set, &guides).map_err(|error| {
                NotMade::Machine(format!("cannot write {}: {error}", place.set.display()))
            })?;
        }
        let made = set.variations.into_iter();
        Ok(Outcome::Set {
            seed_sha256: set.seed_sha256,
            variations: made
                .filter_map(|one| Some((one.file?, one.seconds?)))
                .collect(),
        })
    }

    /// Where the sounds that are followed are here, and what they are called elsewhere.
    fn guides(&self, brief: &Brief) -> Result<Vec<(PathBuf, String)>, NotMade> {
        let guides = brief.guides.iter().map(|(name, sha256)| {
            let path = self.cache.path_of(sha256);
            path.map(|path| (path, name.clone()))
                .map_err(|error| Failure::Seed(error.to_string()).into())
        });
        guides.collect()
    }

    /// The voice that `brief` describes, loaded and changed as it says. Models are fetched and
    /// read only where they are not loaded.
    fn voice(&mut self, brief: &Brief) -> Result<&mut Voice, NotMade> {
        let key = serde_json::to_vec(&(
            &brief.voice,
            &brief.plan,
            &brief.base,
            &brief.models,
            &brief.guides,
        ));
        let key = files::sha256(&key.unwrap_or_default());
        let (cache, server, trouble) = (self.cache, self.server, Cell::new(None));
        let find = |name: &str| {
            let sha256 = brief.models.get(name);
            let sha256 = sha256.ok_or(format!("the model {name} did not come with the job"))?;
            let bytes = cache.bytes(server, sha256).map_err(|error| {
                let text = error.to_string();
                trouble.set(Some(error));
                text
            })?;
            Ok(ModelFile {
                name: name.to_owned(),
                bytes,
            })
        };
        let known = self.voices.iter().position(|(known, _)| *known == key);
        let made = match known {
            Some(n) => Ok(self.voices.remove(n).1),
            None => self.load(brief, &find).map_err(Failure::Voice),
        };
        let made = made.and_then(|mut voice| {
            let changed = changes(&brief.changes)
                .and_then(|changes| voice.change(&changes, &find).map_err(|e| e.to_string()));
            changed.map(|()| voice).map_err(Failure::Changes)
        });
        let voice = match (made, trouble.take()) {
            (Ok(voice), _) => voice,
            // What could not be fetched is no fault of the voice.
            (Err(_), Some(error)) => return Err(error.into()),
            (Err(failure), None) => return Err(failure.into()),
        };
        if self.voices.len() == MOST_VOICES {
            self.voices.remove(0);
        }
        self.voices.push((key, voice));
        let last = self.voices.len() - 1;
        Ok(&mut self.voices[last].1)
    }

    fn load(
        &self,
        brief: &Brief,
        find: &dyn Fn(&str) -> Result<ModelFile, String>,
    ) -> Result<Voice, String> {
        let mut plan = Plan::parse(&brief.plan.to_string()).map_err(|error| error.to_string())?;
        let mut base = Wishes::parse(brief.base.clone()).map_err(|error| error.to_string())?;
        let wishes = plan.variations.iter_mut().flatten();
        for wishes in wishes.chain([&mut plan.all, &mut base]) {
            let Some(guide) = &mut wishes.guide_file else {
                continue;
            };
            // A file of this machine is nobody's business who sends jobs.
            let sha256 = guide.to_str().and_then(|name| brief.guides.get(name));
            let sha256 = sha256.ok_or("a sound that it follows did not come with the job")?;
            let path = self.cache.path_of(sha256);
            *guide = path.map_err(|error| error.to_string())?;
        }
        let voice = Voice::new(&plan, &base, find, self.terms.threads);
        let mut voice = voice.map_err(|error| error.to_string())?;
        if let Some(name) = &brief.voice {
            voice = voice.called(name);
        }
        voice.warm().map_err(|error| error.to_string())?;
        Ok(voice)
    }
}

fn changes(values: &Map<String, Value>) -> Result<Changes, String> {
    Changes::of(values.clone()).map_err(|error| error.to_string())
}

/// Why no answer was made.
enum NotMade {
    Stopped,
    /// Something that it needs is not on the server.
    Again(String),
    Machine(String),
    Failure(Failure),
}

impl From<ClusterError> for NotMade {
    /// Something that an answer needs could not be fetched.
    fn from(error: ClusterError) -> NotMade {
        match error {
            ClusterError::Unwritable { .. } | ClusterError::Unreadable { .. } => {
                NotMade::Machine(error.to_string())
            }
            other => NotMade::Again(other.to_string()),
        }
    }
}

impl From<Failure> for NotMade {
    fn from(failure: Failure) -> NotMade {
        NotMade::Failure(failure)
    }
}

/// Why there is no answer, where `error` says so of one that may be one of several.
fn not_made(error: &AnswerError, is_one_of_several: bool) -> NotMade {
    if is_one_of_several && error.is_of_one_answer() {
        return Failure::Variation(error.to_string()).into();
    }
    match NoAnswer::from(error) {
        NoAnswer::Stopped => NotMade::Stopped,
        NoAnswer::Seed(text) => Failure::Seed(text).into(),
        NoAnswer::Machine(text) => NotMade::Machine(text),
        // Of the copy here.
        NoAnswer::Gone | NoAnswer::Unfinished => NotMade::Machine(error.to_string()),
    }
}

fn one(sidecar: Sidecar, guides: &[(PathBuf, String)]) -> Outcome {
    Outcome::Prediction {
        seed_sha256: sidecar.seed_sha256.clone(),
        seconds: sidecar.lasts,
        sidecar: with_names(&sidecar.to_json(), guides),
    }
}

/// `json` with the names that guides have where they came from.
fn with_names(json: &str, guides: &[(PathBuf, String)]) -> String {
    let text = |name: &str| Value::from(name).to_string();
    guides.iter().fold(json.to_owned(), |json, (path, name)| {
        json.replace(&text(&path.display().to_string()), &text(name))
    })
}

/// Calls guides in all that is said of the set in `folder` as they are called where they came
/// from.
fn call_guides_in(folder: &Path, guides: &[(PathBuf, String)]) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let json = std::fs::read_to_string(&path)?;
            files::overwrite(&path, with_names(&json, guides).as_bytes())?;
        }
    }
    Ok(())
}

/// Why an answer was stopped.
#[derive(Clone, Copy)]
enum End {
    Cancelled,
    Deadline,
    Told,
}

/// Tells whoever waits how an answer gets on.
struct Teller<'a> {
    worker: (&'a Server, &'a AtomicBool),
    subject: String,
    ear: Ear<'a>,
    heard: &'a mut Option<Heard>,
    said: Option<Instant>,
    looked: Instant,
    deadline: Instant,
    end: Option<End>,
}

impl Teller<'_> {
    fn tell(&mut self, step: Step) -> ControlFlow<()> {
        let (server, stop) = self.worker;
        let now = Instant::now();
        let is_due = match step {
            Step::Heard(heard) => {
                *self.heard = Some(heard);
                true
            }
            Step::Share(_) => self.said.is_none_or(|said| now - said >= BETWEEN_WORDS),
            Step::Waiting => false,
        };
        if is_due {
            self.said = Some(now);
            server.say(&self.subject, Word::Step(step).to_json());
        }
        if now - self.looked >= BETWEEN_LOOKS {
            self.looked = now;
            if self.ear.hear(Duration::ZERO).is_some() {
                self.end = Some(End::Cancelled);
            }
        }
        if now > self.deadline {
            self.end = self.end.or(Some(End::Deadline));
        }
        if stop.load(Ordering::Relaxed) {
            self.end = self.end.or(Some(End::Told));
        }
        match self.end {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    }
}

/// A folder for one job, which goes with it.
struct Scratch {
    folder: PathBuf,
    prediction: PathBuf,
    set: PathBuf,
}

impl Scratch {
    fn make(folder: &Path) -> Result<Scratch, ClusterError> {
        // Whatever was there is of an earlier job.
        files::remove_tree(folder).map_err(unwritable(folder))?;
        files::make_folder(folder).map_err(unwritable(folder))?;
        Ok(Scratch {
            prediction: folder.join("prediction.wav"),
            set: folder.join("set"),
            folder: folder.to_owned(),
        })
    }

    fn place(&self) -> Place<'_> {
        Place {
            prediction: &self.prediction,
            set: &self.set,
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left is removed before the next job.
        let _ = files::remove_tree(&self.folder);
    }
}

/// Enough of a job's name to find it in a log.
fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
