//! The dissertation's command line interface (section 6.1.1): a prompt for
//! each hyperparameter, then what the choice means.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::destination;
use super::dialogue::Dialogue;

use crate::cli::all_threads;
use crate::destination::Destination;
use crate::hearing::{Hearing, draw_windows};
use crate::hyperparameters::{Approach, Hyperparameters, Preset, Rule, TABLE, Values};
use crate::system::memory;
use crate::train::{Estimate, measure, memory_of_training, refuse_what_does_not_fit};

/// Most recordings that training is measured for: an hour.
const MOST_SECONDS: f64 = 3600.0;

/// Asks for everything; gives hyperparameters and the file to write them to,
/// which is `output` where that is given.
pub fn run<R: BufRead, W: Write>(
    dialogue: &mut Dialogue<R, W>,
    output: Option<Destination>,
) -> anyhow::Result<(Hyperparameters, Destination)> {
    dialogue.say("An empty line takes the default, which stands in brackets. Ctrl-C leaves.\n")?;
    let preset = ask_preset(dialogue)?;
    let hyperparameters = ask_hyperparameters(dialogue, preset)?;
    dialogue.say("\nWhat follows\n")?;
    show_format(dialogue, &hyperparameters)?;
    show_cost(dialogue, &hyperparameters)?;
    let output = match output {
        Some(output) => output,
        None => ask_file(dialogue, hyperparameters.approach())?,
    };
    Ok((hyperparameters, output))
}

fn ask_preset<R: BufRead, W: Write>(dialogue: &mut Dialogue<R, W>) -> anyhow::Result<Preset> {
    dialogue.explain(
        "What is predicted. vector: the next seg_len samples at once. column-vector: one sample \
         after each input vector. transpose: one sample after the whole input matrix. \
         magnitude-spectrum: the next spectrum, which becomes sound afterwards; it trains and \
         answers fastest.",
    )?;
    let of_name = |name: &str| {
        let approach: Result<Approach, String> = name.parse();
        approach.map_err(|allowed| format!("{name:?} is no approach; {allowed}"))
    };
    let default = Approach::MagnitudeSpectrum;
    let approach = dialogue.ask("approach", default.name(), of_name)?;
    let approach = approach.unwrap_or(default);

    dialogue.explain(
        "Where the defaults come from. cpu: settings that train in ten minutes on two cores, and \
         hear what is below 5.5 kHz. hifi, of some approaches: the same for all that can be heard. \
         dissertation: Andrew Pfalz's own, made for a GPU and a night.",
    )?;
    let all = [
        ("cpu", Preset::Cpu(approach)),
        ("hifi", Preset::Hifi(approach)),
        ("dissertation", Preset::Dissertation(approach)),
    ];
    let there_are = |(_, preset): &(&str, Preset)| Preset::ALL.contains(preset);
    let all: Vec<(&str, Preset)> = all.into_iter().filter(there_are).collect();
    let of_name = |name: &str| match all.iter().find(|(known, _)| *known == name) {
        Some((_, preset)) => Ok(*preset),
        None => {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            let names = names.join(", ");
            Err(format!(
                "there are no settings called {name:?}; choose one of {names}"
            ))
        }
    };
    let preset = dialogue.ask("settings", "cpu", of_name)?;
    Ok(preset.unwrap_or(Preset::Cpu(approach)))
}

fn ask_hyperparameters<R: BufRead, W: Write>(
    dialogue: &mut Dialogue<R, W>,
    preset: Preset,
) -> anyhow::Result<Hyperparameters> {
    let mut given = Map::from_iter([("preset".to_owned(), preset.name().into())]);
    let mut settled = Hyperparameters::preset(preset);
    for group in &TABLE {
        dialogue.say(&format!("\n{}\n", group.heading))?;
        for rule in group.rules {
            if !rule.applies.holds(&settled) {
                continue;
            }
            let default = &settled.values()[rule.key];
            dialogue.explain(&meaning(rule))?;
            let answer = dialogue.ask(rule.key, &shown(default), |text| {
                let mut given = given.clone();
                given.insert(rule.key.to_owned(), parse_answer(text, default));
                let settled = Hyperparameters::parse(&Value::Object(given.clone()).to_string());
                settled
                    .map(|settled| (given, settled))
                    .map_err(|error| error.to_string())
            })?;
            if let Some(answer) = answer {
                (given, settled) = answer;
            }
        }
    }
    Ok(settled)
}

/// What a hyperparameter means and may be.
fn meaning(rule: &Rule) -> String {
    let mut meaning = rule.meaning.to_owned();
    match &rule.values {
        Values::Choice(choices) => {
            for (name, what) in *choices {
                meaning += &format!(" {name}: {what}");
            }
        }
        values => meaning += &format!(" Allowed: {}.", values.words()),
    }
    meaning
}

/// A default as the person answering would write it.
fn shown(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        other => other.to_string(),
    }
}

/// An answer as JSON; `default` says whether yes and no are meant, or one
/// entry of a list. What is not JSON is taken as text.
fn parse_answer(text: &str, default: &Value) -> Value {
    match (default, text) {
        (Value::Bool(_), "yes" | "y") => true.into(),
        (Value::Bool(_), "no" | "n") => false.into(),
        (Value::Array(_), "none") => Value::Array(Vec::new()),
        _ => match (serde_json::from_str(text), default) {
            (Ok(value), _) => value,
            (Err(_), Value::Array(_)) => vec![text].into(),
            (Err(_), _) => text.into(),
        },
    }
}

/// Shows the formats that follow from others, and draws the matrix.
fn show_format<R: BufRead, W: Write>(
    dialogue: &mut Dialogue<R, W>,
    h: &Hyperparameters,
) -> anyhow::Result<()> {
    let hearing = Hearing::untrained(h);
    let windows = hearing.training_windows();
    let unit = h.format.elements();
    if h.format.use_fft {
        dialogue.say(&format!(
            "seg_len         {} bins of a frame",
            h.format.seg_len
        ))?;
    }
    dialogue.say(&format!("label_shape     {:?}", h.format.label_shape))?;
    dialogue.say(&format!("output_shape    {:?}", h.format.output_shape))?;
    let seconds = |elements: usize| {
        let samples = elements * h.format.samples_per_element();
        samples as f64 / f64::from(h.format.sample_rate)
    };
    dialogue.say(&format!(
        "matrix          spans {} {unit}, {:.2} s; the next begins {:.4} s later\n",
        windows.input_span(),
        seconds(windows.input_span()),
        seconds(windows.ext_cursor_inc),
    ))?;
    dialogue.say(&draw_windows(windows, unit))
}

/// Says how large the model is and what making and using it takes, measured
/// on this machine.
fn show_cost<R: BufRead, W: Write>(
    dialogue: &mut Dialogue<R, W>,
    hyperparameters: &Hyperparameters,
) -> anyhow::Result<()> {
    dialogue.explain(
        "Seconds of recordings that there will be to learn from, for an estimate of the time (1 \
         to 3600).",
    )?;
    let seconds = dialogue.ask("recordings", "60", |text| match text.parse::<f64>() {
        Ok(seconds) if (1.0..=MOST_SECONDS).contains(&seconds) => Ok(seconds),
        _ => Err(format!("recordings is {text:?}; allowed: 1 to 3600")),
    })?;
    let seconds = seconds.unwrap_or(60.0);

    let weights = hyperparameters.architecture().parameters();
    dialogue.say(&format!(
        "\nmodel           {weights} weights, a file of about {:.1} MB",
        (weights * size_of::<f32>()) as f64 / 1e6
    ))?;
    let needed = memory_of_training(hyperparameters, &[seconds]);
    dialogue.say(&format!("training takes  {}", memory::in_words(needed)))?;
    if let Err(refusal) = refuse_what_does_not_fit(needed) {
        return dialogue.explain(&format!("On this machine {refusal}."));
    }
    dialogue.say("                (measuring this machine)")?;
    match measure(hyperparameters, seconds, all_threads()) {
        Ok(estimate) => {
            let time = training_time(hyperparameters, &estimate);
            dialogue.say(&format!("                {time}"))?;
            dialogue.say(&format!(
                "sampling takes  {} for each second of sound",
                duration(estimate.sampling)
            ))
        }
        Err(error) => dialogue.explain(&format!("This cannot be trained: {error}.")),
    }
}

/// How long training will take, and why it ends then.
fn training_time(hyperparameters: &Hyperparameters, estimate: &Estimate) -> String {
    let whole = estimate.seconds_of(hyperparameters.training.num_epochs as f64);
    let most = 60.0 * hyperparameters.training.max_minutes;
    let step = duration(estimate.step);
    if most > 0.0 && most < whole {
        let epochs = estimate.epochs_in(most);
        format!(
            "{} (max_minutes) for {epochs:.1} epochs, {step} a step",
            duration(most)
        )
    } else {
        format!(
            "{} for num_epochs {}, {step} a step",
            duration(whole),
            hyperparameters.training.num_epochs
        )
    }
}

/// A time as a person says it.
fn duration(seconds: f64) -> String {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 60.0 * MINUTE;
    const DAY: f64 = 24.0 * HOUR;
    match seconds {
        s if s < 1.0 => format!("{:.2} ms", 1e3 * s),
        s if s < 2.0 * MINUTE => format!("{s:.1} s"),
        s if s < 2.0 * HOUR => format!("{:.0} minutes", s / MINUTE),
        s if s < 2.0 * DAY => format!("{:.1} hours", s / HOUR),
        s => format!("{:.1} days", s / DAY),
    }
}

fn ask_file<R: BufRead, W: Write>(
    dialogue: &mut Dialogue<R, W>,
    approach: Approach,
) -> anyhow::Result<Destination> {
    dialogue.say("")?;
    dialogue.explain("The file to write the hyperparameters to.")?;
    let numbered = |n| match n {
        1 => PathBuf::from(format!("{approach}.json")),
        n => PathBuf::from(format!("{approach}-{n}.json")),
    };
    let free = (1..).map(numbered).find(|path| !path.exists());
    let free = free.unwrap_or_else(|| numbered(1));
    let output = dialogue.ask("file", &free.display().to_string(), |text| {
        destination(Path::new(text), false).map_err(|error| error.to_string())
    })?;
    match output {
        Some(output) => Ok(output),
        None => Ok(destination(&free, false)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hyperparameters that somebody who answers `answers` ends up with,
    /// and what they were asked.
    fn chosen(preset: Preset, answers: &str) -> (Hyperparameters, String) {
        let mut out = Vec::new();
        let mut dialogue = Dialogue::new(answers.as_bytes(), &mut out, false);
        let chosen = ask_hyperparameters(&mut dialogue, preset).unwrap();
        (chosen, String::from_utf8(out).unwrap())
    }

    #[test]
    fn defaults_all_the_way_are_the_preset() {
        for preset in Preset::ALL {
            let (chosen, said) = chosen(preset, "");
            assert_eq!(chosen, Hyperparameters::preset(preset));
            assert_eq!(
                said.contains("\nhop_size ["),
                chosen.format.use_fft,
                "{said}"
            );
            assert_eq!(
                said.contains("\nseg_len ["),
                !chosen.format.use_fft,
                "{said}"
            );
            assert_eq!(
                said.contains("\ninput_dropout ["),
                chosen.training.use_dropout,
                "{said}"
            );
            assert!(said.lines().all(|line| line.len() <= 80), "{said}");
            assert!(said.contains("constant: It does not"), "{said}");
        }
    }

    #[test]
    fn later_defaults_follow_earlier_answers() {
        let preset = Preset::Dissertation(Approach::Vector);
        let (chosen, said) = chosen(preset, "\n256\n8\n");
        assert_eq!(
            (chosen.format.seg_len, chosen.format.num_unrollings),
            (256, 8)
        );
        assert_eq!(chosen.format.label_shape, [8, 256]);
        assert!(said.contains("\nint_cursor_inc [256]: \n"), "{said}");
    }

    #[test]
    fn answers_are_json_or_what_a_person_would_write() {
        let yes = Value::Bool(true);
        assert_eq!(parse_answer("yes", &yes), true);
        assert_eq!(parse_answer("false", &yes), false);
        assert_eq!(parse_answer("perhaps", &yes), "perhaps");
        assert_eq!(parse_answer("1e-4", &0.5.into()), 1e-4);
        assert_eq!(parse_answer("cosine", &"constant".into()), "cosine");
        let list = Value::Array(Vec::new());
        assert_eq!(parse_answer("a.wav", &list), serde_json::json!(["a.wav"]));
        assert_eq!(parse_answer(r#"["a", "b"]"#, &list)[1], "b");
        assert_eq!(shown(&parse_answer("none", &list)), "none");
    }

    #[test]
    fn training_ends_after_epochs_or_minutes_whichever_comes_first() {
        let estimate = Estimate {
            step: 0.5,
            steps_per_epoch: 20.0,
            sampling: 1.0,
        };
        let parse = |json| Hyperparameters::parse(json).unwrap();
        let both = parse(r#"{"num_epochs": 120, "max_minutes": 10}"#);
        assert_eq!(
            training_time(&both, &estimate),
            "10 minutes (max_minutes) for 60.0 epochs, 500.00 ms a step"
        );
        let epochs = parse(r#"{"num_epochs": 120}"#);
        assert_eq!(
            training_time(&epochs, &estimate),
            "20 minutes for num_epochs 120, 500.00 ms a step"
        );
        assert_eq!(duration(3e4), "8.3 hours");
        assert_eq!(duration(1e6), "11.6 days");
        assert_eq!(duration(12.34), "12.3 s");
    }
}
