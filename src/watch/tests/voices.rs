//! Voices: each has a folder of its own for its seeds and one for its answers, and what
//! is promised of seeds holds there too.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::gallery::{Gallery, VOICE, listing, text};
use super::{Nothing, Parrot, fast_folder, setup};
use crate::answer::Step;
use crate::files::mishap::{self, Mishap};
use crate::watch::answers::{Answer, Answers, NoAnswer, Order};
use crate::watch::retention::{ALL, Bounds, Retention};
use crate::watch::root::{Root, WhichRoot};
use crate::watch::voices::file_of;
use crate::watch::{Event, WatchError, mailbox, watch};

const PATIENCE: Duration = Duration::from_secs(30);

/// Parrots, of which each voice has one if its file says so. A text about something slow
/// is answered never.
struct Choir(PathBuf);

impl Answers for Choir {
    fn answer(
        &mut self,
        order: &Order,
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Answer, NoAnswer> {
        if let Some(voice) = order.voice {
            let says = fs::read_to_string(file_of(&self.0, voice)).unwrap_or_default();
            if says != "{}" {
                let reason = format!("the voice {voice} cannot answer: it is hoarse");
                return Err(NoAnswer::Seed(reason));
            }
        }
        while fs::read(order.seed).is_ok_and(|text| text.starts_with(b"slow")) {
            if tell(Step::Share(0.5)).is_break() {
                return Err(NoAnswer::Stopped);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Parrot.answer(order, tell)
    }
}

/// A folder that a choir watches.
struct Hall {
    folder: TempDir,
    events: Option<Receiver<Event>>,
    stop: Arc<AtomicBool>,
    daemon: Option<JoinHandle<Result<(), WatchError>>>,
}

impl Hall {
    /// Nobody watches yet.
    fn closed() -> Hall {
        let hall = Hall {
            folder: fast_folder(),
            events: None,
            stop: Arc::new(AtomicBool::new(false)),
            daemon: None,
        };
        fs::create_dir(hall.path("voices")).unwrap();
        hall
    }

    fn open(&mut self) {
        let (sender, events) = mpsc::channel();
        let setup = setup(self.folder.path());
        let choir: Vec<Box<dyn Answers>> = vec![Box::new(Choir(setup.root.clone()))];
        self.stop.store(false, Ordering::Relaxed);
        let stop = Arc::clone(&self.stop);
        self.events = Some(events);
        self.daemon = Some(std::thread::spawn(move || {
            let tell = Arc::new(move |event| drop(sender.send(event)));
            let (_, mailbox) = mailbox();
            watch(&setup, choir, Arc::new(Nothing), tell, &mailbox, &stop)
        }));
        assert_eq!(self.hear(), Event::Ready);
    }

    fn close(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(daemon) = self.daemon.take() {
            daemon.join().unwrap().unwrap();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The next event that says more than that the daemon lives and answers.
    fn hear(&self) -> Event {
        let events = self.events.as_ref().unwrap();
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match events.recv_timeout(PATIENCE).unwrap() {
                Event::Alive { .. } | Event::Progress { .. } => {}
                event => return event,
            }
        }
        panic!("nothing is heard");
    }

    /// Hears that the seed `name` for `voice` is seen; its number.
    fn hear_seen(&self, voice: Option<&str>, name: &str) -> i32 {
        match self.hear() {
            Event::Seen {
                id,
                voice: seen_for,
                name: seen,
            } if seen_for.as_deref() == voice && seen == name => id,
            event => panic!("{event:?}"),
        }
    }

    /// Hears that the seed `id` for `voice` is answered; by what, under predictions/.
    fn hear_answer(&self, voice: Option<&str>, id: i32) -> String {
        match self.hear() {
            Event::Done {
                id: done,
                voice: by,
                path,
                ..
            }
            | Event::SetDone {
                id: done,
                voice: by,
                path,
                ..
            } if (done, by.as_deref()) == (id, voice) => {
                let path = path.strip_prefix(self.path("predictions")).unwrap();
                path.display().to_string()
            }
            event => panic!("{event:?}"),
        }
    }

    /// Hears that the seed `id` for `voice` fails; why.
    fn hear_failure(&self, voice: &str, id: i32) -> String {
        match self.hear() {
            Event::Failed {
                id: failed,
                voice: by,
                reason,
            } if (failed, by.as_deref()) == (id, Some(voice)) => reason,
            event => panic!("{event:?}"),
        }
    }

    fn hear_remark(&self) -> String {
        match self.hear() {
            Event::Remark { text } => text,
            event => panic!("{event:?}"),
        }
    }

    fn add_voice(&self, voice: &str) {
        fs::write(file_of(self.folder.path(), voice), "{}").unwrap();
        self.wait_for(&format!("seeds/{voice}"));
    }

    fn wait_for(&self, name: &str) {
        let begun = Instant::now();
        while !self.path(name).exists() {
            assert!(begun.elapsed() < PATIENCE, "{name}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Puts `text` into `seeds/` as `name`, in one moment.
    fn put(&self, name: &str, text: &str) {
        let outside = self.path("outside");
        fs::write(&outside, text).unwrap();
        fs::rename(outside, self.path("seeds").join(name)).unwrap();
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(daemon) = self.daemon.take() {
            let _ = daemon.join();
        }
    }
}

#[test]
fn each_voice_answers_the_seeds_in_its_folder_into_its_own() {
    let mut hall = Hall::closed();
    for voice in ["bells", "strings"] {
        fs::write(file_of(hall.folder.path(), voice), "{}").unwrap();
    }
    hall.open();
    hall.wait_for("predictions/strings");
    let seeds = [
        (Some("bells"), "bells/a.wav", "good", "bells/a.0001.wav"),
        (None, "a.wav", "good", "a.0001.wav"),
        (Some("strings"), "strings/a.wav", "set", "strings/a.0001"),
        (Some("bells"), "bells/a.wav", "set", "bells/a.0002"),
    ];
    for (number, (voice, name, text, answer)) in (1..).zip(seeds) {
        hall.put(name, text);
        assert_eq!(hall.hear_seen(voice, "a.wav"), number, "one count for all");
        assert_eq!(hall.hear_answer(voice, number), answer);
    }
    let done = listing(&hall.path(".antiphon/done"));
    assert_eq!(
        done,
        (1..=4)
            .map(|id| format!("00000{id}-a.wav"))
            .collect::<Vec<_>>()
    );
    hall.close();
    assert_eq!(listing(&hall.path("seeds")), ["strings"]);
    assert_eq!(listing(&hall.path("seeds/bells")), Vec::<String>::new());
}

#[test]
fn a_broken_voice_fails_its_seeds_with_a_sentence_and_the_others_go_on() {
    let mut hall = Hall::closed();
    hall.open();
    hall.add_voice("bells");
    fs::write(file_of(hall.folder.path(), "strings"), "no JSON").unwrap();
    hall.wait_for("seeds/strings");
    hall.put("strings/a.wav", "good");
    let id = hall.hear_seen(Some("strings"), "a.wav");
    let reason = hall.hear_failure("strings", id);
    assert_eq!(reason, "the voice strings cannot answer: it is hoarse");
    assert_eq!(listing(&hall.path("failed")), ["a.txt", "a.wav"]);
    hall.put("bells/b.wav", "good");
    let id = hall.hear_seen(Some("bells"), "b.wav");
    assert_eq!(hall.hear_answer(Some("bells"), id), "bells/b.0001.wav");
    // Whatever a voice's seed fails of, its reason names the voice.
    hall.put("bells/c.wav", "broken");
    let id = hall.hear_seen(Some("bells"), "c.wav");
    assert_eq!(
        hall.hear_failure("bells", id),
        "for the voice bells: it is broken"
    );
    assert_eq!(
        text(&hall.path("failed/c.txt")),
        "for the voice bells: it is broken\n"
    );
    // Once it is mended it answers.
    fs::write(file_of(hall.folder.path(), "strings"), "{}").unwrap();
    hall.put("strings/d.wav", "good");
    let id = hall.hear_seen(Some("strings"), "d.wav");
    assert_eq!(hall.hear_answer(Some("strings"), id), "strings/d.0001.wav");
}

#[test]
fn voices_come_and_go_while_the_daemon_runs() {
    let mut hall = Hall::closed();
    hall.open();
    hall.add_voice("bells");
    hall.put("bells/a.wav", "good");
    let id = hall.hear_seen(Some("bells"), "a.wav");
    hall.hear_answer(Some("bells"), id);

    fs::remove_file(file_of(hall.folder.path(), "bells")).unwrap();
    let remark = hall.hear_remark();
    assert_eq!(
        remark,
        "bells is a folder; put the sounds in it into seeds/ themselves"
    );
    hall.put("bells/b.wav", "good");
    hall.put("c.wav", "good");
    let id = hall.hear_seen(None, "c.wav");
    hall.hear_answer(None, id);
    assert_eq!(
        fs::read_dir(hall.path("seeds/bells")).unwrap().count(),
        1,
        "b.wav waits"
    );

    hall.add_voice("bells");
    let id = hall.hear_seen(Some("bells"), "b.wav");
    assert_eq!(hall.hear_answer(Some("bells"), id), "bells/b.0001.wav");
}

#[test]
fn a_job_outlives_its_voice_and_the_process_and_fails_with_a_sentence() {
    let mut hall = Hall::closed();
    let job = hall.path(".antiphon/work/000007-bells");
    fs::create_dir_all(&job).unwrap();
    fs::write(job.join("a.wav"), "good").unwrap();
    hall.open();
    assert_eq!(hall.hear_seen(Some("bells"), "a.wav"), 7);
    let reason = hall.hear_failure("bells", 7);
    assert_eq!(reason, "the voice bells cannot answer: it is hoarse");
    assert_eq!(listing(&hall.path("failed")), ["a.txt", "a.wav"]);
    assert!(!hall.path("predictions/bells").exists());
}

#[test]
fn what_is_claimed_goes_back_to_its_voices_folder_though_that_is_gone() {
    let mut hall = Hall::closed();
    hall.open();
    hall.add_voice("bells");
    hall.put("bells/first.wav", "slow");
    hall.hear_seen(Some("bells"), "first.wav");
    hall.put("bells/second.wav", "slow");
    hall.hear_seen(Some("bells"), "second.wav");
    fs::remove_file(file_of(hall.folder.path(), "bells")).unwrap();
    hall.hear_remark();
    fs::remove_dir(hall.path("seeds/bells")).unwrap();
    hall.close();
    assert_eq!(
        listing(&hall.path("seeds/bells")),
        ["first.wav", "second.wav"]
    );
    for empty in [".antiphon/work", ".antiphon/tmp", "predictions"] {
        assert_eq!(listing(&hall.path(empty)), Vec::<String>::new(), "{empty}");
    }
}

#[test]
fn the_folders_of_a_voice_are_made_again() {
    let mut hall = Hall::closed();
    hall.open();
    hall.add_voice("bells");
    for name in ["a.wav", "b.wav"] {
        for folder in ["seeds/bells", "predictions/bells"] {
            fs::remove_dir_all(hall.path(folder)).unwrap();
        }
        hall.wait_for("seeds/bells");
        hall.put(&format!("bells/{name}"), "good");
        let id = hall.hear_seen(Some("bells"), name);
        let answer = hall.hear_answer(Some("bells"), id);
        assert_eq!(
            answer,
            format!("bells/{}", name.replace(".wav", ".0001.wav"))
        );
    }
}

#[test]
fn what_cannot_be_a_voice_is_told_of_once_and_stops_nobody() {
    let mut hall = Hall::closed();
    hall.open();
    fs::write(hall.path("voices/x.tmp.json"), "{}").unwrap();
    let remark = hall.hear_remark();
    assert!(
        remark.starts_with("voices/x.tmp.json names no voice"),
        "{remark}"
    );

    hall.put("a.wav", "set");
    let id = hall.hear_seen(None, "a.wav");
    assert_eq!(hall.hear_answer(None, id), "a.0001");
    fs::write(hall.path("voices/a.0001.json"), "{}").unwrap();
    let remark = hall.hear_remark();
    assert!(remark.contains("a.0001/, which is a set"), "{remark}");
    assert!(!hall.path("seeds/a.0001").exists());

    // Something may stand where the voice's folder should be.
    fs::write(hall.path("seeds/strings"), "no sound").unwrap();
    fs::write(hall.path("voices/strings.json"), "{}").unwrap();
    let remark = hall.hear_remark();
    assert!(
        remark.starts_with("the voice strings has no folder"),
        "{remark}"
    );
    fs::remove_file(hall.path("seeds/strings")).unwrap();
    hall.wait_for("predictions/strings");
    hall.put("strings/b.wav", "good");
    let id = hall.hear_seen(Some("strings"), "b.wav");
    hall.hear_answer(Some("strings"), id);
}

/// Two seeds for the voice and one for the default one, with `mishap` in the middle;
/// whether it happened.
fn three_seeds(mishap: Mishap) -> (Gallery, bool) {
    let mut gallery = Gallery::open();
    gallery.arrive_for_voice("good");
    gallery.settle();
    gallery.arrive_for_voice("set");
    mishap::prepare(mishap);
    gallery.step();
    let happened = mishap::clear();
    gallery.arrive_for_voice("broken");
    gallery.arrive("good");
    (gallery, happened)
}

#[test]
fn a_process_killed_at_any_moment_is_made_good_by_the_next_in_the_right_folder() {
    let (mut undisturbed, _) = three_seeds(Mishap::Refused(usize::MAX));
    undisturbed.settle();
    let published = undisturbed.published();
    assert!(published.contains_key("bells/set 2.0001/02.wav"));
    assert!(published.contains_key("bells/good 1.0001.wav"));
    assert!(published.contains_key("good.0001.wav"));
    for moment in 0.. {
        let (mut gallery, happened) = three_seeds(Mishap::Killed(moment));
        gallery.check();
        gallery.settle();
        gallery.check_predictions();
        assert_eq!(gallery.published(), published, "{moment}");
        if !happened {
            assert!(moment > 20, "{moment} operations");
            return;
        }
    }
}

#[test]
fn what_is_refused_on_its_way_back_is_neither_lost_nor_another_voices() {
    for moment in 0.. {
        let mut gallery = Gallery::open();
        gallery.arrive_for_voice("good");
        let spool = gallery.spool.as_ref().unwrap();
        let claim = spool.claim(Some(VOICE), "good 1.wav".as_ref(), 1).unwrap();
        fs::remove_dir(gallery.path("seeds/bells")).unwrap();
        mishap::prepare(Mishap::Killed(moment));
        let released = spool.release(&claim);
        let happened = mishap::clear();
        gallery.check();
        assert!(happened || released.is_ok(), "{released:?}");
        gallery.settle();
        assert!(gallery.path("predictions/bells/good 1.0001.wav").exists());
        if !happened {
            return;
        }
    }
}

fn put_prediction(folder: &Path, name: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(name), "0123456789").unwrap();
    // Told later than all before.
    std::thread::sleep(Duration::from_millis(5));
}

#[test]
fn what_voices_answered_is_kept_with_the_rest_as_long_as_they_are_there() {
    let folder = fast_folder();
    let root = Root::open(folder.path(), &WhichRoot::Any).unwrap();
    fs::create_dir(folder.path().join("voices")).unwrap();
    fs::write(file_of(folder.path(), "strings"), "{}").unwrap();
    let [gone, there] = ["gone", "strings"].map(|voice| root.predictions().join(voice));
    for n in 1..=3 {
        put_prediction(&there, &format!("a.{n}.json"));
        put_prediction(&gone, &format!("a.{n}.json"));
        put_prediction(root.predictions(), &format!("a.{n}.json"));
    }
    // Whatever somebody puts there: a voice's folder is no set.
    put_prediction(&there, "set.json");
    let retention = Retention {
        done: ALL,
        predictions: Bounds { names: 4, ..ALL },
        failed: ALL,
    };
    retention.apply(&root);
    assert_eq!(listing(&there), ["a.3.json", "set.json"]);
    let mut kept = listing(root.predictions());
    kept.retain(|name| name.ends_with("json"));
    assert_eq!(kept, ["a.2.json", "a.3.json"]);
    assert_eq!(listing(&gone).len(), 3, "nobody's folder is its owner's");
}
