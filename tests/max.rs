//! The package for Max, which cannot be run here: each box and each wire is checked
//! against what Max's objects have, and each message against what antiphon understands.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What is known outside of a patch.
struct Known {
    /// Inlets and outlets of the objects that always have as many.
    objects: BTreeMap<String, (usize, usize)>,
    /// Arguments that each message must have, by its address.
    heard: BTreeMap<String, usize>,
    said: BTreeSet<String>,
    /// The names of all files of the package.
    files: BTreeSet<String>,
    /// Its patches, by their names.
    patches: BTreeMap<String, Value>,
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn package() -> PathBuf {
    repository("patches/max/antiphon")
}

/// All files under `folder`.
fn files_under(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files_under(&path),
            false => vec![path],
        })
        .collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

impl Known {
    fn collect() -> Known {
        let objects = read(&repository("tests/max/objects.json"));
        let counts = |value: &Value| {
            let count = |n: usize| value[n].as_u64().unwrap() as usize;
            (count(0), count(1))
        };
        let objects = objects.as_object().unwrap();
        let output = common::run(["osc", "--json"]);
        let table: Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut known = Known {
            objects: objects
                .iter()
                .map(|(k, v)| (k.clone(), counts(v)))
                .collect(),
            heard: BTreeMap::new(),
            said: BTreeSet::new(),
            files: BTreeSet::new(),
            patches: BTreeMap::new(),
        };
        for line in table.as_array().unwrap() {
            let address = line["address"].as_str().unwrap().to_owned();
            let arguments = line["arguments"].as_array().unwrap();
            let once = arguments.iter().filter(|a| a["count"] == "once").count();
            match line["direction"].as_str().unwrap() {
                "heard" => drop(known.heard.insert(address, once)),
                _ => drop(known.said.insert(address)),
            }
        }
        for path in files_under(&package()) {
            known.files.insert(name(&path));
            if is_patch(&path) {
                known.patches.insert(name(&path), read(&path));
            }
        }
        known
    }

    /// Inlets and outlets of what a box says, or what is wrong with it.
    fn counts(&self, class: &str, text: &str) -> Result<(usize, usize), String> {
        let mut words = text.split_whitespace();
        let name = match class {
            "newobj" => words.next().unwrap_or_default(),
            class => class,
        };
        let arguments: Vec<&str> = words.take_while(|word| !word.starts_with('@')).collect();
        let n = arguments.len();
        let first = |usual: usize| {
            arguments
                .first()
                .and_then(|a| a.parse().ok())
                .unwrap_or(usual)
        };
        Ok(match name {
            "t" | "trigger" => (1, n.max(1)),
            "pack" => (n.max(2), 1),
            "unpack" => (1, n.max(2)),
            "route" | "sel" | "select" => (n.max(1) + 1, n.max(1) + 1),
            "gate" => (2, first(1)),
            "expr" => (highest_place(text).max(1), 1),
            "sprintf" => (text.matches('%').count().max(1), 1),
            "groove~" => {
                let channels = arguments.get(1).and_then(|c| c.parse().ok()).unwrap_or(1);
                (3, channels + 1_usize)
            }
            "poly~" => self.ends_of(arguments.first().copied().unwrap_or_default(), "in", "out")?,
            name => match self.objects.get(name) {
                Some(counts) => *counts,
                None => self.ends_of(name, "inlet", "outlet")?,
            },
        })
    }

    /// How many ends the abstraction `name` of the package has.
    fn ends_of(&self, name: &str, entry: &str, exit: &str) -> Result<(usize, usize), String> {
        let Some(patch) = self.patches.get(&format!("{name}.maxpat")) else {
            return Err(format!("there is no object {name:?}"));
        };
        let count = |kind: &str| {
            let numbered = |b: &Value| {
                let word = b["text"].as_str().unwrap_or_default();
                let mut words = word.split_whitespace();
                let is_end = words
                    .next()
                    .is_some_and(|w| w.trim_end_matches('~') == kind);
                is_end.then(|| words.next().and_then(|n| n.parse().ok()).unwrap_or(1))
            };
            let boxes = boxes(patch);
            let ends = boxes.iter().filter(|b| b["maxclass"] == kind).count();
            ends.max(boxes.iter().filter_map(numbered).max().unwrap_or(0))
        };
        Ok((count(entry), count(exit)))
    }

    /// All that is wrong with `patch`.
    fn faults(&self, patch: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        let mut ends = BTreeMap::new();
        for b in boxes(patch) {
            let (class, text) = (word(&b, "maxclass"), word(&b, "text"));
            let own = ["numinlets", "numoutlets"].map(|key| b[key].as_u64().unwrap() as usize);
            ends.insert(word(&b, "id"), own);
            let counts = match class.as_str() {
                "bpatcher" => self.ends_of(
                    word(&b, "name").trim_end_matches(".maxpat"),
                    "inlet",
                    "outlet",
                ),
                class => self.counts(class, &text),
            };
            match counts {
                Ok((inlets, outlets)) if [inlets, outlets] != own => faults.push(format!(
                    "{class} {text}: {own:?} instead of {:?}",
                    [inlets, outlets]
                )),
                Ok(_) => {}
                Err(fault) => faults.push(fault),
            }
            faults.extend(self.faults_of_text(&class, &text));
        }
        for line in patch["patcher"]["lines"].as_array().unwrap() {
            let line = &line["patchline"];
            for (end, side) in [("source", 1), ("destination", 0)] {
                let place = line[end][1].as_u64().unwrap() as usize;
                match ends.get(line[end][0].as_str().unwrap()) {
                    Some(own) if place < own[side] => {}
                    _ => faults.push(format!("a wire's {end} is not there: {line}")),
                }
            }
        }
        faults
    }

    /// Messages and files that are named in a box.
    fn faults_of_text(&self, class: &str, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        if class == "comment" {
            return faults;
        }
        let is_hearing = text.starts_with("route ");
        for message in text.split(',') {
            let mut words = message
                .split_whitespace()
                .skip_while(|w| !w.starts_with("/antiphon/"));
            let mut before = message.split_whitespace();
            let is_prepended = before.next() == Some("prepend");
            while let Some(address) = words.next() {
                if is_hearing {
                    if address.starts_with('/') && !self.said.contains(address) {
                        faults.push(format!("{address} is never said"));
                    }
                    continue;
                }
                let arguments = words.by_ref().take_while(|w| !w.starts_with('/')).count();
                match self.heard.get(address) {
                    None => faults.push(format!("{address} is not understood")),
                    Some(needed) if !is_prepended && arguments < *needed => {
                        faults.push(format!("{address} needs {needed} arguments: {message}"));
                    }
                    Some(_) => {}
                }
            }
        }
        let is_file = |word: &&str| {
            let known = [".wav", ".txt", ".maxpat", ".maxhelp"];
            known.iter().any(|ending| word.ends_with(ending)) && !word.contains(['%', '$', '#'])
        };
        let files = text.split_whitespace().filter(is_file);
        let missing = files.filter(|file| !self.files.contains(&name(Path::new(file))));
        faults.extend(missing.map(|file| format!("{file} is not in the package")));
        faults
    }
}

/// The highest place of an argument in an expression: 2, of `$f1 + $i2`.
fn highest_place(text: &str) -> usize {
    let places = text.split('$').skip(1);
    let places = places.filter_map(|rest| rest.get(1..2)?.parse().ok());
    places.max().unwrap_or(0)
}

fn is_patch(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    ending == "maxpat" || ending == "maxhelp"
}

fn boxes(patch: &Value) -> Vec<Value> {
    let boxes = patch["patcher"]["boxes"].as_array().unwrap();
    boxes.iter().map(|b| b["box"].clone()).collect()
}

fn word(b: &Value, key: &str) -> String {
    b[key].as_str().unwrap_or_default().to_owned()
}

#[test]
fn every_box_wire_message_and_file_is_one_that_there_is() {
    let known = Known::collect();
    assert!(known.patches.len() >= 10);
    let (mut boxes_checked, mut wires) = (0, 0);
    for (name, patch) in &known.patches {
        assert_eq!(known.faults(patch), Vec::<String>::new(), "{name}");
        boxes_checked += boxes(patch).len();
        wires += patch["patcher"]["lines"].as_array().unwrap().len();
    }
    println!(
        "{} patches, {boxes_checked} boxes, {wires} wires",
        known.patches.len()
    );
}

#[test]
fn all_that_is_said_is_routed_and_all_that_is_heard_can_be_sent() {
    let known = Known::collect();
    let conversation = &known.patches["antiphon.osc.maxpat"];
    let texts: Vec<String> = boxes(conversation)
        .iter()
        .map(|b| word(b, "text"))
        .collect();
    let names = |address: &str| {
        let mut words = texts.iter().flat_map(|text| text.split_whitespace());
        words.any(|word| word == address)
    };
    for address in known.said.iter().chain(known.heard.keys()) {
        assert!(names(address), "{address}");
    }
}

#[test]
fn mistakes_are_found() {
    let known = Known::collect();
    let mistaken = |change: &dyn Fn(&mut Value)| {
        let mut patch = known.patches["antiphon.osc.maxpat"].clone();
        change(&mut patch);
        known.faults(&patch).join("\n")
    };
    let text_of = |patch: &mut Value, from: &str, to: &str| {
        let boxes = patch["patcher"]["boxes"].as_array_mut().unwrap();
        let mut texts = boxes.iter_mut().map(|b| &mut b["box"]["text"]);
        let text = texts.find(|text| text.as_str().is_some_and(|t| t.contains(from)));
        let text = text.unwrap();
        *text = text.as_str().unwrap().replace(from, to).into();
    };
    for (from, to, expected) in [
        ("udpsend", "udpsned", "there is no object \"udpsned\""),
        (
            "/antiphon/cancel",
            "/antiphon/cancle",
            "/antiphon/cancle is not understood",
        ),
        (
            "/antiphon/done",
            "/antiphon/doen",
            "/antiphon/doen is never said",
        ),
    ] {
        let faults = mistaken(&|patch| text_of(patch, from, to));
        assert!(faults.contains(expected), "{faults}");
    }
    let faults = mistaken(&|patch| {
        patch["patcher"]["lines"][0]["patchline"]["source"][1] = 99.into();
    });
    assert!(faults.contains("a wire's source is not there"), "{faults}");
    let faults = mistaken(&|patch| {
        patch["patcher"]["boxes"][0]["box"]["numoutlets"] = 9.into();
    });
    assert!(faults.contains("instead of"), "{faults}");
    for (class, text, expected) in [
        (
            "message",
            "read nowhere.wav",
            "nowhere.wav is not in the package",
        ),
        ("message", "/antiphon/set follow", "needs 2 arguments"),
    ] {
        let faults = known.faults_of_text(class, text).join("\n");
        assert!(faults.contains(expected), "{faults}");
    }
}

#[test]
fn no_box_of_a_help_patch_hides_another() {
    let known = Known::collect();
    for (name, patch) in known
        .patches
        .iter()
        .filter(|(name, _)| name.ends_with(".maxhelp"))
    {
        let boxes = boxes(patch);
        let rects: Vec<(String, [f64; 4])> = boxes
            .iter()
            .filter(|b| b["maxclass"] != "panel")
            .map(|b| {
                let rect = [0, 1, 2, 3].map(|n| b["patching_rect"][n].as_f64().unwrap());
                (format!("{} {}", word(b, "maxclass"), word(b, "text")), rect)
            })
            .collect();
        for (n, (one, [x, y, width, height])) in rects.iter().enumerate() {
            for (other, [left, top, w, h]) in &rects[n + 1..] {
                let apart =
                    x + width <= *left || left + w <= *x || y + height <= *top || top + h <= *y;
                assert!(apart, "{name}: {one} and {other}");
            }
        }
    }
}

#[test]
fn the_package_says_what_it_is() {
    let info = read(&package().join("package-info.json"));
    for key in [
        "name",
        "version",
        "author",
        "description",
        "tags",
        "max_version_min",
    ] {
        assert!(!info[key].is_null(), "{key}");
    }
    let readme = std::fs::read_to_string(package().join("README.md")).unwrap();
    assert!(
        readme.contains("not been run in Max") || readme.contains("never run in Max"),
        "{readme}"
    );
    for reference in files_under(&package().join("docs")) {
        let text = std::fs::read_to_string(&reference).unwrap();
        let patch = name(&reference).replace(".maxref.xml", ".maxpat");
        assert!(package().join("patchers").join(&patch).exists(), "{patch}");
        assert!(text.contains("<c74object"), "{reference:?}");
    }
}

#[test]
fn the_package_is_what_its_program_writes() {
    let python = common::python();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("max");
    for path in files_under(&repository("patches/max")) {
        let to = copy.join(path.strip_prefix(repository("patches/max")).unwrap());
        if to.starts_with(copy.join("antiphon")) && is_patch(&to) {
            continue;
        }
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(&path, to).unwrap();
    }
    let written = Command::new(python)
        .arg(copy.join("make_max_package.py"))
        .output()
        .unwrap();
    assert!(written.status.success(), "{written:?}");
    for path in files_under(&package()) {
        let again = copy
            .join("antiphon")
            .join(path.strip_prefix(package()).unwrap());
        assert_eq!(
            std::fs::read(&again).unwrap(),
            std::fs::read(&path).unwrap(),
            "{again:?}"
        );
    }
}
