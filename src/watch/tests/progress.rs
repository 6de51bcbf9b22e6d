//! What is told of a seed while it is answered.

use std::fs;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{Nothing, Parrot, fast_folder, setup};
use crate::answer::{Heard, Step};
use crate::watch::answers::{Answer, Answers, NoAnswer, Order};
use crate::watch::{Event, mailbox, watch};

const PATIENCE: Duration = Duration::from_secs(30);
const STEPS: u32 = 500;
const HEARD: Heard = Heard {
    loudness: -12.0,
    loudest: -6.0,
    seconds: 1.0,
    pitch_classes: [1.0; 12],
};

/// A parrot that takes its time, and tells how it gets on.
struct Thoughtful;

impl Answers for Thoughtful {
    fn answer(
        &mut self,
        order: &Order,
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Answer, NoAnswer> {
        assert!(tell(Step::Share(0.0)).is_continue());
        assert!(tell(Step::Heard(HEARD)).is_continue());
        for step in 1..=STEPS {
            assert!(tell(Step::Share(f64::from(step) / f64::from(STEPS))).is_continue());
            std::thread::sleep(Duration::from_millis(2));
        }
        Parrot.answer(order, tell)
    }
}

#[test]
fn a_seed_is_seen_and_heard_and_its_answer_gets_on_until_it_is_done() {
    let folder = fast_folder();
    let setup = setup(folder.path());
    let stop = Arc::new(AtomicBool::new(false));
    let (sender, events) = mpsc::channel();
    let stopped = Arc::clone(&stop);
    let daemon = std::thread::spawn(move || {
        let tell = Arc::new(move |event| drop(sender.send(event)));
        let answerers: Vec<Box<dyn Answers>> = vec![Box::new(Thoughtful)];
        let (_, mailbox) = mailbox();
        watch(
            &setup,
            answerers,
            Arc::new(Nothing),
            tell,
            &mailbox,
            &stopped,
        )
    });
    let hear = || loop {
        match events.recv_timeout(PATIENCE).unwrap() {
            Event::Alive { .. } => {}
            event => return event,
        }
    };
    assert_eq!(hear(), Event::Ready);
    fs::write(folder.path().join("moved.wav"), "a text").unwrap();
    let seed = folder.path().join("seeds/a.wav");
    fs::rename(folder.path().join("moved.wav"), seed).unwrap();
    let Event::Seen { id, .. } = hear() else {
        panic!("it is seen first");
    };
    let begun = Instant::now();
    let (voice, heard) = (None, HEARD);
    assert_eq!(hear(), Event::Heard { id, voice, heard });
    let mut percents = Vec::new();
    loop {
        match hear() {
            Event::Progress {
                id: of,
                percent,
                eta,
                ..
            } => {
                assert!(of == id && eta >= 0.0 && eta.is_finite(), "{eta}");
                percents.push(percent);
            }
            Event::Done { id: done, .. } if done == id => break,
            event => panic!("{event:?}"),
        }
    }
    // A step takes 2 ms and more, so that there is time for some, and for no more than four
    // in a second.
    let most = begun.elapsed().as_secs_f64() * 4.0;
    assert!(percents.len() >= 3, "{percents:?}");
    assert!(percents.len() as f64 <= most, "{percents:?} of {most}");
    assert!(percents.is_sorted() && *percents.last().unwrap() <= 100);
    stop.store(true, Ordering::Relaxed);
    daemon.join().unwrap().unwrap();
    let after = events
        .try_iter()
        .find(|event| !matches!(event, Event::Alive { .. }));
    assert_eq!(after, None, "nothing is told of what is done");
}
