//! Voices of a watched folder, by the program itself.

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::gallery::{Gallery, LIVELY, PATIENCE, listing};
use common::{pluck, random_model, run, stderr, write_seed};
use serde_json::{Value, json};

const SPECTRUM: &str = r#"{"preset": "magnitude-spectrum", "window_size": 64, "hop_size": 16,
    "num_unrollings": 4, "output": "mixture", "components": 3}"#;

/// A gallery whose voices answer by another model, once and with a set.
fn gallery(arguments: &[&str]) -> Gallery {
    let gallery = Gallery::closed_with(LIVELY, &[&["--seconds", "0.5"], arguments].concat());
    random_model(SPECTRUM)
        .write(&gallery.folder.path().join("other.onnx"))
        .unwrap();
    std::fs::create_dir_all(gallery.path("voices")).unwrap();
    put_voice(
        &gallery,
        "solo",
        &json!({"model": other(&gallery), "seconds": 0.2}),
    );
    let variations = json!([{"follow": 1}, {"guide": "reverse"}]);
    put_voice(&gallery, "chorus", &json!({"variations": variations}));
    gallery
}

fn other(gallery: &Gallery) -> String {
    let path = gallery.folder.path().join("other.onnx");
    path.to_str().unwrap().to_owned()
}

fn put_voice(gallery: &Gallery, name: &str, voice: &Value) {
    let path = gallery.path(&format!("voices/{name}.json"));
    std::fs::write(path, voice.to_string()).unwrap();
}

fn put_seed(gallery: &Gallery, name: &str) {
    let path = gallery.path("seeds").join(name);
    wait_for("its folder", || path.parent().is_some_and(Path::is_dir));
    write_seed(&path, &pluck(220.0, 0.2, 11025));
}

fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_there() {
        assert!(begun.elapsed() < PATIENCE, "{what} in time");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn wait_for_file(gallery: &Gallery, name: &str) {
    wait_for(name, || gallery.path(name).exists());
}

fn json_at(gallery: &Gallery, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(gallery.path(name)).unwrap()).unwrap()
}

fn assert_replays(gallery: &Gallery, name: &str) {
    let output = run(["replay".into(), gallery.path(name).into_os_string()]);
    assert!(output.status.success(), "{name}: {}", stderr(&output));
}

#[test]
fn each_voice_answers_by_its_own_model_and_plan() {
    let mut gallery = gallery(&[]);
    gallery.start();
    for name in ["a.wav", "solo/a.wav", "chorus/a.wav"] {
        put_seed(&gallery, name);
    }
    wait_for_file(&gallery, "predictions/a.0001.wav");
    wait_for_file(&gallery, "predictions/solo/a.0001.wav");
    wait_for_file(&gallery, "predictions/chorus/a.0001");
    let set = [
        "01.json",
        "01.wav",
        "02.json",
        "02.wav",
        "set.json",
        "theme.wav",
    ];
    assert_eq!(gallery.listing("predictions/chorus/a.0001"), set);

    let default = json_at(&gallery, "predictions/a.0001.json");
    let solo = json_at(&gallery, "predictions/solo/a.0001.json");
    let second = json_at(&gallery, "predictions/chorus/a.0001/02.json");
    assert_eq!(default["voice"], Value::Null);
    assert_eq!(
        (&solo["voice"], &solo["seconds"]),
        (&json!("solo"), &json!(0.2))
    );
    assert_eq!(solo["model"]["name"], other(&gallery));
    assert_eq!(
        (&second["voice"], &second["variation"]),
        (&json!("chorus"), &json!(2))
    );
    assert_eq!(
        (&second["guide"], &second["seconds"]),
        (&json!("reverse"), &json!(0.5))
    );
    assert_eq!(second["model"], default["model"]);
    for sidecar in [
        "a.0001.json",
        "solo/a.0001.json",
        "chorus/a.0001/01.json",
        "chorus/a.0001/02.json",
    ] {
        assert_replays(&gallery, &format!("predictions/{sidecar}"));
    }
}

#[test]
fn a_set_of_the_default_voice_is_told_when_all_of_it_is_there() {
    let mut gallery = gallery(&["--variations", "3"]);
    gallery.start();
    put_seed(&gallery, "a.wav");
    let id = gallery.hear_seen("a.wav");
    for number in 1..=3 {
        let message = gallery.hear();
        assert_eq!(message.addr, "/antiphon/variation");
        assert_eq!(message.args[0].clone().int(), Some(id));
        assert_eq!(message.args[1].clone().int(), Some(number));
        let path = message.args[2].clone().string().unwrap();
        assert!(Path::new(&path).is_file(), "{path}");
    }
    let message = gallery.hear();
    assert_eq!(message.addr, "/antiphon/set");
    assert_eq!(message.args[1].clone().int(), Some(3));
    let set = message.args[2].clone().string().unwrap();
    assert_eq!(Path::new(&set), gallery.path("predictions/a.0001"));
}

#[test]
fn a_broken_voice_fails_its_seeds_and_no_others_until_it_is_mended() {
    let mut gallery = gallery(&[]);
    put_voice(&gallery, "broken", &json!({"folow": 1}));
    gallery.start();
    put_seed(&gallery, "broken/b.wav");
    put_seed(&gallery, "solo/a.wav");
    wait_for_file(&gallery, "failed/b.txt");
    wait_for_file(&gallery, "predictions/solo/a.0001.wav");
    let reason = std::fs::read_to_string(gallery.path("failed/b.txt")).unwrap();
    for word in ["the voice broken cannot answer", "did you mean \"follow\"?"] {
        assert!(reason.contains(word), "{reason}");
    }
    put_voice(&gallery, "broken", &json!({"follow": 1}));
    put_seed(&gallery, "broken/c.wav");
    wait_for_file(&gallery, "predictions/broken/c.0001.wav");
}

#[test]
fn a_voice_that_changes_is_loaded_again_or_goes_on_as_it_was() {
    let mut gallery = gallery(&[]);
    gallery.start();
    put_seed(&gallery, "solo/a.wav");
    wait_for_file(&gallery, "predictions/solo/a.0001.wav");
    put_voice(
        &gallery,
        "solo",
        &json!({"model": other(&gallery), "seconds": 0.3}),
    );
    put_seed(&gallery, "solo/b.wav");
    wait_for_file(&gallery, "predictions/solo/b.0001.wav");
    assert_eq!(
        json_at(&gallery, "predictions/solo/b.0001.json")["seconds"],
        0.3
    );
    put_voice(&gallery, "solo", &json!({"model": "none.onnx"}));
    put_seed(&gallery, "solo/c.wav");
    wait_for_file(&gallery, "predictions/solo/c.0001.wav");
    assert_eq!(
        json_at(&gallery, "predictions/solo/c.0001.json")["seconds"],
        0.3
    );
}

#[test]
fn voices_take_turns_where_memory_holds_one_of_them() {
    let mut gallery = gallery(&["--voices-memory", "1"]);
    gallery.start();
    for n in 0..3 {
        for voice in ["solo", "chorus"] {
            put_seed(&gallery, &format!("{voice}/{n}.wav"));
        }
    }
    for n in 0..3 {
        wait_for_file(&gallery, &format!("predictions/solo/{n}.0001.wav"));
        wait_for_file(&gallery, &format!("predictions/chorus/{n}.0001"));
    }
    assert_eq!(listing(&gallery.path("failed")), Vec::<String>::new());
}

#[test]
fn doctor_tries_each_voice() {
    let mut gallery = gallery(&[]);
    put_voice(&gallery, "broken", &json!({"model": "none.onnx"}));
    gallery.start();
    let words = ["doctor", "--root"].map(std::ffi::OsString::from);
    let model = ["--model".into(), gallery.model().into_os_string()];
    let root = [gallery.path("").into_os_string()];
    let output = run(words.into_iter().chain(root).chain(model));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for line in [
        "chorus: ",
        ", 2 variations",
        "solo: ",
        "broken cannot answer: there is no model none.onnx",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

/// Says on `port` how closely answers are to follow, and hears that they will.
fn turn(gallery: &mut Gallery, port: std::net::SocketAddr, strength: f32) {
    let message = rosc::OscMessage {
        addr: "/antiphon/follow".to_owned(),
        args: vec![rosc::OscType::Float(strength)],
    };
    let bytes = rosc::encoder::encode(&rosc::OscPacket::Message(message)).unwrap();
    let patch = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    patch.send_to(&bytes, port).unwrap();
    let answer = gallery.hear_until("value");
    assert_eq!(answer.args[0], rosc::OscType::from("follow"));
    let value = match answer.args[1] {
        rosc::OscType::Int(whole) => whole as f32,
        rosc::OscType::Float(number) => number,
        ref other => panic!("{other:?}"),
    };
    assert_eq!(value, strength);
}

#[test]
fn a_patch_turns_the_dial_of_following() {
    let port = common::free_port();
    let mut gallery = gallery(&["--osc-listen", &port.to_string()]);
    gallery.start();
    for (name, strength) in [("a", 0.75), ("b", 0.0)] {
        turn(&mut gallery, port, strength);
        put_seed(&gallery, &format!("{name}.wav"));
        let sidecar = format!("predictions/{name}.0001.json");
        wait_for_file(&gallery, &sidecar);
        assert_eq!(json_at(&gallery, &sidecar)["follow"], json!(strength));
        wait_for_file(&gallery, &format!("predictions/{name}.0001.wav"));
        assert_replays(&gallery, &sidecar);
    }
}

/// Sets of frames follow in their own way until somebody turns the dial.
#[test]
fn the_dial_turns_whatever_was_asked_of_a_set() {
    let port = common::free_port();
    let arguments = ["--seconds", "0.3", "--variations", "2", "--osc-listen"];
    let address = port.to_string();
    let arguments = [&arguments[..], &[&*address]].concat();
    let mut gallery = Gallery::open_with(SPECTRUM, &arguments);
    put_seed(&gallery, "a.wav");
    wait_for_file(&gallery, "predictions/a.0001");
    turn(&mut gallery, port, 0.75);
    put_seed(&gallery, "b.wav");
    wait_for_file(&gallery, "predictions/b.0001");
    let [before, after] =
        ["a", "b"].map(|name| json_at(&gallery, &format!("predictions/{name}.0001/02.json")));
    assert!(before["follow_mix"].is_number());
    assert_eq!(
        (&after["follow"], &after["follow_mix"]),
        (&json!(0.75), &Value::Null)
    );
    assert_eq!(after["follow_choice"], Value::Null);
    assert_replays(&gallery, "predictions/b.0001/02.json");
}

#[cfg(unix)]
#[test]
fn a_seed_that_nobody_may_write_gets_a_set() {
    use std::os::unix::fs::PermissionsExt;
    let mut gallery = gallery(&[]);
    gallery.start();
    let seed = gallery.folder.path().join("a.wav");
    write_seed(&seed, &pluck(220.0, 0.2, 11025));
    std::fs::set_permissions(&seed, std::fs::Permissions::from_mode(0o444)).unwrap();
    wait_for("its folder", || gallery.path("seeds/chorus").is_dir());
    std::fs::rename(&seed, gallery.path("seeds/chorus/a.wav")).unwrap();
    wait_for_file(&gallery, "predictions/chorus/a.0001");
    let theme = gallery.path("predictions/chorus/a.0001/theme.wav");
    let mode = theme.metadata().unwrap().permissions().mode();
    assert_ne!(mode & 0o200, 0, "its owner may remove and write it");
}

#[test]
fn a_voice_that_is_loaded_while_the_models_file_is_broken_answers_as_it_was() {
    let mut gallery = gallery(&[]);
    put_voice(&gallery, "plain", &json!({}));
    gallery.start();
    std::fs::write(gallery.model(), "this is no model").unwrap();
    put_seed(&gallery, "plain/a.wav");
    wait_for_file(&gallery, "predictions/plain/a.0001.wav");
    std::fs::remove_file(gallery.model()).unwrap();
    put_seed(&gallery, "plain/b.wav");
    wait_for_file(&gallery, "predictions/plain/b.0001.wav");
}
