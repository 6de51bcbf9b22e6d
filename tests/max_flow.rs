//! What flows through the wires of the package for Max: no value that antiphon says is dropped,
//! and no sound goes where only messages are understood.

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A patch: its boxes by their ids, and its wires.
struct Flow {
    boxes: BTreeMap<String, Value>,
    wires: Vec<Wire>,
}

/// From an outlet to an inlet.
struct Wire {
    from: (String, usize),
    to: (String, usize),
}

fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("patches/max/antiphon")
}

fn end(line: &Value, side: &str) -> (String, usize) {
    let end = &line["patchline"][side];
    let place = end[1].as_u64().unwrap() as usize;
    (end[0].as_str().unwrap().to_owned(), place)
}

impl Flow {
    fn read(path: &Path) -> Flow {
        Flow::of(&serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
    }

    fn of(patch: &Value) -> Flow {
        let boxes = patch["patcher"]["boxes"].as_array().unwrap().iter();
        let lines = patch["patcher"]["lines"].as_array().unwrap().iter();
        Flow {
            boxes: boxes
                .map(|b| {
                    let id = b["box"]["id"].as_str().unwrap();
                    (id.to_owned(), b["box"].clone())
                })
                .collect(),
            wires: lines
                .map(|line| Wire {
                    from: end(line, "source"),
                    to: end(line, "destination"),
                })
                .collect(),
        }
    }

    fn text(&self, id: &str) -> &str {
        self.boxes[id]["text"].as_str().unwrap_or_default()
    }

    /// What each address that `route` picks out goes into.
    fn picked(&self) -> Vec<(&str, &Value)> {
        let mut picked = Vec::new();
        for wire in &self.wires {
            let mut words = self.text(&wire.from.0).split_whitespace();
            if words.next() == Some("route") {
                let address = words.nth(wire.from.1).unwrap_or_default();
                picked.push((address, &self.boxes[&wire.to.0]));
            }
        }
        picked
    }

    /// Values that antiphon says and a message throws away, or asks for though they are not said.
    fn lost(&self, said: &BTreeMap<String, usize>) -> Vec<String> {
        let mut lost = Vec::new();
        for (address, into) in self.picked() {
            let (Some(count), "message") = (said.get(address), class(into)) else {
                continue;
            };
            let text = into["text"].as_str().unwrap();
            let asked = text.split('$').skip(1).filter_map(|rest| rest.get(..1));
            let highest = asked.filter_map(|n| n.parse::<usize>().ok()).max();
            if (highest.is_none() && *count > 0) || highest > Some(*count) {
                lost.push(format!("{address} says {count} values, ({text}) is sent"));
            }
        }
        lost
    }

    /// Sounds that go where only messages are understood.
    fn astray(&self) -> Vec<String> {
        let sounding = self.wires.iter().filter(|wire| {
            let from = &self.boxes[&wire.from.0];
            from["outlettype"][wire.from.1] == "signal"
        });
        sounding
            .filter(|wire| !takes_sound(&self.boxes[&wire.to.0], wire.to.1))
            .map(|wire| format!("{} into {}", self.text(&wire.from.0), self.text(&wire.to.0)))
            .collect()
    }
}

fn class(b: &Value) -> &str {
    b["maxclass"].as_str().unwrap_or_default()
}

/// The objects of MSP end in `~`; some of those understand messages only.
fn takes_sound(b: &Value, inlet: usize) -> bool {
    let name = match class(b) {
        "newobj" => b["text"].as_str().unwrap().split_whitespace().next(),
        "bpatcher" => b["name"].as_str().map(|n| n.trim_end_matches(".maxpat")),
        class => Some(class),
    };
    match name.unwrap_or_default() {
        "buffer~" | "line~" | "info~" | "in~" | "adc~" | "ezadc~" => false,
        "record~" | "antiphon.record~" | "antiphon~" | "sympathy~" => inlet == 0,
        "antiphon.play~" => false,
        "outlet" => true,
        name => name.ends_with('~'),
    }
}

/// How many values each message has that antiphon says, by its address.
fn said() -> BTreeMap<String, usize> {
    let output = common::run(["osc", "--json"]);
    let table: Value = serde_json::from_slice(&output.stdout).unwrap();
    let said = table.as_array().unwrap().iter();
    said.filter(|line| line["direction"] == "said")
        .map(|line| {
            let arguments = line["arguments"].as_array().unwrap().iter();
            let count = arguments.map(|a| if a["count"] == "twelve" { 12 } else { 1 });
            (line["address"].as_str().unwrap().to_owned(), count.sum())
        })
        .collect()
}

fn patches() -> Vec<PathBuf> {
    let folders = ["patchers", "help", "examples"].map(|name| package().join(name));
    let files = folders.iter().flat_map(|f| std::fs::read_dir(f).unwrap());
    let paths = files.map(|entry| entry.unwrap().path());
    let is_patch = |path: &PathBuf| {
        let ending = path.extension().unwrap_or_default();
        ending == "maxpat" || ending == "maxhelp"
    };
    paths.filter(is_patch).collect()
}

#[test]
fn no_value_is_lost_and_no_sound_goes_astray() {
    let said = said();
    let mut picked = 0;
    for path in patches() {
        let flow = Flow::read(&path);
        assert_eq!(flow.lost(&said), Vec::<String>::new(), "{path:?}");
        assert_eq!(flow.astray(), Vec::<String>::new(), "{path:?}");
        let addresses = flow.picked().into_iter();
        picked += addresses.filter(|(a, _)| said.contains_key(*a)).count();
    }
    assert!(picked >= said.len(), "{picked} of {}", said.len());
}

#[test]
fn what_is_lost_or_astray_is_found() {
    let patch = serde_json::json!({"patcher": {
        "boxes": [
            {"box": {"id": "1", "maxclass": "newobj", "text": "route /antiphon/status /antiphon/done"}},
            {"box": {"id": "2", "maxclass": "message", "text": "status"}},
            {"box": {"id": "3", "maxclass": "message", "text": "play $4"}},
            {"box": {"id": "4", "maxclass": "newobj", "text": "sig~ 1.", "outlettype": ["signal"]}},
            {"box": {"id": "5", "maxclass": "newobj", "text": "print sound"}},
        ],
        "lines": [
            {"patchline": {"source": ["1", 0], "destination": ["2", 0]}},
            {"patchline": {"source": ["1", 1], "destination": ["3", 0]}},
            {"patchline": {"source": ["4", 0], "destination": ["5", 0]}},
        ],
    }});
    let flow = Flow::of(&patch);
    let lost = flow.lost(&said());
    assert_eq!(lost.len(), 2, "{lost:?}");
    assert_eq!(flow.astray(), ["sig~ 1. into print sound"]);
}
