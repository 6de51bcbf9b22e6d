//! Whatever any number of recorders do in whatever order: each file that came to
//! its end is answered exactly once and whole, and nothing else is.

use proptest::prelude::*;

use super::studio::{HeaderHabit, NAMES, Studio, WRITERS};
use crate::system::writers;

#[derive(Clone, Debug)]
enum Occurrence {
    Open {
        writer: usize,
        name: usize,
        header: HeaderHabit,
        length_ahead: bool,
    },
    Write {
        writer: usize,
        share: f64,
    },
    /// The recording comes to its end.
    Close {
        writer: usize,
        is_told: bool,
    },
    /// The recorder is killed.
    Kill {
        writer: usize,
    },
    MoveIn {
        name: usize,
    },
    Rename {
        from: usize,
        to: usize,
    },
    Delete {
        name: usize,
    },
    Pause(f64),
    Look,
    Answer,
}

impl Occurrence {
    fn happen(&self, studio: &mut Studio) {
        match *self {
            Occurrence::Open {
                writer,
                name,
                header,
                length_ahead,
            } => studio.open(writer, name, header, length_ahead),
            Occurrence::Write { writer, share } => studio.write(writer, share),
            Occurrence::Close { writer, is_told } => studio.close(writer, is_told),
            Occurrence::Kill { writer } => studio.kill(writer),
            Occurrence::MoveIn { name } => studio.move_in(name),
            Occurrence::Rename { from, to } => studio.rename(from, to),
            Occurrence::Delete { name } => studio.delete(name),
            Occurrence::Pause(seconds) => studio.pause(seconds),
            Occurrence::Look => studio.look(),
            Occurrence::Answer => studio.answer(),
        }
    }
}

fn occurrence() -> impl Strategy<Value = Occurrence> {
    let (writer, name) = (0..WRITERS, 0..NAMES.len());
    let header = prop_oneof![
        Just(HeaderHabit::Ahead),
        Just(HeaderHabit::InTheEnd),
        Just(HeaderHabit::Always)
    ];
    prop_oneof![
        4 => (writer.clone(), name.clone(), header, any::<bool>()).prop_map(
            |(writer, name, header, length_ahead)| {
                Occurrence::Open { writer, name, header, length_ahead }
            }
        ),
        6 => (writer.clone(), 0.0..1.0)
            .prop_map(|(writer, share)| Occurrence::Write { writer, share }),
        4 => (writer.clone(), any::<bool>())
            .prop_map(|(writer, is_told)| Occurrence::Close { writer, is_told }),
        1 => writer.prop_map(|writer| Occurrence::Kill { writer }),
        1 => name.clone().prop_map(|name| Occurrence::MoveIn { name }),
        1 => (name.clone(), name.clone()).prop_map(|(from, to)| Occurrence::Rename { from, to }),
        1 => name.prop_map(|name| Occurrence::Delete { name }),
        3 => prop_oneof![0.0..1.0, 0.0..40.0].prop_map(Occurrence::Pause),
        6 => Just(Occurrence::Look),
        3 => Just(Occurrence::Answer),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_finished_file_is_answered_once_and_whole(
        occurrences in prop::collection::vec(occurrence(), 1..60)
    ) {
        if writers::has_writer(&tempfile::tempfile().unwrap()).is_none() {
            eprintln!("SKIPPED: this system does not tell who has a file open");
            return Ok(());
        }
        let mut studio = Studio::new();
        for occurrence in &occurrences {
            occurrence.happen(&mut studio);
        }
        studio.settle();
        studio.check();
    }
}
