//! Several answers of one model made at once: those of a set, or those to several seeds.

use std::cell::Cell;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::answering::cannot_answer;
use super::commission::Commission;
use super::error::AnswerError;
use super::finishing::{Order, folder_of};
use super::seed::{Guides, Prepared, Seed};
use super::sidecar::Sidecar;
use super::step::{Step, go_on};
use super::voice::{Occasion, Ordered, USUAL_SECONDS, Voice};
use super::{Means, Responder};
use crate::audio::header;
use crate::generate::{GenerateError, Prediction, Request, Task, generate_together};

/// Most answers that are made together.
pub const MOST_TOGETHER: usize = 16;
/// Most seconds of sound of answers that are made together, so that none waits for hours.
const SECONDS_TOGETHER: f64 = 600.0;
/// Bytes that a second of sound takes at least in a file that does not say it.
const LEAST_BYTES_PER_SECOND: u64 = 8000;

/// Hears of the answer of this number how it gets on, and may stop it.
type Tell<'a> = dyn FnMut(usize, Step) -> ControlFlow<()> + 'a;
/// What has become of an answer.
type Answered = Result<Sidecar, AnswerError>;

/// One of several seeds that are answered together.
pub struct Wanted<'a> {
    /// Its file.
    pub seed: &'a Path,
    /// The file that is written.
    pub output: &'a Path,
    pub occasion: Occasion,
}

/// An answer that is about to be made.
struct Ready {
    /// Of its order.
    number: usize,
    prepared: Prepared,
    request: Request,
}

impl Responder {
    /// Whether several answers cost less together.
    pub(super) fn answers_together(&self) -> bool {
        match &self.means {
            Means::Frozen(engine) => engine.shares_steps(self.model.hearing().sampling_windows()),
            Means::Moving { .. } => false,
        }
    }

    /// Whether answers to several seeds are better made together than one after the other.
    fn gains_together(&self) -> bool {
        match &self.means {
            Means::Frozen(engine) => self.answers_together() && engine.gains_together(),
            Means::Moving { .. } => false,
        }
    }

    /// Makes the answer to each seed that its order says, all at once, each as
    /// [`answer`](Responder::answer) would. `tell` hears of each by its number what was
    /// heard and how it gets on, and may stop it; `ended` gets what has become of it as soon
    /// as that is known.
    fn answer_together(
        &mut self,
        orders: &[(Order, &Seed)],
        tell: &mut Tell,
        ended: &mut dyn FnMut(usize, Answered),
    ) {
        let maker = self.maker();
        let Means::Frozen(engine) = &mut self.means else {
            for (n, (order, seed)) in orders.iter().enumerate() {
                self.settings = order.settings.clone();
                let tell = &mut |step| tell(n, step);
                ended(
                    n,
                    self.answer(&seed.path, order.output, order.commission, tell),
                );
            }
            return;
        };
        let (mut guides, mut all) = (Guides::default(), Vec::new());
        for (number, (order, seed)) in orders.iter().enumerate() {
            let prepared = seed.prepare(order.output, order.commission, &mut guides);
            let ready = prepared.and_then(|prepared| {
                go_on(tell(number, Step::Heard(seed.heard)))
                    .map_err(|cause| cannot_answer(order.seed, cause))?;
                Ok(Ready {
                    number,
                    request: order.commission.to_make(&prepared.request),
                    prepared,
                })
            });
            match ready {
                Ok(ready) => all.push(ready),
                Err(error) => ended(number, Err(error)),
            }
        }
        let tasks = all.iter().map(|ready| Task {
            model: &self.model,
            settings: orders[ready.number].0.settings,
            theme: ready.prepared.heard.theme.as_ref(),
            seed: &ready.prepared.heard.seed,
            request: &ready.request,
            folder: folder_of(orders[ready.number].0.output),
        });
        let tasks: Vec<Task> = tasks.collect();
        let finish = |n: usize, made: Result<Prediction, GenerateError>| {
            let order = &orders[all[n].number].0;
            let prediction = made.map_err(|cause| cannot_answer(order.seed, cause))?;
            maker.finish(order, &all[n].prepared, prediction)
        };
        generate_together(
            engine.as_mut(),
            &tasks,
            &finish,
            &mut |n, share| tell(all[n].number, Step::Share(share)),
            &mut |n, answered| ended(all[n].number, answered),
        );
    }
}

impl Voice {
    /// How many of `seeds`, from the first on, it answers at less cost together: 1 where it
    /// answers each by itself.
    pub fn together(&self, seeds: &[&Path]) -> usize {
        let part = &self.parts[0];
        if self.is_set() || !self.responders()[part.responder].gains_together() {
            return 1;
        }
        let mut all = 0.0;
        let fitting = seeds.iter().take_while(|seed| {
            let seed = seconds_at_most(seed);
            all += seed + part.commission.length.beside(seed);
            all <= SECONDS_TOGETHER
        });
        fitting.count().clamp(1, MOST_TOGETHER)
    }

    /// Answers all that are `wanted` at once, each as [`answer`](Voice::answer) would.
    /// `tell` hears of each by its number how it gets on, and may stop it; `ended` gets what
    /// has become of it as soon as that is known, once.
    pub fn answer_together(
        &mut self,
        wanted: &[Wanted],
        tell: &mut Tell,
        ended: &mut dyn FnMut(usize, Answered),
    ) {
        let commission = |wanted: &Wanted| self.commission(0, &wanted.occasion);
        let commissions: Vec<Commission> = wanted.iter().map(commission).collect();
        let (part, threads) = (&self.parts[0], self.threads);
        let responder = &mut self.responders[part.responder];
        let model = responder.model();
        let read = |wanted: &Wanted| {
            let (longest, folder) = (wanted.occasion.longest_seed, folder_of(wanted.output));
            Seed::read(wanted.seed, model, longest, folder)
        };
        let seeds: Vec<Result<Seed, _>> = match threads {
            1 => wanted.iter().map(read).collect(),
            _ => wanted.par_iter().map(read).collect(),
        };
        let (mut numbers, mut orders) = (Vec::new(), Vec::new());
        for (n, seed) in seeds.iter().enumerate() {
            if let Ok(seed) = seed {
                let order = Order {
                    seed: wanted[n].seed,
                    output: wanted[n].output,
                    commission: &commissions[n],
                    settings: &part.settings,
                };
                numbers.push(n);
                orders.push((order, seed));
            }
        }
        let name = &self.name;
        responder.answer_together(
            &orders,
            &mut |k, step| tell(numbers[k], step),
            &mut |k, answered| {
                let signed = answered.map(|sidecar| Sidecar {
                    voice: name.clone(),
                    ..sidecar
                });
                ended(numbers[k], signed);
            },
        );
        drop(orders);
        for (n, seed) in seeds.into_iter().enumerate() {
            if let Err(error) = seed {
                ended(n, Err(error.into()));
            }
        }
    }

    /// Answers as those of the numbers `all`, which are of one model, are to be, all at
    /// once, with the files `outputs`. `tell` hears how they get on together.
    pub(super) fn play_together(
        &mut self,
        all: Range<usize>,
        seed: &Path,
        outputs: &[PathBuf],
        occasion: &Occasion,
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Vec<Answered>, AnswerError> {
        go_on(tell(Step::Share(0.0))).map_err(|cause| cannot_answer(seed, cause))?;
        let first = all.start;
        let folder = outputs
            .first()
            .map_or(Path::new("."), |output| folder_of(output));
        let commissions: Vec<Commission> =
            all.clone().map(|n| self.commission(n, occasion)).collect();
        let responder = &mut self.responders[self.parts[first].responder];
        let read = responder.read(seed, occasion.longest_seed, folder)?;
        let orders = all.zip(&commissions).zip(outputs);
        let orders: Vec<(Order, &Seed)> = orders
            .map(|((n, commission), output)| {
                let order = Order {
                    seed,
                    output,
                    commission,
                    settings: &self.parts[n].settings,
                };
                (order, &read)
            })
            .collect();
        let shares: Vec<Cell<f64>> = orders.iter().map(|_| Cell::new(0.0)).collect();
        let (mut is_heard, mut answered) = (false, Vec::new());
        responder.answer_together(
            &orders,
            &mut |k, step| match step {
                // It is the same seed each time.
                Step::Heard(_) if std::mem::replace(&mut is_heard, true) => {
                    ControlFlow::Continue(())
                }
                Step::Heard(_) | Step::Waiting => tell(step),
                Step::Share(share) => {
                    shares[k].set(share);
                    let sum: f64 = shares.iter().map(Cell::get).sum();
                    tell(Step::Share(sum / shares.len() as f64))
                }
            },
            &mut |k, one| {
                shares[k].set(1.0);
                answered.push((k, one));
            },
        );
        answered.sort_by_key(|(k, _)| *k);
        let signed = |(k, one): (usize, Answered)| Ok(self.signed(first + k, one?));
        Ok(answered.into_iter().map(signed).collect())
    }

    /// The answers from the `n`th on that can be made together, at least that one.
    pub(super) fn together_from(&self, n: usize) -> Range<usize> {
        let part = &self.parts[n];
        if !self.responders[part.responder].answers_together() {
            return n..n + 1;
        }
        let seconds = |part: &Ordered| part.commission.length.beside(USUAL_SECONDS);
        let mut all = 0.0;
        let others = self.parts[n..].iter().take_while(|other| {
            all += seconds(other);
            other.responder == part.responder && all <= SECONDS_TOGETHER
        });
        n..n + others.count().clamp(1, MOST_TOGETHER)
    }
}

/// How many seconds the file `seed` lasts at most, without reading its sound; 0 of none.
fn seconds_at_most(seed: &Path) -> f64 {
    let bytes = seed.metadata().map_or(0, |metadata| metadata.len());
    let of_a_second = header::bytes_per_second(seed).filter(|bytes| *bytes > 0);
    bytes as f64 / of_a_second.unwrap_or(LEAST_BYTES_PER_SECOND) as f64
}
