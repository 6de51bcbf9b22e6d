//! The examples for Python, TouchDesigner and Processing.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::daemon::Daemon;
use common::{free_port, pluck, write_seed};

/// A file of this repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What the example says of a file in an empty folder that holds this.
fn answer(write: impl FnOnce(&Path)) -> Output {
    let own = free_port();
    let daemon = Daemon::start(own, free_port());
    let sound = daemon.path("melody.wav");
    write(&sound);
    Command::new(common::python())
        .arg(repository("examples/python/answer.py"))
        .args([sound, daemon.path("")])
        .arg(own.port().to_string())
        .output()
        .unwrap()
}

#[test]
fn a_script_waits_for_the_answer_to_its_sound() {
    let output = answer(|path| write_seed(path, &pluck(220.0, 0.5, 48_000)));
    assert!(output.status.success(), "{}", common::stderr(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.trim_end().ends_with("predictions/melody.0001.wav"),
        "{said}"
    );
}

#[test]
fn a_script_is_told_why_there_is_no_answer() {
    let output = answer(|path| std::fs::write(path, "this is no sound").unwrap());
    assert_eq!(output.status.code(), Some(1), "{}", common::stderr(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("melody.wav"), "{said}");
}

#[test]
fn touchdesigners_callbacks_do_what_they_should_with_operators_that_are_none() {
    let output = Command::new(common::python())
        .arg(repository("tests/python/touchdesigner.py"))
        .arg(repository("examples/touchdesigner/antiphon_callbacks.py"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
}

/// What `docs/osc.md` says that antiphon says, and the arguments of it.
const SAID: [(&str, &str); 5] = [
    ("seen", "is"),
    ("progress", "iif"),
    ("error", "is"),
    ("status", "iiiissif"),
    ("done", "isf"),
];

#[test]
fn processing_asks_for_arguments_of_the_types_that_are_sent() {
    let path = repository("examples/processing/antiphon_listener/antiphon_listener.pde");
    let sketch = std::fs::read_to_string(path).unwrap();
    let heard: Vec<&str> = sketch
        .lines()
        .filter(|line| line.contains("checkAddrPattern"))
        .collect();
    assert_eq!(heard.len(), SAID.len());
    for line in heard {
        let named = |(verb, _): &&(&str, &str)| line.contains(&format!("/antiphon/{verb}\""));
        let (_, types) = SAID.iter().find(named).expect(line);
        let (_, argument) = line.split_once(".get(").expect(line);
        let (number, call) = argument.split_once(").").expect(line);
        let wanted = match types.as_bytes()[number.parse::<usize>().unwrap()] {
            b'i' => "intValue()",
            b'f' => "floatValue()",
            _ => "stringValue()",
        };
        assert!(call.starts_with(wanted), "{line}");
    }
}
