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
