//! `antiphon doctor`: whether this machine is fit for an installation.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::answer_options::{find_model, parse_engine, parse_provider};
use super::model_choice::ModelChoice;
use super::osc_options::DEFAULT_OSC;
use super::output;
use super::watch::DEFAULT_ROOT;
use crate::answer::{Wishes, check_voice};
use crate::bundled;
use crate::doctor::{self, Finding, Severity};
use crate::generate::{EngineKind, Provider};

/// Find out whether this machine and a folder on it are fit for an installation
///
/// Example: antiphon doctor --root /srv/gallery --model mine.onnx
///
/// Tries what the daemon will do: writes and moves files in the folder, answers
/// a short seed, sends OSC messages. Each line says ok, warn or fail, and what
/// to do. The exit status is 1 if anything fails.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The folder that holds seeds/, predictions/ and failed/
    #[arg(long, default_value = DEFAULT_ROOT, value_name = "DIR")]
    root: PathBuf,
    /// A model file, or the name of a bundled model: antiphon inspect lists them
    #[arg(long, default_value = bundled::DEFAULT, value_name = "MODEL")]
    model: String,
    /// native (embedded) or onnxruntime (its shared library must be installed)
    #[arg(long, default_value = "native", value_name = "ENGINE", value_parser = parse_engine)]
    engine: EngineKind,
    /// What ONNX Runtime computes on: cpu, cuda, tensorrt, coreml, directml, openvino, rocm or
    /// migraphx [default: cpu]
    #[arg(long, value_name = "PROVIDER", value_parser = parse_provider)]
    provider: Option<Provider>,
    /// Where OSC messages are sent
    #[arg(long, default_value = DEFAULT_OSC, value_name = "HOST:PORT")]
    osc: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Looks at everything and prints what it finds.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let model = ModelChoice::find(&arguments.model)?;
    let mut findings = doctor::machine();
    let base = Wishes {
        model: Some(arguments.model.clone()),
        engine: Some(arguments.engine),
        provider: arguments.provider,
        ..Wishes::default()
    };
    let check = |path: &Path| check_voice(path, &base, &find_model);
    findings.extend(doctor::folder(&arguments.root, &check));
    let threads = super::all_threads();
    findings.extend(doctor::model(
        &model.name,
        &model.bytes,
        base.playing(),
        threads,
    ));
    findings.extend(doctor::osc(&arguments.osc));
    if arguments.json {
        output::json(&findings)?;
    } else {
        findings.iter().for_each(print);
    }
    let failed = |finding: &&Finding| finding.verdict == Severity::Fail;
    match findings.iter().filter(failed).count() {
        0 => Ok(()),
        1 => bail!("one thing fails; the line above that begins with \"fail\" says what to do"),
        n => bail!("{n} things fail; the lines above that begin with \"fail\" say what to do"),
    }
}

fn print(finding: &Finding) {
    let verdict = match finding.verdict {
        Severity::Ok => "ok",
        Severity::Warn => "warn",
        Severity::Fail => "fail",
    };
    say!("{verdict:<5} {:<15} {}", finding.what, finding.text);
}
