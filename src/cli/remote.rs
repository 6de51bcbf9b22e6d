//! What answers the seeds of a watched folder elsewhere: as the voices that its options and
//! `voices/` describe would here.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::answerer::VoiceSource;
use super::shelf::Shelf;
use crate::answer::{Changes, Plan, Settings, Step, Wishes, plan_of_voice};
use crate::cluster::{
    Asked, Brief, Client, ClusterError, Failure, Parcel, Place, Wanted, WorkResult,
};
use crate::files;
use crate::system::stamp::Stamp;
use crate::watch::{Answer, AnswerSource, Answers, Made, NoAnswer, Order, VariationMade};

/// How often it is found out whether answers can be made.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// Where those come from who have seeds answered elsewhere.
pub struct RemoteSource {
    voices: VoiceSource,
    settings: Settings,
    client: Client,
    /// Seconds after which a worker gives up an answer.
    deadline: u64,
    stop: OnceLock<Arc<AtomicBool>>,
    /// What is known of the files that jobs need, as they were at this moment.
    shelf: Mutex<(Option<Stamp>, Arc<Shelf>)>,
    lacking: Mutex<Option<String>>,
    itself: Weak<RemoteSource>,
}

impl RemoteSource {
    /// Has what `voices` describe answer at `client`, which gives up after `deadline`
    /// seconds, with `settings` that may change.
    pub fn new(
        voices: VoiceSource,
        settings: Settings,
        client: Client,
        deadline: u64,
    ) -> Result<Arc<RemoteSource>, String> {
        let shelf = (voices.stamp(), Arc::new(Shelf::keeping(&voices.model)?));
        Ok(Arc::new_cyclic(|itself| RemoteSource {
            voices,
            settings,
            client,
            deadline,
            stop: OnceLock::new(),
            shelf: Mutex::new(shelf),
            lacking: Mutex::default(),
            itself: itself.clone(),
        }))
    }

    /// So many who send jobs, until `stop` is set: then jobs are left to those who do them.
    pub fn hire(self: &Arc<Self>, jobs: u16, stop: &Arc<AtomicBool>) -> Vec<Box<dyn Answers>> {
        let _ = self.stop.set(Arc::clone(stop));
        let looking = Arc::clone(self);
        // It ends with the process.
        thread::spawn(move || looking.look_for_ever());
        let shelf = self.shelf();
        let one = |_| Box::new(Remote::new(self, &shelf)) as Box<dyn Answers>;
        (0..jobs).map(one).collect()
    }

    fn look_for_ever(&self) {
        let mut before = None;
        loop {
            let now = self.client.lacking();
            // What is seen once may be over by now: somebody is between two jobs, say.
            let is_lasting = now == before;
            *self.lacking.lock().unwrap_or_else(PoisonError::into_inner) =
                now.clone().filter(|_| is_lasting);
            before = now;
            thread::sleep(BETWEEN_LOOKS);
        }
    }

    fn shelf(&self) -> Arc<Shelf> {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&shelf.1)
    }

    fn is_stopping(&self) -> bool {
        let stop = self.stop.get();
        stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }
}

impl AnswerSource for RemoteSource {
    fn load(&self) -> Result<Box<dyn Answers>, String> {
        let stamp = self.voices.stamp();
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if shelf.0 != stamp {
            // One for all: whether the model answers is found out once.
            let checked = self.voices.answerer();
            checked.map_err(|error| format!("{error:#}"))?;
            *shelf = (stamp, Arc::new(Shelf::keeping(&self.voices.model)?));
        }
        let itself = self.itself.upgrade().ok_or("antiphon stops")?;
        Ok(Box::new(Remote::new(&itself, &shelf.1)))
    }

    fn stamp(&self) -> Option<Stamp> {
        self.voices.stamp()
    }

    fn lacking(&self) -> Option<String> {
        let lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        lacking.clone()
    }
}

/// Has one seed at a time answered elsewhere.
struct Remote {
    source: Arc<RemoteSource>,
    shelf: Arc<Shelf>,
    /// The job whose result is on the server until it is published.
    last: Option<String>,
}

/// Who answers, as jobs say it, and what a failure of it is called.
struct Asking {
    brief: Brief,
    /// Of a voice with a name: that, and its file.
    voice: Option<(String, String)>,
}

impl Remote {
    fn new(source: &Arc<RemoteSource>, shelf: &Arc<Shelf>) -> Remote {
        Remote {
            source: Arc::clone(source),
            shelf: Arc::clone(shelf),
            last: None,
        }
    }

    /// The job that `order` asks for.
    fn asking(&self, order: &Order) -> Result<Asking, NoAnswer> {
        let wrong = |error: &dyn std::fmt::Display| NoAnswer::Seed(error.to_string());
        let own = Changes::of(order.asked.clone()).map_err(|error| wrong(&error))?;
        let (chosen, settings) = self.source.settings.now();
        let (name, settings) = match order.voice {
            Some(name) => (Some(name.to_owned()), Changes::default()),
            None => (chosen, settings),
        };
        let changes = own.over(&settings).map_err(|error| wrong(&error))?;
        let voices = &self.source.voices;
        let base = voices.options.wishes(Some(&voices.model));
        let (plan, base, voice) = match &name {
            Some(name) => self.voice(name, base)?,
            None => {
                let plan = voices.options.plan();
                let plan = plan.map_err(|error| NoAnswer::Seed(format!("{error:#}")))?;
                (plan, base, None)
            }
        };
        let named = self.shelf.named(&plan, &base, changes.model.as_deref());
        let named = named.map_err(|what| match &name {
            Some(name) => NoAnswer::Seed(format!("the voice {name} cannot answer: {what}")),
            None => NoAnswer::Seed(what),
        })?;
        let sha256 = files::sha256_of(order.seed).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => NoAnswer::Gone,
            _ => NoAnswer::Machine(format!("cannot read {}: {error}", order.seed.display())),
        })?;
        let file = order.seed.file_name().unwrap_or_default();
        Ok(Asking {
            brief: Brief {
                voice: name,
                plan: plan.to_json(),
                base: base.to_map(),
                changes: changes.to_map(),
                models: named.models,
                guides: named.guides,
                stream_of: Some(order.stream_of.to_owned()),
                longest_seed: order.longest_seed,
                deadline: self.source.deadline,
                ..Brief::new(file, sha256)
            },
            voice,
        })
    }

    /// Plan and wishes of the voice called `name`, as its file says by now.
    #[expect(clippy::type_complexity)] // what is asked of a voice, and what it is called
    fn voice(
        &self,
        name: &str,
        base: Wishes,
    ) -> Result<(Plan, Wishes, Option<(String, String)>), NoAnswer> {
        let path = self.source.voices.voices.join(format!("{name}.json"));
        let file = path.display().to_string();
        let plan = plan_of_voice(&path).map_err(|error| {
            NoAnswer::Seed(format!("the voice {name} cannot answer: {file}: {error}"))
        })?;
        let base = match plan.all.model {
            Some(_) => base.of_any_model(),
            None => base,
        };
        Ok((plan, base, Some((name.to_owned(), file))))
    }
}

impl Answers for Remote {
    fn answer(
        &mut self,
        order: &Order,
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Answer, NoAnswer> {
        let begun = Instant::now();
        let asking = self.asking(order)?;
        let id = asking.brief.id();
        let source = Arc::clone(&self.source);
        let wanted = Wanted {
            brief: &asking.brief,
            seed: order.seed,
            seed_at: &id,
            place: Place {
                prediction: order.prediction,
                set: order.set,
            },
            supplies: &*self.shelf,
            is_left: &|| source.is_stopping(),
        };
        self.last = Some(id.clone());
        match self.source.client.ask(&wanted, tell) {
            Ok(Asked::Ended(parcel)) => {
                let on_the_way = begun.elapsed().as_secs_f64() - parcel.took;
                tracing::info!(
                    "{} took {:.3} s for {}, which was {on_the_way:.3} s on the way",
                    parcel.by,
                    parcel.took,
                    seed_name(order.seed)
                );
                asking.answer(*parcel)
            }
            Ok(Asked::Stopped) => Err(NoAnswer::Stopped),
            Ok(Asked::Changed) => Err(NoAnswer::Unfinished),
            Ok(Asked::Lacks(what)) => Err(NoAnswer::Machine(what)),
            Err(error @ ClusterError::TooLong { .. }) => Err(NoAnswer::Seed(error.to_string())),
            Err(error) => Err(NoAnswer::Machine(error.to_string())),
        }
    }

    fn settled(&mut self) {
        if let Some(id) = self.last.take() {
            self.source.client.forget(&id);
            self.source.client.forget_seed(&id);
        }
    }
}

fn seed_name(seed: &Path) -> String {
    crate::names::readable(seed.file_name().unwrap_or_default())
}

impl Asking {
    fn answer(&self, parcel: Parcel) -> Result<Answer, NoAnswer> {
        match parcel.result {
            WorkResult::Prediction {
                seed_sha256,
                sidecar,
                seconds,
            } => Ok(Answer {
                seed_sha256,
                made: Made::Prediction { sidecar, seconds },
            }),
            WorkResult::Set {
                seed_sha256,
                variations,
            } => {
                let made = variations.into_iter();
                let made = made.map(|(file, seconds)| VariationMade { file, seconds });
                Ok(Answer {
                    seed_sha256,
                    made: Made::Set {
                        variations: made.collect(),
                    },
                })
            }
            WorkResult::Failure(failure) => Err(self.failed(failure)),
        }
    }

    fn failed(&self, failure: Failure) -> NoAnswer {
        NoAnswer::Seed(match (failure, &self.voice) {
            (Failure::Machine(text), _) => return NoAnswer::Machine(text),
            (Failure::Voice(text), Some((name, file))) => {
                format!("the voice {name} cannot answer: {file}: {text}")
            }
            (Failure::Changes(text), Some((name, _))) => {
                format!("the voice {name} cannot answer: {text}")
            }
            (
                Failure::Seed(text)
                | Failure::Variation(text)
                | Failure::Voice(text)
                | Failure::Changes(text),
                _,
            ) => text,
        })
    }
}
