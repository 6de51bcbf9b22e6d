//! Seeds of every kind, one after the other, and what becomes of each.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use antiphon::audio::Signal;
use rosc::OscType;

use super::gallery::Gallery;
use super::{pluck, write_seed};

/// What tells of the end of a job.
const ENDS: [&str; 4] = ["done", "set", "error", "skipped"];

/// What has been put into a gallery so far.
pub struct Load {
    sound: Vec<u8>,
    silence: Vec<u8>,
    /// How many seeds there were.
    pub put: usize,
    /// Those that have not come to their end.
    open: HashSet<String>,
    /// What the daemon calls those.
    names: HashMap<i32, String>,
}

impl Load {
    /// None so far; makes the voices of `gallery`, which is to be started with
    /// `--skip-silent`.
    pub fn on(gallery: &Gallery) -> Load {
        std::fs::create_dir_all(gallery.path("voices")).unwrap();
        for (voice, plan) in [("solo", "{}"), ("chorus", r#"{"variations": 2}"#)] {
            std::fs::create_dir_all(gallery.path("seeds").join(voice)).unwrap();
            std::fs::write(gallery.path(&format!("voices/{voice}.json")), plan).unwrap();
        }
        let silence = Signal {
            samples: vec![0.0; 2000],
            sample_rate: 11025,
        };
        Load {
            sound: bytes_of(gallery, &pluck(220.0, 0.1, 11025)),
            silence: bytes_of(gallery, &silence),
            put: 0,
            open: HashSet::new(),
            names: HashMap::new(),
        }
    }

    /// Puts the next seed.
    pub fn put(&mut self, gallery: &Gallery) {
        let name = format!("{:06}.wav", self.put);
        let broken = format!("no sound {}", self.put);
        let (folder, bytes) = match Kind::of(self.put) {
            Kind::Solo => ("seeds/solo", self.sound.as_slice()),
            Kind::Chorus => ("seeds/chorus", self.sound.as_slice()),
            Kind::Broken => ("seeds", broken.as_bytes()),
            Kind::Silent => ("seeds", self.silence.as_slice()),
            Kind::Plain => ("seeds", self.sound.as_slice()),
        };
        std::fs::write(gallery.path(folder).join(&name), bytes).unwrap();
        self.open.insert(name);
        self.put += 1;
    }

    /// How many have not come to their end.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Hears of one more thing, which is no other end of a seed than its kind's; false if
    /// nothing is said in time.
    pub fn hear(&mut self, gallery: &Gallery, patience: Duration) -> bool {
        let Some(message) = gallery.hear_any_within(patience) else {
            return false;
        };
        let verb = message.addr.rsplit('/').next().unwrap();
        match &message.args[..] {
            [OscType::Int(id), OscType::String(name)] if verb == "seen" => {
                self.names.insert(*id, name.clone());
            }
            [OscType::Int(id), ..] if ENDS.contains(&verb) => {
                // What is told twice is told of the same job.
                if let Some(name) = self.names.remove(id)
                    && self.open.remove(&name)
                {
                    let number = name[..6].parse().unwrap();
                    assert_eq!(Kind::of(number).end(), verb, "{name}: {message:?}");
                }
            }
            _ => {}
        }
        true
    }

    /// Hears until all have come to their ends.
    pub fn hear_all(&mut self, gallery: &Gallery, patience: Duration) {
        while !self.open.is_empty() {
            assert!(self.hear(gallery, patience), "no word of {:?}", self.open);
        }
    }
}

/// What kind of seed it is.
enum Kind {
    Plain,
    /// For a voice.
    Solo,
    /// For one that answers with sets.
    Chorus,
    /// No sound.
    Broken,
    Silent,
}

impl Kind {
    /// That of the seed with this number.
    fn of(number: usize) -> Kind {
        match number % 10 {
            1 => Kind::Solo,
            3 => Kind::Chorus,
            5 => Kind::Broken,
            7 => Kind::Silent,
            _ => Kind::Plain,
        }
    }

    /// What tells of its end.
    fn end(&self) -> &'static str {
        match self {
            Kind::Plain | Kind::Solo => "done",
            Kind::Chorus => "set",
            Kind::Broken => "error",
            Kind::Silent => "skipped",
        }
    }
}

/// `signal` as a file.
fn bytes_of(gallery: &Gallery, signal: &Signal) -> Vec<u8> {
    let path = gallery.folder.path().join("made.wav");
    write_seed(&path, signal);
    std::fs::read(&path).unwrap()
}
