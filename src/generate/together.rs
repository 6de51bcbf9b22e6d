//! Several predictions of one model made at once, so that each pass over its weights is
//! for all of them.
//!
//! Where weights are few, threads do not share steps, for which they would wait for one
//! another: each makes some of the predictions, with an engine of its own.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use rayon::prelude::*;

use super::common::Common;
use super::making::{Making, Next, Task};
use super::sampling::{GenerateError, Prediction, make};
use super::{Engine, EngineError, Turn};

/// What has become of a prediction.
type Made = Result<Prediction, GenerateError>;
/// Hears of the prediction of this number which share is done, and may stop it.
type Tell<'a> = dyn FnMut(usize, f64) -> ControlFlow<()> + 'a;
/// Gets what was made of the prediction of this number in the end.
type Ended<'a, T> = dyn FnMut(usize, T) + 'a;

/// Makes what several `tasks` of one model ask for, each time step of all at once, so that
/// its weights are read once for all: each as [`generate`](super::generate) would make it,
/// to the last bit.
///
/// `tell` hears now and then of each which share is done, from 0 to 1 and in time, and may
/// stop it; the others go on. Of each that has come to its end, stopped or made, `finish`
/// makes something, on whatever thread, and `ended` gets that at once. Both know a
/// prediction by the number of its task.
pub fn generate_together<T: Send>(
    engine: &mut dyn Engine,
    tasks: &[Task],
    finish: &(impl Fn(usize, Made) -> T + Sync),
    tell: &mut Tell,
    ended: &mut Ended<T>,
) {
    let all: Vec<(usize, Task)> = tasks.iter().copied().enumerate().collect();
    let shares = |task: &Task| engine.shares_steps(task.model.hearing().sampling_windows());
    if tasks.len() < 2 || !tasks.iter().all(shares) {
        return one_after_another(engine, &all, finish, tell, ended);
    }
    let threads = engine.threads_beside().min(tasks.len());
    let beside = (0..threads).filter(|_| threads > 1);
    let mut engines: Vec<_> = beside.map_while(|_| engine.beside()).collect();
    match engines.len() {
        0 | 1 => make_all(engine, &all, finish, tell, ended),
        _ => make_on_threads(&mut engines, &all, finish, tell, ended),
    }
}

/// As [`generate_together`], where nothing is shared.
fn one_after_another<T>(
    engine: &mut dyn Engine,
    tasks: &[(usize, Task)],
    finish: &impl Fn(usize, Made) -> T,
    tell: &mut Tell,
    ended: &mut Ended<T>,
) {
    for (n, task) in tasks {
        let made = make(*task, engine, &mut |share| tell(*n, share));
        ended(*n, finish(*n, made));
    }
}

/// What a thread says of one of its predictions.
enum Said<T> {
    Share(f64),
    Ended(T),
}

/// As [`generate_together`], with some of `tasks` for each of `engines`, on a thread of its
/// own.
fn make_on_threads<T: Send>(
    engines: &mut [Box<dyn Engine>],
    tasks: &[(usize, Task)],
    finish: &(impl Fn(usize, Made) -> T + Sync),
    tell: &mut Tell,
    ended: &mut Ended<T>,
) {
    let stopped: Vec<AtomicBool> = tasks.iter().map(|_| AtomicBool::new(false)).collect();
    let (says, said) = mpsc::channel();
    let threads = engines.len();
    std::thread::scope(|scope| {
        for (first, engine) in engines.iter_mut().enumerate() {
            let own: Vec<(usize, Task)> =
                tasks.iter().copied().skip(first).step_by(threads).collect();
            let (says, stopped) = (says.clone(), &stopped);
            scope.spawn(move || {
                let mut tell = |n: usize, share| {
                    // Where nobody hears it any more, nothing is wanted either.
                    let is_heard = says.send((n, Said::Share(share))).is_ok();
                    match is_heard && !stopped[n].load(Ordering::Relaxed) {
                        true => ControlFlow::Continue(()),
                        false => ControlFlow::Break(()),
                    }
                };
                let mut ended = |n, made| drop(says.send((n, Said::Ended(made))));
                make_all(engine.as_mut(), &own, finish, &mut tell, &mut ended);
            });
        }
        drop(says);
        for (n, said) in said {
            match said {
                Said::Ended(made) => ended(n, made),
                Said::Share(share) if tell(n, share).is_break() => {
                    stopped[n].store(true, Ordering::Relaxed);
                }
                Said::Share(_) => {}
            }
        }
    });
}

/// As [`generate_together`], with this `engine` alone.
fn make_all<T: Send>(
    engine: &mut dyn Engine,
    tasks: &[(usize, Task)],
    finish: &(impl Fn(usize, Made) -> T + Sync),
    tell: &mut Tell,
    ended: &mut Ended<T>,
) {
    let mut common = Common::default();
    let begun = tasks.iter().map(|(n, task)| {
        let begun = match tell(*n, 0.0) {
            ControlFlow::Continue(()) => Making::begin(*task, engine, &mut common),
            ControlFlow::Break(()) => Err(GenerateError::Stopped),
        };
        Together::of(*n, begun, finish)
    });
    let mut all: Vec<Together<T>> = begun.collect();
    loop {
        let advance = |one: &mut Together<T>| one.advance(finish);
        match engine.threads_beside() {
            1 => all.iter_mut().for_each(advance),
            _ => all.par_iter_mut().for_each(advance),
        }
        all.iter_mut()
            .for_each(|one| one.report(finish, tell, ended));
        all.retain(|one| one.making.is_some());
        if all.is_empty() {
            return;
        }
        let mut turns: Vec<Turn> = all.iter_mut().filter_map(Together::turn).collect();
        if let Err(cause) = engine.play_together(&mut turns) {
            let what = cause.to_string();
            drop(turns);
            for one in &mut all {
                one.end(Err(EngineError::Runtime(what.clone()).into()), finish);
            }
        }
    }
}

/// One of several predictions that are made together.
struct Together<T> {
    number: usize,
    making: Option<Making>,
    /// What was made of it in the end, until that is told.
    made: Option<T>,
    is_to_report: bool,
}

impl<T> Together<T> {
    fn of(
        number: usize,
        begun: Result<Making, GenerateError>,
        finish: &impl Fn(usize, Made) -> T,
    ) -> Together<T> {
        let mut one = Together {
            number,
            making: None,
            made: None,
            is_to_report: false,
        };
        match begun {
            Ok(making) => one.making = Some(making),
            Err(cause) => one.end(Err(cause), finish),
        }
        one
    }

    fn advance(&mut self, finish: &impl Fn(usize, Made) -> T) {
        let Some(making) = &mut self.making else {
            return;
        };
        match making.next() {
            Ok(Next::Play { report }) => self.is_to_report = report,
            Ok(Next::Made(prediction)) => self.end(Ok(*prediction), finish),
            Err(cause) => self.end(Err(cause), finish),
        }
    }

    /// Tells how far it is, or what has become of it.
    fn report(
        &mut self,
        finish: &impl Fn(usize, Made) -> T,
        tell: &mut Tell,
        ended: &mut Ended<T>,
    ) {
        let is_to_report = std::mem::take(&mut self.is_to_report);
        if let Some(making) = self.making.as_ref().filter(|_| is_to_report)
            && tell(self.number, making.share()).is_break()
        {
            self.end(Err(GenerateError::Stopped), finish);
        }
        if let Some(made) = self.made.take() {
            ended(self.number, made);
        }
    }

    fn turn(&mut self) -> Option<Turn<'_>> {
        self.making.as_mut().map(Making::turn)
    }

    fn end(&mut self, made: Made, finish: &impl Fn(usize, Made) -> T) {
        self.making = None;
        self.made = Some(finish(self.number, made));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::audio::{LongSound, Signal};
    use crate::generate::overheard::Overheard;
    use crate::generate::{AnswerSettings, Native, Player, Prime, Request, generate};
    use crate::model::Precision;
    use crate::testing::random_model;

    fn seed(samples: usize) -> Arc<LongSound> {
        let seed = Signal {
            samples: (0..samples)
                .map(|n| 0.7 * (n as f32 * 0.21).sin())
                .collect(),
            sample_rate: 11025,
        };
        Arc::new(seed.into())
    }

    fn request(seconds: f64, random_seed: u64) -> Request {
        Request {
            seconds,
            random_seed,
            prime: Prime::Seed,
            prime_seconds: None,
            may_go_back: false,
        }
    }

    /// What becomes of `tasks`, in their order.
    fn made(engine: &mut dyn Engine, tasks: &[Task], tell: &mut Tell) -> Vec<Made> {
        let mut all: Vec<Option<Made>> = tasks.iter().map(|_| None).collect();
        let finish = |n: usize, made: Made| (n, made);
        generate_together(engine, tasks, &finish, tell, &mut |n, (finished, made)| {
            assert_eq!(n, finished);
            assert!(all[n].replace(made).is_none(), "{n} ends once");
        });
        all.into_iter().map(Option::unwrap).collect()
    }

    #[test]
    fn together_each_is_what_it_is_alone() {
        for json in [
            r#"{"preset": "vector", "seg_len": 32, "label_offset": 16, "num_unrollings": 2, "output": "mixture",
                "components": 2, "conditioning": "chroma"}"#,
            r#"{"preset": "magnitude-spectrum", "window_size": 64, "hop_size": 32, "num_unrollings": 2,
                "output": "mixture", "components": 2}"#,
            r#"{"preset": "column-vector", "seg_len": 8, "num_unrollings": 3, "output": "mixture",
                "components": 2}"#,
            r#"{"preset": "transpose", "seg_len": 8, "num_unrollings": 3, "output": "mixture",
                "components": 2}"#,
        ] {
            let model = random_model(json);
            let free = AnswerSettings::of(&model.hyperparameters).free();
            let settings = [AnswerSettings::of(&model.hyperparameters), free];
            let requests: Vec<Request> = (0..7)
                .map(|n| request(0.1 + 0.05 * (n % 3) as f64, n))
                .collect();
            let silence = Signal {
                samples: vec![0.0; 100],
                sample_rate: 11025,
            };
            let (seed, silence) = (seed(3000), Arc::new(silence.into()));
            let task = |n: usize| Task {
                model: &model,
                settings: &settings[n % 2],
                theme: None,
                folder: Path::new("nowhere"),
                seed: if n == 3 { &silence } else { &seed },
                request: &requests[n],
            };
            let tasks: Vec<Task> = (0..7).map(task).collect();
            for (precision, threads) in
                [(Precision::F32, 1), (Precision::F32, 3), (Precision::I8, 2)]
            {
                let mut engine = Native::new(model.network.clone(), precision, threads);
                let mut shares = Vec::new();
                let together = made(&mut engine, &tasks, &mut |_, share| {
                    shares.push(share);
                    ControlFlow::Continue(())
                });
                assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
                assert!(shares.len() > 3, "{shares:?}");
                for (n, (task, made)) in tasks.iter().zip(together).enumerate() {
                    let player = Player {
                        model: task.model,
                        settings: task.settings,
                        engine: &mut engine,
                        theme: None,
                        folder: Path::new("nowhere"),
                    };
                    let mut go_on = |_: f64| ControlFlow::Continue(());
                    match generate(player, task.seed, task.request, &mut go_on) {
                        Ok(alone) => assert_eq!(
                            made.unwrap().sound.to_signal().unwrap(),
                            alone.sound.to_signal().unwrap(),
                            "{json} {n}"
                        ),
                        Err(_) => assert!(n == 3 && made.is_err(), "{json} {n}"),
                    }
                }
            }
        }
    }

    #[test]
    fn answers_share_steps_where_that_costs_less() {
        for (json, together) in [
            (
                r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 2}"#,
                5,
            ),
            (
                r#"{"preset": "column-vector", "seg_len": 8, "num_unrollings": 2}"#,
                1,
            ),
        ] {
            let model = random_model(json);
            let task = Task {
                model: &model,
                settings: &AnswerSettings::of(&model.hyperparameters).free(),
                theme: None,
                folder: Path::new("nowhere"),
                seed: &seed(100),
                request: &request(0.02, 1),
            };
            let native = Native::new(model.network.clone(), Precision::F32, 1);
            let mut most = 0;
            let mut engine = Overheard {
                native,
                hear: |turns: &[Turn]| most = turns.len().max(most),
            };
            let go_on = &mut |_: usize, _: f64| ControlFlow::Continue(());
            let all = made(&mut engine, &[task; 5], go_on);
            assert!(all.iter().all(Result::is_ok));
            // Stopped, nothing is made.
            let stop = &mut |_: usize, _: f64| ControlFlow::Break(());
            let stopped = made(&mut engine, &[task; 5], stop);
            let is_stopped = |made: &Made| matches!(made, Err(GenerateError::Stopped));
            assert!(stopped.iter().all(is_stopped));
            assert_eq!(most, together, "{json}");
        }
    }

    #[test]
    fn one_that_is_stopped_leaves_the_others_as_they_are() {
        let model = random_model(
            r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 2, "output": "mixture", "components": 2}"#,
        );
        let settings = AnswerSettings::of(&model.hyperparameters);
        let seed = seed(500);
        let requests: Vec<Request> = (0..4).map(|n| request(0.2, n)).collect();
        let task = |request| Task {
            model: &model,
            settings: &settings,
            theme: None,
            folder: Path::new("nowhere"),
            seed: &seed,
            request,
        };
        let tasks: Vec<Task> = requests.iter().map(task).collect();
        for threads in [1, 2] {
            let mut engine = Native::new(model.network.clone(), Precision::F32, threads);
            let go_on = &mut |_: usize, _: f64| ControlFlow::Continue(());
            let undisturbed = made(&mut engine, &tasks, go_on);
            // In the middle of it.
            let disturbed = made(
                &mut engine,
                &tasks,
                &mut |n, share| match (n, share > 0.0) {
                    (2, true) => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                },
            );
            for (n, (one, other)) in disturbed.iter().zip(&undisturbed).enumerate() {
                match one {
                    Ok(one) => assert_eq!(
                        one.sound.to_signal().unwrap(),
                        other.as_ref().unwrap().sound.to_signal().unwrap(),
                        "{n}"
                    ),
                    Err(cause) => assert!(matches!(cause, GenerateError::Stopped), "{cause}"),
                }
                // A thread may be done before it is told.
                assert!(one.is_ok() || n == 2, "{n}");
            }
            assert!(threads > 1 || disturbed[2].is_err());
        }
    }
}
