//! What a prediction sounds like, as far as it is made.

use std::path::Path;

use crate::audio::{LongSound, Signal};
use crate::hearing::{Hearing, Sounding};
use crate::random;
use crate::reel::{Reel, ReelError};

/// The sound of predictions that settled, and how it goes on.
pub struct Sounded {
    /// As it is heard while it is made.
    heard: Track,
    /// With frames as far apart as was asked for, where they were heard otherwise.
    asked: Option<Track>,
    /// Predicted values that it is made of.
    values: usize,
    sample_rate: u32,
}

/// Where a [`Sounded`] once was.
#[derive(Clone)]
pub struct Mark {
    heard: TrackMark,
    asked: Option<TrackMark>,
    values: usize,
}

/// A sound, and what makes it.
struct Track {
    sounding: Sounding,
    samples: Reel,
    /// Memory for what is new.
    newest: Vec<f32>,
}

#[derive(Clone)]
struct TrackMark {
    sounding: Sounding,
    samples: usize,
}

impl Sounded {
    /// Of nothing yet, to be heard as `hearing` says and, if that is asked for, made with
    /// frames `hop` samples apart. Phases are drawn by `random_seed`. What does not fit
    /// into memory is in `folder`.
    pub fn new(hearing: &Hearing, hop: Option<usize>, random_seed: u64, folder: &Path) -> Sounded {
        let phases = || random::stream(random_seed, "phases");
        let at_hop = |hop| hearing.sounding_at_hop(hop, &mut phases());
        Sounded {
            heard: Track::new(hearing.sounding(&mut phases()), folder),
            asked: hop.map(|hop| Track::new(at_hop(hop), folder)),
            values: 0,
            sample_rate: hearing.sample_rate(),
        }
    }

    /// Predicted values that it is made of.
    pub fn values(&self) -> usize {
        self.values
    }

    /// Goes on with predicted values, whole elements.
    pub fn push(&mut self, predicted: &[f32]) -> Result<(), ReelError> {
        self.values += predicted.len();
        let tracks = std::iter::once(&mut self.heard).chain(&mut self.asked);
        tracks
            .into_iter()
            .try_for_each(|track| track.push(predicted))
    }

    /// The newest `samples` samples as they are heard, and the first one's place; none
    /// where there are fewer.
    pub fn newest(&self, samples: usize) -> Result<Option<(usize, Signal)>, ReelError> {
        let all = self.heard.samples.len();
        let Some(begin) = all.checked_sub(samples) else {
            return Ok(None);
        };
        let mut newest = Vec::with_capacity(samples);
        self.heard.samples.read(begin..all, &mut newest)?;
        let newest = Signal {
            samples: newest,
            sample_rate: self.sample_rate,
        };
        Ok(Some((begin, newest)))
    }

    /// Where it is, to [go back](Sounded::go_back) to.
    pub fn mark(&self) -> Mark {
        Mark {
            heard: self.heard.mark(),
            asked: self.asked.as_ref().map(Track::mark),
            values: self.values,
        }
    }

    /// Forgets what was pushed since it was at `mark`.
    pub fn go_back(&mut self, mark: &Mark) {
        self.heard.go_back(&mark.heard);
        if let Some((asked, mark)) = self.asked.as_mut().zip(mark.asked.as_ref()) {
            asked.go_back(mark);
        }
        self.values = mark.values;
    }

    /// Appends what waited for more: `samples` samples are the whole sound, and in `asked`
    /// samples what was asked for, where that is another.
    pub fn end(&mut self, samples: usize, asked: usize) -> Result<(), ReelError> {
        self.heard.end()?;
        self.heard.samples.truncate(samples);
        if let Some(track) = &mut self.asked {
            track.end()?;
            let missing = asked.saturating_sub(track.samples.len());
            track.samples.push(&vec![0.0; missing])?;
            track.samples.truncate(asked);
        }
        Ok(())
    }

    /// All that is heard.
    pub fn heard(&self) -> &Reel {
        &self.heard.samples
    }

    /// What was asked for; nothing stays.
    pub fn take(&mut self) -> LongSound {
        let track = self.asked.as_mut().unwrap_or(&mut self.heard);
        LongSound::new(track.samples.take(), self.sample_rate)
    }
}

impl Track {
    fn new(sounding: Sounding, folder: &Path) -> Track {
        Track {
            sounding,
            samples: Reel::new(folder),
            newest: Vec::new(),
        }
    }

    fn push(&mut self, predicted: &[f32]) -> Result<(), ReelError> {
        self.newest.clear();
        self.sounding.push(predicted, &mut self.newest);
        self.samples.push(&self.newest)
    }

    fn end(&mut self) -> Result<(), ReelError> {
        self.newest.clear();
        self.sounding.clone().finish(&mut self.newest);
        self.samples.push(&self.newest)
    }

    fn mark(&self) -> TrackMark {
        TrackMark {
            sounding: self.sounding.clone(),
            samples: self.samples.len(),
        }
    }

    fn go_back(&mut self, mark: &TrackMark) {
        self.sounding.clone_from(&mark.sounding);
        self.samples.truncate(mark.samples);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{random_model, values};

    const JSON: [&str; 2] = [
        r#"{"preset": "vector", "seg_len": 16, "num_unrollings": 2, "pre_emphasis": 0.5}"#,
        r#"{"preset": "magnitude-spectrum", "window_size": 64, "hop_size": 16,
            "num_unrollings": 2, "resynthesis": "phase-locked"}"#,
    ];

    /// Forty predictions, no less than 0, and what makes sound of them with frames `hop`
    /// apart.
    fn sounded(json: &str, hop: Option<usize>) -> (Vec<f32>, Sounded) {
        let hearing = random_model(json).hearing();
        let mut predicted = values(40 * 64, 3);
        hearing.confine(&mut predicted);
        (
            predicted,
            Sounded::new(&hearing, hop, 1, Path::new("nowhere")),
        )
    }

    /// What is heard and what was asked for of 400 samples, 500 where they are slower.
    fn ended(mut sounded: Sounded) -> [Vec<f32>; 2] {
        sounded.end(400, 500).unwrap();
        let mut heard = Vec::new();
        sounded
            .heard()
            .each(|piece| heard.extend_from_slice(piece))
            .unwrap();
        [heard, sounded.take().to_signal().unwrap().samples]
    }

    #[test]
    fn it_goes_back_as_if_nothing_had_sounded_since() {
        for (json, hop) in [(JSON[0], None), (JSON[1], None), (JSON[1], Some(24))] {
            let (predicted, mut whole) = sounded(json, hop);
            whole.push(&predicted).unwrap();
            let (_, mut sounded) = sounded(json, hop);
            let mark = sounded.mark();
            sounded.push(&predicted[640..]).unwrap();
            sounded.go_back(&mark);
            assert_eq!(sounded.values(), 0, "{json}");
            sounded.push(&predicted[..640]).unwrap();
            let mark = sounded.mark();
            for begin in [640, 1280, 64] {
                sounded.push(&predicted[begin..begin + 640]).unwrap();
                assert_eq!(sounded.values(), 1280, "{json}");
                sounded.go_back(&mark);
                assert_eq!(sounded.values(), 640, "{json}");
            }
            sounded.push(&predicted[640..]).unwrap();
            assert_eq!(ended(sounded), ended(whole), "{json} {hop:?}");
        }
    }

    #[test]
    fn what_is_asked_for_lasts_as_long_as_it_is_to_and_nothing_stays() {
        for (json, hop, asked) in [
            (JSON[0], None, 400),
            (JSON[1], None, 400),
            (JSON[1], Some(24), 500),
        ] {
            let (predicted, mut sounded) = sounded(json, hop);
            sounded.push(&predicted).unwrap();
            // It ends without an end to what it could go on with.
            let mark = sounded.mark();
            sounded.end(400, 500).unwrap();
            assert_eq!(sounded.heard().len(), 400, "{json}");
            let (begin, newest) = sounded.newest(150).unwrap().unwrap();
            assert_eq!((begin, newest.samples.len()), (250, 150), "{json}");
            assert!(sounded.newest(401).unwrap().is_none(), "{json}");
            sounded.go_back(&mark);
            assert_eq!(sounded.values(), predicted.len(), "{json}");
            let [heard, made] = ended(sounded);
            assert_eq!((heard.len(), made.len()), (400, asked), "{json}");
            assert_eq!(heard == made, hop.is_none(), "{json}");
        }
    }

    /// Where frames are fewer than the samples asked for take, silence is the rest.
    #[test]
    fn what_is_missing_of_what_was_asked_for_is_silent() {
        let (predicted, mut sounded) = sounded(JSON[1], Some(24));
        sounded.push(&predicted[..64 * 10]).unwrap();
        sounded.end(144, 300).unwrap();
        let made = sounded.take().to_signal().unwrap().samples;
        assert_eq!(made.len(), 300);
        assert!(made[9 * 24 - 1] != 0.0 && made[9 * 24..].iter().all(|sample| *sample == 0.0));
        assert!(sounded.take().to_signal().unwrap().samples.is_empty());
    }
}
