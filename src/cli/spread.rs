//! A plan spread over workers elsewhere: each variation is a job, and the set appears when
//! all of them are here.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};

use super::nats_options::LoginOptions;
use super::progress::{self, ProgressFile};
use super::shelf::{Named, Shelf};
use crate::answer::{Plan, SetNotes, Sidecar, Step, Turn, Voice, Wishes, file_of_variation};
use crate::cluster::{Asked, Brief, Client, Failure, Place, Wanted, WorkResult};
use crate::destination::FolderDestination;
use crate::files;

/// Seconds that a worker may take for one variation.
const DEADLINE: u64 = 1_000_000;
/// How often whoever watches is told how far it is.
const BETWEEN_WORDS: Duration = Duration::from_millis(100);
/// Where it is written why a variation could not be made.
const REASON: &str = "failed";

/// Has variations made by workers.
#[derive(Clone, clap::Args)]
pub struct SpreadOptions {
    /// Have the variations made by the workers of this NATS server (nats://HOST:4222): antiphon
    /// worker is run on other machines. What is interrupted goes on when the same is asked
    /// again
    #[arg(long, value_name = "URL")]
    pub nats: Option<String>,
    /// Variations that are sent or being made at the same time
    #[arg(long, default_value_t = 64, value_name = "N", requires = "nats", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: u16,
    #[command(flatten)]
    login: LoginOptions,
}

/// What is asked of the workers.
pub struct Spread<'a> {
    /// As it would be made here.
    pub voice: Voice,
    pub plan: Plan,
    pub base: Wishes,
    pub seed: &'a Path,
    pub output: &'a FolderDestination,
}

/// All variations, and where they are gathered.
struct Gathering<'a> {
    client: Client,
    shelf: Shelf,
    named: Named,
    plan: Plan,
    base: Wishes,
    seed: &'a Path,
    output: &'a FolderDestination,
    sha256: String,
    /// What all of it is known by.
    id: String,
    folder: PathBuf,
    count: usize,
}

impl Spread<'_> {
    /// Has the set made by the workers of the server at `url`.
    pub fn make(
        self,
        url: &str,
        options: &SpreadOptions,
        file: &mut Option<ProgressFile>,
    ) -> anyhow::Result<SetNotes> {
        let shelf = Shelf::default();
        let named = shelf.named(&self.plan, &self.base, None);
        let named = named.map_err(|what| anyhow!(what))?;
        let sha256 = files::sha256_of(self.seed)
            .with_context(|| format!("cannot read {}", self.seed.display()))?;
        let server = options.login.server(url, "generate")?;
        if !server.wait_for(Duration::from_secs(5)) {
            tracing::warn!("the NATS server at {} is not there; waiting", server.url());
        }
        let mut gathering = Gathering {
            client: Client::new(server),
            shelf,
            named,
            count: self.voice.count(),
            plan: self.plan,
            base: self.base,
            seed: self.seed,
            output: self.output,
            sha256,
            id: String::new(),
            folder: PathBuf::new(),
        };
        gathering.id = gathering.whole().id();
        gathering.folder = gathering.place_of_parts();
        gathering.run(self.voice, usize::from(options.jobs), file)
    }
}

impl Gathering<'_> {
    /// What is asked of all variations.
    fn whole(&self) -> Brief {
        let name = self.seed.file_name().unwrap_or_default();
        Brief {
            plan: self.plan.to_json(),
            base: self.base.to_map(),
            models: self.named.models.clone(),
            guides: self.named.guides.clone(),
            deadline: DEADLINE,
            ..Brief::new(name, self.sha256.clone())
        }
    }

    /// What is asked of the `n`th, counted from 0.
    fn brief(&self, n: usize) -> Brief {
        let plan = &self.plan;
        let own = plan.variations.as_ref().and_then(|all| all.get(n));
        let one = Plan {
            all: plan.all.clone(),
            variations: Some(vec![own.cloned().unwrap_or_default()]),
            slices: None,
        };
        Brief {
            plan: one.to_json(),
            only: Some(n),
            ..self.whole()
        }
    }

    /// A hidden folder beside the output, the same whenever the same is asked.
    fn place_of_parts(&self) -> PathBuf {
        let output = self.output.path();
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        output.with_file_name(format!(".{name}.{}.parts", &self.id[..12]))
    }

    fn path_of(&self, n: usize, extension: &str) -> PathBuf {
        let name = file_of_variation(n, self.count, extension);
        self.folder.join(name)
    }

    /// Has all made that is not here, at most `jobs` at a time, and the set of them.
    fn run(
        self,
        voice: Voice,
        jobs: usize,
        file: &mut Option<ProgressFile>,
    ) -> anyhow::Result<SetNotes> {
        files::make_folder(&self.folder)
            .with_context(|| format!("cannot make the folder {}", self.folder.display()))?;
        let missing: Vec<usize> = (0..self.count).filter(|n| !self.is_here(*n)).collect();
        let here = self.count - missing.len();
        if here > 0 {
            tracing::info!("{here} of {} variations are here already", self.count);
        }
        let stop = AtomicBool::new(false);
        let made = progress::shown_in_turn(file, |tell| {
            self.make_all(&missing, jobs, &stop, &mut |made, share| {
                let step = Step::Share((here as f64 + share) / self.count as f64);
                let number = (here + made + 1).min(self.count);
                let of = self.count;
                tell(Turn { number, of, step })
            })
        })?;
        if let Err(error) = made {
            let made = (0..self.count).filter(|n| self.is_here(*n)).count();
            return Err(error.context(format!(
                "{made} of {} variations are made; the same command goes on with them, and {} holds \
                 them until then",
                self.count,
                self.folder.display()
            )));
        }
        self.client.forget_seed(&self.id);
        self.gather(&voice)
    }

    /// Whether the `n`th is here in full, or it is known that it cannot be made.
    fn is_here(&self, n: usize) -> bool {
        if self.path_of(n, REASON).is_file() {
            return true;
        }
        let Ok(sidecar) = self.sidecar(n) else {
            return false;
        };
        let there = files::sha256_of(&self.path_of(n, "wav")).ok();
        there.is_some() && there == sidecar.prediction_sha256
    }

    fn sidecar(&self, n: usize) -> anyhow::Result<Sidecar> {
        let path = self.path_of(n, "json");
        let read = || format!("cannot read {}", path.display());
        let json = std::fs::read_to_string(&path).with_context(read)?;
        Sidecar::parse(&json).with_context(read)
    }

    /// Makes those of the numbers `missing`. `tell` hears how many are made and, in
    /// variations, how far all are, and may stop it.
    fn make_all(
        &self,
        missing: &[usize],
        jobs: usize,
        stop: &AtomicBool,
        tell: &mut dyn FnMut(usize, f64) -> ControlFlow<()>,
    ) -> anyhow::Result<()> {
        let next = AtomicUsize::new(0);
        let (said, heard) = mpsc::channel::<(usize, f64)>();
        thread::scope(|scope| {
            let threads: Vec<_> = (0..jobs.min(missing.len()))
                .map(|_| {
                    let said = said.clone();
                    let next = &next;
                    scope.spawn(move || -> anyhow::Result<()> {
                        while let Some(n) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                            let made = self.make_one(*n, stop, &said);
                            // What is wrong with one is wrong with all that are left.
                            made.inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
                        }
                        Ok(())
                    })
                })
                .collect();
            drop(said);
            let (mut shares, mut made) = (BTreeMap::new(), 0);
            let mut is_open = true;
            while is_open {
                match heard.recv_timeout(BETWEEN_WORDS) {
                    Ok((n, share)) if share >= 1.0 => {
                        shares.remove(&n);
                        made += 1;
                    }
                    Ok((n, share)) => drop(shares.insert(n, share)),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => is_open = false,
                }
                let share = made as f64 + shares.values().sum::<f64>();
                if tell(made, share).is_break() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
            let mut first = Ok(());
            for thread in threads {
                let ended = thread.join();
                let ended = ended.unwrap_or_else(|_| bail!("antiphon made a mistake"));
                // That it was stopped follows from what went wrong before.
                match (&first, ended) {
                    (Ok(()), Err(error)) => first = Err(error),
                    (Err(known), Err(error)) if known.is::<Stopped>() => first = Err(error),
                    _ => {}
                }
            }
            first
        })
    }

    /// Has the `n`th made.
    fn make_one(
        &self,
        n: usize,
        stop: &AtomicBool,
        said: &Sender<(usize, f64)>,
    ) -> anyhow::Result<()> {
        let brief = self.brief(n);
        let id = brief.id();
        let output = self.path_of(n, "wav");
        let wanted = Wanted {
            brief: &brief,
            seed: self.seed,
            seed_at: &self.id,
            place: Place {
                prediction: &output,
                // None is asked for.
                set: &self.folder.join("set"),
            },
            supplies: &self.shelf,
            // Whoever goes on with it finds what was made meanwhile.
            is_left: &|| true,
        };
        let asked = self.client.ask(&wanted, &mut |step| {
            if let Step::Share(share) = step {
                // Whoever listened is gone only when all threads are.
                let _ = said.send((n, share.min(0.99)));
            }
            match stop.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        let parcel = match asked {
            Asked::Ended(parcel) => parcel,
            Asked::Stopped => return Err(Stopped.into()),
            Asked::Lacks(what) => bail!(what),
            Asked::Changed => bail!("{} has changed meanwhile", self.seed.display()),
        };
        let write = |extension, text: &str| {
            let path = self.path_of(n, extension);
            files::write_atomically(&path, text.as_bytes())
                .with_context(|| format!("cannot write {}", path.display()))
        };
        match parcel.result {
            WorkResult::Prediction { sidecar, .. } => write("json", &sidecar)?,
            WorkResult::Failure(Failure::Variation(text)) => {
                tracing::warn!("variation {}: {text}", n + 1);
                write(REASON, &text)?;
            }
            WorkResult::Failure(failure) => {
                self.client.forget(&id);
                bail!(failure.into_text());
            }
            WorkResult::Set { .. } => bail!("a worker made a set where one answer was asked for"),
        }
        self.client.forget(&id);
        let _ = said.send((n, 1.0));
        Ok(())
    }

    /// Makes the set of what is here, and moves it to where it was asked for.
    fn gather(self, voice: &Voice) -> anyhow::Result<SetNotes> {
        let mut last_reason = None;
        let mut answered = (0..self.count).map(|n| {
            let reason = std::fs::read_to_string(self.path_of(n, REASON)).ok();
            let reason = reason.inspect(|reason| last_reason = Some(reason.clone()));
            match reason {
                Some(reason) => Err(reason),
                None => self.sidecar(n).map_err(|error| format!("{error:#}")),
            }
        });
        let gathered = voice.gather_set(self.seed, &self.folder, &mut answered);
        let notes = match (gathered, last_reason) {
            (Ok(notes), _) => notes,
            (Err(crate::answer::AnswerError::NoVariations), Some(reason)) => {
                let _ = files::remove_tree(&self.folder);
                bail!(reason);
            }
            (Err(error), _) => return Err(error.into()),
        };
        for n in 0..self.count {
            let path = self.path_of(n, REASON);
            files::remove(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        self.output.publish(&self.folder)?;
        Ok(notes)
    }
}

/// Somebody stopped it.
#[derive(Debug, thiserror::Error)]
#[error("it was stopped")]
struct Stopped;
