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
    // It makes the same once more, beside what is there.
    let typed = command.replace(
        "antiphon generate",
        &format!("{} generate", env!("CARGO_BIN_EXE_antiphon")),
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &typed])
        .output()
        .unwrap();
    assert!(output.status.success(), "{typed}: {output:?}");
    let first = |folder: &str| std::fs::read(page.path(folder).join("01.wav")).unwrap();
    let again = command.rsplit(' ').next().unwrap();
    assert!(first(again) == first(&format!("studio/answers/{id}/set")));
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
    let begun = Instant::now();
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(60), "{name}: {line}");
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

/// Names of seeds as patches give them, and what other systems refuse.
#[cfg(unix)]
#[test]
fn answers_to_seeds_with_odd_names_are_heard_and_tried_again() {
    let page = Page::gallery(&["--page-control", "--seconds", "1"]);
    hear(&page, "gallery", |gallery| gallery["state"] == "in-order");
    let names = [
        "what \"is\" <this>?",
        "a:b|c*",
        "back\\slash",
        "line\nbreak",
        " space",
    ];
    let file = |name: &str| page.path(&format!("seeds/{name}.wav"));
    for name in names {
        std::fs::write(file(name), notes(2.0)).unwrap();
    }
    let gallery = hear(&page, "gallery", |gallery| gallery["done"] == names.len());
    let answers = gallery["answers"].as_array().unwrap();
    assert_eq!(answers.len(), names.len());
    for answer in answers {
        let sound = answer["sound"].as_str().unwrap();
        let heard = page.get(&format!("/api/sounds/{}", escaped(sound)));
        assert!(heard.body.starts_with(b"RIFF"), "{sound}: {heard:?}");
    }

    for name in names {
        std::fs::write(file(name), "this is no sound").unwrap();
    }
    let gallery = hear(&page, "gallery", |gallery| gallery["failed"] == names.len());
    for name in names {
        std::fs::write(page.path(&format!("failed/{name}.wav")), notes(2.0)).unwrap();
    }
    for failure in gallery["last_failures"].as_array().unwrap() {
        let name = escaped(failure["name"].as_str().unwrap());
        let retried = page.post(&format!("/api/gallery/failed/{name}/retry"), json!({}));
        assert_eq!(retried.status, 202, "{name}: {retried:?}");
    }
    hear(&page, "gallery", |gallery| {
        gallery["done"] == 2 * names.len() && gallery["failed"] == 0
    });
}

/// A path as an address has it.
fn escaped(path: &str) -> String {
    let letter = |byte: u8| match byte {
        b'/' | b'.' | b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    path.bytes().map(letter).collect()
}

#[test]
fn of_a_set_all_answers_are_heard_in_the_gallery() {
    let plan = json!({ "model": "bells", "seconds": 1, "variations": [{}, { "follow": 0 }] });
    let page = Page::gallery(&[]);
    hear(&page, "gallery", |gallery| gallery["state"] == "in-order");
    std::fs::create_dir_all(page.path("voices")).unwrap();
    std::fs::write(page.path("voices/night.json"), plan.to_string()).unwrap();
    page.wait("/api/gallery", |gallery| gallery["voices"] != json!([]));
    std::fs::create_dir_all(page.path("seeds/night")).unwrap();
    std::fs::write(page.path("seeds/night/melody.wav"), notes(2.0)).unwrap();
    let gallery = page.wait("/api/gallery", |gallery| gallery["done"] == 1);
    let answer = &gallery["answers"][0];
    let sounds = answer["sounds"].as_array().unwrap();
    assert_eq!((&answer["set"], sounds.len()), (&json!(2), 2), "{answer}");
    assert_eq!(answer["sound"], sounds[0]["sound"]);
    for sound in sounds {
        let heard = page.get(&format!("/api/sounds/{}", sound["sound"].as_str().unwrap()));
        assert!(heard.body.starts_with(b"RIFF"), "{sound}: {heard:?}");
    }
}

#[test]
fn what_follows_from_settings_follows_the_rate_of_the_recordings() {
    let page = Page::studio(&[]);
    let settings = json!({ "preset": "vector-hifi" });
    let check = |query: &str| {
        let checked = page.post(&format!("/api/settings/check{query}"), settings.clone());
        assert_eq!(checked.status, 200, "{checked:?}");
        checked.json()
    };
    let (usual, low) = (check(""), check("?rate=11025"));
    assert_eq!(usual["json"], low["json"]);
    let span = |checked: &Value| {
        let follows = checked["follows"].as_array().unwrap();
        let matrix = follows.iter().find(|pair| pair[0] == "matrix").unwrap();
        let text = matrix[1].as_str().unwrap();
        let seconds = text.split(", ").nth(1).unwrap().split(' ').next().unwrap();
        seconds.parse::<f64>().unwrap()
    };
    let ratio = span(&low) / span(&usual);
    assert!((3.9..4.1).contains(&ratio), "{usual} {low}");
    assert_eq!(page.post("/api/settings/check?rat=1", settings).status, 400);
}

#[test]
fn many_who_ask_at_once_get_names_of_their_own() {
    let page = Page::studio(&[]);
    put(&page, "/api/recordings/notes.wav", &notes(5.0));
    put(&page, "/api/seeds/melody.wav", &notes(2.0));
    let run =
        json!({ "name": "race", "recordings": ["notes.wav"], "settings": small(), "minutes": 30 });
    let answer = json!({ "seed": "melody.wav", "plan": { "model": "bells", "seconds": 1 } });
    let at_once = |path: &str, order: &Value| {
        std::thread::scope(|scope| {
            let asked: Vec<_> = (0..6)
                .map(|_| scope.spawn(|| page.post(path, order.clone())))
                .collect();
            let said = asked.into_iter().map(|asked| asked.join().unwrap());
            let names = said.map(|said| {
                assert_eq!(said.status, 202, "{said:?}");
                said.json()
                    .as_object()
                    .unwrap()
                    .values()
                    .next()
                    .unwrap()
                    .to_string()
            });
            names.collect::<std::collections::BTreeSet<String>>()
        })
    };
    assert_eq!(at_once("/api/runs", &run).len(), 6);
    assert_eq!(at_once("/api/answers", &answer).len(), 6);
    let done = |answers: &Value| {
        let all = answers.as_array().unwrap().iter();
        all.clone().all(|answer| answer["state"] == "done")
    };
    page.wait("/api/answers", done);

    let settings = |n: usize| {
        let settings = json!({ "preset": "vector-cpu", "hidden_size": 16 + n });
        let kept = page.send("PUT", "/api/settings/same", settings);
        assert_eq!(kept.status, 204, "{kept:?}");
    };
    std::thread::scope(|scope| {
        (0..12).for_each(|n| drop(scope.spawn(move || settings(n))));
    });
    assert!(page.get("/api/settings/same").json()["hidden_size"].is_u64());
}

#[test]
fn two_studios_of_a_folder_begin_a_run_once() {
    let page = Page::studio(&[]);
    put(&page, "/api/recordings/notes.wav", &notes(5.0));
    let mut other = common::antiphon()
        .args(["studio", "--listen", "127.0.0.1:0", "--root"])
        .arg(page.root())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    for n in 0..3 {
        let run = json!({ "name": format!("run{n}"), "recordings": ["notes.wav"], "settings": small(), "minutes": 30 });
        assert_eq!(page.post("/api/runs", run).status, 202);
        let of_this = format!("/api/runs/run{n}");
        page.wait(&of_this, |run| {
            run["state"] == "training" && run["steps"].as_u64() > Some(0)
        });
        assert_eq!(page.post(&format!("{of_this}/stop"), json!({})).status, 202);
        page.wait(&of_this, |run| run["state"] == "stopped");
    }
    other.kill().unwrap();
    other.wait().unwrap();
    let runs = std::fs::read_dir(page.path("runs")).unwrap();
    assert_eq!(runs.count(), 3);
}

#[test]
fn a_guide_of_the_page_is_found_wherever_the_plan_is_used() {
    let page = Page::studio(&[]);
    put(&page, "/api/seeds/melody.wav", &notes(2.0));
    put(&page, "/api/seeds/guide.wav", &notes(3.0));
    let plan = json!({ "model": "bells", "seconds": 1, "follow": 0.5, "guide_file": "guide.wav" });
    assert_eq!(
        page.send("PUT", "/api/voices/led", plan.clone()).status,
        204
    );
    assert_eq!(page.get("/api/voices/led").json(), plan);
    for order in [json!({ "plan": plan }), json!({ "voice": "led" })] {
        let mut order = order;
        order["seed"] = "melody.wav".into();
        let asked = page.post("/api/answers", order);
        assert_eq!(asked.status, 202, "{asked:?}");
    }
    page.wait("/api/answers", |answers| {
        let all = answers.as_array().unwrap();
        all.iter()
            .for_each(|answer| assert_ne!(answer["state"], "failed", "{answer}"));
        all.iter().all(|answer| answer["state"] == "done")
    });
    // A voice that somebody wrote by hand, with a guide elsewhere, is not answered by another one.
    std::fs::create_dir(page.path("guides")).unwrap();
    std::fs::write(page.path("guides/guide.wav"), notes(3.0)).unwrap();
    let own = json!({ "model": "bells", "guide_file": "../guides/guide.wav" });
    std::fs::write(page.path("voices/own.json"), own.to_string()).unwrap();
    assert_eq!(page.get("/api/voices/own").json(), own);
    let asked = page.post(
        "/api/answers",
        json!({ "seed": "melody.wav", "voice": "own" }),
    );
    assert_eq!(asked.status, 400, "{asked:?}");
}

#[cfg(unix)]
#[test]
fn of_a_link_only_the_link_is_removed() {
    let page = Page::studio(&[]);
    put(&page, "/api/seeds/melody.wav", &notes(2.0));
    let link = page.path("recordings/link.wav");
    std::os::unix::fs::symlink("../studio/seeds/melody.wav", &link).unwrap();
    let removed = page.ask("DELETE", "/api/recordings/link.wav", &[], b"");
    assert_eq!(removed.status, 204);
    assert!(page.path("studio/seeds/melody.wav").exists() && link.symlink_metadata().is_err());
}

#[test]
fn what_was_sent_by_halves_to_a_server_that_was_killed_goes() {
    let mut page = Page::studio(&[]);
    page.kill();
    let part = |name: &str| page.path(&format!("recordings/{name}"));
    let (old, new, other) = (
        part(".ab.123.part"),
        part(".cd.124.part"),
        part("notes.wav"),
    );
    for path in [&old, &new, &other] {
        let file = std::fs::File::create(path).unwrap();
        if *path != new {
            let before = std::time::SystemTime::now() - Duration::from_secs(3600);
            file.set_modified(before).unwrap();
        }
    }
    page.start();
    // Somebody may still send the new one, to another server.
    assert!(!old.exists() && new.exists() && other.exists());
}

#[test]
fn a_run_that_cannot_go_on_keeps_its_model() {
    let page = Page::studio(&[]);
    put(&page, "/api/recordings/notes.wav", &notes(5.0));
    let run =
        json!({ "name": "run", "recordings": ["notes.wav"], "settings": small(), "minutes": 0.02 });
    assert_eq!(page.post("/api/runs", run).status, 202);
    let ended = page.wait("/api/runs/run", |run| run["state"] == "ended");
    assert_eq!(ended["model"], "run.onnx");
    std::fs::rename(page.path("recordings/notes.wav"), page.path("notes.wav")).unwrap();
    assert_eq!(
        page.post("/api/runs/run/resume", json!({ "minutes": 1 }))
            .status,
        202
    );
    let failed = page.wait("/api/runs/run", |run| run["state"] == "failed");
    assert_eq!(
        (&failed["model"], &ended["steps"]),
        (&json!("run.onnx"), &failed["steps"])
    );
    assert!(failed["error"].is_string(), "{failed}");
}

#[test]
fn names_that_get_a_number_can_be_asked_for() {
    let page = Page::studio(&[]);
    let long = format!("{}.wav", "x".repeat(196));
    for _ in 0..2 {
        let taken = put(&page, &format!("/api/recordings/{long}"), &notes(2.0));
        let name = taken["name"].as_str().unwrap();
        assert_eq!(
            page.get(&format!("/api/sounds/recordings/{name}?facts"))
                .status,
            200
        );
    }
    let run = json!({ "name": "x".repeat(181), "recordings": [long], "settings": small() });
    assert_eq!(page.post("/api/runs", run).status, 400);
}

#[test]
fn what_is_not_known_of_a_gallery_is_not_told_as_none() {
    let page = Page::studio(&[]);
    let gallery = page.get("/api/gallery").json();
    assert_eq!(
        (&gallery["state"], &gallery["running"]),
        (&json!("not-running"), &json!(false))
    );
    assert_eq!(gallery["waiting"], Value::Null);
    assert!(gallery["start"].as_str().unwrap().contains("watch --root"));
    let metrics = String::from_utf8(page.get("/metrics").body).unwrap();
    assert!(
        metrics.contains("antiphon_running 0") && !metrics.contains("antiphon_seeds_waiting"),
        "{metrics}"
    );
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
