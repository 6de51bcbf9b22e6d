//! The workers: threads that answer one seed at a time each, or some together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::answers::Answers;
use super::company::work_together;
use super::job::{Job, Outcome, Stop};
use super::remote::Which;
use super::spool::Spool;
use super::worker::Terms;
use super::{Message, OnEvent};

/// Threads that answer seeds until they are dismissed.
pub struct Crew {
    workers: Vec<Worker>,
    stop: Arc<AtomicBool>,
}

struct Worker {
    orders: Sender<Instruction>,
    busy: Option<Busy>,
    thread: JoinHandle<Box<dyn Answers>>,
}

/// What a worker is doing.
struct Busy {
    /// Jobs that are not finished, and whether each is not wanted any more.
    jobs: Vec<(i32, Arc<AtomicBool>)>,
    since: Instant,
    /// How many jobs it answers, those that are finished as well.
    count: usize,
}

enum Instruction {
    Work(Vec<(Job, Stop)>),
    /// Answer with this from now on.
    Take(Box<dyn Answers>),
}

impl Crew {
    /// One thread for each of `answerers`. They tell `messages` what they have
    /// finished and `on_event` how they get on, and stop in the middle of it when
    /// `stop` is set.
    pub fn hire(
        answerers: Vec<Box<dyn Answers>>,
        spool: &Arc<Spool>,
        terms: &Terms,
        (messages, on_event): (&Sender<Message>, &OnEvent),
        stop: &Arc<AtomicBool>,
    ) -> Crew {
        let hire = |(number, mut answers): (usize, Box<dyn Answers>)| {
            let (orders, inbox): (Sender<Instruction>, Receiver<Instruction>) = mpsc::channel();
            let spool = Arc::clone(spool);
            let (terms, messages) = (terms.clone(), messages.clone());
            let on_event = Arc::clone(on_event);
            let thread = std::thread::spawn(move || {
                for order in inbox {
                    match order {
                        Instruction::Take(other) => answers = other,
                        Instruction::Work(jobs) => {
                            let mut finished = |job, outcome| {
                                let finished = Message::Finished {
                                    worker: number,
                                    job,
                                    outcome,
                                };
                                // A closed channel means that nobody waits for it.
                                let _ = messages.send(finished);
                            };
                            let (answers, tell) = (answers.as_mut(), &*on_event);
                            work_together(&spool, answers, &terms, jobs, tell, &mut finished);
                        }
                    }
                }
                answers
            });
            Worker {
                orders,
                busy: None,
                thread,
            }
        };
        Crew {
            workers: answerers.into_iter().enumerate().map(hire).collect(),
            stop: Arc::clone(stop),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.workers.len()
    }

    /// A worker that has nothing to do.
    pub fn idle(&self) -> Option<usize> {
        self.workers.iter().position(|w| w.busy.is_none())
    }

    /// How many have nothing to do.
    pub fn count_idle(&self) -> usize {
        self.workers.iter().filter(|w| w.busy.is_none()).count()
    }

    /// Has `worker` answer the first of `jobs`, and as many of the others with it as cost
    /// less together.
    pub fn give(&mut self, worker: usize, jobs: Vec<Job>) {
        let stop = |job| {
            let stop = Stop {
                all: Arc::clone(&self.stop),
                this: Arc::default(),
                silent: Arc::default(),
            };
            (job, stop)
        };
        let jobs: Vec<(Job, Stop)> = jobs.into_iter().map(stop).collect();
        let given = |(job, stop): &(Job, Stop)| (job.claim.id(), Arc::clone(&stop.this));
        let worker = &mut self.workers[worker];
        worker.busy = Some(Busy {
            jobs: jobs.iter().map(given).collect(),
            since: Instant::now(),
            count: jobs.len(),
        });
        // A worker's thread lives until it is dismissed.
        let _ = worker.orders.send(Instruction::Work(jobs));
    }

    /// `worker` has told that the job `id` has come to this `outcome`; whether it was not
    /// wanted any more.
    pub fn finished(&mut self, worker: usize, id: i32, outcome: &Outcome) -> bool {
        let worker = &mut self.workers[worker];
        let Some(busy) = &mut worker.busy else {
            return false;
        };
        let mut finished = busy.jobs.extract_if(.., |(own, _)| *own == id);
        let is_cancelled = finished.any(|(_, cancelled)| cancelled.load(Ordering::Relaxed));
        drop(finished);
        busy.count -= usize::from(*outcome == Outcome::Waits);
        if busy.jobs.is_empty() {
            worker.busy = None;
        }
        is_cancelled
    }

    /// Has whoever is doing `which` stop it; how many jobs that are.
    pub fn cancel(&self, which: Which) -> usize {
        let busy = self.workers.iter().filter_map(|w| w.busy.as_ref());
        let jobs = busy.flat_map(|busy| &busy.jobs);
        let meant = jobs.filter(|(id, _)| which.means(*id));
        meant
            .map(|(_, cancelled)| cancelled.store(true, Ordering::Relaxed))
            .count()
    }

    /// Has everybody answer with one of `answerers` from the next seed on.
    pub fn exchange(&mut self, answerers: Vec<Box<dyn Answers>>) {
        for (worker, answers) in self.workers.iter().zip(answerers) {
            let _ = worker.orders.send(Instruction::Take(answers));
        }
    }

    /// Whether somebody has been busy for longer than `deadline` for each of the jobs, and
    /// `grace` beyond.
    pub fn is_stuck(&self, deadline: Duration, grace: Duration) -> bool {
        let mut busy = self.workers.iter().filter_map(|w| w.busy.as_ref());
        busy.any(|busy| busy.since.elapsed() > deadline * busy.count as u32 + grace)
    }

    /// Waits until everybody has finished; what they answered with.
    pub fn dismiss(self) -> Vec<Box<dyn Answers>> {
        let dismiss = |worker: Worker| {
            drop(worker.orders);
            worker.thread.join().ok()
        };
        self.workers.into_iter().filter_map(dismiss).collect()
    }
}
