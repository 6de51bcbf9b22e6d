//! The daemon as a patch meets it: files in, files out, OSC heard on a real socket.

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

use antiphon::answer::Sidecar;
#[cfg(unix)]
use common::gallery::SLOW;
use common::gallery::{Gallery, LIVELY};
use common::{pluck, run, stderr, write_seed};

#[test]
fn a_seed_becomes_a_prediction() {
    let gallery = Gallery::open();
    write_seed(&gallery.path("seeds/melody.wav"), &pluck(220.0, 1.0, 44100));
    let id = gallery.hear_seen("melody.wav");
    let path = gallery.hear_done(id);

    assert_eq!(
        path,
        gallery
            .path("predictions/melody.0001.wav")
            .canonicalize()
            .unwrap()
    );
    let prediction = antiphon::audio::read::read(&path).unwrap();
    assert_eq!(
        (prediction.facts.sample_rate, prediction.samples.len()),
        (44100, 22050)
    );
    assert!(prediction.facts.length_agrees);
    assert_eq!(
        gallery.listing("predictions"),
        ["melody.0001.json", "melody.0001.wav"]
    );
    assert_eq!(gallery.listing("seeds"), Vec::<String>::new());
    assert_eq!(gallery.listing(".antiphon/done"), ["000001-melody.wav"]);
    assert_eq!(gallery.listing(".antiphon/work"), Vec::<String>::new());
    assert_eq!(gallery.listing(".antiphon/tmp"), Vec::<String>::new());
}

#[test]
fn predictions_are_as_wide_as_options_and_voices_ask() {
    let gallery = Gallery::open_with(LIVELY, &["--seconds", "0.5", "--width", "0.7"]);
    std::fs::create_dir_all(gallery.path("voices")).unwrap();
    for (voice, plan) in [
        ("mono", r#"{"channels": 1}"#),
        ("narrow", r#"{"width": 0.2}"#),
    ] {
        std::fs::write(gallery.path(&format!("voices/{voice}.json")), plan).unwrap();
    }
    let begun = Instant::now();
    for (folder, channels, width) in [("", 2, 0.7), ("mono/", 1, 0.0), ("narrow/", 2, 0.2)] {
        while !gallery.path(&format!("seeds/{folder}")).is_dir() {
            assert!(begun.elapsed() < Duration::from_secs(60), "{folder}");
            std::thread::sleep(Duration::from_millis(5));
        }
        let seed = gallery.path(&format!("seeds/{folder}melody.wav"));
        write_seed(&seed, &pluck(220.0, 1.0, 44100));
        let id = gallery.hear_seen("melody.wav");
        let path = gallery.hear_done(id);
        let prediction = antiphon::audio::read::read(&path).unwrap();
        assert_eq!(prediction.facts.channels, channels, "{folder}");
        let sidecar = path.with_extension("json");
        let notes = std::fs::read_to_string(&sidecar).unwrap();
        assert_eq!(Sidecar::parse(&notes).unwrap().width, width, "{folder}");
        let output = run(["replay".into(), sidecar.into_os_string()]);
        assert!(output.status.success(), "{folder}: {}", stderr(&output));
    }
}

#[test]
fn the_newcomer_is_told_where_to_copy_a_file() {
    let mut gallery = Gallery::open();
    let lines = BufReader::new(gallery.daemon().stdout.take().unwrap()).lines();
    let greeting: Vec<String> = lines.take(4).map(Result::unwrap).collect();
    let root = gallery.path("").canonicalize().unwrap();
    assert!(
        greeting[1].starts_with("Record or copy a sound into"),
        "{greeting:?}"
    );
    assert!(
        greeting[1].ends_with(root.join("seeds").to_str().unwrap()),
        "{greeting:?}"
    );
    assert!(
        greeting[2].ends_with(root.join("predictions").to_str().unwrap()),
        "{greeting:?}"
    );
}

#[test]
fn the_same_name_again_is_another_job() {
    let gallery = Gallery::open();
    let mut predictions = Vec::new();
    for _ in 0..2 {
        write_seed(&gallery.path("seeds/a.wav"), &pluck(220.0, 0.3, 22050));
        let id = gallery.hear_seen("a.wav");
        predictions.push(gallery.hear_done(id).file_name().unwrap().to_owned());
    }
    assert_eq!(predictions, ["a.0001.wav", "a.0002.wav"]);
}

#[test]
fn seeds_of_before_the_start_are_answered_too() {
    let mut gallery = Gallery::closed_with(LIVELY, &["--seconds", "0.5"]);
    write_seed(&gallery.path("seeds/early.wav"), &pluck(220.0, 1.0, 48000));
    gallery.start();
    let id = gallery.hear_seen("early.wav");
    gallery.hear_done(id);
}

#[test]
fn what_cannot_be_answered_fails_with_a_sentence_and_the_daemon_goes_on() {
    let gallery = Gallery::open_with(LIVELY, &["--seconds", "0.5", "--patience", "1"]);
    let silence = antiphon::audio::Signal {
        samples: vec![0.0; 8000],
        sample_rate: 48000,
    };
    write_seed(&gallery.path("seeds/silent.wav"), &silence);
    let id = gallery.hear_seen("silent.wav");
    assert!(gallery.hear_error(id).contains("silent"));
    std::fs::write(
        gallery.path("seeds/letter.wav"),
        "this is a letter, not a sound",
    )
    .unwrap();
    let id = gallery.hear_seen("letter.wav");
    let reason = gallery.hear_error(id);
    assert!(
        reason.starts_with("letter.wav is a text, which is not read"),
        "{reason}"
    );
    std::fs::write(gallery.path("seeds/empty.wav"), "").unwrap();
    let id = gallery.hear_seen("empty.wav");
    assert!(gallery.hear_error(id).contains("no samples"));

    assert_eq!(
        gallery.listing("failed"),
        [
            "empty.txt",
            "empty.wav",
            "letter.txt",
            "letter.wav",
            "silent.txt",
            "silent.wav"
        ]
    );
    let text = std::fs::read_to_string(gallery.path("failed/letter.txt")).unwrap();
    assert_eq!(text.trim_end(), reason);

    write_seed(&gallery.path("seeds/good.wav"), &pluck(220.0, 0.3, 44100));
    let id = gallery.hear_seen("good.wav");
    gallery.hear_done(id);
}

#[test]
fn many_seeds_are_answered_once_each() {
    let gallery = Gallery::open();
    let mut seen = Vec::new();
    for n in 0..20 {
        write_seed(
            &gallery.path(&format!("seeds/{n:02}.wav")),
            &pluck(200.0 + f64::from(n), 0.2, 22050),
        );
    }
    let mut done = 0;
    while done < 20 {
        let message = gallery.hear();
        match message.addr.as_str() {
            "/antiphon/seen" => seen.push(message.args[1].clone()),
            "/antiphon/done" => done += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!(seen.len(), 20);
    assert_eq!(gallery.listing("predictions").len(), 40);
    assert_eq!(gallery.listing(".antiphon/done").len(), 20);
}

#[cfg(unix)]
#[test]
fn sigterm_in_the_middle_of_an_answer_leaves_nothing_claimed() {
    for signal in ["-TERM", "-INT"] {
        let mut gallery = Gallery::open_with(SLOW, &["--seconds", "600"]);
        write_seed(&gallery.path("seeds/long.wav"), &pluck(220.0, 0.2, 11025));
        gallery.hear_seen("long.wav");
        std::thread::sleep(Duration::from_millis(300));
        gallery.end_with(signal);
        assert!(gallery.daemon().wait().unwrap().success());
        assert_eq!(gallery.listing("seeds"), ["long.wav"]);
        assert_eq!(gallery.listing("predictions"), Vec::<String>::new());
        assert_eq!(gallery.listing(".antiphon/work"), Vec::<String>::new());
        assert_eq!(gallery.listing(".antiphon/tmp"), Vec::<String>::new());
    }
}

#[cfg(unix)]
#[test]
fn after_kill_9_the_seed_is_answered_by_the_next_run() {
    let mut gallery = Gallery::open_with(SLOW, &["--seconds", "0.5"]);
    write_seed(&gallery.path("seeds/a.wav"), &pluck(220.0, 0.2, 48000));
    gallery.hear_seen("a.wav");
    std::thread::sleep(Duration::from_millis(300));
    gallery.end_with("-KILL");
    assert_eq!(gallery.listing("predictions"), Vec::<String>::new());

    gallery.put_model(LIVELY);
    gallery.start();
    let id = gallery.hear_seen("a.wav");
    gallery.hear_done(id);
}

#[test]
fn a_voices_seeds_are_found_beside_the_others_and_told_of_by_their_names() {
    let gallery = Gallery::open();
    std::fs::create_dir(gallery.path("voices")).unwrap();
    std::fs::write(gallery.path("voices/bells.json"), "{").unwrap();
    let begun = std::time::Instant::now();
    while !gallery.path("predictions/bells").exists() {
        assert!(begun.elapsed() < common::gallery::PATIENCE);
        std::thread::sleep(Duration::from_millis(10));
    }
    write_seed(
        &gallery.path("seeds/bells/a.wav"),
        &pluck(220.0, 0.3, 44100),
    );
    let id = gallery.hear_seen("a.wav");
    let reason = gallery.hear_error(id);
    assert!(reason.contains("the voice bells"), "{reason}");
    assert_eq!(gallery.listing("failed"), ["a.txt", "a.wav"]);
    write_seed(&gallery.path("seeds/a.wav"), &pluck(220.0, 0.3, 44100));
    let id = gallery.hear_seen("a.wav");
    gallery.hear_done(id);
}

#[test]
fn a_second_daemon_on_the_same_folder_is_refused() {
    let gallery = Gallery::open();
    let output = common::antiphon()
        .args([
            Path::new("watch"),
            Path::new("--root"),
            &gallery.path(""),
            Path::new("--model"),
        ])
        .arg(gallery.folder.path().join("model.onnx"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        common::stderr(&output).contains("another antiphon watches"),
        "{}",
        common::stderr(&output)
    );
}

#[test]
fn a_folder_that_cannot_be_made_or_written_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.onnx");
    common::random_model(LIVELY).write(&model).unwrap();
    // Permissions do not bind root, who may run the tests; a file in the way does.
    std::fs::write(folder.path().join("taken"), "").unwrap();
    let root = folder.path().join("taken/root");
    let output = common::antiphon()
        .args([
            Path::new("watch"),
            Path::new("--root"),
            &root,
            Path::new("--model"),
            &model,
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        common::stderr(&output).contains("cannot make the folder"),
        "{}",
        common::stderr(&output)
    );
}
