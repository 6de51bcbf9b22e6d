//! The workers: threads that answer one seed at a time each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::answers::Answers;
use super::remote::Which;
use super::spool::Spool;
use super::worker::{Job, Stop, Terms, work};
use super::{Message, OnEvent};

/// Threads that answer seeds until they are dismissed.
pub struct Crew {
    workers: Vec<Worker>,
}

struct Worker {
    orders: Sender<Instruction>,
    busy: Option<Busy>,
    /// Whether what it is doing is not wanted any more.
    cancelled: Arc<AtomicBool>,
    thread: JoinHandle<Box<dyn Answers>>,
}

/// What a worker is doing.
#[derive(Clone, Copy)]
struct Busy {
    id: i32,
    since: Instant,
}

enum Instruction {
    Work(Job),
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
            let cancelled = Arc::new(AtomicBool::new(false));
            let spool = Arc::clone(spool);
            let stop = Stop {
                all: Arc::clone(stop),
                this: Arc::clone(&cancelled),
            };
            let (terms, messages) = (terms.clone(), messages.clone());
            let on_event = Arc::clone(on_event);
            let thread = std::thread::spawn(move || {
                for order in inbox {
                    match order {
                        Instruction::Take(other) => answers = other,
                        Instruction::Work(mut job) => {
                            let answers = answers.as_mut();
                            let outcome =
                                work(&spool, answers, &terms, &mut job, &stop, &*on_event);
                            let finished = Message::Finished {
                                worker: number,
                                job,
                                outcome,
                            };
                            // A closed channel means that nobody waits for it.
                            let _ = messages.send(finished);
                        }
                    }
                }
                answers
            });
            Worker {
                orders,
                busy: None,
                cancelled,
                thread,
            }
        };
        Crew {
            workers: answerers.into_iter().enumerate().map(hire).collect(),
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

    /// Has `worker` answer `job`.
    pub fn give(&mut self, worker: usize, job: Job) {
        let worker = &mut self.workers[worker];
        worker.busy = Some(Busy {
            id: job.claim.id(),
            since: Instant::now(),
        });
        worker.cancelled.store(false, Ordering::Relaxed);
        // A worker's thread lives until it is dismissed.
        let _ = worker.orders.send(Instruction::Work(job));
    }

    /// `worker` has told that it has finished.
    pub fn finished(&mut self, worker: usize) {
        self.workers[worker].busy = None;
    }

    /// Has whoever is doing `which` stop it; how many are.
    pub fn cancel(&self, which: Which) -> usize {
        let is_meant = |w: &&Worker| w.busy.is_some_and(|busy| which.means(busy.id));
        let meant = self.workers.iter().filter(is_meant);
        meant
            .map(|worker| worker.cancelled.store(true, Ordering::Relaxed))
            .count()
    }

    /// Has everybody answer with one of `answerers` from the next seed on.
    pub fn exchange(&mut self, answerers: Vec<Box<dyn Answers>>) {
        for (worker, answers) in self.workers.iter().zip(answerers) {
            let _ = worker.orders.send(Instruction::Take(answers));
        }
    }

    /// Whether somebody has been busy for longer than `limit`.
    pub fn is_stuck(&self, limit: Duration) -> bool {
        let mut busy = self.workers.iter().filter_map(|w| w.busy);
        busy.any(|busy| busy.since.elapsed() > limit)
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
