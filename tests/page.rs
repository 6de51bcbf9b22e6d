//! What the page can ask of `antiphon studio` and `antiphon watch --page`, asked without a
//! browser, as docs/http.md says it.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use common::page::Page;
use common::{pluck, write_seed};
use serde_json::{Value, json};

/// A sound file of some notes, `seconds` long.
fn notes(seconds: f64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.wav");
    let scale = [220.0, 247.5, 275.0, 330.0];
    let mut signal = pluck(scale[0], 0.5, 11025);
    for n in 1..(2.0 * seconds) as usize {
        signal
            .samples
            .extend(pluck(scale[n % 4], 0.5, 11025).samples);
    }
    write_seed(&path, &signal);
    std::fs::read(path).unwrap()
}

/// Hyperparameters of a network that is trained in seconds.
fn small() -> Value {
    json!({ "preset": "vector-cpu", "hidden_size": 24, "seg_len": 64, "num_unrollings": 8,
            "bptt_steps": 8, "audio_freq": 0 })
}

fn put(page: &Page, path: &str, bytes: &[u8]) -> Value {
    let answered = page.ask("PUT", path, &[], bytes);
    assert_eq!(answered.status, 201, "{answered:?}");
    answered.json()
}

fn state_of(name: &str) -> String {
    format!("/api/runs/{name}")
}

#[test]
fn a_model_is_made_and_answers_with_variations_and_a_voice() {
    let page = Page::studio(&[]);
    let taken = put(&page, "/api/recordings/notes.wav", &notes(20.0));
    assert_eq!(taken["name"], "notes.wav");
    assert_eq!(taken["seconds"].as_f64().unwrap().round(), 20.0);
    assert_eq!(taken["remarks"], json!([]));
    let again = put(&page, "/api/recordings/notes.wav", &notes(2.0));
    assert_eq!(again["name"], "notes-2.wav");
    assert!(
        again["remarks"][0].as_str().unwrap().contains("short"),
        "{again}"
    );
    let picture = page.get("/api/sounds/recordings/notes.wav?picture=waveform,spectrogram,chroma");
    assert_eq!(picture.header("content-type"), Some("image/svg+xml"));
    assert!(picture.body.starts_with(b"<svg"));

    let checked = page.post("/api/settings/check", small()).json();
    assert_eq!(checked["values"]["hidden_size"], 24);
    let changed = checked["changed"].as_array().unwrap();
    assert!(changed.contains(&json!("hidden_size")) && !changed.contains(&json!("lr")));
    assert!(
        checked["drawing"]
            .as_str()
            .unwrap()
            .contains("Input matrix")
    );
    let refused = page.post(
        "/api/settings/check",
        json!({ "preset": "vector-cpu", "lr": 0 }),
    );
    assert_eq!(
        (refused.status, &refused.json()["key"]),
        (422, &json!("lr"))
    );
    let asked = json!({ "settings": small(), "seconds": 20, "minutes": 0.1 });
    let estimate = page.post("/api/settings/estimate", asked).json();
    assert_eq!(
        (&estimate["training"], &estimate["ends_by"]),
        (&json!(6.0), &json!("minutes"))
    );
    assert!(estimate["sampling"].as_f64().unwrap() > 0.0, "{estimate}");

    let kept = page.send("PUT", "/api/settings/mine", small());
    assert_eq!(kept.status, 204);
    assert_eq!(page.get("/api/settings/mine").json()["hidden_size"], 24);
    let run = |name: &str| json!({ "name": name, "recordings": ["notes.wav"], "settings": small(), "minutes": 0.05 });
    // Two are asked for; the second waits for the first.
    assert_eq!(page.post("/api/runs", run("notes")).json()["name"], "notes");
    assert_eq!(
        page.post("/api/runs", run("notes")).json()["name"],
        "notes-2"
    );
    assert_eq!(page.get(&state_of("notes-2")).json()["state"], "waiting");
    let ended = page.wait(&state_of("notes"), |run| run["state"] == "ended");
    assert_eq!(ended["model"], "notes.onnx");
    assert!(ended["losses"].as_array().unwrap().len() > 1, "{ended}");
    assert!(
        ended["scale"]["words"].as_str().unwrap().contains("nats"),
        "{ended}"
    );
    page.wait(&state_of("notes-2"), |run| run["state"] == "ended");

    let keep = page.post("/api/runs/notes/keep", json!({ "model": "early" }));
    assert_eq!(keep.status, 201, "{keep:?}");
    assert_eq!(
        page.post("/api/runs/notes/keep", json!({ "model": "early" }))
            .status,
        409
    );
    let files = page.get("/api/files").json();
    let models: Vec<&str> = files["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["name"].as_str().unwrap())
        .collect();
    assert!(
        models.contains(&"early.onnx") && models.contains(&"bells"),
        "{models:?}"
    );

    put(&page, "/api/seeds/melody.wav", &notes(2.0));
    let plan = json!({ "model": "early.onnx", "seconds": 1.5, "variations": 3 });
    let asked = page.post(
        "/api/answers",
        json!({ "seed": "melody.wav", "plan": plan }),
    );
    assert_eq!(asked.status, 202, "{asked:?}");
    let id = asked.json()["id"].as_str().unwrap().to_owned();
    let answer = page.wait(&format!("/api/answers/{id}"), |answer| {
        assert_ne!(answer["state"], "failed", "{answer}");
        answer["state"] == "done"
    });
    let files = answer["files"].as_array().unwrap();
    assert_eq!(files.len(), 3);
    assert_eq!(
        (&files[0]["file"], &files[0]["model"]),
        (&json!("01.wav"), &json!("early.onnx"))
    );
    assert!(files[0]["sidecar"]["seed_sha256"].is_string(), "{answer}");
    assert_eq!(answer["plan"], plan);
    let command = answer["command"].as_str().unwrap();
    assert!(
        command.contains("antiphon generate --seed studio/seeds/melody.wav"),
        "{command}"
    );
    for sound in ["theme.wav", "01.wav"] {
        let heard = page.get(&format!("/api/sounds/answers/{id}/{sound}"));
        assert!(heard.body.starts_with(b"RIFF"), "{sound}: {heard:?}");
    }
    let part = page.ask(
        "GET",
        &format!("/api/sounds/answers/{id}/01.wav"),
        &["Range: bytes=0-3"],
        b"",
    );
    assert_eq!((part.status, &*part.body), (206, b"RIFF".as_slice()));
    let mark = json!({ "file": "01.wav", "kept": true });
    assert_eq!(
        page.post(&format!("/api/answers/{id}/keep"), mark).status,
        204
    );
    assert_eq!(
        page.get("/api/answers").json()[0]["kept"],
        json!(["01.wav"])
    );

    assert_eq!(
        page.send("PUT", "/api/voices/night", plan.clone()).status,
        204
    );
    assert_eq!(page.get("/api/voices/night").json(), plan);
    let stored = std::fs::read_to_string(page.path("voices/night.json")).unwrap();
    assert!(stored.contains("../models/early.onnx"), "{stored}");
    put(&page, "/api/seeds/my%20song.wav", &notes(2.0));
    let asked = json!({ "seed": "my song.wav", "plan": { "model": "bells", "seconds": 1 } });
    let asked = page.post("/api/answers", asked).json();
    let of_spaces = format!(
        "/api/answers/{}",
        asked["id"].as_str().unwrap().replace(' ', "%20")
    );
    let command = page.get(&of_spaces).json()["command"].to_string();
    assert!(
        command.contains("--seed 'studio/seeds/my song.wav' --plan"),
        "{command}"
    );
    let asked = json!({ "seed": "melody.wav", "voice": "night" });
    assert_eq!(page.post("/api/answers", asked).status, 202);
    let of_nothing = json!({ "model": "nothing.onnx" });
    assert_eq!(page.send("PUT", "/api/voices/none", of_nothing).status, 422);

    assert_eq!(
        page.ask("DELETE", &format!("/api/answers/{id}"), &[], b"")
            .status,
        204
    );
    assert_eq!(page.get(&format!("/api/answers/{id}")).status, 404);
    assert_eq!(
        page.ask("DELETE", "/api/runs/notes-2", &[], b"").status,
        204
    );
    assert!(!page.path("runs/notes-2").exists() && page.path("models/notes-2.onnx").exists());
}

#[test]
fn a_training_outlives_the_studio_and_can_be_stopped_and_gone_on_with() {
    let mut page = Page::studio(&[]);
    put(&page, "/api/recordings/notes.wav", &notes(10.0));
    let run =
        json!({ "name": "long", "recordings": ["notes.wav"], "settings": small(), "minutes": 30 });
    assert_eq!(page.post("/api/runs", run).status, 202);
    let trained = |run: &Value| run["steps"].as_u64().unwrap_or(0);
    let before = page.wait(&state_of("long"), |run| {
        run["state"] == "training" && trained(run) > 10
    });
    page.kill();
    page.start();
    let after = page.wait(&state_of("long"), |run| trained(run) > trained(&before));
    assert_eq!(after["state"], "training");
    assert_eq!(page.ask("DELETE", "/api/runs/long", &[], b"").status, 409);
    assert_eq!(page.post("/api/runs/long/stop", json!({})).status, 202);
    let stopped = page.wait(&state_of("long"), |run| run["state"] != "training");
    assert_eq!(
        (&stopped["state"], &stopped["model"]),
        (&json!("stopped"), &json!("long.onnx"))
    );
    assert_eq!(
        page.post("/api/runs/long/resume", json!({ "minutes": 0.02 }))
            .status,
        202
    );
    let ended = page.wait(&state_of("long"), |run| run["state"] == "ended");
    assert!(trained(&ended) > trained(&stopped), "{ended}");
}

#[test]
fn a_run_that_cannot_be_trained_says_why() {
    let page = Page::studio(&[]);
    std::fs::write(page.path("recordings/broken.wav"), "this is no sound").unwrap();
    let run = json!({ "name": "broken", "recordings": ["broken.wav"], "settings": small() });
    page.post("/api/runs", run);
    let failed = page.wait(&state_of("broken"), |run| run["state"] == "failed");
    assert!(
        failed["error"].as_str().unwrap().contains("broken.wav"),
        "{failed}"
    );
}

/// The events of `page` until one of `name` for which `is_so` holds; its data.
fn hear(page: &Page, name: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut stream = page.connect();
    let host = page.address;
    write!(stream, "GET /api/events HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut event = String::new();
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        if let Some(name) = line.strip_prefix("event: ") {
            event = name.to_owned();
        }
        if let Some(data) = line.strip_prefix("data: ").filter(|_| event == name) {
            let data = serde_json::from_str(data).unwrap();
            if is_so(&data) {
                return data;
            }
        }
    }
    panic!("the stream has ended");
}

#[test]
fn the_gallery_tells_what_becomes_of_seeds_and_tries_again_what_failed() {
    let page = Page::gallery(&["--page-control", "--seconds", "1"]);
    hear(&page, "gallery", |gallery| gallery["state"] == "in-order");
    std::fs::write(page.path("seeds/broken.wav"), "this is no sound").unwrap();
    std::fs::write(page.path("seeds/melody.wav"), notes(2.0)).unwrap();
    let gallery = hear(&page, "gallery", |gallery| {
        gallery["done"] == 1 && gallery["failed"] == 1
    });
    let answer = &gallery["answers"][0];
    assert_eq!(answer["name"], "melody.0001.wav");
    let heard = page.get(&format!(
        "/api/sounds/{}",
        answer["sound"].as_str().unwrap()
    ));
    assert!(heard.body.starts_with(b"RIFF"));
    let failure = &gallery["last_failures"][0];
    assert!(
        failure["reason"].as_str().unwrap().contains("sound"),
        "{failure}"
    );
    let name = failure["name"].as_str().unwrap();

    std::fs::write(page.path("failed/broken.wav"), notes(2.0)).unwrap();
    let retried = page.post(&format!("/api/gallery/failed/{name}/retry"), json!({}));
    assert_eq!(retried.status, 202, "{retried:?}");
    hear(&page, "gallery", |gallery| {
        gallery["done"] == 2 && gallery["failed"] == 0
    });
    assert_eq!(page.get("/health").status, 200);
}

#[test]
fn a_page_that_many_look_at_costs_its_daemon_little() {
    let page = Page::gallery(&[]);
    page.wait("/api/gallery", |gallery| gallery["state"] == "in-order");
    let listeners: Vec<_> = (0..50)
        .map(|_| {
            let mut stream = page.connect();
            let host = page.address;
            write!(stream, "GET /api/events HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        assert_eq!(page.get("/api/gallery").json()["running"], true);
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(listeners);
    assert_eq!(page.get("/health").status, 200);
}
