//! Seeds answered by workers through a NATS server, by the program itself.
#![cfg(unix)] // signals

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use common::chance::{Random, length};
use common::cluster::{Cable, Nats, Process, WAIT};
use common::gallery::{Gallery, LIVELY, PATIENCE, SLOW, listing};
use common::{pluck, random_model, run, skipped_without, stderr, write_seed};

const OF_ALL: [&str; 4] = ["--seconds", "0.5", "--nats-wait", WAIT];

/// All sounds below `folder`, and all texts of failures, by their names there.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for name in listing(&next) {
            let path = next.join(name);
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "wav" || e == "txt") {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Waits until so many sounds or sets are in predictions/ and failed/ of `gallery`.
fn wait_for_all(gallery: &Gallery) {
    let begun = Instant::now();
    loop {
        let mut left: usize = ["seeds", ".antiphon/work", ".antiphon/tmp"]
            .map(|folder| gallery.listing(folder))
            .iter()
            .flatten()
            .filter(|name| *name != "duo" && *name != "follower")
            .count();
        for voice in ["seeds/duo", "seeds/follower"] {
            left += gallery.listing(voice).len();
        }
        if left == 0 {
            return;
        }
        assert!(begun.elapsed() < 3 * PATIENCE, "{left} are left");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn put_all(gallery: &Gallery) {
    std::fs::create_dir_all(gallery.path("voices")).unwrap();
    let model = gallery.model();
    let model = model.to_str().unwrap();
    let theme = gallery.folder.path().join("theme.wav");
    write_seed(&theme, &pluck(330.0, 0.3, 22050));
    for (name, plan) in [
        (
            "duo",
            serde_json::json!({"model": model, "ending": "exact",
                "variations": [{"follow": 0.7}, {"count": 2}], "slices": 2}),
        ),
        (
            "follower",
            serde_json::json!({"model": model, "ending": "exact", "follow": 0.5,
                "guide_file": theme.to_str().unwrap()}),
        ),
    ] {
        let path = gallery.path(&format!("voices/{name}.json"));
        std::fs::write(path, plan.to_string()).unwrap();
        std::fs::create_dir_all(gallery.path(&format!("seeds/{name}"))).unwrap();
    }
    for name in ["a.wav", "b.wav", "duo/c.wav", "follower/d.wav"] {
        let path = gallery.path("seeds").join(name);
        let pitch = 200.0 + f64::from(name.as_bytes()[name.len() - 5]);
        write_seed(&path, &pluck(pitch, 0.3, 22050));
    }
    std::fs::write(gallery.path("seeds/broken.wav"), "no sound at all").unwrap();
}

#[test]
fn what_workers_answer_is_what_would_be_answered_here() {
    if skipped_without("nats-server") {
        return;
    }
    let mut here = Gallery::closed_with(LIVELY, &OF_ALL[..2]);
    put_all(&here);
    here.start();
    wait_for_all(&here);
    here.end_with("-TERM");

    let nats = Nats::start();
    let mut there = Gallery::bridged_with(LIVELY, &nats.url(), &OF_ALL);
    put_all(&there);
    let _workers = ["one", "two"].map(|name| nats.worker(name, &[]));
    there.start();
    wait_for_all(&there);
    let heard = there.hear_until("done");
    assert_eq!(heard.args.len(), 3, "{heard:?}");
    there.end_with("-TERM");

    let predictions = contents(&here.path("predictions"));
    assert!(predictions.len() >= 7, "{:?}", predictions.keys());
    assert!(
        predictions == contents(&there.path("predictions")),
        "{:?} and {:?}",
        predictions.keys(),
        contents(&there.path("predictions")).keys()
    );
    let failed = contents(&here.path("failed"));
    assert_eq!(failed.len(), 2);
    let text = |failed: &BTreeMap<PathBuf, Vec<u8>>| {
        String::from_utf8(failed[Path::new("broken.txt")].clone()).unwrap()
    };
    assert_eq!(text(&failed), text(&contents(&there.path("failed"))));
    let sidecar = there.path("predictions/follower/d.0001.json");
    let sidecar: serde_json::Value =
        serde_json::from_slice(&std::fs::read(sidecar).unwrap()).unwrap();
    let theme = there.folder.path().join("theme.wav");
    assert_eq!(sidecar["guide_file"]["file"], theme.to_str().unwrap());
}

#[test]
fn a_seed_that_three_workers_die_of_fails() {
    if skipped_without("nats-server") {
        return;
    }
    let nats = Nats::start();
    let mut gallery = Gallery::bridged_with(SLOW, &nats.url(), &["--nats-wait", WAIT]);
    gallery.start();
    write_seed(&gallery.path("seeds/slow.wav"), &pluck(220.0, 0.3, 22050));
    for time in 1..=3 {
        let mut worker = nats.worker("worker", &[]);
        nats.wait_for("worker", "begins, the", time);
        worker.0.kill().unwrap();
    }
    let _last = nats.worker("worker", &[]);
    let id = gallery.hear_seen("slow.wav");
    let reason = gallery.hear_error(id);
    assert!(
        reason.contains("3 workers were given this seed"),
        "{reason}"
    );
    assert_eq!(gallery.listing("failed"), ["slow.txt", "slow.wav"]);
    assert_eq!(gallery.listing("predictions"), Vec::<String>::new());
}

fn status(gallery: &Gallery) -> Output {
    run(["status".into(), "--root".into(), gallery.path("")])
}

#[test]
fn seeds_wait_for_a_server_and_for_workers_and_status_says_so() {
    if skipped_without("nats-server") {
        return;
    }
    let mut nats = Nats::closed();
    let mut gallery = Gallery::bridged_with(LIVELY, &nats.url(), &OF_ALL);
    gallery.begin();
    assert_eq!(gallery.hear_until("ready").addr, "/antiphon/ready");
    write_seed(&gallery.path("seeds/early.wav"), &pluck(220.0, 0.3, 22050));
    let wait_for = |word: &str| {
        let begun = Instant::now();
        loop {
            let output = status(&gallery);
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            if said.contains(word) {
                return output.status.code();
            }
            assert!(begun.elapsed() < PATIENCE, "{word}: {said}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    assert_eq!(wait_for("cannot be reached"), Some(1));
    nats.begin();
    assert_eq!(wait_for("no worker takes jobs"), Some(1));
    let _worker = nats.worker("worker", &[]);
    gallery.hear_until("done");
    assert_eq!(gallery.listing("predictions").len(), 2);
}

#[test]
fn a_server_may_encrypt_and_ask_for_a_password() {
    if skipped_without("nats-server") || skipped_without("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = ["hub.pem", "hub.key"].map(|name| {
        let path = folder.path().join(name);
        path.to_str().unwrap().to_owned()
    });
    let made = std::process::Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ])
        .args(["-subj", "/CN=hub", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &key, "-out", &certificate])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", stderr(&made));
    let tls = ["--tls", "--tlscert", &certificate, "--tlskey", &key];
    let nats = Nats::start_with(&[&tls[..], &["--user", "me", "--pass", "p@ss"]].concat());
    let address = nats.url().replace("nats://", "");
    let ca = ["--nats-ca", &certificate];
    let stranger = nats.worker_to(&format!("tls://me:wrong@{address}"), "stranger", &ca);
    let url = format!("tls://me:p%40ss@{address}");
    let _worker = nats.worker_to(&url, "worker", &ca);
    let arguments = [&OF_ALL[..], &ca].concat();
    let mut gallery = Gallery::bridged_with(LIVELY, &url, &arguments);
    gallery.start();
    write_seed(&gallery.path("seeds/safe.wav"), &pluck(220.0, 0.3, 22050));
    let id = gallery.hear_seen("safe.wav");
    gallery.hear_done(id);
    drop(stranger);
    let said = nats.said("stranger");
    assert!(
        !said.contains("wrong") && !said.contains(" done "),
        "{said}"
    );
    assert!(said.to_lowercase().contains("authorization"), "{said}");
}

#[test]
fn a_server_may_ask_for_credentials() {
    if skipped_without("nats-server") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let files = common::accounts::write(folder.path());
    let [configuration, user, stranger] = files
        .each_ref()
        .map(|path| path.to_str().unwrap_or_default());
    let nats = Nats::start_with(&["--config", configuration]);
    let of_stranger = ["--nats-creds", stranger];
    let _stranger = nats.worker_to(&nats.url(), "stranger", &of_stranger);
    let of_user = ["--nats-creds", user];
    let _worker = nats.worker_to(&nats.url(), "worker", &of_user);
    let arguments = [&OF_ALL[..], &of_user].concat();
    let mut gallery = Gallery::bridged_with(LIVELY, &nats.url(), &arguments);
    gallery.start();
    write_seed(&gallery.path("seeds/known.wav"), &pluck(220.0, 0.3, 22050));
    let id = gallery.hear_seen("known.wav");
    gallery.hear_done(id);
    nats.wait_for("stranger", "uthorization", 1);
    let said = nats.said("stranger");
    assert!(!said.contains(" done "), "{said}");
}

/// A folder with a model and a seed.
fn desk() -> tempfile::TempDir {
    let desk = tempfile::tempdir().unwrap();
    random_model(LIVELY)
        .write(&desk.path().join("lively.onnx"))
        .unwrap();
    write_seed(&desk.path().join("seed.wav"), &pluck(220.0, 0.3, 22050));
    desk
}

fn generate(desk: &Path, output: &str, more: &[&str]) -> std::process::Command {
    let mut command = common::antiphon();
    command
        .current_dir(desk)
        .args(["generate", "--model", "lively.onnx", "--seed", "seed.wav"])
        .args(["--seconds", "0.3", "--output", output])
        .args(more);
    command
}

#[test]
fn variations_are_spread_over_workers_and_go_on_after_an_interruption() {
    if skipped_without("nats-server") {
        return;
    }
    let (nats, desk) = (Nats::start(), desk());
    let folder = desk.path();
    let plan = r#"{"variations": [{"follow": 0.5, "count": 20}, {"count": 20}], "slices": 2}"#;
    std::fs::write(folder.join("plan.json"), plan).unwrap();
    let here = generate(folder, "here", &["--plan", "plan.json"]).output();
    let here = here.unwrap();
    assert!(here.status.success(), "{}", stderr(&here));

    let url = nats.url();
    let spread = ["--plan", "plan.json", "--nats", &url, "--jobs", "4"];
    let mut command = generate(folder, "there", &spread);
    let mut interrupted = Process(command.spawn().unwrap());
    let worker = nats.worker("worker", &[]);
    nats.wait_for("worker", "is done after", 10);
    interrupted.0.kill().unwrap();
    interrupted.0.wait().unwrap();
    assert!(!folder.join("there").exists());
    // What is stored and not fetched is found when the same is asked again.
    let done = nats.said("worker").matches("is done after").count();
    let there = generate(folder, "there", &spread).output().unwrap();
    assert!(there.status.success(), "{}", stderr(&there));
    drop(worker);
    let all = nats.said("worker").matches("is done after").count();
    assert!(done < 40 && all == 40, "{done} and then {all}");
    let sounds = contents(&folder.join("here"));
    assert!(sounds.len() >= 41, "{}", sounds.len());
    assert!(sounds == contents(&folder.join("there")));
    let hidden = listing(folder);
    assert!(
        hidden.iter().all(|name| !name.starts_with('.')),
        "{hidden:?}"
    );
}

/// One of the workers of a chaotic test.
struct Host<'a> {
    cable: Cable,
    name: String,
    nats: &'a std::cell::RefCell<Nats>,
    worker: Option<Process>,
    /// When it is to be as it was, and how.
    mends: Option<(Instant, Mend)>,
}

#[derive(Clone, Copy)]
enum Mend {
    Start,
    Continue,
    Join,
}

impl Host<'_> {
    fn start(&mut self) {
        let nats = self.nats.borrow();
        self.worker = Some(nats.worker_at(&self.cable, &self.name, &["--deliveries", "50"]));
    }

    fn do_harm(&mut self, which: u64, now: Instant) {
        if self.mends.is_some() {
            return;
        }
        let longer_than_the_wait = Duration::from_millis(2500);
        self.mends = Some(match which {
            0 => {
                self.worker = None;
                (now + Duration::from_millis(300), Mend::Start)
            }
            1 => {
                self.worker.as_ref().unwrap().signal("-STOP");
                (now + longer_than_the_wait, Mend::Continue)
            }
            _ => {
                self.cable.set(false);
                (now + longer_than_the_wait, Mend::Join)
            }
        });
    }

    fn mend(&mut self, now: Instant) {
        let Some((_, mend)) = self.mends.take_if(|(due, _)| *due <= now) else {
            return;
        };
        match mend {
            Mend::Start => self.start(),
            Mend::Continue => self.worker.as_ref().unwrap().signal("-CONT"),
            Mend::Join => self.cable.set(true),
        }
    }
}

/// The issue's first bar: whatever happens to workers, bridge, server and network, every seed
/// has exactly one prediction, and its bytes are those that are made here.
#[test]
fn whatever_happens_every_seed_has_exactly_one_prediction() {
    if skipped_without("nats-server") {
        return;
    }
    let (count, bridge_kills) = (length(60, 500), length(4, 10));
    let seeds: Vec<String> = (0..count).map(|n| format!("{n:04}.wav")).collect();
    let put = |gallery: &Gallery, n: usize| {
        let path = gallery.folder.path().join("put.wav");
        write_seed(&path, &pluck(150.0 + n as f64, 0.1, 11025));
        std::fs::rename(path, gallery.path("seeds").join(&seeds[n])).unwrap();
    };
    let mut here = Gallery::closed_with(LIVELY, &["--seconds", "2"]);
    (0..count).for_each(|n| put(&here, n));
    here.begin();
    here.wait_until_quiet();
    here.end_with("-TERM");

    let nats = std::cell::RefCell::new(Nats::start());
    let url = nats.borrow().url();
    let arguments = ["--seconds", "2", "--nats-wait", WAIT, "--jobs", "16"];
    let mut there = Gallery::bridged_with(LIVELY, &url, &arguments);
    there.begin();
    let host = |n: usize| Host {
        cable: Cable::new(n, &nats.borrow()),
        name: format!("worker-{n}"),
        nats: &nats,
        worker: None,
        mends: None,
    };
    let mut hosts: Vec<Host> = (0..4).map(host).collect();
    hosts.iter_mut().for_each(Host::start);
    let mut random = Random(7);
    for n in 0..count {
        put(&there, n);
        std::thread::sleep(Duration::from_millis(100));
        let now = Instant::now();
        hosts.iter_mut().for_each(|host| host.mend(now));
        if n % 5 == 2 {
            let (host, harm) = (random.below(4) as usize, random.below(3));
            hosts[host].do_harm(harm, now);
        }
        if n % (count / bridge_kills) == count / bridge_kills / 2 {
            there.end_with("-KILL");
            there.begin();
        }
        if n == count / 3 || n == 2 * count / 3 {
            nats.borrow_mut().begin_again();
        }
    }
    let begun = Instant::now();
    loop {
        let now = Instant::now();
        hosts.iter_mut().for_each(|host| host.mend(now));
        let left = ["seeds", ".antiphon/work"].map(|folder| there.listing(folder).len());
        if left == [0, 0] {
            break;
        }
        assert!(begun.elapsed() < 5 * PATIENCE, "{left:?} are left");
        std::thread::sleep(Duration::from_millis(20));
    }
    there.end_with("-TERM");
    assert_eq!(there.listing("failed"), Vec::<String>::new());
    assert_eq!(there.listing(".antiphon/tmp"), Vec::<String>::new());
    assert_eq!(there.listing(".antiphon/done").len(), count);
    let expected: Vec<String> = seeds
        .iter()
        .flat_map(|seed| {
            let stem = seed.trim_end_matches(".wav");
            [format!("{stem}.0001.json"), format!("{stem}.0001.wav")]
        })
        .collect();
    assert_eq!(there.listing("predictions"), expected);
    assert!(contents(&here.path("predictions")) == contents(&there.path("predictions")));
    let kinds = hosts.iter().map(|host| match host.cable {
        Cable::Namespace { .. } => "namespace",
        Cable::Proxy(_) => "proxy",
    });
    let kinds: Vec<&str> = kinds.collect();
    eprintln!("{count} seeds; hosts are {kinds:?}");
}
