//! The workers: threads that answer one seed at a time each.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::answers::Answers;
use super::spool::Spool;
use super::worker::{Job, Terms, work};
use super::{Message, OnEvent};

/// Threads that answer seeds until they are dismissed.
pub struct Crew {
    workers: Vec<Worker>,
}

struct Worker {
    orders: Sender<Instruction>,
    busy_since: Option<Instant>,
    thread: JoinHandle<Box<dyn Answers>>,
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
            let (spool, stop) = (Arc::clone(spool), Arc::clone(stop));
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
                busy_since: None,
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
        self.workers.iter().position(|w| w.busy_since.is_none())
    }

    /// Has `worker` answer `job`.
    pub fn give(&mut self, worker: usize, job: Job) {
        let worker = &mut self.workers[worker];
        worker.busy_since = Some(Instant::now());
        // A worker's thread lives until it is dismissed.
        let _ = worker.orders.send(Instruction::Work(job));
    }

    /// `worker` has told that it has finished.
    pub fn finished(&mut self, worker: usize) {
        self.workers[worker].busy_since = None;
    }

    /// Has everybody answer with one of `answerers` from the next seed on.
    pub fn exchange(&mut self, answerers: Vec<Box<dyn Answers>>) {
        for (worker, answers) in self.workers.iter().zip(answerers) {
            let _ = worker.orders.send(Instruction::Take(answers));
        }
    }

    /// Whether somebody has been busy for longer than `limit`.
    pub fn is_stuck(&self, limit: Duration) -> bool {
        let busy = self.workers.iter().filter_map(|w| w.busy_since);
        busy.into_iter().any(|since| since.elapsed() > limit)
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
