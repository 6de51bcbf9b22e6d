//! What a patch can have the daemon do, and what it hears of that.

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::gallery::{Gallery, LIVELY, PATIENCE, SLOW};
use common::{free_port, patch, pluck, write_seed};
use rosc::{OscMessage, OscPacket, OscType};

/// A gallery, and a patch that commands it.
struct Pair {
    gallery: Gallery,
    port: SocketAddr,
    patch: UdpSocket,
}

impl Pair {
    fn open(hyperparameters: &str, arguments: &[&str]) -> Pair {
        let mut pair = Pair::closed(hyperparameters, arguments);
        pair.gallery.start();
        pair
    }

    fn closed(hyperparameters: &str, arguments: &[&str]) -> Pair {
        let port = free_port();
        let listen = port.to_string();
        let arguments = [arguments, &["--osc-listen", &listen]].concat();
        let patch = UdpSocket::bind("127.0.0.1:0").unwrap();
        Pair {
            gallery: Gallery::closed_with(hyperparameters, &arguments),
            port,
            patch,
        }
    }

    /// A gallery whose answers take minutes, the first of which is being made.
    fn busy() -> Pair {
        let pair = Pair::open(SLOW, &["--seconds", "60"]);
        pair.put("first.wav");
        pair.gallery.hear_seen("first.wav");
        pair
    }

    fn put(&self, name: &str) {
        write_seed(
            &self.gallery.path("seeds").join(name),
            &pluck(220.0, 0.2, 11025),
        );
    }

    fn say(&self, verb: &str, arguments: Vec<OscType>) {
        self.say_to(&format!("/antiphon/{verb}"), arguments);
    }

    fn say_to(&self, address: &str, arguments: Vec<OscType>) {
        let message = OscMessage {
            addr: address.to_owned(),
            args: arguments,
        };
        let bytes = rosc::encoder::encode(&OscPacket::Message(message)).unwrap();
        self.patch.send_to(&bytes, self.port).unwrap();
    }

    /// What comes back to where it was asked from, but what a seed sounds like.
    fn reply(&self) -> OscMessage {
        loop {
            match patch::hear_within(&self.patch, PATIENCE).expect("an OSC message in time") {
                message if message.addr == "/antiphon/heard" => {}
                message => return message,
            }
        }
    }

    /// Hears `/antiphon/error 0 text`; the text.
    fn refused(&self, verb: &str, arguments: Vec<OscType>) -> String {
        self.say(verb, arguments);
        let answer = self.gallery.hear_until("error");
        assert_eq!(answer.args[0], OscType::Int(0));
        answer.args[1].clone().string().unwrap()
    }

    fn reason(&self, name: &str) -> String {
        std::fs::read_to_string(self.gallery.path("failed").join(name)).unwrap()
    }
}

fn int(argument: &OscType) -> i32 {
    argument.clone().int().unwrap()
}

fn text(path: PathBuf) -> OscType {
    path.to_str().unwrap().into()
}

/// 220 Hz are an A.
#[test]
fn what_a_seed_sounds_like_and_how_its_answer_gets_on_is_told_before_it_is_there() {
    let pair = Pair::open(SLOW, &["--seconds", "2"]);
    pair.put("a.wav");
    let id = pair.gallery.hear_until("seen").args[0].clone();
    let heard = pair.gallery.hear_any_within(PATIENCE).unwrap();
    assert_eq!((&*heard.addr, &heard.args[0]), ("/antiphon/heard", &id));
    assert_eq!(heard.args[2], OscType::Float(0.2));
    assert_eq!(heard.args[3 + 9], OscType::Float(1.0), "{heard:?}");
    assert_eq!(heard.args.len(), 15);
    let mut percent = 0;
    for _ in 0..3 {
        let progress = pair.gallery.hear_any_within(PATIENCE).unwrap();
        assert_eq!(
            (&*progress.addr, &progress.args[0]),
            ("/antiphon/progress", &id)
        );
        let now = int(&progress.args[1]);
        assert!((percent..=100).contains(&now), "{progress:?}");
        percent = now;
        assert!(progress.args[2].clone().float().unwrap() > 0.0);
    }
    pair.say("cancel", vec![id.clone()]);
    assert_eq!(pair.gallery.hear_until("cancelled").args, [id]);
    assert_eq!(
        pair.gallery.hear_any_within(Duration::from_millis(600)),
        None
    );
}

#[test]
fn a_sound_in_the_folder_or_elsewhere_is_answered_when_a_patch_asks() {
    let pair = Pair::open(LIVELY, &["--seconds", "0.5"]);
    let gallery = &pair.gallery;
    let elsewhere = gallery.folder.path().join("a b.wav");
    write_seed(&elsewhere, &pluck(330.0, 0.2, 11025));
    pair.say("generate", vec![text(elsewhere.clone())]);
    let id = gallery.hear_seen("a b.wav");
    let first = gallery.hear_done(id);
    assert!(first.ends_with("a b.0001.wav"), "{first:?}");
    assert!(elsewhere.exists(), "it was copied");

    // Its answer is answered.
    pair.say("generate", vec!["predictions/a b.0001.wav".into()]);
    let id = gallery.hear_seen("a b.0001.wav");
    assert!(gallery.hear_done(id).exists());

    // For a voice, with a setting for this answer alone.
    std::fs::create_dir_all(gallery.path("voices")).unwrap();
    std::fs::write(gallery.path("voices/bells.json"), "{}").unwrap();
    let seeds = gallery.path("seeds/bells");
    let begun = Instant::now();
    while !seeds.is_dir() {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
    let values = [
        "voice".into(),
        "bells".into(),
        "seconds".into(),
        0.5_f32.into(),
    ];
    let arguments = [&[text(elsewhere)], &values[..]].concat();
    pair.say("generate", arguments);
    let id = gallery.hear_seen("a b.wav");
    let path = gallery.hear_done(id);
    assert!(path.starts_with(gallery.path("predictions/bells").canonicalize().unwrap()));
}

/// A patch records under a hidden name, and says when it is done and how it is to be answered.
#[test]
fn what_was_recorded_under_a_hidden_name_is_answered_when_it_is_asked_for() {
    let pair = Pair::open(LIVELY, &["--seconds", "0.5"]);
    pair.put(".take.wav");
    assert_eq!(pair.gallery.hear_within(Duration::from_millis(500)), None);
    pair.say("generate", vec!["seeds/.take.wav".into()]);
    let id = pair.gallery.hear_seen("take.wav");
    assert!(pair.gallery.hear_done(id).ends_with("take.0001.wav"));
}

#[test]
fn what_a_patch_may_not_ask_for_is_refused_with_a_sentence() {
    let pair = Pair::open(LIVELY, &["--seconds", "0.5"]);
    let elsewhere = pair.gallery.folder.path().join("a.wav");
    write_seed(&elsewhere, &pluck(330.0, 0.2, 11025));
    let notes = pair.gallery.folder.path().join("notes.txt");
    std::fs::write(&notes, "notes").unwrap();
    for (verb, arguments, expected) in [
        (
            "generate",
            vec!["nowhere.wav".into()],
            "there is no file nowhere.wav",
        ),
        (
            "generate",
            vec!["../a.wav".into()],
            "leads out of the watched folder",
        ),
        ("generate", vec!["/dev/zero".into()], "no plain file"),
        ("generate", vec![text(notes)], "no sound"),
        (
            "generate",
            vec![text(elsewhere.clone()), "voice".into(), "nobody".into()],
            "there is no voice nobody",
        ),
        ("cancel", vec![OscType::Int(7)], "no job 7"),
        ("cancel", vec!["all".into()], "no seed waits"),
        (
            "cancel",
            vec!["some".into()],
            "neither a job's number nor all",
        ),
        ("generat", vec![], "did you mean /antiphon/generate?"),
    ] {
        let said = pair.refused(verb, arguments);
        assert!(said.contains(expected), "{said}");
    }
    assert_eq!(pair.gallery.listing(".antiphon/tmp"), Vec::<String>::new());
}

#[test]
fn a_seed_that_is_cancelled_lies_in_failed_with_the_reason() {
    let pair = Pair::busy();
    pair.put("second.wav");
    let second = pair.gallery.hear_seen("second.wav");
    pair.put("third.wav");
    let third = pair.gallery.hear_seen("third.wav");
    // As Pd says it.
    pair.say("cancel", vec![OscType::Float(second as f32)]);
    let told = pair.gallery.hear_until("cancelled");
    assert_eq!(told.args, [OscType::Int(second)]);
    assert!(pair.reason("second.txt").contains("cancelled"));
    assert!(pair.gallery.path("failed/second.wav").exists());

    // The one in work, and the one that waits.
    pair.say("cancel", vec!["all".into()]);
    let mut told: Vec<i32> = (0..2)
        .map(|_| int(&pair.gallery.hear_until("cancelled").args[0]))
        .collect();
    told.sort();
    assert_eq!(told, [third - 2, third]);
    pair.gallery.wait_until_quiet();
    assert_eq!(
        pair.gallery.listing("failed"),
        [
            "first.txt",
            "first.wav",
            "second.txt",
            "second.wav",
            "third.txt",
            "third.wav"
        ]
    );
    assert_eq!(pair.gallery.listing("predictions"), Vec::<String>::new());
}

#[test]
fn a_hundred_of_a_long_queue_are_cancelled_and_accounted_for() {
    let pair = Pair::busy();
    let ids: Vec<i32> = (0..259)
        .map(|n| {
            let name = format!("{n:03}.wav");
            pair.put(&name);
            pair.gallery.hear_seen(&name)
        })
        .collect();
    let begun = Instant::now();
    for id in &ids[..100] {
        pair.say("cancel", vec![OscType::Int(*id)]);
    }
    let mut told: Vec<i32> = (0..100)
        .map(|_| int(&pair.gallery.hear_until("cancelled").args[0]))
        .collect();
    println!("100 of 260 cancelled in {:?}", begun.elapsed());
    told.sort();
    assert_eq!(told, ids[..100]);
    assert_eq!(pair.gallery.hear_within(Duration::from_millis(300)), None);
    assert_eq!(pair.gallery.listing("failed").len(), 200);
    for n in 0..100 {
        assert!(pair.reason(&format!("{n:03}.txt")).contains("cancelled"));
    }
    pair.say("status", vec![]);
    let status = pair.gallery.hear_until("status");
    let counts: Vec<i32> = status.args[..4].iter().map(int).collect();
    assert_eq!(counts, [159, 1, 0, 100]);
}

#[test]
fn a_seed_that_is_taken_away_leaves_a_reason() {
    let pair = Pair::busy();
    pair.put("second.wav");
    let id = pair.gallery.hear_seen("second.wav");
    let claimed = pair
        .gallery
        .path(&format!(".antiphon/work/{id:06}/second.wav"));
    std::fs::remove_file(claimed).unwrap();
    pair.say("cancel", vec![OscType::Int(id - 1)]);
    let said = pair.gallery.hear_until("error");
    assert_eq!(said.args[0], OscType::Int(id));
    assert!(pair.reason("second.txt").contains("taken away"));
    assert_eq!(
        pair.gallery.listing("failed"),
        ["first.txt", "first.wav", "second.txt"]
    );
}

#[cfg(unix)]
#[test]
fn what_a_patch_missed_is_said_again_also_by_the_next_daemon() {
    let mut pair = Pair::open(LIVELY, &["--seconds", "0.5"]);
    pair.put("a.wav");
    let first = pair.gallery.hear_seen("a.wav");
    let path = pair.gallery.hear_done(first);
    std::fs::write(
        pair.gallery.path("seeds/b.wav"),
        "no sound at all, but long enough",
    )
    .unwrap();
    let failed = pair.gallery.hear_until("error");
    pair.gallery.end_with("-TERM");
    pair.gallery.start();
    pair.put("c.wav");
    let third = pair.gallery.hear_seen("c.wav");
    assert!(third > int(&failed.args[0]), "numbers go on");
    pair.gallery.hear_done(third);

    pair.say("replay", vec![OscType::Int(0)]);
    assert_eq!(pair.gallery.hear_done(first), path);
    assert_eq!(pair.gallery.hear(), failed);
    pair.gallery.hear_done(third);
    let replayed = pair.gallery.hear();
    assert_eq!(replayed.addr, "/antiphon/replayed");
    assert_eq!(replayed.args, [OscType::Int(3)]);

    pair.say("replay", vec![OscType::Int(third)]);
    assert_eq!(pair.gallery.hear().args, [OscType::Int(0)]);
}

#[cfg(unix)]
#[test]
fn seeds_keep_their_numbers_when_the_daemon_goes_and_comes() {
    let mut pair = Pair::busy();
    let names = ["second.wav", "third.wav"];
    let ids = names.map(|name| {
        pair.put(name);
        pair.gallery.hear_seen(name)
    });
    pair.gallery.end_with("-TERM");
    assert_eq!(pair.gallery.listing("seeds").len(), 3);
    // One of them is recorded over meanwhile: another seed.
    write_seed(
        &pair.gallery.path("seeds/third.wav"),
        &pluck(440.0, 0.3, 11025),
    );
    pair.gallery.start();
    let mut seen: Vec<(String, i32)> = (0..3)
        .map(|_| pair.gallery.hear_until("seen"))
        .map(|told| (told.args[1].clone().string().unwrap(), int(&told.args[0])))
        .collect();
    seen.sort();
    let expected = [
        ("first.wav".to_owned(), ids[0] - 1),
        ("second.wav".to_owned(), ids[0]),
        ("third.wav".to_owned(), ids[1] + 1),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn all_that_can_be_sent_is_told_to_who_asks_for_help() {
    let pair = Pair::open(LIVELY, &[]);
    pair.say("help", vec![]);
    let output = common::run(["osc", "--json"]);
    let table: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let heard = table.as_array().unwrap().iter();
    let heard = heard.filter(|line| line["direction"] == "heard");
    for line in heard {
        let told = pair.gallery.hear_until("help");
        assert_eq!(told.args[0], line["address"].as_str().unwrap().into());
        assert_eq!(told.args[2], line["meaning"].as_str().unwrap().into());
    }
}

#[test]
fn the_log_is_said_to_who_asks_for_it() {
    let pair = Pair::open(LIVELY, &["--seconds", "0.5"]);
    pair.say("log", vec!["info".into()]);
    assert_eq!(pair.gallery.hear().addr, "/antiphon/log");
    pair.put("a.wav");
    // They are said beside all else, sooner or later than it.
    let (mut line, mut done) = (None, false);
    while line.is_none() || !done {
        let message = pair.gallery.hear();
        match &*message.addr {
            "/antiphon/done" => done = true,
            "/antiphon/log" => line = line.or(Some(message)),
            _ => {}
        }
    }
    let line = line.unwrap();
    assert_eq!(line.args[0], "info".into());
    let line = line.args[1].clone().string().unwrap();
    assert!(line.starts_with("a.wav is complete"), "{line}");
    pair.say("log", vec!["off".into()]);
    let off = vec!["off".into(), "the log is said no more".into()];
    while pair.gallery.hear_until("log").args != off {}
    // Lines that were on their way.
    std::thread::sleep(Duration::from_millis(200));
    pair.gallery.hear_nothing_more();
    pair.put("b.wav");
    let id = pair.gallery.hear_seen("b.wav");
    pair.gallery.hear_done(id);
}

#[test]
fn whoever_asks_is_answered_where_that_is_wanted() {
    let pair = Pair::open(LIVELY, &["--seconds", "0.5", "--osc-reply", "sender"]);
    pair.say("ping", vec![]);
    assert_eq!(pair.reply().addr, "/antiphon/pong");
    pair.say("pimg", vec![]);
    assert_eq!(pair.reply().addr, "/antiphon/error");
    let elsewhere = pair.gallery.folder.path().join("a.wav");
    write_seed(&elsewhere, &pluck(330.0, 0.2, 11025));
    pair.say("generate", vec![text(elsewhere)]);
    // What becomes of it is told to both.
    let id = pair.gallery.hear_seen("a.wav");
    assert_eq!(pair.reply().args[0], OscType::Int(id));
    let path = pair.gallery.hear_done(id);
    let done = pair.reply();
    assert_eq!(
        (&*done.addr, &done.args[1]),
        ("/antiphon/done", &text(path))
    );
    // What nobody asked for is told to the receivers alone.
    pair.put("b.wav");
    let id = pair.gallery.hear_seen("b.wav");
    pair.gallery.hear_done(id);
    pair.say("ping", vec![]);
    assert_eq!(pair.reply().addr, "/antiphon/pong");
}

#[test]
fn several_receivers_hear_all_and_a_room_has_its_own_prefix() {
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    let second = other.local_addr().unwrap().to_string();
    let mut pair = Pair::closed(
        LIVELY,
        &[
            "--seconds",
            "0.5",
            "--osc",
            &second,
            "--osc-prefix",
            "/room2",
        ],
    );
    pair.gallery.begin();
    assert_eq!(pair.gallery.hear().addr, "/room2/antiphon/ready");
    pair.say("ping", vec![]);
    pair.say_to("/room2/antiphon/ping", vec![]);
    assert_eq!(pair.gallery.hear().addr, "/room2/antiphon/pong");
    assert_eq!(pair.gallery.hear_within(Duration::from_millis(300)), None);
    for expected in ["/room2/antiphon/ready", "/room2/antiphon/pong"] {
        let heard = patch::hear_within(&other, PATIENCE).unwrap();
        assert_eq!(heard.addr, expected);
    }
}

#[test]
fn what_would_talk_to_itself_or_cannot_be_a_prefix_is_refused_at_the_start() {
    let gallery = Gallery::closed_with(LIVELY, &[]);
    let port = free_port().to_string();
    for (arguments, expected) in [
        (["--osc", &port, "--osc-listen", &port], "talk to itself"),
        (["--osc-prefix", "room", "--osc", &port], "write a slash"),
    ] {
        let output = common::antiphon()
            .args(["watch", "--root"])
            .arg(gallery.path(""))
            .arg("--model")
            .arg(gallery.model())
            .args(arguments)
            .output()
            .unwrap();
        assert!(!output.status.success());
        let said = common::stderr(&output);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn how_things_stand_is_said_each_so_many_seconds() {
    let mut pair = Pair::closed(LIVELY, &["--seconds", "0.5", "--osc-status", "0.1"]);
    pair.gallery.begin();
    pair.gallery.hear_until("ready");
    pair.put("a.wav");
    pair.gallery.hear_until("done");
    let begun = Instant::now();
    loop {
        let status = pair.gallery.hear_until("status");
        let [done, last] = [&status.args[2], &status.args[6]].map(int);
        if (done, last) == (1, 1) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{status:?}");
    }
}

/// Ten thousand packets in each of some seconds, of which some are commands.
#[test]
fn a_flood_leaves_answering_unharmed() {
    let pair = Pair::open(LIVELY, &["--seconds", "0.5"]);
    let seconds = match std::env::var_os("ANTIPHON_TORTURE") {
        Some(_) => 10,
        None => 2,
    };
    let packets: Vec<Vec<u8>> = [
        ("/antiphon/ping", vec![]),
        ("/antiphon/folow", vec![OscType::Float(0.5)]),
        ("/volume", vec![OscType::Float(0.5)]),
        ("/antiphon/cancel", vec![OscType::Int(99_999)]),
        ("/antiphon/*", vec![]),
    ]
    .into_iter()
    .map(|(addr, args)| {
        let addr = addr.to_owned();
        rosc::encoder::encode(&OscPacket::Message(OscMessage { addr, args })).unwrap()
    })
    .collect();
    pair.put("before.wav");
    let begun = Instant::now();
    let mut sent = 0;
    while begun.elapsed() < Duration::from_secs(seconds) {
        // As many as are due by now.
        let due = (10_000.0 * begun.elapsed().as_secs_f64()) as usize;
        for packet in packets.iter().cycle().skip(sent).take(due - sent) {
            let _ = pair.patch.send_to(packet, pair.port);
        }
        if (sent..due).contains(&10_000) {
            pair.put("within.wav");
        }
        sent = due;
        std::thread::sleep(Duration::from_millis(2));
    }
    println!("{sent} packets in {:?}", begun.elapsed());
    pair.put("after.wav");
    pair.gallery.wait_until_quiet();
    assert_eq!(
        pair.gallery.listing("predictions").len(),
        6,
        "{:?}",
        pair.gallery.listing("predictions")
    );
    // It is heard again when the flood has passed.
    pair.gallery.hear_nothing_more();
    pair.say("ping", vec![]);
    pair.gallery.hear_until("pong");
}

/// What waits in the folder already gets its settings when it is complete.
#[cfg(target_os = "linux")]
#[test]
fn a_seed_that_is_still_being_recorded_is_answered_as_was_asked_meanwhile() {
    use std::io::Write;
    let pair = Pair::open(LIVELY, &["--seconds", "0.5"]);
    let whole = pair.gallery.folder.path().join("whole.wav");
    write_seed(&whole, &pluck(220.0, 0.2, 11025));
    let bytes = std::fs::read(&whole).unwrap();
    let mut recorder = std::fs::File::create(pair.gallery.path("seeds/a.wav")).unwrap();
    recorder.write_all(&bytes[..1000]).unwrap();
    pair.ask_for_a_short_answer_by_vector("a.wav".into());
    assert_eq!(pair.gallery.hear_within(Duration::from_millis(700)), None);
    // What lies elsewhere and is being written is refused.
    let elsewhere = pair.gallery.folder.path().join("b.wav");
    let mut other = std::fs::File::create(&elsewhere).unwrap();
    other.write_all(&bytes[..1000]).unwrap();
    let said = pair.refused("generate", vec![text(elsewhere)]);
    assert!(said.contains("is being written"), "{said}");

    recorder.write_all(&bytes[1000..]).unwrap();
    drop(recorder);
    pair.gallery.hear_seen("a.wav");
    let done = pair.gallery.hear();
    let notes = sidecar(done.args[1].clone().string().unwrap().as_ref());
    assert_eq!(
        (&notes["lasts"], &notes["model"]["name"]),
        (&0.25.into(), &"vector".into())
    );
}

#[test]
fn an_empty_file_and_one_that_is_cut_off_fail_with_a_sentence() {
    let pair = Pair::open(LIVELY, &["--seconds", "0.5"]);
    let elsewhere = pair.gallery.folder.path();
    std::fs::write(elsewhere.join("empty.wav"), "").unwrap();
    std::fs::write(elsewhere.join("cut.wav"), b"RIFF\xff\xff\xff\x7fWAVE").unwrap();
    for name in ["empty", "cut"] {
        let file = format!("{name}.wav");
        pair.say("generate", vec![text(elsewhere.join(&file))]);
        let id = pair.gallery.hear_seen(&file);
        assert!(!pair.gallery.hear_error(id).is_empty());
        assert!(!pair.reason(&format!("{name}.txt")).is_empty());
        assert!(elsewhere.join(&file).exists(), "only the copy failed");
    }
}

/// A daemon that was killed between publishing and telling.
#[test]
fn what_was_published_before_a_crash_is_told_by_the_next_daemon() {
    let mut pair = Pair::closed(LIVELY, &["--seconds", "0.5"]);
    let job = pair.gallery.path(".antiphon/work/000007");
    for folder in [&job, &pair.gallery.path("predictions")] {
        std::fs::create_dir_all(folder).unwrap();
    }
    write_seed(&job.join("a.wav"), &pluck(220.0, 0.2, 11025));
    std::fs::write(job.join(".publish-0001"), "").unwrap();
    let prediction = pair.gallery.path("predictions/a.0001.wav");
    write_seed(&prediction, &pluck(220.0, 0.5, 8000));
    std::fs::write(prediction.with_extension("json"), "{}").unwrap();
    pair.gallery.start();
    assert!(
        pair.gallery
            .hear_done(7)
            .ends_with("predictions/a.0001.wav")
    );
    pair.say("replay", vec![OscType::Int(0)]);
    pair.gallery.hear_done(7);
    assert_eq!(pair.gallery.hear().args, [OscType::Int(1)]);
}

/// The sidecar of the prediction at `path`.
fn sidecar(path: &std::path::Path) -> serde_json::Value {
    let text = std::fs::read(path.with_extension("json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// That the answer of this sidecar is made again with the same bytes.
fn assert_replays(pair: &Pair, prediction: &std::path::Path) {
    let again = pair.gallery.folder.path().join("again.wav");
    let output = common::antiphon()
        .arg("replay")
        .arg(prediction.with_extension("json"))
        .arg("--force")
        .arg("--output")
        .arg(&again)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    assert_eq!(
        std::fs::read(&again).unwrap(),
        std::fs::read(prediction).unwrap()
    );
}

impl Pair {
    /// Hears `/antiphon/VERB` with these arguments when `verb` is said with `arguments`.
    fn answered(&self, verb: &str, arguments: &[OscType], by: &str, with: &[OscType]) {
        self.say(verb, arguments.to_vec());
        let answer = self.gallery.hear();
        assert_eq!(answer.addr, format!("/antiphon/{by}"), "{answer:?}");
        assert_eq!(answer.args, with);
    }

    /// Wants the sound at `path` to be answered by another model, for a quarter of a second.
    fn ask_for_a_short_answer_by_vector(&self, path: PathBuf) {
        let arguments = vec![
            text(path),
            "seconds".into(),
            OscType::Float(0.25),
            "model".into(),
            "vector".into(),
        ];
        self.say("generate", arguments);
    }

    /// Puts the seed `name`, and hears that it is answered; the prediction.
    fn answer_to(&self, name: &str) -> PathBuf {
        self.put(name);
        self.gallery.hear_seen(name);
        let done = self.gallery.hear();
        assert_eq!(done.addr, "/antiphon/done", "{done:?}");
        done.args[1].clone().string().unwrap().into()
    }
}

#[test]
fn a_patch_sets_how_answers_are_made_and_takes_it_back() {
    let pair = Pair::open(LIVELY, &["--seconds", "0.5"]);
    let float = OscType::Float;
    pair.answered(
        "get",
        &["seconds".into()],
        "value",
        &["seconds".into(), float(0.5)],
    );
    pair.answered(
        "set",
        &["seconds".into(), float(0.25)],
        "value",
        &["seconds".into(), float(0.25)],
    );
    // As text, as a double, and as a long whole number.
    for value in ["0.7".into(), OscType::Double(0.7)] {
        let said = ["temperature".into(), value];
        pair.answered("set", &said, "value", &["temperature".into(), float(0.7)]);
    }
    let said = ["random_seed".into(), OscType::Long(3)];
    pair.answered(
        "set",
        &said,
        "value",
        &["random_seed".into(), OscType::Int(3)],
    );
    pair.answered(
        "set",
        &["loudness".into(), "model".into()],
        "value",
        &["loudness".into(), "model".into()],
    );
    let path = pair.answer_to("a.wav");
    let notes = sidecar(&path);
    assert_eq!(notes["lasts"], 0.25, "{notes}");
    assert_eq!(notes["temperature"], 0.7, "{notes}");
    assert_replays(&pair, &path);

    // Three answers to each seed, then one again.
    let three = ["variations".into(), OscType::Int(3)];
    pair.answered("set", &three, "value", &three);
    pair.put("b.wav");
    pair.gallery.hear_seen("b.wav");
    for n in 1..=3 {
        assert_eq!(pair.gallery.hear().args[1], OscType::Int(n));
    }
    assert_eq!(pair.gallery.hear().addr, "/antiphon/set");
    pair.answered(
        "set",
        &["variations".into(), "default".into()],
        "value",
        &["variations".into(), OscType::Int(1)],
    );
    pair.answered("reset", &[], "reset", &[]);
    pair.answered(
        "get",
        &["seconds".into()],
        "value",
        &["seconds".into(), float(0.5)],
    );
    let notes = sidecar(&pair.answer_to("c.wav"));
    assert_eq!(notes["lasts"], 0.5, "{notes}");

    for (key, value, expected) in [
        ("folow", float(0.5), "did you mean \"follow\"?"),
        ("follow", float(1.5), "follow"),
        ("seconds", "long".into(), "seconds"),
        ("engine", "native".into(), "--engine"),
        ("provider", "cpu".into(), "--provider"),
        ("guide_file", "/etc/passwd".into(), "no file is opened"),
        ("variations", OscType::Int(0), "from 1 to 10000"),
    ] {
        let said = pair.refused("set", vec![key.into(), value]);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_patch_asks_for_one_answer_with_its_own_settings() {
    let pair = Pair::open(LIVELY, &["--seconds", "0.5"]);
    let elsewhere = pair.gallery.folder.path().join("a.wav");
    write_seed(&elsewhere, &pluck(330.0, 0.2, 11025));
    pair.ask_for_a_short_answer_by_vector(elsewhere.clone());
    pair.gallery.hear_seen("a.wav");
    let done = pair.gallery.hear();
    let path = PathBuf::from(done.args[1].clone().string().unwrap());
    let notes = sidecar(&path);
    assert_eq!(
        (&notes["lasts"], &notes["model"]["name"]),
        (&0.25.into(), &"vector".into())
    );
    assert_replays(&pair, &path);
    // The next is as all are.
    let notes = sidecar(&pair.answer_to("b.wav"));
    assert_eq!(notes["lasts"], 0.5);
    for (values, expected) in [
        (vec!["folow".into(), OscType::Float(0.5)], "did you mean"),
        (vec!["model".into(), "../model".into()], "there is no model"),
        (vec!["seconds".into(), OscType::Float(-1.0)], "above 0"),
    ] {
        let said = pair.refused("generate", [vec![text(elsewhere.clone())], values].concat());
        assert!(said.contains(expected), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn what_was_asked_of_one_answer_outlives_the_daemon() {
    let mut pair = Pair::busy();
    let elsewhere = pair.gallery.folder.path().join("a.wav");
    write_seed(&elsewhere, &pluck(330.0, 0.2, 11025));
    for _ in 0..2 {
        pair.ask_for_a_short_answer_by_vector(elsewhere.clone());
    }
    let first = pair.gallery.hear_seen("a.wav");
    pair.gallery.hear_seen("a.wav");
    pair.gallery.end_with("-TERM");
    std::fs::remove_file(pair.gallery.path("seeds/first.wav")).unwrap();
    pair.gallery.start();
    pair.gallery.wait_until_quiet();
    let answers = pair.gallery.listing("predictions");
    let answers: Vec<_> = answers
        .iter()
        .filter(|name| name.ends_with(".wav"))
        .collect();
    assert_eq!(answers.len(), 2, "{answers:?}");
    for name in answers {
        let path = pair.gallery.path("predictions").join(name);
        let notes = sidecar(&path);
        assert_eq!(notes["lasts"], 0.25, "{notes}");
    }
    assert!(
        pair.gallery
            .listing(".antiphon/done")
            .contains(&format!("{first:06}-a.wav"))
    );
}

#[test]
fn a_patch_chooses_model_and_voice() {
    let pair = Pair::open(LIVELY, &["--seconds", "0.5"]);
    std::fs::create_dir_all(pair.gallery.path("models")).unwrap();
    std::fs::copy(pair.gallery.model(), pair.gallery.path("models/mine.onnx")).unwrap();
    std::fs::create_dir_all(pair.gallery.path("voices")).unwrap();
    std::fs::write(
        pair.gallery.path("voices/short.json"),
        r#"{"seconds": 0.2}"#,
    )
    .unwrap();
    let model_of = |path: &PathBuf| sidecar(path)["model"]["name"].as_str().unwrap().to_owned();

    pair.answered("model", &["vector".into()], "model", &["vector".into()]);
    assert_eq!(model_of(&pair.answer_to("a.wav")), "vector");
    pair.answered("model", &["mine".into()], "model", &["mine".into()]);
    let path = pair.answer_to("b.wav");
    assert!(model_of(&path).ends_with("models/mine.onnx"));
    assert_replays(&pair, &path);
    pair.say("status", vec![]);
    let status = pair.gallery.hear();
    let model = status.args[4].clone().string().unwrap();
    assert!(model.ends_with("models/mine.onnx"), "{model}");
    pair.answered("model", &["default".into()], "model", &["default".into()]);
    assert!(model_of(&pair.answer_to("c.wav")).ends_with("/model.onnx"));

    pair.answered("voice", &["short".into()], "voice", &["short".into()]);
    let path = pair.answer_to("d.wav");
    let notes = sidecar(&path);
    assert_eq!(
        (&notes["lasts"], &notes["voice"]),
        (&0.2.into(), &"short".into())
    );
    assert!(path.ends_with("predictions/d.0001.wav"), "{path:?}");
    pair.answered("voice", &["default".into()], "voice", &["default".into()]);
    assert_eq!(sidecar(&pair.answer_to("e.wav"))["lasts"], 0.5);

    for (verb, name, expected) in [
        ("model", "nobody", "bundled are"),
        ("model", "../model", "there is no model"),
        ("voice", "nobody", "there are short"),
    ] {
        let said = pair.refused(verb, vec![name.into()]);
        assert!(said.contains(expected), "{said}");
    }
}
