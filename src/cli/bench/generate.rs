//! `antiphon bench generate`: how fast this machine answers.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

use super::{Effort, time};
use crate::audio::Signal;
use crate::bundled;
use crate::cli::model_choice::ModelChoice;
use crate::cli::output;
use crate::generate::{
    AnswerSettings, Asked, Engine, EngineError, Native, OnnxRuntime, Player, Prime, Provider,
    Request, generate,
};
use crate::hyperparameters::AnswerMode;
use crate::model::{BareStep, Precision, Processor};
use crate::trained_model::TrainedModel;

/// Time answers, and what they are made of, on one core
///
/// Steps are those of one LSTM layer alone, each beside the bare product of its weights,
/// and a copy of as many bytes. Answers are free ones by weights that do not move.
///
/// Example: antiphon bench generate --model vector
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// A model file, or the name of a bundled model; may be said more than once
    /// [default: all bundled ones]
    #[arg(long, value_name = "MODEL")]
    model: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Inputs and units D = H of the steps that are measured.
const SIZES: [usize; 5] = [64, 128, 256, 512, 1024];
const PRECISIONS: [(Precision, &str); 2] = [(Precision::F32, "f32"), (Precision::I8, "i8")];
/// Steps between two looks at the clock.
const STEPS: usize = 50;
const STEP_EFFORT: Effort = Effort {
    warm_up: 3,
    least_time: Duration::from_millis(300),
    least_calls: 20,
};
const ANSWER_EFFORT: Effort = Effort {
    warm_up: 1,
    least_time: Duration::from_millis(500),
    least_calls: 3,
};
/// Seconds of an answer, and of the seed before it.
const ANSWER_SECONDS: f64 = 3.0;
const SEED_SECONDS: f64 = 1.0;

#[derive(Serialize)]
struct Measured {
    processor: &'static str,
    steps: Vec<MeasuredStep>,
    answers: Vec<MeasuredAnswer>,
}

/// One time step of D = H = `units`; microseconds at best.
#[derive(Serialize)]
struct MeasuredStep {
    units: usize,
    precision: &'static str,
    step_us: f64,
    product_us: f64,
    copy_us: f64,
    gigabytes_per_second: f64,
}

/// An answer by one model.
#[derive(Serialize)]
struct MeasuredAnswer {
    model: String,
    approach: String,
    engine: &'static str,
    precision: &'static str,
    us_per_output: f64,
    times_real_time: f64,
    /// Of weights; 0 where that is not known.
    gigabytes_per_second: f64,
}

/// Measures, and prints what was measured.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let names = match arguments.model.is_empty() {
        true => bundled::MODELS.iter().map(|m| m.name.to_owned()).collect(),
        false => arguments.model,
    };
    let mut answers = Vec::new();
    for name in &names {
        measure_answers(name, &mut answers)?;
    }
    let steps = SIZES.iter().flat_map(|units| {
        PRECISIONS.map(|(precision, name)| measure_step(*units, precision, name))
    });
    let measured = Measured {
        processor: Processor::here().name(),
        steps: steps.collect(),
        answers,
    };
    if arguments.json {
        output::json(&measured)?;
        return Ok(());
    }
    print_table(&measured);
    Ok(())
}

fn print_table(measured: &Measured) {
    say!("{}", measured.processor);
    say!("D = H  weights  step us  product us  copy us   GB/s");
    for s in &measured.steps {
        say!(
            "{:5}  {:7}  {:7.2}  {:10.2}  {:7.2}  {:5.1}",
            s.units,
            s.precision,
            s.step_us,
            s.product_us,
            s.copy_us,
            s.gigabytes_per_second
        );
    }
    say!("");
    say!("model               engine       weights  us per output  times real time   GB/s");
    for a in &measured.answers {
        say!(
            "{:18}  {:11}  {:7}  {:13.2}  {:15.1}  {:5.1}",
            a.model,
            a.engine,
            a.precision,
            a.us_per_output,
            a.times_real_time,
            a.gigabytes_per_second
        );
    }
}

fn measure_step(units: usize, precision: Precision, name: &'static str) -> MeasuredStep {
    let mut bare = BareStep::new(units, units, precision);
    let bytes = bare.bytes();
    let step = per_call(&mut || bare.step());
    let product = per_call(&mut || bare.product());
    let (from, mut to) = (vec![1u8; bytes], vec![0u8; bytes]);
    let copy = per_call(&mut || to.copy_from_slice(black_box(&from)));
    MeasuredStep {
        units,
        precision: name,
        step_us: 1e6 * step,
        product_us: 1e6 * product,
        copy_us: 1e6 * copy,
        gigabytes_per_second: bytes as f64 / step / 1e9,
    }
}

/// Seconds of one call of `step`, at best.
fn per_call(step: &mut dyn FnMut()) -> f64 {
    time(STEP_EFFORT, &mut || (0..STEPS).for_each(|_| step()))[0] / STEPS as f64
}

/// Measures all engines at hand with the model called `name`.
fn measure_answers(name: &str, answers: &mut Vec<MeasuredAnswer>) -> anyhow::Result<()> {
    let choice = ModelChoice::find(name)?;
    let model = TrainedModel::from_bytes(&choice.bytes, Path::new(name))?;
    for (precision, of) in PRECISIONS {
        let mut engine = Native::new(model.network.clone(), precision, 1);
        answers.push(measure_answer(name, &model, &mut engine, of)?);
    }
    let hearing = model.hearing();
    let windows = hearing.sampling_windows();
    match OnnxRuntime::new(&model.network, windows, Provider::default(), 1) {
        Ok(mut engine) => answers.push(measure_answer(name, &model, &mut engine, "f32")?),
        Err(EngineError::NoLibrary { .. }) => {
            tracing::info!("ONNX Runtime is not installed, and not measured");
        }
        Err(cause) => return Err(cause.into()),
    }
    Ok(())
}

fn measure_answer(
    name: &str,
    model: &TrainedModel,
    engine: &mut dyn Engine,
    precision: &'static str,
) -> anyhow::Result<MeasuredAnswer> {
    let h = &model.hyperparameters;
    let rate = h.format.sample_rate;
    let sample = |n: usize| 0.3 * (n as f32 * 0.2).sin() * (-((n % 4000) as f32) / 1500.0).exp();
    let seed = Signal {
        samples: (0..(SEED_SECONDS * f64::from(rate)) as usize)
            .map(sample)
            .collect(),
        sample_rate: rate,
    };
    let seed = Arc::new(seed.into());
    let frozen = Asked {
        answer: Some(AnswerMode::Frozen),
        ..Asked::default()
    };
    let settings = AnswerSettings::asked(h, &frozen)?.free();
    let request = Request {
        seconds: ANSWER_SECONDS,
        random_seed: 0,
        prime: Prime::Matrix,
        prime_seconds: None,
        may_go_back: false,
    };
    let mut sampled = f64::INFINITY;
    let mut failed = None;
    time(ANSWER_EFFORT, &mut || {
        let player = Player {
            model,
            settings: &settings,
            engine: &mut *engine,
            theme: None,
            folder: &std::env::temp_dir(),
        };
        match generate(player, &seed, &request, &mut |_| ControlFlow::Continue(())) {
            Ok(answer) => sampled = sampled.min(answer.timings.sampling),
            Err(cause) => failed = Some(cause),
        }
    });
    if let Some(cause) = failed {
        return Err(cause).with_context(|| format!("the model {name} does not answer"));
    }
    let outputs = ANSWER_SECONDS * f64::from(rate) / h.samples_per_prediction() as f64;
    Ok(MeasuredAnswer {
        model: name.to_owned(),
        approach: h.approach().to_string(),
        engine: engine.name(),
        precision,
        us_per_output: 1e6 * sampled / outputs,
        times_real_time: ANSWER_SECONDS / sampled,
        gigabytes_per_second: engine.bytes_per_output() as f64 * outputs / sampled / 1e9,
    })
}
