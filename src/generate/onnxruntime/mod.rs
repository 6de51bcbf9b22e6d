//! The engine on ONNX Runtime. It runs a graph of the model's network that is made for it,
//! in memory that it keeps, the rows of several answers in one run.

mod bound;
mod library;
mod provider;

use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

pub use self::provider::Provider;

use self::bound::{Bound, Sizes};
use self::library::Library;
use super::repeated_rows::{delay_of_rows, last_rows, places_of_last_rows};
use super::{Engine, EngineError, EngineKind, Shown, Turn};
use crate::frames::WindowFormat;
use crate::model::onnx::{Rows, encode_to_run};
use crate::model::{Architecture, Network, State, threads_worth};

/// Runs a model's network in ONNX Runtime.
pub struct OnnxRuntime {
    session: Session,
    provider: Provider,
    threads: usize,
    architecture: Architecture,
    /// Time steps between the rows of a matrix, where only its last one is computed.
    delay: Option<usize>,
    /// Memory of one time step.
    step: Option<Bound>,
    /// Memory of several.
    steps: Option<Bound>,
}

impl OnnxRuntime {
    /// For `network`, shown matrices cut as `windows` say, on this `provider`: on the
    /// processor, where the library at hand does not have it, which is logged. Large
    /// networks run on `threads` threads.
    ///
    /// # Errors
    /// [`EngineError::NoLibrary`] with every place looked at, or what ONNX
    /// Runtime itself says.
    pub fn new(
        network: &Network,
        windows: &WindowFormat,
        provider: Provider,
        threads: usize,
    ) -> Result<OnnxRuntime, EngineError> {
        let library = Library::load()?;
        let on = |provider| OnnxRuntime::on(provider, &library, network, windows, threads);
        match on(provider) {
            Err(why) if provider != Provider::Cpu => {
                provider.warn_once(&why.to_string());
                on(Provider::Cpu)
            }
            made => made,
        }
    }

    /// On `provider` and on no other. It has run once: what a provider cannot do shows
    /// then, and the first step of an answer waits for nothing.
    fn on(
        provider: Provider,
        library: &Library,
        network: &Network,
        windows: &WindowFormat,
        threads: usize,
    ) -> Result<OnnxRuntime, EngineError> {
        let architecture = network.architecture();
        // Rows that repeat at once, or none above the last, are as many as there are.
        let delay = delay_of_rows(architecture, windows)
            .filter(|delay| architecture.head.longest_delay(*delay) > 0);
        let rows = delay.map_or(Rows::OfMatrices, |delay| Rows::Last { delay });
        let bytes = encode_to_run(network, rows);
        let worth = threads_worth(network.weights.len(), threads);
        let mut engine = OnnxRuntime {
            session: session(provider, library, &bytes, worth)?,
            provider,
            threads,
            architecture: architecture.clone(),
            delay,
            step: None,
            steps: None,
        };
        engine.warm(windows)?;
        Ok(engine)
    }

    /// Plays one matrix of silence.
    fn warm(&mut self, windows: &WindowFormat) -> Result<(), EngineError> {
        let shown = Shown {
            sequence: &vec![0.0; windows.input_span() * windows.width],
            before: 0,
            windows,
            matrices: 0..1,
            streams: 1,
            conditions: &vec![0.0; windows.rows * self.architecture.conditions],
        };
        let mut state = self.silence(windows, 1);
        self.play(&shown, &mut state, &mut Vec::new())
    }

    /// Plays all rows of `turns`, which are of equally many time steps, in one run.
    fn play_rows(&mut self, turns: &mut [Turn]) -> Result<(), EngineError> {
        let Some(first) = turns.first() else {
            return Ok(());
        };
        let architecture = &self.architecture;
        let sizes = Sizes {
            steps: first.shown.steps(),
            rows: turns.iter().map(|turn| turn.shown.rows_of_step()).sum(),
            line: self
                .delay
                .map(|delay| architecture.head.longest_delay(delay)),
        };
        let memory = match sizes.steps {
            1 => &mut self.step,
            _ => &mut self.steps,
        };
        let bound = match memory.take().filter(|bound| bound.is_of(sizes)) {
            Some(bound) => bound,
            None => Bound::new(&self.session, architecture, sizes).map_err(runtime)?,
        };
        let bound = memory.insert(bound);
        bound.hear(architecture, turns);
        bound.run(&mut self.session).map_err(runtime)?;
        bound.tell(architecture, turns);
        Ok(())
    }
}

impl Engine for OnnxRuntime {
    fn name(&self) -> &'static str {
        EngineKind::OnnxRuntime.name()
    }

    fn provider(&self) -> Option<Provider> {
        Some(self.provider)
    }

    fn silence(&mut self, windows: &WindowFormat, streams: usize) -> State {
        let rows = match self.delay {
            Some(_) => streams,
            None => streams * windows.rows,
        };
        State::zero(&self.architecture, rows)
    }

    fn play(
        &mut self,
        shown: &Shown,
        state: &mut State,
        prediction: &mut Vec<f32>,
    ) -> Result<(), EngineError> {
        let shown = shown.clone();
        self.play_together(&mut [Turn {
            shown,
            state,
            prediction,
        }])
    }

    fn shares_steps(&self, _windows: &WindowFormat) -> bool {
        // A processor rounds a row otherwise where others stand beside it, and an answer is
        // not to depend on those that are made with it; to a graphics card, one row is a waste.
        self.provider != Provider::Cpu
    }

    fn play_together(&mut self, turns: &mut [Turn]) -> Result<(), EngineError> {
        let windows = turns.first().map(|turn| last_rows(turn.shown.windows));
        let of_last_rows = self.delay.zip(windows.as_ref());
        let mut turns: Vec<Turn> = turns.iter_mut().map(Turn::again).collect();
        if let Some((delay, windows)) = of_last_rows {
            let longest = self.architecture.head.longest_delay(delay);
            for Turn { shown, state, .. } in &mut turns {
                shown.windows = windows;
                shown.matrices =
                    places_of_last_rows(&shown.matrices, longest, state.line.is_empty());
            }
        }
        turns.sort_by_key(|turn| turn.shown.steps());
        turns
            .chunk_by_mut(|one, next| one.shown.steps() == next.shown.steps())
            .try_for_each(|turns| self.play_rows(turns))
    }

    fn gains_together(&self) -> bool {
        self.provider != Provider::Cpu
    }

    fn threads_beside(&self) -> usize {
        match self.provider {
            Provider::Cpu => 1,
            _ => self.threads,
        }
    }
}

/// A session that runs the ONNX file `bytes` on `provider`.
fn session(
    provider: Provider,
    library: &Library,
    bytes: &[u8],
    threads: usize,
) -> Result<Session, EngineError> {
    if !provider.is_built_in() {
        return Err(EngineError::Runtime(format!(
            "{} was built without it; one that has it comes with {}",
            library.path.display(),
            provider.installation()
        )));
    }
    let session = builder(provider, library, threads)
        .and_then(|mut builder| builder.commit_from_memory(bytes));
    session.map_err(runtime)
}

/// What sessions on `provider` are made with.
fn builder(provider: Provider, library: &Library, threads: usize) -> ort::Result<SessionBuilder> {
    let builder = Session::builder(&library.environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_parallel_execution(false)?
        .with_intra_threads(threads)?
        .with_inter_threads(1)?
        // Threads that spin until the next step take time from whoever makes it.
        .with_config_entry("session.intra_op.allow_spinning", "0")?
        .with_config_entry("session.inter_op.allow_spinning", "0")?
        // DirectML refuses the plans of memory that others are faster with.
        .with_memory_pattern(provider != Provider::DirectMl)?;
    match provider.dispatch() {
        Some(dispatch) => Ok(builder.with_execution_providers([dispatch])?),
        None => Ok(builder),
    }
}

fn runtime<R>(error: ort::Error<R>) -> EngineError {
    EngineError::Runtime(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::random_model;

    /// Needs the library, which `make test` installs.
    #[test]
    fn a_graphics_card_has_the_rows_of_all_answers_in_one_run() {
        let model = random_model(r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 2}"#);
        let windows = model.hearing().sampling_windows().clone();
        let mut engine = OnnxRuntime::new(&model.network, &windows, Provider::Cpu, 1)
            .unwrap_or_else(|error| panic!("`make test` installs ONNX Runtime: {error}"));
        assert!(!engine.shares_steps(&windows) && !engine.gains_together());
        // As if there were one.
        engine.provider = Provider::Cuda;
        assert!(engine.shares_steps(&windows) && engine.gains_together());
        let sequence = vec![0.1; windows.input_span() * windows.width];
        let mut states: Vec<State> = (0..3).map(|_| engine.silence(&windows, 1)).collect();
        let mut predictions = vec![Vec::new(); 3];
        let turns = states.iter_mut().zip(&mut predictions);
        let mut turns: Vec<Turn> = turns
            .map(|(state, prediction)| Turn {
                shown: Shown {
                    sequence: &sequence,
                    before: 0,
                    windows: &windows,
                    matrices: 0..1,
                    streams: 1,
                    conditions: &[],
                },
                state,
                prediction,
            })
            .collect();
        engine.play_together(&mut turns).unwrap();
        let bound = engine.step.as_ref().unwrap();
        assert!(bound.is_of(Sizes {
            steps: 1,
            rows: 3 * windows.rows,
            line: None
        }));
        assert!(
            predictions
                .iter()
                .all(|prediction| prediction == &predictions[0])
        );
    }
}
